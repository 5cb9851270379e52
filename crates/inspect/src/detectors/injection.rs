//! Instructions to the model, as [`crate::injection`] judges them.
//!
//! Marked and not refused by default. At the shipped thresholds about one honest text in a hundred
//! is called an attack, and a gate that refuses those is switched off; what a planted instruction
//! could do is held by the rules on flows. Whoever reads pages of strangers will want `block` here.

use model::Severity;

use super::{Declaration, Form};
use crate::action::Action;

/// The kinds that [`crate::injection`] reports, for material and for what a person types.
pub(crate) const TOOL: &str = "injection.instruction";
/// The same in what describes a tool.
pub(crate) const POISONED_DESCRIPTION: &str = "tool.poisoned_description";
pub(crate) const USER: &str = "injection.direct";

const fn judged(name: &'static str, kind: &'static str, finds: &'static str) -> Declaration {
    Declaration::new(name, kind, finds, Form::Judged, "Portcullis: models of instructions")
        .actions(Action::Mark, Action::Mark)
        .confidence(0.7)
}

pub(super) const ALL: &[Declaration] = &[
    judged("injection_tool", TOOL, "Instructions planted in tool output, pages and files")
        .severity(Severity::High),
    judged(
        "tool_description",
        POISONED_DESCRIPTION,
        "Instructions to the model in the description of a tool",
    )
    .severity(Severity::High),
    judged(
        "injection_user",
        USER,
        "Prompts that override instructions, extract them or unlock the model",
    )
    .severity(Severity::Medium),
];
