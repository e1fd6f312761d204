//! Print jobs over IPP told wrong, one way at a time.

use card::Digest;
use ledger::entry::*;

use crate::story::handovers::tests::{AT, Person, begun, broken, device, done, only, people, said};
use crate::story::handovers::{Reached, header};

const PDF: &str = "print/job-0001.pdf";
const SHEET: &str = "print/job-0001.sheet.json";
const URI: &str = "ipps://card-1.example/ipp/print";

fn printer_at(name: &str, uri: &str, who: &str, by: Option<&Person>) -> Entry {
    let text = format!("cardline printer added\nplant: p\ndevice: {name}\nuri: {uri}\nby: {who}\n");
    let signature = by.map(|by| by.sign(&text));
    Entry::PrinterAdded(PrinterAdded { device: name.into(), uri: uri.into(), who: who.into(), signature, at: AT })
}

fn printer(name: &str) -> Entry {
    printer_at(name, URI, "li", None)
}

fn print(name: &str, number: u64, path: &str, previous: Option<Digest>) -> HandoverBegun {
    let mut token = begun(name, number, path, previous);
    token.header = Digest::of(header(&token, &Reached::Ipp(URI.into()), "p").as_bytes());
    token
}

fn token(number: u64) -> Entry {
    Entry::HandoverBegun(print("ip-1", number, PDF, None))
}

fn ended(number: u64, outcome: PrintOutcome) -> PrintEnded {
    let refused = outcome == PrintOutcome::Refused;
    let (status, printer_job) = if refused { (Some(0x040b), None) } else { (None, Some(9)) };
    PrintEnded { device: "ip-1".into(), number, outcome, status, printer_job, impressions: Some(2), at: AT + 2 }
}

fn end(number: u64, outcome: PrintOutcome) -> Entry {
    Entry::PrintEnded(ended(number, outcome))
}

fn changed(outcome: PrintOutcome, change: impl FnOnce(&mut PrintEnded)) -> Vec<Entry> {
    let mut entry = ended(1, outcome);
    change(&mut entry);
    vec![printer("ip-1"), token(1), Entry::PrintEnded(entry)]
}

#[test]
fn a_job_printed_refused_or_left_in_doubt_is_no_violation() {
    use PrintOutcome::{Aborted, Canceled, Completed, Refused};
    for outcome in [Completed, Refused, Aborted, Canceled] {
        assert_eq!(broken(&[], vec![printer("ip-1"), token(1), end(1, outcome)]), Vec::<String>::new(), "{}", outcome.name());
    }
    let again = vec![printer("ip-1"), token(1), end(1, Refused), token(2), end(2, Completed)];
    assert_eq!(broken(&[], again), Vec::<String>::new(), "what was refused may be printed again, the chain as if it had not been");
}

#[test]
fn nothing_is_printed_twice_or_goes_on_after_a_doubt() {
    use PrintOutcome::{Aborted, Completed};
    let first = print("ip-1", 1, PDF, None).header;
    let again = Entry::HandoverBegun(print("ip-1", 2, PDF, Some(first)));
    only(vec![printer("ip-1"), token(1), end(1, Completed), again.clone()], "handed over before");
    let found = broken(&[], vec![printer("ip-1"), token(1), end(1, Aborted), token(2)]);
    assert!(found.len() == 1 && found[0].starts_with("I-27"), "an abort leaves it in doubt: {found:?}");
    only(vec![printer("ip-1"), end(1, Completed)], "not begun");
    only(vec![printer("ip-1"), token(1), end(1, Completed), end(1, Completed)], "settled before");
    only(vec![printer("ip-1"), token(1), end(1, Aborted), end(1, Completed)], "told twice");
}

#[test]
fn a_token_is_void_only_by_a_refusal_that_leaves_no_doubt() {
    for status in [0x0400, 0x040b, 0x0506, 0x0507] {
        assert_eq!(broken(&[], changed(PrintOutcome::Refused, |e| e.status = Some(status))), Vec::<String>::new(), "{status:04x}");
    }
    for status in [0, 1, 0x0405, 0x0408, 0x040f, 0x0411, 0x0500, 0x0502, 0x0504, 0x0508, 0xffff] {
        only(changed(PrintOutcome::Refused, |e| e.status = Some(status)), "leaves no doubt");
    }
    only(changed(PrintOutcome::Refused, |e| e.status = None), "leaves no doubt");
    only(changed(PrintOutcome::Refused, |e| e.printer_job = Some(9)), "leaves no doubt");
    only(changed(PrintOutcome::Completed, |e| e.printer_job = None), "without the printer's number");
    only(changed(PrintOutcome::Canceled, |e| e.status = Some(0x040b)), "or with a refusal");
}

#[test]
fn a_print_job_and_an_envelope_are_not_taken_for_each_other() {
    let sealed = Entry::HandoverBegun(begun("pr-1", 1, PDF, None));
    let envelope_end = Entry::PrintEnded(PrintEnded { device: "pr-1".into(), ..ended(1, PrintOutcome::Completed) });
    only(vec![device("pr-1", "li", None), sealed.clone(), envelope_end], "isn't reached over IPP");
    only(vec![printer("ip-1"), token(1), done("ip-1", 1)], "not begun");
    only(vec![printer("ip-1"), Entry::HandoverBegun(begun("ip-1", 1, PDF, None))], "another header");
    only(vec![printer("ip-1"), Entry::HandoverBegun(print("ip-1", 1, SHEET, None))], "another device are to print");
    let both = vec![device("pr-1", "li", None), printer("ip-1"), token(1), end(1, PrintOutcome::Completed)];
    only([both, vec![Entry::HandoverBegun(begun("pr-1", 1, SHEET, None))]].concat(), "another device are to print");
    let sheet = Entry::HandoverBegun(begun("pr-1", 1, SHEET, None));
    only(vec![device("pr-1", "li", None), printer("ip-1"), sheet, done("pr-1", 1), token(1)], "another device are to print");
}

#[test]
fn a_printer_is_registered_once_at_a_sealed_address_by_who_may() {
    for (uri, fine) in [
        ("ipp://localhost/p", true),
        ("ipp://127.8.8.8:8631/p", true),
        ("ipp://[::1]/p", true),
        ("ipp://192.0.2.7/p", false),
        ("ipp://localhost.example/p", false),
        ("http://localhost/p", false),
    ] {
        let found = broken(&[], vec![printer_at("ip-1", uri, "li", None)]);
        assert_eq!(found.is_empty(), fine, "{uri}: {found:?}");
    }
    only(vec![printer("ip-1"), printer("ip-2")], "given before");
    only(vec![printer("ip-1"), device("ip-1", "li", None)], "given before");
    let removed = Entry::DeviceRemoved(DeviceRemoved { device: "ip-1".into(), who: "li".into(), signature: None, at: AT });
    assert_eq!(broken(&[], vec![printer("ip-1"), removed.clone(), printer("ip-2")]), Vec::<String>::new(), "another name at an address that is free");
    only(vec![printer("ip-1"), token(1), removed, printer("ip-2")], "a job is in doubt");
    let people = people();
    let [li, wu, _] = &people;
    assert_eq!(broken(&people, vec![printer_at("ip-1", URI, "li", Some(li))]), Vec::<String>::new());
    for entry in [printer_at("ip-1", URI, "li", None), printer_at("ip-1", URI, "wu", Some(wu)), printer_at("ip-1", URI, "wu", Some(li))] {
        assert!(broken(&people, vec![entry]).iter().any(|f| f.starts_with("I-24")));
    }
}

#[test]
fn two_people_settle_a_print_job_in_doubt() {
    let people = people();
    let [li, wu, _] = &people;
    let first = print("ip-1", 1, PDF, None);
    let start = vec![printer_at("ip-1", URI, "li", Some(li)), Entry::HandoverBegun(first.clone()), end(1, PrintOutcome::Canceled)];
    let void = vec![said(&first, false, li), said(&first, false, wu), token(2)];
    assert_eq!(broken(&people, [start.clone(), void].concat()), Vec::<String>::new());
    assert!(!broken(&people, [start, vec![said(&first, false, li), token(2)]].concat()).is_empty(), "one person is not enough");
}
