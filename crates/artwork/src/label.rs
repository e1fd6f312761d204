//! The mail label, 100 × 150 mm: sender, recipient, postcode boxes, and two Code 128: the order, which the courier scans, and the card,
//! which whoever puts it into the envelope compares.

use card::profile::face::{BoxMm, Colour, Weight};
use card::{Language, Message};

use crate::fit::{ASCENT_EM, LEADING_EM, Sizes, block_em, fit};
use crate::fonts::fonts;
use crate::page::{Item, MM_PER_PT, Page, Text};
use crate::table::{gate_text, wrapped};
use crate::{Fault, codes};

const SIZE_MM: [f64; 2] = [100.0, 150.0];
const LEFT_MM: f64 = 6.0;
const WIDTH_MM: f64 = 88.0;
const INK: Colour = Colour(0, 0, 0);
const GREY: Colour = Colour(0x50, 0x50, 0x50);
/// Boxes of a Chinese postcode (GB/T 1416).
const POSTCODE_DIGITS: usize = 6;
const LINES_MAX: usize = 8;
const SIZE_MIN_PT: f64 = 6.0;

/// A part of the label that takes text over the full width, at most `max_pt` large.
struct Strip {
    /// The application's column, where it is one.
    field: &'static str,
    top_mm: f64,
    height_mm: f64,
    weight: Weight,
    max_pt: f64,
}

const POSTCODE: Strip = Strip { field: "mail_postcode", top_mm: 6.0, height_mm: 9.0, weight: Weight::Bold, max_pt: 14.0 };
const SENDER: Strip = Strip { field: "sender", top_mm: 24.0, height_mm: 18.0, weight: Weight::Regular, max_pt: 9.0 };
const RECIPIENT: Strip = Strip { field: "mail_recipient", top_mm: 50.0, height_mm: 13.0, weight: Weight::Bold, max_pt: 17.0 };
const PHONE: Strip = Strip { field: "phone", top_mm: 63.0, height_mm: 7.0, weight: Weight::Regular, max_pt: 12.0 };
const ADDRESS: Strip = Strip { field: "mail_address", top_mm: 71.0, height_mm: 27.0, weight: Weight::Regular, max_pt: 13.0 };
const REFERENCES: Strip = Strip { field: "references", top_mm: 137.0, height_mm: 10.5, weight: Weight::Regular, max_pt: 8.0 };

/// A Code 128 over its text.
struct Symbol {
    field: &'static str,
    at: [f64; 4],
    baseline_mm: f64,
    size_pt: f64,
}

const ORDER: Symbol = Symbol { field: "order", at: [LEFT_MM, 101.5, WIDTH_MM, 13.5], baseline_mm: 118.6, size_pt: 10.5 };
const CARD: Symbol = Symbol { field: "card", at: [LEFT_MM + 14.0, 121.5, WIDTH_MM - 28.0, 9.5], baseline_mm: 135.0, size_pt: 10.5 };

/// One mail item. Personal: no `Debug`.
#[derive(Clone, Default)]
pub struct MailLabel {
    /// Lines naming the sender: the centre, its address, its telephone.
    pub sender: Vec<String>,
    pub recipient: String,
    pub phone: String,
    pub address: String,
    pub postcode: String,
    /// Order and card number: each coded, and printed beneath.
    pub order: String,
    pub card: String,
    /// Small lines at the foot: receipt, fee.
    pub references: Vec<String>,
}

/// The label as a page, ready for [`crate::job_pdf`].
///
/// # Errors
/// [`Fault::MissingGlyphs`] and [`Fault::Misfit`] naming the field, [`Fault::Code`] for a barcode text.
pub fn mail_label(label: &MailLabel) -> Result<Page, Fault> {
    let mut page = Page::blank(SIZE_MM[0], SIZE_MM[1]);
    postcode(&mut page, &label.postcode)?;
    caption(&mut page, 20.0, &captioned(Message::From));
    let sender: Vec<&str> = label.sender.iter().map(String::as_str).collect();
    block(&mut page, &SENDER, &sender)?;
    rule(&mut page, 43.0);
    caption(&mut page, 46.0, &captioned(Message::Recipient));
    block(&mut page, &RECIPIENT, &[&label.recipient])?;
    block(&mut page, &PHONE, &[&label.phone])?;
    block(&mut page, &ADDRESS, &[&label.address])?;
    rule(&mut page, 99.0);
    coded(&mut page, &ORDER, &label.order)?;
    coded(&mut page, &CARD, &label.card)?;
    let references: Vec<&str> = label.references.iter().map(String::as_str).collect();
    block(&mut page, &REFERENCES, &references)?;
    Ok(page)
}

/// Six boxes, one digit each, empty where there is no postcode; one that isn't Chinese is printed as it is.
fn postcode(page: &mut Page, postcode: &str) -> Result<(), Fault> {
    const SIDE_MM: f64 = 8.0;
    const STEP_MM: f64 = 9.6;
    gate_text(POSTCODE.field, postcode)?;
    let chinese = postcode.len() == POSTCODE_DIGITS && postcode.bytes().all(|b| b.is_ascii_digit());
    if !chinese && !postcode.trim().is_empty() {
        return block(page, &POSTCODE, &[postcode]);
    }
    let lefts = (0..POSTCODE_DIGITS).map(|n| LEFT_MM + STEP_MM * n as f64);
    lefts.clone().for_each(|left| outline(page, BoxMm::from([left, 6.0, SIDE_MM, SIDE_MM])));
    for (left, digit) in lefts.zip(postcode.chars().filter(|_| chinese)) {
        let width = fonts().width_mm(digit.encode_utf8(&mut [0; 4]), Weight::Bold, 16.0);
        put(page, left + (SIDE_MM - width) / 2.0, 12.1, 16.0, Weight::Bold, INK, &digit.to_string());
    }
    Ok(())
}

fn outline(page: &mut Page, at: BoxMm) {
    let (right, bottom) = (at.x_mm + at.width_mm, at.y_mm + at.height_mm);
    let points_mm = vec![(at.x_mm, at.y_mm), (right, at.y_mm), (right, bottom), (at.x_mm, bottom), (at.x_mm, at.y_mm)];
    page.items.push(Item::Stroke { points_mm, width_mm: 0.3, colour: INK });
}

fn rule(page: &mut Page, y_mm: f64) {
    page.items.push(Item::Fill { at: BoxMm::from([LEFT_MM, y_mm, WIDTH_MM, 0.4]), colour: INK, radius_mm: 0.0 });
}

/// Chinese first: it is what the carrier reads.
fn captioned(message: Message) -> String {
    [Language::Chinese, Language::English].map(|language| message.text(language)).join(" ")
}

fn caption(page: &mut Page, y_mm: f64, text: &str) {
    put(page, LEFT_MM, y_mm + 2.5, 7.5, Weight::Regular, GREY, text);
}

fn put(page: &mut Page, x_mm: f64, baseline_mm: f64, size_pt: f64, weight: Weight, colour: Colour, text: &str) {
    page.items.push(Item::Text(Text { x_mm, baseline_mm, size_pt, weight, colour, text: text.to_owned(), tag: None }));
}

/// Draws paragraphs under one another in a strip.
fn block(page: &mut Page, strip: &Strip, paragraphs: &[&str]) -> Result<(), Fault> {
    let (size_pt, lines) = set(strip, paragraphs)?;
    for (n, line) in lines.into_iter().enumerate() {
        let baseline_mm = strip.top_mm + (ASCENT_EM + LEADING_EM * n as f64) * size_pt * MM_PER_PT;
        put(page, LEFT_MM, baseline_mm, size_pt, strip.weight, INK, line);
    }
    Ok(())
}

/// The largest size at which all paragraphs fit the strip; at the smallest, words may be broken.
fn set<'a>(strip: &Strip, paragraphs: &[&'a str]) -> Result<(f64, Vec<&'a str>), Fault> {
    paragraphs.iter().try_for_each(|text| gate_text(strip.field, text))?;
    let sizes = (0..=((strip.max_pt - SIZE_MIN_PT) * 2.0) as u32).map(|n| strip.max_pt - f64::from(n) / 2.0);
    let whole_words = |size_pt: f64| -> Option<Vec<&'a str>> {
        let sizes = Sizes { max_pt: size_pt, min_pt: size_pt, break_pt: size_pt, step_pt: 1.0, lines_max: LINES_MAX };
        let each = paragraphs.iter().map(|text| fit(text, strip.weight, WIDTH_MM, f64::INFINITY, &sizes).map(|f| f.lines));
        each.collect::<Result<Vec<_>, _>>().ok().map(|lines| lines.concat())
    };
    let broken_words = || paragraphs.iter().flat_map(|text| wrapped(text, WIDTH_MM, strip.weight, SIZE_MIN_PT)).collect::<Vec<_>>();
    let attempts = sizes.filter_map(|size| whole_words(size).map(|lines| (size, lines))).chain(std::iter::once_with(|| (SIZE_MIN_PT, broken_words())));
    let fits = |(size_pt, lines): &(f64, Vec<&str>)| block_em(lines.len()) * size_pt * MM_PER_PT <= strip.height_mm;
    attempts.into_iter().find(fits).ok_or_else(|| Fault::Misfit { field: strip.field.to_owned() })
}

/// What an application brings to its label, as [`mail_label`] will set it: for intake.
pub(crate) fn check(mail: &card::Mail, phone: &str) -> Vec<(&'static str, Fault)> {
    let texts = [(&RECIPIENT, mail.recipient.as_str()), (&PHONE, phone), (&ADDRESS, mail.address.as_str()), (&POSTCODE, mail.postcode.as_str())];
    texts.into_iter().filter_map(|(strip, text)| set(strip, &[text]).err().map(|fault| (strip.field, fault))).collect()
}

/// The sender's lines, as [`mail_label`] will set them: for the configuration.
///
/// # Errors
/// [`Fault::MissingGlyphs`] or [`Fault::Misfit`].
pub fn check_label_sender(lines: &[&str]) -> Result<(), Fault> {
    set(&SENDER, lines).map(|_| ())
}

fn coded(page: &mut Page, symbol: &Symbol, text: &str) -> Result<(), Fault> {
    gate_text(symbol.field, text)?;
    page.items.push(codes::code_128(text, symbol.field, BoxMm::from(symbol.at))?);
    let width = fonts().width_mm(text, Weight::Bold, symbol.size_pt);
    if width > WIDTH_MM {
        return Err(Fault::Misfit { field: symbol.field.to_owned() });
    }
    put(page, LEFT_MM + (WIDTH_MM - width) / 2.0, symbol.baseline_mm, symbol.size_pt, Weight::Bold, INK, text);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(crate) fn label() -> MailLabel {
        MailLabel {
            sender: vec!["湖北省社会保障卡制卡中心 Provincial Card Production Centre".into(), "武汉市武昌区示范路 1 号 430071".into(), "027-00000000".into()],
            recipient: "ŁUKASZ ŚWIĄTEK 卢卡斯".into(),
            phone: "138 0000 0000".into(),
            address: "湖北省武汉市洪山区珞喻路示范小区 8 栋 2 单元 1201 室".into(),
            postcode: "430079".into(),
            order: "B20250601-01-000123".into(),
            card: "A91234567".into(),
            references: vec!["Receipt 回执 R-12".into(), "Mailing fee 邮寄费 12.00 CNY".into()],
        }
    }

    fn texts(page: &Page) -> Vec<&Text> {
        page.items.iter().filter_map(|i| if let Item::Text(t) = i { Some(t) } else { None }).collect()
    }

    #[test]
    fn a_label_shows_everything_inside_its_edges() {
        let page = mail_label(&label()).ok().unwrap();
        let all: String = texts(&page).iter().map(|t| t.text.as_str()).collect::<Vec<_>>().join("");
        for wanted in ["430079", "ŁUKASZ ŚWIĄTEK 卢卡斯", "138 0000 0000", "A91234567", "B20250601-01-000123", "12.00 CNY"] {
            assert!(all.contains(wanted), "{wanted}");
        }
        for text in texts(&page) {
            let right = text.x_mm + fonts().width_mm(&text.text, text.weight, text.size_pt);
            assert!(text.x_mm >= LEFT_MM && right <= 94.01 && text.baseline_mm < 147.0, "{}", text.text);
        }
    }

    #[test]
    fn long_addresses_take_smaller_type_and_more_lines() {
        let mut long = label();
        long.address = "Room 1201, Unit 2, Building 8, Demonstration Garden, Luoyu Road, Hongshan District, Wuhan, Hubei ".repeat(3).trim_end().to_owned();
        assert!(mail_label(&long).is_ok());
        long.address = "W".repeat(200);
        assert!(mail_label(&long).is_ok(), "a word too long for a line is broken");
        long.address = long.address.repeat(12);
        assert_eq!(mail_label(&long).err(), Some(Fault::Misfit { field: "mail_address".into() }));
    }

    #[test]
    fn the_gate_names_the_field() {
        let mut bad = label();
        bad.recipient.push('\u{1F600}');
        assert_eq!(mail_label(&bad).err(), Some(Fault::MissingGlyphs { field: "mail_recipient".into(), characters: vec!['\u{1F600}'] }));
        assert!(check_label_sender(&["制卡中心", "12333"]).is_ok());
        assert_eq!(check_label_sender(&["a\u{1F600}"]).err(), Some(Fault::MissingGlyphs { field: "sender".into(), characters: vec!['\u{1F600}'] }));
        assert_eq!(check_label_sender(&[&"W".repeat(2000)]).err(), Some(Fault::Misfit { field: "sender".into() }));
        let mut odd = label();
        odd.postcode = "SW1A 1AA".into();
        assert!(mail_label(&odd).is_ok());
        odd.card = "卡".into();
        assert!(matches!(mail_label(&odd), Err(Fault::Code { .. })));
    }

    #[test]
    fn postcode_boxes_are_filled_with_six_digits_and_else_empty() {
        let (boxes, digits) = (
            |page: &Page| page.items.iter().filter(|i| matches!(i, Item::Stroke { .. })).count(),
            |page: &Page| texts(page).iter().filter(|t| t.text.len() == 1 && t.text.bytes().all(|b| b.is_ascii_digit())).count(),
        );
        for (postcode, wanted) in [("430079", (6, 6)), ("", (6, 0)), (" ", (6, 0)), ("43007", (0, 0)), ("SW1A1A", (0, 0))] {
            let page = mail_label(&MailLabel { postcode: postcode.into(), ..label() }).ok().unwrap();
            assert_eq!((boxes(&page), digits(&page)), wanted, "{postcode:?}");
        }
    }

    /// Millimetres around all ink of a page: left, top, right, bottom.
    fn ink_mm(page: &Page) -> Option<[f64; 4]> {
        const DPI: f64 = 150.0;
        let picture = image::load_from_memory(&crate::page_png(page, DPI).unwrap()).unwrap().to_luma8();
        let dark: Vec<(u32, u32)> = picture.enumerate_pixels().filter(|(.., p)| p.0[0] < 200).map(|(x, y, _)| (x, y)).collect();
        let span = |of: fn(&(u32, u32)) -> u32| Some((dark.iter().map(of).min()?, dark.iter().map(of).max()? + 1));
        let ((left, right), (top, bottom)) = (span(|p| p.0)?, span(|p| p.1)?);
        Some([left, top, right, bottom].map(|n| f64::from(n) * 25.4 / DPI))
    }

    /// All characters of the text, drawn, and none of their ink outside the strip.
    fn is_whole(strip: &Strip, text: &str) {
        let mut page = Page::blank(SIZE_MM[0], SIZE_MM[1]);
        block(&mut page, strip, &[text]).unwrap_or_else(|fault| panic!("{} takes it: {fault}", strip.field));
        let bare = |text: &str| text.chars().filter(|c| !c.is_whitespace()).collect::<String>();
        assert_eq!(texts(&page).iter().map(|t| bare(&t.text)).collect::<String>(), bare(text), "nothing is left out");
        let [left, top, right, bottom] = ink_mm(&page).expect("ink");
        let (end, foot) = (LEFT_MM + WIDTH_MM, strip.top_mm + strip.height_mm);
        assert!(
            left >= LEFT_MM - 0.3 && right <= end + 0.3 && top >= strip.top_mm - 0.3 && bottom <= foot + 0.3,
            "{} {left} {top} {right} {bottom}",
            strip.field
        );
    }

    #[test]
    fn the_ink_of_hard_addresses_and_names_stays_in_its_strip() {
        let latin = "Flat 17/B, Rear Building, Saint-Barthélemy-d’Anjou Residential Garden, 1288 Zhongnan Łódzka Road, Wuchang, Wuhan, Hubei";
        let chinese = "湖北省武汉市东湖新技术开发区光谷大道与高新二路交汇处示范科技园三期十六栋二单元一千二百零一室（物业前台代收）";
        for address in [latin, chinese, &format!("{latin} {chinese}"), &chinese.repeat(4), &latin.repeat(3), &"Ä".repeat(240), &"龘".repeat(200), "1"] {
            is_whole(&ADDRESS, address);
        }
        for recipient in ["WOLFESCHLEGELSTEINHAUSENBERGERDORFF HUBERT BLAINE ŞÇĞ", "欧阳阿卜杜勒阿齐兹穆罕默德·伊本·示范", "𠮷㛃䶮 Ł", "W"]
        {
            is_whole(&RECIPIENT, recipient);
        }
        is_whole(&PHONE, "+86 138 0000 0000 ext. 12345");
    }

    #[test]
    fn a_label_is_100_by_150_and_keeps_its_margins() {
        let page = mail_label(&label()).ok().unwrap();
        assert_eq!((page.width_mm, page.height_mm), (100.0, 150.0));
        let [left, top, right, bottom] = ink_mm(&page).expect("ink");
        assert!(left > 4.0 && top > 4.0 && right < 96.0 && bottom < 148.0, "{left} {top} {right} {bottom}");
    }
}
