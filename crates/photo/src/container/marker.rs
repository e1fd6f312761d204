//! Marker codes of ISO/IEC 10918-1 table B.1 that this crate tells apart.

pub(crate) const SOF0: u8 = 0xC0;
pub(crate) const SOF2: u8 = 0xC2;
pub(crate) const DHT: u8 = 0xC4;
pub(crate) const JPG: u8 = 0xC8;
pub(crate) const DAC: u8 = 0xCC;
pub(crate) const RST0: u8 = 0xD0;
pub(crate) const RST7: u8 = 0xD7;
pub(crate) const SOI: u8 = 0xD8;
pub(crate) const EOI: u8 = 0xD9;
pub(crate) const SOS: u8 = 0xDA;
pub(crate) const DQT: u8 = 0xDB;
pub(crate) const DNL: u8 = 0xDC;
pub(crate) const DRI: u8 = 0xDD;
pub(crate) const DHP: u8 = 0xDE;
pub(crate) const EXP: u8 = 0xDF;
pub(crate) const APP0: u8 = 0xE0;
pub(crate) const APP1: u8 = 0xE1;
pub(crate) const APP2: u8 = 0xE2;
pub(crate) const APP14: u8 = 0xEE;
pub(crate) const APP15: u8 = 0xEF;
pub(crate) const COM: u8 = 0xFE;

/// Metadata: segments that may be dropped without touching a pixel (APP14 apart, see `strip`).
pub(crate) fn is_metadata(marker: u8) -> bool {
    matches!(marker, APP0..=APP15 | COM)
}

/// Any start of frame; DHT, JPG and DAC share its number range.
pub(crate) fn is_frame(marker: u8) -> bool {
    matches!(marker, SOF0..=0xCF) && !matches!(marker, DHT | JPG | DAC)
}

/// Markers with no place in a photo of ours: they end the reading of the file.
pub(crate) fn is_foreign(marker: u8) -> bool {
    matches!(marker, 0x00..=0xBF | JPG | RST0..=SOI | DNL | 0xF0..=0xFD)
}
