//! Settings: what runs here, how each part is, what is limited, and where records are sent.

use axum::extract::State;
use axum::response::Response;
use maud::{Markup, html};
use serde_json::Value;

use super::components::badge::{Tone, badge, health};
use super::components::field::facts;
use super::components::notice::empty;
use super::components::text::untrusted;
use super::components::time::span;
use super::page;
use super::shell::{self, Frame, Section};
use crate::{App, Endpoint, Principal, Problem, Shared};

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![page!(Read get "/settings" show, "What runs here and how each part is")]
}

async fn show(State(app): State<Shared>, who: Principal) -> Result<Response, Problem> {
    let status = app.instance.status(&who.tenant);
    let body = html! {
        p.muted { "Settings are made in the configuration file, which is read again when it changes; what does not validate changes nothing." }
        div.columns {
            section.card { h2 { "This instance" } (instance(&status)) }
            section.card { h2 { "Parts" } (parts(&app, &who)) }
        }
        section.card { h2 { "Model APIs" } (providers(&app, &who)) }
        section.card { h2 { "Limits" } (limits(&app, &who)) }
        section.card { h2 { "Exports" } (exports(&app, &who)) }
    };
    Ok(shell::page(&app, &who, Frame::of(Section::Settings), body).await)
}

fn instance(status: &Value) -> Markup {
    let text =
        |key: &str| html! { @if let Some(text) = status[key].as_str() { (untrusted(text)) } };
    let uptime = status["uptime_s"].as_u64().unwrap_or(0);
    facts(&[
        ("Name", text("name")),
        ("Version", text("version")),
        ("Running for", html! { (span(std::time::Duration::from_secs(uptime))) }),
        ("Records are durable", text("durability")),
        (
            "Policy version",
            html! { @if let Some(version) = status["policy_version"].as_str() { (super::components::text::digest(version)) } },
        ),
        (
            "Inspection",
            html! { @if status["inspection"] == true { (badge(Tone::Good, "on")) } @else { (badge(Tone::Bad, "off")) } },
        ),
        ("Snapshot", html! { "revision " (status["snapshot_revision"]) }),
    ])
}

fn parts(app: &App, who: &Principal) -> Markup {
    let index = app.instance.index(&who.tenant);
    html! {
        ul.needs {
            @for check in app.instance.readiness(Some(&who.tenant)) { li {
                div { b { (check.name) } " " span.muted { (untrusted(&check.detail)) } } (health(check.ok))
            } }
            li { div { b { "search index" } " " span.muted { (index.indexed) " of " a href="/activity" { (index.size) " records" } } } (health(index.behind() == 0)) }
        }
    }
}

fn providers(app: &App, who: &Principal) -> Markup {
    let providers = app.instance.providers(&who.tenant);
    html! {
        @if providers.is_empty() {
            (empty("No model API is configured", &html! { p { "Name one as " code { "[[provider]]" } " in the configuration; the gate keeps its key and agents never see it." } }))
        } @else { ul.needs { @for provider in &providers { li {
            div { b { (untrusted(provider.name.as_str())) } " " span.muted { (provider.kind) " at " (untrusted(&provider.base_url)) }
                @if !provider.models.is_empty() { div.muted { "models " (untrusted(&provider.models.join(", "))) } } }
        } } } }
    }
}

fn limits(app: &App, who: &Principal) -> Markup {
    let all = app.instance.limits(&who.tenant);
    let all = all.as_array().cloned().unwrap_or_default();
    html! {
        @if all.is_empty() {
            (empty("Nothing is limited", &html! { p { "A " code { "[[limit]]" } " in the configuration bounds requests, tokens, spending, bytes or calls at once; the call that would cross it is refused." } }))
        } @else { ul.needs { @for limit in &all { li { div {
            b { (untrusted(limit["name"].as_str().unwrap_or_default())) } " "
            span.muted { @for (what, number) in limit["allowed"].as_object().into_iter().flatten().filter(|(_, number)| !number.is_null()) { (number) " " (what.replace("_usd", " (USD)")) " " } "in " (span(std::time::Duration::from_secs(limit["window_s"].as_u64().unwrap_or(0)))) }
            @let used = limit["used"].as_array().map_or(0, Vec::len);
            @let window = limit["window_s"].as_u64().unwrap_or(0);
            div.muted { a href=(shell::url("/activity", &[("since", &format!("{window}s"))])) { (used) @if used == 1 { " subject" } @else { " subjects" } } " used it in its present window" }
        } } } } }
    }
}

fn exports(app: &App, who: &Principal) -> Markup {
    let all = app.instance.exports(&who.tenant);
    let all = all.as_array().cloned().unwrap_or_default();
    html! {
        @if all.is_empty() {
            (empty("Records are sent nowhere else", &html! { p { "An " code { "[[export]]" } " in the configuration sends every record on as it is written: OCSF, syslog, OpenTelemetry or a signed webhook." } }))
        } @else { ul.needs { @for export in &all { li {
            div { b { (untrusted(export["name"].as_str().unwrap_or_default())) } " " span.muted { (export["behind"]) " records behind" } }
        } } } }
    }
}
