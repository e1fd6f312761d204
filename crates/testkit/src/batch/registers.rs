//! The neighbours' extracts that go with the packages: `outlets.csv`, `permits.csv`, `enrolment.csv`, in their published columns.

use std::io::{self, BufWriter};

use card::register::{EnrolmentRow, PermitEvent, PermitRow};

use super::destination::{Destination, Writing};
use super::outlets::Outlet;

type Extract = csv::Writer<BufWriter<Box<dyn Writing>>>;

/// The two extracts that grow with every applicant.
pub struct Registers {
    permits: Extract,
    enrolment: Extract,
}

fn extract(out: &mut dyn Destination, name: &str, columns: &[&str]) -> io::Result<Extract> {
    let mut writer = csv::Writer::from_writer(BufWriter::new(out.create(&format!("registers/{name}.csv"))?));
    writer.write_record(columns)?;
    Ok(writer)
}

impl Registers {
    pub fn create(out: &mut dyn Destination) -> io::Result<Self> {
        let permit =
            ["number", "document_number", "nationality", "category", "status", "from", "to", "last_event", "event_on", "physical_card_held", "employer_code"];
        let enrolment = ["ssn", "nationality", "document_number", "name", "birth_date", "status"];
        Ok(Self { permits: extract(out, "permits", &permit)?, enrolment: extract(out, "enrolment", &enrolment)? })
    }

    pub fn add(&mut self, permit: Option<&PermitRow>, enrolment: Option<&EnrolmentRow>) -> io::Result<()> {
        if let Some(p) = permit {
            let event_on = p.event_on.map(|d| d.to_string()).unwrap_or_default();
            let (category, from, to) = (p.category.to_string(), p.from.to_string(), p.to.to_string());
            let held = if p.physical_card_held { "yes" } else { "no" };
            let fields = [
                p.number.as_str(),
                &p.document_number,
                &p.nationality,
                &category,
                &p.status,
                &from,
                &to,
                event(p.last_event),
                &event_on,
                held,
                &p.employer_code,
            ];
            self.permits.write_record(fields)?;
        }
        if let Some(e) = enrolment {
            let birth_date = e.birth_date.to_string();
            self.enrolment.write_record([e.ssn.as_str(), &e.nationality, &e.document_number, &e.name, &birth_date, &e.status])?;
        }
        Ok(())
    }

    pub fn finish(mut self) -> io::Result<()> {
        self.permits.flush()?;
        self.enrolment.flush()
    }
}

fn event(event: PermitEvent) -> &'static str {
    match event {
        PermitEvent::None => "none",
        PermitEvent::New => "new",
        PermitEvent::Renewed => "renewed",
        PermitEvent::Altered => "altered",
        PermitEvent::Cancelled => "cancelled",
    }
}

/// Writes the outlet register, and each outlet's key as minisign keeps it.
pub fn outlets<'o>(out: &mut dyn Destination, all: impl Iterator<Item = &'o Outlet>) -> io::Result<()> {
    let columns = ["code", "name", "name_zh", "division", "address", "postcode", "phone", "minisign_key", "status"];
    let mut register = extract(out, "outlets", &columns)?;
    for outlet in all {
        register.write_record(outlet.row())?;
        let mut key = out.create(&format!("keys/{}.key", outlet.code))?;
        key.write_all(outlet.key.to_minisign().as_bytes())?;
        key.flush()?;
        let mut public = out.create(&format!("keys/{}.pub", outlet.code))?;
        public.write_all(outlet.key.public_key_file().as_bytes())?;
        public.flush()?;
    }
    register.flush()
}
