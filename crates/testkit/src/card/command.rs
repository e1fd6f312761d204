//! One command APDU taken apart (ISO 7816-4 §5.1): four cases, short and extended.

use super::status::{self, Sw};

pub(super) struct Command<'a> {
    pub(super) cla: u8,
    pub(super) ins: u8,
    pub(super) p1: u8,
    pub(super) p2: u8,
    pub(super) data: &'a [u8],
    /// Bytes asked for at most; `None`: no answer is expected.
    pub(super) asked: Option<Asked>,
}

/// Length of the answer that is expected.
#[derive(Clone, Copy)]
pub(super) enum Asked {
    /// So many.
    Exactly(usize),
    /// All there is, up to so many.
    UpTo(usize),
}

impl Asked {
    pub(super) fn most(self) -> usize {
        match self {
            Self::Exactly(n) | Self::UpTo(n) => n,
        }
    }
}

impl<'a> Command<'a> {
    pub(super) fn parse(apdu: &'a [u8]) -> Result<Self, Sw> {
        let (&[cla, ins, p1, p2], body) = apdu.split_first_chunk().ok_or(status::WRONG_LENGTH)?;
        let (data, asked) = match body {
            [] => (&[][..], None),
            [le] => (&[][..], Some(short(*le))),
            [0, _] => return Err(status::WRONG_LENGTH),
            [0, high, low] => (&[][..], Some(long(*high, *low))),
            [0, high, low, rest @ ..] => extended(usize::from(*high) << 8 | usize::from(*low), rest)?,
            [len, rest @ ..] => match rest.split_at_checked(usize::from(*len)) {
                Some((data, [])) => (data, None),
                Some((data, [le])) => (data, Some(short(*le))),
                _ => return Err(status::WRONG_LENGTH),
            },
        };
        Ok(Self { cla, ins, p1, p2, data, asked })
    }

    /// P1 and P2 must be zero.
    pub(super) fn plain(&self) -> Result<(), Sw> {
        if self.p1 == 0 && self.p2 == 0 { Ok(()) } else { Err(status::WRONG_PARAMETERS) }
    }

    pub(super) fn no_data(&self) -> Result<(), Sw> {
        if self.data.is_empty() { Ok(()) } else { Err(status::WRONG_LENGTH) }
    }

    pub(super) fn wants(&self) -> Result<Asked, Sw> {
        self.asked.ok_or(status::WRONG_LENGTH)
    }
}

fn short(le: u8) -> Asked {
    if le == 0 { Asked::UpTo(256) } else { Asked::Exactly(usize::from(le)) }
}

fn long(high: u8, low: u8) -> Asked {
    if high == 0 && low == 0 { Asked::UpTo(65_536) } else { Asked::Exactly(usize::from(high) << 8 | usize::from(low)) }
}

fn extended(len: usize, rest: &[u8]) -> Result<(&[u8], Option<Asked>), Sw> {
    match rest.split_at_checked(len) {
        Some((data, [])) if len > 0 => Ok((data, None)),
        Some((data, [high, low])) if len > 0 => Ok((data, Some(long(*high, *low)))),
        _ => Err(status::WRONG_LENGTH),
    }
}
