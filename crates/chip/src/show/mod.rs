//! A chip image for people: the tree of folders, files and records with their fields by name, as text or as JSON that reads back
//! (docs/formats/chip-image.md §4). Shows whatever is there, right or wrong; of keys only what they are called, never a value.
//! Personal.

mod json;
#[cfg(test)]
mod tests;
mod text;

use card::name::from_gbk;
use card::profile::chip::{ChipKey, ChipLayout, KeyAlgorithm};
use serde::{Deserialize, Serialize};

use crate::image::{Content, FileImage, FilePlace, FileTree, Permission, hex};
use crate::problem::ChipProblem;
use crate::value::decode_value;

/// First value of the JSON form.
const FORMAT: &str = "cardline-chip-image/1";

/// One card's chip. Personal: no `Debug`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShownImage {
    pub format: String,
    /// Which card it is, where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub card: Option<ShownCard>,
    pub folders: Vec<ShownFolder>,
    #[serde(default)]
    pub keys: Vec<ShownKey>,
}

/// A card as an encode file names it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShownCard {
    pub number: String,
    pub generation: u32,
    pub position: u32,
    pub batch: String,
}

#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShownFolder {
    /// What the profile calls it; empty where it knows none.
    #[serde(default)]
    pub id: String,
    /// Name it is selected by, hex.
    pub name: String,
    pub files: Vec<ShownFile>,
}

#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShownFile {
    /// Four hex digits.
    pub id: String,
    pub sfi: u8,
    /// `free`, `never`, or `key`, its number in hex, and its name where the profile has one.
    pub read: String,
    pub update: String,
    #[serde(flatten)]
    pub content: ShownContent,
}

#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ShownContent {
    Records(Vec<ShownRecord>),
    /// Hex.
    Transparent(String),
    ReservedBytes(u16),
}

#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShownRecord {
    /// Two hex digits.
    pub tag: String,
    pub hex: String,
    /// The profile's field for this place; empty where it has none.
    #[serde(default)]
    pub field: String,
    /// What it reads as; absent where no profile's field is written so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

/// A key of the card by everything but its value.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShownKey {
    pub name: String,
    pub id: String,
    pub folder: String,
    pub version: u8,
    pub algorithm: String,
    /// Key check value, hex; absent where the source has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kcv: Option<String>,
}

impl ShownImage {
    /// Shows files as the profile understands them; what it doesn't is shown all the same.
    ///
    /// # Errors
    /// The layout can't be written: it was never checked.
    pub fn of(files: &[FileImage], layout: &ChipLayout, card: Option<ShownCard>) -> Result<Self, ChipProblem> {
        let tree = FileTree::of(layout)?;
        let mut folders: Vec<ShownFolder> = Vec::new();
        for file in files {
            let place = tree.find(&file.folder, file.id);
            let name = hex(&file.folder);
            if folders.last().is_none_or(|last| last.name != name) {
                folders.push(ShownFolder { id: folder_id(layout, &name), name: name.clone(), files: Vec::new() });
            }
            let shown = shown_file(file, place, &keys_of(layout, &name));
            folders.last_mut().into_iter().for_each(|folder| folder.files.push(shown.clone()));
        }
        let keys = layout.key.iter().map(shown_key).collect();
        Ok(Self { format: FORMAT.to_owned(), card, folders, keys })
    }

    /// The check value of a key that is known from elsewhere, by the folder's name and the key's id; nothing if the profile has no such key.
    pub fn set_kcv(&mut self, folder: &[u8], id: u8, kcv: &[u8]) {
        let name = hex(folder);
        let Some(folder) = self.folders.iter().find(|f| f.name == name).map(|f| &f.id) else { return };
        self.keys.iter_mut().filter(|k| k.folder == *folder && k.id == hex(&[id])).for_each(|k| k.kcv = Some(hex(kcv)));
    }
}

fn folder_id(layout: &ChipLayout, name: &str) -> String {
    layout.folder.iter().find(|f| f.name_hex.eq_ignore_ascii_case(name)).map_or_else(String::new, |f| f.id.clone())
}

/// The keys that lie in a folder.
fn keys_of<'a>(layout: &'a ChipLayout, name: &str) -> Vec<&'a ChipKey> {
    let folder = folder_id(layout, name);
    layout.key.iter().filter(|k| k.folder == folder).collect()
}

fn shown_file(file: &FileImage, place: Option<&FilePlace>, keys: &[&ChipKey]) -> ShownFile {
    let content = match &file.content {
        Content::Records(records) => ShownContent::Records(records.iter().map(|r| shown_record(r.tag, &r.value, place)).collect()),
        Content::Transparent(bytes) => ShownContent::Transparent(hex(bytes)),
        Content::Reserved { size_bytes } => ShownContent::ReservedBytes(*size_bytes),
    };
    let permission = |p| shown_permission(p, keys);
    ShownFile { id: format!("{:04X}", file.id), sfi: file.sfi, read: permission(file.access.read), update: permission(file.access.update), content }
}

fn shown_permission(permission: Permission, keys: &[&ChipKey]) -> String {
    match permission {
        Permission::Free => "free".to_owned(),
        Permission::Never => "never".to_owned(),
        Permission::Key(id) => {
            let name = keys.iter().find(|k| k.id_byte() == Some(id)).map_or("", |k| k.name.as_str());
            format!("key {id:02X} {name}").trim_end().to_owned()
        }
    }
}

fn shown_record(tag: u8, value: &[u8], place: Option<&FilePlace>) -> ShownRecord {
    let place = place.and_then(|p| p.records().iter().find(|r| r.tag == tag));
    let text = place.filter(|r| r.len_bytes == value.len()).and_then(|r| decode_value(r.kind, value));
    ShownRecord { tag: format!("{tag:02X}"), hex: hex(value), field: place.map_or("", |r| r.field).to_owned(), text }
}

fn shown_key(key: &ChipKey) -> ShownKey {
    let algorithm = match key.algorithm {
        KeyAlgorithm::Sm4 => "SM4",
        KeyAlgorithm::TripleDes => "3DES",
    };
    let (name, id, folder) = (key.name.clone(), key.id.clone(), key.folder.clone());
    ShownKey { name, id, folder, version: key.version, algorithm: algorithm.to_owned(), kcv: None }
}

/// A folder's name in characters, where they are any.
fn readable(name: &[u8]) -> Option<String> {
    from_gbk(name).filter(|text| !text.chars().any(char::is_control))
}
