//! The plant's devices: which machines jobs are handed to, and the public key or address each is reached by. Registered and removed as
//! people are, with a supervisor's or custodian's signature where the plant has people. Makes no key: that is the device's to do.

use card::Code;
use ledger::book::Book;
use ledger::book::state::{DeviceState, Reached};
use ledger::entry::{DeviceAdded, DeviceKind, DeviceRemoved, Entry, Millis, PrinterAdded};
use ledger::fault::Fault;

use crate::people::{self, Signatory};
use crate::ports::Envelope;
use crate::print::Address;

const NAME_CHARS: std::ops::RangeInclusive<usize> = 2..=40;

/// A device to be put into the register.
pub struct NewDevice<'a> {
    pub device: &'a str,
    pub kind: DeviceKind,
    pub recipient: &'a str,
    /// It takes nothing that isn't in an envelope.
    pub sealed_only: bool,
}

/// Who changes the register: a name, and in a plant with people their key.
pub enum By<'a> {
    Named(&'a str),
    Signing(Signatory<'a>),
}

/// A name stands in file names and texts that are signed: lower-case letters, digits, `.`, `-`, `_`, beginning with a letter or digit.
///
/// # Errors
/// USE-01.
pub fn name(text: &str) -> Result<&str, Fault> {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let fits = NAME_CHARS.contains(&text.len()) && text.bytes().all(|b| plain(b) || b".-_".contains(&b)) && text.bytes().next().is_some_and(plain);
    if fits { Ok(text) } else { Err(Fault::refused(Code::Use01, "a device's name: 2 to 40 of a-z, 0-9, . - _, beginning with a letter or digit")) }
}

/// The device with this name, which must be in the register now.
///
/// # Errors
/// HND-02; the ledger fails.
pub fn in_force(book: &Book, device: &str) -> Result<DeviceState, Fault> {
    match book.device(device)? {
        Some(d) if !d.removed => Ok(d),
        Some(_) => Err(Fault::refused(Code::Hnd02, format!("{device} was removed from the device register"))),
        None => Err(Fault::refused(Code::Hnd02, format!("{device} is not in the device register"))),
    }
}

/// Whether what goes on chips leaves this plant in envelopes alone: it has encoders, and each of them takes nothing else. Then no card is
/// encoded at a reader here.
///
/// # Errors
/// The ledger fails.
pub fn encoders_are_sealed_only(book: &Book) -> Result<bool, Fault> {
    let devices = book.devices()?;
    let mut encoders = devices.iter().filter(|d| d.kind == DeviceKind::Encoder && !d.removed).peekable();
    Ok(encoders.peek().is_some() && encoders.all(|d| d.sealed_only))
}

/// Adds a device.
///
/// # Errors
/// USE-01, HND-04, HND-05, AUT-01, AUT-02, AUT-04, AUT-05; the ledger fails.
pub fn add(book: &mut Book, envelope: &dyn Envelope, new: &NewDevice, by: &By, at: Millis) -> Result<(), Fault> {
    name(new.device)?;
    envelope.recipient(new.recipient)?;
    if let Some(other) = book.devices()?.iter().find(|d| d.device == new.device || d.reached == Reached::Envelope(new.recipient.to_owned())) {
        return Err(Fault::refused(Code::Hnd04, format!("name or key of {} belong to {}", new.device, other.device)));
    }
    let text = added_text(book.view().plant_id(), new, by.who());
    let signature = signed(book, by, &text)?;
    let NewDevice { device, kind, recipient, sealed_only } = *new;
    let entry = DeviceAdded { device: device.to_owned(), kind, recipient: recipient.to_owned(), sealed_only, who: by.who().to_owned(), signature, at };
    book.record(&Entry::DeviceAdded(entry)).map(drop)
}

/// Adds a printer that is reached over IPP. Its address may have been another device's, if that one was removed and none of its jobs is
/// in doubt: there is one count of what a printer got.
///
/// # Errors
/// USE-01, HND-01, HND-04, AUT-01, AUT-02, AUT-04, AUT-05; the ledger fails.
pub fn add_printer(book: &mut Book, device: &str, address: &Address, by: &By, at: Millis) -> Result<(), Fault> {
    name(device)?;
    let (uri, devices) = (address.to_string(), book.devices()?);
    let there = Reached::Ipp(uri.clone());
    if let Some(other) = devices.iter().find(|d| d.device == device || (d.reached == there && !d.removed)) {
        return Err(Fault::refused(Code::Hnd04, format!("name or address of {device} belong to {}", other.device)));
    }
    if let Some(open) = devices.iter().find(|d| d.reached == there && d.in_doubt.is_some()) {
        return Err(Fault::refused(Code::Hnd01, format!("{} was at {uri}, and its last job is in doubt", open.device)));
    }
    let text = printer_added_text(book.view().plant_id(), device, &uri, by.who());
    let signature = signed(book, by, &text)?;
    let entry = PrinterAdded { device: device.to_owned(), uri, who: by.who().to_owned(), signature, at };
    book.record(&Entry::PrinterAdded(entry)).map(drop)
}

/// Removes a device. Its name and key are never given again; what is in doubt there stays to be settled.
///
/// # Errors
/// HND-02, AUT-01, AUT-02, AUT-04, AUT-05; the ledger fails.
pub fn remove(book: &mut Book, device: &str, by: &By, at: Millis) -> Result<(), Fault> {
    in_force(book, device)?;
    let text = removed_text(book.view().plant_id(), device, by.who());
    let signature = signed(book, by, &text)?;
    book.record(&Entry::DeviceRemoved(DeviceRemoved { device: device.to_owned(), who: by.who().to_owned(), signature, at })).map(drop)
}

impl By<'_> {
    pub(crate) fn who(&self) -> &str {
        match self {
            Self::Named(who) => who,
            Self::Signing(by) => by.person,
        }
    }
}

/// A plant without people asks nobody; afterwards it takes a signature.
fn signed(book: &Book, by: &By, text: &str) -> Result<Option<String>, Fault> {
    match by {
        By::Signing(by) => people::approve(book, by, text).map(|approval| Some(approval.signature)),
        By::Named(_) if people::any(book)? => Err(Fault::refused(Code::Aut05, "the plant has people: give --as and the key to sign with")),
        By::Named(_) => Ok(None),
    }
}

/// What is signed when a device is added (docs/formats/handover.md).
fn added_text(plant: &str, new: &NewDevice, by: &str) -> String {
    let NewDevice { device, kind, recipient, sealed_only } = new;
    let (kind, sealed_only) = (kind.name(), if *sealed_only { "yes" } else { "no" });
    format!("cardline device added\nplant: {plant}\ndevice: {device}\nkind: {kind}\nrecipient: {recipient}\nsealed-only: {sealed_only}\nby: {by}\n")
}

/// What is signed when a printer is added (docs/formats/printing.md).
fn printer_added_text(plant: &str, device: &str, uri: &str, by: &str) -> String {
    format!("cardline printer added\nplant: {plant}\ndevice: {device}\nuri: {uri}\nby: {by}\n")
}

/// What is signed when a device is removed (docs/formats/handover.md).
fn removed_text(plant: &str, device: &str, by: &str) -> String {
    format!("cardline device removed\nplant: {plant}\ndevice: {device}\nby: {by}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_signed_names_everything_that_is_registered() {
        let new = NewDevice { device: "pr-1", kind: DeviceKind::Printer, recipient: "age1x", sealed_only: true };
        let text = added_text("plant-1", &new, "li");
        assert_eq!(text, "cardline device added\nplant: plant-1\ndevice: pr-1\nkind: printer\nrecipient: age1x\nsealed-only: yes\nby: li\n");
        let printer = printer_added_text("plant-1", "pr-1", "ipp://localhost/p", "li");
        assert_eq!(printer, "cardline printer added\nplant: plant-1\ndevice: pr-1\nuri: ipp://localhost/p\nby: li\n");
        assert_eq!(removed_text("plant-1", "pr-1", "li"), "cardline device removed\nplant: plant-1\ndevice: pr-1\nby: li\n");
    }

    #[test]
    fn names_that_could_be_paths_or_break_a_text_are_refused() {
        for wrong in ["", "p", ".pr", "-pr", "a/b", "..", "Pr-1", "pr 1", "pr\n1", "打印机", &"p".repeat(41)] {
            assert_eq!(name(wrong).unwrap_err().exit_code(), 64, "{wrong:?}");
        }
        assert_eq!(name("pr-1.b_2").unwrap(), "pr-1.b_2");
    }
}
