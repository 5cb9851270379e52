//! The configuration that a test's gate runs with.

use std::fmt::Write;
use std::path::Path;

use super::key_number;

/// The role of an agent unless the test says otherwise.
pub(super) const ROLE: &str = "tester";

/// What the upstream expects as its key, so that a test can see who holds it.
const PROVIDER_KEY: &str = "provider-key-of-the-tests";

#[derive(Default)]
pub(super) struct Config {
    pub providers: Vec<Provider>,
    /// Name, address and further lines of each MCP server.
    pub servers: Vec<(String, String, String)>,
    pub agents: Vec<Agent>,
    pub gate_lines: String,
    pub tests_itself: bool,
    pub sections: String,
    pub policies: Vec<(String, String)>,
    pub variables: Vec<(String, String)>,
}

pub(super) struct Provider {
    name: String,
    kind: String,
    url: String,
    models: String,
    pub lines: String,
}

pub(super) struct Agent {
    pub name: String,
    role: String,
    pub key: String,
    pub lines: String,
}

impl Provider {
    pub(super) fn new(name: &str, kind: &str, url: &str, models: &str) -> Self {
        let [name, kind, url, models] = [name, kind, url, models].map(str::to_owned);
        Self { name, kind, url, models, lines: String::new() }
    }
}

impl Agent {
    pub(super) fn new(name: &str, role: &str, number: usize) -> Self {
        Self {
            name: name.to_owned(),
            role: role.to_owned(),
            key: key_number(number),
            lines: String::new(),
        }
    }

    fn variable(&self) -> String {
        format!("KEY_OF_{}", self.name.to_uppercase().replace('-', "_"))
    }
}

impl Config {
    /// Writes `portcullis.toml` and the policies.
    pub(super) fn write(&self, folder: &Path) {
        std::fs::write(folder.join("portcullis.toml"), self.toml()).expect("a writable folder");
        if !self.policies.is_empty() {
            std::fs::create_dir(folder.join("policies")).expect("a writable folder");
        }
        for (file, text) in &self.policies {
            std::fs::write(folder.join("policies").join(file), text).expect("a writable folder");
        }
    }

    fn toml(&self) -> String {
        let mut toml = format!(
            "[gate]\nlisten = \"127.0.0.1:0\"\n{}\n[console]\nlisten = \"127.0.0.1:0\"\n\n[data]\ndir = \"data\"\n\n",
            self.gate_lines
        );
        if !self.tests_itself {
            toml.push_str("[selftest]\nenabled = false\n\n");
        }
        if !self.policies.is_empty() {
            toml.push_str("[policy]\ndir = \"policies\"\n\n");
        }
        if self.agents.iter().any(|agent| agent.role == ROLE) {
            write!(toml, "[[role]]\nname = \"{ROLE}\"\nproviders = [\"*\"]\nmodels = [\"*\"]\nendpoints = [\"*\"]\ntools = [\"*\"]\nresources = [\"*\"]\nprompts = [\"*\"]\nasks = [\"*\"]\n\n")
                .expect("into memory");
        }
        for Provider { name, kind, url, models, lines } in &self.providers {
            write!(
                toml,
                "[[provider]]\nname = \"{name}\"\nkind = \"{kind}\"\nbase_url = \"{url}\"\n\
                 api_key = {{ env = \"PROVIDER_KEY\" }}\nmodels = [\"{models}\"]\n{lines}\n"
            )
            .expect("into memory");
        }
        for (name, url, lines) in &self.servers {
            write!(toml, "[[mcp]]\nname = \"{name}\"\nurl = \"{url}\"\n{lines}\n")
                .expect("into memory");
        }
        for agent in &self.agents {
            write!(
                toml,
                "[[agent]]\nname = \"{}\"\nroles = [\"{}\"]\nkey = {{ env = \"{}\" }}\n{}\n",
                agent.name,
                agent.role,
                agent.variable(),
                agent.lines
            )
            .expect("into memory");
        }
        toml.push_str(&self.sections);
        toml
    }

    /// The variables that the configuration refers to.
    pub(super) fn environment(&self) -> Vec<(String, String)> {
        let keys = self.agents.iter().map(|agent| (agent.variable(), agent.key.clone()));
        let provider = [("PROVIDER_KEY".to_owned(), PROVIDER_KEY.to_owned())];
        keys.chain(provider).chain(self.variables.iter().cloned()).collect()
    }
}
