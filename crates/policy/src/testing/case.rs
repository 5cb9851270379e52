//! The form of a test file.

use std::sync::Arc;

use model::{
    Agent, AgentName, Classification, Confidentiality, Effect, Integrity, ProviderName, RoleName,
    ServerName, Standing, TenantId, Tier, Timestamp, ToolEffect, UserName, ZoneName,
};
use serde::Deserialize;
use toml::Spanned;

use crate::lexer::MAX_SOURCE_BYTES;
use crate::{
    Action, Bundle, Context, Delegation, Diagnostic, Grants, Question, Resource, RoleGrants,
    Source, Verdict, ZoneReach,
};

/// A Monday at noon UTC.
const DEFAULT_TIME: Timestamp = Timestamp::from_micros(1_767_614_400_000_000);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    #[serde(default, rename = "role")]
    roles: Vec<RoleGrants>,
    #[serde(default, rename = "zone")]
    zones: Vec<ZoneReach>,
    #[serde(default, rename = "case")]
    pub(super) cases: Vec<Spanned<Case>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Case {
    pub(super) name: String,
    #[serde(default)]
    agent: AgentOfCase,
    on_behalf_of: Option<UserName>,
    #[serde(default)]
    chain: Vec<AgentName>,
    #[serde(default)]
    scopes: Vec<String>,
    #[serde(default)]
    tier: Tier,
    action: ActionOfCase,
    provider: Option<ProviderName>,
    model: Option<String>,
    server: Option<ServerName>,
    tool: Option<String>,
    uri: Option<String>,
    prompt: Option<String>,
    #[serde(default)]
    effect: ToolEffect,
    #[serde(default)]
    integrity: Integrity,
    #[serde(default)]
    confidentiality: Confidentiality,
    #[serde(default = "default_time")]
    time: Timestamp,
    #[serde(default)]
    stream: bool,
    max_output_tokens: Option<u64>,
    #[serde(default)]
    findings: Vec<String>,
    #[serde(default)]
    labels: Vec<String>,
    #[serde(default)]
    origins: Vec<String>,
    #[serde(default)]
    endpoint: String,
    pub(super) expect: Effect,
    /// The ids of the policies that decide, in any order.
    pub(super) policies: Option<Vec<String>>,
    pub(super) obligations: Option<Vec<String>>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct AgentOfCase {
    name: Option<AgentName>,
    owner: Option<String>,
    purpose: Option<String>,
    #[serde(default)]
    roles: Vec<RoleName>,
    zone: Option<ZoneName>,
    #[serde(default)]
    standing: Standing,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum ActionOfCase {
    CallModel,
    ListModels,
    UseProvider,
    CallTool,
    ReadResource,
    GetPrompt,
    UseServer,
    Sample,
    Elicit,
    ListRoots,
}

fn default_time() -> Timestamp {
    DEFAULT_TIME
}

impl File {
    pub(super) fn read(source: &Source) -> Result<Self, Box<Diagnostic>> {
        if source.text.len() > MAX_SOURCE_BYTES {
            let message = format!("a test file has at most {MAX_SOURCE_BYTES} bytes");
            return Err(Box::new(Diagnostic::at(source, 0, message).help("split it")));
        }
        let file: Self = toml::from_str(&source.text).map_err(|error| {
            let at = error.span().map_or(0, |span| span.start);
            Box::new(Diagnostic::at(source, at, error.message()))
        })?;
        if file.cases.is_empty() {
            let problem = Diagnostic::at(source, 0, "a test file has at least one case");
            return Err(Box::new(problem.help("write [[case]]")));
        }
        Ok(file)
    }

    /// The file's own grants, if it states any.
    pub(super) fn grants(&self) -> Option<Grants> {
        let has_any = !self.roles.is_empty() || !self.zones.is_empty();
        has_any.then(|| Grants { roles: self.roles.clone(), zones: self.zones.clone() })
    }
}

impl Case {
    /// Asks the bundle. The error says what is wrong with the case.
    pub(super) fn ask(&self, bundle: &Bundle) -> Result<Arc<Verdict>, String> {
        let agent = self.agent.build().map_err(|error| error.to_string())?;
        let findings: Vec<&str> = self.findings.iter().map(String::as_str).collect();
        let labels: Vec<&str> = self.labels.iter().map(String::as_str).collect();
        let chain: Vec<&str> = self.chain.iter().map(AgentName::as_str).collect();
        let scopes: Vec<&str> = self.scopes.iter().map(String::as_str).collect();
        let delegation = Delegation { chain: &chain, scopes: &scopes, tier: self.tier };
        let origins: Vec<&str> = self.origins.iter().map(String::as_str).collect();
        let action = self.action();
        let resource = self.resource(action)?;
        Ok(bundle.decide(&Question {
            agent: &agent,
            on_behalf_of: self.on_behalf_of.as_ref(),
            action,
            resource,
            context: Context {
                time: self.time,
                stream: self.stream,
                max_output_tokens: self.max_output_tokens,
                findings: &findings,
                labels: &labels,
                delegation,
                origins: &origins,
                endpoint: &self.endpoint,
            },
        }))
    }

    fn action(&self) -> Action {
        match self.action {
            ActionOfCase::CallModel => Action::CallModel,
            ActionOfCase::ListModels => Action::ListModels,
            ActionOfCase::UseProvider => Action::UseProvider,
            ActionOfCase::CallTool => Action::CallTool,
            ActionOfCase::ReadResource => Action::ReadResource,
            ActionOfCase::GetPrompt => Action::GetPrompt,
            ActionOfCase::UseServer => Action::UseServer,
            ActionOfCase::Sample => Action::Sample,
            ActionOfCase::Elicit => Action::Elicit,
            ActionOfCase::ListRoots => Action::ListRoots,
        }
    }

    /// What the action is for; the error says what the case lacks.
    fn resource(&self, action: Action) -> Result<Resource<'_>, String> {
        let lacks = |what: &str| format!("{} needs a {what}", action.as_str());
        let provider = || self.provider.as_ref().ok_or_else(|| lacks("provider"));
        let server = || self.server.as_ref().ok_or_else(|| lacks("server"));
        Ok(match action {
            Action::ListModels | Action::UseProvider => Resource::Provider(provider()?),
            Action::CallModel => Resource::Model {
                provider: provider()?,
                name: self.model.as_deref().ok_or_else(|| lacks("model"))?,
            },
            Action::CallTool => Resource::Tool {
                server: server()?,
                name: self.tool.as_deref().ok_or_else(|| lacks("tool"))?,
                class: self.class(),
            },
            Action::ReadResource => Resource::Resource {
                server: server()?,
                uri: self.uri.as_deref().ok_or_else(|| lacks("uri"))?,
            },
            Action::GetPrompt => Resource::Prompt {
                server: server()?,
                name: self.prompt.as_deref().ok_or_else(|| lacks("prompt"))?,
            },
            _ => Resource::Server(server()?),
        })
    }

    fn class(&self) -> Classification {
        Classification {
            effect: self.effect,
            integrity: self.integrity,
            confidentiality: self.confidentiality,
        }
    }
}

impl AgentOfCase {
    fn build(&self) -> Result<Agent, model::IdError> {
        Ok(Agent {
            tenant: TenantId::main(),
            name: self.name.clone().map_or_else(|| AgentName::new("agent"), Ok)?,
            owner: self.owner.clone(),
            purpose: self.purpose.clone(),
            roles: self.roles.clone(),
            zone: self.zone.clone().map_or_else(|| ZoneName::new("production"), Ok)?,
            standing: self.standing,
            tier: None,
        })
    }
}
