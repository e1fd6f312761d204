//! Which applications carried a digest (of a document number, a likeness, a photo, an application number). A key for each would be
//! most of the index, and sled keeps a few hundred bytes in memory for every dozen keys; so they are kept in 65,536 buckets by the
//! digest's first two bytes, each a few pages of records. Digests are uniform, so buckets are alike; one digest seen by thousands only
//! makes its own bucket longer. Nothing is ever removed.

use std::ops::ControlFlow;

use card::{Digest, Ordinal};

use super::{Book, keys};
use crate::fault::Fault;

/// family 1 | digest 16 | ordinal 8, big-endian.
const RECORD_BYTES: usize = 25;
/// Bounds what one more record rewrites.
const PAGE_BYTES_MAX: usize = 256 * RECORD_BYTES;

/// What kind of digest was seen.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub(super) enum Family {
    ApplicationId = b'i',
    Document = b'd',
    Likeness = b'l',
    Photo = b'f',
    SocialSecurityNumber = b's',
}

/// The half of a digest that is kept: 128 bits tell all of a plant's life apart.
pub(super) fn half(digest: &Digest) -> [u8; 16] {
    std::array::from_fn(|i| digest.0[i])
}

fn record(family: Family, digest: [u8; 16], ordinal: Ordinal) -> [u8; RECORD_BYTES] {
    let mut out = [0; RECORD_BYTES];
    out[0] = family as u8;
    out[1..17].copy_from_slice(&digest);
    out[17..].copy_from_slice(&ordinal.0.to_be_bytes());
    out
}

impl Book {
    /// Remembers that an application carried a digest; remembering it twice changes nothing.
    pub(super) fn sight(&mut self, family: Family, digest: [u8; 16], ordinal: Ordinal) -> Result<(), Fault> {
        let record = record(family, digest, ordinal);
        let (mut known, mut last) = (false, None);
        self.scan_prefix(&keys::sightings_prefix(digest), &mut |key, page| {
            known = page.chunks_exact(RECORD_BYTES).any(|r| r == record);
            last = Some((key.to_vec(), page.to_vec()));
            if known { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })?;
        if known {
            return Ok(());
        }
        let (key, mut page) = match last {
            Some((key, page)) if page.len() < PAGE_BYTES_MAX => (key, page),
            Some((key, _)) => (keys::sightings(digest, keys::page_of(&key) + 1), Vec::new()),
            None => (keys::sightings(digest, 0), Vec::new()),
        };
        page.extend_from_slice(&record);
        self.overlay.insert(key, Some(page));
        Ok(())
    }

    /// Applications that carried a digest, oldest first.
    pub(super) fn sightings(&self, family: Family, digest: [u8; 16]) -> Result<Vec<Ordinal>, Fault> {
        let wanted = record(family, digest, Ordinal(0));
        let mut found = Vec::new();
        self.scan_prefix(&keys::sightings_prefix(digest), &mut |_, page| {
            let same = page.chunks_exact(RECORD_BYTES).filter(|r| r[..17] == wanted[..17]);
            found.extend(same.map(keys::ordinal_of));
            ControlFlow::Continue(())
        })?;
        found.sort_unstable();
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::index::MemIndex;
    use crate::memory_disk::MemoryDisk;

    fn book() -> Book {
        Book::create(Arc::new(MemoryDisk::default()), Box::new(MemIndex::default()), "p").unwrap()
    }

    #[test]
    fn what_was_seen_is_found_by_family_and_whole_digest_and_once() {
        let mut book = book();
        let (one, same_bucket) = ([7; 16], [7, 7, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1]);
        for ordinal in [5, 3, 5, 4] {
            book.sight(Family::Document, one, Ordinal(ordinal)).unwrap();
        }
        book.sight(Family::Document, same_bucket, Ordinal(9)).unwrap();
        book.sight(Family::Photo, one, Ordinal(8)).unwrap();
        assert_eq!(book.sightings(Family::Document, one).unwrap(), [3, 4, 5].map(Ordinal));
        assert_eq!(book.sightings(Family::Document, same_bucket).unwrap(), [Ordinal(9)]);
        assert_eq!(book.sightings(Family::Photo, one).unwrap(), [Ordinal(8)]);
        assert_eq!(book.sightings(Family::Likeness, one).unwrap(), []);
    }

    /// One photo sent by thousands must not make a value the index refuses.
    #[test]
    fn a_digest_seen_by_thousands_fills_page_after_page() {
        let mut book = book();
        let digest = [1; 16];
        (0..2_000).for_each(|n| book.sight(Family::Photo, digest, Ordinal(n)).unwrap());
        (0..2_000).for_each(|n| book.sight(Family::Photo, digest, Ordinal(n)).unwrap());
        book.commit().unwrap();
        assert_eq!(book.sightings(Family::Photo, digest).unwrap(), (0..2_000).map(Ordinal).collect::<Vec<_>>());
        let (mut pages, mut longest) = (0, 0);
        book.scan_prefix(&keys::sightings_prefix(digest), &mut |_, page| {
            (pages, longest) = (pages + 1, longest.max(page.len()));
            ControlFlow::Continue(())
        })
        .unwrap();
        assert_eq!((pages, longest), (8, PAGE_BYTES_MAX));
    }
}
