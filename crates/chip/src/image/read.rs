//! From files back to fields: strict, so that what is read is what was written.

use card::name::{chip_name, from_gbk};
use card::profile::chip::{ChipLayout, NAME_FIELDS};

use super::tree::{FilePlace, FileTree, Holds, RecordPlace};
use super::{ChipRecordImage, Content, FileImage};
use crate::problem::ChipProblem;
use crate::value::decode_value;

/// Reads files back by the layout: each field with its text, in the order of writing; the name's two records together as `name`, last.
///
/// # Errors
/// A file or record is missing, left over, of another length, open to others, or its bytes are not what is ever written.
pub fn decode(files: &[FileImage], layout: &ChipLayout) -> Result<Vec<(String, String)>, ChipProblem> {
    FileTree::of(layout)?.decode(files)
}

impl FileTree<'_> {
    /// As [`decode`].
    ///
    /// # Errors
    /// As [`decode`].
    pub fn decode(&self, files: &[FileImage]) -> Result<Vec<(String, String)>, ChipProblem> {
        if files.len() != self.files.len() {
            return Err(ChipProblem::new("files", format!("{} files, layout has {}", files.len(), self.files.len())));
        }
        let mut fields = Fields { read: Vec::new(), name: NAME_FIELDS.map(|_| None) };
        for place in &self.files {
            let file = files.iter().find(|f| f.folder == place.folder && f.id == place.id && f.sfi == place.sfi && f.access == place.access);
            let wrong = || ChipProblem::new(&format!("{:04X}", place.id), "missing or of another form");
            fields.file(place, file.ok_or_else(wrong)?).ok_or_else(wrong)??;
        }
        fields.finished(self.layout)
    }
}

/// Fields read so far, and the two parts of the name.
struct Fields {
    read: Vec<(String, String)>,
    name: [Option<Vec<u8>>; 2],
}

impl Fields {
    /// `None` if the file holds another kind of thing than its place does, or more or less of it.
    fn file(&mut self, place: &FilePlace, file: &FileImage) -> Option<Result<(), ChipProblem>> {
        match (&place.holds, &file.content) {
            (Holds::Records(places), Content::Records(records)) if places.len() == records.len() => {
                Some(places.iter().zip(records).try_for_each(|(place, record)| self.record(place, record)))
            }
            (Holds::Portrait(p), Content::Transparent(jpeg)) => (jpeg.len() <= p.bytes_max).then_some(Ok(())),
            (Holds::Reserved { size_bytes }, Content::Reserved { size_bytes: found }) => (size_bytes == found).then_some(Ok(())),
            _ => None,
        }
    }

    fn record(&mut self, place: &RecordPlace, record: &ChipRecordImage) -> Result<(), ChipProblem> {
        let problem = |what: &str| ChipProblem::new(place.field, what);
        if record.tag != place.tag || record.value.len() != place.len_bytes {
            return Err(problem("another tag or length"));
        }
        let text = decode_value(place.kind, &record.value).ok_or_else(|| problem("bytes that are never written"))?;
        match NAME_FIELDS.iter().position(|field| *field == place.field) {
            Some(part) => {
                let end = record.value.iter().position(|b| *b == 0).unwrap_or(record.value.len());
                self.name[part] = Some(record.value[..end].to_vec());
            }
            None => self.read.push((place.field.to_owned(), text)),
        }
        Ok(())
    }

    /// A name is read only if it was divided as it is when it is written.
    fn finished(mut self, layout: &ChipLayout) -> Result<Vec<(String, String)>, ChipProblem> {
        let [Some(part1), part2] = self.name else { return Ok(self.read) };
        let part2 = part2.unwrap_or_default();
        let [part1_max, part2_max] = NAME_FIELDS.map(|field| layout.len_of(field).unwrap_or(0));
        let name = from_gbk(&[&part1[..], &part2].concat()).ok_or_else(|| ChipProblem::new("name", "not GBK"))?;
        match chip_name(&name, part1_max, part2_max) {
            Ok(divided) if divided.part1 == part1 && divided.part2 == part2 => self.read.push(("name".to_owned(), name)),
            _ => return Err(ChipProblem::new("name", "divided as it never is")),
        }
        Ok(self.read)
    }
}
