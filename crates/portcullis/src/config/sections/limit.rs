//! `[[limit]]` and `[[price]]`: how much may be used, and what it costs.

use std::num::{NonZeroU32, NonZeroU64};
use std::time::Duration;

use model::{AgentName, ProviderName, RoleName};

use crate::config::declare::{choice, section};
use crate::config::types::{Dollars, Pattern};

section! {
    /// A limit on use. It is hard: the call that would cross it is refused with 429.
    ///
    /// All limits that apply to a call hold at once. Name at least one of `requests`, `tokens`,
    /// `spend_usd` and `concurrency`.
    Limit {
        /// What each has a count of its own: the whole tenant, each agent, each provider, or
        /// each role.
        per: Per, example "agent";
        /// Applies to this agent only.
        agent: Option<AgentName>, example "support-bot";
        /// Applies to calls of this provider only.
        provider: Option<ProviderName>, example "openai";
        /// Applies to agents of this role only.
        role: Option<RoleName>, example "support";
        /// The span that `requests`, `tokens` and `spend_usd` count in.
        window: Option<Duration>, example "1d";
        /// Calls in the window.
        requests: Option<NonZeroU64>, example 600;
        /// Tokens in the window, input and output together.
        tokens: Option<NonZeroU64>, example 2000000;
        /// US dollars in the window, by the prices of `[[price]]`.
        spend_usd: Option<Dollars>, example 25.0;
        /// Calls at the same time.
        concurrency: Option<NonZeroU32>, example 20;
    }
}

choice! {
    /// What each has a count of its own.
    Per, "\"tenant\", \"agent\", \"provider\" or \"role\"" {
        Tenant = "tenant",
        Agent = "agent",
        Provider = "provider",
        Role = "role",
    }
}

section! {
    /// The price of a model. The first that matches counts; a model without one costs nothing,
    /// which a limit on spending says at the start.
    Price {
        /// The model, by name or pattern.
        model: Pattern, example "gpt-4o-mini*";
        /// Only at this provider.
        provider: Option<ProviderName>, example "openai";
        /// US dollars for a million input tokens.
        input_per_million: Dollars, example 0.15;
        /// US dollars for a million output tokens.
        output_per_million: Dollars, example 0.60;
    }
}
