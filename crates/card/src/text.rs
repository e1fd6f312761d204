//! Characters: what may not stand in any field, what is tidied without asking, and what a list or printer would obey.
//! Nothing here knows a field; `parse` says which test a field gets.

use unicode_normalization::UnicodeNormalization;
use unicode_properties::{EmojiStatus, GeneralCategory, UnicodeEmoji, UnicodeGeneralCategory};

/// Why a character is refused in every field.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Unfit {
    /// C0, C1, line and paragraph separators (REC-04).
    Control,
    /// Formatting, invisible, private, unassigned or pictorial (REC-05).
    Invisible,
}

/// The first unfit character with its kind; `None` when every character may stand in a field.
#[must_use]
pub fn first_unfit(text: &str) -> Option<(char, Unfit)> {
    text.chars().find_map(|c| unfit(c).map(|kind| (c, kind)))
}

/// What is wrong with one character, if anything.
#[must_use]
pub fn unfit(c: char) -> Option<Unfit> {
    if c.is_ascii() {
        return c.is_ascii_control().then_some(Unfit::Control);
    }
    match c.general_category() {
        GeneralCategory::Control | GeneralCategory::LineSeparator | GeneralCategory::ParagraphSeparator => Some(Unfit::Control),
        GeneralCategory::Format | GeneralCategory::PrivateUse | GeneralCategory::Unassigned | GeneralCategory::Surrogate => Some(Unfit::Invisible),
        _ if is_blank_letter(c) || is_pictorial(c) => Some(Unfit::Invisible),
        _ => None,
    }
}

/// Marks, letters and symbols that show nothing: variation selectors, joiners, Hangul fillers, the empty Braille cell.
fn is_blank_letter(c: char) -> bool {
    matches!(c,
        '\u{034F}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}' | '\u{180B}'..='\u{180F}' | '\u{2800}' | '\u{3164}'
        | '\u{FE00}'..='\u{FE0F}' | '\u{FFA0}' | '\u{FFFC}' | '\u{FFFD}' | '\u{E0100}'..='\u{E01EF}')
}

/// Emoji and dingbats. Signs that stand in company names and addresses (©, ®, ™, №) are not pictures.
fn is_pictorial(c: char) -> bool {
    let picture = !matches!(c.emoji_status(), EmojiStatus::NonEmoji | EmojiStatus::NonEmojiButEmojiComponent);
    (picture && !matches!(c, '©' | '®' | '™' | 'ℹ')) || matches!(c, '\u{2600}'..='\u{27BF}' | '\u{1F000}'..='\u{1FAFF}')
}

/// NFC, every run of white space one space, none at the ends.
#[must_use]
pub fn tidy(text: &str) -> String {
    if text.is_ascii() && !needs_space_work(text) {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        if !out.is_empty() {
            out.push(' ');
        }
        out.extend(word.nfc());
    }
    out
}

fn needs_space_work(text: &str) -> bool {
    text.contains("  ") || text.starts_with(char::is_whitespace) || text.ends_with(char::is_whitespace) || text.contains(['\t', '\n', '\r'])
}

/// Quotation marks and dashes that keyboards put in names become the apostrophe and hyphen of the passport.
#[must_use]
pub fn plain_punctuation(text: &str) -> String {
    let plain = |c| match c {
        '\u{2018}' | '\u{2019}' | '\u{201B}' | '\u{2032}' => '\'',
        '\u{2010}' | '\u{2011}' | '\u{2012}' | '\u{2013}' => '-',
        other => other,
    };
    text.chars().map(plain).collect()
}

/// The first character that is only a stand-in for another (full-width letters, ligatures, circled letters).
#[must_use]
pub fn first_compatibility_form(text: &str) -> Option<char> {
    text.chars().find(|c| !c.is_ascii() && !std::iter::once(*c).nfkc().eq(std::iter::once(*c).nfc()))
}

/// Words people write into a field that has no value.
#[must_use]
pub fn stands_for_nothing(text: &str) -> bool {
    const MARKS: [&str; 9] = ["", "N/A", "N.A.", "-", "--", "---", "/", "?", "无"];
    MARKS.iter().any(|m| m.eq_ignore_ascii_case(text))
}

/// The same for fields that hold no name: somebody is called Null, somebody is called Na.
#[must_use]
pub fn stands_for_nothing_in_code(text: &str) -> bool {
    const MARKS: [&str; 5] = ["NA", "NULL", "NONE", "NIL", "UNKNOWN"];
    stands_for_nothing(text) || MARKS.iter().any(|m| m.eq_ignore_ascii_case(text))
}

/// Whether a spreadsheet would take the text for a formula (faults.md F02: also full-width signs).
#[must_use]
pub fn starts_formula(text: &str) -> bool {
    text.starts_with(['=', '+', '-', '@', '\t', '\r', '＝', '＋', '－', '＠'])
}

/// Whether a label printer or terminal would obey something in the text: ZPL's `^XA` and `~HS`, escape characters, PJL's `@PJL`.
#[must_use]
pub fn commands_a_printer(text: &str) -> bool {
    let bytes = text.as_bytes();
    let command = |at: usize| matches!(bytes[at], b'^' | b'~') && bytes.get(at + 1).is_some_and(u8::is_ascii_alphanumeric);
    text.chars().any(char::is_control) || (0..bytes.len()).any(command) || text.to_ascii_uppercase().contains("@PJL") || text.contains("%-12345X")
}

/// The code point as reasons show it: `U+0430`.
#[must_use]
pub fn code_point(c: char) -> String {
    format!("U+{:04X}", u32::from(c))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn unfit_characters_are_told_by_kind() {
        for c in ['\0', '\n', '\u{1b}', '\u{7f}', '\u{85}', '\u{2028}'] {
            assert_eq!(unfit(c), Some(Unfit::Control), "{}", code_point(c));
        }
        for c in [
            '\u{202E}',
            '\u{2066}',
            '\u{200B}',
            '\u{200D}',
            '\u{AD}',
            '\u{E0041}',
            '\u{FE0F}',
            '\u{E000}',
            '\u{378}',
            '😀',
            '❤',
            '\u{3164}',
            '\u{2800}',
            '\u{FFFD}',
            '\u{FEFF}',
        ] {
            assert_eq!(unfit(c), Some(Unfit::Invisible), "{}", code_point(c));
        }
        for c in "Aé\u{301}Łı中·’-.,№®（）１２号#".chars() {
            assert_eq!(unfit(c), None, "{}", code_point(c));
        }
    }

    #[test]
    fn text_is_tidied_to_nfc_with_single_spaces() {
        assert_eq!(tidy("  Jose\u{301}\u{a0}\u{3000} Maria "), "José Maria");
        assert_eq!(tidy("A\tB"), "A B");
        assert_eq!(tidy("AB"), "AB");
        assert_eq!(plain_punctuation("O\u{2019}NEILL\u{2010}SMITH"), "O'NEILL-SMITH");
    }

    #[test]
    fn stand_ins_are_found() {
        assert_eq!(first_compatibility_form("ＡB"), Some('Ａ'));
        assert_eq!(first_compatibility_form("o\u{fb01}"), Some('\u{fb01}'));
        assert_eq!(first_compatibility_form("ÅŁß中\u{1ea0}"), None);
    }

    #[test]
    fn nothing_is_nothing_but_null_is_a_surname() {
        assert!(["", "n/a", "-", "无"].into_iter().all(stands_for_nothing));
        assert!(!["Null", "Na", "0"].into_iter().any(stands_for_nothing));
        assert!(["NULL", "na", "None"].into_iter().all(stands_for_nothing_in_code));
    }

    #[test]
    fn commands_are_noticed() {
        assert!(["=1", "+1", "-1", "@x", "＝1"].into_iter().all(starts_formula));
        assert!(["a^XA", "~HS", "\u{1b}E", "@pjl", "%-12345X"].into_iter().all(commands_a_printer));
        assert!(!["12 Main St. #4", "5^ floor", "～号"].into_iter().any(commands_a_printer));
    }

    proptest! {
        #[test]
        fn tidying_twice_changes_nothing(text in "\\PC{0,40}") {
            let once = tidy(&text);
            prop_assert_eq!(tidy(&once), once);
        }
    }
}
