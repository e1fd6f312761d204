//! Every text for people comes from the one table: none is written into the rooms, and none in the table is idle.

use std::path::{Path, PathBuf};

/// Where what people read is made.
const ROOMS: [&str; 2] = ["crates/line/src", "crates/artwork/src"];
/// Not ours to word: the columns of the vendor's file, and what the card itself shows (a layout's words).
const FOREIGN: [&str; 2] = ["crates/line/src/returns.rs", "crates/artwork/src/face.rs"];

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
        let path = entry.path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.push(path);
        }
    }
}

/// The program's part of a source file: without its tests and comments.
fn program(text: &str) -> String {
    let code = text.split("#[cfg(test)]").next().unwrap_or_default();
    code.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

fn in_rooms() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut found = Vec::new();
    ROOMS.iter().for_each(|room| sources(&root.join(room), &mut found));
    let named = |path: PathBuf| (path.strip_prefix(&root).unwrap().to_string_lossy().into_owned(), std::fs::read_to_string(path).unwrap());
    found.into_iter().map(named).filter(|(path, _)| !path.ends_with("tests.rs") && !path.ends_with("testing.rs")).collect()
}

#[test]
fn no_room_words_its_own_chinese() {
    let is_han = |c: char| matches!(c, '\u{3400}'..='\u{9fff}');
    for (path, text) in in_rooms().iter().filter(|(path, _)| !FOREIGN.contains(&path.as_str())) {
        let line = program(text).lines().find(|line| line.chars().any(is_han)).map(str::to_owned);
        assert_eq!(line, None, "{path}: such a text belongs into crates/card/src/messages/table.rs");
    }
}

#[test]
fn no_message_is_idle() {
    let all: String = in_rooms().iter().map(|(_, text)| program(text)).collect();
    let own = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../card/src/messages/mod.rs")).unwrap();
    let used = all + &program(&own);
    for message in card::Message::all() {
        let name = format!("Message::{message:?}");
        let whole = used.match_indices(&name).any(|(at, _)| !used[at + name.len()..].starts_with(|c: char| c.is_ascii_alphanumeric()));
        assert!(whole, "{name} is used by nobody");
    }
}
