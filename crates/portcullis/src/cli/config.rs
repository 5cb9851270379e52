//! `portcullis config`: check it, or print an example or the reference.

use clap::Subcommand;
use serde_json::json;

use super::output::config_error;
use super::session::Session;
use super::{Exit, Failure, Output, Result};
use crate::config::{Secrets, reference};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Say whether the configuration is right, and if not, where and what to write instead
    #[command(after_help = "Example:\n  portcullis config check --config portcullis.toml")]
    Check {
        /// Do not look whether the secrets are there: for a build machine that has none
        #[arg(long)]
        without_secrets: bool,
    },
    /// Print a file with every key to begin with
    #[command(after_help = "Example:\n  portcullis config example > portcullis.toml")]
    Example,
    /// Print the reference of all keys
    #[command(after_help = "Example:\n  portcullis config reference | less")]
    Reference,
}

pub(super) fn run(command: &Command, session: &Session<'_>, output: &mut Output) -> Result {
    match command {
        Command::Check { without_secrets } => check(*without_secrets, session, output),
        Command::Example => {
            output.text(&reference::example())?;
            Ok(Exit::Done)
        }
        Command::Reference => {
            output.text(&reference::page())?;
            Ok(Exit::Done)
        }
    }
}

fn check(without_secrets: bool, session: &Session<'_>, output: &mut Output) -> Result {
    let secrets = if without_secrets { Secrets::Leave } else { Secrets::Resolve };
    let loaded = match session.whole(secrets) {
        Ok(loaded) => loaded,
        Err(Failure::Config(error)) if output.json => {
            output.value(&config_error(&error))?;
            return Ok(Exit::Usage);
        }
        Err(failure) => return Err(failure),
    };
    if output.json {
        let warnings: Vec<_> = loaded.warnings.iter().map(|w| w.to_json(&loaded.source)).collect();
        output.value(&json!({ "file": loaded.file, "diagnostics": warnings }))?;
        return Ok(Exit::Done);
    }
    for warning in &loaded.warnings {
        output.note(warning.render(&loaded.source));
    }
    let config = &loaded.config;
    output.line(format_args!(
        "{} is right: {} providers, {} roles, {} limits, {} agents",
        loaded.source.name,
        config.provider.len(),
        config.role.len(),
        config.limit.len(),
        config.agent.len()
    ))?;
    Ok(Exit::Done)
}
