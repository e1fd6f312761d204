//! Devices and hand-overs (docs/formats/handover.md), held against what went before: devices registered by who may (I-24), every token
//! used once, for a released batch, in one unbroken chain a device, under the very header that page describes (I-27).

mod printing;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use card::{BatchId, Digest};
use ledger::entry::{Approval, DeviceAdded, DeviceKind, DeviceRemoved, HandoverBegun, HandoverDone, HandoverResolved, Millis, Role};

use super::people::i24;
use super::{Batch, Stage, Story};
use crate::proof::{Invariant, Proofs};

/// People who must say the same about a hand-over in doubt.
const WORDS: usize = 2;
const SECOND: Millis = 1000;

#[derive(Default)]
pub struct Handovers {
    devices: BTreeMap<String, Device>,
    /// Files of jobs and the device they went to, or may have gone to.
    given: HashMap<(BatchId, u32, String), String>,
}

struct Device {
    kind: DeviceKind,
    reached: Reached,
    sealed_only: bool,
    in_force: bool,
    tokens: u64,
    previous: Option<Digest>,
    open: Option<Open>,
}

/// By envelopes sealed to a key, or by print jobs to an address.
#[derive(PartialEq)]
enum Reached {
    Envelope(String),
    Ipp(String),
}

/// A token that was used, and nobody has said yet how it ended.
struct Open {
    begun: HandoverBegun,
    words: Vec<HandoverResolved>,
    /// The printer has told an end.
    told: bool,
}

impl Device {
    fn new(kind: DeviceKind, reached: Reached, sealed_only: bool) -> Self {
        Self { kind, reached, sealed_only, in_force: true, tokens: 0, previous: None, open: None }
    }
}

impl Handovers {
    fn open(&mut self, device: &str, number: u64) -> Option<&mut Open> {
        self.devices.get_mut(device)?.open.as_mut().filter(|open| open.begun.number == number)
    }

    /// What is wrong with a device's registration, if anything.
    fn added(&mut self, e: &DeviceAdded) -> Result<(), &'static str> {
        let reached = Reached::Envelope(e.recipient.clone());
        let taken = self.devices.contains_key(&e.device) || self.devices.values().any(|d| d.reached == reached);
        if taken {
            return Err("name or key were given before");
        }
        self.devices.insert(e.device.clone(), Device::new(e.kind, reached, e.sealed_only));
        Ok(())
    }

    fn removed(&mut self, device: &str) -> Result<(), &'static str> {
        let known = self.devices.get_mut(device).filter(|d| d.in_force).ok_or("not in the register")?;
        known.in_force = false;
        Ok(())
    }

    /// Encode files of the job went to a device, or may have gone.
    pub fn has_encode_file_of(&self, batch: &BatchId, job: u32) -> bool {
        self.given.keys().any(|(b, j, path)| (b, *j) == (batch, job) && path.starts_with("encode/"))
    }

    /// There are encoders, and each takes nothing but envelopes.
    pub fn encoders_are_sealed_only(&self) -> bool {
        let mut encoders = self.devices.values().filter(|d| d.kind == DeviceKind::Encoder && d.in_force).peekable();
        encoders.peek().is_some() && encoders.all(|d| d.sealed_only)
    }

    /// A token is used: everything its header says must follow from the story so far.
    fn begun(&mut self, e: &HandoverBegun, batch: Option<&Batch>, plant: &str) -> Result<(), &'static str> {
        let doubtful = self.devices.values().filter_map(|d| d.open.as_ref()).any(|o| (&o.begun.batch, o.begun.job) == (&e.batch, e.job));
        let alone = self.printed_alone(e);
        let file = (e.batch.clone(), e.job, e.file.path.clone());
        let before = self.given.insert(file, e.device.clone());
        let device = self.devices.get_mut(&e.device).ok_or("to a device that was never registered")?;
        let (number, previous) = (device.tokens + 1, device.previous);
        device.tokens = device.tokens.max(e.number);
        let was_open = device.open.replace(Open { begun: e.clone(), words: Vec::new(), told: false });
        let found = [
            (device.in_force, "to a device that was removed"),
            (before.is_none(), "of a file that was handed over before"),
            (was_open.is_none(), "to a device whose last hand-over is in doubt"),
            (!doubtful, "of a job that is in doubt"),
            (e.number == number, "under a number that isn't the device's next"),
            (e.previous == previous, "with a gap or a fork in the device's chain"),
            (e.not_after > e.at && e.not_after % SECOND == 0, "without a time after it"),
            (e.header == Digest::of(header(e, &device.reached, plant).as_bytes()), "under another header than its token says"),
            (alone, "of a job one printer over IPP and another device are to print"),
        ];
        found.into_iter().try_for_each(|(holds, why)| if holds { Ok(()) } else { Err(why) })?;
        of_its_batch(e, device.kind, batch)
    }

    fn settle(&mut self, device: &str, number: u64, arrived: bool) {
        let Some(known) = self.devices.get_mut(device) else { return };
        let Some(open) = known.open.take_if(|open| open.begun.number == number) else { return };
        if arrived {
            known.previous = Some(open.begun.header);
        } else {
            self.given.remove(&(open.begun.batch, open.begun.job, open.begun.file.path));
        }
    }

    fn said(&mut self, e: &HandoverResolved) -> Result<(), &'static str> {
        let open = self.open(&e.device, e.number).ok_or("of a hand-over that isn't in doubt")?;
        if open.words.iter().any(|w| w.person == e.person) {
            return Err("said twice by one person");
        }
        open.words.push(e.clone());
        let agreeing: Vec<&HandoverResolved> = open.words.iter().filter(|w| w.arrived == e.arrived).collect();
        let people: BTreeSet<&str> = agreeing.iter().map(|w| w.person.as_str()).collect();
        if people.len() >= WORDS && agreeing.iter().any(|w| w.role == Role::Supervisor) {
            self.settle(&e.device, e.number, e.arrived);
        }
        Ok(())
    }
}

/// The file is one of its released batch, of the kind its device takes, as long and as digested as the sealed manifest has it.
fn of_its_batch(e: &HandoverBegun, kind: DeviceKind, batch: Option<&Batch>) -> Result<(), &'static str> {
    let batch = batch.filter(|b| b.stage >= Stage::Released && !b.purged).ok_or("of a batch that isn't released, or was purged")?;
    let job = batch.jobs.get(&e.job).ok_or("of a job that was never made")?;
    let folder = match kind {
        DeviceKind::Printer => "print/",
        DeviceKind::Encoder => "encode/",
    };
    let cards = job.records.iter().flatten().count() as u32;
    if !e.file.path.starts_with(folder) || !job.files.contains(&e.file) {
        return Err("of a file its job hasn't, or its device doesn't take");
    }
    if e.cards != cards || batch.sealed.as_ref().is_none_or(|s| s.manifest != e.manifest) {
        return Err("with another number of cards or another manifest than was sealed");
    }
    Ok(())
}

/// The header, written anew from docs/formats/handover.md and docs/formats/printing.md.
fn header(e: &HandoverBegun, reached: &Reached, plant: &str) -> String {
    let (format, recipient) = match reached {
        Reached::Envelope(key) => ("handover", key),
        Reached::Ipp(uri) => ("print", uri),
    };
    let quoted = |text: &str| serde_json::Value::from(text).to_string();
    let HandoverBegun { device, number, batch, job, file, cards, manifest, .. } = e;
    let previous = e.previous.map_or_else(|| "null".to_owned(), |d| format!("\"{d}\""));
    let not_after = jiff::Timestamp::from_millisecond(e.not_after).map_or_else(|_| String::new(), |t| t.strftime("%Y-%m-%dT%H:%M:%SZ").to_string());
    format!(
        "{{\"format\":\"cardline-{format}/1\",\"plant\":{},\"device\":{},\"recipient\":{},\"number\":{number},\"batch\":\"{batch}\",\
         \"manifest\":\"{manifest}\",\"job\":{job},\"cards\":{cards},\"file\":{},\"bytes\":{},\"sha256\":\"{}\",\"previous\":{previous},\
         \"not_after\":\"{not_after}\"}}",
        quoted(plant),
        quoted(device),
        quoted(recipient),
        quoted(&file.path),
        file.len_bytes,
        file.digest
    )
}

impl Story {
    pub(super) fn device_added(&mut self, seq: u64, e: &DeviceAdded, proofs: &mut Proofs) {
        let (plant, kind, sealed) = (self.people.plant(), e.kind.name(), if e.sealed_only { "yes" } else { "no" });
        let text = format!(
            "cardline device added\nplant: {plant}\ndevice: {}\nkind: {kind}\nrecipient: {}\nsealed-only: {sealed}\nby: {}\n",
            e.device, e.recipient, e.who
        );
        let allowed = self.device_change(&e.who, e.signature.as_ref(), &text);
        i24(proofs, allowed, || format!("record {seq}: device {} added", e.device));
        let found = self.handovers.added(e);
        i27(proofs, found, || format!("record {seq}: device {} added", e.device));
    }

    pub(super) fn device_removed(&mut self, seq: u64, e: &DeviceRemoved, proofs: &mut Proofs) {
        let text = format!("cardline device removed\nplant: {}\ndevice: {}\nby: {}\n", self.people.plant(), e.device, e.who);
        let allowed = self.device_change(&e.who, e.signature.as_ref(), &text);
        i24(proofs, allowed, || format!("record {seq}: device {} removed", e.device));
        let found = self.handovers.removed(&e.device);
        i27(proofs, found, || format!("record {seq}: device {} removed", e.device));
    }

    /// Signed as a change of the people register is; a plant without people asks nobody.
    fn device_change(&self, who: &str, signature: Option<&String>, text: &str) -> Result<(), &'static str> {
        match signature {
            Some(signature) => self.people.approved(&Approval { person: who.to_owned(), signature: signature.clone() }, text),
            None if self.people.any() => Err("signed by nobody"),
            None => Ok(()),
        }
    }

    pub(super) fn handover_begun(&mut self, seq: u64, e: &HandoverBegun, proofs: &mut Proofs) {
        let may = !self.people.any() || self.people.role_in_force(&e.who).is_some_and(hands_over);
        proofs.check(Invariant::I24, may, || format!("record {seq}: hand-over {} to {} by one who may not", e.number, e.device));
        let batch = self.batch_at.get(&e.batch).map(|i| &self.batches[*i]);
        let found = self.handovers.begun(e, batch, self.people.plant());
        i27(proofs, found, || format!("record {seq}: hand-over {} to {}", e.number, e.device));
        let twice = e.file.path.starts_with("encode/") && self.attempts.touch(&e.batch, e.job);
        proofs.check(Invariant::I33, !twice, || format!("record {seq}: hand-over {} to {} of a job that was encoded here", e.number, e.device));
    }

    pub(super) fn handover_done(&mut self, seq: u64, e: &HandoverDone, proofs: &mut Proofs) {
        let begun = self.handovers.open(&e.device, e.number).is_some() && !self.handovers.is_over_ipp(&e.device);
        proofs.check(Invariant::I27, begun, || format!("record {seq}: hand-over {} to {} is done but not begun, or was settled", e.number, e.device));
        self.handovers.settle(&e.device, e.number, true);
    }

    pub(super) fn handover_resolved(&mut self, seq: u64, e: &HandoverResolved, proofs: &mut Proofs) {
        let header = self.handovers.open(&e.device, e.number).map(|open| open.begun.header);
        let text = header.map(|header| {
            let (plant, arrived, role) = (self.people.plant(), if e.arrived { "yes" } else { "no" }, e.role.name());
            let HandoverResolved { device, number, reason, person, .. } = e;
            format!(
                "cardline hand-over resolved\nplant: {plant}\ndevice: {device}\nnumber: {number}\nheader: {header}\narrived: {arrived}\nreason: {reason}\n\
                 person: {person}\nrole: {role}\n"
            )
        });
        let allowed = match self.people.role_in_force(&e.person) {
            Some(role) if role == e.role && hands_over(role) => text.map_or(Ok(()), |text| self.people.signature(&e.person, &text, &e.signature)),
            _ => Err("said by nobody of the register, or in a role that may not"),
        };
        i24(proofs, allowed, || format!("record {seq}: hand-over {} to {} settled by {}", e.number, e.device, e.person));
        let found = self.handovers.said(e);
        i27(proofs, found, || format!("record {seq}: word of {} about hand-over {} to {}", e.person, e.number, e.device));
    }

    /// Hand-overs nobody knows the end of.
    pub fn in_doubt(&self) -> impl Iterator<Item = &HandoverBegun> {
        self.handovers.devices.values().filter_map(|d| d.open.as_ref()).map(|open| &open.begun)
    }
}

fn hands_over(role: Role) -> bool {
    matches!(role, Role::Operator | Role::Supervisor)
}

fn i27(proofs: &mut Proofs, found: Result<(), &'static str>, what: impl FnOnce() -> String) {
    let why = found.err();
    proofs.check(Invariant::I27, why.is_none(), || format!("{} {}", what(), why.unwrap_or_default()));
}

#[cfg(test)]
pub(super) mod tests;
