//! The running instance, as the admin API asks for it.

use std::sync::Arc;
use std::time::Duration;

use console::{
    Check, DeclaredCredentials, Drafted, Failure, IndexState, Instance, LabelledSession,
    PolicyReport, PolicySource, PolicyView, ProviderView, PublicKeyView, ServerView, Task,
};
use ledger::Health;
use model::{CertificateSubject, TenantId, UserName};
use people::Role;
use policy::Source;
use serde_json::{Value, json};

use super::core::{Core, now};
use super::house::House;
use super::reload::Whose;
use super::{archive, credentials, export, leaked, reload, selftest};
use crate::policies;

/// How long a search waits for the index.
const PATIENCE: Duration = Duration::from_secs(2);

pub(super) struct Adapter {
    pub(super) house: Arc<House>,
}

/// What ends a text of OpenMetrics.
const END: &str = "# EOF\n";

impl Adapter {
    fn tenant(&self, tenant: &TenantId) -> Result<Arc<Core>, Failure> {
        let found = self.house.tenant(tenant);
        found.ok_or_else(|| Failure("there is no such tenant here".into()))
    }
}

/// What the gate itself cannot count.
fn own_metrics(core: &Core) -> String {
    let behind = state_of_index(core).behind();
    let name = "portcullis_index_behind_records";
    let help = "Records that the search index does not hold yet.";
    let index = format!("# HELP {name} {help}\n# TYPE {name} gauge\n{name} {behind}\n");
    let controls = match core.tenant == TenantId::main() {
        true => core.house.selftest.metrics(now()),
        false => String::new(),
    };
    index + &failing(core) + &export::metrics(core) + &archive::metrics(core) + &controls
}

/// Which parts fail now, and what passed without them.
fn failing(core: &Core) -> String {
    let log = u8::from(!matches!(core.log.health(), Health::Running));
    let issuers = u8::from(core.settings.load().is_any_issuer_silent());
    let (waiting, passed) = (core.books.unrecorded.waiting(), core.books.unrecorded.passed());
    format!(
        "# HELP portcullis_failing Whether a part of the gate fails now.\n\
         # TYPE portcullis_failing gauge\n\
         portcullis_failing{{part=\"log\"}} {log}\n\
         portcullis_failing{{part=\"identity_provider\"}} {issuers}\n\
         # HELP portcullis_unrecorded_waiting Records of what passed that wait for the log.\n\
         # TYPE portcullis_unrecorded_waiting gauge\n\
         portcullis_unrecorded_waiting {waiting}\n\
         # HELP portcullis_unrecorded_passed Actions that passed while the log took no record.\n\
         # TYPE portcullis_unrecorded_passed counter\n\
         portcullis_unrecorded_passed_total {passed}\n"
    )
}

fn state_of_index(core: &Core) -> IndexState {
    IndexState { indexed: *core.indexed.borrow(), size: core.log.size() }
}

fn check_of_log(core: &Core) -> Check {
    let (ok, detail) = match core.log.health() {
        Health::Running => (true, String::new()),
        Health::Stopped(error) => (false, error.to_string()),
        Health::Closed => (false, "the instance is stopping".into()),
    };
    Check { name: "log".into(), ok, is_needed: true, detail }
}

fn failed(error: &anyhow::Error) -> Failure {
    Failure(format!("{error:#}"))
}

impl Instance for Adapter {
    fn name(&self) -> String {
        self.house.main().map_or_else(|_| String::new(), |core| core.instance_name())
    }

    fn group_roles(&self, tenant: &TenantId, group: &str) -> Vec<Role> {
        let Some(core) = self.house.tenant(tenant) else { return Vec::new() };
        let settings = core.settings.load();
        let groups = settings.config.people.group.iter().filter(|known| known.name == group);
        groups.flat_map(|known| known.roles.iter().filter_map(|role| role.role())).collect()
    }

    fn heir(&self, tenant: &TenantId) -> Option<UserName> {
        self.house.tenant(tenant)?.settings.load().config.people.hand_over_to.clone()
    }

    fn is_leaked(&self, hash: &str) -> Result<bool, Failure> {
        let core = self.house.main().map_err(|error| Failure(format!("{error:#}")))?;
        let settings = core.settings.load();
        let Some(list) = &settings.config.people.leaked_passwords else { return Ok(false) };
        leaked::holds(list, hash)
            .map_err(|error| Failure(format!("the list of leaked passwords: {error}")))
    }

    fn elevation(&self, tenant: &TenantId) -> people::Elevation {
        let Some(core) = self.house.tenant(tenant) else { return people::Elevation::default() };
        core.settings.load().config.people.elevation.rules()
    }

    fn travel(&self, tenant: &TenantId) -> people::Travel {
        let Some(core) = self.house.tenant(tenant) else { return people::Travel::default() };
        core.settings.load().config.people.travel()
    }

    fn review(&self, tenant: &TenantId) -> people::Review {
        let Some(core) = self.house.tenant(tenant) else { return people::Review::default() };
        core.settings.load().config.people.review.rules()
    }

    fn tenants(&self) -> Vec<TenantId> {
        self.house.tenants().iter().map(|core| core.tenant.clone()).collect()
    }

    fn publish(&self, tenant: &TenantId) -> Task<'_, Result<Duration, Failure>> {
        let core = self.tenant(tenant);
        Box::pin(async move { core?.publish().await.map_err(|error| failed(&error)) })
    }

    fn reload(&self, tenant: &TenantId) -> Task<'_, Result<Value, Failure>> {
        let tenant = tenant.clone();
        Box::pin(async move {
            let whose = match tenant == TenantId::main() {
                true => Whose::All,
                false => Whose::Tenants(&tenant),
            };
            reload::reload(&self.house, whose).await.map_err(|error| failed(&error))
        })
    }

    fn clear_labels(&self, of: &LabelledSession) -> Option<Vec<String>> {
        let core = self.house.tenant(&of.tenant)?;
        let sessions = &core.books.sessions;
        let labels =
            sessions.clear(&of.tenant, &of.agent, of.person.as_ref(), of.session.as_ref())?;
        Some(labels.names().into_iter().map(str::to_owned).collect())
    }

    fn approval_validity(&self, tenant: &TenantId) -> Duration {
        let core = self.house.tenant(tenant);
        core.map_or(Duration::ZERO, |core| core.settings.load().config.approvals.valid)
    }

    fn catch_up(&self, tenant: &TenantId) -> Task<'_, ()> {
        let core = self.house.tenant(tenant);
        Box::pin(async move {
            // Far behind, the answer is of what is indexed; the status says how far that is.
            if let Some(core) = core {
                core.catch_up(PATIENCE).await;
            }
        })
    }

    fn metrics(&self, tenant: &TenantId) -> String {
        let Some(core) = self.house.tenant(tenant) else { return String::new() };
        if !core.settings.load().config.metrics.enabled {
            return "# metrics are switched off by [metrics] enabled = false\n".into();
        }
        let books = &core.books;
        books.metrics.sessions(books.sessions.size());
        let (text, own) = (books.metrics.render(), own_metrics(&core));
        // The end mark stays at the end.
        match text.strip_suffix(END) {
            Some(text) => format!("{text}{own}{END}"),
            None => text + &own,
        }
    }

    fn readiness(&self, tenant: Option<&TenantId>) -> Vec<Check> {
        let tenant = tenant.cloned().unwrap_or_else(TenantId::main);
        let log = self.house.tenant(&tenant).map(|core| check_of_log(&core));
        let draining = self.house.gate.is_draining();
        let gate = Check {
            name: "gate".into(),
            ok: !draining,
            is_needed: true,
            detail: if draining { "it is draining".into() } else { String::new() },
        };
        let log = log.into_iter().chain([gate]);
        let controls = (tenant == TenantId::main()).then(|| self.house.selftest.check());
        log.chain(controls).collect()
    }

    fn controls(&self) -> Value {
        self.house.selftest.view()
    }

    fn test_controls(&self) -> Task<'_, Result<Value, Failure>> {
        Box::pin(async move {
            let tested = selftest::test(&self.house, selftest::Asked::ByAPerson).await;
            tested.map_err(|error| failed(&error))?;
            Ok(self.house.selftest.view())
        })
    }

    fn status(&self, tenant: &TenantId) -> Value {
        let Some(core) = self.house.tenant(tenant) else { return Value::Null };
        let settings = core.settings.load();
        json!({
            "name": settings.config.instance.name,
            "tenant": core.tenant,
            "version": env!("CARGO_PKG_VERSION"),
            "uptime_s": self.house.started.elapsed().as_secs(),
            "durability": settings.config.ledger.durability.as_str(),
            "policy_version": settings.bundle.version().to_string(),
            "inspection": settings.config.inspect.enabled,
            "log": {"size": core.log.size(), "indexed": *core.indexed.borrow(), "checkpoint": core.log.latest_checkpoint().map(|c| c.size)},
            "archive": archive::status(&core),
            "snapshot_revision": self.house.gate.snapshot().revision,
        })
    }

    fn providers(&self, tenant: &TenantId) -> Vec<ProviderView> {
        let Some(core) = self.house.tenant(tenant) else { return Vec::new() };
        let view = |provider: &crate::config::sections::Provider| ProviderView {
            name: provider.name.clone(),
            kind: provider.kind.as_str().to_owned(),
            base_url: provider.address(),
            models: provider.models.iter().map(|pattern| pattern.0.clone()).collect(),
        };
        core.settings.load().config.provider.iter().map(view).collect()
    }

    fn servers(&self, tenant: &TenantId) -> Vec<ServerView> {
        let Some(core) = self.house.tenant(tenant) else { return Vec::new() };
        let view = |server: &crate::config::sections::Mcp| ServerView {
            name: server.name.clone(),
            address: server.address(),
            pin: server.pin.as_str().to_owned(),
        };
        core.settings.load().config.mcp.iter().map(view).collect()
    }

    fn policy(&self, tenant: &TenantId) -> PolicyView {
        let Some(core) = self.house.tenant(tenant) else {
            return PolicyView { version: String::new(), sources: Vec::new() };
        };
        let settings = core.settings.load();
        let source =
            |source: &Source| PolicySource { name: source.name.clone(), text: source.text.clone() };
        PolicyView {
            version: settings.bundle.version().to_string(),
            sources: settings.sources.iter().map(source).collect(),
        }
    }

    fn try_policies(
        &self,
        tenant: &TenantId,
        files: &[PolicySource],
    ) -> Result<PolicyReport, Failure> {
        let core = self.house.tenant(tenant);
        let core = core.ok_or_else(|| Failure("there is no such tenant".to_owned()))?;
        let settings = core.settings.load();
        let sources = files.iter().map(|file| Source::new(&*file.name, &*file.text)).collect();
        policies::try_out(sources, &settings.config).map_err(|error| Failure(format!("{error:#}")))
    }

    fn draft_policies(
        &self,
        tenant: &TenantId,
        files: &[PolicySource],
    ) -> Result<Drafted, Failure> {
        let settings = self.tenant(tenant)?.settings.load_full();
        let sources = files.iter().map(|file| Source::new(&*file.name, &*file.text)).collect();
        let draft = policies::draft(sources, &settings.config);
        let draft = draft.map_err(|error| Failure(format!("{error:#}")))?;
        Ok(Drafted { in_force: settings.bundle.clone(), draft: Arc::new(draft) })
    }

    fn are_policies_declared(&self, tenant: &TenantId) -> bool {
        let core = self.house.tenant(tenant);
        core.is_some_and(|core| core.settings.load().config.policy.dir.is_some())
    }

    fn index(&self, tenant: &TenantId) -> IndexState {
        let core = self.house.tenant(tenant);
        core.map_or(IndexState { indexed: 0, size: 0 }, |core| state_of_index(&core))
    }

    fn public_key(&self, pem: &str) -> Result<PublicKeyView, Failure> {
        credentials::view(pem).map_err(|error| failed(&error))
    }

    fn declared_credentials(&self, tenant: &TenantId) -> DeclaredCredentials {
        let core = self.house.tenant(tenant);
        core.map_or_else(DeclaredCredentials::default, |core| {
            credentials::declared(&core.settings.load().credentials)
        })
    }

    fn may_name(&self, tenant: &TenantId, subject: &CertificateSubject) -> Result<bool, Failure> {
        let main = self.house.main().map_err(|error| failed(&error))?;
        let config = &main.settings.load().config;
        credentials::may_be_named(config, tenant, subject).map_err(|error| failed(&error))
    }

    fn exports(&self, tenant: &TenantId) -> Value {
        self.house.tenant(tenant).map_or(Value::Null, |core| export::status(&core))
    }

    fn rebuild_index(&self, tenant: &TenantId) -> Task<'_, Result<(), Failure>> {
        let core = self.tenant(tenant);
        Box::pin(async move { core?.rebuild_index().await.map_err(|error| failed(&error)) })
    }

    fn limits(&self, tenant: &TenantId) -> Value {
        let Some(core) = self.house.tenant(tenant) else { return Value::Null };
        let settings = core.settings.load();
        let counters = core.books.counters.export();
        let limits = settings.limits.iter().map(|limit| {
            let ends = limit.ends(now());
            let used = counters.iter().filter(|c| c.limit == limit.name && c.ends == ends);
            let used = used.map(|c| json!({"subject": &*c.subject, "requests": c.requests, "tokens": c.used.tokens, "spend_usd": c.used.spend as f64 / 1e6, "bytes": c.used.bytes}));
            json!({
                "name": &*limit.name,
                "window_s": limit.window.as_secs(),
                "allowed": {"requests": limit.requests, "tokens": limit.tokens, "spend_usd": limit.spend.map(|s| s as f64 / 1e6), "bytes": limit.bytes, "concurrency": limit.concurrency},
                "used": used.collect::<Vec<_>>(),
            })
        });
        Value::Array(limits.collect())
    }
}
