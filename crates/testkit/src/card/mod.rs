//! A card that isn't there: an ISO 7816-4 file system with keys, access conditions, a full memory and a power supply that can be cut.
//! Bytes in, bytes out; no reader, no clock, no chance of its own. It shares no code with the writer of scripts, so that neither can
//! repeat the other's mistakes. docs/formats/apdu.md §4 says what it does where the standard leaves a choice.

mod binary;
mod command;
mod create;
mod memory;
mod parameters;
mod record;
mod secure;
mod select;
mod status;
#[cfg(test)]
mod tests;

use command::Command;
use memory::Memory;
use status::{Answer, Sw};

pub use memory::{FILE_OVERHEAD_BYTES, FOLDER_OVERHEAD_BYTES, KEY_OVERHEAD_BYTES};
pub use secure::TRIES;

/// Historical bytes as social security cards have them (card-and-rules.md 3.22), invented: the last 8 are what keys are derived by.
const HISTORICAL: [u8; 13] = *b"\x00\x01TK\x00\x86\x00\x42\x01\x00\x00\x00\x01";
/// `3B`, 13 historical bytes, protocol T=1 alone.
const ATR_HEAD: [u8; 3] = [0x3B, 0x8D, 0x01];

/// When power goes in the middle of a command.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Tear {
    /// The command was received, nothing was done.
    BeforeEffect,
    /// All of it was done, the answer never left. There is nothing between: what a command writes, it writes at once.
    BeforeAnswer,
}

/// A blank card with a master file and nothing in it.
#[derive(Clone)]
pub struct VirtualCard {
    memory: Memory,
    session: Session,
    powered: bool,
    tear: Option<(u64, Tear)>,
    commands: u64,
}

/// What a card forgets without power.
#[derive(Clone, Default)]
struct Session {
    /// Index of the current folder; 0 is the master file.
    folder: usize,
    /// Index of the current file in it.
    file: Option<usize>,
    /// Index of the current record in that.
    record: Option<usize>,
    challenge: Option<[u8; 16]>,
    /// Keys of the current folder that somebody has authenticated with.
    opened: Vec<u8>,
    arriving: Option<memory::Key>,
}

impl VirtualCard {
    /// `capacity_bytes` for files, folders and keys with what each takes besides; `transport` opens data groups 8000.
    #[must_use]
    pub fn blank(capacity_bytes: usize, transport: [u8; 16]) -> Self {
        Self { memory: Memory::blank(capacity_bytes, transport), session: Session::default(), powered: true, tear: None, commands: 0 }
    }

    /// Answer to reset.
    #[must_use]
    pub fn atr(&self) -> Vec<u8> {
        let mut atr = [&ATR_HEAD[..], &HISTORICAL].concat();
        atr.push(atr[1..].iter().fold(0, |check, byte| check ^ byte));
        atr
    }

    /// Power off and on: what was selected and who has authenticated is forgotten.
    pub fn reset(&mut self) {
        self.session = Session::default();
        self.powered = true;
    }

    /// Power goes at a later command; 0 is the next one. It stays off until the card is reset.
    pub fn cut_power_at(&mut self, commands_from_now: u64, tear: Tear) {
        self.tear = Some((self.commands.saturating_add(commands_from_now), tear));
    }

    /// Commands received so far.
    #[must_use]
    pub fn commands(&self) -> u64 {
        self.commands
    }

    /// Answers one command; nothing without power.
    pub fn transmit(&mut self, apdu: &[u8]) -> Vec<u8> {
        if !self.powered {
            return Vec::new();
        }
        let tear = self.tear.filter(|(at, _)| *at == self.commands).map(|(_, tear)| tear);
        self.commands += 1;
        if tear == Some(Tear::BeforeEffect) {
            return self.lose_power();
        }
        let answer = self.execute(apdu).unwrap_or_else(Answer::of);
        if tear.is_some() { self.lose_power() } else { answer.bytes() }
    }

    fn lose_power(&mut self) -> Vec<u8> {
        self.session = Session::default();
        self.powered = false;
        self.tear = None;
        Vec::new()
    }

    fn execute(&mut self, apdu: &[u8]) -> Result<Answer, Sw> {
        let command = Command::parse(apdu)?;
        match (command.cla, command.ins) {
            (0x80, 0xE2) => self.store_data(&command),
            (0x80.., _) => Err(status::NO_CLASS),
            (0x00, ins) => self.interindustry(ins, &command),
            (cla, _) if cla & 0x10 != 0 => Err(status::NO_CHAINING),
            (cla, _) if cla & 0x0C != 0 => Err(status::NO_SECURE_MESSAGING),
            (0x01..=0x03, _) => Err(status::NO_CHANNEL),
            _ => Err(status::NO_CLASS),
        }
    }

    fn interindustry(&mut self, ins: u8, command: &Command) -> Result<Answer, Sw> {
        match ins {
            0x44 => self.activate(command),
            0x82 => self.external_authenticate(command),
            0x84 => self.get_challenge(command),
            0x88 => self.internal_authenticate(command),
            0xA4 => self.select(command),
            0xB0 | 0xB1 => self.read_binary(command),
            0xB2 => self.read_record(command),
            0xD6 | 0xD7 => self.update_binary(command),
            0xDC => self.update_record(command),
            0xE0 => self.create(command),
            0xE2 => self.append_record(command),
            _ => Err(status::NO_INSTRUCTION),
        }
    }

    /// Makes a file of the current folder current, by its short identifier.
    fn enter_short(&mut self, sfi: u8) -> Result<usize, Sw> {
        let files = &self.memory.folders[self.session.folder].files;
        let file = files.iter().position(|f| f.sfi == Some(sfi)).ok_or(status::NO_FILE)?;
        self.enter_file(file);
        Ok(file)
    }

    fn enter_file(&mut self, file: usize) {
        if self.session.file != Some(file) {
            self.session.file = Some(file);
            self.session.record = None;
        }
    }

    /// Who has authenticated in another folder is nobody here.
    fn enter_folder(&mut self, folder: usize) {
        if self.session.folder != folder {
            self.session.opened.clear();
            self.session.arriving = None;
        }
        self.session.folder = folder;
        self.session.file = None;
        self.session.record = None;
    }

    /// Whether somebody has authenticated as a condition of the file asks.
    fn allowed(&self, file: usize, mode: memory::Mode) -> Result<(), Sw> {
        let file = &self.memory.folders[self.session.folder].files[file];
        if !file.activated || file.access.condition(mode).is_met_by(&self.session.opened) { Ok(()) } else { Err(status::NOT_ALLOWED) }
    }
}
