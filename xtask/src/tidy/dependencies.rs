//! Licences, number and doubles of the crates we build on, read from `cargo metadata`.
//!
//! `deny.toml` says the same to `cargo deny` for who has it; building that tool takes longer than all
//! our tests, so the checks that CI relies on stand here.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Context;
use serde_json::Value;

use crate::run::{cargo, output};

/// The lock file holds fewer packages than this.
const MAX_PACKAGES: usize = 400;

/// What a licence expression may come down to. Permissive, and compatible with Apache-2.0.
const ALLOWED: &[&str] = &[
    "0BSD",
    "Apache-2.0",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    "CDLA-Permissive-2.0",
    "ISC",
    "MIT",
    "MIT-0",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
];

/// The same crate twice costs build time: each name here is one that we cannot yet avoid.
const MAX_DOUBLES: usize = 20;

pub(super) fn check(root: &Path) -> anyhow::Result<Vec<String>> {
    let metadata = output(cargo(root).args([
        "metadata",
        "--format-version",
        "1",
        "--locked",
        "--all-features",
    ]))?;
    let metadata: Value = serde_json::from_str(&metadata).context("cargo metadata")?;
    let packages = metadata["packages"].as_array().context("cargo metadata names no packages")?;
    let mut complaints: Vec<String> = packages.iter().filter_map(bad_licence).collect();
    let lock = std::fs::read_to_string(root.join("Cargo.lock"))?;
    let count = lock.lines().filter(|line| *line == "[[package]]").count();
    if count >= MAX_PACKAGES {
        complaints.push(format!("Cargo.lock: {count} packages, at most {}", MAX_PACKAGES - 1));
    }
    let doubles = doubles(packages);
    if doubles.len() > MAX_DOUBLES {
        complaints.push(format!(
            "Cargo.lock: {} crates in several versions: {}",
            doubles.len(),
            doubles.join(", ")
        ));
    }
    println!("   {count} packages in the lock file, {} in several versions", doubles.len());
    Ok(complaints)
}

fn bad_licence(package: &Value) -> Option<String> {
    let name = package["name"].as_str().unwrap_or("?");
    let Some(licence) = package["license"].as_str() else {
        return Some(format!("{name}: states no licence"));
    };
    (!is_allowed(licence)).then(|| format!("{name}: the licence {licence} is not on the list"))
}

/// Reads an SPDX expression without nesting beyond one pair of brackets, which is what crates use.
fn is_allowed(expression: &str) -> bool {
    let plain = expression.replace('/', " OR ").replace(['(', ')'], "");
    let holds = |term: &str| term.split(" AND ").all(|one| is_listed(one.trim()));
    // `(A OR B) AND C` loses its brackets above: C must then hold whichever side is chosen.
    if expression.contains(") AND") || expression.contains("AND (") {
        return plain
            .split(" AND ")
            .all(|group| group.split(" OR ").any(|one| is_listed(one.trim())));
    }
    plain.split(" OR ").any(holds)
}

fn is_listed(licence: &str) -> bool {
    let licence = licence.trim_end_matches(" WITH LLVM-exception");
    ALLOWED.contains(&licence)
}

fn doubles(packages: &[Value]) -> Vec<String> {
    let mut versions: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for package in packages {
        if let (Some(name), Some(version)) = (package["name"].as_str(), package["version"].as_str())
        {
            versions.entry(name).or_default().push(version);
        }
    }
    let several = versions.into_iter().filter(|(_, versions)| versions.len() > 1);
    several.map(|(name, versions)| format!("{name} ({})", versions.join(", "))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_are_read() {
        for good in [
            "MIT",
            "MIT/Apache-2.0",
            "GPL-3.0 OR MIT",
            "(MIT OR GPL-2.0) AND Unicode-3.0",
            "Apache-2.0 WITH LLVM-exception OR MIT",
        ] {
            assert!(is_allowed(good), "{good}");
        }
        for bad in ["GPL-3.0", "MIT AND GPL-3.0", "(MIT OR Apache-2.0) AND GPL-3.0", "MPL-2.0", ""]
        {
            assert!(!is_allowed(bad), "{bad}");
        }
    }
}
