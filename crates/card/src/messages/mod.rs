//! Every text of ours that a person reads and that isn't a reason: headings, labels, lanes, to-dos, dates, in English and Chinese.
//! One table (`table.rs`); whoever prints or shows something takes its words from here. Reasons have their own table (`reason_table.rs`).

mod table;

use jiff::civil::Date;

use crate::Outcome;
use crate::reason::AnswerLane;

pub use table::Message;

/// The two languages everything is said in.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Language {
    English,
    Chinese,
}

impl Language {
    pub const BOTH: [Self; 2] = [Self::English, Self::Chinese];

    /// As HTML names it (BCP 47).
    #[must_use]
    pub fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Chinese => "zh-Hans",
        }
    }
}

/// One text in both languages, English first.
pub type Said = [String; 2];

impl Message {
    #[must_use]
    pub fn text(self, language: Language) -> &'static str {
        let (_, english, chinese) = table::MESSAGES[self as usize];
        match language {
            Language::English => english,
            Language::Chinese => chinese,
        }
    }

    /// English, a space, Chinese: for headings and labels with room for both.
    #[must_use]
    pub fn both(self) -> String {
        Language::BOTH.map(|language| self.text(language)).join(" ")
    }

    /// Each language by itself.
    #[must_use]
    pub fn said(self) -> Said {
        Language::BOTH.map(|language| self.text(language).to_owned())
    }

    /// The text with every `{name}` replaced by its value. What isn't named stays as it is.
    #[must_use]
    pub fn filled(self, language: Language, values: &[(&str, &str)]) -> String {
        values.iter().fold(self.text(language).to_owned(), |text, (name, value)| text.replace(&format!("{{{name}}}"), value))
    }

    /// [`Message::filled`] in each language, with the same values.
    #[must_use]
    pub fn said_with(self, values: &[(&str, &str)]) -> Said {
        Language::BOTH.map(|language| self.filled(language, values))
    }

    /// The text with `{date}` written as each language writes days.
    #[must_use]
    pub fn said_of_day(self, date: Date) -> Said {
        Language::BOTH.map(|language| self.filled(language, &[("date", &day(date, language))]))
    }

    /// The whole table.
    pub fn all() -> impl Iterator<Item = Self> {
        table::MESSAGES.iter().map(|(message, _, _)| *message)
    }
}

/// A day as people write it: `1 June 2025`, `2025年6月1日`.
#[must_use]
pub fn day(date: Date, language: Language) -> String {
    match language {
        Language::English => format!("{} {} {}", date.day(), MONTHS[usize::from(date.month().unsigned_abs()) - 1].text(language), date.year()),
        Language::Chinese => format!("{}年{}月{}日", date.year(), date.month(), date.day()),
    }
}

/// The day in both languages.
#[must_use]
pub fn said_day(date: Date) -> Said {
    Language::BOTH.map(|language| day(date, language))
}

const MONTHS: [Message; 12] = [
    Message::January,
    Message::February,
    Message::March,
    Message::April,
    Message::May,
    Message::June,
    Message::July,
    Message::August,
    Message::September,
    Message::October,
    Message::November,
    Message::December,
];

/// A whole number with its thousands apart: `42,000`. The same in both languages.
#[must_use]
pub fn count(n: u64) -> String {
    let digits = n.to_string();
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.char_indices() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// A person as both passports and Chinese papers call them: the Latin name, and the Chinese one if there is one.
#[must_use]
pub fn full_name(latin: &str, chinese: Option<&str>) -> String {
    match chinese.map(str::trim).filter(|name| !name.is_empty()) {
        Some(chinese) => format!("{} {chinese}", latin.trim()),
        None => latin.trim().to_owned(),
    }
}

/// What a lane is called, and what it means for whoever reads it.
#[must_use]
pub fn lane(lane: AnswerLane) -> [Message; 2] {
    match lane {
        AnswerLane::FixAtOutlet => [Message::LaneFixAtOutlet, Message::LaneFixAtOutletMeans],
        AnswerLane::WeWillRetry => [Message::LaneWeWillRetry, Message::LaneWeWillRetryMeans],
        AnswerLane::OurSide => [Message::LaneOurSide, Message::LaneOurSideMeans],
    }
}

/// By when something happens in a lane; `{date}`.
#[must_use]
pub fn lane_by(lane: AnswerLane) -> Message {
    match lane {
        AnswerLane::FixAtOutlet => Message::FixBy,
        AnswerLane::WeWillRetry => Message::RetryUntil,
        AnswerLane::OurSide => Message::OursBy,
    }
}

#[must_use]
pub fn outcome(outcome: Outcome) -> Message {
    match outcome {
        Outcome::Accepted => Message::Accepted,
        Outcome::Held => Message::Held,
        Outcome::Rejected => Message::Rejected,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_han(c: char) -> bool {
        matches!(c, '\u{3400}'..='\u{9fff}' | '\u{20000}'..='\u{3ffff}')
    }

    fn placeholders(text: &str) -> std::collections::BTreeSet<&str> {
        text.split('{').skip(1).filter_map(|rest| rest.split_once('}').map(|(name, _)| name)).collect()
    }

    #[test]
    fn every_message_says_the_same_in_both_languages() {
        for (at, message) in Message::all().enumerate() {
            assert_eq!(message as usize, at, "the table is in the order of the enum");
            let [english, chinese] = Language::BOTH.map(|language| message.text(language));
            assert!(!english.trim().is_empty() && !english.chars().any(is_han), "{english}");
            assert!(chinese.chars().any(is_han), "{english}: {chinese} isn't Chinese");
            assert_eq!(placeholders(english), placeholders(chinese), "{english}");
            for text in [english, chinese] {
                assert!(text == text.trim() && !text.contains("  ") && !text.chars().any(char::is_control), "{text:?}");
            }
            let sentence = english.contains(' ') && english.ends_with('.');
            assert_eq!(sentence, chinese.ends_with('。'), "a sentence in one language is one in the other: {english}");
        }
    }

    #[test]
    fn chinese_sentences_use_chinese_punctuation() {
        let wrong = |text: &str| {
            let all: Vec<char> = text.chars().collect();
            all.windows(2).any(|two| is_han(two[0]) && matches!(two[1], ',' | '.' | ';' | ':' | '?' | '!'))
        };
        for text in Message::all().map(|message| message.text(Language::Chinese)) {
            assert!(!wrong(text), "{text}");
        }
    }

    #[test]
    fn days_are_written_as_each_language_writes_them() {
        let first = jiff::civil::date(2025, 6, 1);
        assert_eq!(said_day(first), ["1 June 2025".to_owned(), "2025年6月1日".to_owned()]);
        let all: std::collections::BTreeSet<String> = (1..=12).map(|m| day(jiff::civil::date(2024, m, 29), Language::English)).collect();
        assert_eq!(all.len(), 12);
        assert_eq!(day(jiff::civil::date(2024, 12, 31), Language::Chinese), "2024年12月31日");
        assert_eq!(Message::FixBy.said_of_day(first)[0], "Please by 1 June 2025");
    }

    #[test]
    fn numbers_and_names_are_written_alike_everywhere() {
        assert_eq!([0, 999, 1_000, 42_000, 1_234_567].map(count), ["0", "999", "1,000", "42,000", "1,234,567"]);
        assert_eq!(full_name("EXAMPLE, ANNA MARIA", Some("安娜·示例")), "EXAMPLE, ANNA MARIA 安娜·示例");
        assert_eq!(full_name(" SUHARTO ", None), "SUHARTO");
        assert_eq!(full_name("SUHARTO", Some(" ")), "SUHARTO");
    }

    #[test]
    fn what_is_filled_in_stands_where_it_belongs() {
        let said = Message::MoreNotShown.said_with(&[("count", "12"), ("file", "answers.csv")]);
        assert!(said.iter().all(|text| text.contains("12") && text.contains("answers.csv") && !text.contains('{')), "{said:?}");
    }
}
