//! What a version would have decided otherwise of the traffic that was recorded.

use std::time::Duration;

use axum::response::Response;
use maud::{Markup, html};
use model::{Effect, PolicyId};
use policy::replay::{Change, Group, Simulation};
use store::PolicyVersion;

use super::super::components::badge::{Tone, effect};
use super::super::components::notice::banner;
use super::super::components::table::{Ask, Column, Table, Value};
use super::super::components::text::{untrusted, untrusted_block, untrusted_short};
use super::super::components::time::moment;
use super::super::shell::{segment, url};
use crate::routes::simulation::{Bounds, Piece, Reach, WEEK, drafted, replay};
use crate::{App, Principal, Problem};

/// A page does not keep anybody waiting; the command line looks at all of it.
const GLANCE: Bounds = Bounds { records: 2_000, time: Duration::from_millis(600) };

/// The same as a table; `Err` is the file to save.
pub(super) async fn traffic(
    app: &App,
    who: &Principal,
    version: &PolicyVersion,
    ask: &Ask,
) -> Result<Markup, Box<Response>> {
    match looked_at(app, who, version).await {
        Ok(piece) => shown(&piece, version.number, ask),
        Err(problem) => Ok(banner(
            Tone::Bad,
            &html! { p { "It could not be tried on what was recorded:" } (untrusted_block(problem.detail())) },
        )),
    }
}

async fn looked_at(app: &App, who: &Principal, version: &PolicyVersion) -> Result<Piece, Problem> {
    let since = store::moment(WEEK, (app.clock)())?;
    let drafted = drafted(app, &who.tenant, &version.files)?;
    replay(app, &who.tenant, &drafted, Reach { since, after: None }, GLANCE).await
}

fn shown(piece: &Piece, number: u32, ask: &Ask) -> Result<Markup, Box<Response>> {
    let simulation = &piece.simulation;
    let examples = examples(simulation, number).answer(ask)?;
    Ok(html! {
        @if simulation.replayed == 0 {
            p.muted { "No call of the last seven days can be decided again." }
        } @else if simulation.changes.is_empty() {
            p { "All " (simulation.replayed) " calls that were looked at would be decided as they are now." }
        } @else {
            p { "Of " (simulation.replayed) " calls that were looked at, " (simulation.changed_calls()) " would be decided otherwise:" }
            ul { @for group in &simulation.changes { li { (counted(group)) } } }
            (examples)
        }
        (left_out(simulation))
        @if let (Some(_), Some(oldest)) = (piece.next, simulation.oldest) {
            p.muted { "These are the newest, back to " (moment(oldest)) ". " code { "portcullis policy simulate " (number) " --since " (WEEK) } " looks at all." }
        }
        @if piece.assumes_owners {
            p.muted { "Who answers for an agent and what it is for does not stand in records: it is taken as it is now." }
        }
    })
}

/// The number leads to its records, as many as are named.
fn counted(group: &Group) -> Markup {
    let ids: Vec<String> = group.examples.iter().map(|one| one.record.to_string()).collect();
    let link = url("/activity", &[("q", &format!("id:{}", ids.join(",")))]);
    html! {
        a href=(link) { (group.count) " " (group.says()) }
        @if (group.examples.len() as u64) < group.count { span.muted { " (the link leads to the newest " (group.examples.len()) ")" } }
    }
}

/// A call, and what would be otherwise.
type Example<'s> = (&'static str, &'s Change);

/// Calls that would be decided otherwise, of each kind the newest.
fn examples<'s>(simulation: &'s Simulation, number: u32) -> Table<'s, Example<'s>> {
    let of = |group: &'s Group| group.examples.iter().map(|one| (group.says(), one));
    let rows = simulation.changes.iter().flat_map(of);
    Table {
        name: "calls",
        caption: "calls that would be decided otherwise",
        path: format!("/policies/{number}"),
        keep: vec![],
        columns: vec![
            Column::new("time", "Call", |(_, one): &Example<'_>| Value::Time(one.time)).shown(|(_, one)| {
                html! { a href=(format!("/activity/{}", segment(&one.record.to_string()))) { (moment(one.time)) } }
            }),
            Column::new("what", "What", |(what, _): &Example<'_>| Value::from(*what)),
            Column::new("agent", "Agent", |(_, one): &Example<'_>| Value::from(one.agent.as_str())),
            Column::new("resource", "On", |(_, one): &Example<'_>| Value::from(one.resource.as_str()))
                .shown(|(_, one)| untrusted_short(&one.resource, 80)),
            Column::new("from", "Decided by", |(_, one): &Example<'_>| Value::Text(decided(one.from, &one.decides)))
                .shown(|(_, one)| html! { (effect(one.from)) " " (named(&one.decides)) }),
            Column::new("to", "Would be", |(_, one): &Example<'_>| Value::Text(decided(one.to, &one.would_decide)))
                .shown(|(_, one)| html! { (effect(one.to)) " " (named(&one.would_decide)) }),
        ],
        rows: rows.collect(),
        empty: html! {},
    }
}

fn decided(effect: Effect, policies: &[PolicyId]) -> String {
    let names: Vec<&str> = policies.iter().map(PolicyId::as_str).collect();
    format!("{} {}", effect.as_str(), names.join(", "))
}

fn named(policies: &[PolicyId]) -> Markup {
    let names: Vec<&str> = policies.iter().map(PolicyId::as_str).collect();
    html! { @if names.is_empty() { span.muted { "no policy" } } @else { (untrusted(&names.join(", "))) } }
}

/// What was looked at and says nothing.
fn left_out(simulation: &Simulation) -> Markup {
    let reasons = [
        (simulation.moot, "would be decided otherwise, and were refused for another reason"),
        (
            simulation.drifted,
            "are decided otherwise today already: roles, zones or agents have changed since",
        ),
        (
            simulation.unasked,
            "came before no policy, or are of a time when records kept no question",
        ),
        (
            simulation.incomplete,
            "cannot be decided again: their record does not keep all that was asked",
        ),
    ];
    html! {
        @for (count, reason) in reasons.iter().filter(|(count, _)| *count > 0) { p.muted { (count) " " (reason) "." } }
    }
}
