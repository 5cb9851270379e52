//! Forms: what a browser sends, read field by field.
//!
//! A form carries a field that only a page of ours could have put there: an HMAC over the credential
//! under which that page was made. Fields that nobody asked for are refused, as unknown members of a
//! JSON body are.

use std::str::FromStr;

use axum::Form;
use axum::extract::{FromRequest, Request};
use axum::http::StatusCode;
use maud::{Markup, html};
use model::{Digest, Secret, TenantId};
use ring::hmac;

use crate::{App, Principal, Problem, Shared};

/// The hidden field.
pub(crate) const TOKEN: &str = "form_token";

/// What a form brought; the hidden field was looked at.
pub(crate) struct Fields(Vec<(String, String)>);

impl FromRequest<Shared> for Fields {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &Shared) -> Result<Self, Problem> {
        let who = request.extensions().get::<Principal>().cloned();
        let mut fields = Self::read_from(request, app).await?;
        let token = fields.take(TOKEN).unwrap_or_default();
        match who {
            Some(who) if is_ours(app, &who, &token) => Ok(fields),
            _ => Err(not_ours()),
        }
    }
}

pub(crate) fn not_ours() -> Problem {
    let detail = "this form is not of this session; open its page again and send it from there";
    Problem::new(StatusCode::FORBIDDEN, detail)
}

impl Fields {
    /// The fields of a form whose hidden field nobody has looked at yet.
    pub(crate) async fn read_from(request: Request, app: &Shared) -> Result<Self, Problem> {
        let fields = Form::<Vec<(String, String)>>::from_request(request, app).await;
        let Form(fields) =
            fields.map_err(|rejection| Problem::new(rejection.status(), rejection.body_text()))?;
        Ok(Self(fields))
    }

    /// The first of this name, which is then gone.
    pub(crate) fn take(&mut self, name: &str) -> Option<String> {
        let at = self.0.iter().position(|(found, _)| found == name)?;
        Some(self.0.remove(at).1)
    }

    /// A text without the blanks around it; empty where there is none.
    pub(crate) fn text(&mut self, name: &str) -> String {
        self.take(name).map(|text| text.trim().to_owned()).unwrap_or_default()
    }

    pub(crate) fn secret(&mut self, name: &str) -> Secret {
        Secret::new(self.take(name).unwrap_or_default())
    }

    pub(crate) fn read<T: FromStr>(&mut self, name: &'static str) -> Result<T, Problem> {
        let text = self.take(name);
        let read = text.and_then(|text| text.parse().ok());
        read.ok_or_else(|| {
            let detail = format!("the field {name:?} is missing or holds what cannot stand there");
            Problem::new(StatusCode::UNPROCESSABLE_ENTITY, detail)
        })
    }

    /// What is left over is refused, so that nothing is silently ignored.
    pub(crate) fn end(self) -> Result<(), Problem> {
        match self.0.first() {
            None => Ok(()),
            Some((name, _)) => {
                let detail = format!("the form has no field {name:?}");
                Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, detail))
            }
        }
    }
}

/// The hidden field for a form of this page.
pub(crate) fn token_field(app: &App, who: &Principal) -> Result<Markup, Problem> {
    Ok(
        html! { input type="hidden" name=(TOKEN) value=(token(app, &who.tenant, &who.client.credential)?); },
    )
}

pub(crate) fn token(app: &App, tenant: &TenantId, credential: &str) -> Result<Digest, Problem> {
    let tag = hmac::sign(&key(app)?, signed(tenant, credential).as_bytes());
    Ok(Digest(tag.as_ref().try_into().unwrap_or_default()))
}

fn is_ours(app: &App, who: &Principal, token: &str) -> bool {
    let (Ok(key), Some(tag)) = (key(app), Digest::from_hex(token)) else { return false };
    let signed = signed(&who.tenant, &who.client.credential);
    hmac::verify(&key, signed.as_bytes(), &tag.0).is_ok()
}

/// The credential is a token's or a session's own name.
fn signed(tenant: &TenantId, credential: &str) -> String {
    format!("form\n{tenant}\n{credential}")
}

fn key(app: &App) -> Result<hmac::Key, Problem> {
    let cell = &app.pages.form_key;
    if let Some(key) = cell.get() {
        return Ok(hmac::Key::new(hmac::HMAC_SHA256, key));
    }
    let random = (app.random)().ok_or_else(crate::change::no_randomness)?;
    Ok(hmac::Key::new(hmac::HMAC_SHA256, cell.get_or_init(|| random)))
}
