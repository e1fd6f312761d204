//! The chip image of one card: its files and records as the profile's layout places them, who may use them, and back to fields.
//! It knows no encoding: encode files, scripts and readers are made from it.

mod fields;
mod read;
#[cfg(test)]
mod tests;
mod tree;

use card::Card;
use card::name::ChipName;
use card::profile::chip::{ChipLayout, ChipPortrait, PERMIT_CERTIFICATE, PERMIT_SIGNATURE, PERMIT_SIGNATURE_BYTES};

pub use fields::{check_texts, compact, nationality_iso};
pub use read::decode;
pub use tree::{FilePlace, FileTree, Holds, RecordPlace};
pub(crate) use tree::{hex, unhex};

use crate::permit::{PermitSigner, SignFault, put_signature};
use crate::problem::ChipProblem;
use crate::value::{encode_value, fill};
use fields::{name_parts, text_of};

/// Everything written to one chip. Personal: no `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct ChipImage {
    pub files: Vec<FileImage>,
    /// The name as the chip's two records hold it, unfilled: the vendor's line carries the same.
    pub name: ChipName,
}

/// One elementary file.
#[derive(Clone, PartialEq, Eq)]
pub struct FileImage {
    /// Name the folder is selected by.
    pub folder: Vec<u8>,
    pub id: u16,
    pub sfi: u8,
    pub access: Permissions,
    pub content: Content,
}

/// Who may read and update a file once the card is personalised.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub struct Permissions {
    pub read: Permission,
    pub update: Permission,
}

#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub enum Permission {
    #[default]
    Free,
    Never,
    /// After EXTERNAL AUTHENTICATE with this key of the file's folder, 01–FE.
    Key(u8),
}

#[derive(Clone, PartialEq, Eq)]
pub enum Content {
    /// A linear file of records of variable length.
    Records(Vec<ChipRecordImage>),
    Transparent(Vec<u8>),
    /// A transparent file that is made and not written.
    Reserved {
        size_bytes: u16,
    },
}

/// One record: what the chip answers is tag, length (one byte), value.
#[derive(Clone, PartialEq, Eq)]
pub struct ChipRecordImage {
    pub tag: u8,
    pub value: Vec<u8>,
}

/// What an image needs beside card and layout, where the layout asks for it.
#[derive(Clone, Copy, Default)]
pub struct Parts<'a> {
    /// A JPEG within the layout's limit.
    pub portrait: Option<&'a [u8]>,
    /// Signs holder and permit.
    pub signer: Option<&'a dyn PermitSigner>,
}

/// Why there is no image: the card's data, or the world.
pub enum ImageFault {
    /// A field doesn't fit, or what the layout asks for wasn't given: about this card.
    Problem(ChipProblem),
    /// The signer failed: nothing is wrong with the card.
    Signer(SignFault),
}

impl std::fmt::Display for ImageFault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Problem(problem) => write!(f, "{problem}"),
            Self::Signer(fault) => write!(f, "permit signer: {fault}"),
        }
    }
}

impl From<ChipProblem> for ImageFault {
    fn from(problem: ChipProblem) -> Self {
        Self::Problem(problem)
    }
}

/// The image of a card without a picture and without a signature.
///
/// # Errors
/// A field doesn't fit its record; [`check_texts`] finds that of an application beforehand.
pub fn image(card: &Card, layout: &ChipLayout) -> Result<ChipImage, ChipProblem> {
    image_with_portrait(card, layout, None)
}

/// The image of a card with the picture the layout asks for: a JPEG prepared by the caller.
///
/// # Errors
/// As [`image`]; the layout has a portrait and none is given, or the other way round, or it has too many bytes.
pub fn image_with_portrait(card: &Card, layout: &ChipLayout, portrait: Option<&[u8]>) -> Result<ChipImage, ChipProblem> {
    FileTree::of(layout)?.image(card, Parts { portrait, signer: None }).map_err(|fault| match fault {
        ImageFault::Problem(problem) => problem,
        ImageFault::Signer(_) => ChipProblem::new("permit", "no signer was given"),
    })
}

impl FileTree<'_> {
    /// The image of a card. The same card, layout and parts give the same image, as far as the signer does.
    ///
    /// # Errors
    /// A field doesn't fit its record; a picture or signer is missing or there without need; the signer fails.
    pub fn image(&self, card: &Card, parts: Parts) -> Result<ChipImage, ImageFault> {
        let (wanted, given) = (self.layout.permit.is_some(), parts.signer.is_some());
        if wanted != given {
            return Err(ChipProblem::new("permit", if wanted { "no signer" } else { "not in the layout" }).into());
        }
        if self.layout.portrait.is_none() && parts.portrait.is_some() {
            return Err(ChipProblem::new("portrait", "not in the layout").into());
        }
        let source = Source { card, name: name_parts(&card.application, self.layout)?, parts };
        let mut files = Vec::with_capacity(self.files.len());
        for place in &self.files {
            let (access, content) = (place.access, source.content(&place.holds)?);
            files.push(FileImage { folder: place.folder.clone(), id: place.id, sfi: place.sfi, access, content });
        }
        if let Some(signer) = parts.signer {
            put_signature(&mut files, self, signer)?;
        }
        Ok(ChipImage { files, name: source.name })
    }
}

/// What the records of one card are filled from.
struct Source<'a> {
    card: &'a Card,
    name: ChipName,
    parts: Parts<'a>,
}

impl Source<'_> {
    fn content(&self, holds: &Holds) -> Result<Content, ChipProblem> {
        Ok(match holds {
            Holds::Records(records) => Content::Records(records.iter().map(|r| self.record(r)).collect::<Result<_, _>>()?),
            Holds::Portrait(p) => Content::Transparent(self.portrait(p)?),
            Holds::Reserved { size_bytes } => Content::Reserved { size_bytes: *size_bytes },
        })
    }

    fn portrait(&self, p: &ChipPortrait) -> Result<Vec<u8>, ChipProblem> {
        let jpeg = self.parts.portrait.ok_or_else(|| ChipProblem::new("portrait", "missing"))?;
        if jpeg.len() > p.bytes_max {
            return Err(ChipProblem::new("portrait", format!("{} bytes, at most {}", jpeg.len(), p.bytes_max)));
        }
        Ok(jpeg.to_vec())
    }

    fn record(&self, r: &RecordPlace) -> Result<ChipRecordImage, ChipProblem> {
        if let Some(value) = &r.constant {
            return Ok(ChipRecordImage { tag: r.tag, value: value.clone() });
        }
        let value = match r.field {
            "name" => fill(self.name.part1.clone(), r.len_bytes),
            "name_extension" => fill(self.name.part2.clone(), r.len_bytes),
            // Made from all other records, when these are there.
            PERMIT_SIGNATURE => Ok(vec![0; PERMIT_SIGNATURE_BYTES]),
            PERMIT_CERTIFICATE => encode_value(r.kind, r.len_bytes, self.parts.signer.map_or("", PermitSigner::certificate)),
            field => {
                let text = text_of(self.card, field).ok_or_else(|| ChipProblem::new(field, "no such field"))?;
                encode_value(r.kind, r.len_bytes, &text)
            }
        };
        Ok(ChipRecordImage { tag: r.tag, value: value.map_err(|fault| ChipProblem::new(r.field, fault))? })
    }
}
