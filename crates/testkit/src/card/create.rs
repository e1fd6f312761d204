//! CREATE FILE (ISO 7816-9): a folder or a file in the current folder; what is made is current.

use super::VirtualCard;
use super::command::Command;
use super::memory::{FOLDER_OVERHEAD_BYTES, File, Folder};
use super::parameters::{self, Wanted};
use super::status::{self, Answer, Sw};

impl VirtualCard {
    pub(super) fn create(&mut self, command: &Command) -> Result<Answer, Sw> {
        command.plain()?;
        let wanted = parameters::read(command.data)?;
        if self.memory.folders[self.session.folder].activated {
            return Err(status::NOT_ALLOWED);
        }
        match wanted {
            Wanted::Folder { id, name } => self.create_folder(id, name),
            Wanted::File(file) => self.create_file(file),
        }
    }

    fn create_folder(&mut self, id: u16, name: Vec<u8>) -> Result<Answer, Sw> {
        self.is_free(id)?;
        if !name.is_empty() && self.memory.folders.iter().any(|f| f.name == name) {
            return Err(status::NAME_EXISTS);
        }
        if !self.memory.has_room_for(FOLDER_OVERHEAD_BYTES) {
            return Err(status::NO_ROOM);
        }
        let parent = self.session.folder;
        self.memory.folders.push(Folder { id, name, parent, activated: false, files: Vec::new(), keys: Vec::new() });
        self.enter_folder(self.memory.folders.len() - 1);
        Ok(Answer::done())
    }

    fn create_file(&mut self, file: File) -> Result<Answer, Sw> {
        self.is_free(file.id)?;
        let here = &self.memory.folders[self.session.folder];
        if file.sfi.is_some() && here.files.iter().any(|f| f.sfi == file.sfi) {
            return Err(status::FILE_EXISTS);
        }
        if !self.memory.has_room_for(file.takes()) {
            return Err(status::NO_ROOM);
        }
        let folder = &mut self.memory.folders[self.session.folder];
        folder.files.push(file);
        let made = folder.files.len() - 1;
        self.enter_file(made);
        Ok(Answer::done())
    }

    /// Nothing in the current folder has the identifier, nor has the folder itself.
    fn is_free(&self, id: u16) -> Result<(), Sw> {
        let here = self.session.folder;
        let folder = &self.memory.folders[here];
        let taken = folder.id == id || folder.files.iter().any(|f| f.id == id);
        let child = self.memory.folders.iter().skip(1).any(|f| f.parent == here && f.id == id);
        if taken || child { Err(status::FILE_EXISTS) } else { Ok(()) }
    }
}
