//! Lists of packages: how the small one that is built in speaks of real names, and how large and
//! quick a full one is.

use std::time::Instant;

use anyhow::Context;
use inspect::packages::{Builder, Ecosystem, Known, Set, Verdict};

/// How many names are made up to ask a full list for.
const MADE_UP: usize = 100_000;

/// How many names are held against the small list.
const JUDGED: usize = 20_000;

/// `ECOSYSTEM=FILE`, a name at the start of each line.
pub(super) fn measure(list: &str) -> anyhow::Result<()> {
    let (ecosystem, file) = list.split_once('=').context("write --packages ECOSYSTEM=FILE")?;
    let ecosystem = Ecosystem::from_name(ecosystem).context("ecosystems: pypi, npm, crates")?;
    let text = std::fs::read_to_string(file).with_context(|| format!("{file} cannot be read"))?;
    let names: Vec<&str> = text.lines().filter_map(|line| line.split('\t').next()).collect();

    let begun = Instant::now();
    let mut builder = Builder::new(ecosystem);
    let refused = names.iter().filter(|name| !builder.add(name)).count();
    anyhow::ensure!(refused == 0, "{refused} lines of {file} begin with no name");
    let bytes = builder.finish();
    let (size, building) = (bytes.len(), begun.elapsed());
    let set = Set::from_bytes(bytes)?;
    println!(
        "{}: {} names, {:.1} MB, built in {:.2} s",
        ecosystem.name(),
        set.len(),
        size as f64 / 1e6,
        building.as_secs_f64()
    );
    small_list(ecosystem, &names);

    let full = Known::default().with(set);
    let begun = Instant::now();
    let lost = names.iter().filter(|name| full.judge(ecosystem, name) != Verdict::Fine).count();
    let each = begun.elapsed().as_secs_f64() * 1e9 / names.len().max(1) as f64;
    println!("  full list: {lost} of its own names not known, {each:.0} ns a look-up");
    let begun = Instant::now();
    let made = (0..MADE_UP).map(|n| format!("zq-{n}-made-up-{}", n % 97));
    let unknown = made.filter(|name| full.judge(ecosystem, name) != Verdict::Fine).count();
    let each = begun.elapsed().as_secs_f64() * 1e6 / MADE_UP as f64;
    println!("  full list: {unknown} of {MADE_UP} made-up names not known, {each:.1} µs each");
    Ok(())
}

/// How often the small list takes a real name for a near miss.
fn small_list(ecosystem: Ecosystem, names: &[&str]) {
    let step = (names.len() / JUDGED).max(1);
    let judged: Vec<&str> = names.iter().copied().step_by(step).collect();
    let near =
        |name: &&&str| matches!(Known::built_in().judge(ecosystem, name), Verdict::NearMiss(_));
    let taken: Vec<&&str> = judged.iter().filter(near).collect();
    let share = taken.len() as f64 * 100.0 / judged.len().max(1) as f64;
    println!(
        "  small list: {} of {} real names are near misses ({share:.2} %)",
        taken.len(),
        judged.len()
    );
    for name in taken.iter().step_by((taken.len() / 12).max(1)) {
        let verdict = Known::built_in().judge(ecosystem, name);
        println!("      {name}: {verdict:?}");
    }
}
