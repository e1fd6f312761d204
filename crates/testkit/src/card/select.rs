//! SELECT (ISO 7816-4 §11.2.2) and ACTIVATE FILE (ISO 7816-9).

use super::command::{Asked, Command};
use super::memory::MASTER_FILE;
use super::status::{self, Answer, Sw};
use super::{VirtualCard, parameters};

/// A folder by its index, or a file of one.
#[derive(Clone, Copy)]
enum Place {
    Folder(usize),
    File(usize, usize),
}

impl VirtualCard {
    pub(super) fn select(&mut self, command: &Command) -> Result<Answer, Sw> {
        let place = match command.p1 {
            0x00 => self.by_id(command.data)?,
            0x01 => self.child_folder(self.session.folder, id(command.data)?).ok_or(status::NO_FILE)?,
            0x02 => self.child_file(self.session.folder, id(command.data)?).ok_or(status::NO_FILE)?,
            0x03 => {
                command.no_data()?;
                Place::Folder(self.memory.folders[self.session.folder].parent)
            }
            0x04 => self.by_name(command.data)?,
            0x08 => self.by_path(0, command.data)?,
            0x09 => self.by_path(self.session.folder, command.data)?,
            _ => return Err(status::WRONG_PARAMETERS),
        };
        let template = match command.p2 {
            0x00 => Some(0x6F),
            0x04 => Some(0x62),
            0x0C => None,
            _ => return Err(status::WRONG_PARAMETERS),
        };
        let answer = match (template, command.asked) {
            (Some(tag), Some(asked)) => Answer::with(self.told(place, tag, asked)?, status::DONE),
            _ => Answer::done(),
        };
        match place {
            Place::Folder(folder) => self.enter_folder(folder),
            Place::File(folder, file) => {
                if folder != self.session.folder {
                    self.enter_folder(folder);
                }
                self.session.file = Some(file);
                self.session.record = None;
            }
        }
        Ok(answer)
    }

    fn told(&self, place: Place, tag: u8, asked: Asked) -> Result<Vec<u8>, Sw> {
        let inner = match place {
            Place::Folder(folder) => parameters::of_folder(&self.memory.folders[folder]),
            Place::File(folder, file) => parameters::of_file(&self.memory.folders[folder].files[file]),
        };
        let told = [&[tag, inner.len() as u8], &inner[..]].concat();
        match asked {
            Asked::Exactly(n) if n < told.len() => Err(status::OTHER_LENGTH | told.len() as Sw),
            _ => Ok(told),
        }
    }

    /// The master file, the current folder or the one above it, or what is in the current folder.
    fn by_id(&self, data: &[u8]) -> Result<Place, Sw> {
        let wanted = if data.is_empty() { MASTER_FILE } else { id(data)? };
        let here = self.session.folder;
        let above = self.memory.folders[here].parent;
        if wanted == MASTER_FILE {
            return Ok(Place::Folder(0));
        }
        let child = self.child_file(here, wanted).or_else(|| self.child_folder(here, wanted));
        let near = || [here, above].into_iter().find(|f| self.memory.folders[*f].id == wanted).map(Place::Folder);
        child.or_else(near).ok_or(status::NO_FILE)
    }

    /// A whole name or how it begins; the first one made wins.
    fn by_name(&self, name: &[u8]) -> Result<Place, Sw> {
        if !(1..=16).contains(&name.len()) {
            return Err(status::WRONG_LENGTH);
        }
        self.memory.folders.iter().position(|f| f.name.starts_with(name)).map(Place::Folder).ok_or(status::NO_FILE)
    }

    fn by_path(&self, from: usize, path: &[u8]) -> Result<Place, Sw> {
        if path.is_empty() || !path.len().is_multiple_of(2) {
            return Err(status::WRONG_LENGTH);
        }
        let mut place = Place::Folder(from);
        for step in path.chunks(2) {
            let Place::Folder(folder) = place else { return Err(status::NO_FILE) };
            let id = id(step)?;
            place = self.child_folder(folder, id).or_else(|| self.child_file(folder, id)).ok_or(status::NO_FILE)?;
        }
        Ok(place)
    }

    fn child_folder(&self, folder: usize, id: u16) -> Option<Place> {
        let child = |(i, f): (usize, &super::memory::Folder)| i != 0 && f.parent == folder && f.id == id;
        self.memory.folders.iter().enumerate().position(child).map(Place::Folder)
    }

    fn child_file(&self, folder: usize, id: u16) -> Option<Place> {
        self.memory.folders[folder].files.iter().position(|f| f.id == id).map(|file| Place::File(folder, file))
    }

    /// The current file's access conditions hold from now on; or nothing more comes into the current folder.
    pub(super) fn activate(&mut self, command: &Command) -> Result<Answer, Sw> {
        command.plain()?;
        command.no_data()?;
        let folder = &mut self.memory.folders[self.session.folder];
        match self.session.file {
            Some(file) => folder.files[file].activated = true,
            None => folder.activated = true,
        }
        Ok(Answer::done())
    }
}

fn id(data: &[u8]) -> Result<u16, Sw> {
    data.try_into().map(u16::from_be_bytes).map_err(|_| status::WRONG_LENGTH)
}
