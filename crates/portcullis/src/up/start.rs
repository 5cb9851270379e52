//! Start and stop.

use std::net::TcpListener;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use console::{App, Idempotency, Login, Pages};
use gate::net::listen::{self, Listener};
use gate::{Gate, Worker};
use ledger::{Log, LogError, Recovery, SigningKey};
use model::{Kind, Secret};
use store::Store;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::addresses::Addresses;
use super::core::{Core, LOG, now};
use super::custody::{self, Keys};
use super::mcp::Tools;
use super::snapshot::{Settings, deployed};
use super::{
    control, export, indexer, interrupted, journal, mend, once, reload, retention, traces,
    witnesses,
};
use crate::config::{Config, Environment, Loaded, sections};
use crate::keys::{Use, random};

/// A running instance.
pub struct Running {
    core: Arc<Core>,
    gate: listen::Running,
    pub addresses: Addresses,
    /// Where the first administrator is welcome, if nobody is there yet.
    pub welcome: Option<Secret>,
    drain: Duration,
    stop: watch::Sender<bool>,
    indexer: JoinHandle<()>,
    tasks: Vec<JoinHandle<()>>,
}

/// Opens everything and serves. Must be called in a multi-threaded runtime, which carries the
/// control plane; the gate has threads of its own.
pub async fn start(loaded: Loaded, environment: &Environment) -> anyhow::Result<Running> {
    let data = loaded.config.data.dir.clone();
    prepare(&data)?;
    let (log, recovery) = open_log(&loaded.config, &data)?;
    Addresses::remove(&data);
    let store = Store::open(&data.join("state.db")).context("the state in state.db")?;
    let keys = Keys::open(&loaded.config, &store, &model::TenantId::main()).await?;
    let deployed = deployed(&store, &model::TenantId::main()).await?;
    let settings = Settings::new(loaded.config.clone(), deployed, keys.inspection.clone(), None)?;
    let (observer, exporter) =
        traces::exporter(&loaded.config.telemetry, &loaded.config.instance.name)?;
    let gate = Arc::new(Gate::new(
        gate::Snapshot::default(),
        log.clone(),
        now,
        seed()?,
        loaded.config.gate.limits.in_flight.get() as usize,
        observer,
    ));
    let opened_with = log.size();
    once::restore(&gate, &store).await?;
    let tools = Tools::open(keys.inspection.secret(), &store, &model::TenantId::main()).await?;
    let core = Arc::new(Core::new(&loaded, environment, store, log, gate, settings, (keys, tools)));
    take_up_state(&core, &recovery).await?;

    let (stop, stopped) = watch::channel(false);
    let counted = indexer::restore(&core).await?;
    core.gate.counters.import(counted.counters.export());
    core.store.forget_before(&core.tenant, LOG, core.log.first()).await?;
    core.indexed.send_replace(core.store.indexed(&core.tenant, LOG).await?);
    let indexer = tokio::spawn(indexer::run(core.clone(), counted, stopped.clone()));

    let running_gate = serve_gate(&core, &loaded.config)?;
    let (admin, console, doors) = serve_console(&core, &loaded.config, &data, &stopped).await?;
    let address = *running_gate.addresses().first().context("the gate has no address")?;
    let welcome = welcome(&core, console).await?;
    let addresses = Addresses { gate: address, console, admin, pid: std::process::id() };
    let drain = loaded.config.gate.timeouts.drain;
    let mut tasks = doors;
    tasks.extend(exporter.map(tokio::spawn));
    tasks.push(tokio::spawn(interrupted::complete(core.clone(), opened_with)));
    tasks.push(tokio::spawn(mend::run(core.clone())));
    tasks.push(tokio::spawn(retention::daily(core.clone())));
    let folder = journal::folder(&core, &core.tenant);
    let (configured, every) = (loaded.config.ledger.witness, loaded.config.ledger.witness_every);
    tasks.push(tokio::spawn(witnesses::run(folder, configured, every)));
    let exports = export::prepare(&core, &loaded.config.export).await?;
    core.set_exports(exports.iter().map(|(state, _)| state.clone()).collect());
    tasks.extend(exports.into_iter().map(|(_, task)| tokio::spawn(task)));
    tasks.push(tokio::spawn(reload::watch_for_changes(core.clone(), stopped)?));
    // From now on others know that it is ready.
    addresses.write(&data).context("addresses.json")?;
    Ok(Running { core, gate: running_gate, addresses, welcome, drain, stop, indexer, tasks })
}

/// The data folder, open to its owner alone.
pub(super) fn prepare(data: &Path) -> anyhow::Result<()> {
    use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
    let shown = || format!("the data folder {}", data.display());
    if !data.exists() {
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(data).with_context(shown)?;
    }
    let mode = std::fs::metadata(data).with_context(shown)?.permissions().mode();
    if mode & 0o077 != 0 {
        tracing::warn!(folder = %data.display(), "the data folder is open to others; `chmod 700` closes it");
    }
    Ok(())
}

fn open_log(config: &Config, data: &Path) -> anyhow::Result<(Log, Recovery)> {
    let path = data.join("ledger.key");
    let key = if path.exists() {
        SigningKey::load(&path)?
    } else {
        let key = SigningKey::generate(random()?).context("no signing key could be made")?;
        key.save(&path)?;
        key
    };
    let folder = data.join("ledger").join(model::TenantId::main().as_str());
    std::fs::create_dir_all(&folder).with_context(|| format!("the folder {}", folder.display()))?;
    let origin = format!("{}/ledger/{}", config.instance.name, model::TenantId::main());
    let mut options = ledger::Options::new(&origin);
    options.checkpoint_every = config.ledger.checkpoint_every;
    options.segment_bytes = config.ledger.segment_bytes.0;
    options.durability = match config.ledger.durability {
        sections::Durability::BeforeAnswer => ledger::Durability::BeforeAnswer,
        sections::Durability::Interval => ledger::Durability::Interval(config.ledger.interval),
    };
    Log::open(&folder, key, options, now).map_err(|error| match error {
        LogError::Locked(_) => anyhow::anyhow!("another instance runs on {}; stop it, or give this one a folder of its own with [data] dir", data.display()),
        error => anyhow::anyhow!("the log in {}: {error}", folder.display()),
    })
}

fn seed() -> anyhow::Result<u64> {
    let bytes = random()?;
    Ok(bytes.iter().take(8).fold(0, |seed, byte| seed << 8 | u64::from(*byte)))
}

/// Says in the log how it was found, declares the configured agents, and puts all in force.
async fn take_up_state(core: &Arc<Core>, recovery: &Recovery) -> anyhow::Result<()> {
    if !recovery.is_clean && !recovery.is_new {
        let mut record = core
            .system_record(Kind::SYSTEM_RECOVERED, "the last run ended without closing the log");
        record.detail.insert("records".into(), recovery.size.to_string());
        record.detail.insert("truncated_bytes".into(), recovery.truncated_bytes.to_string());
        tracing::warn!(
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
    core.record(&record).await?;
    core.store.declare_agents(&core.tenant, reload::declared(&settings.config), now()).await?;
    core.publish().await?;
    Ok(())
}

fn serve_gate(core: &Arc<Core>, config: &Config) -> anyhow::Result<listen::Running> {
    let gate = &config.gate;
    let tls = core.certificates.start(config)?;
    let listener = Listener::bind(gate.listen, tls).with_context(|| {
        format!("the gate cannot listen on {}; another program may", gate.listen)
    })?;
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let options = listen::Options {
        workers: if gate.workers == 0 { cores } else { usize::from(gate.workers) },
        max_connections: gate.limits.connections.get() as usize,
        header_bytes: usize::try_from(gate.limits.header_bytes.0).unwrap_or(usize::MAX),
        header_timeout: gate.timeouts.headers,
        idle_timeout: gate.timeouts.idle,
        ..listen::Options::default()
    };
    let shared = core.gate.clone();
    Ok(listen::serve(vec![listener], options, move |worker| Worker::new(shared.clone(), worker))?)
}

fn login(core: &Core, config: &Config) -> anyhow::Result<Login> {
    let key = core.keys.inspection.derive(&core.tenant, Use::People)?;
    Ok(Login::new(key, config.console.tls.is_some(), people::session::Lifetimes::default())?)
}

/// The link with which somebody becomes the first administrator, where there is none yet.
async fn welcome(core: &Core, console: std::net::SocketAddr) -> anyhow::Result<Option<Secret>> {
    let code = console::first_invitation(&core.store, &core.tenant, random()?, now()).await?;
    let scheme = if core.certificates.console().is_some() { "https" } else { "http" };
    Ok(code.map(|code| Secret::new(format!("{scheme}://{console}/welcome/{}", code.expose()))))
}

type Doors = (std::path::PathBuf, std::net::SocketAddr, Vec<JoinHandle<()>>);

async fn serve_console(
    core: &Arc<Core>,
    config: &Config,
    data: &Path,
    stopped: &watch::Receiver<bool>,
) -> anyhow::Result<Doors> {
    let app = App {
        store: core.store.clone(),
        journal: Box::new(journal::Adapter { core: core.clone() }),
        instance: Box::new(control::Adapter { core: core.clone() }),
        custody: Box::new(custody::Adapter { core: core.clone() }),
        clock: Box::new(now),
        random: Box::new(|| random().ok()),
        hosts: config.console.hosts.clone(),
        idempotency: Idempotency::default(),
        login: login(core, config)?,
        pages: Pages::default(),
    };
    let router = console::router(Arc::new(app));
    let path = std::path::absolute(data.join("admin.sock"))?;
    let socket = console::bind_socket(&path)
        .await
        .with_context(|| format!("the admin socket {}", path.display()))?;
    let listen = config.console.listen;
    let tcp = TcpListener::bind(listen)
        .with_context(|| format!("the console cannot listen on {listen}; another program may"))?;
    tcp.set_nonblocking(true)?;
    let address = tcp.local_addr()?;
    let certificates = core.clone();
    let tls = move || certificates.certificates.console();
    let tcp = tokio::net::TcpListener::from_std(tcp)?;
    let ended = |mut stopped: watch::Receiver<bool>| async move {
        // A closed channel means the same.
        let _ = stopped.wait_for(|stop| *stop).await;
    };
    let doors = vec![
        tokio::spawn(console::serve_socket(socket, router.clone(), ended(stopped.clone()))),
        tokio::spawn(console::serve_tcp(tcp, tls, router, ended(stopped.clone()))),
    ];
    Ok((path, address, doors))
}

impl Running {
    /// Drains the gate, closes everything in order, and leaves a signed end in the log.
    pub async fn stop(self) -> anyhow::Result<()> {
        let Self { core, gate, stop, indexer, tasks, drain, .. } = self;
        core.gate.drain();
        let cut = gate.shutdown(drain).await;
        if cut > 0 {
            tracing::warn!(
                connections = cut,
                "connections were cut because they did not end in time"
            );
        }
        let record = core.system_record(Kind::SYSTEM_STOP, "the gate stopped in order");
        core.record(&record).await?;
        stop.send_replace(true);
        let _ = tokio::time::timeout(drain, indexer).await;
        tasks.iter().for_each(JoinHandle::abort);
        for task in tasks {
            // Aborted, or ended by itself.
            let _ = task.await;
        }
        Addresses::remove(&core.data);
        let log = core.log.clone();
        tokio::task::spawn_blocking(move || log.close()).await??;
        core.store.clone().close().await?;
        Ok(())
    }
}
