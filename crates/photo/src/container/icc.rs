//! Whether an embedded ICC profile is sRGB. Decided by what the profile does, not by its name (compact sRGB profiles are
//! named anything): RGB space, primaries within a small distance of sRGB's, a tone curve near gamma 2.2. Everything else is
//! refused rather than converted: the outlet's program can export sRGB, and then what it saw is what is printed.

use super::layout::Layout;
use super::marker;

const ICC_HEAD: &[u8] = b"ICC_PROFILE\0";
/// sRGB's primaries, adapted to D50, as s15Fixed16 (IEC 61966-2-1; red, green, blue by X, Y, Z).
const SRGB: [(&[u8; 4], [i32; 3]); 3] = [(b"rXYZ", [28_574, 14_582, 911]), (b"gXYZ", [25_238, 46_983, 6_364]), (b"bXYZ", [9_378, 3_972, 46_799])];
/// 0.03: lets un-adapted sRGB primaries pass (0.024 away), keeps Display P3 (0.079) and Adobe RGB (0.17) out.
const PRIMARY_DISTANCE_MAX: i32 = 1_966;
const TAGS_MAX: usize = 100;

/// `None` if there is no profile or it is sRGB; otherwise what is wrong with it.
pub(crate) fn unusual(layout: &Layout<'_>) -> Option<&'static str> {
    let chunks: Vec<&[u8]> = layout.all(marker::APP2).filter_map(|s| s.payload.strip_prefix(ICC_HEAD)).collect();
    if chunks.is_empty() {
        return None;
    }
    match assemble(&chunks) {
        None => Some("ICC profile incomplete"),
        Some(profile) => judge(&profile),
    }
}

/// Chunks carry their place (from 1) and the count.
fn assemble(chunks: &[&[u8]]) -> Option<Vec<u8>> {
    let mut profile = Vec::new();
    for place in 1..=chunks.len() {
        let mut found = chunks.iter().filter(|c| c.len() >= 2 && usize::from(c[0]) == place && usize::from(c[1]) == chunks.len());
        profile.extend_from_slice(&found.next()?[2..]);
    }
    Some(profile)
}

fn judge(profile: &[u8]) -> Option<&'static str> {
    if profile.get(36..40) != Some(b"acsp") {
        return Some("ICC profile unreadable");
    }
    if profile.get(16..20) != Some(b"RGB ") {
        return Some("ICC profile not RGB");
    }
    for (tag, expected) in SRGB {
        match primary(profile, tag) {
            None => return Some("ICC profile without primaries"),
            Some(xyz) if xyz.iter().zip(expected).any(|(a, b)| (i64::from(*a) - i64::from(b)).abs() > i64::from(PRIMARY_DISTANCE_MAX)) => {
                return Some("ICC primaries not sRGB's");
            }
            Some(_) => {}
        }
    }
    let curves_near = [b"rTRC", b"gTRC", b"bTRC"].into_iter().all(|tag| tag_data(profile, tag).is_some_and(|d| curve_near_srgb(d).unwrap_or(false)));
    if curves_near { None } else { Some("ICC tone curve not sRGB's") }
}

fn tag_data<'a>(profile: &'a [u8], tag: &[u8; 4]) -> Option<&'a [u8]> {
    let count = (u32_at(profile, 128)? as usize).min(TAGS_MAX);
    let entry = (0..count).map(|i| 132 + i * 12).find(|at| profile.get(*at..at + 4) == Some(tag))?;
    let (from, size) = (u32_at(profile, entry + 4)? as usize, u32_at(profile, entry + 8)? as usize);
    profile.get(from..from.checked_add(size)?)
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk::<4>().map(|c| u32::from_be_bytes(*c))
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk::<2>().map(|c| u32::from(u16::from_be_bytes(*c)))
}

fn primary(profile: &[u8], tag: &[u8; 4]) -> Option<[i32; 3]> {
    let data = tag_data(profile, tag).filter(|d| d.starts_with(b"XYZ "))?;
    Some([u32_at(data, 8)? as i32, u32_at(data, 12)? as i32, u32_at(data, 16)? as i32])
}

/// A plain gamma of 2.0 to 2.4, a table whose middle lies between 0.18 and 0.25 (sRGB: 0.214), or a formula with an exponent
/// of 2.0 to 2.6 (sRGB: 2.4).
fn curve_near_srgb(data: &[u8]) -> Option<bool> {
    match data.get(..4)? {
        b"curv" => match u32_at(data, 8)? as usize {
            0 => Some(false),
            1 => Some((512..=614).contains(&u16_at(data, 12)?)),
            entries => Some((11_796..=16_384).contains(&u16_at(data, (entries.min(65_536) - 1) / 2 * 2 + 12)?)),
        },
        b"para" => Some((131_072..=170_394).contains(&u32_at(data, 12)?)),
        _ => Some(false),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::forge::{DISPLAY_P3, icc_profile, srgb_primaries};

    #[test]
    fn srgb_passes_and_wider_spaces_do_not() {
        assert_eq!(judge(&icc_profile(srgb_primaries(), 563)), None);
        assert_eq!(judge(&icc_profile(DISPLAY_P3, 563)), Some("ICC primaries not sRGB's"));
        assert_eq!(judge(&icc_profile(srgb_primaries(), 256)), Some("ICC tone curve not sRGB's"));
        assert_eq!(judge(b"nothing"), Some("ICC profile unreadable"));
    }

    #[test]
    fn no_cut_profile_passes_or_panics() {
        let whole = icc_profile(srgb_primaries(), 563);
        for cut in 0..whole.len() {
            assert!(judge(&whole[..cut]).is_some(), "cut at {cut}");
        }
    }

    #[test]
    fn chunks_are_put_in_order_and_none_may_lack() {
        assert_eq!(assemble(&[&[2, 2, b'b'], &[1, 2, b'a']]), Some(b"ab".to_vec()));
        assert_eq!(assemble(&[&[1, 2, b'a']]), None);
        assert_eq!(assemble(&[&[1, 2, b'a'], &[1, 2, b'a']]), None);
    }
}
