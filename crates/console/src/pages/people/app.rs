//! Adding an authenticator app: the first one after an invitation, others later.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use maud::{Markup, html};
use people::session::Stage;
use people::totp::{DIGITS, SECRET, Totp};

use super::super::form::Fields;
use super::super::{page, shell};
use super::fields::{TOKEN, Unbound, check};
use super::second::{let_in, note_device};
use super::{HOME, codes_shown, form, notice, onward, passkeys, step_up};
use crate::extract::Sender;
use crate::login::session::{self, Session};
use crate::login::{self, Attempt, Outcome, factor, random};
use crate::{App, Endpoint, Principal, Problem, Shared};

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        page!(Public get "/enrol" first, "Offers a first second factor to whoever was invited"),
        page!(Public post "/enrol" first_done, "Takes its first code, and lets in"),
        page!(Account get "/account/app" another, "Offers another authenticator app"),
        page!(Account post "/account/app" another_done, "Takes its first code"),
    ]
}

const TITLE: &str = "Authenticator app";
/// The longest label of a factor.
const MAX_LABEL: usize = 64;

async fn first(State(app): State<Shared>, headers: HeaderMap) -> Result<Response, Problem> {
    let Some(session) = session::at(&app, &headers, Stage::Enrol).await? else {
        return Ok(onward("/login"));
    };
    let offer = Offer::new(&app, &session)?;
    Ok(shell::bare(StatusCode::OK, TITLE, &offer.shown(&app, &session, "/enrol", None)))
}

async fn another(State(app): State<Shared>, headers: HeaderMap) -> Result<Response, Problem> {
    let Some(session) = session::at(&app, &headers, Stage::Full).await? else {
        return Ok(onward("/login"));
    };
    if !session.may_add_factor(&app) {
        return Ok(onward(&step_up("/account/app")));
    }
    let offer = Offer::new(&app, &session)?;
    let body = offer.shown(&app, &session, "/account/app", None);
    Ok(shell::narrow(&app, &session.user.tenant, TITLE, &body).await)
}

/// A secret that an app may take up. Until a code of it comes back the browser keeps it, sealed
/// for this session alone.
struct Offer {
    totp: Totp,
    sealed: String,
}

fn place(session: &Session) -> String {
    format!("offer/{}", session.stored.id)
}

impl Offer {
    fn new(app: &App, session: &Session) -> Result<Self, Problem> {
        let totp = Totp::from_random(random::<SECRET>(app)?);
        let secret = totp.secret().expose().as_bytes();
        let sealed = app.login.sealer.seal(&place(session), secret, random(app)?);
        let sealed = sealed.map_err(|error| crate::Failure(error.to_string()))?;
        Ok(Self { totp, sealed: URL_SAFE_NO_PAD.encode(sealed) })
    }

    fn read(app: &App, session: &Session, sealed: String) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(&sealed).ok()?;
        let opened = app.login.sealer.open(&place(session), &bytes).ok()?;
        let totp = Totp::parse(std::str::from_utf8(&opened).ok()?)?;
        Some(Self { totp, sealed })
    }

    fn shown(&self, app: &App, session: &Session, action: &str, wrong: Option<&str>) -> Markup {
        let uri = self.totp.uri(&app.instance.name(), session.user.name.as_str());
        let token = session.form_token();
        let fields = html! {
            label { "What you call it"
                input name="label" value="Authenticator app" required maxlength=(MAX_LABEL);
            }
            label { "The " (DIGITS) " digits that it shows"
                input name="code" required autocomplete="one-time-code" inputmode="numeric"
                    maxlength="16";
            }
            button { "Go on" }
        };
        html! {
            p { "Everybody here has a second factor. Let an authenticator app on your phone scan this, or type the secret into it." }
            (qr_code(uri.expose()))
            p { "Secret: " code { (grouped(self.totp.secret().expose())) } }
            (notice(wrong))
            (form(action, &[("secret", &self.sealed), (TOKEN, token.expose())], &fields))
            @if session.stage == Stage::Enrol {
                (passkeys::button("add", "/enrol/passkey", HOME, "Use a passkey instead"))
            }
        }
    }
}

fn grouped(secret: &str) -> String {
    let letters: Vec<char> = secret.chars().collect();
    let groups: Vec<String> = letters.chunks(4).map(|group| group.iter().collect()).collect();
    groups.join(" ")
}

/// As one path: a square for each dark module.
fn qr_code(text: &str) -> Markup {
    let Ok(code) = qrcodegen::QrCode::encode_text(text, qrcodegen::QrCodeEcc::Medium) else {
        return html! {};
    };
    /// Light modules around it (ISO 18004).
    const BORDER: i32 = 4;
    let size = code.size();
    let modules = (0..size).flat_map(|y| (0..size).map(move |x| (x, y)));
    let dark = modules.filter(|(x, y)| code.get_module(*x, *y));
    let path: String =
        dark.map(|(x, y)| format!("M{},{}h1v1h-1z", x + BORDER, y + BORDER)).collect();
    let whole = size + 2 * BORDER;
    html! {
        svg.qr viewBox=(format!("0 0 {whole} {whole}")) width="240" height="240" role="img"
            aria-label="QR code for an authenticator app" {
            rect width="100%" height="100%" fill="#fff" {}
            path d=(path) fill="#000" {}
        }
    }
}

/// Adds the app, if its code is right.
async fn add(
    app: &App,
    session: &Session,
    mut fields: Fields,
) -> Result<Result<(), Offer>, Problem> {
    check(&mut fields, session)?;
    let (sealed, code) = (fields.text("secret"), fields.text("code"));
    let label = model::clip(&fields.text("label"), MAX_LABEL).to_owned();
    fields.end()?;
    let Some(offer) = Offer::read(app, session, sealed) else {
        let detail = "this offer was for another session; open the page again";
        return Err(Problem::new(StatusCode::FORBIDDEN, detail));
    };
    let now = (app.clock)();
    let Some(step) = offer.totp.verify(&code, now, None) else { return Ok(Err(offer)) };
    let (tenant, user) = (&session.user.tenant, &session.user.name);
    let factor = factor::app_factor(app, tenant, &offer.totp, label, step)?;
    app.store.add_factor(tenant, user, factor, now).await?;
    Ok(Ok(()))
}

const WRONG: &str =
    "This is not the code that the app should show now. Look at your device's clock.";

async fn first_done(
    State(app): State<Shared>,
    Sender(client): Sender,
    headers: HeaderMap,
    Unbound(fields): Unbound,
) -> Result<Response, Problem> {
    let Some(session) = session::at(&app, &headers, Stage::Enrol).await? else {
        return Ok(onward("/login"));
    };
    if let Err(offer) = add(&app, &session, fields).await? {
        let body = offer.shown(&app, &session, "/enrol", Some(WRONG));
        return Ok(shell::bare(StatusCode::UNPROCESSABLE_ENTITY, TITLE, &body));
    }
    let (tenant, user) = (&session.user.tenant, &session.user.name);
    let codes = factor::renew_codes(&app, tenant, user).await?;
    let body = html! {
        (codes_shown(&codes))
        p { a.button href=(HOME) { "I have kept them: go on" } }
    };
    let mut response = shell::narrow(&app, tenant, "You are in", &body).await;
    let factors = format!("{} totp", session.stored.factors);
    let_in(&app, &session, &client, factors, &mut response).await?;
    let is_new = note_device(&app, tenant, user, &headers, &mut response).await?;
    let attempt = Attempt::new(&app, tenant.clone(), user.clone(), client.clone(), "totp");
    let detail = [("new_device", is_new.to_string()), ("enrolled", "true".to_owned())];
    attempt.end(Outcome::Right, &detail).await?;
    Ok(response)
}

async fn another_done(
    State(app): State<Shared>,
    who: Principal,
    headers: HeaderMap,
    Unbound(fields): Unbound,
) -> Result<Response, Problem> {
    let Some(session) = session::at(&app, &headers, Stage::Full).await? else {
        return Ok(onward("/login"));
    };
    if !session.may_add_factor(&app) {
        return Ok(onward(&step_up("/account/app")));
    }
    if let Err(offer) = add(&app, &session, fields).await? {
        let body = offer.shown(&app, &session, "/account/app", Some(WRONG));
        let status = StatusCode::UNPROCESSABLE_ENTITY;
        return Ok(shell::inside(&app, Some(&who.tenant), status, TITLE, &body).await);
    }
    let name = session.user.name.to_string();
    login::note(&app, &who, "factor.add", &name, &[("kind", "totp".to_owned())]).await?;
    Ok(onward("/account"))
}
