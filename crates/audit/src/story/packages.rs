//! Packages: received once under the next number, judged row by row to the last, answered once.

use card::Ordinal;
use ledger::entry::{Judged, PackageAnswered, PackageReceived, PackageRepeated};

use super::{Application, Chunk, PACKAGE_APPLICATIONS_MAX, Package, Story};
use crate::proof::{Invariant, Proofs};

impl Story {
    pub(super) fn package_received(&mut self, seq: u64, e: &PackageReceived, proofs: &mut Proofs) {
        let (number, first) = (self.packages.len() as u64, Ordinal(self.applications.len() as u64));
        let in_order = e.package == number && e.first_ordinal == first && e.count <= PACKAGE_APPLICATIONS_MAX;
        if !proofs.check(Invariant::I01, in_order, || format!("record {seq}: package {} and its applications don't follow package {number}", e.package)) {
            return;
        }
        let known = self.package_ids.insert((e.outlet.clone(), e.package_id.clone()), number);
        proofs.check(Invariant::I22, known.is_none(), || format!("package {number} of {} was received before under its id", e.outlet));
        let sent = self.sequences.insert((e.outlet.clone(), e.sequence), number);
        proofs.check(Invariant::I22, sent.is_none(), || format!("package {number} of {} has a sequence number that was used", e.outlet));
        let unjudged = Application {
            package: number as u32,
            outcome: None,
            codes: Box::default(),
            photo: None,
            photo_validated: None,
            facts: None,
            place: None,
            remaking: false,
        };
        self.applications.resize(self.applications.len() + e.count as usize, unjudged);
        self.packages.push(Package {
            outlet: e.outlet.clone(),
            package_id: e.package_id.clone(),
            sequence: e.sequence,
            employer_code: e.employer_code.clone(),
            manifest: e.manifest,
            signed_by: e.signed_by.clone(),
            first_ordinal: first,
            count: e.count,
            vault_path: e.vault_path.clone(),
            vault_digest: e.vault_digest,
            outlets_register: self.outlets_register(),
            chunks: Vec::new(),
            judged: 0,
            answer: None,
            repeated: false,
            purged: false,
        });
    }

    fn package_mut(&mut self, number: u64) -> Option<&mut Package> {
        self.packages.get_mut(usize::try_from(number).ok()?)
    }

    pub(super) fn package_repeated(&mut self, seq: u64, e: &PackageRepeated, proofs: &mut Proofs) {
        let package = self.package_mut(e.package);
        proofs.check(Invariant::I22, package.is_some(), || format!("record {seq}: package {} came again but never came", e.package));
        if let Some(package) = package {
            package.repeated = true;
        }
    }

    pub(super) fn judged(&mut self, seq: u64, e: &Judged, proofs: &mut Proofs) {
        let rows = e.applications.len() as u32;
        let Some(package) = self.package_mut(e.package) else {
            proofs.broken(Invariant::I01, format!("record {seq}: package {} was judged but never received", e.package));
            return;
        };
        let first = Ordinal(package.first_ordinal.0 + u64::from(e.first_row));
        let fits = e.first_row == package.judged && e.first_row.checked_add(rows).is_some_and(|end| end <= package.count);
        let in_order = e.applications.iter().zip(first.0..).all(|(a, ordinal)| a.ordinal.0 == ordinal);
        if !proofs.check(Invariant::I01, fits && in_order, || format!("record {seq}: rows of package {} are judged twice, out of order or too many", e.package))
        {
            return;
        }
        package.judged += rows;
        package.chunks.push(Chunk { first_row: e.first_row, rows, path: e.vault_path.clone(), digest: e.vault_digest });
        proofs.held(Invariant::I01, u64::from(rows));
        for judged in &e.applications {
            self.judge(seq, judged, proofs);
        }
    }

    pub(super) fn package_answered(&mut self, seq: u64, e: &PackageAnswered, proofs: &mut Proofs) {
        let Some(package) = self.package_mut(e.package) else {
            proofs.broken(Invariant::I32, format!("record {seq}: package {} was answered but never received", e.package));
            return;
        };
        let once = package.answer.is_none() || package.repeated;
        proofs.check(Invariant::I32, once, || format!("record {seq}: package {} was answered twice", e.package));
        proofs.check(Invariant::I32, package.judged == package.count, || format!("record {seq}: package {} was answered before it was judged", e.package));
        package.answer = Some(e.files.clone());
        package.repeated = false;
    }
}
