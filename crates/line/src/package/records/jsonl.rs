//! `applications.jsonl`: one JSON object a line, UTF-8. Every value is a string; `religious_headgear` may be a boolean,
//! `mrz` an array of two strings, and what doesn't apply may be `null` or left out.

use std::fmt;
use std::io::{self, BufRead};

use card::application::FIELDS;
use card::{Code, RawApplication, Reason};
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::{MRZ_SEPARATOR, REQUIRED_COLUMNS, Split, rec32, too_long};
use crate::package::json::{depth, safe_error};
use crate::package::limits::PackageLimits;

/// An object and the array of `mrz` in it.
const DEPTH_MAX: usize = 2;

pub(super) struct JsonRows<R> {
    reader: R,
    line: Vec<u8>,
    line_bytes_max: usize,
    line_number: u64,
    foreign: Option<Reason>,
}

impl<R: BufRead> JsonRows<R> {
    pub(super) fn new(reader: R, limits: &PackageLimits, foreign: Option<Reason>) -> Self {
        Self { reader, line: Vec::new(), line_bytes_max: limits.row_bytes_max, line_number: 0, foreign }
    }

    pub(super) fn next_row(&mut self) -> io::Result<Option<Split>> {
        loop {
            let Some(whole) = self.read_line()? else { return Ok(None) };
            self.line_number += 1;
            if whole && self.line.trim_ascii().is_empty() {
                continue;
            }
            let mut split = if whole { read_object(&self.line, self.line_number) } else { Split::unreadable(self.line_number, too_long(self.line_bytes_max)) };
            split.reasons.extend(self.foreign.clone());
            return Ok(Some(split));
        }
    }

    /// Reads one line into `line`; `false` if it was longer than allowed (the rest of it is skipped).
    fn read_line(&mut self) -> io::Result<Option<bool>> {
        self.line.clear();
        let (mut any, mut whole) = (false, true);
        loop {
            let input = self.reader.fill_buf()?;
            if input.is_empty() {
                return Ok(any.then_some(whole));
            }
            any = true;
            let end = input.iter().position(|b| *b == b'\n');
            let taken = end.map_or(input.len(), |at| at + 1);
            whole &= self.line.len() + taken <= self.line_bytes_max;
            if whole {
                self.line.extend_from_slice(&input[..taken]);
            }
            self.reader.consume(taken);
            if end.is_some() {
                return Ok(Some(whole));
            }
        }
    }
}

fn read_object(line: &[u8], number: u64) -> Split {
    let Ok(text) = std::str::from_utf8(line) else {
        return Split::unreadable(number, Reason::new(Code::Rec01, "the line", "utf-8"));
    };
    let deep = depth(line);
    if deep > DEPTH_MAX {
        return Split::unreadable(number, rec32(format!("{deep} levels of brackets")));
    }
    let mut object = Fields { raw: RawApplication::empty(), seen: [false; FIELDS.len()], reasons: Vec::new() };
    let mut parser = serde_json::Deserializer::from_str(text);
    let read = parser.deserialize_map(&mut object).and_then(|()| parser.end());
    if let Err(error) = read {
        return Split::unreadable(number, rec32(safe_error(&error)));
    }
    object.check_missing();
    Split { line: number, raw: object.raw, reasons: object.reasons }
}

struct Fields {
    raw: RawApplication,
    seen: [bool; FIELDS.len()],
    reasons: Vec<Reason>,
}

impl Fields {
    fn check_missing(&mut self) {
        let absent = |name: &&str| FIELDS.iter().zip(self.seen).any(|(f, seen)| f == name && !seen);
        let missing: Vec<&str> = REQUIRED_COLUMNS.into_iter().filter(absent).collect();
        if !missing.is_empty() {
            self.reasons.push(rec32(format!("missing: {}", missing.join(" "))));
        }
    }

    fn take(&mut self, at: usize, value: Value) {
        if std::mem::replace(&mut self.seen[at], true) {
            self.reasons.push(rec32(format!("key {} twice", FIELDS[at])));
        }
        match (value, FIELDS[at]) {
            (Value::Text(text), _) => self.raw.values[at] = text,
            (Value::Null, _) => {}
            (Value::Bool(on), "religious_headgear") => self.raw.values[at] = on.to_string(),
            (Value::Lines(lines), "mrz") => self.raw.values[at] = lines.join(MRZ_SEPARATOR.encode_utf8(&mut [0; 4])),
            (_, field) => self.reasons.push(rec32(format!("{field}: not a text"))),
        }
    }
}

impl<'de> Visitor<'de> for &mut Fields {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut key_number = 0;
        while let Some(key) = map.next_key::<String>()? {
            key_number += 1;
            match FIELDS.iter().position(|f| *f == key) {
                Some(at) => {
                    let value = map.next_value_seed(AnyValue)?;
                    self.take(at, value);
                }
                None => {
                    map.next_value::<IgnoredAny>()?;
                    self.reasons.push(rec32(format!("key {key_number} is unknown")));
                }
            }
        }
        Ok(())
    }
}

/// What a value can be; `Other` is refused.
enum Value {
    Text(String),
    Bool(bool),
    Lines(Vec<String>),
    Null,
    Other,
}

struct AnyValue;

impl<'de> DeserializeSeed<'de> for AnyValue {
    type Value = Value;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for AnyValue {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("a text")
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(Value::Text(text.to_owned()))
    }

    fn visit_string<E>(self, text: String) -> Result<Value, E> {
        Ok(Value::Text(text))
    }

    fn visit_bool<E>(self, on: bool) -> Result<Value, E> {
        Ok(Value::Bool(on))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Value, E> {
        Ok(Value::Other)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Value, E> {
        Ok(Value::Other)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Value, E> {
        Ok(Value::Other)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut lines = Vec::new();
        let mut only_texts = true;
        while let Some(value) = seq.next_element_seed(AnyValue)? {
            match value {
                Value::Text(text) => lines.push(text),
                _ => only_texts = false,
            }
        }
        Ok(if only_texts && lines.len() == 2 { Value::Lines(lines) } else { Value::Other })
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Value::Other)
    }
}
