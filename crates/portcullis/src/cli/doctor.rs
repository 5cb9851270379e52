//! `portcullis doctor`: what is wrong with an installation, and how to mend it.

use serde_json::json;

use super::session::Session;
use super::{Exit, Failure, Output, Result};
use crate::config::Secrets;
use crate::doctor::{self, Finding, State};
use crate::visible::visible;

/// Look for what is wrong with an installation, and say how to mend it
///
/// Exit status 3 says that something is wrong.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  portcullis doctor --config /etc/portcullis/portcullis.toml")]
pub(super) struct Arguments {}

pub(super) fn run(_: &Arguments, session: &Session<'_>, output: &mut Output) -> Result {
    let findings = findings(session)?;
    let worst = findings.iter().map(|finding| finding.state).max().unwrap_or(State::Ok);
    if output.json {
        output.value(&json!({ "state": worst, "findings": findings }))?;
    } else {
        for finding in &findings {
            show(finding, output)?;
        }
    }
    Ok(if worst == State::Failed { Exit::Found } else { Exit::Done })
}

fn findings(session: &Session<'_>) -> std::result::Result<Vec<Finding>, Failure> {
    let loaded = match session.whole(Secrets::Resolve) {
        Ok(loaded) => loaded,
        Err(Failure::Config(error)) => return Ok(doctor::of_config_error(&error)),
        Err(failure) => return Err(failure),
    };
    let running = session.read("/api/v1/instance").is_ok();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failure::Failed(error.into()))?;
    let mut findings = runtime.block_on(doctor::examine(&loaded, running));
    if running {
        let controls = session.read("/api/v1/controls").ok();
        findings.push(doctor::of_controls(controls.as_ref()));
    }
    Ok(findings)
}

fn show(finding: &Finding, output: &mut Output) -> std::io::Result<()> {
    let mark = match finding.state {
        State::Ok => "ok     ",
        State::Warning => "warning",
        State::Failed => "FAILED ",
    };
    let mut lines = finding.detail.lines();
    let first = lines.next().unwrap_or_default();
    output.line(format_args!("{mark}  {}: {}", finding.check, visible(first)))?;
    for line in lines {
        output.line(format_args!("         {}", visible(line)))?;
    }
    if let Some(remedy) = &finding.remedy {
        output.line(format_args!("         to mend it: {}", visible(remedy)))?;
    }
    Ok(())
}
