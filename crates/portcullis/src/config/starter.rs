//! The configuration where there is no file: enough to begin with.
//!
//! It is a text like any other, so that what it does can be shown and written down.

use super::Environment;

const OPENAI: &str = r#"
[[provider]]
name = "openai"
kind = "openai"
api_key = { env = "OPENAI_API_KEY" }
models = ["gpt-*", "o*", "chatgpt-*", "text-embedding-*"]
"#;

const ANTHROPIC: &str = r#"
[[provider]]
name = "anthropic"
kind = "anthropic"
api_key = { env = "ANTHROPIC_API_KEY" }
models = ["claude-*"]
"#;

/// Every provider whose key is in the environment. Where no role is declared, every agent may
/// call all of them.
pub(super) fn text(environment: &Environment) -> String {
    let present = |name| environment.get(name).is_some_and(|value| !value.trim().is_empty());
    let mut text = String::new();
    if present("OPENAI_API_KEY") {
        text.push_str(OPENAI);
    }
    if present("ANTHROPIC_API_KEY") {
        text.push_str(ANTHROPIC);
    }
    text
}
