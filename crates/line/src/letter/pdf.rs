//! The letter as pages: what `artwork::Letter` is told. How it looks is artwork's business.

use artwork::{Block, Figure, Finding, Letter, Photo};
use card::messages;
use card::profile::face::Colour;
use card::reason::AnswerLane;
use card::{Message, Reason};

use super::case::{self, Case};
use super::draft::{Draft, Part};

const INK: Colour = Colour(0x1c, 0x22, 0x29);
const BLUE: Colour = Colour(0x14, 0x48, 0x7f);
const GREEN: Colour = Colour(0x2a, 0x6b, 0x4a);
const OCHRE: Colour = Colour(0x8a, 0x5a, 0x0b);
const RED: Colour = Colour(0xa3, 0x32, 0x2b);

pub fn letter(draft: &Draft) -> Letter {
    let sender = draft.sender;
    let phone = format!("{} {}", Message::Telephone.both(), sender.phone);
    let figure = |(number, label): (u64, Message)| Figure { number: messages::count(number), label: label.both(), colour: colour_of(label) };
    Letter {
        sender: [sender.name.clone(), sender.name_zh.clone()],
        sender_lines: vec![sender.address.clone(), phone],
        addressee: draft.addressee(),
        particulars: draft.particulars(),
        title: draft.title().said(),
        figures: draft.figures().into_iter().map(figure).collect(),
        blocks: blocks(draft),
        footer: format!("{} · {} · {}", draft.title().both(), draft.outlet[0], draft.reference()),
    }
}

fn blocks(draft: &Draft) -> Vec<Block> {
    let mut blocks = vec![Block::Paragraph(draft.intro())];
    if !draft.notes.is_empty() {
        blocks.push(Block::Heading { text: Message::AboutThePackage.said(), number: String::new(), colour: INK });
        blocks.extend(draft.notes.iter().map(note));
    }
    if draft.by_code.is_empty() && !draft.is_set_aside() {
        blocks.push(Block::Paragraph(Message::NothingToDo.said()));
    } else if !draft.is_set_aside() {
        blocks.push(Block::Heading { text: Message::InBrief.said(), number: String::new(), colour: INK });
        blocks.extend(draft.by_code.iter().map(|(code, applications)| {
            let d = code.definition();
            Block::Line { lead: d.text.to_owned(), text: [d.en.to_owned(), d.zh.to_owned()], number: messages::count(*applications) }
        }));
    }
    for part in draft.parts.iter().filter(|part| part.total > 0) {
        lane(&mut blocks, draft, part);
    }
    blocks.extend(draft.remarks().into_iter().map(Block::Note));
    blocks
}

fn lane(blocks: &mut Vec<Block>, draft: &Draft, part: &Part) {
    let [name, means] = messages::lane(part.lane);
    if !draft.is_set_aside() {
        blocks.push(Block::Heading { text: name.said(), number: messages::count(part.total), colour: lane_colour(part.lane) });
        blocks.push(Block::Paragraph(means.said()));
    }
    blocks.extend(part.cases.iter().map(|case| Block::Case(shown(case))));
    blocks.extend(draft.more(part).map(Block::Note));
}

fn shown(case: &Case) -> artwork::Case {
    let outcome = messages::outcome(case.outcome);
    artwork::Case {
        title: case.application_id.clone(),
        place: case.place.clone(),
        outcome: outcome.both(),
        colour: colour_of(outcome),
        name: case.name.clone(),
        picture: case.picture.as_ref().and_then(|jpeg| Photo::new(jpeg.clone()).ok()),
        findings: case.reasons.iter().map(finding).collect(),
        by: case.by.clone(),
        continued: Message::Continued.both(),
    }
}

fn finding(reason: &Reason) -> Finding {
    let d = reason.code.definition();
    Finding {
        code: d.text.to_owned(),
        what: [d.en, d.zh].map(str::to_owned),
        measured: case::measured(reason),
        todo: [d.todo_en, d.todo_zh].map(|todo| format!("→ {todo}")),
    }
}

fn note(reason: &Reason) -> Block {
    let d = reason.code.definition();
    let said = |what: &str, todo: &str| format!("{what} {} {todo}", case::measured(reason));
    Block::Line { lead: d.text.to_owned(), text: [said(d.en, d.todo_en), said(d.zh, d.todo_zh)], number: String::new() }
}

pub fn lane_colour(lane: AnswerLane) -> Colour {
    match lane {
        AnswerLane::FixAtOutlet => RED,
        AnswerLane::WeWillRetry => OCHRE,
        AnswerLane::OurSide => BLUE,
    }
}

pub fn colour_of(message: Message) -> Colour {
    match message {
        Message::Accepted | Message::Produced => GREEN,
        Message::Held => OCHRE,
        Message::Rejected => RED,
        _ => BLUE,
    }
}
