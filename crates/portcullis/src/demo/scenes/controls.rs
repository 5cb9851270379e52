//! That all of it works, shown by canaries.

use hyper::Method;
use serde_json::{Value, json};

use crate::demo::stage::Stage;
use crate::demo::story::Story;

pub(super) async fn play(stage: &mut Stage, story: &mut Story<'_>) -> anyhow::Result<()> {
    story.scene("controls", "How does one know that all of this is switched on?");
    story.say("The gate sends canaries through itself, every minute and when it is asked: calls that each control must stop, and that reach nobody.");
    story.command("portcullis selftest");
    let report = stage.admin(Method::POST, "/api/v1/controls/test", Some(&json!({}))).await?;
    let controls = report["controls"].as_array().map(Vec::as_slice).unwrap_or_default();
    let names: Vec<&str> = controls.iter().filter_map(|one| one["control"].as_str()).collect();
    story.show("seen to work", &names.join(", "));
    story.fact("controls", Value::from(names));
    story.check(
        &format!("all {} controls did what they are there for", controls.len()),
        !controls.is_empty() && controls.iter().all(|one| one["state"] == "working"),
    );
    Ok(())
}
