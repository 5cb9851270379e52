//! What the log says of all that, held against what the agents saw.

use std::time::{Duration, Instant};

use anyhow::Context;
use hyper::Method;
use serde_json::{Value, json};

use crate::cli::Table;
use crate::demo::stage::Stage;
use crate::demo::story::Story;
use crate::demo::{setup, tally};

/// The last of the records may be a moment behind its answer.
const PATIENCE: Duration = Duration::from_secs(10);

pub(super) async fn play(stage: &mut Stage, story: &mut Story<'_>) -> anyhow::Result<()> {
    story.scene("records", "What the log says");
    story.say("Every call has an activity record, which was on disk before the answer left: without the payloads, but with who, what, which decision by which policy, what was found, what it cost.");
    let records = settled(stage).await?;
    let rows = tally::by_agent(&records);
    story.table(&tally::table(&rows));
    story.fact("agents", json!(rows));
    let is_known = |id: &String| records.iter().any(|record| record["id"] == **id);
    story.check(
        &format!("each of the {} answers names a record, and it is in the log", stage.calls.len()),
        stage.calls.iter().all(|(_, id, _)| is_known(id)),
    );
    let is_same = |(_, id, status): &(String, String, u16)| {
        let found = records.iter().find(|record| record["id"] == **id);
        found.is_some_and(|record| record["http_status"] == *status)
    };
    story.check(
        "each record says the HTTP status that the agent saw",
        stage.calls.iter().all(is_same),
    );
    let bounded = rows.iter().find(|row| row.agent == "batch-bot");
    story.check(
        "batch-bot spent something, and stayed within its budget",
        bounded.is_some_and(|row| row.cost_usd > 0.0 && row.cost_usd <= setup::BUDGET_USD),
    );
    some(stage, story, &records);
    Ok(())
}

/// All records of calls, once the cut one is completed.
async fn settled(stage: &Stage) -> anyhow::Result<Vec<Value>> {
    let until = Instant::now() + PATIENCE;
    loop {
        let page = stage.admin(Method::GET, "/api/v1/records?limit=200", None).await?;
        let items = page["records"].as_array().context("the answer has no records")?;
        let records: Vec<Value> = items.iter().map(|item| item["record"].clone()).collect();
        let is_open = records.iter().any(|record| record["status"] == "begun");
        if !is_open || Instant::now() > until {
            return Ok(records);
        }
    }
}

/// The most telling ones, oldest first.
fn some(stage: &Stage, story: &mut Story<'_>, records: &[Value]) {
    let telling = |record: &&Value| {
        record["decision"]["effect"] != "permit"
            || record["status"] == "cut"
            || record["kind"] == "admin.change"
    };
    let mut chosen: Vec<&Value> = records.iter().filter(telling).collect();
    chosen.reverse();
    story.say("Some of them, with the change that suspended the agent:");
    let mut table = Table::new(&["time", "who", "outcome", "about", "because"]);
    for record in &chosen {
        table.row(tally::line(record));
    }
    story.table(&table);
    let ids: Vec<&str> = chosen.iter().filter_map(|record| record["id"].as_str()).collect();
    story.fact("telling", json!(ids));
    let id_of = |status: u16| stage.calls.iter().find(|(_, _, found)| *found == status);
    let found = id_of(401).and_then(|(_, id, _)| records.iter().find(|r| r["id"] == **id));
    story.check(
        "the stranger's attempt is among them, under nobody's name",
        found.is_some_and(|record| record.get("agent").is_none() && record["status"] == "refused"),
    );
    let cut = records.iter().find(|record| record["status"] == "cut");
    story.check(
        "the cut stream is recorded as cut",
        cut.is_some_and(|record| record["agent"] == "rogue-bot"),
    );
}
