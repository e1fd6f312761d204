//! Writes machine-readable zones of passports (TD3, ICAO 9303-3 and -4). A writer of its own, so that the reader in `card` is
//! checked by something that isn't itself.

use jiff::civil::Date;
use unicode_normalization::UnicodeNormalization as _;

use super::names::Name;

pub const NAME_CHARS: usize = 39;

/// What a zone says.
pub struct Zone<'a> {
    pub name: &'a Name,
    pub nationality: &'a str,
    pub number: &'a str,
    pub birth_date: Date,
    /// `M`, `F` or `<`.
    pub sex: char,
    pub expiry: Date,
}

/// The two lines, 44 characters each, with `|` between them.
pub fn zone(z: &Zone) -> String {
    let country = format!("{:<<3}", z.nationality);
    let number = with_check(&format!("{:<<9}", z.number));
    let [birth, expiry] = [z.birth_date, z.expiry].map(|d| with_check(&d.strftime("%y%m%d").to_string()));
    let optional = with_check(&"<".repeat(14));
    let composite = check(&format!("{number}{birth}{expiry}{optional}"));
    format!("P<{country}{}|{number}{country}{birth}{}{expiry}{optional}{composite}", name_field(z.name), z.sex)
}

/// Characters a name needs, uncut.
pub fn name_field_chars(name: &Name) -> usize {
    identifiers(name).len()
}

fn identifiers(name: &Name) -> String {
    let parts = [&name.surname, &name.given].map(|part| letters(part));
    if parts[0].is_empty() { parts[1].clone() } else { parts.join("<<") }
}

/// Primary identifier, two fillers, secondary; cut to 39 characters.
pub fn name_field(name: &Name) -> String {
    let text = identifiers(name);
    let cut: String = text.chars().take(NAME_CHARS).collect();
    format!("{cut:<<39}")
}

fn with_check(text: &str) -> String {
    format!("{text}{}", check(text))
}

/// 7-3-1 check digit.
pub fn check(text: &str) -> char {
    let value = |b: u8| match b {
        b'0'..=b'9' => u32::from(b - b'0'),
        b'A'..=b'Z' => u32::from(b - b'A') + 10,
        _ => 0,
    };
    let sum: u32 = text.bytes().zip([7, 3, 1].into_iter().cycle()).map(|(b, w)| value(b) * w).sum();
    char::from(b'0' + (sum % 10) as u8)
}

/// A–Z and fillers: recommended transliterations first, then the bare letter.
fn letters(text: &str) -> String {
    let mut out = String::new();
    for c in text.to_uppercase().nfc() {
        match c {
            'A'..='Z' => out.push(c),
            ' ' | '-' => out.push('<'),
            'Ä' | 'Æ' => out.push_str("AE"),
            'Å' => out.push_str("AA"),
            'Ö' | 'Ø' => out.push_str("OE"),
            'Ü' => out.push_str("UE"),
            'ẞ' | 'ß' => out.push_str("SS"),
            'Đ' | 'Ð' => out.push('D'),
            'Þ' => out.push_str("TH"),
            'Œ' => out.push_str("OE"),
            'Ħ' => out.push('H'),
            'Ŋ' => out.push('N'),
            'Ł' => out.push('L'),
            other => out.extend(other.nfd().filter(char::is_ascii_uppercase)),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn the_published_vector_comes_out() {
        let name = Name { surname: "Example".into(), given: "Anna".into() };
        let text = zone(&Zone { name: &name, nationality: "UTO", number: "X12345678", birth_date: date(1990, 1, 1), sex: 'M', expiry: date(2030, 1, 1) });
        let (line1, line2) = text.split_once('|').unwrap();
        assert_eq!(line1, "P<UTOEXAMPLE<<ANNA<<<<<<<<<<<<<<<<<<<<<<<<<<");
        // card-and-rules.md §5.1 has this zone with filler for the empty optional data's digit.
        assert_eq!(line2, "X123456785UTO9001011M3001019<<<<<<<<<<<<<<06");
    }

    #[test]
    fn the_reader_agrees_with_the_writer() {
        for (surname, given, field) in [
            ("Mühlström", "Åsil", "MUEHLSTROEM<<AASIL"),
            ("N'Diayeko", "Fatoumani", "NDIAYEKO<<FATOUMANI"),
            ("", "Sukarnito", "SUKARNITO"),
            ("Yılmazer", "İskender", "YILMAZER<<ISKENDER"),
        ] {
            let name = Name { surname: surname.into(), given: given.into() };
            let zone = name_field(&name);
            assert_eq!(zone.trim_end_matches('<'), field);
            assert!(card::mrz::name_agrees(&name.shown(false), &zone), "{field}");
        }
    }
}
