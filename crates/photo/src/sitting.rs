//! What judging a photo needs beside its bytes.

use card::Profile;

use crate::nets::Networks;

/// Under which rules a photo is judged, by which networks, and what the application says about the sitter.
#[derive(Clone, Copy)]
pub struct Sitting<'a> {
    pub profile: &'a Profile,
    /// Asked only if the profile has rules about faces.
    pub networks: &'a dyn Networks,
    /// The application declares headgear worn for religion.
    pub religious_headgear: bool,
}
