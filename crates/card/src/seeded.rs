//! Bugs on purpose, to test the tests (faults.md §9, "test the tester"): each is a mistake that is easily made where it stands. Without the
//! feature `seeded-bugs`, which only `tests/seeded-bugs.sh` turns on, [`has`] is a constant `false` and nothing of them is compiled.

#[cfg(all(feature = "seeded-bugs", not(debug_assertions)))]
compile_error!("seeded bugs are for tests: no release is built with them");

/// A mistake, named by what is done wrong.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Bug {
    /// A published file's folder isn't synced.
    FolderUnsynced,
    /// A file is published before its bytes are durable.
    DataUnsynced,
    /// A failed sync of the journal is tried once more.
    SyncRetried,
    /// The index is believed when it is of another history than the journal.
    IndexBelieved,
    /// The cut isn't waited for: card numbers are durable with the first output, not before it.
    NumbersUncommitted,
    /// Coded data of a photo that ends too early passes.
    CutPhotoAccepted,
    /// The size a photo's header claims is not held to anything.
    HeaderBelieved,
    /// Files of a manifest come in the order of a hash map.
    HashOrder,
    /// `/ID` of a print file is new on every run.
    CountedIds,
    /// A resumed run looks at the clock again.
    ClockInOutput,
    /// One person's second signature counts.
    ApproverTwice,
    /// A package is recognised as a repeat by its name alone.
    ReplayByName,
    /// Digests of personal data have no key.
    UnkeyedDigest,
    /// A hand-over's token is written down after its bytes have left.
    TokenAfterBytes,
    /// A hand-over in doubt is made once more.
    ResendInDoubt,
    /// A card's attempt is written down after it was played.
    AttemptAfterBytes,
    /// A card whose encoding is in doubt is played once more.
    DoubtPlayedAgain,
}

impl Bug {
    pub const ALL: [Self; 17] = [
        Self::FolderUnsynced,
        Self::DataUnsynced,
        Self::SyncRetried,
        Self::IndexBelieved,
        Self::NumbersUncommitted,
        Self::CutPhotoAccepted,
        Self::HeaderBelieved,
        Self::HashOrder,
        Self::CountedIds,
        Self::ClockInOutput,
        Self::ApproverTwice,
        Self::ReplayByName,
        Self::UnkeyedDigest,
        Self::TokenAfterBytes,
        Self::ResendInDoubt,
        Self::AttemptAfterBytes,
        Self::DoubtPlayedAgain,
    ];
}

/// Whether this program has the bug.
#[cfg(not(feature = "seeded-bugs"))]
#[must_use]
#[inline(always)]
pub const fn has(_: Bug) -> bool {
    false
}

/// Whether this program has the bug: the one that `CARDLINE_SEEDED_BUG` names.
#[cfg(feature = "seeded-bugs")]
#[must_use]
pub fn has(bug: Bug) -> bool {
    static SEEDED: std::sync::OnceLock<Option<Bug>> = std::sync::OnceLock::new();
    let named = || {
        let name = std::env::var("CARDLINE_SEEDED_BUG").ok().filter(|name| !name.is_empty())?;
        // A name that is none must not pass for a bug that was caught, or missed.
        Some(*Bug::ALL.iter().find(|bug| format!("{bug:?}") == name).unwrap_or_else(|| panic!("no seeded bug {name}")))
    };
    *SEEDED.get_or_init(named) == Some(bug)
}
