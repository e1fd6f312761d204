//! The token opened: its library, found by its label, logged in once. Sessions are kept and lent out, one to a thread at a time; a session
//! that failed is closed, and with it everything that was derived in it.

use std::sync::{Mutex, MutexGuard, PoisonError};

use card::Code;
use chip::keys::KeyFault;
use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::error::{Error, RvError};
use cryptoki::session::{Session, SessionState, UserType};
use cryptoki::slot::{Slot, TokenInfo};
use cryptoki::types::AuthPin;
use ledger::fault::Fault;
use zeroize::Zeroizing;

use super::failure::{Failure, words};
use crate::token_keys::TokenSettings;

/// A token somebody is logged in to. The PIN isn't kept.
pub struct Sessions {
    context: Pkcs11,
    slot: Slot,
    free: Mutex<Vec<Session>>,
    /// A token logs out when its last session is closed: this one stays.
    _login: Mutex<Session>,
}

fn refused(why: impl std::fmt::Display) -> Fault {
    Fault::refused(Code::Key04, format!("token: {why}"))
}

impl Sessions {
    /// Finds the token and logs in. The PIN is asked for only when there is a token to give it to, and given once.
    ///
    /// # Errors
    /// KEY-04: no library, no such token, no PIN, a wrong one, a locked one, or one try is left.
    pub fn open(settings: &TokenSettings, pin: impl FnOnce() -> Result<Zeroizing<String>, Fault>) -> Result<Self, Fault> {
        let context = loaded(settings)?;
        let (slot, info) = token(&context, &settings.token)?;
        fit_for_login(&info)?;
        let given = if info.protected_authentication_path() { None } else { Some(AuthPin::from((*pin()?).clone())) };
        let login = context.open_ro_session(slot).map_err(|e| refused(words(&e)))?;
        match login.login(UserType::User, given.as_ref()) {
            // A login is the process's, not the session's.
            Ok(()) | Err(Error::Pkcs11(RvError::UserAlreadyLoggedIn, _)) => {}
            Err(error) => return Err(login_refused(&error, context.get_token_info(slot).ok().as_ref())),
        }
        Ok(Self { context, slot, free: Mutex::default(), _login: Mutex::new(login) })
    }

    pub fn context(&self) -> (&Pkcs11, Slot) {
        (&self.context, self.slot)
    }

    /// Does something in a session, once more in a new one if the session was lost: nothing here depends on an earlier call.
    ///
    /// # Errors
    /// The token fails, or a key is missing.
    pub fn with<T>(&self, mut work: impl FnMut(&Session) -> Result<T, Failure>) -> Result<T, KeyFault> {
        let kept = self.lock().pop();
        let session = kept.map_or_else(|| self.fresh(), Ok)?;
        let (done, session) = once_more(session, &mut work, || self.fresh())?;
        self.lock().push(session);
        Ok(done)
    }

    fn fresh(&self) -> Result<Session, KeyFault> {
        let lost = |error: Error| KeyFault::Device(words(&error));
        let session = self.context.open_ro_session(self.slot).map_err(lost)?;
        let state = session.get_session_info().map_err(lost)?.session_state();
        match state {
            SessionState::RoUser | SessionState::RwUser => Ok(session),
            // The PIN is with people: whoever runs again gives it.
            _ => Err(KeyFault::Device("the token has logged out".to_owned())),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Session>> {
        self.free.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Does some work in a session, and again in a fresh one if the first was lost. What a failure leaves behind goes with its session.
fn once_more<S, T>(session: S, work: &mut impl FnMut(&S) -> Result<T, Failure>, fresh: impl FnOnce() -> Result<S, KeyFault>) -> Result<(T, S), KeyFault> {
    let (done, session) = match work(&session) {
        Err(failure) if failure.is_lost_session() => {
            drop(session);
            let again = fresh()?;
            (work(&again), again)
        }
        done => (done, session),
    };
    Ok((done.map_err(Failure::into_fault)?, session))
}

fn loaded(settings: &TokenSettings) -> Result<Pkcs11, Fault> {
    let name = settings.library.display();
    let context = Pkcs11::new(&settings.library).map_err(|e| refused(format!("{name}: {}", words(&e))))?;
    match context.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK)) {
        Ok(()) | Err(Error::Pkcs11(RvError::CryptokiAlreadyInitialized, _)) => Ok(context),
        Err(error) => Err(refused(format!("{name}: {}", words(&error)))),
    }
}

fn token(context: &Pkcs11, label: &str) -> Result<(Slot, TokenInfo), Fault> {
    let slots = context.get_slots_with_token().map_err(|e| refused(words(&e)))?;
    let infos = slots.into_iter().filter_map(|slot| Some((slot, context.get_token_info(slot).ok()?)));
    let mut named: Vec<_> = infos.filter(|(_, info)| info.token_initialized() && info.label() == label).collect();
    match (named.len(), named.pop()) {
        (1, Some(found)) => Ok(found),
        (0, _) => Err(refused(format!("there is none with the label {label:?}"))),
        (count, _) => Err(refused(format!("{count} have the label {label:?}"))),
    }
}

/// A PIN is never the token's last try: what locks it would stop the night for days.
fn fit_for_login(info: &TokenInfo) -> Result<(), Fault> {
    if !info.user_pin_initialized() {
        return Err(refused("it has no user PIN yet"));
    }
    if info.user_pin_locked() {
        return Err(refused("its PIN is locked"));
    }
    if info.user_pin_final_try() {
        return Err(refused("one try of its PIN is left, and isn't used here: log in with the token's own tool first"));
    }
    Ok(())
}

fn login_refused(error: &Error, info: Option<&TokenInfo>) -> Fault {
    let left = match info {
        Some(i) if i.user_pin_locked() => ", and is locked now",
        Some(i) if i.user_pin_final_try() => ", and one try is left",
        Some(i) if i.user_pin_count_low() => ", and few tries are left",
        _ => "",
    };
    match error {
        Error::Pkcs11(RvError::PinIncorrect | RvError::PinLenRange | RvError::PinInvalid, _) => refused(format!("the PIN is wrong{left}; it is given once")),
        Error::Pkcs11(RvError::PinLocked, _) => refused("its PIN is locked"),
        Error::Pkcs11(RvError::PinExpired, _) => refused("its PIN has expired"),
        other => refused(words(other)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cryptoki::context::Function;

    /// Numbers sessions; fails in those named.
    fn tried(failing: &[(u8, RvError)]) -> (Result<(u8, u8), KeyFault>, Vec<u8>) {
        let mut seen = Vec::new();
        let mut work = |session: &u8| {
            seen.push(*session);
            match failing.iter().find(|(of, _)| of == session) {
                Some((_, code)) => Err(Failure::Token(Error::Pkcs11(*code, Function::DeriveKey))),
                None => Ok(*session),
            }
        };
        let done = once_more(1, &mut work, || Ok(2));
        (done, seen)
    }

    #[test]
    fn a_lost_session_is_opened_again_once_and_no_other_failure_is_repeated() {
        assert_eq!(tried(&[]), (Ok((1, 1)), vec![1]));
        assert_eq!(tried(&[(1, RvError::SessionHandleInvalid)]), (Ok((2, 2)), vec![1, 2]));
        let lost_twice = [(1, RvError::SessionClosed), (2, RvError::SessionClosed)];
        assert_eq!(tried(&lost_twice), (Err(KeyFault::Device("C_DeriveKey: SessionClosed".to_owned())), vec![1, 2]));
        assert_eq!(tried(&[(1, RvError::DeviceRemoved)]), (Err(KeyFault::Device("C_DeriveKey: DeviceRemoved".to_owned())), vec![1]));
    }
}
