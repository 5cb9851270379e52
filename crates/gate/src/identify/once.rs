//! What may be said once: the nonce of a signature, the id of a proof.
//!
//! It is checked and noted in memory in one step, then written down before the call goes on, so
//! that it is not taken again after a restart.

use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use foldhash::fast::RandomState;
use identity::SignatureError;
use model::{Digest, Timestamp};

use super::Unidentified;

/// What is remembered at once. More is refused rather than forgotten: a forgotten nonce is a
/// nonce that can be used again.
const MAX_SAID: usize = 1_000_000;

/// Writes down what was said and until when it matters; durable when it resolves.
pub type Keeper = Arc<
    dyn Fn(Digest, Timestamp) -> Pin<Box<dyn Future<Output = Result<(), String>> + Send>>
        + Send
        + Sync,
>;

/// Everything that was said and could still be believed.
#[derive(Default)]
pub struct Once {
    said: Mutex<HashMap<Digest, Timestamp, RandomState>>,
    keeper: OnceLock<Keeper>,
}

impl Once {
    /// Takes up what an earlier run heard, and writes down what comes.
    pub fn restore(&self, said: Vec<(Digest, Timestamp)>, keeper: Keeper) {
        self.said.lock().unwrap_or_else(PoisonError::into_inner).extend(said);
        // A second keeper would be a defect of the start; the first stays.
        let _ = self.keeper.set(keeper);
    }

    /// Notes what is said; an error where it was said before.
    pub async fn say(
        &self,
        what: Digest,
        until: Timestamp,
        now: Timestamp,
    ) -> Result<(), Unidentified> {
        self.note(what, until, now)?;
        let Some(keeper) = self.keeper.get() else { return Ok(()) };
        keeper(what, until).await.map_err(|error| {
            tracing::error!(%error, "what may be said once could not be written down");
            Unidentified::Crowded
        })
    }

    fn note(&self, what: Digest, until: Timestamp, now: Timestamp) -> Result<(), Unidentified> {
        let mut said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        if said.len() >= MAX_SAID {
            said.retain(|_, until| *until > now);
        }
        if said.get(&what).is_some_and(|until| *until > now) {
            return Err(SignatureError::Replayed.into());
        }
        if said.len() >= MAX_SAID {
            return Err(Unidentified::Crowded);
        }
        said.insert(what, until);
        Ok(())
    }
}
