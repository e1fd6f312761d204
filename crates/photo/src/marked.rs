//! A photo with the places marked where it breaks a rule, for the outlet and for the person who decides. Only for showing.

use crate::refusal::Area;
use crate::rgb::Rgb;

/// Dark red inside white: one of the two shows on any ground.
const LINES: [[u8; 3]; 2] = [[255; 3], [200, 0, 30]];
const LINE_PX: u32 = 2;

/// The photo with a rectangle around each area. What lies outside the photo is cut off.
#[must_use]
pub fn marked(rgb: &Rgb, areas: &[Area]) -> Rgb {
    let mut picture = rgb.clone();
    for area in areas {
        for (i, colour) in LINES.into_iter().enumerate() {
            let out = LINE_PX * (LINES.len() - 1 - i) as u32;
            for grown in out..out + LINE_PX {
                rectangle(&mut picture, area, grown, colour);
            }
        }
    }
    picture
}

/// One line of one pixel, `grown` pixels outside the area.
fn rectangle(picture: &mut Rgb, area: &Area, grown: u32, colour: [u8; 3]) {
    let (left, top) = (area.left.saturating_sub(grown), area.top.saturating_sub(grown));
    let right = area.left.saturating_add(area.width).saturating_add(grown).saturating_sub(1).min(picture.width() - 1);
    let bottom = area.top.saturating_add(area.height).saturating_add(grown).saturating_sub(1).min(picture.height() - 1);
    for x in left..=right {
        [top, bottom].into_iter().for_each(|y| picture.set(x, y, colour));
    }
    for y in top..=bottom {
        [left, right].into_iter().for_each(|x| picture.set(x, y, colour));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rectangle_is_drawn_around_an_area_and_nothing_else_changes() {
        let grey = Rgb::new(40, 30, vec![128; 40 * 30 * 3]).expect("a picture");
        let area = Area { left: 10, top: 10, width: 8, height: 6 };
        let picture = marked(&grey, &[area]);
        assert_eq!(picture.row(10)[10], [200, 0, 30]);
        assert_eq!((picture.row(12)[14], picture.row(25)[35]), ([128; 3], [128; 3]));
        assert!(picture != grey && marked(&grey, &[]) == grey);
    }

    #[test]
    fn areas_outside_the_picture_are_survived() {
        let grey = Rgb::new(4, 3, vec![128; 36]).expect("a picture");
        for area in [(0, 0, 0, 0), (100, 100, 5, 5), (u32::MAX, u32::MAX, u32::MAX, u32::MAX), (0, 0, 4, 3)] {
            let (left, top, width, height) = area;
            let _ = marked(&grey, &[Area { left, top, width, height }]);
        }
    }
}
