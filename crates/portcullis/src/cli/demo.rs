//! `portcullis demo`.

use anyhow::Context;
use tokio::signal::unix::{SignalKind, signal};

use super::{Exit, Failure, Output, Result};
use crate::demo;

/// Show everything at work, in a temporary folder: no account, no key, no network
///
/// A model API that is simulated, the real gate before it, and five callers: what is permitted,
/// redacted, refused and cut, what it cost, and the log that proves it. Exit status 1 says that
/// something did not happen as told.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "Example:\n  portcullis demo\n  portcullis demo --exit --json")]
pub(super) struct Arguments {
    /// End when everything was shown, rather than leave the gate running to play with
    #[arg(long)]
    exit: bool,
}

/// Threads of the agents, the simulated model API and the control plane; the gate has its own.
const THREADS: usize = 3;

pub(super) fn run(arguments: &Arguments, output: &mut Output) -> Result {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(THREADS).enable_all().build();
    let runtime = runtime.context("no threads could be started")?;
    runtime.block_on(show(arguments, output))
}

async fn show(arguments: &Arguments, output: &mut Output) -> Result {
    let mut terminate =
        signal(SignalKind::terminate()).context("SIGTERM cannot be listened for")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("SIGINT cannot be listened for")?;
    let mut told_to_end = std::pin::pin!(async {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    });
    let played = tokio::select! {
        played = demo::play(!arguments.exit, output) => played.map_err(failure)?,
        () = &mut told_to_end => {
            output.note("portcullis: ended before everything was shown; the folder is removed");
            return Ok(Exit::Failed);
        }
    };
    if let Some(left) = played.left {
        told_to_end.await;
        left.stop().await?;
        output.note("stopped; the folder is removed");
    }
    Ok(if played.is_well { Exit::Done } else { Exit::Failed })
}

/// An output that was closed early is no failure of the demonstration.
fn failure(error: anyhow::Error) -> Failure {
    match error.downcast::<std::io::Error>() {
        Ok(error) => error.into(),
        Err(error) => error.into(),
    }
}
