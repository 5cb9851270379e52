//! Users: who may log in, with which roles, and what is done about it.

use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use maud::{Markup, html};
use model::UserName;
use people::Role;
use store::{StoredGrant, StoredUser, UserLine, UserListing, UserOrder, UserStanding};

use super::super::components::badge::{Tone, badge};
use super::super::components::field::{choice, facts, line};
use super::super::components::notice::{command, done, empty};
use super::super::components::table::{Ask, Column, Table, Value};
use super::super::components::text::untrusted;
use super::super::components::time::moment;
use super::super::form::{Fields, token_field};
use super::super::page;
use super::super::shell::{self, Frame, Section, segment, url};
use super::super::surface::then;
use crate::extract::{Params, Place};
use crate::routes::users::{
    Creation, Invitation, Terms, add, begin_anew, come_back, give, leave, take,
};
use crate::{App, Endpoint, Principal, Problem, Shared};

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        page!(Read get "/people" list, "Who may log in"),
        page!(People post "/people" create, "Adds a user by form; shows the link of the invitation this once"),
        page!(Read get "/people/{user}" show, "One user: roles, factors, sessions"),
        page!(People post "/people/{user}/grant" grant, "Grants a role by form"),
        page!(People post "/people/{user}/revoke" revoke, "Takes a role away by form"),
        page!(People post "/people/{user}/reset" reset, "Takes all factors by form, and invites anew"),
        page!(People post "/people/{user}/disable" disable, "Lets somebody in no more, by form"),
        page!(People post "/people/{user}/enable" enable, "Lets somebody in again, by form"),
    ]
}

const DONE: [(&str, &str); 4] = [
    ("granted", "The role is granted."),
    ("revoked", "The role is taken away."),
    ("disabled", "Everything of theirs has ended; their agents are handed over or suspended."),
    ("enabled", "They may log in again. Grant roles anew."),
];

async fn list(
    State(app): State<Shared>,
    who: Principal,
    Params(ask): Params<Ask>,
) -> Result<Response, Problem> {
    let text = ask.filter.as_deref().unwrap_or_default();
    let counts = app.store.count_user_lines(&who.tenant, text).await?;
    let part = ask.part(counts.0);
    let lines = app.store.user_lines(&who.tenant, listing(&ask), part).await?;
    let table = match table(lines).answer_part(&ask, counts) {
        Ok(table) => table,
        Err(file) => return Ok(*file),
    };
    let body = html! {
        (done(ask.done.as_deref(), &DONE))
        div.card { (table) }
        section.card {
            h2 { "Add somebody" }
            form method="post" action="/people" {
                (token_field(&app, &who)?)
                (line("name", "Name", "", "How they log in, such as a mail address"))
                (choice("role", "Role", "employee", &roles()))
                div.row { button.primary type="submit" { "Add and invite" } }
            }
        }
    };
    let actions = html! { a.button href="/reviews" { "Access reviews" } " " a.button href="/access" { "Time-limited access" } };
    let frame = Frame { actions, ..Frame::of(Section::People) };
    Ok(shell::page(&app, &who, frame, body).await)
}

fn roles() -> Vec<(&'static str, &'static str)> {
    Role::ALL.map(|role| (role.as_str(), role.as_str())).to_vec()
}

fn listing(ask: &Ask) -> UserListing {
    let (column, is_descending) = ask.order();
    let by = match column {
        "state" => UserOrder::Standing,
        "roles" => UserOrder::Roles,
        "factors" => UserOrder::Factors,
        "changed" => UserOrder::Updated,
        _ => UserOrder::Name,
    };
    UserListing { text: ask.filter.clone().unwrap_or_default(), by, is_descending }
}

fn table(rows: Vec<UserLine>) -> Table<'static, UserLine> {
    let nothing = empty(
        "Nobody can log in yet",
        &html! {
            p { "Add the first people here, or on the machine itself:" }
            (command("portcullis user add ann@example.com --role responder"))
        },
    );
    Table {
        name: "people",
        caption: "people",
        path: "/people".to_owned(),
        keep: vec![],
        columns: vec![
            Column::new("name", "Name", |user: &UserLine| Value::from(user.name.as_str())).shown(
                |user| html! { a href=(path(&user.name)) { (untrusted(user.name.as_str())) } },
            ),
            Column::new("state", "State", |user: &UserLine| Value::from(user.standing.as_str()))
                .shown(|user| standing(user.standing)),
            Column::new("roles", "Roles", |user: &UserLine| Value::from(user.roles.as_str())),
            Column::new("factors", "Second factors", |user: &UserLine| {
                Value::Number(user.factors as f64)
            }),
            Column::new("changed", "Changed", |user: &UserLine| Value::Time(user.updated)),
        ],
        rows,
        empty: nothing,
    }
}

fn standing(standing: UserStanding) -> Markup {
    let tone = match standing {
        UserStanding::Active => Tone::Good,
        UserStanding::Invited => Tone::Waiting,
        UserStanding::Disabled => Tone::Bad,
    };
    badge(tone, standing.as_str())
}

fn path(name: &UserName) -> String {
    format!("/people/{}", segment(name.as_str()))
}

async fn create(
    State(app): State<Shared>,
    who: Principal,
    mut fields: Fields,
) -> Result<Response, Problem> {
    let (name, role) = (fields.read("name")?, read_role(&mut fields)?);
    fields.end()?;
    let creation = Creation { name, display: None, email: None, roles: vec![role] };
    let (user, invitation, recorded) = add(&app, &who, creation).await?;
    Ok(recorded.mark(invited(&app, &who, &user.name, &invitation).await))
}

fn read_role(fields: &mut Fields) -> Result<Role, Problem> {
    let unknown = || Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "there is no such role");
    Role::parse(&fields.text("role")).ok_or_else(unknown)
}

/// The link, this once.
async fn invited(app: &App, who: &Principal, name: &UserName, invitation: &Invitation) -> Response {
    let body = html! {
        p { "Hand this link over yourself. It counts once, until " (moment(invitation.ends)) ", and is not shown again." }
        p { code { (invitation.path) } }
        p { a.button href=(path(name)) { "Go on" } }
    };
    shell::narrow(app, &who.tenant, "An invitation", &body).await
}

async fn show(
    State(app): State<Shared>,
    who: Principal,
    Place(name): Place<UserName>,
    Params(ask): Params<Ask>,
) -> Result<Response, Problem> {
    let user = app.store.user(&who.tenant, &name).await?;
    let sessions = app.store.sessions(&who.tenant, &name).await?;
    let body = html! {
        (done(ask.done.as_deref(), &DONE))
        section.card {
            (facts(&[
                ("State", standing(UserStanding::of(user.active, user.factors))),
                ("Second factors", html! { (user.factors) }),
                ("Sessions", html! { (sessions.len()) }),
                ("Last seen", html! { @if let Some(last) = sessions.first() { (moment(last.seen)) } }),
                ("Changed", moment(user.updated)),
            ]))
        }
        (grants(&app, &who, &user)?)
        (acts(&app, &who, &user)?)
    };
    let frame = Frame::below(Section::People, name.as_str());
    Ok(shell::page(&app, &who, frame, body).await)
}

fn grants(app: &App, who: &Principal, user: &StoredUser) -> Result<Markup, Problem> {
    let below = path(&user.name);
    let token = token_field(app, who)?;
    Ok(html! {
        section.card {
            h2 { "Roles" }
            @if user.grants.is_empty() { p.muted { "None: they may look after their own account." } }
            ul.controls { @for grant in &user.grants { li {
                (granted(grant))
                form method="post" action=(format!("{below}/revoke")) {
                    (token)
                    input type="hidden" name="role" value=(grant.role);
                    button type="submit" { "Take away " (grant.role) }
                }
            } } }
            form method="post" action=(format!("{below}/grant")) {
                (token)
                (choice("role", "Role", "auditor", &roles()))
                (line("days", "For how many days", "", "Left out: for good"))
                (line("hours", "In which hours", "", "Such as mon-fri 08:00-18:00 Europe/Berlin; left out: always"))
                (line("reason", "Why", "", "It stands in the record"))
                div.row { button.primary type="submit" { "Grant" } }
            }
        }
    })
}

fn granted(grant: &StoredGrant) -> Markup {
    html! {
        b { (untrusted(&grant.role)) }
        " since " (moment(grant.created)) " by " (untrusted(&grant.granted_by))
        @if let Some(ends) = grant.ends { ", until " (moment(ends)) }
        @if let Some(hours) = &grant.hours { ", " (untrusted(hours)) }
        @if !grant.reason.is_empty() { ": " (untrusted(&grant.reason)) }
    }
}

fn acts(app: &App, who: &Principal, user: &StoredUser) -> Result<Markup, Problem> {
    let below = path(&user.name);
    let token = token_field(app, who)?;
    Ok(html! {
        section.card {
            h2 { "Lost factors" }
            p { "Takes the password, every second factor and every session, and makes a new invitation." }
            form method="post" action=(format!("{below}/reset")) { (token) button.danger type="submit" { "Begin anew" } }
        }
        section.card {
            @if user.active {
                h2 { "Leaves" }
                p { "Sessions, tokens and roles end at once, and no agent acts for them any more." }
                form method="post" action=(format!("{below}/disable")) {
                    (token)
                    (line("heir", "Who answers for their agents from now on", "", "Left out: the agents are suspended"))
                    button.danger type="submit" { "Disable " (user.name) }
                }
            } @else {
                h2 { "Comes back" }
                form method="post" action=(format!("{below}/enable")) { (token) button type="submit" { "Enable " (user.name) } }
            }
        }
    })
}

fn onward(done: &Response, name: &UserName, word: &str) -> Response {
    then(done, &url(&path(name), &[("done", word)]))
}

async fn grant(
    State(app): State<Shared>,
    who: Principal,
    Place(name): Place<UserName>,
    mut fields: Fields,
) -> Result<Response, Problem> {
    let role = read_role(&mut fields)?;
    let ends = match &*fields.text("days") {
        "" => None,
        days => {
            let days: u32 = days.parse().map_err(|_| Problem::bad_request("days are a number"))?;
            Some((app.clock)().plus(Duration::from_secs(u64::from(days) * 24 * 60 * 60)))
        }
    };
    let hours = Some(fields.text("hours")).filter(|hours| !hours.is_empty());
    let terms = Terms { role, starts: None, ends, hours, reason: fields.text("reason") };
    fields.end()?;
    let done = give(&app, &who, name.clone(), terms).await?;
    Ok(onward(&done, &name, "granted"))
}

async fn revoke(
    State(app): State<Shared>,
    who: Principal,
    Place(name): Place<UserName>,
    mut fields: Fields,
) -> Result<Response, Problem> {
    let role = read_role(&mut fields)?;
    fields.end()?;
    let done = take(&app, &who, name.clone(), role).await?;
    Ok(onward(&done, &name, "revoked"))
}

async fn reset(
    State(app): State<Shared>,
    who: Principal,
    Place(name): Place<UserName>,
    fields: Fields,
) -> Result<Response, Problem> {
    fields.end()?;
    let (invitation, recorded) = begin_anew(&app, &who, &name).await?;
    Ok(recorded.mark(invited(&app, &who, &name, &invitation).await))
}

async fn disable(
    State(app): State<Shared>,
    who: Principal,
    Place(name): Place<UserName>,
    mut fields: Fields,
) -> Result<Response, Problem> {
    let heir = match &*fields.text("heir") {
        "" => None,
        heir => Some(UserName::new(heir).map_err(|error| Problem::bad_request(error.to_string()))?),
    };
    fields.end()?;
    let done = leave(&app, &who, name.clone(), heir).await?;
    Ok(onward(&done, &name, "disabled"))
}

async fn enable(
    State(app): State<Shared>,
    who: Principal,
    Place(name): Place<UserName>,
    fields: Fields,
) -> Result<Response, Problem> {
    fields.end()?;
    let done = come_back(&app, &who, name.clone()).await?;
    Ok(onward(&done, &name, "enabled"))
}
