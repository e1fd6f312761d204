//! The letter as one self-contained HTML page: no scripts, nothing fetched, prints on A4. Every text is escaped. Each case carries its row and codes as
//! attributes, which `verify` holds against the ledger (docs/formats/batch.md).

use std::io::{self, Write};

use base64::Engine as _;
use card::messages::{self, Said};
use card::profile::face::Colour;
use card::{Language, Message, Reason};

use super::case::{self, Case};
use super::draft::{Draft, Part};
use super::pdf::{colour_of, lane_colour};
use crate::markup::escaped;

/// Writes the page, case by case.
pub fn write(out: &mut dyn Write, draft: &Draft) -> io::Result<()> {
    head(out, draft)?;
    spans(out, "p", "two", &draft.intro())?;
    notes(out, &draft.notes)?;
    brief(out, draft)?;
    for part in draft.parts.iter().filter(|part| part.total > 0) {
        lane(out, draft, part)?;
    }
    out.write_all(b"<footer>\n")?;
    for remark in draft.remarks() {
        spans(out, "p", "two", &remark)?;
    }
    out.write_all(b"</footer>\n</main>\n</html>\n")
}

fn head(out: &mut dyn Write, draft: &Draft) -> io::Result<()> {
    let (sender, title) = (draft.sender, draft.title());
    let whole = format!("{} · {} · {}", title.both(), draft.outlet[0], draft.reference());
    writeln!(out, "<!doctype html>\n<html lang=en>\n<meta charset=utf-8>\n<meta name=viewport content='width=device-width'>")?;
    writeln!(out, "<title>{}</title>\n<style>{STYLE}</style>\n<main>", escaped(&whole))?;
    writeln!(out, "<header><div><b lang=zh-Hans>{}</b><span>{}</span></div>", escaped(&sender.name_zh), escaped(&sender.name))?;
    writeln!(out, "<address>{}<br>{} {}</address></header>", escaped(&sender.address), Message::Telephone.both(), escaped(&sender.phone))?;
    let addressee: Vec<String> = draft.addressee().iter().map(|line| escaped(line).into_owned()).collect();
    write!(out, "<div class=subject><p>{}</p><dl>", addressee.join("<br>"))?;
    for (label, value) in draft.particulars() {
        write!(out, "<dt>{}<dd>{}", escaped(&label), escaped(&value))?;
    }
    let [english, chinese] = title.said();
    writeln!(out, "</dl></div>\n<h1>{english}<span lang=zh-Hans>{chinese}</span></h1>\n<div class=figures>")?;
    for (number, label) in draft.figures() {
        writeln!(out, "<div style='border-color:{0}'><b style='color:{0}'>{1}</b>{2}</div>", css(colour_of(label)), messages::count(number), label.both())?;
    }
    out.write_all(b"</div>\n")
}

fn notes(out: &mut dyn Write, notes: &[Reason]) -> io::Result<()> {
    if notes.is_empty() {
        return Ok(());
    }
    writeln!(out, "<h2>{}</h2>", Message::AboutThePackage.both())?;
    notes.iter().try_for_each(|reason| finding(out, reason))
}

/// What was wrong how often, with everything that isn't shown below.
fn brief(out: &mut dyn Write, draft: &Draft) -> io::Result<()> {
    if draft.is_set_aside() {
        return Ok(());
    }
    if draft.by_code.is_empty() {
        return spans(out, "p", "two", &Message::NothingToDo.said());
    }
    let [code, reason, applications] = [Message::Code, Message::Reason, Message::Applications].map(Message::both);
    writeln!(out, "<h2>{}</h2>\n<table><tr><th>{code}<th colspan=2>{reason}<th class=n>{applications}", Message::InBrief.both())?;
    for (code, applications) in &draft.by_code {
        let d = code.definition();
        writeln!(out, "<tr><td><b>{}</b><td>{}<td lang=zh-Hans>{}<td class=n>{}", d.text, escaped(d.en), escaped(d.zh), messages::count(*applications))?;
    }
    out.write_all(b"</table>\n")
}

fn lane(out: &mut dyn Write, draft: &Draft, part: &Part) -> io::Result<()> {
    let [name, means] = messages::lane(part.lane);
    let colour = css(lane_colour(part.lane));
    // Of a whole package, the letter's first sentence says what it means.
    if !draft.is_set_aside() {
        writeln!(out, "<h2 style='color:{colour};border-left:5px solid'>{}<span class=n>{}</span></h2>", name.both(), messages::count(part.total))?;
        spans(out, "p", "two", &means.said())?;
    }
    part.cases.iter().try_for_each(|shown| article(out, shown))?;
    draft.more(part).map_or(Ok(()), |more| spans(out, "p", "two more", &more))
}

fn article(out: &mut dyn Write, shown: &Case) -> io::Result<()> {
    let codes: Vec<&str> = shown.reasons.iter().map(|r| r.code.text()).collect();
    let outcome = messages::outcome(shown.outcome);
    writeln!(out, "<article data-package=\"{}\" data-row=\"{}\" data-codes=\"{}\">", escaped(&shown.package_id), shown.row, codes.join(" "))?;
    write!(out, "<h3>{} <small>{}</small>", escaped(&shown.application_id), escaped(&shown.place))?;
    writeln!(out, "<b class=outcome style='color:{}'>{}</b></h3>", css(colour_of(outcome)), outcome.both())?;
    if !shown.name.is_empty() {
        writeln!(out, "<p class=name>{}</p>", escaped(&shown.name))?;
    }
    if let Some(jpeg) = &shown.picture {
        let alt = Message::MarkedPhoto.said_with(&[("row", &shown.row.to_string())]).join(" ");
        writeln!(out, "<img alt='{alt}' src='data:image/jpeg;base64,{}'>", base64::engine::general_purpose::STANDARD.encode(jpeg))?;
    }
    out.write_all(b"<div>\n")?;
    shown.reasons.iter().try_for_each(|reason| finding(out, reason))?;
    spans(out, "p", "two by", &shown.by)?;
    out.write_all(b"</div></article>\n")
}

fn finding(out: &mut dyn Write, reason: &Reason) -> io::Result<()> {
    let d = reason.code.definition();
    write!(out, "<section><b class=code>{}</b><div>", d.text)?;
    spans(out, "p", "two", &[d.en, d.zh].map(str::to_owned))?;
    write!(out, "<p class=measured>{}</p>", escaped(&case::measured(reason)))?;
    spans(out, "p", "two todo", &[d.todo_en, d.todo_zh].map(str::to_owned))?;
    out.write_all(b"</div></section>\n")
}

/// Both languages side by side.
fn spans(out: &mut dyn Write, tag: &str, class: &str, said: &Said) -> io::Result<()> {
    write!(out, "<{tag} class='{class}'>")?;
    for (language, text) in Language::BOTH.iter().zip(said) {
        write!(out, "<span lang={}>{}</span>", language.tag(), escaped(text))?;
    }
    writeln!(out, "</{tag}>")
}

fn css(Colour(r, g, b): Colour) -> String {
    format!("#{r:02x}{g:02x}{b:02x}")
}

const STYLE: &str = "@page{size:A4;margin:16mm 18mm}*{box-sizing:border-box}\
body{font:15px/1.5 'Noto Sans','Noto Sans SC','Microsoft YaHei','PingFang SC',system-ui,sans-serif;color:#1c2229;margin:0;background:#fff}\
main{max-width:52rem;margin:2.5rem auto;padding:0 1.5rem}\
header{display:flex;justify-content:space-between;gap:2rem;border-bottom:3px solid #14487f;padding-bottom:.6rem;color:#14487f}\
header b{display:block;font-size:1.4rem;line-height:1.3}address{font-style:normal;font-size:.82rem;color:#5c6670;text-align:right}\
.subject{display:flex;justify-content:space-between;gap:2rem;margin:1.6rem 0}.subject p{margin:0}\
dl{display:grid;grid-template-columns:auto auto;gap:.1rem 1rem;margin:0}dt{color:#5c6670}dd{margin:0}\
h1{font-size:1.5rem;line-height:1.3;color:#14487f;margin:1.2rem 0}h1 span{display:block;font-weight:400;font-size:1.25rem}\
.figures{display:flex;gap:.8rem;margin-bottom:1.4rem}.figures div{flex:1;background:#f2f5f9;border-left:4px solid;padding:.5rem .8rem;font-size:.85rem;color:#5c6670}\
.figures b{display:block;font-size:1.7rem;line-height:1.2;font-variant-numeric:tabular-nums}\
.two{display:grid;grid-template-columns:1fr 1fr;gap:0 1.4rem;margin:.2rem 0}\
h2{font-size:1.1rem;margin:1.8rem 0 .6rem;break-after:avoid}h2[style]{padding-left:.7rem}.n{text-align:right;font-variant-numeric:tabular-nums}h2 .n{float:right}\
table{border-collapse:collapse;width:100%}td,th{text-align:left;vertical-align:top;padding:.3rem .8rem .3rem 0;border-bottom:1px solid #c9d2dc}th{color:#5c6670;font-weight:400}th.n,td.n{text-align:right;padding-right:0}\
article{display:grid;grid-template-columns:auto 1fr;gap:0 1.2rem;border-top:1px solid #c9d2dc;padding:.7rem 0 .9rem;break-inside:avoid}\
h3,.name{grid-column:1/3;margin:0;font-size:1rem}h3 small{font-weight:400;font-size:.92em;color:#5c6670;margin-left:.5rem}.outcome{float:right}\
article img{width:8rem;align-self:start;margin-top:.4rem}article>div{grid-column:2}article>div:nth-child(2),.name+div{grid-column:1/3}\
section{display:grid;grid-template-columns:4.2rem 1fr;margin:.4rem 0}.code{color:#14487f}.measured{margin:.1rem 0;font-size:.85rem;color:#5c6670}\
.todo span::before{content:'→ '}.by{font-weight:600;color:#14487f;margin-left:4.2rem}.more{color:#5c6670}\
footer{border-top:1px solid #c9d2dc;margin-top:2rem;padding-top:.6rem;font-size:.82rem;color:#5c6670}\
@media print{main{margin:0;padding:0;max-width:none}body{font-size:12px}.figures div{-webkit-print-color-adjust:exact;print-color-adjust:exact}}";

#[cfg(test)]
mod tests {
    use super::*;
    use card::Code;

    #[test]
    fn what_an_outlet_wrote_can_not_become_markup() {
        let evil = "<script>\"' data-row=\"9\"";
        let shown = Case {
            application_id: evil.into(),
            package_id: "P".into(),
            row: 3,
            place: evil.into(),
            outcome: card::Outcome::Rejected,
            name: format!("{evil}\u{202e}"),
            picture: None,
            reasons: vec![Reason::new(Code::Rec02, evil, evil)],
            by: Message::FixBy.said(),
        };
        let mut bytes = Vec::new();
        article(&mut bytes, &shown).unwrap();
        let text = String::from_utf8(bytes).unwrap();
        assert!(!text.contains("<script") && !text.contains('\u{202e}'), "{text}");
        assert_eq!(text.matches("data-row=\"").count(), 1);
        assert!(text.contains("data-codes=\"REC-02\"") && text.contains("U+202E"));
    }
}
