//! Files and manifest that disagree (A02, A15, A16, A24, B08–B10).

use card::{Code, Digest};

use crate::package::manifest::parse;
use crate::package::testing::{archive, package, unpacked};
use crate::package::{ArchiveKind, Manifest, PackageLimits, UnpackedFile, count_reason, judge_files};

fn good(count: usize) -> (Manifest, Vec<UnpackedFile>) {
    let (files, kept) = unpacked(archive(ArchiveKind::Tar, &package(ArchiveKind::Tar, count))).ok().expect("good");
    (parse(kept.get("package.json"), &PackageLimits::default()).ok().expect("good"), files)
}

fn file<'a>(files: &'a mut [UnpackedFile], name: &str) -> &'a mut UnpackedFile {
    files.iter_mut().find(|f| f.name == name).expect("a file of this name")
}

fn codes(manifest: &Manifest, files: &[UnpackedFile]) -> Vec<Code> {
    judge_files(manifest, files).set_aside.into_iter().map(|r| r.code).collect()
}

#[test]
fn a_good_package_has_nothing_against_it() {
    let (manifest, files) = good(3);
    let judged = judge_files(&manifest, &files);
    assert!(judged.set_aside.is_empty() && judged.notes.is_empty() && judged.photos_differing.is_empty());
    assert_eq!(count_reason(&manifest, 3), None);
}

#[test]
fn a02_a_file_of_another_length() {
    let (manifest, mut files) = good(3);
    file(&mut files, "photos/2.jpg").len_bytes -= 1;
    file(&mut files, "applications.csv").len_bytes += 1;
    assert_eq!(codes(&manifest, &files), [Code::Pkg02]);
    let judged = judge_files(&manifest, &files);
    assert!(judged.set_aside[0].value.starts_with("2 files"), "{}", judged.set_aside[0].value);
    assert!(!judged.set_aside[0].value.contains(".jpg"), "no file names in reasons");
}

#[test]
fn a15_a16_files_listed_and_there() {
    let (manifest, mut files) = good(3);
    file(&mut files, "photos/2.jpg").name = "photos/9.jpg".to_owned();
    assert_eq!(codes(&manifest, &files), [Code::Pkg11, Code::Pkg12]);
    files.retain(|f| f.name != "photos/9.jpg" && f.name != "applications.csv");
    assert_eq!(codes(&manifest, &files), [Code::Pkg12]);
}

#[test]
fn a24_an_empty_package_is_noted() {
    let (manifest, files) = good(0);
    let judged = judge_files(&manifest, &files);
    assert!(judged.set_aside.is_empty());
    assert_eq!(judged.notes.iter().map(|r| r.code).collect::<Vec<_>>(), [Code::Pkg17]);
    assert_eq!(count_reason(&manifest, 0), None);
}

#[test]
fn b08_few_photos_that_differ_cost_their_applications_only() {
    let (manifest, mut files) = good(4);
    for i in 1..=4 {
        file(&mut files, &format!("photos/{i}.jpg")).digest = Digest::of(b"other");
    }
    let judged = judge_files(&manifest, &files);
    assert!(judged.set_aside.is_empty(), "4 are fewer than 5");
    assert_eq!(judged.photo_reason("photos/3.jpg").map(|r| r.code), Some(Code::Man01));
    assert_eq!(judged.photo_reason("photos/5.jpg"), None);
}

#[test]
fn b08_more_than_one_in_a_hundred_and_at_least_five_quarantine() {
    for (count, differing, quarantined) in [(5, 5, true), (499, 5, true), (500, 5, false), (500, 6, true), (300, 4, false)] {
        let (manifest, mut files) = good(count);
        for i in 1..=differing {
            file(&mut files, &format!("photos/{i}.jpg")).digest = Digest::of(b"other");
        }
        let expected: &[Code] = if quarantined { &[Code::Man07] } else { &[] };
        assert_eq!(codes(&manifest, &files), expected, "{differing} of {count}");
    }
}

#[test]
fn b09_records_that_are_not_the_ones_signed() {
    let (manifest, mut files) = good(3);
    file(&mut files, "applications.csv").digest = Digest::of(b"other");
    assert_eq!(codes(&manifest, &files), [Code::Man02]);
}

#[test]
fn b10_the_count_is_the_number_of_rows() {
    let (manifest, _) = good(3);
    assert_eq!(count_reason(&manifest, 2).map(|r| (r.code, r.value)), Some((Code::Man03, "2 records".to_owned())));
    assert_eq!(count_reason(&manifest, 4).map(|r| (r.code, r.value)), Some((Code::Man03, "at least 4 records".to_owned())));
}
