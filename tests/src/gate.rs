//! The real program, `portcullis up`, in a folder of its own, on ports that the system chose.

mod config;
mod program;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output};
use std::time::Duration;

use model::AgentKey;
use serde_json::Value;
use tempfile::TempDir;

use crate::client::Client;
use crate::mcp::{McpClient, McpServer};
use crate::upstream::Upstream;
use crate::wait;

use config::{Agent, Config, Provider};

/// The program in a folder, for a command that goes on running.
pub fn program_in(folder: &Path) -> Command {
    program::command(folder)
}

/// Begins a gate with nothing configured.
pub fn gate() -> Builder {
    Builder(Config::default())
}

/// Builds a [`Gate`].
pub struct Builder(Config);

impl Builder {
    /// The provider `openai`, whose models are `gpt-*`.
    #[must_use]
    pub fn openai(self, upstream: &Upstream) -> Self {
        self.provider("openai", "openai", &upstream.url(), "gpt-*")
    }

    /// The provider `anthropic`, whose models are `claude-*`.
    #[must_use]
    pub fn anthropic(self, upstream: &Upstream) -> Self {
        self.provider("anthropic", "anthropic", &upstream.url(), "claude-*")
    }

    #[must_use]
    pub fn provider(mut self, name: &str, kind: &str, url: &str, models: &str) -> Self {
        self.0.providers.push(Provider::new(name, kind, url, models));
        self
    }

    /// Lines of TOML for the provider named last.
    #[must_use]
    pub fn provider_lines(mut self, lines: &str) -> Self {
        self.0.providers.last_mut().expect("name a provider first").lines.push_str(lines);
        self
    }

    /// An MCP server.
    #[must_use]
    pub fn mcp(mut self, name: &str, server: &McpServer) -> Self {
        self.0.servers.push((name.to_owned(), server.url(), String::new()));
        self
    }

    /// Lines of TOML for the MCP server named last.
    #[must_use]
    pub fn mcp_lines(mut self, lines: &str) -> Self {
        self.0.servers.last_mut().expect("name a server first").2.push_str(lines);
        self
    }

    /// An agent with the role `tester`, which may use everything.
    #[must_use]
    pub fn agent(self, name: &str) -> Self {
        self.agent_as(name, config::ROLE)
    }

    #[must_use]
    pub fn agent_as(mut self, name: &str, role: &str) -> Self {
        self.0.agents.push(Agent::new(name, role, self.0.agents.len()));
        self
    }

    /// Lines of TOML for the agent named last.
    #[must_use]
    pub fn agent_lines(mut self, lines: &str) -> Self {
        self.0.agents.last_mut().expect("name an agent first").lines.push_str(lines);
        self
    }

    /// Lines of TOML for the section `[gate]`.
    #[must_use]
    pub fn gate_lines(mut self, lines: &str) -> Self {
        self.0.gate_lines.push_str(lines);
        self
    }

    /// Sends canaries through itself, as gates do; in tests they would be in the way.
    #[must_use]
    pub fn tests_itself(mut self) -> Self {
        self.0.tests_itself = true;
        self
    }

    /// Whole sections of TOML.
    #[must_use]
    pub fn sections(mut self, toml: &str) -> Self {
        self.0.sections.push_str(toml);
        self
    }

    /// A Cedar file in place of the built-in pack.
    #[must_use]
    pub fn policy(mut self, file: &str, text: &str) -> Self {
        self.0.policies.push((file.to_owned(), text.to_owned()));
        self
    }

    /// A variable of the program's environment.
    #[must_use]
    pub fn variable(mut self, name: &str, value: &str) -> Self {
        self.0.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Writes the folder and starts the program; returns when it is ready.
    pub fn run(self) -> Gate {
        let mut gate = self.prepare();
        gate.start();
        gate
    }

    /// Writes the folder, and starts nothing.
    pub fn prepare(self) -> Gate {
        let folder = tempfile::tempdir().expect("a temporary folder");
        self.0.write(folder.path());
        Gate { folder, config: self.0, child: None, addresses: None }
    }
}

/// Where a running gate listens.
#[derive(Clone, Copy, Debug)]
struct Addresses {
    gate: SocketAddr,
    console: SocketAddr,
}

/// The program in its folder. It is killed, and the folder removed, when this is dropped.
pub struct Gate {
    folder: TempDir,
    config: Config,
    child: Option<Child>,
    addresses: Option<Addresses>,
}

impl Gate {
    /// Starts the program and waits until it is ready.
    pub fn start(&mut self) {
        assert!(self.child.is_none(), "it runs already");
        let child = self.spawn();
        let pid = child.id();
        self.child = Some(child);
        let addresses = wait::until("the gate to be ready", || {
            self.assert_alive();
            self.read_addresses(pid)
        });
        self.addresses = Some(addresses);
    }

    /// Starts the program, which is expected to end by itself, and gives what it said.
    pub fn start_and_fail(&self) -> Output {
        program::finished(self.spawn())
    }

    fn spawn(&self) -> Child {
        let log = std::fs::File::create(self.folder.path().join("stderr.log")).expect("a log file");
        let mut command = self.command(&["up"]);
        command.stderr(log).spawn().expect("the program starts")
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = program::command(self.folder.path());
        command.envs(self.config.environment()).args(words);
        command
    }

    fn read_addresses(&self, pid: u32) -> Option<Addresses> {
        let text = std::fs::read_to_string(self.data().join("addresses.json")).ok()?;
        let file: Value = serde_json::from_str(&text).ok()?;
        let address = |name: &str| file[name].as_str()?.parse().ok();
        (file["pid"] == pid).then_some(())?;
        Some(Addresses { gate: address("gate")?, console: address("console")? })
    }

    #[track_caller]
    fn assert_alive(&mut self) {
        let ended = self.child.as_mut().and_then(|child| child.try_wait().expect("its state"));
        if let Some(status) = ended {
            panic!("the gate ended with {status}: {}", self.log());
        }
    }

    pub fn address(&self) -> SocketAddr {
        self.addresses.expect("it runs").gate
    }

    pub fn console(&self) -> SocketAddr {
        self.addresses.expect("it runs").console
    }

    /// The folder that holds the configuration and the data.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// The log's folder.
    pub fn ledger(&self) -> PathBuf {
        self.data().join("ledger/main")
    }

    pub fn pid(&self) -> u32 {
        self.child.as_ref().expect("it runs").id()
    }

    /// What the program has written to its standard error.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("stderr.log")).unwrap_or_default()
    }

    /// That, once it holds `text`: what the gate does goes on before it has said so.
    pub fn log_with(&self, text: &str) -> String {
        let look = || Some(self.log()).filter(|log| log.contains(text));
        wait::until(&format!("{text:?} in the log"), look)
    }

    /// The key of an agent that was named when the gate was built.
    pub fn key(&self, agent: &str) -> String {
        let agent = self.config.agents.iter().find(|known| known.name == agent);
        agent.expect("an agent of this gate").key.clone()
    }

    /// A client with that agent's key.
    pub fn client(&self, agent: &str) -> Client {
        self.stranger().bearer(&self.key(agent))
    }

    /// That agent's client of an MCP server, with a session.
    pub async fn mcp(&self, agent: &str, server: &str) -> McpClient {
        McpClient::new(self.client(agent), &format!("/mcp/{server}")).open().await
    }

    /// A client without any credential.
    pub fn stranger(&self) -> Client {
        Client::new(self.address())
    }

    /// Runs another command of the program in the gate's folder, to its end.
    pub fn portcullis(&self, words: &[&str]) -> Output {
        program::run(&mut self.command(words))
    }

    /// As [`Gate::portcullis`]; panics unless it succeeds, and gives its standard output.
    #[track_caller]
    pub fn succeeds(&self, words: &[&str]) -> String {
        let output = self.portcullis(words);
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        assert!(
            output.status.success(),
            "{words:?}: {}\n{}{}",
            output.status,
            text(&output.stdout),
            text(&output.stderr)
        );
        text(&output.stdout)
    }

    /// All activity records that the index has, oldest first. The index follows the log closely, not
    /// at once: what a test expects is waited for.
    pub fn records(&self) -> Vec<Value> {
        let lines = self.succeeds(&["ledger", "export"]);
        let mut records: Vec<Value> = lines
            .lines()
            .map(|line| serde_json::from_str(line).expect("a record a line"))
            .collect();
        records.reverse();
        records
    }

    /// All records, once there is one that `expected` is true of.
    pub fn records_with(&self, what: &str, expected: impl Fn(&Value) -> bool) -> Vec<Value> {
        wait::until(what, || Some(self.records()).filter(|records| records.iter().any(&expected)))
    }

    /// The last record with this id, once it says how the action ended.
    pub fn record(&self, id: &str) -> Value {
        assert!(id.starts_with("act_"), "no record id: {id:?}");
        wait::until("the record", || {
            let completed = |record: &Value| record["id"] == id && record["status"] != "begun";
            self.records().into_iter().rfind(completed)
        })
    }

    /// Writes the configuration again with other sections, for a reload.
    pub fn rewrite(&mut self, change: impl FnOnce(String) -> String) {
        let path = self.folder.path().join("portcullis.toml");
        let text = std::fs::read_to_string(&path).expect("its configuration");
        std::fs::write(path, change(text)).expect("its configuration");
    }

    /// Sends a signal by name, such as `HUP`.
    pub fn signal(&self, name: &str) {
        program::signal(self.pid(), name);
    }

    /// Ends it as an operator would, and waits until it has ended.
    pub fn stop(&mut self) {
        self.signal("TERM");
        self.ended();
    }

    /// Waits until it has ended in order, after a signal that asked for it.
    pub fn ended(&mut self) {
        let mut child = self.child.take().expect("it runs");
        let status = wait::until("the gate to stop", || child.try_wait().expect("its state"));
        assert!(status.success(), "the gate ended with {status}: {}", self.log());
    }

    /// Ends it as a power cut would.
    pub fn kill(&mut self) {
        let mut child = self.child.take().expect("it runs");
        child.kill().expect("a signal");
        child.wait().expect("its state");
    }

    /// Resident memory of the process, in KiB.
    pub fn memory(&self) -> u64 {
        let status =
            std::fs::read_to_string(format!("/proc/{}/status", self.pid())).expect("its status");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("its memory");
        line.trim().trim_end_matches(" kB").parse().expect("a number")
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().ok();
            child.wait().ok();
        }
        if std::thread::panicking() {
            eprintln!("-- the gate's log:\n{}", self.log());
        }
    }
}

/// An agent's key, always the same for the same number.
pub fn key_number(number: usize) -> String {
    let mut random = [7; 32];
    random[..8].copy_from_slice(&number.to_le_bytes());
    AgentKey::from_random(random).secret().expose().to_owned()
}

/// Long enough for the gate to have noticed, where the test asserts that nothing happens.
pub const MOMENT: Duration = Duration::from_millis(300);
