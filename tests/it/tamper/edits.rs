//! The edits: which piece (a record of the journal, a line, a block, a file), what is done to it, and how well it is covered up.

use testkit::dice::Dice;

use super::journal::Taken;
use super::plant::{Change, Finished, KINDS, LISTS};

/// Length of the pieces files without lines are cut into.
const BLOCK_BYTES: usize = 512;

/// What is done to one piece.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum How {
    Removed,
    Moved,
    Doubled,
    Altered,
}

/// Where, and how well it is covered up.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Edit {
    /// A record, and nothing else.
    Record(How),
    /// A record; numbers, checksums and chain made new to the end.
    Chained(How),
    /// As well, and the mark of a clean stop. Only a witness is sure to notice.
    Forged(How),
    /// A line of a list.
    Line(How),
    /// 512 bytes of any file.
    Block(How),
    /// A whole file: removed, put in another's place, doubled under a new name, cut short.
    File(How),
}

pub struct Done {
    pub changes: Vec<Change>,
    pub story: String,
}

const fn each(edits: [Edit; 6], into: &mut [Edit; 24], at: usize) {
    let mut i = 0;
    while i < edits.len() {
        into[at * 6 + i] = edits[i];
        i += 1;
    }
}

impl Edit {
    pub const ALL: [Self; 24] = {
        let mut all = [Self::Record(How::Removed); 24];
        let hows = [How::Removed, How::Moved, How::Doubled, How::Altered];
        let mut i = 0;
        while i < hows.len() {
            let how = hows[i];
            each([Self::Record(how), Self::Chained(how), Self::Forged(how), Self::Line(how), Self::Block(how), Self::File(how)], &mut all, i);
            i += 1;
        }
        all
    };

    pub fn name(self) -> String {
        format!("{self:?}").to_lowercase().replace(['(', ')'], " ").trim_end().to_owned()
    }

    /// Everything else is noticed by the plant alone.
    pub fn needs_witness(self) -> bool {
        matches!(self, Self::Forged(_))
    }

    pub fn make(self, plant: &Finished, dice: &mut Dice) -> Done {
        loop {
            let done = match self {
                Self::Record(how) => record(plant, dice, how, Cover::Nothing),
                Self::Chained(how) => record(plant, dice, how, Cover::Chain),
                Self::Forged(how) => record(plant, dice, how, Cover::ChainAndMark),
                Self::Line(how) => line(plant, dice, how),
                Self::Block(how) => block(plant, dice, how),
                Self::File(how) => file(plant, dice, how),
            };
            // Chance may draw two equal pieces to exchange: that is no edit.
            if let Some(done) = done {
                return done;
            }
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Cover {
    Nothing,
    Chain,
    ChainAndMark,
}

fn record(plant: &Finished, dice: &mut Dice, how: How, cover: Cover) -> Option<Done> {
    let path = &plant.of_kind("journal")[0];
    let mut taken = Taken::apart(plant.bytes(path));
    let story = edit(&mut taken.records, dice, how, |record, dice| {
        // An altered header would be made new again; the payload is what a forger is after.
        let from = if cover == Cover::Nothing { 0 } else { ledger::journal::RECORD_HEADER_BYTES };
        change_byte(record, from, dice);
    });
    if cover != Cover::Nothing {
        taken.chain_anew();
    }
    let mut changes = vec![Change::put(path, taken.together())];
    if cover == Cover::ChainAndMark {
        changes.push(Change::put("ledger/head", taken.mark()));
    }
    (taken.together() != plant.bytes(path)).then_some(Done { changes, story: format!("record {story}") })
}

/// Yesterday's journal, sound in itself: cut at any record, chained, marked.
pub fn rolled_back(plant: &Finished, dice: &mut Dice) -> Done {
    let path = &plant.of_kind("journal")[0];
    let mut taken = Taken::apart(plant.bytes(path));
    let left = 1 + dice.below(taken.records.len() - 1);
    taken.records.truncate(left);
    taken.chain_anew();
    Done { changes: vec![Change::put(path, taken.together()), Change::put("ledger/head", taken.mark())], story: format!("cut after record {left}") }
}

fn line(plant: &Finished, dice: &mut Dice, how: How) -> Option<Done> {
    let kind = *dice.pick(&LISTS);
    let path = dice.pick(plant.of_kind(kind));
    let mut lines: Vec<Vec<u8>> = plant.bytes(path).split_inclusive(|b| *b == b'\n').map(<[u8]>::to_vec).collect();
    let story = edit(&mut lines, dice, how, |line, dice| change_byte(line, 0, dice));
    finished(plant, path, lines.concat(), &format!("line {story}"))
}

fn block(plant: &Finished, dice: &mut Dice, how: How) -> Option<Done> {
    let kind = *dice.pick(&KINDS);
    let path = dice.pick(plant.of_kind(kind));
    let mut blocks: Vec<Vec<u8>> = plant.bytes(path).chunks(BLOCK_BYTES).map(<[u8]>::to_vec).collect();
    let story = edit(&mut blocks, dice, how, |block, dice| change_byte(block, 0, dice));
    finished(plant, path, blocks.concat(), &format!("block {story}"))
}

fn finished(plant: &Finished, path: &str, bytes: Vec<u8>, story: &str) -> Option<Done> {
    // The same bytes are no edit. A block after the journal's mark that is no record is a torn tail, which is no violation.
    let torn_tail = path.contains("journal-") && bytes.starts_with(plant.bytes(path));
    let changed = bytes != plant.bytes(path) && !torn_tail;
    changed.then(|| Done { changes: vec![Change::put(path, bytes)], story: format!("{story} of {path}") })
}

fn file(plant: &Finished, dice: &mut Dice, how: How) -> Option<Done> {
    let kind = *dice.pick(&KINDS);
    let path = dice.pick(plant.of_kind(kind));
    // Outlets take their answers away, and may leave what they like beside them; a plant without a mark is one never stopped.
    let may_vanish = ["answers", "mark"].contains(&kind);
    let change = match how {
        How::Removed | How::Doubled if may_vanish => return None,
        How::Removed => Change::take(path),
        How::Doubled if kind == "journal" => Change::put("ledger/journal-000002.log", plant.bytes(path).to_vec()),
        How::Doubled => Change::put(&format!("{path}.2"), plant.bytes(path).to_vec()),
        How::Moved => {
            let other: &String = dice.pick(plant.of_kind(kind));
            return finished(plant, path, plant.bytes(other).to_vec(), "another's content in place");
        }
        How::Altered => {
            let bytes = plant.bytes(path);
            let kept = dice.below(bytes.len());
            return finished(plant, path, bytes[..kept].to_vec(), &format!("only {kept} bytes left"));
        }
    };
    Some(Done { changes: vec![change], story: format!("{path}, {how:?}") })
}

/// Does it to one piece; says what.
fn edit(pieces: &mut Vec<Vec<u8>>, dice: &mut Dice, how: How, alter: impl FnOnce(&mut Vec<u8>, &mut Dice)) -> String {
    let (at, to) = (dice.below(pieces.len()), dice.below(pieces.len()));
    match how {
        How::Removed => drop(pieces.remove(at)),
        How::Moved => {
            let piece = pieces.remove(at);
            pieces.insert(to, piece);
        }
        How::Doubled => {
            let piece = pieces[at].clone();
            pieces.insert(to, piece);
        }
        How::Altered => alter(&mut pieces[at], dice),
    }
    format!("{at} {how:?} (to {to})")
}

fn change_byte(bytes: &mut [u8], from: usize, dice: &mut Dice) {
    let at = from + dice.below(bytes.len() - from);
    bytes[at] = bytes[at].wrapping_add(1 + dice.below(255) as u8);
}
