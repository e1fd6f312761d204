//! The machine-readable zone: what reads as one reads as the same one again, in both of its usual layouts, agrees with its own number,
//! and comparing never fails, whatever an application claims beside it.
#![no_main]

use card::mrz::{self, Claimed};
use libfuzzer_sys::fuzz_target;

const NAME_CHARS_MAX: usize = 120;

fuzz_target!(|data: &[u8]| {
    let text = String::from_utf8_lossy(data);
    let (zone, claimed) = text.split_once('\0').unwrap_or((&text, ""));
    // The parser compares no name longer than its field may be.
    let claimed: &str = &claimed.chars().take(NAME_CHARS_MAX).collect::<String>();
    let Ok(lines) = mrz::read(zone) else { return };
    assert!(lines.iter().all(|line| line.len() == 44 && line.is_ascii()));
    for separator in ["\n", "|", ""] {
        assert!(mrz::read(&lines.join(separator)).ok().as_ref() == Some(&lines));
    }
    let own = mrz::number(&lines).to_owned();
    let all = Claimed { name: Some(claimed), document_number: Some(claimed), nationality: Some(claimed), ..Claimed::default() };
    assert!(mrz::differing(&lines, &all).len() <= 3);
    assert!(!own.contains('<') || own.trim_end_matches('<') == own);
    assert!(mrz::differing(&lines, &Claimed::default()).is_empty());
    assert_eq!(mrz::confusable(claimed, &own), mrz::confusable(&own, claimed));
});
