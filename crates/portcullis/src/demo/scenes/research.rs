//! Two refusals by policy, and a secret in the model's own answer.

use crate::demo::agent::{Ask, Reply};
use crate::demo::model::memory::Call;
use crate::demo::model::script::{LEAK, pieces};
use crate::demo::model::wire::Api;
use crate::demo::setup::{FORBIDDEN, LARGE};
use crate::demo::stage::Stage;
use crate::demo::story::Story;

use super::{milliseconds, shown};

const MASK: &str = "[redacted:secret.github_token]";

pub(super) async fn play(stage: &mut Stage, story: &mut Story<'_>) -> anyhow::Result<()> {
    story.scene("research-bot", "research-bot wants more than it may have");
    let too_good = Ask { model: FORBIDDEN, ..ask("Compare these two papers.", false) };
    let said = format!("It asks for {FORBIDDEN}. Its role is granted {LARGE} and nothing else:");
    refused(stage, story, &said, &too_good, ("no policy permits", "what is missing")).await?;
    let too_long = Ask { max_tokens: 100_000, ..ask("Write everything down.", false) };
    let said = "It asks its own model for 100,000 tokens of output at once:";
    refused(stage, story, said, &too_long, ("output-ceiling", "which policy forbids it")).await?;
    leak(stage, story).await
}

fn ask(prompt: &str, is_streamed: bool) -> Ask<'_> {
    Ask { api: Api::OpenAi, model: LARGE, prompt, is_streamed, max_tokens: 1000 }
}

async fn refused(
    stage: &mut Stage,
    story: &mut Story<'_>,
    said: &str,
    ask: &Ask<'_>,
    (because, names): (&str, &str),
) -> anyhow::Result<()> {
    let (caller, before) = (stage.caller("research-bot")?, stage.model.memory.count());
    story.say(said);
    let reply = stage.ask(&caller, ask).await?;
    story.show(&format!("HTTP {}", reply.status), &reply.error);
    story.check(
        &format!("refused before anything left for the model; the answer says {names}"),
        reply.status == 403
            && reply.decision == "deny"
            && reply.error.contains(because)
            && stage.model.memory.count() == before,
    );
    Ok(())
}

async fn leak(stage: &mut Stage, story: &mut Story<'_>) -> anyhow::Result<()> {
    let caller = stage.caller("research-bot")?;
    let prompt = format!("What do the {LEAK} say?");
    story.say("Now an ordinary question. But the model has seen a GitHub token somewhere, and says it in a streamed answer, spread over many chunks:");
    let reply = stage.ask(&caller, &ask(&prompt, true)).await?;
    let call = stage.model.memory.last().unwrap_or_default();
    let with_token = chunks_of(&call.answer, &stage.planted.token);
    let chunks = with_token.len();
    story.show("the model sent", &call.answer);
    story.show("its chunks there", &with_token.join("|"));
    story.show("the agent got", &reply.said);
    flow(story, &call, &reply);
    story.fact("agent_got", reply.said.as_str());
    story.fact("chunks_with_secret", chunks);
    story.check(
        &format!("the token lay in {chunks} chunks, and not one byte of it came through"),
        chunks > 1 && reply.said == call.answer.replace(&stage.planted.token, MASK),
    );
    story
        .check("the stream ended as it should, so that the SDK notices nothing", reply.is_complete);
    Ok(())
}

/// That the prose came while the model was still speaking.
fn flow(story: &mut Story<'_>, call: &Call, reply: &Reply) {
    let delay = milliseconds(call.first_sent, reply.first);
    let whole = milliseconds(call.first_sent, reply.ended);
    story.show("first words", &format!("{} after the model sent them", shown(delay)));
    story.show("the whole answer", &format!("{} in {} chunks", shown(whole), call.pieces_sent));
    story.fact("first_words_ms", delay);
    story.fact("whole_answer_ms", whole);
    story.check(
        "the words around it flowed on: the first came long before the model had finished",
        reply.first.is_some() && reply.first < call.last_sent && reply.pieces > 10,
    );
}

/// The pieces of a stream that hold some of the secret.
fn chunks_of<'a>(answer: &'a str, secret: &str) -> Vec<&'a str> {
    let Some(start) = answer.find(secret) else { return Vec::new() };
    let (end, mut at, mut found) = (start + secret.len(), 0, Vec::new());
    for piece in pieces(answer) {
        if at < end && at + piece.len() > start {
            found.push(piece);
        }
        at += piece.len();
    }
    found
}

#[cfg(test)]
mod tests {
    use super::chunks_of;

    #[test]
    fn every_piece_that_holds_a_byte_of_it_is_found() {
        assert_eq!(chunks_of("it is secret, is it", "secret"), [" secret"]);
        assert_eq!(chunks_of("it is topsecret, is it", "secret"), [" topsec", "ret,"]);
        assert_eq!(chunks_of("nothing here", "secret"), [""; 0]);
    }
}
