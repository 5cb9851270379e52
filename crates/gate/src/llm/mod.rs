//! Model APIs: OpenAI's and Anthropic's, streamed and whole.

mod answer;
pub(crate) mod calls;
mod decide;
mod doubt;
pub mod findings;
mod forward;
pub mod guard;
pub(crate) mod judge;
pub(crate) mod keep;
pub(crate) mod listening;
mod models;
pub(crate) mod parts;
mod receive;
pub(crate) mod request;
mod serve;
mod session;
pub(crate) mod tally;
mod walk;
mod who;

pub(crate) use serve::{Call, serve};
pub(crate) use who::without_findings;
