//! Marked pixels that touch each other, sideways or cornerwise.

/// One connected group with its box in plate coordinates (last column and row included).
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Blob {
    pub pixels: u32,
    pub left: usize,
    pub top: usize,
    pub right: usize,
    pub bottom: usize,
}

impl Blob {
    pub(super) fn width(&self) -> usize {
        self.right - self.left + 1
    }

    pub(super) fn height(&self) -> usize {
        self.bottom - self.top + 1
    }
}

/// The places of a plane that are marked.
pub(super) fn places_of(marked: impl Iterator<Item = bool>) -> Vec<usize> {
    let mut places = Vec::new();
    // A filter that is collected would ask more of each pixel than whether it is marked, which nearly none is.
    for (i, marked) in marked.enumerate() {
        if marked {
            places.push(i);
        }
    }
    places
}

/// Groups among the marked places of a plane.
pub(super) fn connected(marked: &[usize], width: usize, height: usize) -> Vec<Blob> {
    if marked.is_empty() {
        return Vec::new();
    }
    let mut open = vec![false; width * height];
    marked.iter().for_each(|i| open[*i] = true);
    let mut edge = Vec::new();
    marked.iter().filter_map(|start| grow(*start, &mut open, &mut edge, width, height)).collect()
}

fn grow(start: usize, open: &mut [bool], edge: &mut Vec<usize>, width: usize, height: usize) -> Option<Blob> {
    if !std::mem::take(&mut open[start]) {
        return None;
    }
    let mut blob = Blob { pixels: 0, left: width, top: height, right: 0, bottom: 0 };
    edge.push(start);
    while let Some(i) = edge.pop() {
        let (x, y) = (i % width, i / width);
        blob.pixels += 1;
        (blob.left, blob.right) = (blob.left.min(x), blob.right.max(x));
        (blob.top, blob.bottom) = (blob.top.min(y), blob.bottom.max(y));
        for ny in y.saturating_sub(1)..(y + 2).min(height) {
            for nx in x.saturating_sub(1)..(x + 2).min(width) {
                if std::mem::take(&mut open[ny * width + nx]) {
                    edge.push(ny * width + nx);
                }
            }
        }
    }
    Some(blob)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn corners_join_and_gaps_part() {
        let marked = [0, 11, 12, 35, 36, 45];
        let blobs = connected(&marked, 10, 5);
        assert_eq!(blobs.len(), 2);
        assert_eq!(blobs[0], Blob { pixels: 3, left: 0, top: 0, right: 2, bottom: 1 });
        assert_eq!((blobs[1].pixels, blobs[1].width(), blobs[1].height()), (3, 2, 2));
        assert!(connected(&[], 10, 5).is_empty());
    }
}
