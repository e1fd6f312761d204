//! The card against ISO 7816-4 by hand-written bytes: what it stores, what it refuses and what it remembers without power.

use proptest::prelude::*;
use sm4::Sm4;
use sm4::cipher::{BlockCipherEncrypt, KeyInit};

use super::*;

const TRANSPORT: [u8; 16] = [0x77; 16];
const KEY: [u8; 16] = [0x41; 16];

fn blank() -> VirtualCard {
    VirtualCard::blank(8_192, TRANSPORT)
}

fn hex(text: &str) -> Vec<u8> {
    text.split_whitespace().map(|pair| u8::from_str_radix(pair, 16).unwrap()).collect()
}

/// Sends a command and gives the answer as text: data, then status.
fn send(card: &mut VirtualCard, command: &str) -> String {
    shown(&card.transmit(&hex(command)))
}

fn shown(answer: &[u8]) -> String {
    answer.iter().map(|b| format!("{b:02X}")).collect::<Vec<_>>().join(" ")
}

fn all_done(card: &mut VirtualCard, commands: &[&str]) {
    for command in commands {
        assert_eq!(send(card, command), "90 00", "{command}");
    }
}

/// Answers in order; each line is a command, `=`, and its answer.
fn talk(card: &mut VirtualCard, lines: &str) {
    for line in lines.lines().map(str::trim).filter(|l| !l.is_empty()) {
        let (command, answer) = line.split_once('=').unwrap();
        assert_eq!(send(card, command), answer.trim(), "{line}");
    }
}

/// A folder AA BB with a transparent file 0001 (SFI 1, 4 bytes) and three fixed records of 2 in 0002 (SFI 2).
fn filled() -> VirtualCard {
    let mut card = blank();
    all_done(
        &mut card,
        &[
            "00 E0 00 00 0D 62 0B 82 01 38 83 02 50 01 84 02 AA BB",
            "00 E0 00 00 10 62 0E 82 01 01 83 02 00 01 80 02 00 04 88 01 08",
            "00 D6 00 00 04 01 02 03 04",
            "00 E0 00 00 11 62 0F 82 06 02 21 00 02 00 03 83 02 00 02 88 01 10",
            "00 DC 01 04 02 11 11",
            "00 DC 02 14 02 22 22",
        ],
    );
    card
}

/// Loads a key for external authentication (02) or internal (01) into the current folder.
fn load(card: &mut VirtualCard, id: u8, purpose: u8, key: [u8; 16]) {
    let block = |block: [u8; 16], key: [u8; 16]| -> Vec<u8> {
        let mut block = block.into();
        Sm4::new(&key.into()).encrypt_block(&mut block);
        block.to_vec()
    };
    let mut head = [0; 16];
    head[..4].copy_from_slice(&[id, purpose, 1, 3]);
    let first = [&hex("80 E2 60 00 23 80 00 20"), &block(head, TRANSPORT)[..], &block(key, TRANSPORT)].concat();
    assert_eq!(shown(&card.transmit(&first)), "90 00");
    let second = [&hex("80 E2 80 01 07 90 00 04")[..], &[id], &block([0; 16], key)[..3]].concat();
    assert_eq!(shown(&card.transmit(&second)), "90 00");
}

fn authenticate(card: &mut VirtualCard, id: u8, key: [u8; 16]) -> String {
    let challenge: [u8; 16] = card.transmit(&hex("00 84 00 00 10"))[..16].try_into().unwrap();
    let mut block = challenge.into();
    Sm4::new(&key.into()).encrypt_block(&mut block);
    shown(&card.transmit(&[&[0, 0x82, 0, id, 16], &block[..]].concat()))
}

/// A file 0003 (SFI 3, 2 bytes) that key 0A opens to reading and nobody to writing, activated.
fn guarded() -> VirtualCard {
    let mut card = filled();
    load(&mut card, 0x0A, 0x02, KEY);
    load(&mut card, 0x01, 0x01, KEY);
    all_done(&mut card, &["00 E0 00 00 15 62 13 82 01 01 83 02 00 03 80 02 00 02 88 01 18 8C 03 03 FF 2A", "00 D6 00 00 02 CA FE", "00 44 00 00"]);
    card
}

#[test]
fn what_is_written_is_read_by_every_address() {
    let mut card = filled();
    card.reset();
    talk(
        &mut card,
        "00 A4 04 0C 02 AA BB = 90 00
         00 B0 81 00 04 = 01 02 03 04 90 00
         00 B0 00 02 02 = 03 04 90 00
         00 B0 00 01 00 = 02 03 04 90 00
         00 B1 00 00 04 54 02 00 01 04 = 53 02 02 03 90 00
         00 B2 01 14 02 = 11 11 90 00
         00 B2 02 04 00 = 22 22 90 00
         00 B2 03 04 02 = 00 00 90 00
         00 B2 01 05 00 = 11 11 22 22 00 00 90 00
         00 A4 02 0C 02 00 01 = 90 00
         00 B0 00 00 01 = 01 90 00
         00 D7 00 00 08 54 02 00 02 53 02 55 66 = 90 00
         00 B0 00 00 00 00 04 = 01 02 55 66 90 00
         00 A4 08 0C 04 50 01 00 02 = 90 00
         00 B2 01 04 02 = 11 11 90 00
         00 A4 00 0C 02 3F 00 = 90 00
         00 A4 01 0C 02 50 01 = 90 00
         00 A4 03 0C = 90 00
         00 A4 09 0C 02 50 01 = 90 00",
    );
}

#[test]
fn parameters_are_told() {
    let mut card = filled();
    talk(
        &mut card,
        "00 A4 04 04 02 AA BB 00 = 62 0E 82 01 38 83 02 50 01 84 02 AA BB 8A 01 03 90 00
         00 A4 02 00 02 00 01 00 = 6F 11 80 02 00 04 82 01 01 83 02 00 01 88 01 08 8A 01 03 90 00
         00 A4 02 04 02 00 02 00 = 62 15 80 02 00 06 82 05 02 21 00 02 03 83 02 00 02 88 01 10 8A 01 03 90 00
         00 A4 02 04 02 00 02 05 = 6C 17
         00 A4 02 04 02 00 02 = 90 00",
    );
}

#[test]
fn records_with_tags_come_as_they_are_appended_and_are_found_by_tag() {
    let mut card = blank();
    talk(
        &mut card,
        "00 E0 00 00 11 62 0F 82 06 05 21 00 08 00 03 83 02 00 05 88 01 28 = 90 00
         00 B2 01 04 00 = 6A 83
         00 E2 00 28 03 08 01 AA = 90 00
         00 E2 00 00 04 09 02 BB CC = 90 00
         00 E2 00 00 04 08 02 DD EE = 90 00
         00 E2 00 00 03 0A 01 00 = 6A 84
         00 B2 09 28 04 = 09 02 BB CC 90 00
         00 B2 08 00 00 = 08 01 AA 90 00
         00 B2 08 02 00 = 08 02 DD EE 90 00
         00 B2 08 02 00 = 6A 83
         00 B2 08 01 00 = 08 02 DD EE 90 00
         00 B2 08 03 00 = 08 01 AA 90 00
         00 B2 02 04 06 = 09 02 BB CC 62 82
         00 DC 02 04 03 09 01 11 = 90 00
         00 B2 09 00 00 = 09 01 11 90 00
         00 DC 02 04 03 09 02 11 = 6A 80
         00 DC 02 04 09 09 07 01 02 03 04 05 06 07 = 67 00
         00 DC 04 04 03 09 01 11 = 6A 83",
    );
}

#[test]
fn refusals_have_the_status_the_standard_gives_them() {
    let mut card = filled();
    talk(
        &mut card,
        "00 A4 00 0C 02 12 34 = 6A 82
         00 A4 04 0C 02 AA BC = 6A 82
         00 A4 05 0C 02 AA BC = 6A 86
         00 A4 02 0C 01 00 = 67 00
         00 B0 81 04 01 = 6B 00
         00 B0 00 03 02 = 04 62 82
         00 B0 8F 00 01 = 6A 82
         00 B0 A1 00 01 = 6A 86
         00 D6 00 03 02 01 02 = 6A 84
         00 D6 00 04 01 01 = 6B 00
         00 B2 01 04 01 = 69 81
         00 B2 04 14 02 = 6A 83
         00 DC 01 14 03 01 02 03 = 67 00
         00 B0 00 00 01 = 69 81
         00 B2 FF 14 01 = 6A 86
         00 E2 00 10 02 33 33 = 6A 84
         00 E0 00 00 10 62 0E 82 01 01 83 02 00 01 80 02 00 04 88 01 28 = 6A 89
         00 E0 00 00 10 62 0E 82 01 01 83 02 00 09 80 02 00 04 88 01 08 = 6A 89
         00 E0 00 00 10 62 0D 82 01 01 83 02 00 09 80 02 00 04 88 01 08 = 6A 80
         00 E0 00 00 10 62 0E 82 01 07 83 02 00 09 80 02 00 04 88 01 28 = 6A 80
         00 E0 00 00 12 62 10 82 01 01 83 02 00 09 80 02 00 04 86 03 01 02 03 = 6A 80
         00 E0 00 00 14 62 12 82 01 01 83 02 00 09 80 02 00 04 88 01 28 8C 02 03 00 = 6A 80
         00 A4 00 0C 02 3F 00 = 90 00
         00 B0 00 00 01 = 69 86
         00 E0 00 00 0D 62 0B 82 01 38 83 02 50 01 84 02 AA BC = 6A 89
         00 E0 00 00 0D 62 0B 82 01 38 83 02 50 02 84 02 AA BB = 6A 8A
         00 20 00 01 = 6D 00
         90 20 00 01 = 6E 00
         0C B0 00 00 01 = 68 82
         10 B0 00 00 01 = 68 84
         01 B0 00 00 01 = 68 81
         00 B0 00 = 67 00
         00 B0 00 00 = 67 00
         00 A4 00 0C 03 3F 00 = 67 00
         00 A4 00 0C 00 3F = 67 00",
    );
}

#[test]
fn a_full_card_says_so_and_keeps_what_it_had() {
    let mut card = VirtualCard::blank(2 * FOLDER_OVERHEAD_BYTES + 2 * FILE_OVERHEAD_BYTES + 4 + 6, TRANSPORT);
    let whole = filled().memory;
    card.memory.folders = whole.folders;
    card.session.folder = 1;
    talk(
        &mut card,
        "00 E0 00 00 10 62 0E 82 01 01 83 02 00 09 80 02 00 01 88 01 28 = 6A 84
         00 E0 00 00 09 62 07 82 01 38 83 02 50 09 = 6A 84
         00 B2 01 14 02 = 11 11 90 00",
    );
    let mut variable = VirtualCard::blank(FOLDER_OVERHEAD_BYTES + FILE_OVERHEAD_BYTES + 5, TRANSPORT);
    talk(
        &mut variable,
        "00 E0 00 00 11 62 0F 82 06 05 21 00 08 00 03 83 02 00 05 88 01 28 = 90 00
         00 E2 00 00 03 08 01 AA = 90 00
         00 E2 00 00 03 09 01 AA = 6A 84
         00 DC 01 04 05 08 03 01 02 03 = 90 00
         00 DC 01 04 06 08 04 01 02 03 04 = 6A 84
         00 B2 01 04 00 = 08 03 01 02 03 90 00",
    );
}

#[test]
fn conditions_hold_from_activation_and_go_with_the_key() {
    let mut card = guarded();
    talk(
        &mut card,
        "00 B0 83 00 02 = 69 82
         00 D6 83 00 01 00 = 69 82
         00 B0 81 00 01 = 01 90 00",
    );
    assert_eq!(authenticate(&mut card, 0x0A, KEY), "90 00");
    talk(
        &mut card,
        "00 B0 83 00 02 = CA FE 90 00
         00 D6 83 00 01 00 = 69 82
         00 A4 04 0C 02 AA BB = 90 00
         00 B0 83 00 02 = CA FE 90 00
         00 A4 00 0C 02 3F 00 = 90 00
         00 A4 04 0C 02 AA BB = 90 00
         00 B0 83 00 02 = 69 82",
    );
    assert_eq!(authenticate(&mut card, 0x0A, KEY), "90 00");
    card.reset();
    talk(&mut card, "00 A4 04 0C 02 AA BB = 90 00\n00 B0 83 00 02 = 69 82");
}

#[test]
fn a_wrong_key_is_counted_and_blocks_whatever_the_power_does() {
    let mut card = guarded();
    assert_eq!(authenticate(&mut card, 0x0A, [0; 16]), "63 C2");
    card.reset();
    talk(&mut card, "00 A4 04 0C 02 AA BB = 90 00");
    assert_eq!(authenticate(&mut card, 0x0A, [0; 16]), "63 C1");
    assert_eq!(authenticate(&mut card, 0x0A, KEY), "90 00", "a right one begins anew");
    for left in ["63 C2", "63 C1", "63 C0", "69 83"] {
        assert_eq!(authenticate(&mut card, 0x0A, [0; 16]), left);
    }
    assert_eq!(authenticate(&mut card, 0x0A, KEY), "69 83");
    card.reset();
    talk(&mut card, "00 A4 04 0C 02 AA BB = 90 00");
    assert_eq!(authenticate(&mut card, 0x0A, KEY), "69 83");
}

/// Power that goes before the answer has still used up the try.
#[test]
fn a_try_cannot_be_taken_back_by_cutting_power() {
    let mut card = guarded();
    card.cut_power_at(1, Tear::BeforeAnswer);
    assert_eq!(authenticate(&mut card, 0x0A, [0; 16]), "");
    card.reset();
    talk(&mut card, "00 A4 04 0C 02 AA BB = 90 00");
    assert_eq!(authenticate(&mut card, 0x0A, [0; 16]), "63 C1");
}

#[test]
fn authentication_out_of_order_is_refused() {
    let mut card = guarded();
    let answer = "00 82 00 0A 10 00 11 22 33 44 55 66 77 88 99 AA BB CC DD EE FF";
    assert_eq!(send(&mut card, answer), "69 85", "no challenge");
    assert_eq!(send(&mut card, "00 84 00 00 08"), "6C 10");
    let challenge = send(&mut card, "00 84 00 00 10");
    assert_ne!(send(&mut card, "00 84 00 00 10"), challenge);
    assert_eq!(send(&mut card, &answer.replacen("0A", "0C", 1)), "6A 88", "no such key");
    assert_eq!(send(&mut card, answer), "69 85", "that challenge is used up");
    send(&mut card, "00 84 00 00 10");
    assert_eq!(send(&mut card, &answer.replacen("0A", "01", 1)), "6A 88", "a key for the other direction");
}

#[test]
fn the_card_proves_its_key() {
    let mut card = guarded();
    let block = hex("01 23 45 67 89 AB CD EF FE DC BA 98 76 54 32 10");
    let mut wanted = <[u8; 16]>::try_from(block.clone()).unwrap().into();
    Sm4::new(&KEY.into()).encrypt_block(&mut wanted);
    let answer = card.transmit(&[&hex("00 88 00 01 10"), &block[..], &[16]].concat());
    assert_eq!(answer, [&wanted[..], &[0x90, 0x00]].concat());
    assert_eq!(shown(&card.transmit(&[&hex("00 88 00 0A 10"), &block[..], &[16]].concat())), "6A 88");
}

#[test]
fn a_key_without_its_check_value_or_after_activation_is_not_kept() {
    let mut card = filled();
    assert_eq!(send(&mut card, "80 E2 80 01 07 90 00 04 0A 00 00 00"), "69 85");
    let mut wrong = hex("80 E2 60 00 23 80 00 20");
    wrong.extend([0; 32]);
    assert_eq!(shown(&card.transmit(&wrong)), "6A 80", "not under the transport key");
    assert_eq!(send(&mut card, "80 E2 60 00 05 80 00 02 00 00"), "6A 80");
    assert_eq!(send(&mut card, "80 E2 00 00 05 80 00 02 00 00"), "6A 86");
    load(&mut card, 0x0A, 0x02, KEY);
    all_done(&mut card, &["00 A4 04 0C 02 AA BB", "00 44 00 00"]);
    assert_eq!(shown(&card.transmit(&wrong)), "69 85");
    talk(&mut card, "00 E0 00 00 10 62 0E 82 01 01 83 02 00 09 80 02 00 04 88 01 28 = 69 82");
}

/// Cut before its effect a command leaves nothing; cut after it, everything. Nothing is selected afterwards.
#[test]
fn power_cut_at_a_write_leaves_all_or_nothing() {
    for (tear, left) in [(Tear::BeforeEffect, "01 02 03 04 90 00"), (Tear::BeforeAnswer, "09 09 09 09 90 00")] {
        let mut card = filled();
        all_done(&mut card, &["00 A4 02 0C 02 00 01"]);
        card.cut_power_at(0, tear);
        assert_eq!(send(&mut card, "00 D6 00 00 04 09 09 09 09"), "");
        assert_eq!(send(&mut card, "00 A4 00 0C 02 3F 00"), "", "no power");
        card.reset();
        talk(&mut card, &format!("00 B0 00 00 01 = 69 86\n00 A4 04 0C 02 AA BB = 90 00\n00 B0 81 00 04 = {left}"));
    }
}

proptest! {
    #[test]
    fn any_bytes_are_answered_with_a_status(
        commands in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..300), 1..20),
        heads in proptest::collection::vec((0usize..14, any::<[u8; 2]>()), 20),
    ) {
        let mut card = guarded();
        for (bytes, (head, p)) in commands.iter().zip(heads) {
            let ins = [0x44, 0x82, 0x84, 0x88, 0xA4, 0xB0, 0xB1, 0xB2, 0xD6, 0xD7, 0xDC, 0xE0, 0xE2, 0x00][head];
            let short = &bytes[..bytes.len().min(255)];
            let cased = [&[0, ins, p[0], p[1], short.len() as u8], short, &[0]].concat();
            for command in [bytes, &cased] {
                let answer = card.transmit(command);
                prop_assert!(answer.len() >= 2 && matches!(answer[answer.len() - 2], 0x61..=0x6F | 0x90));
            }
        }
    }

    /// Whatever was said to it, what only a key opens stays closed without it.
    #[test]
    fn no_talk_opens_a_file(commands in proptest::collection::vec((0usize..12, any::<[u8; 2]>(), proptest::collection::vec(any::<u8>(), 0..24)), 0..30)) {
        let mut card = guarded();
        for (head, p, data) in commands {
            let ins = [0x44, 0x82, 0x84, 0x88, 0xA4, 0xB0, 0xB1, 0xB2, 0xD6, 0xD7, 0xDC, 0xE2][head];
            card.transmit(&[&[0, ins, p[0], p[1], data.len() as u8], &data[..], &[0]].concat());
        }
        card.reset();
        talk(&mut card, "00 A4 04 0C 02 AA BB = 90 00\n00 B0 83 00 02 = 69 82");
    }
}
