//! `portcullis policy diff`: what two sets of policies have of their own.

use policy::{Difference, difference};
use serde_json::json;

use super::super::session::Session;
use super::super::{Exit, Output, Result};
use super::report;
use super::which::Which;
use crate::visible::visible;

pub(super) fn run(
    before: &Which,
    after: &Which,
    session: &Session<'_>,
    output: &mut Output,
) -> Result {
    let (before, after) = (before.sources(session)?, after.sources(session)?);
    let found = match difference(&before, &after) {
        Ok(found) => found,
        Err(problems) => return report(&problems, output),
    };
    if output.json {
        output.value(&json!({ "differences": found }))?;
        return Ok(Exit::Done);
    }
    if found.is_empty() {
        output.line("no difference")?;
    }
    found.iter().try_for_each(|one| show(one, output))?;
    Ok(Exit::Done)
}

fn show(one: &Difference, output: &mut Output) -> std::io::Result<()> {
    let id = visible(one.id()).into_owned();
    match one {
        Difference::Added { text, .. } => {
            output.line(format_args!("added {id}"))?;
            lines('+', text, output)
        }
        Difference::Removed { text, .. } => {
            output.line(format_args!("removed {id}"))?;
            lines('-', text, output)
        }
        Difference::Renamed { from, .. } => {
            output.line(format_args!("renamed {} to {id}", visible(from)))
        }
        Difference::Changed { before, after, .. } => {
            output.line(format_args!("changed {id}"))?;
            lines('-', before, output)?;
            lines('+', after, output)
        }
        Difference::Described { before, after, .. } => {
            output.line(format_args!("described otherwise {id}, which decides as before"))?;
            lines('-', before, output)?;
            lines('+', after, output)
        }
    }
}

fn lines(mark: char, text: &str, output: &mut Output) -> std::io::Result<()> {
    text.trim().lines().try_for_each(|line| output.line(format_args!("  {mark} {}", visible(line))))
}
