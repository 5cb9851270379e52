//! Policies: the text in force, versions with their review, and how one is proposed, put in force
//! and taken back.

mod draft;
mod traffic;
mod version;

use axum::extract::State;
use axum::response::Response;
use maud::{Markup, html};
use store::PolicyVersion;

use super::components::badge::{Tone, badge};
use super::components::notice::{banner, done, empty};
use super::components::table::{Ask, Column, Table, Value};
use super::components::text::{digest, untrusted, untrusted_block, untrusted_short};
use super::form::{Fields, token_field};
use super::page;
use super::shell::{self, Frame, Section};
use super::surface::{step_up, then};
use crate::extract::Params;
use crate::routes::policies::{MAX_LISTED, take_back};
use crate::{Endpoint, PolicySource, Principal, Problem, Shared};

pub(super) fn endpoints() -> Vec<Endpoint> {
    let mut all = vec![
        page!(Read get "/policies" show, "The policies in force, and their versions"),
        page!(Deploy post "/policies/rollback" rollback, "Puts the version before in force again, by form"),
    ];
    all.extend(draft::endpoints());
    all.extend(version::endpoints());
    all
}

const DONE: [(&str, &str); 1] = [("rollback", "The version before is in force again.")];

async fn show(
    State(app): State<Shared>,
    who: Principal,
    Params(ask): Params<Ask>,
) -> Result<Response, Problem> {
    let policy = app.instance.policy(&who.tenant);
    let is_declared = app.instance.are_policies_declared(&who.tenant);
    let versions = app.store.policy_versions(&who.tenant, MAX_LISTED).await?;
    let in_force =
        versions.iter().find(|version| version.is_in_force).map(|version| version.number);
    let may_roll_back = !is_declared && app.store.policy_before(&who.tenant).await?.is_some();
    let table = match table(versions).answer(&ask) {
        Ok(table) => table,
        Err(file) => return Ok(*file),
    };
    let body = html! {
        (done(ask.done.as_deref(), &DONE))
        @if is_declared {
            (banner(Tone::Notice, &html! { p { "The configuration names a folder of policies, and that folder rules: change its files and they are taken up. Without " code { "[policy] dir" } " what is deployed here rules." } }))
        }
        section.card {
            h2 { "In force" }
            p {
                "Version " (digest(&policy.version)) " "
                @match in_force.filter(|_| !is_declared) { Some(number) => { "deployed here as " a href=(format!("/policies/{number}")) { "number " (number) } }, None if is_declared => "from the folder", None => "the built-in baseline" }
            }
            @for source in &policy.sources { details { summary { (untrusted(&source.name)) } (untrusted_block(&source.text)) } }
            @if may_roll_back { form method="post" action="/policies/rollback" { (token_field(&app, &who)?) p.muted { "Rolling back puts the version that was in force before this one in force again, for every call from then on." } button.danger type="submit" { "Roll back" } } }
        }
        section.card { h2 { "Versions" } (table) }
    };
    let actions =
        html! { @if !is_declared { a.button.primary href="/new/policy" { "Propose a change" } } };
    Ok(shell::page(&app, &who, Frame { actions, ..Frame::of(Section::Policies) }, body).await)
}

fn table(rows: Vec<PolicyVersion>) -> Table<'static, PolicyVersion> {
    let nothing = empty(
        "No version was proposed yet",
        &html! {
            p { "A change is proposed by one person and approved by another; it must compile and its cases must pass. Every version stays, so it can be put in force again." }
        },
    );
    Table {
        name: "policies",
        caption: "versions of the policies",
        path: "/policies".to_owned(),
        keep: vec![],
        columns: vec![
            Column::new("number", "Number", |row: &PolicyVersion| {
                Value::Number(f64::from(row.number))
            })
            .shown(|row| html! { a href=(format!("/policies/{}", row.number)) { (row.number) } }),
            Column::new("state", "State", |row: &PolicyVersion| Value::from(state(row).1))
                .shown(|row| badge(state(row).0, state(row).1)),
            Column::new("note", "What and why", |row: &PolicyVersion| {
                Value::from(row.note.as_str())
            })
            .shown(|row| untrusted_short(&row.note, 160)),
            Column::new("author", "Author", |row: &PolicyVersion| Value::from(row.author.as_str())),
            Column::new("reviewer", "Approved by", |row: &PolicyVersion| {
                row.reviewer.as_deref().map_or(Value::None, Value::from)
            }),
            Column::new("created", "Proposed", |row: &PolicyVersion| Value::Time(row.created)),
            Column::new("deployed", "Deployed", |row: &PolicyVersion| {
                row.deployed.map_or(Value::None, Value::Time)
            }),
        ],
        rows,
        empty: nothing,
    }
}

fn state(version: &PolicyVersion) -> (Tone, &'static str) {
    match version {
        one if one.is_in_force => (Tone::Good, "in force"),
        one if one.reviewer.is_none() => (Tone::Waiting, "needs review"),
        one if one.deployed.is_some() => (Tone::Plain, "was in force"),
        _ => (Tone::Notice, "approved"),
    }
}

async fn rollback(
    State(app): State<Shared>,
    who: Principal,
    fields: Fields,
) -> Result<Response, Problem> {
    fields.end()?;
    if let Some(first) = step_up(&who, "/policies") {
        return Ok(first);
    }
    Ok(then(&take_back(&app, &who).await?, "/policies?done=rollback"))
}

/// Files as one text, to be compared.
fn joined<'a>(files: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    files.map(|(name, text)| format!("──── {name}\n{}\n", text.trim_end())).collect()
}

fn outcome(report: &crate::PolicyReport) -> Markup {
    html! {
        p { (badge(Tone::Good, "compiles")) " version " (digest(&report.version)) ", " (report.passed) " cases pass" @if report.passed == 0 { ": nothing is tested" } "." }
        @if !report.untested.is_empty() { p.muted { "No case exercises " (untrusted(&report.untested.join(", "))) "." } }
    }
}

/// The text of a policy among the files in force: from its annotations to the end of its statement.
pub(super) fn text_of<'a>(sources: &'a [PolicySource], id: &str) -> Option<&'a str> {
    let mark = format!("@id(\"{id}\")");
    sources.iter().find_map(|source| {
        let at = source.text.find(&mark)?;
        // What stands between the statement before and this one: its comment and annotations.
        let start = source.text.get(..at)?.rfind(";\n").map_or(0, |end| end + 2);
        let end = source.text.get(at..)?.find(";\n").map_or(source.text.len(), |end| at + end + 1);
        source.text.get(start..end).map(str::trim)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_is_shown_with_its_comment_and_nothing_of_its_neighbours() {
        let text = "@id(\"a\")\npermit (principal, action, resource);\n\n// Why b.\n@id(\"b\")\nforbid (principal, action, resource)\nwhen { true };\n\n@id(\"c\")\npermit (principal, action, resource);\n";
        let sources = [PolicySource { name: "x.cedar".to_owned(), text: text.to_owned() }];
        let shown = text_of(&sources, "b").unwrap();
        assert_eq!(
            shown,
            "// Why b.\n@id(\"b\")\nforbid (principal, action, resource)\nwhen { true };"
        );
        assert_eq!(text_of(&sources, "z"), None);
    }
}
