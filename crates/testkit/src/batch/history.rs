//! The end of every order: packages whose fault lies in where they come from or in what came before them. Each outlet has its own
//! sequence, so these come from two outlets that send nothing else.

use std::io;

use card::Code;
use jiff::ToSpan as _;

use super::case::{Case, Fate};
use super::hostile::{Good, HOSTILE};
use super::making::{Frame, Making};
use super::pack::{Parts, archive, store_bytes};
use line::package::ArchiveKind;

/// Applications these packages add to an order.
pub const APPLICATIONS: u64 = 3 + 5 * EACH as u64;
const EACH: usize = 2;
/// Enough photos in a hostile package for "many differ".
const IN_HOSTILE: usize = 6;

fn trouble(making: &Making) -> usize {
    making.outlets.len() - 2
}

fn cases(making: &mut Making, outlet: usize, count: usize, fate: Fate, fault: &'static str) -> Vec<Case> {
    (0..count).map(|_| Case { fate, fault, ..making.conforming(outlet, None) }).collect()
}

/// A package of an outlet that has closed: everything in it waits.
pub fn closed_outlet(making: &mut Making) -> io::Result<()> {
    let outlet = making.outlets.len() - 1;
    let cases = cases(making, outlet, 3, Fate::held(Code::Rec21), "outlet-closed");
    let frame = making.frame(outlet, "outlet-closed");
    making.send(&frame, &cases)
}

/// One package of each hostile kind. Their applications are never read, so no register knows them.
pub fn hostile(making: &mut Making) -> io::Result<()> {
    let outlet = trouble(making);
    for kind in HOSTILE {
        let good = good(making, outlet)?;
        let name = format!("{}.{}", making.stem(&making.outlets[outlet].code.clone()), kind.extension);
        store_bytes(making.out, &name, &(kind.file)(good)?)?;
        making.expect_package(&name, "quarantined", Some(kind.code.text()), kind.name)?;
    }
    Ok(())
}

/// A good package of the troublesome outlet, as it would be its first.
fn good(making: &mut Making, outlet: usize) -> io::Result<Good> {
    let cases = cases(making, outlet, IN_HOSTILE, Fate::ACCEPTED, "none");
    let frame = making.frame(outlet, "none");
    let parts = making.parts(&frame, &cases, 1)?;
    let key = super::outlets::key_of(making.order.seed, &making.outlets[outlet].code);
    let other_key = super::outlets::key_of(making.order.seed, &making.outlets[0].code);
    Ok(Good { parts, key, other_key })
}

/// First package, replay, equivocation, rollback, too old, from the future, for another profile, empty, gap.
pub fn sequence(making: &mut Making) -> io::Result<()> {
    let outlet = trouble(making);
    let first = cases(making, outlet, EACH, Fate::ACCEPTED, "none");
    let frame = making.frame(outlet, "none");
    let bytes = sealed(making, &frame, &first, |_| {})?;
    making.send(&frame, &first)?;
    again(making, &bytes, "repeated", Code::Rpl01, "replay")?;
    let other = cases(making, outlet, EACH, Fate::ACCEPTED, "none");
    making.outlets[outlet].sequence = 0;
    let equivocal = sealed(making, &frame, &other, |_| {})?;
    again(making, &equivocal, "quarantined", Code::Rpl02, "equivocation")?;
    let rolled_back = sealed(making, &frame, &other, |p| p.spec.package_id.push('B'))?;
    again(making, &rolled_back, "quarantined", Code::Rpl04, "rollback")?;
    making.outlets[outlet].sequence = 1;
    dated(making, outlet, -45, Code::Rpl05, "package-old")?;
    dated(making, outlet, 3, Code::Rpl06, "package-from-the-future")?;
    other_profile(making, outlet)?;
    let frame = making.frame(outlet, "package-empty");
    making.send(&frame, &[])?;
    making.outlets[outlet].sequence += 5;
    let held = cases(making, outlet, EACH, Fate::held(Code::Rpl03), "sequence-gap");
    let frame = making.frame(outlet, "sequence-gap");
    making.send(&frame, &held)
}

/// A zip of the package that would come next, bent before it is signed.
fn sealed(making: &Making, frame: &Frame, cases: &[Case], bend: fn(&mut Parts)) -> io::Result<Vec<u8>> {
    let outlet = &making.outlets[frame.outlet];
    let mut parts = making.parts(frame, cases, outlet.sequence + 1)?;
    bend(&mut parts);
    archive(ArchiveKind::Zip, &parts.sealed(&outlet.key))
}

fn again(making: &mut Making, bytes: &[u8], outcome: &str, code: Code, fault: &str) -> io::Result<()> {
    let code_of_outlet = making.outlets[trouble(making)].code.clone();
    let name = format!("{}.zip", making.stem(&code_of_outlet));
    store_bytes(making.out, &name, bytes)?;
    making.expect_package(&name, outcome, Some(code.text()), fault)
}

/// A package for cards that are made elsewhere: received, and everything in it refused.
fn other_profile(making: &mut Making, outlet: usize) -> io::Result<()> {
    let fault = "profile-of-another-card";
    let refused = cases(making, outlet, EACH, Fate::rejected(Code::Rec22), fault);
    let frame = Frame { profile: "hubei-resident-2025", ..making.frame(outlet, fault) };
    making.send(&frame, &refused)
}

/// A package submitted so many days from today: received, but everything in it waits.
fn dated(making: &mut Making, outlet: usize, days: i32, code: Code, fault: &'static str) -> io::Result<()> {
    let held = cases(making, outlet, EACH, Fate::held(code), fault);
    let day = making.order.today.saturating_add(days.days());
    let frame = Frame { submitted_at: format!("{day}T10:00:00+08:00"), ..making.frame(outlet, fault) };
    making.send(&frame, &held)
}
