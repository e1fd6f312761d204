//! Keys: how they come (data groups 8000 and 9000 after EMV CPS), and authentication by SM4 in both directions.

use sm4::Sm4;
use sm4::cipher::{BlockCipherDecrypt, BlockCipherEncrypt, KeyInit};

use super::VirtualCard;
use super::command::{Asked, Command};
use super::memory::{KEY_OVERHEAD_BYTES, Key};
use super::status::{self, Answer, Sw};

/// Wrong answers to challenges before a key is blocked for good.
pub const TRIES: u8 = 3;
const BLOCK_BYTES: usize = 16;
const INTERNAL: u8 = 0x01;
const EXTERNAL: u8 = 0x02;
const SM4: u8 = 0x03;
/// P1 of STORE DATA: data groups encrypted; last one.
const ENCRYPTED: u8 = 0x60;
const LAST: u8 = 0x80;

fn encrypt(key: &[u8; 16], block: [u8; BLOCK_BYTES]) -> [u8; BLOCK_BYTES] {
    let mut block = block.into();
    Sm4::new(&(*key).into()).encrypt_block(&mut block);
    block.into()
}

fn decrypt(key: &[u8; 16], block: [u8; BLOCK_BYTES]) -> [u8; BLOCK_BYTES] {
    let mut block = block.into();
    Sm4::new(&(*key).into()).decrypt_block(&mut block);
    block.into()
}

impl VirtualCard {
    /// A key first, under the transport key; then its check value. Only both together are kept.
    pub(super) fn store_data(&mut self, command: &Command) -> Result<Answer, Sw> {
        if self.memory.folders[self.session.folder].activated {
            return Err(status::NOT_NOW);
        }
        match (command.p1, command.p2, command.data) {
            (ENCRYPTED, 0, [0x80, 0x00, 32, wrapped @ ..]) => {
                let key = self.unwrap(wrapped)?;
                self.session.arriving = Some(key);
                Ok(Answer::done())
            }
            (LAST, 1, [0x90, 0x00, 4, id, check @ ..]) => self.keep(*id, check),
            (ENCRYPTED, 0, _) | (LAST, 1, _) => Err(status::WRONG_DATA),
            _ => Err(status::WRONG_PARAMETERS),
        }
    }

    /// Two blocks: identifier, use, version, algorithm and zeros; the key.
    fn unwrap(&self, wrapped: &[u8]) -> Result<Key, Sw> {
        let (head, value) = wrapped.split_first_chunk::<BLOCK_BYTES>().ok_or(status::WRONG_DATA)?;
        let value: [u8; BLOCK_BYTES] = value.try_into().map_err(|_| status::WRONG_DATA)?;
        let [id @ 1..=0xFF, purpose @ INTERNAL..=0x03, _, SM4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0] = decrypt(&self.memory.transport, *head) else {
            return Err(status::WRONG_DATA);
        };
        Ok(Key { id, purpose, value: decrypt(&self.memory.transport, value), tries_left: TRIES })
    }

    fn keep(&mut self, id: u8, check: &[u8]) -> Result<Answer, Sw> {
        let key = self.session.arriving.take().ok_or(status::NOT_NOW)?;
        if key.id != id || encrypt(&key.value, [0; BLOCK_BYTES])[..3] != *check {
            return Err(status::WRONG_DATA);
        }
        let room = self.memory.has_room_for(KEY_OVERHEAD_BYTES);
        let keys = &mut self.memory.folders[self.session.folder].keys;
        if keys.iter().any(|k| k.id == id) {
            return Err(status::FILE_EXISTS);
        }
        if !room {
            return Err(status::NO_ROOM);
        }
        keys.push(key);
        Ok(Answer::done())
    }

    pub(super) fn get_challenge(&mut self, command: &Command) -> Result<Answer, Sw> {
        command.plain()?;
        command.no_data()?;
        match command.wants()? {
            Asked::Exactly(BLOCK_BYTES) | Asked::UpTo(_) => {}
            Asked::Exactly(_) => return Err(status::OTHER_LENGTH | BLOCK_BYTES as Sw),
        }
        self.memory.challenges += 1;
        let mut count = [0; BLOCK_BYTES];
        count[8..].copy_from_slice(&self.memory.challenges.to_be_bytes());
        let challenge = encrypt(&self.memory.transport, count);
        self.session.challenge = Some(challenge);
        Ok(Answer::with(challenge.to_vec(), status::DONE))
    }

    /// A challenge is good for one answer; a try is counted before it is looked at.
    pub(super) fn external_authenticate(&mut self, command: &Command) -> Result<Answer, Sw> {
        let challenge = self.session.challenge.take();
        let folder = self.session.folder;
        if command.p1 != 0 {
            return Err(status::WRONG_PARAMETERS);
        }
        let keys = &mut self.memory.folders[folder].keys;
        let key = keys.iter_mut().find(|k| k.id == command.p2 && k.purpose == EXTERNAL).ok_or(status::NO_KEY)?;
        if command.data.len() != BLOCK_BYTES {
            return Err(status::WRONG_LENGTH);
        }
        let challenge = challenge.ok_or(status::NOT_NOW)?;
        key.tries_left = key.tries_left.checked_sub(1).ok_or(status::BLOCKED)?;
        if encrypt(&key.value, challenge) != command.data {
            return Err(status::WRONG_KEY | Sw::from(key.tries_left));
        }
        key.tries_left = TRIES;
        let id = key.id;
        if !self.session.opened.contains(&id) {
            self.session.opened.push(id);
        }
        Ok(Answer::done())
    }

    pub(super) fn internal_authenticate(&mut self, command: &Command) -> Result<Answer, Sw> {
        if command.p1 != 0 {
            return Err(status::WRONG_PARAMETERS);
        }
        let asked = command.wants()?;
        let block: [u8; BLOCK_BYTES] = command.data.try_into().map_err(|_| status::WRONG_LENGTH)?;
        let keys = &self.memory.folders[self.session.folder].keys;
        let key = keys.iter().find(|k| k.id == command.p2 && k.purpose == INTERNAL).ok_or(status::NO_KEY)?;
        if asked.most() < BLOCK_BYTES {
            return Err(status::OTHER_LENGTH | BLOCK_BYTES as Sw);
        }
        Ok(Answer::with(encrypt(&key.value, block).to_vec(), status::DONE))
    }
}
