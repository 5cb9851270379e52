//! Tools of MCP servers: what was agreed of each, what is offered instead, and a person's word on it.

use axum::extract::State;
use axum::response::Response;
use maud::{Markup, html};
use model::{Digest, ServerName};
use serde_json::Value as Json;
use store::{Ruling, StoredTool};

use super::components::badge::{Tone, badge};
use super::components::field::facts;
use super::components::notice::{banner, command, done, empty};
use super::components::table::{Ask, Column, Table, Value};
use super::components::text::{digest, untrusted, untrusted_block, untrusted_short};
use super::components::time::moment;
use super::diff::{self, Change, Piece};
use super::form::{Fields, token_field};
use super::page;
use super::shell::{self, Frame, Section, segment};
use super::surface::then;
use crate::extract::{Params, Place};
use crate::routes::tools::{Looked, kind, rule, state};
use crate::{App, Endpoint, Principal, Problem, Shared};

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        page!(Read get "/tools" list, "Tools, prompts and resources of MCP servers, and which of them wait"),
        page!(Read get "/tools/{server}/{tool}" show, "One tool: what was agreed, what is offered, and the difference"),
        page!(Tools post "/tools/{server}/{tool}/accept" accept, "Agrees by form"),
        page!(Tools post "/tools/{server}/{tool}/reject" reject, "Rejects by form"),
    ]
}

const DONE: [(&str, &str); 2] = [
    ("accepted", "The tool may be used as it is described now."),
    ("rejected", "The tool may not be used as it is offered."),
];

async fn list(
    State(app): State<Shared>,
    who: Principal,
    Params(ask): Params<Ask>,
) -> Result<Response, Problem> {
    let mut rows = app.store.list_tools(&who.tenant).await?;
    rows.sort_by_key(|tool| state(tool) != "held");
    let servers = app.instance.servers(&who.tenant);
    let table = match table(rows).answer(&ask) {
        Ok(table) => table,
        Err(file) => return Ok(*file),
    };
    let body = html! {
        (done(ask.done.as_deref(), &DONE))
        div.card { (table) }
        @if !servers.is_empty() {
            section.card { h2 { "Servers" } ul.controls { @for server in &servers {
                li { b { (untrusted(server.name.as_str())) } " " span.muted { (untrusted(&server.address)) } " " (badge(Tone::Plain, &format!("pinned on {}", server.pin))) }
            } } }
        }
    };
    Ok(shell::page(&app, &who, Frame::of(Section::Tools), body).await)
}

fn table(rows: Vec<StoredTool>) -> Table<'static, StoredTool> {
    let nothing = empty(
        "No tool has been seen",
        &html! {
            p { "Name an MCP server in the configuration; its tools appear here when an agent first lists them, each pinned as it was described then." }
            (command("[[mcp]]\nname = \"files\"\nurl = \"https://tools.example.com/mcp\""))
        },
    );
    Table {
        name: "tools",
        caption: "tools",
        path: "/tools".to_owned(),
        keep: vec![],
        columns: vec![
            Column::new("name", "Name", |tool: &StoredTool| Value::from(tool.name.as_str()))
                .shown(|tool| html! { a href=(path(tool)) { (untrusted_short(&tool.name, 128)) } }),
            Column::new("kind", "Kind", |tool: &StoredTool| Value::from(kind(tool))),
            Column::new("server", "Server", |tool: &StoredTool| Value::from(tool.server.as_str())),
            Column::new("state", "State", |tool: &StoredTool| Value::from(state(tool)))
                .shown(state_badge),
            Column::new("why", "Why", |tool: &StoredTool| {
                tool.offered.as_ref().map_or(Value::None, |offer| Value::from(offer.why.as_str()))
            }),
            Column::new("findings", "Found in it", |tool: &StoredTool| {
                tool.offered
                    .as_ref()
                    .map_or(Value::None, |offer| Value::Text(offer.findings.join(" ")))
            }),
            Column::new("revision", "Revision", |tool: &StoredTool| {
                Value::Number(tool.revision as f64)
            })
            .shown(|tool| html! { a href=(changes(tool)) { (tool.revision) } }),
            Column::new("changed", "Changed", |tool: &StoredTool| Value::Time(tool.changed)),
            Column::new("who", "Decided by", |tool: &StoredTool| {
                if tool.who.is_empty() {
                    Value::from("the gate")
                } else {
                    Value::from(tool.who.as_str())
                }
            }),
        ],
        rows,
        empty: nothing,
    }
}

/// The records of what people and the gate decided on it.
fn changes(tool: &StoredTool) -> String {
    records("kind:admin.change ", tool)
}

fn records(which: &str, tool: &StoredTool) -> String {
    let name = tool.name.replace(['"', '\\'], "*");
    shell::url("/activity", &[("q", &format!("{which}resource:\"{}/{name}\"", tool.server))])
}

fn path(tool: &StoredTool) -> String {
    format!("/tools/{}/{}", segment(tool.server.as_str()), segment(&tool.name))
}

fn state_badge(tool: &StoredTool) -> Markup {
    let tone = match state(tool) {
        "accepted" => Tone::Good,
        "held" => Tone::Waiting,
        _ => Tone::Bad,
    };
    badge(tone, state(tool))
}

async fn show(
    State(app): State<Shared>,
    who: Principal,
    Place((server, name)): Place<(ServerName, String)>,
    Params(ask): Params<Ask>,
) -> Result<Response, Problem> {
    let tool = app.store.tool(&who.tenant, &server, &name).await?;
    let body = html! {
        (done(ask.done.as_deref(), &DONE))
        section.card { (about(&tool)) }
        (descriptions(&tool))
        (decide(&app, &who, &tool)?)
    };
    let frame = Frame::below(Section::Tools, &tool.name);
    Ok(shell::page(&app, &who, frame, body).await)
}

fn about(tool: &StoredTool) -> Markup {
    let offer = tool.offered.as_ref();
    let hash = |text: &str| digest(&Digest::of(text.as_bytes()).to_string());
    facts(&[
        ("Kind", untrusted(kind(tool))),
        ("Server", untrusted(tool.server.as_str())),
        ("State", state_badge(tool)),
        ("Why it waits", html! { @if let Some(offer) = offer { (untrusted(&offer.why)) } }),
        (
            "Found in it",
            html! { @if let Some(offer) = offer { @for kind in &offer.findings { (badge(Tone::Bad, kind)) " " } } },
        ),
        (
            "Offered to",
            html! { @if let Some(agent) = offer.and_then(|offer| offer.agent.as_ref()) { (untrusted(agent.as_str())) } },
        ),
        ("Agreed description", html! { @if let Some(text) = &tool.accepted { (hash(text)) } }),
        (
            "Offered description",
            html! { @if let Some(offer) = offer { (hash(&offer.description)) } },
        ),
        (
            "Last decided",
            html! { (moment(tool.changed)) " " @if !tool.who.is_empty() { "by " (untrusted(&tool.who)) } @else { "by the gate" } },
        ),
        ("Calls", html! { a href=(records("", tool)) { "Records of its calls" } }),
    ])
}

fn descriptions(tool: &StoredTool) -> Markup {
    let accepted = tool.accepted.as_deref().map(pretty);
    let offered = tool.offered.as_ref().map(|offer| pretty(&offer.description));
    html! {
        @match (accepted, offered) {
            (Some(before), Some(after)) => section.card { h2 { "What changed" } (diff(&before, &after)) },
            (Some(text), None) => section.card { h2 { "Its description, as agreed" } (untrusted_block(&text)) },
            (None, Some(text)) => section.card { h2 { "Its description, as offered" } (untrusted_block(&text)) },
            (None, None) => {},
        }
    }
}

fn pretty(text: &str) -> String {
    let value = serde_json::from_str::<Json>(text).ok();
    value
        .and_then(|value| serde_json::to_string_pretty(&value).ok())
        .unwrap_or_else(|| text.to_owned())
}

/// Line by line, with what left and what came marked by more than a colour; what stayed the same far
/// from any change is counted.
pub(super) fn diff(before: &str, after: &str) -> Markup {
    let lines = diff::lines(before, after);
    html! {
        div.diff tabindex="0" role="group" aria-label="Differences" { @for piece in diff::pieces(&lines) {
            @match piece {
                Piece::Left(number) => div.left { span.mark { "…" } span { (number) " lines are the same" } },
                Piece::Line(Change::Same, line) => div { span.mark { " " } (untrusted(line)) },
                Piece::Line(Change::Gone, line) => div.gone { span.mark { "−" } del { (untrusted(line)) } },
                Piece::Line(Change::Come, line) => div.come { span.mark { "+" } ins { (untrusted(line)) } },
            }
        } }
    }
}

fn decide(app: &App, who: &Principal, tool: &StoredTool) -> Result<Markup, Problem> {
    let token = token_field(app, who)?;
    let is_offered = tool.offered.is_some();
    Ok(html! {
        section.card {
            h2 { "Your decision" }
            @if tool.offered.as_ref().is_some_and(|offer| !offer.findings.is_empty()) {
                (banner(Tone::Bad, &html! { p { "Its description holds what looks like an instruction to your agents. Read it as a stranger's text." } }))
            }
            form method="post" {
                (token)
                input type="hidden" name="revision" value=(tool.revision);
                div.row {
                    @if is_offered { button.primary type="submit" formaction=(format!("{}/accept", path(tool))) { "Agree to what is offered" } }
                    button.danger type="submit" formaction=(format!("{}/reject", path(tool))) { @if is_offered { "Reject it" } @else { "Agree to it no longer" } }
                }
            }
        }
    })
}

async fn accept(
    State(app): State<Shared>,
    who: Principal,
    Place(place): Place<(ServerName, String)>,
    fields: Fields,
) -> Result<Response, Problem> {
    ruled(&app, &who, place, fields, Ruling::Accept).await
}

async fn reject(
    State(app): State<Shared>,
    who: Principal,
    Place(place): Place<(ServerName, String)>,
    fields: Fields,
) -> Result<Response, Problem> {
    ruled(&app, &who, place, fields, Ruling::Reject).await
}

async fn ruled(
    app: &App,
    who: &Principal,
    (server, tool): (ServerName, String),
    mut fields: Fields,
    ruling: Ruling,
) -> Result<Response, Problem> {
    let revision = fields.read("revision")?;
    fields.end()?;
    let word = if ruling == Ruling::Accept { "accepted" } else { "rejected" };
    let path = format!("/tools/{}/{}?done={word}", segment(server.as_str()), segment(&tool));
    let done = rule(app, who, (server, tool), Looked { revision }, ruling).await?;
    Ok(then(&done, &path))
}
