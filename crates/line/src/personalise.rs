//! The personalise room: from a cut application to one card: its data, chip image, photo and faces. Pure: what comes out
//! depends on the record, the number and the frozen time alone. Files are made of it in `jobs.rs`.

use std::sync::Arc;

use card::reason::Code;
use card::{Card, Digest, Profile, Reason, card_number, validity};
use jiff::civil::Date;
use ledger::book::state::{ApplicationState, Place};

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

/// Makes the card of one application, or says why its stored copy can't be used any more.
///
/// # Errors
/// A reason of the published list: the stored photo or record no longer matches what was validated.
pub fn personalise(
    state: &ApplicationState,
    place: &Place,
    record: &StoredRecord,
    sent_photo: &[u8],
    division: &str,
    rules: &BatchRules,
) -> Result<Personalised, Reason> {
    let spoilt = |what: &str| rules.profile.reason(Code::Out03, what, "as validated");
    let application = record.application.clone().ok_or_else(|| spoilt("record not understood"))?;
    let photo = validated_photo(sent_photo, state).ok_or_else(|| spoilt("photo differs"))?;
    assert!(card_number::is_valid(&place.number), "the cut gave out a malformed number");
    let card = Card {
        batch: place.batch.clone(),
        position: place.position + 1,
        job: place.position / rules.cards_per_job + 1,
        slot: place.position % rules.cards_per_job + 1,
        number: place.number.clone(),
        generation: place.generation,
        outlet: state.outlet.clone(),
        division: division.to_owned(),
        issued_on: rules.issued_on,
        expires_on: rules.expires_on(),
        qr_payload: qr_payload(rules.profile, &place.number, &application.work_permit_number),
        record_digest: record_digest(&application, &Digest::of(&photo), &place.number, place.generation, rules.pepper),
        application,
    };
    let portrait = portrait(&photo, rules.profile)?;
    let image = chip::image_with_portrait(&card, &rules.profile.chip, portrait.as_deref()).map_err(|_| spoilt("chip image"))?;
    Ok(Personalised { card, photo: photo.into(), image })
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
