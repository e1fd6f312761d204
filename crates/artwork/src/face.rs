//! The two sides of a card: layout data and one card's values to display lists, and the same text checks at intake. Which field goes
//! where is the profile's business (`card::profile::face`); nothing here knows a position.

use std::sync::Arc;

use card::profile::face::{Align, BoxMm, Colour, Element, FaceLayout, Field, Stock, TextStyle, Vertical, What};
use card::{Application, Card, Delivery, Sex};

use crate::fit::{ASCENT_EM, Fitted, LEADING_EM, Sizes, fit};
use crate::fonts::{fonts, missing_glyphs};
use crate::page::{Item, MM_PER_PT, Page, Photo, Text};
use crate::{Fault, codes, label};

/// What would go wrong if this application were printed. Empty: it can be.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct CardTextCheck {
    /// Field and character that no font has (REC-08).
    pub missing: Vec<(&'static str, char)>,
    /// Fields whose text doesn't fit their box (REC-09).
    pub misfit: Vec<&'static str>,
}

impl CardTextCheck {
    #[must_use]
    pub fn passes(&self) -> bool {
        self.missing.is_empty() && self.misfit.is_empty()
    }

    /// Adds what one text's setting found; the same finding on both sides of the card counts once.
    fn note(&mut self, field: &'static str, fault: Option<Fault>) {
        match fault {
            None => {}
            Some(Fault::MissingGlyphs { characters, .. }) => {
                let known = std::mem::take(&mut self.missing);
                let new: Vec<_> = characters.into_iter().map(|c| (field, c)).filter(|found| !known.contains(found)).collect();
                self.missing = [known, new].concat();
            }
            Some(_) if self.misfit.contains(&field) => {}
            Some(_) => self.misfit.push(field),
        }
    }
}

/// Checks every text the application brings to the card, and to its mail label when it is mailed, with the functions that set them for
/// printing. The card's own numbers and dates are made later from characters that are always there.
#[must_use]
pub fn check_card_texts(application: &Application, layout: &FaceLayout) -> CardTextCheck {
    let mut check = CardTextCheck::default();
    for element in layout.front.iter().chain(&layout.back) {
        let What::Field { field, style, .. } = &element.what else { continue };
        let text = applicant_value(*field, application).unwrap_or_default();
        check.note(field.name(), set(&text, field.name(), element.at, style).err());
    }
    if let Delivery::Mail(mail) = &application.delivery {
        label::check(mail, &application.phone).into_iter().for_each(|(field, fault)| check.note(field, Some(fault)));
    }
    check
}

/// A text that had to give way to its box: what a person looks at first on a proof.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Tight {
    pub field: &'static str,
    pub size_pt: f64,
    pub lines: usize,
}

/// Fields of the application that are set on more than one line, or within a step of the smallest size the layout allows. A text that can't be set is
/// none of them: [`check_card_texts`] tells it.
#[must_use]
pub fn tight_texts(application: &Application, layout: &FaceLayout) -> Vec<Tight> {
    let tight = |element: &Element| {
        let What::Field { field, style, .. } = &element.what else { return None };
        let text = applicant_value(*field, application)?;
        let fitted = set(&text, field.name(), element.at, style).ok()?;
        let smallest = fitted.size_pt < style.size_max_pt && fitted.size_pt < style.size_min_pt + 1.5 * style.size_step_pt;
        let gave_way = smallest || fitted.lines.len() > 1;
        gave_way.then(|| Tight { field: field.name(), size_pt: fitted.size_pt, lines: fitted.lines.len() })
    };
    layout.front.iter().chain(&layout.back).filter_map(tight).collect()
}

/// A layout made ready for many cards: what is the same on every card is set once and shared between pages.
pub struct Faces {
    width_mm: f64,
    height_mm: f64,
    corner_radius_mm: f64,
    bleed_mm: f64,
    sides: [Side; 2],
}

struct Side {
    backdrop: Arc<Vec<Item>>,
    personal: Vec<Element>,
}

impl Faces {
    /// # Errors
    /// [`Fault::MissingGlyphs`] or [`Fault::Misfit`] when a fixed text of the layout can't be set.
    pub fn new(layout: &FaceLayout) -> Result<Self, Fault> {
        let sides = [side(&layout.front, layout.stock)?, side(&layout.back, layout.stock)?];
        let FaceLayout { width_mm, height_mm, corner_radius_mm, bleed_mm, .. } = *layout;
        Ok(Self { width_mm, height_mm, corner_radius_mm, bleed_mm, sides })
    }

    /// Front and back of one card, both marked with its record digest.
    ///
    /// # Errors
    /// [`Fault::MissingGlyphs`], [`Fault::Misfit`] (an application that passed [`check_card_texts`] has neither), [`Fault::Code`].
    pub fn card_pages(&self, card: &Card, photo: &Photo) -> Result<[Page; 2], Fault> {
        let [front, back] = &self.sides;
        Ok([self.page(front, card, photo)?, self.page(back, card, photo)?])
    }

    fn page(&self, side: &Side, card: &Card, photo: &Photo) -> Result<Page, Fault> {
        let mut items = Vec::with_capacity(side.personal.len() + 2);
        let mut room_mm = 0.0;
        for element in &side.personal {
            room_mm = personal(element, room_mm, card, photo, &mut items)?;
        }
        Ok(Page {
            width_mm: self.width_mm,
            height_mm: self.height_mm,
            corner_radius_mm: self.corner_radius_mm,
            bleed_mm: self.bleed_mm,
            record_digest: Some(card.record_digest),
            backdrop: Some(Arc::clone(&side.backdrop)).filter(|b| !b.is_empty()),
            items,
        })
    }
}

/// Splits a side into what every card shares and what is personal. On pre-printed stock the marked elements are left out.
fn side(elements: &[Element], stock: Stock) -> Result<Side, Fault> {
    let mut backdrop = Vec::new();
    let mut personal = Vec::new();
    for element in elements.iter().filter(|e| stock == Stock::Full || !e.on_stock) {
        match &element.what {
            What::Field { .. } | What::Photo | What::Qr { .. } => personal.push(element.clone()),
            What::Text { text, style } => backdrop.extend(lines(set(text, "layout", element.at, style)?, element.at, style, None)),
            What::Fill { colour, radius_mm } => backdrop.push(Item::Fill { at: element.at, colour: *colour, radius_mm: *radius_mm }),
            What::Waves { colour, lines, amplitude_mm, period_mm, stroke_mm } => {
                backdrop.extend(waves(element.at, *lines, [*amplitude_mm, *period_mm, *stroke_mm], *colour));
            }
        }
    }
    Ok(Side { backdrop: Arc::new(backdrop), personal })
}

/// Draws one personal element; gives back the height that a field's text left free in its box. `room_mm` is what the one before left.
fn personal(element: &Element, room_mm: f64, card: &Card, photo: &Photo, items: &mut Vec<Item>) -> Result<f64, Fault> {
    match &element.what {
        What::Field { field, style, flow } => {
            let text = value(*field, card);
            let fitted = set(&text, field.name(), element.at, style)?;
            let up_mm = if *flow { room_mm } else { 0.0 };
            let free_mm = element.at.height_mm - fitted.height_mm();
            items.extend(lines(fitted, BoxMm { y_mm: element.at.y_mm - up_mm, ..element.at }, style, Some(field.name())));
            return Ok(free_mm + up_mm);
        }
        What::Photo => items.push(Item::Photo { at: element.at, photo: photo.clone() }),
        What::Qr { quiet_modules } => items.push(codes::qr(&card.qr_payload, "qr", element.at, *quiet_modules)?),
        What::Text { .. } | What::Fill { .. } | What::Waves { .. } => {}
    }
    Ok(0.0)
}

/// A value of the card as it is printed.
fn value(field: Field, card: &Card) -> String {
    let month = |date: jiff::civil::Date| format!("{}年{}月", date.year(), date.month());
    match field {
        Field::CardNumber => card.number.clone(),
        Field::Issued => month(card.issued_on),
        Field::Expires => month(card.expires_on),
        other => applicant_value(other, &card.application).unwrap_or_default(),
    }
}

/// A value that the application brings; `None` for what only the card has.
fn applicant_value(field: Field, application: &Application) -> Option<String> {
    let a = application;
    Some(match field {
        Field::Name => a.name.clone(),
        Field::NameZh => a.name_zh.clone().unwrap_or_default(),
        Field::Sex => match a.sex {
            Sex::M => "男 M".to_owned(),
            Sex::F => "女 F".to_owned(),
            Sex::X => "X".to_owned(),
        },
        Field::BirthDate => a.birth_date.to_string(),
        Field::Nationality => a.nationality.clone(),
        Field::Ssn => a.ssn.clone(),
        Field::WorkPermitNumber => a.work_permit_number.clone(),
        Field::WorkPermitCategory => a.work_permit_category.to_string(),
        Field::WorkPermitValidity => format!("{} – {}", a.work_permit_from, a.work_permit_to),
        Field::EmployerName => a.employer_name.clone(),
        Field::CardNumber | Field::Issued | Field::Expires => return None,
    })
}

/// The one gate before text is drawn: every character has a glyph and the text fits its box.
fn set<'a>(text: &'a str, field: &str, at: BoxMm, style: &TextStyle) -> Result<Fitted<'a>, Fault> {
    let characters = missing_glyphs(text);
    if !characters.is_empty() {
        return Err(Fault::MissingGlyphs { field: field.to_owned(), characters });
    }
    fit(text, style.weight, at.width_mm, at.height_mm, &Sizes::from(style)).map_err(|_| Fault::Misfit { field: field.to_owned() })
}

/// Fitted lines at their places in the box.
fn lines(fitted: Fitted<'_>, at: BoxMm, style: &TextStyle, tag: Option<&'static str>) -> Vec<Item> {
    let em_mm = fitted.size_pt * MM_PER_PT;
    let slack_mm = at.height_mm - fitted.height_mm();
    let top_mm = at.y_mm
        + match style.vertical {
            Vertical::Top => 0.0,
            Vertical::Middle => slack_mm / 2.0,
            Vertical::Bottom => slack_mm,
        };
    let line = |(n, text): (usize, &str)| {
        let baseline_mm = top_mm + (ASCENT_EM + LEADING_EM * n as f64) * em_mm;
        let x_mm = at.x_mm + indent_mm(text, at.width_mm, fitted.size_pt, style);
        Item::Text(Text { x_mm, baseline_mm, size_pt: fitted.size_pt, weight: style.weight, colour: style.colour, text: text.to_owned(), tag })
    };
    fitted.lines.iter().copied().enumerate().map(line).collect()
}

fn indent_mm(line: &str, width_mm: f64, size_pt: f64, style: &TextStyle) -> f64 {
    let slack = || width_mm - fonts().width_mm(line, style.weight, size_pt);
    match style.align {
        Align::Left => 0.0,
        Align::Center => slack() / 2.0,
        Align::Right => slack(),
    }
}

/// Evenly spaced sine lines whose phase drifts from line to line: a quiet pattern that is hard to scan and copy.
fn waves(at: BoxMm, count: u32, [amplitude_mm, period_mm, stroke_mm]: [f64; 3], colour: Colour) -> Vec<Item> {
    const STEPS_PER_PERIOD: f64 = 24.0;
    let steps = (at.width_mm / period_mm * STEPS_PER_PERIOD).ceil() as u32;
    let wave = |line: u32| {
        let middle = at.y_mm + amplitude_mm + (at.height_mm - 2.0 * amplitude_mm) * f64::from(line) / f64::from(count.max(2) - 1);
        let phase = f64::from(line) * 0.35;
        let point = |step: u32| {
            let along = at.width_mm * f64::from(step) / f64::from(steps);
            (at.x_mm + along, middle + amplitude_mm * (along / period_mm * std::f64::consts::TAU + phase).sin())
        };
        Item::Stroke { points_mm: (0..=steps).map(point).collect(), width_mm: stroke_mm, colour }
    };
    (0..count).map(wave).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{application, card, layout, portrait};

    fn texts(page: &Page) -> Vec<(&'static str, String)> {
        let tagged = page.items.iter().filter_map(|i| if let Item::Text(t) = i { t.tag.map(|tag| (tag, t.text.clone())) } else { None });
        tagged.collect()
    }

    fn pages(name: &str, name_zh: Option<&str>, layout: &FaceLayout) -> [Page; 2] {
        Faces::new(layout).ok().unwrap().card_pages(&card(7, name, name_zh), &Photo::new(portrait(7)).ok().unwrap()).ok().unwrap()
    }

    #[test]
    fn the_card_shows_what_the_issue_asks() {
        let [front, back] = pages("ŁUKASZ ŚWIĄTEK", Some("卢卡斯"), &layout());
        let all: Vec<_> = texts(&front).into_iter().chain(texts(&back)).collect();
        for wanted in [
            ("name", "ŁUKASZ ŚWIĄTEK"),
            ("name_zh", "卢卡斯"),
            ("ssn", "UTO0X12345678"),
            ("card_number", "A9000007X"),
            ("issued", "2025年6月"),
            ("work_permit_number", "42000120250001234"),
            ("work_permit_category", "B"),
            ("work_permit_validity", "2025-03-01 – 2026-02-28"),
            ("employer_name", "武汉东湖光电科技有限公司"),
        ] {
            assert!(all.contains(&(wanted.0, wanted.1.to_owned())), "{wanted:?} in {all:?}");
        }
        assert!(front.items.iter().any(|i| matches!(i, Item::Photo { at, .. } if (at.width_mm, at.height_mm) == (26.0, 32.0))));
        assert!(back.items.iter().any(|i| matches!(i, Item::Modules { .. })));
    }

    #[test]
    fn preprinted_stock_gets_only_what_is_personal() {
        let mut bare = layout();
        bare.stock = Stock::Preprinted;
        let [full, _] = pages("ANNA", None, &layout());
        let [plain, _] = pages("ANNA", None, &bare);
        let title = |page: &Page| page.drawn().any(|i| matches!(i, Item::Text(t) if t.text == "中华人民共和国社会保障卡"));
        assert!(title(&full));
        assert!(!title(&plain));
        assert_eq!(texts(&full), texts(&plain));
    }

    #[test]
    fn cards_share_their_backdrop() {
        let faces = Faces::new(&layout()).ok().unwrap();
        let photo = Photo::new(portrait(1)).ok().unwrap();
        let [a, _] = faces.card_pages(&card(1, "A", None), &photo).ok().unwrap();
        let [b, _] = faces.card_pages(&card(2, "B", None), &photo).ok().unwrap();
        assert!(Arc::ptr_eq(a.backdrop.as_ref().unwrap(), b.backdrop.as_ref().unwrap()));
    }

    #[test]
    fn intake_finds_what_printing_would_refuse() {
        let layout = layout();
        assert!(check_card_texts(&application("ŁUKASZ ŚWIĄTEK", Some("卢卡斯")), &layout).passes());
        let bad = application("ANNA \u{1F600}\u{1F600}", Some("\u{e000}"));
        let check = check_card_texts(&bad, &layout);
        assert_eq!(check.missing, vec![("name", '\u{1F600}'), ("name_zh", '\u{e000}')]);
        assert_eq!(check.misfit, Vec::<&str>::new());
        let mut mailed = application("ANNA", None);
        mailed.delivery = Delivery::Mail(card::Mail { recipient: "ANNA".into(), address: "\u{1F600} Road".into(), postcode: "430079".into() });
        assert_eq!(check_card_texts(&mailed, &layout).missing, vec![("mail_address", '\u{1F600}')]);
        let long = application(&"WOLFESCHLEGELSTEINHAUSENBERGERDORFF".repeat(2), None);
        assert_eq!(check_card_texts(&long, &layout).misfit, vec!["name"]);
        let mut made = card(1, "", None);
        made.application = long;
        let printed = Faces::new(&layout).ok().unwrap().card_pages(&made, &Photo::new(portrait(1)).ok().unwrap());
        assert_eq!(printed.err(), Some(Fault::Misfit { field: "name".to_owned() }));
    }

    #[test]
    fn a_text_that_gave_way_is_told() {
        let layout = layout();
        let fields = |name: &str| tight_texts(&application(name, None), &layout).into_iter().map(|t| (t.field, t.lines)).collect::<Vec<_>>();
        assert_eq!(fields("ANNA LEE"), []);
        assert_eq!(fields("ANNA-MARIA WILHELMINA VON"), [], "a little smaller is nothing to look at");
        assert_eq!(fields("ANNA-MARIA WILHELMINA VON UND ZU HOHENSTEIN"), [("name", 2)]);
        assert_eq!(fields(&"WOLFESCHLEGELSTEINHAUSENBERGERDORFF".repeat(2)), [], "it can't be set at all");
    }

    #[test]
    fn the_longest_names_of_a_machine_readable_zone_fit() {
        let layout = layout();
        for name in ["MUHAMMAD ABDURRAHMAN KHUZAIFAH WIDJAJANTO", "ANNA-MARIA WILHELMINA VON UND ZU HOHENSTEIN", "RAMASUBRAMANIAMVENKATANARASIMHARAJUVARI"] {
            assert!(check_card_texts(&application(name, Some("穆罕默德·阿卜杜勒拉赫曼·胡宰法·维加詹托")), &layout).passes(), "{name}");
        }
    }

    #[test]
    fn a_flowing_field_closes_the_gap() {
        let baselines = |name: &str| -> Vec<f64> {
            let [front, _] = pages(name, Some("卢卡斯"), &layout());
            let of = |tag| front.items.iter().filter_map(move |i| if let Item::Text(t) = i { (t.tag == Some(tag)).then_some(t.baseline_mm) } else { None });
            of("name").chain(of("name_zh")).collect()
        };
        let (one, two) = (baselines("ANNA LEE"), baselines("ANNA-MARIA WILHELMINA VON UND ZU HOHENSTEIN"));
        assert_eq!((one.len(), two.len()), (2, 3));
        assert!(one[1] - one[0] < 6.0 && two[2] - two[1] < 6.0, "{one:?} {two:?}");
        assert!(one[1] < two[2]);
    }

    #[test]
    fn text_stays_in_its_box() {
        for page in pages("ANNA-MARIA WILHELMINA VON UND ZU HOHENSTEIN", Some("穆罕默德·阿卜杜勒拉赫曼"), &layout()) {
            for item in page.drawn() {
                let Item::Text(t) = item else { continue };
                let right = t.x_mm + fonts().width_mm(&t.text, t.weight, t.size_pt);
                assert!(t.x_mm >= 0.0 && right <= 85.6 && t.baseline_mm < 53.98, "{}", t.text);
            }
        }
    }
}
