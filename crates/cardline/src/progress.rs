//! How far a run is: bars with rate and remaining time on a terminal, plain lines otherwise. Always on stderr; stdout is for results.

use std::collections::BTreeMap;
use std::io::IsTerminal as _;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use line::ports::{Progress, Stage};

/// Plain lines come at most this often per stage.
const LINE_EVERY: Duration = Duration::from_secs(5);

fn name(stage: Stage) -> &'static str {
    match stage {
        Stage::Ingest => "packages",
        Stage::Validate => "validated",
        Stage::Cut => "cut",
        Stage::Jobs => "cards",
        Stage::Dispatch => "dispatched",
    }
}

/// The display that suits where stderr goes.
#[must_use]
pub fn for_stderr() -> Box<dyn Progress> {
    if std::io::stderr().is_terminal() {
        Box::new(Bars { all: MultiProgress::new(), bars: Mutex::default() })
    } else {
        Box::new(Lines { stages: Mutex::default() })
    }
}

struct Bars {
    all: MultiProgress,
    bars: Mutex<BTreeMap<Stage, ProgressBar>>,
}

impl Bars {
    fn with(&self, stage: Stage, act: impl FnOnce(&ProgressBar)) {
        let mut bars = self.bars.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let bar = bars.entry(stage).or_insert_with(|| {
            let style = ProgressStyle::with_template("{prefix:>10} {bar:30} {pos}/{len} {per_sec} ETA {eta}").unwrap_or_else(|_| ProgressStyle::default_bar());
            self.all.add(ProgressBar::new(0).with_style(style).with_prefix(name(stage)))
        });
        act(bar);
    }
}

impl Progress for Bars {
    fn stage(&self, stage: Stage, more: u64) {
        self.with(stage, |bar| bar.inc_length(more));
    }

    fn advance(&self, stage: Stage, by: u64) {
        self.with(stage, |bar| bar.inc(by));
    }

    fn note(&self, text: &str) {
        let _ = self.all.println(text);
    }
}

struct Counted {
    done: u64,
    expected: u64,
    since: Instant,
    said: Instant,
}

struct Lines {
    stages: Mutex<BTreeMap<Stage, Counted>>,
}

impl Lines {
    fn with(&self, stage: Stage, act: impl FnOnce(&mut Counted)) {
        let mut stages = self.stages.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let now = Instant::now();
        let counted = stages.entry(stage).or_insert(Counted { done: 0, expected: 0, since: now, said: now });
        act(counted);
        let finished = counted.done >= counted.expected && counted.expected > 0;
        if now - counted.said >= LINE_EVERY || (finished && stage == Stage::Jobs) {
            counted.said = now;
            let seconds = (now - counted.since).as_secs_f64();
            let rate = counted.done as f64 / seconds.max(1e-3);
            let left = counted.expected.saturating_sub(counted.done) as f64 / rate.max(1e-3);
            tell!("{} {}/{}  {rate:.0}/s  {left:.0} s left", name(stage), counted.done, counted.expected);
        }
    }
}

impl Progress for Lines {
    fn stage(&self, stage: Stage, more: u64) {
        self.with(stage, |c| c.expected += more);
    }

    fn advance(&self, stage: Stage, by: u64) {
        self.with(stage, |c| c.done += by);
    }

    fn note(&self, text: &str) {
        tell!("{text}");
    }
}
