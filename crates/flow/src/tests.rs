//! Attempts to get past the trace, and what honest work needs of it.

mod attempts;
mod choices;
mod honest;
mod laundering;
mod properties;
mod sessions;
mod written;

use serde_json::{Value, json};

use crate::{Field, Flow, Integrity, Origin, Session, Source, Tool};

pub(crate) fn untrusted(name: &str) -> Source {
    Source::unknown(name)
}

pub(crate) fn trusted(name: &str) -> Source {
    Source { integrity: Integrity::Trusted, ..Source::unknown(name) }
}

pub(crate) fn with_fields(name: &str, fields: &[(&str, Integrity)]) -> Source {
    let field = |(path, integrity): &(&str, Integrity)| Field {
        path: (*path).to_owned(),
        integrity: *integrity,
    };
    Source { fields: fields.iter().map(field).collect(), ..Source::unknown(name) }
}

/// A source of mail: those whom it went to are the user's choice where the user sent it.
pub(crate) fn mail() -> Source {
    let condition = crate::Condition {
        member: "status".into(),
        is: "sent".into(),
        trusted: vec!["recipients".into()],
    };
    let fields = [("id", Integrity::Trusted), ("status", Integrity::Trusted)];
    Source { conditions: vec![condition], ..with_fields("mail/search", &fields) }
}

/// A session whose user said something.
pub(crate) fn session(user: &str) -> Session {
    let mut session = Session::default();
    session.hear_user(user);
    session
}

/// A session that then read something that anybody may have written.
pub(crate) fn poisoned(user: &str, content: &str) -> Session {
    let mut session = session(user);
    session.learn_text(&untrusted("web/read"), false, content);
    session
}

pub(crate) fn origin(session: &Session, value: impl Into<Value>) -> Origin {
    origin_as(session, "value", value)
}

pub(crate) fn origin_as(session: &Session, argument: &str, value: impl Into<Value>) -> Origin {
    let traced = session.trace(&json!({argument: value.into()}));
    traced.iter().map(|traced| traced.origin).max().expect("a value")
}

pub(crate) fn send() -> Tool {
    Tool {
        effect: crate::Effect::External,
        decisive: vec!["to".into()],
        object: vec!["file".into()],
        guided: vec!["amount".into()],
        ..Tool::default()
    }
}

pub(crate) fn reason(session: &Session, arguments: &Value) -> Option<String> {
    Flow::of(session, &send(), arguments).reason(session.labels())
}
