//! Manifests that could be understood in two ways, or not at all (B10–B14, B22, B23).

use std::collections::BTreeMap;

use card::{Code, Digest};
use serde_json::{Value, json};

use crate::package::make::manifest_json;
use crate::package::manifest::{Channel, Encoding, FileFact, Manifest, RecordsKind, employer_reasons, instant, parse};
use crate::package::testing::{employer, spec};
use crate::package::{PackageLimits, PackageSpec};

fn text_of(spec: &PackageSpec) -> Vec<u8> {
    let fact = |b: &[u8]| FileFact { digest: Digest::of(b), len_bytes: b.len() as u64 };
    manifest_json(spec, &BTreeMap::from([("applications.csv".to_owned(), fact(b"x")), ("photos/1.jpg".to_owned(), fact(b"y"))]))
}

fn good() -> Value {
    let mut spec = spec(1);
    spec.channel = Channel::Employer;
    spec.employer = Some(employer());
    serde_json::from_slice(&text_of(&spec)).expect("JSON")
}

fn read(text: &[u8]) -> Result<Manifest, Vec<Code>> {
    parse(text, &PackageLimits::default()).map_err(|reasons| reasons.into_iter().map(|r| r.code).collect())
}

/// The good manifest with the value at `pointer` replaced.
fn with(pointer: &str, value: Value) -> Vec<u8> {
    let mut manifest = good();
    let (parent, key) = pointer.rsplit_once('/').expect("a pointer");
    let parent = manifest.pointer_mut(parent).expect("a parent");
    match key.parse::<usize>() {
        Ok(at) if parent.is_array() => parent[at] = value,
        _ => parent[key] = value,
    }
    manifest.to_string().into_bytes()
}

fn without(key: &str) -> Vec<u8> {
    let mut manifest = good();
    manifest.as_object_mut().expect("an object").remove(key).expect("a key");
    manifest.to_string().into_bytes()
}

#[test]
fn a_good_manifest_is_understood() {
    let manifest = read(good().to_string().as_bytes()).ok().expect("good");
    assert_eq!((manifest.package_id.as_str(), manifest.outlet.as_str(), manifest.sequence, manifest.count), ("WH01-2025-0001", "WH-01", 1, 1));
    assert_eq!((manifest.channel, manifest.encoding, manifest.records), (Channel::Employer, Encoding::Utf8, RecordsKind::Csv));
    assert_eq!(manifest.submitted_at, 1_748_741_400_000);
    assert!(manifest.employer == Some(employer()));
    assert_eq!(manifest.files["photos/1.jpg"], FileFact { digest: Digest::of(b"y"), len_bytes: 1 });
    assert!(read(&without("profile")).is_ok_and(|m| m.profile.is_none()));
}

#[test]
fn b11_unknown_keys_at_every_level() {
    for pointer in ["/note", "/employer/note", "/employer/staff/0/note", "/files/applications.csv/note"] {
        assert_eq!(read(&with(pointer, json!(1))).err(), Some(vec![Code::Man04]), "{pointer}");
    }
}

#[test]
fn b11_repeated_keys_at_every_level() {
    let text = good().to_string();
    for (once, twice) in [
        ("\"count\":1", "\"count\":1,\"count\":1"),
        ("\"format\":", "\"format\":\"cardline-package/1\",\"format\":"),
        ("\"letter\":", "\"letter\":\"\",\"letter\":"),
        ("\"id_type\":", "\"id_type\":null,\"id_type\":"),
        ("\"bytes\":1", "\"bytes\":1,\"bytes\":1"),
        ("\"photos/1.jpg\":", "\"photos/1.jpg\":{\"bytes\":0,\"sha256\":\"\"},\"photos/1.jpg\":"),
    ] {
        assert!(text.contains(once), "{once}");
        assert_eq!(read(text.replacen(once, twice, 1).as_bytes()).err(), Some(vec![Code::Man04]), "{once}");
    }
}

#[test]
fn b11_wrong_types_and_missing_keys() {
    for (pointer, value) in [
        ("/package_id", json!(7)),
        ("/channel", json!("both")),
        ("/encoding", json!("GBK")),
        ("/records", json!("records.csv")),
        ("/employer", json!("Example Ltd")),
        ("/employer", json!(["91420100000000000X", "Example Ltd", [], ""])),
        ("/employer/staff", json!({"name": "x"})),
        ("/employer/staff/0", json!(["x"])),
        ("/files", json!([])),
        ("/files/applications.csv", json!([1, "x"])),
        ("/files/applications.csv/bytes", json!("1")),
        ("/files/applications.csv/sha256", json!("ABCD")),
    ] {
        assert_eq!(read(&with(pointer, value)).err(), Some(vec![Code::Man04]), "{pointer}");
    }
    for key in ["format", "package_id", "outlet", "sequence", "channel", "submitted_at", "count", "encoding", "records", "files"] {
        assert_eq!(read(&without(key)).err(), Some(vec![Code::Man04]), "{key}");
    }
    for text in ["", "null", "[]", "{}", "{", "\u{feff}{}", "\"cardline-package/1\"", "{\"format\":\"cardline-package/1\"} x"] {
        assert_eq!(read(text.as_bytes()).err(), Some(vec![Code::Man04]), "{text}");
    }
    assert_eq!(read(b"{\"format\":\"\xff\"}").err(), Some(vec![Code::Man04]));
    let array = json!(["cardline-package/1", "a", "WH-01", 1, "individual", "", 1, null, "utf-8", "applications.csv", null, {}]);
    assert_eq!(read(array.to_string().as_bytes()).err(), Some(vec![Code::Man04]));
}

#[test]
fn b12_numbers_out_of_range() {
    let text = good().to_string();
    for bad in ["-1", "1.0", "1e400", "1e2", "NaN", "Infinity", "4294967296", "18446744073709551616", "\"1\"", "null", "true", "01", "0x1"] {
        for key in ["count", "sequence"] {
            let text = text.replacen(&format!("\"{key}\":1"), &format!("\"{key}\":{bad}"), 1);
            let fits = key == "sequence" && bad == "4294967296";
            assert_eq!(read(text.as_bytes()).err(), if fits { None } else { Some(vec![Code::Man04]) }, "{key} {bad}");
        }
    }
    for (pointer, value) in [("/sequence", json!(0)), ("/sequence", json!(1u64 << 53)), ("/count", json!(25_001))] {
        assert_eq!(read(&with(pointer, value)).err(), Some(vec![Code::Man04]), "{pointer}");
    }
}

#[test]
fn b13_nesting_and_size() {
    let deep = format!("{{\"format\":{}1{}}}", "[".repeat(100_000), "]".repeat(100_000));
    assert_eq!(read(deep.as_bytes()).err(), Some(vec![Code::Man05]));
    assert_eq!(read(&b"[".repeat(100_000)).err(), Some(vec![Code::Man05]));
    let at_limit = format!("{{\"x\":{}1{}}}", "[".repeat(31), "]".repeat(31));
    assert_eq!(read(at_limit.as_bytes()).err(), Some(vec![Code::Man04]), "32 levels are parsed");
    let small = PackageLimits { manifest_bytes_max: 100, ..PackageLimits::default() };
    assert_eq!(parse(good().to_string().as_bytes(), &small).err().map(|r| r[0].code), Some(Code::Man05));
}

#[test]
fn b14_other_versions_name_the_supported_one() {
    for version in ["cardline-package/2", "cardline-package/0", "cardline-package/17"] {
        let reasons = parse(&with("/format", json!(version)), &PackageLimits::default()).err().expect("refused");
        assert_eq!((reasons[0].code, reasons[0].limit.as_str()), (Code::Man06, "cardline-package/1"), "{version}");
    }
    let future = br#"{"format":"cardline-package/2","what_comes":{"then":[1]}}"#;
    assert_eq!(read(future).err(), Some(vec![Code::Man06]), "unknown keys of a later version don't hide its number");
    for other in ["cardline-package/", "cardline-package/x", "tar", "cardline-package/1.5"] {
        assert_eq!(read(&with("/format", json!(other))).err(), Some(vec![Code::Man04]), "{other}");
    }
}

#[test]
fn identifiers_and_names_in_their_ranges() {
    for (pointer, value) in [
        ("/package_id", json!("")),
        ("/package_id", json!("../x")),
        ("/package_id", json!("-x")),
        ("/package_id", json!("x".repeat(65))),
        ("/outlet", json!("wh-01")),
        ("/profile", json!("a b")),
        ("/submitted_at", json!("yesterday")),
        ("/employer/name", json!("x\u{0}")),
        ("/employer/letter", json!("x".repeat(201))),
        ("/files/package.json", json!({"sha256": "0".repeat(64), "bytes": 1})),
        ("/files/applications.jsonl", json!({"sha256": "0".repeat(64), "bytes": 1})),
    ] {
        assert_eq!(read(&with(pointer, value)).err(), Some(vec![Code::Man04]), "{pointer}");
    }
    assert_eq!(read(&with("/records", json!("applications.jsonl"))).err().map(|c| c[0]), Some(Code::Man04), "the records file must be listed");
    let two = String::from_utf8(with("/outlet", json!("x"))).expect("text").replacen("\"sequence\":1", "\"sequence\":0", 1);
    assert_eq!(read(two.as_bytes()).err(), Some(vec![Code::Man04, Code::Man04]), "all that is wrong is said");
}

#[test]
fn json_lines_are_utf8() {
    let mut spec = spec(1);
    spec.encoding = Encoding::Gb18030;
    assert!(read(&text_of(&spec)).is_ok());
    spec.records = RecordsKind::Jsonl;
    assert_eq!(read(&text_of(&spec)).err().map(|c| c[0]), Some(Code::Man04));
}

#[test]
fn times_are_rfc_3339() {
    assert_eq!(instant("1970-01-01T00:00:01Z"), Some(1000));
    assert_eq!(instant("1970-01-01T08:00:00.5+08:00"), Some(500));
    for bad in [
        "2025-06-01",
        "2025-06-01 09:30:00Z",
        "2025-06-01T09:30:00",
        "2025-02-30T00:00:00Z",
        "2025-06-01T09:30:00+0800",
        "2025-06-01T09:30:00+08:00[Asia/Shanghai]",
        "1748741400",
    ] {
        assert_eq!(instant(bad), None, "{bad}");
    }
}

#[test]
fn b22_employer_packages_need_staff_letter_and_a_good_code() {
    let codes = |text: Vec<u8>| employer_reasons(&read(&text).ok().expect("understood")).into_iter().map(|r| r.code).collect::<Vec<_>>();
    assert_eq!(codes(good().to_string().into_bytes()), []);
    assert_eq!(codes(without("employer")), [Code::Emp01]);
    assert_eq!(codes(with("/employer/staff", json!([]))), [Code::Emp01]);
    assert_eq!(codes(with("/employer/staff/0/name", json!(" "))), [Code::Emp01]);
    assert_eq!(codes(with("/employer/letter", json!(""))), [Code::Emp01]);
    assert_eq!(codes(with("/employer/code", json!("91420100000000000A"))), [Code::Emp04]);
    assert_eq!(codes(with("/employer/code", json!("9142"))), [Code::Emp04]);
    let mut bare = good();
    for key in ["staff", "letter"] {
        bare["employer"].as_object_mut().expect("an object").remove(key);
    }
    assert_eq!(codes(bare.to_string().into_bytes()), [Code::Emp01, Code::Emp01]);
}

#[test]
fn b23_an_employer_belongs_to_the_employer_channel() {
    assert_eq!(read(&with("/channel", json!("individual"))).err(), Some(vec![Code::Man04]));
}
