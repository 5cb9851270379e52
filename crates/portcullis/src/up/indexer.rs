//! From the log to the search index and the counters that outlive a restart.
//!
//! Both are functions of the log: what a crash loses of them is made again from its records. The
//! indexer gives way to the gate: while nobody waits for it, it works a small share of the time.

use std::sync::Arc;
use std::time::{Duration, Instant};

use gate::limits::{Amount, Caller, Counters, Limit, Place, Saved};
use model::{Record, Status, Tier, Timestamp};
use store::{Batch, CountedAt, Counter, Entry};
use tokio::sync::watch;

use super::core::{Core, LOG, now};

/// Records of one transaction.
const BATCH: usize = 1000;
/// For each moment of work, so many of rest, while nobody waits.
const REST: u32 = 19;
/// Each transaction costs a sync, so it waits for company at least this long.
const PAUSE: Duration = Duration::from_millis(250);
/// A log that grew by fewer records since the last step leaves time enough.
const QUIET: u64 = 100;
/// Further behind than this, it does not rest.
const FAR_BEHIND: u64 = 500_000;

/// Brings index and counters up to date, until the log is closed.
pub(super) async fn run(core: Arc<Core>, counters: Arc<Counters>, mut stop: watch::Receiver<bool>) {
    let mut durable = core.log.durable();
    let mut size = core.log.size();
    loop {
        let begun = Instant::now();
        let is_quiet = core.log.size() - size < QUIET;
        size = core.log.size();
        match step(&core, &counters).await {
            Ok(0) if *stop.borrow() => return,
            Ok(0) => {
                tokio::select! {
                    grown = durable.changed() => if grown.is_err() { return },
                    _ = stop.changed() => {}
                }
            }
            // Catching up with what a busy time left behind.
            Ok(left) if is_quiet && left > BATCH as u64 => {}
            Ok(left) => rest(&core, left, PAUSE.max(begun.elapsed() * REST), &mut stop).await,
            Err(error) => {
                tracing::error!(%error, "the search index does not take records; it goes on from here at the next start");
                return;
            }
        }
    }
}

async fn rest(core: &Core, left: u64, pause: Duration, stop: &mut watch::Receiver<bool>) {
    if left > FAR_BEHIND || *stop.borrow() || core.is_awaited() {
        return;
    }
    tokio::select! {
        () = tokio::time::sleep(pause) => {}
        () = core.wanted.notified() => {}
        _ = stop.changed() => {}
    }
}

/// Indexes one batch; gives how many records were behind it before.
async fn step(core: &Core, counters: &Arc<Counters>) -> anyhow::Result<u64> {
    let from = *core.indexed.borrow();
    let behind = core.log.size().saturating_sub(from);
    if behind == 0 {
        return Ok(0);
    }
    let log = core.log.clone();
    let raw = tokio::task::spawn_blocking(move || log.read(from, BATCH)).await??;
    let records: Vec<Record> =
        raw.iter().map(|bytes| Record::decode(bytes)).collect::<Result<_, _>>()?;
    let limits = core.settings.load().limits.clone();
    records.iter().for_each(|record| count(counters, &limits, record));
    let position = from + records.len() as u64;
    let entries = records
        .iter()
        .enumerate()
        .map(|(at, record)| Entry::of(from + at as u64, record))
        .collect();
    let changed = counters.take_changed().iter().flat_map(|saved| rows(&limits, saved)).collect();
    let batch = Batch {
        tenant: core.tenant.clone(),
        log: LOG.into(),
        entries,
        counters: Some(CountedAt { position, counters: changed }),
    };
    let next = core.store.index(batch).await?;
    core.indexed.send_replace(next);
    Ok(behind)
}

/// Adds what a record says was used to the limits that it counts under.
pub(super) fn count(counters: &Arc<Counters>, limits: &[Limit], record: &Record) {
    let Some(agent) = &record.agent else { return };
    let Some(resource) = &record.resource else { return };
    let tokens = record.usage.input_tokens.saturating_add(record.usage.output_tokens);
    let is_free = record.status == Status::Begun || record.status == Status::Refused && tokens == 0;
    let owner = resource.name.split('/').next().unwrap_or_default();
    let place = match record.kind.as_str() {
        _ if is_free => return,
        "llm.call" => Place::Provider(owner),
        kind if gate::mcp::method::is_counted(kind) => Place::Server(owner),
        _ => return,
    };
    let used = Amount {
        tokens,
        spend: (record.usage.cost_usd * 1e6).round() as u64,
        bytes: record.usage.bytes_in.saturating_add(record.usage.bytes_out),
    };
    let tier = record.detail.get("tier").and_then(|tier| Tier::parse(tier));
    let caller = Caller {
        tenant: &record.tenant,
        agent: agent.as_str(),
        person: record.on_behalf_of.as_ref().map(model::UserName::as_str),
        tier: tier.unwrap_or_default(),
        place,
        tool: (resource.kind == "tool").then_some(resource.name.as_str()),
    };
    counters.record(limits, &caller, used, record.time);
}

/// One row a quantity; a limit that is no longer configured has nothing to keep.
fn rows(limits: &[Limit], saved: &Saved) -> Vec<Counter> {
    let Some(limit) = limits.iter().find(|limit| limit.name == saved.limit) else {
        return Vec::new();
    };
    let window = i64::try_from(limit.window.as_micros()).unwrap_or(i64::MAX);
    let start = Timestamp::from_micros(saved.window.saturating_mul(window));
    let values = [
        ("requests", saved.requests),
        ("tokens", saved.used.tokens),
        ("spend", saved.used.spend),
        ("bytes", saved.used.bytes),
    ];
    let row = |(quantity, value)| Counter {
        key: format!("{}\u{1f}{}\u{1f}{quantity}", saved.limit, saved.subject),
        start,
        value,
    };
    values.into_iter().map(row).collect()
}

/// The counters as they were when the process ended, however it ended.
pub(super) async fn restore(core: &Core) -> anyhow::Result<Arc<Counters>> {
    let counters = Arc::new(Counters::default());
    let limits = core.settings.load().limits.clone();
    let (rows, mut position) = core.store.load_counters(&core.tenant, LOG).await?;
    counters.import(saved(core, &limits, rows));
    let Some(longest) =
        limits.iter().filter(|limit| limit.counts()).map(|limit| limit.window).max()
    else {
        return Ok(counters);
    };
    let since = now().minus(longest);
    while position < core.log.size() {
        let raw = core.log.read(position, BATCH)?;
        for bytes in raw.iter().filter(|bytes| may_count(bytes, since)) {
            count(&counters, &limits, &Record::decode(bytes)?);
        }
        position += raw.len() as u64;
    }
    Ok(counters)
}

/// Whether a record is of a kind and a time that limits still count; told without decoding it all.
fn may_count(record: &[u8], since: Timestamp) -> bool {
    let after = |mark: &[u8]| {
        memchr::memmem::rfind(record, mark).and_then(|at| record.get(at + mark.len()..))
    };
    if after(b"\"kind\":\"llm.call\"").is_none() {
        return false;
    }
    let text = after(b"\"time\":\"").and_then(|rest| rest.get(..27));
    let time = text
        .and_then(|text| std::str::from_utf8(text).ok())
        .and_then(|text| text.parse::<Timestamp>().ok());
    // What cannot be told is decoded.
    time.is_none_or(|time| time >= since)
}

fn saved(core: &Core, limits: &[Limit], rows: Vec<Counter>) -> Vec<Saved> {
    let mut found: std::collections::HashMap<(String, String), Saved> =
        std::collections::HashMap::new();
    for row in rows {
        let mut parts = row.key.splitn(3, '\u{1f}');
        let (Some(name), Some(subject), Some(quantity)) =
            (parts.next(), parts.next(), parts.next())
        else {
            continue;
        };
        let Some(limit) = limits.iter().find(|limit| &*limit.name == name) else { continue };
        let window = row
            .start
            .micros()
            .div_euclid(i64::try_from(limit.window.as_micros()).unwrap_or(i64::MAX).max(1));
        let fresh = || Saved {
            tenant: core.tenant.clone(),
            limit: limit.name.clone(),
            subject: subject.into(),
            window,
            requests: 0,
            used: Amount::default(),
        };
        let entry = found.entry((name.to_owned(), subject.to_owned())).or_insert_with(fresh);
        if window > entry.window {
            *entry = fresh();
        }
        if window < entry.window {
            continue;
        }
        match quantity {
            "requests" => entry.requests = row.value,
            "tokens" => entry.used.tokens = row.value,
            "spend" => entry.used.spend = row.value,
            _ => entry.used.bytes = row.value,
        }
    }
    found.into_values().collect()
}
