//! The integration tests, one module a capability, over the real program. See `portcullis_tests`.

mod access;
mod approvals;
mod asked;
mod bad_input;
mod classifier;
mod cli;
mod containment;
mod crashes;
mod credentials;
mod credentials_added;
mod delegation;
mod demo;
mod doors;
mod errors;
mod export;
mod fail_modes;
mod flow;
mod held;
mod hostile;
mod identity;
mod inspection;
mod judges;
mod ledger;
mod limits;
mod llm;
mod mcp;
mod mend;
mod mock;
mod models;
mod obligations;
mod payloads;
mod people;
mod policy;
mod pseudonyms;
mod records;
mod reload;
mod retention;
mod search;
mod selftest;
mod simulate;
mod stopping;
mod telemetry;
mod tenants;
mod timing;
mod tls;
mod transparency;
mod unanswered;
mod uninspected;
mod vault;
mod witness;

/// Where the gate serves OpenAI's chat completions.
const CHAT: &str = "/llm/openai/v1/chat/completions";
/// Where the gate serves Anthropic's messages.
const MESSAGES: &str = "/llm/anthropic/v1/messages";
