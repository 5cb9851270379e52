//! The vault: values that were taken out of requests, to be put back into answers.
//!
//! A value leaves as a placeholder (see `inspect::placeholder`) and is kept sealed with
//! AES-256-GCM under a key of its owner: the agent that sent it, and the person for whom. Whoever
//! destroys that key has destroyed the values, wherever a copy of them lies. The same agent sending the same value again sends the
//! same placeholder, so a conversation stays one. Only the agent that sent a value gets it back:
//! a placeholder in another's hands is a word like any other. What is new is written down before
//! the request leaves, so that no answer refers to what a crash forgot.

use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use inspect::placeholder;
use model::{AgentName, DataSubject, Secret, TenantId, UserName};
use payloads::ValueOwner;
use payloads::seal::{Key, Sealer};
use ring::hmac;

/// Values that one tenant's vault holds; what comes after is masked.
pub const MAX_KEPT: usize = 1_000_000;

/// Bytes of one value; a longer one is masked.
pub const MAX_VALUE_BYTES: usize = 4096;

/// What a placeholder says besides its kind.
pub type Id = [u8; 10];

/// A value as it is stored: nobody reads it without its owner's key.
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

impl Kept {
    fn owner(&self) -> ValueOwner {
        (self.agent.clone(), self.person.clone())
    }
}

/// What is new of one owner.
#[derive(Clone, Debug)]
pub struct Fresh {
    pub owner: ValueOwner,
    /// Their key, where it is not known to be written down. It has to be, before the values are.
    pub key: Option<Key>,
    pub kept: Vec<Kept>,
}

/// Writes down what is new. Resolves when it is durable.
pub type Keeper =
    Arc<dyn Fn(Fresh) -> Pin<Box<dyn Future<Output = Result<(), String>> + Send>> + Send + Sync>;

/// The key to one owner's values.
struct OwnerKey {
    key: Key,
    values: Sealer,
    is_durable: AtomicBool,
}

impl OwnerKey {
    fn new(key: Key, is_durable: bool) -> Option<Arc<Self>> {
        let values = Sealer::new(&key)?;
        Some(Arc::new(Self { key, values, is_durable: AtomicBool::new(is_durable) }))
    }
}

/// One tenant's vault.
pub struct Vault {
    ids: hmac::Key,
    /// What an earlier version sealed everybody's values with.
    before: Sealer,
    keys: RwLock<HashMap<ValueOwner, Arc<OwnerKey>>>,
    kept: RwLock<HashMap<Id, Kept>>,
    keeper: Keeper,
}

/// A vault for one call of one agent.
pub struct Bound {
    vault: Arc<Vault>,
    owner: ValueOwner,
    fresh: Mutex<Vec<Kept>>,
}

impl Vault {
    /// Ids are made with a key from the tenant's secret for its vault; values have keys of their owners.
    pub fn new(
        secret: &Secret,
        tenant: &TenantId,
        keys: Vec<(ValueOwner, Key)>,
        kept: Vec<Kept>,
        keeper: Keeper,
    ) -> Option<Self> {
        let ids = derive(secret, tenant, b"ids")?;
        let open = |(owner, key)| Some((owner, OwnerKey::new(key, true)?));
        Some(Self {
            ids: hmac::Key::new(hmac::HMAC_SHA256, ids.expose()),
            before: Sealer::new(&derive(secret, tenant, b"values")?)?,
            keys: RwLock::new(keys.into_iter().map(open).collect::<Option<_>>()?),
            kept: RwLock::new(kept.into_iter().map(|one| (one.id, one)).collect()),
            keeper,
        })
    }

    /// Whether its keys open what is in it. Values whose owner's key was destroyed do not count: what
    /// was cut short between the two is finished here.
    pub fn opens(&self) -> bool {
        let all = self.all();
        all.is_empty()
            || all.values().any(|kept| self.open(kept).or_else(|| self.open_before(kept)).is_some())
    }

    /// Seals what an earlier version sealed with the tenant's key with that of its owner instead; gives
    /// what is to be written down in place of what there is.
    pub fn reseal(&self) -> Option<Vec<Fresh>> {
        let mut by_owner: HashMap<ValueOwner, Vec<Kept>> = HashMap::new();
        let old: Vec<(Kept, String)> = {
            let all = self.all();
            let is_old = |kept: &&Kept| self.open(kept).is_none();
            all.values()
                .filter(is_old)
                .filter_map(|kept| Some((kept.clone(), self.open_before(kept)?)))
                .collect()
        };
        for (kept, value) in old {
            let sealed = self.seal(kept.id, &kept.owner(), &value)?;
            self.all_mut().insert(sealed.id, sealed.clone());
            by_owner.entry(sealed.owner()).or_default().push(sealed);
        }
        Some(by_owner.into_iter().map(|(owner, kept)| self.fresh(owner, kept)).collect())
    }

    /// What is to be written down of an owner, their key with it unless it is.
    fn fresh(&self, owner: ValueOwner, kept: Vec<Kept>) -> Fresh {
        let key = self.key_of(&owner).filter(|key| !key.is_durable.load(Ordering::Acquire));
        Fresh { key: key.map(|key| key.key.clone()), owner, kept }
    }

    /// The owner's key, as long as nobody destroyed it.
    fn key_of(&self, owner: &ValueOwner) -> Option<Arc<OwnerKey>> {
        self.keys.read().unwrap_or_else(PoisonError::into_inner).get(owner).cloned()
    }

    /// The same, or a new one.
    fn key_for(&self, owner: &ValueOwner) -> Option<Arc<OwnerKey>> {
        if let Some(found) = self.key_of(owner) {
            return Some(found);
        }
        let new = OwnerKey::new(Key::random()?, false)?;
        let mut keys = self.keys.write().unwrap_or_else(PoisonError::into_inner);
        Some(keys.entry(owner.clone()).or_insert(new).clone())
    }

    fn all(&self) -> RwLockReadGuard<'_, HashMap<Id, Kept>> {
        self.kept.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn all_mut(&self) -> RwLockWriteGuard<'_, HashMap<Id, Kept>> {
        self.kept.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// The vault as a call of an agent sees it, for itself or for a person.
    pub fn bind(self: &Arc<Self>, agent: &AgentName, person: Option<&UserName>) -> Arc<Bound> {
        let (vault, owner) = (self.clone(), (agent.clone(), person.cloned()));
        Arc::new(Bound { vault, owner, fresh: Mutex::default() })
    }

    /// Takes out what is a subject's: nobody gets it back from now on. Gives how much that was.
    pub fn forget_of(&self, of: &DataSubject) -> usize {
        let is_of = |(agent, person): &ValueOwner| match of {
            DataSubject::Agent(meant) => agent == meant,
            DataSubject::Person(meant) => person.as_ref() == Some(meant),
        };
        self.keys.write().unwrap_or_else(PoisonError::into_inner).retain(|owner, _| !is_of(owner));
        let mut all = self.all_mut();
        let before = all.len();
        all.retain(|_, kept| !is_of(&kept.owner()));
        before - all.len()
    }

    /// One of its own for each person too, so that what goes with one leaves another's alone.
    fn id(&self, (agent, person): &ValueOwner, kind: &str, value: &str) -> Id {
        let mut context = hmac::Context::with_key(&self.ids);
        let person = person.as_ref().map(UserName::as_str);
        for part in [agent.as_str(), kind, value].into_iter().chain(person) {
            context.update(&(part.len() as u64).to_le_bytes());
            context.update(part.as_bytes());
        }
        let mut id = Id::default();
        id.iter_mut().zip(context.sign().as_ref()).for_each(|(to, from)| *to = *from);
        id
    }

    fn seal(&self, id: Id, owner: &ValueOwner, value: &str) -> Option<Kept> {
        let (agent, person) = owner.clone();
        let key = self.key_for(owner)?;
        let sealed = key.values.seal(&associated(&id, &agent), value.as_bytes())?;
        Some(Kept { id, agent, person, sealed })
    }

    fn open(&self, kept: &Kept) -> Option<String> {
        opened(&self.key_of(&kept.owner())?.values, kept)
    }

    fn open_before(&self, kept: &Kept) -> Option<String> {
        opened(&self.before, kept)
    }

    fn find(&self, id: &Id) -> Option<Kept> {
        self.all().get(id).cloned()
    }

    /// Whether there was room.
    fn add(&self, kept: &Kept) -> bool {
        let mut all = self.all_mut();
        if all.len() >= MAX_KEPT {
            return false;
        }
        all.insert(kept.id, kept.clone());
        true
    }

    fn forget(&self, kept: &[Kept]) {
        let mut all = self.all_mut();
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
        // Held, so that what is noted of it afterwards is of this very key.
        let key = self.vault.key_of(&self.owner);
        let written =
            (self.vault.keeper)(self.vault.fresh(self.owner.clone(), fresh.clone())).await;
        match (&written, key) {
            (Ok(()), Some(key)) => key.is_durable.store(true, Ordering::Release),
            (Ok(()), None) => {}
            // The next call that sends such a value must write it down.
            (Err(_), _) => self.vault.forget(&fresh),
        }
        written
    }
}

impl inspect::Vault for Bound {
    fn keep(&self, kind: &str, value: &str) -> Option<String> {
        if value.len() > MAX_VALUE_BYTES {
            return None;
        }
        let id = self.vault.id(&self.owner, kind, value);
        if self.vault.find(&id).is_none() {
            let kept = self.vault.seal(id, &self.owner, value)?;
            self.vault.add(&kept).then_some(())?;
            self.fresh.lock().unwrap_or_else(PoisonError::into_inner).push(kept);
        }
        Some(placeholder(kind, id))
    }

    fn give(&self, text: &str) -> Option<String> {
        let kept = self.vault.find(&inspect::placeholder_id(text)?)?;
        (kept.agent == self.owner.0).then(|| self.vault.open(&kept)).flatten()
    }
}

fn opened(sealer: &Sealer, kept: &Kept) -> Option<String> {
    let value = sealer.open(&associated(&kept.id, &kept.agent), &kept.sealed)?;
    String::from_utf8(value.to_vec()).ok()
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

    /// What was written down: keys and values.
    #[derive(Clone, Default)]
    struct Written(Arc<Mutex<(Keys, Vec<Kept>)>>);

    type Keys = Vec<(ValueOwner, Key)>;

    impl Written {
        fn values(&self) -> Vec<Kept> {
            self.0.lock().unwrap().1.clone()
        }
    }

    fn keeper(works: bool) -> (Keeper, Written) {
        let written = Written::default();
        let to = written.clone();
        let keeper: Keeper = Arc::new(move |fresh: Fresh| {
            if works {
                let mut to = to.0.lock().unwrap();
                to.0.extend(fresh.key.map(|key| (fresh.owner, key)));
                to.1.extend(fresh.kept);
            }
            let result = works.then_some(()).ok_or_else(|| "the disk is full".to_owned());
            Box::pin(std::future::ready(result))
        });
        (keeper, written)
    }

    fn vault_of(
        root: &str,
        keys: Vec<(ValueOwner, Key)>,
        kept: Vec<Kept>,
        keeper: Keeper,
    ) -> Arc<Vault> {
        let root = Secret::new(root.to_owned());
        Arc::new(Vault::new(&root, &TenantId::main(), keys, kept, keeper).unwrap())
    }

    fn vault(root: &str, keeper: Keeper) -> Arc<Vault> {
        vault_of(root, vec![], vec![], keeper)
    }

    fn again(root: &str, written: &Written, keeper: Keeper) -> Arc<Vault> {
        let (keys, kept) = written.0.lock().unwrap().clone();
        vault_of(root, keys, kept, keeper)
    }

    fn agent(name: &str) -> AgentName {
        AgentName::new(name).unwrap()
    }

    #[tokio::test]
    async fn a_value_comes_back_to_its_sender_alone_and_after_a_restart() {
        let (keeper, written) = keeper(true);
        let first = vault("root", keeper.clone());
        let sender = first.bind(&agent("a"), None);
        let text = sender.keep("pii.email", "ann@example.org").unwrap();
        sender.persist().await.unwrap();
        assert_eq!(sender.keep("pii.email", "ann@example.org").as_ref(), Some(&text));
        assert_eq!(first.bind(&agent("b"), None).give(&text), None);
        assert_eq!(written.0.lock().unwrap().0.len(), 1, "the key is written down once");
        let later = again("root", &written, keeper.clone());
        assert_eq!(later.bind(&agent("a"), None).give(&text).as_deref(), Some("ann@example.org"));
        let keyless = vault_of("root", vec![], written.values(), keeper);
        assert_eq!(keyless.bind(&agent("a"), None).give(&text), None);
        assert!(later.opens() && !keyless.opens());
    }

    #[tokio::test]
    async fn two_agents_have_two_placeholders_for_one_value() {
        let vault = vault("root", keeper(true).0);
        let texts =
            ["a", "b"].map(|name| vault.bind(&agent(name), None).keep("own.word", "x").unwrap());
        assert_ne!(texts[0], texts[1]);
    }

    #[tokio::test]
    async fn what_was_sent_for_a_person_goes_with_them_alone() {
        let vault = vault("root", keeper(true).0);
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
        let vault = vault("root", keeper(false).0);
        let bound = vault.bind(&agent("a"), None);
        let text = bound.keep("pii.email", "ann@example.org").unwrap();
        assert!(bound.persist().await.is_err());
        assert_eq!(bound.give(&text), None);
    }

    #[tokio::test]
    async fn stored_rows_that_were_exchanged_do_not_open() {
        let (keeper, written) = keeper(true);
        let first = vault("root", keeper.clone());
        for (name, value) in [("a", "mine"), ("b", "yours")] {
            let bound = first.bind(&agent(name), None);
            bound.keep("own.word", value).unwrap();
            bound.persist().await.unwrap();
        }
        let text = {
            let mut all = written.0.lock().unwrap();
            all.1[0].agent = agent("b");
            placeholder("own.word", all.1[0].id)
        };
        assert_eq!(again("root", &written, keeper).bind(&agent("b"), None).give(&text), None);
    }

    #[tokio::test]
    async fn a_copy_of_a_value_opens_with_nothing_once_its_owners_key_is_gone() {
        let (keeper, written) = keeper(true);
        let vault = vault("root", keeper.clone());
        let ann = UserName::new("ann").unwrap();
        let bound = vault.bind(&agent("a"), Some(&ann));
        let text = bound.keep("own.word", "x").unwrap();
        bound.persist().await.unwrap();
        let copy = written.values();
        assert_eq!(vault.forget_of(&DataSubject::Person(ann.clone())), 1);
        // Everything but that key: the tenant's secret, and the keys of whoever comes later.
        bound.keep("own.word", "y").unwrap();
        bound.persist().await.unwrap();
        let (keys, _) = written.0.lock().unwrap().clone();
        let later = vault_of("root", keys.into_iter().skip(1).collect(), copy, keeper);
        assert_eq!(later.bind(&agent("a"), Some(&ann)).give(&text), None);
    }

    #[tokio::test]
    async fn what_an_earlier_version_sealed_gets_keys_of_its_owners() {
        let (keeper, _) = keeper(true);
        let first = vault("root", keeper.clone());
        let bound = first.bind(&agent("a"), None);
        let id = first.id(&bound.owner, "own.word", "x");
        let sealed = first.before.seal(&associated(&id, &agent("a")), b"x").unwrap();
        let old = Kept { id, agent: agent("a"), person: None, sealed };
        let vault = vault_of("root", vec![], vec![old.clone()], keeper.clone());
        assert!(vault.opens());
        let fresh = vault.reseal().unwrap();
        assert_eq!((fresh.len(), fresh[0].kept.len()), (1, 1));
        assert!(fresh[0].key.is_some() && fresh[0].kept[0] != old);
        let text = placeholder("own.word", id);
        assert_eq!(vault.bind(&agent("a"), None).give(&text).as_deref(), Some("x"));
        assert!(vault.reseal().unwrap().is_empty(), "there is nothing left to do");
        let keys = fresh.iter().map(|one| (one.owner.clone(), one.key.clone().unwrap())).collect();
        let kept = fresh.iter().flat_map(|one| one.kept.clone()).collect();
        let later = vault_of("another", keys, kept, keeper);
        assert!(later.opens(), "the tenant's secret is not needed any more");
    }
}
