//! Times decisions: `cargo run --release -p portcullis-policy --example decide_speed`.
//!
//! The grants are stated in three ways: one role with many patterns, many roles of which the
//! agent holds one, and many roles that the agent holds all.

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use model::{Agent, AgentName, ProviderName, RoleName, Standing, TenantId, Timestamp, ZoneName};
use policy::{
    Action, Bundle, Context, Delegation, Grants, Pattern, Question, Resource, RoleGrants,
};

const ROUNDS: usize = 20_000;

#[expect(clippy::print_stdout, reason = "the table is what the example is for")]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!("{:<40} {:>12} {:>12}", "grants", "cold µs", "memo ns");
    for count in [1, 10, 100, 1_000] {
        let (one, many) = (one_role(count)?, many_roles(count)?);
        row(&format!("{count} models of one role"), &one, &agent(&["r0".to_owned()])?)?;
        let held: Vec<String> = (0..count).map(|n| format!("r{n}")).collect();
        row(
            &format!("{count} roles, one held"),
            &many,
            &agent(held.get(count - 1..).unwrap_or(&[]))?,
        )?;
        row(&format!("{count} roles, all held"), &many, &agent(&held)?)?;
    }
    Ok(())
}

#[expect(clippy::print_stdout, reason = "the table is what the example is for")]
fn row(name: &str, grants: &Grants, agent: &Agent) -> Result<(), Box<dyn std::error::Error>> {
    let bundle = Bundle::baseline(grants).map_err(|problems| format!("{problems:?}"))?;
    let provider = ProviderName::new("openai")?;
    let question = question(agent, &provider);
    let cold = time(ROUNDS / 10, || drop(black_box(bundle.evaluate(black_box(&question)))));
    let first = bundle.decide(&question);
    let hit = time(ROUNDS * 10, || drop(black_box(bundle.decide(black_box(&question)))));
    let note = if Arc::ptr_eq(&first, &bundle.decide(&question)) { "" } else { " (too long)" };
    let cold = cold.as_nanos() as f64 / 1000.0;
    println!("{name:<40} {cold:>12.1} {:>12}{note} {}", hit.as_nanos(), first.effect.as_str());
    Ok(())
}

/// The mean of many rounds.
fn time(rounds: usize, mut work: impl FnMut()) -> Duration {
    let start = Instant::now();
    for _ in 0..rounds {
        work();
    }
    start.elapsed() / u32::try_from(rounds).unwrap_or(u32::MAX)
}

fn question<'a>(agent: &'a Agent, provider: &'a ProviderName) -> Question<'a> {
    Question {
        agent,
        on_behalf_of: None,
        action: Action::CallModel,
        resource: Resource::Model { provider, name: "gpt-0" },
        context: Context {
            time: Timestamp::from_micros(1_795_442_700_000_000),
            stream: true,
            max_output_tokens: Some(1024),
            findings: &[],
            labels: &[],
            delegation: Delegation::default(),
            origins: &[],
            endpoint: "/v1/chat/completions",
        },
    }
}

fn agent(roles: &[String]) -> Result<Agent, model::IdError> {
    Ok(Agent {
        tenant: TenantId::main(),
        name: AgentName::new("support-bot")?,
        owner: None,
        purpose: None,
        roles: roles.iter().map(|role| RoleName::new(role)).collect::<Result<_, _>>()?,
        zone: ZoneName::new("production")?,
        standing: Standing::Active,
        tier: None,
    })
}

/// The model that is asked for comes last.
fn one_role(count: usize) -> Result<Grants, Box<dyn std::error::Error>> {
    let models = (0..count).rev().map(|n| Pattern::new(&format!("gpt-{n}")));
    let role = grant("r0", models.collect::<Result<_, _>>()?)?;
    Ok(Grants { roles: vec![role], zones: Vec::new() })
}

fn many_roles(count: usize) -> Result<Grants, Box<dyn std::error::Error>> {
    let model = Pattern::new("gpt-*")?;
    let roles = (0..count).map(|n| grant(&format!("r{n}"), vec![model.clone()]));
    Ok(Grants { roles: roles.collect::<Result<_, _>>()?, zones: Vec::new() })
}

fn grant(role: &str, models: Vec<Pattern>) -> Result<RoleGrants, Box<dyn std::error::Error>> {
    let (role, providers) = (RoleName::new(role)?, vec![Pattern::new("openai")?]);
    Ok(RoleGrants {
        role,
        providers,
        models,
        endpoints: Vec::new(),
        tools: Vec::new(),
        resources: Vec::new(),
        prompts: Vec::new(),
        asks: Vec::new(),
    })
}
