//! The scenes, in the order in which they are played. Each says what it is about to show, does it
//! over real HTTP, and checks what came of it.

mod batch;
mod controls;
mod hijack;
pub(super) mod log;
mod records;
mod research;
mod rogue;
mod stranger;
mod support;

use super::stage::Stage;
use super::story::Story;

/// Plays all that need a running gate.
pub(super) async fn play(stage: &mut Stage, story: &mut Story<'_>) {
    let outcome = support::play(stage, story).await;
    story.outcome(outcome);
    let outcome = research::play(stage, story).await;
    story.outcome(outcome);
    let outcome = hijack::play(stage, story).await;
    story.outcome(outcome);
    let outcome = batch::play(stage, story).await;
    story.outcome(outcome);
    let outcome = rogue::play(stage, story).await;
    story.outcome(outcome);
    let outcome = stranger::play(stage, story).await;
    story.outcome(outcome);
    let outcome = records::play(stage, story).await;
    story.outcome(outcome);
    let outcome = controls::play(stage, story).await;
    story.outcome(outcome);
}

/// Milliseconds between two moments, with one decimal; nothing where one of them never came.
fn milliseconds(from: Option<std::time::Instant>, to: Option<std::time::Instant>) -> Option<f64> {
    let span = to?.saturating_duration_since(from?);
    Some((span.as_secs_f64() * 10_000.0).round() / 10.0)
}

/// A span for people; a dash where there is none.
fn shown(milliseconds: Option<f64>) -> String {
    milliseconds.map_or_else(|| "-".to_owned(), |ms| format!("{ms:.1} ms"))
}
