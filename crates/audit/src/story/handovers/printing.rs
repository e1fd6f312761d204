//! Print jobs over IPP (docs/formats/printing.md), held against what went before: printers registered by who may (I-24), at an address
//! that doesn't leave the machine unsealed; an end only for an open token, void only by a refusal that leaves no doubt (I-27).

use ledger::entry::{DeviceKind, HandoverBegun, PrintEnded, PrintOutcome, PrinterAdded};

use super::{Device, Handovers, Reached, i24, i27};
use crate::proof::Proofs;
use crate::story::Story;

/// Statuses that say nothing was taken: client errors but for time, length and the document, and four of the server's.
fn refuses(status: u16) -> bool {
    match status {
        0x0405 | 0x0408 => false,
        0x0400..=0x040e => true,
        _ => matches!(status, 0x0501 | 0x0503 | 0x0506 | 0x0507),
    }
}

/// Sealed by TLS, or not leaving the machine.
fn stays_closed(uri: &str) -> bool {
    let host = |rest: &str| match rest.strip_prefix("[::1]") {
        Some(_) => true,
        None => {
            let host = rest.split(['/', ':']).next().unwrap_or_default();
            host == "localhost" || host.parse::<std::net::Ipv4Addr>().is_ok_and(|a| a.is_loopback())
        }
    };
    uri.starts_with("ipps://") || uri.strip_prefix("ipp://").is_some_and(host)
}

impl Handovers {
    /// What is wrong with a printer's registration, if anything.
    fn printer_added(&mut self, e: &PrinterAdded) -> Result<(), &'static str> {
        let there = Reached::Ipp(e.uri.clone());
        if self.devices.contains_key(&e.device) || self.devices.values().any(|d| d.reached == there && d.in_force) {
            return Err("name or address were given before");
        }
        if self.devices.values().any(|d| d.reached == there && d.open.is_some()) {
            return Err("at an address where a job is in doubt");
        }
        self.devices.insert(e.device.clone(), Device::new(DeviceKind::Printer, there, false));
        if stays_closed(&e.uri) { Ok(()) } else { Err("at an address that isn't sealed") }
    }

    pub(super) fn is_over_ipp(&self, device: &str) -> bool {
        self.devices.get(device).is_some_and(|d| matches!(d.reached, Reached::Ipp(_)))
    }

    /// A job printed over IPP is printed there alone, and only its print file goes there.
    pub(super) fn printed_alone(&self, e: &HandoverBegun) -> bool {
        if !e.file.path.starts_with("print/") {
            return true;
        }
        let over_ipp = self.is_over_ipp(&e.device);
        let mut others = self.given.iter().filter(|((b, j, path), d)| (b, *j) == (&e.batch, e.job) && path.starts_with("print/") && **d != e.device);
        let print_file = e.file.path == format!("print/job-{:04}.pdf", e.job);
        (!over_ipp || print_file) && !others.any(|(_, d)| over_ipp || self.is_over_ipp(d))
    }

    fn print_ended(&mut self, e: &PrintEnded) -> Result<(), &'static str> {
        if !self.is_over_ipp(&e.device) {
            return Err("of a device that isn't reached over IPP");
        }
        let open = self.open(&e.device, e.number).ok_or("not begun, or settled before")?;
        if std::mem::replace(&mut open.told, true) {
            return Err("told twice");
        }
        match e.outcome {
            PrintOutcome::Refused => {
                self.settle(&e.device, e.number, false);
                if e.printer_job.is_some() || !e.status.is_some_and(refuses) {
                    return Err("void without a refusal that leaves no doubt");
                }
            }
            _ if e.status.is_some() || e.printer_job.is_none() => return Err("without the printer's number of it, or with a refusal"),
            PrintOutcome::Completed => self.settle(&e.device, e.number, true),
            PrintOutcome::Aborted | PrintOutcome::Canceled => {}
        }
        Ok(())
    }
}

impl Story {
    pub(in crate::story) fn printer_added(&mut self, seq: u64, e: &PrinterAdded, proofs: &mut Proofs) {
        let text = format!("cardline printer added\nplant: {}\ndevice: {}\nuri: {}\nby: {}\n", self.people.plant(), e.device, e.uri, e.who);
        let allowed = self.device_change(&e.who, e.signature.as_ref(), &text);
        i24(proofs, allowed, || format!("record {seq}: printer {} added", e.device));
        let found = self.handovers.printer_added(e);
        i27(proofs, found, || format!("record {seq}: printer {} added", e.device));
    }

    pub(in crate::story) fn print_ended(&mut self, seq: u64, e: &PrintEnded, proofs: &mut Proofs) {
        let found = self.handovers.print_ended(e);
        i27(proofs, found, || format!("record {seq}: hand-over {} to {} is {}", e.number, e.device, e.outcome.name()));
    }
}

#[cfg(test)]
mod tests;
