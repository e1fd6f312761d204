//! Card keys: what a job asks for and gets, whoever holds the master keys. A clear card key never crosses this border: what comes out is a
//! cryptogram under the device's transport key and a check value. [`SoftwareKeys`] does it here; a token does it behind the same trait.

mod cities;
mod diversify;
mod fault;
mod job;
mod mark;
#[cfg(test)]
pub(crate) mod samples;
mod software;
mod wrap;
mod wrapped;

pub use cities::{RootName, by_city, root_of};
pub use diversify::{BlockKey, CHECK_BYTES, FACTOR_BYTES, FIRST_LEVEL_END, check_value, first_factor, step_text};
pub use fault::KeyFault;
pub use job::{CardKeysSlot, JobKeys, KeyGroup, KeyRequest, NONCE_BYTES, groups_of};
pub use mark::{Declared, KeyMark, LABEL_CHARS_MAX, MacMode, TransportMode};
pub use software::SoftwareKeys;
pub use wrap::{WRAPPED_BYTES, unwrap_key, wrap_key};
pub use wrapped::WrappedKey;

/// Bytes of the MAC over a card's data.
pub const MAC_BYTES: usize = 16;

/// Who derives the keys of cards and seals their data: software, or a token that lets no key out but wrapped.
pub trait CardKeys: Send + Sync {
    /// What an encode file says about the transport and MAC keys; the same as long as this value lives.
    fn declared(&self) -> &Declared;

    /// The keys of all cards of a job, one call: a token may derive many at once. `groups` are [`groups_of`] the layout; the answer has every
    /// group of every card, in their order, each under the declared transport key. The same request gives the same bytes.
    ///
    /// # Errors
    /// A master key is missing, there is no transport key, or the device fails. Names keys by label and version only.
    fn derive(&self, groups: &[KeyGroup], cards: &[KeyRequest]) -> Result<JobKeys, KeyFault>;

    /// The MAC of one card's data under the declared MAC key.
    ///
    /// # Errors
    /// There is no MAC key, or the device fails.
    fn mac(&self, data: &[u8]) -> Result<[u8; MAC_BYTES], KeyFault>;
}
