//! What is measured: the mock itself, nginx in front of it, the gate in front of it, and others by file.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use model::AgentKey;
use serde_json::Value;

use crate::process::{Core, Process, pinned};
use crate::scenario::Scenario;

/// How long anything may take to be ready.
const READY: Duration = Duration::from_secs(60);

/// One thing that answers requests.
pub(crate) struct Target {
    pub name: String,
    pub address: String,
    pub headers: BTreeMap<String, String>,
    /// How a scenario's path is changed.
    pub paths: Paths,
    pub process: Option<Process>,
    /// Removed when the target is dropped, after its process.
    pub _folder: Option<tempfile::TempDir>,
}

pub(crate) enum Paths {
    Same,
    /// As the gate names them.
    Gate,
    /// By scenario.
    Named(BTreeMap<String, String>),
}

impl Target {
    pub(crate) fn path(&self, scenario: Scenario) -> String {
        let (path, at_gate) = scenario.paths();
        match &self.paths {
            Paths::Same => path.to_owned(),
            Paths::Gate => at_gate.to_owned(),
            Paths::Named(paths) => {
                paths.get(scenario.name()).cloned().unwrap_or_else(|| path.to_owned())
            }
        }
    }
}

/// The mock upstream, in a process of its own.
pub(crate) fn direct() -> Result<Target> {
    let this = std::env::current_exe()?;
    let mut process = Process::start(pinned(Core::Load, &this).arg("mock").stdout(Stdio::piped()))?;
    let port = process.first_line()?;
    Ok(Target {
        name: "direct".into(),
        address: format!("127.0.0.1:{port}"),
        headers: BTreeMap::new(),
        paths: Paths::Same,
        process: Some(process),
        _folder: None,
    })
}

/// nginx as a plain reverse proxy: the practical lower bound for one more hop.
pub(crate) fn nginx(upstream: &str) -> Result<Target> {
    let candidates =
        ["/usr/sbin/nginx", "/usr/bin/nginx", "/usr/local/bin/nginx", "/usr/local/sbin/nginx"];
    let Some(nginx) = candidates.iter().map(Path::new).find(|path| path.is_file()) else {
        bail!(
            "nginx is what the figures are compared with; install it (Debian: apt-get install nginx-light)"
        );
    };
    let folder = tempfile::tempdir()?;
    let address = format!("127.0.0.1:{}", free_port()?);
    let file = folder.path().join("nginx.conf");
    std::fs::write(&file, nginx_configuration(folder.path(), &address, upstream))?;
    let process = Process::start(
        pinned(Core::Measured, nginx)
            .arg("-c")
            .arg(&file)
            .arg("-e")
            .arg(folder.path().join("error.log")),
    )?;
    wait_for_port(&address)?;
    Ok(Target {
        name: "nginx".into(),
        address,
        headers: BTreeMap::new(),
        paths: Paths::Same,
        process: Some(process),
        _folder: Some(folder),
    })
}

fn nginx_configuration(folder: &Path, listen: &str, upstream: &str) -> String {
    let folder = folder.display();
    let temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map(|kind| format!("{kind}_temp_path {folder}/{kind};"));
    format!(
        "daemon off; worker_processes 1; pid {folder}/nginx.pid; events {{ worker_connections 4096; }}
         http {{
           access_log off; {} client_max_body_size 20m; client_body_buffer_size 1m; keepalive_requests 1000000000;
           upstream mock {{ server {upstream}; keepalive 256; keepalive_requests 1000000000; }}
           server {{ listen {listen}; location / {{
             proxy_pass http://mock; proxy_http_version 1.1; proxy_set_header Connection \"\";
             proxy_buffering off; proxy_request_buffering off;
           }} }}
         }}",
        temporary.join(" ")
    )
}

/// How the gate is set up.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Setup {
    /// Identity, policy, limits, inspection both ways, record durable before the answer.
    Everything,
    /// Identity, policy and limits; no inspection, log written behind.
    Bare,
}

/// The gate, with one agent that may do everything.
pub(crate) fn portcullis(upstream: &str, setup: Setup) -> Result<Target> {
    let folder = tempfile::tempdir()?;
    write_configuration(folder.path(), upstream, setup, 0)?;
    let process = Process::start(&mut up(folder.path())?)?;
    let name = if setup == Setup::Everything { "portcullis" } else { "portcullis, bare" };
    let address = wait_for_gate(folder.path(), process.id())?;
    let headers = BTreeMap::from([("authorization".to_owned(), format!("Bearer {}", key(0)))]);
    Ok(Target {
        name: name.into(),
        address,
        headers,
        paths: Paths::Gate,
        process: Some(process),
        _folder: Some(folder),
    })
}

/// `portcullis up` in a folder, on its core.
pub(crate) fn up(folder: &Path) -> Result<Command> {
    let mut command = pinned(Core::Measured, &binary()?);
    let log = std::fs::File::create(folder.join("stderr.log"))?;
    command
        .arg("up")
        .current_dir(folder)
        .env_clear()
        .env("KEY", key(0))
        .env("PROVIDER_KEY", "mock")
        .stdout(Stdio::null())
        .stderr(log);
    Ok(command)
}

fn binary() -> Result<PathBuf> {
    let path = std::env::var_os("PORTCULLIS_BIN").context("start it by `cargo xtask bench`")?;
    Ok(PathBuf::from(path))
}

/// The key of the agent with this number.
pub(crate) fn key(number: u64) -> String {
    let mut random = [9; 32];
    random[..8].copy_from_slice(&number.to_le_bytes());
    AgentKey::from_random(random).secret().expose().to_owned()
}

/// Writes `portcullis.toml`; `more` agents besides the one that is used.
pub(crate) fn write_configuration(
    folder: &Path,
    upstream: &str,
    setup: Setup,
    more: usize,
) -> Result<()> {
    let mut toml = String::from(
        "[gate]\nlisten = \"127.0.0.1:0\"\n[console]\nlisten = \"127.0.0.1:0\"\n[data]\ndir = \"data\"\n",
    );
    if setup == Setup::Bare {
        toml.push_str("[inspect]\nenabled = false\n[ledger]\ndurability = \"interval\"\n");
    }
    for (name, models) in [("openai", "gpt-*"), ("anthropic", "claude-*")] {
        write!(
            toml,
            "[[provider]]\nname = \"{name}\"\nkind = \"{name}\"\nbase_url = \"http://{upstream}\"\napi_key = {{ env = \"PROVIDER_KEY\" }}\nmodels = [\"{models}\"]\n"
        )?;
    }
    write!(toml, "[[mcp]]\nname = \"tools\"\nurl = \"http://{upstream}/mcp\"\n")?;
    toml.push_str("[[mcp.tool]]\nname = \"*\"\neffect = \"read\"\n");
    toml.push_str(
        "[[role]]\nname = \"bench\"\nproviders = [\"*\"]\nmodels = [\"*\"]\ntools = [\"*\"]\n",
    );
    toml.push_str("[[limit]]\nper = \"agent\"\nwindow = \"1h\"\nrequests = 1000000000\ntokens = 1000000000000\n");
    toml.push_str("[[agent]]\nname = \"bench\"\nroles = [\"bench\"]\nkey = { env = \"KEY\" }\n");
    for number in 0..more {
        write!(toml, "[[agent]]\nname = \"agent-{number}\"\nroles = [\"bench\"]\n")?;
    }
    Ok(std::fs::write(folder.join("portcullis.toml"), toml)?)
}

/// Waits until the gate in this folder says that it is ready; its address.
pub(crate) fn wait_for_gate(folder: &Path, pid: u32) -> Result<String> {
    let ready = || {
        let text = std::fs::read_to_string(folder.join("data/addresses.json")).ok()?;
        let file: Value = serde_json::from_str(&text).ok()?;
        (file["pid"] == pid).then(|| file["gate"].as_str().map(str::to_owned)).flatten()
    };
    wait(ready).with_context(|| {
        format!(
            "the gate did not get ready: {}",
            std::fs::read_to_string(folder.join("stderr.log")).unwrap_or_default()
        )
    })
}

fn wait_for_port(address: &str) -> Result<()> {
    wait(|| std::net::TcpStream::connect(address).ok().map(drop))
        .with_context(|| format!("nothing listens on {address}"))
}

fn wait<T>(mut look: impl FnMut() -> Option<T>) -> Option<T> {
    let end = Instant::now() + READY;
    while Instant::now() < end {
        if let Some(found) = look() {
            return Some(found);
        }
        std::thread::sleep(Duration::from_millis(1)); // pause: between two looks
    }
    None
}

fn free_port() -> Result<u16> {
    Ok(std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

/// Other gateways, by a file: see the help.
pub(crate) fn peers(file: &str) -> Result<Vec<Target>> {
    let list: Value =
        serde_json::from_str(&std::fs::read_to_string(file)?).context("the peers' file")?;
    list.as_array().context("the peers' file holds a list")?.iter().map(peer).collect()
}

fn peer(peer: &Value) -> Result<Target> {
    let pairs = |name: &str| -> BTreeMap<String, String> {
        let members = peer[name].as_object().into_iter().flatten();
        members
            .filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())))
            .collect()
    };
    let url = peer["url"].as_str().context("a peer has a url")?;
    let address = url.trim_start_matches("http://").trim_end_matches('/').to_owned();
    let words: Vec<&str> =
        peer["command"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let process = match words.split_first() {
        Some((program, arguments)) => {
            Some(Process::start(pinned(Core::Measured, Path::new(program)).args(arguments))?)
        }
        None => None,
    };
    wait_for_port(&address)?;
    let name = peer["name"].as_str().unwrap_or(url).to_owned();
    Ok(Target {
        name,
        address,
        headers: pairs("headers"),
        paths: Paths::Named(pairs("paths")),
        process,
        _folder: None,
    })
}
