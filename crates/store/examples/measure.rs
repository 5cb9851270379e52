//! Measures what the store promises at size: fills an index with made-up records, then asks it.
//!
//! `cargo run --release -p portcullis-store --example measure -- [RECORDS] [FOLDER]`
//!
//! Prints records a second of one core (with decoding, without making them), how far the index is
//! behind at 20,000 records a second, and for each question the time of its first page, of a
//! whole count, and of the most frequent agents.

#![expect(clippy::print_stdout, reason = "a measurement prints its table")]

use std::path::Path;
use std::time::{Duration, Instant};

use model::{
    AgentName, Client, Decision, Digest, Effect, Finding, KeyHash, Kind, Payload, PayloadRef,
    PolicyId, Record, RecordId, Resource, SessionId, Severity, Status, TenantId, Timestamp, Usage,
    UserName, ZoneName,
};
use store::{Batch, DeclaredAgent, Entry, Field, Filter, NewAgent, Store};

const BATCH: u64 = 1_000;
/// Records a second at which the index must keep up.
const PACE: f64 = 20_000.0;
/// How long it is watched keeping up.
const WATCHED: Duration = Duration::from_secs(10);
/// Two records a millisecond: ten million are 83 minutes of a busy gate.
const GAP_MICROS: i64 = 500;
const START_MICROS: i64 = 1_795_000_000_000_000;

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

#[tokio::main]
async fn main() -> Outcome<()> {
    let mut arguments = std::env::args().skip(1);
    let records: u64 = arguments.next().map_or(Ok(1_000_000), |text| text.parse())?;
    let folder = match arguments.next() {
        Some(parent) => tempfile::tempdir_in(parent)?,
        None => tempfile::tempdir()?,
    };
    let file = folder.path().join("state.db");
    let store = Store::open(&file)?;
    load(&store).await?;
    fill(&store, records, &file).await?;
    keep_up(&store, records).await?;
    searches(&store, records).await?;
    together(&store, records).await
}

/// What an access review asks of ten thousand agents, and what a chart asks for its bars.
async fn together(store: &Store, records: u64) -> Outcome<()> {
    let tenant = TenantId::main();
    let asked = (0..10_000).map(|agent| vec![(Field::Agent, format!("agent-{agent}"))]).collect();
    let (begun, cpu) = (Instant::now(), processor_time()?);
    let found = store.last_of_each(&tenant, asked).await?;
    let known = found.iter().flatten().count();
    let spent = processor_time()?.saturating_sub(cpu);
    println!(
        "when each of 10,000 agents last acted ({known} did): {:?}, {spent:?} of CPU",
        begun.elapsed()
    );
    let (begun, cpu) = (Instant::now(), processor_time()?);
    let uses = store.uses_of_agents(&tenant, Timestamp::from_micros(0), 8).await?;
    let spent = processor_time()?.saturating_sub(cpu);
    println!(
        "what each of {} reached: {:?}, {spent:?} of CPU",
        uses.by_agent.len(),
        begun.elapsed()
    );
    let from = Timestamp::from_micros(START_MICROS);
    let step = Duration::from_micros(records * GAP_MICROS as u64 / 1_000);
    let filter = Filter { effect: Some(Effect::Permit), ..Filter::default() };
    let (begun, cpu) = (Instant::now(), processor_time()?);
    store.histogram(&tenant, filter, from, step, 1_000).await?;
    let spent = processor_time()?.saturating_sub(cpu);
    println!("what was permitted, in 1,000 spans: {:?}, {spent:?} of CPU", begun.elapsed());
    Ok(())
}

async fn load(store: &Store) -> Result<(), Box<dyn std::error::Error>> {
    let declared: Result<Vec<_>, model::IdError> = (0..10_000).map(declared).collect();
    let begun = Instant::now();
    store.declare_agents(&TenantId::main(), declared?, Timestamp::default()).await?;
    println!("declare 10,000 agents: {:?}", begun.elapsed());
    for _ in 0..3 {
        let begun = Instant::now();
        let control = store.load_control(&TenantId::main()).await?;
        println!("load {} agents with keys: {:?}", control.agents.len(), begun.elapsed());
    }
    Ok(())
}

fn declared(number: u64) -> Result<DeclaredAgent, model::IdError> {
    let agent = NewAgent {
        name: AgentName::new(&format!("agent-{number}"))?,
        owner: Some("owner@example.com".to_owned()),
        purpose: None,
        roles: vec!["support".parse()?],
        zone: ZoneName::new("production")?,
        tier: None,
    };
    Ok(DeclaredAgent { agent, keys: vec![KeyHash::of(&number.to_be_bytes())] })
}

async fn fill(store: &Store, records: u64, file: &Path) -> Outcome<()> {
    let (mut slowest, mut busy) = (Duration::ZERO, Duration::ZERO);
    let cpu = processor_time()?;
    let mut making = Duration::ZERO;
    for first in (0..records).step_by(BATCH as usize) {
        let before = processor_time()?;
        let made = encoded(first..(first + BATCH).min(records))?;
        making += processor_time()?.saturating_sub(before);
        let begun = Instant::now();
        index(store, first, &made).await?;
        slowest = slowest.max(begun.elapsed());
        busy += begun.elapsed();
    }
    let cpu = (processor_time()? - cpu).saturating_sub(making);
    println!(
        "index {records} records in batches of {BATCH}: {:.0}/s, {:.0} a second of one core, slowest batch {slowest:?}, {} MB",
        records as f64 / busy.as_secs_f64(),
        records as f64 / cpu.as_secs_f64(),
        std::fs::metadata(file)?.len() / 1_000_000,
    );
    Ok(())
}

/// Records arrive at a steady pace; whoever indexes takes what has arrived.
async fn keep_up(store: &Store, from: u64) -> Outcome<()> {
    let made = encoded(from..from + (PACE * WATCHED.as_secs_f64()) as u64)?;
    let begun = Instant::now();
    let (mut next, mut lags) = (0, Vec::new());
    while next < made.len() {
        let arrived = ((begun.elapsed().as_secs_f64() * PACE) as usize).min(made.len());
        let batch = &made[next..arrived.min(next + BATCH as usize)];
        if batch.is_empty() {
            tokio::time::sleep(Duration::from_millis(1)).await;
            continue;
        }
        index(store, from + next as u64, batch).await?;
        lags.push(begun.elapsed().saturating_sub(Duration::from_secs_f64(next as f64 / PACE)));
        next += batch.len();
    }
    lags.sort_unstable();
    let at = |share: f64| lags.get((lags.len() as f64 * share) as usize).copied();
    println!(
        "at {PACE:.0} records a second, from arrival to found: p50 {:?}, p99 {:?}, most {:?}",
        at(0.5).unwrap_or_default(),
        at(0.99).unwrap_or_default(),
        lags.last().copied().unwrap_or_default(),
    );
    Ok(())
}

fn encoded(range: std::ops::Range<u64>) -> Outcome<Vec<Vec<u8>>> {
    range.map(|position| Ok(record(position)?.encode()?)).collect()
}

async fn index(store: &Store, first: u64, made: &[Vec<u8>]) -> Outcome<()> {
    let entries: Result<Vec<Entry>, _> = (first..)
        .zip(made)
        .map(|(at, bytes)| Record::decode(bytes).map(|record| Entry::of(at, &record)))
        .collect();
    let (tenant, log) = (TenantId::main(), "main".to_owned());
    store.index(Batch { tenant, log, entries: entries?, counters: None }).await?;
    Ok(())
}

/// Spreads numbers without a generator: a multiplicative hash.
fn spread(number: u64, over: u64) -> u64 {
    (number.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32) % over
}

/// Every second action is a stream: begun, and completed by the next record.
fn record(position: u64) -> Outcome<Record> {
    let action = position - u64::from(position % 4 == 1);
    let effect = if spread(action, 200) == 0 { Effect::Deny } else { Effect::Permit };
    let status = match (position % 4, effect) {
        (0, _) => Status::Begun,
        (_, Effect::Deny) => Status::Refused,
        _ => Status::Ok,
    };
    let reason = match effect {
        Effect::Deny => format!("no role grants model-{} to this agent", spread(action, 20)),
        _ => "permitted by a role".to_owned(),
    };
    let policies = vec![PolicyId::new(if effect == Effect::Deny { "baseline" } else { "roles" })?];
    let decision = Decision { effect, obligations: vec![], policies, reason: reason.into() };
    let time = Timestamp::from_micros(START_MICROS + position as i64 * GAP_MICROS);
    let id = RecordId::new(time, u128::from(action));
    let mut record = Record::new(id, time, TenantId::main(), Kind::LLM_CALL, decision);
    record.status = status;
    // A thousand agents, some of which do most.
    let agent = spread(action / 3, 1_000) * spread(action, 1_000) / 1_000;
    record.agent = Some(AgentName::new(&format!("agent-{agent}"))?);
    record.on_behalf_of = Some(UserName::new(&format!("person-{}@example.com", agent % 200))?);
    record.zone =
        Some(ZoneName::new(if agent.is_multiple_of(10) { "test" } else { "production" })?);
    let model = spread(action, 20);
    let provider = if model < 15 { "openai" } else { "anthropic" };
    let name = format!("{provider}/model-{model}");
    record.resource = Some(Resource { name, kind: "model".into() });
    record.session = Some(SessionId::new(&format!("session-{}", action / 20))?);
    record.http_status = Some(if effect == Effect::Deny { 403 } else { 200 });
    let hash = Digest::of(&action.to_be_bytes());
    record.trace = Some(hash.to_string()[..32].to_owned());
    let side = |sha256| Some(PayloadRef { reference: None, sha256 });
    let answered = Digest::of(&hash.0);
    record.payload = Payload { request: side(hash), response: side(answered) };
    record.client = Client {
        address: format!("192.0.2.{}:{}", agent % 200, 1_024 + position % 60_000),
        credential: format!("key:{agent:08x}"),
        user_agent: format!("sdk/{}", agent % 7),
    };
    record.detail.insert("endpoint".into(), "chat_completions".to_owned());
    record.usage = Usage {
        added_ms: spread(action, 900) as f64 / 1_000.0,
        bytes_in: spread(action, 20_000) + 200,
        bytes_out: spread(action ^ 1, 40_000) + 200,
        cost_usd: spread(action, 50_000) as f64 / 1e6,
        input_tokens: spread(action, 5_000) + 10,
        output_tokens: spread(action ^ 2, 2_000) + 1,
        upstream_ms: spread(action, 30_000) as f64 / 10.0,
    };
    if spread(position, 500) == 0 {
        record.labels = vec!["confidential".to_owned()];
        record.findings = vec![Finding {
            confidence: 0.9,
            count: 1,
            detector: "github_token".into(),
            fingerprint: None,
            kind: "secret.github_token".into(),
            severity: Severity::Critical,
            location: "request:messages[0].content".to_owned(),
        }];
    }
    Ok(record)
}

/// Asks each question five times and takes the middle, as a console does that is in use.
async fn searches(store: &Store, records: u64) -> Outcome<()> {
    let middle = record(records / 2 + 2)?;
    let at = |share: u64| {
        Timestamp::from_micros(START_MICROS + (records * share / 100) as i64 * GAP_MICROS)
    };
    let questions = [
        String::new(),
        "agent:agent-77".into(),
        "agent:agent-77 effect:deny".into(),
        "effect:deny".into(),
        "effect:permit status:ok".into(),
        "-effect:permit provider:anthropic zone:test".into(),
        "finding:secret agent:agent-77".into(),
        "label:confidential user:person-1*".into(),
        format!("session:session-{}", records / 2 / 20),
        format!("trace:{}", middle.trace.as_deref().unwrap_or_default()),
        format!("request:{}", Digest::of(&(records / 2 + 2).to_be_bytes())),
        format!("id:{}", middle.id),
        "\"grants model-3\"".into(),
        "model-1* effect:deny address:192.0.2.7".into(),
        "input_tokens:>5000".into(),
        "cost_usd:>0.0499 http_status:4xx".into(),
        format!("resource:openai/model-3 since:{} until:{}", at(20), at(21)),
        format!("agent:nobody-has-this until:{}", at(50)),
    ];
    println!("{:<52} {:>9} {:>10} {:>10} {:>10}", "question", "found", "page", "count", "top");
    for question in questions {
        let mut filter = Filter::default();
        filter.narrow(&question, at(100))?;
        ask(store, &question, &filter).await?;
    }
    let begun = Instant::now();
    let step = at(100).since(at(0)) / 60;
    let bins = store.histogram(&TenantId::main(), Filter::default(), at(0), step, 60).await?;
    println!("histogram of everything in {} bins: {:?}", bins.len(), begun.elapsed());
    Ok(())
}

async fn ask(store: &Store, question: &str, filter: &Filter) -> Outcome<()> {
    let tenant = TenantId::main();
    let (mut pages, mut counts, mut tops) = (Vec::new(), Vec::new(), Vec::new());
    let mut found = 0;
    for _ in 0..5 {
        let begun = Instant::now();
        store.search(&tenant, filter.clone(), None, 50).await?;
        pages.push(begun.elapsed());
        let begun = Instant::now();
        found = store.count(&tenant, filter.clone(), u64::MAX).await?.value;
        counts.push(begun.elapsed());
        let begun = Instant::now();
        store.top(&tenant, filter.clone(), Field::Agent, 20).await?;
        tops.push(begun.elapsed());
    }
    let middle = |mut times: Vec<Duration>| {
        times.sort_unstable();
        format!("{:.1} ms", times.get(2).copied().unwrap_or_default().as_secs_f64() * 1e3)
    };
    let shown: String = question.chars().take(52).collect();
    let (page, count, top) = (middle(pages), middle(counts), middle(tops));
    println!("{shown:<52} {found:>9} {page:>10} {count:>10} {top:>10}");
    Ok(())
}

/// User and system time of this process, from `/proc/self/stat` in ticks of 10 ms.
fn processor_time() -> Outcome<Duration> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let fields = stat.rsplit_once(") ").ok_or("no stat")?.1;
    let ticks =
        fields.split(' ').skip(11).take(2).map(str::parse::<u64>).sum::<Result<u64, _>>()?;
    Ok(Duration::from_millis(ticks * 10))
}
