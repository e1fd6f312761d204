//! Command APDUs in their short forms (ISO 7816-4 §5.1): header, then by case nothing, data, length of the answer, or both.

/// Data of one short command.
pub const WRITE_BYTES_MAX: usize = 255;
/// Asked for at once: a length of 256 has a coding of its own that some readers get wrong.
pub const READ_BYTES_MAX: usize = 255;

/// Header of a command, class 00 unless said otherwise.
pub(super) struct Command([u8; 4]);

impl Command {
    pub(super) const fn new(ins: u8, p1: u8, p2: u8) -> Self {
        Self([0, ins, p1, p2])
    }

    pub(super) const fn class(self, cla: u8) -> Self {
        Self([cla, self.0[1], self.0[2], self.0[3]])
    }

    /// Case 1: neither data nor answer.
    pub(super) fn alone(self) -> Vec<u8> {
        self.0.to_vec()
    }

    /// Case 2: answered with up to `bytes`.
    pub(super) fn answer(self, bytes: usize) -> Vec<u8> {
        [&self.0[..], &[short(bytes)]].concat()
    }

    /// Case 3: data, answered with a status alone.
    pub(super) fn data(self, data: &[u8]) -> Vec<u8> {
        [&self.0[..], &[short(data.len())], data].concat()
    }

    /// Case 4: data, answered with up to `bytes`.
    pub(super) fn data_and_answer(self, data: &[u8], bytes: usize) -> Vec<u8> {
        [&self.0[..], &[short(data.len())], data, &[short(bytes)]].concat()
    }
}

/// A length of 1 to 255. Callers chunk; a length that isn't one is our mistake.
fn short(bytes: usize) -> u8 {
    let len = u8::try_from(bytes).unwrap_or(0);
    assert!(len > 0, "a short command takes 1 to 255 bytes, not {bytes}");
    len
}
