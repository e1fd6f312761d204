//! Print jobs in a failing world: killed at every operation under every model of loss, no job is ever printed twice, and none is lost.

use std::collections::HashSet;

use card::BatchId;
use ledger::book::Book;
use ledger::fault::Fault;
use ledger::publish::publish;
use line::devices::{self, By};
use line::handover::resolve::{Word, say};
use line::people::Signatory;
use line::ports::{PrintOrder, PrintProgress, PrintStage, Printer, PrinterFault, PrinterState};
use line::print::{Address, Printed};
use testkit::world::{Loss, SimDisk, State};

use super::handover::{TRAY, Tray, key, opened, ready};
use super::plant::{NOW, broken};
use super::print::{Kept, Scripted, Ticking, at, printing, profile};

/// A printer that prints at once: a sheet lies in its tray, on the plant's simulated machine, as soon as it has the job.
struct Press(SimDisk);

impl Printer for Press {
    fn state(&mut self) -> Result<PrinterState, PrinterFault> {
        Scripted::fine().state()
    }

    fn validate(&mut self, _: &PrintOrder) -> Result<(), PrinterFault> {
        Ok(())
    }

    fn print(&mut self, order: &PrintOrder, pdf: &[u8]) -> Result<i32, PrinterFault> {
        let name = order.name.replace(['/', ' '], "-");
        publish(&Tray(self.0.clone()), &name, |out| out.write_all(pdf)).map_err(|e| PrinterFault::NoAnswer(e.to_string()))?;
        Ok(7)
    }

    fn progress(&mut self, _: i32) -> Result<PrintProgress, PrinterFault> {
        Ok(at(PrintStage::Completed, 2))
    }

    fn pause(&mut self) {}
}

/// A plant with a released batch, li and wu, and a printer over IPP; everything durable.
fn ready_to_print() -> (State, BatchId) {
    let (state, batch) = ready();
    let disk = SimDisk::of(state);
    let mut book = opened(&disk);
    let li = key("li");
    let by = By::Signing(Signatory { person: "li", key: &li });
    devices::add_printer(&mut book, "ip-1", &Address::parse("ipp://localhost/ipp/print").unwrap(), &by, NOW).unwrap();
    book.close().unwrap();
    disk.settle();
    (disk.state(), batch)
}

fn print_first(disk: &SimDisk, book: &mut Book, batch: &BatchId) -> Result<Printed, Fault> {
    let (clock, profile) = (Ticking::default(), profile());
    printing(disk, &clock, &profile).print(&mut Kept(book), batch, 1, &mut Press(disk.clone()), &mut |_| ())
}

fn printed(state: &State) -> usize {
    state.files(TRAY).into_iter().filter(|(path, _)| !path.ends_with(".part")).count()
}

/// Goes on after a stop: people say truly what they see, and the job is asked for until it is through.
fn complete(after: &State, batch: &BatchId, came: usize, story: &str) {
    let disk = SimDisk::of(after.clone());
    let mut book = opened(&disk);
    let mut came = came;
    let doubt = match print_first(&disk, &mut book, batch) {
        Ok(printed) => {
            came += usize::from(!printed.before);
            None
        }
        Err(fault) => {
            assert!(fault.to_string().starts_with("HND-01"), "{story}: {fault}");
            Some(book.handovers_in_doubt().unwrap().remove(0).begun.number)
        }
    };
    if let Some(number) = doubt {
        for person in ["li", "wu"] {
            let secret = key(person);
            let word = Word { device: "ip-1", number, arrived: came > 0, reason: "looked", by: Signatory { person, key: &secret } };
            say(&mut book, &word, NOW + 2000).unwrap_or_else(|e| panic!("{story}: {e}"));
        }
        came += usize::from(!print_first(&disk, &mut book, batch).unwrap_or_else(|e| panic!("{story}: {e}")).before);
    }
    assert_eq!(came, 1, "{story}");
    drop(book);
    let wrong = broken(&disk);
    assert!(wrong.is_empty(), "{story}: {wrong:?}");
}

#[test]
fn nothing_is_printed_twice_wherever_a_print_job_is_killed() {
    let (start, batch) = ready_to_print();
    let disk = SimDisk::of(start);
    let mut book = opened(&disk);
    disk.record();
    print_first(&disk, &mut book, &batch).unwrap_or_else(|e| panic!("{e}"));
    let (states, _) = disk.recorded();
    assert!(states.len() > 4, "{} operations", states.len());
    let (mut came, mut seen) = (0, HashSet::new());
    for (at, state) in states.iter().enumerate() {
        came = came.max(printed(state));
        for loss in Loss::ALL {
            let after = state.after(loss, at as u64);
            if seen.insert((after.digest(), came)) {
                complete(&after, &batch, came, &format!("{loss:?} after operation {at}"));
            }
        }
    }
    assert_eq!(came, 1, "it was printed");
}
