//! MCP: tools, resources and prompts of the servers that stand behind the gate.
//!
//! [`message`] reads JSON-RPC, [`method`] says what each method is, `era` tells the protocol's two ways
//! of speaking apart, `mirror` reads and writes what headers repeat, [`schema`] holds arguments against a
//! tool's schema, [`tool`], [`sort`], [`pin`] and [`pins`] remember what was agreed of each tool, prompt and resource (`template` tells which resources a template gives), [`seal`] makes
//! the ids that clients hold, `translate` makes of one era's messages the other's. On those stands the way of a request: `serve`, `request`, `call`,
//! `list`, `decide`, `inspect`, `link` to the server and `events`, `stream` and `answer` back;
//! [`stdio`] and `pipe` for servers that the gate starts, [`bridge`] and `hub` between the two eras, `all` and `news` for all
//! servers as one, [`listen`], `listening`, `filter` and [`subscriptions`] for what servers say by themselves.

mod all;
mod answer;
pub mod bridge;
mod call;
mod decide;
mod era;
mod events;
mod filter;
mod flow;
pub mod held;
mod hub;
mod inspect;
pub mod link;
mod list;
pub mod listen;
mod listening;
pub mod message;
pub mod method;
pub mod mirror;
mod names;
mod news;
mod orders;
mod parts;
pub mod pin;
pub mod pins;
mod pipe;
mod refuse;
mod request;
pub mod schema;
pub mod seal;
mod serve;
pub mod server;
pub mod sort;
pub mod stdio;
mod still;
mod stream;
pub mod subscriptions;
mod template;
pub mod tool;
mod translate;
mod voices;
mod who;

pub(crate) use all::serve_all;
pub(crate) use era::carried_versions;
pub(crate) use serve::serve;
