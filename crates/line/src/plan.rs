//! What one run is to do and with what: the world it runs in, and the plan made of configuration, profile and flags.
//! Reading either from files and flags is the door's business (`cardline`).

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use card::{Digest, Keyed, Profile};
use jiff::civil::Date;
use ledger::disk::Disk;
use ledger::entry::Millis;

use crate::package::PackageLimits;
use crate::ports::{Apart, Auditor, Clock, Entropy, Inbox, KeyWrap, Progress, RegisterShelf, Signer};

/// Everything outside the process that the line may touch.
pub struct World {
    pub disk: Arc<dyn Disk>,
    pub inbox: Box<dyn Inbox>,
    pub shelf: Box<dyn RegisterShelf>,
    pub clock: Box<dyn Clock>,
    pub signer: Box<dyn Signer>,
    /// The plant's key over the packages' keys.
    pub vault_key: Arc<dyn KeyWrap>,
    pub entropy: Arc<dyn Entropy>,
    /// Asked before a person's signature under a release is taken.
    pub auditor: Box<dyn Auditor>,
    /// Asked about photos that several runs may have died of.
    pub apart: Box<dyn Apart>,
    /// Looks for faces in photos.
    pub networks: Arc<dyn photo::nets::Networks>,
    /// Derives the keys written to cards; `None` where cards are made without.
    pub card_keys: Option<Arc<dyn chip::keys::CardKeys>>,
    /// Signs permits; asked only where the profile wants it.
    pub permit_signer: Option<Arc<dyn chip::permit::PermitSigner>>,
    pub progress: Box<dyn Progress>,
    /// Raised by Ctrl-C or SIGTERM: finish the chunk, write it down, stop.
    pub stop: Arc<AtomicBool>,
    /// Called when much has just become free, after a room and after a job: the process may give memory back to the machine.
    pub give_back: fn(),
    /// Key of every digest that says something about a person.
    pub pepper: Pepper,
}

impl World {
    #[must_use]
    pub fn stopping(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }
}

/// The plant's secret for keyed digests. No `Debug`, never written anywhere but its own file.
#[derive(Clone)]
pub struct Pepper(pub [u8; 32]);

impl Pepper {
    #[must_use]
    pub fn keyed(&self, domain: &str, parts: &[&[u8]]) -> Keyed {
        Keyed::of(&self.0, domain, parts)
    }
}

/// What happens between seal and dispatch.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ReleaseMode {
    Automatic,
    TwoPerson,
}

/// The settled choices of one run.
#[derive(Clone)]
pub struct Plan {
    pub profile: Profile,
    /// Digest over program version, configuration, profile and fonts.
    pub release_id: Digest,
    pub threads: usize,
    /// Applications in flight between reader and writer: what bounds memory.
    pub permits: usize,
    pub cards_per_job: u32,
    pub unsigned_packages_allowed: bool,
    pub package_limits: PackageLimits,
    pub incomplete_package_alert_seconds: u64,
    pub release: ReleaseMode,
    /// Offset of the centre's civil time from UTC, in minutes (China: 480).
    pub utc_offset_minutes: i32,
    pub sender: Sender,
    /// Cards pictured in the report.
    pub proof_cards: usize,
    /// By when a night must be over, in minutes after midnight by the centre's clock: told in the report.
    pub finish_by_minutes: u32,
}

/// Who stands on labels and letters as the sender.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Sender {
    pub name: String,
    pub name_zh: String,
    pub address: String,
    pub phone: String,
    /// Mailing fee in yuan cents charged to the applicant, 0 if none (S4: local policy).
    pub mail_fee_cents: u32,
}

impl Plan {
    /// The centre's civil date at a UTC time.
    #[must_use]
    pub fn day(&self, at: Millis) -> Date {
        civil_day(at, self.utc_offset_minutes)
    }
}

/// The civil date at a UTC time, `offset_minutes` east of Greenwich; times beyond the calendar give its nearest end.
#[must_use]
pub fn civil_day(at: Millis, offset_minutes: i32) -> Date {
    let local = at.saturating_add(i64::from(offset_minutes) * 60_000);
    let days = local.div_euclid(86_400_000);
    let epoch = jiff::civil::date(1970, 1, 1);
    let ends = if days < 0 { Date::MIN } else { Date::MAX };
    i32::try_from(days).ok().and_then(|d| epoch.checked_add(jiff::Span::new().days(d.clamp(-3_000_000, 3_000_000))).ok()).unwrap_or(ends)
}

/// RFC 3339 in UTC, whole seconds.
#[must_use]
pub fn rfc3339(at: Millis) -> String {
    jiff::Timestamp::from_millisecond(at).map_or_else(|_| "0000-00-00T00:00:00Z".to_owned(), |t| t.strftime("%Y-%m-%dT%H:%M:%SZ").to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_centres_day_begins_eight_hours_before_utcs() {
        // 2026-11-22T16:30Z is already the 23rd in Wuhan.
        let at = 1_795_365_000_000;
        assert_eq!(rfc3339(at), "2026-11-22T16:30:00Z");
        assert_eq!(civil_day(at, 0).to_string(), "2026-11-22");
        assert_eq!(civil_day(at, 480).to_string(), "2026-11-23");
        assert_eq!(civil_day(-1, 0).to_string(), "1969-12-31");
        assert_eq!(civil_day(i64::MAX, 0), Date::MAX);
    }
}
