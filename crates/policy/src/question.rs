//! What is asked of the policies, and what they answer.

use model::{
    Agent, Classification, Effect, PolicyId, ProviderName, ServerName, Tier, Timestamp, UserName,
};

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
    /// A call of a tool, and whether it is listed; the resource is a `Tool`.
    CallTool,
    ReadResource,
    GetPrompt,
    /// Anything else with an MCP server; the resource is a `Server`, as in those that follow.
    UseServer,
    /// The server asks the agent for a completion of its model.
    Sample,
    /// The server asks the agent's user for something.
    Elicit,
    ListRoots,
}

impl Action {
    pub const ALL: [Self; 10] = [
        Self::CallModel,
        Self::ListModels,
        Self::UseProvider,
        Self::CallTool,
        Self::ReadResource,
        Self::GetPrompt,
        Self::UseServer,
        Self::Sample,
        Self::Elicit,
        Self::ListRoots,
    ];

    /// The action's name in the schema.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::CallModel => "call_model",
            Self::ListModels => "list_models",
            Self::UseProvider => "use_provider",
            Self::CallTool => "call_tool",
            Self::ReadResource => "read_resource",
            Self::GetPrompt => "get_prompt",
            Self::UseServer => "use_server",
            Self::Sample => "sample",
            Self::Elicit => "elicit",
            Self::ListRoots => "list_roots",
        }
    }

    pub(crate) fn index(self) -> usize {
        self as usize
    }
}

/// What it is done to. It must be of the type that the action is for; the other answer is no.
#[derive(Clone, Copy, Debug)]
pub enum Resource<'a> {
    Provider(&'a ProviderName),
    /// A model without a name reads as the empty one, which only the pattern `*` covers.
    Model {
        provider: &'a ProviderName,
        name: &'a str,
    },
    Server(&'a ServerName),
    Tool {
        server: &'a ServerName,
        name: &'a str,
        class: Classification,
    },
    Resource {
        server: &'a ServerName,
        uri: &'a str,
    },
    Prompt {
        server: &'a ServerName,
        name: &'a str,
    },
}

impl<'a> Resource<'a> {
    /// The provider or the server that it belongs to.
    pub fn owner(&self) -> &'a str {
        match *self {
            Self::Provider(provider) | Self::Model { provider, .. } => provider.as_str(),
            Self::Server(server)
            | Self::Tool { server, .. }
            | Self::Resource { server, .. }
            | Self::Prompt { server, .. } => server.as_str(),
        }
    }

    /// Its own name, where it is not the owner itself.
    pub fn name(&self) -> Option<&'a str> {
        match *self {
            Self::Provider(_) | Self::Server(_) => None,
            Self::Model { name, .. } | Self::Tool { name, .. } | Self::Prompt { name, .. } => {
                Some(name)
            }
            Self::Resource { uri, .. } => Some(uri),
        }
    }

    pub(crate) fn fits(&self, action: Action) -> bool {
        use Action::{
            CallModel, CallTool, Elicit, GetPrompt, ListModels, ListRoots, ReadResource, Sample,
            UseProvider, UseServer,
        };
        match self {
            Self::Provider(_) => matches!(action, ListModels | UseProvider),
            Self::Model { .. } => action == CallModel,
            Self::Server(_) => matches!(action, UseServer | Sample | Elicit | ListRoots),
            Self::Tool { .. } => action == CallTool,
            Self::Resource { .. } => action == ReadResource,
            Self::Prompt { .. } => action == GetPrompt,
        }
    }
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
    pub delegation: Delegation<'a>,
    /// What each argument is for and where it comes from, such as `decisive:untrusted`.
    pub origins: &'a [&'a str],
    /// The path at the provider, such as `/v1/chat/completions`, or the method of MCP.
    pub endpoint: &'a str,
}

/// How the agent came to act, where others delegated to it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Delegation<'a> {
    /// The agents between the person and the action, the acting one last; empty where it acts by
    /// a credential of its own.
    pub chain: &'a [&'a str],
    /// What was delegated; nothing where nobody did.
    pub scopes: &'a [&'a str],
    pub tier: Tier,
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
