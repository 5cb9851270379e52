//! The tenant that canaries are of, as the snapshot holds it.

use std::net::SocketAddr;
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use anyhow::Context;
use gate::Snapshot;
use gate::approvals::{Approvals, Claimer};
use gate::limits::{Limit, Per};
use gate::loops::LoopRules;
use gate::mcp::pin::{Pin, PinMode};
use gate::mcp::pins::{Keeper, Pins};
use gate::mcp::seal::Seal;
use gate::mcp::server::{FlowRule, Mcp, Remote, Server, ToolRule, Transport};
use gate::net::upstream::{Target, TargetSettings, Timeouts};
use gate::snapshot::{Credential, Provider, ProviderKind, Sizes, Tenant, Uninspectable};
use gate::unrecorded::FailMode;
use inspect::Engine;
use model::{
    Agent, AgentName, Claim, Confidentiality, IdError, Integrity, ProviderName, RoleName, Scopes,
    ServerName, Standing, TenantId, Tier, ToolEffect, ZoneName,
};
use policy::{Bundle, Grants, Pattern, RoleGrants, Scoped};

use super::{Canaries, peer};
use crate::keys::random;

/// What is a canary's is called so: the provider, the server, the role and the zone.
pub(super) const NAME: &str = "self-test";
/// The provider whose limit no call fits.
pub(super) const LIMITED: &str = "self-test-limited";
pub(super) const LIMIT: &str = "self-test-tokens";
/// Canaries go one after the other.
const MAX_IN_FLIGHT: usize = 16;
const STOPPED: &str = "self-test-stopped";
/// What every other call asks for fits many times over.
const LIMITED_TOKENS: u64 = 1;

/// The controls in force, which the canaries meet as everybody's calls do.
#[derive(Clone)]
pub(crate) struct Controls {
    pub(crate) engine: Option<Arc<Engine>>,
    pub(crate) tool_engine: Option<Arc<Engine>>,
    pub(crate) redacting: Option<Arc<Engine>>,
    /// The policies on the grants of [`grants`].
    pub(crate) bundle: Arc<Bundle>,
    /// Which judges read.
    pub(crate) judges: inspect::Judges,
}

pub(super) fn tenant_id() -> Result<TenantId, IdError> {
    TenantId::new(gate::gate::SELF_TEST)
}

/// What canaries are granted: not every model of theirs.
pub(crate) fn grants() -> anyhow::Result<Grants> {
    let all = || Ok::<_, anyhow::Error>(vec![Pattern::new("self-test*")?]);
    let role = RoleGrants {
        role: RoleName::new(NAME)?,
        providers: all()?,
        models: vec![Pattern::new("canary-*")?],
        endpoints: Vec::new(),
        tools: vec![Scoped::any()],
        resources: Vec::new(),
        prompts: Vec::new(),
        asks: Vec::new(),
    };
    Ok(Grants { roles: vec![role], zones: Vec::new() })
}

pub(super) fn target(address: SocketAddr) -> anyhow::Result<Arc<Target>> {
    let second = Duration::from_secs(1);
    let timeouts =
        Timeouts { connect: second, first_byte: 5 * second, idle: 30 * second, total: 60 * second };
    let plain = TargetSettings::plain(&address.ip().to_string(), address.port());
    Ok(Arc::new(Target::new(TargetSettings { timeouts, ..plain })?))
}

pub(super) fn seal() -> anyhow::Result<Arc<Seal>> {
    let root = model::Secret::new(hex::encode(random()?));
    Ok(Arc::new(Seal::new(&root, &tenant_id()?).context("the key of the self-test's sessions")?))
}

/// Tools as they were before the run: of one it was agreed what it says.
pub(super) fn pins() -> anyhow::Result<Arc<Pins>> {
    let keeper: Keeper = Arc::new(|pin| Box::pin(std::future::ready(Ok(pin))));
    let agreed = Pin {
        server: ServerName::new(NAME)?,
        tool: peer::CHANGED.to_owned(),
        revision: 1,
        accepted: Some(peer::agreed().context("the self-test's own tool")?),
        offered: None,
    };
    Ok(Arc::new(Pins::new(vec![agreed], keeper)))
}

impl Canaries {
    /// Puts the tenant into a snapshot.
    pub(crate) fn join(&self, snapshot: &mut Snapshot, controls: &Controls) -> anyhow::Result<()> {
        let tenant = self.tenant(controls)?;
        self.put(snapshot, tenant)
    }

    pub(super) fn put(&self, snapshot: &mut Snapshot, tenant: Tenant) -> anyhow::Result<()> {
        for (key, agent) in [(&self.key, NAME), (&self.stopped_key, STOPPED)] {
            let agent = AgentName::new(agent)?;
            let credential = Credential { tenant: tenant.id.clone(), agent, expires: None };
            snapshot.keys.insert(key.hash(), credential);
        }
        snapshot.tenants.insert(tenant.id.clone(), Arc::new(tenant));
        Ok(())
    }

    pub(super) fn tenant(&self, controls: &Controls) -> anyhow::Result<Tenant> {
        let stopped = match self.is_stopped.load(Ordering::SeqCst) {
            true => Standing::Suspended,
            false => Standing::Active,
        };
        let agents = [agent(NAME, Standing::Active)?, agent(STOPPED, stopped)?];
        let providers = [NAME, LIMITED].map(|name| self.provider(name));
        Ok(Tenant {
            id: tenant_id()?,
            log: self.log(),
            books: self.books.clone(),
            in_flight: MAX_IN_FLIGHT,
            trust: Arc::default(),
            credentials: Arc::default(),
            agents: agents.into_iter().map(|one| (one.name.clone(), Arc::new(one))).collect(),
            persons: std::collections::HashMap::default(),
            providers: providers.into_iter().collect::<anyhow::Result<_>>()?,
            bundle: controls.bundle.clone(),
            engine: controls.engine.clone(),
            tool_engine: controls.tool_engine.clone(),
            redacting: controls.redacting.clone(),
            classifier: None,
            vault: None,
            approvals: Some(waiting()),
            keeping: None,
            limits: vec![limit()],
            mcp: Arc::new(Mcp {
                servers: vec![Arc::new(self.server()?)],
                seal: self.seal.clone(),
                pins: self.pins.lock().unwrap_or_else(PoisonError::into_inner).clone(),
                origins: Vec::new(),
            }),
            names: None,
            loops: LoopRules { repeats: None, session_calls: None },
            everything: Standing::Active,
        })
    }

    fn provider(&self, name: &str) -> anyhow::Result<Arc<Provider>> {
        Ok(Arc::new(Provider {
            name: ProviderName::new(name)?,
            kind: ProviderKind::OpenAi,
            target: self.target.clone(),
            base_path: String::new(),
            credential: None,
            models: Vec::new(),
            prices: Vec::new(),
            standing: Standing::Active,
            uninspectable: Uninspectable::Refuse,
            needs_person: false,
            fails: FailMode::Closed,
            limits: Sizes::default(),
        }))
    }

    fn server(&self) -> anyhow::Result<Server> {
        Ok(Server {
            name: ServerName::new(NAME)?,
            transport: Transport::Http(Remote {
                target: self.target.clone(),
                path: "/mcp".to_owned(),
                headers: Vec::new(),
            }),
            rules: rules()?,
            believes_annotations: false,
            pin: PinMode::FirstSight,
            standing: Standing::Active,
            needs_person: false,
            fails: FailMode::Closed,
            uninspectable: Uninspectable::Refuse,
            limits: Sizes::default(),
        })
    }
}

fn agent(name: &str, standing: Standing) -> anyhow::Result<Agent> {
    Ok(Agent {
        tenant: tenant_id()?,
        name: AgentName::new(name)?,
        owner: None,
        purpose: None,
        roles: vec![RoleName::new(NAME)?],
        zone: ZoneName::new(NAME)?,
        standing,
        tier: Some(Tier::Background),
    })
}

/// Nobody is ever asked about a canary.
fn waiting() -> Approvals {
    let claimer: Claimer = Arc::new(|held, _, ends| {
        Box::pin(std::future::ready(Ok(Claim::Waiting { record: held.record, ends })))
    });
    let (_, votes) = tokio::sync::watch::channel(0);
    Approvals { claimer, wait: Duration::from_secs(60), votes }
}

fn limit() -> Limit {
    Limit {
        name: LIMIT.into(),
        per: Per::Provider,
        only: Some(LIMITED.into()),
        except: Vec::new(),
        tier: None,
        tool: None,
        window: Duration::from_secs(60),
        requests: None,
        tokens: Some(LIMITED_TOKENS),
        spend: None,
        concurrency: None,
        bytes: None,
    }
}

fn rules() -> anyhow::Result<Vec<ToolRule>> {
    let rule = |tool, effect, flow| {
        anyhow::Ok(ToolRule {
            tools: Pattern::new(tool)?,
            effect: Some(effect),
            integrity: Some(Integrity::Untrusted),
            confidentiality: Some(Confidentiality::Public),
            scopes: Scopes::default(),
            flow,
        })
    };
    let decisive = FlowRule { decisive: vec!["to".to_owned()], ..FlowRule::default() };
    Ok(vec![
        rule(peer::PAGE, ToolEffect::Read, FlowRule::default())?,
        rule(peer::LEAKING, ToolEffect::Read, FlowRule::default())?,
        rule("*", ToolEffect::External, decisive)?,
    ])
}

/// The agent and the provider, as policies are asked about them.
pub(super) fn agent_of() -> anyhow::Result<(Agent, ProviderName)> {
    Ok((agent(NAME, Standing::Active)?, ProviderName::new(NAME)?))
}
