//! The first level of a job's keys: which root a city's keys come from, and that they are found once for each city. How a key is derived,
//! and where it lies, is the store's business.

use card::profile::chip::{ChipKey, KeyAlgorithm};

use super::fault::KeyFault;
use super::job::KeyRequest;

/// What card keys are derived from, by name.
pub struct RootName {
    pub label: String,
    pub version: u8,
    pub algorithm: KeyAlgorithm,
    /// The city, where the key is of the first level already.
    pub city: Option<[u8; 6]>,
}

impl RootName {
    fn is(&self, key: &ChipKey, city: Option<[u8; 6]>) -> bool {
        self.label == key.name && self.version == key.version && self.algorithm == key.algorithm && self.city == city
    }
}

/// The root of a card's key: the city's own if there is one, else the master key.
///
/// # Errors
/// There is neither.
pub fn root_of<'r, R>(roots: &'r [R], name: impl Fn(&R) -> &RootName, key: &ChipKey, city: [u8; 6]) -> Result<&'r R, KeyFault> {
    let held = |of: Option<[u8; 6]>| roots.iter().find(|root| name(root).is(key, of));
    held(Some(city)).or_else(|| held(None)).ok_or_else(|| KeyFault::Missing { label: key.name.clone(), version: key.version })
}

/// Goes through a job's cards with the keys of each card's city, which `first_level` gives once for each; a job has few, mostly one. Gives
/// them back, for who has to clear them away.
///
/// # Errors
/// Those of `first_level` and `each`.
pub fn by_city<C, E>(
    cards: &[KeyRequest],
    first_level: impl Fn([u8; 6]) -> Result<C, E>,
    mut each: impl FnMut(usize, &KeyRequest, &C) -> Result<(), E>,
) -> Result<Vec<C>, E> {
    let mut cities: Vec<([u8; 6], C)> = Vec::new();
    for (n, request) in cards.iter().enumerate() {
        let at = match cities.iter().position(|(city, _)| *city == request.city) {
            Some(at) => at,
            None => {
                cities.push((request.city, first_level(request.city)?));
                cities.len() - 1
            }
        };
        each(n, request, &cities[at].1)?;
    }
    Ok(cities.into_iter().map(|(_, keys)| keys).collect())
}
