//! Rounds over every target, interleaved, and the table that the docs quote.

use std::collections::BTreeMap;
use std::process::Command;

use anyhow::{Context, Result};
use serde_json::{Value, json};

use crate::Options;
use crate::process::{Core, pinned};
use crate::samples::median;
use crate::scenario::Scenario;
use crate::targets::{self, Setup, Target};

/// Connections at once.
const CONCURRENCY: [usize; 2] = [1, 16];
/// Seconds of load before each measurement, which are not counted in latencies.
const WARMUP: f64 = 0.3;

/// One measurement of one target.
#[derive(Clone, Debug)]
struct Run {
    cpu: Option<f64>,
    p50: f64,
    p99: f64,
    first: f64,
    rate: f64,
}

type Runs = BTreeMap<(&'static str, usize, String), Vec<Run>>;

pub(crate) fn run(options: &Options) -> Result<()> {
    let mut targets = vec![targets::direct()?];
    let upstream = targets[0].address.clone();
    targets.push(targets::nginx(&upstream)?);
    targets.push(targets::portcullis(&upstream, Setup::Everything)?);
    targets.push(targets::portcullis(&upstream, Setup::Bare)?);
    if let Some(file) = &options.peers {
        targets.extend(targets::peers(file)?);
    }
    let scenarios: Vec<Scenario> =
        Scenario::ALL.into_iter().filter(|one| options.asks_for(*one)).collect();
    for target in &targets {
        for &scenario in &scenarios {
            load(target, scenario, 4, 0.5)?;
        }
    }
    let mut runs = Runs::new();
    for round in 0..options.rounds {
        for &scenario in &scenarios {
            for connections in CONCURRENCY {
                // Another order each round, so that no target always follows the same one.
                for step in 0..targets.len() {
                    let next = (step + round) % targets.len();
                    let target = &mut targets[next];
                    let run = load(target, scenario, connections, options.seconds)?;
                    if let Some(process) = &mut target.process {
                        process.check()?;
                    }
                    runs.entry((scenario.name(), connections, target.name.clone()))
                        .or_default()
                        .push(run);
                }
            }
        }
    }
    print!("{}", table(&targets, &runs, options));
    Ok(())
}

fn load(target: &Target, scenario: Scenario, connections: usize, seconds: f64) -> Result<Run> {
    let order = json!({
        "address": target.address, "path": target.path(scenario), "headers": target.headers, "body": scenario.body(),
        "expect": scenario.expect(), "connections": connections, "warmup": WARMUP, "time": seconds,
    });
    let before = target.process.as_ref().map(|process| process.cpu());
    let mut command: Command = pinned(Core::Load, &std::env::current_exe()?);
    let output = command.arg("load").arg(order.to_string()).output()?;
    let used = target
        .process
        .as_ref()
        .zip(before)
        .map(|(process, before)| process.cpu().saturating_sub(before));
    let seen: Value = serde_json::from_slice(&output.stdout).with_context(|| {
        format!("the load generator failed: {}", String::from_utf8_lossy(&output.stderr))
    })?;
    anyhow::ensure!(
        seen["errors"] == 0,
        "{} at {}: {}",
        target.name,
        scenario.name(),
        seen["first_error"]
    );
    let number = |path: &str| seen.pointer(path).and_then(Value::as_f64).unwrap_or_default();
    Ok(Run {
        cpu: used.map(|used| used.as_secs_f64() * 1e6 / number("/served").max(1.0)),
        p50: number("/latency/p50"),
        p99: number("/latency/p99"),
        first: number("/first_chunk/p50"),
        rate: number("/count") / seconds,
    })
}

fn table(targets: &[Target], runs: &Runs, options: &Options) -> String {
    let mut text = format!(
        "\nMedians of {} rounds of {} s, interleaved; the target on one core, load and mock on another.\n\
         CPU is of the target's whole process tree; latencies are what is added to direct.\n",
        options.rounds, options.seconds
    );
    for scenario in Scenario::ALL.into_iter().filter(|one| options.asks_for(*one)) {
        for connections in CONCURRENCY {
            let of = |name: &str, field: fn(&Run) -> Option<f64>| {
                let runs = runs.get(&(scenario.name(), connections, name.to_owned()))?;
                median(runs.iter().filter_map(field))
            };
            text.push_str(&format!("\n### {}, concurrency {connections}\n\n", scenario.name()));
            text.push_str("| target | CPU µs a request | times nginx | requests a second | p50 µs | p99 µs | first chunk µs |\n");
            text.push_str("| --- | --- | --- | --- | --- | --- | --- |\n");
            for target in targets {
                let added = |field: fn(&Run) -> Option<f64>| {
                    let base = if target.name == "direct" { 0.0 } else { of("direct", field)? };
                    Some(of(&target.name, field)? - base)
                };
                let cpu = of(&target.name, |run| run.cpu);
                let ratio = cpu.zip(of("nginx", |run| run.cpu)).map(|(ours, theirs)| ours / theirs);
                text.push_str(&format!(
                    "| {} | {} | {} | {} | {} | {} | {} |\n",
                    target.name,
                    shown(cpu, 1),
                    shown(ratio, 2),
                    shown(of(&target.name, |run| Some(run.rate)), 0),
                    shown(added(|run| Some(run.p50)), 0),
                    shown(added(|run| Some(run.p99)), 0),
                    shown(added(|run| Some(run.first)), 0),
                ));
            }
        }
    }
    text.push_str("\n| target | memory MiB |\n| --- | --- |\n");
    for target in targets {
        let memory = target.process.as_ref().map(|process| process.memory() as f64 / 1024.0);
        text.push_str(&format!("| {} | {} |\n", target.name, shown(memory, 1)));
    }
    text
}

fn shown(value: Option<f64>, digits: usize) -> String {
    value.map_or_else(|| "–".to_owned(), |value| format!("{value:.digits$}"))
}
