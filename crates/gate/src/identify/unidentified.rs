//! Why nobody could be recognised.

use identity::{SignatureError, TokenError};

/// Why nobody could be recognised.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unidentified {
    #[error("no key was given")]
    Missing,
    #[error("the credential has no form that is understood")]
    Malformed,
    /// Two credentials that differ: refused rather than one of them picked.
    #[error("two different credentials were given")]
    Ambiguous,
    #[error("the credentials name different agents or different persons")]
    Disagree,
    #[error("the key is not known")]
    Unknown,
    #[error("the key has expired")]
    Expired,
    /// It was made to be exchanged by whoever it is handed to.
    #[error("the token can only be exchanged at /oauth/token")]
    NotForCalls,
    #[error("the token speaks of no person")]
    NoPerson,
    #[error("the token stands for no agent")]
    NoAgent,
    #[error("the certificate was revoked")]
    Revoked,
    /// The token is bound to a key, and nothing proves it.
    #[error("the token is bound to a key that was not proven")]
    NotBound,
    /// What may be said once could not be noted.
    #[error("the request could not be noted as said once")]
    Crowded,
    /// No pseudonym could be kept for the person, and records may not call them by name.
    #[error("no pseudonym could be kept for the person")]
    Unnamed,
    #[error("{0}")]
    Token(#[from] TokenError),
    #[error("{0}")]
    Signature(#[from] SignatureError),
}

impl Unidentified {
    /// For the agent's developer. Whether a key ever was is nobody's business who does not hold
    /// a good one; what is wrong with a token, its holder can see anyway.
    pub fn message(&self) -> String {
        match self {
            Self::Missing => "No agent key was sent: put the key that `portcullis agent add` printed where the SDK takes its API key.".into(),
            Self::Malformed => "The credential is not in a form that the gate understands: send `Authorization: Bearer pc_…` or `x-api-key: pc_…`.".into(),
            Self::Ambiguous => "Two different credentials were sent in one request: send one.".into(),
            Self::Disagree => "The credentials of this request name different agents or persons: send those of the one agent that calls.".into(),
            Self::Unknown | Self::Expired => "The agent key is not valid: it is unknown, replaced or expired. Ask whoever runs the gate for a new one (`portcullis agent rotate`).".into(),
            Self::NotForCalls => "This token opens nothing by itself: exchange it at /oauth/token with the credential of the agent that it is for.".into(),
            Self::NoPerson => "This token speaks of no person, so there is nobody to act for: hand in a person's token.".into(),
            Self::NoAgent => "This token stands for no agent: send the agent's own credential, and exchange a person's token at /oauth/token.".into(),
            Self::Revoked => "The client certificate was revoked: ask whoever runs the gate for another.".into(),
            Self::NotBound => "The token is bound to a key: send a `dpop` proof that is made with it for this request.".into(),
            Self::Crowded => "The gate cannot note that this request was made once, so it does not take it. Try again in a moment.".into(),
            Self::Unnamed => "The gate cannot keep a pseudonym for the person of this request, so it does not take it. Try again in a moment.".into(),
            Self::Token(error) => sentence(error),
            Self::Signature(error) => sentence(error),
        }
    }
}

fn sentence(error: &impl ToString) -> String {
    let text = error.to_string();
    let mut first = text.chars();
    let head: String = first.next().into_iter().flat_map(char::to_uppercase).collect();
    format!("{head}{}.", first.as_str())
}
