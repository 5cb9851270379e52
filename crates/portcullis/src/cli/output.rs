//! Where commands write: lines and tables for people, JSON for machines.

use std::io::{self, IsTerminal, Write};

use serde_json::Value;

use super::exit::Failure;
use super::table::Table;
use crate::config::{ConfigError, Environment};
use crate::visible::visible;

/// Standard output and error, and who reads them.
pub struct Output {
    pub json: bool,
    colour: bool,
    out: Box<dyn Write>,
    error: Box<dyn Write>,
}

impl Output {
    /// Colour only on a terminal, and not where `NO_COLOR` is set.
    pub fn of_process(json: bool, environment: &Environment) -> Self {
        let wanted = environment.get("NO_COLOR").is_none_or(str::is_empty);
        let dumb = environment.get("TERM") == Some("dumb");
        let colour = wanted && !dumb && io::stdout().is_terminal();
        Self { json, colour, out: Box::new(io::stdout()), error: Box::new(io::stderr()) }
    }

    /// Output into the given places, without colour.
    pub fn into(json: bool, out: Box<dyn Write>, error: Box<dyn Write>) -> Self {
        Self { json, colour: false, out, error }
    }

    /// Whether a terminal shows it that wants colour.
    pub(crate) fn has_colour(&self) -> bool {
        self.colour
    }

    /// A line for a person. What is from outside must have passed [`visible`].
    pub fn line(&mut self, line: impl std::fmt::Display) -> io::Result<()> {
        writeln!(self.out, "{line}")
    }

    /// A text that stays as it is: a file, a page, a masked document.
    pub fn text(&mut self, text: &str) -> io::Result<()> {
        self.out.write_all(text.as_bytes())?;
        self.out.flush()
    }

    /// Indented for people who asked for JSON; a JSON value is one value either way.
    pub fn value(&mut self, value: &Value) -> io::Result<()> {
        writeln!(self.out, "{value:#}")
    }

    /// One value on one line.
    pub fn json_line(&mut self, value: &Value) -> io::Result<()> {
        writeln!(self.out, "{value}")
    }

    pub fn table(&mut self, table: &Table) -> io::Result<()> {
        let (on, off) = if self.colour { ("\u{1b}[1m", "\u{1b}[0m") } else { ("", "") };
        for (place, row) in table.lines().iter().enumerate() {
            match place {
                0 => writeln!(self.out, "{on}{row}{off}")?,
                _ => writeln!(self.out, "{row}")?,
            }
        }
        Ok(())
    }

    /// A remark beside the result, on standard error. Never fails a command.
    pub fn note(&mut self, note: impl std::fmt::Display) {
        let _ = writeln!(self.error, "{note}");
    }

    /// Says why a command failed: in JSON on standard output where that was asked for.
    pub fn failure(&mut self, failure: &Failure) {
        match failure {
            Failure::OutputClosed => {}
            Failure::Config(error) if self.json => self.note(config_error(error)),
            Failure::Config(error) => self.note(error),
            other if self.json => self.note(serde_json::json!({ "error": other.to_string() })),
            other => self.note(format_args!("portcullis: {}", visible(&other.to_string()))),
        }
    }
}

/// A configuration error for machines.
pub(super) fn config_error(error: &ConfigError) -> Value {
    let all = error.diagnostics.iter().map(|d| d.to_json(&error.source));
    serde_json::json!({ "error": "the configuration is wrong", "diagnostics": all.collect::<Vec<_>>() })
}
