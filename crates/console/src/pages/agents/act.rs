//! Acts on an agent. Each has a page that says what will happen before it is done.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use maud::{Markup, html};
use model::{AgentName, Standing, ZoneName};
use store::{Origin, StoredAgent};

use super::super::components::badge::Tone;
use super::super::components::field::{choice, line, lines};
use super::super::components::notice::banner;
use super::super::form::{Fields, token_field};
use super::super::page;
use super::super::shell::{self, Frame, Section};
use super::super::surface::{step_up, then};
use super::{create, path, roles};
use crate::extract::Place;
use crate::routes::agents::{Update, change};
use crate::routes::standing::{Reason, set};
use crate::{App, Endpoint, Principal, Problem, Shared};

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        page!(Act get "/agents/{agent}/{act}" ask, "Says what an act on an agent will do, and asks for it"),
        page!(Act post "/agents/{agent}/{act}" act, "Suspends, quarantines, resumes, changes or hands over by form"),
    ]
}

/// What can be done to an agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Act {
    Suspend,
    Quarantine,
    Resume,
    Edit,
    HandOver,
    NewKey,
}

impl std::str::FromStr for Act {
    type Err = Problem;

    fn from_str(word: &str) -> Result<Self, Problem> {
        match word {
            "suspend" => Ok(Self::Suspend),
            "quarantine" => Ok(Self::Quarantine),
            "resume" => Ok(Self::Resume),
            "edit" => Ok(Self::Edit),
            "hand-over" => Ok(Self::HandOver),
            "new-key" => Ok(Self::NewKey),
            _ => Err(Problem::not_found("act")),
        }
    }
}

impl Act {
    fn title(self) -> &'static str {
        match self {
            Self::Suspend => "Suspend",
            Self::Quarantine => "Quarantine",
            Self::Resume => "Resume",
            Self::Edit => "Change",
            Self::HandOver => "Hand over",
            Self::NewKey => "New key",
        }
    }

    /// What will happen, in words.
    fn warning(self) -> (Tone, &'static str) {
        match self {
            Self::Suspend => (
                Tone::Notice,
                "Nothing of it passes any more, and its open streams are cut, both within a tenth of a second. It can be resumed at any time.",
            ),
            Self::Quarantine => (
                Tone::Bad,
                "Nothing of it passes any more, and its open streams are cut. It comes back only by a reviewed resume with a reason: this is for an agent that is thought to be compromised.",
            ),
            Self::Resume => (
                Tone::Notice,
                "It may act again at once, with the same keys, roles and limits as before.",
            ),
            Self::Edit => (
                Tone::Plain,
                "Roles and zone decide what it may reach. A change holds from its next call on.",
            ),
            Self::HandOver => (
                Tone::Plain,
                "The new owner answers for it: they are asked in reviews, and may not approve its calls alone where two are needed.",
            ),
            Self::NewKey => (
                Tone::Notice,
                "A new key is made and shown once. The old keys go on working for the overlap, then they end.",
            ),
        }
    }
}

async fn ask(
    State(app): State<Shared>,
    who: Principal,
    Place((name, word)): Place<(AgentName, String)>,
) -> Result<Response, Problem> {
    let act: Act = word.parse()?;
    let agent = app.store.agent(&who.tenant, &name).await?;
    changeable(act, &agent)?;
    let action = match act {
        Act::NewKey => format!("{}/rotate", path(name.as_str())),
        _ => format!("{}/{word}", path(name.as_str())),
    };
    let (tone, warning) = act.warning();
    let body = html! {
        (banner(tone, &html! { p { (warning) } }))
        form.card method="post" action=(action) {
            (token_field(&app, &who)?)
            (fields(act, &agent))
            div.row {
                button class=(if matches!(act, Act::Suspend | Act::Quarantine) { "danger" } else { "primary" }) type="submit" { (act.title()) " " (name) }
                a.button href=(path(name.as_str())) { "Cancel" }
            }
        }
    };
    let trail = vec![(name.as_str(), path(name.as_str()))];
    let frame = Frame { trail, ..Frame::below(Section::Agents, act.title()) };
    Ok(shell::page(&app, &who, frame, body).await)
}

fn changeable(act: Act, agent: &StoredAgent) -> Result<(), Problem> {
    if matches!(act, Act::Edit | Act::HandOver) && agent.origin == Origin::Config {
        let detail = "this agent is declared in the configuration; change it there";
        return Err(Problem::new(StatusCode::CONFLICT, detail));
    }
    Ok(())
}

fn fields(act: Act, agent: &StoredAgent) -> Markup {
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let version = html! { input type="hidden" name="version" value=(agent.version); };
    match act {
        Act::Suspend | Act::Quarantine => {
            lines("reason", "Reason", "", "For whoever reviews it; it stands in the record.", 2)
        }
        Act::Resume if agent.agent.standing == Standing::Quarantined => {
            lines("reason", "Reason", "", "Needed: why it may act again after a quarantine.", 2)
        }
        Act::Resume => lines("reason", "Reason", "", "It stands in the record.", 2),
        Act::Edit => html! {
            (version)
            (line("purpose", "Purpose", &text(&agent.agent.purpose), ""))
            (line("roles", "Roles", &roles(agent), "With a blank between them."))
            (line("zone", "Zone", agent.agent.zone.as_str(), ""))
        },
        Act::HandOver => {
            html! { (version) (line("owner", "New owner", &text(&agent.agent.owner), "Empty leaves it without one.")) }
        }
        Act::NewKey => choice(
            "overlap",
            "Old keys work for another",
            "86400",
            &[("0", "no time at all"), ("3600", "hour"), ("86400", "day"), ("604800", "week")],
        ),
    }
}

async fn act(
    State(app): State<Shared>,
    who: Principal,
    Place((name, word)): Place<(AgentName, String)>,
    mut fields: Fields,
) -> Result<Response, Problem> {
    let act: Act = word.parse()?;
    if act == Act::Resume
        && is_quarantined(&app, &who, &name).await?
        && let Some(first) = step_up(&who, &format!("{}/{word}", path(name.as_str())))
    {
        return Ok(first);
    }
    let back = format!("{}?done={word}", path(name.as_str()));
    let done = match act {
        Act::Suspend => stand(&app, &who, name, Standing::Suspended, fields).await?,
        Act::Quarantine => stand(&app, &who, name, Standing::Quarantined, fields).await?,
        Act::Resume => stand(&app, &who, name, Standing::Active, fields).await?,
        Act::NewKey => return Err(Problem::not_found("act")),
        Act::Edit | Act::HandOver => {
            let version = fields.read("version")?;
            let update = update(act, &mut fields)?;
            fields.end()?;
            change(&app, &who, name, Some(version), update).await?
        }
    };
    Ok(then(&done, &back))
}

async fn is_quarantined(app: &App, who: &Principal, name: &AgentName) -> Result<bool, Problem> {
    Ok(app.store.agent(&who.tenant, name).await?.agent.standing == Standing::Quarantined)
}

async fn stand(
    app: &App,
    who: &Principal,
    name: AgentName,
    standing: Standing,
    mut fields: Fields,
) -> Result<Response, Problem> {
    let reason = Reason { reason: fields.text("reason") };
    fields.end()?;
    set(app, who, name, standing, reason).await
}

fn update(act: Act, fields: &mut Fields) -> Result<Update, Problem> {
    let text = |text: String| Some((!text.is_empty()).then_some(text));
    Ok(match act {
        Act::HandOver => Update { owner: text(fields.text("owner")), ..Update::default() },
        _ => Update {
            purpose: text(fields.text("purpose")),
            roles: Some(create::roles(&fields.text("roles"))?),
            zone: Some(fields.read::<ZoneName>("zone")?),
            ..Update::default()
        },
    })
}
