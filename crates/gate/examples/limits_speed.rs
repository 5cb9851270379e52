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
const ROUNDS: usize = 1_000_000;
const NOW: Timestamp = Timestamp::from_micros(1_795_442_700_000_000);

type Failed = Box<dyn Error>;

fn main() -> Result<(), Failed> {
    let (counters, tenant) = (Arc::new(Counters::default()), TenantId::main());
    let limits = [limit("agent", Per::Agent), limit("tool", Per::Tool), limit("all", Per::Tenant)];
    let names: Vec<(String, String)> =
        (0..LIVE).map(|n| (format!("agent-{n:07}"), format!("server/tool-{n:07}"))).collect();
    let before = resident()?;
    for (agent, tool) in &names {
        call(&counters, &limits[..1], (&tenant, agent, tool))?;
    }
    let each = resident()?.saturating_sub(before) / LIVE;
    println!("{LIVE} counters: {each} bytes each");
    for some in 1..=limits.len() {
        let spent = measured(&names, |(agent, tool)| {
            call(&counters, &limits[..some], (&tenant, agent, tool))
        })?;
        println!("a call under {some} limits, reserved and settled: {spent:?}");
    }
    Ok(())
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
    (tenant, agent, tool): (&TenantId, &str, &str),
) -> Result<(), Failed> {
    let caller = Caller {
        tenant,
        agent,
        person: None,
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

/// Names in an order that no cache knows: an odd stride through a million.
fn measured(
    names: &[(String, String)],
    work: impl Fn(&(String, String)) -> Result<(), Failed>,
) -> Result<Duration, Failed> {
    // Once for what is new to this number of limits, then for the measure.
    names.iter().try_for_each(&work)?;
    let begun = spent()?;
    for round in 0..ROUNDS {
        work(&names[round * 714_029 % names.len()])?;
    }
    Ok((spent()? - begun) / u32::try_from(ROUNDS)?)
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
