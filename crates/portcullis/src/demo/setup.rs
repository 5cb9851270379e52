//! The demonstration's configuration: a text like anybody's own, which stays readable in its
//! folder.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use super::folder::Folder;
use crate::config::DEFAULT_FILE;

/// The agents of the configuration.
pub(super) const AGENTS: [&str; 5] =
    ["support-bot", "research-bot", "assistant-bot", "batch-bot", "rogue-bot"];
pub(super) const SMALL: &str = "gpt-4o-mini";
pub(super) const LARGE: &str = "gpt-4o";
/// A model that no role is granted.
pub(super) const FORBIDDEN: &str = "gpt-5-pro";
pub(super) const CLAUDE: &str = "claude-haiku-4-5";
pub(super) const EXPENSIVE: &str = "claude-opus-4-1";
/// What batch-bot may spend in an hour.
pub(super) const BUDGET_USD: f64 = 0.10;

/// What the operator says of the tools: a page may be anybody's words, and of a transfer the account
/// decides.
const SERVERS: &str = "[[mcp]]
name = \"web\"
url = \"http://{tools}/web\"

[[mcp.tool]]
name = \"read_page\"
effect = \"read\"
integrity = \"untrusted\"
confidentiality = \"public\"

[[mcp]]
name = \"bank\"
url = \"http://{tools}/bank\"

[[mcp.tool]]
name = \"transfer\"
effect = \"external\"
integrity = \"trusted\"
confidentiality = \"internal\"
decisive = [\"to\"]
guided = [\"amount\"]

[[role]]
name = \"assistant\"
providers = [\"openai\"]
models = [\"gpt-4o-mini\"]
tools = [\"web/*\", \"bank/*\"]

";

/// Writes `portcullis.toml` and the keys that it names.
pub(super) fn write(
    folder: &Folder,
    peers: (SocketAddr, SocketAddr),
    provider_key: &str,
    keys: &BTreeMap<&'static str, String>,
) -> anyhow::Result<()> {
    folder.write("keys/provider", provider_key)?;
    for (name, key) in keys {
        folder.write(&format!("keys/{name}"), key)?;
    }
    folder.write(DEFAULT_FILE, &text(folder, peers))
}

fn text(folder: &Folder, (upstream, tools): (SocketAddr, SocketAddr)) -> String {
    let at = |name: &str| toml::Value::from(folder.path().join(name).display().to_string());
    let provider = |name: &str, models: &str| {
        format!(
            "[[provider]]\nname = \"{name}\"\nkind = \"{name}\"\nbase_url = \"http://{upstream}\"\n\
             api_key = {{ file = {} }}\nmodels = [\"{models}\"]\n\n",
            at("keys/provider")
        )
    };
    let price = |model: &str, input: f64, output: f64| {
        format!(
            "[[price]]\nmodel = \"{model}\"\ninput_per_million = {input:.2}\n\
             output_per_million = {output:.2}\n\n"
        )
    };
    let role = |name: &str, provider: &str, models: &[&str]| {
        format!(
            "[[role]]\nname = \"{name}\"\nproviders = [{provider}]\nmodels = {}\n\n",
            toml::Value::from(models.to_vec())
        )
    };
    let agent = |name: &str, role: &str, purpose: &str| {
        format!(
            "[[agent]]\nname = \"{name}\"\nroles = [\"{role}\"]\npurpose = \"{purpose}\"\n\
             key = {{ file = {} }}\n\n",
            at(&format!("keys/{name}"))
        )
    };
    [
        "# Made by `portcullis demo`. Port 0 is any free one; `portcullis up` uses 4100 and 4180.\n\
         [instance]\nname = \"demo\"\n\n[gate]\nlisten = \"127.0.0.1:0\"\nworkers = 2\n\n\
         [console]\nlisten = \"127.0.0.1:0\"\n\n"
            .to_owned(),
        format!("[data]\ndir = {}\n\n", at("data")),
        provider("openai", "gpt-*"),
        provider("anthropic", "claude-*"),
        price(SMALL, 0.15, 0.60),
        price(LARGE, 2.50, 10.0),
        price(CLAUDE, 1.0, 5.0),
        price(EXPENSIVE, 15.0, 75.0),
        format!(
            "[[limit]]\nname = \"batch-budget\"\nper = \"agent\"\nonly = \"batch-bot\"\n\
             window = \"1h\"\nspend_usd = {BUDGET_USD:.2}\n\n"
        ),
        role("support", "\"openai\", \"anthropic\"", &[SMALL, CLAUDE]),
        role("research", "\"openai\"", &[LARGE]),
        SERVERS.replace("{tools}", &tools.to_string()),
        role("batch", "\"anthropic\"", &[EXPENSIVE]),
        agent("support-bot", "support", "answers customers"),
        agent("research-bot", "research", "reads documents"),
        agent("assistant-bot", "assistant", "runs errands"),
        agent("batch-bot", "batch", "summarises reports by night"),
        agent("rogue-bot", "support", "was meant to answer customers"),
    ]
    .concat()
}
