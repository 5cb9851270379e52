//! `[[limit]]` and `[[price]]`: how much may be used, and what it costs.

use std::num::{NonZeroU32, NonZeroU64};
use std::time::Duration;

use model::ProviderName;

use crate::config::declare::{choice, section};
use crate::config::types::{ByteSize, Dollars, Pattern};

section! {
    /// A limit on use. It is hard: the call that would cross it is refused with 429.
    ///
    /// All limits that apply to a call hold at once. Name at least one of `requests`, `tokens`, `bytes`,
    /// `spend_usd` and `concurrency`.
    Limit {
        /// What refusals call it. Left out, `limit-` and its place in the file, from 1.
        name: Option<String>, example "daily-budget";
        /// Whose use is counted together: the whole tenant's, each agent's, each provider's or each MCP server's.
        per: Per, example "agent";
        /// Only for the agent, provider or server of this name, by what `per` says.
        only: Option<String>, example "support-bot";
        /// The span that `requests`, `tokens`, `bytes` and `spend_usd` count in. Windows are aligned:
        /// an hour's begins on the hour, UTC.
        window: Option<Duration>, example "1d";
        /// Calls in the window.
        requests: Option<NonZeroU64>, example 600;
        /// Tokens in the window, input and output together.
        tokens: Option<NonZeroU64>, example 2000000;
        /// Bytes of request and answer bodies in the window.
        bytes: Option<ByteSize>, example "1GiB";
        /// US dollars in the window, by the prices of `[[price]]`.
        spend_usd: Option<Dollars>, example 25.0;
        /// Calls at the same time.
        concurrency: Option<NonZeroU32>, example 20;
    }
}

choice! {
    /// Whose use is counted together.
    Per, "\"tenant\", \"agent\", \"provider\" or \"server\"" {
        Tenant = "tenant",
        Agent = "agent",
        Provider = "provider",
        Server = "server",
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
