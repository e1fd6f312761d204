//! What a finished print file must be, read back with lopdf's own reader.

use std::sync::Arc;

use card::profile::face::{BoxMm, Colour, Weight};
use lopdf::{Document, Object};

use super::*;
use crate::page::{MM_PER_PT, Text};
use crate::testing::{card, layout, portrait};
use crate::{Faces, Photo};

fn id() -> DocumentId {
    DocumentId { title: "B20250601-01 job 1".to_owned(), date: jiff::civil::date(2025, 6, 1) }
}

fn job(cards: u32) -> Vec<u8> {
    let faces = Faces::new(&layout()).ok().unwrap();
    let pages = (1..=cards).flat_map(|n| {
        let photo = Photo::new(portrait(n)).ok().unwrap();
        faces.card_pages(&card(n, "ŁUKASZ ŚWIĄTEK", Some("卢卡斯")), &photo).ok().unwrap()
    });
    job_pdf(pages, &id()).ok().unwrap()
}

fn read(bytes: &[u8]) -> Document {
    Document::load_mem(bytes).unwrap()
}

#[test]
fn the_same_pages_give_the_same_bytes_again_and_in_other_threads() {
    let first = job(3);
    assert_eq!(first, job(3), "again");
    let threads: Vec<_> = (0..2).map(|_| std::thread::spawn(|| job(3))).collect();
    for thread in threads {
        assert_eq!(first, thread.join().unwrap(), "in a thread");
    }
    assert_ne!(read(&first).trailer.get(b"ID").unwrap(), read(&job(2)).trailer.get(b"ID").unwrap());
}

#[test]
fn photos_are_embedded_byte_for_byte_and_only_on_their_page() {
    let doc = read(&job(2));
    let images = |page: ObjectId| -> Vec<Vec<u8>> {
        let resources = doc.get_dictionary(page).and_then(|p| p.get(b"Resources")).and_then(Object::as_reference).unwrap();
        let objects = doc.get_dictionary(resources).and_then(|r| r.get(b"XObject")).and_then(Object::as_dict).unwrap();
        let streams = objects.iter().map(|(_, o)| doc.get_object(o.as_reference().unwrap()).and_then(Object::as_stream).unwrap());
        streams.filter(|s| s.dict.get(b"Subtype").and_then(Object::as_name).unwrap() == b"Image").map(|s| s.content.clone()).collect()
    };
    let pages: Vec<_> = doc.get_pages().into_values().collect();
    assert_eq!(pages.len(), 4);
    assert_eq!(images(pages[0]), vec![portrait(1)]);
    assert_eq!(images(pages[1]), Vec::<Vec<u8>>::new());
    assert_eq!(images(pages[2]), vec![portrait(2)]);
}

type ObjectId = lopdf::ObjectId;

#[test]
fn every_page_begins_with_its_record_digest_in_plain_sight() {
    let doc = read(&job(2));
    for (number, page) in doc.get_pages() {
        let wanted = format!("/CLR-{} MP", card(number.div_ceil(2), "", None).record_digest);
        let contents = doc.get_dictionary(page).and_then(|p| p.get(b"Contents")).and_then(Object::as_reference).unwrap();
        let stream = doc.get_object(contents).and_then(Object::as_stream).unwrap();
        assert!(!stream.dict.has(b"Filter"));
        assert!(stream.content.starts_with(wanted.as_bytes()), "page {number}");
    }
}

#[test]
fn text_reads_back_through_to_unicode() {
    let doc = read(&job(1));
    let front = doc.extract_text(&[1]).unwrap();
    for wanted in ["ŁUKASZ ŚWIĄTEK", "卢卡斯", "UTO0X12345678", "A9000001X", "2025年6月"] {
        assert!(front.replace('\n', "").contains(wanted), "{wanted} in {front:?}");
    }
}

#[test]
fn pages_have_the_size_of_a_card_and_of_its_bleed() {
    let numbers = |bytes: &[u8], key: &[u8]| -> Vec<f32> {
        let doc = read(bytes);
        let page = doc.get_pages()[&1];
        doc.get_dictionary(page).and_then(|p| p.get(key)).and_then(Object::as_array).unwrap().iter().map(|o| o.as_float().unwrap()).collect()
    };
    let near = |got: &[f32], wanted_mm: [f64; 4]| got.iter().zip(wanted_mm).all(|(pt, mm)| (f64::from(*pt) * MM_PER_PT - mm).abs() < 0.01);
    assert!(near(&numbers(&job(1), b"MediaBox"), [0.0, 0.0, 85.60, 53.98]));
    let mut bled = layout();
    bled.bleed_mm = 2.0;
    let pages = Faces::new(&bled).ok().unwrap().card_pages(&card(1, "A", None), &Photo::new(portrait(1)).ok().unwrap()).ok().unwrap();
    let bytes = job_pdf(pages, &id()).ok().unwrap();
    assert!(near(&numbers(&bytes, b"MediaBox"), [0.0, 0.0, 89.60, 57.98]));
    assert!(near(&numbers(&bytes, b"TrimBox"), [2.0, 2.0, 87.60, 55.98]));
}

#[test]
fn beyond_its_photo_a_card_takes_little() {
    let ten = job(10).len();
    let twenty = job(20).len();
    let photos: usize = (11..=20).map(|n| portrait(n).len()).sum();
    let per_card = (twenty - ten - photos) / 10;
    assert!(per_card < 8_000, "{per_card} bytes a card");
}

#[test]
fn a_document_without_pages_is_refused() {
    assert!(matches!(job_pdf([], &id()), Err(Fault::Document(_))));
}

#[test]
fn an_inset_keeps_its_page_whole() {
    let mut inner = Page { corner_radius_mm: 3.18, ..Page::blank(85.6, 53.98) };
    inner.backdrop = Some(Arc::new(vec![Item::Fill { at: BoxMm::from([0.0, 0.0, 10.0, 10.0]), colour: Colour(1, 2, 3), radius_mm: 1.0 }]));
    let text = Text { x_mm: 5.0, baseline_mm: 9.0, size_pt: 8.0, weight: Weight::Bold, colour: Colour(0, 0, 0), text: "INSET".into(), tag: None };
    inner.items.push(Item::Text(text));
    let mut sheet = Page::blank(210.0, 297.0);
    sheet.items.push(Item::Inset { x_mm: 10.0, y_mm: 10.0, scale: 0.5, page: Arc::new(inner) });
    let doc = read(&job_pdf([sheet], &id()).ok().unwrap());
    assert!(doc.extract_text(&[1]).unwrap().contains("INSET"));
}
