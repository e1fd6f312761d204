//! Two text forms of a script (docs/formats/apdu.md): scriptor's, commands alone; and the play text, with what each must be answered with.
//! The play text has one way to be written, and its reader takes no other.

use std::fmt::Write as _;

use super::test_keys::{KEY_BYTES, TestKey};
use super::{Act, Exchange, Step};

/// A command and an answer of 256 bytes each, as pairs of digits with spaces, fit.
pub const LINE_BYTES_MAX: usize = 2_048;
pub const STEPS_MAX: usize = 10_000;
const COMMAND_BYTES_MIN: usize = 4;
const ANSWER_BYTES_MAX: usize = 256;
const RESET: &str = "reset";
const AUTHENTICATE: &str = "authenticate ";
const NOTE: &str = "# ";
const COLUMN: &str = " ; ";

/// One command to a line, `reset`, `#` and a note before each. None if somebody has to authenticate: scriptor can't answer a challenge.
#[must_use]
pub fn scriptor_text(steps: &[Step]) -> Option<String> {
    let mut out = String::new();
    for step in steps {
        put_note(&step.note, &mut out);
        match &step.act {
            Act::Reset => out.push_str(RESET),
            Act::Send(exchange) => put_hex(&exchange.command, &mut out),
            Act::Authenticate { .. } => return None,
        }
        out.push('\n');
    }
    Some(out)
}

/// As [`scriptor_text`], each command with ` ; ` and its status, and ` ; ` and its answer's data where it has any; `authenticate` with a key's
/// number and the test key.
#[must_use]
pub fn play_text(steps: &[Step]) -> String {
    let mut out = String::new();
    for step in steps {
        put_note(&step.note, &mut out);
        match &step.act {
            Act::Reset => out.push_str(RESET),
            Act::Send(exchange) => put_exchange(exchange, &mut out),
            Act::Authenticate { key_id, key } => {
                out.push_str(AUTHENTICATE);
                put_hex(&[*key_id], &mut out);
                out.push(' ');
                put_hex(&key.0, &mut out);
            }
        }
        out.push('\n');
    }
    out
}

fn put_note(note: &str, out: &mut String) {
    if !note.is_empty() {
        let _ = writeln!(out, "{NOTE}{note}");
    }
}

fn put_exchange(exchange: &Exchange, out: &mut String) {
    put_hex(&exchange.command, out);
    let _ = write!(out, "{COLUMN}{:04X}", exchange.sw);
    if !exchange.data.is_empty() {
        out.push_str(COLUMN);
        put_hex(&exchange.data, out);
    }
}

fn put_hex(bytes: &[u8], out: &mut String) {
    for (i, byte) in bytes.iter().enumerate() {
        let _ = write!(out, "{}{byte:02X}", if i > 0 { " " } else { "" });
    }
}

/// The steps of a play text.
///
/// # Errors
/// Names the first line that isn't as [`play_text`] writes it; never shows what is in it.
pub fn read_play_text(text: &str) -> Result<Vec<Step>, String> {
    let mut steps = Vec::new();
    let mut note: Option<&str> = None;
    let mut rest = text;
    let mut number = 0;
    while !rest.is_empty() {
        number += 1;
        let (line, after) = rest.split_once('\n').ok_or_else(|| format!("line {number}: not ended"))?;
        rest = after;
        let wrong = |why: &str| format!("line {number}: {why}");
        if line.len() > LINE_BYTES_MAX || steps.len() == STEPS_MAX {
            return Err(wrong("too long, or one too many"));
        }
        if let Some(said) = line.strip_prefix(NOTE) {
            let plain = !said.is_empty() && !said.contains(char::is_control);
            if note.replace(said).is_some() || !plain {
                return Err(wrong("a note must be one line of plain text before a step"));
            }
        } else {
            let act = act(line).ok_or_else(|| wrong("no step"))?;
            steps.push(Step { act, note: note.take().unwrap_or_default().to_owned() });
        }
    }
    if note.is_some() { Err(format!("line {number}: a note without its step")) } else { Ok(steps) }
}

fn act(line: &str) -> Option<Act> {
    if line == RESET {
        return Some(Act::Reset);
    }
    if let Some(keyed) = line.strip_prefix(AUTHENTICATE) {
        let bytes = spaced_hex(keyed).filter(|b| b.len() == 1 + KEY_BYTES)?;
        return Some(Act::Authenticate { key_id: bytes[0], key: TestKey(bytes[1..].try_into().ok()?) });
    }
    let mut columns = line.split(COLUMN);
    let command = spaced_hex(columns.next()?).filter(|c| is_short_command(c))?;
    let status = columns.next().filter(|sw| sw.len() == 4).and_then(unhex)?;
    let data = match columns.next() {
        Some(column) => spaced_hex(column).filter(|data| data.len() <= ANSWER_BYTES_MAX)?,
        None => Vec::new(),
    };
    columns.next().is_none().then(|| Act::Send(Exchange { command, sw: u16::from_be_bytes([status[0], status[1]]), data }))
}

/// Any of the four cases in its short form.
fn is_short_command(bytes: &[u8]) -> bool {
    match bytes.get(COMMAND_BYTES_MIN..) {
        None => false,
        Some([] | [_]) => true,
        Some([0, ..]) => false,
        Some([len, data @ ..]) => data.len() == usize::from(*len) || data.len() == usize::from(*len) + 1,
    }
}

/// Bytes as two upper-case digits each, divided by single spaces; at least one.
fn spaced_hex(text: &str) -> Option<Vec<u8>> {
    text.split(' ').map(|pair| unhex(pair).and_then(|b| <[u8; 1]>::try_from(b).ok()).map(|[b]| b)).collect()
}

/// Bytes as two upper-case digits each.
fn unhex(text: &str) -> Option<Vec<u8>> {
    let digit = |c: u8| match c {
        b'0'..=b'9' => Some(c - b'0'),
        b'A'..=b'F' => Some(c - b'A' + 10),
        _ => None,
    };
    let pair = |pair: &[u8]| match pair {
        [high, low] => Some(digit(*high)? << 4 | digit(*low)?),
        _ => None,
    };
    text.as_bytes().chunks(2).map(pair).collect()
}
