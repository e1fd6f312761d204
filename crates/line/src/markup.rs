//! Text in HTML and SVG: nothing that comes from outside becomes markup, and nothing invisible or direction-changing stays unseen.

use std::borrow::Cow;
use std::fmt::Write as _;

/// The text as it may stand in content or in a quoted attribute. Control, invisible and direction-changing characters are shown as code points.
#[must_use]
pub fn escaped(text: &str) -> Cow<'_, str> {
    if !text.chars().any(|c| is_special(c) || is_hidden(c)) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            hidden if is_hidden(hidden) => {
                let _ = write!(out, "U+{:04X}", u32::from(hidden));
            }
            c => out.push(c),
        }
    }
    Cow::Owned(out)
}

fn is_special(c: char) -> bool {
    matches!(c, '&' | '<' | '>' | '"' | '\'')
}

fn is_hidden(c: char) -> bool {
    c.is_control() || matches!(c, '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::escaped;

    #[test]
    fn markup_and_hidden_characters_are_shown_as_text() {
        assert_eq!(escaped("<b a='1' c=\"2\">&"), "&lt;b a=&#39;1&#39; c=&quot;2&quot;&gt;&amp;");
        assert_eq!(escaped("a\u{202e}b\n\u{200b}"), "aU+202EbU+000AU+200B");
        assert!(matches!(escaped("王秀英·Ł"), std::borrow::Cow::Borrowed(_)));
    }
}
