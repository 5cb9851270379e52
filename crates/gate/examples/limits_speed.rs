//! What limits cost a call, in processor time of one thread, with a million counters that live.
//!
//! `cargo run --release -p portcullis-gate --example limits_speed`

#![expect(clippy::print_stdout, reason = "it is a program that reports")]

use std::error::Error;
use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use gate::limits::{Amount, Caller, Counters, Limit, Per, Place};
use model::{TenantId, Tier, Timestamp};

const LIVE: usize = 1_000_000;
/// Has no factor in common with the million.
const STRIDE: usize = 714_029;
const BATCH: usize = 500;
const NOW: Timestamp = Timestamp::from_micros(1_795_442_700_000_000);

type Failed = Box<dyn Error>;

fn main() -> Result<(), Failed> {
    let (counters, tenant) = (Arc::new(Counters::default()), TenantId::main());
    let limits = [limit("agent", Per::Agent), limit("tool", Per::Tool), limit("all", Per::Tenant)];
    let before = resident()?;
    for names in (0..LIVE).collect::<Vec<_>>().chunks(BATCH).map(named) {
        names.iter().try_for_each(|names| call(&counters, &limits[..1], &tenant, names))?;
    }
    let each = resident()?.saturating_sub(before) / LIVE;
    println!("{LIVE} counters: {each} bytes each");
    for some in 1..=limits.len() {
        let spent = measured(|names| call(&counters, &limits[..some], &tenant, names))?;
        println!("a call under {some} limits, reserved and settled: {spent:?}");
    }
    Ok(())
}

/// An agent and a tool, as a call brings them.
type Names = (String, String);

fn named(numbers: &[usize]) -> Vec<Names> {
    numbers.iter().map(|n| (format!("agent-{n:07}"), format!("server/tool-{n:07}"))).collect()
}

fn limit(name: &str, per: Per) -> Limit {
    Limit {
        name: name.into(),
        per,
        only: None,
        except: Vec::new(),
        tier: None,
        tool: None,
        window: Duration::from_secs(24 * 60 * 60),
        requests: Some(u64::MAX),
        tokens: Some(u64::MAX),
        spend: Some(u64::MAX),
        concurrency: Some(1000),
        bytes: Some(u64::MAX),
    }
}

fn call(
    counters: &Arc<Counters>,
    limits: &[Limit],
    tenant: &TenantId,
    (agent, tool): &Names,
) -> Result<(), Failed> {
    let caller = Caller {
        tenant,
        agent,
        person: None,
        shown: None,
        tier: Tier::Api,
        place: Place::Server("server"),
        tool: Some(tool),
    };
    let amount = Amount { tokens: 100, spend: 10, bytes: 1000 };
    let reserved = counters.reserve(limits, &caller, amount, NOW);
    let reserved = reserved.map_err(|exceeded| format!("{exceeded:?}"))?;
    black_box(reserved).settle(amount, NOW);
    Ok(())
}

/// In an order that no cache knows: a stride through the million. Names are made beforehand, in batches that
/// fit into a cache, as a call has those that it asks for.
fn measured(work: impl Fn(&Names) -> Result<(), Failed>) -> Result<Duration, Failed> {
    let order: Vec<usize> = (0..LIVE).map(|round| round * STRIDE % LIVE).collect();
    let mut total = Duration::ZERO;
    // Once for what is new under this many limits, then for the measure.
    for is_measured in [false, true] {
        for names in order.chunks(BATCH).map(named) {
            let begun = spent()?;
            names.iter().try_for_each(&work)?;
            total += if is_measured { spent()? - begun } else { Duration::ZERO };
        }
    }
    Ok(total / u32::try_from(LIVE)?)
}

/// Processor time of this thread.
fn spent() -> Result<Duration, Failed> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat")?;
    Ok(Duration::from_nanos(text.split(' ').next().ok_or("no schedstat")?.parse()?))
}

fn resident() -> Result<usize, Failed> {
    let text = std::fs::read_to_string("/proc/self/statm")?;
    let pages: usize = text.split(' ').nth(1).ok_or("no statm")?.parse()?;
    Ok(pages * 4096)
}
