//! What the console's pages cost with a long log, many agents and many people, and what those who
//! watch live cost the gate.

use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::Request;
use hyper::body::Incoming;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use model::{Decision, Effect, Kind, Record, RecordId, Resource, TenantId, Timestamp};
use serde_json::{Value, json};
use tokio::net::{TcpStream, UnixStream};

use crate::process::{Core, Process, pinned};
use crate::samples::{median, quantile};
use crate::scenario::Scenario;
use crate::targets::{self, Setup};
use crate::{Options, history};

const AGENTS: usize = 10_000;
const PEOPLE: usize = 1_000;
/// How often each page is asked for.
const ASKED: usize = 20;
const VIEWERS: usize = 200;
/// Every record that is shown begins so.
const EVENT: &[u8] = b"event: record\n";
/// The history is so long.
const DAYS: u64 = 30;

pub(crate) fn run(options: &Options) -> Result<()> {
    let mock = targets::direct()?;
    let folder = tempfile::tempdir()?;
    let folder = folder.path();
    targets::write_configuration(folder, &mock.address, Setup::Everything, AGENTS)?;
    let prepared = Console::start(folder)?;
    let token = prepared.populate()?;
    drop(prepared);
    let (records, started) = (options.records, Instant::now());
    history::fill(folder, records, |now, number| record(now, number, records))?;
    println!("{records} records written in {:.0} s", started.elapsed().as_secs_f64());
    let started = Instant::now();
    history::catch_up(folder, records)?;
    println!("indexed in {:.0} s more\n", started.elapsed().as_secs_f64());
    let console = Console::start(folder)?;
    console.table(&token)?;
    console.review()?;
    console.viewers(&token, options)
}

/// The gate with its console, as the measurements ask it.
pub(crate) struct Console {
    process: Process,
    folder: PathBuf,
    gate: String,
    address: String,
    pub(crate) runtime: tokio::runtime::Runtime,
}

impl Console {
    pub(crate) fn start(folder: &Path) -> Result<Self> {
        let process = Process::start(&mut targets::up(folder)?)?;
        let gate = targets::wait_for_gate(folder, process.id())?;
        let addresses = std::fs::read_to_string(folder.join("data/addresses.json"))?;
        let addresses: Value = serde_json::from_str(&addresses)?;
        let address = addresses["console"].as_str().context("the console's address")?.to_owned();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        Ok(Self { process, folder: folder.to_owned(), gate, address, runtime })
    }

    /// Adds the people, as the operator; gives an admin token.
    fn populate(&self) -> Result<String> {
        self.runtime.block_on(async {
            let mut sender = self.operator().await?;
            for number in 0..PEOPLE {
                let user =
                    json!({"name": format!("person-{number}@example.com"), "roles": ["auditor"]});
                post(&mut sender, "/api/v1/users", &user).await?;
            }
            let token = json!({"name": "reader", "scope": "read"});
            let made = post(&mut sender, "/api/v1/tokens", &token).await?;
            made["token"].as_str().map(str::to_owned).context("a token")
        })
    }

    pub(crate) async fn operator(&self) -> Result<SendRequest<Full<Bytes>>> {
        let socket = UnixStream::connect(self.folder.join("data/admin.sock")).await?;
        let (sender, connection) = handshake(TokioIo::new(socket)).await?;
        tokio::spawn(connection);
        Ok(sender)
    }

    /// How long it takes to begin a review of everybody's access.
    fn review(&self) -> Result<()> {
        let started = Instant::now();
        let review = self.runtime.block_on(async {
            post(&mut self.operator().await?, "/api/v1/reviews", &json!({})).await
        })?;
        let (items, took) = (&review["counts"]["items"], started.elapsed().as_secs_f64());
        println!("\nreview: {items} things to look at, gathered in {took:.1} s");
        Ok(())
    }

    fn table(&self, token: &str) -> Result<()> {
        println!("| page | median ms | worst ms of {ASKED} | bytes |\n| --- | --- | --- | --- |");
        self.runtime.block_on(async {
            let mut sender = self.connect().await?;
            let found = self.get(&mut sender, token, "/api/v1/records?limit=1").await?;
            let found: Value = serde_json::from_slice(&found)?;
            let record = found.pointer("/records/0/record/id").and_then(Value::as_str);
            let record = format!("/activity/{}", record.context("a record")?);
            let pages = [
                "/",
                "/activity",
                "/activity?q=effect%3Adeny",
                "/activity?q=agent%3Aagent-77%20effect%3Adeny",
                "/activity?q=%22outside%20office%22%20since%3A7d",
                &record,
                "/agents",
                "/agents/agent-77",
                "/approvals",
                "/tools",
                "/policies",
                "/people",
                "/people/person-500@example.com",
                "/log",
                "/settings",
            ];
            for page in pages {
                let mut times = Vec::with_capacity(ASKED);
                let mut bytes = 0;
                for _ in 0..ASKED {
                    let asked = Instant::now();
                    bytes = self.get(&mut sender, token, page).await?.len();
                    times.push(asked.elapsed().as_micros() as u64);
                }
                let [middle, worst] = [0.5, 1.0].map(|at| quantile(&mut times, at) as f64 / 1e3);
                // The name of a record is another in each run.
                let name = if page == record { "/activity/{record}" } else { page };
                println!("| `{name}` | {middle:.1} | {worst:.1} | {bytes} |");
            }
            anyhow::Ok(())
        })
    }

    /// The gate's work for a call, with and without people who watch everything live.
    fn viewers(&self, token: &str, options: &Options) -> Result<()> {
        let (mut without, mut with, mut rate, mut events) = (vec![], vec![], 0.0, 0);
        for _ in 0..options.rounds {
            without.push(self.load(options.seconds)?.0);
            let (cpu, served, seen) = self.load_watched(token, options.seconds)?;
            with.push(cpu);
            (rate, events) = (served / options.seconds, seen);
        }
        let (without, with) = median(without).zip(median(with)).context("no rounds")?;
        println!(
            "\nviewers: {VIEWERS} watch {rate:.0} calls a second: {without:.1} us of CPU a call without them, {with:.1} with ({:+.1} %); \
             {:.1} events a second to each",
            (with / without - 1.0) * 100.0,
            events as f64 / VIEWERS as f64 / options.seconds
        );
        Ok(())
    }

    /// CPU a call in microseconds, and calls served.
    fn load(&self, seconds: f64) -> Result<(f64, f64)> {
        self.begin_load(seconds)?.end(&self.process)
    }

    /// The same under so many viewers, and how many events all of them got.
    fn load_watched(&self, token: &str, seconds: f64) -> Result<(f64, f64, usize)> {
        let mut viewers = tokio::task::JoinSet::new();
        let (load, seen) = self.runtime.block_on(async {
            let mut open = Vec::with_capacity(VIEWERS);
            for _ in 0..VIEWERS {
                open.push(self.watch(token).await?);
            }
            let load = self.begin_load(seconds)?;
            let end = tokio::time::Instant::now() + Duration::from_secs_f64(seconds);
            for (sender, body) in open {
                viewers.spawn(watched(sender, body, end));
            }
            anyhow::Ok((load, viewers.join_all().await))
        })?;
        let (cpu, served) = load.end(&self.process)?;
        Ok((cpu, served, seen.into_iter().sum()))
    }

    fn begin_load(&self, seconds: f64) -> Result<Load> {
        let scenario = Scenario::Chat;
        let authorization = format!("Bearer {}", targets::key(0));
        let order = json!({
            "address": self.gate, "path": scenario.paths().1, "headers": {"authorization": authorization},
            "body": scenario.body(), "expect": scenario.expect(), "connections": 16, "warmup": 0, "time": seconds,
        });
        let before = self.process.cpu();
        let mut load = pinned(Core::Load, &std::env::current_exe()?);
        load.arg("load").arg(order.to_string()).stdout(Stdio::piped());
        Ok(Load { child: load.spawn()?, before })
    }

    pub(crate) async fn connect(&self) -> Result<SendRequest<Full<Bytes>>> {
        let stream = TcpStream::connect(&self.address).await?;
        stream.set_nodelay(true)?;
        let (sender, connection) = handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        Ok(sender)
    }

    pub(crate) fn cpu(&self) -> Duration {
        self.process.cpu()
    }

    fn ask(&self, token: &str, path: &str) -> Result<Request<Full<Bytes>>> {
        let request = Request::get(path)
            .header("host", &self.address)
            .header("authorization", format!("Bearer {token}"));
        Ok(request.body(Full::default())?)
    }

    pub(crate) async fn get(
        &self,
        sender: &mut SendRequest<Full<Bytes>>,
        token: &str,
        path: &str,
    ) -> Result<Bytes> {
        sender.ready().await?;
        let answer = sender.send_request(self.ask(token, path)?).await?;
        let status = answer.status();
        let body = answer.into_body().collect().await?.to_bytes();
        ensure!(status.is_success(), "{path}: {status}");
        Ok(body)
    }

    /// Watches live; the connection lives as long as what is given back.
    async fn watch(&self, token: &str) -> Result<(SendRequest<Full<Bytes>>, Incoming)> {
        let mut sender = self.connect().await?;
        let answer = sender.send_request(self.ask(token, "/activity/stream")?).await?;
        ensure!(answer.status().is_success(), "watching: {}", answer.status());
        Ok((sender, answer.into_body()))
    }
}

/// A load generator at work.
struct Load {
    child: Child,
    /// The gate's CPU time before it.
    before: Duration,
}

impl Load {
    fn end(self, process: &Process) -> Result<(f64, f64)> {
        let output = self.child.wait_with_output()?;
        let used = process.cpu().saturating_sub(self.before);
        let seen: Value = serde_json::from_slice(&output.stdout)?;
        ensure!(seen["errors"] == 0, "{}", seen["first_error"]);
        let served = seen["served"].as_f64().context("calls served")?;
        Ok((used.as_secs_f64() * 1e6 / served, served))
    }
}

/// How many events come to somebody who watches until then.
async fn watched(
    _sender: SendRequest<Full<Bytes>>,
    mut body: Incoming,
    end: tokio::time::Instant,
) -> usize {
    let mut seen = 0;
    while let Ok(Some(Ok(frame))) = tokio::time::timeout_at(end, body.frame()).await {
        let data = frame.data_ref().map_or(&[][..], |data| data);
        seen += data.windows(EVENT.len()).filter(|window| *window == EVENT).count();
    }
    seen
}

/// As the operator at the socket.
pub(crate) async fn post(
    sender: &mut SendRequest<Full<Bytes>>,
    path: &str,
    body: &Value,
) -> Result<Value> {
    send(sender, Request::post(path).header("host", "localhost"), path, body).await
}

pub(crate) async fn send(
    sender: &mut SendRequest<Full<Bytes>>,
    request: hyper::http::request::Builder,
    path: &str,
    body: &Value,
) -> Result<Value> {
    sender.ready().await?;
    let request =
        request.header("content-type", "application/json").body(Full::from(body.to_string()))?;
    let answer = sender.send_request(request).await?;
    let status = answer.status();
    let body = answer.into_body().collect().await?.to_bytes();
    ensure!(status.is_success(), "{path}: {}", String::from_utf8_lossy(&body));
    Ok(serde_json::from_slice(&body)?)
}

/// A call of the last weeks: many agents, some refused, few with findings.
fn record(now: Timestamp, number: u64, records: u64) -> Record {
    let age = DAYS * 86_400 * records.saturating_sub(number) / records;
    let time = now.minus(Duration::from_secs(age));
    let id = RecordId::new(time, u128::from(number) << 20);
    let is_refused = number.is_multiple_of(50);
    let decision = Decision {
        effect: if is_refused { Effect::Deny } else { Effect::Permit },
        reason: Cow::Borrowed(match is_refused {
            true => "no policy permits this model outside office hours",
            false => "permitted",
        }),
        ..Decision::default()
    };
    let mut record = Record::new(id, time, TenantId::main(), Kind::LLM_CALL, decision);
    record.agent =
        format!("agent-{}", number.wrapping_mul(2_654_435_761) % AGENTS as u64).parse().ok();
    record.on_behalf_of = format!("person-{}@example.com", number % PEOPLE as u64).parse().ok();
    record.http_status = Some(if is_refused { 403 } else { 200 });
    record.resource = Some(Resource { name: "openai/gpt-mock".to_owned(), kind: "model".into() });
    record.usage.input_tokens = number % 900;
    record.usage.output_tokens = number % 300;
    record
}
