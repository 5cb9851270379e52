//! Measures what the store promises at size: `cargo run --release -p portcullis-store --example
//! measure [ROWS]` fills an index and times loads, inserts and searches.

#![expect(clippy::print_stdout, reason = "a measurement prints its table")]

use std::time::{Duration, Instant};

use model::{
    AgentName, Effect, KeyHash, RecordId, SessionId, Status, TenantId, Timestamp, ZoneName,
};
use store::{Batch, DeclaredAgent, Entry, Filter, NewAgent, Store};

const BATCH: u64 = 1_000;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let rows: u64 = std::env::args().nth(1).map_or(Ok(1_000_000), |text| text.parse())?;
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("state.db");
    let store = Store::open(&file)?;
    load(&store).await?;
    fill(&store, rows).await?;
    println!("size on disk: {} MB", std::fs::metadata(&file)?.len() / 1_000_000);
    searches(&store, rows).await?;
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

async fn fill(store: &Store, rows: u64) -> Result<(), Box<dyn std::error::Error>> {
    let mut slowest = Duration::ZERO;
    let begun = Instant::now();
    for first in (0..rows).step_by(BATCH as usize) {
        let entries = (first..(first + BATCH).min(rows)).map(entry).collect();
        let batch =
            Batch { tenant: TenantId::main(), log: "main".to_owned(), entries, counters: None };
        let one = Instant::now();
        store.index(batch).await?;
        slowest = slowest.max(one.elapsed());
    }
    let rate = rows as f64 / begun.elapsed().as_secs_f64();
    println!("index {rows} records in batches of {BATCH}: {rate:.0}/s, slowest batch {slowest:?}");
    Ok(())
}

/// Spreads numbers without a generator: a multiplicative hash.
fn spread(number: u64, over: u64) -> u64 {
    (number.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32) % over
}

/// Every second action is a stream: begun, and completed by the next record.
fn entry(position: u64) -> Entry {
    let action = position - u64::from(position % 4 == 1);
    let effect = if spread(position, 200) == 0 { Effect::Deny } else { Effect::Permit };
    let status = match (position % 4, effect) {
        (0, _) => Status::Begun,
        (_, Effect::Deny) => Status::Refused,
        _ => Status::Ok,
    };
    let model = spread(action, 20);
    let provider = if model < 15 { "openai" } else { "anthropic" };
    let time = Timestamp::from_micros(1_700_000_000_000_000 + position as i64 * 10_000);
    Entry {
        position,
        id: RecordId::new(time, u128::from(action)),
        time,
        kind: "llm.call".to_owned(),
        effect,
        status,
        agent: Some(format!("agent-{}", spread(action / 3, 1_000))),
        person: None,
        resource: Some(format!("{provider}/model-{model}")),
        provider: Some(provider.to_owned()),
        session: Some(format!("session-{}", action / 20)),
        findings: if spread(position, 500) == 0 {
            vec!["secret.github_token".to_owned()]
        } else {
            vec![]
        },
    }
}

async fn searches(store: &Store, rows: u64) -> Result<(), Box<dyn std::error::Error>> {
    let agent = Some(AgentName::new("agent-77")?);
    let at = |row: u64| Some(Timestamp::from_micros(1_700_000_000_000_000 + row as i64 * 10_000));
    let session = Some(SessionId::new(&format!("session-{}", rows / 2 / 20))?);
    let none = Filter::default;
    let filters = [
        ("newest", none()),
        ("agent", Filter { agent: agent.clone(), ..none() }),
        ("agent, denied", Filter { agent: agent.clone(), effect: Some(Effect::Deny), ..none() }),
        ("denied", Filter { effect: Some(Effect::Deny), ..none() }),
        (
            "permitted, ok",
            Filter { effect: Some(Effect::Permit), status: Some(Status::Ok), ..none() },
        ),
        ("finding family", Filter { finding: Some("secret".to_owned()), ..none() }),
        ("finding, agent", Filter { finding: Some("secret".to_owned()), agent, ..none() }),
        ("session", Filter { session, ..none() }),
        (
            "provider, refused",
            Filter {
                provider: Some("anthropic".to_owned()),
                status: Some(Status::Refused),
                ..none()
            },
        ),
        (
            "model, old hour",
            Filter {
                resource: Some("openai/model-3".to_owned()),
                since: at(1_000),
                until: at(50_000),
                ..none()
            },
        ),
        ("id", Filter { id: Some(entry(rows / 2 + 2).id), ..none() }),
    ];
    for (name, filter) in filters {
        let begun = Instant::now();
        let page = store.search(&TenantId::main(), filter.clone(), None, 50).await?;
        let searched = begun.elapsed();
        let begun = Instant::now();
        let count = store.count(&TenantId::main(), filter, 100_000).await?;
        println!(
            "{name}: {} hits in {searched:?}; count {} in {:?}",
            page.hits.len(),
            count.value,
            begun.elapsed()
        );
    }
    Ok(())
}
