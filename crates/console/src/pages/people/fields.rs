//! Forms of whoever is not let in yet: looked at for where they come from, and held to the session that a
//! cookie names.

use axum::extract::{FromRequest, Request};
use axum::http::StatusCode;

use crate::login::session::Session;
use crate::pages::form;
use crate::{Problem, Shared, authorise};

pub(super) use crate::pages::form::TOKEN;

/// What a form brought that no other site sent.
pub(super) struct Unbound(pub(super) form::Fields);

impl FromRequest<Shared> for Unbound {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &Shared) -> Result<Self, Problem> {
        if authorise::is_forged(app, request.method(), request.uri(), request.headers()) {
            let detail =
                "this form was sent from another site; open the page here and send it again";
            return Err(Problem::new(StatusCode::FORBIDDEN, detail));
        }
        form::Fields::read_from(request, app).await.map(Self)
    }
}

/// Refuses a form that was not made for this session.
pub(super) fn check(fields: &mut form::Fields, session: &Session) -> Result<(), Problem> {
    let token = fields.take(TOKEN).unwrap_or_default();
    if session.is_form_token(&token) { Ok(()) } else { Err(form::not_ours()) }
}
