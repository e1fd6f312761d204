//! What goes wrong with photos, by name: each degradation makes a damaged file from a conforming portrait and says which verdict and
//! codes it must get (photo.md §4, faults.md §5.4). The catalogue is data; how the damage is done is in the files beside.

mod background;
mod faces;
mod files;
mod optics;
mod segments;

use card::{Code, Outcome};

use crate::jpeg::{self, Writing};
use crate::portrait::{Glasses, Headwear, Look};
use crate::rgb::Rgb;

/// What a degradation starts from: a finished picture, and the person it shows for those that have to draw it anew.
pub struct Shot<'a> {
    pub picture: &'a Rgb,
    /// Of the person (`portrait(seed, look)`) and of the damage.
    pub seed: u64,
    pub look: &'a Look,
}

/// One kind of damage and what must be said of it.
pub struct Degradation {
    pub name: &'static str,
    pub outcome: Outcome,
    /// Codes that must be among the findings; the first is the headline. Empty: nothing may be found.
    pub codes: &'static [Code],
    make: fn(&Shot) -> Vec<u8>,
}

impl Degradation {
    /// The damaged file; the same for the same picture and seed.
    #[must_use]
    pub fn apply(&self, picture: &Rgb, seed: u64) -> Vec<u8> {
        self.apply_to(&Shot { picture, seed, look: &Look::default() })
    }
}

impl Degradation {
    /// Whether its measure falls on either side of a band, depending on the portrait, so that neither its outcome nor its headline can be
    /// promised; of those of [`CATALOGUE`] only that it isn't accepted, and what must be among the reasons.
    #[must_use]
    pub fn is_borderline(&self) -> bool {
        BORDERLINE.iter().any(|b| self.name.starts_with(b))
    }

    /// As [`Degradation::apply`], for a person with a look.
    #[must_use]
    pub fn apply_to(&self, shot: &Shot) -> Vec<u8> {
        (self.make)(shot)
    }
}

/// Beginnings of the names of borderline degradations.
const BORDERLINE: [&str; 16] = [
    "blur",
    "upscaled",
    "dark-0.35",
    "over-exposed",
    "eyes-closed",
    "surgical-mask",
    "cast-on-person",
    "corners-dark",
    "shadow-soft",
    "pitch",
    "side-light",
    "no-face-object",
    "cap",
    "spots-background",
    "recompressed-30",
    "second-face-55",
];

/// The degradation of that name.
#[must_use]
pub fn named(name: &str) -> Option<&'static Degradation> {
    all().find(|d| d.name == name)
}

/// Those of the file and the picture, then those of the person.
pub fn all() -> impl Iterator<Item = &'static Degradation> {
    CATALOGUE.iter().chain(FACES)
}

/// One of [`all`], by its place.
///
/// # Panics
/// There are fewer.
#[must_use]
pub fn nth(place: usize) -> &'static Degradation {
    CATALOGUE.get(place).unwrap_or_else(|| &FACES[place - CATALOGUE.len()])
}

/// A photo as somebody sends it who wants it to look like another: opened, made a little darker, saved again. It conforms, and hardly a byte of
/// it is the same.
///
/// # Panics
/// The photo is no JPEG.
#[must_use]
pub fn saved_anew(jpeg: &[u8]) -> Vec<u8> {
    let picture = image::load_from_memory(jpeg).expect("a photo made here").into_rgb8();
    let (width, height) = picture.dimensions();
    file(&optics::darker(&Rgb { width, height, data: picture.into_raw() }))
}

const fn refused(name: &'static str, codes: &'static [Code], make: fn(&Shot) -> Vec<u8>) -> Degradation {
    Degradation { name, outcome: Outcome::Rejected, codes, make }
}

const fn held(name: &'static str, codes: &'static [Code], make: fn(&Shot) -> Vec<u8>) -> Degradation {
    Degradation { name, outcome: Outcome::Held, codes, make }
}

/// Unusual but conforming, or only warned about.
const fn passed(name: &'static str, codes: &'static [Code], make: fn(&Shot) -> Vec<u8>) -> Degradation {
    Degradation { name, outcome: Outcome::Accepted, codes, make }
}

fn file(picture: &Rgb) -> Vec<u8> {
    jpeg::jpeg(picture)
}

/// Small files at a high quality have to save on colour.
fn of_size(picture: &Rgb, bytes: std::ops::RangeInclusive<usize>) -> Vec<u8> {
    let halved_colour = *bytes.end() < *jpeg::BYTES_AIM.start();
    jpeg::sized(picture, bytes, &Writing { halved_colour, ..Writing::default() })
}

/// Every degradation, in the order of photo.md §4: background, frame, colour, compression, sharpness, light, container.
pub static CATALOGUE: &[Degradation] = &[
    refused("background-grey-225", &[Code::Pho13], |s| file(&background::flat(s.picture, [225; 3]))),
    refused("background-grey-200", &[Code::Pho13], |s| file(&background::flat(s.picture, [200; 3]))),
    refused("background-cream", &[Code::Pho13], |s| file(&background::flat(s.picture, [245, 236, 212]))),
    refused("background-pale-blue", &[Code::Pho13], |s| file(&background::flat(s.picture, [214, 230, 246]))),
    refused("background-blue", &[Code::Pho13], |s| file(&background::flat(s.picture, [67, 142, 219]))),
    refused("background-red", &[Code::Pho13], |s| file(&background::flat(s.picture, [200, 30, 40]))),
    refused("background-gradient", &[Code::Pho13], |s| file(&background::gradient(s.picture))),
    refused("background-shadow", &[Code::Pho13], |s| file(&background::shadow(s.picture))),
    refused("frame-black-1", &[Code::Pho16], |s| file(&background::frame(s.picture, 0, 1, [0; 3]))),
    refused("frame-black-3", &[Code::Pho16], |s| file(&background::frame(s.picture, 0, 3, [0; 3]))),
    refused("frame-grey-2", &[Code::Pho16], |s| file(&background::frame(s.picture, 0, 2, [128; 3]))),
    refused("frame-light-2", &[Code::Pho16], |s| file(&background::frame(s.picture, 0, 2, [215; 3]))),
    refused("frame-red-4", &[Code::Pho16], |s| file(&background::frame(s.picture, 0, 4, [190, 20, 30]))),
    refused("frame-inset", &[Code::Pho16], |s| file(&background::frame(s.picture, 8, 2, [40; 3]))),
    refused("grey", &[Code::Pho20], |s| file(&optics::grey(s.picture))),
    refused("sepia", &[Code::Pho20], |s| file(&optics::sepia(s.picture))),
    refused("recompressed-10", &[Code::Pho19], |s| file(&optics::recompressed(s.picture, 10))),
    refused("recompressed-30", &[Code::Pho19], |s| file(&optics::recompressed(s.picture, 30))),
    refused("recompressed-20", &[Code::Pho19], |s| file(&optics::recompressed(s.picture, 20))),
    refused("blur-2.5", &[Code::Pho14], |s| file(&optics::blurred(s.picture, 2.5))),
    refused("blur-3.5", &[Code::Pho14], |s| file(&optics::blurred(s.picture, 3.5))),
    refused("focus-missed", &[Code::Pho14], |s| file(&optics::focus_missed(s.picture, 4.0))),
    refused("upscaled-4", &[Code::Pho14], |s| file(&optics::upscaled(s.picture, 4))),
    refused("upscaled-5", &[Code::Pho14], |s| file(&optics::upscaled(s.picture, 5))),
    held("over-exposed", &[Code::Pho18], |s| file(&optics::over_exposed(s.picture))),
    refused("dark-0.35", &[Code::Pho13], |s| file(&optics::exposed(s.picture, 0.35))),
    refused("dark-0.55", &[Code::Pho13], |s| file(&optics::exposed(s.picture, 0.55))),
    refused("cast-blue", &[Code::Pho13], |s| file(&optics::cast(s.picture, [0.86, 0.93, 1.0]))),
    refused("cast-green", &[Code::Pho13], |s| file(&optics::cast(s.picture, [0.88, 1.0, 0.88]))),
    refused("blank", &[Code::Pho11], |s| file(&optics::blank(s.seed))),
    refused("size-357x441", &[Code::Pho05], |s| file(&optics::resized(s.picture, 357, 441))),
    refused("size-358x440", &[Code::Pho05], |s| file(&optics::resized(s.picture, 358, 440))),
    refused("size-441x358", &[Code::Pho05], |s| file(&optics::turned(s.picture))),
    refused("size-236x295", &[Code::Pho05], |s| file(&optics::resized(s.picture, 236, 295))),
    refused("bytes-0", &[Code::Pho01], |_| Vec::new()),
    refused("bytes-below", &[Code::Pho01], |s| of_size(s.picture, 30_000..=39_999)),
    refused("bytes-above", &[Code::Pho01], |s| of_size(s.picture, 102_401..=125_000)),
    passed("bytes-ambiguous-low", &[Code::Pho23], |s| of_size(s.picture, 40_000..=40_959)),
    passed("bytes-ambiguous-high", &[Code::Pho23], |s| of_size(s.picture, 100_001..=102_400)),
    refused("truncated-90", &[Code::Pho04], |s| files::truncated(s.picture, 90)),
    refused("truncated-50", &[Code::Pho04], |s| files::truncated(s.picture, 50)),
    refused("truncated-10", &[Code::Pho01, Code::Pho04], |s| files::truncated(s.picture, 10)),
    refused("truncated-ended", &[Code::Pho04], |s| files::truncated_ended(s.picture)),
    refused("end-missing", &[Code::Pho04], |s| files::without_end(s.picture)),
    refused("start-twice", &[Code::Pho04], |s| segments::start_twice(file(s.picture))),
    refused("stray-bytes", &[Code::Pho04], |s| segments::stray_bytes(file(s.picture))),
    refused("frame-header-twice", &[Code::Pho04], |s| segments::frame_twice(file(s.picture))),
    refused("second-picture", &[Code::Pho04], |s| segments::second_picture(file(s.picture))),
    refused("trailing-bytes", &[Code::Pho03], |s| files::with_tail(s.picture, &[0x5A; 64])),
    refused("polyglot-zip", &[Code::Pho03], |s| files::with_tail(s.picture, files::EMPTY_ZIP)),
    refused("polyglot-html", &[Code::Pho03], |s| files::with_tail(s.picture, b"<html><script>alert(1)</script></html>")),
    refused("padded-segments", &[Code::Pho21], |s| segments::padded(s.picture)),
    refused("padded-tail", &[Code::Pho03, Code::Pho21], |s| files::padded_tail(s.picture)),
    refused("cmyk", &[Code::Pho07], |s| files::cmyk(s.picture)),
    refused("grey-component", &[Code::Pho07], |s| files::grey_component(s.picture)),
    refused("twelve-bit", &[Code::Pho07], |s| segments::twelve_bit(file(s.picture))),
    refused("arithmetic", &[Code::Pho07], |s| segments::frame_marker(file(s.picture), 0xC9)),
    refused("lossless", &[Code::Pho07], |s| segments::frame_marker(file(s.picture), 0xC3)),
    held("progressive", &[Code::Pho22], |s| files::progressive(s.picture, 4)),
    refused("scan-bomb", &[Code::Pho08], |s| files::progressive(s.picture, 24)),
    refused("segment-bomb", &[Code::Pho08], |s| segments::bomb(file(s.picture))),
    refused("metadata-bloat", &[Code::Pho08], |s| segments::bloated(s.picture)),
    refused("header-bomb-16384", &[Code::Pho06], |s| segments::claimed_size(file(s.picture), 16_384, 16_384)),
    refused("header-bomb-65500", &[Code::Pho06], |s| segments::claimed_size(file(s.picture), 65_500, 65_500)),
    refused("exif-turned", &[Code::Pho09], |s| segments::exif(s.picture, 6)),
    passed("exif-upright", &[], |s| segments::exif(s.picture, 1)),
    refused("profile-wide", &[Code::Pho10], |s| segments::wide_profile(s.picture)),
    passed("density-72", &[Code::Pho24], |s| files::density(s.picture, 72)),
    passed("colour-halved", &[], |s| files::halved_colour(s.picture)),
    refused("png", &[Code::Pho02], |s| files::png(s.picture)),
    refused("webp", &[Code::Pho02], |s| files::foreign(s.seed, b"RIFF\x24\xB4\0\0WEBPVP8 ")),
    refused("gif", &[Code::Pho02], |s| files::foreign(s.seed, b"GIF89a\x66\x01\xB9\x01")),
    refused("pdf", &[Code::Pho02], |s| files::foreign(s.seed, b"%PDF-1.7\n")),
    refused("html", &[Code::Pho02], |s| files::foreign(s.seed, b"<!doctype html><html>")),
];

/// Faults of the person (photo.md §4.3): these need the networks, and draw their own portrait. A red stamp is left out: its hue is
/// a skin's, so that the published measure can't tell it.
pub static FACES: &[Degradation] = &[
    refused("no-face-behind", &[Code::Pho26], |s| faces::looking(s, |l| l.from_behind = true)),
    refused("no-face-object", &[Code::Pho26], faces::object),
    refused("second-face-55", &[Code::Pho27], |s| faces::second_face(s, 55.0)),
    refused("second-face-25", &[Code::Pho27], |s| faces::second_face(s, 25.0)),
    refused("second-face-21", &[Code::Pho27], |s| faces::second_face(s, 21.0)),
    refused("roll-12", &[Code::Pho28], |s| faces::looking(s, |l| l.roll = 12.0)),
    refused("roll-20", &[Code::Pho28], |s| faces::looking(s, |l| l.roll = -20.0)),
    refused("yaw-20", &[Code::Pho28], |s| faces::looking(s, |l| l.yaw = 20.0)),
    refused("yaw-30", &[Code::Pho28], |s| faces::looking(s, |l| l.yaw = -30.0)),
    held("pitch-up", &[Code::Pho28], |s| faces::looking(s, |l| l.pitch = 24.0)),
    held("pitch-down", &[Code::Pho28], |s| faces::looking(s, |l| l.pitch = -32.0)),
    held("face-small", &[Code::Pho12], |s| faces::placed(s, 0.68, 0.0, 40.0)),
    held("face-large", &[Code::Pho12], |s| faces::placed(s, 1.36, 0.0, -4.0)),
    held("face-left", &[Code::Pho12], |s| faces::placed(s, 1.0, -34.0, 0.0)),
    held("face-low", &[Code::Pho12], |s| faces::placed(s, 1.0, 0.0, 40.0)),
    held("eyes-closed", &[Code::Pho29], |s| faces::looking(s, |l| l.eyes = 0.05)),
    held("mouth-open", &[Code::Pho30], |s| faces::looking(s, |l| l.mouth = 1.4)),
    refused("sunglasses", &[Code::Pho31], |s| faces::looking(s, |l| l.glasses = Glasses::Sun)),
    held("surgical-mask", &[Code::Pho32], |s| faces::looking(s, |l| l.mask = true)),
    held("cap", &[Code::Pho33], |s| faces::looking(s, |l| l.headwear = Headwear::Cap)),
    refused("pen-line", &[Code::Pho34], faces::pen_line),
    refused("stamp-blue", &[Code::Pho34], |s| faces::stamp(s, [40, 56, 170])),
    refused("stamp-violet", &[Code::Pho34], |s| faces::stamp(s, [120, 36, 150])),
    held("side-light", &[Code::Pho35], faces::side_light),
    held("cast-on-person-blue", &[Code::Pho36], |s| faces::cast_on_person(s, [0.62, 0.86, 1.25])),
    held("cast-on-person-green", &[Code::Pho36], |s| faces::cast_on_person(s, [0.68, 1.12, 0.72])),
    held("shadow-soft", &[Code::Pho37], faces::soft_shadow),
    held("corners-dark", &[Code::Pho37], faces::dark_corners),
    held("upscaled-2", &[Code::Pho38], |s| file(&optics::upscaled(s.picture, 2))),
    held("upscaled-3", &[Code::Pho38], |s| file(&optics::upscaled(s.picture, 3))),
    held("glasses-glare", &[Code::Pho39], |s| {
        faces::looking(s, |l| {
            l.glasses = Glasses::Clear;
            l.glare = true;
        })
    }),
    held("spots-face", &[Code::Pho17], |s| faces::spots_on_face(s, 10)),
    held("spots-background", &[Code::Pho17], |s| faces::spots_on_background(s, 10)),
];

#[cfg(test)]
mod tests;
