//! Looking at what is printed: pictures of cards before they leave, and the finished print file as other programs see it.

mod inspect;
mod proof;

pub use inspect::inspect;
pub use proof::proof;
