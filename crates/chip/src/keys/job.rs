//! What a job asks of the keys, and what it gets: for each card and folder a cryptogram and check values, in one piece of memory.

use card::profile::chip::{ChipKey, ChipLayout};
use card::profile::keys::KeyRules;
use card::{BatchId, Card};

use super::diversify::{CHECK_BYTES, FACTOR_BYTES};
use super::fault::KeyFault;
use super::mark::TransportMode;

/// Bytes of a nonce: a cipher block.
pub const NONCE_BYTES: usize = 16;

/// Keys of one folder, in the order they are written: one cryptogram.
#[derive(Clone)]
pub struct KeyGroup {
    pub folder: String,
    pub keys: Vec<ChipKey>,
}

/// The layout's keys, a group for each folder that has any, in the order of the folders.
#[must_use]
pub fn groups_of(layout: &ChipLayout) -> Vec<KeyGroup> {
    let of_folder = |folder: &String| layout.key.iter().filter(|k| &k.folder == folder).cloned().collect();
    let groups = layout.folder.iter().map(|f| KeyGroup { folder: f.id.clone(), keys: of_folder(&f.id) });
    groups.filter(|g| !g.keys.is_empty()).collect()
}

/// What one card's keys are derived from, and what makes its cryptograms unlike all others.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct KeyRequest {
    pub city: [u8; 6],
    pub factor: [u8; FACTOR_BYTES],
    nonce: [u8; NONCE_BYTES],
}

impl KeyRequest {
    /// `historical`: the chip's historical bytes, where the profile takes the factor from them.
    ///
    /// # Errors
    /// The outlet's division is no six digits, or the factor's source is missing.
    pub fn new(card: &Card, rules: KeyRules, historical: Option<&[u8]>) -> Result<Self, KeyFault> {
        let city = rules.city.city_of(&card.division).ok_or(KeyFault::Factor("the outlet's division isn't six digits"))?;
        let factor = rules.factor.factor_of(&card.number, historical).ok_or(KeyFault::Factor("card number or historical bytes"))?;
        Ok(Self { city, factor, nonce: nonce(&card.batch, card.position, card.generation) })
    }

    /// Of factors that are known otherwise. `nonce`: unlike that of any other card of the plant; its last two bytes are the group's.
    #[must_use]
    pub fn of_factors(city: [u8; 6], factor: [u8; FACTOR_BYTES], nonce: [u8; NONCE_BYTES]) -> Self {
        Self { city, factor, nonce }
    }

    /// The block before a group's keys: of batch, position, generation and group, so that no two cryptograms of a plant have the same. Every field
    /// has bytes of its own; nothing is hashed.
    #[must_use]
    pub fn nonce(&self, group: usize) -> [u8; NONCE_BYTES] {
        let mut nonce = self.nonce;
        nonce[14..].copy_from_slice(&(group as u16).to_be_bytes());
        nonce
    }
}

/// date 4 (as the number YYYYMMDD) | batch of the day 2 | position 4 | generation 4 | group 2
fn nonce(batch: &BatchId, position: u32, generation: u32) -> [u8; NONCE_BYTES] {
    let digits = |range: std::ops::Range<usize>| batch.as_str().get(range).and_then(|d| d.parse::<u32>().ok());
    let (date, counter) = (digits(1..9).unwrap_or(0), digits(10..12).unwrap_or(0) as u16);
    let mut nonce = [0; NONCE_BYTES];
    nonce[..4].copy_from_slice(&date.to_be_bytes());
    nonce[4..6].copy_from_slice(&counter.to_be_bytes());
    nonce[6..10].copy_from_slice(&position.to_be_bytes());
    nonce[10..14].copy_from_slice(&generation.to_be_bytes());
    nonce
}

/// Cryptograms and check values of a job's cards. Secret enough: no `Debug`.
pub struct JobKeys {
    /// Keys of each group, and where its cryptogram and check values begin in a card's share.
    groups: Vec<Share>,
    card_bytes: usize,
    card_keys: usize,
    cryptograms: Vec<u8>,
    checks: Vec<[u8; CHECK_BYTES]>,
}

struct Share {
    keys: usize,
    bytes: usize,
    first_key: usize,
    first_byte: usize,
}

/// Room for one group of one card.
pub struct CardKeysSlot<'a> {
    /// Filled with the cryptogram, [`TransportMode::cryptogram_bytes`] long.
    pub cryptogram: &'a mut [u8],
    /// One for each key.
    pub checks: &'a mut [[u8; CHECK_BYTES]],
}

impl JobKeys {
    /// Room for so many cards, to be filled slot by slot.
    #[must_use]
    pub fn with_room(mode: TransportMode, groups: &[KeyGroup], cards: usize) -> Self {
        let (mut card_bytes, mut card_keys) = (0, 0);
        let share = |group: &KeyGroup| {
            let (keys, bytes) = (group.keys.len(), mode.cryptogram_bytes(group.keys.len()));
            let share = Share { keys, bytes, first_key: card_keys, first_byte: card_bytes };
            (card_bytes, card_keys) = (card_bytes + bytes, card_keys + keys);
            share
        };
        let groups = groups.iter().map(share).collect();
        Self { groups, card_bytes, card_keys, cryptograms: vec![0; cards * card_bytes], checks: vec![[0; CHECK_BYTES]; cards * card_keys] }
    }

    /// Where a card's group goes; `None` beyond the cards or groups asked for.
    pub fn slot(&mut self, card: usize, group: usize) -> Option<CardKeysSlot<'_>> {
        let share = self.groups.get(group)?;
        let (byte, key) = (card * self.card_bytes + share.first_byte, card * self.card_keys + share.first_key);
        Some(CardKeysSlot { cryptogram: self.cryptograms.get_mut(byte..byte + share.bytes)?, checks: self.checks.get_mut(key..key + share.keys)? })
    }

    /// A card's group: its cryptogram and the check values of its keys.
    #[must_use]
    pub fn get(&self, card: usize, group: usize) -> Option<(&[u8], &[[u8; CHECK_BYTES]])> {
        let share = self.groups.get(group)?;
        let (byte, key) = (card * self.card_bytes + share.first_byte, card * self.card_keys + share.first_key);
        Some((self.cryptograms.get(byte..byte + share.bytes)?, self.checks.get(key..key + share.keys)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::{card, profile};

    #[test]
    fn keys_are_grouped_by_folder_in_the_layouts_order() {
        let groups = groups_of(&profile().chip);
        let named: Vec<(&str, Vec<&str>)> = groups.iter().map(|g| (g.folder.as_str(), g.keys.iter().map(|k| k.name.as_str()).collect())).collect();
        assert_eq!(named, [("SSSE", vec!["IRK", "RKSSSE", "UKSSSE"]), ("DF01", vec!["UKDF01"])]);
        let mut none = profile().chip;
        none.key.clear();
        assert!(groups_of(&none).is_empty());
    }

    #[test]
    fn no_two_cryptograms_have_one_nonce() {
        let rules = profile().keys;
        let mut seen = std::collections::BTreeSet::new();
        for (batch, position, generation) in
            [("B20250601-01", 1, 1), ("B20250601-02", 1, 1), ("B20250602-01", 1, 1), ("B20250601-01", 2, 1), ("B20250601-01", 1, 2)]
        {
            let mut card = card(1);
            (card.batch, card.position, card.generation) = (BatchId::parse(batch).unwrap(), position, generation);
            let request = KeyRequest::new(&card, rules, None).ok().unwrap();
            assert!(seen.insert(request.nonce(0)) && seen.insert(request.nonce(1)));
        }
        let first = KeyRequest::new(&card(0), rules, None).ok().unwrap().nonce(1);
        assert_eq!(u128::from_be_bytes(first), 0x0134_FFE9_0001_0000_0001_0000_0001_0001, "20250601 is 0134FFE9");
    }

    #[test]
    fn a_card_without_factors_is_refused() {
        let mut card = card(1);
        card.division.clear();
        assert!(matches!(KeyRequest::new(&card, profile().keys, None), Err(KeyFault::Factor(_))));
    }

    #[test]
    fn slots_lie_side_by_side() {
        let groups = groups_of(&profile().chip);
        let mut keys = JobKeys::with_room(TransportMode::Sm4Cbc, &groups, 2);
        for (n, (card, group)) in [(0, 0), (0, 1), (1, 0), (1, 1)].into_iter().enumerate() {
            let slot = keys.slot(card, group).unwrap();
            slot.cryptogram.fill(n as u8 + 1);
            slot.checks.fill([n as u8 + 1; 3]);
        }
        assert_eq!(keys.get(0, 0).unwrap(), (&[1; 64][..], &[[1; 3]; 3][..]));
        assert_eq!(keys.get(1, 1).unwrap(), (&[4; 32][..], &[[4; 3]][..]));
        assert!(keys.get(2, 0).is_none() && keys.get(0, 2).is_none() && keys.slot(2, 0).is_none());
    }
}
