//! From configuration and control state to the gate's snapshot.

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context;
use gate::Snapshot;
use gate::approvals::Approvals;
use gate::classifier::Classifier;
use gate::identify::issuer::TrustedIssuer;
use gate::identify::{Credentials, Trust};
use gate::keeping::{Keep, Keeping, Rule, Rules};
use gate::limits::{Limit, Per};
use gate::loops::LoopRules;
use gate::mcp::server::{Mcp, Server};
use gate::mcp::stdio::Launcher;
use gate::net::tls::{ClientSettings, ClientTls, certificates_from_pem};
use gate::net::upstream::{Http2, Limits, Target, TargetSettings, Timeouts};
use gate::snapshot::{Credential, Price, Provider, ProviderKind, Sizes, Tenant, Uninspectable};
use http::HeaderValue;
use http::header::{AUTHORIZATION, HeaderName};
use inspect::Engine;
use model::{Containment, Digest, Standing, Subject, TenantId};
use policy::{Bundle, Source};
use store::{ControlState, PolicyVersion, Store};

use super::core::Core;
use super::credentials;
use super::custody::Keys;
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
    kept: Rules,
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
    targets: HashMap<String, Arc<Target>>,
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

    fn provider(
        &mut self,
        provider: &sections::Provider,
        before: Option<&Self>,
    ) -> anyhow::Result<Provider> {
        let address = provider.address();
        let uri: http::Uri = address.parse()?;
        let times = &provider.timeouts;
        let reach = Reach {
            uri: &uri,
            ca: provider.ca.as_ref(),
            timeouts: Timeouts {
                connect: times.connect,
                first_byte: times.first_byte,
                idle: times.idle,
                total: times.total,
            },
            max_idle: provider.idle_connections.get() as usize,
        };
        let target = self.target(&reach, before)?;
        Ok(Provider {
            name: provider.name.clone(),
            kind: kind_of(provider.kind),
            target,
            base_path: uri.path().trim_end_matches('/').to_owned(),
            credential: credential(provider)?,
            models: policies::patterns(&provider.models)?,
            prices: prices(&self.config, provider)?,
            standing: Standing::Active,
            fails: provider.fail.log.gate(),
            uninspectable: match provider.uninspectable.unwrap_or(self.config.inspect.uninspectable)
            {
                sections::Uninspectable::Refuse => Uninspectable::Refuse,
                sections::Uninspectable::Pass => Uninspectable::Pass,
            },
            needs_person: provider.person == sections::Person::Required,
            limits: sizes(&self.config.gate),
        })
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

/// What a target is made of.
pub(super) struct Reach<'a> {
    pub(super) uri: &'a http::Uri,
    pub(super) ca: Option<&'a PathBuf>,
    pub(super) timeouts: Timeouts,
    pub(super) max_idle: usize,
}

impl Settings {
    /// One that did not change keeps its connections.
    pub(super) fn target(
        &mut self,
        reach: &Reach<'_>,
        before: Option<&Self>,
    ) -> anyhow::Result<Arc<Target>> {
        let authorities = authorities(reach.ca)?;
        let key = format!(
            "{} {:?} {:?} {}",
            reach.uri,
            authorities.as_deref().map(Digest::of),
            reach.timeouts,
            reach.max_idle
        );
        let kept = before.and_then(|before| before.targets.get(&key)).cloned();
        let target = kept.map_or_else(|| target(reach, authorities).map(Arc::new), Ok)?;
        self.targets.insert(key, target.clone());
        Ok(target)
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

/// What is kept of payloads; nothing where none ever is.
fn keeping(settings: &Settings, keys: &Keys) -> Option<Arc<Keeping>> {
    let section = &settings.config.payloads;
    let keeping = Keeping {
        payloads: keys.payloads.clone(),
        rules: settings.kept.clone(),
        retention_labels: retention_labels(&settings.config),
        max_bytes: section.max_bytes.0,
        may_fail: section.on_failure == sections::OnFailure::Pass,
    };
    settings.kept.keep_anything().then(|| Arc::new(keeping))
}

/// The labels by which payloads are let go.
fn retention_labels(config: &Config) -> Vec<String> {
    let of_payloads =
        config.retention.iter().filter(|rule| rule.what == sections::Retained::Payloads);
    of_payloads.filter_map(|rule| rule.label.clone()).collect()
}

fn rules(config: &Config) -> anyhow::Result<Rules> {
    let pattern = |pattern: &Option<crate::config::types::Pattern>| {
        pattern.as_ref().map(|pattern| policy::Pattern::new(&pattern.0)).transpose()
    };
    let rule = |rule: &sections::KeepRule| {
        Ok(Rule {
            provider: pattern(&rule.provider)?,
            agent: pattern(&rule.agent)?,
            label: rule.label.clone(),
            keep: keep_of(rule.keep),
        })
    };
    let list: anyhow::Result<_> = config.payloads.rule.iter().map(rule).collect();
    Ok(Rules { list: list?, otherwise: keep_of(config.payloads.keep) })
}

fn keep_of(keep: sections::Keep) -> Keep {
    match keep {
        sections::Keep::Off => Keep::Off,
        sections::Keep::Redacted => Keep::Redacted,
        sections::Keep::Full => Keep::Full,
    }
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

fn kind_of(kind: sections::ProviderKind) -> ProviderKind {
    match kind {
        sections::ProviderKind::OpenAi => ProviderKind::OpenAi,
        sections::ProviderKind::Anthropic => ProviderKind::Anthropic,
    }
}

/// The provider's key, in the header that its API reads it from.
fn credential(provider: &sections::Provider) -> anyhow::Result<Option<(HeaderName, HeaderValue)>> {
    let Some(secret) = provider.api_key.as_ref().and_then(|key| key.secret.as_ref()) else {
        return Ok(None);
    };
    let (name, text) = match provider.kind {
        sections::ProviderKind::OpenAi => (AUTHORIZATION, format!("Bearer {}", secret.expose())),
        sections::ProviderKind::Anthropic => {
            (HeaderName::from_static("x-api-key"), secret.expose().to_owned())
        }
    };
    let mut value = HeaderValue::from_str(&text)
        .ok()
        .context("`api_key` holds characters that no header may hold")?;
    value.set_sensitive(true);
    Ok(Some((name, value)))
}

fn target(reach: &Reach<'_>, authorities: Option<Vec<u8>>) -> anyhow::Result<Target> {
    let uri = reach.uri;
    let is_tls = uri.scheme_str() == Some("https");
    let host = uri.host().unwrap_or_default().trim_matches(['[', ']']).to_owned();
    let tls = if is_tls { Some(client_tls(authorities)?) } else { None };
    Ok(Target::new(TargetSettings {
        host,
        port: uri.port_u16().unwrap_or(if is_tls { 443 } else { 80 }),
        tls,
        http2: Http2::default(),
        timeouts: reach.timeouts,
        limits: Limits { max_idle: reach.max_idle, ..Limits::default() },
    })?)
}

/// The file of authorities that is named.
fn authorities(file: Option<&PathBuf>) -> anyhow::Result<Option<Vec<u8>>> {
    let read = |file: &PathBuf| {
        std::fs::read(file).with_context(|| format!("the file {}", file.display()))
    };
    file.map(read).transpose()
}

/// Named authorities stand alone; without them those of the system are trusted.
fn client_tls(authorities: Option<Vec<u8>>) -> anyhow::Result<ClientTls> {
    let Some(pem) = authorities else { return Ok(ClientTls::new(ClientSettings::public())?) };
    let authorities = certificates_from_pem(&pem)?;
    Ok(ClientTls::new(ClientSettings { authorities, ..ClientSettings::default() })?)
}

fn prices(config: &Config, provider: &sections::Provider) -> anyhow::Result<Vec<Price>> {
    let mine = config
        .price
        .iter()
        .filter(|price| price.provider.as_ref().is_none_or(|name| *name == provider.name));
    mine.map(|price| {
        let model = policy::Pattern::new(&price.model.0)?;
        Ok(Price { model, input: price.input_per_million.0, output: price.output_per_million.0 })
    })
    .collect()
}

pub(super) fn sizes(gate: &sections::Gate) -> Sizes {
    let bytes =
        |size: crate::config::types::ByteSize| usize::try_from(size.0).unwrap_or(usize::MAX);
    Sizes {
        request_bytes: bytes(gate.limits.request_body),
        answer_bytes: bytes(gate.limits.answer_body),
        request_time: gate.timeouts.body,
        output_tokens: u64::from(gate.limits.output_tokens.get()),
    }
}

fn limit_of(at: usize, limit: &sections::Limit) -> anyhow::Result<Limit> {
    let name = limit.name.clone().unwrap_or_else(|| format!("limit {}", at + 1));
    Ok(Limit {
        name: name.into(),
        per: match limit.per {
            sections::Per::Tenant => Per::Tenant,
            sections::Per::Person => Per::Person,
            sections::Per::Tool => Per::Tool,
            sections::Per::Agent => Per::Agent,
            sections::Per::Provider => Per::Provider,
            sections::Per::Server => Per::Server,
        },
        only: limit.only.as_deref().map(Arc::from),
        except: limit.except.iter().map(|name| Arc::from(name.as_str())).collect(),
        tier: limit.tier.map(sections::Tier::model),
        tool: limit.tool.as_ref().map(|tool| policy::Pattern::new(&tool.0)).transpose()?,
        // Only a limit of concurrency goes without, and it has no use for one.
        window: limit.window.unwrap_or(std::time::Duration::from_secs(1)),
        requests: limit.requests.map(Into::into),
        tokens: limit.tokens.map(Into::into),
        spend: limit.spend_usd.map(|dollars| (dollars.0 * 1e6).round() as u64),
        concurrency: limit.concurrency.map(|n| u64::from(n.get())),
        bytes: limit.bytes.map(|size| size.0),
    })
}

/// The routes that let calls pass where the log takes no record.
pub(crate) fn fail_open(config: &Config) -> Vec<String> {
    let is_open = |fail: &sections::Fail| fail.log == sections::FailMode::Open;
    let providers = config.provider.iter().filter(|one| is_open(&one.fail));
    let servers = config.mcp.iter().filter(|one| is_open(&one.fail));
    let providers = providers.map(|one| format!("llm/{}", one.name));
    providers.chain(servers.map(|one| format!("mcp/{}", one.name))).collect()
}
