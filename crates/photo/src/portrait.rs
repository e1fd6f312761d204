//! The small portrait for the chip: a validated photo, resized and written anew as a baseline JPEG without metadata that has room in
//! its file. The same photo and rules give the same bytes on every machine.

use std::fmt;

use card::profile::chip::ChipPortrait;
use card::profile::photo::PhotoRules;
use jpeg_encoder::{ColorType, Encoder, SamplingFactor};

use crate::decode::decode;
use crate::refusal::Refusal;
use crate::rgb::Rgb;
use crate::thumbnail::thumbnail;

/// From one quality that is tried to the next.
const QUALITY_STEP: u8 = 5;

/// Why there is no portrait. Holds numbers only.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum PortraitFault {
    /// The photo isn't one the profile lets in.
    Photo(Refusal),
    /// Even at the profile's least quality.
    TooLarge { bytes: usize, bytes_max: usize, quality: u8 },
    /// The rules are none: a side of 0 or over 65,535 pixels.
    Rules,
}

impl fmt::Display for PortraitFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Photo(refusal) => write!(f, "{refusal}"),
            Self::TooLarge { bytes, bytes_max, quality } => write!(f, "{bytes} bytes at quality {quality}, at most {bytes_max}"),
            Self::Rules => f.write_str("no size a JPEG can have"),
        }
    }
}

impl std::error::Error for PortraitFault {}

/// The portrait of a validated photo, at the best quality between the rules' two at which it fits.
///
/// # Errors
/// The photo can't be decoded, or the portrait doesn't fit at any quality the rules allow.
pub fn portrait(jpeg: &[u8], photo: &PhotoRules, rules: &ChipPortrait) -> Result<Vec<u8>, PortraitFault> {
    let small = thumbnail(&decode(jpeg, photo).map_err(PortraitFault::Photo)?, rules.width_px, rules.height_px);
    let mut quality = rules.quality_max;
    loop {
        let bytes = written(&small, quality).ok_or(PortraitFault::Rules)?;
        if bytes.len() <= rules.bytes_max {
            return Ok(bytes);
        }
        if quality <= rules.quality_min {
            return Err(PortraitFault::TooLarge { bytes: bytes.len(), bytes_max: rules.bytes_max, quality });
        }
        quality = quality.saturating_sub(QUALITY_STEP).max(rules.quality_min);
    }
}

/// Halved colour in one scan, with the standard's own tables: what every reader can show. (Tables of the picture's own would save a tenth, but
/// this encoder then writes a scan for each colour, which strict decoders refuse.)
fn written(picture: &Rgb, quality: u8) -> Option<Vec<u8>> {
    let (width, height) = (u16::try_from(picture.width()).ok()?, u16::try_from(picture.height()).ok()?);
    let mut out = Vec::new();
    let mut encoder = Encoder::new(&mut out, quality);
    encoder.set_sampling_factor(SamplingFactor::F_2_2);
    encoder.encode(picture.bytes(), width, height, ColorType::Rgb).ok()?;
    Some(out)
}

#[cfg(test)]
mod tests {
    use card::profile::{CHIP_PORTRAIT, HUBEI_FOREIGNER_2025};
    use card::{Code, Digest, Profile};

    use super::*;
    use crate::container::layout::Layout;
    use crate::container::marker;
    use crate::forge::profile;
    use crate::sample::{self, Coding, HEIGHT, WIDTH};

    fn rules() -> ChipPortrait {
        let profile = Profile::parse(&format!("{HUBEI_FOREIGNER_2025}{CHIP_PORTRAIT}"), jiff::civil::date(2025, 6, 1));
        profile.ok().and_then(|p| p.chip.portrait).expect("the profile's own part")
    }

    fn photo(seed: u32) -> Vec<u8> {
        sample::portrait(seed).jpeg(Coding::default())
    }

    fn made(seed: u32, rules: &ChipPortrait) -> Vec<u8> {
        portrait(&photo(seed), &profile().photo, rules).unwrap()
    }

    #[test]
    fn every_portrait_fits_and_is_a_bare_baseline_jpeg() {
        for seed in 0..4 {
            let jpeg = made(seed, &rules());
            assert!(jpeg.len() <= 4_096, "{}", jpeg.len());
            let layout = Layout::read(&jpeg, 64);
            assert!(layout.broken.is_none());
            let markers: Vec<u8> = layout.segments.iter().map(|s| s.marker).collect();
            assert!(markers.contains(&0xC0) && !markers.iter().any(|m| (0xC1..=0xCF).contains(m) && !matches!(m, 0xC4 | 0xC8 | 0xCC)), "{markers:X?}");
            assert!(markers.iter().all(|m| *m == marker::APP0 || !marker::is_metadata(*m)), "{markers:X?}");
        }
    }

    /// As a strict decoder sees it: the right size, and the colours of the thumbnail within what such a quality costs.
    #[test]
    fn it_shows_the_photo() {
        let small_rules = PhotoRules { width_px: 102, height_px: 126, ..profile().photo };
        for seed in 0..4 {
            let shown = crate::decode::strictly(&made(seed, &rules()), &small_rules).unwrap();
            let wanted = thumbnail(&decode(&photo(seed), &profile().photo).unwrap(), 102, 126);
            let difference: u64 = shown.bytes().iter().zip(wanted.bytes()).map(|(a, b)| u64::from(a.abs_diff(*b))).sum();
            assert!(difference / (102 * 126 * 3) < 4, "seed {seed}: {} a channel", difference / (102 * 126 * 3));
        }
    }

    #[test]
    fn quality_gives_way_until_it_fits_and_no_further() {
        let full = written(&thumbnail(&decode(&photo(1), &profile().photo).unwrap(), 102, 126), 85).unwrap().len();
        assert_eq!(made(1, &ChipPortrait { bytes_max: full, ..rules() }).len(), full, "at the first quality if that fits");
        let smaller = made(1, &ChipPortrait { bytes_max: full - 1, ..rules() }).len();
        assert!(smaller < full);
        let least = ChipPortrait { bytes_max: 700, ..rules() };
        let fault = portrait(&photo(1), &profile().photo, &least).err().unwrap();
        assert!(matches!(fault, PortraitFault::TooLarge { bytes: 701.., bytes_max: 700, quality: 35 }), "{fault}");
        let fault = portrait(&photo(1), &profile().photo, &ChipPortrait { quality_min: 84, bytes_max: 700, ..rules() }).err().unwrap();
        assert!(matches!(fault, PortraitFault::TooLarge { quality: 84, .. }), "the last step is shorter: {fault}");
    }

    /// Pinned: a library or machine that writes other bytes fails here.
    #[test]
    fn the_same_bytes_everywhere() {
        assert_eq!(made(1, &rules()), made(1, &rules()));
        assert_eq!(Digest::of(&made(1, &rules())).to_string(), "633290d67ac0047fda480078bc5cb1ab08ce834cd77873d8b3b88390c98ce281");
    }

    #[test]
    fn what_was_never_validated_has_no_portrait() {
        let photo_rules = profile().photo;
        let wrong = |jpeg: &[u8]| match portrait(jpeg, &photo_rules, &rules()) {
            Err(PortraitFault::Photo(refusal)) => refusal.code,
            _ => panic!("refused as a photo"),
        };
        assert_eq!(wrong(b"GIF89a"), Code::Pho02);
        let half: Vec<u8> = sample::encode(&sample::portrait(1).0[..WIDTH * (HEIGHT - 1) * 3], (WIDTH, HEIGHT - 1), ColorType::Rgb, Coding::default());
        assert_eq!(wrong(&half), Code::Pho05);
        let huge = ChipPortrait { width_px: 70_000, height_px: 1, ..rules() };
        assert_eq!(portrait(&photo(1), &photo_rules, &huge), Err(PortraitFault::Rules));
    }
}
