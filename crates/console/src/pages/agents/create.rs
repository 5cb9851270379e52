//! A new agent, or a new key: the key is shown this once.

use axum::extract::State;
use axum::response::Response;
use maud::{Markup, html};
use model::{AgentKey, AgentName, RoleName, ZoneName};

use super::super::components::badge::Tone;
use super::super::components::field::line;
use super::super::components::notice::{banner, command};
use super::super::components::text::untrusted;
use super::super::form::{Fields, token_field};
use super::super::page;
use super::super::shell::{self, Frame, Section};
use super::path;
use crate::extract::Place;
use crate::routes::agents::{Creation, add};
use crate::routes::keys::{Rotation, renew};
use crate::{App, Endpoint, Principal, Problem, Shared};

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        page!(Agents get "/new/agent" ask, "A form for a new agent"),
        page!(Agents post "/new/agent" create, "Adds an agent by form; shows its key this once"),
        page!(Agents post "/agents/{agent}/rotate" rotate, "Makes a new key by form, shown this once"),
    ]
}

async fn ask(State(app): State<Shared>, who: Principal) -> Result<Response, Problem> {
    let body = html! {
        form.card method="post" action="/new/agent" {
            (token_field(&app, &who)?)
            (line("name", "Name", "", "Small letters, digits, points, dashes and underscores. It stands in every record and does not change."))
            (line("owner", "Owner", "", "The person who answers for it."))
            (line("purpose", "Purpose", "", "What it is for, in one sentence."))
            (line("roles", "Roles", "", "With a blank between them; what a role may do stands in the configuration."))
            (line("zone", "Zone", "production", "What it may reach at all."))
            div.row { button.primary type="submit" { "Add the agent" } a.button href="/agents" { "Cancel" } }
        }
    };
    Ok(shell::page(&app, &who, Frame::below(Section::Agents, "New agent"), body).await)
}

async fn create(
    State(app): State<Shared>,
    who: Principal,
    mut fields: Fields,
) -> Result<Response, Problem> {
    let name: AgentName = fields.read("name")?;
    let text = |text: String| (!text.is_empty()).then_some(text);
    let (owner, purpose) = (text(fields.text("owner")), text(fields.text("purpose")));
    let roles = roles(&fields.text("roles"))?;
    let zone = fields.read::<ZoneName>("zone")?;
    fields.end()?;
    let creation = Creation {
        name: name.clone(),
        owner,
        purpose,
        roles,
        zone: Some(zone),
        tier: None,
        key_expires: None,
    };
    let (_, key, in_force) = add(&app, &who, creation).await?;
    let page = shown(&app, &who, &name, &key, "The agent may call now.").await;
    Ok(in_force.mark(page))
}

/// Names with blanks between them.
pub(super) fn roles(text: &str) -> Result<Vec<RoleName>, Problem> {
    let roles: Result<Vec<RoleName>, _> = text.split_whitespace().map(RoleName::new).collect();
    roles.map_err(|error| {
        Problem::new(axum::http::StatusCode::UNPROCESSABLE_ENTITY, error.to_string())
    })
}

/// The key, on a page that no cache keeps (every answer says so) and that a reload asks for again.
async fn shown(
    app: &App,
    who: &Principal,
    name: &AgentName,
    key: &AgentKey,
    what: &str,
) -> Response {
    let body = html! {
        (banner(Tone::Good, &html! { p { (what) } }))
        section.card {
            h2 { "Its key, shown this once" }
            (secret(key))
            p { "Only a hash of it is kept. Whoever has it acts as this agent; put it where the agent's secrets are." }
            h3 { "OpenAI's SDK" }
            (command("export OPENAI_BASE_URL=http://127.0.0.1:4100/llm/openai/v1"))
            p { "and the key as " code { "OPENAI_API_KEY" } "." }
            p { a.button href=(path(name.as_str())) { "To the agent " (untrusted(name.as_str())) } }
        }
    };
    shell::page(app, who, Frame::below(Section::Agents, name.as_str()), body).await
}

fn secret(key: &AgentKey) -> Markup {
    html! { pre.command tabindex="0" { (key.secret().expose()) } }
}

async fn rotate(
    State(app): State<Shared>,
    who: Principal,
    Place(name): Place<AgentName>,
    mut fields: Fields,
) -> Result<Response, Problem> {
    let overlap: u64 = fields.read("overlap")?;
    fields.end()?;
    let rotation = Rotation { overlap_seconds: Some(overlap), label: None };
    let (key, _, in_force) = renew(&app, &who, &name, rotation).await?;
    let page = shown(
        &app,
        &who,
        &name,
        &key,
        "The new key works now; the old ones end after the overlap.",
    )
    .await;
    Ok(in_force.mark(page))
}
