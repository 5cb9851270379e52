//! Policies from files, and grants from the configuration.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use policy::{Bundle, Grants, Pattern, RoleGrants, Source, ZoneReach};

use crate::config::Config;
use crate::config::types;

/// A policy file has at most this many bytes.
const MAX_FILE_BYTES: u64 = 4 * 1024 * 1024;

/// How the name of a file of tests ends.
const TESTS: &str = ".test.toml";

/// The `*.cedar` files of a folder, by name; without a folder, the built-in baseline.
///
/// # Errors
/// A folder that is not there, cannot be read, or holds no policy: an empty folder would deny
/// everything, which is more likely a slip than a wish.
pub fn sources(folder: Option<&Path>) -> anyhow::Result<Vec<Source>> {
    let Some(folder) = folder else { return Ok(policy::baseline_sources()) };
    let files = files(folder, "cedar")?;
    if files.is_empty() {
        bail!(
            "{} holds no *.cedar file; `portcullis policy baseline --write {}` puts the baseline there",
            folder.display(),
            folder.display()
        );
    }
    files.iter().map(|file| read(folder, file)).collect()
}

/// What is in force: the files of the configured folder; without one, what was deployed last;
/// without that, the built-in baseline.
pub fn in_force(
    folder: Option<&Path>,
    deployed: Option<Vec<Source>>,
) -> anyhow::Result<Vec<Source>> {
    match (folder, deployed) {
        (None, Some(deployed)) => Ok(split(deployed).0),
        (folder, _) => sources(folder),
    }
}

/// Policies, and the tests among them.
fn split(files: Vec<Source>) -> (Vec<Source>, Vec<Source>) {
    files.into_iter().partition(|file| !file.name.ends_with(TESTS))
}

/// Compiles policies under the grants of a configuration, and runs the cases among them.
///
/// # Errors
/// [`Invalid`] where they do not compile, with file, line and column.
pub fn try_out(files: Vec<Source>, config: &Config) -> anyhow::Result<console::PolicyReport> {
    let (files, tests) = split(files);
    let bundle = draft(files, config)?;
    let report = policy::testing::run(&bundle, &tests).map_err(Invalid)?;
    let failure = |case: &policy::testing::CaseResult| {
        let failure = case.failure.as_ref()?;
        Some(format!("{}:{}: {}: {failure}", case.file, case.line, case.name))
    };
    let failed: Vec<String> = report.results.iter().filter_map(failure).collect();
    Ok(console::PolicyReport {
        version: bundle.version().to_string(),
        passed: report.results.len() - failed.len(),
        failed,
        untested: report.coverage.untested.iter().map(ToString::to_string).collect(),
    })
}

/// Compiles policies under the grants of a configuration. Cases among them are left alone.
///
/// # Errors
/// As [`try_out`].
pub fn draft(files: Vec<Source>, config: &Config) -> anyhow::Result<Bundle> {
    let (sources, _) = split(files);
    if sources.is_empty() {
        bail!("there is no policy, which would deny everything");
    }
    Ok(Bundle::compile(&sources, &grants(config)?).map_err(Invalid)?)
}

/// The tests beside the policies of a folder; without a folder, those of the baseline.
pub fn tests(folder: Option<&Path>) -> anyhow::Result<Vec<Source>> {
    let Some(folder) = folder else { return Ok(policy::baseline_tests()) };
    let mut tests = files(folder, "toml")?;
    tests.retain(|file| file.to_string_lossy().ends_with(TESTS));
    if tests.is_empty() {
        bail!("{} holds no *.test.toml file, so nothing is tested", folder.display());
    }
    tests.iter().map(|file| read(folder, file)).collect()
}

/// The files of a folder that end in `.extension`, by name; not those of folders below.
pub fn files(folder: &Path, extension: &str) -> anyhow::Result<Vec<PathBuf>> {
    let unreadable = || format!("the policy folder {} cannot be read", folder.display());
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).with_context(unreadable)? {
        let path = entry.with_context(unreadable)?.path();
        if path.extension().is_some_and(|found| found == extension) {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// A file, under its name below the folder.
pub fn read(folder: &Path, file: &Path) -> anyhow::Result<Source> {
    let name = file.strip_prefix(folder).unwrap_or(file).display().to_string();
    let size = std::fs::metadata(file).with_context(|| name.clone())?.len();
    if size > MAX_FILE_BYTES {
        bail!("{name} holds more than {MAX_FILE_BYTES} bytes");
    }
    let text = std::fs::read_to_string(file).with_context(|| name.clone())?;
    Ok(Source::new(name, text))
}

/// Policies that do not compile: what is wrong with each, and what to write instead.
#[derive(Debug)]
pub struct Invalid(pub Vec<policy::Diagnostic>);

impl std::error::Error for Invalid {}

impl std::fmt::Display for Invalid {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the policies do not compile")?;
        for problem in &self.0 {
            write!(
                f,
                "\n{}:{}:{}: {}",
                problem.file, problem.line, problem.column, problem.message
            )?;
            if let Some(help) = &problem.help {
                write!(f, " ({help})")?;
            }
        }
        Ok(())
    }
}

/// What roles and zones are granted. Where no role is declared, everything to everyone.
pub fn grants(config: &Config) -> anyhow::Result<Grants> {
    let mut grants =
        if config.role.is_empty() { Grants::everything_to_everyone() } else { Grants::default() };
    for role in &config.role {
        grants.roles.push(RoleGrants {
            role: role.name.clone(),
            providers: patterns(&role.providers)?,
            models: patterns(&role.models)?,
            endpoints: patterns(&role.endpoints)?,
            tools: scoped(&role.tools),
            resources: scoped(&role.resources),
            prompts: scoped(&role.prompts),
            asks: scoped(&role.asks),
        });
    }
    for zone in &config.zone {
        grants.zones.push(ZoneReach {
            zone: zone.name.clone(),
            providers: patterns(&zone.providers)?,
            models: patterns(&zone.models)?,
            servers: patterns(&zone.servers)?,
        });
    }
    Ok(grants)
}

/// The configuration's patterns as policies match them.
pub fn patterns(patterns: &[types::Pattern]) -> anyhow::Result<Vec<Pattern>> {
    let pattern = |pattern: &types::Pattern| {
        Pattern::new(&pattern.0).with_context(|| format!("the pattern {:?}", pattern.0))
    };
    patterns.iter().map(pattern).collect()
}

fn scoped(list: &[types::Scoped]) -> Vec<policy::Scoped> {
    list.iter().map(|scoped| scoped.0.clone()).collect()
}
