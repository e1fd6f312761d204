//! Keys of the index. One letter names the family; numbers are big-endian so that scans come in order.

use card::{BatchId, Digest, Lane, Ordinal, OutletCode};

use crate::entry::Order;

pub const META: &[u8] = b"m/";

/// Kinds of what is sent, in [`delivery_of`].
pub const MAIL: u8 = b'm';
pub const BUNDLE: u8 = b'b';

pub fn application(ordinal: Ordinal) -> Vec<u8> {
    tagged(b'a', &[&ordinal.0.to_be_bytes()])
}

/// A page of the bucket a digest is in (`sightings.rs`).
pub fn sightings(digest: [u8; 16], page: u32) -> Vec<u8> {
    tagged(b'x', &[&digest[..2], &page.to_be_bytes()])
}

pub fn sightings_prefix(digest: [u8; 16]) -> Vec<u8> {
    tagged(b'x', &[&digest[..2]])
}

/// The page a key of [`sightings`] names.
pub fn page_of(key: &[u8]) -> u32 {
    let tail = key.len().saturating_sub(4);
    key[tail..].try_into().map_or(u32::MAX - 1, u32::from_be_bytes)
}

/// The pool in the order of the cut: lane, then destination (outlets before mail, employers within an outlet), there remakes first, then
/// arrival.
pub fn pool(lane: Lane, mail: bool, outlet: &OutletCode, employer: Option<&str>, remake: bool, ordinal: Ordinal) -> Vec<u8> {
    let lane = [lane as u8, u8::from(mail)];
    let turn = [u8::from(!remake)];
    tagged(b'w', &[&lane, outlet.as_str().as_bytes(), b"\0", employer.unwrap_or("").as_bytes(), b"\0", &turn, &ordinal.0.to_be_bytes()])
}

pub fn held(outlet: &OutletCode, ordinal: Ordinal) -> Vec<u8> {
    tagged(b'h', &[outlet.as_str().as_bytes(), b"\0", &ordinal.0.to_be_bytes()])
}

pub fn held_prefix(outlet: &OutletCode) -> Vec<u8> {
    tagged(b'h', &[outlet.as_str().as_bytes(), b"\0"])
}

pub fn package(package: u64) -> Vec<u8> {
    tagged(b'k', &[&package.to_be_bytes()])
}

pub fn package_id(outlet: &OutletCode, package_id: &str) -> Vec<u8> {
    tagged(b'g', &[outlet.as_str().as_bytes(), b"\0", package_id.as_bytes()])
}

/// Packages not judged to their last row (`j`) or not answered (`y`).
pub fn package_open(family: u8, package: u64) -> Vec<u8> {
    tagged(family, &[&package.to_be_bytes()])
}

pub fn sequence(outlet: &OutletCode) -> Vec<u8> {
    tagged(b'q', &[outlet.as_str().as_bytes()])
}

pub fn card(number: &str, generation: u32) -> Vec<u8> {
    tagged(b'c', &[number.as_bytes(), b"\0", &generation.to_be_bytes()])
}

pub fn card_prefix(number: &str) -> Vec<u8> {
    tagged(b'c', &[number.as_bytes(), b"\0"])
}

pub fn batch(batch: &BatchId) -> Vec<u8> {
    tagged(b'b', &[batch.as_str().as_bytes()])
}

pub fn job(batch: &BatchId, job: u32) -> Vec<u8> {
    tagged(b'J', &[batch.as_str().as_bytes(), &job.to_be_bytes()])
}

pub fn job_prefix(batch: &BatchId) -> Vec<u8> {
    tagged(b'J', &[batch.as_str().as_bytes()])
}

pub fn number_range(prefix: &str) -> Vec<u8> {
    tagged(b'n', &[prefix.as_bytes()])
}

pub fn register(kind: &str) -> Vec<u8> {
    tagged(b'r', &[kind.as_bytes()])
}

pub fn results_file(digest: &Digest) -> Vec<u8> {
    tagged(b'R', &[&digest.0])
}

pub fn person_of_plant(person: &str) -> Vec<u8> {
    tagged(b'p', &[person.as_bytes()])
}

/// A batch's id has one length, so no separator is needed.
pub fn release_signature(batch: &BatchId, person: &str) -> Vec<u8> {
    tagged(b'S', &[batch.as_str().as_bytes(), person.as_bytes()])
}

pub fn release_signature_prefix(batch: &BatchId) -> Vec<u8> {
    tagged(b'S', &[batch.as_str().as_bytes()])
}

pub fn device(device: &str) -> Vec<u8> {
    tagged(b'd', &[device.as_bytes()])
}

/// A token: the hand-overs of a device in order.
pub fn handover(device: &str, number: u64) -> Vec<u8> {
    tagged(b'H', &[device.as_bytes(), b"\0", &number.to_be_bytes()])
}

pub fn handover_prefix(device: &str) -> Vec<u8> {
    tagged(b'H', &[device.as_bytes(), b"\0"])
}

/// The last token of each file of a job, whichever device it was for.
pub fn handed_over(batch: &BatchId, job: u32, path: &str) -> Vec<u8> {
    tagged(b'T', &[batch.as_str().as_bytes(), &job.to_be_bytes(), path.as_bytes()])
}

pub fn handed_over_prefix(batch: &BatchId, job: u32) -> Vec<u8> {
    tagged(b'T', &[batch.as_str().as_bytes(), &job.to_be_bytes()])
}

/// What people said about a hand-over in doubt, by person.
pub fn handover_word(device: &str, number: u64, person: &str) -> Vec<u8> {
    tagged(b'W', &[device.as_bytes(), b"\0", &number.to_be_bytes(), person.as_bytes()])
}

pub fn handover_word_prefix(device: &str, number: u64) -> Vec<u8> {
    tagged(b'W', &[device.as_bytes(), b"\0", &number.to_be_bytes()])
}

/// The last attempt to encode the card at a position, job by job.
pub fn attempt(batch: &BatchId, job: u32, position: u32) -> Vec<u8> {
    tagged(b'E', &[batch.as_str().as_bytes(), &job.to_be_bytes(), &position.to_be_bytes()])
}

pub fn attempt_prefix(batch: &BatchId, job: u32) -> Vec<u8> {
    tagged(b'E', &[batch.as_str().as_bytes(), &job.to_be_bytes()])
}

/// Attempts in doubt: all of them, whichever batch.
pub fn attempt_in_doubt(number: &str, generation: u32) -> Vec<u8> {
    tagged(b'D', &[number.as_bytes(), b"\0", &generation.to_be_bytes()])
}

/// What people said about an attempt in doubt, by person.
pub fn attempt_word(number: &str, generation: u32, attempt: u32, person: &str) -> Vec<u8> {
    [attempt_word_prefix(number, generation, attempt), person.as_bytes().to_vec()].concat()
}

pub fn attempt_word_prefix(number: &str, generation: u32, attempt: u32) -> Vec<u8> {
    tagged(b'V', &[number.as_bytes(), b"\0", &generation.to_be_bytes(), &attempt.to_be_bytes()])
}

/// What is known of a card's remake (`remakes.rs`): its last request, the words about it, what the program owes, the revocation.
pub fn remake(of: RemakeKey, number: &str, generation: u32) -> Vec<u8> {
    tagged(b'M', &[&[of as u8], number.as_bytes(), b"\0", &generation.to_be_bytes()])
}

/// All keys of one kind, over all cards.
pub fn remake_prefix(of: RemakeKey) -> Vec<u8> {
    vec![b'M', of as u8]
}

/// What people said about a request, by person.
pub fn remake_word(number: &str, generation: u32, request: u32, person: &str) -> Vec<u8> {
    [remake_word_prefix(number, generation, request), person.as_bytes().to_vec()].concat()
}

pub fn remake_word_prefix(number: &str, generation: u32, request: u32) -> Vec<u8> {
    [remake(RemakeKey::Word, number, generation), request.to_be_bytes().to_vec()].concat()
}

/// What a key of a card's remake is about.
#[derive(Clone, Copy)]
pub enum RemakeKey {
    Request = b'r' as isize,
    Word = b'w' as isize,
    /// The program owes a request.
    OwedRequest = b'o' as isize,
    /// The program owes the revocation of this card.
    OwedRevocation = b'v' as isize,
    Revoked = b'x' as isize,
}

/// Blank cards and closes: one family (`L`), a second letter for its kinds.
pub fn lot(lot: &str) -> Vec<u8> {
    tagged(b'L', &[b"l", lot.as_bytes()])
}

/// Count sheets that were counted.
pub fn sheet(digest: &Digest) -> Vec<u8> {
    tagged(b'L', &[b"s", &digest.0])
}

/// A serial that became the card.
pub fn serial_of(number: &str, generation: u32, lot: &str, serial: u64) -> Vec<u8> {
    [serial_of_prefix(number, generation), lot.as_bytes().to_vec(), b"\0".to_vec(), serial.to_be_bytes().to_vec()].concat()
}

pub fn serial_of_prefix(number: &str, generation: u32) -> Vec<u8> {
    tagged(b'L', &[b"c", number.as_bytes(), b"\0", &generation.to_be_bytes()])
}

pub fn destruction(number: u64) -> Vec<u8> {
    tagged(b'L', &[b"d", &number.to_be_bytes()])
}

/// Who witnessed a destruction, by person.
pub fn witness(number: u64, person: &str) -> Vec<u8> {
    tagged(b'L', &[b"w", &number.to_be_bytes(), person.as_bytes()])
}

pub fn witness_prefix(number: u64) -> Vec<u8> {
    tagged(b'L', &[b"w", &number.to_be_bytes()])
}

/// An unclaimed card whose destruction was asked for.
pub fn destroyed_card(number: &str, generation: u32) -> Vec<u8> {
    tagged(b'L', &[b"x", number.as_bytes(), b"\0", &generation.to_be_bytes()])
}

/// What people said about a batch's balance, by person.
pub fn closing_word(batch: &BatchId, person: &str) -> Vec<u8> {
    tagged(b'L', &[b"r", batch.as_str().as_bytes(), person.as_bytes()])
}

pub fn closing_word_prefix(batch: &BatchId) -> Vec<u8> {
    tagged(b'L', &[b"r", batch.as_str().as_bytes()])
}

/// Closed batches.
pub fn closed(batch: &BatchId) -> Vec<u8> {
    tagged(b'L', &[b"b", batch.as_str().as_bytes()])
}

/// What became of what was sent: mail by its position, a box by that of its last card, so that the box a card lies in is the next one.
pub fn delivery(batch: &BatchId, order: &Order) -> Vec<u8> {
    match order {
        Order::Mail { position } => delivery_of(batch, MAIL, *position),
        Order::Bundle { last, .. } => delivery_of(batch, BUNDLE, *last),
    }
}

pub fn delivery_of(batch: &BatchId, kind: u8, position: u32) -> Vec<u8> {
    tagged(b'U', &[batch.as_str().as_bytes(), &[kind], &position.to_be_bytes()])
}

pub fn deliveries_file(digest: &Digest) -> Vec<u8> {
    tagged(b'Q', &[&digest.0])
}

pub fn set_aside(path: &str) -> Vec<u8> {
    tagged(b'z', &[path.as_bytes()])
}

pub fn meta(name: &str) -> Vec<u8> {
    [META, name.as_bytes()].concat()
}

/// The ordinal at the end of a key.
pub fn ordinal_of(key: &[u8]) -> Ordinal {
    let tail = key.len().saturating_sub(8);
    Ordinal(key[tail..].try_into().map_or(u64::MAX, u64::from_be_bytes))
}

fn tagged(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let mut key = Vec::with_capacity(1 + parts.iter().map(|p| p.len()).sum::<usize>());
    key.push(tag);
    parts.iter().for_each(|p| key.extend_from_slice(p));
    key
}
