//! Partner file formats as data: the columns of the vendor's encode file and its code mappings (card-and-rules.md §8.4).

use serde::Deserialize;

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EncodeLayout {
    pub delimiter: char,
    /// Columns in order, by name; `photo` is base64 of the validated JPEG.
    pub columns: Vec<String>,
}
