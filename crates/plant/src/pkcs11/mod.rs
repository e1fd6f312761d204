//! Card keys in a token (PKCS#11), behind `chip`'s port (docs/decisions/0011-token.md). Master, transport and MAC keys stay in the token; card
//! keys of the ciphers it has are derived in it and leave it wrapped. Which keys a plant works with is written down (`token_keys`).

mod derive;
mod failure;
mod imported;
mod mechanism;
mod objects;
mod sessions;

use card::profile::chip::{ChipLayout, KeyAlgorithm};
use chip::Place;
use chip::keys::{BlockKey, CardKeys, Declared, JobKeys, KeyFault, KeyGroup, KeyMark, KeyRequest, MAC_BYTES, MacMode, RootName, TransportMode, WrappedKey};
use cryptoki::object::{KeyType, ObjectHandle};
use cryptoki::session::Session;
use ledger::fault::Fault;
use zeroize::Zeroizing;

use crate::token_keys::{Held, KeyName, NotedKeys, NotedRoot, TokenSettings};
use derive::{Derivation, Root, RootKey};
use failure::Failure;
use mechanism::{Asked, Offer, lacks};
use objects::{Found, find, handle_of, missing};
use sessions::Sessions;

/// A token with everything a night asks of it.
pub struct Pkcs11Keys {
    sessions: Sessions,
    offer: Offer,
    wrap: Asked,
    transport: ObjectHandle,
    mac: Option<(Asked, ObjectHandle)>,
    roots: Vec<Root>,
    declared: Declared,
}

fn refused(fault: KeyFault) -> Fault {
    Fault::refused(fault.code(), format!("token: {fault}"))
}

/// An open token and what it offers.
struct Token<'a> {
    settings: &'a TokenSettings,
    sessions: Sessions,
    offer: Offer,
}

/// Takes down the keys of a layout as they are: in the token, or wrapped where it hasn't the cipher.
///
/// # Errors
/// KEY-03: one is missing; KEY-04: the token can't be opened; KEY-06, KEY-07: it fails, or lacks a mechanism.
pub fn note(
    settings: &TokenSettings,
    layout: &ChipLayout,
    wrapped: &[WrappedKey],
    pin: impl FnOnce() -> Result<Zeroizing<String>, Fault>,
) -> Result<NotedKeys, Fault> {
    let token = Token::open(settings, pin)?;
    token
        .sessions
        .with(|session| {
            let transport = token.aes(session, &settings.transport)?.mark;
            let mac = settings.mac.as_ref().map(|name| token.aes(session, name)).transpose()?.map(|found| found.mark);
            let mut roots: Vec<NotedRoot> = Vec::new();
            for key in &layout.key {
                let name = KeyName { label: key.name.clone(), version: key.version };
                if !roots.iter().any(|r| name_of(&r.mark) == name && r.algorithm == key.algorithm) {
                    roots.extend(token.roots_of(session, &name, key.algorithm, wrapped)?);
                }
            }
            Ok(NotedKeys { transport, mac, roots })
        })
        .map_err(refused)
}

impl Pkcs11Keys {
    /// Opens the token and sees that every key is the one that was noted.
    ///
    /// # Errors
    /// As [`note`]; KEY-03 also where a key is another than was noted.
    pub fn open(
        settings: &TokenSettings,
        noted: &NotedKeys,
        wrapped: &[WrappedKey],
        pin: impl FnOnce() -> Result<Zeroizing<String>, Fault>,
    ) -> Result<Self, Fault> {
        let token = Token::open(settings, pin)?;
        let wrap = token.offer.wrap.map_err(lacks).map_err(refused)?;
        let (transport, mac, roots) = token.sessions.with(|session| token.noted(session, noted, wrapped)).map_err(refused)?;
        let declared =
            Declared { transport: Some((TransportMode::AesKwp, noted.transport.clone())), mac: noted.mac.clone().map(|mark| (MacMode::AesCmac, mark)) };
        let Token { sessions, offer, .. } = token;
        Ok(Self { sessions, offer, wrap, transport, mac, roots, declared })
    }

    /// Where the keys lie that are held in this process: those of a cipher the token hasn't.
    #[must_use]
    pub fn places(&self) -> Vec<Place> {
        let here = |root: &Root| match &root.key {
            RootKey::Here(key) => Some(key.place()),
            RootKey::Token(_) => None,
        };
        self.roots.iter().filter_map(here).collect()
    }
}

fn name_of(mark: &KeyMark) -> KeyName {
    KeyName { label: mark.label().to_owned(), version: mark.version() }
}

impl<'a> Token<'a> {
    fn open(settings: &'a TokenSettings, pin: impl FnOnce() -> Result<Zeroizing<String>, Fault>) -> Result<Self, Fault> {
        let sessions = Sessions::open(settings, pin)?;
        let (context, slot) = sessions.context();
        let offer = Offer::of(context, slot, settings.sm4);
        Ok(Self { settings, sessions, offer })
    }

    fn aes(&self, session: &Session, name: &KeyName) -> Result<Found, Failure> {
        let aes = self.offer.aes.map_err(lacks)?;
        find(session, name, &KeyType::AES, aes, 16)?.ok_or_else(|| missing(name).into())
    }

    /// All there is of one name: the token's, and those that come wrapped.
    fn roots_of(&self, session: &Session, name: &KeyName, algorithm: KeyAlgorithm, wrapped: &[WrappedKey]) -> Result<Vec<NotedRoot>, Failure> {
        let mut found = Vec::new();
        for key in wrapped.iter().filter(|w| name_of(&w.mark) == *name && w.algorithm == algorithm) {
            self.unwrapped(session, key)?;
            found.push(NotedRoot { mark: key.mark.clone(), algorithm, city: key.city, held: Held::Wrapped });
        }
        if self.offer.is_asked_for(algorithm) && found.iter().all(|r| r.city.is_some()) {
            let master = self.master(session, name, algorithm)?;
            found.extend(master.map(|Found { mark, .. }| NotedRoot { mark, algorithm, city: None, held: Held::Token }));
        }
        if found.is_empty() { Err(missing(name).into()) } else { Ok(found) }
    }

    fn master(&self, session: &Session, name: &KeyName, algorithm: KeyAlgorithm) -> Result<Option<Found>, Failure> {
        let cipher = self.offer.cipher(algorithm)?;
        find(session, name, &cipher.key_type, cipher.encrypt, cipher.block_bytes)
    }

    fn unwrapped(&self, session: &Session, key: &WrappedKey) -> Result<BlockKey, Failure> {
        let name = self.settings.kek.as_ref().ok_or_else(|| KeyFault::Device("no KEK is named for keys that come wrapped".to_owned()))?;
        let kek = handle_of(session, name, &KeyType::AES)?.ok_or_else(|| missing(name))?;
        let value = imported::out(session, self.offer.wrap.map_err(lacks)?, kek, key)?;
        Ok(BlockKey::new(key.algorithm, &value))
    }

    fn noted(&self, session: &Session, noted: &NotedKeys, wrapped: &[WrappedKey]) -> Result<(ObjectHandle, Option<(Asked, ObjectHandle)>, Vec<Root>), Failure> {
        let checked = |mark: &KeyMark| -> Result<ObjectHandle, Failure> {
            let found = self.aes(session, &name_of(mark))?;
            objects::same(mark, &found.mark)?;
            Ok(found.handle)
        };
        let transport = checked(&noted.transport)?;
        let mac = match &noted.mac {
            Some(mark) => Some((self.offer.mac.map_err(lacks)?, checked(mark)?)),
            None => None,
        };
        let roots = noted.roots.iter().map(|root| self.root(session, root, wrapped)).collect::<Result<_, _>>()?;
        Ok((transport, mac, roots))
    }

    fn root(&self, session: &Session, noted: &NotedRoot, wrapped: &[WrappedKey]) -> Result<Root, Failure> {
        let name = name_of(&noted.mark);
        let key = match noted.held {
            Held::Wrapped => {
                let it = |w: &&WrappedKey| name_of(&w.mark) == name && w.algorithm == noted.algorithm && w.city == noted.city;
                let key = wrapped.iter().find(it).ok_or_else(|| missing(&name))?;
                objects::same(&noted.mark, &key.mark)?;
                RootKey::Here(self.unwrapped(session, key)?)
            }
            Held::Token => {
                let found = self.master(session, &name, noted.algorithm)?.ok_or_else(|| missing(&name))?;
                objects::same(&noted.mark, &found.mark)?;
                RootKey::Token(found.handle)
            }
        };
        Ok(Root { name: RootName { label: name.label, version: name.version, algorithm: noted.algorithm, city: noted.city }, key })
    }
}

impl CardKeys for Pkcs11Keys {
    fn declared(&self) -> &Declared {
        &self.declared
    }

    fn derive(&self, groups: &[KeyGroup], cards: &[KeyRequest]) -> Result<JobKeys, KeyFault> {
        self.sessions
            .with(|session| Derivation { session, roots: &self.roots, offer: &self.offer, wrap: self.wrap, transport: self.transport }.job(groups, cards))
    }

    fn mac(&self, data: &[u8]) -> Result<[u8; MAC_BYTES], KeyFault> {
        let (cmac, key) = self.mac.ok_or(KeyFault::NoMac)?;
        let short = || KeyFault::Device("gives a MAC of another length".to_owned());
        self.sessions.with(|session| {
            let mac = session.sign(&cmac.plain(), key, data)?;
            Ok(mac.try_into().map_err(|_| short())?)
        })
    }
}
