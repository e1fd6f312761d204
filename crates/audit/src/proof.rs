//! The invariants `verify` proves, and the tally kept of each while the plant is read. It says nothing about how they are checked.

use std::fmt;

/// What was found of one invariant. `detail` names the first violation by ids and paths only, nothing personal; of one that holds, what
/// was left out.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Finding {
    /// As faults.md §7 numbers it: `I-07`.
    pub id: &'static str,
    pub ok: bool,
    /// How many single facts were compared.
    pub checked: u64,
    pub what: &'static str,
    pub detail: Option<String>,
    /// Violations in all, the first of which is in `detail`.
    pub broken: u64,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verdict = if self.ok { "ok" } else { "BROKEN" };
        write!(f, "{} {verdict} {} checked  {}", self.id, grouped(self.checked), self.what)?;
        match &self.detail {
            Some(detail) if self.ok => write!(f, "\n      {detail}"),
            Some(detail) => write!(f, "\n      {} violations, the first: {detail}", grouped(self.broken)),
            None => Ok(()),
        }
    }
}

/// Thousands separated: `184,220`.
fn grouped(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::with_capacity(digits.len() * 4 / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

macro_rules! invariants {
    ($($name:ident $id:literal $what:literal,)*) => {
        /// The invariants proved here, in their published order (faults.md §7).
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        pub enum Invariant { $($name,)* }
        const ALL: &[(&str, &str)] = &[$(($id, $what),)*];
    };
}

invariants! {
    I01 "I-01" "applications: received = accepted + rejected + held, each in one state; cut = made + void",
    I02 "I-02" "every refusal and hold has a published code and is in its answer",
    I03 "I-03" "cards made = good + spoiled + unknown + not yet reported; closed by two where nothing is open, and nothing after",
    I04 "I-04" "every lot = vault + line + good + spoiled + test + returned, each serial in one account",
    I05 "I-05" "spoiled = destroyed + waiting; every destruction seen by two others than who asked, nothing of it after",
    I06 "I-06" "stock moves booked twice, no account below zero",
    I07 "I-07" "card numbers unique over all time, check characters right, one person a number",
    I08 "I-08" "one live card a person in a batch; none made as new while an older one exists; made again only as asked and approved, the old one ended when the new is good",
    I09 "I-09" "numbers taken = used + void; no void number in an output",
    I10 "I-10" "print, chip, sheet and dispatch of every card carry one record digest",
    I11 "I-11" "route, outlet, address and receipt number of every dispatch line are the application's",
    I12 "I-12" "bundles hold what their lists say, and together every card made",
    I14 "I-14" "photos in print and encode files are the validated ones",
    I15 "I-15" "packages in the vault are what their outlets signed",
    I16 "I-16" "vault files and register snapshots are what the ledger wrote down",
    I17 "I-17" "journal: checksums, chain, numbers without gaps, acknowledged head",
    I18 "I-18" "places witnessed elsewhere are in the journal",
    I20 "I-20" "batch files are those of the signed manifest",
    I21 "I-21" "no file of a batch or the vault unknown, none missing",
    I22 "I-22" "every history is a path of the published states",
    I23 "I-23" "times never go back, but to the time a run or batch froze, or where CLK-01 says that the clock did",
    I24 "I-24" "the people register changed and batches released by who may, signatures verified again",
    I26 "I-26" "every start after an unclean stop says who and why",
    I27 "I-27" "every hand-over and print job used one token, in its device's chain, for a released batch under the header written down",
    I29 "I-29" "what was purged had come to its end and is gone; what was not has its key",
    I32 "I-32" "every package has one answer, one outcome an application",
    I33 "I-33" "cards encoded here: attempted before they ended, good once, in doubt until two people said so, no device had their job",
    I37 "I-37" "deliveries are of what a dispatched batch sent; no state goes back, times lie in order",
}

#[derive(Clone, Default)]
struct Tally {
    checked: u64,
    broken: u64,
    first: Option<String>,
}

/// One tally for every invariant.
#[derive(Clone)]
pub struct Proofs {
    tallies: Vec<Tally>,
    /// Bytes of files that were read and compared.
    pub bytes_read: u64,
    /// Answer files their outlets have taken away.
    pub answers_gone: u64,
    /// What could not be checked, or is worth knowing and no violation.
    pub notes: Vec<String>,
}

impl Default for Proofs {
    fn default() -> Self {
        Self { tallies: vec![Tally::default(); ALL.len()], bytes_read: 0, answers_gone: 0, notes: Vec::new() }
    }
}

impl Proofs {
    /// Counts one fact, and a violation if it doesn't hold. Gives back whether it held.
    pub fn check(&mut self, invariant: Invariant, holds: bool, detail: impl FnOnce() -> String) -> bool {
        let tally = &mut self.tallies[invariant as usize];
        tally.checked += 1;
        if !holds {
            tally.broken += 1;
            tally.first.get_or_insert_with(detail);
        }
        holds
    }

    /// A violation found while looking for something else.
    pub fn broken(&mut self, invariant: Invariant, detail: impl Into<String>) {
        self.check(invariant, false, || detail.into());
    }

    /// `n` facts that hold.
    pub fn held(&mut self, invariant: Invariant, n: u64) {
        self.tallies[invariant as usize].checked += n;
    }

    pub fn note(&mut self, text: impl Into<String>) {
        self.notes.push(text.into());
    }

    /// Adds what another thread found. Called in a fixed order, so that the first violation is the same on every run.
    pub fn merge(&mut self, other: Self) {
        for (mine, theirs) in self.tallies.iter_mut().zip(other.tallies) {
            mine.checked += theirs.checked;
            mine.broken += theirs.broken;
            mine.first = mine.first.take().or(theirs.first);
        }
        self.bytes_read += other.bytes_read;
        self.answers_gone += other.answers_gone;
        self.notes.extend(other.notes);
    }

    /// The findings, in order.
    pub fn findings(&self) -> impl Iterator<Item = Finding> + '_ {
        self.tallies.iter().zip(ALL).map(|(t, (id, what))| Finding {
            id,
            ok: t.broken == 0,
            checked: t.checked,
            what,
            detail: t.first.clone(),
            broken: t.broken,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_violation_is_kept_and_all_are_counted() {
        let mut proofs = Proofs::default();
        proofs.check(Invariant::I07, true, || "never asked".to_owned());
        proofs.broken(Invariant::I07, "card A of B20250115-01");
        let mut other = Proofs::default();
        other.broken(Invariant::I07, "card B");
        proofs.merge(other);
        let found = proofs.findings().find(|f| f.id == "I-07").unwrap();
        assert_eq!((found.ok, found.checked, found.broken), (false, 3, 2));
        assert!(found.to_string().starts_with("I-07 BROKEN 3 checked"), "{found}");
        assert!(found.to_string().ends_with("2 violations, the first: card A of B20250115-01"), "{found}");
    }

    #[test]
    fn large_counts_are_readable() {
        assert_eq!([grouped(0), grouped(999), grouped(184_220), grouped(1_000_000)], ["0", "999", "184,220", "1,000,000"]);
    }
}
