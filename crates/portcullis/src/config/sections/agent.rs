//! `[[agent]]` and `[[role]]`: who may reach what.

use model::{AgentName, RoleName, ZoneName};

use crate::config::credential::Credential;
use crate::config::declare::section;
use crate::config::types::Pattern;

section! {
    /// A role: what its agents may reach. Policies may narrow it further.
    Role {
        /// Its name.
        name: RoleName, example "support";
        /// The providers that its agents may call, by name or pattern.
        providers: Vec<Pattern> = [], example ["openai"];
        /// The models that its agents may call, by name or pattern.
        models: Vec<Pattern> = [], example ["gpt-4o-mini", "gpt-4.1*"];
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
        /// Its key. Left out, `portcullis agent rotate NAME` makes one and prints it once.
        key: Option<Credential>, example { env = "SUPPORT_BOT_KEY" };
    }
}
