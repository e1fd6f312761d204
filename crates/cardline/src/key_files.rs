//! People's key files and their passphrases, which come over a file descriptor or from the terminal, never as an argument or from
//! the environment. The plant itself keeps public keys only.

use std::fs::{File, OpenOptions};
use std::io::{Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use card::Code;
use ledger::fault::Fault;
use line::package::keys::new_encrypted;
use line::package::{SecretKey, check_public_key};
use zeroize::Zeroizing;

/// Longer than any passphrase minisign takes, with its line's end.
const PASSPHRASE_BYTES_MAX: u64 = 1026;
/// A key file is two short lines.
const KEY_FILE_BYTES_MAX: u64 = 4096;

fn bad(path: &Path, why: impl std::fmt::Display) -> Fault {
    Fault::BadInput(format!("{}: {why}", path.display()))
}

/// The secret key in a file; its passphrase from `fd`, or asked for at the terminal if the key has one.
///
/// # Errors
/// The file isn't a secret key, or the passphrase is wrong.
pub fn secret(path: &Path, fd: Option<u32>) -> Result<SecretKey, Fault> {
    let text = text_of(path)?;
    let key = match fd {
        Some(fd) => SecretKey::from_minisign(&text, Some(&passphrase(fd)?)),
        None => SecretKey::from_minisign_asking(&text),
    };
    key.map_err(|why| bad(path, why))
}

/// The public key in a file, as the register holds it.
///
/// # Errors
/// The file isn't a minisign public key.
pub fn public(path: &Path) -> Result<String, Fault> {
    let text = text_of(path)?;
    let key = text.lines().rfind(|l| !l.trim().is_empty()).unwrap_or("").trim().to_owned();
    check_public_key(&key).map_err(|why| bad(path, why))?;
    Ok(key)
}

/// Makes a key: the secret in `path`, encrypted, the public one beside it in `path.pub`. Gives the public key.
///
/// # Errors
/// A file is there already or can't be written; the passphrase is empty.
pub fn make(path: &Path, fd: Option<u32>) -> Result<String, Fault> {
    let beside = public_path(path);
    if let Some(there) = [path, &beside].into_iter().find(|p| p.exists()) {
        return Err(Fault::refused(Code::Use01, format!("{} is there already", there.display())));
    }
    let passphrase = fd.map(passphrase).transpose()?;
    let (secret, shared) = new_encrypted(passphrase.as_ref().map(|p| p.as_str())).map_err(|why| bad(path, why))?;
    write_new(path, 0o600, &secret)?;
    write_new(&beside, 0o644, &shared)?;
    public(&beside)
}

/// Where the public half of a new key goes.
#[must_use]
pub fn public_path(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".pub");
    PathBuf::from(name)
}

fn write_new(path: &Path, mode: u32, text: &str) -> Result<(), Fault> {
    let shown = path.display().to_string();
    let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(path).map_err(Fault::on("create", &shown))?;
    file.write_all(text.as_bytes()).map_err(Fault::on("write", &shown))?;
    file.sync_all().map_err(|e| Fault::sync(&shown, e))
}

fn text_of(path: &Path) -> Result<Zeroizing<String>, Fault> {
    let mut text = Zeroizing::new(String::with_capacity(KEY_FILE_BYTES_MAX as usize));
    let file = File::open(path).map_err(|e| bad(path, e))?;
    file.take(KEY_FILE_BYTES_MAX).read_to_string(&mut text).map_err(|e| bad(path, e))?;
    Ok(text)
}

/// The passphrase of the card keys: from `fd`, or asked for at the terminal, twice where it is new.
///
/// # Errors
/// KEY-04: nobody can be asked, or the two differ. It is empty.
pub fn card_keys_passphrase(fd: Option<u32>, new: bool) -> Result<Zeroizing<String>, Fault> {
    if let Some(fd) = fd {
        return passphrase(fd);
    }
    let ask = |prompt: &str| rpassword::prompt_password(prompt).map(Zeroizing::new);
    let nobody = |e: std::io::Error| Fault::refused(Code::Key04, format!("no passphrase: --keys-passphrase-fd is not given and nobody can be asked ({e})"));
    let first = ask("Passphrase of the card keys: ").map_err(nobody)?;
    if new && *ask("Once more: ").map_err(nobody)? != *first {
        return Err(Fault::refused(Code::Key04, "the two passphrases differ"));
    }
    if first.is_empty() {
        return Err(Fault::refused(Code::Use01, "the passphrase is empty"));
    }
    Ok(first)
}

/// The PIN of the card keys' token: from `fd`, or asked for at the terminal. Whoever has it tries it once.
///
/// # Errors
/// KEY-04: nobody can be asked. It is empty.
#[cfg(feature = "pkcs11")]
pub fn token_pin(fd: Option<u32>) -> Result<Zeroizing<String>, Fault> {
    if let Some(fd) = fd {
        return passphrase(fd);
    }
    let nobody = |e: std::io::Error| Fault::refused(Code::Key04, format!("no PIN: --keys-passphrase-fd is not given and nobody can be asked ({e})"));
    let pin = rpassword::prompt_password("PIN of the card keys' token: ").map(Zeroizing::new).map_err(nobody)?;
    if pin.is_empty() { Err(Fault::refused(Code::Use01, "the PIN is empty")) } else { Ok(pin) }
}

/// The first line that comes over a file descriptor.
fn passphrase(fd: u32) -> Result<Zeroizing<String>, Fault> {
    let path = PathBuf::from(format!("/dev/fd/{fd}"));
    // Room for all of it at once: a buffer that grows leaves copies behind.
    let mut text = Zeroizing::new(String::with_capacity(PASSPHRASE_BYTES_MAX as usize));
    File::open(&path).and_then(|f| f.take(PASSPHRASE_BYTES_MAX).read_to_string(&mut text)).map_err(|e| bad(&path, e))?;
    let line = Zeroizing::new(text.lines().next().unwrap_or("").to_owned());
    if line.is_empty() {
        return Err(Fault::refused(Code::Use01, "the passphrase is empty"));
    }
    Ok(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_file_is_read_and_others_are_refused_by_name() {
        let folder = tempfile::tempdir().unwrap();
        let (path, key) = (folder.path().join("li.key"), SecretKey::from_seed(&[3; 32]));
        std::fs::write(&path, key.to_minisign()).unwrap();
        std::fs::write(public_path(&path), key.public_key_file()).unwrap();
        assert_eq!(secret(&path, None).ok().unwrap().public_key(), key.public_key());
        assert_eq!(public(&public_path(&path)).unwrap(), key.public_key());
        let refused = secret(&public_path(&path), None).err().unwrap();
        assert!(refused.to_string().contains("li.key.pub: not a minisign secret key file"), "{refused}");
        assert_eq!(make(&path, Some(0)).unwrap_err().exit_code(), 64, "never written over");
    }
}
