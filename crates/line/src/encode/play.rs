//! Plays the script of one card against a reader and says what became of the card. A card is good when every command
//! of the script, those that read everything back among them, was answered as it must be. Writes nothing down; repeats nothing.

use std::fmt;

use card::Code;
use chip::apdu::{Act, CHALLENGE_BYTES, Exchange, SW_DONE, Step, TestKey, external_authenticate, get_challenge};

use crate::ports::{CardReader, ReaderFault};

/// A card that says "more" more often than this doesn't end.
const MORE_ROUNDS_MAX: usize = 8;
/// An answer in pieces is at most this long in all.
const ANSWER_BYTES_MAX: usize = 4_096;
const FILE_EXISTS: u16 = 0x6A89;
const NAME_EXISTS: u16 = 0x6A8A;
const NO_ROOM: u16 = 0x6A84;
const BLOCKED: u16 = 0x6983;

/// What became of a card.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Played {
    /// Written, read back, all of it equal.
    Good,
    /// The card answered, and not as it must: it is set aside. `step` counts from 0.
    Spoiled { step: usize, why: Spoil },
    /// It stopped answering: what is on it isn't known. It is set aside and counted by people, never played again as if nothing had been.
    InDoubt { step: usize, why: ReaderFault },
}

/// Why a card is spoiled. Shows status words, never data.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Spoil {
    /// A folder or file of ours is there already: it was personalised, or begun, before. Nothing was changed.
    NotBlank,
    /// No room for all of it.
    Full,
    /// The card doesn't take our answer to its challenge.
    WrongKey(u16),
    /// Another status than the one wanted.
    Status { wanted: u16, got: u16 },
    /// The right status with other data.
    Differs,
    /// No end of an answer, or a challenge of another length.
    Malformed,
}

impl Spoil {
    /// Stable word for lists and the ledger.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::NotBlank => "not-blank",
            Self::Full => "card-full",
            Self::WrongKey(_) => "wrong-key",
            Self::Status { .. } => "status",
            Self::Differs => "differs",
            Self::Malformed => "malformed",
        }
    }

    /// The published reason.
    #[must_use]
    pub fn reason_code(self) -> Code {
        match self {
            Self::NotBlank => Code::Enc01,
            Self::Full => Code::Enc02,
            Self::WrongKey(_) => Code::Enc03,
            Self::Status { .. } => Code::Enc04,
            Self::Differs => Code::Enc05,
            Self::Malformed => Code::Enc06,
        }
    }
}

impl fmt::Display for Spoil {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotBlank => write!(f, "the card is not blank"),
            Self::Full => write!(f, "the card has no room for all of it"),
            Self::WrongKey(sw) => write!(f, "the card refuses the key: status {sw:04X}"),
            Self::Status { wanted, got } => write!(f, "status {got:04X}, not {wanted:04X}"),
            Self::Differs => write!(f, "the card reads back other data"),
            Self::Malformed => write!(f, "an answer of another form"),
        }
    }
}

/// Plays a whole script with the card that is in the reader.
///
/// # Errors
/// The card can't be powered: nothing was sent to it.
pub fn play(reader: &mut dyn CardReader, steps: &[Step]) -> Result<Played, ReaderFault> {
    reader.connect()?;
    Ok(play_powered(reader, steps))
}

/// As [`play`], with a card that has its power already.
pub fn play_powered(reader: &mut dyn CardReader, steps: &[Step]) -> Played {
    for (step, Step { act, .. }) in steps.iter().enumerate() {
        match perform(reader, act) {
            Ok(()) => {}
            Err(Stop::Spoiled(why)) => return Played::Spoiled { step, why },
            Err(Stop::NoAnswer(why)) => return Played::InDoubt { step, why },
        }
    }
    Played::Good
}

/// Whether a script has sent data of its card by the time this step was sent (docs/formats/encoding.md): files and keys are made alike on
/// every blank, what is written into them is the card.
#[must_use]
pub fn writes_by(steps: &[Step], step: usize) -> bool {
    steps.iter().take(step + 1).any(|s| matches!(&s.act, Act::Send(e) if puts_data(&e.command)))
}

/// UPDATE or WRITE, BINARY or RECORD, and APPEND RECORD: everything a script puts data of a person on a card with.
fn puts_data(command: &[u8]) -> bool {
    matches!(command, [0x00, 0xD0 | 0xD1 | 0xD2 | 0xD6 | 0xD7 | 0xDC | 0xDD | 0xE2, ..])
}

enum Stop {
    Spoiled(Spoil),
    NoAnswer(ReaderFault),
}

impl From<ReaderFault> for Stop {
    fn from(fault: ReaderFault) -> Self {
        Self::NoAnswer(fault)
    }
}

fn perform(reader: &mut dyn CardReader, act: &Act) -> Result<(), Stop> {
    match act {
        Act::Reset => {
            reader.reset()?;
            Ok(())
        }
        Act::Send(exchange) => {
            let (sw, data) = ask(reader, &exchange.command)?;
            judge(exchange, sw, &data).map_err(Stop::Spoiled)
        }
        Act::Authenticate { key_id, key } => authenticate(reader, *key_id, key),
    }
}

fn judge(wanted: &Exchange, sw: u16, data: &[u8]) -> Result<(), Spoil> {
    if sw == wanted.sw {
        return if data == wanted.data { Ok(()) } else { Err(Spoil::Differs) };
    }
    Err(match sw {
        FILE_EXISTS | NAME_EXISTS => Spoil::NotBlank,
        NO_ROOM => Spoil::Full,
        got => Spoil::Status { wanted: wanted.sw, got },
    })
}

fn authenticate(reader: &mut dyn CardReader, key_id: u8, key: &TestKey) -> Result<(), Stop> {
    let status = |got| Stop::Spoiled(Spoil::Status { wanted: SW_DONE, got });
    let (sw, data) = ask(reader, &get_challenge())?;
    let challenge: [u8; CHALLENGE_BYTES] = match (sw, data.try_into()) {
        (SW_DONE, Ok(challenge)) => challenge,
        (SW_DONE, Err(_)) => return Err(Stop::Spoiled(Spoil::Malformed)),
        (sw, _) => return Err(status(sw)),
    };
    match ask(reader, &external_authenticate(key_id, key, challenge))?.0 {
        SW_DONE => Ok(()),
        sw if sw >> 8 == 0x63 || sw == BLOCKED => Err(Stop::Spoiled(Spoil::WrongKey(sw))),
        sw => Err(status(sw)),
    }
}

/// One command and its whole answer: a card may say that there is more (61xx), or how much it is (6Cxx).
fn ask(reader: &mut dyn CardReader, command: &[u8]) -> Result<(u16, Vec<u8>), Stop> {
    let mut next = command.to_vec();
    let mut whole = Vec::new();
    for _ in 0..MORE_ROUNDS_MAX {
        let mut data = reader.transmit(&next)?;
        let status = data.split_off(data.len().saturating_sub(2));
        // Without a status it is no answer: some readers say so of a card that has gone.
        let [sw1, sw2] = <[u8; 2]>::try_from(status).map_err(|_| ReaderFault::NoCard)?;
        if whole.len() + data.len() > ANSWER_BYTES_MAX {
            break;
        }
        whole.append(&mut data);
        match sw1 {
            0x61 => next = vec![0x00, 0xC0, 0x00, 0x00, sw2],
            0x6C if asks_again(&mut next, sw2) => {}
            _ => return Ok((u16::from_be_bytes([sw1, sw2]), whole)),
        }
    }
    Err(Stop::Spoiled(Spoil::Malformed))
}

/// Puts the length the card named into a command that only reads; no other is sent twice.
fn asks_again(command: &mut [u8], len: u8) -> bool {
    match command {
        [_, _, _, _, le] => {
            *le = len;
            true
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chip::apdu::Exchange;
    use std::collections::VecDeque;

    /// Answers what it was told to, in order, and remembers what it was sent.
    #[derive(Default)]
    struct Parrot {
        answers: VecDeque<Result<Vec<u8>, ReaderFault>>,
        sent: Vec<Vec<u8>>,
    }

    impl CardReader for Parrot {
        fn connect(&mut self) -> Result<Vec<u8>, ReaderFault> {
            Ok(vec![0x3B])
        }

        fn reset(&mut self) -> Result<Vec<u8>, ReaderFault> {
            Ok(vec![0x3B])
        }

        fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, ReaderFault> {
            self.sent.push(command.to_vec());
            self.answers.pop_front().expect("no more than it was told")
        }
    }

    fn read(le: u8, data: &[u8]) -> Step {
        let exchange = Exchange { command: vec![0, 0xB0, 0, 0, le], sw: SW_DONE, data: data.to_vec() };
        Step { act: Act::Send(exchange), note: String::new() }
    }

    fn played(step: Step, answers: &[&[u8]]) -> (Played, Vec<Vec<u8>>) {
        let mut parrot = Parrot { answers: answers.iter().map(|a| Ok(a.to_vec())).collect(), ..Parrot::default() };
        let played = play(&mut parrot, &[step]).unwrap();
        assert!(parrot.answers.is_empty());
        (played, parrot.sent)
    }

    fn spoil(why: Spoil) -> Played {
        Played::Spoiled { step: 0, why }
    }

    #[test]
    fn an_answer_in_pieces_is_put_together() {
        let (played, sent) = played(read(3, b"abc"), &[b"a\x61\x02", b"bc\x90\x00"]);
        assert_eq!((played, sent[1].as_slice()), (Played::Good, &[0, 0xC0, 0, 0, 2][..]));
    }

    #[test]
    fn a_length_the_card_names_is_asked_for_once_more() {
        let (got, sent) = played(read(5, b"abc"), &[b"\x6C\x03", b"abc\x90\x00"]);
        assert_eq!((got, sent[1].as_slice()), (Played::Good, &[0, 0xB0, 0, 0, 3][..]));
        let mut write = read(1, b"");
        if let Act::Send(e) = &mut write.act {
            e.command = vec![0, 0xD6, 0, 0, 1, 7];
        }
        assert_eq!(played(write, &[b"\x6C\x03"]).0, spoil(Spoil::Status { wanted: SW_DONE, got: 0x6C03 }), "a write is never sent twice");
    }

    #[test]
    fn a_card_that_never_ends_is_spoiled() {
        assert_eq!(played(read(1, b"a"), &[&b"a\x61\x01"[..]; MORE_ROUNDS_MAX]).0, spoil(Spoil::Malformed));
    }

    #[test]
    fn less_than_a_status_is_no_answer() {
        for answer in [&b"\x90"[..], b""] {
            assert_eq!(played(read(1, b"a"), &[answer]).0, Played::InDoubt { step: 0, why: ReaderFault::NoCard });
        }
    }

    #[test]
    fn answers_are_judged_to_the_last_byte() {
        for (answer, why) in [
            (&b"ab\x90\x00"[..], Spoil::Differs),
            (b"\x90\x00", Spoil::Differs),
            (b"\x6A\x84", Spoil::Full),
            (b"\x6A\x89", Spoil::NotBlank),
            (b"\x6A\x8A", Spoil::NotBlank),
            (b"abc\x62\x82", Spoil::Status { wanted: SW_DONE, got: 0x6282 }),
        ] {
            assert_eq!(played(read(3, b"abc"), &[answer]).0, spoil(why));
        }
    }

    #[test]
    fn a_refused_key_is_told_from_a_missing_one() {
        let step = || Step { act: Act::Authenticate { key_id: 10, key: TestKey([7; 16]) }, note: String::new() };
        let challenge = [&[1; 16][..], &[0x90, 0]].concat();
        assert_eq!(played(step(), &[&challenge, b"\x90\x00"]).0, Played::Good);
        assert_eq!(played(step(), &[&challenge, b"\x63\xC2"]).0, spoil(Spoil::WrongKey(0x63C2)));
        assert_eq!(played(step(), &[&challenge, b"\x69\x83"]).0, spoil(Spoil::WrongKey(0x6983)));
        assert_eq!(played(step(), &[&challenge, b"\x6A\x88"]).0, spoil(Spoil::Status { wanted: SW_DONE, got: 0x6A88 }));
        assert_eq!(played(step(), &[b"short\x90\x00"]).0, spoil(Spoil::Malformed));
    }

    #[test]
    fn silence_leaves_the_card_in_doubt() {
        let mut parrot = Parrot::default();
        parrot.answers.push_back(Ok(b"a\x90\x00".to_vec()));
        parrot.answers.push_back(Err(ReaderFault::NoCard));
        let steps = [read(1, b"a"), read(1, b"a"), read(1, b"a")];
        assert_eq!(play(&mut parrot, &steps), Ok(Played::InDoubt { step: 1, why: ReaderFault::NoCard }));
        assert_eq!(parrot.sent.len(), 2, "nothing more is sent");
    }

    proptest::proptest! {
        /// A card may answer anything: playing ends, and is good only when the one answer was the one wanted.
        #[test]
        fn any_answers_end(
            answers in proptest::collection::vec(proptest::collection::vec(proptest::prelude::any::<u8>(), 0..300), 40),
            more in proptest::collection::vec(proptest::option::of(0u8..3), 40),
        ) {
            let steered = answers.iter().zip(more).map(|(answer, more)| {
                let status = more.map(|m| [[0x61, 9], [0x6C, 3], [0x90, 0]][usize::from(m)]);
                Ok([answer.as_slice(), status.as_slice().as_flattened()].concat())
            });
            let mut parrot = Parrot { answers: steered.collect(), ..Parrot::default() };
            let steps = [read(3, b"abc"), Step { act: Act::Authenticate { key_id: 1, key: TestKey([1; 16]) }, note: String::new() }];
            let played = play(&mut parrot, &steps).unwrap();
            proptest::prop_assert!(parrot.sent.len() <= 3 * MORE_ROUNDS_MAX);
            proptest::prop_assert!(played != Played::Good);
        }
    }
}
