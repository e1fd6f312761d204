//! The mail label, 100 × 150 mm: sender, recipient, postcode boxes, and a Code 128 of what the courier scans.

use card::profile::face::{BoxMm, Colour, Weight};

use crate::fit::{ASCENT_EM, LEADING_EM, Sizes, fit};
use crate::fonts::fonts;
use crate::page::{Item, MM_PER_PT, Page, Text};
use crate::table::gate_text;
use crate::{Fault, codes};

const SIZE_MM: [f64; 2] = [100.0, 150.0];
const LEFT_MM: f64 = 6.0;
const WIDTH_MM: f64 = 88.0;
const INK: Colour = Colour(0, 0, 0);
const GREY: Colour = Colour(0x50, 0x50, 0x50);
/// Boxes of a Chinese postcode (GB/T 1416).
const POSTCODE_DIGITS: usize = 6;
const LINES_MAX: usize = 5;

/// One mail item. Personal: no `Debug`.
#[derive(Clone, Default)]
pub struct MailLabel {
    /// Lines naming the sender: the centre, its address, its telephone.
    pub sender: Vec<String>,
    pub recipient: String,
    pub phone: String,
    pub address: String,
    pub postcode: String,
    /// Coded and printed beneath: card number and order.
    pub barcode: String,
    /// Small lines at the foot: batch, bundle, fee.
    pub references: Vec<String>,
}

/// The label as a page, ready for [`crate::job_pdf`].
///
/// # Errors
/// [`Fault::MissingGlyphs`] and [`Fault::Misfit`] naming the field, [`Fault::Code`] for a barcode text.
pub fn mail_label(label: &MailLabel) -> Result<Page, Fault> {
    let mut page = Page::blank(SIZE_MM[0], SIZE_MM[1]);
    postcode(&mut page, &label.postcode)?;
    caption(&mut page, 20.0, "寄件人 From");
    let sender: Vec<&str> = label.sender.iter().map(String::as_str).collect();
    block(&mut page, "sender", &sender, [24.0, 17.0], Weight::Regular, 9.0)?;
    rule(&mut page, 43.0);
    caption(&mut page, 46.0, "收件人 To");
    block(&mut page, "mail_recipient", &[&label.recipient], [50.5, 13.0], Weight::Bold, 17.0)?;
    block(&mut page, "phone", &[&label.phone], [63.5, 7.0], Weight::Regular, 12.0)?;
    block(&mut page, "mail_address", &[&label.address], [71.0, 26.0], Weight::Regular, 13.0)?;
    rule(&mut page, 99.0);
    page.items.push(codes::code_128(&label.barcode, "barcode", BoxMm::from([LEFT_MM, 104.0, WIDTH_MM, 25.0]))?);
    centred(&mut page, "barcode", &label.barcode, 134.5, 11.0)?;
    let references: Vec<&str> = label.references.iter().map(String::as_str).collect();
    block(&mut page, "references", &references, [137.0, 10.0], Weight::Regular, 8.0)?;
    Ok(page)
}

/// Six boxes, one digit each; any other postcode is printed as it is.
fn postcode(page: &mut Page, postcode: &str) -> Result<(), Fault> {
    const SIDE_MM: f64 = 8.0;
    const STEP_MM: f64 = 9.6;
    gate_text("mail_postcode", postcode)?;
    if postcode.chars().count() != POSTCODE_DIGITS {
        return block(page, "mail_postcode", &[postcode], [6.0, 9.0], Weight::Bold, 14.0);
    }
    for (n, digit) in postcode.chars().enumerate() {
        let left = LEFT_MM + STEP_MM * n as f64;
        outline(page, BoxMm::from([left, 6.0, SIDE_MM, SIDE_MM]));
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

fn caption(page: &mut Page, y_mm: f64, text: &str) {
    put(page, LEFT_MM, y_mm + 2.5, 7.5, Weight::Regular, GREY, text);
}

fn put(page: &mut Page, x_mm: f64, baseline_mm: f64, size_pt: f64, weight: Weight, colour: Colour, text: &str) {
    page.items.push(Item::Text(Text { x_mm, baseline_mm, size_pt, weight, colour, text: text.to_owned(), tag: None }));
}

/// Paragraphs under one another in a strip `[top, height]`, at the largest size at which all of them fit.
fn block(page: &mut Page, field: &str, paragraphs: &[&str], [top_mm, height_mm]: [f64; 2], weight: Weight, max_pt: f64) -> Result<(), Fault> {
    paragraphs.iter().try_for_each(|text| gate_text(field, text))?;
    let at_size = |size_pt: f64| -> Option<Vec<&str>> {
        let sizes = Sizes { max_pt: size_pt, min_pt: size_pt, step_pt: 1.0, lines_max: LINES_MAX };
        let fitted = paragraphs.iter().map(|text| fit(text, weight, WIDTH_MM, f64::INFINITY, &sizes).map(|f| f.lines)).collect::<Result<Vec<_>, _>>().ok()?;
        let lines = fitted.concat();
        (crate::fit::block_em(lines.len()) * size_pt * MM_PER_PT <= height_mm).then_some(lines)
    };
    const SIZE_MIN_PT: f64 = 6.0;
    let sizes = (0..=((max_pt - SIZE_MIN_PT) * 2.0) as u32).map(|n| max_pt - f64::from(n) / 2.0);
    let found = sizes.into_iter().find_map(|size_pt| at_size(size_pt).map(|lines| (size_pt, lines)));
    let (size_pt, lines) = found.ok_or_else(|| Fault::Misfit { field: field.to_owned() })?;
    for (n, line) in lines.into_iter().enumerate() {
        put(page, LEFT_MM, top_mm + (ASCENT_EM + LEADING_EM * n as f64) * size_pt * MM_PER_PT, size_pt, weight, INK, line);
    }
    Ok(())
}

fn centred(page: &mut Page, field: &str, text: &str, baseline_mm: f64, size_pt: f64) -> Result<(), Fault> {
    gate_text(field, text)?;
    let width = fonts().width_mm(text, Weight::Bold, size_pt);
    if width > WIDTH_MM {
        return Err(Fault::Misfit { field: field.to_owned() });
    }
    put(page, LEFT_MM + (WIDTH_MM - width) / 2.0, baseline_mm, size_pt, Weight::Bold, INK, text);
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
            barcode: "A91234567-000123".into(),
            references: vec!["B20250601-01 · 邮寄 Mail 12/80".into()],
        }
    }

    fn texts(page: &Page) -> Vec<&Text> {
        page.items.iter().filter_map(|i| if let Item::Text(t) = i { Some(t) } else { None }).collect()
    }

    #[test]
    fn a_label_shows_everything_inside_its_edges() {
        let page = mail_label(&label()).ok().unwrap();
        let all: String = texts(&page).iter().map(|t| t.text.as_str()).collect::<Vec<_>>().join("");
        for wanted in ["430079", "ŁUKASZ ŚWIĄTEK 卢卡斯", "138 0000 0000", "A91234567-000123", "B20250601-01"] {
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
        long.address = "Room 1201, Unit 2, Building 8, Demonstration Garden, Luoyu Road, Hongshan District, Wuhan, Hubei ".repeat(2).trim_end().to_owned();
        assert!(mail_label(&long).is_ok());
        long.address = long.address.repeat(12);
        assert_eq!(mail_label(&long).err(), Some(Fault::Misfit { field: "mail_address".into() }));
    }

    #[test]
    fn the_gate_names_the_field() {
        let mut bad = label();
        bad.recipient.push('\u{1F600}');
        assert_eq!(mail_label(&bad).err(), Some(Fault::MissingGlyphs { field: "mail_recipient".into(), characters: vec!['\u{1F600}'] }));
        let mut odd = label();
        odd.postcode = "SW1A 1AA".into();
        assert!(mail_label(&odd).is_ok());
        odd.barcode = "卡".into();
        assert!(matches!(mail_label(&odd), Err(Fault::Code { .. })));
    }
}
