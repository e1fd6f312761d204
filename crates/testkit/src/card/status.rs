//! Status words (ISO 7816-4 §5.6) and answers.

pub(super) type Sw = u16;

pub(super) const DONE: Sw = 0x9000;
pub(super) const END_OF_FILE: Sw = 0x6282;
/// The low half counts the tries left.
pub(super) const WRONG_KEY: Sw = 0x63C0;
pub(super) const WRONG_LENGTH: Sw = 0x6700;
pub(super) const NO_CHANNEL: Sw = 0x6881;
pub(super) const NO_SECURE_MESSAGING: Sw = 0x6882;
pub(super) const NO_CHAINING: Sw = 0x6884;
pub(super) const OTHER_STRUCTURE: Sw = 0x6981;
pub(super) const NOT_ALLOWED: Sw = 0x6982;
pub(super) const BLOCKED: Sw = 0x6983;
pub(super) const NOT_NOW: Sw = 0x6985;
pub(super) const NO_CURRENT_FILE: Sw = 0x6986;
pub(super) const WRONG_DATA: Sw = 0x6A80;
pub(super) const NO_FUNCTION: Sw = 0x6A81;
pub(super) const NO_FILE: Sw = 0x6A82;
pub(super) const NO_RECORD: Sw = 0x6A83;
pub(super) const NO_ROOM: Sw = 0x6A84;
pub(super) const WRONG_PARAMETERS: Sw = 0x6A86;
pub(super) const NO_KEY: Sw = 0x6A88;
pub(super) const FILE_EXISTS: Sw = 0x6A89;
pub(super) const NAME_EXISTS: Sw = 0x6A8A;
pub(super) const NO_OFFSET: Sw = 0x6B00;
/// The low half is the length there is.
pub(super) const OTHER_LENGTH: Sw = 0x6C00;
pub(super) const NO_INSTRUCTION: Sw = 0x6D00;
pub(super) const NO_CLASS: Sw = 0x6E00;

pub(super) struct Answer {
    data: Vec<u8>,
    sw: Sw,
}

impl Answer {
    pub(super) fn of(sw: Sw) -> Self {
        Self { data: Vec::new(), sw }
    }

    pub(super) fn done() -> Self {
        Self::of(DONE)
    }

    pub(super) fn with(data: Vec<u8>, sw: Sw) -> Self {
        Self { data, sw }
    }

    pub(super) fn bytes(self) -> Vec<u8> {
        let mut bytes = self.data;
        bytes.extend_from_slice(&self.sw.to_be_bytes());
        bytes
    }
}
