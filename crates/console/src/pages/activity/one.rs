//! One record, whole: who, what was decided by which policies and their text, what was found, where
//! arguments came from, how long it took, and the proof that it is in the log.

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};
use model::{Finding, Record, RecordId};
use store::Hit;

use super::super::components::badge::{Tone, badge, effect, severity, status};
use super::super::components::field::facts;
use super::super::components::table::{Ask, Column, Table, Value};
use super::super::components::text::{digest, untrusted, untrusted_block};
use super::super::components::time::{millis, moment};
use super::super::page;
use super::super::shell::{self, Frame, Section, segment, url};
use crate::extract::{Params, Place};
use crate::routes::records::{one, record, stored};
use crate::{App, Endpoint, PolicySource, Principal, Problem, Shared};

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        page!(Read get "/activity/{record}" show, "One record whole, with its proof"),
        page!(Read get "/activity/{record}/record.json" raw, "The record byte for byte as the log has it"),
        page!(Read get "/activity/{record}/proof.json" proof, "The proof that it is in the log"),
    ]
}

async fn show(
    State(app): State<Shared>,
    who: Principal,
    Place(id): Place<RecordId>,
    Params(ask): Params<Ask>,
) -> Result<Response, Problem> {
    let hit = one(&app, &who, id).await?;
    let record = record(&app, &who.tenant, &hit).await?;
    let policies = app.instance.policy(&who.tenant).sources;
    let findings = match findings(&record).answer(&ask) {
        Ok(table) => table,
        Err(file) => return Ok(*file),
    };
    let body = html! {
        div.columns {
            section.card { h2 { "Who" } (who_did(&record)) }
            section.card { h2 { "What" } (what(&record)) }
        }
        section.card { h2 { "Decision" } (decision(&record, &policies)) }
        @if !record.findings.is_empty() { section.card {
            h2 { "What was found" }
            (findings)
            p.muted { "What was found stands in no record; where a payload was kept, it is kept masked or sealed." }
        } }
        @if !record.detail.is_empty() { section.card { h2 { "Detail" } (detail(&record)) } }
        @if record.payload.request.is_some() || record.payload.response.is_some() {
            section.card { h2 { "Request and response" } (super::payload::kept(&record)) }
        }
        section.card { h2 { "Proof" } (proven(&record, &hit, who.tenant.as_str())) }
        details.card { summary { "The whole record" } (untrusted_block(&whole(&record))) }
    };
    let title = record.id.to_string();
    Ok(shell::page(&app, &who, Frame::below(Section::Activity, &title), body).await)
}

fn who_did(record: &Record) -> Markup {
    let agent = record.agent.iter();
    let chain: Vec<&str> = record.chain.iter().chain(agent).map(|name| name.as_str()).collect();
    facts(&[
        (
            "On behalf of",
            html! { @if let Some(person) = &record.on_behalf_of { (untrusted(person.as_str())) @if person.is_pseudonym() { " " a href=(format!("/activity/{}/person", record.id)) { "By name" } " (leaves a record)" } } },
        ),
        (
            "Agents, in order",
            html! { @for (at, name) in chain.iter().enumerate() { @if at > 0 { " → " } a href=(format!("/agents/{}", segment(name))) { (untrusted(name)) } } },
        ),
        (
            "Session",
            html! { @if let Some(session) = &record.session { a href=(url("/activity", &[("q", &format!("session:{}", super::super::overview::quoted(session.as_str())))])) { (untrusted(session.as_str())) } } },
        ),
        ("Zone", html! { @if let Some(zone) = &record.zone { (untrusted(zone.as_str())) } }),
        ("From", untrusted(&record.client.address)),
        ("Credential", untrusted(&record.client.credential)),
        ("User agent", untrusted(&record.client.user_agent)),
    ])
}

fn what(record: &Record) -> Markup {
    let usage = &record.usage;
    let times = html! {
        @if usage.upstream_ms > 0.0 { (millis(usage.upstream_ms)) " upstream, " }
        @if usage.added_ms > 0.0 { (millis(usage.added_ms)) " added by the gate" }
    };
    let amounts = html! {
        @if usage.input_tokens + usage.output_tokens > 0 { (usage.input_tokens) " tokens in, " (usage.output_tokens) " out. " }
        @if usage.bytes_in + usage.bytes_out > 0 { (usage.bytes_in) " bytes in, " (usage.bytes_out) " out. " }
        @if usage.cost_usd > 0.0 { "USD " (format!("{:.4}", usage.cost_usd)) }
    };
    facts(&[
        ("Time", moment(record.time)),
        ("Kind", html! { (untrusted(record.kind.as_str())) }),
        (
            "Resource",
            html! { @if let Some(resource) = &record.resource { b { (untrusted(&resource.name)) } " " span.muted { (untrusted(&resource.kind)) } } },
        ),
        (
            "Ended",
            html! { (status(record.status)) @if let Some(code) = record.http_status { " HTTP " (code) } },
        ),
        ("Time taken", times),
        ("Used", amounts),
        (
            "Labels",
            html! { @for label in &record.labels { (badge(Tone::Plain, "")) (untrusted(label)) " " } },
        ),
        ("Trace", html! { @if let Some(trace) = &record.trace { (digest(trace)) } }),
    ])
}

fn decision(record: &Record, sources: &[PolicySource]) -> Markup {
    let decision = &record.decision;
    html! {
        p { (effect(decision.effect)) " " (untrusted(&decision.reason)) }
        @if !decision.obligations.is_empty() { p { "With " @for obligation in &decision.obligations { (badge(Tone::Notice, obligation)) " " } } }
        @if decision.policies.is_empty() { p.muted { "No policy decided: the gate itself did, or nothing permits it." } }
        @for policy in &decision.policies {
            h3 { "Policy " (untrusted(policy.as_str())) }
            @match super::super::policies::text_of(sources, policy.as_str()) {
                Some(text) => (untrusted_block(text)),
                None => p.muted { "It is not in force any more; the text of its time is in the history of policies." },
            }
        }
    }
}

fn findings(record: &Record) -> Table<'static, Finding> {
    let same = |kind: &str| format!("finding:{}", super::super::overview::quoted(kind));
    Table {
        name: "findings",
        caption: "findings",
        path: format!("/activity/{}", record.id),
        keep: vec![],
        columns: vec![
            Column::new("severity", "Severity", |one: &Finding| Value::from(one.severity.as_str()))
                .shown(|one| severity(one.severity)),
            Column::new("kind", "Kind", |one: &Finding| Value::from(&*one.kind)).shown(move |one| {
                html! { a href=(url("/activity", &[("q", &same(&one.kind))])) { (untrusted(&one.kind)) } }
            }),
            Column::new("where", "Where", |one: &Finding| Value::from(&*one.location))
                .shown(|one| html! { code { (untrusted(&one.location)) } }),
            Column::new("detector", "Detector", |one: &Finding| Value::from(&*one.detector)),
            Column::new("confidence", "Confidence", |one: &Finding| {
                Value::Number(one.confidence)
            })
            .shown(|one| html! { (format!("{:.2}", one.confidence)) }),
            Column::new("times", "Times", |one: &Finding| Value::Number(f64::from(one.count))),
        ],
        rows: record.findings.clone(),
        empty: html! {},
    }
}

/// What a kind adds of its own; the origins of a call's arguments are there, and other records that it
/// belongs to.
fn detail(record: &Record) -> Markup {
    let shown = |value: &str| match value.parse::<RecordId>() {
        Ok(id) => html! { a href=(format!("/activity/{id}")) { (id) } },
        Err(_) => untrusted(value),
    };
    html! { dl.facts { @for (name, value) in &record.detail { div { dt { (untrusted(name)) } dd { (shown(value)) } } } } }
}

/// Where it stands in the log; the script checks it in the browser, and both files can be kept.
fn proven(record: &Record, hit: &Hit, tenant: &str) -> Markup {
    let here = format!("/activity/{}", record.id);
    html! {
        (facts(&[("Log", untrusted(&hit.log)), ("Position", html! { (hit.position) })]))
        div.row data-verify=(here) data-log=(format!("/ledger/{}", segment(tenant))) {
            button type="button" hidden { "Verify in this browser" }
            a.button href=(format!("{here}/record.json")) download=(format!("{}.json", record.id)) { "Record" }
            a.button href=(format!("{here}/proof.json")) download=(format!("{}.proof.json", record.id)) { "Proof" }
        }
        div.verdict role="status" {}
        p.muted { "Without this page: " code { "portcullis ledger prove " (record.id) } " on the machine, or " code { "portcullis ledger verify URL" } " from anywhere." }
    }
}

fn whole(record: &Record) -> String {
    serde_json::to_string_pretty(record).unwrap_or_default()
}

async fn raw(
    State(app): State<Shared>,
    who: Principal,
    Place(id): Place<RecordId>,
) -> Result<Response, Problem> {
    let hit = one(&app, &who, id).await?;
    let bytes = stored(&app, &who.tenant, &hit).await?;
    Ok(([(header::CONTENT_TYPE, "application/json")], bytes).into_response())
}

async fn proof(
    State(app): State<Shared>,
    who: Principal,
    Place(id): Place<RecordId>,
) -> Result<Response, Problem> {
    let hit = one(&app, &who, id).await?;
    Ok(axum::Json(prove(&app, &who, hit).await?).into_response())
}

async fn prove(app: &App, who: &Principal, hit: Hit) -> Result<serde_json::Value, Problem> {
    Ok(app.journal.prove(who.tenant.clone(), hit.log, hit.position).await?)
}
