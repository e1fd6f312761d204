//! Lists on paper: the packing list and the list an employer's staff hands cards over by. What a font lacks is shown as `U+XXXX`.

use card::{Lane, Message};
use ledger::fault::Fault;

use super::{Bundle, Dispatch};
use crate::job::table_pdf;
use crate::ports::Lookup;

/// Columns with their shares of the width. A list with a remade card has one more, the last of its rows.
type Columns<const N: usize> = [(Message, f64); N];

const PACKING: Columns<8> = [
    (Message::Box, 0.8),
    (Message::Tray, 0.6),
    (Message::Position, 1.3),
    (Message::Card, 1.4),
    (Message::Name, 3.2),
    (Message::NameZh, 1.4),
    (Message::Application, 2.0),
    (Message::Receipt, 1.2),
];
const STAFF: Columns<7> = [
    (Message::Position, 1.3),
    (Message::Card, 1.4),
    (Message::Name, 3.0),
    (Message::NameZh, 1.3),
    (Message::Receipt, 1.4),
    (Message::Letter, 1.4),
    (Message::Signature, 2.2),
];
const REMAKE_OF: (Message, f64) = (Message::RemakeOf, 1.6);

/// Height of a line to sign on.
const SIGNING_MM: f64 = 9.0;

impl Dispatch<'_> {
    pub(super) fn packing_pdf(&self, bundle: &Bundle, rows: Vec<Vec<String>>) -> Result<Vec<u8>, Fault> {
        let employer = bundle.employer_code.as_ref().map_or_else(String::new, |code| format!("   {} {code}", Message::Employer.both()));
        let table = artwork::Table {
            title: Message::PackingList.both(),
            lines: shown(vec![self.destination(bundle) + &employer, self.counts(bundle)]),
            columns: columns(PACKING, &rows),
            rows: table_rows(rows),
            signatures: [Message::PackedBy, Message::CountedBy, Message::ReceivedBy].map(Message::both).to_vec(),
            ..self.table(bundle, "")
        };
        self.pdf(&table)
    }

    pub(super) fn staff_pdf(&self, bundle: &Bundle, heading: Vec<String>, rows: Vec<Vec<String>>) -> Result<Vec<u8>, Fault> {
        let table = artwork::Table {
            title: Message::StaffList.both(),
            lines: shown([vec![self.destination(bundle)], heading, vec![self.counts(bundle)]].concat()),
            columns: columns(STAFF, &rows),
            rows: table_rows(rows),
            row_mm_min: SIGNING_MM,
            signatures: [Message::HandedOverBy, Message::ReceivedBy].map(Message::both).to_vec(),
            ..self.table(bundle, " staff")
        };
        self.pdf(&table)
    }

    /// What all lists of a bundle have in common; `kind` tells them apart at the foot.
    fn table(&self, bundle: &Bundle, kind: &str) -> artwork::Table {
        artwork::Table {
            barcode: Some(format!("{}-{:04}", self.batch.batch, bundle.number)),
            footer: format!("{} bundle {}{kind}", self.batch.batch, bundle.number),
            ..artwork::Table::default()
        }
    }

    fn pdf(&self, table: &artwork::Table) -> Result<Vec<u8>, Fault> {
        table_pdf(table, table.footer.clone(), self.rules.issued_on)
    }

    fn destination(&self, bundle: &Bundle) -> String {
        let outlet = match self.registers.outlet(bundle.outlet.as_str()) {
            Lookup::Found(row) => format!("{}  {} {}", bundle.outlet, row.name, row.name_zh),
            Lookup::NoRegister | Lookup::Unknown => bundle.outlet.to_string(),
        };
        let lane = if bundle.lane == Lane::Green { format!("{}   ", Message::GreenChannel.both()) } else { String::new() };
        format!("{lane}{} {outlet}", Message::Outlet.both())
    }

    fn counts(&self, bundle: &Bundle) -> String {
        let numbers =
            [(Message::Batch, self.batch.batch.to_string()), (Message::Bundle, bundle.number.to_string()), (Message::Cards, bundle.cards.to_string())];
        numbers.map(|(label, number)| format!("{} {number}", label.both())).join("   ")
    }
}

fn has_remakes(rows: &[Vec<String>]) -> bool {
    rows.iter().any(|row| row.last().is_some_and(|mark| !mark.is_empty()))
}

fn columns<const N: usize>(columns: Columns<N>, rows: &[Vec<String>]) -> Vec<artwork::Column> {
    columns.into_iter().chain(has_remakes(rows).then_some(REMAKE_OF)).map(column).collect()
}

/// The rows as they are set: without the mark of a remake where none has one.
fn table_rows(mut rows: Vec<Vec<String>>) -> Vec<Vec<String>> {
    if !has_remakes(&rows) {
        rows.iter_mut().for_each(|row| _ = row.pop());
    }
    rows.into_iter().map(shown).collect()
}

fn column((heading, share): (Message, f64)) -> artwork::Column {
    artwork::Column::left(&heading.both(), share)
}

fn shown(texts: Vec<String>) -> Vec<String> {
    texts.iter().map(|text| artwork::shown(text).into_owned()).collect()
}
