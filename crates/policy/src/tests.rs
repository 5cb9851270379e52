//! Tests of the crate as a whole, and what they share.

mod baseline;
mod compile;
mod decide;
mod grants;
mod memo;
pub(crate) mod properties;
mod robustness;
mod runner;

use model::{
    Agent, AgentName, Classification, ProviderName, RoleName, ServerName, Standing, TenantId,
    Timestamp, ZoneName,
};

use crate::{
    Action, Bundle, Context, Delegation, Diagnostic, Grants, Pattern, Question, Resource,
    RoleGrants, Source,
};

/// Monday, 2026-11-23T14:05:00Z.
pub(crate) const NOW: Timestamp = Timestamp::from_micros(1_795_442_700_000_000);

pub(crate) fn agent(name: &str, roles: &[&str]) -> Agent {
    Agent {
        tenant: TenantId::main(),
        name: AgentName::new(name).unwrap(),
        owner: Some("ann".to_owned()),
        purpose: None,
        roles: roles.iter().map(|role| RoleName::new(role).unwrap()).collect(),
        zone: ZoneName::new("production").unwrap(),
        standing: Standing::Active,
        tier: None,
    }
}

pub(crate) fn provider(name: &str) -> ProviderName {
    ProviderName::new(name).unwrap()
}

fn context() -> Context<'static> {
    Context {
        time: NOW,
        stream: false,
        max_output_tokens: None,
        findings: &[],
        labels: &[],
        delegation: Delegation::default(),
        origins: &[],
        endpoint: "/v1/chat/completions",
    }
}

pub(crate) fn call<'a>(
    agent: &'a Agent,
    provider: &'a ProviderName,
    model: &'a str,
) -> Question<'a> {
    Question {
        agent,
        on_behalf_of: None,
        action: Action::CallModel,
        resource: Resource::Model { provider, name: model },
        context: context(),
    }
}

/// A resource of the type that an action is for.
fn resource_for<'a>(
    action: Action,
    provider: &'a ProviderName,
    server: &'a ServerName,
    name: &'a str,
    class: Classification,
) -> Resource<'a> {
    match action {
        Action::CallModel => Resource::Model { provider, name },
        Action::ListModels | Action::UseProvider => Resource::Provider(provider),
        Action::CallTool => Resource::Tool { server, name, class },
        Action::ReadResource => Resource::Resource { server, uri: name },
        Action::GetPrompt => Resource::Prompt { server, name },
        _ => Resource::Server(server),
    }
}

pub(crate) fn grant(role: &str, providers: &[&str], models: &[&str]) -> RoleGrants {
    let patterns = |texts: &[&str]| texts.iter().map(|t| Pattern::new(t).unwrap()).collect();
    RoleGrants {
        role: RoleName::new(role).unwrap(),
        providers: patterns(providers),
        models: patterns(models),
        endpoints: Vec::new(),
        tools: Vec::new(),
        resources: Vec::new(),
        prompts: Vec::new(),
        asks: Vec::new(),
    }
}

fn compile(text: &str) -> Result<Bundle, Vec<Diagnostic>> {
    Bundle::compile(&[Source::new("p.cedar", text)], &Grants::everything_to_everyone())
}

pub(crate) fn bundle(text: &str) -> Bundle {
    compile(text).unwrap_or_else(|problems| panic!("{problems:#?}"))
}

/// A policy with what every policy needs.
pub(crate) fn policy(id: &str, body: &str) -> String {
    format!("@id(\"{id}\")\n@description(\"What {id} is for.\")\n{body}\n")
}

/// The only thing that is wrong with a source.
fn problem(text: &str) -> Diagnostic {
    let mut problems = compile(text).err().unwrap_or_else(|| panic!("compiles: {text}"));
    assert_eq!(problems.len(), 1, "{problems:#?}");
    problems.remove(0)
}
