//! What the card keeps without power: folders, files, keys, and how much room is left.

pub(super) const MASTER_FILE: u16 = 0x3F00;
/// What a folder, a file and a key take besides their content.
pub const FOLDER_OVERHEAD_BYTES: usize = 48;
pub const FILE_OVERHEAD_BYTES: usize = 32;
pub const KEY_OVERHEAD_BYTES: usize = 40;

#[derive(Clone)]
pub(super) struct Memory {
    /// The master file first.
    pub(super) folders: Vec<Folder>,
    pub(super) transport: [u8; 16],
    /// Challenges given so far: none is given twice.
    pub(super) challenges: u64,
    capacity_bytes: usize,
}

#[derive(Clone)]
pub(super) struct Folder {
    pub(super) id: u16,
    pub(super) name: Vec<u8>,
    pub(super) parent: usize,
    /// Nothing more is created in it, no key comes any more.
    pub(super) activated: bool,
    pub(super) files: Vec<File>,
    pub(super) keys: Vec<Key>,
}

#[derive(Clone)]
pub(super) struct File {
    pub(super) id: u16,
    pub(super) sfi: Option<u8>,
    /// Its access conditions hold.
    pub(super) activated: bool,
    pub(super) access: Access,
    pub(super) content: Content,
}

#[derive(Clone)]
pub(super) enum Content {
    Transparent(Vec<u8>),
    Records(Records),
}

#[derive(Clone)]
pub(super) struct Records {
    pub(super) form: Form,
    pub(super) longest: usize,
    pub(super) most: usize,
    pub(super) records: Vec<Vec<u8>>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Fixed,
    Variable,
    /// Variable, each a SIMPLE-TLV object found by its tag.
    VariableTlv,
}

#[derive(Clone)]
pub(super) struct Key {
    pub(super) id: u8,
    pub(super) purpose: u8,
    pub(super) value: [u8; 16],
    pub(super) tries_left: u8,
}

/// What is done to a file.
#[derive(Clone, Copy)]
pub(super) enum Mode {
    Read,
    Update,
    Append,
}

/// Security condition byte in compact form.
#[derive(Clone, Copy)]
pub(super) struct Condition(pub(super) u8);

impl Condition {
    pub(super) const FREE: Self = Self(0x00);
    pub(super) const NEVER: Self = Self(0xFF);

    /// Only external authentication can be met here; a condition that asks for more never is.
    pub(super) fn is_met_by(self, opened: &[u8]) -> bool {
        match self.0 {
            0x00 => true,
            byte if byte & 0xF0 == 0x20 => opened.contains(&(byte & 0x0F)),
            _ => false,
        }
    }
}

#[derive(Clone, Copy)]
pub(super) struct Access {
    pub(super) read: Condition,
    pub(super) update: Condition,
    pub(super) append: Condition,
}

impl Access {
    pub(super) const FREE: Self = Self { read: Condition::FREE, update: Condition::FREE, append: Condition::FREE };
    pub(super) const NEVER: Self = Self { read: Condition::NEVER, update: Condition::NEVER, append: Condition::NEVER };

    pub(super) fn condition(&self, mode: Mode) -> Condition {
        match mode {
            Mode::Read => self.read,
            Mode::Update => self.update,
            Mode::Append => self.append,
        }
    }
}

impl Memory {
    pub(super) fn blank(capacity_bytes: usize, transport: [u8; 16]) -> Self {
        let master = Folder { id: MASTER_FILE, name: Vec::new(), parent: 0, activated: false, files: Vec::new(), keys: Vec::new() };
        Self { folders: vec![master], transport, challenges: 0, capacity_bytes }
    }

    pub(super) fn has_room_for(&self, bytes: usize) -> bool {
        self.used().saturating_add(bytes) <= self.capacity_bytes
    }

    fn used(&self) -> usize {
        self.folders.iter().map(|f| FOLDER_OVERHEAD_BYTES + f.files.iter().map(File::takes).sum::<usize>() + KEY_OVERHEAD_BYTES * f.keys.len()).sum()
    }
}

impl File {
    pub(super) fn takes(&self) -> usize {
        let content = match &self.content {
            Content::Transparent(bytes) => bytes.len(),
            Content::Records(r) => r.records.iter().map(Vec::len).sum(),
        };
        FILE_OVERHEAD_BYTES + content
    }
}
