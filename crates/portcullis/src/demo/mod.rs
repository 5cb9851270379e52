//! `portcullis demo`: the product's main job, shown over real HTTP without any account or key.
//!
//! A model API that [`model`] simulates, the real gate of [`crate::up`] before it, and several
//! agents ([`agent`]) that speak to it as SDKs do. [`scenes`] says what happens, and checks it:
//! every number that is shown comes from what happened, and one check that does not hold makes
//! the whole fail. Everything is on loopback, in a folder that is removed at the end.

mod afterwards;
mod agent;
mod folder;
mod model;
mod scenes;
mod setup;
mod stage;
mod story;
mod tally;
mod tools;

use std::time::Instant;

use serde_json::{Map, json};

use crate::cli::Output;
use folder::Folder;
use model::Model;
use scenes::log::{self, Cold};
use stage::Stage;
use story::Story;
use tools::Tools;

pub use afterwards::Left;

/// The log with one bit changed, in the demonstration's folder.
const CHANGED_COPY: &str = "changed-copy";

/// What a finished demonstration leaves.
pub struct Played {
    /// Whether everything happened as told.
    pub is_well: bool,
    /// What runs on, where that was asked for.
    pub left: Option<Left>,
}

/// Plays everything. With `stay`, the gate is started again at the end, on what the agents left.
///
/// Must be called in a multi-threaded runtime.
///
/// # Errors
/// Where nothing could be shown at all: no folder, no gate, no output.
pub async fn play(stay: bool, output: &mut Output) -> anyhow::Result<Played> {
    let begun = Instant::now();
    let mut stage = Stage::new().await?;
    let mut story = Story::new(output);
    introduce(&stage, &mut story);
    scenes::play(&mut stage, &mut story).await;
    let (cold, kept) = stop(stage).await?;
    let outcome = log::play(&cold, &mut story);
    story.outcome(outcome);
    let is_well = story.close(begun.elapsed());
    let left = if stay && !story.is_broken() { Some(Left::start(kept).await?) } else { None };
    let mut rest = Map::new();
    rest.insert("took_ms".into(), json!(begun.elapsed().as_millis() as u64));
    rest.insert("vkey".into(), log::key(&cold));
    if let Some(left) = &left {
        rest.insert("running".into(), left.addresses());
        left.tell(&mut story);
    }
    afterwards::your_own(&mut story);
    if left.is_some() {
        story.heading("Still running. Ctrl-C ends it and removes its folder.");
    }
    story.finish(rest)?;
    Ok(Played { is_well, left })
}

fn introduce(stage: &Stage, story: &mut Story<'_>) {
    story.heading("Portcullis, demonstrated");
    story.say("A gate, a model API, two MCP servers and six callers, all in this process, all over real HTTP on this machine. The model API and the servers are simulated, so no account is needed; the gate is the real one, as `portcullis up` runs it.");
    story.show("gate", &format!("http://{}", stage.running.addresses.gate));
    story.show("model API", &format!("http://{} (simulated)", stage.model.address));
    story.show("MCP servers", &format!("http://{} (simulated)", stage.tools.server.address));
    story.show("folder", &stage.folder.path().display().to_string());
}

/// What outlives the first run of the gate.
struct Kept {
    folder: Folder,
    model: Model,
    /// Serves as long as the gate does.
    _tools: Tools,
}

/// Stops the gate in order, so that its log lies cold.
async fn stop(stage: Stage) -> anyhow::Result<(Cold, Kept)> {
    let cold = Cold {
        log: stage.log(),
        vkey: stage.vkey.clone(),
        copy: stage.folder.path().join(CHANGED_COPY),
        victim: log::victim(&stage.calls)?,
    };
    let Stage { folder, model, tools, running, .. } = stage;
    running.stop().await?;
    Ok((cold, Kept { folder, model, _tools: tools }))
}
