//! What it costs to find out who calls, in CPU time of one thread.
//!
//! `cargo run --release -p portcullis-gate --example identify_speed`

#![expect(clippy::print_stdout, reason = "it is a program that reports")]

use std::error::Error;
use std::hint::black_box;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use gate::identify::issuer::TrustedIssuer;
use gate::identify::{Asked, Directory, Trust, caller};
use gate::mcp::pins::Pins;
use gate::mcp::seal::Seal;
use gate::mcp::server::Mcp;
use gate::net::peer::Peer;
use gate::snapshot::{Credential, Tenant};
use gate::{Gate, Snapshot};
use http::{HeaderMap, HeaderValue, Method, Uri};
use identity::issuer::Issuer;
use identity::{Actor, Algorithm, Audience, Chain, Delegation, GateKey, JwkSet, Unverified, Use};
use model::{
    Agent, AgentKey, AgentName, Person, Scopes, Secret, Standing, TenantId, Timestamp, UserName,
    ZoneName,
};
use ring::signature::{Ed25519KeyPair, KeyPair};
use serde_json::json;

const ROUNDS: u32 = 200_000;
const NOW: Timestamp = Timestamp::from_micros(1_795_442_700_000_000);

type Failed = Box<dyn Error>;

fn main() -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    let key = AgentKey::from_random([7; 32]);
    let signer = Arc::new(GateKey::from_seed(&[9; 32])?);
    let token = signer.issue("gate", &delegation(&key)?);
    let snapshot = snapshot(folder.path(), &key, &signer)?;
    let log = snapshot.tenants.values().next().ok_or("a tenant")?.log.clone();
    let gate = Gate::new(Snapshot::default(), (log.clone(), Arc::default()), || NOW, 1, 1, None);

    let by_key = bearer(key.secret().expose())?;
    let by_token = bearer(&token)?;
    let peer = peer();
    println!("key: {:?} a call", measure(ROUNDS, || identified(&gate, &snapshot, &peer, &by_key)));
    println!(
        "delegated token, seen before: {:?} a call",
        measure(ROUNDS, || identified(&gate, &snapshot, &peer, &by_token))
    );
    let verify = || drop(black_box(signer.verify("gate", &token, NOW)));
    println!("delegated token, new: {:?} a call", measure(ROUNDS / 20, verify));
    let outside = outside_token()?;
    let by_outside = bearer(&outside)?;
    println!(
        "token of an outside issuer, seen before: {:?} a call",
        measure(ROUNDS, || identified(&gate, &snapshot, &peer, &by_outside))
    );
    let (rules, keys) = (issuer(), JwkSet::parse(outside_keys()?.as_bytes())?);
    let verify = || {
        let unverified = Unverified::parse(&outside);
        drop(black_box(unverified.and_then(|token| rules.verify(&token, &keys, NOW))));
    };
    assert!(rules.verify(&Unverified::parse(&outside)?, &keys, NOW).is_ok());
    println!("token of an outside issuer, new: {:?} a call", measure(ROUNDS / 20, verify));
    log.close()?;
    Ok(())
}

const ISSUER: &str = "https://login.example.com";

/// Whose tokens stand for agents that act for people.
fn issuer() -> Issuer {
    Issuer {
        url: ISSUER.to_owned(),
        audiences: vec!["gate".to_owned()],
        algorithms: vec![Algorithm::EdDsa],
        skew: Duration::from_secs(5),
        person_claim: Some("sub".to_owned()),
        agent_claim: Some("client_id".to_owned()),
        scope_claim: None,
    }
}

fn outside_pair() -> Result<Ed25519KeyPair, Failed> {
    Ok(Ed25519KeyPair::from_seed_unchecked(&[5; 32]).map_err(|_| "a seed")?)
}

fn outside_keys() -> Result<String, Failed> {
    let x = URL_SAFE_NO_PAD.encode(outside_pair()?.public_key());
    let key = json!({"kty": "OKP", "crv": "Ed25519", "x": x, "kid": "one"});
    Ok(json!({"keys": [key]}).to_string())
}

fn outside_token() -> Result<String, Failed> {
    let now = NOW.micros() / 1_000_000;
    let header = json!({"alg": "EdDSA", "kid": "one", "typ": "at+jwt"});
    let claims = json!({
        "iss": ISSUER, "sub": "ann@example.com", "client_id": "bot", "aud": "gate",
        "iat": now, "exp": now + 300,
    });
    let [header, claims] = [header, claims].map(|part| URL_SAFE_NO_PAD.encode(part.to_string()));
    let signed = format!("{header}.{claims}");
    let signature = URL_SAFE_NO_PAD.encode(outside_pair()?.sign(signed.as_bytes()));
    Ok(format!("{signed}.{signature}"))
}

fn measure(rounds: u32, mut work: impl FnMut()) -> Duration {
    (0..rounds / 10).for_each(|_| work());
    let begun = Instant::now();
    (0..rounds).for_each(|_| work());
    begun.elapsed() / rounds
}

/// Nothing here waits for anything, so the first poll is the last.
fn identified(gate: &Gate, snapshot: &Snapshot, peer: &Peer, headers: &HeaderMap) {
    let uri = Uri::from_static("/llm/openai/v1/chat/completions");
    let asked = Asked { method: &Method::POST, uri: &uri, headers, peer };
    let mut shown = String::new();
    let found = pin!(caller(gate, snapshot, asked, &mut shown));
    let polled = found.poll(&mut Context::from_waker(Waker::noop()));
    assert!(matches!(polled, Poll::Ready(Ok(_))), "nobody was recognised");
}

fn bearer(credential: &str) -> Result<HeaderMap, Failed> {
    let mut headers = HeaderMap::new();
    headers.insert("authorization", HeaderValue::from_str(&format!("Bearer {credential}"))?);
    Ok(headers)
}

fn peer() -> Peer {
    let address = std::net::SocketAddr::from(([127, 0, 0, 1], 4100));
    Peer {
        address,
        local: address,
        is_tls: false,
        server_name: None,
        certificates: Vec::new(),
        named: std::sync::OnceLock::new(),
    }
}

/// Three agents for a person with five scopes.
fn delegation(key: &AgentKey) -> Result<Delegation, Failed> {
    let mut chain = Chain::default();
    for name in ["planner", "worker", "bot"] {
        let key = (name == "bot").then(|| key.hash());
        chain = chain.then(Actor { agent: AgentName::new(name)?, key, certificate: None }, 8)?;
    }
    Ok(Delegation {
        id: "act_0190c2f0-0000-7000-8000-000000000000".to_owned(),
        tenant: TenantId::main(),
        person: Some(UserName::new("ann@example.com")?),
        chain,
        scopes: Some(Scopes::parse("a.read a.write b.read b.write c")?),
        audience: Audience::Gate,
        used_as: Use::Access,
        issued: NOW,
        expires: NOW.plus(Duration::from_secs(600)),
    })
}

fn snapshot(
    folder: &std::path::Path,
    key: &AgentKey,
    signer: &Arc<GateKey>,
) -> Result<Snapshot, Failed> {
    let tenant = TenantId::main();
    let signing = ledger::SigningKey::generate([3; 32]).ok_or("a seed")?;
    let options = ledger::Options::new("speed/ledger/main");
    let (log, _) = ledger::Log::open(folder, signing, options, || NOW)?;
    let bundle = policy::Bundle::compile(&policy::baseline_sources(), &policy::Grants::default());
    let mut one = Tenant {
        id: tenant.clone(),
        log,
        books: Arc::default(),
        in_flight: usize::MAX,
        trust: Arc::new(Trust {
            key: Some(signer.clone()),
            issuer: "gate".into(),
            issuers: vec![Arc::new(TrustedIssuer::fixed(
                issuer(),
                JwkSet::parse(outside_keys()?.as_bytes())?,
            ))],
            ..Trust::default()
        }),
        credentials: Arc::default(),
        agents: Default::default(),
        persons: Default::default(),
        providers: Vec::new(),
        bundle: Arc::new(bundle.map_err(|_| "the baseline compiles")?),
        engine: None,
        tool_engine: None,
        redacting: None,
        vault: None,
        approvals: None,
        classifier: None,
        keeping: None,
        mcp: Arc::new(Mcp {
            servers: Vec::new(),
            seal: Arc::new(Seal::new(&Secret::new("x".repeat(32)), &tenant).ok_or("a key")?),
            pins: Arc::new(Pins::new(Vec::new(), Arc::new(|pin| Box::pin(async { Ok(pin) })))),
            origins: Vec::new(),
        }),
        limits: Vec::new(),
        loops: Default::default(),
        names: None,
        everything: Standing::Active,
    };
    for name in ["planner", "worker", "bot"] {
        let agent = Agent {
            tenant: tenant.clone(),
            name: AgentName::new(name)?,
            owner: None,
            purpose: None,
            roles: Vec::new(),
            zone: ZoneName::new("production")?,
            standing: Standing::Active,
            tier: None,
        };
        one.agents.insert(agent.name.clone(), Arc::new(agent));
    }
    let person = Person {
        tenant: tenant.clone(),
        name: UserName::new("ann@example.com")?,
        email: None,
        scopes: Scopes::parse("a.read a.write b.read b.write c d")?,
        standing: Standing::Active,
    };
    one.persons.insert(person.name.clone(), Arc::new(person));
    let directory = Directory::of([&one]);
    let mut snapshot = Snapshot { directory, ..Snapshot::default() };
    let credential =
        Credential { tenant: tenant.clone(), agent: AgentName::new("bot")?, expires: None };
    snapshot.keys.insert(key.hash(), credential);
    snapshot.tenants.insert(tenant, Arc::new(one));
    Ok(snapshot)
}
