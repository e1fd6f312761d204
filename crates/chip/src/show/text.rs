//! The tree as lines for a terminal. Nothing that came off a chip or out of a file can move the cursor.

use std::fmt;

use super::{ShownContent, ShownFile, ShownFolder, ShownImage, ShownKey, ShownRecord, readable};
use crate::image::unhex;

/// Hex digits of a record shown on its line; a longer one is cut and says so.
const HEX_CHARS_MAX: usize = 36;
const FIELD_CHARS: usize = 22;

impl fmt::Display for ShownImage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(card) = &self.card {
            let (number, batch) = (printable(&card.number), printable(&card.batch));
            writeln!(f, "card {number}  generation {}  position {}  batch {batch}", card.generation, card.position)?;
        }
        self.folders.iter().try_for_each(|folder| folder_lines(f, folder))?;
        if !self.keys.is_empty() {
            writeln!(f, "keys")?;
        }
        self.keys.iter().try_for_each(|key| key_line(f, key))
    }
}

fn folder_lines(f: &mut fmt::Formatter<'_>, folder: &ShownFolder) -> fmt::Result {
    let characters = unhex(&folder.name).and_then(|name| readable(&name)).unwrap_or_default();
    writeln!(f, "{}", format!("{}  {}  {characters}", or_unknown(&folder.id), printable(&folder.name)).trim_end())?;
    folder.files.iter().try_for_each(|file| file_lines(f, file))
}

fn file_lines(f: &mut fmt::Formatter<'_>, file: &ShownFile) -> fmt::Result {
    write!(f, "  {}  SFI {}  read {}, update {}", printable(&file.id), file.sfi, printable(&file.read), printable(&file.update))?;
    match &file.content {
        ShownContent::Records(records) => {
            writeln!(f)?;
            records.iter().try_for_each(|record| record_line(f, record))
        }
        ShownContent::Transparent(hex) => writeln!(f, "  {} bytes: {}", hex.len() / 2, cut(&printable(hex))),
        ShownContent::ReservedBytes(size) => writeln!(f, "  reserved, {size} bytes"),
    }
}

fn record_line(f: &mut fmt::Formatter<'_>, record: &ShownRecord) -> fmt::Result {
    let text = record.text.as_deref().map_or_else(|| "(can't be read)".to_owned(), printable);
    let (tag, field, hex) = (printable(&record.tag), or_unknown(&record.field), cut(&printable(&record.hex)));
    writeln!(f, "{}", format!("    {tag}  {field:FIELD_CHARS$}  {hex:HEX_CHARS_MAX$}  {text}").trim_end())
}

fn key_line(f: &mut fmt::Formatter<'_>, key: &ShownKey) -> fmt::Result {
    let [name, folder, id, algorithm] = [&key.name, &key.folder, &key.id, &key.algorithm].map(|text| printable(text));
    let kcv = key.kcv.as_deref().map_or_else(|| "-".to_owned(), printable);
    writeln!(f, "  {name}  {folder} {id}  version {}  {algorithm}  KCV {kcv}", key.version)
}

fn or_unknown(name: &str) -> String {
    if name.is_empty() { "?".to_owned() } else { printable(name) }
}

/// The start of a long value, and how many bytes it has.
fn cut(hex: &str) -> String {
    let bytes = hex.len() / 2;
    let mark = format!("… ({bytes})");
    match hex.char_indices().nth(HEX_CHARS_MAX) {
        None => hex.to_owned(),
        Some(_) => hex.chars().take((HEX_CHARS_MAX - mark.chars().count()) / 2 * 2).collect::<String>() + &mark,
    }
}

/// Text without control characters: they are written as `\u{…}`.
pub(super) fn printable(text: &str) -> String {
    text.chars().flat_map(|c| if c.is_control() { c.escape_unicode().collect::<Vec<_>>() } else { vec![c] }).collect()
}
