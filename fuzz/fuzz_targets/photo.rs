//! A photo as anybody may send it: container, coded data, pixels, by the built-in profile. Any panic counts, also one that `examine` would
//! catch (PHO-99). What is stripped strips to itself, and what may be printed decodes to the size the profile wants.
#![no_main]

use std::sync::LazyLock;

use card::Profile;
use jiff::civil::date;
use libfuzzer_sys::fuzz_target;

static PROFILE: LazyLock<Profile> = LazyLock::new(|| Profile::built_in("hubei-foreigner-2025", date(2026, 11, 22)).expect("a profile"));

fuzz_target!(|data: &[u8]| {
    let examination = photo::examine(data, &PROFILE);
    if let Ok(stripped) = photo::strip(data) {
        let again = photo::strip(&stripped).ok().expect("what was stripped is a JPEG");
        assert!(again == stripped, "stripping twice changes something");
        assert!(stripped.len() <= data.len() + 64, "stripping adds nothing but short headers");
    }
    if let Some(pixels) = &examination.pixels {
        assert!(examination.stripped.is_some());
        assert!(pixels.width() > 0 && pixels.height() > 0);
    }
});
