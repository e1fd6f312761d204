//! The script's bytes against ISO 7816-4 written out by hand, its two texts, and hostile play texts.

use proptest::prelude::*;

use super::*;
use crate::image::{ChipImage, image, image_with_portrait};
use crate::samples::{card, profile, with_portrait};

fn keys() -> TestKeys {
    let names = ["IRK", "RKSSSE", "UKSSSE", "UKDF01"];
    let key = |(i, name): (usize, &&str)| ((*name).to_owned(), TestKey([0x40 + i as u8; KEY_BYTES]));
    TestKeys { transport: TestKey([0x77; KEY_BYTES]), card: names.iter().enumerate().map(key).collect() }
}

fn plain(records: RecordForm) -> Vec<Step> {
    let layout = profile().chip;
    script(&image(&card(1), &layout).unwrap(), &layout, &Target { records, keys: None }).unwrap()
}

fn pictured(bytes: usize) -> (ChipImage, Vec<Step>) {
    let mut layout = with_portrait().chip;
    layout.portrait.as_mut().unwrap().bytes_max = 65_535;
    let jpeg: Vec<u8> = (0..bytes).map(|i| (i % 251) as u8).collect();
    let image = image_with_portrait(&card(1), &layout, Some(&jpeg)).unwrap();
    let steps = script(&image, &layout, &Target { records: RecordForm::Fixed, keys: None }).unwrap();
    (image, steps)
}

fn exchanges(steps: &[Step]) -> impl Iterator<Item = &Exchange> {
    steps.iter().filter_map(|s| if let Act::Send(e) = &s.act { Some(e) } else { None })
}

fn at<'a>(steps: &'a [Step], note: &str) -> &'a Exchange {
    let step = steps.iter().find(|s| s.note == note).unwrap_or_else(|| panic!("{note}"));
    let Act::Send(exchange) = &step.act else { panic!("{note}") };
    exchange
}

#[test]
fn the_documented_bytes() {
    let steps = plain(RecordForm::Fixed);
    let text = scriptor_text(&steps).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let start = [
        "# power on",
        "reset",
        "# MF: select",
        "00 A4 00 0C 02 3F 00",
        "# SSSE: create",
        "00 E0 00 00 1A 62 18 82 01 38 83 02 7F 01 84 0F 73 78 31 2E 73 68 2E C9 E7 BB E1 B1 A3 D5 CF",
        "# SSSE: select",
        "00 A4 04 0C 0F 73 78 31 2E 73 68 2E C9 E7 BB E1 B1 A3 D5 CF",
        "# SSSE/EF05: create",
        "00 E0 00 00 11 62 0F 82 06 02 21 00 0E 00 06 83 02 EF 05 88 01 28",
        "# SSSE/EF05: write record 1",
        "00 DC 01 2C 0E 02 01 31 00 00 00 00 00 00 00 00 00 00 00",
    ];
    assert_eq!(lines[..start.len()], start);
    assert!(lines.contains(&"00 B2 01 2C 0E") && lines.contains(&"00 B2 06 04 0E") && lines.contains(&"00 B2 07 04 01"));
    let play = play_text(&steps);
    assert!(play.contains("\n00 B2 01 2C 0E ; 9000 ; 02 01 31 00 00 00 00 00 00 00 00 00 00 00\n"));
    assert!(play.contains("\n00 B2 07 04 01 ; 6A83\n") && play.contains("\n00 A4 02 0C 02 EF FE ; 6A82\n"));
    let first_column: String = play.lines().map(|l| format!("{}\n", l.split(" ; ").next().unwrap())).collect();
    assert_eq!(first_column, text, "scriptor text is the first column");
}

/// Files come from encode files too: none may be left out in silence.
#[test]
fn files_the_layout_has_no_folder_for_are_refused() {
    let layout = profile().chip;
    let mut files = image(&card(1), &layout).unwrap().files;
    let target = Target { records: RecordForm::Fixed, keys: None };
    assert!(script_of(&files, &layout, &target).is_ok_and(|steps| steps == plain(RecordForm::Fixed)));
    files[0].folder.push(0);
    assert!(script_of(&files, &layout, &target).is_err_and(|e| e.to_string().contains("none of the layout's folders")));
}

#[test]
fn records_of_their_own_length_are_appended_and_asked_for_by_tag() {
    let steps = plain(RecordForm::VariableTlv);
    assert_eq!(at(&steps, "SSSE/EF05: create").command[5..], [0x62, 15, 0x82, 6, 5, 0x21, 0, 14, 0, 6, 0x83, 2, 0xEF, 5, 0x88, 1, 0x28]);
    assert_eq!(at(&steps, "SSSE/EF05: write record 2").command, [0, 0xE2, 0, 0x28, 6, 3, 4, b'3', b'.', b'0', b'0']);
    let by_tag = at(&steps, "SSSE/EF06: record 3 of the selected file");
    assert_eq!((by_tag.command[..4].to_vec(), by_tag.data.len()), (vec![0, 0xB2, 0x4E, 0x00], 22));
}

/// Every command parses as one of the four cases, with nothing over 255 bytes, whatever the size of the picture.
#[test]
fn every_command_is_a_short_one_and_the_picture_is_written_and_read_whole() {
    for bytes in [1, 254, 255, 256, 4_096, 32_767, 32_768, 65_535] {
        let (_, steps) = pictured(bytes);
        let (mut written, mut read) = (vec![None; bytes], vec![None; bytes]);
        for e in exchanges(&steps) {
            let [0, ins, p1, p2, body @ ..] = e.command.as_slice() else { panic!("class") };
            let offset = usize::from(u16::from_be_bytes([*p1, *p2]));
            match (ins, body) {
                (0xD6, [len, data @ ..]) => put(&mut written, offset, data, usize::from(*len)),
                (0xD7, [len, 0x54, 2, high, low, 0x53, rest @ ..]) => {
                    let data = if rest[0] < 0x80 { &rest[1..] } else { &rest[2..] };
                    assert_eq!(usize::from(*len), body.len() - 1);
                    put(&mut written, usize::from(u16::from_be_bytes([*high, *low])), data, data.len());
                }
                (0xB0, [_]) if p1 & 0x80 == 0 && e.sw == SW_DONE => put(&mut read, offset, &e.data, usize::from(body[0])),
                (0xB1, [4, 0x54, 2, high, low, le]) => {
                    assert_eq!(usize::from(*le), e.data.len());
                    let data = if e.data[1] < 0x80 { &e.data[2..] } else { &e.data[3..] };
                    put(&mut read, usize::from(u16::from_be_bytes([*high, *low])), data, data.len());
                }
                _ => {}
            }
        }
        let wanted: Vec<Option<u8>> = (0..bytes).map(|i| Some((i % 251) as u8)).collect();
        assert!(written == wanted && read == wanted, "{bytes}");
        assert!(!read_play_text(&play_text(&steps)).unwrap().is_empty(), "every command is of a short case");
    }
}

fn put(file: &mut [Option<u8>], offset: usize, data: &[u8], len: usize) {
    assert_eq!(data.len(), len);
    for (place, byte) in file[offset..offset + len].iter_mut().zip(data) {
        assert!(place.replace(*byte).is_none(), "once");
    }
}

#[test]
fn the_end_of_a_picture_is_asked_for() {
    let (_, steps) = pictured(300);
    let short = at(&steps, "SSSE/EF08: only one byte is left");
    assert_eq!((short.command.as_slice(), short.sw, short.data.len()), (&[0, 0xB0, 1, 43, 2][..], SW_END_OF_FILE, 1));
    let none = at(&steps, "SSSE/EF08: nothing is left");
    assert_eq!((none.command.as_slice(), none.sw), (&[0, 0xB0, 1, 44, 1][..], SW_NO_OFFSET));
}

#[test]
fn with_keys_files_are_closed_and_opened_again() {
    let layout = profile().chip;
    let keys = keys();
    let steps = script(&image(&card(1), &layout).unwrap(), &layout, &Target { records: RecordForm::Fixed, keys: Some(&keys) }).unwrap();
    // SSSE/EF06: update by key 0B, read by key 0A; SSSE/EF05: anybody reads.
    assert_eq!(at(&steps, "SSSE/EF06: create").command.last_chunk(), Some(&[0x8C, 3, 3, 0x2B, 0x2A]));
    assert_eq!(at(&steps, "SSSE/EF05: create").command.last_chunk(), Some(&[0x8C, 3, 3, 0x2B, 0x00]));
    let load = &at(&steps, "SSSE: key 0A").command;
    assert_eq!((load[..8].to_vec(), load.len()), (vec![0x80, 0xE2, 0x60, 0, 35, 0x80, 0x00, 32], 40));
    let wanted = [
        "SSSE/EF06: write record 1",
        "SSSE/EF06: activate",
        "SSSE: activate",
        "read back",
        "SSSE/EF06: closed to reading",
        "SSSE/EF06: closed to writing",
        "SSSE: card proves key 01",
        "SSSE: authenticate with key 0A",
        "SSSE/EF06: record 1",
    ];
    let mut notes = steps.iter().map(|s| s.note.as_str());
    for note in wanted {
        assert!(notes.any(|n| n == note), "{note}, in this order");
    }
    assert_eq!(at(&steps, "SSSE/EF06: closed to reading").sw, SW_NOT_ALLOWED);
    assert!(scriptor_text(&steps).is_none(), "scriptor answers no challenge");
    let text = play_text(&steps);
    assert!(text.contains("\nauthenticate 0A 41 41 41"));
    assert!(read_play_text(&text).unwrap() == steps);
}

#[test]
fn a_missing_or_foreign_key_is_a_problem() {
    let layout = profile().chip;
    let made = image(&card(1), &layout).unwrap();
    let error = |layout: &card::profile::chip::ChipLayout, keys: &TestKeys| {
        script(&made, layout, &Target { records: RecordForm::Fixed, keys: Some(keys) }).err().map(|p| p.field)
    };
    let mut fewer = keys();
    fewer.card.retain(|(name, _)| name != "RKSSSE");
    assert_eq!(error(&layout, &fewer).as_deref(), Some("RKSSSE"));
    let mut triple = layout.clone();
    triple.key[0].algorithm = card::profile::chip::KeyAlgorithm::TripleDes;
    assert_eq!(error(&triple, &keys()).as_deref(), Some("IRK"));
    let mut high = layout.clone();
    high.key[1].id = "1A".to_owned();
    assert_eq!(error(&high, &keys()).as_deref(), Some("access"), "no key of the folder has the id the file asks for");
    assert_eq!(error(&layout, &keys()), None);
}

#[test]
fn a_reserved_file_is_made_and_not_written() {
    let steps = plain(RecordForm::Fixed);
    assert_eq!(at(&steps, "SSSE/EF07: create").command[5..], [0x62, 14, 0x82, 1, 1, 0x83, 2, 0xEF, 7, 0x80, 2, 4, 0, 0x88, 1, 0x38]);
    let end = at(&steps, "SSSE/EF07: nothing is left");
    assert_eq!((end.command.as_slice(), end.sw), (&[0, 0xB0, 4, 0, 1][..], SW_NO_OFFSET));
    assert!(steps.iter().all(|s| !s.note.starts_with("SSSE/EF07: write") && !s.note.starts_with("SSSE/EF07: first")));
}

/// What nobody will read again is compared before its conditions hold.
#[test]
fn a_file_never_read_is_read_before_it_is_closed() {
    let mut layout = profile().chip;
    layout.file[0].access.read = card::profile::chip::Condition::Never;
    let keys = keys();
    let steps = script(&image(&card(1), &layout).unwrap(), &layout, &Target { records: RecordForm::Fixed, keys: Some(&keys) }).unwrap();
    let place = |note: &str| steps.iter().position(|s| s.note == note).unwrap();
    assert!(place("SSSE/EF05: record 6") < place("SSSE/EF05: activate"));
    assert_eq!(steps.iter().filter(|s| s.note == "SSSE/EF05: record 6").count(), 1);
    assert_eq!(at(&steps, "SSSE/EF05: closed to reading").sw, SW_NOT_ALLOWED);
}

#[test]
fn notes_hold_nothing_of_the_person() {
    let card = card(1);
    let notes: String = plain(RecordForm::Fixed).iter().map(|s| s.note.clone()).collect();
    for personal in [&card.number, &card.application.name, &card.application.ssn, &card.application.work_permit_number] {
        assert!(!notes.contains(personal.as_str()));
    }
}

/// GB/T 32907 annex A: the key is the plain text.
#[test]
fn the_cryptogram_is_one_block_of_sm4() {
    let block = [0x01, 0x23, 0x45, 0x67, 0x89, 0xAB, 0xCD, 0xEF, 0xFE, 0xDC, 0xBA, 0x98, 0x76, 0x54, 0x32, 0x10];
    let wanted = [0x68, 0x1E, 0xDF, 0x34, 0xD2, 0x06, 0x96, 0x5E, 0x86, 0xB3, 0xE9, 0x4F, 0x53, 0x6E, 0x42, 0x46];
    assert_eq!(cryptogram(&TestKey(block), block), wanted);
    assert_eq!(external_authenticate(0x0A, &TestKey(block), block), [&[0, 0x82, 0, 0x0A, 0x10][..], &wanted].concat());
    assert_eq!(get_challenge(), [0, 0x84, 0, 0, 0x10]);
}

#[test]
fn play_texts_written_otherwise_are_refused() {
    assert!(read_play_text("").unwrap().is_empty());
    assert!(read_play_text("# a note\n00 A4 00 0C 02 3F 00 ; 9000\nreset\n").is_ok());
    for bad in [
        "reset",
        "Reset\n",
        "\n",
        "reset \n",
        "# a note\n",
        "# a\n# b\nreset\n",
        "# \nreset\n",
        "#note\nreset\n",
        "00A4000C023F00 ; 9000\n",
        "00 A4 00 0C 02 3F 00\n",
        "00 A4 00 0C 02 3F 00 ;9000\n",
        "00 A4 00 0C 02 3F 00 ; 90 00\n",
        "00 A4 00 0C 02 3F 00 ; 9000 ; \n",
        "00 A4 00 0C 02 3F 00 ; 9000 ; 00 ; 00\n",
        "00 a4 00 0C 02 3F 00 ; 9000\n",
        "00  A4 00 0C 02 3F 00 ; 9000\n",
        "00 A4 00 0C 03 3F 00 ; 9000\n",
        "00 A4 00 ; 9000\n",
        "00 B0 00 00 00 00 ; 9000\n",
        "reset\r\n",
        "authenticate 0A 00\n",
        "authenticate 0A00 00\n",
    ] {
        assert!(read_play_text(bad).is_err(), "{bad:?}");
    }
    let long = format!("# {}\nreset\n", "x".repeat(LINE_BYTES_MAX));
    assert!(read_play_text(&long).is_err());
    assert!(read_play_text(&"reset\n".repeat(STEPS_MAX)).is_ok());
    assert!(read_play_text(&"reset\n".repeat(STEPS_MAX + 1)).is_err());
}

type Raw = (u8, [u8; 4], Vec<u8>, Option<u8>, u16, Vec<u8>, String);

fn any_step() -> impl Strategy<Value = Raw> {
    let bytes = |most: usize| proptest::collection::vec(any::<u8>(), 0..most);
    (0u8..4, any::<[u8; 4]>(), bytes(256), any::<Option<u8>>(), any::<u16>(), bytes(257), "[ -~]{0,40}")
}

fn step((kind, head, data, le, sw, answer, note): Raw) -> Step {
    let act = match kind {
        0 => Act::Reset,
        1 => Act::Authenticate { key_id: head[0], key: TestKey([head[1]; KEY_BYTES]) },
        _ => {
            let body = if data.is_empty() { Vec::new() } else { [&[data.len() as u8], &data[..]].concat() };
            Act::Send(Exchange { command: [&head[..], &body, le.as_slice()].concat(), sw, data: answer })
        }
    };
    Step { act, note }
}

proptest! {
    #[test]
    fn every_script_reads_back(raw in proptest::collection::vec(any_step(), 0..12)) {
        let steps: Vec<Step> = raw.into_iter().map(step).collect();
        let text = play_text(&steps);
        prop_assert!(read_play_text(&text).is_ok_and(|read| read == steps));
    }

    #[test]
    fn any_text_is_answered_and_what_is_read_is_as_it_is_written(text in "(reset|authenticate|00 A4|# |;| |\\n|[0-9A-Fa-f]{1,3}|.){0,40}") {
        if let Ok(steps) = read_play_text(&text) {
            prop_assert_eq!(play_text(&steps), text);
        }
    }

    #[test]
    fn every_change_of_a_character_is_another_script_or_none(at in any::<proptest::sample::Index>(), to in any::<char>()) {
        let steps = plain(RecordForm::Fixed);
        let text = play_text(&steps);
        let at = at.index(text.len());
        let changed = format!("{}{to}{}", &text[..at], &text[at + 1..]);
        prop_assume!(changed != text);
        prop_assert!(read_play_text(&changed).is_ok_and(|read| read != steps) || read_play_text(&changed).is_err());
    }
}
