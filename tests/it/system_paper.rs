//! Print files as poppler, zbar and qpdf see them, through `cardline inspect`: whole nights, the hardest names, and files that are not what
//! they should be.

use std::process::Command;

use artwork::{DocumentId, Faces, Item, Page};
use card::Profile;
use card::profile::face::{BoxMm, What};
use jiff::civil::{Date, date};
use testkit::gallery::Gallery;

use crate::paper::only_batch;
use crate::plant::{Plant, text};

const DAY: Date = date(2026, 11, 22);

#[test]
fn system_a_night_of_the_hardest_names_reads_back() {
    let plant = Plant::of_demo(&["--applications", "200", "--seed", "4", "--hard-names"]);
    plant.ok(&["run"]);
    let batch = only_batch(&plant);
    let seen = plant.ok(&["inspect", &batch, "--json", "--structure"]);
    let findings: Vec<serde_json::Value> = seen.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    assert!(findings.iter().all(|f| f["ok"] == true && f["checked"].as_u64() > Some(0)), "{seen}");
    let cards: u64 = findings.iter().filter(|f| f["what"].as_str().unwrap().starts_with("photos")).map(|f| f["checked"].as_u64().unwrap()).sum();
    let codes: u64 = findings.iter().filter(|f| f["what"].as_str().unwrap().starts_with("QR")).map(|f| f["checked"].as_u64().unwrap()).sum();
    assert!(cards > 100 && codes == cards, "{cards} cards, {codes} codes");
}

#[test]
fn system_a_print_file_that_is_another_one_is_noticed() {
    let plant = Plant::stocked(90, 64);
    plant.ok(&["run"]);
    let batch = only_batch(&plant);
    let print = plant.root.join("batches").join(&batch).join("print");
    let kept = std::fs::read(print.join("job-0001.pdf")).unwrap();
    std::fs::copy(print.join("job-0002.pdf"), print.join("job-0001.pdf")).unwrap();
    let seen = plant.run(&["inspect", &batch, "1", "--cards", "3"]);
    let out = text(&seen.stdout);
    assert_eq!(seen.status.code(), Some(70), "{out}");
    for what in ["texts", "photos", "QR"] {
        assert!(out.lines().any(|l| l.contains("WRONG") && l.contains(what)), "{what}: {out}");
    }
    // One letter of one name: the file still opens, and only its text is another.
    let mut bytes = kept.clone();
    let at = memchr::memmem::find(&bytes, b"/name BMC").expect("a name");
    let shown = at + memchr::memmem::find(&bytes[at..], b"Tf\n<").expect("its codes") + 4;
    bytes.copy_within(shown + 4..shown + 8, shown);
    std::fs::write(print.join("job-0001.pdf"), bytes).unwrap();
    let seen = plant.run(&["inspect", &batch, "1", "--cards", "2"]);
    let out = text(&seen.stdout);
    let wrong: Vec<&str> = out.lines().filter(|l| l.contains("WRONG")).collect();
    assert!(seen.status.code() == Some(70) && wrong.len() == 1 && wrong[0].contains("texts"), "{out}");
    std::fs::write(print.join("job-0001.pdf"), kept).unwrap();
    plant.ok(&["inspect", &batch, "1", "--cards", "2"]);
    assert_eq!(plant.run(&["inspect", &batch, "99"]).status.code(), Some(65));
}

/// Names as long, as high and as deep as they come, and one that is short.
const NAMES: [(&str, &str); 9] = [
    ("ANNA-MARIA WILHELMINA VON UND ZU HOHENST", "穆罕默德·阿卜杜勒拉赫曼·胡宰法·维加詹托"),
    ("RAMASUBRAMANIAMVENKATANARASIMHARAJUVARI", "𠮷㛃䶮"),
    ("Nguyễn Thị Ễm Ỷ Ẵng", "䶮䶮䶮䶮"),
    ("ǺǼỄỖ ẪẬỸ ĢĶĻŅŖȘȚ", "龘龘"),
    ("Gyjpqg Ģģ Ķķ ÇŞŢ", "㛃"),
    ("Þórðæsson Ŋarëwöld Œ", "安娜"),
    ("Ю", "〇"),
    ("Sukarnitowati", "𬭎𠮷"),
    ("WWWWWWWWWWWWWWWWWW MMMMMMMMMMMMMMMMMMMM", "王"),
];

/// Ink is measured, not computed: each text alone on a page, drawn by poppler, must lie inside its box.
#[test]
fn system_no_ink_leaves_its_box() {
    let profile = Profile::built_in("hubei-foreigner-2025", DAY).expect("the built-in profile");
    let faces = Faces::new(&profile.face).expect("the layout can be set");
    let photo = artwork::Photo::new(Gallery::new(1, 1).photo(1)).expect("a photo");
    let (mut pages, mut boxes) = (Vec::new(), Vec::new());
    for (name, name_zh) in NAMES {
        let mut card = crate::cards::card(1);
        card.application.name = name.to_owned();
        card.application.name_zh = Some(name_zh.to_owned());
        assert!(artwork::check_card_texts(&card.application, &profile.face).passes(), "{name}");
        let sides = faces.card_pages(&card, &photo).expect("it passed the gate");
        for (side, elements) in sides.iter().zip([&profile.face.front, &profile.face.back]) {
            for element in elements {
                let What::Field { field, flow, .. } = &element.what else { continue };
                let lines: Vec<Item> = side.items.iter().filter(|i| matches!(i, Item::Text(t) if t.tag == Some(field.name()))).cloned().collect();
                if lines.is_empty() {
                    continue;
                }
                let mut page = Page::blank(side.width_mm, side.height_mm);
                page.items = lines;
                pages.push(page);
                // A field that flows may move up into what the one before left free, never down.
                let top_mm = if *flow { 0.0 } else { element.at.y_mm };
                boxes.push((field.name(), BoxMm { y_mm: top_mm, height_mm: element.at.y_mm + element.at.height_mm - top_mm, ..element.at }));
            }
        }
    }
    assert!(pages.len() >= NAMES.len() * 9, "{} texts", pages.len());
    let folder = tempfile::tempdir().unwrap();
    let pdf = folder.path().join("texts.pdf");
    let id = DocumentId { title: "texts".to_owned(), date: DAY };
    std::fs::write(&pdf, artwork::job_pdf(pages, &id).expect("a document")).unwrap();
    let output =
        Command::new("pdftoppm").args(["-r", "300", "-gray", "-png"]).arg(&pdf).arg(folder.path().join("p")).output().expect("pdftoppm: bash tests/setup.sh");
    assert!(output.status.success(), "{}", text(&output.stderr));
    let mut pictures: Vec<_> =
        std::fs::read_dir(folder.path()).unwrap().flatten().map(|e| e.path()).filter(|p| p.extension().is_some_and(|x| x == "png")).collect();
    pictures.sort();
    assert_eq!(pictures.len(), boxes.len());
    for (picture, (field, at)) in pictures.iter().zip(boxes) {
        let picture = image::open(picture).unwrap().into_luma8();
        // What is white to the eye is no ink; half a pixel is the grid's.
        let ink = picture.enumerate_pixels().filter(|(_, _, p)| p.0[0] < 200).map(|(x, y, _)| [x, y].map(|v| f64::from(v) / 300.0 * 25.4));
        let (pixel_mm, mut any) = (25.4 / 300.0, false);
        for [x_mm, y_mm] in ink {
            any = true;
            let inside = x_mm + pixel_mm >= at.x_mm && x_mm <= at.x_mm + at.width_mm && y_mm + pixel_mm >= at.y_mm && y_mm <= at.y_mm + at.height_mm;
            assert!(inside, "{field}: ink at {x_mm:.2}, {y_mm:.2} mm outside {:.2} {:.2} {:.2} {:.2}", at.x_mm, at.y_mm, at.width_mm, at.height_mm);
        }
        assert!(any, "{field} leaves ink");
    }
}
