//! What one card or bundle says in each list, label and notice: the columns and the words. Writes no file.

use card::messages::Said;
use card::{Card, Delivery, Lane, Message, RemakeOf};
use ledger::book::state::BatchState;
use serde_json::json;

use super::Bundle;
use crate::lists::List;
use crate::plan::Sender;

pub const PACKING_COLUMNS: [&str; 12] =
    ["bundle", "box", "tray", "position", "card_number", "generation", "name", "name_zh", "application_id", "receipt_number", "record", "remake_of"];
pub const COURIER_COLUMNS: [&str; 13] =
    ["order", "card_number", "generation", "receipt_number", "recipient", "address", "postcode", "phone", "fee_yuan", "box", "tray", "position", "record"];

/// The electronic card's issuer learns of card and permit (S3: the e-card follows the physical one).
pub fn ecard_event(card: &Card) -> serde_json::Value {
    json!({
        "event": "card-produced",
        "ssn": card.application.ssn,
        "card_number": card.number,
        "generation": card.generation,
        "issued_on": card.issued_on.to_string(),
        "expires_on": card.expires_on.to_string(),
        "work_permit_number": card.application.work_permit_number,
        "work_permit_category": card.application.work_permit_category.to_string(),
        "work_permit_to": card.application.work_permit_to.to_string(),
    })
}

pub fn bundle_list(bundles: &[Bundle]) -> Vec<u8> {
    let mut list = List::new(&["bundle", "kind", "lane", "outlet", "employer_code", "cards", "first_position", "last_position"]);
    for b in bundles {
        let kind = if b.mail { "mail" } else { "outlet" };
        let lane = if b.lane == Lane::Green { "green" } else { "normal" };
        let numbers = [b.number, b.cards, b.positions.start + 1, b.positions.end].map(|n| n.to_string());
        let [number, cards, first, last] = &numbers;
        list.row([number.as_str(), kind, lane, b.outlet.as_str(), b.employer_code.as_deref().unwrap_or(""), cards, first, last]);
    }
    list.into_bytes()
}

pub fn packing_row(bundle: &Bundle, card: &Card) -> [String; 12] {
    let a = &card.application;
    [
        bundle.number.to_string(),
        box_of(card),
        card.tray.to_string(),
        place(card),
        card.number.clone(),
        card.generation.to_string(),
        a.name.clone(),
        a.name_zh.clone().unwrap_or_default(),
        a.application_id.clone(),
        receipt(card).to_owned(),
        card.record_digest.to_string(),
        remake_of(card),
    ]
}

/// The card it is made for again, where that was made; empty for most.
pub fn remake_of(card: &Card) -> String {
    card.remake_of.as_ref().map_or_else(String::new, RemakeOf::mark)
}

/// Where the card lies: its box, and the place in it.
pub fn box_of(card: &Card) -> String {
    format!("{:04}", card.job)
}

pub fn place(card: &Card) -> String {
    format!("{:04}-{:04}", card.job, card.slot)
}

/// What the outlet gave the applicant to ask with; empty if it gave nothing.
pub fn receipt(card: &Card) -> &str {
    card.application.receipt_number.as_deref().unwrap_or("")
}

/// Order number on label and courier list: batch and position.
pub fn order(card: &Card) -> String {
    format!("{}-{:06}", card.batch, card.position)
}

pub fn courier_line(card: &Card, fee: &str) -> Option<Vec<u8>> {
    let Delivery::Mail(mail) = &card.application.delivery else { return None };
    let mut list = List::new(&COURIER_COLUMNS);
    let heading = List::new(&COURIER_COLUMNS).into_bytes().len();
    let (order, generation, record) = (order(card), card.generation.to_string(), card.record_digest.to_string());
    let (box_number, tray, place) = (box_of(card), card.tray.to_string(), place(card));
    list.row([
        order.as_str(),
        &card.number,
        &generation,
        receipt(card),
        &mail.recipient,
        &mail.address,
        &mail.postcode,
        &card.application.phone,
        fee,
        &box_number,
        &tray,
        &place,
        &record,
    ]);
    Some(list.into_bytes().split_off(heading))
}

pub fn label(card: &Card, sender: &Sender) -> Option<artwork::MailLabel> {
    let Delivery::Mail(mail) = &card.application.delivery else { return None };
    let fee = (sender.mail_fee_cents > 0).then(|| format!("{} {} CNY", Message::MailFee.both(), fee_text(sender.mail_fee_cents)));
    let receipt = (!receipt(card).is_empty()).then(|| format!("{} {}", Message::Receipt.both(), artwork::shown(receipt(card))));
    Some(artwork::MailLabel {
        sender: vec![sender.name_zh.clone(), sender.name.clone(), sender.address.clone(), sender.phone.clone()],
        recipient: mail.recipient.clone(),
        phone: card.application.phone.clone(),
        address: mail.address.clone(),
        postcode: mail.postcode.clone(),
        order: order(card),
        card: card.number.clone(),
        references: [receipt, fee].into_iter().flatten().collect(),
    })
}

pub fn fee_text(cents: u32) -> String {
    format!("{}.{:02}", cents / 100, cents % 100)
}

pub fn json_line(value: &serde_json::Value) -> Vec<u8> {
    let mut line = serde_json::to_vec(value).expect("plain JSON");
    line.push(b'\n');
    line
}

pub fn bundle_notice(bundle: &Bundle, batch: &BatchState) -> serde_json::Value {
    let [en, zh] =
        Message::NoticeBundle.said_with(&[("cards", &bundle.cards.to_string()), ("batch", batch.batch.as_str()), ("outlet", bundle.outlet.as_str())]);
    json!({
        "to": "outlet",
        "outlet": bundle.outlet.as_str(),
        "employer_code": bundle.employer_code,
        "batch": batch.batch.as_str(),
        "bundle": bundle.number,
        "cards": bundle.cards,
        "en": en,
        "zh": zh,
    })
}

pub fn applicant_notice(card: &Card) -> serde_json::Value {
    let made = match &card.application.delivery {
        Delivery::Outlet => Message::NoticeCollect.said_with(&[("outlet", card.outlet.as_str())]),
        Delivery::Mail(_) => Message::NoticeMailed.said(),
    };
    let [en, zh] = with_receipt(made, receipt(card));
    json!({
        "to": "applicant",
        "outlet": card.outlet.as_str(),
        "application_id": card.application.application_id,
        "phone": card.application.phone,
        "receipt_number": card.application.receipt_number,
        "en": en,
        "zh": zh,
    })
}

/// A notice that ends with the receipt number, where there is one.
fn with_receipt([en, zh]: Said, receipt: &str) -> Said {
    if receipt.is_empty() {
        return [en, zh];
    }
    let [number_en, number_zh] = Message::NoticeReceipt.said_with(&[("receipt", receipt)]);
    [format!("{en} {number_en}"), format!("{zh}{number_zh}")]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_notice_names_the_receipt_in_both_languages_where_there_is_one() {
        let made = || Message::NoticeMailed.said();
        assert_eq!(with_receipt(made(), ""), made());
        let [en, zh] = with_receipt(made(), "R-12");
        assert!(en.starts_with(&made()[0]) && en.ends_with(" Your receipt number is R-12."), "{en}");
        assert!(zh.starts_with(&made()[1]) && zh.ends_with("您的回执编号为 R-12。"), "{zh}");
    }
}
