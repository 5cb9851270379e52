//! One agent: what is declared of it, what the traffic shows, what it was limited to, what it did.

use std::time::Duration;

use axum::extract::State;
use axum::response::Response;
use maud::{Markup, html};
use model::{AgentName, Effect, Standing, Subject, Timestamp};
use store::{Field, Filter, Origin, StoredAgent, StoredKey};

use super::super::activity::{newest, rows};
use super::super::components::badge::{Tone, badge, standing};
use super::super::components::field::facts;
use super::super::components::notice::{banner, done};
use super::super::components::table::{Ask, Column, Table, Value};
use super::super::components::text::{digest, untrusted};
use super::super::components::time::moment;
use super::super::overview::quoted;
use super::super::page;
use super::super::shell::{self, Frame, Section, url};
use super::path;
use crate::extract::{Params, Place};
use crate::{App, Endpoint, Principal, Problem, Shared};

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        page!(Read get "/agents/{agent}" show, "One agent: what is declared, what the traffic shows, what it did"),
    ]
}

/// What "seen" looks back on.
const SEEN: Duration = Duration::from_secs(7 * 86_400);

/// Of each list of what was seen.
const MOST: usize = 12;

/// Records of its timeline.
const RECENT: usize = 25;

const DONE: [(&str, &str); 5] = [
    ("suspend", "Suspended: nothing of it passes, and what was open was cut."),
    ("quarantine", "Quarantined: nothing of it passes until a reviewed resume."),
    ("resume", "It may act again."),
    ("edit", "The change holds from its next call on."),
    ("hand-over", "Its new owner answers for it from now on."),
];

async fn show(
    State(app): State<Shared>,
    who: Principal,
    Place(name): Place<AgentName>,
    Params(ask): Params<Ask>,
) -> Result<Response, Problem> {
    let now = (app.clock)();
    let agent = app.store.agent(&who.tenant, &name).await?;
    let keys = app.store.list_keys(&who.tenant, &name).await?;
    let filter = Filter { agent: Some(name.clone()), ..Filter::default() };
    let recent = newest(&app, &who, filter.clone(), RECENT).await?;
    let credentials = match credentials(&name, keys, now).answer(&ask) {
        Ok(table) => table,
        Err(file) => return Ok(*file),
    };
    let body = html! {
        (done(ask.done.as_deref(), &DONE))
        (contained(&app, &who, &agent).await?)
        div.columns {
            section.card { h2 { "What it is" } (about(&agent)) }
            section.card { h2 { "What it used, last 7 days" } (seen(&app, &who, filter, now).await?) }
        }
        section.card { h2 { "Limits" } (limits(&app, &who, &name)) }
        section.card { h2 { "Keys" } (credentials) }
        section.card {
            h2 { "Timeline" }
            @if recent.is_empty() { p.muted { "It has not called yet. Point its SDK at the gate with its key." } } @else { (rows(&recent)) }
            p { a href=(url("/activity", &[("q", &format!("agent:{}", quoted(name.as_str())))])) { "All its records" } }
        }
    };
    let frame = Frame { actions: acts(&agent), ..Frame::below(Section::Agents, name.as_str()) };
    Ok(shell::page(&app, &who, frame, body).await)
}

fn acts(agent: &StoredAgent) -> Markup {
    let to = |act: &str| format!("{}/{act}", path(agent.agent.name.as_str()));
    html! {
        @match agent.agent.standing {
            Standing::Active => { a.button.danger href=(to("suspend")) { "Suspend" } a.button.danger href=(to("quarantine")) { "Quarantine" } },
            Standing::Suspended => { a.button.primary href=(to("resume")) { "Resume" } a.button.danger href=(to("quarantine")) { "Quarantine" } },
            Standing::Quarantined => a.button.primary href=(to("resume")) { "Resume" },
        }
        @if agent.origin == Origin::Api {
            a.button href=(to("edit")) { "Change" }
            a.button href=(to("hand-over")) { "Hand over" }
        }
        a.button href=(to("new-key")) { "New key" }
    }
}

async fn contained(app: &App, who: &Principal, agent: &StoredAgent) -> Result<Markup, Problem> {
    let subject = Subject::Agent(agent.agent.name.clone());
    let held = app.store.containment(&who.tenant, &subject).await?;
    Ok(html! { @if let Some(held) = held {
        (banner(Tone::Bad, &html! { p {
            (standing(held.containment.standing)) " since " (moment(held.since)) " by " (untrusted(&held.who))
            @if !held.containment.reason.is_empty() { ": " (untrusted(&held.containment.reason)) }
        } }))
    } })
}

fn about(agent: &StoredAgent) -> Markup {
    let text = |text: &Option<String>| html! { @if let Some(text) = text { (untrusted(text)) } };
    facts(&[
        ("Status", standing(agent.agent.standing)),
        ("Owner", text(&agent.agent.owner)),
        ("Purpose", text(&agent.agent.purpose)),
        ("Zone", untrusted(agent.agent.zone.as_str())),
        (
            "Roles",
            html! { @for role in &agent.agent.roles { (badge(Tone::Plain, role.as_str())) " " } },
        ),
        ("Tier", html! { @if let Some(tier) = agent.agent.tier { (tier.as_str()) } }),
        (
            "Declared",
            html! { @match agent.origin { Origin::Config => "in the configuration, where it is changed", Origin::Api => "by the console or the API" } },
        ),
        ("Since", moment(agent.created)),
        ("Changed", moment(agent.updated)),
    ])
}

/// Models, tools and destinations that its records name, and what it was refused.
async fn seen(
    app: &App,
    who: &Principal,
    filter: Filter,
    now: Timestamp,
) -> Result<Markup, Problem> {
    let filter = Filter { since: Some(now.minus(SEEN)), ..filter };
    let used = app.store.top(&who.tenant, filter.clone(), Field::Resource, MOST).await?;
    let denied = Filter { effect: Some(Effect::Deny), ..filter.clone() };
    let denied = app.store.count(&who.tenant, denied, u64::from(u32::MAX)).await?;
    let agent = filter.agent.as_ref().map_or("", |name| name.as_str());
    let link = |query: String| {
        url("/activity", &[("q", &format!("agent:{} {query}", quoted(agent))), ("since", "7d")])
    };
    Ok(html! {
        @if used.values.is_empty() { p.muted { "Nothing yet." } } @else {
            ol.tally { @for tally in &used.values { li {
                (untrusted(&tally.value))
                a.number href=(link(format!("resource:{}", quoted(&tally.value)))) { (tally.count) }
            } } }
            @if used.distinct > used.values.len() as u64 { p.muted { "and " (used.distinct - used.values.len() as u64) " others" } }
        }
        p { a href=(link("effect:deny".to_owned())) { (denied.value) " refused" } }
    })
}

fn limits(app: &App, who: &Principal, name: &AgentName) -> Markup {
    let all = app.instance.limits(&who.tenant);
    let mine = |limit: &serde_json::Value| {
        let used =
            limit["used"].as_array()?.iter().find(|used| used["subject"] == name.as_str())?;
        Some((limit.clone(), used.clone()))
    };
    let mine: Vec<_> = all.as_array().into_iter().flatten().filter_map(mine).collect();
    html! {
        @if mine.is_empty() { p.muted { "No limit of this agent alone has been used in its present window." } }
        @else { ul.controls { @for (limit, used) in &mine { li {
            b { (untrusted(limit["name"].as_str().unwrap_or_default())) }
            @for what in ["requests", "tokens", "spend_usd", "bytes"] { @if !limit["allowed"][what].is_null() {
                " " (super::super::components::chart::meter(used[what].as_f64().unwrap_or(0.0) / limit["allowed"][what].as_f64().unwrap_or(1.0), "waiting"))
                " " (used[what]) " of " (limit["allowed"][what]) " " (what.replace("_usd", ", USD"))
            } }
        } } } }
    }
}

fn credentials(
    name: &AgentName,
    keys: Vec<StoredKey>,
    now: Timestamp,
) -> Table<'static, StoredKey> {
    let ends = move |key: &StoredKey| match key.expires {
        None => html! { "never" },
        Some(end) if end <= now => html! { (badge(Tone::Bad, "ended")) " " (moment(end)) },
        Some(end) => moment(end),
    };
    let nothing = html! { p.muted { "It has no key: it is known by a certificate, a signature or an issuer's token, or it cannot call." } };
    Table {
        name: "keys",
        caption: "keys",
        path: path(name.as_str()),
        keep: vec![],
        columns: vec![
            Column::new("hash", "Hash", |key: &StoredKey| Value::Text(key.hash.to_string()))
                .shown(|key| digest(&key.hash.to_string())),
            Column::new("label", "Label", |key: &StoredKey| Value::from(key.label.as_str())),
            Column::new("created", "Since", |key: &StoredKey| Value::Time(key.created)),
            Column::new("ends", "Ends", |key: &StoredKey| {
                key.expires.map_or(Value::None, Value::Time)
            })
            .shown(ends),
        ],
        rows: keys,
        empty: nothing,
    }
}
