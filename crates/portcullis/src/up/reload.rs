//! Taking up a changed configuration without a restart.
//!
//! Everything is read and compiled before anything is changed (invariant 9): what does not
//! validate changes nothing, says why, and is recorded.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use anyhow::Context;
use model::{Digest, Effect, Kind, Status, TenantId, clip};
use serde_json::{Value, json};
use store::{DeclaredAgent, NewAgent};
use tokio::sync::watch;

use super::core::{Core, now};
use super::house::House;
use super::snapshot::{Settings, deployed};
use super::{tenants, tls, trust};
use crate::config::{self, Config, Loaded, Secrets, sections};
use crate::inspection::files_of;
use crate::policies;

/// How often files are looked at.
const LOOK: Duration = Duration::from_secs(1);

/// How long a tenant that is there no more may take to end.
const PATIENCE: Duration = Duration::from_secs(30);

/// Whose configuration is taken up.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Whose<'t> {
    /// The process's own, and that of each tenant.
    All,
    /// One tenant's, at its own demand: nobody else's changes by it.
    Tenants(&'t TenantId),
}

/// Reads the configuration again and puts it in force.
pub(super) async fn reload(house: &Arc<House>, whose: Whose<'_>) -> anyhow::Result<Value> {
    let _one = house.reloading.lock().await;
    let done = match whose {
        Whose::All => all(house).await,
        Whose::Tenants(tenant) => one(house, tenant).await,
    };
    if let Err(error) = &done {
        let core = match whose {
            Whose::All => house.main()?,
            Whose::Tenants(tenant) => house.tenant(tenant).context("there is no such tenant")?,
        };
        let mut record = core.system_record(
            Kind::SYSTEM_RELOAD,
            "a changed configuration does not validate; nothing was changed",
        );
        record.status = Status::Failed;
        record.decision.effect = Effect::Deny;
        record.detail.insert("problem".into(), clip(&format!("{error:#}"), 4000).to_owned());
        core.record(&record).await?;
    }
    done
}

fn load(house: &House) -> anyhow::Result<Loaded> {
    Ok(config::load(house.file.as_deref(), &house.environment, Secrets::Resolve)?)
}

/// A tenant's new settings, compiled and not yet in force.
type Ready = (Arc<Core>, Settings);

async fn compiled(core: &Arc<Core>, config: Config) -> anyhow::Result<Ready> {
    let before = core.settings.load_full();
    let deployed = deployed(&core.house.store, &core.tenant).await?;
    let (tenant, root) = (&core.tenant, before.root.clone());
    let settings = Settings::new(config, deployed, tenant, root, Some(&before))?;
    Ok((core.clone(), settings))
}

async fn one(house: &Arc<House>, tenant: &TenantId) -> anyhow::Result<Value> {
    let core = house.tenant(tenant).context("there is no such tenant")?;
    let found = load(house)?.tenants.into_iter().find(|found| found.name == *tenant);
    let config = found.context("the configuration no longer names this tenant")?.config;
    let version = put_in_force(compiled(&core, config).await?).await?;
    let took = house.publish(Some(tenant)).await?;
    Ok(json!({"policy_version": version, "in_force_us": took.as_micros() as u64}))
}

async fn all(house: &Arc<House>) -> anyhow::Result<Value> {
    let loaded = load(house)?;
    let main = house.main()?;
    let fixed = needs_restart(&main.settings.load().config, &loaded.config);
    let mut ready = vec![compiled(&main, loaded.config.clone()).await?];
    let mut new = Vec::new();
    for tenant in loaded.tenants {
        match house.tenant(&tenant.name) {
            Some(core) => {
                let shown = || format!("the tenant \"{}\"", tenant.name);
                ready.push(compiled(&core, tenant.config).await.with_context(shown)?);
            }
            None => new.push(tenant),
        }
    }
    house.certificates.reload(&loaded.config)?;
    let mut open: Vec<Arc<Core>> = ready.iter().map(|(core, _)| core.clone()).collect();
    for tenant in new {
        let shown = || format!("the tenant \"{}\"", tenant.name);
        let log = tenants::open_log(&tenant.config, &house.data, &tenant.name);
        let log = log.with_context(shown)?;
        let opened = tenants::open(house, &tenant.name, tenant.config, log).await;
        open.push(opened.with_context(shown)?);
    }
    let mut version = String::new();
    for ready in ready {
        let is_main = ready.0.tenant == main.tenant;
        let put = put_in_force(ready).await?;
        if is_main {
            version = put;
        }
    }
    let before = house.tenants();
    house.set_tenants(open.clone());
    let took = house.publish(None).await?;
    let is_open = |core: &Arc<Core>| open.iter().any(|open| Arc::ptr_eq(open, core));
    for gone in before.iter().filter(|core| !is_open(core)) {
        close(gone).await;
    }
    if !fixed.is_empty() {
        tracing::warn!(keys = %fixed.join(", "), "these keys take effect only after a restart");
    }
    Ok(
        json!({"policy_version": version, "in_force_us": took.as_micros() as u64, "needs_restart": fixed}),
    )
}

/// A tenant that is configured no more: nobody of it can act, and its log ends in order. Everything of
/// it stays on the disk.
async fn close(core: &Arc<Core>) {
    let record = core.system_record(Kind::SYSTEM_STOP, "the tenant is configured no more");
    let closed = match core.record(&record).await {
        Ok(()) => core.close(PATIENCE).await,
        Err(error) => Err(error),
    };
    match closed {
        Ok(()) => tracing::warn!(tenant = %core.tenant, "the tenant is configured no more"),
        Err(error) => tracing::error!(tenant = %core.tenant, "a tenant did not end: {error:#}"),
    }
}

/// Says in the tenant's log what is taken up, and hands it over for the next publication.
async fn put_in_force((core, settings): Ready) -> anyhow::Result<String> {
    let version = settings.bundle.version().to_string();
    let agents = declared(&settings.config);
    let changed = core.house.store.declare_agents(&core.tenant, agents, now()).await?;
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
    Ok(version)
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
    house: Arc<House>,
    mut stop: watch::Receiver<bool>,
) -> anyhow::Result<impl Future<Output = ()> + Send> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut hangup = signal(SignalKind::hangup()).context("SIGHUP cannot be listened for")?;
    let mut seen = fingerprint(&house);
    Ok(async move {
        loop {
            let asked = tokio::select! {
                _ = hangup.recv() => true,
                () = tokio::time::sleep(LOOK) => false,
                _ = stop.changed() => return,
            };
            let found = fingerprint(&house);
            if !asked && found == seen {
                continue;
            }
            seen = found;
            match reload(&house, Whose::All).await {
                Ok(_) => tracing::info!("the configuration was taken up"),
                Err(error) => tracing::error!("{error:#}"),
            }
        }
    })
}

/// The files that a reload reads, with their times and sizes.
fn fingerprint(house: &House) -> Vec<(PathBuf, Option<(SystemTime, u64)>)> {
    let mut files: Vec<PathBuf> = house.file.iter().cloned().collect();
    for core in house.tenants().iter() {
        let settings = core.settings.load();
        let config = &settings.config;
        files.extend(config.tenant.iter().map(|tenant| tenant.file.clone()));
        if let Some(folder) = &config.policy.dir {
            files.extend(policies::files(folder, "cedar").unwrap_or_default());
        }
        files.extend(tls::files(config));
        files.extend(files_of(&config.inspect).cloned());
        files.extend(trust::files(config));
        files.extend(config.provider.iter().filter_map(|provider| provider.ca.clone()));
    }
    let stat = |file: PathBuf| {
        let meta = std::fs::metadata(&file).ok();
        let state = meta.and_then(|meta| Some((meta.modified().ok()?, meta.len())));
        (file, state)
    };
    files.into_iter().map(stat).collect()
}
