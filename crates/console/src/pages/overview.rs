//! The overview: what needs a person now, what passes, who stands out, and whether the controls work.

use std::time::Duration;

use axum::extract::State;
use axum::response::Response;
use maud::{Markup, html};
use model::{ApprovalState, Effect, Timestamp};
use store::{Clause, ElevationState, Field, Filter, WhichElevations};

use super::components::badge::{self, Tone, health};
use super::components::chart::{Bin, Series, bars, numbers};
use super::components::notice::{command, empty};
use super::components::table::Ask;
use super::components::text::untrusted;
use super::components::time::{distance, moment};
use super::page;
use super::shell::{self, Frame, Section, segment, url};
use crate::extract::Params;
use crate::{App, Check, Endpoint, Principal, Problem, Shared};

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        page!(Read get "/" show, "What needs a person now, what passes, and whether the controls work"),
    ]
}

/// What the overview looks back on.
const SPAN: Duration = Duration::from_secs(86_400);

/// Bars of its chart: half an hour each.
const BARS: usize = 48;

/// Of each list.
const MOST: usize = 8;

/// Waiting things of one kind that are counted.
const MAX_WAITING: usize = 100;

async fn show(
    State(app): State<Shared>,
    who: Principal,
    Params(ask): Params<Ask>,
) -> Result<Response, Problem> {
    let now = (app.clock)();
    let traffic = match traffic(&app, &who, &ask, now).await? {
        Ok(traffic) => traffic,
        Err(file) => return Ok(*file),
    };
    let body = html! {
        (needs(&app, &who, now).await?)
        section.card { h2 { "Decisions in the last 24 hours" } (traffic) }
        div.columns {
            section.card { h2 { "Agents by refusals" } (agents(&app, &who, now).await?) }
            section.card { h2 { "What was found" } (findings(&app, &who, now).await?) }
        }
        section.card { h2 { "Controls" } (controls(&app, &who)) }
    };
    Ok(shell::page(&app, &who, Frame::of(Section::Overview), body).await)
}

/// One thing that waits for a person.
struct Need {
    tone: Tone,
    what: Markup,
    href: String,
    act: &'static str,
}

async fn needs(app: &App, who: &Principal, now: Timestamp) -> Result<Markup, Problem> {
    let mut needs = Vec::new();
    for check in app.instance.readiness(Some(&who.tenant)).into_iter().filter(|check| !check.ok) {
        needs.push(Need {
            tone: Tone::Bad,
            what: html! { "The " b { (check.name) } " does not work: " (untrusted(&check.detail)) },
            href: "/settings".to_owned(),
            act: "Look",
        });
    }
    let waiting =
        app.store.approvals(&who.tenant, Some(ApprovalState::Waiting), MAX_WAITING, now).await?;
    if let Some(oldest) = waiting.last() {
        needs.push(Need {
            tone: Tone::Waiting,
            what: html! { b { (count(waiting.len(), "call")) } " waiting for approval, the oldest for " (distance(oldest.created, now).trim_end_matches(" ago")) },
            href: "/approvals".to_owned(),
            act: "Decide",
        });
    }
    needs.extend(access(app, who, now).await?);
    let held = app.store.list_tools(&who.tenant).await?;
    let held = held
        .iter()
        .filter(|tool| tool.offered.as_ref().is_some_and(|offer| !offer.rejected))
        .count();
    if held > 0 {
        needs.push(Need {
            tone: Tone::Waiting,
            what: html! { b { (count(held, "tool")) } " changed and held until somebody agrees" },
            href: "/tools?filter=held".to_owned(),
            act: "Compare",
        });
    }
    for held in app.store.list_containments(&who.tenant).await?.into_iter().take(MOST) {
        let (subject, href) = contained(&held.containment.subject);
        needs.push(Need {
            tone: Tone::Notice,
            what: html! { (badge::standing(held.containment.standing)) " " b { (untrusted(&subject)) } " " (untrusted(&held.containment.reason)) },
            href,
            act: "Review",
        });
    }
    Ok(html! {
        section.card {
            h2 { "Needs a person now" }
            @if needs.is_empty() {
                p.muted { "Nothing. Held calls, changed tools, containments and controls that fail appear here." }
            } @else {
                ul.needs { @for need in &needs {
                    li class=(need.tone.class()) { div { (need.what) } a.button href=(need.href) { (need.act) } }
                } }
            }
        }
    })
}

/// Roles that somebody asks for, and those that were taken and nobody has looked at.
async fn access(app: &App, who: &Principal, now: Timestamp) -> Result<Vec<Need>, Problem> {
    let list = |which| app.store.elevations(&who.tenant, which, MAX_WAITING, now);
    let open = list(WhichElevations::Open).await?;
    let waiting = open.iter().filter(|one| one.state == ElevationState::Waiting).count();
    let unreviewed = list(WhichElevations::Unreviewed).await?.len();
    let asked = (waiting > 0).then(|| Need {
        tone: Tone::Waiting,
        what: html! { b { (count(waiting, "role")) } " asked for by somebody" },
        href: "/access".to_owned(),
        act: "Decide",
    });
    let taken = (unreviewed > 0).then(|| Need {
        tone: Tone::Bad,
        what: html! { b { (count(unreviewed, "role")) } " taken by breaking glass, and not signed off" },
        href: "/access".to_owned(),
        act: "Look",
    });
    let last = app.store.reviews(&who.tenant, 1).await?.pop();
    let review = last.and_then(|last| {
        let left = last.counts.undecided + last.counts.escalated;
        (left > 0).then(|| Need {
            tone: if last.counts.escalated > 0 { Tone::Bad } else { Tone::Waiting },
            what: html! { b { (left) " to decide on" } " in access review " (last.number) ", by " (moment(last.deadline)) },
            href: format!("/reviews/{}?filter={}", last.number, if last.closed.is_some() { "escalate" } else { "undecided" }),
            act: "Decide",
        })
    });
    Ok(asked.into_iter().chain(taken).chain(review).collect())
}

/// What is contained, in words, and the page that tells of it.
fn contained(subject: &model::Subject) -> (String, String) {
    use model::Subject;
    match subject {
        Subject::Agent(name) => (name.to_string(), format!("/agents/{}", segment(name.as_str()))),
        Subject::Provider(name) => (format!("provider {name}"), "/settings".to_owned()),
        Subject::Server(name) => (format!("server {name}"), "/tools".to_owned()),
        Subject::Everything => ("everything".to_owned(), "/settings".to_owned()),
    }
}

fn count(number: usize, what: &str) -> String {
    let number_shown =
        if number >= MAX_WAITING { format!("{number}+") } else { number.to_string() };
    if number == 1 { format!("1 {what} is") } else { format!("{number_shown} {what}s are") }
}

/// Where what was decided between two moments is.
type Way = fn(Timestamp, Timestamp) -> String;

const EFFECTS: [(Effect, &str, &str, Way); 4] = [
    (Effect::Permit, "permit", "good", |from, until| between(Effect::Permit, from, until)),
    (Effect::Redact, "redact", "notice", |from, until| between(Effect::Redact, from, until)),
    (Effect::Hold, "hold", "waiting", |from, until| between(Effect::Hold, from, until)),
    (Effect::Deny, "deny", "bad", |from, until| between(Effect::Deny, from, until)),
];

fn between(effect: Effect, from: Timestamp, until: Timestamp) -> String {
    let q = format!("effect:{}", effect.as_str());
    url("/activity", &[("q", &q), ("since", &from.to_string()), ("until", &until.to_string())])
}

async fn traffic(
    app: &App,
    who: &Principal,
    ask: &Ask,
    now: Timestamp,
) -> Result<Result<Markup, Box<Response>>, Problem> {
    let step = SPAN / BARS as u32;
    // Whole bars of the clock, so that a bar keeps its meaning from one look to the next.
    let micros = step.as_micros() as i64;
    let until = Timestamp::from_micros((now.micros().div_euclid(micros) + 1) * micros);
    let from = until.minus(SPAN);
    let mut series = Vec::with_capacity(EFFECTS.len());
    for (effect, name, class, href) in EFFECTS {
        let filter = Filter {
            effect: Some(effect),
            since: Some(from),
            until: Some(until),
            ..Filter::default()
        };
        let values = app.store.histogram(&who.tenant, filter, from, step, BARS).await?;
        series.push(Series { name, class, values, href });
    }
    let is_empty = series.iter().all(|one| one.values.iter().all(|value| *value == 0));
    // Who looks has logged in, and is a record already.
    if is_empty || app.store.list_agents(&who.tenant, None, None, 1).await?.is_empty() {
        return Ok(Ok(first_call()));
    }
    let bins: Vec<Bin> =
        (0..BARS as u32).map(|at| bin(from.plus(step * at), step, &series, at as usize)).collect();
    let table = match numbers("decisions", "/", &bins, &series).answer(ask) {
        Ok(table) => table,
        Err(file) => return Ok(Err(file)),
    };
    let is_open = ask.sort.is_some() || ask.filter.is_some() || ask.page.is_some();
    Ok(Ok(bars("Each bar is half an hour", &bins, &series, (&table, is_open))))
}

fn bin(from: Timestamp, step: Duration, series: &[Series], at: usize) -> Bin {
    let until = from.plus(step);
    let counts: Vec<String> = series
        .iter()
        .filter_map(|one| {
            one.values
                .get(at)
                .filter(|value| **value > 0)
                .map(|value| format!("{} {value}", one.name))
        })
        .collect();
    let counts = if counts.is_empty() { "nothing".to_owned() } else { counts.join(", ") };
    let href = url("/activity", &[("since", &from.to_string()), ("until", &until.to_string())]);
    Bin { from, until, counts, href }
}

/// The first step of whoever has just started it.
fn first_call() -> Markup {
    empty(
        "No call has passed yet",
        &html! {
            p { "Add an agent; its key is shown once. Then point the agent's SDK at the gate." }
            (command("portcullis agent add my-agent\nexport OPENAI_BASE_URL=http://127.0.0.1:4100/llm/openai/v1"))
        },
    )
}

async fn agents(app: &App, who: &Principal, now: Timestamp) -> Result<Markup, Problem> {
    let filter =
        Filter { effect: Some(Effect::Deny), since: Some(now.minus(SPAN)), ..Filter::default() };
    let top = app.store.top(&who.tenant, filter, Field::Agent, MOST).await?;
    Ok(html! {
        @if top.values.is_empty() { p.muted { "No agent was refused anything in the last 24 hours." } }
        @else { ol.tally { @for tally in &top.values { li {
            a href=(format!("/agents/{}", segment(&tally.value))) { (untrusted(&tally.value)) }
            a.number href=(url("/activity", &[("q", &format!("agent:{} effect:deny", quoted(&tally.value))), ("since", "24h")])) { (tally.count) " refused" }
        } } } }
    })
}

async fn findings(app: &App, who: &Principal, now: Timestamp) -> Result<Markup, Problem> {
    let severe = Clause {
        is_negated: false,
        test: store::Test::Is(Field::Severity, vec!["high".to_owned(), "critical".to_owned()]),
    };
    let filter =
        Filter { since: Some(now.minus(SPAN)), clauses: vec![severe], ..Filter::default() };
    let top = app.store.top(&who.tenant, filter, Field::Finding, MOST).await?;
    Ok(html! {
        @if top.values.is_empty() { p.muted { "Nothing of high severity was found in the last 24 hours." } }
        @else { ol.tally { @for tally in &top.values { li {
            span { (untrusted(&tally.value)) }
            a.number href=(url("/activity", &[("q", &format!("finding:{}", quoted(&tally.value))), ("since", "24h")])) { (tally.count) @if tally.count == 1 { " record" } @else { " records" } }
        } } } }
    })
}

/// A value as a query takes it whole.
pub(super) fn quoted(value: &str) -> String {
    format!("\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\""))
}

fn controls(app: &App, who: &Principal) -> Markup {
    let index = app.instance.index(&who.tenant);
    let index = Check {
        name: "search index".to_owned(),
        is_needed: false,
        ok: index.behind() < MAX_BEHIND,
        detail: match index.behind() {
            0 => "holds every record".to_owned(),
            behind => format!("{behind} records behind the log"),
        },
    };
    let checks = app.instance.readiness(Some(&who.tenant));
    html! {
        ul.controls { @for check in checks.iter().chain([&index]) {
            li { (health(check.ok)) " " b { (check.name) } " " span.muted { (untrusted(&check.detail)) } }
        } }
        p { a href="/settings" { "All settings and limits" } " · " a href="/log" { "The log and its checkpoints" } " · " a href="/policies" { "Policies in force" } }
    }
}

/// An index that is further behind does not show what happens now.
const MAX_BEHIND: u64 = 10_000;
