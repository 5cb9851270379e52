//! Tests of policies: cases in TOML files beside the policies, and who runs them.
//!
//! ```toml
//! [[role]]                 # grants of this file; without any, those of the bundle hold
//! name = "support"
//! providers = ["openai"]
//! models = ["gpt-4o*"]
//!
//! [[case]]
//! name = "support may call what it is granted"
//! agent = { roles = ["support"], zone = "production", standing = "active" }
//! action = "call_model"    # or list_models, use_provider, call_tool, …
//! provider = "openai"
//! model = "gpt-4o-mini"
//! time = "2026-11-23T14:05:00Z"
//! expect = "permit"        # or hold, deny
//! policies = ["granted-models"]
//! ```
//!
//! All that a case leaves out has a plain default: an active agent without roles in the zone
//! `production`, on a Monday at noon UTC, not streaming, with no findings.

mod case;

use std::collections::BTreeSet;
use std::sync::Arc;

use model::PolicyId;

use crate::diagnose::nearest;
use crate::{Bundle, Diagnostic, Source, Verdict};
use case::{Case, File};

/// What came of one case.
#[derive(Clone, Debug)]
pub struct CaseResult {
    pub file: String,
    /// Where the case begins, from 1.
    pub line: u32,
    pub name: String,
    pub verdict: Arc<Verdict>,
    /// What was expected and what came instead; none where the case passed.
    pub failure: Option<String>,
}

impl CaseResult {
    pub fn passed(&self) -> bool {
        self.failure.is_none()
    }
}

/// What came of all cases.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// In the order of the files.
    pub results: Vec<CaseResult>,
    pub coverage: Coverage,
}

impl Report {
    pub fn failed(&self) -> usize {
        self.results.iter().filter(|result| !result.passed()).count()
    }
}

/// Which policies the cases exercise: those that decided a case that passed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Coverage {
    pub tested: Vec<PolicyId>,
    pub untested: Vec<PolicyId>,
}

/// Runs every case of every file.
///
/// # Errors
/// Files that are no test files, with the place of what is wrong.
pub fn run(bundle: &Bundle, tests: &[Source]) -> Result<Report, Vec<Diagnostic>> {
    let mut report = Report::default();
    let mut problems = Vec::new();
    for source in tests {
        match run_file(bundle, source) {
            Ok(results) => report.results.extend(results),
            Err(found) => problems.extend(found),
        }
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    report.coverage = coverage(bundle, &report.results);
    Ok(report)
}

fn run_file(bundle: &Bundle, source: &Source) -> Result<Vec<CaseResult>, Vec<Diagnostic>> {
    let file = File::read(source).map_err(|problem| vec![*problem])?;
    let own = file.grants().map(|grants| bundle.with_grants(&grants)).transpose()?;
    let bundle = own.as_ref().unwrap_or(bundle);
    let results = file.cases.iter().map(|case| {
        let place = Diagnostic::at(source, case.span().start, "");
        let case = case.get_ref();
        let verdict = case.ask(bundle).map_err(|message| {
            let message = format!("case {:?}: {message}", case.name);
            vec![Diagnostic { message, ..place.clone() }]
        })?;
        Ok(CaseResult {
            file: place.file,
            line: place.line,
            name: case.name.clone(),
            failure: failure(bundle, case, &verdict),
            verdict,
        })
    });
    results.collect()
}

/// All that differs, in one sentence.
fn failure(bundle: &Bundle, case: &Case, verdict: &Verdict) -> Option<String> {
    let mut differences = Vec::new();
    if case.expect != verdict.effect {
        differences.push(format!(
            "expected {}, got {}",
            case.expect.as_str(),
            verdict.effect.as_str()
        ));
    }
    let decided: BTreeSet<&str> = verdict.policies.iter().map(PolicyId::as_str).collect();
    if let Some(expected) = &case.policies {
        let expected: BTreeSet<&str> = expected.iter().map(String::as_str).collect();
        differences.extend(difference("policies", &expected, &decided));
        differences.extend(expected.iter().filter_map(|id| unknown(bundle, id)));
    }
    if let Some(expected) = &case.obligations {
        let expected = expected.iter().map(String::as_str).collect();
        let got = verdict.obligations.iter().map(String::as_str).collect();
        differences.extend(difference("obligations", &expected, &got));
    }
    let what = (!differences.is_empty()).then(|| differences.join("; "))?;
    Some(format!("{what}; the reason given: {}", verdict.reason))
}

fn difference(what: &str, expected: &BTreeSet<&str>, got: &BTreeSet<&str>) -> Option<String> {
    (expected != got).then(|| format!("expected the {what} {expected:?}, got {got:?}"))
}

fn unknown(bundle: &Bundle, id: &str) -> Option<String> {
    let policies = bundle.policies();
    let ids: Vec<&str> = policies.iter().map(|(id, _)| id.as_str()).collect();
    if ids.contains(&id) {
        return None;
    }
    let hint = nearest(id, &ids).map(|near| format!(", did you mean {near:?}?"));
    Some(format!("there is no policy {id:?}{}", hint.unwrap_or_default()))
}

fn coverage(bundle: &Bundle, results: &[CaseResult]) -> Coverage {
    let passed = results.iter().filter(|result| result.passed());
    let decided: BTreeSet<&PolicyId> = passed.flat_map(|r| &r.verdict.policies).collect();
    let all = bundle.policies().into_iter().map(|(id, _)| id.clone());
    let (tested, untested) = all.partition(|id| decided.contains(id));
    Coverage { tested, untested }
}
