//! All hashes seen, found by nearness: each hash stands in sixteen tables, one for each of its 16-bit words. If two hashes differ in
//! few bits, one of the words differs in almost none (multi-index hashing, Norouzi et al. 2012). In memory; rebuilt from what is stored.
//!
//! Memory: 104 bytes a hash (32 the hash, 8 the id, 64 its places) and 4 MiB for the tables' starts, at most double while growing.

use super::FaceHash;

const WORDS: usize = 16;
const BUCKETS: usize = 1 << 16;
/// Distances below this are looked up; greater ones are compared with every hash, which is exact as well.
const LOOKED_UP_BELOW: u32 = 2 * WORDS as u32;
/// The greatest distance that is looked up.
pub const QUICK_BITS_MAX: u32 = LOOKED_UP_BELOW - 1;
/// So many new hashes are compared one by one before the tables are made anew.
const UNSORTED_MAX: usize = 8_192;

/// Hashes with the ids they came with; the same hash or id may come again.
#[derive(Default)]
pub struct HashIndex {
    hashes: Vec<FaceHash>,
    ids: Vec<u64>,
    /// The first so many hashes are in the tables.
    sorted: usize,
    /// For each word: where the places of each value start; one more for the end.
    starts: Vec<Vec<u32>>,
    /// For each word: places in `hashes`, by the word's value.
    places: Vec<Vec<u32>>,
}

impl HashIndex {
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    #[must_use]
    pub fn len(&self) -> usize {
        self.hashes.len()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.hashes.is_empty()
    }

    pub fn insert(&mut self, hash: FaceHash, id: u64) {
        self.hashes.push(hash);
        self.ids.push(id);
        if self.hashes.len() - self.sorted > UNSORTED_MAX {
            self.sort();
        }
    }

    /// All hashes at most `distance_max` away, nearest first, then by id. Exact for any distance; quick below 32.
    #[must_use]
    pub fn near(&self, hash: &FaceHash, distance_max: u32) -> Vec<(u64, u32)> {
        let mut found = Vec::new();
        let mut compare = |place: usize| {
            let distance = self.hashes[place].distance(hash);
            if distance <= distance_max {
                found.push((distance, self.ids[place], place));
            }
        };
        if distance_max < LOOKED_UP_BELOW {
            self.candidates(hash, distance_max, &mut compare);
            (self.sorted..self.hashes.len()).for_each(compare);
        } else {
            (0..self.hashes.len()).for_each(compare);
        }
        found.sort_unstable();
        // A hash is a candidate by each of its words that fits.
        found.dedup_by_key(|f| f.2);
        found.into_iter().map(|(distance, id, _)| (id, distance)).collect()
    }

    /// With 16 a + b bits different, one of the first b + 1 words differs in at most a bits, or one of the others in fewer than a.
    fn candidates(&self, hash: &FaceHash, distance_max: u32, each: &mut impl FnMut(usize)) {
        let (a, b) = (distance_max as usize / WORDS, distance_max as usize % WORDS);
        for (n, (starts, places)) in self.starts.iter().zip(&self.places).enumerate() {
            let bucket = |word: u16| starts[usize::from(word)] as usize..starts[usize::from(word) + 1] as usize;
            let mut look = |word: u16| places[bucket(word)].iter().for_each(|place| each(*place as usize));
            let word = hash.word(n);
            if a > 0 || n <= b {
                look(word);
            }
            if a > 0 && n <= b {
                (0..16).for_each(|bit| look(word ^ (1 << bit)));
            }
        }
    }

    /// Puts every hash into the tables.
    fn sort(&mut self) {
        (self.starts, self.places) = (0..WORDS).map(|n| table(&self.hashes, n)).unzip();
        self.sorted = self.hashes.len();
    }
}

impl Extend<(FaceHash, u64)> for HashIndex {
    /// Many at once, as when a plant starts: the tables are made once.
    fn extend<T: IntoIterator<Item = (FaceHash, u64)>>(&mut self, more: T) {
        for (hash, id) in more {
            self.hashes.push(hash);
            self.ids.push(id);
        }
        if self.hashes.len() - self.sorted > UNSORTED_MAX {
            self.sort();
        }
    }
}

/// The hashes' places by the value of word `n` (counting sort), and where each value starts.
fn table(hashes: &[FaceHash], n: usize) -> (Vec<u32>, Vec<u32>) {
    let mut starts = vec![0u32; BUCKETS + 1];
    hashes.iter().for_each(|hash| starts[usize::from(hash.word(n)) + 1] += 1);
    (0..BUCKETS).for_each(|value| starts[value + 1] += starts[value]);
    let mut next = starts.clone();
    let mut places = vec![0; hashes.len()];
    for (place, hash) in hashes.iter().enumerate() {
        let at = &mut next[usize::from(hash.word(n))];
        places[*at as usize] = place as u32;
        *at += 1;
    }
    (starts, places)
}
