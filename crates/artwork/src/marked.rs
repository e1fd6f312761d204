//! A photo with what is wrong marked on it: numbered rectangles, and a legend beside it. Knows no rules: texts and places come in.

use card::profile::face::{BoxMm, Colour, Weight};

use crate::page::{Item, Page, Photo, Text};

/// One finding: where (left, top, width, height in photo pixels; none for the photo as a whole) and the legend's lines.
pub struct Mark {
    pub area_px: Option<[u32; 4]>,
    pub colour: Colour,
    pub lines: Vec<String>,
}

/// Resolution at which [`marked_photo`] shows each photo pixel as two.
pub const MARKED_DPI: f64 = 2.0 * 25.4 / MM_PER_PX;
const MM_PER_PX: f64 = 0.25;
const LEGEND_MM: f64 = 110.0;
const GAP_MM: f64 = 4.0;
const LINE_MM: f64 = 4.2;
const SIZE_PT: f64 = 8.0;
/// More characters than this don't fit the legend's width.
const LINE_CHARS_MAX: usize = 68;

/// The photo at the left (none: grey, for one that can't be shown), its legend at the right.
#[must_use]
pub fn marked_photo(photo: Option<Photo>, marks: &[Mark]) -> Page {
    let (width_px, height_px) = photo.as_ref().map_or((358, 441), |p| (p.width_px, p.height_px));
    let (width_mm, height_mm) = (f64::from(width_px) * MM_PER_PX, f64::from(height_px) * MM_PER_PX);
    let legend_mm = LINE_MM * (marks.iter().map(|m| m.lines.len()).sum::<usize>() + 2) as f64;
    let mut page = Page::blank(width_mm + GAP_MM + LEGEND_MM, height_mm.max(legend_mm));
    let at = BoxMm { x_mm: 0.0, y_mm: 0.0, width_mm, height_mm };
    page.items.push(match photo {
        Some(photo) => Item::Photo { at, photo },
        None => Item::Fill { at, colour: Colour(200, 200, 200), radius_mm: 0.0 },
    });
    let mut baseline_mm = LINE_MM;
    for (n, mark) in marks.iter().enumerate() {
        page.items.extend(mark.area_px.into_iter().flat_map(|area| outline(n + 1, area, mark.colour)));
        for (line, text) in mark.lines.iter().enumerate() {
            let text = if line == 0 { format!("{} {text}", n + 1) } else { text.clone() };
            let weight = if line == 0 { Weight::Bold } else { Weight::Regular };
            page.items.push(label(width_mm + GAP_MM, baseline_mm, weight, mark.colour, &text));
            baseline_mm += LINE_MM;
        }
    }
    page
}

/// The rectangle and its number, inside at the upper left.
fn outline(number: usize, area: [u32; 4], colour: Colour) -> [Item; 2] {
    let [left, top, width, height] = area.map(|v| f64::from(v) * MM_PER_PX);
    let (right, bottom) = (left + width, top + height);
    let points_mm = vec![(left, top), (right, top), (right, bottom), (left, bottom), (left, top)];
    [Item::Stroke { points_mm, width_mm: 0.5, colour }, label(left + 0.6, top + 3.2, Weight::Bold, colour, &number.to_string())]
}

fn label(x_mm: f64, baseline_mm: f64, weight: Weight, colour: Colour, text: &str) -> Item {
    let text = text.chars().take(LINE_CHARS_MAX).collect();
    Item::Text(Text { x_mm, baseline_mm, size_pt: SIZE_PT, weight, colour, text, tag: None })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::page_png;
    use crate::testing::portrait;

    #[test]
    fn a_mark_is_drawn_around_its_area_and_named_beside_the_photo() {
        let red = Colour(220, 0, 0);
        let mark = Mark { area_px: Some([100, 120, 60, 40]), colour: red, lines: vec!["PHO-34".to_owned(), "ink".to_owned()] };
        let page = marked_photo(Photo::new(portrait(3)).ok(), &[mark]);
        let picture = image::load_from_memory(&page_png(&page, MARKED_DPI).ok().unwrap()).unwrap().into_rgb8();
        let is_red = |x: u32, y: u32| picture.get_pixel(x, y).0[0] > 180 && picture.get_pixel(x, y).0[1] < 60;
        assert!(is_red(200 + 60, 240) && is_red(320, 240 + 40), "upper and right edge");
        assert!(!is_red(260, 280), "nothing inside");
        assert!((720..picture.width()).any(|x| (0..40).any(|y| is_red(x, y))), "the legend");
    }

    #[test]
    fn a_photo_that_cannot_be_shown_is_grey() {
        let page = marked_photo(None, &[]);
        let picture = image::load_from_memory(&page_png(&page, MARKED_DPI).ok().unwrap()).unwrap().into_rgb8();
        assert_eq!(picture.get_pixel(100, 100).0, [200; 3]);
    }
}
