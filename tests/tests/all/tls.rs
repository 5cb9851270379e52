//! TLS on every side: agents, administrators, providers; certificates that change while in use.

use std::path::Path;

use http::{Method, Version};
use portcullis_tests::mock::FOX;
use portcullis_tests::tls::Authority;
use portcullis_tests::{Client, Gate, chat, chat_stream, gate, upstream, wait};

use crate::CHAT;

const GATE: &str = "[gate.tls]\ncertificate = \"gate.pem\"\nkey = \"gate.key\"\n";
const MUTUAL: &str = "client_ca = \"clients.pem\"\n";
const CONSOLE: &str = "[console.tls]\ncertificate = \"gate.pem\"\nkey = \"gate.key\"\n";

/// Puts a new certificate where the configuration has it.
fn certify(gate: &Gate, authority: &Authority) {
    let place = |name: &str| gate.folder().join(name);
    authority.issue().write(&place("gate.pem"), &place("gate.key"));
}

/// Waits until a new connection is accepted by a client that trusts only this authority.
async fn becomes_trusted(client: &Client) {
    let end = std::time::Instant::now() + wait::DEADLINE;
    while let Err(error) = client.try_open(Method::GET, "/healthz", Vec::new().into()).await {
        assert!(std::time::Instant::now() < end, "still {error}");
    }
}

#[tokio::test]
async fn both_versions_of_http_are_served_over_tls() {
    let upstream = upstream().run();
    let authority = Authority::default();
    let mut gate = gate().openai(&upstream).agent("bot").sections(GATE).prepare();
    certify(&gate, &authority);
    gate.start();
    let client = gate.client("bot").tls(&authority.client());
    for (client, version) in
        [(client.clone(), Version::HTTP_11), (client.clone().http2(), Version::HTTP_2)]
    {
        let open = client.stream(CHAT, chat("hello")).await;
        assert_eq!(open.version, version);
        let reply = open.whole().await.expect(200);
        assert_eq!(reply.json()["choices"][0]["message"]["content"], FOX);
        let streamed = client.post(CHAT, chat_stream("gpt-mock", "hello")).await.expect(200);
        assert_eq!(streamed.said(), FOX);
    }
    let stranger = client.tls(&Authority::default().client());
    stranger.try_open(Method::GET, "/healthz", Vec::new().into()).await.unwrap_err();
    let plain = gate.client("bot");
    plain.try_open(Method::GET, "/healthz", Vec::new().into()).await.unwrap_err();
}

#[tokio::test]
async fn a_client_certificate_can_be_demanded() {
    let upstream = upstream().run();
    let (servers, clients) = (Authority::default(), Authority::default());
    let sections = format!("{GATE}{MUTUAL}");
    let mut gate = gate().openai(&upstream).agent("bot").sections(&sections).prepare();
    certify(&gate, &servers);
    clients.write(&gate.folder().join("clients.pem"));
    gate.start();
    let bot = gate.client("bot");
    let known = bot.clone().tls(&servers.client_as(clients.issue()));
    known.post(CHAT, chat("x")).await.expect(200);
    // The certificate does not stand for the key.
    let keyless = gate.stranger().tls(&servers.client_as(clients.issue()));
    keyless.post(CHAT, chat("x")).await.expect(401);
    for config in [servers.client(), servers.client_as(servers.issue())] {
        for client in [bot.clone().tls(&config), bot.clone().tls(&config).http2()] {
            let body = chat("x").to_string();
            client.try_open(Method::POST, CHAT, body.into()).await.unwrap_err();
        }
    }
    assert_eq!(upstream.calls().len(), 1);
}

#[tokio::test]
async fn new_certificates_are_taken_up_and_open_streams_go_on() {
    let upstream = upstream().run();
    let [first, second, third] = [(); 3].map(|()| Authority::default());
    let mut gate = gate().openai(&upstream).agent("bot").sections(GATE).prepare();
    certify(&gate, &first);
    gate.start();
    let bot = gate.client("bot");
    let body = chat_stream("gpt-mock-endless", "x");
    let mut open = bot.clone().tls(&first.client()).stream(CHAT, body).await;
    open.until("fox").await;

    certify(&gate, &second);
    gate.signal("HUP");
    becomes_trusted(&bot.clone().tls(&second.client())).await;
    // Without a signal too.
    certify(&gate, &third);
    becomes_trusted(&bot.clone().tls(&third.client())).await;
    let old = bot.clone().tls(&first.client());
    old.try_open(Method::GET, "/healthz", Vec::new().into()).await.unwrap_err();
    open.until("fox").await;
}

#[tokio::test]
async fn a_broken_certificate_changes_nothing_and_is_recorded() {
    let upstream = upstream().run();
    let authority = Authority::default();
    let mut gate = gate().openai(&upstream).agent("bot").sections(GATE).prepare();
    certify(&gate, &authority);
    gate.start();
    let client = gate.client("bot").tls(&authority.client());
    let failed = |gate: &Gate| {
        let is_it = |record: &&serde_json::Value| {
            record["kind"] == "system.reload" && record["status"] == "failed"
        };
        gate.records().iter().filter(is_it).count()
    };
    let spoil: [fn(&Path); 2] = [
        |folder| std::fs::write(folder.join("gate.pem"), "no certificate").unwrap(),
        // A good certificate, and the key of another.
        |folder| {
            let authority = Authority::default();
            authority.issue().write(&folder.join("gate.pem"), &folder.join("other.key"));
        },
    ];
    for (before, spoil) in spoil.iter().enumerate() {
        spoil(gate.folder());
        gate.signal("HUP");
        wait::until("the record of the attempt", || (failed(&gate) > before).then_some(()));
        client.post(CHAT, chat("x")).await.expect(200);
    }
}

#[tokio::test]
async fn a_provider_is_reached_over_tls_and_only_if_its_authority_is_known() {
    let authority = Authority::default();
    let upstream = upstream().tls(authority.issue().server()).run();
    for (trusted, status) in [(&authority, 200), (&Authority::default(), 502)] {
        let mut gate = gate()
            .openai(&upstream)
            .provider_lines("ca = \"provider.pem\"\n")
            .agent("bot")
            .prepare();
        trusted.write(&gate.folder().join("provider.pem"));
        gate.start();
        let reply = gate.client("bot").post(CHAT, chat("hello")).await.expect(status);
        if status == 502 {
            assert!(reply.message().contains("certificate"), "{}", reply.message());
            assert_eq!(gate.record(reply.record())["status"], "failed");
        }
    }
    assert_eq!(upstream.calls().len(), 1);
}

#[tokio::test]
async fn a_providers_new_authority_is_taken_up() {
    let authority = Authority::default();
    let upstream = upstream().tls(authority.issue().server()).run();
    let lines = "ca = \"provider.pem\"\n";
    let mut gate = gate().openai(&upstream).provider_lines(lines).agent("bot").prepare();
    let file = gate.folder().join("provider.pem");
    Authority::default().write(&file);
    gate.start();
    gate.client("bot").post(CHAT, chat("hello")).await.expect(502);
    authority.write(&file);
    let end = std::time::Instant::now() + wait::DEADLINE;
    while gate.client("bot").post(CHAT, chat("hello")).await.status != 200 {
        assert!(std::time::Instant::now() < end, "the file was not read again");
    }
}

#[tokio::test]
async fn a_named_authority_stands_alone() {
    let (public, named) = (Authority::default(), Authority::default());
    let upstream = upstream().tls(public.issue().server()).run();
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("public.pem");
    public.write(&store);
    for (lines, status) in [("", 200), ("ca = \"provider.pem\"\n", 502)] {
        let mut gate = gate()
            .openai(&upstream)
            .provider_lines(lines)
            .agent("bot")
            .variable("SSL_CERT_FILE", store.to_str().unwrap())
            .prepare();
        named.write(&gate.folder().join("provider.pem"));
        gate.start();
        gate.client("bot").post(CHAT, chat("hello")).await.expect(status);
    }
}

#[tokio::test]
async fn the_console_is_served_over_tls() {
    let authority = Authority::default();
    let mut gate = gate().sections(CONSOLE).prepare();
    certify(&gate, &authority);
    gate.start();
    let console = Client::new(gate.console());
    let trusting = console.clone().tls(&authority.client());
    trusting.get("/healthz").await.expect(200);
    trusting.http2().get("/healthz").await.expect(200);
    console.try_open(Method::GET, "/healthz", Vec::new().into()).await.unwrap_err();
}
