//! Is this photo fit for a card? The bytes of a JPEG and a profile in, measurements and findings out (photo.md §4).
//! It knows no records and no files, has no clock and no state, and gives the same answer on every machine
//! (decision 0005 says how far that holds for what the networks answer).
//!
//! A photo goes through three gates, cheap first, and keeps every reason on the way:
//! the container (which segments, what they claim), the entropy-coded data (walked code by code, so that a cut file can't
//! pass), and the pixels of the stripped file as a strict decoder gives them.

mod container;
mod decode;
mod entropy;
mod examination;
mod examine;
pub mod face;
pub mod ground;
pub mod likeness;
mod marked;
pub mod nets;
#[doc(hidden)]
pub mod parts;
mod pixels;
mod portrait;
mod refusal;
mod rgb;
mod scale;
mod sitting;
mod strip;
mod thumbnail;

#[cfg(test)]
mod forge;
#[cfg(test)]
mod sample;
#[cfg(test)]
mod tests;

pub use decode::decode;
pub use examination::{ContainerMeasurements, Examination, Finding, Measurements, PixelMeasurements};
pub use examine::{examine, is_judged_again, judge_again};
pub use marked::marked;
pub use portrait::{PortraitFault, portrait};
pub use refusal::{Area, Refusal};
pub use rgb::Rgb;
pub use sitting::Sitting;
pub use strip::{Stripped, strip};
pub use thumbnail::thumbnail;
