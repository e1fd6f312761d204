//! From a chip image to the steps of its script: create, write and, where the card has keys, close; then reset, and read everything back
//! with what must be refused in between.

use card::profile::chip::{ChipFolder, ChipKey, ChipLayout, KeyAlgorithm, KeyUse};

use super::command::{Command, READ_BYTES_MAX, WRITE_BYTES_MAX};
use super::parameters::{Security, condition_byte, file_parameters, folder_parameters};
use super::pieces::{READ_HEAD_BYTES, SHORT_OFFSET_MAX, WRITE_HEAD_BYTES, chunks, discretionary, numbered, offset_object, plain};
use super::test_keys::{CHALLENGE_BYTES, TestKey, TestKeys, check_value, cryptogram};
use super::{Act, Exchange, SW_DONE, SW_END_OF_FILE, SW_NO_FILE, SW_NO_OFFSET, SW_NO_RECORD, SW_NOT_ALLOWED, Step};
use crate::image::{ChipImage, ChipRecordImage, Content, FileImage, Permission, unhex};
use crate::problem::ChipProblem;

const MASTER_FILE: u16 = 0x3F00;
/// Layouts name folders, they don't number them: numbers from here, in the layout's order.
const FOLDER_IDS_FROM: u16 = 0x7F01;
/// What the card answers INTERNAL AUTHENTICATE is compared: always to the same challenge.
const INTERNAL_CHALLENGE: [u8; CHALLENGE_BYTES] = *b"cardline's proof";
const ALGORITHM_SM4: u8 = 0x03;

/// How a record file is made.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum RecordForm {
    /// All records as long as the longest, filled with `00`; addressed by number. Any ISO 7816-4 card has it.
    Fixed,
    /// Each record as long as it is and found by its tag, as readers of social security cards ask for it (card-and-rules.md 3.7).
    VariableTlv,
}

/// The card a script is for.
#[derive(Clone, Copy)]
pub struct Target<'a> {
    pub records: RecordForm,
    /// None for a card without SM4: then no keys are loaded, no access conditions set and nobody authenticates.
    pub keys: Option<&'a TestKeys>,
}

/// All steps for one blank card.
///
/// # Errors
/// The image or layout can't be written with short commands, or a key is missing.
pub fn script(image: &ChipImage, layout: &ChipLayout, target: &Target) -> Result<Vec<Step>, ChipProblem> {
    script_of(&image.files, layout, target)
}

/// As [`script`], from files alone: what an encode file is read back to.
///
/// # Errors
/// As [`script`]; a file in a folder the layout doesn't name.
pub fn script_of(files: &[FileImage], layout: &ChipLayout, target: &Target) -> Result<Vec<Step>, ChipProblem> {
    let mut writer = Writer { layout, target, steps: Vec::new() };
    writer.reset("power on");
    let folders = layout.folder.iter().enumerate().map(|(i, folder)| Folder::of(i, folder, files)).collect::<Result<Vec<_>, _>>()?;
    if folders.iter().map(|f| f.files.len()).sum::<usize>() != files.len() {
        return Err(ChipProblem::new("folder", "a file lies in none of the layout's folders, or in two"));
    }
    for folder in &folders {
        writer.personalise(folder)?;
    }
    writer.reset("read back");
    for folder in &folders {
        writer.read_back(folder)?;
    }
    Ok(writer.steps)
}

struct Folder<'a> {
    label: &'a str,
    name: Vec<u8>,
    id: u16,
    files: Vec<&'a FileImage>,
}

impl<'a> Folder<'a> {
    fn of(index: usize, folder: &'a ChipFolder, files: &'a [FileImage]) -> Result<Self, ChipProblem> {
        let name = unhex(&folder.name_hex).filter(|name| !name.is_empty()).ok_or_else(|| ChipProblem::new(&folder.id, "no name"))?;
        let files = files.iter().filter(|f| f.folder == name).collect();
        let id = u16::try_from(index).ok().and_then(|i| FOLDER_IDS_FROM.checked_add(i)).ok_or_else(|| ChipProblem::new(&folder.id, "too many folders"))?;
        Ok(Self { label: &folder.id, name, id, files })
    }
}

struct Writer<'a> {
    layout: &'a ChipLayout,
    target: &'a Target<'a>,
    steps: Vec<Step>,
}

impl<'a> Writer<'a> {
    fn reset(&mut self, note: &str) {
        self.steps.push(Step { act: Act::Reset, note: note.to_owned() });
    }

    fn send(&mut self, command: Vec<u8>, sw: u16, data: &[u8], note: String) {
        self.steps.push(Step { act: Act::Send(Exchange { command, sw, data: data.to_vec() }), note });
    }

    fn done(&mut self, command: Vec<u8>, note: String) {
        self.send(command, SW_DONE, &[], note);
    }

    fn select_name(&mut self, folder: &Folder) {
        self.done(Command::new(0xA4, 0x04, 0x0C).data(&folder.name), format!("{}: select", folder.label));
    }

    fn select_file(&mut self, folder: &Folder, id: u16) {
        self.done(Command::new(0xA4, 0x02, 0x0C).data(&id.to_be_bytes()), format!("{}/{id:04X}: select", folder.label));
    }

    fn personalise(&mut self, folder: &Folder) -> Result<(), ChipProblem> {
        let label = folder.label;
        self.done(Command::new(0xA4, 0, 0x0C).data(&MASTER_FILE.to_be_bytes()), "MF: select".to_owned());
        self.done(Command::new(0xE0, 0, 0).data(&folder_parameters(folder.id, &folder.name)?), format!("{label}: create"));
        self.select_name(folder);
        for key in self.keys_of(folder) {
            self.load_key(key)?;
        }
        for file in &folder.files {
            self.write_file(folder, file)?;
        }
        if self.target.keys.is_some() {
            self.activate(folder)?;
        }
        Ok(())
    }

    /// The access conditions hold from here on. A file that nobody will read again is compared before.
    fn activate(&mut self, folder: &Folder) -> Result<(), ChipProblem> {
        for file in &folder.files {
            self.select_file(folder, file.id);
            if file.access.read == Permission::Never {
                self.read_content(folder, file)?;
            }
            self.done(Command::new(0x44, 0, 0).alone(), format!("{}/{:04X}: activate", folder.label, file.id));
        }
        self.select_name(folder);
        self.done(Command::new(0x44, 0, 0).alone(), format!("{}: activate", folder.label));
        Ok(())
    }

    // ---- keys

    fn keys_of(&self, folder: &Folder) -> Vec<&'a ChipKey> {
        let layout = self.layout;
        layout.key.iter().filter(|k| self.target.keys.is_some() && k.folder == folder.label).collect()
    }

    fn value_of(&self, key: &ChipKey) -> Result<(u8, &'a TestKey), ChipProblem> {
        let missing = || ChipProblem::new(&key.name, "no test key of this name, or no id");
        let value = self.target.keys.and_then(|keys| keys.find(&key.name)).ok_or_else(missing)?;
        if key.algorithm != KeyAlgorithm::Sm4 {
            return Err(ChipProblem::new(&key.name, "only SM4 keys go into a script"));
        }
        Ok((key.id_byte().ok_or_else(missing)?, value))
    }

    /// Data groups 8000 and 9000, after EMV CPS: the key under the transport key, then its check value, without which the card forgets it.
    fn load_key(&mut self, key: &ChipKey) -> Result<(), ChipProblem> {
        let (id, value) = self.value_of(key)?;
        let transport = &self.target.keys.ok_or_else(|| ChipProblem::new(&key.name, "no transport key"))?.transport;
        let mut head = [0; CHALLENGE_BYTES];
        head[..4].copy_from_slice(&[id, use_byte(key.purpose), key.version, ALGORITHM_SM4]);
        let wrapped = [cryptogram(transport, head), cryptogram(transport, value.0)].concat();
        let group = [&[0x80, 0x00, wrapped.len() as u8], &wrapped[..]].concat();
        self.done(Command::new(0xE2, 0x60, 0).class(0x80).data(&group), format!("{}: key {id:02X}", key.folder));
        let check = [&[0x90, 0x00, 4, id][..], &check_value(value)].concat();
        self.done(Command::new(0xE2, 0x80, 1).class(0x80).data(&check), format!("{}: check value of key {id:02X}", key.folder));
        Ok(())
    }

    fn authenticate(&mut self, key: &ChipKey) -> Result<(), ChipProblem> {
        let (key_id, value) = self.value_of(key)?;
        let note = format!("{}: authenticate with key {key_id:02X}", key.folder);
        self.steps.push(Step { act: Act::Authenticate { key_id, key: value.clone() }, note });
        Ok(())
    }

    fn prove(&mut self, key: &ChipKey) -> Result<(), ChipProblem> {
        match key.purpose {
            KeyUse::ExternalAuthentication => self.authenticate(key),
            KeyUse::InternalAuthentication => {
                let (id, value) = self.value_of(key)?;
                let command = Command::new(0x88, 0, id).data_and_answer(&INTERNAL_CHALLENGE, CHALLENGE_BYTES);
                self.send(command, SW_DONE, &cryptogram(value, INTERNAL_CHALLENGE), format!("{}: card proves key {id:02X}", key.folder));
                Ok(())
            }
            // Proved by protected commands, which a script has none of.
            KeyUse::Maintenance => Ok(()),
        }
    }

    // ---- writing

    fn security(&self, folder: &Folder, file: &FileImage) -> Result<Option<Security>, ChipProblem> {
        if self.target.keys.is_none() {
            return Ok(None);
        }
        let opens = |id| self.opening_key(folder, id).is_some();
        Ok(Some(Security { read: condition_byte(file.access.read, opens)?, update: condition_byte(file.access.update, opens)? }))
    }

    fn opening_key(&self, folder: &Folder, id: u8) -> Option<&'a ChipKey> {
        let layout = self.layout;
        let is_it = |k: &&ChipKey| k.folder == folder.label && k.purpose == KeyUse::ExternalAuthentication && k.id_byte() == Some(id);
        layout.key.iter().find(is_it)
    }

    fn write_file(&mut self, folder: &Folder, file: &FileImage) -> Result<(), ChipProblem> {
        if !(1..=30).contains(&file.sfi) {
            return Err(ChipProblem::new("file", "a short identifier is from 1 to 30"));
        }
        let at = format!("{}/{:04X}", folder.label, file.id);
        let access = self.security(folder, file)?;
        let parameters = file_parameters(file.id, file.sfi, &file.content, self.target.records, access)?;
        self.done(Command::new(0xE0, 0, 0).data(&parameters), format!("{at}: create"));
        match &file.content {
            Content::Records(records) => self.write_records(&at, file.sfi, records),
            Content::Transparent(bytes) => {
                self.select_file(folder, file.id);
                self.write_bytes(&at, bytes);
                Ok(())
            }
            Content::Reserved { .. } => Ok(()),
        }
    }

    fn write_records(&mut self, at: &str, sfi: u8, records: &[ChipRecordImage]) -> Result<(), ChipProblem> {
        for (number, bytes) in numbered(records, self.target.records)? {
            let command = match self.target.records {
                RecordForm::Fixed => Command::new(0xDC, number, sfi << 3 | 0x04),
                RecordForm::VariableTlv => Command::new(0xE2, 0, sfi << 3),
            };
            self.done(command.data(&bytes), format!("{at}: write record {number}"));
        }
        Ok(())
    }

    fn write_bytes(&mut self, at: &str, bytes: &[u8]) {
        for (offset, chunk) in chunks(bytes, WRITE_BYTES_MAX, WRITE_HEAD_BYTES) {
            let command = match plain(offset) {
                Some([high, low]) => Command::new(0xD6, high, low).data(chunk),
                None => Command::new(0xD7, 0, 0).data(&[offset_object(offset), discretionary(chunk)].concat()),
            };
            self.done(command, format!("{at}: write {} bytes at {offset}", chunk.len()));
        }
    }

    // ---- reading

    fn read_back(&mut self, folder: &Folder) -> Result<(), ChipProblem> {
        self.select_name(folder);
        let keys = self.keys_of(folder);
        self.refusals(folder)?;
        for key in &keys {
            self.prove(key)?;
        }
        for file in &folder.files {
            if let (Some(_), Permission::Key(id)) = (self.target.keys, file.access.read) {
                let key = self.opening_key(folder, id).ok_or_else(|| ChipProblem::new("access", format!("no key {id:02X} in {}", folder.label)))?;
                self.authenticate(key)?;
            }
            if self.target.keys.is_none() || file.access.read != Permission::Never {
                self.read_content(folder, file)?;
            }
        }
        let absent = (0..=u16::MAX).rev().find(|id| (0xEF00..0xEFFF).contains(id) && folder.files.iter().all(|f| f.id != *id)).unwrap_or(0xEFFE);
        let command = Command::new(0xA4, 0x02, 0x0C).data(&absent.to_be_bytes());
        self.send(command, SW_NO_FILE, &[], format!("{}: there is no file {absent:04X}", folder.label));
        Ok(())
    }

    /// Before anybody has authenticated, what the layout protects is closed.
    fn refusals(&mut self, folder: &Folder) -> Result<(), ChipProblem> {
        if self.target.keys.is_none() {
            return Ok(());
        }
        for file in &folder.files {
            let at = format!("{}/{:04X}", folder.label, file.id);
            if file.access.read != Permission::Free {
                self.send(first_read(file), SW_NOT_ALLOWED, &[], format!("{at}: closed to reading"));
            }
            if file.access.update != Permission::Free
                && let Some(command) = first_write(file, self.target.records)?
            {
                self.send(command, SW_NOT_ALLOWED, &[], format!("{at}: closed to writing"));
            }
        }
        Ok(())
    }

    fn read_content(&mut self, folder: &Folder, file: &FileImage) -> Result<(), ChipProblem> {
        let at = format!("{}/{:04X}", folder.label, file.id);
        match &file.content {
            Content::Records(records) => self.read_records(folder, file, &at, records),
            Content::Transparent(bytes) => {
                self.read_bytes(folder, file, &at, bytes);
                Ok(())
            }
            // What a card has in a file that was never written is its own affair; that it is there, and how large, isn't.
            Content::Reserved { size_bytes } => {
                self.select_file(folder, file.id);
                self.end_of_file(&at, usize::from(*size_bytes));
                Ok(())
            }
        }
    }

    fn read_records(&mut self, folder: &Folder, file: &FileImage, at: &str, records: &[ChipRecordImage]) -> Result<(), ChipProblem> {
        let form = self.target.records;
        let numbered = numbered(records, form)?;
        for (number, bytes) in &numbered {
            let command = Command::new(0xB2, *number, file.sfi << 3 | 0x04).answer(bytes.len());
            self.send(command, SW_DONE, bytes, format!("{at}: record {number}"));
        }
        self.select_file(folder, file.id);
        for ((number, bytes), record) in numbered.iter().zip(records) {
            // Of records found by their tag every one is asked for so; else the last stands for them.
            let command = match form {
                RecordForm::VariableTlv => Command::new(0xB2, record.tag, 0x00),
                RecordForm::Fixed if usize::from(*number) == records.len() => Command::new(0xB2, *number, 0x04),
                RecordForm::Fixed => continue,
            };
            self.send(command.answer(bytes.len()), SW_DONE, bytes, format!("{at}: record {number} of the selected file"));
        }
        let beyond = u8::try_from(records.len() + 1).map_err(|_| ChipProblem::new("file", "over 253 records"))?;
        self.send(Command::new(0xB2, beyond, 0x04).answer(1), SW_NO_RECORD, &[], format!("{at}: there is no record {beyond}"));
        Ok(())
    }

    fn read_bytes(&mut self, folder: &Folder, file: &FileImage, at: &str, bytes: &[u8]) {
        if let Some(first) = bytes.chunks(READ_BYTES_MAX).next() {
            self.send(Command::new(0xB0, 0x80 | file.sfi, 0).answer(first.len()), SW_DONE, first, format!("{at}: first bytes"));
        }
        self.select_file(folder, file.id);
        for (offset, chunk) in chunks(bytes, READ_BYTES_MAX, READ_HEAD_BYTES) {
            let note = format!("{at}: {} bytes at {offset}", chunk.len());
            match plain(offset) {
                Some([high, low]) => self.send(Command::new(0xB0, high, low).answer(chunk.len()), SW_DONE, chunk, note),
                None => {
                    let answer = discretionary(chunk);
                    self.send(Command::new(0xB1, 0, 0).data_and_answer(&offset_object(offset), answer.len()), SW_DONE, &answer, note);
                }
            }
        }
        self.ends_of_file(file, at, bytes);
    }

    fn end_of_file(&mut self, at: &str, size: usize) {
        if let Some([high, low]) = plain(size) {
            self.send(Command::new(0xB0, high, low).answer(1), SW_NO_OFFSET, &[], format!("{at}: nothing is left"));
        }
    }

    /// More than is left, and nothing left.
    fn ends_of_file(&mut self, file: &FileImage, at: &str, bytes: &[u8]) {
        if let (Some([high, low]), Some(last)) = (bytes.len().checked_sub(1).and_then(plain), bytes.last()) {
            self.send(Command::new(0xB0, high, low).answer(2), SW_END_OF_FILE, &[*last], format!("{at}: only one byte is left"));
        }
        self.end_of_file(at, bytes.len());
        if bytes.len() <= SHORT_OFFSET_MAX {
            let command = Command::new(0xB0, 0x80 | file.sfi, bytes.len() as u8).answer(1);
            self.send(command, SW_NO_OFFSET, &[], format!("{at}: nothing is left, by short identifier"));
        }
    }
}

fn use_byte(purpose: KeyUse) -> u8 {
    match purpose {
        KeyUse::InternalAuthentication => 0x01,
        KeyUse::ExternalAuthentication => 0x02,
        KeyUse::Maintenance => 0x03,
    }
}

fn first_read(file: &FileImage) -> Vec<u8> {
    match &file.content {
        Content::Records(_) => Command::new(0xB2, 1, file.sfi << 3 | 0x04),
        Content::Transparent(_) | Content::Reserved { .. } => Command::new(0xB0, 0x80 | file.sfi, 0),
    }
    .answer(1)
}

/// Writes what is there already: a card that lets it through is found out, but not spoiled.
fn first_write(file: &FileImage, form: RecordForm) -> Result<Option<Vec<u8>>, ChipProblem> {
    Ok(match &file.content {
        Content::Records(records) => {
            numbered(records, form)?.into_iter().next().map(|(number, bytes)| Command::new(0xDC, number, file.sfi << 3 | 0x04).data(&bytes))
        }
        Content::Transparent(bytes) => bytes.first().map(|first| Command::new(0xD6, 0x80 | file.sfi, 0).data(&[*first])),
        Content::Reserved { .. } => Some(Command::new(0xD6, 0x80 | file.sfi, 0).data(&[0])),
    })
}
