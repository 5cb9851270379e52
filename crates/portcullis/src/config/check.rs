//! What no key can know alone: names that meet twice, addresses that need TLS, roles that
//! nobody declared.

mod archive;
mod exports;
mod people;

use std::collections::BTreeMap;
use std::net::SocketAddr;

use super::Origins;
use super::diagnostic::Diagnostic;
use super::nearest::nearest;
use super::sections::{Config, Issuer, Limit, Per, Retained, Tls};
use super::tenants;
use super::types::BaseUrl;

/// Adds what is wrong with the whole.
pub(super) fn check(config: &Config, origins: &Origins, found: &mut Vec<Diagnostic>) {
    let mut check = Check { config, origins, found };
    check.listeners();
    check.tenants();
    check.certificates();
    archive::check(&mut check);
    check_own(check);
}

/// What is wrong with the sections that each tenant has of its own.
pub(super) fn check_tenant(config: &Config, origins: &Origins, found: &mut Vec<Diagnostic>) {
    check_own(Check { config, origins, found });
}

fn check_own(mut check: Check<'_>) {
    check.names();
    check.providers();
    check.servers();
    check.roles();
    check.limits();
    check.identity();
    check.instance();
    check.witnesses();
    check.classifier();
    check.retention();
    exports::check(&mut check);
    people::check(&mut check);
}

struct Check<'c> {
    config: &'c Config,
    origins: &'c Origins,
    found: &'c mut Vec<Diagnostic>,
}

impl Check<'_> {
    fn error(&mut self, path: &str, message: impl Into<String>, help: impl Into<String>) {
        self.found.push(Diagnostic::error(self.origins.of(path), message).help(help));
    }

    fn warning(&mut self, path: &str, message: impl Into<String>, help: impl Into<String>) {
        self.found.push(Diagnostic::warning(self.origins.of(path), message).help(help));
    }

    fn listeners(&mut self) {
        let Config { gate, console, .. } = self.config;
        self.listener("gate", gate.listen, gate.plaintext, gate.tls.as_ref());
        self.listener("console", console.listen, console.plaintext, console.tls.as_ref());
        let same = gate.listen.port() == console.listen.port() && gate.listen.port() != 0;
        if same && (gate.listen.ip() == console.listen.ip() || gate.listen.ip().is_unspecified()) {
            let message = format!("gate and console both listen on port {}", gate.listen.port());
            self.error("console.listen", message, "give one of them another port");
        }
    }

    fn tenants(&mut self) {
        let config = self.config;
        for (place, tenant) in config.tenant.iter().enumerate() {
            let path = format!("tenant[{place}].name");
            if let Some(problem) = tenants::bad_name(&tenant.name) {
                self.error(&path, problem, "rename it");
            }
            if config.tenant.iter().take(place).any(|other| other.name == tenant.name) {
                let message = format!("there are two tenants named \"{}\"", tenant.name);
                self.error(&path, message, "rename one of them");
            }
        }
        if config.tenant.len() > tenants::MAX_TENANTS {
            let message = format!("an instance has at most {} tenants", tenants::MAX_TENANTS);
            self.error("tenant", message, "run another instance beside this one");
        }
    }

    /// Whose certificates the listener asks for is the process's, so this is for its own file.
    fn certificates(&mut self) {
        if tenants::asks_for_certificates(self.config) {
            return;
        }
        for place in 0..self.config.certificate.len() {
            let help = "name the authorities that sign them with [gate.tls] client_ca";
            self.error(&format!("certificate[{place}]"), tenants::NOBODY_ASKS, help);
        }
    }

    fn listener(&mut self, section: &str, listen: SocketAddr, plaintext: bool, tls: Option<&Tls>) {
        if listen.ip().is_loopback() || plaintext || tls.is_some() {
            return;
        }
        let message = format!("`{section}.listen` is reachable from other machines without TLS");
        let help = format!(
            "add [{section}.tls] with certificate and key; or write `plaintext = true` in \
             [{section}] if something in front of it ends TLS"
        );
        self.error(&format!("{section}.listen"), message, help);
    }

    fn names(&mut self) {
        let config = self.config;
        let providers: Vec<_> = config.provider.iter().map(|p| p.name.as_str()).collect();
        let roles: Vec<_> = config.role.iter().map(|r| r.name.as_str()).collect();
        let agents: Vec<_> = config.agent.iter().map(|a| a.name.as_str()).collect();
        let zones: Vec<_> = config.zone.iter().map(|z| z.name.as_str()).collect();
        let servers: Vec<_> = config.mcp.iter().map(|s| s.name.as_str()).collect();
        let sections = [
            ("provider", providers),
            ("mcp", servers),
            ("role", roles),
            ("agent", agents),
            ("zone", zones),
        ];
        for (section, names) in sections {
            let mut first = BTreeMap::new();
            for (place, name) in names.into_iter().enumerate() {
                if let Some(before) = first.insert(name, place) {
                    let path = format!("{section}[{place}].name");
                    let message = format!("there are two of `[[{section}]]` named \"{name}\"");
                    let help = format!("rename one of them, entry {before} or entry {place}");
                    self.error(&path, message, help);
                }
            }
        }
    }

    fn providers(&mut self) {
        let config = self.config;
        for (place, provider) in config.provider.iter().enumerate() {
            let path = format!("provider[{place}]");
            if provider.name.as_str().contains('/') {
                let message = "a provider's name is one part of a path and holds no '/'";
                self.error(&format!("{path}.name"), message, "use '-' instead");
            }
            let clear = provider.base_url.as_ref().filter(|url| url.0.scheme_str() == Some("http"));
            if clear.is_some_and(|url| !url.is_loopback()) && provider.api_key.is_some() {
                let message = "this provider's key and all traffic cross the network in clear";
                self.warning(&format!("{path}.base_url"), message, "use https:// if it serves it");
            }
            let timeouts = &provider.timeouts;
            if timeouts.first_byte > timeouts.total || timeouts.idle > timeouts.total {
                let message =
                    "`total` is shorter than `first_byte` or `idle`, which can never be reached";
                self.warning(
                    &format!("{path}.timeouts.total"),
                    message,
                    "make `total` the longest",
                );
            }
        }
        if config.provider.is_empty() && config.mcp.is_empty() {
            self.warning(
                "provider",
                "there is no provider and no MCP server, so there is nothing that an agent could call",
                "add a [[provider]] or an [[mcp]]; `portcullis config example` shows one",
            );
        }
    }

    fn servers(&mut self) {
        let config = self.config;
        for (place, server) in config.mcp.iter().enumerate() {
            let path = format!("mcp[{place}]");
            let name = server.name.as_str();
            let divides = name.contains(gate::mcp::server::DIVIDER) || name.ends_with('_');
            if divides || name.contains(['/', ':', '@', '.']) {
                let message = "a server's name is one part of a path and of its tools' names: letters, \
                     digits, '-' and single '_' within";
                self.error(&format!("{path}.name"), message, "use '-' instead");
            }
            if server.url.is_some() != server.command.is_empty() {
                let message = "an MCP server has either a `url` or a `command`";
                self.error(&path, message, "give one of the two");
            }
            let in_clear = |url: &BaseUrl| url.0.scheme_str() == Some("http") && !url.is_loopback();
            if server.url.as_ref().is_some_and(in_clear)
                && (server.token.is_some() || !server.header.is_empty())
            {
                let message = "this server's credential and all traffic cross the network in clear";
                self.warning(&format!("{path}.url"), message, "use https:// if it serves it");
            }
            if server.tool.is_empty() {
                let message = "nothing is said of this server's tools, so what they return is taken \
                     for a stranger's, and calls after it wait for a person";
                let help = "say with [[mcp.tool]] what each does: effect, integrity, decisive";
                self.warning(&path, message, help);
            }
        }
    }

    fn roles(&mut self) {
        let config = self.config;
        let known: Vec<_> = config.role.iter().map(|role| role.name.as_str()).collect();
        if known.is_empty() {
            // Everything is granted to everyone, so no role is missed; the start says it aloud.
            return;
        }
        for (place, agent) in config.agent.iter().enumerate() {
            for (at, role) in agent.roles.iter().enumerate() {
                if known.contains(&role.as_str()) || role.as_str() == "everyone" {
                    continue;
                }
                let help = match nearest(role.as_str(), known.iter().copied()) {
                    Some(near) => format!("did you mean \"{near}\"?"),
                    None => format!("add [[role]] with name = \"{role}\", or it grants nothing"),
                };
                let message = format!(
                    "agent \"{}\" has the role \"{role}\", which is not declared",
                    agent.name
                );
                self.warning(&format!("agent[{place}].roles[{at}]"), message, help);
            }
        }
        for (place, role) in config.role.iter().enumerate() {
            let has_models = !role.providers.is_empty() && !role.models.is_empty();
            let has_tools =
                [&role.tools, &role.resources, &role.prompts].iter().any(|l| !l.is_empty());
            if !has_models && !has_tools {
                let message = format!("the role \"{}\" grants nothing", role.name);
                let help = "name `providers` or `tools`; [\"*\"] stands for all";
                self.warning(&format!("role[{place}]"), message, help);
            }
        }
    }

    fn limits(&mut self) {
        let config = self.config;
        for (place, limit) in config.limit.iter().enumerate() {
            let path = format!("limit[{place}]");
            self.limit(&path, limit);
            self.names_of_limit(&path, limit);
        }
    }

    fn limit(&mut self, path: &str, limit: &Limit) {
        let counted = limit.requests.is_some()
            || limit.tokens.is_some()
            || limit.bytes.is_some()
            || limit.spend_usd.is_some();
        if !counted && limit.concurrency.is_none() {
            let help = "add at least one of requests, tokens, bytes, spend_usd and concurrency";
            self.error(path, "this limit limits nothing", help);
        }
        if counted && limit.window.is_none() {
            let help = "add, for example, window = \"1m\"";
            self.error(path, "this limit counts in a window and does not say which", help);
        }
        if limit.spend_usd.is_some() && self.config.price.is_empty() {
            let message =
                "this limit counts spending, and there is no [[price]], so all calls cost nothing";
            self.warning(&format!("{path}.spend_usd"), message, "add a [[price]] for each model");
        }
    }

    fn names_of_limit(&mut self, path: &str, limit: &Limit) {
        let (config, path) = (self.config, format!("{path}.only"));
        match (&limit.only, limit.per) {
            (None, _) => {}
            (Some(_), Per::Tenant) => {
                let help = "take `only` out, or write per = \"agent\" or another";
                self.error(&path, "`only` has no meaning with per = \"tenant\"", help);
            }
            (Some(name), Per::Provider) => {
                let known = config.provider.iter().map(|p| p.name.as_str());
                self.must_be_known(&path, "provider", name, known);
            }
            (Some(name), Per::Server) => {
                let known = config.mcp.iter().map(|s| s.name.as_str());
                self.must_be_known(&path, "mcp", name, known);
            }
            // Agents and people are also added by command, so an unknown one may come later.
            (Some(name), Per::Agent | Per::Person | Per::Tool) => {
                if let Err(error) = model::AgentName::new(name) {
                    let help = format!("write the name of one {}", limit.per.as_str());
                    self.error(&path, error.to_string(), help);
                }
            }
        }
    }

    fn retention(&mut self) {
        for (place, rule) in self.config.retention.iter().enumerate() {
            if rule.what == Retained::Payloads && rule.kind.is_some() {
                let path = format!("retention[{place}].kind");
                let help = "take `kind` out, or write what = \"records\"";
                self.error(&path, "payloads have no kind", help);
            }
        }
    }

    fn identity(&mut self) {
        let identity = &self.config.identity;
        let day = std::time::Duration::from_secs(86_400);
        if identity.token_lifetime > day || identity.token_lifetime.as_secs() == 0 {
            let message = "a token is good for a second at least and for a day at most";
            self.error("identity.token_lifetime", message, "write, for example, \"10m\"");
        }
        if identity.chain.get() as usize > identity::chain::MAX_CHAIN {
            let message = "a chain has at most 32 agents";
            self.error("identity.chain", message, "write a number from 1 to 32");
        }
        for (place, issuer) in self.config.issuer.iter().enumerate() {
            self.issuer(&format!("issuer[{place}]"), issuer);
        }
        self.credentials();
    }

    fn credentials(&mut self) {
        let config = self.config;
        let mut seen = BTreeMap::new();
        for (place, key) in config.signing_key.iter().enumerate() {
            let path = format!("signing_key[{place}]");
            match (&key.public_key, &key.secret) {
                (None, None) => {
                    let message = "this signing key is none: signatures cannot be checked";
                    self.error(&path, message, "name a `public_key` or a `secret`");
                }
                (Some(_), Some(_)) => {
                    let message = "with a public key, the secret is not used";
                    self.warning(&format!("{path}.secret"), message, "take one of them out");
                }
                _ => {}
            }
            if seen.insert(key.id.as_str(), place).is_some() {
                let message = format!("there are two signing keys with the id \"{}\"", key.id);
                self.error(&format!("{path}.id"), message, "give each an id of its own");
            }
        }
        if config.console.tls.as_ref().is_some_and(|tls| tls.client_optional) {
            let message = "the console lets nobody in without a certificate where it asks for one";
            self.error("console.tls.client_optional", message, "take it out");
        }
        let signatures = &config.identity.signatures;
        let (hour, minute) = (3600, 60);
        if signatures.max_age.as_secs() > hour || signatures.clock_skew.as_secs() > minute {
            let message = "a signature is good for an hour at most, and clocks differ by a minute";
            self.error("identity.signatures", message, "write, for example, max_age = \"60s\"");
        }
    }

    fn issuer(&mut self, path: &str, issuer: &Issuer) {
        if issuer.url.0.scheme_str() == Some("http") && !issuer.url.is_loopback() {
            let message = "an issuer's keys must not cross the network in clear";
            self.error(&format!("{path}.url"), message, "write https://");
        }
        if issuer.audience.is_empty() {
            let message = "without an audience, tokens for anybody would be taken";
            let help = "name what the issuer's tokens for this gate have as `aud`";
            self.error(&format!("{path}.audience"), message, help);
        }
        if issuer.clock_skew > std::time::Duration::from_secs(60) {
            let message = "clocks may differ by a minute at most";
            self.error(&format!("{path}.clock_skew"), message, "write, for example, \"5s\"");
        }
        let twice = self.config.issuer.iter().filter(|other| other.url == issuer.url).count() > 1;
        if twice || issuer.url.to_string() == self.config.instance.name {
            let message = "there are two issuers of this name";
            self.error(&format!("{path}.url"), message, "name each once");
        }
    }

    fn must_be_known<'n>(
        &mut self,
        path: &str,
        section: &str,
        name: &str,
        known: impl Iterator<Item = &'n str> + Clone,
    ) {
        if known.clone().any(|known| known == name) {
            return;
        }
        let help = match nearest(name, known) {
            Some(near) => format!("did you mean \"{near}\"?"),
            None => format!("declare it with [[{section}]]"),
        };
        self.error(path, format!("there is no {section} named \"{name}\""), help);
    }

    fn witnesses(&mut self) {
        let mut known = Vec::new();
        for (place, witness) in self.config.ledger.witness.iter().enumerate() {
            if known.contains(&&witness.key) {
                let path = format!("ledger.witness[{place}].key");
                self.error(&path, "this witness stands here twice", "take one of them out");
            }
            known.push(&witness.key);
        }
    }

    /// What agents send goes to their providers, and nowhere else.
    fn classifier(&mut self) {
        let Some(classifier) = &self.config.inspect.classifier else { return };
        if !classifier.url.is_loopback() || classifier.url.0.scheme_str() != Some("http") {
            let message = "a classifier reads what agents send, so it must be on this machine";
            let help = "write, for example: url = \"http://127.0.0.1:8090/classify\"";
            self.error("inspect.classifier.url", message, help);
        }
    }

    /// A checkpoint's origin is one line of a signed note (C2SP tlog-checkpoint).
    fn instance(&mut self) {
        let name = &self.config.instance.name;
        let plain = name.bytes().all(|b| b.is_ascii_graphic() && b != b'+');
        if name.is_empty() || name.len() > 128 || !plain {
            let message =
                "`instance.name` takes 1 to 128 letters, digits and signs, no blank and no '+'";
            self.error("instance.name", message, "write, for example: name = \"gate.example.com\"");
        }
    }
}
