//! The MCP servers of a tenant, and what the operator says of them and their tools.

use std::sync::Arc;

pub use flow::Condition;
use http::HeaderValue;
use http::header::HeaderName;
use model::{Classification, Confidentiality, Integrity, Scopes, ServerName, Standing, ToolEffect};
use policy::Pattern;

use super::pin::PinMode;
use super::pins::{Known, Pins};
use super::seal::Seal;
use super::stdio::Launcher;
use crate::net::upstream::Target;
use crate::snapshot::{Sizes, Uninspectable};
use crate::unrecorded::FailMode;

/// What divides server and tool in the names of `/mcp`. No server's name holds it or ends in `_`, so
/// that each name is read in one way.
pub const DIVIDER: &str = "__";

/// One tenant's part in MCP.
pub struct Mcp {
    pub servers: Vec<Arc<Server>>,
    pub seal: Arc<Seal>,
    pub pins: Arc<Pins>,
    /// Web pages that may speak to the gate, as in the `Origin` header; those of this machine always may.
    pub origins: Vec<String>,
}

/// A configured server.
#[derive(Clone)]
pub struct Server {
    pub name: ServerName,
    pub transport: Transport,
    /// The first that covers a tool says what is known of it.
    pub rules: Vec<ToolRule>,
    /// Whether the annotations of its tools count where no rule does.
    pub believes_annotations: bool,
    pub pin: PinMode,
    pub standing: Standing,
    /// Whether a call must say for which person it is.
    pub needs_person: bool,
    /// What becomes of calls where the log takes no record.
    pub fails: FailMode,
    /// What happens to images and other blobs.
    pub uninspectable: Uninspectable,
    pub limits: Sizes,
}

/// How a server is reached.
#[derive(Clone)]
pub enum Transport {
    Http(Remote),
    /// Over the standard input and output of processes of the gate's own.
    Stdio(Arc<Launcher>),
}

/// A server that speaks streamable HTTP.
#[derive(Clone)]
pub struct Remote {
    pub target: Arc<Target>,
    /// The path of its endpoint.
    pub path: String,
    /// The gate's own credential and whatever else it wants. Agents never see them.
    pub headers: Vec<(HeaderName, HeaderValue)>,
}

/// What the operator says of some tools.
#[derive(Clone, Debug)]
pub struct ToolRule {
    pub tools: Pattern,
    pub effect: Option<ToolEffect>,
    pub integrity: Option<Integrity>,
    pub confidentiality: Option<Confidentiality>,
    /// What must have been delegated to whoever calls.
    pub scopes: Scopes,
    pub flow: FlowRule,
}

/// What the operator says of a tool's arguments and of the parts of what it returns.
#[derive(Clone, Debug, Default)]
pub struct FlowRule {
    pub decisive: Vec<String>,
    pub object: Vec<String>,
    pub guided: Vec<String>,
    pub cleared: Vec<String>,
    pub links: Vec<String>,
    pub acts_on: Option<String>,
    pub returns: Option<String>,
    pub trusted: Vec<String>,
    pub named: Vec<String>,
    pub conditions: Vec<Condition>,
}

impl Mcp {
    pub fn server(&self, name: &str) -> Option<&Arc<Server>> {
        self.servers.iter().find(|server| server.name.as_str() == name)
    }
}

impl Server {
    /// What must have been delegated to whoever calls a tool.
    pub fn scopes_of(&self, tool: &str) -> Option<&Scopes> {
        self.rules.iter().find(|rule| rule.tools.matches(tool)).map(|rule| &rule.scopes)
    }

    /// What is known of a tool: what the operator says, then what is claimed, then the careful value.
    pub fn classify(&self, tool: &str, known: Option<&Known>) -> Classification {
        let claimed = known.filter(|_| self.believes_annotations).map(|known| known.claimed);
        let seed = claimed.unwrap_or_default();
        let Some(rule) = self.rules.iter().find(|rule| rule.tools.matches(tool)) else {
            return seed;
        };
        Classification {
            effect: rule.effect.unwrap_or(seed.effect),
            integrity: rule.integrity.unwrap_or(seed.integrity),
            confidentiality: rule.confidentiality.unwrap_or(seed.confidentiality),
        }
    }
}
