//! Time-limited access: what people ask for and take, and what others say of it.

use axum::extract::State;
use axum::response::Response;
use maud::{Markup, html};
use model::{TenantId, Timestamp};
use store::{ElevationState, ElevationWay, StoredElevation, WhichElevations};

use super::components::badge::{Tone, badge};
use super::components::field::{facts, lines};
use super::components::notice::{banner, done, empty};
use super::components::table::{Ask, Column, Table, Value};
use super::components::text::{untrusted, untrusted_short};
use super::components::time::{distance, moment, span};
use super::form::{Fields, token_field};
use super::page;
use super::shell::{self, Frame, Section, segment};
use super::surface::{step_up, then};
use crate::extract::{Params, Place};
use crate::routes::access::{MAX_LIST, decide, give_back, look_at};
use crate::{App, Endpoint, Principal, Problem, Shared};

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        page!(Read get "/access" list, "Roles that people asked for or took for some time"),
        page!(Read get "/access/{elevation}" show, "One of them, to decide on"),
        page!(Decide post "/access/{elevation}/approve" approve, "Approves by form"),
        page!(Decide post "/access/{elevation}/deny" deny, "Denies by form"),
        page!(End post "/access/{elevation}/end" end, "Ends by form"),
        page!(Review post "/access/{elevation}/sign_off" sign_off, "Signs off by form"),
    ]
}

pub(super) const DONE: [(&str, &str); 6] = [
    ("asked", "Your request waits for somebody to decide on it."),
    ("taken", "The role is yours for these minutes, and everybody is told."),
    ("approved", "The role counts from now on, and ends by itself."),
    ("denied", "The request is refused."),
    ("ended", "It has ended."),
    ("signed_off", "It is signed off."),
];

async fn list(
    State(app): State<Shared>,
    who: Principal,
    Params(ask): Params<Ask>,
) -> Result<Response, Problem> {
    let now = (app.clock)();
    let all = WhichElevations::All;
    let mut rows = app.store.elevations(&who.tenant, all, MAX_LIST, now).await?;
    rows.sort_by_key(|row| !needs_somebody(row));
    let table = match table(rows, now).answer(&ask) {
        Ok(table) => table,
        Err(file) => return Ok(*file),
    };
    let actions =
        html! { @if who.user().is_some() { a.button href="/account/access" { "Ask for a role" } } };
    let frame = Frame { actions, ..Frame::below(Section::People, "Time-limited access") };
    let body = html! { (done(ask.done.as_deref(), &DONE)) div.card { (table) } };
    Ok(shell::page(&app, &who, frame, body).await)
}

/// Whether somebody else has to do something about it.
pub(super) fn needs_somebody(row: &StoredElevation) -> bool {
    row.state == ElevationState::Waiting || row.needs_review()
}

fn table(rows: Vec<StoredElevation>, now: Timestamp) -> Table<'static, StoredElevation> {
    let nothing = empty(
        "Nobody asked for a role yet",
        &html! {
            p { "Whoever needs a role for some minutes asks for it on the page of their account, and somebody else decides here." }
        },
    );
    Table {
        name: "access",
        caption: "roles for some time",
        path: "/access".to_owned(),
        keep: vec![],
        columns: vec![
            Column::new("state", "State", |row: &StoredElevation| Value::from(row.state.as_str()))
                .shown(state),
            Column::new("who", "Who", |row: &StoredElevation| Value::from(row.user.as_str())).shown(
                |row| html! { a href=(path(&row.id)) { (untrusted(row.user.as_str())) } },
            ),
            Column::new("role", "Role", |row: &StoredElevation| Value::from(row.role.as_str())),
            Column::new("why", "Why", |row: &StoredElevation| Value::from(row.reason.as_str()))
                .shown(|row| untrusted_short(&row.reason, 160)),
            Column::new("created", "Asked", |row: &StoredElevation| Value::Time(row.created)),
            Column::new("ends", "Ends", |row: &StoredElevation| Value::Time(row.ends)).shown(
                move |row| html! { @if row.ends > now { (distance(row.ends, now)) } @else { (moment(row.ends)) } },
            ),
            Column::new("review", "Signed off", |row: &StoredElevation| match row.way {
                ElevationWay::Request => Value::None,
                ElevationWay::BreakGlass => Value::from(row.reviewed_by.as_deref().unwrap_or("not yet")),
            }),
        ],
        rows,
        empty: nothing,
    }
}

pub(super) fn path(id: &str) -> String {
    format!("/access/{}", segment(id))
}

pub(super) fn state(row: &StoredElevation) -> Markup {
    let tone = match row.state {
        ElevationState::Waiting => Tone::Waiting,
        ElevationState::Active if row.way == ElevationWay::BreakGlass => Tone::Bad,
        ElevationState::Active => Tone::Good,
        ElevationState::Denied => Tone::Notice,
        _ => Tone::Plain,
    };
    html! {
        (badge(tone, row.state.as_str()))
        @if row.way == ElevationWay::BreakGlass { " " (badge(Tone::Bad, "break glass")) }
    }
}

async fn show(
    State(app): State<Shared>,
    who: Principal,
    Place(id): Place<String>,
    Params(ask): Params<Ask>,
) -> Result<Response, Problem> {
    let now = (app.clock)();
    let one = app.store.elevation(&who.tenant, &id, now).await?;
    let body = html! {
        (done(ask.done.as_deref(), &DONE))
        section.card { (told(&one, now)) }
        (acts(&app, &who, &one)?)
    };
    let title = format!("{} as {}", one.user, one.role);
    let trail = vec![("Time-limited access", "/access".to_owned())];
    let frame = Frame { trail, ..Frame::below(Section::People, &title) };
    Ok(shell::page(&app, &who, frame, body).await)
}

fn told(one: &StoredElevation, now: Timestamp) -> Markup {
    let ended = one.ends <= now;
    facts(&[
        ("State", state(one)),
        ("Who", untrusted(one.user.as_str())),
        ("Role", untrusted(&one.role)),
        ("For", html! { (span(std::time::Duration::from_secs(one.seconds))) }),
        ("Why", untrusted(&one.reason)),
        ("Asked", moment(one.created)),
        (
            if ended { "Ended" } else { "Ends" },
            html! { (moment(one.ends)) " " span.muted { (distance(one.ends, now)) } },
        ),
        ("Decided by", html! { @if let Some(by) = &one.decided_by { (untrusted(by)) } }),
        ("What they said", html! { @if let Some(text) = &one.decision { (untrusted(text)) } }),
        ("Ended early by", html! { @if let Some(by) = &one.ended_by { (untrusted(by)) } }),
        (
            "Signed off",
            html! { @if let (Some(by), Some(at)) = (&one.reviewed_by, one.reviewed) { (untrusted(by)) ", " (moment(at)) ": " (untrusted(one.review.as_deref().unwrap_or_default())) } },
        ),
    ])
}

fn acts(app: &App, who: &Principal, one: &StoredElevation) -> Result<Markup, Problem> {
    let (below, token) = (path(&one.id), token_field(app, who)?);
    let is_own = who.person() == Some(&one.user);
    let is_open = matches!(one.state, ElevationState::Waiting | ElevationState::Active);
    Ok(html! {
        @if is_own && needs_somebody(one) {
            (banner(Tone::Notice, &html! { p { "This is your own: somebody else decides on it." } }))
        }
        @if one.state == ElevationState::Waiting && !is_own {
            section.card {
                h2 { "Your decision" }
                p { "It needs a fresh second factor. Approved, the role counts at once and ends by itself." }
                form method="post" {
                    (token)
                    (lines("reason", "Reason", "", "Needed to refuse; it stands in the record", 2))
                    div.row {
                        button.primary type="submit" formaction=(format!("{below}/approve")) { "Approve" }
                        button.danger type="submit" formaction=(format!("{below}/deny")) { "Deny" }
                    }
                }
            }
        }
        @if one.needs_review() && !is_open && !is_own {
            section.card {
                h2 { "Sign it off" }
                p { "Look at what was done meanwhile, in the activity, and say what you found." }
                form method="post" action=(format!("{below}/sign_off")) {
                    (token)
                    (lines("reason", "What you found", "", "It stands in the record", 2))
                    div.row { button.primary type="submit" { "Sign off" } }
                }
            }
        }
        @if is_open {
            section.card {
                h2 { "End it" }
                form method="post" action=(format!("{below}/end")) {
                    (token)
                    div.row { button.danger type="submit" { @if one.state == ElevationState::Waiting { "Take the request back" } @else { "End it now" } } }
                }
            }
        }
    })
}

async fn approve(
    State(app): State<Shared>,
    who: Principal,
    Place(id): Place<String>,
    fields: Fields,
) -> Result<Response, Problem> {
    decided(&app, &who, &id, true, fields).await
}

async fn deny(
    State(app): State<Shared>,
    who: Principal,
    Place(id): Place<String>,
    fields: Fields,
) -> Result<Response, Problem> {
    decided(&app, &who, &id, false, fields).await
}

async fn decided(
    app: &App,
    who: &Principal,
    id: &str,
    approves: bool,
    mut fields: Fields,
) -> Result<Response, Problem> {
    let reason = fields.text("reason");
    fields.end()?;
    if let Some(first) = step_up(who, &path(id)) {
        return Ok(first);
    }
    let said = decide(app, who, id, approves, reason).await?;
    let word = if approves { "approved" } else { "denied" };
    Ok(then(&said, &format!("{}?done={word}", path(id))))
}

async fn end(
    State(app): State<Shared>,
    who: Principal,
    Place(id): Place<String>,
    fields: Fields,
) -> Result<Response, Problem> {
    fields.end()?;
    let one = app.store.elevation(&who.tenant, &id, (app.clock)()).await?;
    let ended = give_back(&app, &who, &id).await?;
    // Who asks may have no right to look at what others ask.
    let is_own = who.person() == Some(&one.user);
    let way = if is_own { "/account/access".to_owned() } else { path(&id) };
    Ok(then(&ended, &format!("{way}?done=ended")))
}

async fn sign_off(
    State(app): State<Shared>,
    who: Principal,
    Place(id): Place<String>,
    mut fields: Fields,
) -> Result<Response, Problem> {
    let reason = fields.text("reason");
    fields.end()?;
    let looked = look_at(&app, &who, &id, reason).await?;
    Ok(then(&looked, &format!("{}?done=signed_off", path(&id))))
}

/// At the head of every page, while somebody has broken glass.
pub(super) async fn glass(app: &App, tenant: &TenantId) -> Markup {
    let now = (app.clock)();
    let broken = app.pages.glass.broken(app, tenant).await;
    html! {
        @for one in broken.iter().take(MAX_SHOWN) {
            (banner(Tone::Bad, &html! { p {
                b { "Glass is broken: " } (untrusted(one.user.as_str())) " is " (untrusted(&one.role)) ", "
                (distance(one.ends, now).replacen("in ", "for ", 1)) " more: " (untrusted_short(&one.reason, 160)) " "
                a href=(path(&one.id)) { "Look" }
            } }))
        }
    }
}

/// Banners at once.
const MAX_SHOWN: usize = 3;
