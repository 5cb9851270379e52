//! Log lines of the process itself: text on a terminal, JSON elsewhere.
//!
//! What agents do is in the ledger, not here. A log line holds no payload and no secret: secrets
//! are `model::Secret`, which shows nothing, and payloads are never given to a log macro.

use std::io::{self, IsTerminal};

use tracing_subscriber::filter::LevelFilter;

use crate::config::sections::{LogFormat, LogLevel, Telemetry};

/// Starts logging to standard error. Once per process; a second call changes nothing.
pub fn start(telemetry: &Telemetry, colour: bool) {
    let terminal = io::stderr().is_terminal();
    let json = match telemetry.log_format {
        LogFormat::Auto => !terminal,
        LogFormat::Text => false,
        LogFormat::Json => true,
    };
    let builder = tracing_subscriber::fmt()
        .with_max_level(level(telemetry.log_level))
        .with_writer(io::stderr)
        // Told on the same standard error, with a panic where that fails too: a full disk would then
        // end every request that has something to say.
        .log_internal_errors(false)
        .with_target(false);
    // An error says that logging was started already, which is what was wanted.
    let _ = if json {
        builder.json().flatten_event(true).try_init()
    } else {
        builder.with_ansi(colour && terminal).try_init()
    };
}

fn level(level: LogLevel) -> LevelFilter {
    match level {
        LogLevel::Error => LevelFilter::ERROR,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Debug => LevelFilter::DEBUG,
        LogLevel::Trace => LevelFilter::TRACE,
    }
}
