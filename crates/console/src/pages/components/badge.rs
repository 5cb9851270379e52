//! Small words with a colour; the word alone says it too.

use maud::{Markup, html};
use model::{ApprovalState, Effect, Severity, Standing, Status};

/// How a badge looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tone {
    Good,
    Notice,
    Waiting,
    Bad,
    Plain,
}

impl Tone {
    pub(crate) fn class(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Notice => "notice",
            Self::Waiting => "waiting",
            Self::Bad => "bad",
            Self::Plain => "plain",
        }
    }
}

/// A word in a tone; where it is not ours, what cannot be seen in it is written out.
pub(crate) fn badge(tone: Tone, word: &str) -> Markup {
    html! { span class=(format!("badge {}", tone.class())) { (model::visible(word)) } }
}

pub(crate) fn effect_tone(effect: Effect) -> Tone {
    match effect {
        Effect::Permit => Tone::Good,
        Effect::Redact => Tone::Notice,
        Effect::Hold => Tone::Waiting,
        Effect::Deny => Tone::Bad,
    }
}

pub(crate) fn effect(effect: Effect) -> Markup {
    badge(effect_tone(effect), effect.as_str())
}

pub(crate) fn status(status: Status) -> Markup {
    let tone = match status {
        Status::Ok => Tone::Plain,
        Status::Begun => Tone::Waiting,
        Status::Cancelled => Tone::Notice,
        Status::Refused | Status::Failed | Status::Cut | Status::Interrupted => Tone::Bad,
    };
    badge(tone, status.as_str())
}

pub(crate) fn standing(standing: Standing) -> Markup {
    let tone = match standing {
        Standing::Active => Tone::Good,
        Standing::Suspended => Tone::Notice,
        Standing::Quarantined => Tone::Bad,
    };
    badge(tone, standing.as_str())
}

pub(crate) fn severity(severity: Severity) -> Markup {
    let tone = match severity {
        Severity::Info => Tone::Plain,
        Severity::Low | Severity::Medium => Tone::Notice,
        Severity::High | Severity::Critical => Tone::Bad,
    };
    badge(tone, severity.as_str())
}

pub(crate) fn approval(state: ApprovalState) -> Markup {
    let tone = match state {
        ApprovalState::Waiting => Tone::Waiting,
        ApprovalState::Approved | ApprovalState::Used => Tone::Good,
        ApprovalState::Denied => Tone::Bad,
        ApprovalState::Expired => Tone::Plain,
    };
    badge(tone, state.as_str())
}

/// Whether something is as it should be.
pub(crate) fn health(is_well: bool) -> Markup {
    if is_well { badge(Tone::Good, "working") } else { badge(Tone::Bad, "not working") }
}
