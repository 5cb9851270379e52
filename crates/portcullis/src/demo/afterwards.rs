//! What a reader can do when the demonstration is over.

use serde_json::{Value, json};

use super::setup::SMALL;
use super::stage;
use super::story::Story;
use super::{CHANGED_COPY, Kept};
use crate::config::DEFAULT_FILE;
use crate::up::Running;

/// A demonstration that runs on.
pub struct Left {
    running: Running,
    kept: Kept,
}

impl Left {
    /// Starts the gate again, on the state and the log that the agents left.
    pub(super) async fn start(kept: Kept) -> anyhow::Result<Self> {
        Ok(Self { running: stage::start(&kept.folder).await?, kept })
    }

    /// Stops the gate, and removes the folder.
    ///
    /// # Errors
    /// Where the log could not be closed in order; the folder is removed all the same.
    pub async fn stop(self) -> anyhow::Result<()> {
        self.running.stop().await
    }

    /// Where everything is, for machines.
    pub(super) fn addresses(&self) -> Value {
        let addresses = &self.running.addresses;
        json!({
            "gate": format!("http://{}", addresses.gate),
            "console": format!("http://{}", addresses.console),
            "admin_socket": addresses.admin,
            "model": format!("http://{}", self.kept.model.address),
            "folder": self.kept.folder.path(),
            "config": self.kept.folder.path().join(DEFAULT_FILE),
        })
    }

    /// Where everything is and what to try, for people.
    pub(super) fn tell(&self, story: &mut Story<'_>) {
        let (addresses, folder) = (&self.running.addresses, self.kept.folder.path().display());
        story.heading("The gate runs again, on the same folder");
        story.show("gate", &format!("http://{}", addresses.gate));
        story.show("admin API", &format!("http://{}/api/v1/ (with a token)", addresses.console));
        story.show("metrics", &format!("http://{}/metrics", addresses.console));
        story.show("data", &format!("{folder}/data"));
        story.say(
            "Try, in another terminal (rogue-bot is still suspended: that survives a restart):",
        );
        let program = format!("{} --config {folder}/{DEFAULT_FILE}", program());
        for command in [
            "agent list",
            "ledger search --effect deny",
            "ledger verify",
            "agent resume rogue-bot --reason \"talked to its owner\"",
        ] {
            story.command(&format!("{program} {command}"));
        }
        story.command(&format!("{program} ledger verify {folder}/{CHANGED_COPY}"));
        let body = json!({
            "model": SMALL, "messages": [{"role": "user", "content": "Where is my order?"}],
        });
        story.command(&format!(
            "curl -s http://{}/llm/openai/v1/chat/completions -H \"authorization: Bearer $(cat \
             {folder}/keys/support-bot)\" -H 'content-type: application/json' -d '{body}'",
            addresses.gate
        ));
        story.command(&format!("curl -s http://{}/metrics", addresses.console));
    }
}

/// How this program was called, so that a command can be copied as it is shown.
fn program() -> String {
    let called = std::env::current_exe().ok();
    let here = std::env::current_dir().ok();
    let below = called.as_ref().zip(here).and_then(|(exe, here)| exe.strip_prefix(here).ok());
    match (below, &called) {
        (Some(below), _) => format!("./{}", below.display()),
        (None, Some(exe)) => exe.display().to_string(),
        (None, None) => "portcullis".to_owned(),
    }
}

/// The two commands that put one's own agent behind the gate.
pub(super) fn your_own(story: &mut Story<'_>) {
    let program = program();
    story.heading("Put your own agent behind it");
    story.command(&format!("{program} up    # with OPENAI_API_KEY or ANTHROPIC_API_KEY set"));
    story
        .command(&format!("{program} agent add my-agent    # in another terminal; prints its key"));
    story.say("Then set, where your agent runs, the lines for its SDK. It needs no other change:");
    story.command("export OPENAI_BASE_URL=http://127.0.0.1:4100/llm/openai/v1 OPENAI_API_KEY=pc_…");
    story.command(
        "export ANTHROPIC_BASE_URL=http://127.0.0.1:4100/llm/anthropic ANTHROPIC_API_KEY=pc_…",
    );
}
