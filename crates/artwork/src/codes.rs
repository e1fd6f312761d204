//! QR and Code 128 symbols as rectangles on a module grid. What is coded is the caller's business.

use barcoders::sym::code128::Code128;
use card::profile::face::BoxMm;
use qrcode::{EcLevel, QrCode};

use crate::{Fault, Item};

/// Blank modules that a Code 128 needs on either side (ISO/IEC 15417).
pub const CODE_128_QUIET_MODULES: u32 = 10;

/// A QR code (error correction M) filling `at` but for `quiet_modules` on each side; `field` names it in errors.
///
/// # Errors
/// [`Fault::Code`] when the payload is too long for any version.
pub fn qr(payload: &str, field: &str, at: BoxMm, quiet_modules: u32) -> Result<Item, Fault> {
    let code = QrCode::with_error_correction_level(payload, EcLevel::M).map_err(|_| Fault::Code { field: field.to_owned(), symbology: "QR" })?;
    let width = code.width();
    let module_mm = at.width_mm.min(at.height_mm) / (width + 2 * quiet_modules as usize) as f64;
    let dark: Vec<bool> = code.into_colors().into_iter().map(|c| c == qrcode::Color::Dark).collect();
    let inset_mm = f64::from(quiet_modules) * module_mm;
    Ok(Item::Modules { x_mm: at.x_mm + inset_mm, y_mm: at.y_mm + inset_mm, module_width_mm: module_mm, module_height_mm: module_mm, runs: tiles(&dark, width) })
}

/// Dark modules merged into horizontal runs, and equal runs of neighbouring rows into one rectangle.
fn tiles(dark: &[bool], width: usize) -> Vec<[u16; 4]> {
    let mut done: Vec<[u16; 4]> = Vec::new();
    for (y, row) in dark.chunks_exact(width).enumerate() {
        for (x, length) in runs_of(row) {
            let above = done.iter_mut().rev().find(|t| usize::from(t[0]) == x && usize::from(t[2]) == length && usize::from(t[1] + t[3]) == y);
            match above {
                Some(tile) => tile[3] += 1,
                None => done.push([x as u16, y as u16, length as u16, 1]),
            }
        }
    }
    done
}

/// Start and length of every run of `true`.
fn runs_of(row: &[bool]) -> Vec<(usize, usize)> {
    let mut runs = Vec::new();
    let mut x = 0;
    while x < row.len() {
        let length = row[x..].iter().take_while(|d| **d == row[x]).count();
        if row[x] {
            runs.push((x, length));
        }
        x += length;
    }
    runs
}

/// A Code 128 over the full height of `at`, with its quiet zones inside the width.
///
/// # Errors
/// [`Fault::Code`] when `text` is empty or holds anything but printable ASCII.
pub fn code_128(text: &str, field: &str, at: BoxMm) -> Result<Item, Fault> {
    let fault = || Fault::Code { field: field.to_owned(), symbology: "Code 128" };
    let plain = !text.is_empty() && text.bytes().all(|b| (b' '..=b'~').contains(&b));
    let symbol = plain.then(|| Code128::new(with_sets(text)).ok()).flatten().ok_or_else(fault)?;
    let bars: Vec<bool> = symbol.encode().into_iter().map(|bar| bar == 1).collect();
    let module_mm = at.width_mm / (bars.len() + 2 * CODE_128_QUIET_MODULES as usize) as f64;
    let runs = runs_of(&bars).into_iter().map(|(x, length)| [x as u16, 0, length as u16, 1]).collect();
    let x_mm = at.x_mm + f64::from(CODE_128_QUIET_MODULES) * module_mm;
    Ok(Item::Modules { x_mm, y_mm: at.y_mm, module_width_mm: module_mm, module_height_mm: at.height_mm, runs })
}

/// The text with barcoders' set switches: set C for an even run of at least four digits, else set B.
fn with_sets(text: &str) -> String {
    const SET_B: char = '\u{181}';
    const SET_C: char = '\u{106}';
    let mut out = String::new();
    let mut set = None;
    let mut rest = text;
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count() & !1;
        let (wanted, length) = if digits >= 4 { (SET_C, digits) } else { (SET_B, 1) };
        if set != Some(wanted) {
            out.push(wanted);
            set = Some(wanted);
        }
        out.push_str(&rest[..length]);
        rest = &rest[length..];
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOX: BoxMm = BoxMm { x_mm: 10.0, y_mm: 20.0, width_mm: 80.0, height_mm: 15.0 };

    fn modules(item: Item) -> (f64, f64, f64, Vec<[u16; 4]>) {
        let Item::Modules { x_mm, module_width_mm, module_height_mm, runs, .. } = item else { panic!("modules") };
        (x_mm, module_width_mm, module_height_mm, runs)
    }

    #[test]
    fn qr_tiles_cover_exactly_the_dark_modules() {
        let (.., tiles) = modules(qr("CL1:A91234567", "qr", BOX, 4).ok().unwrap());
        let code = QrCode::with_error_correction_level("CL1:A91234567", EcLevel::M).unwrap();
        let width = code.width();
        let mut painted = vec![0; width * width];
        for [x, y, w, h] in tiles {
            for row in y..y + h {
                (x..x + w).for_each(|column| painted[usize::from(row) * width + usize::from(column)] += 1);
            }
        }
        let wanted: Vec<i32> = code.to_colors().into_iter().map(|c| i32::from(c == qrcode::Color::Dark)).collect();
        assert_eq!(painted, wanted);
    }

    #[test]
    fn the_quiet_zone_is_inside_the_box() {
        let (x, module, ..) = modules(qr("CL1:A91234567", "qr", BOX, 4).ok().unwrap());
        assert!((x - 10.0 - 4.0 * module).abs() < 1e-9);
        assert!((module * (21.0 + 8.0) - 15.0).abs() < 1e-9, "version 1 in the shorter side");
        let (x, module, height, runs) = modules(code_128("A91234567", "card", BOX).ok().unwrap());
        assert!((x - 10.0 - 10.0 * module).abs() < 1e-9);
        let last = runs.last().map(|r| f64::from(r[0] + r[2])).unwrap();
        assert!((x + (last + 10.0) * module - 90.0).abs() < 1e-9);
        assert!((height - 15.0).abs() < 1e-9);
    }

    #[test]
    fn digits_are_paired() {
        assert_eq!(with_sets("123456"), "\u{106}123456");
        assert_eq!(with_sets("A91234567-X"), "\u{181}A\u{106}91234567\u{181}-X");
        assert_eq!(with_sets("12A345"), "\u{181}12A345");
        assert_eq!(with_sets("A12345"), "\u{181}A\u{106}1234\u{181}5");
    }

    #[test]
    fn what_cannot_be_coded_is_refused() {
        assert!(matches!(code_128("王", "card", BOX), Err(Fault::Code { .. })));
        assert!(matches!(code_128("", "card", BOX), Err(Fault::Code { .. })));
        assert!(matches!(qr(&"x".repeat(5000), "qr", BOX, 4), Err(Fault::Code { .. })));
    }
}
