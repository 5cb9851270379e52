//! Start and stop.

use std::net::TcpListener;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use console::{App, Idempotency, Login, Pages};
use gate::net::listen::{self, Listener};
use gate::{Gate, Worker};
use model::{Kind, Secret, TenantId};
use people::session::Lifetimes;
use store::{KeyStore, Store};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::addresses::Addresses;
use super::core::{Core, now};
use super::house::House;
use super::root::Roots;
use super::selftest::{self, SelfTest};
use super::tenants::{self, Opened};
use super::{control, custody, journal, once, reload, sign_on, traces};
use crate::config::{Config, Environment, Loaded};
use crate::keys::{Use, random};

/// A running instance.
pub struct Running {
    house: Arc<House>,
    gate: listen::Running,
    pub addresses: Addresses,
    /// Where the first administrator is welcome, if nobody is there yet.
    pub welcome: Option<Secret>,
    drain: Duration,
    stop: watch::Sender<bool>,
    tasks: Vec<JoinHandle<()>>,
}

/// Opens everything and serves. Must be called in a multi-threaded runtime, which carries the
/// control plane; the gate has threads of its own.
pub async fn start(loaded: Loaded, environment: &Environment) -> anyhow::Result<Running> {
    let (config, data) = (loaded.config.clone(), loaded.config.data.dir.clone());
    prepare(&data)?;
    let main = tenants::open_log(&config, &data, &TenantId::main())?;
    Addresses::remove(&data);
    let store = Store::open(&data.join("state.db")).context("the state in state.db")?;
    let key_store = KeyStore::open(&data.join("keys.db")).context("the keys in keys.db")?;
    let roots = Roots::load(&config, &key_store).await?;
    let (observer, exporter) = traces::exporter(&config.telemetry, &config.instance.name)?;
    let gate = Arc::new(Gate::new(
        gate::Snapshot::default(),
        (main.log.clone(), main.books.clone()),
        now,
        seed()?,
        config.gate.limits.in_flight.get() as usize,
        observer,
    ));
    once::restore(&gate, &store).await?;
    let (stop, stopped) = watch::channel(false);
    let keys = (key_store, roots);
    let selftest = SelfTest::open(&config, &gate).await?;
    let house = House::new(&loaded, environment, store, keys, (gate, selftest));
    let house = Arc::new(house);
    open_tenants(&house, loaded, main).await?;

    let running_gate = serve_gate(&house, &config)?;
    let (admin, console, doors) = serve_console(&house, &config, &data, &stopped).await?;
    let address = *running_gate.addresses().first().context("the gate has no address")?;
    let welcome = welcome(&house, console).await?;
    let addresses = Addresses { gate: address, console, admin, pid: std::process::id() };
    let drain = config.gate.timeouts.drain;
    let mut tasks = doors;
    tasks.extend(exporter.map(tokio::spawn));
    tasks.push(tokio::spawn(selftest::run(house.clone())));
    tasks.push(tokio::spawn(reload::watch_for_changes(house.clone(), stopped)?));
    // From now on others know that it is ready.
    addresses.write(&data).context("addresses.json")?;
    Ok(Running { house, gate: running_gate, addresses, welcome, drain, stop, tasks })
}

/// The platform's own tenant and all others, and puts them in force.
async fn open_tenants(house: &Arc<House>, loaded: Loaded, main: Opened) -> anyhow::Result<()> {
    let opened = tenants::open(house, &TenantId::main(), loaded.config, main).await?;
    let mut open = vec![opened];
    for tenant in loaded.tenants {
        let shown = || format!("the tenant \"{}\"", tenant.name);
        let log = tenants::open_log(&tenant.config, &house.data, &tenant.name);
        let log = log.with_context(shown)?;
        let opened = tenants::open(house, &tenant.name, tenant.config.clone(), log).await;
        open.push(opened.with_context(shown)?);
    }
    // Only now is nothing left under a root key that was being exchanged.
    house.roots.settle()?;
    house.set_tenants(open);
    house.publish(None).await?;
    for core in house.tenants().iter() {
        super::sessions::remember(core).await;
    }
    Ok(())
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

fn seed() -> anyhow::Result<u64> {
    let bytes = random()?;
    Ok(bytes.iter().take(8).fold(0, |seed, byte| seed << 8 | u64::from(*byte)))
}

fn serve_gate(house: &Arc<House>, config: &Config) -> anyhow::Result<listen::Running> {
    let gate = &config.gate;
    let tls = house.certificates.start(config)?;
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
    let shared = house.gate.clone();
    Ok(listen::serve(vec![listener], options, move |worker| Worker::new(shared.clone(), worker))?)
}

fn login(core: &Core, config: &Config) -> anyhow::Result<Login> {
    let key = core.keys.inspection.derive(&core.tenant, Use::People)?;
    let people = &config.people;
    let lifetimes = Lifetimes {
        idle: people.session_idle,
        whole: people.session_longest,
        fresh: people.fresh_factor,
        ..Lifetimes::default()
    };
    let public = config.console.public_url.as_ref().and_then(|url| url.0.scheme_str());
    let is_secure = public.map_or(config.console.tls.is_some(), |scheme| scheme == "https");
    Ok(Login::new(key, is_secure, lifetimes)?)
}

/// The link with which somebody becomes the first administrator, where there is none yet.
async fn welcome(house: &House, console: std::net::SocketAddr) -> anyhow::Result<Option<Secret>> {
    let code = console::first_invitation(&house.store, &TenantId::main(), random()?, now()).await?;
    let scheme = if house.certificates.console().is_some() { "https" } else { "http" };
    let public = house.main()?.settings.load().config.console.public_url.clone();
    let root = public.map_or(format!("{scheme}://{console}"), |url| url.to_string());
    Ok(code.map(|code| Secret::new(format!("{root}/welcome/{}", code.expose()))))
}

/// Names under which the console may be called, that of its public address among them.
fn hosts(config: &Config) -> Vec<String> {
    let public = config.console.public_url.as_ref().and_then(|url| url.0.host());
    config.console.hosts.iter().cloned().chain(public.map(str::to_owned)).collect()
}

type Doors = (std::path::PathBuf, std::net::SocketAddr, Vec<JoinHandle<()>>);

async fn serve_console(
    house: &Arc<House>,
    config: &Config,
    data: &Path,
    stopped: &watch::Receiver<bool>,
) -> anyhow::Result<Doors> {
    let app = App {
        store: house.store.clone(),
        journal: Box::new(journal::Adapter { house: house.clone() }),
        instance: Box::new(control::Adapter { house: house.clone() }),
        custody: Box::new(custody::Adapter { house: house.clone() }),
        clock: Box::new(now),
        random: Box::new(|| random().ok()),
        hosts: hosts(config),
        sign_on: Box::new(sign_on::Adapter::new(house.clone())),
        public_url: config.console.public_url.as_ref().map(|url| url.to_string().to_lowercase()),
        idempotency: Idempotency::default(),
        staff: policy::StaffBundle::built_in().map_err(crate::policies::Invalid)?,
        login: login(&*house.main()?, config)?,
        pages: Pages::default(),
    };
    let app = Arc::new(app);
    let router = console::router(app.clone());
    let path = std::path::absolute(data.join("admin.sock"))?;
    let socket = console::bind_socket(&path)
        .await
        .with_context(|| format!("the admin socket {}", path.display()))?;
    let listen = config.console.listen;
    let tcp = TcpListener::bind(listen)
        .with_context(|| format!("the console cannot listen on {listen}; another program may"))?;
    tcp.set_nonblocking(true)?;
    let address = tcp.local_addr()?;
    let certificates = house.clone();
    let tls = move || certificates.certificates.console();
    let tcp = tokio::net::TcpListener::from_std(tcp)?;
    let ended = |mut stopped: watch::Receiver<bool>| async move {
        // A closed channel means the same.
        let _ = stopped.wait_for(|stop| *stop).await;
    };
    let doors = vec![
        tokio::spawn(console::serve_socket(socket, router.clone(), ended(stopped.clone()))),
        tokio::spawn(console::serve_tcp(tcp, tls, router, ended(stopped.clone()))),
        tokio::spawn(tend(house.clone(), app)),
    ];
    Ok((path, address, doors))
}

/// How often what only time does is done. What has ended counts no more whether or not it was.
const TENDED: Duration = Duration::from_secs(15);

async fn tend(house: Arc<House>, app: Arc<App>) {
    let mut ticks = tokio::time::interval(TENDED);
    loop {
        ticks.tick().await;
        for core in house.tenants().iter() {
            if let Err(error) = console::tend(&app, &core.tenant).await {
                tracing::error!(tenant = %core.tenant, %error, "what time has ended could not be settled");
            }
        }
    }
}

impl Running {
    /// Drains the gate, closes everything in order, and leaves a signed end in each log.
    pub async fn stop(self) -> anyhow::Result<()> {
        let Self { house, gate, stop, tasks, drain, .. } = self;
        house.gate.drain();
        let cut = gate.shutdown(drain).await;
        if cut > 0 {
            tracing::warn!(
                connections = cut,
                "connections were cut because they did not end in time"
            );
        }
        stop.send_replace(true);
        tasks.iter().for_each(JoinHandle::abort);
        for task in tasks {
            // Aborted, or ended by itself.
            let _ = task.await;
        }
        house.selftest.close().await;
        let mut closed = Ok(());
        for core in house.tenants().iter() {
            // One log that cannot be closed in order keeps no other from it.
            closed = closed.and(end(core, drain).await);
        }
        Addresses::remove(&house.data);
        house.store.clone().close().await?;
        closed
    }
}

async fn end(core: &Core, patience: Duration) -> anyhow::Result<()> {
    let shown = || format!("the tenant \"{}\"", core.tenant);
    let record = core.system_record(Kind::SYSTEM_STOP, "the gate stopped in order");
    let recorded = core.record(&record).await;
    recorded.and(core.close(patience).await).with_context(shown)
}
