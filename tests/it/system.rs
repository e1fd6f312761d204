//! Our output read by software that isn't ours: minisign, qpdf, poppler, zbar, age. `bash tests/setup.sh` installs them; without the
//! feature `system-tests` this file isn't compiled, and a missing program fails the test that needs it.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::plant::{Plant, rows, text};

fn tool(program: &str, args: &[&str]) -> String {
    let output = Command::new(program).args(args).output().unwrap_or_else(|e| panic!("{program} is missing ({e}): bash tests/setup.sh"));
    assert!(output.status.success(), "{program} {args:?}: {}{}", text(&output.stdout), text(&output.stderr));
    text(&output.stdout)
}

fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(files(&path, ending));
        } else if path.to_string_lossy().ends_with(ending) {
            found.push(path);
        }
    }
    found.sort();
    found
}

fn night() -> (Plant, PathBuf) {
    let plant = Plant::stocked(80, 61);
    plant.ok(&["run"]);
    let batch = std::fs::read_dir(plant.root.join("batches")).unwrap().flatten().next().expect("a batch").path();
    (plant, batch)
}

#[test]
fn system_every_pdf_passes_qpdf() {
    let (_plant, batch) = night();
    let pdfs = files(&batch, ".pdf");
    assert!(pdfs.len() > 4, "print files, sheets, lists, labels");
    for pdf in pdfs {
        tool("qpdf", &["--check", pdf.to_str().unwrap()]);
    }
}

#[test]
fn system_every_text_of_a_card_reads_back_from_the_print_file() {
    let (_plant, batch) = night();
    let mut compared = 0;
    for csv in
        files(&batch.join("dispatch"), ".csv").iter().filter(|p| p.to_string_lossy().contains("/bundle-") && !p.to_string_lossy().ends_with("-staff.csv"))
    {
        for row in rows(&std::fs::read(csv).unwrap()).into_iter().take(5) {
            let place = &row["position"];
            let (job, slot) = place.split_once('-').unwrap();
            let print = batch.join(format!("print/job-{job}.pdf"));
            let first = (slot.parse::<u32>().unwrap() * 2 - 1).to_string();
            let last = (slot.parse::<u32>().unwrap() * 2).to_string();
            let printed = tool("pdftotext", &["-f", &first, "-l", &last, print.to_str().unwrap(), "-"]);
            let flat: String = printed.split_whitespace().collect();
            for column in ["card_number", "name", "name_zh"] {
                let wanted: String = row[column].split_whitespace().collect();
                assert!(flat.contains(&wanted), "{column} of {place} is not on its card");
            }
            compared += 1;
        }
    }
    assert!(compared > 10);
}

#[test]
fn system_qr_and_code_128_read_back() {
    let (plant, batch) = night();
    let pictures = plant.root.join("pictures");
    std::fs::create_dir(&pictures).unwrap();
    let print = batch.join("print/job-0001.pdf");
    tool("pdftoppm", &["-r", "300", "-gray", "-f", "1", "-l", "12", print.to_str().unwrap(), pictures.join("card").to_str().unwrap()]);
    let sheet: serde_json::Value = serde_json::from_slice(&std::fs::read(batch.join("print/job-0001.sheet.json")).unwrap()).unwrap();
    let read = scan(&files(&pictures, ".pgm"));
    for slot in sheet["slots"].as_array().unwrap().iter().take(6) {
        let wanted = format!("CL1:{}", slot["number"].as_str().unwrap());
        assert!(read.contains(&wanted), "{wanted} in {read}");
    }
    let Some(labels) = files(&batch.join("dispatch"), "labels-0001.pdf").first().cloned() else { panic!("the generator makes mail items") };
    tool("pdftoppm", &["-r", "300", "-gray", labels.to_str().unwrap(), pictures.join("label").to_str().unwrap()]);
    let labels: Vec<PathBuf> = files(&pictures, ".pgm").into_iter().filter(|p| p.to_string_lossy().contains("label")).collect();
    let read = scan(&labels);
    for row in rows(&std::fs::read(batch.join("dispatch/mail/courier.csv")).unwrap()) {
        let (order, number) = (&row["order"], &row["card_number"]);
        let symbols = |text: &str| read.lines().filter(|line| *line == text).count();
        assert_eq!((symbols(order), symbols(number)), (1, 1), "{order} and {number} in {read}");
    }
}

fn scan(pictures: &[PathBuf]) -> String {
    let names: Vec<&str> = pictures.iter().map(|p| p.to_str().unwrap()).collect();
    // Exit code 4: some pictures (fronts of cards) carry no symbol.
    let output = Command::new("zbarimg").args(["--nodbus", "-q", "--raw"]).args(&names).output().expect("zbarimg: bash tests/setup.sh");
    assert!(matches!(output.status.code(), Some(0 | 4)), "{}", text(&output.stderr));
    text(&output.stdout)
}

#[test]
fn system_photos_go_into_print_byte_for_byte() {
    let (plant, batch) = night();
    let out = plant.root.join("images");
    std::fs::create_dir(&out).unwrap();
    tool("pdfimages", &["-all", "-f", "1", "-l", "2", batch.join("print/job-0001.pdf").to_str().unwrap(), out.join("x").to_str().unwrap()]);
    let photos = files(&out, ".jpg");
    assert!(!photos.is_empty(), "the photo is a JPEG, not a re-encoded picture");
    let encode = std::fs::read(batch.join("encode/job-0001.txt")).unwrap();
    let line = encode.split(|b| *b == b'\n').find(|l| l.len() > 10_000).expect("a card line with its photo");
    let photo = line.split(|b| *b == b'|').max_by_key(|f| f.len()).unwrap();
    let photo: Vec<u8> = photo.iter().copied().filter(|b| !b.is_ascii_whitespace()).collect();
    let expected = Command::new("base64").args(["-w0", photos[0].to_str().unwrap()]).output().unwrap().stdout;
    assert!(photo == expected, "print and encode file carry the same JPEG");
}

#[test]
fn system_minisign_verifies_our_manifest_and_we_verify_its_packages() {
    let (plant, batch) = night();
    let key = plant.root.join("keys/plant.pub");
    tool("minisign", &["-V", "-p", key.to_str().unwrap(), "-m", batch.join("manifest.json").to_str().unwrap()]);
    let work = plant.root.join("outlet");
    std::fs::create_dir_all(work.join("photos")).unwrap();
    let secret = work.join("outlet.key");
    let public = work.join("outlet.pub");
    tool("minisign", &["-G", "-W", "-s", secret.to_str().unwrap(), "-p", public.to_str().unwrap()]);
    let from = work.join("from");
    std::fs::create_dir_all(from.join("photos")).unwrap();
    std::fs::write(from.join("applications.csv"), "application_id,business_type,lane,name,sex,birth_date,nationality,document_type,document_number,document_expiry,ssn,work_permit_number,work_permit_category,work_permit_from,work_permit_to,employer_name,employer_code,photo,photo_taken_on,delivery\r\n").unwrap();
    let package = work.join("p.zip");
    let made = [
        "package",
        "make",
        "--from",
        from.to_str().unwrap(),
        "--out",
        package.to_str().unwrap(),
        "--key",
        secret.to_str().unwrap(),
        "--outlet",
        "WH-01",
        "--package-id",
        "P-1",
        "--sequence",
        "1",
    ];
    plant.ok(&made);
    tool("unzip", &["-o", "-q", package.to_str().unwrap(), "-d", work.join("unpacked").to_str().unwrap()]);
    let manifest = work.join("unpacked/package.json");
    tool("minisign", &["-V", "-p", public.to_str().unwrap(), "-m", manifest.to_str().unwrap()]);
    let checked = plant.ok(&["package", "check", package.to_str().unwrap(), "--key", public.to_str().unwrap()]);
    assert!(!checked.contains("SIG-"), "{checked}");
}

#[test]
fn system_an_envelope_opens_with_age_and_its_header_verifies_with_minisign() {
    let (plant, batch) = night();
    let beside = tempfile::tempdir().unwrap();
    let at = |name: &str| beside.path().join(name).to_str().unwrap().to_owned();
    // The key is made by age itself, as a device would.
    tool("age-keygen", &["-o", &at("key")]);
    let recipient = tool("age-keygen", &["-y", &at("key")]);
    plant.ok(&["devices", "add", "pr-1", "--kind", "printer", "--recipient", recipient.trim(), "--as", "anyone"]);
    std::fs::create_dir(at("tray")).unwrap();
    let id = batch.file_name().unwrap().to_str().unwrap().to_owned();
    plant.ok(&["handover", &id, "1", "--device", "pr-1", "--to", &at("tray"), "--as", "anyone"]);
    tool("age", &["-d", "-i", &at("key"), "-o", &at("inside"), &at("tray/pr-1-000001.age")]);
    let inside = std::fs::read(at("inside")).unwrap();
    let length = |at: usize| u32::from_le_bytes(inside[at..at + 4].try_into().unwrap()) as usize;
    let (header, signature) = (20 + length(12), 20 + length(12) + length(16));
    std::fs::write(at("header"), &inside[20..header]).unwrap();
    std::fs::write(at("header.minisig"), &inside[header..signature]).unwrap();
    let key = plant.root.join("keys/plant.pub");
    assert!(tool("minisign", &["-Vm", &at("header"), "-p", key.to_str().unwrap()]).contains("cardline hand-over pr-1 1"));
    assert!(inside[signature..] == std::fs::read(batch.join("print/job-0001.pdf")).unwrap(), "the file as it was sealed");
    // And the other way round: an envelope of age's own opens here.
    tool("age", &["-r", recipient.trim(), "-o", &at("theirs"), &at("inside")]);
    let public = key.to_str().unwrap();
    plant.ok(&["handover", "open", &at("theirs"), "--identity", &at("key"), "--plant-key", public, "--device", "pr-1", "--out", &at("plain")]);
    assert!(std::fs::read(at("plain")).unwrap() == inside[signature..]);
}
