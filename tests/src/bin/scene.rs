//! Runs a command with a mock model API and a gate around it: `scene [--direct] [--mcp SCRIPT] COMMAND …`.
//!
//! For clients that are not written in Rust. They find in the environment: `GATE_URL`, the agents' keys
//! `BOT_KEY` (may do everything), `POOR_KEY` (two requests an hour) and `CLERK_KEY` (may call no model of
//! this gate), `CARD` and `TOKEN`, values that inspection knows, `LEDGER`, the folder of the gate's log,
//! `ISSUER_URL`, where an identity provider may serve that the gate trusts, `AUTHORIZATION_URL`, where an
//! authorization server may whose tokens stand for agents, and `SIGNING_KEY`, the private key
//! of `bot`, PEM, `SSO_ISSUER`, where an identity provider may serve by which people log in, and `SSO_SECRET`, the
//! console's secret there, `OCSF`, the file into which it writes events, `ADMIN`, its socket, `CONSOLE_URL`, its console, and
//! `WELCOME`, the path at which the first administrator is welcome. With `--mcp` there are two MCP servers: `own`, which the gate starts as `COMMAND SCRIPT stdio`,
//! and `web`, which the tests start on the port `MCP_PORT`. With `--direct` there is no gate:
//! what fails then is the mock's fault or the client's, or is a refusal.

use std::process::{Command, ExitCode};

use portcullis_tests::{Gate, Upstream, fake, gate, upstream, wait};
use rcgen::{KeyPair, PKCS_ED25519};

/// In the folder of the gate.
const OCSF: &str = "ocsf.jsonl";

fn main() -> ExitCode {
    let mut words: Vec<String> = std::env::args().skip(1).collect();
    let direct = words.first().is_some_and(|word| word == "--direct");
    words.drain(..usize::from(direct));
    let script = words
        .first()
        .is_some_and(|word| word == "--mcp")
        .then(|| words.drain(..2.min(words.len())).next_back().unwrap_or_default());
    let Some((program, arguments)) = words.split_first() else {
        eprintln!("usage: scene [--direct] [--mcp SCRIPT] COMMAND …");
        return ExitCode::from(2);
    };
    let upstream = upstream().run();
    let servers = script.map(|script| servers(program, &script)).unwrap_or_default();
    let (issuer, authorization, key) = (free_address(), free_address(), signing_key());
    let issuers = [issuer.as_str(), &authorization];
    let sso = (free_address(), fake::github_token());
    let gate = (!direct).then(|| start(&upstream, &servers.0, issuers, &key, &sso));
    let mut command = Command::new(program);
    command.args(arguments).env("CARD", fake::payment_card()).env("TOKEN", fake::github_token());
    command.env(
        "GATE_URL",
        gate.as_ref().map_or(upstream.url(), |gate| format!("http://{}", gate.address())),
    );
    if let Some(gate) = &gate {
        command.env("LEDGER", gate.ledger()).env("OCSF", gate.folder().join(OCSF));
        command.env("ADMIN", gate.data().join("admin.sock"));
        // A passkey belongs to a name, not to an address.
        command.env("CONSOLE_URL", format!("http://localhost:{}", gate.console().port()));
        command.env("WELCOME", welcome(gate));
        command.env("SSO_ISSUER", &sso.0).env("SSO_SECRET", &sso.1);
        command.env("ISSUER_URL", &issuer).env("AUTHORIZATION_URL", &authorization);
        command.env("SIGNING_KEY", key.serialize_pem());
    }
    if servers.1 > 0 {
        command.env("MCP_PORT", servers.1.to_string());
    }
    for (variable, agent) in [("BOT_KEY", "bot"), ("POOR_KEY", "poor"), ("CLERK_KEY", "clerk")] {
        command.env(variable, gate.as_ref().map_or("none".to_owned(), |gate| gate.key(agent)));
    }
    let ended = command.status();
    if ended.as_ref().is_ok_and(std::process::ExitStatus::success) {
        return ExitCode::SUCCESS;
    }
    eprintln!("{program}: {ended:?}\n{}", gate.map_or(String::new(), |gate| gate.log()));
    ExitCode::FAILURE
}

/// Sections for two MCP servers, and the port of the second.
fn servers(program: &str, script: &str) -> (String, u16) {
    let free = std::net::TcpListener::bind("127.0.0.1:0").and_then(|socket| socket.local_addr());
    let port = free.expect("a free port").port();
    // The operator knows these tools: what they say is no stranger's, and they change nothing but for one.
    let tools = "[[mcp.tool]]\nname = \"send\"\neffect = \"external\"\ndecisive = [\"to\"]\n\n[[mcp.tool]]\nname = \"*\"\neffect = \"read\"\nintegrity = \"trusted\"\n\n";
    let sections = format!(
        "[[mcp]]\nname = \"own\"\ncommand = [\"{program}\", \"{script}\", \"stdio\"]\n\n{tools}\
         [[mcp]]\nname = \"web\"\nurl = \"http://127.0.0.1:{port}/mcp\"\n\n{tools}"
    );
    (sections, port)
}

/// An identity provider by which people log in.
fn sign_on(issuer: &str) -> String {
    format!(
        "[people.sso]\nissuer = \"{issuer}\"\nclient_id = \"portcullis\"\ncreate = true\nname_claim = \"email\"\n\
         client_secret = {{ file = \"sso-secret\" }}\nsecond_factor_amr = [\"mfa\"]\n\n\
         [[people.group]]\nname = \"Staff\"\nroles = [\"auditor\"]\n\n"
    )
}

/// What the first start printed for whoever is to be the first administrator.
fn welcome(gate: &Gate) -> String {
    let code =
        |log: &str| log.split_once("/welcome/")?.1.split_whitespace().next().map(str::to_owned);
    format!("/welcome/{}", wait::until("the first administrator's link", || code(&gate.log())))
}

/// Where a client of the scene can serve.
fn free_address() -> String {
    let socket = std::net::TcpListener::bind("127.0.0.1:0").expect("a port on loopback");
    format!("http://{}", socket.local_addr().expect("an address"))
}

fn signing_key() -> KeyPair {
    KeyPair::generate_for(&PKCS_ED25519).expect("a key")
}

fn start(
    upstream: &Upstream,
    servers: &str,
    issuers: [&str; 2],
    key: &KeyPair,
    sso: &(String, String),
) -> Gate {
    let fast = "timeouts = { first_byte = \"1s\" }\n";
    let section = |url: &str| {
        format!("\n[[issuer]]\nurl = \"{url}\"\naudience = [\"gate\"]\nclock_skew = \"1ms\"\n")
    };
    let [people, agents] = issuers.map(section);
    let signing =
        "\n[[signing_key]]\nid = \"bot-key\"\nagent = \"bot\"\npublic_key = \"bot.pem\"\n";
    let mut gate = gate()
        .openai(upstream)
        .provider_lines(fast)
        .anthropic(upstream)
        .provider_lines(fast)
        .agent("bot")
        .agent("poor")
        .agent_as("clerk", "clerk")
        .sections(servers)
        .sections(&format!("[[export]]\nname = \"ocsf\"\nkind = \"ocsf\"\npath = \"{OCSF}\"\n"))
        .sections("[[limit]]\nper = \"agent\"\nonly = \"poor\"\nwindow = \"1h\"\nrequests = 2\n")
        // First, because clients take the first of which they hear.
        .sections(&format!("{agents}agent_claim = \"client_id\"\n"))
        .sections(&people)
        .sections(&sign_on(&sso.0))
        .sections(signing)
        .prepare();
    std::fs::write(gate.folder().join("bot.pem"), key.public_key_pem()).expect("a writable folder");
    std::fs::write(gate.folder().join("sso-secret"), &sso.1).expect("a writable folder");
    gate.start();
    gate.succeeds(&["person", "add", "ann@example.com", "--scope", "mail.read"]);
    gate
}
