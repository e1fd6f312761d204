//! One Huffman table, made for walking: a look-up gives in one step how many bits a code and the bits it announces take,
//! and how many coefficients that is. Values of coefficients are never made.

/// Index bits of the look-up; longer codes take the canonical search.
pub(crate) const LOOKUP_BITS: u32 = 11;
/// Advance that ends a block: added to any k it lands beyond every real coefficient, so it can't be mistaken for an overrun.
pub(crate) const END_OF_BLOCK: u32 = 128;

/// What the table codes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Dc,
    Ac,
}

/// One code: bits it takes in all, coefficients it moves on.
#[derive(Clone, Copy)]
pub(crate) struct Step {
    pub bits: u32,
    pub advance: u32,
}

pub(crate) struct Huffman {
    kind: Kind,
    /// `bits | advance << 8`; 0 = no complete code here: too long for the look-up, or invalid.
    steps: [u16; 1 << LOOKUP_BITS],
    /// First code of each length + 1 that is too large, shifted left to 16 bits; 17 entries so that index = length.
    limits: [u32; 17],
    /// What to add to a code of a length to get its symbol's place.
    offsets: [i32; 17],
    symbols: [u8; 256],
    total: usize,
}

impl Huffman {
    /// Builds the table of Annex C. `None` if there are more than 256 symbols or the counts claim more codes than exist.
    pub(crate) fn new(kind: Kind, counts: &[u8; 16], symbols: &[u8]) -> Option<Self> {
        let mut table = Self { kind, steps: [0; 1 << LOOKUP_BITS], limits: [0; 17], offsets: [0; 17], symbols: [0; 256], total: symbols.len() };
        table.symbols.get_mut(..symbols.len())?.copy_from_slice(symbols);
        let (mut code, mut place) = (0u32, 0usize);
        for length in 1..=16u32 {
            let count = u32::from(counts[length as usize - 1]);
            table.offsets[length as usize] = place as i32 - code as i32;
            table.fill(code, place, count, length);
            code += count;
            place += count as usize;
            if code > 1 << length {
                return None;
            }
            table.limits[length as usize] = code << (16 - length);
            code <<= 1;
        }
        Some(table)
    }

    fn fill(&mut self, code: u32, place: usize, count: u32, length: u32) {
        if length > LOOKUP_BITS {
            return;
        }
        let spread = 1usize << (LOOKUP_BITS - length);
        for i in 0..count as usize {
            let Some(step) = self.symbols.get(place + i).and_then(|s| meaning(self.kind, *s, length)) else { continue };
            let start = (code as usize + i) * spread;
            if let Some(range) = self.steps.get_mut(start..start + spread) {
                range.fill((step.bits | step.advance << 8) as u16);
            }
        }
    }

    /// The step at the front of `window` (left-aligned bits), for sequential coding. `None`: no such code, or not allowed here.
    #[inline(always)]
    pub(crate) fn step(&self, window: u64) -> Option<Step> {
        let entry = u32::from(self.steps[(window >> (64 - LOOKUP_BITS)) as usize]);
        if entry != 0 {
            return Some(Step { bits: entry & 0xFF, advance: entry >> 8 });
        }
        self.long_step(window)
    }

    #[cold]
    #[inline(never)]
    fn long_step(&self, window: u64) -> Option<Step> {
        let (symbol, length) = self.symbol(window)?;
        meaning(self.kind, symbol, length)
    }

    /// The bare symbol at the front of `window` and its code's length, for progressive coding.
    pub(crate) fn symbol(&self, window: u64) -> Option<(u8, u32)> {
        let front = (window >> 48) as u32;
        let length = (1..=16).find(|l| front < self.limits[*l])?;
        let place = (front >> (16 - length)) as i32 + self.offsets[length];
        let place = usize::try_from(place).ok().filter(|p| *p < self.total)?;
        Some((self.symbols[place], length as u32))
    }
}

/// Sequential coding, 8-bit samples: DC categories 0..11, AC run/size with sizes up to 10 (F.1.2).
fn meaning(kind: Kind, symbol: u8, length: u32) -> Option<Step> {
    let (run, size) = (u32::from(symbol >> 4), u32::from(symbol & 15));
    match (kind, run, size) {
        (Kind::Dc, 0, 0..=11) => Some(Step { bits: length + size, advance: 1 }),
        (Kind::Ac, 0, 0) => Some(Step { bits: length, advance: END_OF_BLOCK }),
        (Kind::Ac, 15, 0) => Some(Step { bits: length, advance: 16 }),
        (Kind::Ac, _, 1..=10) => Some(Step { bits: length + size, advance: run + 1 }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_look_up_and_the_search_agree() {
        // Lengths 2, 3, 3, 12: the last only the search can find.
        let mut counts = [0u8; 16];
        (counts[1], counts[2], counts[11]) = (1, 2, 1);
        let table = Huffman::new(Kind::Ac, &counts, &[0x00, 0x11, 0xF0, 0x0A]).unwrap();
        let at = |bits: u64, length: u32| table.step(bits << (64 - length)).map(|s| (s.bits, s.advance));
        assert_eq!(at(0b00, 2), Some((2, END_OF_BLOCK)));
        assert_eq!(at(0b010, 3), Some((4, 2)));
        assert_eq!(at(0b011, 3), Some((3, 16)));
        assert_eq!(at(0b1000_0000_0000, 12), Some((22, 1)));
        assert_eq!(at(0b1111, 4), None);
        assert_eq!(table.symbol(0b010 << 61), Some((0x11, 3)));
    }

    #[test]
    fn too_many_codes_are_no_table() {
        let mut counts = [0u8; 16];
        counts[0] = 3;
        assert!(Huffman::new(Kind::Dc, &counts, &[0, 1, 2]).is_none());
    }

    #[test]
    fn symbols_that_mean_nothing_are_no_step() {
        let mut counts = [0u8; 16];
        counts[1] = 3;
        let table = Huffman::new(Kind::Ac, &counts, &[0x30, 0x0B, 0x01]).unwrap();
        assert!(table.step(0b00 << 62).is_none(), "run 3 with nothing after it");
        assert!(table.step(0b01 << 62).is_none(), "size 11");
        assert!(table.step(0b10 << 62).is_some());
    }
}
