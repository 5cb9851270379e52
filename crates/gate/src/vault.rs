//! The vault: values that were taken out of requests, to be put back into answers.
//!
//! A value leaves as a placeholder (see `inspect::placeholder`) and is kept sealed with
//! AES-256-GCM under a key of its tenant. The same agent sending the same value again sends the
//! same placeholder, so a conversation stays one. Only the agent that sent a value gets it back:
//! a placeholder in another's hands is a word like any other. What is new is written down before
//! the request leaves, so that no answer refers to what a crash forgot.

use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use inspect::placeholder;
use model::{AgentName, DataSubject, Secret, TenantId, UserName};
use payloads::seal::{Key, Sealer};
use ring::hmac;

/// Values that one tenant's vault holds; what comes after is masked.
pub const MAX_KEPT: usize = 1_000_000;

/// Bytes of one value; a longer one is masked.
pub const MAX_VALUE_BYTES: usize = 4096;

/// What a placeholder says besides its kind.
pub type Id = [u8; 10];

/// A value as it is stored: nobody reads it without the tenant's key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    pub id: Id,
    /// Who sent it, and may have it back.
    pub agent: AgentName,
    /// For whom: it is theirs to have erased.
    pub person: Option<UserName>,
    /// Nonce, then AES-256-GCM over the value, with id and agent as associated data.
    pub sealed: Vec<u8>,
}

/// Writes down what is new. Resolves when it is durable.
pub type Keeper = Arc<
    dyn Fn(Vec<Kept>) -> Pin<Box<dyn Future<Output = Result<(), String>> + Send>> + Send + Sync,
>;

/// One tenant's vault.
pub struct Vault {
    ids: hmac::Key,
    values: Sealer,
    kept: RwLock<HashMap<Id, Kept>>,
    keeper: Keeper,
}

/// A vault for one call of one agent.
pub struct Bound {
    vault: Arc<Vault>,
    agent: AgentName,
    person: Option<UserName>,
    fresh: Mutex<Vec<Kept>>,
}

impl Vault {
    /// Keys are made from the tenant's secret for its vault, one for each use.
    pub fn new(
        secret: &Secret,
        tenant: &TenantId,
        kept: Vec<Kept>,
        keeper: Keeper,
    ) -> Option<Self> {
        let ids = derive(secret, tenant, b"ids")?;
        Some(Self {
            ids: hmac::Key::new(hmac::HMAC_SHA256, ids.expose()),
            values: Sealer::new(&derive(secret, tenant, b"values")?)?,
            kept: RwLock::new(kept.into_iter().map(|one| (one.id, one)).collect()),
            keeper,
        })
    }

    /// Whether its key opens what is in it.
    pub fn opens(&self) -> bool {
        let all = self.kept.read().unwrap_or_else(PoisonError::into_inner);
        all.values().next().is_none_or(|kept| self.open(kept).is_some())
    }

    /// The vault as a call of an agent sees it, for itself or for a person.
    pub fn bind(self: &Arc<Self>, agent: &AgentName, person: Option<&UserName>) -> Arc<Bound> {
        let (vault, agent, person) = (self.clone(), agent.clone(), person.cloned());
        Arc::new(Bound { vault, agent, person, fresh: Mutex::default() })
    }

    /// Takes out what is a subject's: nobody gets it back from now on. Gives how much that was.
    pub fn forget_of(&self, of: &DataSubject) -> usize {
        let mut all = self.kept.write().unwrap_or_else(PoisonError::into_inner);
        let before = all.len();
        all.retain(|_, kept| match of {
            DataSubject::Agent(agent) => kept.agent != *agent,
            DataSubject::Person(person) => kept.person.as_ref() != Some(person),
        });
        before - all.len()
    }

    /// One of its own for each person too, so that what goes with one leaves another's alone.
    fn id(&self, agent: &AgentName, person: Option<&UserName>, kind: &str, value: &str) -> Id {
        let mut context = hmac::Context::with_key(&self.ids);
        let person = person.map(UserName::as_str);
        for part in [agent.as_str(), kind, value].into_iter().chain(person) {
            context.update(&(part.len() as u64).to_le_bytes());
            context.update(part.as_bytes());
        }
        let mut id = Id::default();
        id.iter_mut().zip(context.sign().as_ref()).for_each(|(to, from)| *to = *from);
        id
    }

    fn seal(&self, id: Id, of: &Bound, value: &str) -> Option<Kept> {
        let (agent, person) = (of.agent.clone(), of.person.clone());
        let sealed = self.values.seal(&associated(&id, &agent), value.as_bytes())?;
        Some(Kept { id, agent, person, sealed })
    }

    fn open(&self, kept: &Kept) -> Option<String> {
        let value = self.values.open(&associated(&kept.id, &kept.agent), &kept.sealed)?;
        String::from_utf8(value.to_vec()).ok()
    }

    fn find(&self, id: &Id) -> Option<Kept> {
        self.kept.read().unwrap_or_else(PoisonError::into_inner).get(id).cloned()
    }

    /// Whether there was room.
    fn add(&self, kept: &Kept) -> bool {
        let mut all = self.kept.write().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= MAX_KEPT {
            return false;
        }
        all.insert(kept.id, kept.clone());
        true
    }

    fn forget(&self, kept: &[Kept]) {
        let mut all = self.kept.write().unwrap_or_else(PoisonError::into_inner);
        kept.iter().for_each(|one| _ = all.remove(&one.id));
    }
}

impl Bound {
    /// Waits until everything that this call has kept is durable; an error if it cannot be.
    pub async fn persist(&self) -> Result<(), String> {
        let mut fresh =
            std::mem::take(&mut *self.fresh.lock().unwrap_or_else(PoisonError::into_inner));
        // What was erased meanwhile is not written down after all.
        fresh.retain(|kept| self.vault.find(&kept.id).is_some());
        if fresh.is_empty() {
            return Ok(());
        }
        let written = (self.vault.keeper)(fresh.clone()).await;
        if written.is_err() {
            // The next call that sends such a value must write it down.
            self.vault.forget(&fresh);
        }
        written
    }
}

impl inspect::Vault for Bound {
    fn keep(&self, kind: &str, value: &str) -> Option<String> {
        if value.len() > MAX_VALUE_BYTES {
            return None;
        }
        let id = self.vault.id(&self.agent, self.person.as_ref(), kind, value);
        if self.vault.find(&id).is_none() {
            let kept = self.vault.seal(id, self, value)?;
            self.vault.add(&kept).then_some(())?;
            self.fresh.lock().unwrap_or_else(PoisonError::into_inner).push(kept);
        }
        Some(placeholder(kind, id))
    }

    fn give(&self, text: &str) -> Option<String> {
        let kept = self.vault.find(&inspect::placeholder_id(text)?)?;
        (kept.agent == self.agent).then(|| self.vault.open(&kept)).flatten()
    }
}

fn associated(id: &Id, agent: &AgentName) -> Vec<u8> {
    [id, agent.as_str().as_bytes()].concat()
}

fn derive(secret: &Secret, tenant: &TenantId, purpose: &[u8]) -> Option<Key> {
    let purpose = [tenant.as_str().as_bytes(), b"/", purpose];
    Key::derive(secret.expose().as_bytes(), b"portcullis vault", &purpose)
}

#[cfg(test)]
mod tests {
    use super::*;
    use inspect::Vault as _;

    fn keeper(works: bool) -> (Keeper, Arc<Mutex<Vec<Kept>>>) {
        let written: Arc<Mutex<Vec<Kept>>> = Arc::default();
        let to = written.clone();
        let keeper: Keeper = Arc::new(move |rows| {
            if works {
                to.lock().unwrap().extend(rows);
            }
            let result = works.then_some(()).ok_or_else(|| "the disk is full".to_owned());
            Box::pin(std::future::ready(result))
        });
        (keeper, written)
    }

    fn vault(root: &str, kept: Vec<Kept>, keeper: Keeper) -> Arc<Vault> {
        let root = Secret::new(root.to_owned());
        Arc::new(Vault::new(&root, &TenantId::main(), kept, keeper).unwrap())
    }

    fn agent(name: &str) -> AgentName {
        AgentName::new(name).unwrap()
    }

    #[tokio::test]
    async fn a_value_comes_back_to_its_sender_alone_and_after_a_restart() {
        let (keeper, written) = keeper(true);
        let first = vault("root", vec![], keeper.clone());
        let sender = first.bind(&agent("a"), None);
        let text = sender.keep("pii.email", "ann@example.org").unwrap();
        sender.persist().await.unwrap();
        assert_eq!(sender.keep("pii.email", "ann@example.org").as_ref(), Some(&text));
        assert_eq!(first.bind(&agent("b"), None).give(&text), None);
        let again = vault("root", written.lock().unwrap().clone(), keeper.clone());
        assert_eq!(again.bind(&agent("a"), None).give(&text).as_deref(), Some("ann@example.org"));
        let other_key = vault("other", written.lock().unwrap().clone(), keeper);
        assert_eq!(other_key.bind(&agent("a"), None).give(&text), None);
        assert!(again.opens() && !other_key.opens());
    }

    #[tokio::test]
    async fn two_agents_have_two_placeholders_for_one_value() {
        let vault = vault("root", vec![], keeper(true).0);
        let texts =
            ["a", "b"].map(|name| vault.bind(&agent(name), None).keep("own.word", "x").unwrap());
        assert_ne!(texts[0], texts[1]);
    }

    #[tokio::test]
    async fn what_was_sent_for_a_person_goes_with_them_alone() {
        let vault = vault("root", vec![], keeper(true).0);
        let (ann, bob) = (UserName::new("ann").unwrap(), UserName::new("bob").unwrap());
        let kept = [Some(&ann), Some(&bob), None]
            .map(|person| vault.bind(&agent("a"), person).keep("own.word", "x").unwrap());
        assert!(kept[0] != kept[1] && kept[1] != kept[2] && kept[0] != kept[2]);
        let given = |text: &str| vault.bind(&agent("a"), None).give(text).is_some();
        assert_eq!(vault.forget_of(&DataSubject::Person(ann)), 1);
        assert_eq!([given(&kept[0]), given(&kept[1]), given(&kept[2])], [false, true, true]);
        assert_eq!(vault.forget_of(&DataSubject::Agent(agent("b"))), 0);
        assert_eq!(vault.forget_of(&DataSubject::Agent(agent("a"))), 2);
        assert!(!given(&kept[1]) && !given(&kept[2]));
    }

    #[tokio::test]
    async fn what_could_not_be_written_is_not_kept() {
        let vault = vault("root", vec![], keeper(false).0);
        let bound = vault.bind(&agent("a"), None);
        let text = bound.keep("pii.email", "ann@example.org").unwrap();
        assert!(bound.persist().await.is_err());
        assert_eq!(bound.give(&text), None);
    }

    #[tokio::test]
    async fn stored_rows_that_were_exchanged_do_not_open() {
        let (keeper, written) = keeper(true);
        let first = vault("root", vec![], keeper.clone());
        for (name, value) in [("a", "mine"), ("b", "yours")] {
            let bound = first.bind(&agent(name), None);
            bound.keep("own.word", value).unwrap();
            bound.persist().await.unwrap();
        }
        let mut rows = written.lock().unwrap().clone();
        rows[0].agent = agent("b");
        let text = placeholder("own.word", rows[0].id);
        assert_eq!(vault("root", rows, keeper).bind(&agent("b"), None).give(&text), None);
    }
}
