//! The hardest names a card, a chip and a font meet: as long as a passport allows, stacked diacritics, letters few fonts have, rare Chinese
//! characters, one name only; and those that can't be printed and must be held. Nobody's: syllables put together by chance.

use card::{Code, Outcome};

use super::case::{Case, Fate};
use super::names::Name;
use super::person::Person;
use crate::dice::Dice;

/// Name field of a passport's machine-readable zone (ICAO 9303-4).
const ZONE_CHARS: usize = 39;
const KINDS: u64 = 10;
/// Of every [`KINDS`] applicants so many have a name that can't be printed.
const UNPRINTABLE: [(u64, Code); 3] = [(7, Code::Rec06), (8, Code::Rec06), (9, Code::Rec08)];

/// Gives a conforming person the name of its kind, before anything about it is written.
pub fn harden(person: &mut Person, dice: &mut Dice) {
    let own = person.name.clone();
    let named = |surname: &str, given: &str| Name { surname: surname.to_owned(), given: given.to_owned() };
    match person.index % KINDS {
        0 => person.name = longest(&own),
        1 => person.name = named(dice.pick::<&str>(&["Nguyễn", "Trần Lữ", "Đặng", "Phạm Ỷ"]), &format!("Thị Ễm {}", own.given)),
        2 => person.name = named(dice.pick::<&str>(&["Świątkółć", "Žďárečů", "Öztürkğı", "Őrségűi"]), &format!("Łucjan {}", own.given)),
        3 => person.name = named("", &format!("{}{}", own.given.replace([' ', '-'], ""), *dice.pick(&["ahan", "indro", "owati"]))),
        4 => person.name_zh = Some(format!("{}{}", *dice.pick(&["𠮷", "㛃", "䶮"]), *dice.pick(&["㛃䶮", "䶮安", "𠮷娜"]))),
        5 => person.name_zh = Some("穆罕默德·阿卜杜勒拉赫曼·胡宰法·维加詹托".to_owned()),
        6 => person.name = named(dice.pick::<&str>(&["Þórðæsson", "Ðuričkøv", "Ħægġun", "Ŋarëwöld"]), &format!("Œsbjærg {}", own.given)),
        _ => {}
    }
    person.name.shorten_to_fit();
}

/// Writes the name that can't be printed over a conforming row, for the kinds that have one.
pub fn spoil(case: &mut Case) {
    let Some((kind, code)) = UNPRINTABLE.into_iter().find(|(kind, _)| case.person.index % KINDS == *kind) else { return };
    if case.fate.outcome != Outcome::Accepted {
        return;
    }
    match kind {
        7 => case.row.set("name", "Ждарбеков Жумахан"),
        8 => case.row.set("name", "زودبان رشيدان"),
        _ => case.row.set("name_zh", "\u{2a6a5}安"),
    }
    (case.fate, case.fault) = (Fate::held(code), "name-unprintable");
}

/// The name lengthened until it fills the zone to the last character.
fn longest(own: &Name) -> Name {
    let mut name = Name { surname: own.surname.replace(|c: char| !c.is_ascii_alphabetic(), ""), given: "Wilhelmina".to_owned() };
    let needed = |name: &Name| super::mrz::name_field_chars(name);
    while needed(&name) < ZONE_CHARS {
        name.given.push(if needed(&name) + 1 < ZONE_CHARS && name.given.len() % 9 == 8 { ' ' } else { 'a' });
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_fills_the_zone_to_the_last_character() {
        for surname in ["Quandlemoor", "Ö", "van den Bergmoor"] {
            let name = longest(&Name { surname: surname.into(), given: "A".into() });
            let field = super::super::mrz::name_field(&name);
            assert_eq!((field.len(), field.ends_with('<')), (ZONE_CHARS, false), "{field}");
        }
    }
}
