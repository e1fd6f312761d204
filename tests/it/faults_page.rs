//! docs/FAULTS.md held against the sources: every row of the catalogue once and in order, every test and generator case it names exists,
//! every code is published, and a row without either says what it waits for.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use card::Code;

const PAGE: &str = include_str!("../../docs/FAULTS.md");
/// Rows of the catalogue by letter.
const ROWS: [(char, usize); 6] = [('A', 25), ('B', 23), ('C', 34), ('D', 25), ('E', 22), ('G', 52)];
const ROOMS: [&str; 4] = ["faces", "keys", "devices", "console"];

struct Row<'a> {
    id: &'a str,
    outcome: &'a str,
    shown: &'a str,
}

fn rows() -> Vec<Row<'static>> {
    let cells = PAGE.lines().filter(|l| l.starts_with("| ")).map(|l| l.trim_matches('|').split('|').map(str::trim).collect::<Vec<_>>());
    let rows = cells.filter(|c| c[0] != "row").map(|c| {
        assert_eq!(c.len(), 4, "{c:?}");
        Row { id: c[0], outcome: c[2], shown: c[3] }
    });
    rows.collect()
}

/// What stands between backquotes as `where: name`.
fn named(shown: &str) -> Vec<(&str, &str)> {
    shown.split('`').skip(1).step_by(2).filter_map(|text| text.split_once(": ")).collect()
}

fn sources(folder: &Path, found: &mut String) {
    for entry in std::fs::read_dir(folder).expect("a folder of sources").flatten() {
        let path = entry.path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|x| x == "rs") {
            found.push_str(&std::fs::read_to_string(&path).expect("readable"));
        }
    }
}

/// Sources by the name the page uses for them.
struct Sources(BTreeMap<String, String>);

impl Sources {
    fn of(&mut self, place: &str) -> &str {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let folder: PathBuf = match place {
            "it" => root.join("tests/it"),
            "case" => root.join("crates/testkit/src"),
            name => root.join("crates").join(name).join("src"),
        };
        self.0.entry(place.to_owned()).or_insert_with(|| {
            let mut found = String::new();
            sources(&folder, &mut found);
            found
        })
    }

    fn has(&mut self, place: &str, name: &str) -> bool {
        let text = self.of(place);
        match place {
            "case" => text.contains(&format!("\"{name}\"")),
            _ => text.contains(&format!("fn {name}(")) && is_test(text, name),
        }
    }
}

/// The function has `#[test]` above it, or is within `proptest!`, which writes it the same.
fn is_test(text: &str, name: &str) -> bool {
    let at = text.find(&format!("fn {name}(")).unwrap_or_default();
    let before = &text[..at];
    before.rfind("#[test]").is_some_and(|test| !before[test..].contains("\n}") && !before[test..].contains("\n    }"))
}

#[test]
fn every_row_of_the_catalogue_is_there_once_and_in_order() {
    let wanted: Vec<String> = ROWS.iter().flat_map(|(letter, count)| (1..=*count).map(move |n| format!("{letter}{n:02}"))).collect();
    let found: Vec<&str> = rows().iter().map(|row| row.id).collect();
    assert_eq!(found, wanted);
}

#[test]
fn every_test_and_case_named_exists_and_nothing_is_left_open_in_silence() {
    let mut sources = Sources(BTreeMap::new());
    for row in rows() {
        let named = named(row.shown);
        for (place, name) in &named {
            assert!(sources.has(place, name), "{}: there is no {place}: {name}", row.id);
        }
        let waits = row.shown.split_once("waits for: ").map(|(_, room)| room.trim_end_matches('.'));
        assert!(waits.is_none_or(|room| ROOMS.contains(&room)), "{}: waits for {waits:?}", row.id);
        assert!(!named.is_empty() || waits.is_some() || row.shown.contains("not yet"), "{} says nothing", row.id);
    }
}

#[test]
fn every_code_is_published() {
    for row in rows() {
        let words = row.outcome.split(|c: char| !c.is_ascii_alphanumeric() && c != '-');
        for code in words.filter(|w| w.len() == 6 && w.as_bytes()[3] == b'-' && w[..3].bytes().all(|b| b.is_ascii_uppercase())) {
            assert!(Code::parse(code).is_some(), "{}: {code}", row.id);
        }
    }
}

/// The page's test can fail: a name that is nowhere, and a function that is no test.
#[test]
fn what_is_not_there_is_not_found() {
    let mut sources = Sources(BTreeMap::new());
    assert!(sources.has("it", "every_code_is_published") && sources.has("case", "zstd-bomb"));
    assert!(!sources.has("it", "rows") && !sources.has("it", "no_such_test") && !sources.has("case", "no-such-case"));
}
