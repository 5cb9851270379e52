//! Somebody whose key is not known.

use crate::demo::agent::Ask;
use crate::demo::model::wire::Api;
use crate::demo::setup::SMALL;
use crate::demo::stage::Stage;
use crate::demo::story::Story;

pub(super) async fn play(stage: &mut Stage, story: &mut Story<'_>) -> anyhow::Result<()> {
    story.scene("stranger", "Somebody without a valid key knocks");
    let caller = stage.caller("stranger")?;
    let ask = Ask {
        api: Api::OpenAi,
        model: SMALL,
        prompt: "Are you there?",
        is_streamed: false,
        max_tokens: 50,
    };
    let before = stage.model.memory.count();
    let reply = stage.ask(&caller, &ask).await?;
    story.show(&format!("HTTP {}", reply.status), &reply.error);
    story.check(
        "refused with 401; nothing reached the model, and the attempt has a record",
        reply.status == 401
            && reply.record.starts_with("act_")
            && stage.model.memory.count() == before,
    );
    Ok(())
}
