//! What a letter says, gathered once for both of its forms: counts over all applications, and the cases that are shown.

use std::collections::BTreeMap;

use card::messages::{self, Said};
use card::reason::AnswerLane;
use card::{BatchId, Code, Message, Ordinal, Outcome, Reason};
use jiff::civil::Date;
use ledger::book::state::{ApplicationState, PackageState};
use ledger::entry::PackageSetAside;
use ledger::fault::Fault;

use super::case::{self, Case};
use super::{CASES_MAX, Desk};
use crate::plan::Sender;
use crate::vault::Vault;

/// The lanes, in the order in which a letter has them.
pub const LANES: [AnswerLane; 3] = [AnswerLane::FixAtOutlet, AnswerLane::WeWillRetry, AnswerLane::OurSide];

/// What a letter is about.
pub enum Subject<'a> {
    Package {
        package: &'a PackageState,
        received_on: Date,
        vault: &'a Vault,
    },
    Night {
        batch: &'a BatchId,
        on: Date,
    },
    /// A package that was not let in: nothing of it was read.
    SetAside {
        aside: &'a PackageSetAside,
        on: Date,
    },
}

/// One lane's part: how many there are in all, and those that are shown.
pub struct Part {
    pub lane: AnswerLane,
    pub total: u64,
    pub cases: Vec<Case>,
}

/// A letter's content. Holds names and photos: no `Debug`.
pub struct Draft<'a> {
    pub sender: &'a Sender,
    /// Code, name, Chinese name.
    pub outlet: [String; 3],
    pub subject: Subject<'a>,
    /// Names of the lists beside the letter: CSV, JSON lines; of a package set aside the first is its JSON.
    pub lists: [String; 2],
    pub applications: u64,
    /// By [`Outcome`]; what was made is not among the accepted in a night's letter.
    pub outcomes: [u64; 3],
    pub produced: u64,
    /// Findings about the package as a whole.
    pub notes: Vec<Reason>,
    /// Applications with each code that holds or rejects, those not shown included.
    pub by_code: BTreeMap<Code, u64>,
    pub parts: Vec<Part>,
}

impl<'a> Draft<'a> {
    pub fn gather(desk: &'a Desk, outlet: [String; 3], subject: Subject<'a>, lists: [String; 2], ordinals: &[Ordinal]) -> Result<Self, Fault> {
        let notes = match &subject {
            Subject::Package { package, .. } => package.received.reasons.clone(),
            Subject::Night { .. } | Subject::SetAside { .. } => Vec::new(),
        };
        let sender = &desk.plan.sender;
        let mut draft =
            Self { sender, outlet, subject, lists, applications: 0, outcomes: [0; 3], produced: 0, notes, by_code: BTreeMap::new(), parts: Vec::new() };
        if let Subject::SetAside { aside, on } = draft.subject {
            draft.parts.push(set_aside(desk, aside, on));
            return Ok(draft);
        }
        let found = draft.count(desk, ordinals)?;
        let mut room = CASES_MAX;
        for (lane, (total, first)) in LANES.into_iter().zip(found) {
            let mut cases = Vec::new();
            for ordinal in first.into_iter().take(room) {
                let Some(state) = desk.book.application(ordinal)? else { continue };
                cases.push(case::of(desk, &draft.subject, lane, &state)?);
            }
            room -= cases.len();
            draft.parts.push(Part { lane, total, cases });
        }
        Ok(draft)
    }

    /// Counts everything; of each lane, how many and the first that may be shown.
    fn count(&mut self, desk: &Desk, ordinals: &[Ordinal]) -> Result<[(u64, Vec<Ordinal>); 3], Fault> {
        let mut lanes: [(u64, Vec<Ordinal>); 3] = Default::default();
        for ordinal in ordinals {
            let Some(state) = desk.book.application(*ordinal)? else { continue };
            self.applications += 1;
            if state.has_card() && matches!(self.subject, Subject::Night { .. }) {
                self.produced += 1;
                continue;
            }
            self.outcomes[state.outcome as usize] += 1;
            if state.outcome == Outcome::Accepted || state.has_card() {
                continue;
            }
            let own = lane_of(&state);
            let (total, first) = &mut lanes[LANES.iter().position(|l| *l == own).unwrap_or(0)];
            *total += 1;
            if first.len() < CASES_MAX {
                first.push(*ordinal);
            }
            let codes: std::collections::BTreeSet<Code> = case::stopping(&state.reasons).map(|r| r.code).collect();
            codes.into_iter().for_each(|code| *self.by_code.entry(code).or_default() += 1);
        }
        Ok(lanes)
    }

    /// What the letter answers: package or batch.
    pub fn reference(&self) -> &str {
        match &self.subject {
            Subject::Package { package, .. } => &package.received.package_id,
            Subject::Night { batch, .. } => batch.as_str(),
            Subject::SetAside { aside, .. } => aside.package_id.as_deref().unwrap_or(&aside.name),
        }
    }

    pub fn on(&self) -> Date {
        match self.subject {
            Subject::Package { received_on, .. } => received_on,
            Subject::Night { on, .. } | Subject::SetAside { on, .. } => on,
        }
    }

    pub fn title(&self) -> Message {
        match self.subject {
            Subject::Package { .. } => Message::LetterOfPackage,
            Subject::Night { .. } => Message::LetterOfNight,
            Subject::SetAside { .. } => Message::LetterOfSetAside,
        }
    }

    /// The first sentence.
    pub fn intro(&self) -> Said {
        let (message, what) = match self.subject {
            Subject::Package { .. } => (Message::LetterOfPackageIntro, "package"),
            Subject::Night { .. } => (Message::LetterOfNightIntro, "batch"),
            Subject::SetAside { .. } => (Message::LetterOfSetAsideIntro, "package"),
        };
        card::Language::BOTH.map(|language| message.filled(language, &[("date", &messages::day(self.on(), language)), (what, self.reference())]))
    }

    /// Date and what the letter answers, with their labels.
    pub fn particulars(&self) -> Vec<(String, String)> {
        let what = match self.subject {
            Subject::Package { .. } | Subject::SetAside { .. } => Message::Package,
            Subject::Night { .. } => Message::Batch,
        };
        let [english, chinese] = messages::said_day(self.on());
        vec![(Message::Date.both(), english), (String::new(), chinese), (what.both(), self.reference().to_owned())]
    }

    pub fn addressee(&self) -> Vec<String> {
        let [code, name, name_zh] = &self.outlet;
        let outlet = format!("{} {code}", Message::Outlet.both());
        let named = [name, name_zh].into_iter().filter(|n| !n.is_empty()).cloned();
        [Message::To.both()].into_iter().chain(named).chain([outlet]).collect()
    }

    /// The numbers worth seeing first.
    pub fn figures(&self) -> Vec<(u64, Message)> {
        if self.is_set_aside() {
            return Vec::new();
        }
        let [accepted, held, rejected] = [Outcome::Accepted, Outcome::Held, Outcome::Rejected].map(|o| self.outcomes[o as usize]);
        let produced = matches!(self.subject, Subject::Night { .. }).then_some((self.produced, Message::Produced));
        let rest = [(accepted, Message::Accepted), (held, Message::Held), (rejected, Message::Rejected)];
        [(self.applications, Message::Applications)].into_iter().chain(produced).chain(rest).collect()
    }

    /// Sentences after the cases.
    pub fn remarks(&self) -> Vec<Said> {
        let [csv, jsonl] = &self.lists;
        let lists = Message::ListsBeside.said_with(&[("csv", csv), ("jsonl", jsonl)]);
        let own = match self.subject {
            Subject::Package { .. } => vec![lists, Message::LetterIsPersonal.said()],
            Subject::Night { .. } => vec![lists, Message::PicturesElsewhere.said()],
            Subject::SetAside { .. } => vec![Message::ForProgramsBeside.said_with(&[("json", csv)])],
        };
        [own, vec![Message::Questions.said_with(&[("phone", &self.sender.phone)])]].concat()
    }

    /// A whole package: nothing to count, and one case.
    pub fn is_set_aside(&self) -> bool {
        matches!(self.subject, Subject::SetAside { .. })
    }

    /// Said under a lane of which not everything is shown.
    pub fn more(&self, part: &Part) -> Option<Said> {
        let hidden = part.total - part.cases.len() as u64;
        (hidden > 0).then(|| Message::MoreNotShown.said_with(&[("count", &messages::count(hidden)), ("file", &self.lists[0])]))
    }
}

/// The package as the letter's one case.
fn set_aside(desk: &Desk, aside: &PackageSetAside, on: Date) -> Part {
    let lane = first_of(&aside.reasons.iter().collect::<Vec<_>>());
    let case = Case {
        application_id: aside.package_id.clone().unwrap_or_default(),
        package_id: aside.package_id.clone().unwrap_or_default(),
        row: 0,
        place: aside.name.clone(),
        outcome: Outcome::Rejected,
        name: String::new(),
        picture: None,
        reasons: aside.reasons.clone(),
        by: messages::lane_by(lane).said_of_day(desk.profile().answers.by(lane, on)),
    };
    Part { lane, total: 1, cases: vec![case] }
}

fn lane_of(state: &ApplicationState) -> AnswerLane {
    first_of(&case::stopping(&state.reasons).collect::<Vec<_>>())
}

/// Who has to move first: whatever else is waited for, the outlet can begin with its own part; then the centre with its own.
fn first_of(reasons: &[&Reason]) -> AnswerLane {
    let lanes: Vec<AnswerLane> = reasons.iter().map(|r| r.code.definition().lane).collect();
    let order = [AnswerLane::FixAtOutlet, AnswerLane::OurSide, AnswerLane::WeWillRetry];
    order.into_iter().find(|lane| lanes.contains(lane)).unwrap_or(AnswerLane::OurSide)
}
