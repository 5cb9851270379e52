//! What is asked of the policies, and what they answer.

use model::{Agent, Effect, PolicyId, ProviderName, Timestamp, UserName};

/// One action that an agent wants to take. Borrowed: asking costs no allocation.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    pub agent: &'a Agent,
    pub on_behalf_of: Option<&'a UserName>,
    pub action: Action,
    pub resource: Resource<'a>,
    pub context: Context<'a>,
}

/// What is done. Policies name them all at once as `action in Action::"use"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// An inference call; the resource is a `Model`.
    CallModel,
    /// Asking a provider which models it has; the resource is a `Provider`. Which of them the
    /// agent may see is asked model by model, with [`Action::CallModel`].
    ListModels,
    /// Any endpoint of a provider that the gate does not know; the resource is a `Provider`.
    UseProvider,
}

impl Action {
    pub const ALL: [Self; 3] = [Self::CallModel, Self::ListModels, Self::UseProvider];

    /// The action's name in the schema.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::CallModel => "call_model",
            Self::ListModels => "list_models",
            Self::UseProvider => "use_provider",
        }
    }

    pub(crate) fn index(self) -> usize {
        self as usize
    }
}

/// What it is done to. `model` counts only for [`Action::CallModel`]; absent there, it reads as
/// the empty name, which only the pattern `*` covers.
#[derive(Clone, Copy, Debug)]
pub struct Resource<'a> {
    pub provider: &'a ProviderName,
    pub model: Option<&'a str>,
}

/// What else is known of the action.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// Policies see it in UTC, to the minute.
    pub time: Timestamp,
    pub stream: bool,
    pub max_output_tokens: Option<u64>,
    /// Kinds of what inspection found in the request, such as `secret.github_token`.
    pub findings: &'a [&'a str],
    pub labels: &'a [&'a str],
    /// The path at the provider, such as `/v1/chat/completions`.
    pub endpoint: &'a str,
}

/// The answer to a [`Question`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Permit, hold (an `approve` obligation is among the permits') or deny; never redact, which
    /// is what the enforcer reports after it took something out.
    pub effect: Effect,
    /// The policies that decided, sorted. Empty where nothing permits.
    pub policies: Vec<PolicyId>,
    /// One sentence for the agent's developer.
    pub reason: String,
    /// What the permitting policies ask for besides, sorted; one of [`crate::OBLIGATIONS`] each.
    /// An enforcer that cannot do one of them must deny.
    pub obligations: Vec<String>,
}
