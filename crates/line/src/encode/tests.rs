//! What an end is written down as. Walks are in `tests/it/encode.rs`, with cards that answer.

use chip::apdu::{Act, Exchange};

use super::*;

fn step(command: &[u8], note: &str) -> Step {
    Step { act: Act::Send(Exchange { command: command.to_vec(), sw: 0x9000, data: Vec::new() }), note: note.to_owned() }
}

/// Made, keyed, written, read.
fn steps() -> Vec<Step> {
    let reset = Step { act: Act::Reset, note: "power on".into() };
    let key = step(&[0x80, 0xE2, 0x60, 0, 1, 1], "A: key 01");
    vec![reset, step(&[0, 0xE0, 0, 0, 1, 1], "A: create"), key, step(&[0, 0xDC, 1, 4, 1, 1], "A/EF05: write record 1"), step(&[0, 0xB2, 1, 4, 1], "read")]
}

#[test]
fn a_blank_is_the_card_from_the_first_command_that_writes_into_a_file() {
    let steps = steps();
    let by: Vec<bool> = (0..steps.len()).map(|step| writes_by(&steps, step)).collect();
    assert_eq!(by, [false, false, false, true, true], "a key under the transport key is nothing of the person");
    for (ins, writes) in [(0xD6, true), (0xD7, true), (0xDC, true), (0xE2, true), (0xB0, false), (0xA4, false), (0x44, false), (0xE0, false)] {
        assert_eq!(writes_by(&[step(&[0, ins, 0, 0], "x")], 0), writes, "{ins:02X}");
    }
}

#[test]
fn an_end_says_where_and_why_and_nothing_else() {
    let steps = steps();
    assert_eq!(judged(&Played::Good, &steps), (AttemptResult::Good, true, None));
    let (result, written, reason) = judged(&Played::Spoiled { step: 1, why: Spoil::NotBlank }, &steps);
    let reason = reason.unwrap();
    assert_eq!((result, written, reason.code), (AttemptResult::Spoiled, false, Code::Enc01));
    assert_eq!((reason.value.as_str(), reason.limit.as_str()), ("not-blank: the card is not blank", "step 2 of 5 (A: create)"));
    let (result, written, reason) = judged(&Played::InDoubt { step: 3, why: ReaderFault::NoCard }, &steps);
    assert_eq!((result, written, reason.map(|r| r.code)), (AttemptResult::InDoubt, true, Some(Code::Enc07)));
}

#[test]
fn every_way_to_spoil_a_card_has_its_own_code() {
    let all = [Spoil::NotBlank, Spoil::Full, Spoil::WrongKey(1), Spoil::Status { wanted: 1, got: 2 }, Spoil::Differs, Spoil::Malformed];
    let codes: Vec<&str> = all.iter().map(|why| why.reason_code().text()).collect();
    assert_eq!(codes, ["ENC-01", "ENC-02", "ENC-03", "ENC-04", "ENC-05", "ENC-06"]);
}
