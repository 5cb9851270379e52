//! `[[limit]]` and `[[price]]`: how much may be used, and what it costs.

use std::num::{NonZeroU32, NonZeroU64};
use std::time::Duration;

use model::ProviderName;

use crate::config::declare::{choice, section};
use crate::config::types::{ByteSize, Dollars, Pattern};

use super::Tier;

section! {
    /// A limit on use. It is hard: the call that would cross it is refused with 429.
    ///
    /// All limits that apply to a call hold at once. Name at least one of `requests`, `tokens`, `bytes`,
    /// `spend_usd` and `concurrency`.
    Limit {
        /// What refusals call it. Left out, `limit-` and its place in the file, from 1.
        name: Option<String>, example "daily-budget";
        /// Whose use is counted together: the whole tenant's, each person's through whatever
        /// agents, each agent's, each provider's, each MCP server's, or each tool's. A call for no
        /// person counts under no person's limit.
        per: Per, example "agent";
        /// Only for the person, agent, provider, server or tool (`server/tool`) of this name, by
        /// what `per` says.
        only: Option<String>, example "support-bot";
        /// Not for those of these names: they have limits of their own, or none.
        except: Vec<String> = [], example ["ann@example.com"];
        /// Only for calls of this tier: `interactive` (an agent that acts for a person directly),
        /// `sub_agent` (one that another agent delegated to), `background` (as declared) or `api`.
        tier: Option<Tier>, example "background";
        /// Only for calls of the tools (`server/tool`) that this covers, by name or pattern. Then
        /// nothing else counts under it: no listing, no opening of a session, no model.
        tool: Option<Pattern>, example "files/*";
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
    Per, "\"tenant\", \"person\", \"agent\", \"provider\", \"server\" or \"tool\"" {
        Tenant = "tenant",
        Person = "person",
        Agent = "agent",
        Provider = "provider",
        Server = "server",
        Tool = "tool",
    }
}

section! {
    /// When calls are a loop's, and are refused with 429. Neither counts unless it is set.
    Loops {
        /// The same call, word for word, in a row in one session. What counts as a session is what
        /// an agent names in `portcullis-session`, or else all that it does for one person.
        repeats: Option<NonZeroU32>, example 20;
        /// Calls of one session.
        session_calls: Option<NonZeroU64>, example 1000;
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
