//! Bytes of one field to text, in the declared encoding. Both encodings keep commas, quotes and line ends as the ASCII bytes
//! they are (GB18030's second and fourth bytes are never below 0x30), so rows are split before they are decoded.

use std::borrow::Cow;

use encoding_rs::GB18030;

use crate::package::manifest::Encoding;

pub(super) fn name_of(encoding: Encoding) -> &'static str {
    match encoding {
        Encoding::Utf8 => "utf-8",
        Encoding::Gb18030 => "gb18030",
    }
}

/// The text, and whether every byte of it was good; bad ones become U+FFFD.
pub(super) fn decode(bytes: &[u8], encoding: Encoding) -> (Cow<'_, str>, bool) {
    match encoding {
        Encoding::Utf8 => match std::str::from_utf8(bytes) {
            Ok(text) => (Cow::Borrowed(text), true),
            Err(_) => (String::from_utf8_lossy(bytes), false),
        },
        Encoding::Gb18030 => {
            let (text, bad) = GB18030.decode_without_bom_handling(bytes);
            (text, !bad)
        }
    }
}
