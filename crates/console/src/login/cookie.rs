//! The cookies that browsers carry (RFC 6265bis): a session's token, and a browser's mark.

use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::Response;
use model::Secret;

use crate::App;

/// A cookie of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cookie {
    Session,
    /// By which a browser is known again.
    Device,
    /// A log-in at an identity provider, until the browser is back.
    SignOn,
}

/// Seconds that a log-in elsewhere may take.
const SIGN_ON: u32 = 10 * 60;

/// Seconds that a browser keeps the mark.
const YEAR: u32 = 365 * 24 * 60 * 60;

impl Cookie {
    /// With `__Host-`, a browser takes it over TLS alone, for this very host, for every path: a
    /// neighbour's page cannot plant one.
    fn name(self, app: &App) -> &'static str {
        match (self, app.login.secure) {
            (Self::Session, true) => "__Host-portcullis",
            (Self::Session, false) => "portcullis",
            (Self::Device, true) => "__Host-portcullis-device",
            (Self::Device, false) => "portcullis-device",
            (Self::SignOn, true) => "__Host-portcullis-sso",
            (Self::SignOn, false) => "portcullis-sso",
        }
    }

    /// Its value. Two of one name are none: one of them was planted.
    pub(crate) fn find(self, app: &App, headers: &HeaderMap) -> Option<Secret> {
        let name = self.name(app);
        let lines = headers.get_all(header::COOKIE).iter().filter_map(|line| line.to_str().ok());
        let pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.split_once('='));
        let mut values = pairs.filter(|(found, _)| found.trim() == name).map(|(_, value)| value);
        match (values.next(), values.next()) {
            (Some(value), None) => Some(Secret::new(value.trim().to_owned())),
            _ => None,
        }
    }

    pub(crate) fn set(self, app: &App, response: &mut Response, value: &Secret) {
        let kept = match self {
            Self::Session => String::new(),
            Self::Device => format!("; Max-Age={YEAR}"),
            Self::SignOn => format!("; Max-Age={SIGN_ON}"),
        };
        self.put(app, response, value.expose(), &kept);
    }

    pub(crate) fn clear(self, app: &App, response: &mut Response) {
        self.put(app, response, "", "; Max-Age=0");
    }

    fn put(self, app: &App, response: &mut Response, value: &str, kept: &str) {
        let name = self.name(app);
        let secure = if app.login.secure { "; Secure" } else { "" };
        // The browser comes back from another site, and must bring this one.
        let site = if self == Self::SignOn { "Lax" } else { "Strict" };
        let text = format!("{name}={value}; Path=/; HttpOnly; SameSite={site}{secure}{kept}");
        if let Ok(mut line) = HeaderValue::from_str(&text) {
            line.set_sensitive(true);
            response.headers_mut().append(header::SET_COOKIE, line);
        }
    }
}
