//! READ, UPDATE and APPEND RECORD (ISO 7816-4 §11.4): by number, by tag, by the current file and by short identifier.

use super::VirtualCard;
use super::command::{Asked, Command};
use super::memory::{Content, Form, Mode, Records};
use super::status::{self, Answer, Sw};

impl VirtualCard {
    pub(super) fn read_record(&mut self, command: &Command) -> Result<Answer, Sw> {
        command.no_data()?;
        let asked = command.wants()?;
        let file = self.record_file(command)?;
        let records = self.records(file)?;
        self.allowed(file, Mode::Read)?;
        let at = self.record_meant(records, command)?;
        let whole: Vec<u8> = match command.p2 & 0x07 {
            // All from this one to the last.
            0x05 => records.records[at..].concat(),
            _ => records.records[at].clone(),
        };
        if command.p2 & 0x07 < 0x04 {
            self.session.record = Some(at);
        }
        let data = whole[..whole.len().min(asked.most())].to_vec();
        let sw = if matches!(asked, Asked::Exactly(n) if data.len() < n) { status::END_OF_FILE } else { status::DONE };
        Ok(Answer::with(data, sw))
    }

    pub(super) fn update_record(&mut self, command: &Command) -> Result<Answer, Sw> {
        let file = self.record_file(command)?;
        let records = self.records(file)?;
        self.allowed(file, Mode::Update)?;
        if command.p2 & 0x07 > 0x04 {
            return Err(status::NO_FUNCTION);
        }
        let at = self.record_meant(records, command)?;
        fits(records, command.data)?;
        let more = command.data.len().saturating_sub(records.records[at].len());
        if more > 0 && !self.memory.has_room_for(more) {
            return Err(status::NO_ROOM);
        }
        self.records_mut(file)?.records[at] = command.data.to_vec();
        self.session.record = Some(at);
        Ok(Answer::done())
    }

    pub(super) fn append_record(&mut self, command: &Command) -> Result<Answer, Sw> {
        if command.p1 != 0 || command.p2 & 0x07 != 0 {
            return Err(status::WRONG_PARAMETERS);
        }
        let file = self.record_file(command)?;
        let records = self.records(file)?;
        self.allowed(file, Mode::Append)?;
        fits(records, command.data)?;
        if records.records.len() == records.most || !self.memory.has_room_for(command.data.len()) {
            return Err(status::NO_ROOM);
        }
        let records = self.records_mut(file)?;
        records.records.push(command.data.to_vec());
        let last = records.records.len() - 1;
        self.session.record = Some(last);
        Ok(Answer::done())
    }

    fn record_file(&mut self, command: &Command) -> Result<usize, Sw> {
        match command.p2 >> 3 {
            0 => self.session.file.ok_or(status::NO_CURRENT_FILE),
            31 => Err(status::WRONG_PARAMETERS),
            sfi => {
                let file = self.enter_short(sfi)?;
                // A file named by its short identifier is begun anew.
                self.session.record = None;
                Ok(file)
            }
        }
    }

    fn records(&self, file: usize) -> Result<&Records, Sw> {
        match &self.memory.folders[self.session.folder].files[file].content {
            Content::Records(records) => Ok(records),
            Content::Transparent(_) => Err(status::OTHER_STRUCTURE),
        }
    }

    fn records_mut(&mut self, file: usize) -> Result<&mut Records, Sw> {
        match &mut self.memory.folders[self.session.folder].files[file].content {
            Content::Records(records) => Ok(records),
            Content::Transparent(_) => Err(status::OTHER_STRUCTURE),
        }
    }

    /// The index of the record that P1 and the low bits of P2 name.
    fn record_meant(&self, records: &Records, command: &Command) -> Result<usize, Sw> {
        let count = records.records.len();
        let here = self.session.record;
        let is_it = |at: &usize| match command.p1 {
            0 => true,
            tag => records.form == Form::VariableTlv && records.records[*at].first() == Some(&tag),
        };
        let found = match command.p2 & 0x07 {
            _ if command.p1 == 0xFF => return Err(status::WRONG_PARAMETERS),
            0x00 => (0..count).find(is_it),
            0x01 => (0..count).rev().find(is_it),
            0x02 => (here.map_or(0, |at| at + 1)..count).find(is_it),
            0x03 => (0..here.unwrap_or(count)).rev().find(is_it),
            0x04 | 0x05 => match command.p1 {
                0 => here,
                number => Some(usize::from(number) - 1).filter(|at| *at < count),
            },
            _ => return Err(status::NO_FUNCTION),
        };
        found.ok_or(status::NO_RECORD)
    }
}

/// As long as the file's records are, and a TLV object where they are such.
fn fits(records: &Records, data: &[u8]) -> Result<(), Sw> {
    let right_length = match records.form {
        Form::Fixed => data.len() == records.longest,
        Form::Variable | Form::VariableTlv => (1..=records.longest).contains(&data.len()),
    };
    if !right_length {
        return Err(status::WRONG_LENGTH);
    }
    let whole = match data {
        [1..=0xFE, len, value @ ..] => usize::from(*len) == value.len(),
        _ => false,
    };
    if whole || records.form != Form::VariableTlv { Ok(()) } else { Err(status::WRONG_DATA) }
}
