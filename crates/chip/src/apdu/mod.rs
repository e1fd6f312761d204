//! The script that personalises one blank ISO 7816-4 card: commands, the status and data each must be answered with, and two text forms.
//! Plays nothing. It holds personal data and keys in the clear, so it exists with test keys only: keys of a plant never come here.

mod command;
mod parameters;
mod pieces;
mod script;
mod test_keys;
#[cfg(test)]
mod tests;
mod text;

pub use command::{READ_BYTES_MAX, WRITE_BYTES_MAX};
pub use script::{RecordForm, Target, script, script_of};
pub use test_keys::{CHALLENGE_BYTES, KEY_BYTES, TestKey, TestKeys, cryptogram};
pub use text::{LINE_BYTES_MAX, STEPS_MAX, play_text, read_play_text, scriptor_text};

/// ISO 7816-4: done.
pub const SW_DONE: u16 = 0x9000;
/// End of file before as many bytes as asked for.
pub const SW_END_OF_FILE: u16 = 0x6282;
/// Security status not satisfied.
pub const SW_NOT_ALLOWED: u16 = 0x6982;
/// File or application not found.
pub const SW_NO_FILE: u16 = 0x6A82;
/// Record not found.
pub const SW_NO_RECORD: u16 = 0x6A83;
/// Offset outside the file.
pub const SW_NO_OFFSET: u16 = 0x6B00;

/// One step of the script. Personal: no `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct Step {
    pub act: Act,
    /// Which folder, file and record: never what is in it. One line.
    pub note: String,
}

#[derive(Clone, PartialEq, Eq)]
pub enum Act {
    /// The card is reset: nothing is selected, nobody authenticated.
    Reset,
    /// One command and its whole answer.
    Send(Exchange),
    /// GET CHALLENGE and EXTERNAL AUTHENTICATE: what is sent depends on the card's challenge.
    Authenticate { key_id: u8, key: TestKey },
}

/// A command APDU with the answer it must get.
#[derive(Clone, PartialEq, Eq)]
pub struct Exchange {
    pub command: Vec<u8>,
    pub sw: u16,
    /// The answer's data, all of it; empty where the command has no answer.
    pub data: Vec<u8>,
}

/// GET CHALLENGE for [`CHALLENGE_BYTES`].
#[must_use]
pub fn get_challenge() -> Vec<u8> {
    command::Command::new(0x84, 0, 0).answer(CHALLENGE_BYTES)
}

/// EXTERNAL AUTHENTICATE: the cryptogram of the challenge under the key named.
#[must_use]
pub fn external_authenticate(key_id: u8, key: &TestKey, challenge: [u8; CHALLENGE_BYTES]) -> Vec<u8> {
    command::Command::new(0x82, 0, key_id).data(&cryptogram(key, challenge))
}
