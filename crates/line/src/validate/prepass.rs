//! What rows of one package have in common, found before the first is judged, because both of a pair must be held (DUP-02,
//! DUP-07). Works on hashes of roughly normalised fields; memory is a few dozen bytes a row of this one package.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use card::reason::{Code, Reason};
use card::{Digest, Profile, RawApplication};

/// Counts of shared persons, photos and application numbers in one package.
#[derive(Default)]
pub struct Prepass {
    people: HashMap<u64, u32>,
    photos: HashMap<Digest, u32>,
    /// Application number → first row that used it, and a hash of all it said.
    numbers: HashMap<u64, (u32, u64)>,
}

impl Prepass {
    pub fn note(&mut self, row: u32, raw: &RawApplication, photo: Option<&Digest>) {
        for key in person_keys(raw).into_iter().flatten() {
            *self.people.entry(key).or_default() += 1;
        }
        if let Some(photo) = photo {
            *self.photos.entry(*photo).or_default() += 1;
        }
        self.numbers.entry(hash_of(raw.get("application_id").trim())).or_insert((row, hash_of(&raw.values)));
    }

    /// Reasons this row has because of others in the package.
    #[must_use]
    pub fn reasons(&self, row: u32, raw: &RawApplication, photo: Option<&Digest>, profile: &Profile) -> Vec<Reason> {
        let mut reasons = Vec::new();
        if person_keys(raw).into_iter().flatten().any(|key| self.people.get(&key).is_some_and(|n| *n > 1)) {
            reasons.push(profile.reason(Code::Dup02, "same person", "one application a person"));
        }
        if photo.is_some_and(|p| self.photos.get(p).is_some_and(|n| *n > 1)) {
            reasons.push(profile.reason(Code::Dup07, "same photo in this package", "one person a photo"));
        }
        match self.numbers.get(&hash_of(raw.get("application_id").trim())) {
            Some((first, content)) if *first < row => {
                let code = if *content == hash_of(&raw.values) { Code::Dup01 } else { Code::Dup08 };
                reasons.push(profile.reason(code, format!("row {}", first + 1), "one application a number"));
            }
            _ => {}
        }
        reasons
    }
}

/// Document, social security number, and name with birth date: any of them shared means the same person.
fn person_keys(raw: &RawApplication) -> [Option<u64>; 3] {
    let plain = |field: &str| raw.get(field).chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_uppercase).collect::<String>();
    let (document, ssn, name) = (plain("document_number"), plain("ssn"), plain("name"));
    let key = |tag: u8, used: &str, rest: &[String]| (!used.is_empty()).then(|| hash_of(&(tag, used, rest)));
    [key(1, &document, &[plain("nationality")]), key(2, &ssn, &[]), key(3, &name, &[plain("birth_date"), plain("nationality")])]
}

fn hash_of<T: Hash + ?Sized>(value: &T) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raw(id: &str, document: &str, ssn: &str, name: &str) -> RawApplication {
        let mut r = RawApplication::empty();
        for (field, value) in [("application_id", id), ("document_number", document), ("ssn", ssn), ("name", name), ("nationality", "XYZ")] {
            r.set(field, value);
        }
        r
    }

    fn codes(p: &Prepass, row: u32, r: &RawApplication, photo: Option<&Digest>) -> Vec<&'static str> {
        let profile = Profile::built_in("hubei-foreigner-2025", jiff::civil::date(2026, 1, 1)).unwrap();
        p.reasons(row, r, photo, &profile).iter().map(|x| x.code.text()).collect()
    }

    #[test]
    fn both_of_a_pair_are_named_and_twins_are_not() {
        let rows = [raw("1", "P 1", "S1", "Ana B"), raw("2", "p1", "S2", "ANA C"), raw("3", "P3", "S3", "Bea B"), raw("3", "P4", "S4", "Cy D")];
        let (one, two) = (Digest::of(b"1"), Digest::of(b"2"));
        let photos = [one, two, two, Digest::of(b"3")];
        let mut p = Prepass::default();
        for (i, r) in rows.iter().enumerate() {
            p.note(i as u32, r, Some(&photos[i]));
        }
        assert_eq!(codes(&p, 0, &rows[0], Some(&photos[0])), ["DUP-02"]);
        assert_eq!(codes(&p, 1, &rows[1], Some(&photos[1])), ["DUP-02", "DUP-07"]);
        assert_eq!(codes(&p, 2, &rows[2], Some(&photos[2])), ["DUP-07"]);
        assert_eq!(codes(&p, 3, &rows[3], Some(&photos[3])), ["DUP-08"]);
    }
}
