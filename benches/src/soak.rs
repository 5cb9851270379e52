//! Memory over a bounded load: does it grow with the number of requests?

use anyhow::{Context, Result};
use serde_json::json;

use crate::Options;
use crate::process::{Core, pinned};
use crate::scenario::Scenario;
use crate::targets::{self, Setup};

/// Looks at the memory, one after each slice of the load.
const SLICES: usize = 20;

pub(crate) fn run(options: &Options) -> Result<()> {
    let mock = targets::direct()?;
    let gate = targets::portcullis(&mock.address, Setup::Everything)?;
    let process = gate.process.as_ref().context("the gate is a process of ours")?;
    let mut points: Vec<(f64, f64)> = Vec::with_capacity(SLICES);
    let mut served = 0.0;
    for slice in 0..SLICES {
        let scenario = Scenario::ALL[slice % 2];
        let order = json!({
            "address": gate.address, "path": gate.path(scenario), "headers": gate.headers, "body": scenario.body(),
            "expect": scenario.expect(), "connections": 16, "warmup": 0, "time": options.seconds * 3.0,
        });
        let output = pinned(Core::Load, &std::env::current_exe()?)
            .arg("load")
            .arg(order.to_string())
            .output()?;
        let seen: serde_json::Value = serde_json::from_slice(&output.stdout)?;
        anyhow::ensure!(seen["errors"] == 0, "{}", seen["first_error"]);
        served += seen["served"].as_f64().unwrap_or_default();
        points.push((served, process.memory() as f64));
    }
    // The first half fills pools and caches; what counts is whether the second half still grows.
    let late = points.get(SLICES / 2..).unwrap_or_default();
    let last = points.last().map_or(0.0, |point| point.1);
    println!(
        "soak: {served:.0} requests, {:.1} MiB at the end, slope of the second half {:.1} KiB per 10,000 requests",
        last / 1024.0,
        slope(late) * 10_000.0
    );
    Ok(())
}

/// The slope of the least-squares line.
fn slope(points: &[(f64, f64)]) -> f64 {
    let count = points.len() as f64;
    let (x, y) = points
        .iter()
        .fold((0.0, 0.0), |sum, point| (sum.0 + point.0 / count, sum.1 + point.1 / count));
    let covariance: f64 = points.iter().map(|point| (point.0 - x) * (point.1 - y)).sum();
    let variance: f64 = points.iter().map(|point| (point.0 - x).powi(2)).sum();
    if variance == 0.0 { 0.0 } else { covariance / variance }
}

#[cfg(test)]
mod tests {
    use super::slope;

    #[test]
    fn a_line_has_its_slope() {
        assert_eq!(slope(&[(0.0, 1.0), (1.0, 3.0), (2.0, 5.0)]), 2.0);
        assert_eq!(slope(&[(1.0, 1.0)]), 0.0);
    }
}
