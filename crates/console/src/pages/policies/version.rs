//! One version: what it changes, whether it holds, what it
//! would have decided otherwise of last week's traffic, who stands behind it, and the acts on it.

use axum::extract::State;
use axum::response::Response;
use maud::{Markup, html};
use store::PolicyVersion;

use super::super::components::badge::{Tone, badge};
use super::super::components::field::facts;
use super::super::components::notice::{banner, done};
use super::super::components::table::Ask;
use super::super::components::text::{digest, untrusted, untrusted_block};
use super::super::components::time::moment;
use super::super::form::{Fields, token_field};
use super::super::page;
use super::super::shell::{self, Frame, Section};
use super::super::surface::{step_up, then};
use super::super::tools::diff;
use super::traffic::traffic;
use super::{joined, outcome, state};
use crate::extract::{Params, Place};
use crate::routes::policies::{put_in_force, review, tried};
use crate::{App, Endpoint, Principal, Problem, Shared};

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        page!(Read get "/policies/{number}" show, "One version: its changes, its tests, its review"),
        page!(Deploy post "/policies/{number}/approve" approve, "Approves a version by form"),
        page!(Deploy post "/policies/{number}/deploy" deploy, "Puts a version in force by form"),
    ]
}

const DONE: [(&str, &str); 3] = [
    ("proposed", "It is proposed. Somebody else has to approve it before it can be put in force."),
    ("approved", "Approved. It can be put in force now."),
    ("deployed", "It is in force, for every call from now on."),
];

async fn show(
    State(app): State<Shared>,
    who: Principal,
    Place(number): Place<u32>,
    Params(ask): Params<Ask>,
) -> Result<Response, Problem> {
    let version = app.store.policy_version(&who.tenant, number).await?;
    let traffic = match version.is_in_force {
        true => None,
        false => match traffic(&app, &who, &version, &ask).await {
            Ok(shown) => Some(shown),
            Err(file) => return Ok(*file),
        },
    };
    let body = html! {
        (done(ask.done.as_deref(), &DONE))
        section.card { (about(&version)) }
        section.card { h2 { "What would change" } (changes(&app, &who, &version)) }
        section.card { h2 { "Tests" } (tests(&app, &who, &version)) }
        @if let Some(traffic) = traffic { section.card { h2 { "On last week's traffic" } (traffic) } }
        section.card { h2 { "Files" } @for file in &version.files { details { summary { (untrusted(&file.name)) } (untrusted_block(&file.text)) } } }
        (acts(&app, &who, &version)?)
    };
    let title = format!("Version {number}");
    let actions = html! { a.button href=(shell::url("/new/policy", &[("from", &number.to_string())])) { "Propose a change to it" } };
    Ok(shell::page(&app, &who, Frame { actions, ..Frame::below(Section::Policies, &title) }, body)
        .await)
}

fn about(version: &PolicyVersion) -> Markup {
    let (tone, word) = state(version);
    let person = |name: &Option<String>, at: Option<model::Timestamp>| html! { @if let (Some(name), Some(at)) = (name, at) { (untrusted(name)) ", " (moment(at)) } };
    facts(&[
        ("State", badge(tone, word)),
        ("What and why", untrusted(&version.note)),
        ("Proposed by", html! { (untrusted(&version.author)) ", " (moment(version.created)) }),
        ("Approved by", person(&version.reviewer, version.reviewed)),
        ("Put in force by", person(&version.deployed_by, version.deployed)),
        ("Hash", digest(&version.hash)),
    ])
}

/// Against what is in force now; the tests beside it are part of a version and not of that.
fn changes(app: &App, who: &Principal, version: &PolicyVersion) -> Markup {
    let now = app.instance.policy(&who.tenant).sources;
    let before = joined(now.iter().map(|source| (source.name.as_str(), source.text.as_str())));
    let policies = version.files.iter().filter(|file| file.name.ends_with(".cedar"));
    let after = joined(policies.map(|file| (file.name.as_str(), file.text.as_str())));
    html! {
        @if before == after { p.muted { "Nothing: this is what is in force." } } @else { (diff(&before, &after)) }
    }
}

fn tests(app: &App, who: &Principal, version: &PolicyVersion) -> Markup {
    match tried(app, who, &version.files) {
        Ok(report) => outcome(&report),
        Err(problem) => banner(
            Tone::Bad,
            &html! { p { "It does not hold under the roles and zones of today:" } (untrusted_block(problem.detail())) },
        ),
    }
}

fn acts(app: &App, who: &Principal, version: &PolicyVersion) -> Result<Markup, Problem> {
    let token = token_field(app, who)?;
    let to = |act: &str| format!("/policies/{}/{act}", version.number);
    let is_declared = app.instance.are_policies_declared(&who.tenant);
    Ok(html! {
        @if version.reviewer.is_none() {
            section.card { h2 { "Review" }
                p { "Approving says that you have read the change and stand for it. Its author cannot." }
                form method="post" action=(to("approve")) { (token) button.primary type="submit" { "Approve this version" } }
            }
        } @else if !version.is_in_force && !is_declared {
            section.card.danger { h2 { "Put it in force" }
                p { "Every call of every agent is decided by it from then on. It can be rolled back." }
                form method="post" action=(to("deploy")) { (token) button.danger type="submit" { "Put version " (version.number) " in force" } }
            }
        }
    })
}

async fn approve(
    State(app): State<Shared>,
    who: Principal,
    Place(number): Place<u32>,
    fields: Fields,
) -> Result<Response, Problem> {
    fields.end()?;
    let done = review(&app, &who, number).await?;
    Ok(then(&done, &format!("/policies/{number}?done=approved")))
}

async fn deploy(
    State(app): State<Shared>,
    who: Principal,
    Place(number): Place<u32>,
    fields: Fields,
) -> Result<Response, Problem> {
    fields.end()?;
    if let Some(first) = step_up(&who, &format!("/policies/{number}")) {
        return Ok(first);
    }
    let done = put_in_force(&app, &who, number, "policy.deploy").await?;
    Ok(then(&done, &format!("/policies/{number}?done=deployed")))
}
