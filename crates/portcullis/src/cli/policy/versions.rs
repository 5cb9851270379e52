//! Versions of policies: proposed, approved, put in force, taken back.

use std::path::Path;

use serde_json::{Value, json};

use super::super::agent::done;
use super::super::session::Session;
use super::super::table::Table;
use super::super::{Exit, Output, Result};
use crate::policies;

pub(super) fn propose(
    folder: &Path,
    note: &str,
    session: &Session<'_>,
    output: &mut Output,
) -> Result {
    let mut sources = policies::sources(Some(folder))?;
    sources.extend(policies::tests(Some(folder)).unwrap_or_default());
    let file = |source: &policy::Source| json!({"name": source.name, "text": source.text});
    let files: Vec<Value> = sources.iter().map(file).collect();
    let answer = session.send("/api/v1/policies", &json!({"files": files, "note": note}))?;
    let said = format!("version {} is proposed; somebody else has to approve it", answer["number"]);
    done(&answer, &said, output)
}

pub(super) fn list(session: &Session<'_>, output: &mut Output) -> Result {
    let answer = session.read("/api/v1/policies")?;
    if output.json {
        output.value(&answer)?;
        return Ok(Exit::Done);
    }
    let mut table = Table::new(&["number", "state", "author", "approved by", "note"]);
    for version in answer["versions"].as_array().into_iter().flatten() {
        let text = |name: &str| version[name].as_str().unwrap_or_default().to_owned();
        let state = match () {
            () if version["is_in_force"] == true => "in force",
            () if version["reviewer"].is_null() => "needs review",
            () if version["deployed"].is_null() => "approved",
            () => "was in force",
        };
        let number = version["number"].to_string();
        table.row([number, state.to_owned(), text("author"), text("reviewer"), text("note")]);
    }
    output.table(&table)?;
    Ok(Exit::Done)
}

pub(super) fn approve(number: u32, session: &Session<'_>, output: &mut Output) -> Result {
    let answer = session.send(&format!("/api/v1/policies/{number}/approve"), &json!({}))?;
    done(&answer, "approved: it can be put in force", output)
}

pub(super) fn deploy(number: u32, session: &Session<'_>, output: &mut Output) -> Result {
    let answer = session.send(&format!("/api/v1/policies/{number}/deploy"), &json!({}))?;
    done(&answer, &format!("version {number} is in force"), output)
}

pub(super) fn rollback(session: &Session<'_>, output: &mut Output) -> Result {
    let answer = session.send("/api/v1/policies/rollback", &json!({}))?;
    done(&answer, &format!("version {} is in force again", answer["number"]), output)
}
