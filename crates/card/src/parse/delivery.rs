//! How the card reaches its holder, and how the holder is reached.

use super::Channel;
use super::reader::{Field, Reader};
use crate::application::{Delivery, Mail};
use crate::reason::Code;
use crate::text;

const PHONE_DIGITS_MIN: usize = 5;
const PHONE_DIGITS_MAX: usize = 20;
const BANK_CHARS_MAX: usize = 60;
const POSTCODE_DIGITS: usize = 6;

/// What the `delivery` column may say.
#[derive(Clone, Copy)]
enum Way {
    Outlet,
    Mail,
}

pub struct Sending {
    pub delivery: Option<Delivery>,
    pub phone: Option<String>,
    pub bank: Option<String>,
}

pub fn read(reader: &mut Reader<'_>, channel: &Channel) -> Sending {
    let way = reader.required_word("delivery", &[Way::Outlet, Way::Mail], |way| match way {
        Way::Outlet => "outlet",
        Way::Mail => "mail",
    });
    let mailed = matches!(way, Some(Way::Mail));
    let phone = read_phone(reader, mailed);
    let delivery = match way {
        None => None,
        Some(Way::Outlet) => Some(Delivery::Outlet),
        Some(Way::Mail) => read_mail(reader, channel, phone.as_deref() == Some("")),
    };
    Sending { delivery, phone, bank: read_bank(reader) }
}

/// A blank part is ADR-02 and stays blank: a person may complete it. `no_phone`: the phone is blank as well.
fn read_mail(reader: &mut Reader<'_>, channel: &Channel, no_phone: bool) -> Option<Delivery> {
    if matches!(channel, Channel::Employer { .. }) {
        reader.say(Code::Emp03, "delivery: mail", "outlet");
    }
    let mut missing = Vec::new();
    let recipient = read_mail_part(reader, "mail_recipient", &mut missing);
    let address = read_mail_part(reader, "mail_address", &mut missing);
    let postcode = read_mail_part(reader, "mail_postcode", &mut missing);
    let digits = |text: &str| text.len() == POSTCODE_DIGITS && text.bytes().all(|b| b.is_ascii_digit());
    if postcode.as_deref().is_some_and(|p| !p.is_empty() && !digits(p)) {
        missing.push("mail_postcode (6 digits)");
    }
    if no_phone {
        missing.push("phone");
    }
    if !missing.is_empty() {
        reader.say(Code::Adr02, missing.join(", "), "recipient, address, postcode, phone");
    }
    Some(Delivery::Mail(Mail { recipient: recipient?, address: address?, postcode: postcode? }))
}

fn read_mail_part(reader: &mut Reader<'_>, field: &'static str, missing: &mut Vec<&'static str>) -> Option<String> {
    let text = match reader.mail(field) {
        Field::Refused => return None,
        Field::Blank => {
            missing.push(field);
            return Some(String::new());
        }
        Field::Text(text) => text,
    };
    if text::starts_formula(&text) || text::commands_a_printer(&text) {
        let what = if text::starts_formula(&text) { "begins as a formula" } else { "a printer's command" };
        reader.say(Code::Adr01, format!("{field}: {what}"), "plain text");
        return None;
    }
    Some(text)
}

/// Blank is empty text where the profile lets it be, and for mail, whose own reason names it.
fn read_phone(reader: &mut Reader<'_>, mailed: bool) -> Option<String> {
    let phone = match reader.code("phone") {
        Field::Blank if mailed || !reader.profile.record.phone_required => return Some(String::new()),
        value => reader.required("phone", value)?,
    };
    let digits = phone.bytes().filter(u8::is_ascii_digit).count();
    let charset = phone.bytes().all(|b| b.is_ascii_digit() || b" +-()".contains(&b));
    if !charset || !(PHONE_DIGITS_MIN..=PHONE_DIGITS_MAX).contains(&digits) {
        reader.say(Code::Rec26, "phone", format!("{PHONE_DIGITS_MIN}-{PHONE_DIGITS_MAX} digits, + - ( )"));
        return None;
    }
    Some(phone)
}

/// A bank's name or code: no list of partner banks is published, so only its characters are checked.
fn read_bank(reader: &mut Reader<'_>) -> Option<String> {
    let bank = match reader.code("bank") {
        Field::Blank if !reader.profile.record.bank_required => return Some(String::new()),
        value => reader.required("bank", value)?,
    };
    let charset = bank.chars().all(|c| c.is_alphanumeric() || " ._-&()（）".contains(c));
    if !charset || !bank.starts_with(char::is_alphanumeric) || bank.chars().count() > BANK_CHARS_MAX {
        reader.say(Code::Rec26, "bank", format!("letters and digits, at most {BANK_CHARS_MAX}"));
        return None;
    }
    Some(bank)
}
