//! What roles are granted and what zones reach, as configuration states it.
//!
//! Grants are data, not policies: Cedar tries every policy on every request, so a policy per
//! grant would cost milliseconds at a thousand of them. Instead the patterns are matched here,
//! and a resource becomes a member of the `Grant` (named as the role) and the `Zone` entities
//! that cover it. One policy then serves them all: `resource in principal.grants`.

use std::collections::HashMap;

use model::{RoleName, ZoneName};
use serde::{Deserialize, Serialize};

use crate::{Action, Pattern, Resource, Scoped};

/// The role that every agent holds without being given it.
pub const EVERYONE: &str = "everyone";

/// What to say aloud where [`Grants::everything_to_everyone`] is in force.
pub const OPEN_GRANT_NOTICE: &str = "no role is configured, so every agent may use every model \
     and endpoint of every configured provider and every tool of every configured server; write a \
     [[role]] to narrow this";

/// What one role may use: every pair of a provider and a model that both match, and the tools,
/// resources and prompts of MCP servers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RoleGrants {
    /// `everyone` is the role that each agent holds anyway. Several entries for a role add up.
    #[serde(rename = "name")]
    pub role: RoleName,
    #[serde(default)]
    pub providers: Vec<Pattern>,
    /// All models of the providers, where none is written.
    #[serde(default = "all")]
    pub models: Vec<Pattern>,
    /// Paths of endpoints that the gate does not know, such as `/v1/files*`. None by default.
    #[serde(default)]
    pub endpoints: Vec<Pattern>,
    /// Such as `files/read_*`. A server of which anything is granted may be talked to.
    #[serde(default)]
    pub tools: Vec<Scoped>,
    /// Such as `files/file:///docs/*`.
    #[serde(default)]
    pub resources: Vec<Scoped>,
    #[serde(default)]
    pub prompts: Vec<Scoped>,
    /// What servers may ask of agents: `files/sampling`, `files/elicitation`, `files/roots`.
    #[serde(default)]
    pub asks: Vec<Scoped>,
}

/// What agents in a zone may reach at all, whatever their roles grant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ZoneReach {
    #[serde(rename = "name")]
    pub zone: ZoneName,
    #[serde(default)]
    pub providers: Vec<Pattern>,
    /// All models of the providers, where none is written.
    #[serde(default = "all")]
    pub models: Vec<Pattern>,
    /// MCP servers.
    #[serde(default)]
    pub servers: Vec<Pattern>,
}

fn all() -> Vec<Pattern> {
    vec![Pattern::any()]
}

/// All that configuration grants. The default grants nothing to anyone.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grants {
    #[serde(default, rename = "role")]
    pub roles: Vec<RoleGrants>,
    /// A zone that is not here reaches whatever the roles grant.
    #[serde(default, rename = "zone")]
    pub zones: Vec<ZoneReach>,
}

impl Grants {
    /// What holds where configuration names no role: all models of all configured providers, for
    /// all agents, and every endpoint of theirs, so that the first agent works in the first
    /// minute. Say [`OPEN_GRANT_NOTICE`] when it is in force.
    pub fn everything_to_everyone() -> Self {
        let role = RoleName::new(EVERYONE).into_iter();
        let everything = || vec![Scoped::any()];
        let grant = role.map(|role| RoleGrants {
            role,
            providers: all(),
            models: all(),
            endpoints: all(),
            tools: everything(),
            resources: everything(),
            prompts: everything(),
            asks: everything(),
        });
        Self { roles: grant.collect(), zones: Vec::new() }
    }

    pub(crate) fn patterns(&self) -> usize {
        let roles = self.roles.iter().map(RoleGrants::patterns);
        let zones = self.zones.iter().map(|z| z.providers.len() + z.models.len() + z.servers.len());
        roles.chain(zones).sum()
    }
}

impl RoleGrants {
    fn patterns(&self) -> usize {
        let scoped = [&self.tools, &self.resources, &self.prompts, &self.asks];
        let scoped: usize = scoped.iter().map(|list| list.len()).sum();
        self.providers.len() + self.models.len() + self.endpoints.len() + scoped
    }

    fn covers(&self, asked: &Asked<'_>) -> bool {
        match asked.resource {
            Resource::Provider(provider) => {
                any(&self.providers, provider.as_str())
                    && (asked.action == Action::ListModels || any(&self.endpoints, asked.endpoint))
            }
            Resource::Model { provider, name } => {
                any(&self.providers, provider.as_str()) && any(&self.models, name)
            }
            Resource::Tool { server, name, .. } => scoped(&self.tools, server.as_str(), name),
            Resource::Resource { server, uri } => scoped(&self.resources, server.as_str(), uri),
            Resource::Prompt { server, name } => scoped(&self.prompts, server.as_str(), name),
            Resource::Server(server) => match asked.action {
                Action::Sample => scoped(&self.asks, server.as_str(), "sampling"),
                Action::Elicit => scoped(&self.asks, server.as_str(), "elicitation"),
                Action::ListRoots => scoped(&self.asks, server.as_str(), "roots"),
                _ => [&self.tools, &self.resources, &self.prompts]
                    .iter()
                    .any(|list| list.iter().any(|one| one.owner.matches(server.as_str()))),
            },
        }
    }
}

impl ZoneReach {
    fn covers(&self, resource: Resource<'_>) -> bool {
        match resource {
            Resource::Provider(provider) => any(&self.providers, provider.as_str()),
            Resource::Model { provider, name } => {
                any(&self.providers, provider.as_str()) && any(&self.models, name)
            }
            _ => any(&self.servers, resource.owner()),
        }
    }
}

/// Grants by role and zone, ready to be asked.
#[derive(Debug, Default)]
pub(crate) struct GrantIndex {
    roles: HashMap<RoleName, Vec<RoleGrants>>,
    zones: HashMap<ZoneName, Vec<ZoneReach>>,
}

impl GrantIndex {
    pub(crate) fn new(grants: &Grants) -> Self {
        let mut index = Self::default();
        for grant in &grants.roles {
            index.roles.entry(grant.role.clone()).or_default().push(grant.clone());
        }
        for reach in &grants.zones {
            index.zones.entry(reach.zone.clone()).or_default().push(reach.clone());
        }
        index
    }

    /// Whether anything at all is granted to a role.
    pub(crate) fn knows(&self, role: &str) -> bool {
        self.roles.contains_key(role)
    }

    /// Whether a role's grants cover what is asked for.
    pub(crate) fn covers(&self, role: &str, asked: &Asked<'_>) -> bool {
        let grants = self.roles.get(role).map_or(&[][..], Vec::as_slice);
        grants.iter().any(|grant| grant.covers(asked))
    }

    /// Whether a zone reaches what is asked for. A zone that configuration does not name does.
    pub(crate) fn reaches(&self, zone: &str, asked: &Asked<'_>) -> bool {
        let Some(reaches) = self.zones.get(zone) else {
            return true;
        };
        reaches.iter().any(|reach| reach.covers(asked.resource))
    }
}

/// The part of a question that grants look at.
pub(crate) struct Asked<'a> {
    pub(crate) action: Action,
    pub(crate) resource: Resource<'a>,
    pub(crate) endpoint: &'a str,
}

fn scoped(patterns: &[Scoped], owner: &str, name: &str) -> bool {
    patterns.iter().any(|pattern| pattern.matches(owner, name))
}

fn any(patterns: &[Pattern], text: &str) -> bool {
    patterns.iter().any(|pattern| pattern.matches(text))
}
