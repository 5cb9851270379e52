//! Model APIs: OpenAI's and Anthropic's, streamed and whole.

mod answer;
pub mod findings;
mod forward;
pub mod guard;
mod models;
mod receive;
mod request;
mod serve;
pub(crate) mod tally;
mod walk;

pub(crate) use serve::serve;
