//! A reader that a person puts one blank after the other into: waits until the last one is out and the next one in. Sends nothing.

use std::thread;
use std::time::{Duration, Instant};

use line::ports::{BlankSlot, CardReader, NextBlank, ReaderFault};

use super::PcscReader;

/// How often the reader is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(50);

pub struct ByHand {
    reader: PcscReader,
    patience: Duration,
}

impl ByHand {
    /// `patience` is for each of the two: taking the last one out, putting the next one in.
    #[must_use]
    pub fn new(reader: PcscReader, patience: Duration) -> Self {
        Self { reader, patience }
    }

    fn wait(&self, present: bool, stop: &dyn Fn() -> bool) -> Result<NextBlank, ReaderFault> {
        let since = Instant::now();
        loop {
            if self.reader.has_card()? == present {
                return Ok(NextBlank::In);
            }
            if stop() {
                return Ok(NextBlank::Stopped);
            }
            if since.elapsed() >= self.patience {
                return Ok(NextBlank::NoneCame);
            }
            thread::sleep(LOOK_EVERY);
        }
    }
}

impl BlankSlot for ByHand {
    fn reader(&mut self) -> &mut dyn CardReader {
        &mut self.reader
    }

    fn let_go(&mut self) {
        self.reader.release();
    }

    fn next_blank(&mut self, stop: &dyn Fn() -> bool) -> Result<NextBlank, ReaderFault> {
        match self.wait(false, stop)? {
            NextBlank::In => self.wait(true, stop),
            other => Ok(other),
        }
    }
}
