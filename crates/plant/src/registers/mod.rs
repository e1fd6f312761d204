//! The neighbours' registers: CSV extracts imported whole or not at all into immutable snapshot files, and looked up in their map.
//! What a row means for an application is the line's business.

mod file;
mod import;
mod rows;
mod shelf;

use ledger::fault::Fault;

pub use file::{FORMAT_VERSION, MAGIC};
pub use import::{Imported, import};
pub use shelf::Shelf;

/// Which register.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum RegisterKind {
    Outlets,
    Permits,
    Enrolment,
}

impl RegisterKind {
    pub const ALL: [Self; 3] = [Self::Outlets, Self::Permits, Self::Enrolment];

    /// As the ledger and the command line spell it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Outlets => "outlets",
            Self::Permits => "permits",
            Self::Enrolment => "enrolment",
        }
    }

    /// # Errors
    /// Not a register's name.
    pub fn parse(name: &str) -> Result<Self, Fault> {
        let known = Self::ALL.into_iter().find(|kind| kind.name() == name);
        known.ok_or_else(|| Fault::Usage(format!("{name:?} is no register: outlets, permits or enrolment")))
    }

    /// Path of a snapshot in the plant.
    #[must_use]
    pub fn path(self, version: u32) -> String {
        format!("registers/{}-{version:06}.reg", self.name())
    }

    /// The header its CSV extract must have.
    #[must_use]
    pub fn columns(self) -> &'static [&'static str] {
        match self {
            Self::Outlets => &rows::OUTLET_COLUMNS,
            Self::Permits => &rows::PERMIT_COLUMNS,
            Self::Enrolment => &rows::ENROLMENT_COLUMNS,
        }
    }

    fn stored(self) -> u32 {
        self as u32
    }
}

#[cfg(test)]
mod tests;
