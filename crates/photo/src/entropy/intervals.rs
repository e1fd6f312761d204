//! A scan's entropy-coded data as restart intervals without byte stuffing, so that the walk reads plain bits.

use crate::container::marker;
use crate::refusal::Refusal;

/// The unstuffed bytes of all intervals, one after the other.
pub(crate) struct Intervals {
    data: Vec<u8>,
    ends: Vec<usize>,
}

impl Intervals {
    /// `entropy` holds only data, `FF00` and restart markers (that is where the layout cut it).
    pub(crate) fn split(entropy: &[u8]) -> Result<Self, Refusal> {
        let mut this = Self { data: Vec::with_capacity(entropy.len()), ends: Vec::new() };
        let mut from = 0;
        for at in memchr::memchr_iter(0xFF, entropy) {
            let code = entropy.get(at + 1).copied().unwrap_or(0xFF);
            if code == 0 {
                this.data.extend_from_slice(&entropy[from..=at]);
            } else {
                this.data.extend_from_slice(&entropy[from..at]);
                this.restart(code)?;
            }
            from = at + 2;
        }
        this.data.extend_from_slice(entropy.get(from..).unwrap_or(&[]));
        this.ends.push(this.data.len());
        Ok(this)
    }

    fn restart(&mut self, code: u8) -> Result<(), Refusal> {
        let expected = marker::RST0 + (self.ends.len() % 8) as u8;
        if code != expected {
            return Err(Refusal::damaged(format!("restart marker FF{code:02X} where FF{expected:02X} is due")));
        }
        self.ends.push(self.data.len());
        Ok(())
    }

    pub(crate) fn len(&self) -> u32 {
        self.ends.len() as u32
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &[u8]> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        starts.zip(&self.ends).map(|(from, to)| &self.data[from..*to])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stuffing_goes_and_restarts_split() {
        let split = Intervals::split(&[1, 0xFF, 0, 2, 0xFF, 0xD0, 3, 0xFF, 0xD1]).unwrap();
        assert_eq!(split.iter().collect::<Vec<_>>(), [&[1, 0xFF, 2][..], &[3], &[]]);
        assert!(Intervals::split(&[1, 0xFF, 0xD1, 2]).is_err(), "the first restart is RST0");
    }
}
