//! Records as rows of a list.

use maud::{Markup, html};
use model::Record;

use super::super::components::badge::{Tone, badge, effect, severity, status};
use super::super::components::text::{untrusted, untrusted_short};
use super::super::components::time::moment;
use super::super::shell::segment;

/// A reason is cut here in a list, in bytes.
const MAX_REASON: usize = 160;

/// Records in the order in which they are given.
pub(in super::super) fn rows(rows: &[Record]) -> Markup {
    html! {
        div.scroll { table.records {
            caption.sr { "activity records" }
            thead { tr { @for title in ["Time", "Decision", "Agent", "What", "Found", "Why"] { th scope="col" { (title) } } } }
            tbody #records { @for one in rows { (row(one)) } }
        } }
    }
}

/// One record as a row.
pub(in super::super) fn row(record: &Record) -> Markup {
    let href = format!("/activity/{}", record.id);
    html! {
        tr id=(record.id) {
            td data-label="Time" { a href=(href) { (moment(record.time)) } }
            td data-label="Decision" { span.badges { (effect(record.decision.effect)) @if is_telling(record) { (status(record.status)) } } }
            td data-label="Agent" { @if let Some(agent) = &record.agent {
                span { a href=(format!("/agents/{}", segment(agent.as_str()))) { (untrusted(agent.as_str())) }
                @if let Some(person) = &record.on_behalf_of { span.muted { " for " (untrusted_short(person.as_str(), 64)) } } }
            } @else { span.muted { (untrusted(record.client.credential.as_str())) } } }
            td data-label="What" { span { (record.kind.as_str()) " " @if let Some(resource) = &record.resource { b { (untrusted_short(&resource.name, 96)) } } } }
            td data-label="Found" { (found(record)) }
            td data-label="Why" { span.muted { (untrusted_short(&record.decision.reason, MAX_REASON)) } }
        }
    }
}

/// A status that says more than the decision does.
fn is_telling(record: &Record) -> bool {
    use model::{Effect, Status};
    match record.status {
        Status::Ok => false,
        Status::Refused => !matches!(record.decision.effect, Effect::Deny | Effect::Hold),
        _ => true,
    }
}

fn found(record: &Record) -> Markup {
    let worst = record.findings.iter().max_by_key(|finding| finding.severity as u8);
    html! { @match worst {
        None => span.muted { "–" },
        Some(worst) => span.badges {
            (severity(worst.severity)) span { (untrusted_short(&worst.kind, 48)) }
            @if record.findings.len() > 1 { (badge(Tone::Plain, &format!("+{}", record.findings.len() - 1))) }
        },
    } }
}
