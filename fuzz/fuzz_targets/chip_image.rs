//! A chip image in JSON, as `cardline chip show` and `verify` take it from anybody. What is understood is shown without control characters,
//! gives the same files when it is shown and read again, and is checked without a panic; the fields of files that are a profile's are text.
#![no_main]

use std::sync::LazyLock;

use card::Profile;
use card::profile::{CHIP_PERMIT, HUBEI_FOREIGNER_2025};
use chip::Sm2Secret;
use chip::permit::{IssuerKey, SoftwareSigner};
use chip::show::ShownImage;
use libfuzzer_sys::fuzz_target;

static PROFILE: LazyLock<Profile> = LazyLock::new(|| {
    let day = jiff::civil::date(2025, 6, 1);
    Profile::parse(&format!("{HUBEI_FOREIGNER_2025}{CHIP_PERMIT}"), day).unwrap_or_else(|why| panic!("{why}"))
});
static KEY: LazyLock<IssuerKey> = LazyLock::new(|| SoftwareSigner::new(&Sm2Secret::take(&mut [7; 32]), "K").expect("a key").issuer_key());

fuzz_target!(|data: &[u8]| {
    let Ok(image) = ShownImage::from_json(data) else { return };
    assert!(image.to_string().chars().all(|c| c == '\n' || !c.is_control()), "a control character on a terminal");
    let Ok(files) = image.files() else { return };
    let layout = &PROFILE.chip;
    let shown = ShownImage::of(&files, layout, image.card.clone()).expect("a layout that was checked");
    let again = ShownImage::from_json(shown.to_json().as_bytes()).unwrap_or_else(|why| panic!("our own writer's: {why}"));
    let same = again.files().unwrap_or_else(|why| panic!("our own writer's: {why}"));
    assert!(again == shown && same == files, "other files");
    let _ = chip::decode(&files, layout);
    let _ = chip::permit::verify(&files, layout, &KEY);
});
