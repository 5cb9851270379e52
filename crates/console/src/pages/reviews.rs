//! Access reviews: what everybody may do, when they last did, and somebody else's decision on each.

use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use maud::{Markup, html};
use model::{RoleName, Timestamp};
use store::{AccessKind, MAX_REVIEW_ITEMS, ReviewDecision, ReviewItem, StoredReview};

use super::components::badge::{Tone, badge};
use super::components::field::{facts, line, lines};
use super::components::notice::{banner, command, done, empty};
use super::components::table::{Ask, Column, Table, Value};
use super::components::text::{digest, untrusted, untrusted_short};
use super::components::time::{distance, moment};
use super::form::{Fields, token_field};
use super::page;
use super::shell::{self, Frame, Section, segment};
use super::surface::{see, step_up};
use crate::extract::{Params, Place};
use crate::routes::reviews::{Said, begin, check_may, end, say};
use crate::{App, Endpoint, Principal, Problem, Shared};

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        page!(Read get "/reviews" list, "Access reviews, the newest first"),
        page!(Review post "/reviews" start, "Begins one by form"),
        page!(Read get "/reviews/{review}" show, "One access review: what it looks at, and what was decided"),
        page!(Review post "/reviews/{review}/decide" decide, "Decides on some of it by form"),
        page!(Review post "/reviews/{review}/close" close, "Closes it by form"),
    ]
}

const DONE: [(&str, &str); 3] = [
    (
        "started",
        "The review has begun. Whoever may decide on access decides here, but not on their own.",
    ),
    ("decided", "It is decided, and done."),
    ("closed", "The review is closed; its record holds the counts and the hash of the evidence."),
];

/// Reviews that are listed.
const MAX_LISTED: usize = 240;

/// Things that one form decides on.
const MAX_AT_ONCE: usize = 200;

async fn list(
    State(app): State<Shared>,
    who: Principal,
    Params(ask): Params<Ask>,
) -> Result<Response, Problem> {
    let rows = app.store.reviews(&who.tenant, MAX_LISTED).await?;
    let is_open = rows.first().is_some_and(|review| review.closed.is_none());
    let table = match table(rows).answer(&ask) {
        Ok(table) => table,
        Err(file) => return Ok(*file),
    };
    let body = html! {
        (done(ask.done.as_deref(), &DONE))
        div.card { (table) }
        @if !is_open { section.card {
            h2 { "Begin a review now" }
            p { "It looks at every role of every person, every admin token, every agent and its keys, as they are at this moment." }
            form method="post" action="/reviews" {
                (token_field(&app, &who)?)
                div.row { button.primary type="submit" { "Begin a review" } }
            }
        } }
    };
    let frame = Frame::below(Section::People, "Access reviews");
    Ok(shell::page(&app, &who, frame, body).await)
}

fn table(rows: Vec<StoredReview>) -> Table<'static, StoredReview> {
    let nothing = empty(
        "Nobody's access was reviewed yet",
        &html! {
            p { "A review begins by itself a month after the first person was added, or as [people.review] says, or here, or by:" }
            (command("portcullis review start"))
        },
    );
    let count = |number: u64| Value::Number(number as f64);
    Table {
        name: "reviews",
        caption: "access reviews",
        path: "/reviews".to_owned(),
        keep: vec![],
        columns: vec![
            Column::new("number", "Review", |row: &StoredReview| Value::Number(row.number as f64))
                .shown(|row| html! { a href=(path(row.number)) { "Review " (row.number) } }),
            Column::new("state", "State", |row: &StoredReview| Value::from(state(row)))
                .shown(state_badge),
            Column::new("started", "Began", |row: &StoredReview| Value::Time(row.started)),
            Column::new("deadline", "Deadline", |row: &StoredReview| Value::Time(row.deadline)),
            Column::new("items", "Looked at", move |row: &StoredReview| count(row.counts.items)),
            Column::new("kept", "Kept", move |row: &StoredReview| count(row.counts.kept)),
            Column::new("narrowed", "Narrowed", move |row: &StoredReview| {
                count(row.counts.narrowed)
            }),
            Column::new("revoked", "Revoked", move |row: &StoredReview| count(row.counts.revoked)),
            Column::new("late", "Undecided", move |row: &StoredReview| count(late(row))),
        ],
        rows,
        empty: nothing,
    }
}

fn late(review: &StoredReview) -> u64 {
    review.counts.undecided + review.counts.escalated
}

fn state(review: &StoredReview) -> &'static str {
    match review.closed {
        None => "open",
        Some(_) if review.counts.escalated > 0 => "escalated",
        Some(_) => "closed",
    }
}

fn state_badge(review: &StoredReview) -> Markup {
    let tone = match state(review) {
        "open" => Tone::Waiting,
        "escalated" => Tone::Bad,
        _ => Tone::Good,
    };
    badge(tone, state(review))
}

pub(super) fn path(number: u64) -> String {
    format!("/reviews/{number}")
}

async fn start(
    State(app): State<Shared>,
    who: Principal,
    fields: Fields,
) -> Result<Response, Problem> {
    fields.end()?;
    let (review, recorded) = begin(&app, &who).await?;
    Ok(recorded.mark(see(&format!("{}?done=started", path(review.number)))))
}

async fn show(
    State(app): State<Shared>,
    who: Principal,
    Place(number): Place<u64>,
    Params(ask): Params<Ask>,
) -> Result<Response, Problem> {
    let review = app.store.review(&who.tenant, number).await?;
    let items = app.store.review_items(&who.tenant, number, 0, MAX_REVIEW_ITEMS).await?;
    let now = (app.clock)();
    let is_running = review.closed.is_none() && now < review.deadline;
    let person = who.person().map(ToString::to_string);
    let table = match items_table(number, items, is_running, person).answer(&ask) {
        Ok(table) => table,
        Err(file) => return Ok(*file),
    };
    let body = html! {
        (done(ask.done.as_deref(), &DONE))
        section.card { (told(&review, now)) }
        div.card { (table) }
        @if is_running || review.counts.escalated > 0 { (decision_form(&app, &who, number)?) }
        @if review.closed.is_none() { (close_form(&app, &who, &review)?) }
    };
    let title = format!("Review {number}");
    let trail = vec![("Access reviews", "/reviews".to_owned())];
    let frame = Frame { trail, ..Frame::below(Section::People, &title) };
    Ok(shell::page(&app, &who, frame, body).await)
}

fn told(review: &StoredReview, now: Timestamp) -> Markup {
    let counts = review.counts;
    let undecided = format!("{}?filter=undecided", path(review.number));
    facts(&[
        ("State", state_badge(review)),
        ("Began", html! { (moment(review.started)) " by " (untrusted(&review.started_by)) }),
        (
            "Deadline",
            html! { (moment(review.deadline)) " " span.muted { (distance(review.deadline, now)) } },
        ),
        (
            "Undecided then",
            html! { @if review.escalates { "stays, with an alert, until a security officer decides" } @else { "is revoked" } },
        ),
        (
            "Decided",
            html! { (counts.kept) " kept, " (counts.narrowed) " narrowed, " (counts.revoked) " revoked of " (counts.items) },
        ),
        (
            "Left",
            html! { @if counts.undecided > 0 { a href=(undecided) { (counts.undecided) " undecided" } } @if counts.escalated > 0 { (counts.escalated) " escalated" } },
        ),
        (
            "Closed",
            html! { @if let Some(at) = review.closed { (moment(at)) " by " (untrusted(review.closed_by.as_deref().unwrap_or_default())) } },
        ),
        (
            "Evidence",
            html! { @if let Some(hash) = &review.hash { a href=(format!("/api/v1{}/evidence", path(review.number))) { "Download" } " " (digest(hash)) " " a href=(format!("{}?format=csv", path(review.number))) { "As CSV" } } },
        ),
    ])
}

fn items_table(
    review: u64,
    rows: Vec<ReviewItem>,
    is_running: bool,
    person: Option<String>,
) -> Table<'static, ReviewItem> {
    let is_open = move |row: &ReviewItem| match row.decision {
        Some(ReviewDecision::Escalate) => true,
        None | Some(ReviewDecision::Keep) => is_running,
        _ => false,
    };
    Table {
        name: "review",
        caption: "what is reviewed",
        path: path(review),
        keep: vec![],
        columns: vec![
            Column::new("number", "Number", |row: &ReviewItem| Value::Number(row.number as f64))
                .shown(move |row| {
                    let is_own = person.is_some() && row.access.owner == person;
                    box_of(row, is_open(row), is_own)
                }),
            Column::new("kind", "Kind", |row: &ReviewItem| Value::from(row.access.kind.as_str())),
            Column::new("holder", "Who", |row: &ReviewItem| {
                Value::from(row.access.holder.as_str())
            })
            .shown(holder),
            Column::new("held", "Holds", |row: &ReviewItem| Value::from(row.access.held.as_str()))
                .shown(held),
            Column::new("terms", "Terms", |row: &ReviewItem| {
                Value::from(row.access.terms.as_str())
            })
            .shown(|row| untrusted_short(&row.access.terms, 160)),
            Column::new("by", "Granted by", |row: &ReviewItem| {
                Value::from(row.access.granted_by.as_str())
            }),
            Column::new("granted", "Granted", |row: &ReviewItem| Value::Time(row.access.granted)),
            Column::new("ends", "Ends", |row: &ReviewItem| time(row.access.ends)),
            Column::new("used", "Last used", |row: &ReviewItem| time(row.access.last_used)),
            Column::new("seen", "Last seen", |row: &ReviewItem| time(row.access.last_seen)),
            Column::new("what", "Used for", |row: &ReviewItem| {
                Value::from(row.access.used.as_str())
            })
            .shown(|row| untrusted_short(&row.access.used, 240)),
            Column::new("decision", "Decision", |row: &ReviewItem| Value::from(word(row)))
                .shown(decided),
            Column::new("reason", "Why", |row: &ReviewItem| {
                Value::from(row.reason.as_deref().unwrap_or_default())
            }),
            Column::new("decided_by", "Decided by", |row: &ReviewItem| {
                Value::from(row.decided_by.as_deref().unwrap_or_default())
            }),
        ],
        rows,
        empty: empty(
            "There was nothing to review",
            &html! { p { "Nobody held anything when it began." } },
        ),
    }
}

fn time(at: Option<Timestamp>) -> Value {
    at.map_or(Value::None, Value::Time)
}

/// Chooses the row for the form below the table.
fn box_of(row: &ReviewItem, is_open: bool, is_own: bool) -> Markup {
    let called =
        format!("{} {} of {}", row.access.kind.as_str(), row.access.held, row.access.holder);
    html! {
        @if is_open && !is_own {
            input type="checkbox" form="decide" name="item" value=(row.number) aria-label=(model::visible(&called));
            " "
        }
        (row.number)
        @if is_own { " " span.muted { "yours" } }
    }
}

fn holder(row: &ReviewItem) -> Markup {
    let name = &row.access.holder;
    let way = match row.access.kind {
        AccessKind::Agent | AccessKind::Key => format!("/agents/{}", segment(name)),
        AccessKind::Token => return untrusted(name),
        AccessKind::Role | AccessKind::BrokenGlass => format!("/people/{}", segment(name)),
    };
    html! { a href=(way) { (untrusted(name)) } }
}

fn held(row: &ReviewItem) -> Markup {
    match row.access.kind {
        AccessKind::Key => digest(&row.access.held),
        AccessKind::BrokenGlass => {
            html! { a href=(super::access::path(&row.access.held)) { "taken at once" } }
        }
        _ => untrusted(&row.access.held),
    }
}

fn word(row: &ReviewItem) -> &'static str {
    row.decision.map_or("undecided", ReviewDecision::as_str)
}

fn decided(row: &ReviewItem) -> Markup {
    let tone = match row.decision {
        None => Tone::Waiting,
        Some(ReviewDecision::Keep) => Tone::Good,
        Some(ReviewDecision::Narrow) => Tone::Notice,
        Some(ReviewDecision::Revoke | ReviewDecision::Escalate) => Tone::Bad,
    };
    html! {
        (badge(tone, word(row)))
        @if let Some(outcome) = &row.outcome { " " span.muted { (untrusted(outcome)) } }
    }
}

fn decision_form(app: &App, who: &Principal, review: u64) -> Result<Markup, Problem> {
    Ok(html! {
        section.card {
            h2 { "Decide on what is chosen" }
            p { "It is done at once: a revoked role, token or key counts no more, a revoked agent is suspended. It needs a fresh second factor." }
            form #decide method="post" action=(format!("{}/decide", path(review))) {
                (token_field(app, who)?)
                (lines("reason", "Why", "", "It stands in the record", 2))
                (line("days", "To narrow a role, a token or a key: in how many days it ends", "", ""))
                (line("roles", "To narrow an agent: the roles that stay", "", "With blanks between them"))
                div.row {
                    button.primary type="submit" name="decision" value="keep" { "Keep" }
                    button type="submit" name="decision" value="narrow" { "Narrow" }
                    button.danger type="submit" name="decision" value="revoke" { "Revoke" }
                }
            }
        }
    })
}

fn close_form(app: &App, who: &Principal, review: &StoredReview) -> Result<Markup, Problem> {
    Ok(html! {
        section.card {
            h2 { "Close the review" }
            @if review.counts.undecided > 0 {
                (banner(Tone::Waiting, &html! { p {
                    (review.counts.undecided) " undecided: "
                    @if review.escalates { "they stay, with an alert, until a security officer decides." } @else { "they are revoked." }
                } }))
            }
            form method="post" action=(format!("{}/close", path(review.number))) {
                (token_field(app, who)?)
                div.row { button.danger type="submit" { "Close it" } }
            }
        }
    })
}

async fn decide(
    State(app): State<Shared>,
    who: Principal,
    Place(review): Place<u64>,
    mut fields: Fields,
) -> Result<Response, Problem> {
    let mut items: Vec<u64> = Vec::new();
    while let Some(item) = fields.take("item") {
        items.push(item.parse().map_err(|_| unfit("an item is a number"))?);
    }
    let form = Decided::read(&app, &mut fields)?;
    fields.end()?;
    if items.is_empty() || items.len() > MAX_AT_ONCE {
        return Err(unfit("choose what is decided on, in the table: at most 200 at once"));
    }
    if let Some(first) = step_up(&who, &path(review)) {
        return Ok(first);
    }
    // All or none, as far as the policies go.
    for item in &items {
        check_may(&app, &who, (review, *item)).await?;
    }
    for item in items {
        say(&app, &who, (review, item), form.said()).await?;
    }
    Ok(see(&format!("{}?done=decided", path(review))))
}

fn unfit(detail: &str) -> Problem {
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, detail)
}

/// What the form says of each that is chosen.
struct Decided {
    decision: ReviewDecision,
    ends: Option<Timestamp>,
    roles: Option<Vec<RoleName>>,
    reason: String,
}

impl Decided {
    fn read(app: &App, fields: &mut Fields) -> Result<Self, Problem> {
        let decision = ReviewDecision::parse(&fields.text("decision"));
        let decision = decision.ok_or_else(|| unfit("a decision keeps, narrows or revokes"))?;
        let ends = match &*fields.text("days") {
            "" => None,
            days => {
                let days: u32 = days.parse().map_err(|_| unfit("days are a whole number"))?;
                Some((app.clock)().plus(Duration::from_secs(u64::from(days) * 86_400)))
            }
        };
        let roles = fields.text("roles");
        let roles: Result<Vec<RoleName>, _> = roles.split_whitespace().map(RoleName::new).collect();
        let roles = roles.map_err(|error| unfit(&error.to_string()))?;
        let roles = Some(roles).filter(|roles| !roles.is_empty());
        Ok(Self { decision, ends, roles, reason: fields.text("reason") })
    }

    fn said(&self) -> Said {
        let (decision, ends) = (self.decision, self.ends);
        Said { decision, ends, roles: self.roles.clone(), reason: self.reason.clone() }
    }
}

async fn close(
    State(app): State<Shared>,
    who: Principal,
    Place(review): Place<u64>,
    fields: Fields,
) -> Result<Response, Problem> {
    fields.end()?;
    let (_, recorded) = end(&app, &who, review, true).await?;
    Ok(recorded.mark(see(&format!("{}?done=closed", path(review)))))
}
