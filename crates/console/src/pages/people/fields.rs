//! Forms of whoever is not let in yet: read field by field, and looked at for where they come from.

use axum::Form;
use axum::extract::{FromRequest, Request};
use axum::http::StatusCode;
use model::Secret;

use crate::login::session::Session;
use crate::{Problem, Shared, authorise};

/// The hidden field.
pub(super) const TOKEN: &str = "form_token";

/// What a form brought that no other site sent.
pub(super) struct Fields(Vec<(String, String)>);

impl FromRequest<Shared> for Fields {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &Shared) -> Result<Self, Problem> {
        if authorise::is_forged(request.method(), request.uri(), request.headers()) {
            let detail =
                "this form was sent from another site; open the page here and send it again";
            return Err(Problem::new(StatusCode::FORBIDDEN, detail));
        }
        let fields = Form::<Vec<(String, String)>>::from_request(request, app).await;
        let Form(fields) =
            fields.map_err(|rejection| Problem::new(rejection.status(), rejection.body_text()))?;
        Ok(Self(fields))
    }
}

impl Fields {
    /// The first of this name, which is then gone.
    pub(super) fn take(&mut self, name: &str) -> Option<String> {
        let at = self.0.iter().position(|(found, _)| found == name)?;
        Some(self.0.remove(at).1)
    }

    /// A text without the blanks around it; empty where there is none.
    pub(super) fn text(&mut self, name: &str) -> String {
        self.take(name).map(|text| text.trim().to_owned()).unwrap_or_default()
    }

    pub(super) fn secret(&mut self, name: &str) -> Secret {
        Secret::new(self.take(name).unwrap_or_default())
    }

    /// Refuses a form that was not made for this session.
    pub(super) fn check(&mut self, session: &Session) -> Result<(), Problem> {
        let token = self.take(TOKEN).unwrap_or_default();
        if session.is_form_token(&token) {
            return Ok(());
        }
        let detail = "this form is not of this session; open its page again and send it from there";
        Err(Problem::new(StatusCode::FORBIDDEN, detail))
    }

    /// What is left over is refused, so that nothing is silently ignored.
    pub(super) fn end(self) -> Result<(), Problem> {
        match self.0.first() {
            None => Ok(()),
            Some(_) => {
                let detail = "the form has a field that this page does not know";
                Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, detail))
            }
        }
    }
}
