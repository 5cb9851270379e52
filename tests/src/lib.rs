//! The language that the integration tests are written in.
//!
//! ```text
//! let upstream = upstream().run();
//! let gate = gate().openai(&upstream).agent("bot").run();
//! let reply = gate.client("bot").post("/llm/openai/v1/chat/completions", chat("hello")).await;
//! assert_eq!(reply.status, 200);
//! ```
//!
//! [`upstream`] is a model API on loopback that answers by the model's name or by a function of the
//! test; [`gate`] is the real program, `portcullis up`, in a folder of its own. Nothing here sleeps
//! to wait: see [`wait`]. Everything ends with the value that stands for it.

pub mod answer;
pub mod body;
pub mod client;
pub mod compress;
pub mod entry;
pub mod exchange;
pub mod fake;
pub mod gate;
pub mod issuer;
pub mod mcp;
pub mod mock;
pub mod protocol;
pub mod random;
pub mod raw;
pub mod tls;
pub mod upstream;
pub mod wait;

pub use answer::Answer;
pub use body::{chat, chat_stream, chat_to, messages, messages_stream};
pub use client::{Client, Open, Reply};
pub use gate::{Gate, gate, program_in};
pub use mcp::{McpClient, McpServer, mcp_server};
pub use upstream::{Call, Upstream, upstream};
