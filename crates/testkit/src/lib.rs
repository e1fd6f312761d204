//! Everything synthetic: invented portraits, damaged photos and whole packages, each with the outcome it must have.
//! Also behind `cardline demo`. Nothing here resembles a real person; nothing here is part of the line.

pub mod batch;
pub mod card;
pub mod degrade;
pub mod dice;
pub mod fixtures;
pub mod gallery;
pub mod jpeg;
pub mod labelled;
pub mod portrait;
pub mod rgb;
pub mod world;

#[cfg(test)]
mod behind;
#[cfg(test)]
mod photographs;
