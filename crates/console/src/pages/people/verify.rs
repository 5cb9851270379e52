//! A fresh second factor, for what cannot be undone.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use maud::{Markup, html};
use people::session::Stage;

use super::super::{page, shell};
use super::fields::{TOKEN, Unbound, check};
use super::login::Way;
use super::second::{Proof, WRONG, let_in, prove};
use super::{code_field, form, log_in, notice, onward, passkeys};
use crate::extract::{Params, Sender};
use crate::login::Outcome;
use crate::login::session::{self, Session};
use crate::{Endpoint, Problem, Shared};

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        page!(Account get "/verify" show, "Asks for a fresh second factor"),
        page!(Account post "/verify" submit, "Takes it: for minutes, what cannot be undone may be done"),
    ]
}

const TITLE: &str = "Is it still you?";

async fn show(
    State(app): State<Shared>,
    headers: HeaderMap,
    Params(way): Params<Way>,
) -> Result<Response, Problem> {
    let Some(session) = session::at(&app, &headers, Stage::Full).await? else {
        return Ok(onward(&log_in(way.local())));
    };
    let body = asked(&session, way.local(), None);
    Ok(shell::narrow(&app, &session.user.tenant, TITLE, &body).await)
}

fn asked(session: &Session, way: &str, wrong: Option<&str>) -> Markup {
    let token = session.form_token();
    let fields = html! { (code_field()) button { "Go on" } };
    html! {
        p { "What you are about to do cannot be undone, so show your second factor once more. It counts for a few minutes." }
        (notice(wrong))
        (form("/verify", &[("next", way), (TOKEN, token.expose())], &fields))
        (passkeys::button("prove", "/verify/passkey", way, "Use a passkey"))
    }
}

async fn submit(
    State(app): State<Shared>,
    Sender(client): Sender,
    headers: HeaderMap,
    Unbound(mut fields): Unbound,
) -> Result<Response, Problem> {
    let way = Way { next: fields.take("next"), tenant: None };
    let Some(session) = session::at(&app, &headers, Stage::Full).await? else {
        return Ok(onward(&log_in(way.local())));
    };
    check(&mut fields, &session)?;
    let code = fields.text("code");
    fields.end()?;
    let refuse = async |status, text: &str| {
        let body = asked(&session, way.local(), Some(text));
        shell::inside(&app, Some(&session.user.tenant), status, TITLE, &body).await
    };
    match prove(&app, &session, &client, &code).await? {
        Proof::Wait(text) => Ok(refuse(StatusCode::TOO_MANY_REQUESTS, &text).await),
        Proof::Wrong => Ok(refuse(StatusCode::UNAUTHORIZED, WRONG).await),
        Proof::Right(attempt, _) => {
            let mut response = onward(way.local());
            let factors = session.stored.factors.clone();
            let_in(&app, &session, &client, factors, &mut response).await?;
            attempt.end(Outcome::Right, &[("step_up", "true".to_owned())]).await?;
            Ok(response)
        }
    }
}
