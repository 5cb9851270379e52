//! `portcullis policy simulate`: a draft, tried on recorded traffic, piece by piece.

use std::time::{Duration, Instant};

use anyhow::Context;
use policy::replay::{Change, Group, Simulation};
use serde_json::{Value, json};

use super::super::session::Session;
use super::super::{Exit, Output, Result};
use super::which::Which;
use crate::visible::visible;

/// Pieces that are asked for: each holds some thousand records.
const MAX_PIECES: usize = 1_000;

/// Until then nobody is told how far it has come.
const PATIENCE: Duration = Duration::from_secs(1);

pub(super) fn run(
    draft: &Which,
    since: &str,
    examples: usize,
    session: &Session<'_>,
    output: &mut Output,
) -> Result {
    let mut request = match draft {
        Which::Version(number) => json!({"version": number, "since": since}),
        other => json!({"files": files(&other.sources(session)?), "since": since}),
    };
    let (mut whole, started) = (Simulation::default(), Instant::now());
    let mut last = Value::Null;
    for _ in 0..MAX_PIECES {
        let piece = session.send("/api/v1/policies/simulate", &request)?;
        let part = serde_json::from_value(piece["simulation"].clone());
        whole.absorb(part.context("the instance answered with something else")?);
        let next = piece["next_cursor"].clone();
        last = piece;
        if next.is_null() {
            break;
        }
        request["cursor"] = next;
        if started.elapsed() > PATIENCE {
            let back = whole.oldest.map(|time| time.to_string()).unwrap_or_default();
            output.note(format_args!("{} calls decided again, back to {back}", whole.replayed));
        }
    }
    if output.json {
        last["simulation"] = serde_json::to_value(&whole).unwrap_or_default();
        output.value(&last)?;
        return Ok(Exit::Done);
    }
    show(&whole, &last, examples, output)?;
    Ok(Exit::Done)
}

fn files(sources: &[policy::Source]) -> Vec<Value> {
    let file = |source: &policy::Source| json!({"name": source.name, "text": source.text});
    sources.iter().map(file).collect()
}

fn show(
    whole: &Simulation,
    last: &Value,
    examples: usize,
    output: &mut Output,
) -> std::io::Result<()> {
    let Simulation { replayed, alike, .. } = whole;
    output.line(format_args!("{replayed} calls decided again, {alike} of them as now"))?;
    for group in &whole.changes {
        output.line(format_args!("{} {}", group.count, group.says()))?;
        show_examples(group, examples, output)?;
    }
    let left_out = [
        (whole.moot, "would be decided otherwise, and were refused for another reason"),
        (whole.drifted, "are decided otherwise today already: roles, zones or agents have changed"),
        (whole.unasked, "came before no policy, or are of a time when records kept no question"),
        (whole.incomplete, "not decided again: their record does not keep all that was asked"),
    ];
    for (count, reason) in left_out.iter().filter(|(count, _)| *count > 0) {
        output.note(format_args!("{count} {reason}"));
    }
    if last["owners_and_purposes_as_now"] == true {
        output.note("who answers for an agent and what it is for was taken as it is now");
    }
    if !last["next_cursor"].is_null() {
        output.note("there is more that was not looked at; take a shorter --since");
    }
    Ok(())
}

fn show_examples(group: &Group, examples: usize, output: &mut Output) -> std::io::Result<()> {
    let Some(left) = group.examples.len().checked_sub(examples) else {
        return group.examples.iter().try_for_each(|one| output.line(example(one)));
    };
    group.examples.iter().take(examples).try_for_each(|one| output.line(example(one)))?;
    match left {
        0 => Ok(()),
        _ => output.line("  …"),
    }
}

fn example(one: &Change) -> String {
    let named = |policies: &[model::PolicyId]| -> String {
        let names: Vec<&str> = policies.iter().map(model::PolicyId::as_str).collect();
        if names.is_empty() { "no policy".to_owned() } else { names.join(", ") }
    };
    let (now, then) = (named(&one.decides), named(&one.would_decide));
    let Change { record, agent, resource, from, to, .. } = one;
    let (from, to) = (from.as_str(), to.as_str());
    let line = format!("  {record}  {agent}  {resource}  {from} by {now}, would be {to} by {then}");
    visible(&line).into_owned()
}
