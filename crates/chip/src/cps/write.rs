//! Writes a job's encode file: header, then card after card. What is the same for all cards of a layout is worked out once.

use card::profile::chip::ChipLayout;
use card::{BatchId, Card};

use super::bytes::{begin, end, put_group, put_group_head};
use super::parameters::{condition_byte, key_template, put_file, put_folder};
use super::*;
use crate::image::{ChipImage, Content, FileImage, FileTree, unhex};
use crate::keys::{CardKeys, Declared, JobKeys, KeyGroup, KeyMark, KeyRequest, TransportMode, groups_of};

/// Writes encode files of one layout with one set of keys.
pub struct CpsWriter<'k> {
    keys: Option<&'k dyn CardKeys>,
    declared: Declared,
    groups: Vec<KeyGroup>,
    modules: Vec<Module>,
    /// The module list at the beginning of every record.
    list: Vec<u8>,
}

/// One application of the card: a folder with its files and keys.
struct Module {
    name: Vec<u8>,
    /// Everything before its stream.
    head: Vec<u8>,
    /// The group that makes its folder.
    folder: Vec<u8>,
    /// Number of its key group, and the group that says what its keys are.
    keys: Option<(usize, Vec<u8>)>,
}

impl<'k> CpsWriter<'k> {
    /// Without `keys` none are written; what may be read and updated after which key stands all the same.
    ///
    /// # Errors
    /// The layout has keys and whoever derives them has no transport key, or an access condition can't be expressed.
    pub fn new(layout: &ChipLayout, keys: Option<&'k dyn CardKeys>) -> Result<Self, CpsFault> {
        let mut declared = keys.map(|k| k.declared().clone()).unwrap_or_default();
        let groups = if keys.is_some() { groups_of(layout) } else { Vec::new() };
        if groups.is_empty() {
            declared.transport = None;
        } else if declared.transport.is_none() {
            return Err(KeyFault::NoTransport.into());
        }
        let tree = FileTree::of(layout)?;
        for access in tree.files.iter().map(|f| f.access) {
            condition_byte(access.read).and(condition_byte(access.update))?;
        }
        let used = |folder: &str| tree.files.iter().any(|f| f.folder_id == folder) || groups.iter().any(|g| g.folder == folder);
        let folders = layout.folder.iter().filter(|f| used(&f.id));
        let modules = folders.map(|f| Module::new(&f.id, &f.name_hex, &groups, &declared)).collect::<Result<Vec<_>, _>>()?;
        if modules.is_empty() {
            return Err(ChipProblem::new("files", "the layout has none").into());
        }
        let list = module_list(&modules)?;
        Ok(Self { keys, declared, groups, modules, list })
    }

    /// The keys of a job's cards; one call to whoever holds them. Nothing is asked for where the layout has no keys.
    ///
    /// # Errors
    /// The keys' own.
    pub fn derive(&self, cards: &[KeyRequest]) -> Result<JobKeys, KeyFault> {
        match self.keys {
            Some(keys) if !self.groups.is_empty() => keys.derive(&self.groups, cards),
            _ => Ok(JobKeys::with_room(TransportMode::Sm4Cbc, &[], 0)),
        }
    }

    /// The header of a job's file; `count` cards follow.
    pub fn header(&self, batch: &BatchId, job: u32, count: u32, out: &mut Vec<u8>) {
        let start = out.len();
        out.extend_from_slice(FILE_MAGIC);
        out.extend_from_slice(&VERSION.to_be_bytes());
        out.extend_from_slice(batch.as_str().as_bytes());
        out.extend_from_slice(&job.to_be_bytes());
        out.extend_from_slice(&count.to_be_bytes());
        let keys = begin(out);
        put_mark(self.declared.transport.as_ref().map(|(mode, mark)| (mode.code(), mark)), out);
        put_mark(self.declared.mac.as_ref().map(|(mode, mark)| (mode.code(), mark)), out);
        end(keys, out).expect("two labels of at most 32 characters");
        put_crc(start, out);
    }

    /// One card; `n` is its place among the cards `keys` were derived for. On a problem `out` is left as it was.
    ///
    /// # Errors
    /// The number isn't 9 characters, a file is larger than it can be or not the layout's, keys are missing, or sealing fails.
    pub fn card(&self, card: &Card, image: &ChipImage, keys: &JobKeys, n: usize, out: &mut Vec<u8>) -> Result<(), CpsFault> {
        let start = out.len();
        let written = self.write_card(card, image, keys, n, out);
        if written.is_err() {
            out.truncate(start);
        }
        written
    }

    fn write_card(&self, card: &Card, image: &ChipImage, keys: &JobKeys, n: usize, out: &mut Vec<u8>) -> Result<(), CpsFault> {
        let start = out.len();
        put_envelope(card, out)?;
        out.extend_from_slice(VNL);
        let record = begin(out);
        out.extend_from_slice(&self.list);
        let mut written = 0;
        for (m, module) in self.modules.iter().enumerate() {
            let part = begin(out);
            out.extend_from_slice(&module.head);
            let stream = begin(out);
            out.extend_from_slice(&[DATA, 0x82, 0, 0]);
            let groups = out.len();
            written += Self::put_files(module, &image.files, out)?;
            module.put_keys(keys, n, out)?;
            if m + 1 == self.modules.len() && self.declared.mac.is_some() {
                put_group(DGI_MAC, &[0; MAC_BYTES], out)?;
            }
            shorten(groups, out)?;
            end(stream, out)?;
            out.push(NO_MAC_PART);
            end(part, out)?;
        }
        end(record, out)?;
        if written != image.files.len() {
            return Err(ChipProblem::new("files", "not the layout's").into());
        }
        self.seal(start, out)?;
        put_crc(start, out);
        Ok(())
    }

    /// The files of a module; says how many.
    fn put_files(module: &Module, files: &[FileImage], out: &mut Vec<u8>) -> Result<usize, ChipProblem> {
        out.extend_from_slice(&module.folder);
        let mut count = 0;
        for file in files.iter().filter(|f| f.folder == module.name) {
            put_file(file, out)?;
            put_content(file, out)?;
            count += 1;
        }
        Ok(count)
    }

    /// The MAC over the card so far, where its group is: the last bytes before the last module's empty MAC part.
    fn seal(&self, start: usize, out: &mut [u8]) -> Result<(), CpsFault> {
        let (Some(keys), Some(_)) = (self.keys, &self.declared.mac) else { return Ok(()) };
        let value = out.len() - 1 - MAC_BYTES;
        let mac = keys.mac(&out[start..value + MAC_BYTES - MAC_GROUP_BYTES])?;
        out[value..value + MAC_BYTES].copy_from_slice(&mac);
        Ok(())
    }
}

impl Module {
    fn new(folder: &str, name_hex: &str, groups: &[KeyGroup], declared: &Declared) -> Result<Self, ChipProblem> {
        let name = unhex(name_hex).filter(|n| (1..=16).contains(&n.len())).ok_or_else(|| ChipProblem::new(folder, "its name is not 1-16 bytes of hex"))?;
        let at = groups.iter().position(|g| g.folder == folder);
        let transport = declared.transport.as_ref().filter(|_| at.is_some());
        let mut head = Vec::new();
        put_transport_list(&name, transport.map(|(mode, mark)| (mode.code(), mark)), &mut head);
        head.extend_from_slice(STEPS);
        head.extend_from_slice(NO_LOG);
        let mut create = Vec::new();
        put_folder(&name, &mut create)?;
        let keys = at.map(|at| Ok::<_, ChipProblem>((at, key_templates(&groups[at])?))).transpose()?;
        Ok(Self { name, head, folder: create, keys })
    }

    /// What the keys are, the keys under the transport key, their check values.
    fn put_keys(&self, keys: &JobKeys, n: usize, out: &mut Vec<u8>) -> Result<(), CpsFault> {
        let Some((group, templates)) = &self.keys else { return Ok(()) };
        let missing = CpsFault::Keys(KeyFault::Factor("keys were not derived for this card"));
        let (cryptogram, checks) = keys.get(n, *group).ok_or(missing)?;
        out.extend_from_slice(templates);
        put_group(DGI_KEYS, cryptogram, out)?;
        put_group(DGI_CHECKS, checks.as_flattened(), out)?;
        Ok(())
    }
}

/// `00B9 L { B9 … }*`.
fn key_templates(group: &KeyGroup) -> Result<Vec<u8>, ChipProblem> {
    let mut out = Vec::new();
    put_group_head(DGI_KEY_TEMPLATES, group.keys.len() * KEY_TEMPLATE_BYTES, &mut out)?;
    for key in &group.keys {
        out.extend_from_slice(&key_template(key)?);
    }
    Ok(out)
}

/// 3a.1: `L { L name · L { count · { TKid · 20 · mode · 1 · 8000 } } }`.
fn put_transport_list(name: &[u8], transport: Option<(u8, &KeyMark)>, out: &mut Vec<u8>) {
    let start = out.len();
    out.extend_from_slice(&[0, name.len() as u8]);
    out.extend_from_slice(name);
    match transport {
        None => out.extend_from_slice(&[1, 0]),
        Some((mode, mark)) => {
            let [c1, c2, c3] = mark.check();
            let [d1, d0] = DGI_KEYS.to_be_bytes();
            out.extend_from_slice(&[10, 1, mark.version(), c1, c2, c3, TK_TYPE, mode, 1, d1, d0]);
        }
    }
    out[start] = (out.len() - start - 1) as u8;
}

/// `L(2) { 00 "00" 00 · count · { L name }* }`.
fn module_list(modules: &[Module]) -> Result<Vec<u8>, ChipProblem> {
    let mut out = Vec::new();
    let since = begin(&mut out);
    out.extend_from_slice(MODULES_HEAD);
    out.push(modules.len() as u8);
    for module in modules {
        out.push(module.name.len() as u8);
        out.extend_from_slice(&module.name);
    }
    end(since, &mut out)?;
    Ok(out)
}

fn put_mark(key: Option<(u8, &KeyMark)>, out: &mut Vec<u8>) {
    let Some((mode, mark)) = key else { return out.push(NO_KEY) };
    out.extend_from_slice(&[mode, mark.version()]);
    out.extend_from_slice(&mark.check());
    out.push(mark.label().len() as u8);
    out.extend_from_slice(mark.label().as_bytes());
}

fn put_envelope(card: &Card, out: &mut Vec<u8>) -> Result<(), ChipProblem> {
    if card.number.len() != NUMBER_BYTES || !card.number.bytes().all(|b| b.is_ascii_alphanumeric()) {
        return Err(ChipProblem::new("card_number", format!("{} bytes, not {NUMBER_BYTES} of A-Z 0-9", card.number.len())));
    }
    out.extend_from_slice(CARD_MAGIC);
    out.extend_from_slice(card.batch.as_str().as_bytes());
    out.extend_from_slice(&card.job.to_be_bytes());
    out.extend_from_slice(&card.position.to_be_bytes());
    out.extend_from_slice(&card.generation.to_be_bytes());
    out.extend_from_slice(card.number.as_bytes());
    out.extend_from_slice(&card.record_digest.0);
    Ok(())
}

fn put_content(file: &FileImage, out: &mut Vec<u8>) -> Result<(), ChipProblem> {
    let dgi_of = |low: u8| u16::from(file.sfi) << 8 | u16::from(low);
    match &file.content {
        Content::Transparent(bytes) => put_group(dgi_of(0), bytes, out),
        Content::Reserved { .. } => Ok(()),
        Content::Records(records) => records.iter().try_for_each(|record| {
            let len = u8::try_from(record.value.len()).ok().filter(|len| *len < 0x80);
            let len = len.ok_or_else(|| ChipProblem::new("record", format!("{} bytes, at most 127", record.value.len())))?;
            put_group_head(dgi_of(record.tag), record.value.len() + 2, out)?;
            out.extend_from_slice(&[record.tag, len]);
            out.extend_from_slice(&record.value);
            Ok(())
        }),
    }
}

/// Fills the BER length before `since`, which has room for its longest form; the stream moves up where it is shorter.
fn shorten(since: usize, out: &mut Vec<u8>) -> Result<(), ChipProblem> {
    let len = out.len() - since;
    let bytes = u16::try_from(len).map_err(|_| ChipProblem::new("card", format!("{len} bytes, at most 65,535")))?.to_be_bytes();
    match len {
        0..=0x7F => drop(out.splice(since - 3..since, [bytes[1]])),
        0x80..=0xFF => drop(out.splice(since - 3..since, [0x81, bytes[1]])),
        _ => out[since - 2..since].copy_from_slice(&bytes),
    }
    Ok(())
}

fn put_crc(start: usize, out: &mut Vec<u8>) {
    let crc = crc32c::crc32c(&out[start..]);
    out.extend_from_slice(&crc.to_be_bytes());
}
