//! `package check` says everything at once.

use std::collections::BTreeMap;
use std::io::Cursor;

use card::{Code, Profile};

use crate::package::make::{make, write_csv};
use crate::package::testing::{archive, key, outlet, package, photos, records, row, spec};
use crate::package::{ArchiveKind, Checks, Encoding, OutletKey, PackageLimits, PackageSpec, check};

fn findings(bytes: &[u8]) -> Vec<(String, Code)> {
    let day = jiff::civil::date(2025, 6, 1);
    let profile = Profile::built_in("hubei-foreigner-2025", day).expect("built in").without_faces();
    let public_key = key().public_key();
    let key_of = move |_| Some(OutletKey { outlet: outlet(), public_key: public_key.clone(), in_force: true });
    let checks = Checks { limits: &PackageLimits::default(), day, profile: &profile, networks: &photo::nets::Absent, key_of: Some(&key_of) };
    let found = check(archive(ArchiveKind::Zip, bytes), &checks).expect("in memory");
    found.into_iter().map(|f| (f.place, f.reason.code)).collect()
}

fn made(spec: &PackageSpec, photos: &mut BTreeMap<String, Vec<u8>>, records: &[u8], signed: bool) -> Vec<u8> {
    let mut out = Cursor::new(Vec::new());
    assert!(make(spec, photos, records, signed.then(key).as_ref(), ArchiveKind::Zip, &mut out).is_ok());
    out.into_inner()
}

fn codes_at(found: &[(String, Code)], place: &str) -> Vec<Code> {
    found.iter().filter(|(p, _)| p == place).map(|(_, code)| *code).collect()
}

#[test]
fn rows_photos_manifest_and_signature_are_all_checked() {
    let mut rows = vec![row(1), row(2), row(3)];
    rows[1].set("birth_date", "1990-02-30");
    rows[2].set("application_id", "WH01-00001");
    let records = write_csv(&rows, Encoding::Utf8, false).expect("in memory");
    let mut photos = photos(3);
    photos.remove("photos/2.jpg");
    let found = findings(&made(&spec(2), &mut photos, &records, false));
    assert_eq!(codes_at(&found, "package.json.minisig"), [Code::Sig01]);
    assert_eq!(codes_at(&found, "applications.csv"), [Code::Man03]);
    let second = codes_at(&found, "applications.csv line 3 WH01-00002");
    assert!(second.contains(&Code::Rec11) && second.contains(&Code::Pho25), "{second:?}");
    assert!(codes_at(&found, "applications.csv line 4 WH01-00001").contains(&Code::Dup08));
    assert!(codes_at(&found, "photos/1.jpg").contains(&Code::Pho02), "noise is no JPEG");
}

#[test]
fn a_good_signature_and_files_are_not_complained_about() {
    let found = findings(&package(ArchiveKind::Zip, 2));
    let about_package = |code: &Code| ["PKG", "SIG", "MAN", "EMP"].iter().any(|family| code.text().starts_with(family));
    assert!(!found.iter().any(|(_, code)| about_package(code)), "{found:?}");
}

#[test]
fn a_broken_container_does_not_hide_a_broken_manifest() {
    let mut wrong = spec(1);
    wrong.channel = crate::package::Channel::Individual;
    let good = made(&wrong, &mut photos(1), &records(1), true);
    let text = String::from_utf8_lossy(&good).into_owned();
    assert!(text.starts_with("PK"));
    // A byte of the photo (stored, so its check sum no longer fits), and nothing else.
    let at = good.windows(12).position(|w| w == b"photos/1.jpg").expect("the photo's header") + 40;
    let mut bytes = good;
    bytes[at] ^= 1;
    let found = findings(&bytes);
    assert_eq!(found[0].1, Code::Pkg03);
    assert!(found.iter().any(|(place, _)| place.starts_with("applications.csv line 2")), "rows before the damage are still judged: {found:?}");
}
