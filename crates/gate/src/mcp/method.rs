//! The methods of MCP that the gate carries: what each is for its record and for the policies.
//!
//! A method that is not here is refused: nobody has decided what it may do.

use model::Kind;

/// A request that a client sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Method {
    Initialize,
    Discover,
    Ping,
    ListTools,
    CallTool,
    ListResources,
    ListTemplates,
    ReadResource,
    Subscribe,
    Unsubscribe,
    Listen,
    ListPrompts,
    GetPrompt,
    Complete,
    SetLevel,
    ListTasks,
    GetTask,
    UpdateTask,
    TaskResult,
    CancelTask,
}

const METHODS: [(Method, &str); 20] = [
    (Method::Initialize, "initialize"),
    (Method::Discover, "server/discover"),
    (Method::Ping, "ping"),
    (Method::ListTools, "tools/list"),
    (Method::CallTool, "tools/call"),
    (Method::ListResources, "resources/list"),
    (Method::ListTemplates, "resources/templates/list"),
    (Method::ReadResource, "resources/read"),
    (Method::Subscribe, "resources/subscribe"),
    (Method::Unsubscribe, "resources/unsubscribe"),
    (Method::Listen, "subscriptions/listen"),
    (Method::ListPrompts, "prompts/list"),
    (Method::GetPrompt, "prompts/get"),
    (Method::Complete, "completion/complete"),
    (Method::SetLevel, "logging/setLevel"),
    (Method::ListTasks, "tasks/list"),
    (Method::GetTask, "tasks/get"),
    (Method::UpdateTask, "tasks/update"),
    (Method::TaskResult, "tasks/result"),
    (Method::CancelTask, "tasks/cancel"),
];

/// Notifications that a client may send.
const NOTIFICATIONS: [&str; 5] = [
    "notifications/initialized",
    "notifications/cancelled",
    "notifications/progress",
    "notifications/roots/list_changed",
    "notifications/tasks/status",
];

impl Method {
    pub fn of(name: &str) -> Option<Self> {
        METHODS.iter().find(|(_, known)| *known == name).map(|(method, _)| *method)
    }

    pub fn as_str(self) -> &'static str {
        METHODS.iter().find(|(method, _)| *method == self).map_or("", |(_, name)| name)
    }

    /// Whether only a client with a session sends it.
    pub fn is_of_sessions(self) -> bool {
        use Method::{Initialize, Ping, SetLevel, Subscribe, Unsubscribe};
        matches!(self, Initialize | Ping | SetLevel | Subscribe | Unsubscribe)
    }

    /// Whether clients may keep what it results in (2026-07-28, "Caching").
    pub fn is_kept_by_clients(self) -> bool {
        use Method::{
            Discover, ListPrompts, ListResources, ListTemplates, ListTools, ReadResource,
        };
        let kept = [Discover, ListPrompts, ListResources, ListTemplates, ListTools, ReadResource];
        kept.contains(&self)
    }

    /// What its record is about.
    pub fn kind(self) -> Kind {
        match self {
            Self::Initialize => Kind::MCP_INITIALIZE,
            Self::Discover => Kind::MCP_DISCOVER,
            Self::ListTools => Kind::MCP_LIST_TOOLS,
            Self::CallTool => Kind::MCP_CALL_TOOL,
            Self::ListResources | Self::ListTemplates => Kind::MCP_LIST_RESOURCES,
            Self::ReadResource | Self::Subscribe | Self::Unsubscribe => Kind::MCP_READ_RESOURCE,
            Self::ListPrompts => Kind::MCP_LIST_PROMPTS,
            Self::GetPrompt => Kind::MCP_GET_PROMPT,
            Self::Listen => Kind::MCP_LISTEN,
            _ => Kind::MCP_REQUEST,
        }
    }
}

/// Whether limits count a kind of record: requests of agents, not what comes along with them.
pub fn is_counted(kind: &str) -> bool {
    METHODS.iter().any(|(method, _)| method.kind().as_str() == kind)
}

/// Whether a client may send this notification.
pub fn is_notification(name: &str) -> bool {
    NOTIFICATIONS.contains(&name)
}

/// What a server may ask of a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Ask {
    Sample,
    Elicit,
    ListRoots,
    Ping,
}

impl Ask {
    pub fn of(name: &str) -> Option<Self> {
        match name {
            "sampling/createMessage" => Some(Self::Sample),
            "elicitation/create" => Some(Self::Elicit),
            "roots/list" => Some(Self::ListRoots),
            "ping" => Some(Self::Ping),
            _ => None,
        }
    }

    /// What is asked of the policies; a sign of life needs no leave.
    pub fn action(self) -> Option<policy::Action> {
        match self {
            Self::Sample => Some(policy::Action::Sample),
            Self::Elicit => Some(policy::Action::Elicit),
            Self::ListRoots => Some(policy::Action::ListRoots),
            Self::Ping => None,
        }
    }

    pub fn kind(self) -> Kind {
        match self {
            Self::Sample => Kind::MCP_SAMPLE,
            Self::Elicit => Kind::MCP_ELICIT,
            Self::ListRoots => Kind::MCP_LIST_ROOTS,
            Self::Ping => Kind::MCP_REQUEST,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_methods_are_one_to_one() {
        for (method, name) in METHODS {
            assert_eq!(Method::of(name), Some(method));
            assert_eq!(method.as_str(), name);
        }
        for unknown in ["tools/Call", "tools/call ", "", "tools/callV2"] {
            assert_eq!(Method::of(unknown), None, "{unknown}");
        }
    }
}
