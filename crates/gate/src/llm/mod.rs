//! Model APIs: OpenAI's and Anthropic's, streamed and whole.

mod answer;
mod decide;
pub mod findings;
mod forward;
pub mod guard;
mod judge;
mod keep;
mod models;
mod parts;
mod receive;
mod request;
mod serve;
pub(crate) mod tally;
mod walk;
mod who;

pub(crate) use serve::serve;
