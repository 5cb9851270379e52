//! `[[agent]]`, `[[role]]` and `[[zone]]`: who may reach what.

use model::{AgentName, RoleName, ZoneName};

use crate::config::credential::Credential;
use crate::config::declare::section;
use crate::config::types::{Pattern, Scoped};

use super::Tier;

section! {
    /// A role: what its agents may reach. Policies may narrow it further.
    ///
    /// Where no role is declared at all, every agent may call every model of every provider and
    /// every tool of every MCP server, and the log says so at the start. The role `everyone` is held by each agent.
    Role {
        /// Its name.
        name: RoleName, example "support";
        /// The providers that its agents may call, by name or pattern.
        providers: Vec<Pattern> = [], example ["openai"];
        /// The models that its agents may call, by name or pattern.
        models: Vec<Pattern> = ["*"], example ["gpt-4o-mini", "gpt-4.1*"];
        /// Paths of endpoints that the gate does not know and passes through, by name or pattern.
        endpoints: Vec<Pattern> = [], example ["/v1/files*"];
        /// The tools of MCP servers that its agents may call: `server/tool`, by name or pattern.
        tools: Vec<Scoped> = [], example ["files/read_*", "mail/send"];
        /// The resources of MCP servers that its agents may read: `server/uri`.
        resources: Vec<Scoped> = [], example ["files/file:///docs/*"];
        /// The prompts of MCP servers that its agents may fetch: `server/prompt`.
        prompts: Vec<Scoped> = [], example ["files/*"];
        /// What MCP servers may ask of its agents: `server/sampling`, `server/elicitation`,
        /// `server/roots`.
        asks: Vec<Scoped> = [], example ["files/roots"];
    }
}

section! {
    /// A zone: what its agents may reach at all, whatever their roles grant. A zone that is not
    /// declared reaches whatever the roles grant.
    Zone {
        /// Its name.
        name: ZoneName, example "test";
        /// The providers that can be reached from it, by name or pattern.
        providers: Vec<Pattern> = [], example ["openai"];
        /// The models that can be reached from it, by name or pattern.
        models: Vec<Pattern> = ["*"], example ["gpt-4o-mini*"];
        /// The MCP servers that can be reached from it, by name or pattern.
        servers: Vec<Pattern> = [], example ["files"];
    }
}

section! {
    /// An agent that is declared here rather than added by command.
    Agent {
        /// Its name, unique in the tenant.
        name: AgentName, example "support-bot";
        /// Its roles, which grant it what it may reach. Without one it may reach nothing.
        roles: Vec<RoleName> = [], example ["support"];
        /// The zone that it belongs to.
        zone: ZoneName = "production";
        /// The person who answers for it.
        owner: Option<String>, example "support-team@example.com";
        /// What it is for.
        purpose: Option<String>, example "answers customers' questions";
        /// As which its calls count, for limits of a tier. Left out, `interactive` where it acts
        /// for a person and `api` where it acts for itself. One that another agent delegated to
        /// counts as `sub_agent`, unless it is a `background` agent.
        tier: Option<Tier>, example "background";
        /// Its key. Left out, `portcullis agent rotate NAME` makes one and prints it once.
        key: Option<Credential>, example { env = "SUPPORT_BOT_KEY" };
    }
}
