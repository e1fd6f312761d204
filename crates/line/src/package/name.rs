//! Which names a package may hold. One strict rule for every container, so that no name ever needs to be understood twice:
//! ASCII letters, digits, dot, hyphen and underscore, the four fixed names, and one level of `photos/`.

use card::Code;
use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;

pub const MANIFEST: &str = "package.json";
pub const SIGNATURE: &str = "package.json.minisig";
pub const RECORDS_CSV: &str = "applications.csv";
pub const RECORDS_JSONL: &str = "applications.jsonl";
pub const PHOTO_FOLDER: &str = "photos/";

/// Longest name in bytes, folder included; longer ones are not even looked at.
pub(crate) const NAME_BYTES_MAX: usize = 100;
const ALLOWED: &str = "package.json, package.json.minisig, applications.csv or .jsonl, photos/NAME.jpg";
const CHARSET: &str = "A-Z a-z 0-9 . - _";

/// What a name stands for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Part {
    Manifest,
    Signature,
    Records,
    Photo,
    /// The package's top or `photos/`.
    Folder,
}

/// Why a name is refused: code, measured value, limit. The name itself is not in it (it may be a person's).
pub(crate) type BadName = (Code, String, &'static str);

/// Reads a name from a container. A leading `./` is dropped (`tar` writes it).
pub(crate) fn read(raw: &[u8]) -> Result<(Part, String), BadName> {
    if raw.len() > NAME_BYTES_MAX {
        return Err((Code::Pkg15, format!("{} bytes", raw.len()), "100 bytes"));
    }
    let text = std::str::from_utf8(raw).map_err(|e| (Code::Pkg15, format!("invalid UTF-8 at byte {}", e.valid_up_to()), "UTF-8"))?;
    check_inside(text)?;
    check_characters(text)?;
    let text = text.strip_prefix("./").unwrap_or(text);
    if matches!(text, "" | "." | "photos" | PHOTO_FOLDER) {
        return Ok((Part::Folder, text.to_owned()));
    }
    text.split('/').try_for_each(check_component)?;
    part_of(text).map(|part| (part, text.to_owned()))
}

/// Two names with the same key could be one file somewhere: case, compatibility forms and accents are folded away.
pub(crate) fn folded(raw: &[u8]) -> Vec<u8> {
    match std::str::from_utf8(raw) {
        Ok(text) if text.is_ascii() => text.strip_prefix("./").unwrap_or(text).to_ascii_lowercase().into_bytes(),
        Ok(text) => text.nfkd().filter(|c| !is_combining_mark(*c)).flat_map(char::to_lowercase).collect::<String>().into_bytes(),
        Err(_) => raw.to_vec(),
    }
}

fn check_inside(text: &str) -> Result<(), BadName> {
    let drive = text.len() >= 2 && text.as_bytes()[0].is_ascii_alphabetic() && text.as_bytes()[1] == b':';
    let found = if text.starts_with('/') {
        "absolute path"
    } else if text.contains('\\') {
        "backslash"
    } else if drive {
        "drive letter"
    } else if text.split('/').any(|c| c == "..") {
        "\"..\" in the path"
    } else {
        return Ok(());
    };
    Err((Code::Pkg07, found.to_owned(), ALLOWED))
}

fn check_characters(text: &str) -> Result<(), BadName> {
    let safe = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | '/');
    match text.chars().position(|c| !safe(c)) {
        Some(at) => Err((Code::Pkg15, format!("U+{:04X} at character {}", text.chars().nth(at).map_or(0, u32::from), at + 1), CHARSET)),
        None => Ok(()),
    }
}

fn check_component(part: &str) -> Result<(), BadName> {
    let stem = part.split('.').next().unwrap_or("").to_ascii_uppercase();
    let numbered = |prefix| stem.strip_prefix(prefix).is_some_and(|n: &str| n.len() == 1 && n.as_bytes()[0].is_ascii_digit());
    let reserved = matches!(stem.as_str(), "CON" | "PRN" | "AUX" | "NUL") || numbered("COM") || numbered("LPT");
    let found = if part.is_empty() || part == "." {
        "an empty part"
    } else if reserved {
        "a reserved device name"
    } else if part.ends_with('.') {
        "a dot at the end"
    } else {
        return Ok(());
    };
    Err((Code::Pkg15, found.to_owned(), ALLOWED))
}

fn part_of(text: &str) -> Result<Part, BadName> {
    match text {
        MANIFEST => Ok(Part::Manifest),
        SIGNATURE => Ok(Part::Signature),
        RECORDS_CSV | RECORDS_JSONL => Ok(Part::Records),
        _ => match text.strip_prefix(PHOTO_FOLDER) {
            Some(file) if is_photo(file) => Ok(Part::Photo),
            _ if is_archive(text) => Err((Code::Pkg06, "an archive inside the package".to_owned(), ALLOWED)),
            _ => Err((Code::Pkg11, "a file the format doesn't know".to_owned(), ALLOWED)),
        },
    }
}

/// `NAME.jpg` or `.jpeg`, the extension in any case (cameras write `.JPG`), NAME starting with a letter or digit.
fn is_photo(file: &str) -> bool {
    let jpeg = file.rsplit_once('.').is_some_and(|(_, e)| e.eq_ignore_ascii_case("jpg") || e.eq_ignore_ascii_case("jpeg"));
    jpeg && !file.contains('/') && file.as_bytes()[0].is_ascii_alphanumeric()
}

fn is_archive(text: &str) -> bool {
    let extension = text.rsplit('.').next().unwrap_or("").to_ascii_lowercase();
    matches!(extension.as_str(), "zip" | "tar" | "zst" | "gz" | "tgz" | "bz2" | "xz" | "7z" | "rar" | "jar" | "cab" | "iso")
}

/// Whether a name in the manifest's `files` is one this format knows, other than the manifest and its signature.
pub(crate) fn is_payload(text: &str) -> bool {
    matches!(read(text.as_bytes()), Ok((Part::Photo | Part::Records, read)) if read == text)
}

/// The file a record's `photo` field means: `NAME.jpg`, with or without `photos/` before it; `None` if it can be no photo.
#[must_use]
pub fn photo_entry(field: &str) -> Option<String> {
    let field = field.trim();
    let name = format!("{PHOTO_FOLDER}{}", field.strip_prefix(PHOTO_FOLDER).unwrap_or(field));
    matches!(read(name.as_bytes()), Ok((Part::Photo, _))).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(raw: impl AsRef<[u8]>) -> Option<Code> {
        read(raw.as_ref()).err().map(|e| e.0)
    }

    #[test]
    fn the_formats_own_names_are_known() {
        assert_eq!(read(b"./package.json"), Ok((Part::Manifest, "package.json".to_owned())));
        assert_eq!(read(b"photos/A-1_b.JPG"), Ok((Part::Photo, "photos/A-1_b.JPG".to_owned())));
        assert_eq!(read(b"photos/a.Jpeg").map(|r| r.0), Ok(Part::Photo));
        assert_eq!(read(b"photos/").map(|r| r.0), Ok(Part::Folder));
        assert_eq!(read(b"./").map(|r| r.0), Ok(Part::Folder));
    }

    #[test]
    fn a09_a10_names_that_leave_the_package() {
        for bad in ["../../etc/x", "photos/../../x.jpg", "/etc/passwd", "C:/x.jpg", "c:x.jpg", "\\\\host\\share\\x.jpg", "photos\\x.jpg", "//host/x"] {
            assert_eq!(code(bad), Some(Code::Pkg07), "{bad}");
        }
    }

    #[test]
    fn a20_forbidden_characters_and_lengths() {
        let long = format!("photos/{}.jpg", "x".repeat(289));
        for bad in ["photos/a\nb.jpg", "photos/a\0.jpg", "photos/\u{1b}[31m.jpg", "photos/a\u{202e}gpj.jpg", "photos/a b.jpg", "photos/\u{e9}.jpg", &long] {
            assert_eq!(code(bad), Some(Code::Pkg15), "{}", bad.escape_default());
        }
        assert_eq!(code(b"photos/\xff\xfe.jpg"), Some(Code::Pkg15));
        assert_eq!(code(b"..\xc0\xafx"), Some(Code::Pkg15));
    }

    #[test]
    fn a21_windows_names() {
        for bad in ["photos/CON.jpg", "photos/con", "photos/LPT1.x.jpg", "photos/a.", "photos/a ", "photos/a.jpg:stream", "photos//a.jpg", "photos/./a.jpg"] {
            assert_eq!(code(bad), Some(Code::Pkg15), "{bad}");
        }
        assert_eq!(code("photos/CONSTANCE.jpg"), None);
        assert_eq!(code("photos/COM10.jpg"), None);
    }

    #[test]
    fn a07_archives_and_unknown_files() {
        assert_eq!(code("photos/more.zip"), Some(Code::Pkg06));
        assert_eq!(code("inner.tar.zst"), Some(Code::Pkg06));
        for bad in ["readme.txt", "photos/a.png", "photos/a/b.jpg", "Package.json", "photos/.jpg", "photos/-a.jpg", ".DS_Store", "a.jpg"] {
            assert_eq!(code(bad), Some(Code::Pkg11), "{bad}");
        }
    }

    #[test]
    fn a14_keys_fold_case_forms_and_accents() {
        assert_eq!(folded("photos/E\u{301}.jpg".as_bytes()), folded("photos/\u{e9}.JPG".as_bytes()));
        assert_eq!(folded(b"./Photos/A.jpg"), folded(b"photos/a.JPG"));
        assert_ne!(folded(b"photos/a.jpg"), folded(b"photos/b.jpg"));
    }
}
