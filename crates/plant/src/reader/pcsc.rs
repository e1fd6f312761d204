//! A card reader by PC/SC: one named reader, its card for us alone. Knows no file and no key; judges no answer.

use std::ffi::{CStr, CString};
use std::time::Duration;

use ledger::fault::Fault;
use line::ports::{CardReader, ReaderFault};
use pcsc::{Card, Context, Disposition, Error, Protocol, Protocols, ReaderState, Scope, ShareMode, State};

/// The longest answer to a command in its short form is 258 bytes.
const ANSWER_BYTES_MAX: usize = 1_024;
const HEADER_BYTES: usize = 4;
const STATUS_BYTES: usize = 2;

pub struct PcscReader {
    context: Context,
    name: CString,
    card: Option<Powered>,
}

struct Powered {
    card: Card,
    /// Protocol T=0.
    by_characters: bool,
}

impl PcscReader {
    /// Readers there are, by the names PC/SC gives them.
    ///
    /// # Errors
    /// The PC/SC service doesn't run.
    pub fn names() -> Result<Vec<String>, Fault> {
        let names = context()?.list_readers_owned().map_err(no_service)?;
        Ok(names.iter().map(|n| n.to_string_lossy().into_owned()).collect())
    }

    /// The reader of a name, whole and exact.
    ///
    /// # Errors
    /// The PC/SC service doesn't run, or has no reader of this name.
    pub fn open(name: &str) -> Result<Self, Fault> {
        let context = context()?;
        let names = context.list_readers_owned().map_err(no_service)?;
        let missing = || Fault::Missing(format!("no card reader is called {name:?}; there are {}", listed(&names)));
        let name = names.iter().find(|n| n.to_bytes() == name.as_bytes()).cloned().ok_or_else(missing)?;
        Ok(Self { context, name, card: None })
    }

    /// Whether a card is in the reader, as the service last saw it.
    ///
    /// # Errors
    /// The reader is gone.
    pub fn has_card(&self) -> Result<bool, ReaderFault> {
        let mut states = [ReaderState::new(self.name.clone(), State::UNAWARE)];
        self.context.get_status_change(Duration::ZERO, &mut states).map_err(fault)?;
        Ok(states[0].event_state().contains(State::PRESENT))
    }

    /// Takes the card's power away and lets it go, before somebody takes it out.
    pub fn release(&mut self) {
        self.let_go(Disposition::UnpowerCard);
    }

    fn let_go(&mut self, disposition: Disposition) {
        if let Some(powered) = self.card.take()
            && let Err((card, _)) = powered.card.disconnect(disposition)
        {
            drop(card);
        }
    }

    /// A card that doesn't answer is let go as it is: a command to a place where it no longer is makes pcscd miss the next one put there.
    fn lost(&mut self, error: Error) -> ReaderFault {
        self.let_go(Disposition::LeaveCard);
        fault(error)
    }

    fn power(&mut self) -> Result<Vec<u8>, Error> {
        // Another card may be in the reader by now: the connection to the last one goes first.
        self.release();
        let card = self.context.connect(&self.name, ShareMode::Exclusive, Protocols::ANY)?;
        self.settle(card)
    }

    fn reset_card(&mut self) -> Result<Vec<u8>, Error> {
        let Powered { mut card, .. } = self.card.take().ok_or(Error::NoSmartcard)?;
        card.reconnect(ShareMode::Exclusive, Protocols::ANY, Disposition::ResetCard)?;
        self.settle(card)
    }

    fn settle(&mut self, card: Card) -> Result<Vec<u8>, Error> {
        let status = card.status2_owned()?;
        self.card = Some(Powered { by_characters: status.protocol2() == Some(Protocol::T0), card });
        Ok(status.atr().to_vec())
    }

    fn send(&mut self, command: &[u8]) -> Result<Vec<u8>, Error> {
        let Powered { card, by_characters } = self.card.as_ref().ok_or(Error::NoSmartcard)?;
        let sent = if *by_characters { without_length(command) } else { command };
        let mut room = [0; ANSWER_BYTES_MAX];
        let answer = card.transmit(sent, &mut room)?;
        // Some drivers say so of a card that has gone.
        if answer.len() < STATUS_BYTES { Err(Error::UnresponsiveCard) } else { Ok(answer.to_vec()) }
    }
}

impl CardReader for PcscReader {
    fn connect(&mut self) -> Result<Vec<u8>, ReaderFault> {
        self.power().map_err(fault)
    }

    fn reset(&mut self) -> Result<Vec<u8>, ReaderFault> {
        self.reset_card().map_err(|error| self.lost(error))
    }

    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, ReaderFault> {
        self.send(command).map_err(|error| self.lost(error))
    }
}

fn context() -> Result<Context, Fault> {
    Context::establish(Scope::User).map_err(no_service)
}

fn no_service(error: Error) -> Fault {
    Fault::Missing(format!("PC/SC: {error}"))
}

fn listed(names: &[CString]) -> String {
    let names: Vec<_> = names.iter().map(|n: &CString| CStr::to_string_lossy(n)).collect();
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}

/// Protocol T=0 has no way to send data and a length together: the card offers its answer afterwards (ISO 7816-3 §12.2).
fn without_length(command: &[u8]) -> &[u8] {
    match command.get(HEADER_BYTES) {
        Some(len) if *len > 0 && command.len() == HEADER_BYTES + 2 + usize::from(*len) => &command[..command.len() - 1],
        _ => command,
    }
}

fn fault(error: Error) -> ReaderFault {
    match error {
        Error::NoSmartcard | Error::RemovedCard | Error::UnpoweredCard | Error::UnresponsiveCard | Error::ResetCard => ReaderFault::NoCard,
        other => ReaderFault::NoReader(other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_command_with_data_and_answer_loses_its_length() {
        for whole in [&[0, 0xA4, 0, 0x0C][..], &[0, 0xB0, 0, 0, 4], &[0, 0xA4, 0, 0x0C, 2, 0x3F, 0], &[0, 0xB0, 0, 0, 0]] {
            assert_eq!(without_length(whole), whole);
        }
        assert_eq!(without_length(&[0, 0x88, 0, 1, 2, 7, 7, 16]), [0, 0x88, 0, 1, 2, 7, 7]);
    }

    #[test]
    fn a_card_taken_out_is_told_from_a_reader_gone() {
        assert_eq!(fault(Error::RemovedCard), ReaderFault::NoCard);
        assert!(matches!(fault(Error::ReaderUnavailable), ReaderFault::NoReader(_)));
    }
}
