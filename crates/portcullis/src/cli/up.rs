//! `portcullis up`.

use std::time::Duration;

use anyhow::Context;
use tokio::signal::unix::{SignalKind, signal};

use super::session::Session;
use super::{Exit, Failure, Output, Result};
use crate::config::{Loaded, Secrets};
use crate::{logging, up};

#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "Example: portcullis up --config /etc/portcullis/portcullis.toml")]
pub(super) struct Arguments {}

/// Threads of the control plane; the gate has its own.
const THREADS: usize = 2;
/// After the first signal the gate drains; a process that still lives this long after that is stuck.
const LAST: Duration = Duration::from_secs(60);

/// A file outgrew what the process may write: 25 on Linux, macOS and the BSDs.
const SIGXFSZ: i32 = 25;

pub(super) fn run(_: &Arguments, session: &Session<'_>, output: &mut Output) -> Result {
    let loaded = session.whole(Secrets::Resolve)?;
    logging::start(&loaded.config.telemetry, session.environment.get("NO_COLOR").is_none());
    for warning in &loaded.warnings {
        tracing::warn!("{}", warning.message);
    }
    if loaded.config.role.is_empty() {
        tracing::warn!("{}", policy::OPEN_GRANT_NOTICE);
    }
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(THREADS).enable_all().build();
    let runtime = runtime.context("no threads could be started")?;
    let done = runtime.block_on(serve(loaded, session, output));
    runtime.shutdown_timeout(Duration::from_secs(1));
    done.map(|()| Exit::Done)
}

async fn serve(
    loaded: Loaded,
    session: &Session<'_>,
    output: &mut Output,
) -> std::result::Result<(), Failure> {
    let mut terminate =
        signal(SignalKind::terminate()).context("SIGTERM cannot be listened for")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("SIGINT cannot be listened for")?;
    // Listened for, it is an error of the write, like a full disk; otherwise it ends the process.
    let _too_large =
        signal(SignalKind::from_raw(SIGXFSZ)).context("SIGXFSZ cannot be listened for")?;
    let hints = hints(&loaded);
    let running = up::start(loaded, session.environment).await.map_err(refused)?;
    let addresses = &running.addresses;
    tracing::info!(gate = %addresses.gate, console = %addresses.console, "ready");
    if let Some(welcome) = &running.welcome {
        output.note(format_args!(
            "nobody can log in to the console yet; within a day, become its first administrator at\n  {}",
            welcome.expose()
        ));
    }
    for hint in hints {
        output.note(hint.replace("{gate}", &addresses.gate.to_string()));
    }
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    tracing::info!("stopping: open requests may end");
    let stopping = tokio::time::timeout(LAST, running.stop());
    stopping.await.context("the instance did not stop in time")??;
    tracing::info!("stopped; the log is closed and signed");
    Ok(())
}

/// Policies that do not compile are wrong configuration, like a key that does not exist.
fn refused(error: anyhow::Error) -> Failure {
    match error.downcast::<crate::policies::Invalid>() {
        Ok(invalid) => Failure::Usage(invalid.to_string()),
        Err(error) => Failure::Failed(error),
    }
}

/// What a first start needs to hear next.
fn hints(loaded: &Loaded) -> Vec<String> {
    let scheme = if loaded.config.gate.tls.is_some() { "https" } else { "http" };
    if loaded.config.provider.is_empty() && loaded.config.mcp.is_empty() {
        return vec!["no provider is configured; set OPENAI_API_KEY or ANTHROPIC_API_KEY and start again, or write a [[provider]] into portcullis.toml (`portcullis config example`)".into()];
    }
    let mut hints = vec![
        "put an agent behind the gate: `portcullis agent add NAME` prints its key; then set"
            .to_owned(),
    ];
    for provider in &loaded.config.provider {
        let line = match provider.kind {
            crate::config::sections::ProviderKind::OpenAi => format!(
                "  OPENAI_BASE_URL={scheme}://{{gate}}/llm/{}/v1   OPENAI_API_KEY=pc_…",
                provider.name
            ),
            crate::config::sections::ProviderKind::Anthropic => format!(
                "  ANTHROPIC_BASE_URL={scheme}://{{gate}}/llm/{}   ANTHROPIC_API_KEY=pc_…",
                provider.name
            ),
        };
        hints.push(line);
    }
    for server in &loaded.config.mcp {
        hints.push(format!("  {scheme}://{{gate}}/mcp/{} for the tools of {0}", server.name));
    }
    hints
}
