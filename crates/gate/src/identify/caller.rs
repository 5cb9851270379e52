//! Whoever calls, as everything behind the identification sees them.

use std::sync::Arc;
use std::time::Duration;

use identity::{Actor, Audience, Delegation, Shown};
use model::{Agent, AgentName, KeyHash, Person, Scopes, Standing, Tier, Timestamp, UserName};

use super::lasting::{Lasting, is_revoked};
use super::{Proof, SignedBody, Unidentified};
use crate::limits::{self, Place};
use crate::snapshot::{Contained, Snapshot, Tenant};

/// What was delegated to an agent, by whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Given {
    pub person: Option<UserName>,
    /// In order; the agent itself is the last.
    pub chain: Vec<Actor>,
    pub scopes: Option<Scopes>,
    pub audience: Audience,
}

impl Given {
    pub(crate) fn of(delegation: &Delegation) -> Self {
        Self {
            person: delegation.person.clone(),
            chain: delegation.chain.actors().to_vec(),
            scopes: delegation.scopes.clone(),
            audience: delegation.audience.clone(),
        }
    }
}

/// Who calls.
#[derive(Clone)]
pub struct Caller {
    pub tenant: Arc<Tenant>,
    pub agent: Arc<Agent>,
    /// On whose behalf.
    pub person: Option<UserName>,
    /// What the record, and everything else that is kept, calls that person.
    pub shown: Option<UserName>,
    pub email: Option<String>,
    /// The agents between the person and this call, the calling one last. Empty where the agent
    /// acts by a credential of its own.
    pub chain: Vec<AgentName>,
    /// What it may do for the person now: what was delegated and the person still has. None where
    /// nobody delegated anything.
    pub scopes: Option<Scopes>,
    pub tier: Tier,
    /// What stands in the way of everything that it asks for.
    pub contained: Option<Contained>,
    key: Option<KeyHash>,
    certificate: Option<Shown>,
    given: Option<Arc<Given>>,
    body: Option<SignedBody>,
    lasting: Lasting,
}

impl Caller {
    /// Looks up in the snapshot what the credentials name.
    pub(super) fn resolve(snapshot: &Snapshot, mut proof: Proof) -> Result<Self, Unidentified> {
        let tenant = snapshot.tenants.get(&proof.tenant).ok_or(Unidentified::Unknown)?;
        let agent = tenant.agents.get(&proof.agent).ok_or(Unidentified::Unknown)?;
        let caller = Self::of(snapshot, tenant, agent, proof.given.take());
        let Proof { key, certificate, body, lasting, .. } = proof;
        Ok(Self { key, certificate, body, lasting, ..caller })
    }

    fn of(
        snapshot: &Snapshot,
        tenant: &Arc<Tenant>,
        agent: &Arc<Agent>,
        given: Option<Given>,
    ) -> Self {
        let given = given.map(Arc::new);
        let person = given.as_ref().and_then(|given| given.person.clone());
        let known = person.as_ref().and_then(|name| tenant.persons.get(name));
        let chain = chain(given.as_deref());
        Self {
            tenant: tenant.clone(),
            agent: agent.clone(),
            email: known.and_then(|known| known.email.clone()),
            scopes: scopes(given.as_deref(), known.map(Arc::as_ref)),
            tier: Tier::of(agent.tier, chain.len(), person.is_some()),
            contained: contained(snapshot, tenant, agent, given.as_deref()),
            shown: person.clone(),
            person,
            chain,
            key: None,
            certificate: None,
            given,
            body: None,
            lasting: Lasting::default(),
        }
    }

    /// From here on the person is called by their pseudonym wherever something is kept, if the tenant
    /// wants it. A new one is durable when this answers.
    pub(super) async fn take_pseudonym(&mut self) -> Result<(), Unidentified> {
        self.shown = self.tenant.shown(self.person.as_ref()).await?;
        if self.tenant.names.is_some() {
            self.email = None;
        }
        Ok(())
    }

    /// Whether this is the body that was signed, where the request is signed. Whoever reads the
    /// body must ask.
    pub fn check_body(&self, body: &[u8]) -> Result<(), Unidentified> {
        self.body.as_ref().map_or(Ok(()), |signed| signed.check(body)).map_err(Into::into)
    }

    /// The same agent as it would be if this were delegated to it.
    pub(crate) fn acting_for(&self, snapshot: &Snapshot, given: Given) -> Self {
        let (key, certificate) = (self.key, self.certificate.clone());
        Self { key, certificate, ..Self::of(snapshot, &self.tenant, &self.agent, Some(given)) }
    }

    /// As a chain names it: with the key and the certificate that it showed, or got its token for.
    pub(crate) fn actor(&self) -> Actor {
        Actor {
            agent: self.agent.name.clone(),
            key: self.key,
            certificate: self.certificate.clone(),
        }
    }

    /// Takes up what a later snapshot has of it; whether it is there still.
    pub(crate) fn renew(&mut self, snapshot: &Snapshot) -> bool {
        let tenant = snapshot.tenants.get(&self.tenant.id);
        let Some((tenant, agent)) =
            tenant.and_then(|tenant| Some((tenant, tenant.agents.get(&self.agent.name)?)))
        else {
            return false;
        };
        if !Arc::ptr_eq(tenant, &self.tenant) {
            let known = self.person.as_ref().and_then(|name| tenant.persons.get(name));
            self.scopes = scopes(self.given.as_deref(), known.map(Arc::as_ref));
            (self.tenant, self.agent) = (tenant.clone(), agent.clone());
        }
        true
    }

    /// What stands in its way in a later snapshot.
    pub(crate) fn contained_in(&self, snapshot: &Snapshot) -> Option<Contained> {
        let Some(tenant) = snapshot.tenants.get(&self.tenant.id) else {
            return Some(Contained::Gone);
        };
        let Some(agent) = tenant.agents.get(&self.agent.name) else {
            return Some(Contained::Gone);
        };
        contained(snapshot, tenant, agent, self.given.as_deref())
    }

    /// How long what it has shown will be taken yet, by a later snapshot; nothing where it is taken no more.
    pub(crate) fn lasts(&self, snapshot: &Snapshot, now: Timestamp) -> Option<Duration> {
        let tenant = snapshot.tenants.get(&self.tenant.id)?;
        self.lasting.left(snapshot, tenant, &self.agent.name, now)
    }

    /// Whether a later snapshot decides on it by the same policies and grants.
    pub(crate) fn is_decided_alike(&self, snapshot: &Snapshot) -> bool {
        let mut later = self.clone();
        later.renew(snapshot)
            && Arc::ptr_eq(&later.tenant.bundle, &self.tenant.bundle)
            && (later.agent == self.agent && later.scopes == self.scopes)
    }

    /// The agents of the chain and the scopes as policies take them.
    pub fn with_delegation<T>(&self, ask: impl FnOnce(policy::Delegation<'_>) -> T) -> T {
        if self.given.is_none() {
            return ask(policy::Delegation { tier: self.tier, ..policy::Delegation::default() });
        }
        let chain: Vec<&str> = self.chain.iter().map(AgentName::as_str).collect();
        let scopes: Vec<&str> = self.scopes.iter().flat_map(Scopes::iter).collect();
        ask(policy::Delegation { chain: &chain, scopes: &scopes, tier: self.tier })
    }

    /// The subjects that limits count by.
    pub(crate) fn counted<'a>(
        &'a self,
        place: Place<'a>,
        tool: Option<&'a str>,
    ) -> limits::Caller<'a> {
        limits::Caller {
            tenant: &self.tenant.id,
            agent: self.agent.name.as_str(),
            person: self.person.as_ref().map(UserName::as_str),
            shown: self.shown.as_ref().map(UserName::as_str),
            tier: self.tier,
            place,
            tool,
        }
    }

    pub(crate) fn given(&self) -> Option<&Given> {
        self.given.as_deref()
    }
}

impl Tenant {
    /// What is kept calls a person by.
    pub(crate) async fn shown(
        &self,
        person: Option<&UserName>,
    ) -> Result<Option<UserName>, Unidentified> {
        match (&self.names, person) {
            (Some(names), Some(person)) => {
                let pseudonym = names.pseudonym(person).await;
                pseudonym.map(Some).map_err(|_| Unidentified::Unnamed)
            }
            _ => Ok(person.cloned()),
        }
    }
}

/// An agent that exchanged its own key for a token of minutes still acts by itself.
fn chain(given: Option<&Given>) -> Vec<AgentName> {
    match given {
        Some(Given { person: None, chain, .. }) if chain.len() == 1 => Vec::new(),
        Some(given) => given.chain.iter().map(|actor| actor.agent.clone()).collect(),
        None => Vec::new(),
    }
}

fn scopes(given: Option<&Given>, person: Option<&Person>) -> Option<Scopes> {
    let delegated = given?.scopes.as_ref()?;
    Some(person.map_or_else(|| delegated.clone(), |person| delegated.and(&person.scopes)))
}

/// What stands in the way: the kill switch for the agent, for any other agent of the chain, a
/// person that left, a key in the chain that ended.
fn contained(
    snapshot: &Snapshot,
    tenant: &Tenant,
    agent: &Agent,
    given: Option<&Given>,
) -> Option<Contained> {
    let own = tenant.contained(agent);
    let Some(given) = given.filter(|_| own.is_none()) else { return own };
    let person = given.person.as_ref().and_then(|name| left(tenant, name));
    person.or_else(|| given.chain.iter().find_map(|actor| cut(snapshot, tenant, actor)))
}

fn left(tenant: &Tenant, name: &UserName) -> Option<Contained> {
    match tenant.persons.get(name) {
        Some(person) if person.standing.is_active() => None,
        None if !tenant.trust.persons_must_be_known => None,
        _ => Some(Contained::Person),
    }
}

fn cut(snapshot: &Snapshot, tenant: &Tenant, actor: &Actor) -> Option<Contained> {
    let Some(agent) = tenant.agents.get(&actor.agent) else { return Some(Contained::Ended) };
    let ended = actor.key.is_some_and(|key| {
        if tenant.credentials.marks(&key, &actor.agent) {
            return false;
        }
        let opens = snapshot.keys.get(&key);
        opens.is_none_or(|opens| opens.tenant != tenant.id || opens.agent != actor.agent)
    });
    let is_revoked = |shown: &Shown| is_revoked(snapshot, tenant, &actor.agent, shown);
    let is_revoked = actor.certificate.as_ref().is_some_and(is_revoked);
    match agent.standing {
        _ if ended || is_revoked => Some(Contained::Ended),
        Standing::Active => None,
        standing => Some(Contained::Delegate(standing)),
    }
}
