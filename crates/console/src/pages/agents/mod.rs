//! Agents: who is known, what each may and does, and the acts that change it.

mod act;
mod create;
mod one;

use axum::extract::State;
use axum::response::Response;
use maud::html;
use store::{MAX_AGENTS, StoredAgent};

use super::components::badge::standing;
use super::components::notice::{command, done, empty};
use super::components::table::{Ask, Column, Table, Value};
use super::components::text::{untrusted, untrusted_short};
use super::page;
use super::shell::{self, Frame, Section, segment};
use crate::extract::Params;
use crate::{Endpoint, Principal, Problem, Shared};

pub(super) fn endpoints() -> Vec<Endpoint> {
    let mut all = vec![page!(Read get "/agents" list, "All agents, by name")];
    all.extend(create::endpoints());
    all.extend(one::endpoints());
    all.extend(act::endpoints());
    all
}

const DONE: [(&str, &str); 1] = [("removed", "The agent and its keys are gone. Its records stay.")];

async fn list(
    State(app): State<Shared>,
    who: Principal,
    Params(ask): Params<Ask>,
) -> Result<Response, Problem> {
    let most = usize::try_from(MAX_AGENTS).unwrap_or(usize::MAX);
    let agents = app.store.list_agents(&who.tenant, None, None, most).await?;
    let table = match table(agents).answer(&ask) {
        Ok(table) => table,
        Err(file) => return Ok(*file),
    };
    let body = html! { (done(ask.done.as_deref(), &DONE)) div.card { (table) } };
    let actions = html! { a.button.primary href="/new/agent" { "Add an agent" } };
    let frame = Frame { actions, ..Frame::of(Section::Agents) };
    Ok(shell::page(&app, &who, frame, body).await)
}

fn table(rows: Vec<StoredAgent>) -> Table<'static, StoredAgent> {
    let text = |text: &Option<String>| text.as_deref().map_or(Value::None, Value::from);
    let nothing = empty(
        "No agent is known yet",
        &html! {
            p { "Add one here, or at the command line. Its key is shown once; the agent's SDK uses it in the place of a provider's key." }
            (command("portcullis agent add my-agent"))
        },
    );
    Table {
        name: "agents",
        caption: "agents",
        path: "/agents".to_owned(),
        keep: vec![],
        columns: vec![
            Column::new("name", "Agent", |row: &StoredAgent| Value::from(row.agent.name.as_str())).shown(|row| {
                let name = row.agent.name.as_str();
                html! { a href=(path(name)) { (untrusted(name)) } }
            }),
            Column::new("standing", "Status", |row: &StoredAgent| Value::from(row.agent.standing.as_str())).shown(|row| standing(row.agent.standing)),
            Column::new("owner", "Owner", move |row: &StoredAgent| text(&row.agent.owner)),
            Column::new("zone", "Zone", |row: &StoredAgent| Value::from(row.agent.zone.as_str())),
            Column::new("roles", "Roles", |row: &StoredAgent| Value::Text(roles(row))),
            Column::new("purpose", "Purpose", move |row: &StoredAgent| text(&row.agent.purpose))
                .shown(|row| html! { @if let Some(purpose) = &row.agent.purpose { (untrusted_short(purpose, 120)) } @else { span.muted { "–" } } }),
            Column::new("created", "Since", |row: &StoredAgent| Value::Time(row.created)),
        ],
        rows,
        empty: nothing,
    }
}

fn roles(row: &StoredAgent) -> String {
    row.agent.roles.iter().map(|role| role.as_str()).collect::<Vec<_>>().join(" ")
}

/// The page of an agent.
fn path(name: &str) -> String {
    format!("/agents/{}", segment(name))
}
