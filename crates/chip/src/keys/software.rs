//! Card keys derived in this process: for development, and for SM4 beside a token that hasn't it. It holds ciphers that are ready, not key
//! bytes; where the keys come from and whether the memory is locked is the caller's business.

use card::profile::chip::{ChipKey, KeyAlgorithm};

use super::cities::{RootName, by_city, root_of};
use super::diversify::{BlockKey, check_of, check_value, first_factor};
use super::fault::KeyFault;
use super::job::{JobKeys, KeyGroup, KeyRequest, NONCE_BYTES};
use super::mark::{Declared, KeyMark, MacMode, TransportMode};
use super::wrapped::WrappedKey;
use super::{CardKeys, MAC_BYTES};
use crate::secret::{Kek, Key16, Place};
use crate::sm::Sm4Key;

/// Master or city keys, a transport key and a MAC key; any may be absent.
#[derive(Default)]
pub struct SoftwareKeys {
    roots: Vec<Root>,
    transport: Option<Sm4Key>,
    mac: Option<Sm4Key>,
    declared: Declared,
}

struct Root {
    name: RootName,
    key: BlockKey,
}

impl SoftwareKeys {
    /// A key cards' keys are derived from: a master key, or one of the first level if `city` is given.
    ///
    /// # Errors
    /// It isn't the key the mark's check value is of.
    pub fn add_root(&mut self, mark: &KeyMark, algorithm: KeyAlgorithm, city: Option<[u8; 6]>, key: &Key16) -> Result<(), KeyFault> {
        checked(mark, algorithm, key)?;
        let name = RootName { label: mark.label().to_owned(), version: mark.version(), algorithm, city };
        self.roots.push(Root { name, key: BlockKey::new(algorithm, key) });
        Ok(())
    }

    /// As [`SoftwareKeys::add_root`], of a wrapped key.
    ///
    /// # Errors
    /// It can't be unwrapped, or isn't the key its check value is of.
    pub fn add_wrapped_root(&mut self, wrapped: &WrappedKey, kek: &Kek) -> Result<(), KeyFault> {
        self.add_root(&wrapped.mark, wrapped.algorithm, wrapped.city, &wrapped.open(kek)?)
    }

    /// The SM4 key card keys travel under.
    ///
    /// # Errors
    /// It isn't the key the mark's check value is of.
    pub fn set_transport(&mut self, mark: &KeyMark, key: &Key16) -> Result<(), KeyFault> {
        checked(mark, KeyAlgorithm::Sm4, key)?;
        self.transport = Some(Sm4Key::new(key));
        self.declared.transport = Some((TransportMode::Sm4Cbc, mark.clone()));
        Ok(())
    }

    /// The SM4 key cards' data is sealed with.
    ///
    /// # Errors
    /// It isn't the key the mark's check value is of.
    pub fn set_mac(&mut self, mark: &KeyMark, key: &Key16) -> Result<(), KeyFault> {
        checked(mark, KeyAlgorithm::Sm4, key)?;
        self.mac = Some(Sm4Key::new(key));
        self.declared.mac = Some((MacMode::Sm4Cmac, mark.clone()));
        Ok(())
    }

    /// Where the keys it was given lie, for whoever locks memory. First-level and card keys come and go with a job.
    #[must_use]
    pub fn places(&self) -> Vec<Place> {
        let roots = self.roots.iter().map(|r| r.key.place());
        roots.chain(self.transport.iter().chain(&self.mac).map(Sm4Key::place)).collect()
    }

    /// The first-level keys of a city, in the order of the groups.
    fn city_keys(&self, groups: &[KeyGroup], city: [u8; 6]) -> Result<Vec<CityKey<'_>>, KeyFault> {
        groups.iter().flat_map(|g| &g.keys).map(|key| self.city_key(key, city)).collect()
    }

    /// A city's own key if there is one, else from the master key.
    fn city_key(&self, key: &ChipKey, city: [u8; 6]) -> Result<CityKey<'_>, KeyFault> {
        let root = root_of(&self.roots, |r| &r.name, key, city)?;
        let is_first_level = root.name.city.is_some();
        Ok(if is_first_level { CityKey::Held(&root.key) } else { CityKey::Derived(root.key.below(&first_factor(&city))) })
    }
}

/// A key of the first level.
enum CityKey<'a> {
    Held(&'a BlockKey),
    Derived(BlockKey),
}

impl CityKey<'_> {
    fn get(&self) -> &BlockKey {
        match self {
            Self::Held(key) => key,
            Self::Derived(key) => key,
        }
    }
}

fn checked(mark: &KeyMark, algorithm: KeyAlgorithm, key: &Key16) -> Result<(), KeyFault> {
    if check_value(algorithm, key) == mark.check() {
        return Ok(());
    }
    Err(KeyFault::WrongCheck { label: mark.label().to_owned(), version: mark.version() })
}

impl CardKeys for SoftwareKeys {
    fn declared(&self) -> &Declared {
        &self.declared
    }

    fn derive(&self, groups: &[KeyGroup], cards: &[KeyRequest]) -> Result<JobKeys, KeyFault> {
        let transport = self.transport.as_ref().ok_or(KeyFault::NoTransport)?;
        let mut out = JobKeys::with_room(TransportMode::Sm4Cbc, groups, cards.len());
        let first_level = |city| self.city_keys(groups, city);
        by_city(cards, first_level, |n, request, city| {
            fill_card(&mut out, n, groups, city, request, transport);
            Ok(())
        })?;
        Ok(out)
    }

    fn mac(&self, data: &[u8]) -> Result<[u8; MAC_BYTES], KeyFault> {
        Ok(self.mac.as_ref().ok_or(KeyFault::NoMac)?.cmac(data))
    }
}

fn fill_card(out: &mut JobKeys, card: usize, groups: &[KeyGroup], city: &[CityKey], request: &KeyRequest, transport: &Sm4Key) {
    let mut city = city.iter();
    for (g, group) in groups.iter().enumerate() {
        let slot = out.slot(card, g).expect("room was made for every card and group");
        // Clear keys are only ever where their cryptogram will be.
        let (blocks, _) = slot.cryptogram.as_chunks_mut::<NONCE_BYTES>();
        blocks[0] = request.nonce(g);
        for (((block, check), key), root) in blocks[1..].iter_mut().zip(slot.checks).zip(&group.keys).zip(&mut city) {
            root.get().derive(&request.factor, block);
            *check = check_of(key.algorithm, block);
        }
        transport.encrypt_cbc(&[0; NONCE_BYTES], slot.cryptogram).expect("whole blocks");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::groups_of;
    use crate::keys::samples::{self, key, software};
    use crate::samples::{card, profile};

    fn mark(label: &str, key: &Key16) -> KeyMark {
        samples::mark(label, KeyAlgorithm::Sm4, key)
    }

    fn keys() -> SoftwareKeys {
        software(&profile().chip)
    }

    fn request(n: u32, division: &str) -> KeyRequest {
        let mut card = card(n);
        card.division = division.to_owned();
        KeyRequest::new(&card, profile().keys, None).ok().unwrap()
    }

    /// The keys in a cryptogram, after its nonce.
    fn opened(cryptogram: &[u8], nonce: [u8; 16]) -> Vec<[u8; 16]> {
        let mut text = cryptogram.to_vec();
        Sm4Key::new(&key(100)).decrypt_cbc(&[0; 16], &mut text).unwrap();
        assert_eq!(text[..16], nonce);
        text[16..].as_chunks().0.to_vec()
    }

    /// By SM4 blocks alone, from the definitions.
    fn by_hand(master: u8, city: &[u8; 8], factor: &[u8; 8]) -> [u8; 16] {
        [city, factor].iter().fold([master; 16], |key, f| {
            let mut block: [u8; 16] = std::array::from_fn(|i| if i < 8 { f[i] } else { !f[i - 8] });
            Sm4Key::of(&key).encrypt_block(&mut block);
            block
        })
    }

    #[test]
    fn every_card_gets_its_own_keys_under_the_transport_key() {
        let groups = groups_of(&profile().chip);
        let requests = [request(1, "420106"), request(2, "420500"), request(3, "420102")];
        let made = keys().derive(&groups, &requests).unwrap();
        for (n, (request, city)) in requests.iter().zip([b"420100sx", b"420500sx", b"420100sx"]).enumerate() {
            let (cryptogram, checks) = made.get(n, 0).unwrap();
            let found = opened(cryptogram, request.nonce(0));
            let wanted = [1, 2, 3].map(|master| by_hand(master, city, &request.factor));
            assert_eq!(found, wanted);
            assert_eq!(checks, wanted.map(|k| check_of(KeyAlgorithm::Sm4, &k)));
            assert_eq!(opened(made.get(n, 1).unwrap().0, request.nonce(1)), [by_hand(4, city, &request.factor)]);
        }
    }

    #[test]
    fn the_same_request_gives_the_same_bytes() {
        let groups = groups_of(&profile().chip);
        let all = keys().derive(&groups, &[request(1, "420100"), request(2, "420500")]).unwrap();
        let alone = keys().derive(&groups, &[request(2, "420500")]).unwrap();
        assert_eq!(all.get(1, 0), alone.get(0, 0));
        assert_ne!(all.get(0, 0), all.get(1, 0));
    }

    #[test]
    fn a_citys_own_key_comes_before_the_master_key() {
        let groups = groups_of(&profile().chip);
        let mut city_only = SoftwareKeys::default();
        for (n, k) in profile().chip.key.iter().enumerate() {
            let mut first = [0; 16];
            BlockKey::new(k.algorithm, &key(n as u8 + 1)).derive(b"420100sx", &mut first);
            let first = Key16::take(&mut first);
            city_only.add_root(&mark(&k.name, &first), k.algorithm, Some(*b"420100"), &first).unwrap();
        }
        city_only.set_transport(&mark("TK-DEV", &key(100)), &key(100)).unwrap();
        let wuhan = [request(1, "420100")];
        assert_eq!(city_only.derive(&groups, &wuhan).unwrap().get(0, 0), keys().derive(&groups, &wuhan).unwrap().get(0, 0));
        let missing = city_only.derive(&groups, &[request(1, "420500")]).err().unwrap();
        assert_eq!(missing, KeyFault::Missing { label: "IRK".to_owned(), version: 1 });
    }

    #[test]
    fn triple_des_keys_stand_beside_sm4_keys() {
        let mut layout = profile().chip;
        layout.key[1].algorithm = KeyAlgorithm::TripleDes;
        let groups = groups_of(&layout);
        let mut keys = keys();
        assert_eq!(keys.derive(&groups, &[request(1, "420100")]).err().unwrap(), KeyFault::Missing { label: "RKSSSE".to_owned(), version: 1 });
        let (master, request) = (key(50), request(1, "420100"));
        let mark = KeyMark::new("RKSSSE", 1, check_value(KeyAlgorithm::TripleDes, &master)).unwrap();
        keys.add_root(&mark, KeyAlgorithm::TripleDes, None, &master).unwrap();
        let made = keys.derive(&groups, &[request]).unwrap();
        let mut wanted = [0; 16];
        BlockKey::new(KeyAlgorithm::TripleDes, &master).below(b"420100sx").derive(&request.factor, &mut wanted);
        let (cryptogram, checks) = made.get(0, 0).unwrap();
        assert_eq!(opened(cryptogram, request.nonce(0))[1], wanted);
        assert_eq!(checks[1], check_of(KeyAlgorithm::TripleDes, &wanted));
    }

    #[test]
    fn what_is_missing_or_wrong_is_named() {
        let groups = groups_of(&profile().chip);
        assert_eq!(SoftwareKeys::default().derive(&groups, &[]).err(), Some(KeyFault::NoTransport));
        assert_eq!(SoftwareKeys::default().mac(b""), Err(KeyFault::NoMac));
        let wrong = keys().set_transport(&mark("TK-DEV", &key(9)), &key(8)).unwrap_err();
        assert_eq!(wrong.to_string(), "key TK-DEV version 1: not the key its check value is of");
        let mut next = profile().chip;
        next.key[3].version = 7;
        let fault = keys().derive(&groups_of(&next), &[request(1, "420100")]).err().unwrap();
        assert_eq!(fault.to_string(), "key UKDF01 version 7: missing");
    }

    /// One place for each key: four master keys, transport and MAC key; each as long as a schedule.
    #[test]
    fn every_key_that_is_held_has_a_place() {
        let keys = keys();
        let places = keys.places();
        assert_eq!(places.len(), 6);
        assert!(places.iter().all(|p| p.bytes >= size_of::<sm4::Sm4>()));
        let starts: std::collections::BTreeSet<_> = places.iter().map(|p| p.address).collect();
        assert_eq!(starts.len(), 6);
    }

    #[test]
    fn wrapped_roots_are_opened_and_checked() {
        let kek = Kek::take(&mut [3; 32]);
        let wrapped = WrappedKey::make("IRK", 1, KeyAlgorithm::Sm4, None, &key(1), &kek).unwrap();
        let mut keys = SoftwareKeys::default();
        assert!(keys.add_wrapped_root(&wrapped, &kek).is_ok());
        assert!(matches!(keys.add_wrapped_root(&wrapped, &Kek::take(&mut [4; 32])), Err(KeyFault::Unwrap { .. })));
        assert_eq!(keys.mac(b""), Err(KeyFault::NoMac));
    }
}
