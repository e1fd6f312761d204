//! Manifest, signature, keys, agreement of files, making and checking: the rows B01–B14, B22, B23 of the catalogue (faults.md §5.2).

mod checking;
mod files;
mod manifests;
mod published;
mod signatures;
