//! `cardline demo`: a small plant with invented outlets, employers and people, a whole night on it, and the comparison of what came
//! out with what the generator expected.

use std::fs::File;
use std::io::{self, BufReader};
use std::path::{Path, PathBuf};

use card::Ordinal;
use ledger::book::Book;
use ledger::entry::Entry;
use ledger::fault::Fault;
use line::plan::civil_day;
use line::run::Halves;
use testkit::batch::{Actual, ActualPackage, Destination, Differences, Folder, Order, Writing, compare, compare_packages, generate, read};

use super::{init, registers, run};
use crate::cli::{Cli, DemoArgs, RegisterKind, RunArgs};
use crate::config::{COMMENTED_DEFAULT, FILE_NAME};
use crate::wiring;

/// What the generator leaves beside the plant's own folders: register extracts, outlet keys, expectations.
const DEMO: &str = "demo";
/// Exit code when what came out is not what was expected.
const EXIT_DIFFERS: u8 = 70;
/// Differences printed; all are counted.
const SHOWN_MAX: usize = 20;
/// The centre's civil time in the embedded configuration (+08:00).
const UTC_OFFSET_MINUTES: i32 = 480;

pub fn demo(cli: &Cli, args: &DemoArgs) -> Result<u8, Fault> {
    if !cli.plant.join(FILE_NAME).exists() {
        make(cli, args)?;
    } else if !cli.plant.join(DEMO).join("expected.jsonl").exists() {
        return Err(Fault::Usage(format!("{} is a plant already, and not a demonstration", cli.plant.display())));
    }
    let mut code = 0;
    if !args.no_run {
        let run_args = RunArgs { json: args.json, threads: args.threads, ..RunArgs::default() };
        code = run::run(cli, &run_args, "run", Halves { intake: true, produce: true })?;
        if !args.json {
            println!("report        {}", cli.plant.join("batches").display());
        }
    }
    if args.check { check(cli) } else { Ok(code) }
}

/// Makes the plant, its packages and registers.
fn make(cli: &Cli, args: &DemoArgs) -> Result<(), Fault> {
    let clock = wiring::clock(cli)?;
    init::create(&cli.plant, &init::entropy_of_seed(args.seed), &*clock, COMMENTED_DEFAULT)?;
    let ordinary = Order::new(args.applications, args.seed, civil_day(clock.now(), UTC_OFFSET_MINUTES));
    let order = Order { hard_names: args.hard_names, ..ordinary };
    let mut out = PlantFolders { plant: Folder(cli.plant.clone()), demo: Folder(cli.plant.join(DEMO)) };
    let made = generate(&order, &mut out).map_err(|e| Fault::io("generate", "demo", e))?;
    let mut open = wiring::open(cli, "demo")?;
    for kind in [RegisterKind::Outlets, RegisterKind::Permits, RegisterKind::Enrolment] {
        registers::import(&mut open, kind, &cli.plant.join(DEMO).join(format!("registers/{}.csv", kind.name())))?;
    }
    open.close()?;
    if !args.json {
        println!("plant         {} with {} applications in {} packages", cli.plant.display(), made.applications, made.packages);
    }
    Ok(())
}

/// Packages go to the plant's inbox, everything else beside it.
struct PlantFolders {
    plant: Folder,
    demo: Folder,
}

impl Destination for PlantFolders {
    fn create(&mut self, path: &str) -> io::Result<Box<dyn Writing>> {
        if path.starts_with("inbox/") { self.plant.create(path) } else { self.demo.create(path) }
    }
}

/// Compares outcomes with `expected.jsonl`.
fn check(cli: &Cli) -> Result<u8, Fault> {
    let path: PathBuf = cli.plant.join(DEMO).join("expected.jsonl");
    let expected = open_expected(&path)?;
    let book = wiring::look(cli)?;
    let applications = compare(&expected, &actual(&book)?);
    let packages = compare_packages(&expected, &actual_packages(&book)?);
    let same = report("applications", &applications) & report("packages", &packages);
    Ok(if same { 0 } else { EXIT_DIFFERS })
}

fn open_expected(path: &Path) -> Result<Vec<testkit::batch::Expectation>, Fault> {
    let unreadable = |e: io::Error| Fault::BadInput(format!("{}: {e}", path.display()));
    read(BufReader::new(File::open(path).map_err(unreadable)?)).map_err(unreadable)
}

fn report(what: &str, differences: &Differences) -> bool {
    differences.lines.iter().take(SHOWN_MAX).for_each(|line| println!("DIFFERS       {line}"));
    let differing = differences.lines.len();
    println!("check         {} {what} compared with what was expected: {differing} differ", differences.compared);
    differing == 0
}

/// Outcomes as they stand now; a produced application was accepted.
fn actual(book: &Book) -> Result<Vec<Actual>, Fault> {
    let mut found = Vec::new();
    for ordinal in 0..book.next_numbers()?.1.0 {
        let Some(a) = book.application(Ordinal(ordinal))? else { continue };
        let codes = a.reasons.iter().map(|r| r.code.text().to_owned()).collect();
        found.push(Actual { outlet: a.outlet.to_string(), application_id: a.application_id, outcome: a.outcome, codes });
    }
    Ok(found)
}

fn actual_packages(book: &Book) -> Result<Vec<ActualPackage>, Fault> {
    let mut found = Vec::new();
    for record in book.view().read_from(1) {
        match record?.entry {
            Entry::PackageSetAside(e) => {
                let codes = e.reasons.iter().map(|r| r.code.text().to_owned()).collect();
                found.push(ActualPackage { package: e.name, outcome: "quarantined".to_owned(), codes });
            }
            Entry::PackageRepeated(e) => found.push(ActualPackage { package: e.name, outcome: "repeated".to_owned(), codes: vec!["RPL-01".to_owned()] }),
            _ => {}
        }
    }
    Ok(found)
}
