//! Opening a tenant: its log, its keys, its state, and what works for it in the background.

use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use gate::Books;
use ledger::{Log, LogError, Recovery, SigningKey};
use model::{Kind, TenantId};

use super::core::{Core, LOG, Tasks, now};
use super::custody::Keys;
use super::house::House;
use super::mcp::Tools;
use super::snapshot::{Settings, deployed};
use super::{archive, export, indexer, interrupted, journal, mend, reload, retention, witnesses};
use crate::config::{Config, sections};
use crate::keys::random;

/// A tenant's log as it was found, and its empty books.
pub(super) struct Opened {
    pub(super) log: Log,
    pub(super) books: Arc<Books>,
    recovery: Recovery,
}

/// Opens, or makes, the log of a tenant. Its key is the tenant's alone.
pub(super) fn open_log(config: &Config, data: &Path, tenant: &TenantId) -> anyhow::Result<Opened> {
    let path = data.join(match *tenant == TenantId::main() {
        true => "ledger.key".to_owned(),
        false => format!("ledger.{tenant}.key"),
    });
    let key = if path.exists() {
        SigningKey::load(&path)?
    } else {
        let key = SigningKey::generate(random()?).context("no signing key could be made")?;
        key.save(&path)?;
        key
    };
    let folder = data.join("ledger").join(tenant.as_str());
    std::fs::create_dir_all(&folder).with_context(|| format!("the folder {}", folder.display()))?;
    let origin = format!("{}/ledger/{tenant}", config.instance.name);
    let mut options = ledger::Options::new(&origin);
    options.checkpoint_every = config.ledger.checkpoint_every;
    options.segment_bytes = config.ledger.segment_bytes.0;
    options.durability = durability(config);
    let opened = Log::open(&folder, key, options, now).map_err(|error| match error {
        LogError::Locked(_) => anyhow::anyhow!("another instance runs on {}; stop it, or give this one a folder of its own with [data] dir", data.display()),
        error => anyhow::anyhow!("the log in {}: {error}", folder.display()),
    });
    let (log, recovery) = opened?;
    Ok(Opened { log, books: Arc::default(), recovery })
}

/// When a record is acknowledged.
pub(super) fn durability(config: &Config) -> ledger::Durability {
    match config.ledger.durability {
        sections::Durability::BeforeAnswer => ledger::Durability::BeforeAnswer,
        sections::Durability::Interval => ledger::Durability::Interval(config.ledger.interval),
    }
}

/// Opens the rest of a tenant, without putting it in force.
pub(super) async fn open(
    house: &Arc<House>,
    tenant: &TenantId,
    config: Config,
    opened: Opened,
) -> anyhow::Result<Arc<Core>> {
    let Opened { log, books, recovery } = opened;
    house.store.add_tenant(tenant).await?;
    let keys = Keys::open(&config, house, tenant).await?;
    let deployed = deployed(&house.store, tenant).await?;
    let settings = Settings::new(config, deployed, tenant, keys.inspection.clone(), None)?;
    let tools = Tools::open(keys.inspection.secret(), &house.store, tenant).await?;
    let core = Core::new(house, tenant.clone(), (log, books), settings, (keys, tools));
    let core = Arc::new(core);
    say_start(&core, &recovery).await?;
    let declared = reload::declared(&core.settings.load().config);
    house.store.declare_agents(tenant, declared, now()).await?;
    work(&core).await?;
    Ok(core)
}

/// Says in the log how it was found.
async fn say_start(core: &Arc<Core>, recovery: &Recovery) -> anyhow::Result<()> {
    if !recovery.is_clean && !recovery.is_new {
        let mut record = core
            .system_record(Kind::SYSTEM_RECOVERED, "the last run ended without closing the log");
        record.detail.insert("records".into(), recovery.size.to_string());
        record.detail.insert("truncated_bytes".into(), recovery.truncated_bytes.to_string());
        tracing::warn!(
            tenant = %core.tenant,
            records = recovery.size,
            truncated_bytes = recovery.truncated_bytes,
            "the last run ended without closing the log; every acknowledged record is there"
        );
        core.record(&record).await?;
    }
    let settings = core.settings.load_full();
    let mut record = core.system_record(Kind::SYSTEM_START, "the gate started");
    record.detail.insert("version".into(), env!("CARGO_PKG_VERSION").into());
    record.detail.insert("policy_version".into(), settings.bundle.version().to_string());
    record.detail.insert("inspection".into(), settings.config.inspect.enabled.to_string());
    record.detail.insert("durability".into(), settings.config.ledger.durability.as_str().into());
    let open = settings.fail_open();
    if !open.is_empty() {
        tracing::warn!(tenant = %core.tenant, routes = %open.join(", "), "these routes let calls pass while the log cannot be written");
        record.detail.insert("fail_open".into(), model::clip(&open.join(", "), 2048).to_owned());
    }
    core.record(&record).await
}

/// Takes up the counters and the index, and begins what works in the background.
async fn work(core: &Arc<Core>) -> anyhow::Result<()> {
    let (store, opened_with) = (&core.house.store, core.log.size());
    let counted = indexer::restore(core).await?;
    core.books.counters.import(counted.counters.export());
    store.forget_before(&core.tenant, LOG, core.log.first()).await?;
    core.indexed.send_replace(store.indexed(&core.tenant, LOG).await?);
    let config = core.settings.load().config.clone();
    let mut tasks = Tasks {
        indexer: Some(tokio::spawn(indexer::run(core.clone(), counted, core.stopped()))),
        others: vec![
            tokio::spawn(interrupted::complete(core.clone(), opened_with)),
            tokio::spawn(mend::run(core.clone())),
            tokio::spawn(retention::daily(core.clone())),
        ],
    };
    let folder = journal::folder(core);
    let (witness, every) = (config.ledger.witness, config.ledger.witness_every);
    tasks.others.push(tokio::spawn(witnesses::run(folder, witness, every)));
    let exports = export::prepare(core, &config.export).await?;
    core.set_exports(exports.iter().map(|(state, _)| state.clone()).collect());
    tasks.others.extend(exports.into_iter().map(|(_, task)| tokio::spawn(task)));
    if let Some((state, task)) = archive::prepare(core).context("the archive of [data]")? {
        core.set_archive(state);
        tasks.others.push(tokio::spawn(task));
    }
    core.set_tasks(tasks);
    Ok(())
}
