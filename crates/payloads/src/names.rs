//! Pseudonyms of people: what records call them by.
//!
//! A pseudonym is a keyed hash of a name, under a key that is this person's alone. Key and name are
//! wrapped together, like a data key. Whoever destroys them has destroyed what ties the pseudonym to
//! the name: not even whoever holds every other key can try names against it.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use model::{DataSubject, UserName};
use ring::hmac;
use store::{KeyId, WrappedKey};

use crate::seal::Key;
use crate::{KeyError, Keyring};

/// Bytes of the hash that stand in a pseudonym.
const SHOWN: usize = 16;
/// Bytes of a person's key; the name follows it.
const KEY: usize = 32;

/// People of one tenant who may have one at once; a stranger more is refused.
const MAX_NAMES: usize = 1_000_000;

/// One tenant's pseudonyms, open in memory.
pub struct Names {
    room: usize,
    keyring: Arc<Keyring>,
    known: RwLock<Known>,
    /// One pseudonym is made or destroyed at a time.
    changing: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct Known {
    by_name: HashMap<UserName, Pseudonym>,
    by_pseudonym: HashMap<UserName, UserName>,
}

#[derive(Clone)]
struct Pseudonym {
    text: UserName,
    id: KeyId,
}

impl Names {
    /// Opens all pseudonyms that there are.
    pub async fn open(keyring: Arc<Keyring>) -> Result<Self, KeyError> {
        let mut known = Known::default();
        for row in keyring.store.names(&keyring.tenant).await? {
            let (name, text) = opened(&keyring, &row)?;
            known.add(name, Pseudonym { text, id: row.id });
        }
        let changing = tokio::sync::Mutex::default();
        Ok(Self { room: MAX_NAMES, keyring, known: RwLock::new(known), changing })
    }

    /// The pseudonym of a person who has one.
    pub fn known(&self, name: &UserName) -> Option<UserName> {
        self.read().by_name.get(name).map(|found| found.text.clone())
    }

    /// Whose pseudonym it is; nothing where that was erased, or it is none.
    pub fn name(&self, pseudonym: &UserName) -> Option<UserName> {
        self.read().by_pseudonym.get(pseudonym).cloned()
    }

    /// The pseudonym of a person; a new one is durable when this answers.
    pub async fn pseudonym(&self, name: &UserName) -> Result<UserName, KeyError> {
        if let Some(found) = self.known(name) {
            return Ok(found);
        }
        let _one = self.changing.lock().await;
        if let Some(found) = self.known(name) {
            return Ok(found);
        }
        if self.read().by_name.len() >= self.room {
            return Err(KeyError::TooManyNames);
        }
        let key = Key::random().ok_or(KeyError::NoRandomness)?;
        let text = hashed(key.expose(), name)?;
        let content = zeroize::Zeroizing::new([key.expose(), name.as_str().as_bytes()].concat());
        let id = self.keyring.add_name(&content).await?;
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        known.add(name.clone(), Pseudonym { text: text.clone(), id });
        Ok(text)
    }

    /// A subject as what is kept of them calls them: a person who has a pseudonym, by that.
    pub fn kept_as(&self, subject: DataSubject) -> DataSubject {
        match &subject {
            DataSubject::Person(name) => self.known(name).map_or(subject, DataSubject::Person),
            DataSubject::Agent(_) => subject,
        }
    }

    /// Destroys what ties a person to a pseudonym, by either; says whether there was anything. When it
    /// answers it is in no byte of the database's files.
    pub async fn erase(&self, person: &UserName) -> Result<bool, KeyError> {
        let _one = self.changing.lock().await;
        let found = {
            let known = self.read();
            let name = known.by_pseudonym.get(person).unwrap_or(person);
            known.by_name.get_key_value(name).map(|(name, found)| (name.clone(), found.clone()))
        };
        let Some((name, Pseudonym { text, id })) = found else { return Ok(false) };
        {
            let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
            known.by_name.remove(&name);
            known.by_pseudonym.remove(&text);
        }
        self.keyring.remove_name(id).await?;
        Ok(true)
    }

    fn read(&self) -> std::sync::RwLockReadGuard<'_, Known> {
        self.known.read().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    fn add(&mut self, name: UserName, pseudonym: Pseudonym) {
        self.by_pseudonym.insert(pseudonym.text.clone(), name.clone());
        self.by_name.insert(name, pseudonym);
    }
}

/// The name in a row, and its pseudonym.
fn opened(keyring: &Keyring, row: &WrappedKey) -> Result<(UserName, UserName), KeyError> {
    let content = keyring.unwrap(row)?;
    let (key, name) = content.split_at_checked(KEY).ok_or(KeyError::Damaged)?;
    let name = std::str::from_utf8(name).map_err(|_| KeyError::Damaged)?;
    let name = UserName::new(name).map_err(|_| KeyError::Damaged)?;
    let text = hashed(key, &name)?;
    Ok((name, text))
}

fn hashed(key: &[u8], name: &UserName) -> Result<UserName, KeyError> {
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), name.as_str().as_bytes());
    let shown = tag.as_ref().get(..SHOWN).unwrap_or_default();
    let digits: String = shown.iter().map(|byte| format!("{byte:02x}")).collect();
    UserName::new(&format!("{}{digits}", UserName::PSEUDONYM)).map_err(|_| KeyError::Damaged)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::{everything, keyring, secret};

    fn name(text: &str) -> UserName {
        UserName::new(text).unwrap()
    }

    #[tokio::test]
    async fn a_pseudonym_is_one_for_a_name_and_outlives_a_restart_and_a_rotation() {
        let folder = tempfile::tempdir().unwrap();
        let (ann, bob) = (name("ann@example.com"), name("bob@example.com"));
        let ring = keyring(&folder, secret('a'), None).await.unwrap();
        let first = Names::open(ring.clone()).await.unwrap();
        let pseudonym = first.pseudonym(&ann).await.unwrap();
        assert_eq!(first.pseudonym(&ann).await.unwrap(), pseudonym);
        assert_ne!(first.pseudonym(&bob).await.unwrap(), pseudonym);
        assert!(pseudonym.is_pseudonym() && !pseudonym.as_str().contains("ann"));
        ring.rotate_tenant().await.unwrap();
        let ring = keyring(&folder, secret('a'), None).await.unwrap();
        let again = Names::open(ring).await.unwrap();
        assert_eq!(again.known(&ann), Some(pseudonym.clone()));
        assert_eq!(again.name(&pseudonym), Some(ann.clone()));
        assert_eq!(again.name(&ann), None, "a name is no pseudonym");
        assert_eq!(again.kept_as(DataSubject::Person(ann)), DataSubject::Person(pseudonym));
        let kept = String::from_utf8_lossy(&everything(folder.path())).into_owned();
        assert!(!kept.contains("ann@") && !kept.contains("bob@"), "the name is sealed");
    }

    #[tokio::test]
    async fn an_erased_person_cannot_be_tied_to_their_pseudonym_and_gets_another() {
        let folder = tempfile::tempdir().unwrap();
        let (ann, bob) = (name("ann@example.com"), name("bob@example.com"));
        let ring = keyring(&folder, secret('a'), None).await.unwrap();
        let names = Names::open(ring.clone()).await.unwrap();
        let of_ann = names.pseudonym(&ann).await.unwrap();
        let of_bob = names.pseudonym(&bob).await.unwrap();
        let rows = ring.store.names(&ring.tenant).await.unwrap();
        let wrapped = rows.into_iter().find(|row| opened(&ring, row).unwrap().0 == ann);
        let wrapped = wrapped.unwrap().wrapped;
        let is_kept =
            || everything(folder.path()).windows(wrapped.len()).any(|window| window == wrapped);
        assert!(is_kept());
        // By the pseudonym, as somebody does who knows only that.
        assert!(names.erase(&of_ann).await.unwrap());
        assert!(!names.erase(&ann).await.unwrap(), "there is nothing more");
        assert_eq!((names.name(&of_ann), names.known(&ann)), (None, None));
        assert_eq!(names.name(&of_bob), Some(bob));
        assert_ne!(names.pseudonym(&ann).await.unwrap(), of_ann);
        assert!(!is_kept(), "a copy of the wrapped key is left");
    }

    #[tokio::test]
    async fn people_without_end_get_no_pseudonyms_without_end() {
        let folder = tempfile::tempdir().unwrap();
        let ring = keyring(&folder, secret('a'), None).await.unwrap();
        let names = Names { room: 1, ..Names::open(ring).await.unwrap() };
        let (ann, bob) = (name("ann@example.com"), name("bob@example.com"));
        let of_ann = names.pseudonym(&ann).await.unwrap();
        assert!(matches!(names.pseudonym(&bob).await, Err(KeyError::TooManyNames)));
        assert_eq!(names.pseudonym(&ann).await.unwrap(), of_ann, "who has one keeps it");
    }

    #[tokio::test]
    async fn a_person_who_calls_twice_at_once_has_one_pseudonym() {
        let folder = tempfile::tempdir().unwrap();
        let ring = keyring(&folder, secret('a'), None).await.unwrap();
        let names = Names::open(ring.clone()).await.unwrap();
        let ann = name("ann@example.com");
        let (one, two) = tokio::join!(names.pseudonym(&ann), names.pseudonym(&ann));
        assert_eq!(one.unwrap(), two.unwrap());
        assert_eq!(ring.store.names(&ring.tenant).await.unwrap().len(), 1);
    }
}
