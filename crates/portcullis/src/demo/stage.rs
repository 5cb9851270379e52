//! What the scenes play on: the simulated model API, the real gate before it, and the agents.

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::Context;
use hyper::Method;
use ledger::note::VerifierKey;
use model::AgentKey;
use serde_json::Value;

use super::agent::{Ask, Caller, Open, Place, Reply};
use super::folder::{Folder, random};
use super::model::Model;
use super::setup;
use super::tools::Tools;
use crate::client::{Client, Target};
use crate::config::{self, Environment, Secrets};
use crate::up::{self, Running};

/// The tenant's log below the data folder.
const LOG: &str = "ledger/main";

/// Everything that runs, and what the scenes hand on to each other.
pub(super) struct Stage {
    pub(super) folder: Folder,
    pub(super) model: Model,
    pub(super) tools: Tools,
    pub(super) running: Running,
    admin: Client,
    keys: BTreeMap<&'static str, String>,
    pub(super) provider_key: String,
    pub(super) planted: Planted,
    /// The log's public key, noted down before the first action.
    pub(super) vkey: VerifierKey,
    /// Who made which call, in order: agent, record, HTTP status.
    pub(super) calls: Vec<(String, String, u16)>,
}

/// Values that nobody should see on the other side. Made here, by the detectors' own examples.
pub(super) struct Planted {
    pub(super) card: String,
    pub(super) token: String,
}

impl Planted {
    fn new(seed: u64) -> anyhow::Result<Self> {
        let example = |name: &str| {
            let declared = inspect::catalogue().iter().find(|declared| declared.name == name);
            let declared = declared.with_context(|| format!("there is no detector {name}"))?;
            anyhow::Ok(declared.example(seed))
        };
        Ok(Self { card: example("payment_card")?, token: example("github_token")? })
    }
}

impl Stage {
    /// Writes a folder and starts everything in it.
    pub(super) async fn new() -> anyhow::Result<Self> {
        let folder = Folder::new()?;
        let planted = Planted::new(u64::from(u32::from_le_bytes(random()?)))?;
        let model = Model::start(&planted.token).await.context("the simulated model API")?;
        let tools = Tools::start().await.context("the simulated MCP servers")?;
        let provider_key = format!("simulated-{}", hex::encode(random::<12>()?));
        let mut keys = BTreeMap::new();
        for name in setup::AGENTS {
            keys.insert(name, AgentKey::from_random(random()?).secret().expose().to_owned());
        }
        let peers = (model.address, tools.server.address);
        setup::write(&folder, peers, &provider_key, &keys)?;
        let running = start(&folder).await?;
        let admin =
            Client::new(Target::Socket { path: running.addresses.admin.clone(), tenant: None });
        let vkey = std::fs::read_to_string(folder.path().join("data").join(LOG).join("vkey"));
        let vkey = vkey.context("the log's public key")?.trim().parse()?;
        let calls = Vec::new();
        Ok(Self { folder, model, tools, running, admin, keys, provider_key, planted, vkey, calls })
    }

    /// An agent with its key, or somebody with none that is known.
    pub(super) fn caller(&self, name: &'static str) -> anyhow::Result<Caller> {
        let key = match self.keys.get(name) {
            Some(key) => key.clone(),
            None => AgentKey::from_random(random()?).secret().expose().to_owned(),
        };
        Ok(Caller::new(name, &key, Place::Gate(self.running.addresses.gate)))
    }

    pub(super) async fn ask(&mut self, caller: &Caller, ask: &Ask<'_>) -> anyhow::Result<Reply> {
        let reply = caller.ask(ask).await?;
        self.calls.push((caller.name.to_owned(), reply.record.clone(), reply.status));
        Ok(reply)
    }

    pub(super) async fn open(&mut self, caller: &Caller, ask: &Ask<'_>) -> anyhow::Result<Open> {
        let open = caller.open(ask).await?;
        self.calls.push((caller.name.to_owned(), open.reply.record.clone(), open.reply.status));
        Ok(open)
    }

    /// Asks the admin API at its socket, as the command line does.
    pub(super) async fn admin(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> anyhow::Result<Value> {
        Ok(self.admin.call(method, path, body).await?)
    }

    pub(super) fn log(&self) -> PathBuf {
        self.folder.path().join("data").join(LOG)
    }
}

/// Starts the gate on the folder's configuration. The variables of this process do not count:
/// a demonstration is the same everywhere, and touches nothing of anybody's own.
pub(super) async fn start(folder: &Folder) -> anyhow::Result<Running> {
    let environment = Environment::default();
    let file = folder.path().join(config::DEFAULT_FILE);
    let loaded = config::load(Some(&file), &environment, Secrets::Resolve);
    let loaded = loaded.map_err(|error| anyhow::anyhow!("the demonstration's own {error}"))?;
    up::start(loaded, &environment).await
}
