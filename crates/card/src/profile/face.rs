//! The printed card as data: boxes in millimetres, fonts and sizes (card-and-rules.md §3.2; the foreigner's layout is not published).

use serde::Deserialize;

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FaceLayout {
    pub width_mm: f64,
    pub height_mm: f64,
}
