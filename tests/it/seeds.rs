//! Writes the small corpora the fuzz targets start from (`fuzz/seeds/TARGET/NAME`): real files of the simulated plant, made by the project's
//! own writers and cut to a handful of records. Run by hand when a format has changed; fuzz/README.md says how. It tests nothing but
//! that they stay small.

use std::io::Cursor;
use std::path::Path;

use card::RawApplication;
use ledger::disk::Disk as _;
use line::package::make::{archive_packer, write_jsonl};
use line::package::{ArchiveKind, Encoding, MANIFEST, PackageLimits, RECORDS_CSV, RecordsKind, Rows, SIGNATURE, Sink, Source, unpack};
use testkit::jpeg::{Writing, write, write_cmyk, write_grey};
use testkit::rgb::Rgb;
use testkit::world::SimDisk;

use crate::tamper::{plant::Finished, vault};
use crate::world::plant::stocked;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fuzz/seeds");
const BYTES_MAX: u64 = 200_000;
/// First byte of targets that take mended input when it is even.
const AS_IT_IS: u8 = 1;
/// The key of every vault file fuzzed.
const FUZZ_KEY: [u8; 32] = [7; 32];

#[derive(Default)]
struct Kept(Vec<(String, Vec<u8>)>);

impl Sink for Kept {
    fn begin(&mut self, name: &str) -> std::io::Result<()> {
        self.0.push((name.to_owned(), Vec::new()));
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        self.0.last_mut().expect("begun").1.extend_from_slice(bytes);
        Ok(())
    }

    fn end(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn put(target: &str, name: &str, bytes: &[u8]) {
    let folder = Path::new(FOLDER).join(target);
    std::fs::create_dir_all(&folder).expect("a folder");
    std::fs::write(folder.join(name), bytes).expect("writable");
}

fn with(first: u8, bytes: &[u8]) -> Vec<u8> {
    [&[first], bytes].concat()
}

/// A few lines of a list, the heading among them.
fn head(bytes: &[u8], lines: usize) -> Vec<u8> {
    bytes.split_inclusive(|b| *b == b'\n').take(lines).flatten().copied().collect()
}

/// Packages as they lay in the inbox, unpacked.
fn packages() -> Vec<Vec<(String, Vec<u8>)>> {
    let disk = SimDisk::of(stocked(12, 5, Some(0.1)));
    let names = disk.list("inbox").expect("an inbox");
    let archives = names.iter().filter_map(|e| Some((ArchiveKind::of_name(&e.name)?, disk.read(&format!("inbox/{}", e.name)).ok()?)));
    let unpacked = archives.filter_map(|(kind, bytes)| {
        let mut kept = Kept::default();
        let source = Source::Archive { kind, len_bytes: bytes.len() as u64, reader: Box::new(Cursor::new(bytes)) };
        unpack(source, &PackageLimits::default(), &mut kept).ok()?;
        Some(kept.0)
    });
    unpacked.collect()
}

fn package_seeds() {
    for (n, package) in packages().iter().take(5).enumerate() {
        let get = |name: &str| package.iter().find(|(entry, _)| entry == name).map(|(_, bytes)| bytes.as_slice());
        if let Some(manifest) = get(MANIFEST) {
            put("manifest", &format!("package-{n}"), manifest);
        }
        let Some(csv) = get(RECORDS_CSV) else { continue };
        put("records_csv", &format!("rows-{n}"), &with(u8::from(n % 2 == 1), &head(csv, 4)));
        let rows = Rows::open(csv, RecordsKind::Csv, Encoding::Utf8, 3, &PackageLimits::default()).expect("memory");
        let rows: Vec<RawApplication> = rows.map(|row| row.expect("memory").raw).collect();
        put("records_jsonl", &format!("rows-{n}"), &write_jsonl(&rows));
        for (i, row) in rows.iter().enumerate().filter(|(_, row)| !row.get("mrz").is_empty()) {
            put("mrz", &format!("zone-{n}-{i}"), format!("{}\0{}", row.get("mrz"), row.get("name")).as_bytes());
        }
    }
}

/// Containers of three small files, each kind; the folder in the target's own notation.
fn container_seeds() {
    let all = packages();
    let small = all.iter().min_by_key(|p| p[0].1.len()).expect("a package");
    let mut files: Vec<(String, Vec<u8>)> = small.iter().filter(|(name, _)| [MANIFEST, SIGNATURE].contains(&name.as_str())).cloned().collect();
    files.push((RECORDS_CSV.to_owned(), b"application_id,name\r\nA-1,Sample\r\n".to_vec()));
    files.push(("photos/a.jpg".to_owned(), vec![0xFE; 70]));
    for (first, kind) in [ArchiveKind::Zip, ArchiveKind::Tar, ArchiveKind::TarZst].into_iter().enumerate() {
        let mut out = Cursor::new(Vec::new());
        let mut packer = archive_packer(kind, &mut out).expect("a packer");
        files.iter().for_each(|(name, bytes)| packer.add(name, bytes).expect("memory"));
        packer.finish().expect("memory");
        put("container", kind.extension(), &with(first as u8, &out.into_inner()));
    }
    let entries: Vec<Vec<u8>> = files.iter().map(|(name, bytes)| [name.as_bytes(), &[0, 0], bytes, &[0xFF]].concat()).collect();
    put("container", "folder", &with(3, &entries.concat()));
}

fn ledger_seeds(plant: &Finished) {
    let journal = plant.bytes(&plant.of_kind("journal")[0]);
    put("plant", "journal.log", journal);
    let taken = crate::tamper::journal::Taken::apart(journal);
    for (name, from, to) in [("begin", 0, 6), ("middle", 8, 11), ("end", taken.records.len() - 4, taken.records.len())] {
        let records = &taken.records[from..to];
        let forged: Vec<Vec<u8>> = records
            .iter()
            .map(|r| {
                let payload = &r[ledger::journal::RECORD_HEADER_BYTES..];
                [&(payload.len() as u16 | 0x8000).to_le_bytes(), payload].concat()
            })
            .collect();
        put("journal", &format!("forged-{name}"), &with(0, &forged.concat()));
    }
    put("journal", "whole", &with(AS_IT_IS, &journal[..journal.len().min(3000)]));
    let records = plant.of_kind("vault records").iter().min_by_key(|p| plant.bytes(p).len()).expect("records");
    let unsealed = vault::unsealed(plant.bytes(records), &plant.package_key(records)).expect("sealed with that key");
    put("vault", "records", &with(0, &unsealed));
    put("vault", "records-as-they-are", &with(AS_IT_IS, &vault::sealed(&unsealed, &FUZZ_KEY).expect("room")));
}

fn batch_seeds(plant: &Finished) {
    let text = String::from_utf8_lossy(plant.bytes(&plant.of_kind("encode text")[0])).into_owned();
    let short = |line: &str| line.split('|').map(|value| if value.len() > 400 { "/9j/4AAQ" } else { value }).collect::<Vec<_>>().join("|");
    let lines: Vec<String> = text.split_inclusive('\n').take(3).map(short).collect();
    put("encode_text", "job", lines.concat().as_bytes());
    put("encode_text", "job-gb18030", lines.concat().replacen("UTF-8", "GB18030", 1).as_bytes());
    put("pipeline", "default", include_bytes!("../../pipeline.toml"));
    put("pipeline", "some", b"[run]\nthreads = 2\npermits = 64\n[sender]\nname = \"Centre\"\nphone = \"027\"\n[plant]\nutc_offset = \"+08:00\"\n");
    let numbers: Vec<&str> = text.lines().skip(1).filter_map(|l| l.split('|').find(|v| card::card_number::is_valid(v))).collect();
    let row = |(i, number): (usize, &&str)| match i {
        0 => format!("1,{number},,,,,420000D156000005{:016X},3B00,,,,1-1,,\r\n", 7),
        1 => format!("2,{number},,,,,,,,,,,print,\"jam, twice\"\r\n"),
        _ => format!("{},{number},,,,,,,,,,,,\r\n", i + 1),
    };
    let rows: String = numbers.iter().enumerate().map(row).collect();
    let heading = line::returns::COLUMNS.join(",");
    put("returns", "mixed", format!("{heading}\r\n{rows}").as_bytes());
    put("returns", "marked", format!("\u{feff}{heading}\r\n{rows}").as_bytes());
}

fn photo_seeds() {
    let picture = Rgb::filled(32, 40, [250, 250, 250]).map(|x, y, c| if (x as i32 - 16).pow(2) + (y as i32 - 20).pow(2) < 120 { [180, 140, 120] } else { c });
    let how = Writing { quality: 60, ..Writing::default() };
    put("photo", "baseline", &write(&picture, &how));
    put("photo", "progressive", &write(&picture, &Writing { progressive_scans: Some(6), ..how.clone() }));
    put("photo", "halved", &write(&picture, &Writing { halved_colour: true, ..how.clone() }));
    put(
        "photo",
        "segments",
        &write(
            &picture,
            &Writing { segments: vec![(1, b"Exif\0\0II*\0\x08\0\0\0\0\0\0\0\0\0".to_vec()), (2, b"ICC_PROFILE\0\x01\x01".to_vec())], ..how.clone() },
        ),
    );
    put("photo", "grey", &write_grey(&picture, &how));
    put("photo", "cmyk", &write_cmyk(&picture, &how));
    let wanted =
        Rgb::filled(358, 441, [255, 255, 255]).map(|x, y, c| if (x as i32 - 179).pow(2) + (y as i32 - 200).pow(2) < 9000 { [180, 140, 120] } else { c });
    put("photo", "whole-size", &write(&wanted, &Writing { quality: 30, ..how }));
}

#[test]
#[ignore = "writes fuzz/seeds: by hand, when a format has changed"]
fn write_fuzz_seeds() {
    let plant = Finished::get();
    package_seeds();
    container_seeds();
    ledger_seeds(plant);
    batch_seeds(plant);
    photo_seeds();
    let folders = std::fs::read_dir(FOLDER).expect("seeds").flatten();
    let files = folders.flat_map(|f| std::fs::read_dir(f.path()).into_iter().flatten().flatten());
    let bytes: u64 = files.filter_map(|f| f.metadata().ok()).map(|m| m.len()).sum();
    println!("{bytes} bytes of seeds");
    assert!(bytes < BYTES_MAX, "{bytes} bytes of seeds");
}
