//! READ BINARY and UPDATE BINARY (ISO 7816-4 §11.3), with the offset in the header or, in the odd instructions, in a data object.

use super::VirtualCard;
use super::command::{Asked, Command};
use super::memory::{Content, Mode};
use super::parameters::{Object, objects};
use super::status::{self, Answer, Sw};

const OFFSET: u8 = 0x54;
const DISCRETIONARY: u8 = 0x53;

impl VirtualCard {
    pub(super) fn read_binary(&mut self, command: &Command) -> Result<Answer, Sw> {
        let asked = command.wants()?;
        let (file, offset) = match command.ins {
            0xB0 => {
                command.no_data()?;
                self.by_header(command)?
            }
            _ => (self.by_odd_header(command)?, offset_alone(command.data)?),
        };
        let wrap = command.ins != 0xB0;
        let head = if wrap { head_bytes(asked.most()) } else { 0 };
        let most = asked.most().checked_sub(head).ok_or(status::WRONG_LENGTH)?;
        let bytes = self.transparent(file)?;
        self.allowed(file, Mode::Read)?;
        let rest = bytes.get(offset..).filter(|rest| !rest.is_empty()).ok_or(status::NO_OFFSET)?;
        let data = rest[..rest.len().min(most)].to_vec();
        let sw = if matches!(asked, Asked::Exactly(_)) && data.len() < most { status::END_OF_FILE } else { status::DONE };
        Ok(Answer::with(if wrap { wrapped(&data) } else { data }, sw))
    }

    pub(super) fn update_binary(&mut self, command: &Command) -> Result<Answer, Sw> {
        let (file, offset, data) = match command.ins {
            0xD6 => {
                let (file, offset) = self.by_header(command)?;
                (file, offset, command.data)
            }
            _ => {
                let found = objects(command.data).ok_or(status::WRONG_DATA)?;
                let [Object { tag: OFFSET, value: offset }, Object { tag: DISCRETIONARY, value }] = found.as_slice() else { return Err(status::WRONG_DATA) };
                (self.by_odd_header(command)?, number(offset)?, *value)
            }
        };
        if data.is_empty() {
            return Err(status::WRONG_LENGTH);
        }
        let len = self.transparent(file)?.len();
        self.allowed(file, Mode::Update)?;
        if offset >= len {
            return Err(status::NO_OFFSET);
        }
        if data.len() > len - offset {
            return Err(status::NO_ROOM);
        }
        if let Content::Transparent(bytes) = &mut self.memory.folders[self.session.folder].files[file].content {
            bytes[offset..offset + data.len()].copy_from_slice(data);
        }
        Ok(Answer::done())
    }

    fn transparent(&self, file: usize) -> Result<&[u8], Sw> {
        match &self.memory.folders[self.session.folder].files[file].content {
            Content::Transparent(bytes) => Ok(bytes),
            Content::Records(_) => Err(status::OTHER_STRUCTURE),
        }
    }

    /// Bit 8 of P1: a short identifier and an offset of one byte; else the current file and 15 bits.
    fn by_header(&mut self, command: &Command) -> Result<(usize, usize), Sw> {
        match command.p1 {
            p1 @ 0x80..=0x9F => Ok((self.enter_short(p1 & 0x1F)?, usize::from(command.p2))),
            0xA0.. => Err(status::WRONG_PARAMETERS),
            high => {
                let file = self.session.file.ok_or(status::NO_CURRENT_FILE)?;
                Ok((file, usize::from(high) << 8 | usize::from(command.p2)))
            }
        }
    }

    /// The current file, a short identifier, or a file's whole identifier.
    fn by_odd_header(&mut self, command: &Command) -> Result<usize, Sw> {
        match (command.p1, command.p2) {
            (0, 0) => self.session.file.ok_or(status::NO_CURRENT_FILE),
            (0, sfi @ 1..=30) => self.enter_short(sfi),
            (high, low) => {
                let id = u16::from_be_bytes([high, low]);
                let files = &self.memory.folders[self.session.folder].files;
                let file = files.iter().position(|f| f.id == id).ok_or(status::NO_FILE)?;
                self.enter_file(file);
                Ok(file)
            }
        }
    }
}

fn offset_alone(data: &[u8]) -> Result<usize, Sw> {
    match objects(data).as_deref() {
        Some([Object { tag: OFFSET, value }]) => number(value),
        _ => Err(status::WRONG_DATA),
    }
}

fn number(value: &[u8]) -> Result<usize, Sw> {
    if !(1..=3).contains(&value.len()) {
        return Err(status::WRONG_DATA);
    }
    Ok(value.iter().fold(0, |n, byte| n << 8 | usize::from(*byte)))
}

/// Tag and length before as much data as an answer of `most` bytes holds.
fn head_bytes(most: usize) -> usize {
    match most {
        ..=129 => 2,
        130..=258 => 3,
        _ => 4,
    }
}

fn wrapped(data: &[u8]) -> Vec<u8> {
    let [.., high, low] = data.len().to_be_bytes();
    let head: &[u8] = match data.len() {
        ..=0x7F => &[DISCRETIONARY, low],
        0x80..=0xFF => &[DISCRETIONARY, 0x81, low],
        _ => &[DISCRETIONARY, 0x82, high, low],
    };
    [head, data].concat()
}
