//! `cardline chip script CARD|FILE`: the commands that personalise one test card, as text. Test mode only: with keys for tests, or none.

use std::io::{self, Write as _};

use card::Code;
use chip::apdu::{RecordForm, Target, play_text, script_of, scriptor_text};
use ledger::fault::Fault;

use super::source::Chips;
use crate::cli::{ChipScriptArgs, Cli, RecordsArg, ScriptFormat};
use crate::config::FILE_NAME;
use crate::{test_keys, wiring};

pub(super) fn script(cli: &Cli, args: &ChipScriptArgs) -> Result<u8, Fault> {
    if cli.plant.join(FILE_NAME).exists() && wiring::read_config(&cli.plant)?.plant.production {
        return Err(Fault::refused(Code::Cfg09, "a script holds a card's data in the clear: not in a production plant"));
    }
    let keys = args.test_keys.as_deref().map(test_keys::read).transpose()?;
    let chips = Chips::find(cli, &args.chip)?;
    let [card] = chips.cards.as_slice() else {
        return Err(Fault::Usage(format!("{}: {} cards; a script is for one: --card POSITION", args.chip.what, chips.cards.len())));
    };
    let target = Target { records: form(args.records), keys: keys.as_ref() };
    let steps = script_of(&card.files, &chips.profile.chip, &target).map_err(|e| Fault::BadInput(e.to_string()))?;
    let text = match args.format {
        ScriptFormat::Play => play_text(&steps),
        ScriptFormat::Scriptor => scriptor_text(&steps).ok_or_else(|| Fault::Usage("scriptor can't answer a challenge: --format play".to_owned()))?,
    };
    io::stdout().lock().write_all(text.as_bytes()).map_err(Fault::on("write", "standard output"))?;
    Ok(0)
}

/// How record files are made.
pub fn form(records: RecordsArg) -> RecordForm {
    match records {
        RecordsArg::Fixed => RecordForm::Fixed,
        RecordsArg::Variable => RecordForm::VariableTlv,
    }
}
