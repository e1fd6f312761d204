//! The background by the person mask of the network, as cells.

use super::cells::{SIDE, Size};
use crate::nets::{PERSON_SIDE, PersonMask};

/// Shares are compared in thousandths, as every number of a network (infer.md §4).
const THOUSAND: f32 = 1_000.0;

/// Cells no pixel of which has a person's share of `share_max` or more; none for a mask of another size.
pub(super) fn ground(mask: &PersonMask, size: Size, photo: [usize; 2], share_max: f64) -> Vec<bool> {
    let limit = (share_max * f64::from(THOUSAND)).round() as f32;
    let place = |cell: usize| {
        let (column, row) = size.place(cell);
        ((column * SIDE)..(column + 1) * SIDE, (row * SIDE)..(row + 1) * SIDE)
    };
    (0..size.count())
        .map(|cell| {
            let (x, y) = place(cell);
            let (columns, rows) = (stretched(x, photo[0]), stretched(y, photo[1]));
            rows.into_iter()
                .all(|row| columns.clone().all(|column| mask.shares.get(row * PERSON_SIDE + column).is_some_and(|s| (s * THOUSAND).round() < limit)))
        })
        .collect()
}

/// The mask's pixels under a run of photo pixels.
fn stretched(run: std::ops::Range<usize>, side: usize) -> std::ops::RangeInclusive<usize> {
    let last = PERSON_SIDE - 1;
    (run.start * PERSON_SIDE / side.max(1)).min(last)..=((run.end * PERSON_SIDE - 1) / side.max(1)).min(last)
}

/// The first photo row in which the person is at least `columns` mask pixels wide.
pub(super) fn top(mask: &PersonMask, photo_height: usize, columns: usize) -> Option<f64> {
    let person = |row: &[f32]| row.iter().filter(|share| (**share * THOUSAND).round() >= THOUSAND / 2.0).count();
    let row = mask.shares.chunks_exact(PERSON_SIDE).position(|row| person(row) >= columns)?;
    Some((row * photo_height / PERSON_SIDE) as f64)
}
