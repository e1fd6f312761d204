//! A token of SoftHSM in a folder of its own, with keys everybody knows: for tests and benches. SoftHSM takes its folder from the
//! environment, so whoever uses a token is a process of its own ([`Token::run`]).

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::object::{Attribute, KeyType, ObjectClass};
use cryptoki::session::{Session, UserType};
use cryptoki::types::AuthPin;

pub const LIBRARY: &str = "/usr/lib/softhsm/libsofthsm2.so";
pub const LABEL: &str = "rehearsal";
pub const PIN: &str = "482915";
const SO_PIN: &str = "91827364";
/// What SoftHSM reads its configuration's place from.
const ENVIRONMENT: &str = "SOFTHSM2_CONF";

/// The folder of a token.
pub struct Folder {
    root: PathBuf,
}

impl Folder {
    /// `None`, and a line that says so, where SoftHSM isn't installed.
    pub fn new(root: &Path) -> Option<Self> {
        if !Path::new(LIBRARY).is_file() {
            println!("SKIPPED: {LIBRARY} is missing: bash tests/setup.sh");
            return None;
        }
        std::fs::create_dir_all(root.join("tokens")).expect("a folder");
        let text = format!("directories.tokendir = {}/tokens\nobjectstore.backend = file\nlog.level = ERROR\n", root.display());
        std::fs::write(root.join("softhsm2.conf"), text).expect("a file");
        Some(Self { root: root.to_owned() })
    }

    /// A command that sees this token and no other.
    pub fn seen_by<'c>(&self, command: &'c mut Command) -> &'c mut Command {
        command.env(ENVIRONMENT, self.root.join("softhsm2.conf"))
    }

    /// This very program again, with these arguments, where the token is.
    pub fn again(&self, args: &[&str]) -> Output {
        self.seen_by(Command::new(std::env::current_exe().expect("a program")).args(args)).output().expect("it starts")
    }
}

/// Whether this process has a token's folder.
pub fn is_here() -> bool {
    std::env::var_os(ENVIRONMENT).is_some()
}

/// What a key of the token may be used for.
#[derive(Clone, Copy)]
pub enum Use {
    Deriving,
    Wrapping,
    Mac,
}

/// A session that may write, in a token that is made if there is none yet. The login ends with the last session.
pub fn writable() -> (Pkcs11, Session) {
    let context = Pkcs11::new(LIBRARY).expect("SoftHSM");
    // Somebody else in this process may have begun it.
    let _ = context.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK));
    let pin = |text: &str| AuthPin::from(text.to_owned());
    let made = |context: &Pkcs11| {
        let slots = context.get_slots_with_initialized_token().expect("slots");
        slots.into_iter().find(|slot| context.get_token_info(*slot).is_ok_and(|info| info.label() == LABEL))
    };
    if made(&context).is_none() {
        let free = context.get_all_slots().expect("slots")[0];
        context.init_token(free, &pin(SO_PIN), LABEL).expect("a token");
        let session = context.open_rw_session(made(&context).expect("a token")).expect("a session");
        session.login(UserType::So, Some(&pin(SO_PIN))).expect("the officer's login");
        session.init_pin(&pin(PIN)).expect("a PIN");
    }
    let session = context.open_rw_session(made(&context).expect("a token")).expect("a session");
    // So may somebody be logged in.
    let _ = session.login(UserType::User, Some(&pin(PIN)));
    (context, session)
}

/// A key that never leaves the token, under a label and a version.
pub fn put(session: &Session, label: &str, version: u8, kind: KeyType, value: &[u8], purpose: Use) {
    let mut template = vec![
        Attribute::Class(ObjectClass::SECRET_KEY),
        Attribute::KeyType(kind),
        Attribute::Value(value.to_vec()),
        Attribute::Label(label.as_bytes().to_vec()),
        Attribute::Id(vec![version]),
        Attribute::Token(true),
        Attribute::Private(true),
        Attribute::Sensitive(true),
        Attribute::Extractable(false),
    ];
    template.extend(match purpose {
        Use::Deriving => vec![Attribute::Derive(true)],
        Use::Wrapping => vec![Attribute::Wrap(true), Attribute::Unwrap(true)],
        Use::Mac => vec![Attribute::Sign(true)],
    });
    session.create_object(&template).expect("a key");
}
