//! The sentence that tells a developer what was decided and what to do about it.

use std::fmt::Write;

use crate::compile::About;
use crate::{Action, Question};

/// Longest name from outside that a sentence quotes, in bytes.
const MAX_QUOTED: usize = 128;
/// Most roles, and most policies, that a sentence names.
const MAX_NAMED: usize = 4;

pub(crate) fn permitted(policies: &[&About]) -> String {
    format!("permitted by {}", named(policies))
}

pub(crate) fn held(policies: &[&About]) -> String {
    format!("needs the approval of a person, says {}", named(policies))
}

pub(crate) fn forbidden(policies: &[&About]) -> String {
    format!("forbidden by {}", named(policies))
}

pub(crate) fn failed(policies: &str) -> String {
    format!(
        "policy {policies:?} could not be evaluated, so nothing is permitted; ask the operator to \
         run `portcullis policy check`"
    )
}

pub(crate) fn not_permitted(question: &Question<'_>) -> String {
    let agent = question.agent.name.as_str();
    let (act, advice) = act(question);
    format!("no policy permits agent {agent:?} ({}) to {act}; {advice}", roles(question))
}

fn act(question: &Question<'_>) -> (String, &'static str) {
    let owner = question.resource.owner();
    let name = format!("{owner}/{}", clip(question.resource.name().unwrap_or_default()));
    let act = match question.action {
        Action::CallModel => format!("call model {name:?}"),
        Action::ListModels => format!("list the models of {owner:?}"),
        Action::CallTool => format!("call tool {name:?}"),
        Action::ReadResource => format!("read resource {name:?}"),
        Action::GetPrompt => format!("get prompt {name:?}"),
        Action::UseServer => format!("use the server {owner:?}"),
        Action::Sample => format!("complete for the server {owner:?} with its model"),
        Action::Elicit => format!("have its user asked by the server {owner:?}"),
        Action::ListRoots => format!("tell the server {owner:?} its folders"),
        Action::UseProvider => {
            let endpoint = clip(question.context.endpoint);
            let act = format!("use the endpoint {endpoint:?} of {owner:?}");
            return (act, "ask for a role that is granted this endpoint, or use a documented one");
        }
    };
    (act, "ask for a role that is granted it")
}

fn roles(question: &Question<'_>) -> String {
    let roles = &question.agent.roles;
    let mut text = match roles.len() {
        0 => return "no roles".to_owned(),
        1 => "role ".to_owned(),
        _ => "roles ".to_owned(),
    };
    let shown: Vec<&str> = roles.iter().take(MAX_NAMED).map(model::RoleName::as_str).collect();
    text.push_str(&shown.join(", "));
    if roles.len() > MAX_NAMED {
        // Writing to a String cannot fail.
        let _ = write!(text, " and {} more", roles.len() - MAX_NAMED);
    }
    text
}

/// `"id": what it is for`, for each policy.
fn named(policies: &[&About]) -> String {
    let mut text = String::new();
    for (at, about) in policies.iter().take(MAX_NAMED).enumerate() {
        let separator = if at == 0 { "" } else { "; " };
        let description = about.description.trim_end_matches('.');
        let _ = write!(text, "{separator}{:?}: {description}", about.id.as_str());
    }
    if policies.len() > MAX_NAMED {
        let _ = write!(text, "; and {} more", policies.len() - MAX_NAMED);
    }
    text
}

fn clip(text: &str) -> &str {
    model::clip(text, MAX_QUOTED)
}
