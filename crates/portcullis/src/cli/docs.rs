//! `portcullis docs`: the pages of the book that are made from the code.

use std::fmt::Write;

use clap::CommandFactory;

use super::{Cli, Exit, Failure, Output, Result};
use crate::config::reference;

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The page's name
    #[arg(required_unless_present = "list")]
    page: Option<String>,
    /// List the names instead
    #[arg(long)]
    list: bool,
}

/// A page and what writes it.
type Page = (&'static str, fn() -> String);

const PAGES: [Page; 3] =
    [("configuration", reference::page), ("commands", commands), ("detectors", detectors)];

pub(super) fn run(arguments: &Arguments, output: &mut Output) -> Result {
    let Some(name) = &arguments.page else {
        for (name, _) in PAGES {
            output.line(name)?;
        }
        return Ok(Exit::Done);
    };
    let Some((_, page)) = PAGES.iter().find(|(known, _)| known == name) else {
        let known: Vec<_> = PAGES.iter().map(|(name, _)| *name).collect();
        return Err(Failure::Usage(format!(
            "there is no page {name}; there are {}",
            known.join(", ")
        )));
    };
    output.text(&page())?;
    Ok(Exit::Done)
}

/// Every command's help, as the program prints it.
fn commands() -> String {
    let mut page = String::from(
        "# Commands\n\n<!-- Made from the declarations in the code by `cargo xtask docs`. Do not edit. -->\n",
    );
    // The width must not depend on the terminal that the page is made in.
    let mut root = Cli::command().term_width(100);
    root.build();
    command(&mut page, &mut root, "");
    page
}

fn command(page: &mut String, command: &mut clap::Command, parent: &str) {
    let name = format!("{parent} {}", command.get_name()).trim().to_owned();
    let help = command.render_long_help().to_string();
    let help = help.lines().map(str::trim_end).collect::<Vec<_>>().join("\n");
    // Writing to a string cannot fail.
    let _ = write!(page, "\n## `{name}`\n\n```text\n{}\n```\n", help.trim());
    for below in command.get_subcommands_mut() {
        if !below.is_hide_set() && below.get_name() != "help" {
            self::command(page, below, &name);
        }
    }
}

/// The detectors that the engine has.
fn detectors() -> String {
    let mut page = String::from(
        "# Detectors\n\n<!-- Made from the declarations in the code by `cargo xtask docs`. Do not edit. -->\n\n\
         | kind | detector | severity | confidence | in a request | in an answer |\n\
         | --- | --- | --- | --- | --- | --- |\n",
    );
    for detector in inspect::catalogue() {
        let _ = writeln!(
            page,
            "| `{}` | `{}` | {} | {} | {} | {} |",
            detector.kind,
            detector.name,
            word(&detector.severity),
            detector.confidence,
            word(&detector.request),
            word(&detector.answer),
        );
    }
    page
}

/// The word that a value is written as in JSON.
fn word(value: &impl serde::Serialize) -> String {
    let value = serde_json::to_value(value).unwrap_or_default();
    value.as_str().unwrap_or_default().to_owned()
}
