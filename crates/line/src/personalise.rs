//! The personalise room: from a cut application to one card: its data, chip image, photo and faces. Pure: what comes out
//! depends on the record, the number, the frozen time and the permit signer's key alone. Files are made of it in `jobs.rs`.

use std::sync::Arc;

use card::reason::Code;
use card::{Application, Card, Digest, OutletCode, Profile, Reason, card_number, validity};
use chip::cps::CpsWriter;
use chip::permit::PermitSigner;
use chip::{FileTree, ImageFault, Parts};
use jiff::civil::Date;
use ledger::book::state::{ApplicationState, Place};
use ledger::fault::Fault;

use crate::plan::Pepper;
use crate::validate::record_digest;
use crate::validate::stored::StoredRecord;

/// One card with everything its files are made from. Personal: no `Debug`.
pub struct Personalised {
    pub card: Card,
    /// The validated JPEG: the sent photo without its metadata segments.
    pub photo: Arc<[u8]>,
    pub image: chip::ChipImage,
}

/// What a whole batch shares.
pub struct BatchRules<'a> {
    pub profile: &'a Profile,
    pub pepper: &'a Pepper,
    pub issued_on: Date,
    pub cards_per_job: u32,
}

impl BatchRules<'_> {
    /// Last day of validity of every card of the batch.
    #[must_use]
    pub fn expires_on(&self) -> Date {
        validity::expires_on(self.issued_on, &self.profile.validity)
    }
}

/// What the chips of a whole batch share: their file tree, and who signs permits.
pub struct Chips<'a> {
    tree: FileTree<'a>,
    signer: Option<&'a dyn PermitSigner>,
}

impl<'a> Chips<'a> {
    /// `signer`: needed where the profile wants signed permits, left alone where it doesn't.
    ///
    /// # Errors
    /// The layout can't be written; KEY-10: a signer is needed and there is none, or none whose cards could be made again.
    pub fn of(profile: &'a Profile, signer: Option<&'a dyn PermitSigner>) -> Result<Self, Fault> {
        let unwritable = |e: &dyn std::fmt::Display| Fault::Config(format!("chip of profile {}: {e}", profile.id));
        let tree = FileTree::of(&profile.chip).map_err(|e| unwritable(&e))?;
        CpsWriter::new(&profile.chip, None).map_err(|e| unwritable(&e))?;
        let signer = chip::permit::ready(&tree, signer).map_err(|fault| unsigned(&fault))?;
        Ok(Self { tree, signer })
    }
}

fn unsigned(fault: &chip::permit::SignFault) -> Fault {
    Fault::refused(Code::Key10, format!("permit signer: {fault}"))
}

/// Makes the card of one application with all that goes on it; or says why its stored copy can't be used any more: a reason of the
/// published list, because the stored photo or record no longer matches what was validated.
///
/// # Errors
/// KEY-10: the signer fails. That spoils no card.
pub fn personalise(
    state: &ApplicationState,
    place: &Place,
    record: &StoredRecord,
    sent_photo: &[u8],
    division: &str,
    rules: &BatchRules,
    chips: &Chips,
) -> Result<Result<Personalised, Reason>, Fault> {
    let made = card_of(state, place, record, sent_photo, division, rules);
    let pictured = made.and_then(|(card, photo)| portrait(&photo, rules.profile).map(|portrait| (card, photo, portrait)));
    let (card, photo, portrait) = match pictured {
        Ok(pictured) => pictured,
        Err(reason) => return Ok(Err(reason)),
    };
    match chips.tree.image(&card, Parts { portrait: portrait.as_deref(), signer: chips.signer }) {
        Ok(image) => Ok(Ok(Personalised { card, photo, image })),
        Err(ImageFault::Problem(_)) => Ok(Err(spoilt(rules, "chip image"))),
        Err(ImageFault::Signer(fault)) => Err(unsigned(&fault)),
    }
}

fn spoilt(rules: &BatchRules, what: &str) -> Reason {
    rules.profile.reason(Code::Out03, what, "as validated")
}

/// What is printed: a card's data and its photo.
///
/// # Errors
/// As [`personalise`] says of a stored copy.
pub fn card_of(
    state: &ApplicationState,
    place: &Place,
    record: &StoredRecord,
    sent_photo: &[u8],
    division: &str,
    rules: &BatchRules,
) -> Result<(Card, Arc<[u8]>), Reason> {
    let application = record.application.clone().ok_or_else(|| spoilt(rules, "record not understood"))?;
    let photo = validated_photo(sent_photo, state).ok_or_else(|| spoilt(rules, "photo differs"))?;
    let card = data_of(state.outlet.clone(), place, application, &Digest::of(&photo), division, rules);
    Ok((card, photo.into()))
}

/// A card's data. `photo`: digest of the validated photo.
#[must_use]
pub fn data_of(outlet: OutletCode, place: &Place, application: Application, photo: &Digest, division: &str, rules: &BatchRules) -> Card {
    assert!(card_number::is_valid(&place.number), "the cut gave out a malformed number");
    let slot = place.position % rules.cards_per_job + 1;
    Card {
        batch: place.batch.clone(),
        position: place.position + 1,
        job: place.position / rules.cards_per_job + 1,
        slot,
        tray: rules.profile.packing.tray_of(slot),
        number: place.number.clone(),
        generation: place.generation,
        remake_of: place.remake_of.clone(),
        outlet,
        division: division.to_owned(),
        issued_on: rules.issued_on,
        expires_on: rules.expires_on(),
        qr_payload: qr_payload(rules.profile, &place.number, &application.work_permit_number),
        record_digest: record_digest(&application, photo, &place.number, place.generation, rules.pepper),
        application,
    }
}

/// The picture for the chip, where the profile has a place for one.
fn portrait(photo: &[u8], profile: &Profile) -> Result<Option<Vec<u8>>, Reason> {
    let Some(rules) = &profile.chip.portrait else { return Ok(None) };
    let limit = format!("{} bytes, quality {} to {}", rules.bytes_max, rules.quality_min, rules.quality_max);
    let unfit = |fault| profile.reason(Code::Out03, format!("portrait: {fault}"), limit);
    photo::portrait(photo, &profile.photo, rules).map(Some).map_err(unfit)
}

/// The photo exactly as it was validated, or `None` if the vault's copy has changed since.
fn validated_photo(sent: &[u8], state: &ApplicationState) -> Option<Vec<u8>> {
    let same = Some(Digest::of(sent)) == state.photo;
    let stripped = photo::strip(sent).ok().filter(|_| same)?;
    (Some(Digest::of(&stripped)) == state.photo_validated).then_some(stripped)
}

/// The profile's opaque text with its two place-holders filled, cut at the profile's limit.
fn qr_payload(profile: &Profile, number: &str, permit: &str) -> String {
    let text = profile.record.qr_payload.replace("{card}", number).replace("{permit}", permit);
    text.chars().take(profile.record.qr_payload_chars_max).collect()
}
