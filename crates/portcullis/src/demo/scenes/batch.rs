//! A budget that is hard.

use crate::demo::agent::{Ask, Caller, Reply};
use crate::demo::model::wire::Api;
use crate::demo::setup::{BUDGET_USD, EXPENSIVE};
use crate::demo::stage::Stage;
use crate::demo::story::Story;

/// More than the budget allows, whatever the hour does.
const MAX_REPORTS: usize = 24;
/// Of the price table in [`crate::demo::setup`]: dollars for a token.
const OUTPUT_PRICE: f64 = 75.0 / 1e6;

pub(super) async fn play(stage: &mut Stage, story: &mut Story<'_>) -> anyhow::Result<()> {
    story.scene("batch-bot", "batch-bot runs over its budget");
    story.say(&format!(
        "It may spend ${BUDGET_USD:.2} an hour, and it summarises reports with {EXPENSIVE}. Before \
         each call the gate sets aside what the call may cost at most; the call that would cross \
         the line is refused."
    ));
    let (caller, mut done) = (stage.caller("batch-bot")?, 0);
    let refused = loop {
        let reply = summarise(stage, &caller, done + 1).await?;
        if reply.status != 200 || done == MAX_REPORTS {
            break reply;
        }
        done += 1;
    };
    story.show("summarised", &format!("{done} reports"));
    story.show(&format!("report {}", done + 1), &format!("HTTP {}", refused.status));
    story.show("", &refused.error);
    let wait = refused.retry_after.unwrap_or_default();
    story.show("Retry-After", &format!("{wait} s, when the next hour begins"));
    story.fact("permitted_calls", done);
    story.fact("retry_after_s", wait);
    story.check(
        "the first reports were summarised, and the call that would cross was refused with 429",
        done > 0 && refused.status == 429 && refused.error.contains("batch-budget"),
    );
    story.check("the answer says when to try again", (1..=3600).contains(&wait));
    let upstream = stage.model.memory.last().unwrap_or_default();
    story.check(
        "the refused call never reached the model, so nobody pays for it",
        upstream.prompt == prompt(done),
    );
    Ok(())
}

fn prompt(report: usize) -> String {
    format!("Summarise report {report}.")
}

async fn summarise(stage: &mut Stage, caller: &Caller, report: usize) -> anyhow::Result<Reply> {
    let prompt = prompt(report);
    // A fifth of the budget for one call.
    let max_tokens = (BUDGET_USD / 5.0 / OUTPUT_PRICE) as u64;
    let ask = Ask {
        api: Api::Anthropic,
        model: EXPENSIVE,
        prompt: &prompt,
        is_streamed: false,
        max_tokens,
    };
    stage.ask(caller, &ask).await
}
