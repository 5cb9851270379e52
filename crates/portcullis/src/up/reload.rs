//! Taking up a changed configuration without a restart.
//!
//! Everything is read and compiled before anything is changed (invariant 10): what does not
//! validate changes nothing, says why, and is recorded.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use anyhow::Context;
use model::{Digest, Effect, Kind, Status, clip};
use serde_json::{Value, json};
use store::{DeclaredAgent, NewAgent};
use tokio::sync::watch;

use super::core::{Core, now};
use super::snapshot::{Settings, deployed};
use super::{tls, trust};
use crate::config::{self, Config, Secrets, sections};
use crate::inspection::files_of;
use crate::policies;

/// How often files are looked at.
const LOOK: Duration = Duration::from_secs(1);

/// Reads the configuration again and puts it in force.
pub(super) async fn reload(core: &Arc<Core>) -> anyhow::Result<Value> {
    match take_up(core).await {
        Ok(done) => Ok(done),
        Err(error) => {
            let mut record = core.system_record(
                Kind::SYSTEM_RELOAD,
                "a changed configuration does not validate; nothing was changed",
            );
            record.status = Status::Failed;
            record.decision.effect = Effect::Deny;
            record.detail.insert("problem".into(), clip(&format!("{error:#}"), 4000).to_owned());
            core.record(&record).await?;
            Err(error)
        }
    }
}

async fn take_up(core: &Arc<Core>) -> anyhow::Result<Value> {
    let file = core.file.clone();
    let loaded = config::load(file.as_deref(), &core.environment, Secrets::Resolve)?;
    let before = core.settings.load_full();
    let fixed = needs_restart(&before.config, &loaded.config);
    let deployed = deployed(&core.store, &core.tenant).await?;
    let settings = Settings::new(loaded.config, deployed, before.root.clone(), Some(&before))?;
    core.certificates.reload(&settings.config)?;
    let version = settings.bundle.version().to_string();
    let agents = declared(&settings.config);
    let changed = core.store.declare_agents(&core.tenant, agents, now()).await?;
    let mut record = core.system_record(Kind::SYSTEM_RELOAD, "the configuration was taken up");
    record.detail.insert("policy_version".into(), version.clone());
    record.detail.insert(
        "agents".into(),
        format!(
            "{} added, {} changed, {} removed",
            changed.added.len(),
            changed.changed.len(),
            changed.removed.len()
        ),
    );
    core.record(&record).await?;
    core.settings.store(Arc::new(settings));
    let took = core.publish().await?;
    if !fixed.is_empty() {
        tracing::warn!(keys = %fixed.join(", "), "these keys take effect only after a restart");
    }
    Ok(
        json!({"policy_version": version, "in_force_us": took.as_micros() as u64, "needs_restart": fixed}),
    )
}

/// Keys that changed and are only read at the start.
fn needs_restart(before: &Config, after: &Config) -> Vec<&'static str> {
    let pairs = [
        ("gate.listen", before.gate.listen != after.gate.listen),
        ("gate.workers", before.gate.workers != after.gate.workers),
        ("gate.tls", before.gate.tls.is_some() != after.gate.tls.is_some()),
        ("console.tls", before.console.tls.is_some() != after.console.tls.is_some()),
        ("console.listen", before.console.listen != after.console.listen),
        ("data.dir", before.data.dir != after.data.dir),
        ("instance.name", before.instance.name != after.instance.name),
        ("ledger.durability", before.ledger.durability != after.ledger.durability),
        ("ledger.witness", !before.ledger.witness.iter().eq(&after.ledger.witness)),
        ("export", before.export != after.export),
    ];
    pairs.into_iter().filter(|(_, changed)| *changed).map(|(key, _)| key).collect()
}

/// The agents that the configuration declares, with the hashes of their keys.
pub(super) fn declared(config: &Config) -> Vec<DeclaredAgent> {
    let agents = config.agent.iter().map(|agent| {
        let secret = agent.key.as_ref().and_then(|key| key.secret.as_ref());
        DeclaredAgent {
            agent: NewAgent {
                name: agent.name.clone(),
                owner: agent.owner.clone(),
                purpose: agent.purpose.clone(),
                roles: agent.roles.clone(),
                zone: agent.zone.clone(),
                tier: agent.tier.map(sections::Tier::model),
            },
            keys: secret.map(|secret| Digest::of(secret.expose().as_bytes())).into_iter().collect(),
        }
    });
    agents.collect()
}

/// Reloads on SIGHUP and when a file of the configuration changes.
///
/// The signal is listened for from here on, not from when the future is first polled: whoever sees
/// that the instance is ready may send one, which would end a process that does not listen.
pub(super) fn watch_for_changes(
    core: Arc<Core>,
    mut stop: watch::Receiver<bool>,
) -> anyhow::Result<impl Future<Output = ()> + Send> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut hangup = signal(SignalKind::hangup()).context("SIGHUP cannot be listened for")?;
    let mut seen = fingerprint(&core);
    Ok(async move {
        loop {
            let asked = tokio::select! {
                _ = hangup.recv() => true,
                () = tokio::time::sleep(LOOK) => false,
                _ = stop.changed() => return,
            };
            let found = fingerprint(&core);
            if !asked && found == seen {
                continue;
            }
            seen = found;
            match reload(&core).await {
                Ok(_) => tracing::info!("the configuration was taken up"),
                Err(error) => tracing::error!("{error:#}"),
            }
        }
    })
}

/// The files that a reload reads, with their times and sizes.
fn fingerprint(core: &Core) -> Vec<(PathBuf, Option<(SystemTime, u64)>)> {
    let settings = core.settings.load();
    let mut files: Vec<PathBuf> = core.file.iter().cloned().collect();
    if let Some(folder) = &settings.config.policy.dir {
        files.extend(policies::files(folder, "cedar").unwrap_or_default());
    }
    files.extend(tls::files(&settings.config));
    files.extend(files_of(&settings.config.inspect).cloned());
    files.extend(trust::files(&settings.config));
    files.extend(settings.config.provider.iter().filter_map(|provider| provider.ca.clone()));
    let stat = |file: PathBuf| {
        let meta = std::fs::metadata(&file).ok();
        let state = meta.and_then(|meta| Some((meta.modified().ok()?, meta.len())));
        (file, state)
    };
    files.into_iter().map(stat).collect()
}
