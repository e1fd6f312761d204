//! The printed card as data: boxes in millimetres, fonts and sizes (card-and-rules.md §3.2; the foreigner's layout is not published).
//! Read from `[face]` of a profile. How a box is filled and drawn is the artwork crate's business; nothing here measures text.

use std::collections::BTreeMap;

use serde::Deserialize;

/// Both sides of the card. The origin is the upper left corner of the trimmed card, x to the right, y down.
#[derive(Clone, Deserialize)]
#[serde(try_from = "Written")]
pub struct FaceLayout {
    pub width_mm: f64,
    pub height_mm: f64,
    /// Added on all four sides for edge-to-edge printing; 0 for printers that print to the card's edge themselves.
    pub bleed_mm: f64,
    /// Corner of the card body; only pictures of the card are rounded, the print never is.
    pub corner_radius_mm: f64,
    pub stock: Stock,
    pub front: Vec<Element>,
    pub back: Vec<Element>,
}

/// What the blank card already carries.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Stock {
    /// Title, labels and pattern are on the card: only personal elements are printed.
    Preprinted,
    /// White stock: everything is printed.
    Full,
}

/// One thing on one side, in drawing order.
#[derive(Clone)]
pub struct Element {
    pub at: BoxMm,
    /// Pre-printed stock carries it already.
    pub on_stock: bool,
    pub what: What,
}

#[derive(Clone)]
pub enum What {
    /// The same text on every card.
    Text { text: String, style: TextStyle },
    /// A value of the card. With `flow` it moves up by the room that the field before it left in its box.
    Field { field: Field, style: TextStyle, flow: bool },
    /// The validated photo, scaled to the box.
    Photo,
    /// The card's QR code with its quiet zone inside the box.
    Qr { quiet_modules: u32 },
    /// A filled box.
    Fill { colour: Colour, radius_mm: f64 },
    /// A pattern of fine waves.
    Waves { colour: Colour, lines: u32, amplitude_mm: f64, period_mm: f64, stroke_mm: f64 },
}

/// A value of the card that a box can show.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Field {
    Name,
    NameZh,
    Sex,
    BirthDate,
    Nationality,
    Ssn,
    CardNumber,
    /// `YYYY年M月` (card-and-rules.md 3.3).
    Issued,
    /// `YYYY年M月`.
    Expires,
    WorkPermitNumber,
    WorkPermitCategory,
    /// `YYYY-MM-DD – YYYY-MM-DD`.
    WorkPermitValidity,
    EmployerName,
}

impl Field {
    /// The column of an application the value comes from, or the card's own word for it. Also the tag of its text in the print file.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::NameZh => "name_zh",
            Self::Sex => "sex",
            Self::BirthDate => "birth_date",
            Self::Nationality => "nationality",
            Self::Ssn => "ssn",
            Self::CardNumber => "card_number",
            Self::Issued => "issued",
            Self::Expires => "expires",
            Self::WorkPermitNumber => "work_permit_number",
            Self::WorkPermitCategory => "work_permit_category",
            Self::WorkPermitValidity => "work_permit_validity",
            Self::EmployerName => "employer_name",
        }
    }
}

/// How text is set: the size steps down from `size_max_pt`, then lines are added, then the text doesn't fit. Nothing is ever clipped.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TextStyle {
    pub weight: Weight,
    pub size_max_pt: f64,
    pub size_min_pt: f64,
    /// Below this size more lines are tried before the size steps further down; left out, only after the smallest size.
    #[serde(default)]
    pub size_break_pt: f64,
    #[serde(default = "half_a_point")]
    pub size_step_pt: f64,
    #[serde(default = "one_line")]
    pub lines_max: usize,
    #[serde(default)]
    pub align: Align,
    #[serde(default)]
    pub vertical: Vertical,
    pub colour: Colour,
}

fn half_a_point() -> f64 {
    0.5
}

fn one_line() -> usize {
    1
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Weight {
    Regular,
    Bold,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Align {
    #[default]
    Left,
    Center,
    Right,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Vertical {
    Top,
    #[default]
    Middle,
    Bottom,
}

/// Upper left corner and size; written `[x, y, width, height]`.
#[derive(Clone, Copy, PartialEq, Debug, Deserialize)]
#[serde(from = "[f64; 4]")]
pub struct BoxMm {
    pub x_mm: f64,
    pub y_mm: f64,
    pub width_mm: f64,
    pub height_mm: f64,
}

impl From<[f64; 4]> for BoxMm {
    fn from([x_mm, y_mm, width_mm, height_mm]: [f64; 4]) -> Self {
        Self { x_mm, y_mm, width_mm, height_mm }
    }
}

/// sRGB; written `"#rrggbb"`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(try_from = "String")]
pub struct Colour(pub u8, pub u8, pub u8);

impl TryFrom<String> for Colour {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        let hex = text.strip_prefix('#').filter(|h| h.len() == 6 && h.bytes().all(|b| b.is_ascii_hexdigit()));
        let value = hex.and_then(|h| u32::from_str_radix(h, 16).ok()).ok_or_else(|| format!("not a colour (#rrggbb): {text:?}"))?;
        let [_, r, g, b] = value.to_be_bytes();
        Ok(Self(r, g, b))
    }
}

/// The layout as the profile writes it: text styles by name.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    width_mm: f64,
    height_mm: f64,
    bleed_mm: f64,
    corner_radius_mm: f64,
    stock: Stock,
    style: BTreeMap<String, TextStyle>,
    front: Vec<WrittenElement>,
    back: Vec<WrittenElement>,
}

#[derive(Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase", deny_unknown_fields)]
enum WrittenElement {
    Text {
        box_mm: BoxMm,
        text: String,
        style: String,
        #[serde(default)]
        on_stock: bool,
    },
    Field {
        box_mm: BoxMm,
        field: Field,
        style: String,
        #[serde(default)]
        flow: bool,
    },
    Photo {
        box_mm: BoxMm,
    },
    Qr {
        box_mm: BoxMm,
        quiet_modules: u32,
    },
    Fill {
        box_mm: BoxMm,
        colour: Colour,
        #[serde(default)]
        radius_mm: f64,
        #[serde(default)]
        on_stock: bool,
    },
    Waves {
        box_mm: BoxMm,
        colour: Colour,
        lines: u32,
        amplitude_mm: f64,
        period_mm: f64,
        stroke_mm: f64,
        #[serde(default)]
        on_stock: bool,
    },
}

impl TryFrom<Written> for FaceLayout {
    type Error = String;
    fn try_from(written: Written) -> Result<Self, String> {
        written.style.iter().try_for_each(|(name, style)| sound_style(name, style))?;
        let page = (written.width_mm, written.height_mm, written.bleed_mm);
        let resolve = |side: Vec<WrittenElement>| side.into_iter().map(|e| resolved(e, &written.style, page)).collect::<Result<Vec<_>, _>>();
        Ok(Self {
            width_mm: written.width_mm,
            height_mm: written.height_mm,
            bleed_mm: written.bleed_mm,
            corner_radius_mm: written.corner_radius_mm,
            stock: written.stock,
            front: resolve(written.front)?,
            back: resolve(written.back)?,
        })
    }
}

fn sound_style(name: &str, style: &TextStyle) -> Result<(), String> {
    let sizes = style.size_min_pt > 0.0 && style.size_min_pt <= style.size_max_pt && style.size_step_pt > 0.0;
    if sizes && style.lines_max > 0 { Ok(()) } else { Err(format!("face.style.{name}: sizes must be 0 < min <= max with a step, lines_max at least 1")) }
}

fn resolved(element: WrittenElement, styles: &BTreeMap<String, TextStyle>, page: (f64, f64, f64)) -> Result<Element, String> {
    let style_of = |name: &str| styles.get(name).cloned().ok_or_else(|| format!("face: no style named {name:?}"));
    let (at, on_stock, what) = match element {
        WrittenElement::Text { box_mm, text, style, on_stock } => (box_mm, on_stock, What::Text { text, style: style_of(&style)? }),
        WrittenElement::Field { box_mm, field, style, flow } => (box_mm, false, What::Field { field, style: style_of(&style)?, flow }),
        WrittenElement::Photo { box_mm } => (box_mm, false, What::Photo),
        WrittenElement::Qr { box_mm, quiet_modules } => (box_mm, false, What::Qr { quiet_modules }),
        WrittenElement::Fill { box_mm, colour, radius_mm, on_stock } => (box_mm, on_stock, What::Fill { colour, radius_mm }),
        WrittenElement::Waves { box_mm, colour, lines, amplitude_mm, period_mm, stroke_mm, on_stock } => {
            if period_mm <= 0.0 {
                return Err("face: waves need a period above 0".to_owned());
            }
            (box_mm, on_stock, What::Waves { colour, lines, amplitude_mm, period_mm, stroke_mm })
        }
    };
    inside(at, page)?;
    Ok(Element { at, on_stock, what })
}

/// A box must lie on the card, bleed included.
fn inside(at: BoxMm, (width_mm, height_mm, bleed_mm): (f64, f64, f64)) -> Result<(), String> {
    let start = at.x_mm >= -bleed_mm && at.y_mm >= -bleed_mm && at.width_mm > 0.0 && at.height_mm > 0.0;
    let end = at.x_mm + at.width_mm <= width_mm + bleed_mm + 1e-9 && at.y_mm + at.height_mm <= height_mm + bleed_mm + 1e-9;
    if start && end { Ok(()) } else { Err(format!("face: box [{}, {}, {}, {}] leaves the card", at.x_mm, at.y_mm, at.width_mm, at.height_mm)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "width_mm = 85.6\nheight_mm = 53.98\nbleed_mm = 0.0\ncorner_radius_mm = 3.18\nstock = \"full\"\nback = []\n\
        style.v = { weight = \"regular\", size_max_pt = 8.0, size_min_pt = 5.0, colour = \"#102030\" }\n";

    fn layout(front: &str) -> Result<FaceLayout, String> {
        toml::from_str(&format!("{HEAD}\nfront = [{front}]")).map_err(|e| e.to_string())
    }

    #[test]
    fn styles_are_resolved_by_name() {
        let l = layout("{ kind = \"field\", field = \"name_zh\", style = \"v\", box_mm = [1.0, 2.0, 3.0, 4.0] }").unwrap();
        let What::Field { field, style, .. } = &l.front[0].what else { panic!("a field") };
        assert_eq!((*field, style.colour), (Field::NameZh, Colour(0x10, 0x20, 0x30)));
        assert_eq!((style.size_step_pt, style.lines_max), (0.5, 1));
    }

    #[test]
    fn what_cannot_be_printed_is_refused() {
        let refused = |front: &str, word: &str| {
            let error = layout(front).err().unwrap();
            assert!(error.contains(word), "{error}");
        };
        refused("{ kind = \"field\", field = \"name\", style = \"w\", box_mm = [1.0, 2.0, 3.0, 4.0] }", "no style");
        refused("{ kind = \"photo\", box_mm = [70.0, 2.0, 26.0, 32.0] }", "leaves the card");
        refused("{ kind = \"photo\", colour = \"#000000\", box_mm = [1.0, 2.0, 26.0, 32.0] }", "colour");
        refused("{ kind = \"fill\", colour = \"blue\", box_mm = [1.0, 2.0, 3.0, 4.0] }", "#rrggbb");
        refused("{ kind = \"hologram\", box_mm = [1.0, 2.0, 3.0, 4.0] }", "hologram");
    }
}
