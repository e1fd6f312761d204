//! Quantisation tables, Huffman tables and the restart interval, as they are defined and redefined along a file.

use card::Code;
use card::profile::photo::PhotoRules;

use super::layout::Segment;
use super::marker;
use crate::entropy::huffman::{Huffman, Kind};
use crate::refusal::Refusal;

/// The tables in force at one place of the file.
#[derive(Default)]
pub(crate) struct Tables {
    pub dc: [Option<Box<Huffman>>; 4],
    pub ac: [Option<Box<Huffman>>; 4],
    /// MCUs between restart markers; 0 means none.
    pub restart_interval: u32,
    defined: u32,
}

impl Tables {
    /// Takes a DQT, DHT or DRI segment in; other segments change nothing.
    pub(crate) fn take(&mut self, segment: &Segment<'_>, rules: &PhotoRules) -> Result<(), Refusal> {
        match segment.marker {
            marker::DQT => self.take_quantisation(segment.payload, rules),
            marker::DHT => self.take_huffman(segment.payload, rules),
            marker::DRI => self.take_interval(segment.payload),
            _ => Ok(()),
        }
    }

    fn count(&mut self, rules: &PhotoRules) -> Result<(), Refusal> {
        self.defined += 1;
        if self.defined > rules.tables_max {
            return Err(Refusal::new(Code::Pho08, format!("more than {} coding tables", rules.tables_max), format!("{} tables", rules.tables_max)));
        }
        Ok(())
    }

    fn take_quantisation(&mut self, mut payload: &[u8], rules: &PhotoRules) -> Result<(), Refusal> {
        let bad = || Refusal::damaged("quantisation table");
        while let Some((&head, rest)) = payload.split_first() {
            let (wide, slot) = (head >> 4, usize::from(head & 15));
            if wide > 1 || slot > 3 {
                return Err(bad());
            }
            let (values, rest) = rest.split_at_checked(64 * (usize::from(wide) + 1)).ok_or_else(bad)?;
            if values.chunks_exact(usize::from(wide) + 1).any(|v| v.iter().all(|b| *b == 0)) {
                return Err(bad());
            }
            self.count(rules)?;
            payload = rest;
        }
        Ok(())
    }

    fn take_huffman(&mut self, mut payload: &[u8], rules: &PhotoRules) -> Result<(), Refusal> {
        let bad = || Refusal::damaged("Huffman table");
        while let Some((&head, rest)) = payload.split_first() {
            let (class, slot) = (head >> 4, usize::from(head & 15));
            let (counts, rest) = rest.split_first_chunk::<16>().ok_or_else(bad)?;
            let total: usize = counts.iter().map(|c| usize::from(*c)).sum();
            let (symbols, rest) = rest.split_at_checked(total).ok_or_else(bad)?;
            if slot > 3 || class > 1 {
                return Err(bad());
            }
            self.count(rules)?;
            let kind = if class == 0 { Kind::Dc } else { Kind::Ac };
            let table = Some(Box::new(Huffman::new(kind, counts, symbols).ok_or_else(bad)?));
            *(if class == 0 { &mut self.dc[slot] } else { &mut self.ac[slot] }) = table;
            payload = rest;
        }
        Ok(())
    }

    fn take_interval(&mut self, payload: &[u8]) -> Result<(), Refusal> {
        let interval = <[u8; 2]>::try_from(payload).map_err(|_| Refusal::damaged("restart interval"))?;
        self.restart_interval = u32::from(u16::from_be_bytes(interval));
        Ok(())
    }
}
