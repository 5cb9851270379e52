//! The running instance, as the admin API asks for it.

use std::sync::Arc;
use std::time::Duration;

use console::{
    Check, Failure, IndexState, Instance, LabelledSession, PolicyReport, PolicySource, PolicyView,
    ProviderView, ServerView, Task,
};
use ledger::Health;
use model::TenantId;
use policy::Source;
use serde_json::{Value, json};

use super::core::{Core, now};
use super::{export, reload};
use crate::policies;

/// How long a search waits for the index.
const PATIENCE: Duration = Duration::from_secs(2);

pub(super) struct Adapter {
    pub(super) core: Arc<Core>,
}

/// What ends a text of OpenMetrics.
const END: &str = "# EOF\n";

impl Adapter {
    /// What the gate itself cannot count.
    fn own_metrics(&self) -> String {
        let behind = self.index().behind();
        let name = "portcullis_index_behind_records";
        let help = "Records that the search index does not hold yet.";
        let index = format!("# HELP {name} {help}\n# TYPE {name} gauge\n{name} {behind}\n");
        index + &export::metrics(&self.core)
    }
}

impl Instance for Adapter {
    fn name(&self) -> String {
        self.core.instance_name()
    }

    fn is_leaked(&self, _hash: &str) -> bool {
        false
    }

    fn publish(&self) -> Task<'_, Result<Duration, Failure>> {
        Box::pin(
            async move { self.core.publish().await.map_err(|error| Failure(format!("{error:#}"))) },
        )
    }

    fn reload(&self) -> Task<'_, Result<Value, Failure>> {
        Box::pin(async move {
            reload::reload(&self.core).await.map_err(|error| Failure(format!("{error:#}")))
        })
    }

    fn clear_labels(&self, of: &LabelledSession) -> Option<Vec<String>> {
        let sessions = &self.core.gate.sessions;
        let labels =
            sessions.clear(&of.tenant, &of.agent, of.person.as_ref(), of.session.as_ref())?;
        Some(labels.names().into_iter().map(str::to_owned).collect())
    }

    fn approval_validity(&self) -> Duration {
        self.core.settings.load().config.approvals.valid
    }

    fn catch_up(&self) -> Task<'_, ()> {
        Box::pin(async move {
            // Far behind, the answer is of what is indexed; the status says how far that is.
            self.core.catch_up(PATIENCE).await;
        })
    }

    fn metrics(&self) -> String {
        if !self.core.settings.load().config.metrics.enabled {
            return "# metrics are switched off by [metrics] enabled = false\n".into();
        }
        let gate = &self.core.gate;
        gate.metrics.sessions(gate.sessions.size());
        let (text, own) = (gate.metrics.render(), self.own_metrics());
        // The end mark stays at the end.
        match text.strip_suffix(END) {
            Some(text) => format!("{text}{own}{END}"),
            None => text + &own,
        }
    }

    fn readiness(&self) -> Vec<Check> {
        let (is_well, detail) = match self.core.log.health() {
            Health::Running => (true, String::new()),
            Health::Stopped(error) => (false, error.to_string()),
            Health::Closed => (false, "the instance is stopping".into()),
        };
        let draining = self.core.gate.is_draining();
        vec![
            Check { name: "log".into(), ok: is_well, detail },
            Check {
                name: "gate".into(),
                ok: !draining,
                detail: if draining { "it is draining".into() } else { String::new() },
            },
        ]
    }

    fn status(&self) -> Value {
        let settings = self.core.settings.load();
        json!({
            "name": settings.config.instance.name,
            "version": env!("CARGO_PKG_VERSION"),
            "uptime_s": self.core.started.elapsed().as_secs(),
            "durability": settings.config.ledger.durability.as_str(),
            "policy_version": settings.bundle.version().to_string(),
            "inspection": settings.config.inspect.enabled,
            "log": {"size": self.core.log.size(), "indexed": *self.core.indexed.borrow(), "checkpoint": self.core.log.latest_checkpoint().map(|c| c.size)},
            "snapshot_revision": self.core.gate.snapshot().revision,
        })
    }

    fn providers(&self, _tenant: &TenantId) -> Vec<ProviderView> {
        let settings = self.core.settings.load();
        let view = |provider: &crate::config::sections::Provider| ProviderView {
            name: provider.name.clone(),
            kind: provider.kind.as_str().to_owned(),
            base_url: provider.address(),
            models: provider.models.iter().map(|pattern| pattern.0.clone()).collect(),
        };
        settings.config.provider.iter().map(view).collect()
    }

    fn servers(&self, _tenant: &TenantId) -> Vec<ServerView> {
        let settings = self.core.settings.load();
        let view = |server: &crate::config::sections::Mcp| ServerView {
            name: server.name.clone(),
            address: server.address(),
            pin: server.pin.as_str().to_owned(),
        };
        settings.config.mcp.iter().map(view).collect()
    }

    fn policy(&self, _tenant: &TenantId) -> PolicyView {
        let settings = self.core.settings.load();
        let source =
            |source: &Source| PolicySource { name: source.name.clone(), text: source.text.clone() };
        PolicyView {
            version: settings.bundle.version().to_string(),
            sources: settings.sources.iter().map(source).collect(),
        }
    }

    fn try_policies(
        &self,
        _tenant: &TenantId,
        files: &[PolicySource],
    ) -> Result<PolicyReport, Failure> {
        let settings = self.core.settings.load();
        let sources = files.iter().map(|file| Source::new(&*file.name, &*file.text)).collect();
        policies::try_out(sources, &settings.config).map_err(|error| Failure(format!("{error:#}")))
    }

    fn are_policies_declared(&self) -> bool {
        self.core.settings.load().config.policy.dir.is_some()
    }

    fn index(&self) -> IndexState {
        IndexState { indexed: *self.core.indexed.borrow(), size: self.core.log.size() }
    }

    fn exports(&self) -> Value {
        export::status(&self.core)
    }

    fn rebuild_index(&self) -> Task<'_, Result<(), Failure>> {
        Box::pin(async move {
            self.core.rebuild_index().await.map_err(|error| Failure(format!("{error:#}")))
        })
    }

    fn limits(&self, tenant: &TenantId) -> Value {
        let settings = self.core.settings.load();
        let counters = self.core.gate.counters.export();
        let limits = settings.limits.iter().map(|limit| {
            let window = limit.window_at(now());
            let used = counters.iter().filter(|c| c.tenant == *tenant && c.limit == limit.name && c.window == window);
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
