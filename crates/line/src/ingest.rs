//! The ingest room: one arrival of the inbox taken in or set aside. Every byte is copied into the vault while it is hashed and
//! only the copy is looked at afterwards. Rows are not judged here; whether a package is new, a repeat or out of sequence is.

use std::io;
use std::sync::Mutex;

use card::reason::{Code, Effect, Reason};
use card::seeded::{Bug, has};
use card::{Digest, OutletCode};
use ledger::book::Book;
use ledger::book::state::PackageState;
use ledger::entry::{Entry, FileDigest, Millis, Note, PackageAnswered, PackageReceived, PackageRepeated, PackageSetAside};
use ledger::fault::Fault;
use ledger::segment::{DataKey, SegmentWriter};

use crate::answers;
use crate::jobs::lock;
use crate::letter::{self, Desk};
use crate::package::signature::verify;
use crate::package::{MANIFEST, Manifest, OutletKey, SIGNATURE, Sink, Stop, UnpackedFile, count_reason, escaped, judge_files, manifest, unpack};
use crate::plan::{Plan, World};
use crate::ports::{Arrival, CantOpen, Lookup, Registers};
use crate::validate::stored::contents_path;
use crate::vault::Vault;

/// What became of an arrival.
pub enum Taken {
    /// Received under this package number; its rows are to be judged.
    In(u64),
    SetAside,
    Repeated,
    /// Incomplete, unreadable, or no outlet register to check its signature against: it stays where it is.
    Waiting,
    /// Received by a run that was stopped before it cleared the inbox: only that was left to do.
    Finished,
}

pub struct Ingest<'a, 'b> {
    pub world: &'a World,
    pub plan: &'a Plan,
    pub book: &'a Mutex<&'b mut Book>,
    pub vault: &'a Vault,
    pub registers: &'a dyn Registers,
    pub at: Millis,
}

/// A package whose bytes are in the vault under a temporary name, verified but not yet received.
struct Verified {
    manifest: Manifest,
    digest: Digest,
    signed_by: Option<String>,
    notes: Vec<Reason>,
}

/// Why an arrival is not received.
enum Refusal {
    SetAside { outlet: Option<OutletCode>, package_id: Option<String>, reasons: Vec<Reason> },
    Waits,
    Fault(Fault),
}

impl From<Fault> for Refusal {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl Ingest<'_, '_> {
    /// A kill between the ledger and the inbox leaves one package written down as set aside but neither answered nor moved: finish it.
    ///
    /// # Errors
    /// The inbox or the disk fails.
    pub fn finish_moves(&self) -> Result<(), Fault> {
        let unfinished = lock(self.book).unfinished_move()?;
        let Some(aside) = unfinished else { return Ok(()) };
        let moved = self.world.disk.list("quarantine").map_err(|e| Fault::io("list", "quarantine", e))?;
        if moved.iter().any(|e| format!("quarantine/{}", e.name) == aside.quarantine_path) {
            return Ok(());
        }
        self.answer_and_move(&aside)
    }

    /// The answer first: a package that lies in quarantine has been answered.
    fn answer_and_move(&self, aside: &PackageSetAside) -> Result<(), Fault> {
        self.world.disk.create_dir("quarantine").map_err(|e| Fault::io("create", "quarantine", e))?;
        let book = lock(self.book);
        let desk = Desk { plan: self.plan, book: &book, registers: self.registers };
        answers::answer_set_aside(self.world, &desk, &PackageSetAside { name: escaped(aside.name.as_bytes()), ..aside.clone() })?;
        drop(book);
        self.world.inbox.set_aside(&aside.name, &aside.quarantine_path).map_err(|e| Fault::io("set aside", &aside.quarantine_path, e))
    }

    /// Takes one arrival in.
    ///
    /// # Errors
    /// The ledger, the vault or the inbox fails; what is wrong with the package is not an error.
    pub fn take_in(&self, arrival: &Arrival) -> Result<Taken, Fault> {
        if !arrival.complete {
            return self.incomplete(arrival);
        }
        let source = match self.world.inbox.open(&arrival.name) {
            Ok(source) => source,
            Err(CantOpen::NotPlain) => return self.set_aside(arrival, None, None, vec![Reason::new(Code::Pkg08, "not a plain file or folder", "plain files")]),
            Err(CantOpen::UnknownKind) => {
                return self.set_aside(arrival, None, None, vec![Reason::new(Code::Pkg19, "unknown kind", "folder .zip .tar .tar.zst")]);
            }
            Err(CantOpen::NoPermission) => return self.wait(arrival, Code::Pkg18),
            Err(CantOpen::Io(e)) => return Err(Fault::io("open", "inbox", e)),
        };
        let (package, _) = lock(self.book).next_numbers()?;
        let key = self.vault.new_key()?;
        let mut writer = self.vault.begin_contents(package, &key)?;
        let outcome = self.copy_and_verify(source, &mut writer);
        match outcome.and_then(|verified| self.admit(verified)) {
            Ok(Admitted::New(verified)) => self.receive(arrival, package, verified, &key, writer),
            Ok(Admitted::Repeat(earlier)) => {
                writer.abandon();
                self.repeated(arrival, earlier)
            }
            Err(refusal) => {
                writer.abandon();
                match refusal {
                    Refusal::SetAside { outlet, package_id, reasons } => self.set_aside(arrival, outlet, package_id, reasons),
                    Refusal::Waits => self.wait(arrival, Code::Reg01),
                    Refusal::Fault(fault) => Err(fault),
                }
            }
        }
    }

    fn copy_and_verify(&self, source: crate::package::Source, writer: &mut SegmentWriter) -> Result<Verified, Refusal> {
        let mut sink = VaultSink { writer, kept: None, manifest: Vec::new(), signature: None, failed: None };
        let unpacked = unpack(source, &self.plan.package_limits, &mut sink);
        let VaultSink { manifest, signature, failed, .. } = sink;
        if let Some(fault) = failed {
            return Err(Refusal::Fault(fault));
        }
        let files = match unpacked {
            Ok(files) => files,
            Err(Stop::SetAside(reasons)) if reasons.iter().all(|r| r.effect == Effect::Hold) => return Err(Refusal::Waits),
            Err(Stop::SetAside(reasons)) => return Err(unknown(reasons)),
            Err(Stop::Fault(e)) => return Err(Refusal::Fault(Fault::io("read", "inbox", e))),
        };
        self.verify(&manifest, signature.as_deref(), &files)
    }

    /// Signature first: nothing an unproven manifest says is believed, or answered to the outlet it names.
    fn verify(&self, bytes: &[u8], signature: Option<&[u8]>, files: &[UnpackedFile]) -> Result<Verified, Refusal> {
        if !files.iter().any(|f| f.name == MANIFEST) {
            return Err(unknown(vec![Reason::new(Code::Pkg12, MANIFEST, "in every package")]));
        }
        let manifest = manifest::parse(bytes, &self.plan.package_limits).map_err(unknown)?;
        let signed_by = self.signer(bytes, signature, &manifest)?;
        let refuse = |reasons| Refusal::SetAside {
            outlet: signed_by.is_some().then(|| manifest.outlet.clone()),
            package_id: Some(manifest.package_id.clone()),
            reasons,
        };
        let judged = judge_files(&manifest, files);
        if !judged.set_aside.is_empty() {
            return Err(refuse(judged.set_aside));
        }
        Ok(Verified { digest: Digest::of(bytes), signed_by, notes: judged.notes, manifest })
    }

    fn signer(&self, bytes: &[u8], signature: Option<&[u8]>, manifest: &Manifest) -> Result<Option<String>, Refusal> {
        if signature.is_none() && self.plan.unsigned_packages_allowed {
            return Ok(None);
        }
        if matches!(self.registers.outlet(manifest.outlet.as_str()), Lookup::NoRegister) && signature.is_some() {
            return Err(Refusal::Waits);
        }
        let key_of = |key_id| match self.registers.outlet_of_key(key_id) {
            Lookup::Found(row) => OutletCode::parse(&row.code).ok().map(|outlet| OutletKey { outlet, public_key: row.minisign_key, in_force: true }),
            Lookup::NoRegister | Lookup::Unknown => None,
        };
        verify(bytes, signature, &manifest.outlet, key_of).map(Some).map_err(|reason| unknown(vec![reason]))
    }

    /// Replay, equivocation, rollback, gap, age (faults.md B15–B20).
    fn admit(&self, verified: Verified) -> Result<Admitted, Refusal> {
        let m = &verified.manifest;
        let refuse = |code: Code, value: String, limit: String| {
            Err(Refusal::SetAside { outlet: Some(m.outlet.clone()), package_id: Some(m.package_id.clone()), reasons: vec![Reason::new(code, value, limit)] })
        };
        let book = lock(self.book);
        if let Some(earlier) = book.package_of(&m.outlet, &m.package_id)? {
            if earlier.received.manifest == verified.digest || has(Bug::ReplayByName) {
                return Ok(Admitted::Repeat(earlier.received.package));
            }
            return refuse(Code::Rpl02, m.package_id.clone(), "one content a package number".to_owned());
        }
        let sequence = book.sequence(&m.outlet)?;
        if sequence.as_ref().is_some_and(|s| s.has(m.sequence)) {
            let next = sequence.map_or(1, |s| s.contiguous + 1);
            return refuse(Code::Rpl04, m.sequence.to_string(), format!("{next} or more"));
        }
        let mut verified = verified;
        verified.notes.extend(self.holds(&verified.manifest, sequence.map(|s| s.contiguous)));
        Ok(Admitted::New(verified))
    }

    fn holds(&self, m: &Manifest, contiguous: Option<u64>) -> Vec<Reason> {
        let rules = &self.plan.profile.record;
        let profile = &self.plan.profile;
        let age_minutes = (self.at - m.submitted_at) / 60_000;
        let mut reasons = Vec::new();
        if let Some(contiguous) = contiguous.filter(|c| rules.sequence_gaps_hold && m.sequence > c + 1) {
            reasons.push(profile.reason(Code::Rpl03, m.sequence.to_string(), (contiguous + 1).to_string()));
        }
        if age_minutes > i64::from(rules.package_age_days_max) * 1440 {
            reasons.push(profile.reason(Code::Rpl05, format!("{} days", age_minutes / 1440), format!("{} days", rules.package_age_days_max)));
        }
        if -age_minutes > i64::from(rules.package_skew_minutes_max) {
            reasons.push(profile.reason(Code::Rpl06, format!("{} minutes ahead", -age_minutes), format!("{} minutes", rules.package_skew_minutes_max)));
        }
        reasons
    }

    fn receive(&self, arrival: &Arrival, package: u64, verified: Verified, key: &DataKey, writer: SegmentWriter) -> Result<Taken, Fault> {
        let info = self.vault.publish_received(package, key, writer)?;
        let Verified { manifest: m, digest, signed_by, notes } = verified;
        if let Some(reason) = self.miscounted(package, key, &m)? {
            // The copy is published but belongs to nobody: the number is given again to the next package.
            let path = contents_path(package);
            self.world.disk.remove(&path).map_err(|e| Fault::io("remove", &path, e))?;
            return self.set_aside(arrival, signed_by.is_some().then(|| m.outlet.clone()), Some(m.package_id), vec![reason]);
        }
        let mut book = lock(self.book);
        let received = PackageReceived {
            package,
            outlet: m.outlet,
            package_id: m.package_id,
            sequence: m.sequence,
            channel: m.channel.as_str().to_owned(),
            employer_code: m.employer.map(|e| e.code),
            manifest: digest,
            signed_by,
            submitted_at: m.submitted_at,
            received_at: self.at,
            first_ordinal: book.next_numbers()?.1,
            count: m.count,
            vault_path: contents_path(package),
            vault_digest: info.digest,
            container: arrival.name.clone(),
            reasons: notes,
        };
        book.record(&Entry::PackageReceived(received))?;
        drop(book);
        self.world.inbox.remove(&arrival.name).map_err(|e| Fault::io("remove", "inbox", e))?;
        Ok(Taken::In(package))
    }

    /// MAN-03 and EMP-02 need every row once, from the vault's copy.
    fn miscounted(&self, package: u64, key: &DataKey, m: &Manifest) -> Result<Option<Reason>, Fault> {
        let path = contents_path(package);
        let contents = self.vault.open_with(key, &path)?;
        let Some(stream) = contents.stream(m.records.file_name()).map_err(|e| e.at(&path))? else {
            return Ok(Some(Reason::new(Code::Pkg12, m.records.file_name(), "in every package")));
        };
        let reader = io::BufReader::with_capacity(64 << 10, stream);
        let rows = crate::package::records::Rows::new(reader, m, &self.plan.package_limits).map_err(|e| Fault::io("read", &path, e))?;
        let mut count = 0_u32;
        let mut foreign = 0_u32;
        for row in rows {
            let row = row.map_err(|e| Fault::io("read", &path, e))?;
            count += 1;
            let code = row.raw.get("employer_code").trim();
            foreign += u32::from(m.employer.as_ref().is_some_and(|e| !code.is_empty() && !code.eq_ignore_ascii_case(&e.code)));
        }
        let mixed = (foreign > 0).then(|| Reason::new(Code::Emp02, format!("{foreign} rows of another employer"), "one employer a package"));
        Ok(count_reason(m, count).or(mixed))
    }

    fn repeated(&self, arrival: &Arrival, earlier: u64) -> Result<Taken, Fault> {
        let mut book = lock(self.book);
        // Stopped between writing it down and taking it out of the inbox; unless the outlet has had its answer and done away with it.
        let unfinished = book.last_received()?.is_some_and(|(name, package)| name == arrival.name && package == earlier);
        let lacking = self.lacking_its_answer(&book, earlier)?;
        let repeated = !unfinished || lacking.is_some();
        if repeated {
            book.record(&Entry::PackageRepeated(PackageRepeated { package: earlier, name: escaped(arrival.name.as_bytes()), at: self.at }))?;
        }
        if let Some(state) = lacking {
            self.answer_again(&mut book, &state)?;
        }
        drop(book);
        self.world.inbox.remove(&arrival.name).map_err(|e| Fault::io("remove", "inbox", e))?;
        Ok(if repeated { Taken::Repeated } else { Taken::Finished })
    }

    /// The package, if its outlet has taken away or changed something of the answer it got.
    fn lacking_its_answer(&self, book: &Book, package: u64) -> Result<Option<PackageState>, Fault> {
        let Some(state) = book.package(package)?.filter(|s| s.judged == s.received.count) else { return Ok(None) };
        let Some(given) = &state.answer else { return Ok(None) };
        let purged = purged_letter(&state);
        let there = given.iter().filter(|f| !purged.contains(&f.path)).map(|f| self.is_as_written(f)).collect::<Result<Vec<_>, _>>()?;
        Ok(there.contains(&false).then_some(state))
    }

    /// The answer, as things stand by now.
    fn answer_again(&self, book: &mut Book, state: &PackageState) -> Result<(), Fault> {
        let desk = Desk { plan: self.plan, book, registers: self.registers };
        let (mut answer, mut files) = answers::write_package(self.world, self.vault, &desk, state)?;
        let given = state.answer.as_deref().unwrap_or_default();
        // What the purged letter was stays on record.
        let purged = purged_letter(state);
        files.extend(given.iter().filter(|f| purged.contains(&f.path)).cloned());
        let said_no_more = given.iter().filter(|f| files.iter().all(|new| new.path != f.path));
        // On record before the outlet has it, so that there never is an answer nobody knows of. Stopped in between, the package is still
        // in the inbox and all this is done again.
        book.record(&Entry::PackageAnswered(PackageAnswered { package: state.received.package, files: files.clone(), at: self.at }))?;
        answer.finish()?;
        said_no_more.map(|f| &f.path).try_for_each(|path| self.world.disk.remove(path).map_err(Fault::on("remove", path)))
    }

    fn is_as_written(&self, file: &FileDigest) -> Result<bool, Fault> {
        let len = self.world.disk.len(&file.path).map_err(Fault::on("look at", &file.path))?;
        if len != Some(file.len_bytes) {
            return Ok(false);
        }
        let bytes = self.world.disk.read(&file.path).map_err(Fault::on("read", &file.path))?;
        Ok(Digest::of(&bytes) == file.digest)
    }

    fn set_aside(&self, arrival: &Arrival, outlet: Option<OutletCode>, package_id: Option<String>, reasons: Vec<Reason>) -> Result<Taken, Fault> {
        let mut book = lock(self.book);
        let number = book.last_set_aside()?.map_or(1, |last| number_of(&last) + 1);
        let aside = PackageSetAside {
            name: arrival.name.clone(),
            outlet,
            package_id,
            quarantine_path: format!("quarantine/{number:06}-{}", file_safe(&arrival.name)),
            reasons,
            at: self.at,
        };
        book.record(&Entry::PackageSetAside(aside.clone()))?;
        drop(book);
        let codes: Vec<&str> = aside.reasons.iter().map(|r| r.code.text()).collect();
        self.world.progress.note(&format!("package {} set aside: {}", escaped(aside.name.as_bytes()), codes.join(" ")));
        self.answer_and_move(&aside)?;
        Ok(Taken::SetAside)
    }

    fn incomplete(&self, arrival: &Arrival) -> Result<Taken, Fault> {
        if arrival.age_seconds < self.plan.incomplete_package_alert_seconds {
            return Ok(Taken::Waiting);
        }
        self.wait(arrival, Code::Pkg01)
    }

    /// It stays in the inbox; the ledger and the operator hear of it.
    fn wait(&self, arrival: &Arrival, code: Code) -> Result<Taken, Fault> {
        let text = format!("{} waits in the inbox: {}", escaped(arrival.name.as_bytes()), code.definition().en);
        self.world.progress.note(&format!("{code} {text}"));
        lock(self.book).record(&Entry::Note(Note { code: code.text().to_owned(), text, at: self.at }))?;
        Ok(Taken::Waiting)
    }
}

/// The letter of a purged package's answer: gone with the names and photos in it.
fn purged_letter(state: &PackageState) -> Vec<String> {
    if state.purged.is_some() { letter::paths(state).to_vec() } else { Vec::new() }
}

/// The running number at the front of a quarantined package's new name.
fn number_of(aside: &PackageSetAside) -> usize {
    let name = aside.quarantine_path.rsplit('/').next().unwrap_or_default();
    name.split('-').next().and_then(|n| n.parse().ok()).unwrap_or(0)
}

enum Admitted {
    New(Verified),
    Repeat(u64),
}

/// Set aside without believing a word of who sent it.
fn unknown(reasons: Vec<Reason>) -> Refusal {
    Refusal::SetAside { outlet: None, package_id: None, reasons }
}

/// A name that can't leave the quarantine folder: letters, digits, `.`, `-`, `_`, at most 60, not beginning with a dot.
pub(crate) fn file_safe(name: &str) -> String {
    let safe: String = name.chars().map(|c| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '_' }).take(60).collect();
    let safe = safe.trim_start_matches('.');
    if safe.is_empty() { "unnamed".to_owned() } else { safe.to_owned() }
}

/// Unpacks into a vault segment and keeps the two small files that are read at once.
struct VaultSink<'a> {
    writer: &'a mut SegmentWriter,
    kept: Option<Kept>,
    manifest: Vec<u8>,
    signature: Option<Vec<u8>>,
    /// The vault's own fault, which `io::Error` can't carry.
    failed: Option<Fault>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kept {
    Manifest,
    Signature,
}

impl VaultSink<'_> {
    fn check<T>(&mut self, result: Result<T, Fault>) -> io::Result<()> {
        result.map(|_| ()).map_err(|fault| {
            self.failed = Some(fault);
            io::Error::other("vault")
        })
    }
}

impl Sink for VaultSink<'_> {
    fn begin(&mut self, name: &str) -> io::Result<()> {
        self.kept = match name {
            MANIFEST => Some(Kept::Manifest),
            SIGNATURE => Some(Kept::Signature),
            _ => None,
        };
        if self.kept == Some(Kept::Signature) {
            self.signature = Some(Vec::new());
        }
        // JPEG doesn't shrink.
        let compress = !name.starts_with("photos/");
        let begun = self.writer.begin(name, compress);
        self.check(begun)
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        match (self.kept, &mut self.signature) {
            (Some(Kept::Manifest), _) => self.manifest.extend_from_slice(bytes),
            (Some(Kept::Signature), Some(signature)) => signature.extend_from_slice(bytes),
            _ => {}
        }
        let written = self.writer.write(bytes);
        self.check(written)
    }

    fn end(&mut self) -> io::Result<()> {
        let ended = self.writer.end();
        self.check(ended)
    }
}

#[cfg(test)]
mod tests {
    use super::file_safe;

    #[test]
    fn quarantine_names_stay_in_their_folder() {
        assert_eq!(file_safe("../../etc/x"), "_.._etc_x");
        assert_eq!(file_safe("a\u{202e}b.zip"), "a_b.zip");
        assert_eq!(file_safe(".."), "unnamed");
        assert!(file_safe(&"x".repeat(500)).len() <= 60);
    }
}
