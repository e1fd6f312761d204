//! The container rules that need no entropy-coded data, each a function that adds what it finds. Cheap first.

use card::Code;
use card::profile::photo::PhotoRules;
use card::seeded::{Bug, has};

use super::frame::Frame;
use super::layout::Layout;
use super::{exif, icc, marker};
use crate::examination::ContainerMeasurements;
use crate::refusal::Refusal;

const EXPECTED_COMPONENTS: usize = 3;

/// PHO-01, and PHO-23 where the size's meaning is doubtful.
pub(crate) fn file_size(bytes: u64, rules: &PhotoRules) -> Option<Refusal> {
    let (all, sure) = (rules.bytes_min..=rules.bytes_max, rules.bytes_sure_min..=rules.bytes_sure_max);
    if !all.contains(&bytes) {
        return Some(Refusal::new(Code::Pho01, format!("{bytes} bytes"), format!("{}–{} bytes", rules.bytes_min, rules.bytes_max)));
    }
    let doubtful = !sure.contains(&bytes);
    doubtful.then(|| Refusal::new(Code::Pho23, format!("{bytes} bytes"), format!("{}–{} bytes", rules.bytes_sure_min, rules.bytes_sure_max)))
}

/// PHO-02: whether the bytes begin as a JPEG does; the name is only a help for the outlet.
pub(crate) fn not_a_jpeg(bytes: &[u8]) -> Option<Refusal> {
    if bytes.starts_with(&[0xFF, marker::SOI, 0xFF]) {
        return None;
    }
    Some(Refusal::new(Code::Pho02, format_name(bytes), "JPEG"))
}

fn format_name(bytes: &[u8]) -> &'static str {
    const MAGICS: [(usize, &[u8], &str); 12] = [
        (0, b"\x89PNG\r\n\x1A\n", "PNG"),
        (0, b"GIF8", "GIF"),
        (8, b"WEBP", "WebP"),
        (4, b"ftypheic", "HEIC"),
        (4, b"ftypmif1", "HEIF"),
        (4, b"ftypavif", "AVIF"),
        (0, b"%PDF", "PDF"),
        (0, b"BM", "BMP"),
        (0, b"II*\0", "TIFF"),
        (0, b"MM\0*", "TIFF"),
        (0, b"PK", "ZIP"),
        (0, b"\x00\x00\x00\x0CjP  ", "JPEG 2000"),
    ];
    let known = MAGICS.iter().find(|(at, magic, _)| bytes.get(*at..).is_some_and(|b| b.starts_with(magic)));
    let text = || bytes.iter().take(64).find(|b| !b.is_ascii_whitespace()) == Some(&b'<');
    known.map_or_else(|| if text() { "SVG, XML or HTML" } else { "unknown format" }, |(_, _, name)| name)
}

/// What the layout alone shows: breaks of the format, bytes after the end, too much metadata, a second picture.
pub(crate) fn structure(layout: &Layout<'_>, rules: &PhotoRules, found: &mut Vec<Refusal>) {
    found.extend(layout.broken.clone());
    if layout.trailing_bytes > 0 {
        found.push(Refusal::new(Code::Pho03, format!("{} bytes", layout.trailing_bytes), "0 bytes"));
    }
    let metadata = layout.metadata_bytes();
    if metadata > rules.metadata_bytes_max {
        found.push(Refusal::new(Code::Pho08, format!("{metadata} bytes of metadata"), format!("{} bytes", rules.metadata_bytes_max)));
    }
    if layout.all(marker::APP2).any(|s| s.payload.starts_with(b"MPF\0")) {
        found.push(Refusal::new(Code::Pho04, "announces a second picture (MPF)", "one picture"));
    }
}

/// The one frame of the file, which must come before the first scan. A file broken before its frame says only that.
pub(crate) fn frame(layout: &Layout<'_>, found: &mut Vec<Refusal>) -> Option<Frame> {
    let mut places = layout.segments.iter().enumerate().filter(|(_, s)| marker::is_frame(s.marker));
    let first_scan = layout.segments.iter().position(|s| s.marker == marker::SOS).unwrap_or(usize::MAX);
    let fault = match (places.next(), places.next()) {
        (_, Some(_)) => "two frame headers",
        (Some((at, segment)), None) if at < first_scan => match Frame::parse(segment.marker, segment.payload) {
            Ok(frame) => return Some(frame),
            Err(refusal) => {
                found.push(refusal);
                return None;
            }
        },
        (None, None) if layout.broken.is_some() => return None,
        _ => "no frame header before the first scan",
    };
    found.push(Refusal::damaged(fault));
    None
}

/// PHO-05, PHO-06: what size the frame claims.
pub(crate) fn size(frame: &Frame, rules: &PhotoRules) -> Option<Refusal> {
    let claimed = format!("{}x{}", frame.width, frame.height);
    if frame.width.max(frame.height) > rules.side_px_max {
        return Some(Refusal::new(Code::Pho06, claimed, format!("{} px a side", rules.side_px_max)));
    }
    let right = has(Bug::HeaderBelieved) || (frame.width, frame.height) == (rules.width_px, rules.height_px);
    (!right).then(|| Refusal::new(Code::Pho05, claimed, format!("{}x{}", rules.width_px, rules.height_px)))
}

/// PHO-07: three 8-bit components, Huffman-coded baseline or progressive. One finding for all that differs.
pub(crate) fn depth(frame: &Frame, layout: &Layout<'_>) -> Option<Refusal> {
    let mut odd = Vec::new();
    if frame.components.len() != EXPECTED_COMPONENTS {
        odd.push(format!("{} components", frame.components.len()));
    }
    if frame.precision_bits != 8 {
        odd.push(format!("{} bits a component", frame.precision_bits));
    }
    if !matches!(frame.marker, marker::SOF0 | marker::SOF2) {
        odd.push(format!("coding process SOF{}", frame.marker - marker::SOF0));
    }
    if layout.segments.iter().any(|s| matches!(s.marker, marker::DAC | marker::DHP | marker::EXP)) {
        odd.push("arithmetic or hierarchical coding".to_string());
    }
    (!odd.is_empty()).then(|| Refusal::new(Code::Pho07, odd.join(", "), "3 components of 8 bits, baseline"))
}

/// PHO-08: a baseline photo with coarser colour whose components come in scans of their own. It is legal and never seen from
/// a camera, and the decoder (zune-jpeg 0.5.15) makes another picture of it without a word: so it isn't decoded.
pub(crate) fn scattered_scans(frame: &Frame, layout: &Layout<'_>) -> Option<Refusal> {
    let scans = layout.all(marker::SOS).count();
    let scattered = frame.marker == marker::SOF0 && scans > 1 && frame.h_max() * frame.v_max() > 1;
    scattered.then(|| Refusal::new(Code::Pho08, format!("{scans} scans of a subsampled baseline photo"), "1 scan"))
}

/// PHO-09 and PHO-08: the orientation, and directories that don't end.
pub(crate) fn orientation(layout: &Layout<'_>, found: &mut Vec<Refusal>, measured: &mut ContainerMeasurements) {
    let all: Vec<_> = layout.all(marker::APP1).filter_map(|s| exif::read(s.payload)).collect();
    measured.orientation = all.iter().filter_map(|e| e.orientation).find(|o| *o != 1).or(all.iter().find_map(|e| e.orientation));
    if let Some(turned) = measured.orientation.filter(|o| *o != 1) {
        found.push(Refusal::new(Code::Pho09, format!("orientation {turned}"), "orientation 1"));
    }
    if all.iter().any(|e| e.endless) {
        found.push(Refusal::new(Code::Pho08, "EXIF directories without end", "8 directories"));
    }
}

/// PHO-10: three components must be YCbCr. Others are legal, but programs disagree about their colours.
pub(crate) fn colour_coding(layout: &Layout<'_>, frame: &Frame, found: &mut Vec<Refusal>) {
    if frame.components.len() != EXPECTED_COMPONENTS {
        return;
    }
    if frame.components.iter().map(|c| c.id).eq(*b"RGB") {
        found.push(Refusal::new(Code::Pho10, "components stored as R, G, B", "YCbCr"));
    }
    if let Some(transform) = adobe_transform(layout).filter(|t| *t != 1) {
        found.push(Refusal::new(Code::Pho10, format!("Adobe colour transform {transform}"), "1 (YCbCr)"));
    }
}

/// PHO-10: an ICC profile must be sRGB.
pub(crate) fn colour_profile(layout: &Layout<'_>) -> Option<Refusal> {
    icc::unusual(layout).map(|what| Refusal::new(Code::Pho10, what, "sRGB"))
}

fn adobe_transform(layout: &Layout<'_>) -> Option<u8> {
    layout.all(marker::APP14).find(|s| s.payload.starts_with(b"Adobe")).map(|s| s.payload.get(11).copied().unwrap_or(0))
}

/// PHO-24: the density, where one is declared.
pub(crate) fn density(layout: &Layout<'_>, rules: &PhotoRules, measured: &mut ContainerMeasurements) -> Option<Refusal> {
    let jfif = layout.all(marker::APP0).find_map(|s| s.payload.strip_prefix(b"JFIF\0"))?;
    let [_, _, unit, x1, x0, y1, y0] = *jfif.first_chunk::<7>()?;
    let (x, y) = (u32::from(u16::from_be_bytes([x1, x0])), u32::from(u16::from_be_bytes([y1, y0])));
    let (x, y, slack) = match unit {
        1 => (x, y, 0),
        // Dots per centimetre can't say 350 dpi exactly: 138 is 350.5.
        2 => ((x * 254 + 50) / 100, (y * 254 + 50) / 100, 2),
        _ => return None,
    };
    measured.density_dpi = Some(x.min(y));
    let off = x.abs_diff(rules.density_dpi) > slack || y.abs_diff(rules.density_dpi) > slack;
    off.then(|| Refusal::new(Code::Pho24, format!("{x}x{y} dpi"), format!("{} dpi", rules.density_dpi)))
}

/// PHO-21: the file is large enough only because of bytes that aren't picture.
pub(crate) fn padding(file_bytes: u64, image_bytes: u64, rules: &PhotoRules) -> Option<Refusal> {
    let padded = file_bytes >= rules.bytes_min && image_bytes < rules.bytes_min;
    padded.then(|| Refusal::new(Code::Pho21, format!("{image_bytes} bytes of picture"), format!("{} bytes", rules.bytes_min)))
}
