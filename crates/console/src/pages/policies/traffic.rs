//! What a version would have decided otherwise of the traffic that was recorded.

use std::time::Duration;

use maud::{Markup, html};
use model::PolicyId;
use policy::replay::{Change, Group, Simulation};
use store::PolicyVersion;

use super::super::components::badge::{Tone, effect};
use super::super::components::notice::banner;
use super::super::components::text::{untrusted, untrusted_block, untrusted_short};
use super::super::components::time::moment;
use super::super::shell::{segment, url};
use crate::routes::simulation::{Bounds, Piece, Reach, WEEK, drafted, replay};
use crate::{App, Principal, Problem};

/// A page does not keep anybody waiting; the command line looks at all of it.
const GLANCE: Bounds = Bounds { records: 2_000, time: Duration::from_millis(600) };

pub(super) async fn traffic(app: &App, who: &Principal, version: &PolicyVersion) -> Markup {
    match looked_at(app, who, version).await {
        Ok(piece) => shown(&piece, version.number),
        Err(problem) => banner(
            Tone::Bad,
            &html! { p { "It could not be tried on what was recorded:" } (untrusted_block(problem.detail())) },
        ),
    }
}

async fn looked_at(app: &App, who: &Principal, version: &PolicyVersion) -> Result<Piece, Problem> {
    let since = store::moment(WEEK, (app.clock)())?;
    let drafted = drafted(app, &who.tenant, &version.files)?;
    replay(app, &who.tenant, &drafted, Reach { since, after: None }, GLANCE).await
}

fn shown(piece: &Piece, number: u32) -> Markup {
    let simulation = &piece.simulation;
    html! {
        @if simulation.replayed == 0 {
            p.muted { "No call of the last seven days can be decided again." }
        } @else if simulation.changes.is_empty() {
            p { "All " (simulation.replayed) " calls that were looked at would be decided as they are now." }
        } @else {
            p { "Of " (simulation.replayed) " calls that were looked at, " (simulation.changed_calls()) " would be decided otherwise:" }
            ul { @for group in &simulation.changes { li { (counted(group)) } } }
            @for group in &simulation.changes { (examples(group)) }
        }
        (left_out(simulation))
        @if let (Some(_), Some(oldest)) = (piece.next, simulation.oldest) {
            p.muted { "These are the newest, back to " (moment(oldest)) ". " code { "portcullis policy simulate " (number) " --since " (WEEK) } " looks at all." }
        }
        @if piece.assumes_owners {
            p.muted { "Who answers for an agent and what it is for does not stand in records: it is taken as it is now." }
        }
    }
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

fn examples(group: &Group) -> Markup {
    html! {
        details {
            summary { (group.count) " " (group.says()) }
            table {
                thead { tr { th { "Call" } th { "Agent" } th { "On" } th { "Decided by" } th { "Would be" } } }
                tbody { @for one in &group.examples { (example(one)) } }
            }
        }
    }
}

fn example(one: &Change) -> Markup {
    let record = one.record.to_string();
    html! {
        tr {
            td { a href=(format!("/activity/{}", segment(&record))) { (moment(one.time)) } }
            td { (untrusted(&one.agent)) }
            td { (untrusted_short(&one.resource, 80)) }
            td { (effect(one.from)) " " (named(&one.decides)) }
            td { (effect(one.to)) " " (named(&one.would_decide)) }
        }
    }
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
