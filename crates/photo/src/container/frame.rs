//! The frame header (SOF): size, depth and components, and the grid of blocks that follows from them.

use crate::refusal::Refusal;

/// One colour component.
#[derive(Clone, Copy)]
pub(crate) struct Component {
    pub id: u8,
    /// Sampling factors, 1..=4.
    pub h: u8,
    pub v: u8,
}

/// What SOF says.
pub(crate) struct Frame {
    pub marker: u8,
    pub precision_bits: u8,
    pub width: u32,
    pub height: u32,
    pub components: Vec<Component>,
}

impl Frame {
    pub(crate) fn parse(marker: u8, payload: &[u8]) -> Result<Self, Refusal> {
        let (head, list) = payload.split_first_chunk::<6>().ok_or_else(|| Refusal::damaged("frame header too short"))?;
        let [precision_bits, h1, h0, w1, w0, count] = *head;
        if list.len() != usize::from(count) * 3 || count == 0 {
            return Err(Refusal::damaged("frame header length disagrees with its components"));
        }
        let components: Vec<_> = list.chunks_exact(3).map(|c| Component { id: c[0], h: c[1] >> 4, v: c[1] & 15 }).collect();
        if components.iter().any(|c| !(1..=4).contains(&c.h) || !(1..=4).contains(&c.v)) {
            return Err(Refusal::damaged("sampling factor outside 1..4"));
        }
        let (width, height) = (u32::from(u16::from_be_bytes([w1, w0])), u32::from(u16::from_be_bytes([h1, h0])));
        Ok(Self { marker, precision_bits, width, height, components })
    }

    pub(crate) fn h_max(&self) -> u32 {
        self.components.iter().map(|c| u32::from(c.h)).max().unwrap_or(1)
    }

    pub(crate) fn v_max(&self) -> u32 {
        self.components.iter().map(|c| u32::from(c.v)).max().unwrap_or(1)
    }

    /// Interleaved MCUs across and down.
    pub(crate) fn mcus(&self) -> (u32, u32) {
        (self.width.div_ceil(8 * self.h_max()), self.height.div_ceil(8 * self.v_max()))
    }

    /// Blocks across and down of one component when it is alone in a scan (A.2.2: no padding to whole MCUs).
    pub(crate) fn blocks_alone(&self, c: Component) -> (u32, u32) {
        let across = (self.width * u32::from(c.h)).div_ceil(self.h_max()).div_ceil(8);
        let down = (self.height * u32::from(c.v)).div_ceil(self.v_max()).div_ceil(8);
        (across, down)
    }
}
