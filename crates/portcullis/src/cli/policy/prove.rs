//! `portcullis policy prove`: that no call whatever breaks a rule, or the call that does.
//!
//! The policies become formulas for a solver that is a program of its own (cvc5). Who wrote the
//! solver need not be trusted for a counterexample: it is put to the policies before it is shown.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, anyhow};
use cedar_policy_symcc::solver::LocalSolver;
use cedar_policy_symcc::{CedarSymCompiler, CompiledPolicySet};
use policy::{Counterexample, Provable, Rule, Source};
use serde_json::{Value, json};
use tokio::process::Command;

use super::super::session::Session;
use super::super::{Exit, Output, Result};
use super::report;
use super::which::Which;
use crate::policies;
use crate::visible::visible;

/// How long the solver may think about one rule and one kind of call.
const PATIENCE: Duration = Duration::from_secs(120);

/// What came of one rule.
enum Outcome {
    Proven,
    Broken(Box<Counterexample>),
}

pub(super) struct Asked<'a> {
    pub(super) policies: &'a Which,
    pub(super) rules: Option<&'a Path>,
    pub(super) solver: &'a Path,
}

pub(super) fn run(asked: &Asked<'_>, session: &Session<'_>, output: &mut Output) -> Result {
    let sources = asked.policies.sources(session)?;
    let rules = rules(asked.rules)?;
    let provable = match Provable::new(&sources, &rules) {
        Ok(provable) => provable,
        Err(problems) => return report(&problems, output),
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.context("no runtime")?;
    let mut results = Vec::new();
    for rule in &provable.rules {
        let outcome = runtime.block_on(prove(&provable, rule, asked.solver))?;
        if !output.json {
            show(rule, &outcome, output)?;
        }
        results.push((rule, outcome));
    }
    let broken =
        results.iter().filter(|(_, outcome)| matches!(outcome, Outcome::Broken(_))).count();
    if output.json {
        let all: Vec<Value> =
            results.iter().map(|(rule, outcome)| to_json(rule, outcome)).collect();
        output.value(&json!({ "rules": all }))?;
    } else {
        output.line(format_args!("{} proven, {broken} broken", results.len() - broken))?;
    }
    Ok(if broken == 0 { Exit::Done } else { Exit::Found })
}

/// The rules of a file, or what the baseline promises.
fn rules(file: Option<&Path>) -> anyhow::Result<Vec<Source>> {
    let Some(file) = file else { return Ok(policy::baseline_rules()) };
    let folder = file.parent().unwrap_or(Path::new(""));
    Ok(vec![policies::read(folder, file)?])
}

/// Looks at each kind of call that a rule is about.
async fn prove(provable: &Provable, rule: &Rule, solver: &Path) -> anyhow::Result<Outcome> {
    for (kind, about) in provable.kinds(rule) {
        let compile = |policies, what: &str| {
            CompiledPolicySet::compile(policies, &kind, &provable.schema)
                .map_err(|error| anyhow!("{what} cannot be put to a solver: {error}"))
        };
        let unattended = compile(&about.unattended, "the policies")?;
        let named = compile(&about.named, rule.id.as_str())?;
        let mut asking =
            CedarSymCompiler::new(start(solver)?).map_err(|error| anyhow!("{error}"))?;
        let asked = asking.check_disjoint_with_counterexample_opt(&unattended, &named);
        let found = tokio::time::timeout(PATIENCE, asked)
            .await
            .with_context(|| format!("the solver came to no end about {}", rule.id))?
            .map_err(|error| anyhow!("the solver gave up on {}: {error}", rule.id))?;
        if let Some(call) = found {
            let broken = provable.broken_by(rule, &call.request, &call.entities);
            let broken = broken.with_context(|| {
                format!("the solver names a call that does not break {}", rule.id)
            })?;
            return Ok(Outcome::Broken(Box::new(broken)));
        }
    }
    Ok(Outcome::Proven)
}

fn start(solver: &Path) -> anyhow::Result<LocalSolver> {
    let mut command = Command::new(solver);
    command.args(["--lang", "smt"]).stderr(Stdio::null()).kill_on_drop(true);
    LocalSolver::from_command(&mut command).map_err(|error| {
        anyhow!(
            "the solver {} does not start ({error}); install cvc5 1.3.1 or later, and name it by --solver",
            solver.display()
        )
    })
}

/// The name under which the solver is looked for.
pub(super) fn by_name() -> PathBuf {
    PathBuf::from("cvc5")
}

fn show(rule: &Rule, outcome: &Outcome, output: &mut Output) -> std::io::Result<()> {
    let (id, about) = (&rule.id, visible(&rule.description));
    match outcome {
        Outcome::Proven => output.line(format_args!("proven  {id}: {about}")),
        Outcome::Broken(call) => {
            output.line(format_args!("BROKEN  {id}: {about}"))?;
            let Counterexample { principal, action, resource, .. } = call.as_ref();
            let who = format!("  by {principal}, {action}, {resource}");
            output.line(visible(&who))?;
            let permitted: Vec<&str> = call.permitted_by.iter().map(String::as_str).collect();
            output.line(visible(&format!("  permitted by {}", permitted.join(", "))))?;
            output.line(visible(&format!("  where {}", call.context)))?;
            output.line(visible(&format!("  among {}", call.entities)))
        }
    }
}

fn to_json(rule: &Rule, outcome: &Outcome) -> Value {
    let broken_by = match outcome {
        Outcome::Proven => None,
        Outcome::Broken(call) => Some(call),
    };
    json!({
        "rule": rule.id, "description": rule.description,
        "holds": broken_by.is_none(), "broken_by": broken_by,
    })
}
