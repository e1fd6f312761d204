//! The parts of the report as HTML. Numbers come in, nothing is looked up here; everything from outside is escaped.

use std::fmt::Write as _;

use card::messages::{self, Said, count};
use card::{Code, Message, Outcome, OutletCode};
use jiff::civil::Date;
use ledger::book::state::BatchState;
use ledger::entry::PackageSetAside;

use super::charts::{self, Bar, Series, counted, described};
use super::finish::Finish;
use super::speed::{Throughput, Timed};
use super::tally::{OutletNight, Tally};
use crate::markup::escaped;

/// Outlets shown one by one; the others are one line.
const OUTLETS_MAX: usize = 40;
/// Packages set aside that are shown one by one.
const ASIDE_MAX: usize = 40;
/// Outlets named beside a reason.
const WORST_MAX: usize = 3;

const GREEN: &str = "#2f7d57";
const OCHRE: &str = "#c98a1b";
const RED: &str = "#b3423a";
const BLUE: &str = "#14487f";
/// Outcomes from left to right, and their colours.
const OUTCOMES: [(Outcome, &str); 3] = [(Outcome::Accepted, GREEN), (Outcome::Held, OCHRE), (Outcome::Rejected, RED)];

pub fn head(batch: &BatchState, day: Date) -> String {
    let [english, chinese] = Message::RunReport.said();
    let title = format!("{english} {chinese} · {}", batch.batch);
    let facts = [
        (Message::Batch, batch.batch.to_string()),
        (Message::Date, messages::said_day(day).join("  ")),
        (Message::Profile, batch.profile.clone()),
        (Message::Release, batch.release_id.to_string()[..16].to_owned()),
    ];
    let mut page = format!("<!doctype html>\n<html lang=en>\n<meta charset=utf-8>\n<title>{}</title>\n<style>{STYLE}</style>\n<main>", escaped(&title));
    let _ = write!(page, "<h1>{english}<span lang=zh-Hans>{chinese}</span></h1><dl>");
    for (label, value) in facts {
        let _ = write!(page, "<dt>{}<dd>{}", label.both(), escaped(&value));
    }
    page + "</dl>\n"
}

pub fn heading(message: Message) -> String {
    format!("<h2>{}</h2>\n", message.both())
}

fn two(said: &Said, class: &str) -> String {
    let [english, chinese] = said;
    format!("<p class='two {class}'><span>{}</span><span lang=zh-Hans>{}</span></p>\n", escaped(english), escaped(chinese))
}

/// What went into each stage and what came out.
pub fn balance(stages: &[(Message, u64, Said)], balanced: bool) -> String {
    let mut page = heading(Message::Balance);
    let (message, class) = if balanced { (Message::Balanced, "good") } else { (Message::Unbalanced, "bad") };
    page += &two(&message.said(), class);
    let _ = write!(page, "<table><tr><th>{}<th class=n>{}<th colspan=2>{}", Message::Stage.both(), Message::In.both(), Message::Out.both());
    for (stage, into, [english, chinese]) in stages {
        let _ = write!(page, "<tr><td>{}<td class=n>{}<td>{english}<td lang=zh-Hans>{chinese}", stage.both(), count(*into));
    }
    page + "</table>\n"
}

pub fn finish(finish: &Finish) -> String {
    let class = if finish.in_time() { "good" } else { "bad" };
    let fits = finish.fits().map_or_else(String::new, |said| two(&said, ""));
    heading(Message::Forecast) + &two(&finish.said(), class) + &fits
}

/// Packages that were not let in, each with its sender and what was wrong; nothing where all were.
pub fn set_aside(packages: &[PackageSetAside]) -> String {
    if packages.is_empty() {
        return String::new();
    }
    let mut page = heading(Message::PackagesAside) + &two(&Message::PackagesAsideMeans.said(), "");
    let _ = write!(page, "<table><tr><th>{}<th>{}<th colspan=2>{}", Message::Package.both(), Message::Outlet.both(), Message::Reason.both());
    for package in packages.iter().take(ASIDE_MAX) {
        let sender = package.outlet.as_ref().map_or_else(|| Message::UnknownSender.both(), ToString::to_string);
        let of = |pick: &dyn Fn(&card::Reason) -> String| package.reasons.iter().map(pick).collect::<Vec<_>>().join("<br>");
        let english = of(&|r| format!("<b>{}</b> {}", r.code.definition().text, escaped(r.code.definition().en)));
        let chinese = of(&|r| escaped(r.code.definition().zh).into_owned());
        let _ = write!(page, "<tr><td class=a>{}<td>{}<td>{english}<td lang=zh-Hans>{chinese}", escaped(&package.name), escaped(&sender));
    }
    let more = packages.len().saturating_sub(ASIDE_MAX) as u64;
    if more > 0 {
        let _ = write!(page, "<tr><td colspan=4>{}", escaped(&Message::OtherPackages.said_with(&[("count", &count(more))]).join(" ")));
    }
    page + "</table>\n"
}

/// A chart and a table of every outlet; the smaller ones together beyond [`OUTLETS_MAX`].
pub fn outlets(night: &Tally) -> String {
    let mut rows: Vec<(String, OutletNight)> = night.outlets.iter().map(|(code, o)| (code.to_string(), o.clone())).collect();
    rows.sort_by_key(|(code, o)| (std::cmp::Reverse(o.arrived()), code.clone()));
    if rows.len() > OUTLETS_MAX {
        let others = rows.split_off(OUTLETS_MAX);
        let name = Message::OtherOutlets.said_with(&[("count", &count(others.len() as u64))]).join(" ");
        rows.push((name, others.iter().fold(OutletNight::default(), |sum, (_, o)| added(sum, o))));
    }
    let bars: Vec<Bar> = rows.iter().map(|(code, o)| counted(code.clone(), &OUTCOMES.map(|(outcome, _)| o.outcomes[outcome as usize]))).collect();
    let [title, means] = [Message::ByOutlet, Message::ByOutletMeans].map(Message::both);
    let mut page = heading(Message::ByOutlet) + &charts::bars("outlets", &title, &format!("{means} {}", described(&bars)), &outcome_series(), &bars);
    let columns = [Message::Applications, Message::Accepted, Message::Held, Message::Rejected, Message::Made, Message::Void];
    let _ = write!(page, "<table><tr><th>{}", Message::Outlet.both());
    columns.iter().for_each(|c| page += &format!("<th class=n>{}", c.both()));
    for (code, o) in &rows {
        let [accepted, held, rejected] = OUTCOMES.map(|(outcome, _)| o.outcomes[outcome as usize]);
        let _ = write!(page, "<tr><td>{}", escaped(code));
        [o.arrived(), accepted, held, rejected, o.made, o.void].iter().for_each(|n| page += &format!("<td class=n>{}", count(*n)));
    }
    page + "</table>\n"
}

fn added(mut sum: OutletNight, more: &OutletNight) -> OutletNight {
    sum.outcomes.iter_mut().zip(more.outcomes).for_each(|(a, b)| *a += b);
    (sum.made, sum.void) = (sum.made + more.made, sum.void + more.void);
    sum
}

fn outcome_series() -> [Series; 3] {
    OUTCOMES.map(|(outcome, colour)| Series { name: messages::outcome(outcome).both(), colour })
}

/// Why applications were stopped tonight, most frequent first, each with the nights before.
pub fn reasons(nights: &[Tally]) -> String {
    let Some(night) = nights.last() else { return String::new() };
    let mut page = heading(Message::ByReason);
    if night.codes.is_empty() {
        return page + &two(&Message::NoRefusals.said(), "good");
    }
    page += &two(&Message::ByReasonMeans.said(), "");
    let [code, reason, trend, applications, outlets] =
        [Message::Code, Message::Reason, Message::Trend, Message::Applications, Message::WorstOutlets].map(Message::both);
    // A plant's first night has no trend to show.
    let trend = if nights.len() > 1 { format!("<th>{trend}") } else { String::new() };
    let _ = write!(page, "<table><tr><th>{code}<th colspan=2>{reason}<th>{outlets}{trend}<th class=n>{applications}");
    let mut codes: Vec<_> = night.codes.keys().map(|code| (night.stopped_by(*code), *code)).collect();
    codes.sort_by_key(|(n, code)| (std::cmp::Reverse(*n), *code));
    for (n, code) in codes {
        let d = code.definition();
        let _ = write!(page, "<tr><td class=w><b>{}</b><td>{}<td lang=zh-Hans>{}", d.text, escaped(d.en), escaped(d.zh));
        let _ = write!(page, "<td>{}{}<td class=n>{}", worst(&night.codes[&code]), trend_of(nights, code), count(n));
    }
    page + "</table>\n"
}

fn trend_of(nights: &[Tally], code: Code) -> String {
    let each: Vec<u64> = nights.iter().map(|night| night.stopped_by(code)).collect();
    let told = each.iter().map(u64::to_string).collect::<Vec<_>>().join(", ");
    if each.len() > 1 { format!("<td>{}", charts::spark(&told, &each, RED)) } else { String::new() }
}

fn worst(outlets: &std::collections::BTreeMap<OutletCode, u64>) -> String {
    let mut all: Vec<_> = outlets.iter().collect();
    all.sort_by_key(|(code, n)| (std::cmp::Reverse(**n), (*code).clone()));
    let named =
        all.iter().take(WORST_MAX).map(|(code, n)| format!("<span class=w>{} {}</span>", escaped(code.as_str()), count(**n))).collect::<Vec<_>>().join(", ");
    if all.len() > WORST_MAX { named + " …" } else { named }
}

/// The nights side by side; nothing on a plant's first night.
pub fn nights(nights: &[Tally]) -> String {
    if nights.len() < 2 {
        return String::new();
    }
    let columns: Vec<Bar> = nights.iter().map(|night| counted(night.batch.clone(), &OUTCOMES.map(|(outcome, _)| night.outcome(outcome)))).collect();
    let description = format!("{} {}", Message::NightsMeans.both(), described(&columns));
    heading(Message::Nights)
        + &two(&Message::NightsMeans.said(), "")
        + &charts::columns("nights", &Message::Nights.both(), &description, &outcome_series(), &columns)
}

/// Stages and the items that took longest.
pub fn speed(throughput: &Throughput) -> String {
    let mut page = heading(Message::Speed);
    if throughput.stages.is_empty() {
        return page + &two(&Message::NotMeasured.said(), "");
    }
    // Seconds, not items a second: the stage a night waits for has the longest bar.
    let bar = |(stage, items, seconds): &(Message, u64, f64)| Bar { label: stage.both(), values: vec![*seconds], end: pace(*items, *seconds) };
    let bars: Vec<Bar> = throughput.stages.iter().map(bar).collect();
    let series = [Series { name: Message::Seconds.both(), colour: BLUE }];
    let description = format!("{} {}", Message::SpeedMeans.both(), described(&bars));
    page += &two(&Message::SpeedMeans.said(), "");
    page += &charts::bars("speed", &Message::Speed.both(), &description, &series, &bars);
    let [stage, items, seconds, per_second] = [Message::Stage, Message::Items, Message::Seconds, Message::PerSecond].map(Message::both);
    let _ = write!(page, "<table><tr><th>{stage}<th class=n>{items}<th class=n>{seconds}<th class=n>{per_second}");
    for (stage, items, seconds) in &throughput.stages {
        let _ = write!(page, "<tr><td>{}<td class=n>{}<td class=n>{seconds:.2}<td class=n>{}", stage.both(), count(*items), pace(*items, *seconds));
    }
    page += "</table>\n";
    page + &slowest(throughput)
}

/// Items a second.
fn pace(items: u64, seconds: f64) -> String {
    let each = items as f64 / seconds.max(1e-9);
    if each < 10.0 { format!("{each:.1}") } else { count(each as u64) }
}

fn slowest(throughput: &Throughput) -> String {
    let row = |(what, seconds): (Timed, f64)| format!("<tr><td>{}<td class=n>{seconds:.2}", what.said().join(" "));
    let rows: String = throughput.slowest.iter().map(row).collect();
    if rows.is_empty() {
        return String::new();
    }
    format!("<h3>{}</h3><table><tr><th>{}<th class=n>{}{rows}</table>\n", Message::Slowest.both(), Message::Item.both(), Message::Seconds.both())
}

const STYLE: &str = "@page{size:A4;margin:15mm}*{box-sizing:border-box}\
body{font:14px/1.5 'Noto Sans','Noto Sans SC','Microsoft YaHei','PingFang SC',system-ui,sans-serif;margin:0;color:#1c2229;background:#fff}\
main{max-width:54rem;margin:2.5rem auto;padding:0 1.5rem}h1{font-size:1.7rem;line-height:1.3;color:#14487f;margin:0 0 .8rem;border-bottom:3px solid;padding-bottom:.5rem}\
h1 span{font-weight:400;margin-left:.8rem}h2{font-size:1.15rem;color:#14487f;margin:2.2rem 0 .6rem;break-after:avoid}h3{font-size:1rem;margin:1.2rem 0 .3rem}\
dl{display:grid;grid-template-columns:auto 1fr;gap:.1rem 1.2rem;margin:0}dt{color:#5c6670}dd{margin:0}\
table{border-collapse:collapse;width:100%;margin:.6rem 0}td,th{padding:.3rem .8rem .3rem 0;border-bottom:1px solid #d5dce3;text-align:left;vertical-align:top}\
th{color:#5c6670;font-weight:400}tr{break-inside:avoid}.n{text-align:right;padding-right:0;padding-left:.8rem;font-variant-numeric:tabular-nums}\
.n+td:not(.n),.n+th:not(.n){padding-left:1.6rem}.w{white-space:nowrap}.a{overflow-wrap:anywhere}\
.two{display:grid;grid-template-columns:1fr 1fr;gap:0 1.4rem;margin:.3rem 0}.good{color:#22613f;font-weight:600}.bad{color:#b3261e;font-weight:700}\
svg{display:block;width:100%;height:auto;margin:.6rem 0;break-inside:avoid;font-size:12px;fill:#1c2229}svg .small{font-size:10px;fill:#5c6670}svg.spark{width:auto;height:20px;margin:.2rem 0}\
.proofs{display:grid;grid-template-columns:repeat(4,1fr);gap:.5rem}.proofs img{width:100%;border:1px solid #c9ced4;border-radius:5px}\
@media print{main{margin:0;padding:0;max-width:none}body{font-size:11px}svg rect{print-color-adjust:exact;-webkit-print-color-adjust:exact}}";

#[cfg(test)]
mod tests {
    use super::*;

    fn night(batch: &str, stopped: u64) -> Tally {
        let mut night = Tally { batch: batch.into(), outcomes: [5, 1, stopped], ..Tally::default() };
        let outlet = OutletCode::parse("WH-01").unwrap();
        night.outlets.insert(outlet.clone(), OutletNight { outcomes: [5, 1, stopped], made: 4, void: 1 });
        night.codes.entry(Code::Pho13).or_default().insert(outlet, stopped);
        night
    }

    #[test]
    fn a_reason_is_shown_with_the_nights_before_it() {
        let page = reasons(&[night("B1", 2), night("B2", 0), night("B3", 7)]);
        assert!(page.contains("<title>2, 0, 7</title>") && page.contains("WH-01 7</span>") && page.contains("PHO-13"), "{page}");
        assert!(nights(&[night("B1", 2)]).is_empty(), "one night alone has no trend");
        assert!(nights(&[night("B1", 2), night("B2", 3)]).contains("B1: 8; B2: 9"));
    }

    #[test]
    fn many_outlets_are_summed_up_and_none_is_lost() {
        let mut many = Tally::default();
        for n in 0..60_u64 {
            many.outlets.insert(OutletCode::parse(&format!("O-{n:02}")).unwrap(), OutletNight { outcomes: [n, 0, 0], made: n, void: 0 });
        }
        let page = outlets(&many);
        assert!(page.contains("20 other outlets") && page.contains("O-59") && !page.contains(">O-05<"), "{page}");
        // 0 + 1 + … + 19 of the smallest.
        assert!(page.contains("<td class=n>190"));
    }

    #[test]
    fn a_package_set_aside_is_named_with_its_sender_and_reason() {
        let package = |n: usize| PackageSetAside {
            name: format!("<b>{n}.zip"),
            outlet: (n > 0).then(|| OutletCode::parse("WH-01").unwrap()),
            package_id: None,
            quarantine_path: format!("quarantine/{n:06}"),
            reasons: vec![card::Reason::new(Code::Pkg19, "unknown kind", "folder .zip")],
            at: 0,
        };
        assert!(set_aside(&[]).is_empty());
        let packages: Vec<_> = (0..45).map(package).collect();
        let page = set_aside(&packages);
        assert!(page.contains("&lt;b&gt;0.zip") && page.contains("<td>unknown 不明<td>") && page.contains("<td>WH-01<td><b>PKG-19</b>"), "{page}");
        assert!(page.contains("5 more") && !page.contains("44.zip"), "{page}");
    }

    #[test]
    fn a_run_that_only_dispatched_has_no_speed() {
        assert!(speed(&Throughput::default()).contains(&Message::NotMeasured.both()[..12]));
        assert!(balance(&[], false).contains("NOT BALANCED") && !balance(&[], true).contains("NOT BALANCED"));
    }
}
