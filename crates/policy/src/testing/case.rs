//! The form of a test file.

use std::sync::Arc;

use model::{
    Agent, AgentName, Effect, ProviderName, RoleName, Standing, TenantId, Timestamp, UserName,
    ZoneName,
};
use serde::Deserialize;
use toml::Spanned;

use crate::lexer::MAX_SOURCE_BYTES;
use crate::{
    Action, Bundle, Context, Diagnostic, Grants, Question, Resource, RoleGrants, Source, Verdict,
    ZoneReach,
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
    action: ActionOfCase,
    provider: ProviderName,
    model: Option<String>,
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
        let action = self.action();
        if action == Action::CallModel && self.model.is_none() {
            return Err("call_model needs a model".to_owned());
        }
        Ok(bundle.decide(&Question {
            agent: &agent,
            on_behalf_of: self.on_behalf_of.as_ref(),
            action,
            resource: Resource { provider: &self.provider, model: self.model.as_deref() },
            context: Context {
                time: self.time,
                stream: self.stream,
                max_output_tokens: self.max_output_tokens,
                findings: &findings,
                labels: &labels,
                endpoint: &self.endpoint,
            },
        }))
    }

    fn action(&self) -> Action {
        match self.action {
            ActionOfCase::CallModel => Action::CallModel,
            ActionOfCase::ListModels => Action::ListModels,
            ActionOfCase::UseProvider => Action::UseProvider,
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
        })
    }
}
