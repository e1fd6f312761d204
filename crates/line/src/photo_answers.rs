//! `photos.html` in a package's answer: each photo that wasn't simply taken, marked where it breaks a rule, with every reason and what
//! to do, for the person at the outlet who takes photos. One self-contained page, without names; the lists beside it say the same without
//! pictures. It shows faces: a purge of the package destroys it.

use std::fmt::Write as _;
use std::io;

use base64::Engine as _;
use card::{Effect, Ordinal, Outcome, Profile, Reason};
use ledger::book::Book;
use ledger::book::state::{ApplicationState, PackageState};
use ledger::entry::FileDigest;
use ledger::fault::Fault;
use ledger::publish::Together;
use photo::Rgb;

use crate::validate::stored::StoredRecord;
use crate::vault::Vault;

/// Name of the page in the folder of a package's answer.
pub const FILE: &str = "photos.html";
/// Half the scale of the photo.
const SHRINK: u32 = 2;
const JPEG_QUALITY: u8 = 80;

/// Where a package's page lies.
#[must_use]
pub fn path(package: &PackageState) -> String {
    format!("returns/{}/{}/{FILE}", package.received.outlet, package.received.package_id)
}

/// Writes the page of a package beside its other answers; nothing if no photo of it was refused or held.
///
/// # Errors
/// The book, the vault or the disk fails.
pub fn write(files: &mut Together, book: &Book, vault: &Vault, profile: &Profile, package: &PackageState) -> Result<Option<FileDigest>, Fault> {
    let rows = refused(book, package)?;
    if rows.is_empty() {
        return Ok(None);
    }
    let path = path(package);
    let mut failed = None;
    let written = files.write(&path, |out| {
        out.write_all(head(package).as_bytes())?;
        for state in &rows {
            match section(vault, profile, package, state) {
                Ok(html) => out.write_all(html.as_bytes())?,
                Err(fault) => {
                    failed = Some(fault);
                    return Err(io::Error::other("stopped"));
                }
            }
        }
        out.write_all(b"</html>\n")
    });
    match failed {
        Some(fault) => Err(fault),
        None => written.map(|info| Some(FileDigest { path, len_bytes: info.len_bytes, digest: info.digest })),
    }
}

/// Applications that weren't accepted and have a reason in their photo.
fn refused(book: &Book, package: &PackageState) -> Result<Vec<ApplicationState>, Fault> {
    let r = &package.received;
    let mut rows = Vec::new();
    for row in 0..u64::from(r.count) {
        let state = book.application(Ordinal(r.first_ordinal.0 + row))?;
        rows.extend(state.filter(|s| s.outcome != Outcome::Accepted && s.reasons.iter().any(is_about_the_photo)));
    }
    Ok(rows)
}

/// Whether a reason that holds or rejects is about the photo.
#[must_use]
pub fn is_about_the_photo(reason: &Reason) -> bool {
    reason.effect > Effect::Warn && reason.code.text().starts_with("PHO-")
}

fn head(package: &PackageState) -> String {
    let title = format!("{} · photos to take again · 需重拍的照片", package.received.package_id);
    format!("<!doctype html><html lang=en><meta charset=utf-8><title>{title}</title><style>{STYLE}</style><h1>{title}</h1>\n")
}

fn section(vault: &Vault, profile: &Profile, package: &PackageState, state: &ApplicationState) -> Result<String, Fault> {
    let record = vault.record(package.received.package, state.row)?;
    let mut html = format!("<section><h2>{} · row {}</h2>", escaped(&state.application_id), state.row + 1);
    if let Some(jpeg) = picture(vault, profile, package, &record)? {
        let data = base64::engine::general_purpose::STANDARD.encode(jpeg);
        let _ = write!(html, "<img alt='row {}' src='data:image/jpeg;base64,{data}'>", state.row + 1);
    }
    html.push_str("<ul>");
    for reason in state.reasons.iter().filter(|r| is_about_the_photo(r)) {
        let d = reason.code.definition();
        let _ = write!(
            html,
            "<li><b>{}</b> {} {}<br><small>{} · limit 限值: {}</small><br>{} {}",
            d.text,
            d.en,
            d.zh,
            escaped(&reason.value),
            escaped(&reason.limit),
            d.todo_en,
            d.todo_zh
        );
    }
    html.push_str("</ul></section>\n");
    Ok(html)
}

/// The marked photo at half scale, as JPEG; `None` if it can't be decoded safely.
fn picture(vault: &Vault, profile: &Profile, package: &PackageState, record: &StoredRecord) -> Result<Option<Vec<u8>>, Fault> {
    // Only what was decoded when it was judged: the others have no pixels to show.
    if record.measurements.as_ref().is_none_or(|m| m.pixels.is_none()) {
        return Ok(None);
    }
    let contents = vault.contents(package.received.package)?;
    let path = crate::validate::stored::contents_path(package.received.package);
    let Some(jpeg) = contents.get(&record.photo_name()).map_err(|e| e.at(&path))? else { return Ok(None) };
    let Ok(stripped) = photo::strip(&jpeg) else { return Ok(None) };
    let Ok(rgb) = photo::decode(&stripped, &profile.photo) else { return Ok(None) };
    let areas: Vec<photo::Area> = record.marks.iter().map(|(_, area)| *area).collect();
    Ok(encoded(&photo::thumbnail(&photo::marked(&rgb, &areas), rgb.width() / SHRINK, rgb.height() / SHRINK)))
}

fn encoded(rgb: &Rgb) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut encoder = image::codecs::jpeg::JpegEncoder::new_with_quality(&mut bytes, JPEG_QUALITY);
    encoder.encode(rgb.bytes(), rgb.width(), rgb.height(), image::ExtendedColorType::Rgb8).ok()?;
    Some(bytes)
}

/// Text as HTML shows it.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

const STYLE: &str = "body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:60rem;padding:0 1rem;color:#1b1f24}\
h1{font-size:1.4rem}section{display:grid;grid-template-columns:12rem 1fr;gap:0 1.2rem;border-top:1px solid #d7dce1;padding:.8rem 0;break-inside:avoid}\
h2{grid-column:1/3;font-size:1.05rem;margin:0 0 .4rem}img{width:179px}ul{margin:0;padding-left:1.1rem;grid-column:2}small{color:#57606a}";

#[cfg(test)]
mod tests {
    use card::Code;

    use super::*;

    #[test]
    fn only_what_holds_or_rejects_for_the_photo_is_shown() {
        let reason = |code, effect| is_about_the_photo(&Reason::with_effect(code, effect, "", ""));
        assert!(reason(Code::Pho13, Effect::Reject) && reason(Code::Pho13, Effect::Hold));
        assert!(!reason(Code::Pho24, Effect::Warn) && !reason(Code::Rec02, Effect::Reject));
    }

    #[test]
    fn text_can_not_become_markup() {
        assert_eq!(escaped("<b>&"), "&lt;b&gt;&amp;");
    }
}
