//! Whether a layout can be written on a chip, and holds what the record rules let in.

use std::collections::BTreeSet;

use super::{
    Access, ChipFile, ChipKey, ChipLayout, ChipPermit, ChipRecord, Condition, FIELDS, KeyUse, NAME_FIELDS, PERMIT_COVERS_ALWAYS, PERMIT_FIELDS,
    PERMIT_SIGNATURE, PERMIT_SIGNATURE_BYTES, RECORD_BYTES_MAX, SFI_MAX, ValueKind,
};
use crate::profile::record::RecordRules;

/// Places and short identifiers that are taken.
#[derive(Default)]
struct Taken {
    places: BTreeSet<String>,
    sfis: BTreeSet<u8>,
}

impl ChipLayout {
    /// Whether the layout can be written and holds what the record rules let in.
    ///
    /// # Errors
    /// Names the file and record that can't be.
    pub fn check(&self, rules: &RecordRules) -> Result<(), String> {
        self.check_folders()?;
        self.check_keys()?;
        let mut taken = Taken::default();
        let permit = self.permit.iter().map(|p| (&p.file, &PERMIT_FIELDS[..]));
        for (file, fields) in self.file.iter().map(|f| (f, &FIELDS[..])).chain(permit) {
            self.check_place(&file.id, &file.folder, file.sfi, &mut taken)?;
            self.check_access(&file.id, &file.folder, &file.access)?;
            self.check_records(file, fields)?;
        }
        self.check_portrait(&mut taken)?;
        for file in self.reserved_files() {
            self.check_place(&file.id, &file.folder, file.sfi, &mut taken)?;
            self.check_access(&file.id, &file.folder, &file.access)?;
            if file.size_bytes == 0 {
                return Err(format!("chip.reserved {}: size_bytes must be at least 1", file.id));
            }
        }
        self.permit.iter().try_for_each(|permit| self.check_permit(permit))?;
        self.check_fields(rules)
    }

    fn check_portrait(&self, taken: &mut Taken) -> Result<(), String> {
        let Some(p) = &self.portrait else { return Ok(()) };
        self.check_place(&p.id, &p.folder, p.sfi, taken)?;
        self.check_access(&p.id, &p.folder, &p.access)?;
        if !(1..=usize::from(u16::MAX)).contains(&p.bytes_max) {
            return Err(format!("chip.portrait: bytes_max {} is not within 1 to {}", p.bytes_max, u16::MAX));
        }
        if !(1..=p.quality_max).contains(&p.quality_min) || p.quality_max > 100 {
            return Err("chip.portrait: quality_min and quality_max must be within 1 to 100, the least first".to_owned());
        }
        if [p.width_px, p.height_px].iter().any(|px| !(1..=u32::from(u16::MAX)).contains(px)) {
            return Err(format!("chip.portrait: width_px and height_px must be within 1 to {}", u16::MAX));
        }
        Ok(())
    }

    fn check_permit(&self, permit: &ChipPermit) -> Result<(), String> {
        let held = |field: &str| permit.file.record.iter().filter(|r| r.field == field).count();
        if permit.file.record.len() != PERMIT_FIELDS.len() || PERMIT_FIELDS.iter().any(|field| held(field) != 1) {
            return Err(format!("chip.permit: its file holds exactly {}", PERMIT_FIELDS.join(", ")));
        }
        let signature = permit.file.record.iter().find(|r| r.field == PERMIT_SIGNATURE);
        if !signature.is_some_and(|r| r.kind == ValueKind::Bin && r.len_bytes == PERMIT_SIGNATURE_BYTES) {
            return Err(format!("chip.permit: {PERMIT_SIGNATURE} must have {PERMIT_SIGNATURE_BYTES} bytes of kind bin"));
        }
        let always = PERMIT_COVERS_ALWAYS.into_iter().chain(self.len_of("name_extension").map(|_| "name_extension"));
        if let Some(missing) = always.into_iter().find(|field| !permit.covers.iter().any(|c| c == field)) {
            return Err(format!("chip.permit: covers must name {missing}"));
        }
        let mut seen = BTreeSet::new();
        let records = |field: &str| self.file.iter().flat_map(|f| &f.record).filter(|r| r.field == field).count();
        match permit.covers.iter().find(|field| !seen.insert(*field) || records(field) != 1) {
            Some(field) => Err(format!("chip.permit: covers {field}, which must be in one record and be named once")),
            None => Ok(()),
        }
    }

    fn check_folders(&self) -> Result<(), String> {
        for (i, folder) in self.folder.iter().enumerate() {
            let hex = &folder.name_hex;
            let name = !hex.is_empty() && hex.len() <= 32 && hex.len() % 2 == 0 && hex.bytes().all(|b| b.is_ascii_hexdigit());
            if !name || self.folder[..i].iter().any(|other| other.id == folder.id) {
                return Err(format!("chip.folder {}: name_hex must be 1-16 bytes of hex, id used once", folder.id));
            }
        }
        Ok(())
    }

    fn check_place(&self, id: &str, folder: &str, sfi: u8, taken: &mut Taken) -> Result<(), String> {
        let hex = id.len() == 4 && id.bytes().all(|b| b.is_ascii_hexdigit());
        if !hex || !self.folder.iter().any(|f| f.id == folder) {
            return Err(format!("chip.file {folder}/{id}: id must be 4 hex digits in a declared folder"));
        }
        if !taken.places.insert(format!("{folder}/{}", id.to_ascii_uppercase())) || !(1..=SFI_MAX).contains(&sfi) || !taken.sfis.insert(sfi) {
            return Err(format!("chip.file {folder}/{id}: id and sfi must be unique, sfi 1-{SFI_MAX}"));
        }
        Ok(())
    }

    fn check_keys(&self) -> Result<(), String> {
        let mut seen = BTreeSet::new();
        for key in &self.key {
            if key.id_byte().is_none() || !self.folder.iter().any(|f| f.id == key.folder) {
                return Err(format!("chip.key {}: id must be two hex digits 01-FE, folder a declared one", key.name));
            }
            if key.name.is_empty() || !seen.insert(key.name.clone()) || !seen.insert(format!("{}/{}", key.folder, key.id.to_ascii_uppercase())) {
                return Err(format!("chip.key {}: name and id must be unique", key.name));
            }
        }
        Ok(())
    }

    /// A card looks for a key in the folder it is in, so a file is opened by a key of its own folder.
    fn check_access(&self, id: &str, folder: &str, access: &Access) -> Result<(), String> {
        let opens = |key: &ChipKey, name: &str| key.name == name && key.folder == folder && key.purpose == KeyUse::ExternalAuthentication;
        for condition in [&access.read, &access.update] {
            if let Condition::Key(name) = condition
                && !self.key.iter().any(|k| opens(k, name))
            {
                return Err(format!("chip.file {id}: access by {name}, which is no key for external authentication in its folder"));
            }
        }
        Ok(())
    }

    /// `fields`: what a record of this file may take, besides constants.
    fn check_records(&self, file: &ChipFile, fields: &[&str]) -> Result<(), String> {
        let mut tags = BTreeSet::new();
        for record in &file.record {
            let at = format!("chip.file {}, record {} ({})", file.id, record.tag, record.field);
            let tag = u8::from_str_radix(&record.tag, 16).ok().filter(|t| record.tag.len() == 2 && !matches!(t, 0 | 0xFF));
            if !tag.is_some_and(|t| tags.insert(t)) {
                return Err(format!("{at}: tag must be two hex digits 01-FE, once in a file"));
            }
            if !(1..=RECORD_BYTES_MAX).contains(&record.len_bytes) {
                return Err(format!("{at}: len_bytes must be 1-{RECORD_BYTES_MAX}"));
            }
            if !fields.contains(&record.field.as_str()) {
                self.check_constant(record).map_err(|e| format!("{at}: {e}"))?;
            }
        }
        Ok(())
    }

    fn check_constant(&self, record: &ChipRecord) -> Result<(), String> {
        let value = self.constant.get(&record.field).ok_or("neither a field of the card nor a constant")?;
        let fits = match record.kind {
            ValueKind::Cn => value.len() <= 2 * record.len_bytes && value.bytes().all(|b| b.is_ascii_digit()),
            ValueKind::An => value.len() <= record.len_bytes && value.is_ascii(),
            ValueKind::Gbk => crate::name::gbk(value).is_ok_and(|v| v.len() <= record.len_bytes),
            ValueKind::Bin => value.len() == 2 * record.len_bytes && value.bytes().all(|b| b.is_ascii_hexdigit()),
        };
        if fits { Ok(()) } else { Err("the constant doesn't fit its record".to_owned()) }
    }

    /// What the rules let in must fit; a name needs its two records together.
    fn check_fields(&self, rules: &RecordRules) -> Result<(), String> {
        let longest = [("ssn", rules.ssn_chars_max), ("work_permit_number", rules.permit_number_chars_max), ("qr_payload", rules.qr_payload_chars_max)];
        for (field, chars_max) in longest {
            if let Some(len) = self.len_of(field).filter(|len| *len < chars_max) {
                return Err(format!("chip: {field} may have {chars_max} characters, its record has {len} bytes"));
            }
        }
        match NAME_FIELDS.map(|f| self.len_of(f).is_some()) {
            [false, true] => Err("chip: name_extension without name".to_owned()),
            _ => Ok(()),
        }
    }
}
