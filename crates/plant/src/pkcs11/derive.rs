//! The keys of a job: two levels, each card key wrapped under the transport key. Keys of a cipher the token has never leave it: a derived key
//! is an object that is wrapped, used for its check value and destroyed. The first level is derived once for each city of the job.

use card::profile::chip::{ChipKey, KeyAlgorithm};
use chip::keys::{
    BlockKey, CHECK_BYTES, FACTOR_BYTES, JobKeys, KeyGroup, KeyRequest, RootName, TransportMode, WRAPPED_BYTES, by_city, check_value, first_factor, root_of,
    step_text,
};
use cryptoki::mechanism::misc::KeyDerivationStringData;
use cryptoki::object::{Attribute, KeyType, ObjectHandle};
use cryptoki::session::Session;

use super::failure::Failure;
use super::imported::{into, of_the_session, wrapped_under};
use super::mechanism::{Asked, Offer, TokenCipher};
use super::objects;

const KEY_BYTES: u64 = 16;

/// What card keys of one label and version are derived from.
pub struct Root {
    pub name: RootName,
    pub key: RootKey,
}

pub enum RootKey {
    /// A master key of the token.
    Token(ObjectHandle),
    /// A key of a cipher the token hasn't, in locked memory.
    Here(BlockKey),
}

/// What a job is derived with.
pub struct Derivation<'a> {
    pub session: &'a Session,
    pub roots: &'a [Root],
    pub offer: &'a Offer,
    pub wrap: Asked,
    pub transport: ObjectHandle,
}

/// A key of the first level.
enum CityKey<'a> {
    Token(ObjectHandle, &'a TokenCipher),
    Held(&'a BlockKey),
    Derived(BlockKey),
}

/// What a derived key in the token is for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum For {
    Deriving,
    CheckValue,
    /// Bytes as they come: no parity is set in them.
    Wrapping,
    /// A cipher without parity: one object for both.
    WrappingAndCheckValue,
}

impl<'a> Derivation<'a> {
    /// # Errors
    /// A key is missing, or the token fails; what was derived goes with the session.
    pub fn job(&self, groups: &[KeyGroup], cards: &[KeyRequest]) -> Result<JobKeys, Failure> {
        let mut out = JobKeys::with_room(TransportMode::AesKwp, groups, cards.len());
        let first_level = |city| self.city_keys(groups, city);
        let cities = by_city(cards, first_level, |n, request, city| self.fill_card(&mut out, n, groups, city, request))?;
        for key in cities.iter().flatten() {
            if let CityKey::Token(object, _) = key {
                self.session.destroy_object(*object)?;
            }
        }
        Ok(out)
    }

    fn city_keys(&self, groups: &[KeyGroup], city: [u8; 6]) -> Result<Vec<CityKey<'a>>, Failure> {
        groups.iter().flat_map(|g| &g.keys).map(|key| self.city_key(key, city)).collect()
    }

    /// A city's own key if there is one, else from the master key.
    fn city_key(&self, key: &ChipKey, city: [u8; 6]) -> Result<CityKey<'a>, Failure> {
        let root = root_of(self.roots, |r| &r.name, key, city)?;
        Ok(match &root.key {
            RootKey::Here(key) if root.name.city.is_some() => CityKey::Held(key),
            RootKey::Here(master) => CityKey::Derived(master.below(&first_factor(&city))),
            RootKey::Token(master) => {
                let cipher = self.offer.cipher(root.name.algorithm)?;
                CityKey::Token(self.below(*master, cipher, &first_factor(&city), For::Deriving)?, cipher)
            }
        })
    }

    fn fill_card(&self, out: &mut JobKeys, card: usize, groups: &[KeyGroup], city: &[CityKey], request: &KeyRequest) -> Result<(), Failure> {
        let mut city = city.iter();
        for (g, group) in groups.iter().enumerate() {
            let slot = out.slot(card, g).expect("room was made for every card and group");
            let (wrapped, _) = slot.cryptogram.as_chunks_mut::<WRAPPED_BYTES>();
            for (((wrapped, check), key), root) in wrapped.iter_mut().zip(slot.checks).zip(&group.keys).zip(&mut city) {
                (*wrapped, *check) = match root {
                    CityKey::Token(object, cipher) => self.inside(*object, cipher, &request.factor)?,
                    CityKey::Held(root) => self.here(root, key.algorithm, &request.factor)?,
                    CityKey::Derived(root) => self.here(root, key.algorithm, &request.factor)?,
                };
            }
        }
        Ok(())
    }

    /// A card key that is derived in the token and leaves it wrapped.
    fn inside(&self, city: ObjectHandle, cipher: &TokenCipher, factor: &[u8; FACTOR_BYTES]) -> Result<([u8; WRAPPED_BYTES], [u8; CHECK_BYTES]), Failure> {
        let whole = !cipher.has_parity;
        let key = self.below(city, cipher, factor, if whole { For::WrappingAndCheckValue } else { For::Wrapping })?;
        let wrapped = wrapped_under(self.session, self.wrap, self.transport, key)?;
        let for_check = if whole { key } else { self.below(city, cipher, factor, For::CheckValue)? };
        let check = objects::zeros(self.session, for_check, cipher.encrypt, cipher.block_bytes)?;
        self.session.destroy_object(key)?;
        if !whole {
            self.session.destroy_object(for_check)?;
        }
        Ok((wrapped, check))
    }

    /// A card key that is derived here, and wrapped in the token: the transport key is there.
    fn here(&self, city: &BlockKey, algorithm: KeyAlgorithm, factor: &[u8; FACTOR_BYTES]) -> Result<([u8; WRAPPED_BYTES], [u8; CHECK_BYTES]), Failure> {
        let key = city.key_below(factor);
        let object = into(self.session, KeyType::GENERIC_SECRET, key.expose(), Attribute::Extractable(true))?;
        let wrapped = wrapped_under(self.session, self.wrap, self.transport, object)?;
        self.session.destroy_object(object)?;
        Ok((wrapped, check_value(algorithm, &key)))
    }

    fn below(&self, key: ObjectHandle, cipher: &TokenCipher, factor: &[u8; FACTOR_BYTES], purpose: For) -> Result<ObjectHandle, Failure> {
        let text = step_text(factor);
        let text = KeyDerivationStringData::new(&text);
        Ok(self.session.derive_key(&cipher.derive.encrypting(&text), key, &template(cipher, purpose))?)
    }
}

fn template(cipher: &TokenCipher, purpose: For) -> Vec<Attribute> {
    let kind = if purpose == For::Wrapping { KeyType::GENERIC_SECRET } else { cipher.key_type };
    let leaves = matches!(purpose, For::Wrapping | For::WrappingAndCheckValue);
    let mut template = of_the_session(kind, &[Attribute::Extractable(leaves)]);
    // DES keys have one length only, and PKCS#11 doesn't let it be said.
    if kind != KeyType::DES2 {
        template.push(Attribute::ValueLen(KEY_BYTES.into()));
    }
    match purpose {
        For::Deriving => template.push(Attribute::Derive(true)),
        For::CheckValue | For::WrappingAndCheckValue => template.push(Attribute::Encrypt(true)),
        For::Wrapping => {}
    }
    template
}
