//! What people look at before cards leave: pictures of them, the riskiest first; and the hardest names from package to print.

use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use crate::plant::{Plant, text};

pub fn only_batch(plant: &Plant) -> String {
    let entry = std::fs::read_dir(plant.root.join("batches")).unwrap().flatten().next().expect("a batch");
    entry.file_name().into_string().unwrap()
}

fn pictures(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let entries = std::fs::read_dir(folder).unwrap().flatten();
    let mut files: Vec<_> = entries.map(|e| (e.file_name().into_string().unwrap(), std::fs::read(e.path()).unwrap())).collect();
    files.sort();
    files
}

#[test]
fn a_proof_shows_the_riskiest_cards_first_and_is_the_seeds() {
    let plant = Plant::stocked(60, 31);
    let early = plant.run(&["proof", "B20261122-01", "--out", plant.root.join("early").to_str().unwrap()]);
    assert!(!early.status.success() && !plant.root.join("early").exists(), "nothing is sealed yet: {}", text(&early.stderr));
    plant.ok(&["run"]);
    let batch = only_batch(&plant);
    let folder = |name: &str| plant.root.join("look").join(name);
    std::fs::create_dir(plant.root.join("look")).unwrap();
    for (name, seed) in [("a", "1"), ("again", "1"), ("other", "2")] {
        plant.ok(&["proof", &batch, "--cards", "12", "--dpi", "60", "--seed", seed, "--out", folder(name).to_str().unwrap()]);
    }
    let shown = pictures(&folder("a"));
    let names: BTreeSet<&str> = shown.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!((names.len(), names.contains("contact-1.png"), names.contains("contact.pdf")), (12 * 2 + 2, true, true));
    assert!(shown == pictures(&folder("again")), "the same seed shows the same");
    let others = pictures(&folder("other"));
    assert!(others.iter().any(|(name, _)| !names.contains(name.as_str())), "another seed draws another sample");
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&folder("a")), mode(&folder("a").join("contact-1.png"))), (0o700, 0o600), "pictures of people are their owner's alone");
    let sheet = image::load_from_memory(&shown.iter().find(|(name, _)| name == "contact-1.png").unwrap().1).unwrap();
    assert_eq!((sheet.width(), sheet.height()), (2067, 2923), "A4 at 250 dpi");
    let twice = plant.run(&["proof", &batch, "--out", folder("a").to_str().unwrap()]);
    assert!(!twice.status.success(), "a folder that is there is left alone");
    plant.ok(&["verify"]);
}

#[test]
fn the_hardest_names_are_printed_or_held_with_their_reason() {
    let plant = Plant::of_demo(&["--applications", "120", "--seed", "3", "--hard-names"]);
    plant.ok(&["run"]);
    plant.ok(&["demo", "--check", "--no-run"]);
    let expected = std::fs::read_to_string(plant.root.join("demo/expected.jsonl")).unwrap();
    let lines: Vec<serde_json::Value> = expected.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    let unprintable: Vec<_> = lines.iter().filter(|l| l["fault"] == "name-unprintable").collect();
    assert!(unprintable.len() > 10, "{}", unprintable.len());
    for line in unprintable {
        let explained = plant.ok(&["explain", &format!("{}/{}", line["outlet"].as_str().unwrap(), line["application_id"].as_str().unwrap())]);
        assert!(explained.contains(line["code"].as_str().unwrap()) && explained.contains("U+"), "the character is named: {explained}");
    }
    let lists = plant.files("batches").into_iter().filter(|(path, _)| path.contains("/bundle-") && path.ends_with(".csv"));
    let printed: String = lists.map(|(_, bytes)| String::from_utf8(bytes).unwrap()).collect();
    for kind in [
        ["Nguyễn", "Trần Lữ", "Đặng", "Phạm Ỷ"],
        ["Świątkółć", "Žďárečů", "Öztürkğı", "Őrségűi"],
        ["Þórðæsson", "Ðuričkøv", "Ħægġun", "Ŋarëwöld"],
        ["𠮷㛃䶮", "㛃䶮安", "䶮𠮷娜", "𠮷𠮷娜"],
        ["穆罕默德·阿卜杜勒拉赫曼·胡宰法·维加詹托"; 4],
    ] {
        assert!(kind.iter().any(|part| printed.contains(part) || printed.contains(&part.to_uppercase())), "one of {kind:?} is on a card");
    }
}
