//! Each wire is cut once, and the self-test says which.

use std::sync::{Arc, OnceLock};
use std::time::SystemTime;

use gate::mcp::pin::Pin;
use gate::mcp::pins::{Keeper, Pins};
use gate::mcp::server::{Mcp, Server};
use gate::mcp::tool::Definition;
use gate::snapshot::Tenant;
use gate::{Gate, Snapshot};
use inspect::Engine;
use model::{Agent, ServerName, Standing, Timestamp, ToolEffect};
use policy::{Bundle, Grants};

use super::tenant::NAME;
use super::*;
use crate::simulated::agent::Client;

fn now() -> Timestamp {
    Timestamp::from_system(SystemTime::now())
}

fn engine(settings: &inspect::Settings) -> Arc<Engine> {
    Arc::new(Engine::compile(settings).unwrap())
}

fn controls() -> Controls {
    static ENGINE: OnceLock<Arc<Engine>> = OnceLock::new();
    let settings = inspect::Settings::default();
    let engine = ENGINE.get_or_init(|| engine(&settings)).clone();
    Controls {
        redacting: Some(engine.clone()),
        tool_engine: Some(engine.clone()),
        engine: Some(engine),
        bundle: Arc::new(Bundle::baseline(&grants().unwrap()).unwrap()),
        judges: settings.judges,
    }
}

/// Runs the canaries through a gate in which `cut` has been done to their tenant.
async fn run_with(controls: Controls, cut: impl Fn(&mut Tenant) + Send + Sync) -> Report {
    let folder = tempfile::tempdir().unwrap();
    let key = SigningKey::generate(random().unwrap()).unwrap();
    let options = ledger::Options::new("instance");
    let (log, _) = Log::open(&folder.path().join("log"), key, options, now).unwrap();
    let gate =
        Arc::new(Gate::new(Snapshot::default(), (log.clone(), Arc::default()), now, 7, 100, None));
    let folder = folder.path().join("canaries");
    let durability = ledger::Durability::BeforeAnswer;
    let canaries = Canaries::open(&gate, &folder, durability, now).await.unwrap();
    let publish = || -> std::pin::Pin<Box<dyn Future<Output = _> + Send + '_>> {
        Box::pin(async {
            let revision = gate.snapshot().revision + 1;
            let mut snapshot = Snapshot { revision, ..Snapshot::default() };
            let mut tenant = canaries.tenant(&controls)?;
            cut(&mut tenant);
            canaries.put(&mut snapshot, tenant)?;
            gate.publish(snapshot);
            Ok(())
        })
    };
    let report = canaries.run(&gate, &controls, &log, &publish).await;
    canaries.close().await;
    report
}

/// The controls in a state, after a cut.
async fn found(
    state: State,
    controls: Controls,
    cut: impl Fn(&mut Tenant) + Send + Sync,
) -> Vec<&'static str> {
    let report = run_with(controls, cut).await;
    report.in_state(state).map(|one| one.control).collect()
}

async fn broken(cut: impl Fn(&mut Tenant) + Send + Sync) -> Vec<&'static str> {
    found(State::Broken, controls(), cut).await
}

#[tokio::test]
async fn all_controls_work_where_nothing_is_cut_also_the_next_time() {
    let report = run_with(controls(), |_| {}).await;
    assert_eq!(report.state, State::Working, "{:#?}", report.controls);
    assert_eq!(report.controls.len(), 16);
}

#[tokio::test]
async fn a_limit_that_is_not_enforced_is_found() {
    assert_eq!(broken(|tenant| tenant.limits.clear()).await, ["limits"]);
}

#[tokio::test]
async fn a_stop_that_stops_nobody_is_found() {
    let cut = |tenant: &mut Tenant| {
        for agent in tenant.agents.values_mut() {
            *agent = Arc::new(Agent { standing: Standing::Active, ..Agent::clone(agent) });
        }
    };
    assert_eq!(broken(cut).await, ["kill_switch"]);
}

#[tokio::test]
async fn traffic_that_nobody_inspects_is_found() {
    let blind = broken(|tenant| {
        tenant.engine = None;
        tenant.tool_engine = None;
    });
    let blind = blind.await;
    let all = ["secrets", "personal_data", "smuggling", "answers", "injection", "harm", "code"];
    assert_eq!(blind[..7], all);
    assert!(blind.contains(&"tool_answers"), "{blind:?}");
}

#[tokio::test]
async fn an_engine_that_takes_nothing_out_is_found() {
    let lax = inspect::Actions {
        request: Some(inspect::Action::Allow),
        answer: Some(inspect::Action::Allow),
    };
    let actions = ["secret", "pii", "smuggling"].map(|family| (family.to_owned(), lax));
    let settings = inspect::Settings {
        actions: actions.into_iter().collect(),
        ..inspect::Settings::default()
    };
    let lax = engine(&settings);
    let found = broken(|tenant| tenant.engine = Some(lax.clone())).await;
    assert_eq!(found, ["secrets", "personal_data", "smuggling", "answers"]);
}

#[tokio::test]
async fn a_judge_that_is_switched_off_is_said_to_be_off() {
    let judges = inspect::Judges { injection: false, ..inspect::Judges::default() };
    let settings = inspect::Settings { judges, ..inspect::Settings::default() };
    let engine = Some(engine(&settings));
    let controls = Controls { tool_engine: engine.clone(), engine, judges, ..controls() };
    let report = run_with(controls, |_| {}).await;
    let off: Vec<_> = report.in_state(State::Off).map(|one| one.control).collect();
    assert_eq!(off, ["injection"]);
}

#[tokio::test]
async fn grants_that_nobody_looks_at_are_found() {
    let open = Arc::new(Bundle::baseline(&Grants::everything_to_everyone()).unwrap());
    assert_eq!(broken(|tenant| tenant.bundle = open.clone()).await, ["policy"]);
}

#[tokio::test]
async fn policies_that_hold_nothing_by_where_it_comes_from_are_said_to_be_off() {
    let mut sources = policy::baseline_sources();
    sources.retain(|source| !source.name.ends_with("flow.cedar"));
    let bundle = Arc::new(Bundle::compile(&sources, &grants().unwrap()).unwrap());
    let controls = Controls { bundle, ..controls() };
    assert_eq!(found(State::Off, controls, |_| {}).await, ["flow"]);
}

#[tokio::test]
async fn policies_that_refuse_everything_are_no_proof_of_anything() {
    let sources = [policy::Source::new(
        "all.cedar",
        "@id(\"none\")\n@description(\"Nobody may do anything.\")\nforbid (principal, action, resource);",
    )];
    let bundle = Arc::new(Bundle::compile(&sources, &grants().unwrap()).unwrap());
    let broken = found(State::Broken, Controls { bundle, ..controls() }, |_| {}).await;
    for control in ["gate", "limits", "kill_switch", "flow"] {
        assert!(broken.contains(&control), "{control} in {broken:?}");
    }
}

#[tokio::test]
async fn values_that_nobody_traces_are_found() {
    let cut = |tenant: &mut Tenant| {
        change_server(tenant, |server| {
            for rule in &mut server.rules {
                rule.effect = Some(ToolEffect::Read);
                rule.flow.decisive.clear();
            }
        });
    };
    assert_eq!(broken(cut).await, ["flow"]);
}

#[tokio::test]
async fn descriptions_that_nobody_compares_are_found() {
    let cut = |tenant: &mut Tenant| {
        let keeper: Keeper = Arc::new(|pin| Box::pin(std::future::ready(Ok(pin))));
        let pins = peer::tools().as_array().unwrap().iter().map(accepted).collect();
        let mcp = &tenant.mcp;
        tenant.mcp = Arc::new(Mcp {
            servers: mcp.servers.clone(),
            seal: mcp.seal.clone(),
            pins: Arc::new(Pins::new(pins, keeper)),
            origins: Vec::new(),
        });
    };
    assert_eq!(broken(cut).await, ["pinning", "tool_descriptions"]);
}

fn accepted(tool: &serde_json::Value) -> Pin {
    let definition = Definition::read(tool).unwrap();
    Pin {
        server: ServerName::new(NAME).unwrap(),
        tool: definition.name.clone(),
        revision: 1,
        accepted: Some(definition),
        offered: None,
    }
}

fn change_server(tenant: &mut Tenant, change: impl Fn(&mut Server)) {
    let mcp = &tenant.mcp;
    let changed = mcp.servers.iter().map(|server| {
        let mut server = Server::clone(server);
        change(&mut server);
        Arc::new(server)
    });
    tenant.mcp = Arc::new(Mcp {
        servers: changed.collect(),
        seal: mcp.seal.clone(),
        pins: mcp.pins.clone(),
        origins: Vec::new(),
    });
}

#[tokio::test]
async fn a_log_that_has_stopped_is_found() {
    let cut = |tenant: &mut Tenant| {
        // Closed under the hands of those who write into it.
        let _ = tenant.log.clone().close();
    };
    let broken = broken(cut).await;
    assert!(broken.contains(&"log"), "{broken:?}");
}

#[tokio::test]
async fn nobody_else_comes_in_by_the_canaries_door() {
    let folder = tempfile::tempdir().unwrap();
    let key = SigningKey::generate(random().unwrap()).unwrap();
    let options = ledger::Options::new("instance");
    let (log, _) = Log::open(&folder.path().join("log"), key, options, now).unwrap();
    let gate = Arc::new(Gate::new(Snapshot::default(), (log, Arc::default()), now, 7, 100, None));
    let folder = folder.path().join("canaries");
    let durability = ledger::Durability::BeforeAnswer;
    let canaries = Canaries::open(&gate, &folder, durability, now).await.unwrap();
    let stranger = AgentKey::from_random(random().unwrap());
    let door = canaries.door.addresses()[0];
    let client = Client { gate: door, key: stranger.secret(), headers: Vec::new() };
    let reply = client.post("/readyz", &serde_json::Value::Null).await.unwrap();
    assert_eq!(reply.status, 404);
}
