//! `cardline chip verify`: what an inspector's reader would say of a permit, from the chip's files and the issuer's public key alone.

use card::Profile;
use chip::permit::{InForce, IssuerKey, PermitCheck, PermitFinding};
use jiff::civil::Date;
use ledger::fault::Fault;
use line::plan::civil_day;

use super::source::{Chip, Chips, read};
use crate::cli::{ChipVerifyArgs, Cli};
use crate::config::FILE_NAME;
use crate::wiring::{clock, read_config};

/// Of a refusal of the permit: bad input, as the README has it.
const EXIT_NOT_GOOD: u8 = 65;
const KEY_BYTES_MAX: u64 = 4_096;

pub(super) fn verify(cli: &Cli, args: &ChipVerifyArgs) -> Result<u8, Fault> {
    let day = day(cli, args.on.as_deref())?;
    let key = issuer_key(args)?;
    let chips = Chips::find(cli, &args.chip)?;
    let mut all_good = true;
    for chip in &chips.cards {
        let check = check(chip, &chips.profile, &key)?;
        let (good, words) = words(&check, day);
        all_good &= good;
        println!("{}  {words}", check.card_number);
    }
    Ok(if all_good && !chips.cards.is_empty() { 0 } else { EXIT_NOT_GOOD })
}

fn day(cli: &Cli, on: Option<&str>) -> Result<Date, Fault> {
    if let Some(text) = on {
        return text.parse().map_err(|_| Fault::Usage(format!("--on: {text:?} is no date")));
    }
    let offset = if cli.plant.join(FILE_NAME).exists() { read_config(&cli.plant)?.utc_offset_minutes().unwrap_or(0) } else { 0 };
    Ok(civil_day(clock(cli)?.now(), offset))
}

fn issuer_key(args: &ChipVerifyArgs) -> Result<IssuerKey, Fault> {
    let bytes = read(&args.issuer_key, KEY_BYTES_MAX)?;
    let key = std::str::from_utf8(&bytes).map_err(|_| "not text".to_owned()).and_then(IssuerKey::from_pem);
    key.map_err(|why| Fault::BadInput(format!("{}: {why}", args.issuer_key.display())))
}

fn check(chip: &Chip, profile: &Profile, key: &IssuerKey) -> Result<PermitCheck, Fault> {
    let which = chip.card.as_ref().map_or_else(String::new, |c| format!("card at position {}: ", c.position));
    chip::permit::verify(&chip.files, &profile.chip, key).map_err(|e| Fault::BadInput(format!("{which}{e}")))
}

/// Whether the permit may be accepted on that day, and why in words.
fn words(check: &PermitCheck, day: Date) -> (bool, String) {
    let finding = match check.finding {
        PermitFinding::Good => "good",
        PermitFinding::WrongSignature => return (false, "wrong signature".to_owned()),
        PermitFinding::NoSignature => return (false, "no signature".to_owned()),
        PermitFinding::OtherCard => return (false, "other card: the signature was made for another number".to_owned()),
    };
    let [from, to] = [check.from, check.to].map(|date| date.map_or_else(|| "?".to_owned(), |d| d.to_string()));
    let (in_force, word) = match check.in_force(day) {
        InForce::Yes => (true, "in force"),
        InForce::NotYet => (false, "not yet valid"),
        InForce::Over => (false, "expired"),
    };
    (in_force, format!("{finding}, signed by {}; permit {from} to {to}, {word} on {day}", check.certificate))
}
