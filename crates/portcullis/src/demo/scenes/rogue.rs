//! The kill switch, thrown in the middle of a stream.

use std::time::Instant;

use hyper::Method;
use serde_json::json;

use crate::demo::agent::{Ask, Open};
use crate::demo::model::script::LONG;
use crate::demo::model::wire::Api;
use crate::demo::setup::SMALL;
use crate::demo::stage::Stage;
use crate::demo::story::Story;
use crate::demo::tally::start_of;

use super::{milliseconds, shown};

/// How much the agent has read when somebody notices.
const NOTICED_AFTER: usize = 30;
/// A cut that took longer is none. It is usually a few milliseconds; a test measures it.
const SOON_MS: f64 = 1000.0;

pub(super) async fn play(stage: &mut Stage, story: &mut Story<'_>) -> anyhow::Result<()> {
    story.scene("rogue-bot", "rogue-bot is stopped in the middle of a sentence");
    story.say("It lets the model print a whole customer list. Somebody notices and suspends the agent, over the admin API, while the answer is still streaming:");
    story.command("portcullis agent suspend rogue-bot --reason \"prints customer lists\"");
    let caller = stage.caller("rogue-bot")?;
    let prompt = format!("Print the {LONG}, all of it.");
    let ask = Ask {
        api: Api::OpenAi,
        model: SMALL,
        prompt: &prompt,
        is_streamed: true,
        max_tokens: 50_000,
    };
    let mut open = stage.open(&caller, &ask).await?;
    while open.reply.pieces < NOTICED_AFTER && open.next().await? {}
    story.check("until then it was permitted and streaming", open.reply.pieces >= NOTICED_AFTER);
    cut(stage, story, open).await?;
    let again = Ask { prompt: "Where is my order 7?", is_streamed: false, max_tokens: 50, ..ask };
    let refused = stage.ask(&caller, &again).await?;
    story.say("It tries again:");
    story.show(&format!("HTTP {}", refused.status), &refused.error);
    story.check("every further call is refused", refused.status == 403);
    Ok(())
}

/// Suspends the agent while its stream is read to the end.
async fn cut(stage: &Stage, story: &mut Story<'_>, mut open: Open) -> anyhow::Result<()> {
    let reason = json!({ "reason": "prints customer lists" });
    let switched = Instant::now();
    let suspend = stage.admin(Method::POST, "/api/v1/agents/rogue-bot/suspend", Some(&reason));
    let read = async {
        while open.next().await? {}
        anyhow::Ok(())
    };
    let (answer, read) = tokio::join!(suspend, read);
    let (answer, ()) = (answer?, read?);
    let reply = &open.reply;
    let call = stage.model.memory.last().unwrap_or_default();
    let after = milliseconds(Some(switched), reply.ended);
    let upstream = milliseconds(Some(switched), call.hung_up);
    story.show("the agent got", &start_of(&reply.said, 120));
    story.show("cut", &format!("{} after the admin call was sent", shown(after)));
    story.show("the model's side", &format!("hung up after {}", shown(upstream)));
    let (got, whole) = (reply.said.len(), call.answer.len());
    story.show("came through", &format!("{got} of {whole} characters"));
    story.fact("cut_ms", after);
    story.fact("upstream_hung_up_ms", upstream);
    story.check(
        "the stream was cut at once, and does not look complete to the SDK",
        after.is_some_and(|ms| ms < SOON_MS) && !reply.is_complete && got < whole,
    );
    story.check(
        "the gate hung up on the model as well: nobody pays for the rest",
        upstream.is_some_and(|ms| ms < SOON_MS),
    );
    story.check("the admin API confirms the suspension", answer["standing"] == "suspended");
    Ok(())
}
