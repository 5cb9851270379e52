//! `portcullis selftest`: whether each control of the running gate works.

use serde_json::{Value, json};

use super::session::Session;
use super::{Exit, Output, Result};
use crate::visible::visible;

/// Send canaries through the running gate, and say of each control whether it works
///
/// Exit status 3 says that one does not.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  portcullis selftest\n  portcullis selftest --last --json")]
pub(super) struct Arguments {
    /// Show what the last run came to, without another
    #[arg(long)]
    last: bool,
}

pub(super) fn run(arguments: &Arguments, session: &Session<'_>, output: &mut Output) -> Result {
    let report = match arguments.last {
        true => session.read("/api/v1/controls")?,
        false => session.send("/api/v1/controls/test", &json!({}))?,
    };
    let exit = if report["state"] == "broken" { Exit::Found } else { Exit::Done };
    if output.json {
        output.value(&report)?;
        return Ok(exit);
    }
    show(&report, output)?;
    Ok(exit)
}

fn show(report: &Value, output: &mut Output) -> std::io::Result<()> {
    let text =
        |one: &Value, name: &str| visible(one[name].as_str().unwrap_or_default()).into_owned();
    let controls = report["controls"].as_array().map_or(&[][..], Vec::as_slice);
    for one in controls {
        let mark = match one["state"].as_str() {
            Some("working") => "working",
            Some("off") => "off    ",
            _ => "BROKEN ",
        };
        output.line(format_args!("{mark}  {}: {}", text(one, "control"), text(one, "detail")))?;
        if one["remedy"].is_string() {
            output.line(format_args!("         to mend it: {}", text(one, "remedy")))?;
        }
    }
    match report["took_ms"].as_f64() {
        Some(took) => output.note(format_args!("{} controls in {took:.0} ms", controls.len())),
        None => output.note("the self-test has not run, or is switched off"),
    }
    Ok(())
}
