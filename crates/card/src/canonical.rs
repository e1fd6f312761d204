//! An application as bytes that never change for the same content: the input of record digests.
//!
//! Layout: `application/1` and a zero byte, then one value for each field in the order of [`FIELDS`](crate::application::FIELDS).
//! A value is its length in bytes (u32, big-endian) and its UTF-8 text; an absent optional value is the length `FFFFFFFF` alone.
//! Dates are ISO, enumerations are written as the package format spells them, `mrz` is its two lines together.

use crate::application::{Application, BusinessType, Delivery, DocumentType, Lane, Mail, Sex};

const MAGIC: &[u8] = b"application/1\0";
const ABSENT: u32 = u32::MAX;

impl Application {
    /// The canonical bytes. Personal.
    #[must_use]
    pub fn canonical(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(512);
        out.extend_from_slice(MAGIC);
        self.put_person(&mut out);
        self.put_permit(&mut out);
        self.put_delivery(&mut out);
        self.put_request(&mut out);
        out
    }

    fn put_person(&self, out: &mut Vec<u8>) {
        put(out, &self.application_id);
        put(out, self.business_type.text());
        put(out, self.lane.text());
        put(out, &self.name);
        put_option(out, self.name_zh.as_deref());
        put(out, self.sex.text());
        put(out, &self.birth_date.to_string());
        put(out, &self.nationality);
        put(out, self.document_type.text());
        put(out, &self.document_number);
        put(out, &self.document_expiry.to_string());
        put_option(out, self.mrz.as_ref().map(|lines| lines.concat()).as_deref());
        put(out, &self.ssn);
    }

    fn put_permit(&self, out: &mut Vec<u8>) {
        put(out, &self.work_permit_number);
        put(out, self.work_permit_category.encode_utf8(&mut [0; 4]));
        put(out, &self.work_permit_from.to_string());
        put(out, &self.work_permit_to.to_string());
        put(out, &self.employer_name);
        put(out, &self.employer_code);
        put(out, &self.photo);
        put(out, &self.photo_taken_on.to_string());
        put(out, if self.religious_headgear { "yes" } else { "no" });
    }

    fn put_delivery(&self, out: &mut Vec<u8>) {
        put(out, self.delivery.text());
        let mail = match &self.delivery {
            Delivery::Mail(mail) => Some(mail),
            Delivery::Outlet => None,
        };
        for field in [|m: &Mail| m.recipient.clone(), |m: &Mail| m.address.clone(), |m: &Mail| m.postcode.clone()] {
            put_option(out, mail.map(field).as_deref());
        }
        put(out, &self.phone);
        put(out, &self.bank);
    }

    fn put_request(&self, out: &mut Vec<u8>) {
        put_option(out, self.receipt_number.as_deref());
        put_option(out, self.due_on.map(|d| d.to_string()).as_deref());
        put_option(out, self.supersedes.as_deref());
        put_option(out, self.loss_report.as_deref());
        put_option(out, self.old_card_number.as_deref());
    }
}

fn put(out: &mut Vec<u8>, text: &str) {
    // Fields are limited to a few hundred characters long before they get here.
    let len = u32::try_from(text.len()).expect("a field shorter than 4 GiB");
    out.extend_from_slice(&len.to_be_bytes());
    out.extend_from_slice(text.as_bytes());
}

fn put_option(out: &mut Vec<u8>, text: Option<&str>) {
    match text {
        Some(text) => put(out, text),
        None => out.extend_from_slice(&ABSENT.to_be_bytes()),
    }
}

impl BusinessType {
    pub const ALL: [Self; 6] = [Self::New, Self::ReplaceLost, Self::ReplaceDamaged, Self::RenewPermit, Self::AlterPermit, Self::SameNumber];

    /// As the package format spells it.
    #[must_use]
    pub fn text(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::ReplaceLost => "replace-lost",
            Self::ReplaceDamaged => "replace-damaged",
            Self::RenewPermit => "renew-permit",
            Self::AlterPermit => "alter-permit",
            Self::SameNumber => "same-number",
        }
    }
}

impl Lane {
    pub const ALL: [Self; 2] = [Self::Normal, Self::Green];

    /// As the package format spells it.
    #[must_use]
    pub fn text(self) -> &'static str {
        match self {
            Self::Green => "green",
            Self::Normal => "normal",
        }
    }
}

impl Sex {
    pub const ALL: [Self; 3] = [Self::M, Self::F, Self::X];

    /// As the package format spells it.
    #[must_use]
    pub fn text(self) -> &'static str {
        match self {
            Self::M => "M",
            Self::F => "F",
            Self::X => "X",
        }
    }
}

impl DocumentType {
    pub const ALL: [Self; 2] = [Self::Passport, Self::PrCard];

    /// As the package format spells it.
    #[must_use]
    pub fn text(self) -> &'static str {
        match self {
            Self::Passport => "passport",
            Self::PrCard => "pr-card",
        }
    }
}

impl Delivery {
    /// As the package format spells it.
    #[must_use]
    pub fn text(&self) -> &'static str {
        match self {
            Self::Outlet => "outlet",
            Self::Mail(_) => "mail",
        }
    }
}
