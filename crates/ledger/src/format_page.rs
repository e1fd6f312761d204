//! Ties `FORMAT.md` to the code: field lengths add up to the constants, versions, limits and magic bytes are the ones written there.

use crate::{envelope, journal, segment, vault_key};

const PAGE: &str = include_str!("../FORMAT.md");

/// The part of the page under a heading, up to the next one.
fn section(heading: &str) -> &'static str {
    let start = PAGE.find(&format!("{heading}\n")).unwrap_or_else(|| panic!("no heading {heading}"));
    let body = &PAGE[start + heading.len()..];
    body.find("\n#").map_or(body, |end| &body[..end])
}

/// Sum of the second column of the first table in a section.
fn summed(heading: &str) -> usize {
    let lines = section(heading).lines().skip_while(|line| !line.starts_with('|')).skip(2).take_while(|line| line.starts_with('|'));
    lines.map(|line| line.split('|').nth(2).and_then(|cell| cell.trim().parse::<usize>().ok()).unwrap_or_else(|| panic!("no length in {line}"))).sum()
}

fn says(heading: &str, text: &str) -> bool {
    section(heading).contains(text)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02X}")).collect::<Vec<_>>().join(" ")
}

#[test]
fn lengths_add_up_to_the_constants() {
    assert_eq!(summed("## 1. Envelope"), envelope::HEADER_BYTES);
    assert_eq!(summed("### Segment header"), journal::SEGMENT_HEADER_BYTES);
    assert_eq!(summed("### Record"), journal::RECORD_HEADER_BYTES);
    assert_eq!(summed("### Header"), segment::HEADER_BYTES);
    assert_eq!(summed("### Index row"), segment::ROW_BYTES);
    assert_eq!(summed("### Trailer"), segment::TRAILER_BYTES);
    assert_eq!(summed("### Sealing"), vault_key::NONCE_BYTES);
    assert_eq!(summed("### Wrapped key"), vault_key::FILE_BYTES);
}

#[test]
fn versions_magic_bytes_and_limits_are_the_codes() {
    assert!(PAGE.contains(&format!("## 2. Journal, version {}", journal::FORMAT_VERSION)));
    assert!(PAGE.contains(&format!("## 3. Vault segment, version {}", segment::FORMAT_VERSION)));
    assert!(says("## 1. Envelope", &hex(&envelope::MAGIC)));
    assert!(says("### Segment header", &hex(&journal::SEGMENT_MAGIC)));
    assert!(says("### Header", &hex(&segment::MAGIC)) && says("### Trailer", &hex(&segment::END_MAGIC)));
    assert!(PAGE.contains(&format!("## 4. Wrapped key, version {}", vault_key::FORMAT_VERSION)) && says("### Wrapped key", &hex(&vault_key::MAGIC)));
    assert!(says("### Header", &format!("| version | 4 | {} |", segment::FORMAT_VERSION)));
    let sealing = [format!("chunks of {} bytes", segment::CHUNK_BYTES), format!("the {} bytes of its tag", segment::TAG_BYTES)];
    assert!(sealing.iter().all(|text| says("### Sealing", text)) && says("### Sealing", &segment::INDEX_ENTRY.to_string()));
    assert!(says("### Sealing", &format!("first {} bytes of the header", segment::AAD_BYTES)) && segment::LAST_CHUNK == 1 << 31);
    assert!(says("### Wrapped key", &format!("the first {} bytes and the plant's id", vault_key::HEADER_BYTES)));
    assert!(says("### Record", &format!("of the payload: {}", journal::ENTRY_SCHEMA)));
    assert!(says("### Record", &journal::RECORD_BYTES_MAX.to_string()));
    assert!(PAGE.contains(&format!("past {} bytes", journal::SEGMENT_BYTES)));
    assert!(says("### Index row", &segment::ENTRY_BYTES_MAX.to_string()) && says("### Index row", &segment::ENTRIES_MAX.to_string()));
    assert!(says("### Index row", &format!("1 to {} bytes", segment::NAME_BYTES_MAX)));
    assert!(PAGE.contains(journal::MARK_PATH) && PAGE.contains(&journal::segment_path(1)));
}

/// The variants of `Entry` as stored, asked of serde: it lists them when it is shown one that isn't there.
fn stored_kinds() -> Vec<String> {
    let error = serde_json::from_str::<crate::Entry>("{\"?\": 0}").unwrap_err().to_string();
    let list = error.split("expected one of ").nth(1).expect("a list of variants");
    list.split(" at line").next().unwrap_or(list).split(", ").map(|name| name.trim_matches('`').to_owned()).collect()
}

#[test]
fn the_kinds_are_the_codes() {
    let rows = section("### Kinds of entries").lines().filter(|line| line.starts_with('|')).skip(2);
    let page: Vec<(usize, String)> = rows
        .map(|line| {
            let cells: Vec<&str> = line.split('|').map(str::trim).collect();
            (cells[1].parse().unwrap(), cells[2].to_owned())
        })
        .collect();
    assert_eq!(page, stored_kinds().into_iter().enumerate().collect::<Vec<_>>());
}

/// Records written before people were known, as they lay on disk.
#[test]
fn old_bytes_still_read() {
    use crate::entry::{Entry, Note, RunEnded};
    let ended = [2, 0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0, 3, 5, 0, 0, 0, 0, 0, 0, 0];
    let note = [17, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, b'T', 0, 0, 0, 0, 0, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0];
    assert_eq!(bincode::deserialize::<Entry>(&ended).unwrap(), Entry::RunEnded(RunEnded { run: 7, exit: 3, at: 5 }));
    assert_eq!(bincode::deserialize::<Entry>(&note).unwrap(), Entry::Note(Note { code: "T".into(), text: String::new(), at: 9 }));
}
