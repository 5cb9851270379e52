//! Pages about people: logging in and out, the first factors, one's own account.

mod access;
mod account;
mod app;
mod connect;
mod fields;
mod login;
mod passkeys;
mod second;
mod sso;
mod users;
mod verify;
mod welcome;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};
use model::{Secret, Timestamp};

use super::shell::url;
use crate::Endpoint;

pub(super) fn endpoints() -> Vec<Endpoint> {
    let files: [fn() -> Vec<Endpoint>; 11] = [
        login::endpoints,
        second::endpoints,
        sso::endpoints,
        connect::endpoints,
        verify::endpoints,
        welcome::endpoints,
        app::endpoints,
        passkeys::endpoints,
        account::endpoints,
        access::endpoints,
        users::endpoints,
    ];
    files.iter().flat_map(|file| file()).collect()
}

/// Where somebody comes out who was on the way nowhere.
const HOME: &str = "/";

/// The path of the log-in, from which one comes back to `way`.
pub(crate) fn log_in(way: &str) -> String {
    with_way("/login", way)
}

/// The path of the page that asks for a fresh second factor.
pub(crate) fn step_up(way: &str) -> String {
    with_way("/verify", way)
}

fn with_way(path: &str, way: &str) -> String {
    match people::is_local(way) && way != HOME {
        true => url(path, &[("next", way)]),
        false => path.to_owned(),
    }
}

/// On to a path of ours; what somebody wrote into a link leads nowhere else.
fn onward(way: &str) -> Response {
    let way = if people::is_local(way) { way } else { HOME };
    let location = HeaderValue::from_str(way).unwrap_or(HeaderValue::from_static(HOME));
    (StatusCode::SEE_OTHER, [(header::LOCATION, location)]).into_response()
}

/// A form of ours: where it goes, what it hides, what it shows.
fn form(action: &str, hidden: &[(&str, &str)], body: &Markup) -> Markup {
    html! {
        form method="post" action=(action) {
            @for (name, value) in hidden { input type="hidden" name=(name) value=(value); }
            (body)
        }
    }
}

/// Something to heed, told to who reads and to who listens.
fn notice(text: Option<&str>) -> Markup {
    html! { @if let Some(text) = text { p.notice role="alert" { (text) } } }
}

fn wait_text(until: Timestamp, now: Timestamp) -> String {
    let seconds = until.since(now).as_secs() + 1;
    format!("Too many attempts failed. Try again in {seconds} seconds.")
}

/// The field for a code of an app or a recovery code.
fn code_field() -> Markup {
    html! {
        label { "Code of your authenticator app, or a recovery code"
            input name="code" required autofocus autocomplete="one-time-code" maxlength="32"
                spellcheck="false" autocapitalize="none";
        }
    }
}

/// Recovery codes, shown this once.
fn codes_shown(codes: &[Secret]) -> Markup {
    html! {
        p { "Keep these recovery codes where nobody else looks: on paper, or in a password manager. Each lets you in once when you have lost everything else. They are not shown again." }
        ul.codes { @for code in codes { li { code { (code.expose()) } } } }
    }
}
