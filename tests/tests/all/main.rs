//! The integration tests, one module a capability, over the real program. See `portcullis_tests`.

mod bad_input;
mod cli;
mod containment;
mod demo;
mod errors;
mod identity;
mod inspection;
mod ledger;
mod limits;
mod llm;
mod mock;
mod policy;
mod reload;
mod timing;
mod transparency;

/// Where the gate serves OpenAI's chat completions.
const CHAT: &str = "/llm/openai/v1/chat/completions";
/// Where the gate serves Anthropic's messages.
const MESSAGES: &str = "/llm/anthropic/v1/messages";
