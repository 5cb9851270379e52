//! All that a decision depends on, as one immutable value.
//!
//! A request takes the snapshot once and never waits on a lock or a database. Whoever changes
//! the control state builds a new one and publishes it; containment is nothing else.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use foldhash::fast::RandomState;
use http::HeaderValue;
use http::header::HeaderName;
use inspect::Engine;
use ledger::Log;
use model::{
    Agent, AgentName, KeyHash, Person, ProviderName, Standing, Subject, TenantId, Timestamp,
    UserName,
};

use crate::approvals::Approvals;
use crate::books::Books;
use crate::classifier::Classifier;
use crate::identify::{Caller, Credentials, Directory, Trust};
use crate::keeping::Keeping;
use crate::limits::Limit;
use crate::loops::LoopRules;
use crate::mcp::server::Mcp;
use crate::net::body::BodyLimits;
use crate::net::upstream::Target;
use crate::unrecorded::FailMode;
use crate::vault::Vault;

/// The whole control state of the gate.
#[derive(Default)]
pub struct Snapshot {
    /// Grows with every publication.
    pub revision: u64,
    pub keys: HashMap<KeyHash, Credential, RandomState>,
    pub tenants: HashMap<TenantId, Arc<Tenant>, RandomState>,
    /// Whose a credential is.
    pub directory: Directory,
}

/// What a key opens.
#[derive(Clone)]
pub struct Credential {
    pub tenant: TenantId,
    pub agent: AgentName,
    pub expires: Option<Timestamp>,
}

/// One tenant's part of the snapshot.
pub struct Tenant {
    pub id: TenantId,
    pub log: Log,
    /// What is kept of it while the gate runs.
    pub books: Arc<Books>,
    /// Actions that it may have under way.
    pub in_flight: usize,
    /// Whose word is taken.
    pub trust: Arc<Trust>,
    /// What agents show besides keys.
    pub credentials: Arc<Credentials>,
    pub agents: HashMap<AgentName, Arc<Agent>, RandomState>,
    pub persons: HashMap<UserName, Arc<Person>, RandomState>,
    pub providers: Vec<Arc<Provider>>,
    pub bundle: Arc<policy::Bundle>,
    /// `None` where inspection is switched off.
    pub engine: Option<Arc<Engine>>,
    /// The same for what goes to tools and comes back.
    pub tool_engine: Option<Arc<Engine>>,
    /// The engine where a policy's obligation is to redact: whatever it finds is masked.
    pub redacting: Option<Arc<Engine>>,
    /// Asked where our own judge of instructions is unsure.
    pub classifier: Option<Arc<Classifier>>,
    /// Keeps what is tokenised.
    pub vault: Option<Arc<Vault>>,
    /// The pseudonyms by which records call people; none where they stand there by name.
    pub names: Option<Arc<payloads::Names>>,
    /// Brings what policies hold before people.
    pub approvals: Option<Approvals>,
    /// `None` where no payload is kept.
    pub keeping: Option<Arc<Keeping>>,
    pub limits: Vec<Limit>,
    pub mcp: Arc<Mcp>,
    /// When a call is a loop's.
    pub loops: LoopRules,
    /// The kill switch for everything.
    pub everything: Standing,
}

/// A model API behind the gate.
#[derive(Clone)]
pub struct Provider {
    pub name: ProviderName,
    pub kind: ProviderKind,
    pub target: Arc<Target>,
    /// The path of the base URL, without a slash at its end.
    pub base_path: String,
    /// The gate's own key for it; sent in place of the agent's.
    pub credential: Option<(HeaderName, HeaderValue)>,
    /// Which models `/v1/…` sends here.
    pub models: Vec<policy::Pattern>,
    pub prices: Vec<Price>,
    pub standing: Standing,
    /// What happens to a payload that cannot be inspected.
    pub uninspectable: Uninspectable,
    /// Whether a call must say for which person it is.
    pub needs_person: bool,
    /// What becomes of calls where the log takes no record.
    pub fails: FailMode,
    pub limits: Sizes,
}

/// Whose API a provider speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ProviderKind {
    OpenAi,
    Anthropic,
}

/// What to do with what cannot be inspected: binary, undecodable, too large.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Uninspectable {
    #[default]
    Refuse,
    /// Let it pass and say so in the record.
    Pass,
}

/// US dollars for a million tokens of the models that match.
#[derive(Clone, Debug)]
pub struct Price {
    pub model: policy::Pattern,
    pub input: f64,
    pub output: f64,
}

/// How much and how long.
#[derive(Clone, Copy, Debug)]
pub struct Sizes {
    /// Bytes of a request's body, decoded.
    pub request_bytes: usize,
    /// Bytes of an answer that is not streamed, decoded.
    pub answer_bytes: usize,
    /// From the first byte of a request's body to its last.
    pub request_time: Duration,
    /// Output tokens to reserve where a call does not say how many it wants at most.
    pub output_tokens: u64,
}

impl Default for Sizes {
    fn default() -> Self {
        Self {
            request_bytes: 32 * 1024 * 1024,
            answer_bytes: 32 * 1024 * 1024,
            request_time: Duration::from_secs(60),
            output_tokens: 1024,
        }
    }
}

/// What stands in the way of an action that nothing in it could change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Contained {
    Agent(Standing),
    Provider(Standing),
    Server(Standing),
    Everything(Standing),
    /// An agent that the calling one acts for, further up in the chain.
    Delegate(Standing),
    /// The person whom it acts for has left, or was never known.
    Person,
    /// An agent or a key in the chain of a token is there no more.
    Ended,
    /// What opened a stream is taken no more: it was taken away, replaced, or is over.
    Credential,
    /// The agent, provider or server is there no more.
    Gone,
}

impl Sizes {
    pub fn body_limits(&self) -> BodyLimits {
        BodyLimits {
            max_bytes: self.request_bytes,
            idle: self.request_time,
            total: self.request_time,
        }
    }
}

impl Snapshot {
    /// The tenant where there is only one.
    pub fn only_tenant(&self) -> Option<&Arc<Tenant>> {
        let mut tenants = self.tenants.values();
        tenants.next().filter(|_| tenants.next().is_none())
    }

    /// The tenant that is reached by this name of the gate; where none has it, the platform's own.
    pub(crate) fn reached_by(&self, host: &str) -> Option<&Arc<Tenant>> {
        let has = |tenant: &&Arc<Tenant>| tenant.trust.is_reached_by(host);
        self.tenants.values().find(has).or_else(|| self.tenants.get(&TenantId::main()))
    }

    /// Whether the kill switch hits whoever calls, anyone it acts for, or the provider or server
    /// that it uses.
    pub fn contained(&self, caller: &Caller, place: &Subject) -> Option<Contained> {
        if let Some(contained) = caller.contained_in(self) {
            return Some(contained);
        }
        let tenant = self.tenants.get(&caller.tenant.id)?;
        let (standing, contained): (_, fn(Standing) -> Contained) = match place {
            Subject::Provider(name) => {
                (tenant.provider(name.as_str()).map(|p| p.standing), Contained::Provider)
            }
            Subject::Server(name) => {
                (tenant.mcp.server(name.as_str()).map(|s| s.standing), Contained::Server)
            }
            Subject::Agent(_) | Subject::Everything => return None,
        };
        match standing {
            None => Some(Contained::Gone),
            Some(Standing::Active) => None,
            Some(standing) => Some(contained(standing)),
        }
    }

    /// How long what a caller has shown will be taken yet; or what stands in its way, at any of these places.
    pub(crate) fn goes_on(
        &self,
        caller: &Caller,
        places: &[Subject],
        now: Timestamp,
    ) -> Result<Duration, Contained> {
        match places.iter().find_map(|place| self.contained(caller, place)) {
            Some(contained) => Err(contained),
            None => caller.lasts(self, now).ok_or(Contained::Credential),
        }
    }
}

impl Tenant {
    /// Whether the kill switch hits an agent, or everything.
    pub fn contained(&self, agent: &Agent) -> Option<Contained> {
        if !self.everything.is_active() {
            return Some(Contained::Everything(self.everything));
        }
        (!agent.standing.is_active()).then_some(Contained::Agent(agent.standing))
    }

    pub fn provider(&self, name: &str) -> Option<&Arc<Provider>> {
        self.providers.iter().find(|p| p.name.as_str() == name)
    }

    /// The first provider of the configuration that serves a model, among those of a kind if one is given.
    pub fn provider_for(
        &self,
        model: Option<&str>,
        kind: Option<ProviderKind>,
    ) -> Option<&Arc<Provider>> {
        let serves = |p: &&Arc<Provider>| {
            kind.is_none_or(|kind| p.kind == kind)
                && model.is_none_or(|model| p.models.iter().any(|pattern| pattern.matches(model)))
        };
        self.providers.iter().find(serves)
    }
}

impl Provider {
    /// What tokens cost, in millionths of a US dollar; nothing where no price is configured.
    pub fn cost(&self, model: &str, input: u64, output: u64) -> u64 {
        let Some(price) = self.prices.iter().find(|p| p.model.matches(model)) else { return 0 };
        // Dollars for a million tokens are millionths of a dollar for one.
        (price.input * input as f64 + price.output * output as f64).ceil() as u64
    }
}
