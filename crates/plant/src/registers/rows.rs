//! One line of a register's CSV to a typed row. Refusals name the column and what is wrong with it, never the value: it is personal
//! (an outlet's name is not: the character that can't be printed is named).

use base64::Engine as _;
use card::OutletCode;
use card::register::{EnrolmentRow, OutletRow, PermitEvent, PermitRow};
use jiff::civil::Date;

pub(super) const OUTLET_COLUMNS: [&str; 9] = ["code", "name", "name_zh", "division", "address", "postcode", "phone", "minisign_key", "status"];
pub(super) const PERMIT_COLUMNS: [&str; 11] =
    ["number", "document_number", "nationality", "category", "status", "from", "to", "last_event", "event_on", "physical_card_held", "employer_code"];
pub(super) const ENROLMENT_COLUMNS: [&str; 6] = ["ssn", "nationality", "document_number", "name", "birth_date", "status"];

/// Longest field of a register.
const FIELD_BYTES_MAX: usize = 1024;
/// minisign public key: two bytes of algorithm, eight of key id, 32 of key.
const MINISIGN_KEY_BYTES: usize = 42;

/// A line's fields with the names of their columns.
pub(super) struct Line<'a> {
    pub columns: &'static [&'static str],
    pub record: &'a csv::ByteRecord,
}

type Wrong = String;

impl<'a> Line<'a> {
    /// A field, trimmed; may be empty.
    fn text(&self, column: &str) -> Result<&'a str, Wrong> {
        let at = self.columns.iter().position(|c| *c == column).expect("a column of this register");
        let bytes = self.record.get(at).unwrap_or_default();
        if bytes.len() > FIELD_BYTES_MAX {
            return Err(format!("{column} is longer than {FIELD_BYTES_MAX} bytes"));
        }
        let text = std::str::from_utf8(bytes).map_err(|_| format!("{column} is not UTF-8"))?.trim();
        if text.chars().any(char::is_control) { Err(format!("{column} holds a control character")) } else { Ok(text) }
    }

    fn owned(&self, column: &str) -> Result<String, Wrong> {
        self.text(column).map(str::to_owned)
    }

    /// A text that stands on lists and labels.
    fn printed(&self, column: &str) -> Result<String, Wrong> {
        let text = self.owned(column)?;
        let missing = artwork::missing_glyphs(&text);
        missing.first().map_or(Ok(text), |c| Err(format!("{column} holds {c:?} (U+{:04X}), which the fonts lack", u32::from(*c))))
    }

    fn filled(&self, column: &str) -> Result<String, Wrong> {
        let text = self.owned(column)?;
        if text.is_empty() { Err(format!("{column} is empty")) } else { Ok(text) }
    }

    fn digits(&self, column: &str, count: usize) -> Result<String, Wrong> {
        let text = self.owned(column)?;
        let fits = text.len() == count && text.bytes().all(|b| b.is_ascii_digit());
        if fits { Ok(text) } else { Err(format!("{column} is not {count} digits")) }
    }

    fn date(&self, column: &str) -> Result<Date, Wrong> {
        self.text(column)?.parse().map_err(|_| format!("{column} is not a date YYYY-MM-DD"))
    }

    fn date_or_empty(&self, column: &str) -> Result<Option<Date>, Wrong> {
        if self.text(column)?.is_empty() { Ok(None) } else { self.date(column).map(Some) }
    }

    fn one_of<T: Copy>(&self, column: &str, choices: &[(&str, T)]) -> Result<T, Wrong> {
        let text = self.text(column)?;
        let chosen = choices.iter().find(|(name, _)| *name == text).map(|(_, value)| *value);
        chosen.ok_or_else(|| format!("{column} is none of {}", choices.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ")))
    }
}

const YES_NO: [(&str, bool); 4] = [("yes", true), ("no", false), ("true", true), ("false", false)];

pub(super) fn outlet(line: &Line) -> Result<OutletRow, Wrong> {
    let code = line.filled("code")?;
    OutletCode::parse(&code).map_err(|_| "code is not 2 to 20 of A-Z, 0-9 and -".to_owned())?;
    let postcode = if line.text("postcode")?.is_empty() { String::new() } else { line.digits("postcode", 6)? };
    let minisign_key = line.owned("minisign_key")?;
    if !minisign_key.is_empty() {
        key_id(&minisign_key).ok_or("minisign_key is not the second line of a minisign .pub file")?;
    }
    line.filled("name")?;
    Ok(OutletRow {
        code,
        name: line.printed("name")?,
        name_zh: line.printed("name_zh")?,
        division: line.digits("division", 6)?,
        address: line.printed("address")?,
        postcode,
        phone: line.printed("phone")?,
        minisign_key,
        open: line.one_of("status", &[("open", true), ("closed", false)])?,
    })
}

/// Key id of a minisign public key in base64.
pub(super) fn key_id(minisign_key: &str) -> Option<[u8; 8]> {
    let bytes = base64::engine::general_purpose::STANDARD.decode(minisign_key).ok()?;
    let fits = bytes.len() == MINISIGN_KEY_BYTES && bytes.starts_with(b"Ed");
    if fits { bytes[2..10].try_into().ok() } else { None }
}

pub(super) fn permit(line: &Line) -> Result<PermitRow, Wrong> {
    let events = [
        ("none", PermitEvent::None),
        ("new", PermitEvent::New),
        ("renewed", PermitEvent::Renewed),
        ("altered", PermitEvent::Altered),
        ("cancelled", PermitEvent::Cancelled),
    ];
    let (from, to) = (line.date("from")?, line.date("to")?);
    if to < from {
        return Err("to is before from".to_owned());
    }
    Ok(PermitRow {
        number: line.filled("number")?,
        document_number: line.filled("document_number")?,
        nationality: line.filled("nationality")?,
        category: line.one_of("category", &[("A", 'A'), ("B", 'B'), ("C", 'C')])?,
        status: line.filled("status")?,
        from,
        to,
        last_event: line.one_of("last_event", &events)?,
        event_on: line.date_or_empty("event_on")?,
        physical_card_held: line.one_of("physical_card_held", &YES_NO)?,
        employer_code: line.owned("employer_code")?,
    })
}

pub(super) fn enrolment(line: &Line) -> Result<EnrolmentRow, Wrong> {
    Ok(EnrolmentRow {
        ssn: line.filled("ssn")?,
        nationality: line.filled("nationality")?,
        document_number: line.filled("document_number")?,
        name: line.filled("name")?,
        birth_date: line.date("birth_date")?,
        status: line.filled("status")?,
    })
}
