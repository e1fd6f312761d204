//! A journal taken apart and put together again by someone who knows its format (crates/ledger/FORMAT.md §2) and may write anywhere:
//! with checksums, numbers and chain made new, or without.

use card::Digest;
use ledger::journal::{RECORD_HEADER_BYTES, SEGMENT_HEADER_BYTES};

/// A record as it lies there: header and payload.
pub type Record = Vec<u8>;

const CRC_AT: usize = 4;
const SEQUENCE_AT: usize = 8;
const COMMIT_AT: usize = 16;
const PREVIOUS_AT: usize = 24;
const FLAGS_AT: usize = 58;
const LAST_OF_COMMIT: u8 = 1;

/// The only segment of a small plant.
#[derive(Clone)]
pub struct Taken {
    header: Vec<u8>,
    pub records: Vec<Record>,
}

impl Taken {
    /// A journal of these records, of which only payloads and ends of commits count until it is chained.
    #[allow(dead_code, reason = "for fuzz/fuzz_targets/journal.rs, which reads this file by its path")]
    pub fn of(header: &[u8], records: Vec<Record>) -> Self {
        Self { header: header.to_vec(), records }
    }

    pub fn apart(bytes: &[u8]) -> Self {
        let (header, mut rest) = bytes.split_at(SEGMENT_HEADER_BYTES);
        let mut records = Vec::new();
        while let Some(length) = rest.first_chunk::<4>() {
            let (record, after) = rest.split_at(RECORD_HEADER_BYTES + u32::from_le_bytes(*length) as usize);
            records.push(record.to_vec());
            rest = after;
        }
        Self { header: header.to_vec(), records }
    }

    pub fn together(&self) -> Vec<u8> {
        [self.header.clone(), self.records.concat()].concat()
    }

    /// Lengths, numbers, commits, previous hashes and checksums as if it had always been so.
    pub fn chain_anew(&mut self) {
        let mut previous: [u8; 32] = self.header[24..56].try_into().expect("32 bytes");
        let (mut sequence, mut commit) = (0_u64, 1_u64);
        let last = self.records.len();
        for (n, record) in self.records.iter_mut().enumerate() {
            sequence += 1;
            let length = (record.len() - RECORD_HEADER_BYTES) as u32;
            record[..4].copy_from_slice(&length.to_le_bytes());
            record[SEQUENCE_AT..COMMIT_AT].copy_from_slice(&sequence.to_le_bytes());
            record[COMMIT_AT..PREVIOUS_AT].copy_from_slice(&commit.to_le_bytes());
            record[PREVIOUS_AT..PREVIOUS_AT + 32].copy_from_slice(&previous);
            record[57] = record[RECORD_HEADER_BYTES];
            if n + 1 == last {
                record[FLAGS_AT] = LAST_OF_COMMIT;
            }
            let crc = crc(record);
            record[CRC_AT..SEQUENCE_AT].copy_from_slice(&crc.to_le_bytes());
            previous = Digest::of(record).0;
            if record[FLAGS_AT] == LAST_OF_COMMIT {
                commit = sequence + 1;
            }
        }
    }

    /// The mark of a clean stop after the last record, in its envelope (FORMAT.md §1).
    pub fn mark(&self) -> Vec<u8> {
        let hash = Digest::of(self.records.last().expect("a record"));
        ledger::envelope::encode(1, 1, &(self.records.len() as u64, hash)).expect("a short payload")
    }
}

/// Checksum of a record: all of it but the checksum.
fn crc(record: &[u8]) -> u32 {
    let covered: Vec<u8> = [&record[..CRC_AT], &record[SEQUENCE_AT..]].concat();
    crc32c(&covered)
}

/// CRC-32C, bit by bit: the forger has his own.
fn crc32c(bytes: &[u8]) -> u32 {
    let step = |crc: u32, _| if crc & 1 == 1 { (crc >> 1) ^ 0x82F6_3B78 } else { crc >> 1 };
    !bytes.iter().fold(!0_u32, |crc, byte| (0..8).fold(crc ^ u32::from(*byte), step))
}

#[test]
fn a_journal_taken_apart_and_chained_anew_is_the_same() {
    let plant = super::plant::Finished::get();
    let bytes = plant.bytes(&plant.of_kind("journal")[0]);
    let mut taken = Taken::apart(bytes);
    taken.chain_anew();
    assert!(taken.together() == bytes && taken.mark() == plant.bytes("ledger/head"), "the forger knows the format");
}
