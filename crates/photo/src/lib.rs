//! Is this photo fit for a card? The bytes of a JPEG and a profile in, measurements and findings out (photo.md §4).
//! It knows no records and no files, has no clock and no state, and gives the same answer on every machine.
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
pub mod nets;
#[doc(hidden)]
pub mod parts;
mod pixels;
mod refusal;
mod rgb;
mod scale;
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
pub use examine::examine;
pub use refusal::{Area, Refusal};
pub use rgb::Rgb;
pub use strip::{Stripped, strip};
pub use thumbnail::thumbnail;
