//! From configuration and control state to the gate's snapshot.

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::Arc;

use anyhow::Context;
use gate::Snapshot;
use gate::approvals::Approvals;
use gate::classifier::Classifier;
use gate::identify::issuer::TrustedIssuer;
use gate::identify::{Credentials, Trust};
use gate::keeping::Rules;
use gate::limits::Limit;
use gate::loops::LoopRules;
use gate::mcp::server::{Mcp, Server};
use gate::mcp::stdio::Launcher;
use gate::net::upstream::Target;
use gate::snapshot::{Credential, Provider, Tenant};
use inspect::Engine;
use model::{Containment, Standing, Subject, TenantId};
use policy::{Bundle, Source};
use store::{ControlState, PolicyVersion, Store};

use super::core::Core;
use super::credentials;
use super::keeping::{keeping, rules};
use super::limits::limit_of;
use super::trust::trust;
use crate::config::{Config, sections};
use crate::inspection::Inspection;
use crate::keys::InspectionSecret;
use crate::policies;
use crate::selftest::{self, Controls};

/// What configuration and policy files come to. Replaced as a whole when they change.
pub(super) struct Settings {
    pub(super) config: Config,
    /// Actions that may be under way, where that is configured.
    share: Option<NonZeroU32>,
    pub(super) bundle: Arc<Bundle>,
    pub(super) sources: Vec<Source>,
    /// What keys are derived from, as long as the process runs.
    pub(super) root: Arc<InspectionSecret>,
    inspection: Inspection,
    engine: Option<Arc<Engine>>,
    tool_engine: Option<Arc<Engine>>,
    redacting: Option<Arc<Engine>>,
    pub(super) kept: Rules,
    classifier: Option<Arc<Classifier>>,
    /// What the self-test's canaries meet.
    pub(super) controls: Controls,
    pub(super) limits: Vec<Limit>,
    trust: Arc<Trust>,
    /// What the configuration names of them.
    pub(super) credentials: Credentials,
    providers: Vec<Arc<Provider>>,
    servers: Vec<Arc<Server>>,
    pub(super) launchers: HashMap<String, Arc<Launcher>>,
    /// What each provider's target was made from: one that did not change keeps its connections.
    pub(super) targets: HashMap<String, Arc<Target>>,
}

impl Settings {
    /// Whether the keys of an identity provider could not be read when they were due.
    pub(super) fn is_any_issuer_silent(&self) -> bool {
        self.trust.issuers.iter().any(|issuer| issuer.is_silent())
    }

    /// The identity providers whose tokens are taken.
    pub(super) fn issuers(&self) -> Vec<Arc<TrustedIssuer>> {
        self.trust.issuers.clone()
    }

    /// The routes that let calls pass where the log takes no record.
    pub(super) fn fail_open(&self) -> Vec<String> {
        fail_open(&self.config)
    }

    /// Compiles everything, or says what is wrong. `before` lends its open connections; `deployed`
    /// are the policies that were deployed last.
    pub(super) fn new(
        config: Config,
        deployed: Option<Vec<Source>>,
        tenant: &TenantId,
        root: Arc<InspectionSecret>,
        before: Option<&Self>,
    ) -> anyhow::Result<Self> {
        let sources = policies::in_force(config.policy.dir.as_deref(), deployed)?;
        let bundle =
            Bundle::compile(&sources, &policies::grants(&config)?).map_err(policies::Invalid)?;
        let inspection = match config.inspect.enabled {
            true => {
                let before = before.map(|before| &before.inspection);
                Inspection::new(&config.inspect, Some((&root, tenant)), before)
                    .context("[inspect]")?
            }
            false => Inspection::default(),
        };
        let Engines { engine, tool_engine, redacting } = engines(&config, &inspection.settings)?;
        let classifier = classifier(&config.inspect)?;
        let controls = Controls {
            engine: engine.clone(),
            tool_engine: tool_engine.clone(),
            redacting: redacting.clone(),
            bundle: Arc::new(bundle.with_grants(&selftest::grants()?).map_err(policies::Invalid)?),
            judges: inspection.settings.judges,
        };
        let mut settings = Self {
            bundle: Arc::new(bundle),
            controls,
            trust: trust(&config, tenant, &root)?,
            credentials: credentials::configured(&config, tenant)?,
            share: share(&config, tenant),
            sources,
            root,
            inspection,
            engine,
            tool_engine,
            redacting,
            kept: rules(&config)?,
            classifier,
            limits: config
                .limit
                .iter()
                .enumerate()
                .map(|(at, limit)| limit_of(at, limit))
                .collect::<anyhow::Result<_>>()
                .context("[[limit]]")?,
            providers: Vec::new(),
            servers: Vec::new(),
            launchers: HashMap::new(),
            targets: HashMap::new(),
            config,
        };
        for provider in settings.config.provider.clone() {
            let built = settings.provider(&provider, before);
            let built = built.with_context(|| format!("the provider \"{}\"", provider.name))?;
            settings.providers.push(Arc::new(built));
        }
        for server in settings.config.mcp.clone() {
            let built = settings.server(&server, before);
            let built = built.with_context(|| format!("the MCP server \"{}\"", server.name))?;
            settings.servers.push(Arc::new(built));
        }
        Ok(settings)
    }
}

/// The policies that were deployed last, with the tests beside them.
pub(super) async fn deployed(
    store: &Store,
    tenant: &TenantId,
) -> anyhow::Result<Option<Vec<Source>>> {
    let version = store.deployed_policy(tenant).await?;
    let sources = |version: PolicyVersion| {
        version.files.into_iter().map(|file| Source::new(file.name, file.text)).collect()
    };
    Ok(version.map(sources))
}

/// How many actions a tenant may have under way, where that is configured.
fn share(config: &Config, tenant: &TenantId) -> Option<NonZeroU32> {
    config.tenant.iter().find(|declared| declared.name == *tenant)?.in_flight
}

impl Settings {
    /// How many actions the tenant may have under way: as configured, or an equal part of what the
    /// gate takes.
    fn in_flight(&self, tenants: usize) -> usize {
        let whole = self.config.gate.limits.in_flight.get() as usize;
        let own = self.share.map(|share| share.get() as usize);
        own.unwrap_or_else(|| whole.div_ceil(tenants.max(1))).min(whole)
    }
}

/// None of them where inspection is switched off.
#[derive(Default)]
struct Engines {
    engine: Option<Arc<Engine>>,
    tool_engine: Option<Arc<Engine>>,
    redacting: Option<Arc<Engine>>,
}

/// The engine as configured, the one for tools, and the one for an obligation to redact: it masks
/// whatever it finds.
fn engines(config: &Config, settings: &inspect::Settings) -> anyhow::Result<Engines> {
    if !config.inspect.enabled {
        return Ok(Engines::default());
    }
    let compile = |settings: &inspect::Settings| {
        anyhow::Ok(Some(Arc::new(Engine::compile(settings).context("[inspect]")?)))
    };
    let actions = config.inspect.tool_actions();
    Ok(Engines {
        engine: compile(settings)?,
        tool_engine: compile(&inspect::Settings { actions, ..settings.clone() })?,
        redacting: compile(&settings.masking_all())?,
    })
}

/// What a snapshot is made of besides configuration and control state.
pub(super) struct Parts<'a> {
    pub(super) core: &'a Core,
    pub(super) approvals: Approvals,
    /// How many tenants there are.
    pub(super) tenants: usize,
}

/// The classifier of one's own; what it has said is asked again after a reload.
fn classifier(inspect: &sections::Inspect) -> anyhow::Result<Option<Arc<Classifier>>> {
    let Some(classifier) = inspect.classifier.as_ref().filter(|_| inspect.enabled) else {
        return Ok(None);
    };
    let url = &classifier.url.0;
    let settings = gate::classifier::Settings {
        host: url.host().unwrap_or_default().trim_matches(['[', ']']).to_owned(),
        port: url.port_u16().unwrap_or(80),
        path: url.path().parse()?,
        timeout: classifier.timeout,
        threshold: classifier.threshold.0,
        is_required: inspect.uninspectable == sections::Uninspectable::Refuse,
    };
    Ok(Some(Arc::new(Classifier::new(settings).context("[inspect.classifier]")?)))
}

/// A tenant's part of a snapshot.
pub(super) fn build(
    settings: &Settings,
    control: ControlState,
    parts: Parts<'_>,
    snapshot: &mut Snapshot,
) -> anyhow::Result<()> {
    let Parts { core, approvals, tenants } = parts;
    let tenant = &core.tenant;
    for key in &control.keys {
        let Some(agent) = control.agents.get(key.agent) else { continue };
        let credential =
            Credential { tenant: tenant.clone(), agent: agent.name.clone(), expires: key.expires };
        snapshot.keys.insert(key.hash, credential);
    }
    let everything = standing_of(&control.containments, &Subject::Everything);
    let credentials = credentials::all(&settings.credentials, &settings.config, &control, tenant)?;
    let mut agents: HashMap<_, _, _> = HashMap::default();
    for mut agent in control.agents {
        let contained = standing_of(&control.containments, &Subject::Agent(agent.name.clone()));
        if agent.standing.is_active() {
            agent.standing = contained;
        }
        agents.insert(agent.name.clone(), Arc::new(agent));
    }
    let providers =
        settings.providers.iter().map(|p| contained(p, &control.containments)).collect();
    let tenant_state = Tenant {
        id: tenant.clone(),
        log: core.log.clone(),
        books: core.books.clone(),
        in_flight: settings.in_flight(tenants),
        trust: settings.trust.clone(),
        credentials: Arc::new(credentials),
        agents,
        persons: control.persons.into_iter().map(|p| (p.name.clone(), Arc::new(p))).collect(),
        providers,
        bundle: settings.bundle.clone(),
        engine: settings.engine.clone(),
        tool_engine: settings.tool_engine.clone(),
        redacting: settings.redacting.clone(),
        vault: Some(core.keys.vault.clone()),
        names: match settings.config.identity.person_names {
            sections::PersonNames::Clear => None,
            sections::PersonNames::Pseudonymous => Some(core.keys.names.clone()),
        },
        keeping: keeping(settings, &core.keys),
        classifier: settings.classifier.clone(),
        approvals: Some(approvals),
        limits: settings.limits.clone(),
        mcp: Arc::new(Mcp {
            servers: settings.servers.iter().map(|s| held(s, &control.containments)).collect(),
            seal: core.tools.seal.clone(),
            pins: core.tools.pins.clone(),
            origins: settings.config.gate.origins.clone(),
        }),
        loops: LoopRules {
            repeats: settings.config.loops.repeats.map(Into::into),
            session_calls: settings.config.loops.session_calls.map(Into::into),
        },
        everything,
    };
    snapshot.tenants.insert(tenant.clone(), Arc::new(tenant_state));
    Ok(())
}

fn contained(provider: &Arc<Provider>, containments: &[Containment]) -> Arc<Provider> {
    match standing_of(containments, &Subject::Provider(provider.name.clone())) {
        Standing::Active => provider.clone(),
        standing => Arc::new(Provider { standing, ..Provider::clone(provider) }),
    }
}

fn held(server: &Arc<Server>, containments: &[Containment]) -> Arc<Server> {
    match standing_of(containments, &Subject::Server(server.name.clone())) {
        Standing::Active => server.clone(),
        standing => Arc::new(Server { standing, ..Server::clone(server) }),
    }
}

fn standing_of(containments: &[Containment], subject: &Subject) -> Standing {
    containments.iter().find(|c| c.subject == *subject).map_or(Standing::Active, |c| c.standing)
}

/// The routes that let calls pass where the log takes no record.
pub(crate) fn fail_open(config: &Config) -> Vec<String> {
    let is_open = |fail: &sections::Fail| fail.log == sections::FailMode::Open;
    let providers = config.provider.iter().filter(|one| is_open(&one.fail));
    let servers = config.mcp.iter().filter(|one| is_open(&one.fail));
    let providers = providers.map(|one| format!("llm/{}", one.name));
    providers.chain(servers.map(|one| format!("mcp/{}", one.name))).collect()
}
