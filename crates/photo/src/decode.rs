//! Decoding, behind a look at the header: the size must be the profile's before the decoder sees a byte.

use card::profile::photo::PhotoRules;
use zune_core::bytestream::ZCursor;
use zune_core::colorspace::ColorSpace;
use zune_core::options::DecoderOptions;
use zune_jpeg::JpegDecoder;

use crate::container::layout::Layout;
use crate::container::rules;
use crate::refusal::Refusal;
use crate::rgb::Rgb;

/// Decodes a JPEG of exactly the profile's size, strictly. Meant for validated JPEGs: a cut file can slip past the decoder in
/// rare places, only `examine` walks the coded data.
///
/// # Errors
/// PHO-02, PHO-04 to PHO-08 for what the header or the decoder refuses.
pub fn decode(jpeg: &[u8], rules: &PhotoRules) -> Result<Rgb, Refusal> {
    if let Some(refusal) = rules::not_a_jpeg(jpeg) {
        return Err(refusal);
    }
    let layout = Layout::read(jpeg, rules.segments_max);
    let mut found = Vec::new();
    rules::structure(&layout, rules, &mut found);
    if let Some(frame) = rules::frame(&layout, &mut found) {
        found.extend(rules::size(&frame, rules));
        found.extend(rules::depth(&frame, &layout));
        found.extend(rules::scattered_scans(&frame, &layout));
    }
    match found.into_iter().next() {
        Some(refusal) => Err(refusal),
        None => strictly(jpeg, rules),
    }
}

/// The bare decoder, for bytes whose header was checked.
pub(crate) fn strictly(jpeg: &[u8], rules: &PhotoRules) -> Result<Rgb, Refusal> {
    let options = DecoderOptions::default()
        .set_strict_mode(true)
        .set_max_width(rules.width_px as usize)
        .set_max_height(rules.height_px as usize)
        .jpeg_set_max_scans(rules.scans_max as usize)
        .jpeg_set_out_colorspace(ColorSpace::RGB);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(jpeg), options);
    // The decoder's own words may quote file contents; the outlet needs only to know that it refused.
    let refused = || Refusal::damaged("refused by the strict decoder");
    let bytes = decoder.decode().map_err(|_| refused())?;
    Rgb::new(rules.width_px, rules.height_px, bytes).ok_or_else(refused)
}
