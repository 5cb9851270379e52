//! Approvals: calls that a policy holds, and a person's word on each.

use axum::extract::State;
use axum::response::Response;
use maud::{Markup, html};
use model::{ApprovalState, RecordId, Timestamp};
use store::StoredApproval;

use super::components::badge::{Tone, approval as state_badge};
use super::components::field::{facts, lines};
use super::components::notice::{banner, done, empty};
use super::components::table::{Ask, Column, Table, Value};
use super::components::text::{digest, untrusted, untrusted_block, untrusted_short};
use super::components::time::{distance, moment};
use super::form::{Fields, token_field};
use super::page;
use super::shell::{self, Frame, Section, segment};
use super::surface::{step_up, then};
use crate::extract::{Params, Place};
use crate::routes::approvals::{say_no, say_yes};
use crate::{App, Endpoint, Principal, Problem, Shared};

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        page!(Read get "/approvals" list, "Held calls, those that wait first"),
        page!(Read get "/approvals/{record}" show, "One held call, to approve or to deny"),
        page!(Approve post "/approvals/{record}/approve" approve, "Approves by form"),
        page!(Approve post "/approvals/{record}/deny" deny, "Denies by form"),
    ]
}

/// What is listed; older ones are found in the activity.
const MAX_LISTED: usize = 1_000;

const DONE: [(&str, &str); 2] = [
    ("approved", "Your approval is recorded. The agent's next identical call goes through, once."),
    ("denied", "The call is refused, and its developer is told why."),
];

async fn list(
    State(app): State<Shared>,
    who: Principal,
    Params(ask): Params<Ask>,
) -> Result<Response, Problem> {
    let now = (app.clock)();
    let mut rows = app.store.approvals(&who.tenant, None, MAX_LISTED, now).await?;
    rows.sort_by_key(|row| row.state != ApprovalState::Waiting);
    let table = match table(rows, now).answer(&ask) {
        Ok(table) => table,
        Err(file) => return Ok(*file),
    };
    let body = html! {
        (done(ask.done.as_deref(), &DONE))
        div.card #approvals data-follow="/activity/stream?q=effect%3Ahold" data-refresh="approvals" { (table) }
    };
    Ok(shell::page(&app, &who, Frame::of(Section::Approvals), body).await)
}

fn table(rows: Vec<StoredApproval>, now: Timestamp) -> Table<'static, StoredApproval> {
    let nothing = empty(
        "No call was ever held",
        &html! {
            p { "A policy that permits holds a call when it carries the annotation " code { "@approve(\"\")" } ": the call then waits here until a person has decided." }
            p { a href="/policies" { "Policies in force" } }
        },
    );
    Table {
        name: "approvals",
        caption: "held calls",
        path: "/approvals".to_owned(),
        keep: vec![],
        columns: vec![
            Column::new("state", "State", |row: &StoredApproval| Value::from(row.state.as_str())).shown(|row| state_badge(row.state)),
            Column::new("created", "Held", |row: &StoredApproval| Value::Time(row.created)),
            Column::new("agent", "Agent", |row: &StoredApproval| Value::from(row.held.agent.as_str()))
                .shown(|row| html! { a href=(format!("/agents/{}", segment(row.held.agent.as_str()))) { (untrusted(row.held.agent.as_str())) } }),
            Column::new("call", "Call", |row: &StoredApproval| Value::from(row.held.resource.as_str()))
                .shown(|row| html! { a href=(path(row)) { (untrusted_short(&row.held.resource, 120)) } }),
            Column::new("why", "Why it is held", |row: &StoredApproval| Value::from(row.held.reason.as_str())),
            Column::new("ends", "Ends", |row: &StoredApproval| Value::Time(row.ends)).shown(move |row| html! {
                @if row.state == ApprovalState::Waiting { (distance(row.ends, now)) } @else { (moment(row.ends)) }
            }),
        ],
        rows,
        empty: nothing,
    }
}

fn path(row: &StoredApproval) -> String {
    format!("/approvals/{}", row.held.record)
}

async fn show(
    State(app): State<Shared>,
    who: Principal,
    Place(record): Place<RecordId>,
    Params(ask): Params<Ask>,
) -> Result<Response, Problem> {
    let now = (app.clock)();
    let approval = app.store.approval(&who.tenant, record, now).await?;
    let body = html! {
        (done(ask.done.as_deref(), &DONE))
        section.card { h2 { "The call" } (call(&approval, now)) }
        section.card { h2 { "What exactly" } (untrusted_block(&approval.held.arguments)) p.muted { "What inspection found in it is masked. An approval is for exactly this call: any other argument is another call." } }
        (votes(&approval))
        @if approval.state == ApprovalState::Waiting { (decide(&app, &who, &approval)?) }
    };
    let title = format!("{} by {}", approval.held.resource, approval.held.agent);
    Ok(shell::page(&app, &who, Frame::below(Section::Approvals, &title), body).await)
}

fn call(approval: &StoredApproval, now: Timestamp) -> Markup {
    let held = &approval.held;
    let agents: Vec<&str> =
        held.chain.iter().chain([&held.agent]).map(|name| name.as_str()).collect();
    facts(&[
        (
            "State",
            html! { (state_badge(approval.state)) " " span.muted { "until " (moment(approval.ends)) ", " (distance(approval.ends, now)) } },
        ),
        (
            "Agent",
            html! { @for (at, name) in agents.iter().enumerate() { @if at > 0 { " → " } a href=(format!("/agents/{}", segment(name))) { (untrusted(name)) } } },
        ),
        (
            "On behalf of",
            html! { @if let Some(person) = &held.on_behalf_of { (untrusted(person.as_str())) } },
        ),
        ("Call", html! { (untrusted(&held.resource)) " " span.muted { (held.kind) } }),
        ("Held because", untrusted(&held.reason)),
        (
            "Policies",
            html! { @for policy in &held.policies { a href=(format!("/policies#{}", segment(policy.as_str()))) { (untrusted(policy.as_str())) } " " } },
        ),
        ("Labels", html! { @for label in &held.labels { span.badge { (untrusted(label)) } " " } }),
        (
            "Session",
            html! { @if let Some(session) = &held.session { (untrusted(session.as_str())) } },
        ),
        ("People needed", html! { (held.needed) }),
        ("Record", html! { a href=(format!("/activity/{}", held.record)) { (held.record) } }),
        ("Bound to", digest(&held.call.to_string())),
    ])
}

fn votes(approval: &StoredApproval) -> Markup {
    html! {
        @if !approval.votes.is_empty() {
            section.card { h2 { "What was said" } ul { @for vote in &approval.votes {
                li { b { (untrusted(&vote.who)) } @if vote.approves { " approved " } @else { " denied " } (moment(vote.time)) @if !vote.reason.is_empty() { ": " (untrusted(&vote.reason)) } }
            } } }
        }
    }
}

fn decide(app: &App, who: &Principal, approval: &StoredApproval) -> Result<Markup, Problem> {
    let token = token_field(app, who)?;
    let missing = usize::from(approval.held.needed)
        .saturating_sub(approval.votes.iter().filter(|vote| vote.approves).count());
    Ok(html! {
        section.card {
            h2 { "Your decision" }
            @if missing > 1 { (banner(Tone::Waiting, &html! { p { (missing) " people must approve." } })) }
            form method="post" {
                (token)
                (lines("reason", "Reason", "", "Needed to deny: the agent's developer reads it. It stands in the record.", 2))
                div.row {
                    button.primary type="submit" formaction=(format!("{}/approve", path(approval))) { "Approve this call, once" }
                    button.danger type="submit" formaction=(format!("{}/deny", path(approval))) { "Deny" }
                }
            }
        }
    })
}

async fn approve(
    State(app): State<Shared>,
    who: Principal,
    Place(record): Place<RecordId>,
    mut fields: Fields,
) -> Result<Response, Problem> {
    let reason = fields.text("reason");
    fields.end()?;
    if let Some(first) = step_up(&who, &format!("/approvals/{record}")) {
        return Ok(first);
    }
    let said = say_yes(&app, &who, record, reason).await?;
    Ok(then(&said, &format!("/approvals/{record}?done=approved")))
}

async fn deny(
    State(app): State<Shared>,
    who: Principal,
    Place(record): Place<RecordId>,
    mut fields: Fields,
) -> Result<Response, Problem> {
    let reason = fields.text("reason");
    fields.end()?;
    let said = say_no(&app, &who, record, reason).await?;
    Ok(then(&said, &format!("/approvals/{record}?done=denied")))
}
