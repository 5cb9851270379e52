//! One's own access: asking for a role for some minutes, taking one at once, giving it back.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use maud::{Markup, html};
use people::Role;
use store::{StoredElevation, WhichElevations};

use super::super::access::{DONE, path, state};
use super::super::components::field::{choice, line, lines};
use super::super::components::notice::done;
use super::super::components::table::Ask;
use super::super::components::text::untrusted;
use super::super::components::time::moment;
use super::super::form::{Fields, token_field};
use super::super::surface::see;
use super::super::{page, shell};
use crate::extract::Params;
use crate::routes::access::{MAX_LIST, Wish, break_glass, wish_for};
use crate::{App, Endpoint, Principal, Problem, Shared};

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        page!(Account get "/account/access" show, "One's own roles for some time, and asking for one"),
        page!(Ask post "/account/access" ask, "Asks by form"),
        page!(BreakGlass post "/account/access/break_glass" take, "Takes a role at once by form"),
    ]
}

async fn show(
    State(app): State<Shared>,
    who: Principal,
    Params(asked): Params<Ask>,
) -> Result<Response, Problem> {
    let (which, now) = (WhichElevations::All, (app.clock)());
    let mut own = app.store.elevations(&who.tenant, which, MAX_LIST, now).await?;
    own.retain(|one| Some(&one.user) == who.person());
    let body = html! {
        (done(asked.done.as_deref(), &DONE))
        p { a href="/account" { "Your account" } }
        (list(&app, &who, &own)?)
        (form(&app, &who)?)
        (glass(&app, &who)?)
    };
    Ok(shell::narrow(&app, &who.tenant, "Roles for some time", &body).await)
}

fn list(app: &App, who: &Principal, own: &[StoredElevation]) -> Result<Markup, Problem> {
    let token = token_field(app, who)?;
    let now = (app.clock)();
    Ok(html! {
        @if !own.is_empty() { section { h2 { "What you asked for" } ul { @for one in own { li {
            (state(one)) " " b { (untrusted(&one.role)) } ", " (moment(one.created)) ": " (untrusted(&one.reason))
            @if let Some(text) = one.decision.as_deref().filter(|text| !text.is_empty()) { " – " (untrusted(text)) }
            @if one.ends > now {
                ", until " (moment(one.ends))
                form method="post" action=(format!("{}/end", path(&one.id))) { (token) button type="submit" { "Give it back" } }
            }
        } } } } }
    })
}

fn form(app: &App, who: &Principal) -> Result<Markup, Problem> {
    let longest = app.instance.elevation(&who.tenant).longest.as_secs() / 60;
    Ok(html! {
        section {
            h2 { "Ask for a role" }
            p { "Somebody else decides on it. It ends by itself." }
            form method="post" action="/account/access" {
                (token_field(app, who)?)
                (wish("ask", &Role::ALL, longest))
                div.row { button.primary type="submit" { "Ask" } }
            }
        }
    })
}

fn glass(app: &App, who: &Principal) -> Result<Markup, Problem> {
    let rules = app.instance.elevation(&who.tenant);
    let token = token_field(app, who)?;
    Ok(html! {
        @if !rules.break_glass.is_empty() { section {
            h2 { "Break glass" }
            p { "For emergencies: the role is yours at once, everybody sees it, and somebody else looks at what you did with it afterwards." }
            form method="post" action="/account/access/break_glass" {
                (token)
                (wish("glass", &rules.break_glass, rules.break_glass_longest.as_secs() / 60))
                div.row { button.danger type="submit" { "Take it now" } }
            }
        } }
    })
}

/// The fields of a wish. Two forms stand on one page, so each names its fields by a mark.
fn wish(mark: &str, roles: &[Role], longest: u64) -> Markup {
    let options: Vec<_> = roles.iter().map(|role| (role.as_str(), role.as_str())).collect();
    let first = options.first().map_or("", |(role, _)| *role);
    let help = format!("At most {longest}");
    html! {
        (choice(&format!("{mark}_role"), "Role", first, &options))
        (line(&format!("{mark}_minutes"), "For how many minutes", "60", &help))
        (lines(&format!("{mark}_reason"), "Why", "", "Others read it, and it stands in the record", 2))
    }
}

fn read(mark: &str, mut fields: Fields) -> Result<Wish, Problem> {
    let unfit = |detail: &str| Problem::new(StatusCode::UNPROCESSABLE_ENTITY, detail);
    let role = Role::parse(&fields.text(&format!("{mark}_role")));
    let role = role.ok_or_else(|| unfit("there is no such role"))?;
    let minutes = fields.text(&format!("{mark}_minutes")).parse();
    let minutes = minutes.map_err(|_| unfit("minutes are a whole number"))?;
    let reason = fields.text(&format!("{mark}_reason"));
    fields.end()?;
    Ok(Wish { role, minutes, reason })
}

async fn ask(
    State(app): State<Shared>,
    who: Principal,
    fields: Fields,
) -> Result<Response, Problem> {
    let (_, recorded) = wish_for(&app, &who, read("ask", fields)?).await?;
    Ok(recorded.mark(see("/account/access?done=asked")))
}

async fn take(
    State(app): State<Shared>,
    who: Principal,
    fields: Fields,
) -> Result<Response, Problem> {
    let (_, recorded) = break_glass(&app, &who, read("glass", fields)?).await?;
    Ok(recorded.mark(see("/account/access?done=taken")))
}
