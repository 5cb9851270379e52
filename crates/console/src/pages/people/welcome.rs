//! Invitations: whoever opens the link chooses a password, and then a second factor.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use maud::{Markup, html};
use model::{Digest, Secret, UserName};
use people::session::Stage;
use people::{Role, password, token};
use store::{Invited, NewGrant, NewUser, StoreError};

use super::super::{page, shell};
use super::fields::Unbound;
use super::{form, notice, onward};
use crate::extract::{Place, Sender};
use crate::login::session::{self, Step};
use crate::login::{self, Attempt, Outcome};
use crate::{App, Endpoint, Problem, Shared};

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        page!(Public get "/welcome/{code}" show, "Opens an invitation"),
        page!(Public post "/welcome/{code}" submit, "Takes a password, and asks for a second factor"),
    ]
}

const TITLE: &str = "Welcome";

/// What the first administrator holds. More is granted by the operator at the socket, or by
/// another administrator: nobody grants themselves anything.
const FIRST_ROLES: [Role; 2] = [Role::PlatformAdministrator, Role::SecurityOfficer];

async fn find(app: &App, code: &str) -> Result<(Digest, Invited), Problem> {
    let hash = token::hash(code).ok_or_else(gone)?;
    let found = app.store.invitation(hash, (app.clock)()).await?;
    Ok((hash, found.ok_or_else(gone)?))
}

fn gone() -> Problem {
    Problem::new(
        StatusCode::NOT_FOUND,
        "this invitation was used, or its time is up; ask for another one (for the first administrator: start the instance again)",
    )
}

async fn show(State(app): State<Shared>, Place(code): Place<String>) -> Result<Response, Problem> {
    let (_, invited) = find(&app, &code).await?;
    Ok(shell::bare(StatusCode::OK, TITLE, &asked(&code, &invited, None)))
}

fn asked(code: &str, invited: &Invited, wrong: Option<&str>) -> Markup {
    let fields = html! {
        @match &invited.user {
            Some(name) => { p { "You are " strong { (name) } "." } }
            None => {
                p { "Nobody is here yet: you become the first administrator." }
                label { "Name, such as your mail address"
                    input name="name" required autofocus autocomplete="username" maxlength="128"
                        spellcheck="false" autocapitalize="none";
                }
            }
        }
        label { "A new password, of at least " (password::MIN_LENGTH) " characters"
            input name="password" type="password" required autocomplete="new-password"
                minlength=(password::MIN_LENGTH) maxlength=(password::MAX_BYTES);
        }
        label { "The same again"
            input name="again" type="password" required autocomplete="new-password"
                maxlength=(password::MAX_BYTES);
        }
        button { "Go on" }
    };
    html! {
        (notice(wrong))
        (form(&format!("/welcome/{code}"), &[], &fields))
    }
}

async fn submit(
    State(app): State<Shared>,
    Place(code): Place<String>,
    Sender(client): Sender,
    Unbound(mut fields): Unbound,
) -> Result<Response, Problem> {
    let (hash, invited) = find(&app, &code).await?;
    let name = match &invited.user {
        Some(name) => name.to_string(),
        None => fields.text("name"),
    };
    let (password, again) = (fields.secret("password"), fields.secret("again"));
    fields.end()?;
    let refuse = |text: &str| {
        let body = asked(&code, &invited, Some(text));
        Ok(shell::bare(StatusCode::UNPROCESSABLE_ENTITY, TITLE, &body))
    };
    let user = match UserName::new(&name) {
        Ok(user) => user,
        Err(error) => return refuse(&error.to_string()),
    };
    if let Err(text) = acceptable(&app, &password, &again, &name) {
        return refuse(&text);
    }
    let kept = login::hash_password(&app, password).await?;
    // From here on the link opens nothing more.
    let now = (app.clock)();
    let invited = app.store.accept_invitation(hash, now).await?.ok_or_else(gone)?;
    let tenant = &invited.tenant;
    if invited.user.is_none() {
        first(&app, &invited, &user).await?;
    }
    app.store.set_password(tenant, &user, Some(kept), now).await?;
    let attempt = Attempt::new(&app, tenant.clone(), user.clone(), client.clone(), "invitation");
    attempt.end(Outcome::Right, &[]).await?;
    let mut response = onward("/enrol");
    let (stage, factors) = (Stage::Enrol, "password".to_owned());
    let step =
        Step { tenant, user: &user, stage, factors, client: &client, before: None, outside: None };
    session::open(&app, step, &mut response).await?;
    Ok(response)
}

/// Whether a new password may be one.
pub(super) fn acceptable(
    app: &App,
    password: &Secret,
    again: &Secret,
    name: &str,
) -> Result<(), String> {
    if password.expose() != again.expose() {
        return Err("The two passwords are not the same.".to_owned());
    }
    password::check(password, name).map_err(|error| error.to_string())?;
    match app.instance.is_leaked(&password::leak_hash(password)) {
        Ok(false) => Ok(()),
        Ok(true) => Err(password::PasswordError::Leaked.to_string()),
        Err(failure) => {
            tracing::error!(error = %failure, "no password can be taken");
            Err("No password can be taken now: the list of leaked ones cannot be read.".to_owned())
        }
    }
}

/// Makes the first administrator. Somebody who began as one, and did not get to a second factor,
/// begins again.
async fn first(app: &App, invited: &Invited, name: &UserName) -> Result<(), Problem> {
    let now = (app.clock)();
    let grant = |role: Role| NewGrant {
        role: role.as_str().to_owned(),
        starts: None,
        ends: None,
        hours: None,
        reason: "the first administrator".to_owned(),
        granted_by: "the first start".to_owned(),
    };
    let new = NewUser { uid: login::row_id(app)?, name: name.clone(), display: None, email: None };
    let grants = FIRST_ROLES.map(grant).to_vec();
    match app.store.add_user(&invited.tenant, new, grants.clone(), now).await {
        Err(StoreError::Exists { .. }) => {
            for grant in grants {
                app.store.grant(&invited.tenant, name, grant, now).await?;
            }
            Ok(())
        }
        other => Ok(other.map(drop)?),
    }
}
