//! (skeleton)
pub mod disk;
pub mod entry;
