//! The intake: every package that lies in the inbox, taken in, judged and answered. A feeder takes packages in (`ingest.rs`) and
//! deals their rows out; the pool judges each row alone; this thread settles them in order: neighbours, vault, ledger, answer.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use card::reason::{Code, Reason};
use card::{Ordinal, Outcome, Verdict};
use ledger::book::Book;
use ledger::entry::{Entry, Judged, JudgedApplication, Millis, Moved, PackageAnswered};
use ledger::envelope;
use ledger::fault::Fault;
use ledger::segment::SegmentWriter;

use crate::answers;
use crate::ingest::{Ingest, Taken};
use crate::jobs::lock;
use crate::letter::Desk;
use crate::package::records::Row as RawRow;
use crate::plan::{Plan, World};
use crate::ports::Stage;
use crate::pump::{Hands, Put, pump};
use crate::report::{Slowest, Timed};
use crate::rows::PackageView;
use crate::validate::neighbours::{Candidate, Neighbourhood};
use crate::validate::pictures::Pictures;
use crate::validate::stored::{FACE_HASHES, FACE_HASHES_FORM, FORM, Nearest, ROWS_PER_FILE, StoredHash, entry_name, records_path};
use crate::validate::{Alone, Judge, judge_alone, judge_without_photo};
use crate::vault::Vault;

/// Counts of one intake; `ingested = accepted + rejected + held` is asserted at its end.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub struct IntakeTally {
    pub packages_accepted: u64,
    pub packages_quarantined: u64,
    pub packages_repeated: u64,
    /// Still being copied, unreadable, or waiting for the outlet register.
    pub packages_waiting: u64,
    pub ingested: u64,
    pub accepted: u64,
    pub rejected: u64,
    pub held: u64,
    /// Accepted before, in this run or an earlier one, and stopped by an application that came after.
    pub stopped_later: u64,
}

/// After so many runs died one after the other, the later ones without judging a row, the rows they had begun are under suspicion: the
/// first death may have been anything, and the run after it was the second try.
const DEATHS_MAX: u32 = 2;

/// What travels from the feeder through the pool to the settler, in order.
enum Item {
    Row(Arc<PackageView>, u32, RawRow, Handling),
    End(Arc<PackageView>),
}

enum Worked {
    /// With the seconds it took.
    Row(Arc<PackageView>, u32, Box<Alone>, f64),
    End(Arc<PackageView>),
}

/// Takes in and judges everything that is there; the rows that took longest to judge go with the counts.
///
/// # Errors
/// The ledger, the vault or the inbox fails.
pub fn intake(world: &World, plan: &Plan, book: &Mutex<&mut Book>, vault: &Vault, judge: &Judge, at: Millis) -> Result<(IntakeTally, Slowest), Fault> {
    if judge.profile.photo.face.is_some() {
        // Without its networks a run would hold everybody.
        judge.networks.ready().map_err(|e| Fault::refused(Code::Cfg08, e.to_string()))?;
    }
    let packages = Mutex::new(IntakeTally::default());
    let ingest = Ingest { world, plan, book, vault, registers: judge.registers, at };
    ingest.finish_moves()?;
    let feeder = Feeder { world, plan, book, vault, ingest: &ingest, tally: &packages, suspects: AtomicU32::new(suspects(plan, book)?) };
    let mut settler = Settler { world, plan, book, vault, judge, at, pictures: None, chunk: None, tally: IntakeTally::default(), slowest: Slowest::default() };
    let work = |item: Item| match item {
        Item::Row(view, row, raw, handling) => {
            let since = world.clock.seconds();
            let alone = view.with_row(&raw, judge, |row| match (&row.photo, handling) {
                (Some(photo), Handling::Apart) if !world.apart.survives(photo.jpeg) => judge_without_photo(row, judge),
                _ => judge_alone(row, judge),
            });
            Worked::Row(view, row, Box::new(alone), world.clock.seconds() - since)
        }
        Item::End(view) => Worked::End(view),
    };
    let enter = |body: &mut (dyn FnMut() + Send)| judge.networks.as_worker(body);
    let hands = Hands::Threads { count: plan.threads, enter: &enter };
    pump(hands, plan.permits, |put| feeder.feed(put), work, |worked| settler.settle(worked))?;
    lock(book).commit()?;
    let seen = packages.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    let t = settler.tally;
    assert_eq!(t.ingested, t.accepted + t.rejected + t.held, "conservation: every application judged has one outcome");
    Ok((
        IntakeTally { ingested: t.ingested, accepted: t.accepted, rejected: t.rejected, held: t.held, stopped_later: t.stopped_later, ..seen },
        settler.slowest,
    ))
}

/// How a row's photo is examined.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Handling {
    Here,
    /// Somewhere it can't take the run along, first.
    Apart,
}

/// Rows that were under way when the runs before this one died: those in flight and those of a chunk not written down.
fn suspects(plan: &Plan, book: &Mutex<&mut Book>) -> Result<u32, Fault> {
    let died_again = lock(book).run()?.is_some_and(|run| run.deaths_before >= DEATHS_MAX);
    Ok(if died_again { u32::try_from(plan.permits).unwrap_or(u32::MAX).saturating_add(ROWS_PER_FILE) } else { 0 })
}

struct Feeder<'a, 'b> {
    world: &'a World,
    plan: &'a Plan,
    book: &'a Mutex<&'b mut Book>,
    vault: &'a Vault,
    ingest: &'a Ingest<'a, 'b>,
    tally: &'a Mutex<IntakeTally>,
    /// Rows still to be examined apart; only of packages an earlier run took in.
    suspects: AtomicU32,
}

impl Feeder<'_, '_> {
    fn feed(&self, put: &mut Put<Item>) -> Result<(), Fault> {
        let unfinished = self.unfinished()?;
        if self.suspects.load(Ordering::Relaxed) > 0 && !unfinished.is_empty() {
            self.world.progress.note("the last runs died while they judged: the photos they had begun are examined apart first");
        }
        for package in unfinished {
            if self.world.stopping() || !self.deal(package, put)? {
                return Ok(());
            }
        }
        self.suspects.store(0, Ordering::Relaxed);
        let arrivals = self.world.inbox.list().map_err(|e| Fault::io("list", "inbox", e))?;
        self.world.progress.stage(Stage::Ingest, arrivals.len() as u64);
        for arrival in arrivals {
            if self.world.stopping() {
                break;
            }
            let taken = self.ingest.take_in(&arrival)?;
            self.count(&taken);
            self.world.progress.advance(Stage::Ingest, 1);
            if let Taken::In(package) = taken
                && !self.deal(package, put)?
            {
                break;
            }
        }
        Ok(())
    }

    /// Packages an earlier run took in but did not judge or answer to the end.
    fn unfinished(&self) -> Result<Vec<u64>, Fault> {
        let (unjudged, unanswered) = lock(self.book).packages_open()?;
        let mut all = [unjudged, unanswered].concat();
        all.sort_unstable();
        all.dedup();
        Ok(all)
    }

    fn count(&self, taken: &Taken) {
        let mut tally = self.tally.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        match taken {
            Taken::In(_) => tally.packages_accepted += 1,
            Taken::SetAside => tally.packages_quarantined += 1,
            Taken::Repeated => tally.packages_repeated += 1,
            Taken::Waiting => tally.packages_waiting += 1,
            Taken::Finished => {}
        }
    }

    /// Deals out the rows of a package that aren't judged yet. `false`: the settler is gone.
    fn deal(&self, package: u64, put: &mut Put<Item>) -> Result<bool, Fault> {
        let state = lock(self.book).package(package)?.ok_or_else(|| Fault::Invariant(format!("package {package} is not in the book")))?;
        let first = state.judged;
        let view = Arc::new(PackageView::open(state, self.vault, self.plan)?);
        self.world.progress.stage(Stage::Validate, u64::from(view.count()));
        for raw in view.rows(&self.plan.package_limits)? {
            let raw = raw.map_err(|e| Fault::io("read", view.records_path(), e))?;
            let row = raw.number - 1;
            if row < first {
                continue;
            }
            // A stop is heeded at the edge of a chunk, so that no judged row has to be judged again.
            if self.world.stopping() && row % ROWS_PER_FILE == 0 {
                return Ok(true);
            }
            let suspect = self.suspects.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok();
            let handling = if suspect { Handling::Apart } else { Handling::Here };
            if !put(Item::Row(view.clone(), row, raw, handling)) {
                return Ok(false);
            }
        }
        Ok(put(Item::End(view)))
    }
}

/// Rows of one vault file being filled.
struct Chunk {
    view: Arc<PackageView>,
    first_row: u32,
    path: String,
    writer: SegmentWriter,
    applications: Vec<JudgedApplication>,
    hashes: Vec<StoredHash>,
    moves: Vec<Moved>,
}

/// An application judged among its neighbours.
struct Settled {
    judged: JudgedApplication,
    moves: Vec<Moved>,
    same_picture: Option<Nearest>,
}

struct Settler<'a, 'b> {
    world: &'a World,
    plan: &'a Plan,
    book: &'a Mutex<&'b mut Book>,
    vault: &'a Vault,
    judge: &'a Judge<'a>,
    at: Millis,
    /// Read when the first photo with a face asks for them.
    pictures: Option<Pictures>,
    chunk: Option<Chunk>,
    tally: IntakeTally,
    slowest: Slowest,
}

impl Settler<'_, '_> {
    fn settle(&mut self, worked: Worked) -> Result<(), Fault> {
        match worked {
            Worked::Row(view, row, alone, seconds) => {
                self.slowest.note(seconds, Timed::Row { package: view.package(), row });
                self.add(&view, row, *alone)?;
                let last = row + 1 == view.count();
                if last || (row + 1) % ROWS_PER_FILE == 0 { self.close_chunk() } else { Ok(()) }
            }
            Worked::End(view) => self.answer(&view),
        }
    }

    fn add(&mut self, view: &Arc<PackageView>, row: u32, alone: Alone) -> Result<(), Fault> {
        let mut chunk = match self.chunk.take() {
            Some(chunk) => chunk,
            None => self.open_chunk(view, row)?,
        };
        let alike = self.alike(&alone)?;
        let Settled { judged, moves, same_picture } = self.judge_among_neighbours(view, row, &alone, &alike, &chunk.applications)?;
        let payload = envelope::seal(FORM, &alone.record).map_err(|e| Fault::Invariant(format!("stored record: {e}")))?;
        // Stored as it is: the night reads rows one by one, and unpacking each would cost more than the room it saves.
        chunk.writer.begin(&entry_name(row), false)?;
        chunk.writer.write(&payload)?;
        chunk.writer.end()?;
        self.count(judged.outcome);
        if let (Some(hash), Some(pictures)) = (alone.face_hash, &mut self.pictures) {
            chunk.hashes.push(StoredHash { row, hash, nearest: same_picture.or(alike.first().copied()) });
            pictures.add(hash, judged.ordinal);
        }
        chunk.applications.push(judged);
        for moved in moves {
            if !chunk.moves.iter().any(|m| m.ordinal == moved.ordinal) {
                chunk.moves.push(moved);
            }
        }
        self.chunk = Some(chunk);
        Ok(())
    }

    /// Earlier photos like this row's, in whatever package they came.
    fn alike(&mut self, alone: &Alone) -> Result<Vec<Nearest>, Fault> {
        let (Some(hash), Some(rules)) = (&alone.face_hash, &self.judge.profile.photo.face) else { return Ok(Vec::new()) };
        let pictures = match &mut self.pictures {
            Some(pictures) => pictures,
            none => {
                let read = Pictures::read(self.book, self.vault)?;
                if read.unreadable > 0 {
                    self.world.progress.note(&format!("{} files of the vault can't be read: photos aren't compared with theirs; run verify", read.unreadable));
                }
                none.insert(read)
            }
        };
        Ok(pictures.near(hash, rules.same_picture_bits_max))
    }

    fn open_chunk(&self, view: &Arc<PackageView>, row: u32) -> Result<Chunk, Fault> {
        let path = records_path(view.package(), row);
        let writer = self.vault.begin(view.package(), &path)?;
        Ok(Chunk { view: view.clone(), first_row: row, path, writer, applications: Vec::new(), hashes: Vec::new(), moves: Vec::new() })
    }

    fn judge_among_neighbours(&self, view: &PackageView, row: u32, alone: &Alone, alike: &[Nearest], pending: &[JudgedApplication]) -> Result<Settled, Fault> {
        let ordinal = Ordinal(view.first_ordinal().0 + u64::from(row));
        let mut reasons: Vec<Reason> = alone.record.reasons.iter().chain(&alone.register_reasons).cloned().collect();
        let (mut moves, mut same_picture) = (Vec::new(), None);
        if let (Some(facts), Some(application)) = (&alone.facts, &alone.record.application) {
            let candidate = Candidate {
                outlet: view.outlet(),
                application_id: &application.application_id,
                facts,
                photo: alone.record.photo.as_ref(),
                photo_validated: alone.record.photo_validated.as_ref(),
                alike,
                pending,
                received_at: view.received_at(),
                old_card_number: application.old_card_number.as_deref(),
                package_from: view.first_ordinal(),
                permit_event_on: alone.permit_event_on,
            };
            let book = lock(self.book);
            let day_of = |at| self.plan.day(at);
            let found = Neighbourhood { book: &book, profile: self.judge.profile, at: self.at, day_of: &day_of }.look_around(&candidate)?;
            reasons.extend(found.reasons);
            (moves, same_picture) = (found.moves, found.same_picture);
        }
        let verdict = Verdict::from_reasons(reasons);
        // Only an application that is itself admissible may push others aside.
        if verdict.outcome == Outcome::Rejected {
            moves.clear();
        }
        assert!(verdict.outcome != Outcome::Accepted || alone.facts.is_some(), "accepted without being understood");
        let judged = JudgedApplication {
            ordinal,
            application_id: alone.record.raw_id(row),
            outcome: verdict.outcome,
            reasons: verdict.reasons,
            photo: alone.record.photo,
            photo_validated: alone.record.photo_validated,
            facts: alone.facts.clone(),
        };
        Ok(Settled { judged, moves, same_picture })
    }

    fn count(&mut self, outcome: Outcome) {
        self.tally.ingested += 1;
        match outcome {
            Outcome::Accepted => self.tally.accepted += 1,
            Outcome::Rejected => self.tally.rejected += 1,
            Outcome::Held => self.tally.held += 1,
        }
        self.world.progress.advance(Stage::Validate, 1);
    }

    /// The commit protocol (faults.md §3.4): the records are durable before the ledger says so.
    fn close_chunk(&mut self) -> Result<(), Fault> {
        let Some(mut chunk) = self.chunk.take() else { return Ok(()) };
        if !chunk.hashes.is_empty() {
            let payload = envelope::seal(FACE_HASHES_FORM, &chunk.hashes).map_err(|e| Fault::Invariant(format!("face hashes: {e}")))?;
            chunk.writer.begin(FACE_HASHES, false)?;
            chunk.writer.write(&payload)?;
            chunk.writer.end()?;
        }
        let info = chunk.writer.publish()?;
        let judged = Judged {
            package: chunk.view.package(),
            first_row: chunk.first_row,
            vault_path: chunk.path,
            vault_digest: info.digest,
            applications: chunk.applications,
            at: self.at,
        };
        let mut book = lock(self.book);
        book.append(&Entry::Judged(judged))?;
        for moved in chunk.moves {
            self.tally.stopped_later += u64::from(book.application(moved.ordinal)?.is_some_and(|a| a.in_pool()));
            book.append(&Entry::Moved(moved))?;
        }
        book.commit()
    }

    fn answer(&mut self, view: &PackageView) -> Result<(), Fault> {
        let mut book = lock(self.book);
        let Some(state) = book.package(view.package())? else { return Ok(()) };
        if state.judged < state.received.count || state.answer.is_some() {
            return Ok(());
        }
        let desk = Desk { plan: self.plan, book: &book, registers: self.judge.registers };
        let (mut answer, files) = answers::write_package(self.world, self.vault, &desk, &state)?;
        answer.finish()?;
        // With the next commit: if this is lost, the same answer is written again from the same ledger.
        book.append(&Entry::PackageAnswered(PackageAnswered { package: view.package(), files, at: self.at }))?;
        Ok(())
    }
}

/// The findings that hold every application of a package, as they stood when it was received.
#[must_use]
pub fn holds_applications(reason: &Reason) -> bool {
    matches!(reason.code, Code::Rpl03 | Code::Rpl05 | Code::Rpl06)
}
