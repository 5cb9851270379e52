//! Which resources clients with sessions want news of whose servers have no sessions: the server is told
//! when such a client listens, and again when it wants others.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use http::HeaderMap;
use model::{Digest, Timestamp};
use tokio::sync::watch;

use super::filter::MAX_URIS;
use super::link::SESSION;
use crate::refusal::Refusal;

/// Sessions of which it is known. One that lies idle for so long and is not listened to is let go.
const MAX_SESSIONS: usize = 4096;
const IDLE: Duration = Duration::from_secs(1800);

/// By the id that the client holds.
#[derive(Default)]
pub struct Subscriptions(Mutex<HashMap<Digest, Kept>>);

struct Kept {
    uris: watch::Sender<BTreeSet<String>>,
    used: Timestamp,
}

impl Subscriptions {
    fn all(&self) -> MutexGuard<'_, HashMap<Digest, Kept>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Works on what one session wants, which begins with nothing.
    fn with<T>(
        &self,
        headers: &HeaderMap,
        now: Timestamp,
        work: impl FnOnce(&mut Kept) -> Result<T, Refusal>,
    ) -> Result<T, Refusal> {
        let key = key(headers).ok_or(Refusal::NoSuchSession)?;
        let mut all = self.all();
        if all.len() >= MAX_SESSIONS && !all.contains_key(&key) {
            all.retain(|_, kept| kept.uris.receiver_count() > 0 || now.since(kept.used) < IDLE);
            if all.len() >= MAX_SESSIONS {
                return Err(Refusal::ServerBusy);
            }
        }
        let kept = all.entry(key);
        let kept = kept.or_insert_with(|| Kept { uris: watch::Sender::default(), used: now });
        kept.used = now;
        work(kept)
    }

    /// A session wants news of a resource, or wants them no longer.
    pub(super) fn change(
        &self,
        headers: &HeaderMap,
        now: Timestamp,
        (uri, is_wanted): (&str, bool),
    ) -> Result<(), Refusal> {
        self.with(headers, now, |kept| {
            let count = kept.uris.borrow().len();
            if is_wanted && count >= MAX_URIS {
                return Err(Refusal::ServerBusy);
            }
            kept.uris.send_if_modified(|uris| match is_wanted {
                true => uris.insert(uri.to_owned()),
                false => uris.remove(uri),
            });
            Ok(())
        })
    }

    /// What a session wants, as it changes.
    pub(super) fn follow(
        &self,
        headers: &HeaderMap,
        now: Timestamp,
    ) -> Result<watch::Receiver<BTreeSet<String>>, Refusal> {
        self.with(headers, now, |kept| Ok(kept.uris.subscribe()))
    }

    pub(super) fn end(&self, headers: &HeaderMap) {
        if let Some(key) = key(headers) {
            self.all().remove(&key);
        }
    }
}

fn key(headers: &HeaderMap) -> Option<Digest> {
    headers.get(SESSION).map(|id| Digest::of(id.as_bytes()))
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn session(number: usize) -> HeaderMap {
        let id = HeaderValue::from_str(&format!("session-{number}")).unwrap();
        HeaderMap::from_iter([(SESSION, id)])
    }

    #[test]
    fn what_is_wanted_is_told_to_who_follows_and_to_nobody_else() {
        let (all, now) = (Subscriptions::default(), Timestamp::from_micros(0));
        let mut follows = all.follow(&session(1), now).unwrap();
        let other = all.follow(&session(2), now).unwrap();
        all.change(&session(1), now, ("a:b", true)).unwrap();
        assert_eq!(*follows.borrow_and_update(), BTreeSet::from(["a:b".to_owned()]));
        all.change(&session(1), now, ("a:b", true)).unwrap();
        assert!(!follows.has_changed().unwrap() && other.borrow().is_empty());
        all.change(&session(1), now, ("a:b", false)).unwrap();
        assert!(follows.borrow_and_update().is_empty());
        all.end(&session(1));
        assert!(follows.has_changed().is_err());
        assert!(all.follow(&HeaderMap::new(), now).is_err());
    }

    #[test]
    fn there_is_an_end_to_resources_and_to_sessions() {
        let (all, now) = (Subscriptions::default(), Timestamp::from_micros(0));
        for n in 0..MAX_URIS {
            all.change(&session(0), now, (&format!("a:{n}"), true)).unwrap();
        }
        assert!(all.change(&session(0), now, ("a:more", true)).is_err());
        let listening = all.follow(&session(0), now).unwrap();
        for n in 1..MAX_SESSIONS {
            all.change(&session(n), now, ("a:b", true)).unwrap();
        }
        assert!(all.change(&session(MAX_SESSIONS), now, ("a:b", true)).is_err());
        let later = Timestamp::from_micros(2 * 1_800_000_000);
        all.change(&session(MAX_SESSIONS), later, ("a:b", true)).unwrap();
        assert_eq!((all.all().len(), listening.borrow().len()), (2, MAX_URIS));
    }
}
