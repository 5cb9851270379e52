//! From the log to the search index and the counters that outlive a restart.
//!
//! Both are functions of the log: what a crash loses of them is made again from its records. The
//! indexer gives way to the gate: while nobody waits for it, it works a small share of the time.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use gate::limits::{Amount, Caller, Counters, Limit, Place, Saved};
use gate::mcp::listen::COUNTED_AT;
use model::{Record, Status, Tier, Timestamp, UserName};
use payloads::Names;
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
/// Before it is tried again.
const AFTER_FAILURE: Duration = Duration::from_secs(5);
/// Further behind than this, it does not rest.
const FAR_BEHIND: u64 = 500_000;

/// What limits have counted, and the position in the log up to which they have.
pub(super) struct Counted {
    pub(super) counters: Arc<Counters>,
    upto: u64,
    /// What changed and is not in the store yet.
    unsaved: BTreeMap<(String, Timestamp), u64>,
}

impl Counted {
    fn new(counters: Arc<Counters>, upto: u64) -> Self {
        Self { counters, upto, unsaved: BTreeMap::new() }
    }

    /// All that the store has to be told.
    fn changes(&mut self, limits: &[Limit]) -> Vec<Counter> {
        let changed = self.counters.take_changed();
        for row in changed.iter().flat_map(|saved| rows(limits, saved)) {
            self.unsaved.insert((row.key, row.start), row.value);
        }
        let row = |((key, start), value): (&(String, Timestamp), &u64)| Counter {
            key: key.clone(),
            start: *start,
            value: *value,
        };
        self.unsaved.iter().map(row).collect()
    }
}

/// Brings index and counters up to date, until the log is closed.
pub(super) async fn run(core: Arc<Core>, mut counted: Counted, mut stop: watch::Receiver<bool>) {
    let mut durable = core.log.durable();
    let mut size = core.log.size();
    loop {
        let begun = Instant::now();
        let is_quiet = core.log.size() - size < QUIET;
        size = core.log.size();
        let stepped = match begin_anew(&core).await {
            Ok(()) => step(&core, &mut counted).await,
            Err(error) => Err(error),
        };
        match stepped {
            Ok(0) if *stop.borrow() => return,
            Ok(0) => {
                tokio::select! {
                    grown = durable.changed() => if grown.is_err() { return },
                    () = core.wanted.notified() => {}
                    _ = stop.changed() => {}
                }
            }
            // Catching up with what a busy time left behind.
            Ok(left) if is_quiet && left > BATCH as u64 => {}
            Ok(left) => rest(&core, left, PAUSE.max(begun.elapsed() * REST), &mut stop).await,
            Err(error) => {
                // Nothing is lost: the log has it all, and limits have counted it.
                tracing::error!(%error, "the search index does not take records; it is tried again");
                tokio::select! {
                    () = tokio::time::sleep(AFTER_FAILURE) => {}
                    _ = stop.changed() => return,
                }
            }
        }
    }
}

/// Gives the index up where that was asked for.
async fn begin_anew(core: &Core) -> anyhow::Result<()> {
    let asked = core.rebuild.lock().unwrap_or_else(PoisonError::into_inner).take();
    let Some(asked) = asked else { return Ok(()) };
    core.house.store.forget_index(&core.tenant).await?;
    core.indexed.send_replace(0);
    tracing::info!(records = core.log.size(), "the search index is made anew from the log");
    // Who asked may be gone; the index is made anew all the same.
    let _ = asked.send(());
    Ok(())
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
async fn step(core: &Core, counted: &mut Counted) -> anyhow::Result<u64> {
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
    // What was counted before this start, or before the index was given up, counts once.
    let new = records.iter().skip(usize::try_from(counted.upto.saturating_sub(from))?);
    let counters = &counted.counters;
    new.for_each(|record| count(counters, &limits, record, &core.keys.names));
    let position = from + records.len() as u64;
    counted.upto = counted.upto.max(position);
    let entries = records
        .iter()
        .enumerate()
        .map(|(at, record)| Entry::of(from + at as u64, record))
        .collect();
    let changed = counted.changes(&limits);
    let batch = Batch {
        tenant: core.tenant.clone(),
        log: LOG.into(),
        entries,
        counters: Some(CountedAt { position: counted.upto, counters: changed }),
    };
    let next = core.house.store.index(batch).await?;
    counted.unsaved.clear();
    core.indexed.send_replace(next);
    Ok(behind)
}

/// Adds what a record says was used to the limits that it counts under.
pub(super) fn count(counters: &Arc<Counters>, limits: &[Limit], record: &Record, names: &Names) {
    let Some(agent) = &record.agent else { return };
    let Some(resource) = &record.resource else { return };
    let tokens = record.usage.input_tokens.saturating_add(record.usage.output_tokens);
    let is_free = record.status == Status::Begun || record.status == Status::Refused && tokens == 0;
    let owner = resource.name.split('/').next().unwrap_or_default();
    let places: Vec<Place<'_>> = match record.kind.as_str() {
        _ if is_free => return,
        "llm.call" => vec![Place::Provider(owner)],
        // One stream is heard at several servers; one that is opened by GET counts nowhere.
        "mcp.listen" => {
            let servers = record.detail.get(COUNTED_AT).map(String::as_str).unwrap_or_default();
            servers.split(',').filter(|name| !name.is_empty()).map(Place::Server).collect()
        }
        kind if gate::mcp::method::is_counted(kind) => vec![Place::Server(owner)],
        _ => return,
    };
    let used = Amount {
        tokens,
        spend: (record.usage.cost_usd * 1e6).round() as u64,
        bytes: record.usage.bytes_in.saturating_add(record.usage.bytes_out),
    };
    let tier = record.detail.get("tier").and_then(|tier| Tier::parse(tier));
    // Limits speak of names; what counts is kept by what records call people.
    let person = record
        .on_behalf_of
        .as_ref()
        .map(|shown| names.name(shown).unwrap_or_else(|| shown.clone()));
    let caller = |place| Caller {
        tenant: &record.tenant,
        agent: agent.as_str(),
        person: person.as_ref().map(UserName::as_str),
        shown: record.on_behalf_of.as_ref().map(UserName::as_str),
        tier: tier.unwrap_or_default(),
        place,
        tool: (resource.kind == "tool").then_some(resource.name.as_str()),
    };
    let callers: Vec<Caller<'_>> = places.into_iter().map(caller).collect();
    counters.record(limits, &callers, used, record.time);
}

/// One row a quantity; a limit that is no longer configured has nothing to keep.
fn rows(limits: &[Limit], saved: &Saved) -> Vec<Counter> {
    let Some(limit) = limits.iter().find(|limit| limit.name == saved.limit) else {
        return Vec::new();
    };
    let start = saved.ends.minus(limit.window);
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
pub(super) async fn restore(core: &Core) -> anyhow::Result<Counted> {
    let counters = Arc::new(Counters::default());
    let limits = core.settings.load().limits.clone();
    let (rows, mut position) = core.house.store.load_counters(&core.tenant, LOG).await?;
    counters.import(saved(core, &limits, rows));
    let Some(longest) =
        limits.iter().filter(|limit| limit.counts()).map(|limit| limit.window).max()
    else {
        return Ok(Counted::new(counters, position));
    };
    let since = now().minus(longest);
    position = position.max(core.log.first());
    while position < core.log.size() {
        let raw = core.log.read(position, BATCH)?;
        for bytes in raw.iter().filter(|bytes| may_count(bytes, since)) {
            count(&counters, &limits, &Record::decode(bytes)?, &core.keys.names);
        }
        position += raw.len() as u64;
    }
    Ok(Counted::new(counters, position))
}

/// How the kinds begin that limits count, as a record spells them.
const COUNTED: [&[u8]; 2] = [b"\"kind\":\"llm.call\"", b"\"kind\":\"mcp."];

/// Whether a record is of a kind and a time that limits still count; told without decoding it all.
fn may_count(record: &[u8], since: Timestamp) -> bool {
    let after = |mark: &[u8]| {
        memchr::memmem::rfind(record, mark).and_then(|at| record.get(at + mark.len()..))
    };
    if COUNTED.iter().all(|kind| after(kind).is_none()) {
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
        let ends = limit.ends(row.start);
        let fresh = || Saved {
            tenant: core.tenant.clone(),
            limit: limit.name.clone(),
            subject: subject.into(),
            ends,
            requests: 0,
            used: Amount::default(),
        };
        let entry = found.entry((name.to_owned(), subject.to_owned())).or_insert_with(fresh);
        if ends > entry.ends {
            *entry = fresh();
        }
        if ends < entry.ends {
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
