//! `cardline package make` and `check`: the outlet's side.

use std::fs::File;
use std::io::BufWriter;
use std::path::Path;

use card::OutletCode;
use ledger::fault::Fault;
use line::package::check::{Checks, check};
use line::package::make::{Draft, from_folder};
use line::package::{ArchiveKind, Channel, Employer, Encoding, Finding, OutletKey, PackageLimits, SecretKey, Source, Staff, Stop, check_public_key};
use line::plan::rfc3339;
use line::ports::{CantOpen, Inbox};
use photo::nets::Networks as _;

use crate::cli::{Cli, EncodingArg, EngineArgs, MakeArgs, PackageCommand};
use crate::wiring;

/// Exit code for input that is refused.
const EXIT_BAD_INPUT: u8 = 65;

pub fn package(cli: &Cli, command: &PackageCommand) -> Result<u8, Fault> {
    match command {
        PackageCommand::Make(args) => make(cli, args),
        PackageCommand::Check { file, key, profile, engine } => check_file(file, key.as_deref(), profile, engine),
    }
}

fn make(cli: &Cli, args: &MakeArgs) -> Result<u8, Fault> {
    let name = args.out.file_name().map_or_else(String::new, |n| n.to_string_lossy().into_owned());
    let kind = ArchiveKind::of_name(&name).ok_or_else(|| Fault::Usage("--out: a name ending in .zip, .tar or .tar.zst".to_owned()))?;
    let key = args.key.as_deref().map(|path| secret_key(path, args.password_file.as_deref())).transpose()?;
    let Source::Folder(mut folder) = open_source(&args.from)? else {
        return Err(Fault::Usage(format!("--from: {} is not a folder", args.from.display())));
    };
    // Written beside its final name and renamed: a package under its own name is always whole.
    let part = args.out.with_file_name(format!("{name}.part"));
    let cant = |e: std::io::Error| Fault::io("write", part.display().to_string(), e);
    let mut out = BufWriter::new(File::create(&part).map_err(cant)?);
    let made = from_folder(folder.as_mut(), draft(cli, args)?, key.as_ref(), kind, &mut out);
    let made = match made {
        Ok(made) => made,
        Err(stop) => {
            drop(out);
            let _ = std::fs::remove_file(&part);
            return refused(stop);
        }
    };
    let file = out.into_inner().map_err(|e| cant(e.into_error()))?;
    file.sync_all().map_err(cant)?;
    std::fs::rename(&part, &args.out).map_err(cant)?;
    println!("{}: {} applications, {} files, {}", args.out.display(), made.count, made.files, if key.is_some() { "signed" } else { "NOT SIGNED" });
    Ok(0)
}

fn refused(stop: Stop<Finding>) -> Result<u8, Fault> {
    match stop {
        Stop::SetAside(findings) => {
            print_findings(&findings);
            Ok(EXIT_BAD_INPUT)
        }
        Stop::Fault(e) => Err(Fault::io("read", "package", e)),
    }
}

fn draft(cli: &Cli, args: &MakeArgs) -> Result<Draft, Fault> {
    let mut draft = Draft::default();
    draft.package_id.clone_from(&args.package_id);
    draft.outlet.clone_from(&args.outlet);
    draft.sequence = args.sequence;
    draft.submitted_at = Some(match &args.submitted_at {
        Some(text) => text.clone(),
        None => rfc3339(wiring::clock(cli)?.now()),
    });
    draft.encoding = args.encoding.map(|e| match e {
        EncodingArg::Utf8 => Encoding::Utf8,
        EncodingArg::Gb18030 => Encoding::Gb18030,
    });
    if let (Some(code), Some(name)) = (&args.employer_code, &args.employer_name) {
        draft.channel = Some(Channel::Employer);
        let staff = args.staff.iter().map(|text| {
            let (name, phone) = text.split_once(':').map_or((text.as_str(), None), |(name, phone)| (name, Some(phone.to_owned())));
            Staff { name: name.to_owned(), id_type: None, id: None, phone }
        });
        draft.employer = Some(Employer { code: code.clone(), name: name.clone(), staff: staff.collect(), letter: args.letter.clone().unwrap_or_default() });
    }
    Ok(draft)
}

fn secret_key(path: &Path, password_file: Option<&Path>) -> Result<SecretKey, Fault> {
    let read = |path: &Path| std::fs::read_to_string(path).map_err(|e| Fault::BadInput(format!("{}: {e}", path.display())));
    let password = password_file.map(read).transpose()?;
    SecretKey::from_minisign(&read(path)?, password.as_deref().map(str::trim_end)).map_err(|e| Fault::BadInput(format!("{}: {e}", path.display())))
}

/// Opens a package or folder with the same care as the inbox does.
fn open_source(path: &Path) -> Result<Source, Fault> {
    let bad = |why: &str| Fault::BadInput(format!("{}: {why}", path.display()));
    let path = path.canonicalize().map_err(|e| bad(&e.to_string()))?;
    let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else { return Err(bad("not a package")) };
    plant::FolderInbox::of_folder(folder).open(&name.to_string_lossy()).map_err(|e| match e {
        CantOpen::NoPermission => bad("no permission"),
        CantOpen::NotPlain => bad("not a plain file or folder"),
        CantOpen::UnknownKind => bad("neither a folder nor .zip, .tar or .tar.zst"),
        CantOpen::Io(e) => bad(&e.to_string()),
    })
}

fn check_file(file: &Path, key: Option<&Path>, profile: &str, engine: &EngineArgs) -> Result<u8, Fault> {
    let networks = engine.engine()?.networks();
    networks.ready().map_err(wiring::no_engine)?;
    let day = wiring::today();
    let profile = wiring::profile_file_or_id(profile, day)?;
    let public_key = key.map(public_key).transpose()?;
    let known = public_key.as_ref().and_then(|text| check_public_key(text).ok());
    let key_of = |id| {
        let public_key = public_key.clone().filter(|_| known == Some(id))?;
        // Whose key it is, is the register's to say; here the one given is the outlet's own.
        Some(OutletKey { outlet: OutletCode::parse("THE-GIVEN-KEY").ok()?, public_key, in_force: true })
    };
    let checks = Checks { limits: &PackageLimits::default(), day, profile: &profile, networks: &networks, key_of: public_key.is_some().then_some(&key_of) };
    let findings = check(open_source(file)?, &checks).map_err(|e| Fault::io("read", file.display().to_string(), e))?;
    let findings: Vec<Finding> = findings.into_iter().filter(|f| !(public_key.is_some() && f.reason.code == card::Code::Sig04)).collect();
    print_findings(&findings);
    let grave = findings.iter().filter(|f| f.reason.effect != card::Effect::Warn).count();
    println!("{}: {} findings, {grave} of them grave", file.display(), findings.len());
    Ok(if grave == 0 { 0 } else { EXIT_BAD_INPUT })
}

fn public_key(path: &Path) -> Result<String, Fault> {
    let bad = |why: String| Fault::BadInput(format!("{}: {why}", path.display()));
    let text = std::fs::read_to_string(path).map_err(|e| bad(e.to_string()))?;
    let key = text.lines().rfind(|l| !l.trim().is_empty()).unwrap_or("").trim().to_owned();
    check_public_key(&key).map_err(bad)?;
    Ok(key)
}

fn print_findings(findings: &[Finding]) {
    for f in findings {
        let d = f.reason.code.definition();
        println!(
            "{}  {} ({})  [{} / {}]\n    {}\n    {}\n    -> {}",
            f.place,
            d.text,
            format!("{:?}", f.reason.effect).to_lowercase(),
            f.reason.value,
            f.reason.limit,
            d.en,
            d.zh,
            d.todo_en
        );
    }
}
