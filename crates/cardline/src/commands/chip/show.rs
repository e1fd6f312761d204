//! `cardline chip show CARD|FILE`: the tree of one chip after the other.

use std::io::{self, BufWriter, Write as _};

use chip::show::ShownImage;
use ledger::fault::Fault;

use super::source::Chips;
use crate::cli::{ChipShowArgs, Cli};

pub(super) fn show(cli: &Cli, args: &ChipShowArgs) -> Result<u8, Fault> {
    let chips = Chips::find(cli, &args.chip)?;
    let mut out = BufWriter::new(io::stdout().lock());
    for (i, chip) in chips.cards.into_iter().enumerate() {
        let mut shown = ShownImage::of(&chip.files, &chips.profile.chip, chip.card).map_err(|e| Fault::BadInput(e.to_string()))?;
        chip.checks.iter().for_each(|key| shown.set_kcv(&key.folder, key.id, &key.value));
        let gap = if i > 0 && !args.json { "\n" } else { "" };
        let written = if args.json { writeln!(out, "{}", shown.to_json()) } else { write!(out, "{gap}{shown}") };
        written.map_err(Fault::on("write", "standard output"))?;
    }
    out.flush().map_err(Fault::on("write", "standard output"))?;
    Ok(0)
}
