//! Whether a printer is ready for a job, by what it says of itself: it takes PDF, turns cards, and the cards in it have the job's size.
//! Asks nothing; the answer is an order for the job, or a refusal that names what is wanted and what is there.

use card::profile::face::FaceLayout;
use card::{Code, Profile};
use ledger::fault::Fault;

use crate::ports::{Media, PrintOrder, PrinterState};

/// Printers round: 54 × 86 mm is a card of 53.98 × 85.60.
pub const MEDIA_TOLERANCE_HUNDREDTHS_MM: i32 = 50;
/// Sizes a message names.
const MEDIA_SHOWN_MAX: usize = 8;

/// The order for a job, called `name` at the printer.
///
/// # Errors
/// PRN-04, PRN-05.
pub fn order(profile: &Profile, state: &PrinterState, sides: &str, name: String, who: &str) -> Result<PrintOrder, Fault> {
    let not_ready = |why: &str| {
        let reasons = if state.reasons.is_empty() { String::new() } else { format!(" ({})", state.reasons.join(", ")) };
        Err(Fault::refused(Code::Prn04, format!("{why}{reasons}")))
    };
    if !state.accepting {
        return not_ready("the printer is not accepting jobs");
    }
    if state.stopped {
        return not_ready("the printer has stopped");
    }
    if !state.prints_jobs {
        return not_ready("it can't print a job and tell how it stands");
    }
    if !state.takes_pdf {
        return not_ready("it doesn't take application/pdf");
    }
    if !state.sides.iter().any(|s| s == sides) {
        return not_ready(&format!("it doesn't print {sides}, it prints {}", state.sides.join(", ")));
    }
    let unscaled = !state.scalings.is_empty();
    if unscaled && !state.scalings.iter().any(|s| s == "none") {
        return not_ready("it can't print without scaling");
    }
    Ok(PrintOrder { name, who: who.to_owned(), media: media(&profile.face, state)?, sides: sides.to_owned(), unscaled })
}

/// The media in the printer that the job's pages fit: as large as they are, or as the card, which bleed goes over.
fn media(face: &FaceLayout, state: &PrinterState) -> Result<Media, Fault> {
    let wanted = sizes(face);
    let fits = |found: &[Media]| wanted.iter().find_map(|size| found.iter().find(|m| is_like(m, *size)).cloned());
    let refused = |what: &str, found: &[Media]| {
        let wanted: Vec<String> = wanted.iter().map(|(x, y)| shown_size(*x, *y)).collect();
        Fault::refused(Code::Prn05, format!("wanted: {}; {what}: {}", wanted.join(" or "), shown(found)))
    };
    match &state.media_ready {
        Some(ready) => fits(ready).ok_or_else(|| refused("loaded", ready)),
        None => fits(&state.media).ok_or_else(|| refused("the printer takes", &state.media)),
    }
}

/// A page with its bleed, then the card.
fn sizes(face: &FaceLayout) -> Vec<(i32, i32)> {
    let hundredths = |mm: f64| (mm * 100.0).round() as i32;
    let page = |bleed_mm: f64| (hundredths(face.width_mm + 2.0 * bleed_mm), hundredths(face.height_mm + 2.0 * bleed_mm));
    let mut sizes = vec![page(face.bleed_mm), page(0.0)];
    sizes.dedup();
    sizes
}

/// Of this size, lying or standing.
fn is_like(media: &Media, (x, y): (i32, i32)) -> bool {
    let near = |a: i32, b: i32| a.abs_diff(b) <= MEDIA_TOLERANCE_HUNDREDTHS_MM as u32;
    let (mx, my) = (media.x_hundredths_mm, media.y_hundredths_mm);
    (near(mx, x) && near(my, y)) || (near(mx, y) && near(my, x))
}

fn shown_size(x: i32, y: i32) -> String {
    let mm = |hundredths: i32| format!("{}.{:02}", hundredths / 100, (hundredths % 100).abs());
    format!("{} × {} mm", mm(x.min(y)), mm(x.max(y)))
}

fn shown(media: &[Media]) -> String {
    let one = |m: &Media| format!("{} ({})", m.name, shown_size(m.x_hundredths_mm, m.y_hundredths_mm));
    let mut list: Vec<String> = media.iter().take(MEDIA_SHOWN_MAX).map(one).collect();
    match media.len().saturating_sub(MEDIA_SHOWN_MAX) {
        _ if list.is_empty() => "nothing".to_owned(),
        0 => list.join(", "),
        more => {
            list.push(format!("{more} more"));
            list.join(", ")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn profile(bleed_mm: f64) -> Profile {
        let mut profile = Profile::built_in("hubei-foreigner-2025", jiff::civil::date(2026, 11, 22)).unwrap_or_else(|e| panic!("{e}"));
        (profile.face.width_mm, profile.face.height_mm, profile.face.bleed_mm) = (85.6, 53.98, bleed_mm);
        profile
    }

    fn media(name: &str, x_hundredths_mm: i32, y_hundredths_mm: i32) -> Media {
        Media { name: name.to_owned(), x_hundredths_mm, y_hundredths_mm }
    }

    fn ready() -> PrinterState {
        PrinterState {
            accepting: true,
            takes_pdf: true,
            prints_jobs: true,
            sides: vec!["one-sided".into(), "two-sided-long-edge".into()],
            media_ready: Some(vec![media("a4", 21_000, 29_700), media("id-1", 5398, 8560)]),
            ..PrinterState::default()
        }
    }

    fn ordered(bleed_mm: f64, change: impl FnOnce(&mut PrinterState)) -> Result<PrintOrder, String> {
        let mut state = ready();
        change(&mut state);
        order(&profile(bleed_mm), &state, "two-sided-long-edge", "B/1 token 1".into(), "wu").map_err(|fault| fault.to_string())
    }

    #[test]
    fn a_printer_that_is_ready_gets_an_order_for_the_cards_in_it() {
        let order = ordered(0.0, |_| ()).unwrap();
        assert_eq!((order.media.name.as_str(), order.sides.as_str(), order.unscaled), ("id-1", "two-sided-long-edge", false));
        assert!(ordered(0.0, |s| s.scalings = vec!["fit".into(), "none".into()]).unwrap().unscaled);
        let silent = ordered(0.0, |s| (s.media_ready, s.media) = (None, vec![media("card", 8560, 5398)])).unwrap();
        assert_eq!(silent.media.name, "card", "a printer that doesn't say what is loaded is asked for what it takes");
    }

    #[test]
    fn a_page_with_bleed_goes_on_media_of_its_size_first_and_on_a_card_else() {
        assert_eq!(ordered(1.0, |_| ()).unwrap().media.name, "id-1");
        let both = vec![media("id-1", 5398, 8560), media("over", 5598, 8760)];
        assert_eq!(ordered(1.0, |s| s.media_ready = Some(both.clone())).unwrap().media.name, "over");
        assert_eq!(ordered(0.0, |s| s.media_ready = Some(both)).unwrap().media.name, "id-1");
    }

    #[test]
    fn media_of_another_size_is_refused_by_the_half_millimetre() {
        let with = |x, y| ordered(0.0, |s| s.media_ready = Some(vec![media("m", x, y)]));
        assert!(with(5400, 8600).is_ok() && with(8610, 5398).is_ok() && with(5348, 8560).is_ok());
        for (x, y) in [(5347, 8560), (8611, 5398), (5449, 8560), (0, 0), (-5398, -8560), (i32::MIN, i32::MAX)] {
            assert!(with(x, y).unwrap_err().starts_with("PRN-05"), "{x} {y}");
        }
        let refused = ordered(1.0, |s| s.media_ready = Some(vec![media("iso_a4", 21_000, 29_700)])).unwrap_err();
        assert_eq!(refused, "PRN-05 wanted: 55.98 × 87.60 mm or 53.98 × 85.60 mm; loaded: iso_a4 (210.00 × 297.00 mm)");
        let empty = ordered(0.0, |s| s.media_ready = Some(Vec::new())).unwrap_err();
        assert!(empty.ends_with("loaded: nothing"), "{empty}");
        let many = ordered(0.0, |s| s.media_ready = Some(vec![media("m", 1, 1); 20])).unwrap_err();
        assert!(many.ends_with("12 more"), "{many}");
    }

    #[test]
    fn a_printer_that_is_not_ready_is_told_with_its_own_reasons() {
        let found = ordered(0.0, |s| (s.accepting, s.reasons) = (false, vec!["cover-open".into()])).unwrap_err();
        assert_eq!(found, "PRN-04 the printer is not accepting jobs (cover-open)");
        let changes: [fn(&mut PrinterState); 5] = [
            |s| s.stopped = true,
            |s| s.takes_pdf = false,
            |s| s.prints_jobs = false,
            |s| s.sides = vec!["one-sided".into()],
            |s| s.scalings = vec!["fill".into()],
        ];
        for change in changes {
            assert!(ordered(0.0, change).unwrap_err().starts_with("PRN-04"));
        }
    }
}
