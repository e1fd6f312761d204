//! One job: its files are the ones written down, and print file, encode files and sheet show its cards, each by its own reader.

use card::Keyed;
use ledger::entry::JobMade;
use ledger::fault::Fault;
use serde::Deserialize;

use super::{Check, Seen, Wanted, agree, encode, print};
use crate::files;
use crate::proof::{Invariant, Proofs};

#[derive(Deserialize)]
struct Sheet {
    batch: String,
    job: u32,
    cards: usize,
    void_slots: Vec<u32>,
    files: Vec<SheetFile>,
    slots: Vec<SheetSlot>,
}

#[derive(Deserialize)]
struct SheetFile {
    path: String,
    bytes: u64,
    sha256: String,
}

#[derive(Deserialize)]
struct SheetSlot {
    slot: u32,
    position: u32,
    number: String,
    generation: u32,
    delivery: String,
    outlet: String,
    record: String,
}

/// Checks one job, alone and on any thread.
///
/// # Errors
/// The disk's.
pub(super) fn check(check: &Check, folder: &str, made: &JobMade) -> Result<Proofs, Fault> {
    let mut proofs = Proofs::default();
    let wanted = check.wanted(made.job);
    let stem = format!("job-{:04}", made.job);
    for view in [format!("print/{stem}.pdf"), format!("print/{stem}.sheet.json"), format!("encode/{stem}.txt"), format!("encode/{stem}.cps")] {
        proofs.check(Invariant::I10, made.files.iter().any(|f| f.path == view), || format!("{}: {view} was never made", made.batch));
    }
    for file in &made.files {
        let path = format!("{folder}/{}", file.path);
        let Some(bytes) = files::expect_file(check.disk, &path, file, Invariant::I20, &mut proofs)? else { continue };
        let bytes = (*bytes).as_ref();
        let seen = match (file.path.strip_suffix(".pdf"), file.path.rsplit('.').next()) {
            (Some(pdf), _) if pdf.ends_with(".sheet") => continue,
            (Some(_), _) => print::cards(bytes),
            (_, Some("txt")) => encode::text_cards(bytes),
            (_, Some("cps")) => encode::cps_cards(bytes, check.batch().id.as_str(), made.job),
            _ => sheet(check, made, bytes, &wanted, &mut proofs),
        };
        match seen {
            Ok(seen) => agree(&path, &wanted, &seen, &mut proofs),
            Err(why) => proofs.broken(Invariant::I10, format!("{path}: {why}")),
        }
    }
    Ok(proofs)
}

fn sheet(check: &Check, made: &JobMade, bytes: &[u8], wanted: &[Wanted], proofs: &mut Proofs) -> Result<Vec<Seen>, String> {
    let sheet: Sheet = serde_json::from_slice(bytes).map_err(|_| "not the format".to_owned())?;
    if sheet.batch != made.batch.as_str() || sheet.job != made.job {
        return Err("another job's sheet".to_owned());
    }
    let void = made.records.iter().zip(1_u32..).filter(|(r, _)| r.is_none()).map(|(_, slot)| slot);
    let counts = sheet.cards == wanted.len() && void.eq(sheet.void_slots.iter().copied());
    proofs.check(Invariant::I09, counts, || format!("{} job {}: the sheet counts other cards or void slots", made.batch, made.job));
    for file in &sheet.files {
        let same = made.files.iter().any(|f| f.path == file.path && f.len_bytes == file.bytes && f.digest.to_string() == file.sha256);
        proofs.check(Invariant::I20, same, || format!("{} job {}: the sheet names another {}", made.batch, made.job, file.path));
    }
    for (slot, want) in sheet.slots.iter().zip(wanted) {
        slot_fits(check, slot, want, proofs);
    }
    let seen = |s: SheetSlot| {
        Ok(Seen { position: Some(s.position), number: Some(s.number), generation: Some(s.generation), record: Some(Keyed::parse(&s.record)?), photo: None })
    };
    sheet.slots.into_iter().map(seen).collect()
}

fn slot_fits(check: &Check, slot: &SheetSlot, want: &Wanted, proofs: &mut Proofs) {
    let cut = &check.batch().cards[want.position as usize - 1];
    let Some(application) = check.story.application(cut.ordinal) else { return };
    let route = if application.facts.is_some_and(|f| f.mail) { "mail" } else { "outlet" };
    let same = slot.delivery == route && slot.outlet == check.story.package_of(application).outlet.as_str();
    proofs.check(Invariant::I11, same, || format!("{} position {}: the sheet sends it elsewhere", check.batch().id, want.position));
    proofs.check(Invariant::I10, slot.slot == want.slot, || format!("{} position {}: the sheet has it in another slot", check.batch().id, want.position));
}
