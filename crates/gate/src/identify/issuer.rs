//! An outside issuer whose word is taken, and its keys as they were last read.
//!
//! A token with a key that is not known makes the keys be read again, once in a while and for a
//! moment only: a flood of made-up keys must neither flood the issuer nor hold up calls. Keys
//! that could not be read again stay good for a day; then nothing of this issuer is taken.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use identity::issuer::{Issuer, Vouched};
use identity::{JwkSet, TokenError, Unverified};
use model::Timestamp;
use tokio::sync::Mutex;

/// How old keys may become before they are read again.
const REFRESH: Duration = Duration::from_secs(600);
/// How old they may become where they cannot be read again.
const STALE: Duration = Duration::from_secs(86_400);
/// Between two readings.
const PAUSE: Duration = Duration::from_secs(10);
/// How long a call waits for a reading.
const PATIENCE: Duration = Duration::from_secs(5);

/// A reading of an issuer's keys under way.
pub type Reading = Pin<Box<dyn Future<Output = Result<JwkSet, String>> + Send>>;
/// Begins to read an issuer's keys.
pub type Reader = Arc<dyn Fn() -> Reading + Send + Sync>;

/// An issuer whose word is taken.
pub struct TrustedIssuer {
    pub rules: Issuer,
    keys: ArcSwap<Known>,
    /// None where the keys are fixed.
    reader: Option<Reader>,
    /// Since when they cannot be read, and the last time that this ended.
    silence: std::sync::Mutex<Silence>,
    /// When they were last asked for; held while they are being read.
    asked: Mutex<Option<Timestamp>>,
}

/// The reading that an issuer's keys are of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeysVersion(Option<Timestamp>);

/// A time in which an issuer's keys could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Silent {
    pub since: Timestamp,
    pub until: Timestamp,
}

#[derive(Default)]
struct Silence {
    since: Option<Timestamp>,
    ended: Option<Silent>,
}

impl Silence {
    fn note(&mut self, is_heard: bool, now: Timestamp) {
        match (self.since, is_heard) {
            (None, false) => self.since = Some(now),
            (Some(since), true) => {
                *self = Self { since: None, ended: Some(Silent { since, until: now }) }
            }
            _ => {}
        }
    }
}

#[derive(Default)]
struct Known {
    keys: JwkSet,
    /// None before the first reading, and where they are fixed.
    read: Option<Timestamp>,
}

impl TrustedIssuer {
    /// With keys that do not change.
    pub fn fixed(rules: Issuer, keys: JwkSet) -> Self {
        let keys = ArcSwap::from_pointee(Known { keys, read: None });
        Self {
            rules,
            keys,
            reader: None,
            silence: std::sync::Mutex::default(),
            asked: Mutex::new(None),
        }
    }

    /// With keys that are read when they are needed.
    pub fn read_by(rules: Issuer, reader: Reader) -> Self {
        let keys = ArcSwap::from_pointee(Known::default());
        Self {
            rules,
            keys,
            reader: Some(reader),
            silence: std::sync::Mutex::default(),
            asked: Mutex::new(None),
        }
    }

    pub async fn verify(
        &self,
        token: &Unverified<'_>,
        now: Timestamp,
    ) -> Result<(Vouched, KeysVersion), TokenError> {
        self.version(now).await.ok_or(TokenError::UnknownKey)?;
        match self.verify_now(token, now) {
            Err(TokenError::UnknownKey) if self.read_again(now).await => {
                self.verify_now(token, now)
            }
            verified => verified,
        }
    }

    fn verify_now(
        &self,
        token: &Unverified<'_>,
        now: Timestamp,
    ) -> Result<(Vouched, KeysVersion), TokenError> {
        let known = self.keys.load();
        Ok((self.rules.verify(token, &known.keys, now)?, KeysVersion(known.read)))
    }

    /// Which keys count now; none where they are too old. Reads them again where that is due.
    pub(super) async fn version(&self, now: Timestamp) -> Option<KeysVersion> {
        if self.age(now).is_none_or(|age| age > REFRESH) {
            self.read_again(now).await;
        }
        let known = self.keys.load();
        let is_fresh = known.read.is_some_and(|read| now.since(read) <= STALE);
        (self.reader.is_none() || is_fresh).then_some(KeysVersion(known.read))
    }

    /// Whether its keys could not be read when that was tried last.
    pub fn is_silent(&self) -> bool {
        self.silence().since.is_some()
    }

    /// A silence that ended and that nobody was told of yet. Where it still lasts, listens again
    /// first, so that its end is noticed although nobody calls.
    pub async fn take_ended_silence(&self, now: Timestamp) -> Option<Silent> {
        if self.is_silent() {
            self.read_again(now).await;
        }
        self.silence().ended.take()
    }

    fn silence(&self) -> std::sync::MutexGuard<'_, Silence> {
        self.silence.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn age(&self, now: Timestamp) -> Option<Duration> {
        self.keys.load().read.map(|read| now.since(read))
    }

    /// Reads the keys again where that is due; whether they may have changed.
    async fn read_again(&self, now: Timestamp) -> bool {
        let Some(reader) = &self.reader else { return false };
        let begun = self.keys.load().read;
        let Ok(mut asked) = tokio::time::timeout(PATIENCE, self.asked.lock()).await else {
            return false;
        };
        // Somebody else read them while this one waited.
        if self.keys.load().read != begun {
            return true;
        }
        if asked.is_some_and(|asked| now.since(asked) < PAUSE) {
            return false;
        }
        *asked = Some(now);
        let read = tokio::time::timeout(PATIENCE, reader()).await;
        self.silence().note(matches!(read, Ok(Ok(_))), now);
        match read {
            Ok(Ok(keys)) => {
                self.keys.store(Arc::new(Known { keys, read: Some(now) }));
                true
            }
            Ok(Err(error)) => {
                tracing::warn!(issuer = %self.rules.url, %error, "the keys of an issuer cannot be read");
                false
            }
            Err(_) => {
                tracing::warn!(issuer = %self.rules.url, "the keys of an issuer do not come in time");
                false
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_silence_is_told_once_with_its_beginning_and_end() {
        let at = |seconds: i64| Timestamp::from_micros(seconds * 1_000_000);
        let mut silence = Silence::default();
        silence.note(true, at(1));
        assert_eq!(silence.ended, None);
        silence.note(false, at(2));
        silence.note(false, at(3));
        assert_eq!(silence.since, Some(at(2)));
        silence.note(true, at(4));
        assert_eq!(silence.ended.take(), Some(Silent { since: at(2), until: at(4) }));
        silence.note(true, at(5));
        assert_eq!((silence.since, silence.ended), (None, None));
    }
}
