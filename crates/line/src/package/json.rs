//! Strict JSON: nesting is counted before anything is parsed, objects are objects, and what an error says names only our own keys.

use std::fmt;
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};

/// Deepest nesting of brackets outside strings. Never recurses; malformed text gives some depth, and the parser refuses it later.
pub(crate) fn depth(text: &[u8]) -> usize {
    let (mut depth, mut deepest, mut in_string, mut escaped) = (0usize, 0, false, false);
    for byte in text {
        match (in_string, byte) {
            (true, _) if escaped => escaped = false,
            (true, b'\\') => escaped = true,
            (_, b'"') => in_string = !in_string,
            (false, b'{' | b'[') => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            (false, b'}' | b']') => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

/// A struct that may only be written as an object: derived structs would also take an array of their fields.
pub(crate) struct Object<T>(pub(crate) T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OnlyMap<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for OnlyMap<T> {
            type Value = Object<T>;
            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map)).map(Object)
            }
        }
        deserializer.deserialize_map(OnlyMap(PhantomData))
    }
}

/// What a parse error may say outside: our own field names and expectations and the place, never text of the input.
pub(crate) fn safe_error(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let at = format!("line {} column {}", error.line(), error.column());
    let ours = |prefix: &str| text.strip_prefix(prefix).and_then(|rest| rest.split('`').next()).map(str::to_owned);
    let what = if let Some(field) = ours("missing field `") {
        format!("missing key {field}")
    } else if let Some(field) = ours("duplicate field `") {
        format!("key {field} twice")
    } else if text.starts_with("unknown field") {
        "an unknown key".to_owned()
    } else if let Some((_, expected)) = text.rsplit_once(", expected ").filter(|_| text.starts_with("invalid ") || text.starts_with("unknown variant")) {
        format!("wrong type or value, expected {}", expected.split(" at line ").next().unwrap_or(""))
    } else if error.is_eof() {
        "ends too early".to_owned()
    } else if text.starts_with("a file listed twice") {
        "a file listed twice".to_owned()
    } else if text.starts_with("trailing characters") {
        "text after the end".to_owned()
    } else if text.starts_with("number out of range") {
        "a number out of range".to_owned()
    } else {
        "not JSON".to_owned()
    };
    format!("{what}, {at}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn depth_counts_brackets_outside_strings() {
        assert_eq!(depth(br#"{"a":[1,{"b":"[[[[\"[["}]}"#), 3);
        assert_eq!(depth(&b"[".repeat(100_000)), 100_000);
        assert_eq!(depth(b"]]]][["), 2);
    }

    #[test]
    fn errors_quote_nothing_of_the_input() {
        #[derive(serde::Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Small {
            #[allow(dead_code)]
            count: u64,
        }
        for bad in [
            r#"{"count":"MUSTERMANN"}"#,
            r#"{"count":"x, expected MUSTERMANN"}"#,
            r#"{"MUSTERMANN":1}"#,
            r#"{"count":1,"count":1}"#,
            r#"{"count":MUSTERMANN}"#,
            "{",
            r#"["MUSTERMANN"]"#,
        ] {
            let error = serde_json::from_str::<Object<Small>>(bad).err().unwrap();
            let said = safe_error(&error);
            assert!(!said.contains("MUSTER") && said.contains("line 1"), "{said}");
        }
    }
}
