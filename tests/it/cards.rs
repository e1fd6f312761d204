//! Whole scripts played with the test kit's card in process: good cards, and everything that can go wrong with one. What must never
//! happen is a card called good that isn't. `system_cards.rs` does it again through PC/SC.

use card::application::{Application, BusinessType, Delivery, DocumentType, Lane, Sex};
use card::{BatchId, Card, Keyed, OutletCode, Profile, card_number};
use chip::apdu::{Act, KEY_BYTES, RecordForm, Step, Target, TestKey, TestKeys, play_text, read_play_text, script};
use jiff::civil::date;
use line::encode::{Played, Spoil, play};
use line::ports::{CardReader, ReaderFault};
use testkit::card::{Tear, VirtualCard};

pub const CAPACITY_BYTES: usize = 64 << 10;
const PICTURE_BYTES: usize = 40_000;
pub const TRANSPORT: [u8; KEY_BYTES] = [0x77; KEY_BYTES];

pub fn blank() -> VirtualCard {
    VirtualCard::blank(CAPACITY_BYTES, TRANSPORT)
}

pub fn keys() -> TestKeys {
    let key = |(i, name): (usize, &&str)| ((*name).to_owned(), TestKey([0x40 + i as u8; KEY_BYTES]));
    TestKeys { transport: TestKey(TRANSPORT), card: ["IRK", "RKSSSE", "UKSSSE", "UKDF01"].iter().enumerate().map(key).collect() }
}

pub fn profile() -> Profile {
    Profile::built_in("hubei-foreigner-2025", date(2025, 6, 1)).expect("the built-in profile reads")
}

/// An invented person's card; neighbours differ in every field that can.
pub fn card(n: u32) -> Card {
    let application = Application {
        application_id: format!("WH01-{n:06}"),
        business_type: BusinessType::New,
        lane: Lane::Normal,
        name: format!("ŁUKASZ {}", ["SØRENSEN", "NOWAK", "ZIELIŃSKI-EXAMPLE-OF-A-LONG-NAME"][n as usize % 3]),
        name_zh: Some("示例".to_owned()),
        sex: [Sex::M, Sex::F, Sex::X][n as usize % 3],
        birth_date: date(1960 + (n % 40) as i16, 2, 3),
        nationality: ["POL", "SWE", "D"][n as usize % 3].to_owned(),
        document_type: DocumentType::Passport,
        document_number: format!("X{n:08}"),
        document_expiry: date(2030, 1, 1),
        mrz: None,
        ssn: format!("POL0X{n:08}"),
        work_permit_number: format!("420000{n:06}"),
        work_permit_category: ['A', 'B', 'C'][n as usize % 3],
        work_permit_from: date(2025, 1, 1),
        work_permit_to: date(2026, 12, 31),
        employer_name: format!("湖北示例科技有限公司{n}"),
        employer_code: "91350100M000100Y43".to_owned(),
        photo: format!("{n}.jpg"),
        photo_taken_on: date(2025, 5, 1),
        religious_headgear: false,
        delivery: Delivery::Outlet,
        phone: "+86 27 8888 0000".to_owned(),
        bank: "示例银行".to_owned(),
        receipt_number: None,
        due_on: None,
        supersedes: None,
        loss_report: None,
        old_card_number: None,
    };
    Card {
        batch: BatchId::parse("B20250601-01").expect("a batch"),
        position: n + 1,
        job: 1,
        slot: n + 1,
        tray: 1,
        number: card_number::number_at("H", u64::from(n)).expect("a number"),
        generation: 1,
        remake_of: None,
        outlet: OutletCode::parse("WH-01").expect("an outlet"),
        division: "420100".to_owned(),
        application,
        issued_on: date(2025, 6, 1),
        expires_on: date(2035, 6, 1),
        qr_payload: format!("CL1:{n}"),
        record_digest: Keyed([7; 16]),
    }
}

pub fn steps(n: u32, records: RecordForm, keys: Option<&TestKeys>) -> Vec<Step> {
    let layout = profile().chip;
    let image = chip::image(&card(n), &layout).unwrap_or_else(|p| panic!("{p}"));
    script(&image, &layout, &Target { records, keys }).unwrap_or_else(|p| panic!("{p}"))
}

/// A layout with a picture larger than offsets in a header reach, which a key opens and another updates.
fn pictured(keys: &TestKeys) -> Vec<Step> {
    let mut layout = profile().chip;
    let access = layout.file[1].access.clone();
    layout.portrait = Some(card::profile::chip::ChipPortrait {
        id: "EF08".to_owned(),
        folder: "SSSE".to_owned(),
        sfi: 8,
        access,
        width_px: 102,
        height_px: 126,
        bytes_max: PICTURE_BYTES,
        quality_max: 85,
        quality_min: 35,
    });
    let jpeg: Vec<u8> = (0..PICTURE_BYTES).map(|i| (i % 253) as u8).collect();
    let image = chip::image_with_portrait(&card(1), &layout, Some(&jpeg)).unwrap_or_else(|p| panic!("{p}"));
    script(&image, &layout, &Target { records: RecordForm::Fixed, keys: Some(keys) }).unwrap_or_else(|p| panic!("{p}"))
}

/// A reader with one card in it, and somebody who may meddle with answers.
struct Held<F: FnMut(&[u8], Vec<u8>) -> Vec<u8>> {
    card: VirtualCard,
    meddle: F,
}

fn honest(card: VirtualCard) -> Held<impl FnMut(&[u8], Vec<u8>) -> Vec<u8>> {
    Held { card, meddle: |_: &[u8], answer| answer }
}

impl<F: FnMut(&[u8], Vec<u8>) -> Vec<u8>> CardReader for Held<F> {
    fn connect(&mut self) -> Result<Vec<u8>, ReaderFault> {
        self.card.reset();
        Ok(self.card.atr())
    }

    fn reset(&mut self) -> Result<Vec<u8>, ReaderFault> {
        self.connect()
    }

    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, ReaderFault> {
        let answer = self.card.transmit(command);
        if answer.is_empty() { Err(ReaderFault::NoCard) } else { Ok((self.meddle)(command, answer)) }
    }
}

fn played(card: &mut VirtualCard, steps: &[Step]) -> Played {
    let mut held = honest(card.clone());
    let played = play(&mut held, steps).expect("there is a card");
    *card = held.card;
    played
}

/// The part of a script that only reads.
pub fn reading(steps: &[Step]) -> &[Step] {
    &steps[steps.iter().position(|s| s.note == "read back").expect("a read-back")..]
}

#[test]
fn whole_cards_are_written_and_read_back() {
    let keys = keys();
    for n in 0..20 {
        for records in [RecordForm::Fixed, RecordForm::VariableTlv] {
            for keys in [None, Some(&keys)] {
                let steps = steps(n, records, keys);
                let mut card = blank();
                assert_eq!(played(&mut card, &steps), Played::Good);
                assert_eq!(played(&mut card, reading(&steps)), Played::Good, "again, and another time");
                let text = play_text(&steps);
                assert!(read_play_text(&text).is_ok_and(|read| read == steps));
            }
        }
    }
    assert_eq!(played(&mut blank(), &pictured(&keys)), Played::Good);
}

/// One card's script is no other's: everything that differs is read.
#[test]
fn the_wrong_persons_card_is_found_out() {
    for n in 0..3 {
        let mut card = blank();
        assert_eq!(played(&mut card, &steps(n, RecordForm::Fixed, None)), Played::Good);
        let other = steps(n + 3, RecordForm::Fixed, None);
        assert!(matches!(played(&mut card, reading(&other)), Played::Spoiled { why: Spoil::Differs, .. }));
    }
}

/// As readers of social security cards ask (card-and-rules.md 3.7): by tag, after they have authenticated with key 0A.
#[test]
fn a_social_security_reader_finds_its_records() {
    let mut card = blank();
    let keys = keys();
    assert_eq!(played(&mut card, &steps(1, RecordForm::VariableTlv, Some(&keys))), Played::Good);
    card.reset();
    let select = [&[0, 0xA4, 4, 0, 15][..], b"sx1.sh.\xC9\xE7\xBB\xE1\xB1\xA3\xD5\xCF"].concat();
    assert_eq!(card.transmit(&select), [0x90, 0x00]);
    assert_eq!(card.transmit(&[0, 0xB2, 0x07, 0x28, 11]), [&[0x07, 9], self::card(1).number.as_bytes(), &[0x90, 0]].concat());
    assert_eq!(card.transmit(&[0, 0xB2, 0x08, 0x30, 20]), [0x69, 0x82]);
    let authenticate = steps(1, RecordForm::Fixed, Some(&keys)).into_iter().find(|s| matches!(s.act, Act::Authenticate { key_id: 0x0A, .. }));
    let Some(Step { act: Act::Authenticate { key_id, key }, .. }) = authenticate else { panic!("a step") };
    let challenge = card.transmit(&chip::apdu::get_challenge())[..16].try_into().unwrap();
    assert_eq!(card.transmit(&chip::apdu::external_authenticate(key_id, &key, challenge)), [0x90, 0x00]);
    assert_eq!(card.transmit(&[0, 0xB2, 0x08, 0x30, 20]), [&[0x08, 18], &b"POL0X00000001\0\0\0\0\0"[..], &[0x90, 0]].concat());
}

/// Never good: in doubt. Put in again, the card either was still blank and is finished, or is refused without a change.
#[test]
fn power_cut_at_every_command() {
    let keys = keys();
    let steps = steps(2, RecordForm::Fixed, Some(&keys));
    let mut whole = blank();
    assert_eq!(played(&mut whole, &steps), Played::Good);
    let (mut finished, mut refused) = (0, 0);
    for command in 0..whole.commands() {
        for tear in [Tear::BeforeEffect, Tear::BeforeAnswer] {
            let mut card = blank();
            card.cut_power_at(command, tear);
            let torn = played(&mut card, &steps);
            assert!(matches!(torn, Played::InDoubt { why: ReaderFault::NoCard, .. }), "{command} {tear:?}: {torn:?}");
            match played(&mut card, &steps) {
                Played::Good => finished += 1,
                Played::Spoiled { step, why: Spoil::NotBlank } => {
                    assert_eq!(steps[step].note, "SSSE: create", "the first thing that changes a card");
                    refused += 1;
                }
                other => panic!("{command} {tear:?}: {other:?}"),
            }
        }
    }
    // The card is selected, then the first folder made.
    assert_eq!((finished, refused), (3, 2 * whole.commands() as usize - 3));
}

#[test]
fn a_card_made_before_is_refused_and_keeps_what_it_has() {
    let (first, second) = (steps(1, RecordForm::Fixed, None), steps(2, RecordForm::Fixed, None));
    let mut card = blank();
    assert_eq!(played(&mut card, &first), Played::Good);
    for again in [&first, &second] {
        assert_eq!(played(&mut card, again), Played::Spoiled { step: 2, why: Spoil::NotBlank });
    }
    assert_eq!(played(&mut card, reading(&first)), Played::Good);
}

/// Any one step of the writing left out is seen later, but for those that only say again what is so already.
#[test]
fn a_step_left_out_is_seen() {
    let keys = keys();
    let steps = pictured(&keys);
    let writing = steps.len() - reading(&steps).len();
    let mut unseen: Vec<&str> = Vec::new();
    for out in 0..writing {
        let fewer: Vec<Step> = [&steps[..out], &steps[out + 1..]].concat();
        match played(&mut blank(), &fewer) {
            Played::Good => unseen.push(&steps[out].note),
            Played::Spoiled { .. } => {}
            Played::InDoubt { .. } => panic!("the card answers"),
        }
    }
    let harmless = ["power on", "MF: select", "SSSE: select", "SSSE/EF08: select", "SSSE/EF08: select", "SSSE: activate", "DF01: select", "DF01: activate"];
    for note in unseen {
        assert!(harmless.contains(&note), "{note}");
    }
}

#[test]
fn steps_in_another_order_make_no_good_card_of_another_content() {
    let keys = keys();
    let steps = steps(1, RecordForm::Fixed, Some(&keys));
    let writing = steps.len() - reading(&steps).len();
    for at in 0..writing - 1 {
        let mut swapped = steps.clone();
        swapped.swap(at, at + 1);
        let mut card = blank();
        if played(&mut card, &swapped) == Played::Good {
            assert_eq!(played(&mut card, reading(&steps)), Played::Good, "{at}");
        }
    }
    // Closed before it is written, a file stays as it was.
    let activate = steps.iter().position(|s| s.note == "SSSE/EF05: activate").expect("a step");
    let write = steps.iter().position(|s| s.note == "SSSE/EF05: write record 1").expect("a step");
    let mut early = steps.clone();
    early.insert(write, steps[activate].clone());
    assert_eq!(played(&mut blank(), &early), Played::Spoiled { step: write + 1, why: Spoil::Status { wanted: 0x9000, got: 0x6982 } });
}

#[test]
fn a_wrong_key_spoils_the_card_and_in_the_end_blocks_it() {
    let right = keys();
    let good = steps(1, RecordForm::Fixed, Some(&right));
    let mut foreign = VirtualCard::blank(CAPACITY_BYTES, [0x78; KEY_BYTES]);
    let Played::Spoiled { step, why } = played(&mut foreign, &good) else { panic!("another card's transport key") };
    assert_eq!((good[step].note.as_str(), why), ("SSSE: key 01", Spoil::Status { wanted: 0x9000, got: 0x6A80 }));
    let mut card = blank();
    assert_eq!(played(&mut card, &good), Played::Good);
    let mut wrong = keys();
    wrong.card[1].1 = TestKey([0; KEY_BYTES]);
    let others = steps(1, RecordForm::Fixed, Some(&wrong));
    for got in [0x63C2, 0x63C1, 0x63C0, 0x6983] {
        assert!(matches!(played(&mut card, reading(&others)), Played::Spoiled { why: Spoil::WrongKey(sw), .. } if sw == got), "{got:04X}");
    }
    assert!(matches!(played(&mut card, reading(&good)), Played::Spoiled { why: Spoil::WrongKey(0x6983), .. }), "for everybody");
}

/// Whatever the room, a card is full or good; and it is good exactly from some room on.
#[test]
fn a_full_card_is_spoiled() {
    let keys = keys();
    let steps = steps(1, RecordForm::Fixed, Some(&keys));
    let at = |capacity: usize| played(&mut VirtualCard::blank(capacity, TRANSPORT), &steps);
    let enough = (0..CAPACITY_BYTES).find(|capacity| at(*capacity) == Played::Good).expect("room");
    for capacity in (0..enough).step_by(7).chain([enough - 1]) {
        assert!(matches!(at(capacity), Played::Spoiled { why: Spoil::Full, .. }), "{capacity}");
    }
    assert_eq!(at(enough + 1), Played::Good);
}

/// A card that lies in one bit of one answer, at every answer with data.
#[test]
fn one_wrong_bit_at_read_back_is_seen() {
    let steps = steps(2, RecordForm::Fixed, None);
    let mut with_data = 0;
    for lie in 0.. {
        let mut seen = 0;
        let meddle = |_: &[u8], mut answer: Vec<u8>| {
            if answer.len() > 2 {
                if seen == lie {
                    let last = answer.len() - 3;
                    answer[last] ^= 0x01;
                }
                seen += 1;
            }
            answer
        };
        let outcome = play(&mut Held { card: blank(), meddle }, &steps).expect("a card");
        if outcome == Played::Good {
            with_data = lie;
            break;
        }
        assert!(matches!(outcome, Played::Spoiled { why: Spoil::Differs, .. }));
    }
    assert_eq!(with_data, steps.iter().filter(|s| matches!(&s.act, Act::Send(e) if !e.data.is_empty())).count(), "every one of them");
}

/// A card that says it has written, and hasn't.
#[test]
fn a_write_that_never_was_is_seen() {
    struct Lazy {
        card: VirtualCard,
        skip: usize,
        writes: usize,
    }
    impl CardReader for Lazy {
        fn connect(&mut self) -> Result<Vec<u8>, ReaderFault> {
            self.card.reset();
            Ok(self.card.atr())
        }
        fn reset(&mut self) -> Result<Vec<u8>, ReaderFault> {
            self.connect()
        }
        fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, ReaderFault> {
            if matches!(command[1], 0xD6 | 0xD7 | 0xDC) {
                self.writes += 1;
                if self.writes - 1 == self.skip {
                    return Ok(vec![0x90, 0x00]);
                }
            }
            Ok(self.card.transmit(command))
        }
    }
    let steps = steps(1, RecordForm::Fixed, None);
    let writes = steps.iter().filter(|s| s.note.contains(": write record")).count();
    assert!(writes > 15);
    for skip in 0..writes {
        let outcome = play(&mut Lazy { card: blank(), skip, writes: 0 }, &steps).expect("a card");
        assert!(matches!(outcome, Played::Spoiled { why: Spoil::Differs, .. }), "{skip}");
    }
}
