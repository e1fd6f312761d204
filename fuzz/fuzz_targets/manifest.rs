//! `package.json`. What is understood says the same when it is written again; what isn't has a coded reason.
#![no_main]

use libfuzzer_sys::fuzz_target;
use line::package::make::manifest_json;
use line::package::{PackageLimits, PackageSpec, employer_reasons, manifest};

fuzz_target!(|data: &[u8]| {
    let limits = PackageLimits::default();
    let manifest = match manifest::parse(data, &limits) {
        Ok(manifest) => manifest,
        Err(reasons) => return assert!(!reasons.is_empty()),
    };
    let _ = employer_reasons(&manifest);
    assert!(manifest.files.len() <= limits.files_max);
    let spec = PackageSpec {
        package_id: manifest.package_id.clone(),
        outlet: manifest.outlet.clone(),
        sequence: manifest.sequence,
        channel: manifest.channel,
        submitted_at: jiff::Timestamp::from_millisecond(manifest.submitted_at).expect("it was one").to_string(),
        count: manifest.count,
        profile: manifest.profile.clone(),
        encoding: manifest.encoding,
        records: manifest.records,
        employer: manifest.employer.clone(),
    };
    let again = manifest::parse(&manifest_json(&spec, &manifest.files), &limits);
    assert!(again.ok().expect("our own writer's") == manifest);
});
