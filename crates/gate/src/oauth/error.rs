//! What the token endpoint answers where it gives nothing (RFC 6749 section 5.2, RFC 8693
//! section 2.2.2, RFC 8707 section 2).

use http::StatusCode;
use identity::ExchangeError;
use serde_json::json;

use crate::identify::Unidentified;
use crate::refusal::Refusal;

/// Why no token is given.
#[derive(Debug)]
pub(crate) enum OAuthError {
    /// The request is not one.
    Request(String),
    /// Whoever asks could not be recognised.
    Client(Unidentified),
    /// The agent that is named is not the one that was recognised.
    OtherClient,
    /// What is to be exchanged is worth nothing.
    Grant(String),
    GrantType,
    /// A code was asked for, and none is ever given.
    NoAuthorization,
    Scope(String),
    Target(String),
    /// The kill switch, the gate's state, the log.
    Refused(Refusal),
}

impl OAuthError {
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::Request(_) => "invalid_request",
            Self::Client(_) | Self::OtherClient => "invalid_client",
            Self::Grant(_) => "invalid_grant",
            Self::GrantType => "unsupported_grant_type",
            Self::NoAuthorization => "unsupported_response_type",
            Self::Scope(_) => "invalid_scope",
            Self::Target(_) => "invalid_target",
            Self::Refused(refusal) if refusal.status().is_server_error() => {
                "temporarily_unavailable"
            }
            Self::Refused(_) => "access_denied",
        }
    }

    pub(crate) fn status(&self) -> StatusCode {
        match self {
            Self::Client(_) | Self::OtherClient => StatusCode::UNAUTHORIZED,
            Self::Refused(refusal) => refusal.status(),
            _ => StatusCode::BAD_REQUEST,
        }
    }

    /// For the agent's developer.
    pub(crate) fn description(&self) -> String {
        match self {
            Self::Client(why) => why.message(),
            Self::OtherClient => {
                "`client_id` names another agent than the credential does.".to_owned()
            }
            Self::GrantType => "`grant_type` is client_credentials or urn:ietf:params:oauth:grant-type:token-exchange.".to_owned(),
            Self::NoAuthorization => "No codes are given out here: people log in at the identity provider that `authorization_servers` names, and agents ask for tokens at /oauth/token.".to_owned(),
            Self::Refused(refusal) => refusal.message(),
            Self::Request(text) | Self::Grant(text) | Self::Scope(text) | Self::Target(text) => {
                text.clone()
            }
        }
    }

    pub(crate) fn body(&self) -> String {
        json!({"error": self.code(), "error_description": self.description()}).to_string()
    }
}

impl From<ExchangeError> for OAuthError {
    fn from(error: ExchangeError) -> Self {
        let text = format!("{error}.");
        match error {
            ExchangeError::Scope(_) => Self::Scope(text),
            ExchangeError::Target => Self::Target(text),
            ExchangeError::Chain(_) => Self::Request(text),
            ExchangeError::Expired => Self::Grant(text),
        }
    }
}
