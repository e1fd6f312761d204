//! Reading bits of unstuffed entropy-coded data. It never fails and never stops: past the end it gives zeros, and the
//! caller compares what was taken with what there was.

pub(crate) struct Bits<'a> {
    data: &'a [u8],
    at: usize,
    /// Left-aligned; below the `held` bits it may hold a part of the next byte, which is the same when read again.
    buffer: u64,
    held: u32,
}

impl<'a> Bits<'a> {
    pub(crate) fn new(data: &'a [u8]) -> Self {
        Self { data, at: 0, buffer: 0, held: 0 }
    }

    /// Makes at least 56 bits available.
    #[inline(always)]
    pub(crate) fn refill(&mut self) {
        let next = match self.data.get(self.at..).and_then(|d| d.first_chunk::<8>()) {
            Some(chunk) => u64::from_be_bytes(*chunk),
            None => self.last_bytes(),
        };
        self.buffer |= next >> self.held;
        let bytes = (63 - self.held) >> 3;
        self.at += bytes as usize;
        self.held += bytes * 8;
    }

    #[cold]
    #[inline(never)]
    fn last_bytes(&self) -> u64 {
        let mut chunk = [0; 8];
        let rest = self.data.get(self.at..).unwrap_or(&[]);
        chunk[..rest.len()].copy_from_slice(rest);
        u64::from_be_bytes(chunk)
    }

    #[inline(always)]
    pub(crate) fn refill_below(&mut self, bits: u32) {
        if self.held < bits {
            self.refill();
        }
    }

    #[inline(always)]
    pub(crate) fn window(&self) -> u64 {
        self.buffer
    }

    /// Takes up to 32 bits that a refill made available.
    #[inline(always)]
    pub(crate) fn skip(&mut self, bits: u32) {
        self.buffer <<= bits;
        self.held -= bits;
    }

    /// The value of the next `bits` (0..=16) bits, refilled as needed.
    pub(crate) fn take(&mut self, bits: u32) -> u32 {
        self.refill_below(32);
        let value = if bits == 0 { 0 } else { (self.buffer >> (64 - bits)) as u32 };
        self.skip(bits);
        value
    }

    /// Bits taken more than there were.
    pub(crate) fn overdrawn(&self) -> bool {
        self.taken() > self.data.len() as u64 * 8
    }

    fn taken(&self) -> u64 {
        self.at as u64 * 8 - u64::from(self.held)
    }

    /// Whether all that is left is less than a byte of 1 bits (F.1.2.3).
    pub(crate) fn only_padding_left(&self) -> bool {
        let Some(left @ 0..=7) = (self.data.len() as u64 * 8).checked_sub(self.taken()) else { return false };
        let ones = (1u16 << left) - 1;
        left == 0 || self.data.last().is_some_and(|b| u16::from(*b) & ones == ones)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_come_in_order_and_the_end_is_known() {
        let mut bits = Bits::new(&[0b1010_0101, 0xFF, 0x00, 0b1100_1111]);
        assert_eq!((bits.take(4), bits.take(8), bits.take(12)), (0b1010, 0b0101_1111, 0b1111_0000_0000));
        assert_eq!(bits.take(4), 0b1100);
        assert!(bits.only_padding_left());
        bits.take(4);
        assert!(bits.only_padding_left() && !bits.overdrawn());
        assert_eq!(bits.take(1), 0);
        assert!(bits.overdrawn() && !bits.only_padding_left());
    }

    #[test]
    fn zeros_or_a_whole_byte_are_no_padding() {
        let mut bits = Bits::new(&[0b1111_0000]);
        bits.take(4);
        assert!(!bits.only_padding_left());
        assert!(!Bits::new(&[0xFF]).only_padding_left());
    }
}
