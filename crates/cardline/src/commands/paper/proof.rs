//! `cardline proof BATCH`: pictures of cards for people: a contact sheet, the riskiest first, and each card of it front and back.

use std::fs;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::Path;
use std::sync::Arc;

use artwork::{DocumentId, Photo, Proof, page_png, proof_sheet};
use card::Message;
use ledger::book::state::{ApplicationState, BatchState};
use ledger::fault::Fault;
use line::printed::Printed;
use line::proof::{Pick, choose, risks};

use crate::again::Again;
use crate::cli::{Cli, ProofArgs};

/// Eighty cards on one A4 page.
const COLUMNS: usize = 8;
/// Enough to read a name on a card an eighth of the page wide.
const SHEET_DPI: f64 = 250.0;

pub fn proof(cli: &Cli, args: &ProofArgs) -> Result<u8, Fault> {
    let again = Again::open(cli)?;
    let batch = again.sealed(&args.batch)?;
    let cut = again.book.cut_of(&batch)?;
    let shown = again.with_printed(&batch, &cut, |printed| {
        let cards = printed.applications(&again.book, None)?;
        let picks = choose(picks(printed, &cards)?, args.cards as usize, args.seed);
        make_folder(&args.out)?;
        let mut proofs = Vec::with_capacity(picks.len());
        for pick in &picks {
            let state = &cards[cards.partition_point(|(at, _)| *at < pick.position)].1;
            proofs.push(pictured(printed, state, pick, args)?);
        }
        sheets(&batch, printed.rules.issued_on, &proofs, &args.out)?;
        Ok(proofs.len())
    })?;
    tell!("{shown} cards of batch {} in {}, the riskiest first, the sample that of --seed {}", batch.batch, args.out.display(), args.seed);
    Ok(0)
}

fn picks(printed: &Printed, cards: &[(u32, ApplicationState)]) -> Result<Vec<Pick>, Fault> {
    let pick = |(position, state): &(u32, ApplicationState)| {
        let record = printed.vault.record(state.package, state.row)?;
        let why = record.application.map(|a| risks(state, &a, &printed.rules.profile.face)).unwrap_or_default();
        Ok(Pick { position: *position, why })
    };
    cards.iter().map(pick).collect()
}

/// A card's front for the contact sheet; its pictures, if they are wanted, are written at once.
fn pictured(printed: &Printed, state: &ApplicationState, pick: &Pick, args: &ProofArgs) -> Result<Proof, Fault> {
    let unusable = |reason: card::Reason| Fault::BadInput(format!("position {}: {}", pick.position + 1, reason.code.text()));
    let (card, photo) = printed.card(state).map_err(unusable)?;
    let broken = |e: artwork::Fault| Fault::Invariant(format!("proof of position {}: {e}", pick.position + 1));
    let photo = Photo::new(photo).map_err(broken)?;
    let [front, back] = printed.faces.card_pages(&card, &photo).map_err(broken)?;
    if args.dpi > 0 {
        for (side, page) in [("front", &front), ("back", &back)] {
            let png = page_png(page, f64::from(args.dpi)).map_err(broken)?;
            write(&args.out.join(format!("card-{:06}-{side}.png", pick.position + 1)), &png)?;
        }
    }
    let why = pick.why.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    Ok(Proof { page: Arc::new(front), caption: format!("{} · {why}", pick.position + 1) })
}

fn sheets(batch: &BatchState, issued_on: jiff::civil::Date, proofs: &[Proof], out: &Path) -> Result<(), Fault> {
    if proofs.is_empty() {
        return Err(Fault::BadInput(format!("batch {} has no card", batch.batch)));
    }
    let broken = |e: artwork::Fault| Fault::Invariant(format!("contact sheet: {e}"));
    let title = format!("{} {}", Message::Proofs.both(), batch.batch);
    let pages = proof_sheet(&title, proofs, COLUMNS).map_err(broken)?;
    for (n, page) in (1..).zip(&pages) {
        write(&out.join(format!("contact-{n}.png")), &page_png(page, SHEET_DPI).map_err(broken)?)?;
    }
    write(&out.join("contact.pdf"), &artwork::job_pdf(pages, &DocumentId { title, date: issued_on }).map_err(broken)?)
}

/// A folder only its owner may look into.
fn make_folder(out: &Path) -> Result<(), Fault> {
    fs::DirBuilder::new().mode(0o700).create(out).map_err(|e| Fault::BadInput(format!("{}: {e}", out.display())))
}

fn write(file: &Path, bytes: &[u8]) -> Result<(), Fault> {
    let named = |e| Fault::io("write", file.display().to_string(), e);
    let mut out = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(file).map_err(named)?;
    std::io::Write::write_all(&mut out, bytes).map_err(named)
}
