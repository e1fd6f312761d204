//! Photos sent again, as a plant meets them: known again over several intakes, told to nobody outside, and forgotten with their package.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

use crate::plant::{Plant, assert_same};

const CASE: &str = "photo-saved-anew-elsewhere";

/// A plant in which a picture was saved anew for somebody else.
fn stocked() -> Plant {
    Plant::stocked(120, 6)
}

/// Outlet, number and package of those who must be warned.
fn copied(plant: &Plant) -> Vec<[String; 3]> {
    let text = std::fs::read_to_string(plant.root.join("demo/expected.jsonl")).unwrap();
    let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let warned = lines.filter(|l| l["fault"] == CASE && l["code"] == "DUP-10");
    warned.map(|l| ["outlet", "application_id", "package"].map(|field| l[field].as_str().unwrap().to_owned())).collect()
}

/// Every warning of the answers, by application: package and value.
fn warnings(plant: &Plant) -> BTreeMap<String, Value> {
    let answers = plant.files("returns").into_iter().filter(|(path, _)| path.ends_with("answers.jsonl"));
    let lines = answers.flat_map(|(_, bytes)| String::from_utf8(bytes).unwrap().lines().map(str::to_owned).collect::<Vec<_>>());
    let mut found = BTreeMap::new();
    for line in lines {
        let answer: Value = serde_json::from_str(&line).unwrap();
        if let Some(reason) = answer["reasons"].as_array().unwrap().iter().find(|r| r["code"] == "DUP-10") {
            found.insert(answer["application_id"].as_str().unwrap().to_owned(), reason.clone());
        }
    }
    found
}

/// Moves what comes after the first `n` packages out of the inbox, or back into it.
fn move_all(from: &Path, to: &Path, after: usize) {
    std::fs::create_dir_all(to).unwrap();
    let mut names: Vec<_> = std::fs::read_dir(from).unwrap().map(|e| e.unwrap().file_name()).collect();
    names.sort();
    names.iter().skip(after).for_each(|name| std::fs::rename(from.join(name), to.join(name)).unwrap());
}

#[test]
fn a_picture_saved_anew_is_known_again_and_only_the_plant_learns_whose_it_was() {
    let plant = stocked();
    plant.ok(&["intake"]);
    let copied = copied(&plant);
    assert!(!copied.is_empty(), "another seed is needed");
    let warned = warnings(&plant);
    for [outlet, id, _] in &copied {
        let reason = warned.get(id).unwrap_or_else(|| panic!("{id} was not warned about"));
        assert_eq!((reason["effect"].as_str(), reason["limit"].as_str()), (Some("warn"), Some("more than 24 bits")));
        let bits = reason["value"].as_str().and_then(|v| v.strip_suffix(" bits")).and_then(|v| v.parse::<u32>().ok());
        assert!(bits.is_some_and(|b| b <= 24), "the value says how like they are and nothing else: {reason}");
        let explained = plant.ok(&["explain", &format!("{outlet}/{id}")]);
        assert!(explained.contains("the picture came before: "), "{explained}");
    }
    let verified = plant.ok(&["verify"]);
    assert!(!verified.contains("BROKEN"), "{verified}");
}

#[test]
fn hashes_are_found_again_by_a_later_process_whatever_the_threads() {
    let whole = stocked();
    let parts = whole.copy();
    whole.ok(&["intake", "--threads", "1"]);
    let (inbox, later) = (parts.root.join("inbox"), parts.root.join("later"));
    let [_, id, package] = copied(&whole).remove(0);
    let mut names: Vec<_> = std::fs::read_dir(&inbox).unwrap().map(|e| e.unwrap().file_name()).collect();
    names.sort();
    // The copy waits outside, what it copies is judged.
    move_all(&inbox, &later, names.iter().position(|name| *name == *package).expect("its package"));
    parts.ok(&["intake", "--threads", "3"]);
    assert!(!warnings(&parts).contains_key(&id));
    move_all(&later, &inbox, 0);
    std::fs::remove_dir_all(&later).unwrap();
    parts.ok(&["intake", "--threads", "3"]);
    assert!(warnings(&parts).contains_key(&id), "found by what an earlier process left in the vault");
    assert!(warnings(&whole) == warnings(&parts));
    assert_same(&whole.files("returns"), &parts.files("returns"));
}

#[test]
fn a_lost_records_file_stops_nobody_and_is_told() {
    let plant = stocked();
    let (inbox, later) = (plant.root.join("inbox"), plant.root.join("later"));
    move_all(&inbox, &later, 4);
    plant.ok(&["intake"]);
    std::fs::write(plant.root.join("vault/00000000/records-00000.rec"), b"not what was written").unwrap();
    move_all(&later, &inbox, 0);
    std::fs::remove_dir_all(&later).unwrap();
    let output = plant.run(&["intake"]);
    let told = crate::plant::text(&output.stderr);
    assert!(output.status.success() && told.contains("1 files of the vault can't be read: photos aren't compared with theirs"), "{told}");
}
