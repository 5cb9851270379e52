//! Ordinary work: two calls that pass, and a card number that does not leave.

use crate::demo::agent::Ask;
use crate::demo::model::wire::Api;
use crate::demo::setup::{CLAUDE, SMALL};
use crate::demo::stage::Stage;
use crate::demo::story::Story;

const MASK: &str = "[redacted:pii.payment_card]";

pub(super) async fn play(stage: &mut Stage, story: &mut Story<'_>) -> anyhow::Result<()> {
    story.scene("support-bot", "support-bot answers customers");
    story.say("Ordinary calls pass, whole and streamed, in OpenAI's API and in Anthropic's.");
    whole(stage, story).await?;
    streamed(stage, story).await?;
    card(stage, story).await
}

async fn whole(stage: &mut Stage, story: &mut Story<'_>) -> anyhow::Result<()> {
    let caller = stage.caller("support-bot")?;
    let ask = Ask {
        api: Api::OpenAi,
        model: SMALL,
        prompt: "Where is my order 1042?",
        is_streamed: false,
        max_tokens: 200,
    };
    let reply = stage.ask(&caller, &ask).await?;
    let call = stage.model.memory.last().unwrap_or_default();
    story.show("customer", ask.prompt);
    story.show(SMALL, &reply.said);
    story.check(
        "permitted; question and answer arrive as they were sent",
        reply.status == 200
            && reply.decision == "permit"
            && call.prompt == ask.prompt
            && reply.said == call.answer,
    );
    story.check(
        "the model API sees the provider's key, which agents never have, and not the agent's",
        call.credential == stage.provider_key && call.credential != caller.key(),
    );
    Ok(())
}

async fn streamed(stage: &mut Stage, story: &mut Story<'_>) -> anyhow::Result<()> {
    let caller = stage.caller("support-bot")?;
    let ask = Ask {
        api: Api::Anthropic,
        model: CLAUDE,
        prompt: "How do I send an item back?",
        is_streamed: true,
        max_tokens: 200,
    };
    let reply = stage.ask(&caller, &ask).await?;
    let call = stage.model.memory.last().unwrap_or_default();
    story.show("customer", ask.prompt);
    story.show(CLAUDE, &reply.said);
    story.check(
        &format!("permitted, streamed in {} pieces", call.pieces_sent),
        reply.status == 200 && reply.is_complete && reply.said == call.answer && reply.pieces > 1,
    );
    Ok(())
}

async fn card(stage: &mut Stage, story: &mut Story<'_>) -> anyhow::Result<()> {
    let (caller, card) = (stage.caller("support-bot")?, stage.planted.card.clone());
    let prompt = format!("My card {card} was charged twice for order 1042. I want a refund.");
    let ask = Ask {
        api: Api::OpenAi,
        model: SMALL,
        prompt: &prompt,
        is_streamed: false,
        max_tokens: 200,
    };
    story.say("A customer types a card number (made up, with a valid check digit). It is taken out on the way to the model:");
    let reply = stage.ask(&caller, &ask).await?;
    let call = stage.model.memory.last().unwrap_or_default();
    story.show("the agent sent", &prompt);
    story.show("the model saw", &call.prompt);
    story.show(SMALL, &reply.said);
    story.fact("model_saw", call.prompt.as_str());
    story.check(
        "the card number is masked, the rest of the message is as it was",
        call.prompt == prompt.replace(&card, MASK),
    );
    story.check(
        "the agent gets its answer, and is told that something was taken out",
        reply.status == 200 && reply.decision == "redact" && !reply.said.is_empty(),
    );
    Ok(())
}
