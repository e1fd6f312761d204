//! The file around the pixels: which segments a JPEG holds, what they claim, and whether that is acceptable (photo.md §4.1,
//! faults.md §5.4). Nothing here allocates by a claimed size or reads entropy-coded data; that is `entropy`.

pub(crate) mod exif;
pub(crate) mod frame;
pub(crate) mod icc;
pub(crate) mod layout;
pub(crate) mod marker;
pub(crate) mod rules;
pub(crate) mod scan;
pub(crate) mod tables;
