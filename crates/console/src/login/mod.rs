//! Logging in: from a name and a password, over a second factor, to a session that a cookie names.
//!
//! Whoever has not shown both factors has a session of an early [`Stage`](people::session::Stage),
//! which opens nothing but the pages of the log-in. Each step takes a new token in place of the
//! one before, so that a token that somebody planted in a browser opens nothing.

mod attempt;
pub(crate) mod connect;
pub(crate) mod cookie;
pub(crate) mod factor;
mod first;
pub(crate) mod outside;
pub(crate) mod passkey;
pub(crate) mod session;

use model::{Digest, Secret};
use people::challenge::Challenges;
use people::session::Lifetimes;
use people::{SealError, Sealer};
use tokio::sync::Semaphore;

use crate::change::{Change, commit};
use crate::{App, Principal, Problem};

pub(crate) use attempt::{Attempt, Outcome, count_address, uncount_address};
pub use first::first_invitation;

/// Passwords that are hashed at once: each takes a core and 19 MiB.
const HASHING: usize = 2;

/// What logging in stands on.
pub struct Login {
    pub(crate) sealer: Sealer,
    pub(crate) lifetimes: Lifetimes,
    /// Whether browsers reach the console by TLS alone.
    pub(crate) secure: bool,
    pub(crate) challenges: Challenges,
    hashing: Semaphore,
}

impl Login {
    /// `key` seals the secrets of authenticator apps, and is what questions to passkeys are known by.
    ///
    /// # Errors
    /// A key that is none.
    pub fn new(key: [u8; 32], secure: bool, lifetimes: Lifetimes) -> Result<Self, SealError> {
        let (sealer, hashing) = (Sealer::new(key)?, Semaphore::new(HASHING));
        // No key has two uses.
        let challenges = Challenges::new(Digest::of_parts(&[b"passkey challenges\n", &key]).0);
        Ok(Self { sealer, lifetimes, secure, challenges, hashing })
    }
}

/// Whether it is the password of this hash, in a thread of its own. A flood of log-ins waits.
pub(crate) async fn is_password(app: &App, password: Secret, hash: Option<String>) -> bool {
    let Ok(_permit) = app.login.hashing.acquire().await else { return false };
    let verify = move || people::password::verify(&password, hash.as_deref());
    tokio::task::spawn_blocking(verify).await.unwrap_or(false)
}

pub(crate) async fn hash_password(app: &App, password: Secret) -> Result<String, Problem> {
    let salt = random::<16>(app)?;
    let Ok(_permit) = app.login.hashing.acquire().await else { return Err(failed()) };
    let hashed = tokio::task::spawn_blocking(move || people::password::hash(&password, salt));
    hashed.await.map_err(|_| failed())?.map_err(|_| failed())
}

fn failed() -> Problem {
    crate::Failure("the password could not be hashed".to_owned()).into()
}

/// Bytes that nobody can guess.
pub(crate) fn random<const N: usize>(app: &App) -> Result<[u8; N], Problem> {
    let bytes = (app.random)().ok_or_else(crate::change::no_randomness)?;
    let bytes = bytes.first_chunk::<N>().copied();
    bytes.ok_or_else(|| crate::Failure("too many random bytes were asked for".to_owned()).into())
}

/// A name for a row, which opens nothing.
pub(crate) fn row_id(app: &App) -> Result<String, Problem> {
    Ok(random::<16>(app)?.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// Records what somebody did with an account.
pub(crate) async fn note(
    app: &App,
    who: &Principal,
    act: &'static str,
    user: &str,
    detail: &[(&'static str, String)],
) -> Result<(), Problem> {
    let (name, detail) = (user.to_owned(), detail.to_vec());
    let change = Change { act, kind: "user", name, detail, publish: false };
    commit(app, who, change).await.map(drop)
}
