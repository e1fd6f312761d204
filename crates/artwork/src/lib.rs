//! What is printed: card faces, labels, lists, proofs. One display list in millimetres, two backends (PDF, PNG).
//! Knows no files and no clock: bytes and dates come in as arguments, bytes go out.

mod codes;
mod face;
mod fit;
mod fonts;
mod jpeg;
mod label;
mod letter;
mod marked;
mod page;
mod pdf;
mod png;
mod sheet;
mod subset;
mod table;

pub use codes::{CODE_128_QUIET_MODULES, code_128, qr};
pub use face::{CardTextCheck, Faces, Tight, check_card_texts, tight_texts};
pub use fit::{Fitted, Misfit, Sizes, fit};
pub use fonts::{Fonts, fonts, fonts_digest, missing_glyphs};
pub use label::{MailLabel, check_label_sender, mail_label};
pub use letter::{Block, Case, Figure, Finding, Letter, Pair, letter_pages, shown};
pub use marked::{MARKED_DPI, Mark, marked_photo};
pub use page::{Item, MM_PER_PT, Page, Photo, Text};
pub use pdf::{DocumentId, JobPdf, assemble, job_pdf};
pub use png::page_png;
pub use sheet::{Proof, proof_sheet};
pub use table::{Column, Table, table_document};

/// Why something can't be drawn. Names fields and code points, never their text.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Fault {
    #[error("{field}: the fonts lack {}", code_points(characters))]
    MissingGlyphs { field: String, characters: Vec<char> },
    #[error("{field}: the text doesn't fit its box")]
    Misfit { field: String },
    #[error("photo: {0}")]
    Photo(&'static str),
    #[error("{field}: can't be coded as {symbology}")]
    Code { field: String, symbology: &'static str },
    #[error("font: {0}")]
    Font(String),
    #[error("document: {0}")]
    Document(String),
}

fn code_points(characters: &[char]) -> String {
    characters.iter().map(|c| format!("U+{:04X}", u32::from(*c))).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod testing;
