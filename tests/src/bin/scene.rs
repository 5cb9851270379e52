//! Runs a command with a mock model API and a gate around it: `scene COMMAND …`.
//!
//! For clients that are not written in Rust. They find in the environment: `GATE_URL`, the agents' keys
//! `BOT_KEY` (may do everything), `POOR_KEY` (two requests an hour) and `CLERK_KEY` (may call no model of
//! this gate), and `CARD` and `TOKEN`, values that inspection knows.

use std::process::{Command, ExitCode};

use portcullis_tests::{fake, gate, upstream};

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let Some((program, arguments)) = words.split_first() else {
        eprintln!("usage: scene COMMAND …");
        return ExitCode::from(2);
    };
    let upstream = upstream().run();
    let gate = gate()
        .openai(&upstream)
        .provider_lines("timeouts = { first_byte = \"1s\" }\n")
        .anthropic(&upstream)
        .provider_lines("timeouts = { first_byte = \"1s\" }\n")
        .agent("bot")
        .agent("poor")
        .agent_as("clerk", "clerk")
        .sections("[[limit]]\nper = \"agent\"\nagent = \"poor\"\nwindow = \"1h\"\nrequests = 2\n")
        .run();
    let status = Command::new(program)
        .args(arguments)
        .env("GATE_URL", format!("http://{}", gate.address()))
        .env("BOT_KEY", gate.key("bot"))
        .env("POOR_KEY", gate.key("poor"))
        .env("CLERK_KEY", gate.key("clerk"))
        .env("CARD", fake::payment_card())
        .env("TOKEN", fake::github_token())
        .status();
    match status {
        Ok(status) if status.success() => ExitCode::SUCCESS,
        Ok(status) => {
            eprintln!("{program}: {status}\n-- the gate's log:\n{}", gate.log());
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("{program}: {error}");
            ExitCode::FAILURE
        }
    }
}
