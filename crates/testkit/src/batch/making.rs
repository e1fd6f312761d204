//! Goes through an order: package after package, each filled with applicants, faults and the second halves that are owed.

use std::io::{self, BufWriter, Write as _};

use card::{Outcome, OutletCode};
use jiff::ToSpan as _;
use line::package::{Channel, Employer as EmployerBlock, PackageSpec, Staff};
use rayon::prelude::*;

use super::case::{Case, Fate, Photo};
use super::destination::{Destination, Writing};
use super::expected::{Expectation, Expected, write_line};
use super::faults::{FAULTS, RecordFault, Where};
use super::outlets::{Employer, Outlet, employer};
use super::pack::{Container, Entries, File, Parts, Written, store};
use super::pairs::{Debt, Pair, is_plain};
use super::person::Person;
use super::registers::{self, Registers};
use super::{Order, hard_names, history};
use crate::degrade;
use crate::dice::Dice;
use crate::gallery::Gallery;

/// The built-in profile every good package is for.
const PROFILE: &str = "hubei-foreigner-2025";
const OUTLETS_MIN: u64 = 4;
const OUTLETS_MAX: u64 = 32;
/// Every so many packages one is an employer's.
const EMPLOYER_EVERY: u64 = 3;
/// Of the faulty, out of a hundred: below the first a wrong photo, below the second a pair; the rest have a wrong record.
const PHOTOS_BELOW: usize = 45;
const PAIRS_BELOW: usize = 57;
/// Share of applications whose photo is unusual but conforming, and of twins.
const UNUSUAL_SHARE: f64 = 0.01;
const TWIN_SHARE: f64 = 0.005;

pub struct Making<'o> {
    pub order: &'o Order,
    pub out: &'o mut dyn Destination,
    pub gallery: Gallery,
    registers: Registers,
    expected: BufWriter<Box<dyn Writing>>,
    tally: Expected,
    pub outlets: Vec<Outlet>,
    debts: Vec<Debt>,
    next_index: u64,
    next_file: u64,
    used_records: Vec<u32>,
    used_photos: Vec<u32>,
    used_pairs: Vec<u32>,
}

/// A package being filled.
pub struct Frame {
    pub outlet: usize,
    pub employer: Option<Employer>,
    pub written: Written,
    pub container: Container,
    /// RFC 3339.
    pub submitted_at: String,
    /// The profile its manifest names.
    pub profile: &'static str,
    /// For `expected.jsonl`.
    pub fault: &'static str,
}

impl<'o> Making<'o> {
    pub fn new(order: &'o Order, out: &'o mut dyn Destination) -> io::Result<Self> {
        let count = (order.applications / 150).clamp(OUTLETS_MIN, OUTLETS_MAX) as usize;
        // The last two: one that makes trouble, one that is closed.
        let outlets: Vec<Outlet> = (0..count + 2).map(|n| Outlet::new(order.seed, n, n != count + 1)).collect();
        registers::outlets(out, outlets.iter())?;
        Ok(Self {
            gallery: Gallery::new(order.seed, order.portraits),
            registers: Registers::create(out)?,
            expected: BufWriter::new(out.create("expected.jsonl")?),
            tally: Expected::default(),
            outlets,
            debts: Vec::new(),
            next_index: 1,
            next_file: 1,
            used_records: vec![0; FAULTS.len()],
            used_photos: vec![0; degrade::all().count()],
            used_pairs: vec![0; Pair::ALL.len()],
            order,
            out,
        })
    }

    pub fn all(mut self) -> io::Result<Expected> {
        let ordinary = self.outlets.len() - 2;
        let target = self.order.applications - history::APPLICATIONS;
        let mut n = 0;
        while self.room(target, 0) > 0 {
            self.ordinary_package(n, (n % ordinary as u64) as usize, target)?;
            n += 1;
        }
        for outlet in 0..ordinary {
            self.pay_the_rest(outlet)?;
        }
        history::closed_outlet(&mut self)?;
        history::hostile(&mut self)?;
        history::sequence(&mut self)?;
        self.registers.finish()?;
        self.expected.flush()?;
        Ok(self.tally)
    }

    /// Applications that may still be begun, when `pending` of the current package are not counted yet.
    fn room(&self, target: u64, pending: usize) -> u64 {
        target.saturating_sub(self.tally.applications + self.debts.len() as u64 + pending as u64)
    }

    fn ordinary_package(&mut self, n: u64, outlet: usize, target: u64) -> io::Result<()> {
        let mut dice = Dice::new(self.order.seed, "package", n);
        let employed = n % EMPLOYER_EVERY == 2;
        let frame = Frame {
            outlet,
            employer: employed.then(|| employer(self.order.seed, 1_000 + n as usize)),
            written: Written::ALL[(n / 2 % 4) as usize],
            container: Container::ALL[((n + n / 4) % 4) as usize],
            submitted_at: self.submitted_at(n),
            profile: PROFILE,
            fault: "none",
        };
        let most = 24 + (self.order.applications / 500).min(176) as i64;
        let size = dice.within(8, most) as usize;
        let mut cases = if employed { Vec::new() } else { self.pay(outlet, size / 2) };
        while cases.len() < size && self.room(target, cases.len()) > 0 {
            let room = self.room(target, cases.len());
            self.add(&frame, &mut cases, &mut dice, room);
        }
        self.send(&frame, &cases)
    }

    fn submitted_at(&self, n: u64) -> String {
        let day = self.order.today.saturating_sub(1.day());
        format!("{day}T{:02}:{:02}:00+08:00", 8 + n / 60 % 10, n % 60)
    }

    /// Second halves that this outlet can send now.
    fn pay(&mut self, outlet: usize, at_most: usize) -> Vec<Case> {
        let (payable, rest): (Vec<Debt>, Vec<Debt>) = std::mem::take(&mut self.debts).into_iter().partition(|d| d.payable_at(outlet));
        let mut payable = payable.into_iter();
        let now: Vec<Debt> = payable.by_ref().take(at_most.max(1)).collect();
        self.debts = rest.into_iter().chain(payable).collect();
        let second = |debt: Debt| {
            let other = self.conforming(outlet, None);
            debt.pair.second(&debt.first, other)
        };
        now.into_iter().map(second).collect()
    }

    fn pay_the_rest(&mut self, outlet: usize) -> io::Result<()> {
        let cases = self.pay(outlet, usize::MAX);
        if cases.is_empty() {
            return Ok(());
        }
        let frame = self.frame(outlet, "none");
        self.send(&frame, &cases)
    }

    /// A plain package of an outlet.
    pub fn frame(&self, outlet: usize, fault: &'static str) -> Frame {
        let submitted_at = self.submitted_at(self.next_file);
        Frame { outlet, employer: None, written: Written::Csv, container: Container::ALL[0], submitted_at, profile: PROFILE, fault }
    }

    fn add(&mut self, frame: &Frame, cases: &mut Vec<Case>, dice: &mut Dice, room: u64) {
        if !dice.chance(self.order.share()) {
            let case = self.ordinary(frame, dice);
            let twin = room >= 2 && dice.chance(TWIN_SHARE) && is_plain(&case) && !case.person.name.surname.is_empty();
            let twin = twin.then(|| self.twin_of(&case, frame));
            cases.push(case);
            cases.extend(twin);
            return;
        }
        match dice.below(100) {
            0..PHOTOS_BELOW => cases.push(self.bad_photo(frame)),
            PHOTOS_BELOW..PAIRS_BELOW if room >= 2 => self.add_pair(frame, cases),
            _ => cases.push(self.bad_record(frame)),
        }
    }

    fn add_pair(&mut self, frame: &Frame, cases: &mut Vec<Case>) {
        let pair = Pair::ALL[least_used(&mut self.used_pairs, |_| true)];
        let mut first = self.conforming(frame.outlet, frame.employer.clone());
        (first.fate, first.fault) = (pair.fates()[0], pair.name());
        if pair.in_one_package() {
            let other = self.conforming(frame.outlet, frame.employer.clone());
            let second = pair.second(&first, other);
            cases.push(second);
        } else {
            self.debts.push(Debt { pair, first: first.clone(), outlet: frame.outlet });
        }
        cases.push(first);
    }

    fn ordinary(&mut self, frame: &Frame, dice: &mut Dice) -> Case {
        let mut case = self.conforming(frame.outlet, frame.employer.clone());
        if self.order.hard_names {
            let mut person = case.person.clone();
            hard_names::harden(&mut person, dice);
            case.change_person(person);
            hard_names::spoil(&mut case);
        }
        if dice.chance(UNUSUAL_SHARE)
            && let Photo::Good(n) = case.photo
        {
            let at = least_used(&mut self.used_photos, |i| degrade::nth(i).outcome == Outcome::Accepted);
            (case.photo, case.fault) = (Photo::Damaged(n, degrade::nth(at)), degrade::nth(at).name);
        }
        case
    }

    fn bad_photo(&mut self, frame: &Frame) -> Case {
        let mut case = self.conforming(frame.outlet, frame.employer.clone());
        let at = least_used(&mut self.used_photos, |i| degrade::nth(i).outcome != Outcome::Accepted && !degrade::nth(i).is_borderline());
        let damage = degrade::nth(at);
        if let Photo::Good(n) = case.photo {
            case.photo = Photo::Damaged(n, damage);
        }
        case.fate = Fate { outcome: damage.outcome, headline: damage.codes.first().copied() };
        case.fault = damage.name;
        case
    }

    fn bad_record(&mut self, frame: &Frame) -> Case {
        let fits = |fault: &RecordFault| match fault.place {
            Where::Anywhere => true,
            Where::Individual => frame.employer.is_none(),
            Where::Employer => frame.employer.is_some(),
            Where::Csv => frame.written != Written::Jsonl,
            Where::Jsonl => frame.written == Written::Jsonl,
        };
        let fault = &FAULTS[least_used(&mut self.used_records, |i| fits(&FAULTS[i]))];
        self.faulty(frame.outlet, frame.employer.clone(), fault)
    }

    pub fn faulty(&mut self, outlet: usize, employer: Option<Employer>, fault: &'static RecordFault) -> Case {
        let mut case = self.case(outlet, employer, fault.person);
        (fault.case)(&mut case, self.order.today);
        (case.fate, case.fault) = (fault.fate, fault.name);
        case
    }

    /// Same surname and birth date, another given name and document: not to be taken for one person.
    fn twin_of(&mut self, case: &Case, frame: &Frame) -> Case {
        let mut twin = self.conforming(frame.outlet, frame.employer.clone());
        let mut person = Person { birth_date: case.person.birth_date, nationality: case.person.nationality.clone(), ..twin.person.clone() };
        person.name.surname.clone_from(&case.person.name.surname);
        person.name.shorten_to_fit();
        twin.change_person(person);
        twin.fault = "twin";
        twin
    }

    pub fn conforming(&mut self, outlet: usize, employer: Option<Employer>) -> Case {
        self.case(outlet, employer, |_, _| {})
    }

    /// The next applicant, changed before anything about them is written.
    fn case(&mut self, outlet: usize, employed_by: Option<Employer>, change: fn(&mut Person, jiff::civil::Date)) -> Case {
        let (seed, today, index) = (self.order.seed, self.order.today, self.next_index);
        self.next_index += 1;
        let mut dice = Dice::new(seed, "case", index);
        let individual = employed_by.is_none();
        let employer = employed_by.unwrap_or_else(|| employer(seed, dice.below(200)));
        let mut person = Person::new(seed, index, today, employer);
        change(&mut person, today);
        let id = format!("{}-{index:07}", self.outlets[outlet].code);
        let mut row = person.row(&id, today, &mut dice);
        if self.gallery.wears_scarf(index) {
            row.set("religious_headgear", "true");
        }
        // An outlet must give receipts to individuals; most give them to employers' staff too.
        if individual || index % 4 != 0 {
            row.set("receipt_number", format!("R{index:09}"));
        }
        if individual {
            row.set("due_on", today.saturating_add(30.days()).to_string());
        }
        if individual && dice.chance(0.25) {
            let address = format!("湖北省武汉市洪山区示例路{}号", dice.within(1, 400));
            for (field, value) in [("delivery", "mail"), ("mail_recipient", "示例收件人"), ("mail_address", address.as_str()), ("mail_postcode", "430070")]
            {
                row.set(field, value);
            }
        }
        let (permit, enrolment) = (Some(person.permit()), Some(person.enrolment()));
        Case { id, person, row, permit, enrolment, photo: Photo::Good(index), fate: Fate::ACCEPTED, fault: "none" }
    }

    /// Seals, stores and writes down a package and its applications.
    pub fn send(&mut self, frame: &Frame, cases: &[Case]) -> io::Result<()> {
        let entries = self.entries(frame, cases)?;
        let name = self.store(frame, &entries)?;
        self.outlets[frame.outlet].sequence += 1;
        self.expect_package(&name, "received", None, frame.fault)?;
        for case in cases {
            self.registers.add(case.permit.as_ref(), case.enrolment.as_ref())?;
            self.expect(&name, frame, case)?;
        }
        Ok(())
    }

    pub fn store(&mut self, frame: &Frame, entries: &[File]) -> io::Result<String> {
        let stem = self.stem(&self.outlets[frame.outlet].code.clone());
        store(self.out, &stem, frame.container, entries)
    }

    /// A name in the inbox after all earlier ones.
    pub fn stem(&mut self, about: &str) -> String {
        self.next_file += 1;
        format!("{:05}-{about}", self.next_file - 1)
    }

    pub fn expect_package(&mut self, name: &str, outcome: &str, code: Option<&str>, fault: &str) -> io::Result<()> {
        let line = Expectation::Package { package: name.to_owned(), outcome: outcome.to_owned(), code: code.map(str::to_owned), fault: fault.to_owned() };
        self.write_expectation(&line)
    }

    fn expect(&mut self, package: &str, frame: &Frame, case: &Case) -> io::Result<()> {
        let line = Expectation::Application {
            package: package.to_owned(),
            outlet: self.outlets[frame.outlet].code.clone(),
            application_id: case.id.clone(),
            outcome: case.fate.outcome,
            code: case.fate.headline.map(|c| c.text().to_owned()),
            fault: case.fault.to_owned(),
        };
        self.write_expectation(&line)
    }

    fn write_expectation(&mut self, line: &Expectation) -> io::Result<()> {
        self.tally.count(line);
        write_line(&mut self.expected, line)
    }

    /// Sealed files of a package, with what was altered after sealing.
    fn entries(&self, frame: &Frame, cases: &[Case]) -> io::Result<Entries> {
        let outlet = &self.outlets[frame.outlet];
        let mut entries = self.parts(frame, cases, outlet.sequence + 1)?.sealed(&outlet.key);
        for case in cases.iter().filter(|c| matches!(c.photo, Photo::Altered(_))) {
            let name = photo_name(case);
            entries.iter_mut().filter(|(n, _)| *n == name).for_each(|(_, bytes)| bytes[1_000] ^= 4);
        }
        Ok(entries)
    }

    /// Records, photos and what the manifest will say; photos are made in parallel.
    pub fn parts(&self, frame: &Frame, cases: &[Case], sequence: u64) -> io::Result<Parts> {
        let gallery = &self.gallery;
        let photo = |case: &Case| case.photo_bytes(gallery).map(|bytes| (photo_name(case), bytes));
        let mut photos: Entries = cases.par_iter().filter_map(photo).collect();
        photos.sort();
        photos.dedup_by(|a, b| a.0 == b.0);
        let rows: Vec<_> = cases.iter().map(|c| &c.row).collect();
        Ok(Parts { spec: self.spec(frame, cases.len(), sequence), records: frame.written.bytes(&rows)?, photos })
    }

    fn spec(&self, frame: &Frame, count: usize, sequence: u64) -> PackageSpec {
        let code = &self.outlets[frame.outlet].code;
        PackageSpec {
            package_id: format!("{code}-{}-{sequence:05}", self.order.today.strftime("%Y%m%d")),
            outlet: OutletCode::parse(code).expect("outlets here have good codes"),
            sequence,
            channel: if frame.employer.is_some() { Channel::Employer } else { Channel::Individual },
            submitted_at: frame.submitted_at.clone(),
            count: count as u32,
            profile: Some(frame.profile.to_owned()),
            encoding: frame.written.encoding(),
            records: frame.written.records(),
            employer: frame.employer.as_ref().map(block),
        }
    }
}

fn block(employer: &Employer) -> EmployerBlock {
    let staff =
        Staff {
            name: "示例专办员".to_owned(), id_type: Some("staff-id".to_owned()), id: Some("S-0001".to_owned()), phone: Some("027-80000000".to_owned())
        };
    EmployerBlock { code: employer.code.clone(), name: employer.name.clone(), staff: vec![staff], letter: format!("AL-{}", &employer.code[8..14]) }
}

fn photo_name(case: &Case) -> String {
    format!("photos/{}", case.row.get("photo"))
}

/// The first of the least used that fits; counted as used. There is always one that fits.
fn least_used(used: &mut [u32], fits: impl Fn(usize) -> bool) -> usize {
    let at = (0..used.len()).filter(|i| fits(*i)).min_by_key(|i| used[*i]).expect("something fits everywhere");
    used[at] += 1;
    at
}
