//! For whom an agent acts: exchange of tokens, the chain in every record, and what ends it.

use portcullis_tests::issuer::{AUDIENCE, Issuer, now};
use portcullis_tests::{Gate, chat, chat_to, gate, upstream};
use serde_json::{Value, json};

use crate::CHAT;

/// Three agents, an identity provider, and Ann, who may read and send mail.
fn office(issuer: &Issuer, upstream: &portcullis_tests::Upstream) -> Gate {
    let gate = gate()
        .openai(upstream)
        .agent("planner")
        .agent("worker")
        .agent("third")
        .sections(&issuer.section())
        .run();
    let ann = ["person", "add", "ann@example.com", "--email", "ann@mail.example.com"];
    let scopes = ["--scope", "mail.read", "--scope", "mail.send"];
    gate.succeeds(&[&ann[..], &scopes].concat());
    gate
}

fn claims_of(token: &str) -> Value {
    use base64::Engine as _;
    let part = token.split('.').nth(1).expect("claims");
    let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(part).expect("base64url");
    serde_json::from_slice(&bytes).expect("claims")
}

#[tokio::test]
async fn the_person_and_every_agent_stand_in_the_record_in_order() {
    let (issuer, upstream) = (Issuer::run(), upstream().run());
    let gate = office(&issuer, &upstream);
    let person = issuer.token("ann@example.com");
    let answer = gate.client("planner").exchange(&person, &[]).await.expect(200);
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_eq!(answer.json()["scope"], "mail.read mail.send");
    assert_eq!(answer.json()["token_type"], "Bearer");
    let first = answer.token();
    let second = gate.client("worker").exchanged(&first, &[("scope", "mail.read")]).await;
    assert_eq!(claims_of(&second)["act"]["act"]["sub"], "planner");

    let made = gate.record(answer.record());
    assert_eq!((&made["kind"], &made["agent"]), (&json!("auth.attempt"), &json!("planner")));
    assert_eq!(made["on_behalf_of"], "ann@example.com");
    assert_eq!(made["resource"]["name"], *answer.record());

    let worker = gate.stranger().bearer(&second);
    let called = worker.post(CHAT, chat("x")).await.expect(200);
    let refused = worker.post(CHAT, json!({"messages": []})).await.expect(400);
    for reply in [&called, &refused] {
        let record = gate.record(reply.record());
        assert_eq!(record["agent"], "worker");
        assert_eq!(record["on_behalf_of"], "ann@example.com");
        assert_eq!(record["chain"], json!(["planner", "worker"]));
        assert_eq!(record["detail"]["tier"], "sub_agent");
        assert_eq!(record["detail"]["email"], "ann@mail.example.com");
        assert_eq!(
            record["client"]["credential"],
            format!("token:{}", claims_of(&second)["jti"].as_str().unwrap())
        );
    }
    let seen = format!("{:?}", upstream.last().headers);
    assert!(!seen.contains(&second), "the token went upstream");

    // The agent's own key beside the delegation says the same; another agent's key does not.
    let both = gate.client("worker").header("portcullis-delegation", &second);
    both.post(CHAT, chat("x")).await.expect(200);
    let others = gate.client("planner").header("portcullis-delegation", &second);
    let record = gate.record(others.post(CHAT, chat("x")).await.expect(401).record());
    assert!(record.get("on_behalf_of").is_none(), "{record}");
}

#[tokio::test]
async fn more_than_there_is_cannot_be_had() {
    let (issuer, upstream) = (Issuer::run(), upstream().run());
    let gate = office(&issuer, &upstream);
    let (planner, worker) = (gate.client("planner"), gate.client("worker"));
    let person = issuer.token("ann@example.com");
    for more in ["admin", "mail.read admin", "Mail.Read", "mail.read  mail.send", " mail.read"] {
        let refused = planner.exchange(&person, &[("scope", more)]).await.expect(400);
        assert_eq!(refused.oauth_error(), "invalid_scope", "{more:?}");
        let record = gate.record(refused.record());
        assert_eq!(record["decision"]["effect"], "deny");
        assert_eq!(record["agent"], "planner");
    }
    let narrow = planner.exchanged(&person, &[("scope", "mail.read")]).await;
    let refused = worker.exchange(&narrow, &[("scope", "mail.send")]).await.expect(400);
    assert_eq!(refused.oauth_error(), "invalid_scope");
    let record = gate.record(refused.record());
    assert_eq!(record["on_behalf_of"], "ann@example.com");
    assert_eq!(record["chain"], json!(["planner"]));

    let handed_on = worker.exchanged(&narrow, &[]).await;
    let looping = planner.exchange(&handed_on, &[]).await.expect(400);
    assert_eq!(looping.oauth_error(), "invalid_request");
    assert!(looping.text().contains("loop"), "{}", looping.text());
    // An agent acts for itself by roles: there is no scope that it could give itself.
    let own = planner.ask(&[("grant_type", "client_credentials"), ("scope", "admin")]).await;
    assert_eq!(own.expect(400).oauth_error(), "invalid_scope");
}

#[tokio::test]
async fn what_changes_for_the_person_holds_from_the_next_call_on() {
    let (issuer, upstream) = (Issuer::run(), upstream().run());
    let policy = r#"
@id("mail-by-scope")
@description("Whoever may send mail for the person may call.")
permit (principal, action, resource) when { context.scopes.contains("mail.send") };
"#;
    let gate = gate()
        .openai(&upstream)
        .agent("planner")
        .agent("worker")
        .sections(&issuer.section())
        .policy("own.cedar", policy)
        .run();
    gate.succeeds(&["person", "add", "ann@example.com", "--scope", "mail.send"]);
    let person = issuer.token("ann@example.com");
    let first = gate.client("planner").exchanged(&person, &[]).await;
    let second = gate.client("worker").exchanged(&first, &[]).await;
    let (planner, worker) = (gate.stranger().bearer(&first), gate.stranger().bearer(&second));
    worker.post(CHAT, chat("x")).await.expect(200);
    gate.client("worker").post(CHAT, chat("x")).await.expect(403);

    gate.succeeds(&["person", "scope", "ann@example.com", "--scope", "mail.read"]);
    worker.post(CHAT, chat("x")).await.expect(403);
    gate.succeeds(&["person", "scope", "ann@example.com", "--scope", "mail.send"]);
    worker.post(CHAT, chat("x")).await.expect(200);

    gate.succeeds(&["person", "disable", "ann@example.com"]);
    for client in [&planner, &worker] {
        let record = gate.record(client.post(CHAT, chat("x")).await.expect(403).record());
        assert_eq!(record["on_behalf_of"], "ann@example.com");
    }
    let again = gate.client("planner").exchange(&person, &[]).await.expect(403);
    assert_eq!(again.oauth_error(), "access_denied");
    gate.succeeds(&["person", "enable", "ann@example.com"]);
    worker.post(CHAT, chat("x")).await.expect(200);

    gate.succeeds(&["agent", "suspend", "planner"]);
    let cut = gate.record(worker.post(CHAT, chat("x")).await.expect(403).record());
    assert_eq!(cut["chain"], json!(["planner", "worker"]));
    gate.succeeds(&["agent", "resume", "planner"]);
    worker.post(CHAT, chat("x")).await.expect(200);
    gate.succeeds(&["person", "remove", "ann@example.com"]);
    worker.post(CHAT, chat("x")).await.expect(403);
}

#[tokio::test]
async fn a_token_ends_with_the_key_that_it_was_given_for() {
    let upstream = upstream().run();
    let gate = gate().openai(&upstream).agent("other").run();
    let added = gate.succeeds(&["agent", "add", "bot", "--role", "tester", "--json"]);
    let key = serde_json::from_str::<Value>(&added).unwrap()["key"].as_str().unwrap().to_owned();
    let own = gate.stranger().bearer(&key).ask(&[("grant_type", "client_credentials")]).await;
    let token = own.expect(200).token();
    let bot = gate.stranger().bearer(&token);
    let record = gate.record(bot.post(CHAT, chat("x")).await.expect(200).record());
    assert_eq!(record["agent"], "bot");
    assert!(record.get("on_behalf_of").is_none() && record.get("chain").is_none(), "{record}");
    gate.succeeds(&["agent", "suspend", "bot"]);
    bot.post(CHAT, chat("x")).await.expect(403);
    gate.succeeds(&["agent", "resume", "bot"]);
    bot.post(CHAT, chat("x")).await.expect(200);
    gate.succeeds(&["agent", "rotate", "bot", "--now"]);
    bot.post(CHAT, chat("x")).await.expect(401);
    gate.succeeds(&["agent", "remove", "bot"]);
    bot.post(CHAT, chat("x")).await.expect(401);
}

#[tokio::test]
async fn a_call_that_nobody_answers_for_is_refused_where_a_person_is_required() {
    let (issuer, upstream) = (Issuer::run(), upstream().run());
    let gate = gate()
        .openai(&upstream)
        .provider_lines("person = \"required\"\n")
        .agent("planner")
        .sections(&issuer.section())
        .run();
    gate.succeeds(&["person", "add", "ann@example.com"]);
    let refused = gate.client("planner").post(CHAT, chat("x")).await.expect(403);
    assert_eq!(gate.record(refused.record())["agent"], "planner");
    let own = gate.client("planner").ask(&[("grant_type", "client_credentials")]).await;
    gate.stranger().bearer(&own.expect(200).token()).post(CHAT, chat("x")).await.expect(403);
    let token = gate.client("planner").exchanged(&issuer.token("ann@example.com"), &[]).await;
    gate.stranger().bearer(&token).post(CHAT, chat("x")).await.expect(200);
}

#[tokio::test]
async fn a_token_that_is_handed_on_opens_nothing_by_itself() {
    let (issuer, upstream) = (Issuer::run(), upstream().run());
    let gate = office(&issuer, &upstream);
    let jwt = ("requested_token_type", "urn:ietf:params:oauth:token-type:jwt");
    let person = issuer.token("ann@example.com");
    let handed = gate.client("planner").exchanged(&person, &[jwt, ("scope", "mail.read")]).await;
    gate.stranger().bearer(&handed).post(CHAT, chat("x")).await.expect(401);
    let token = gate.client("worker").exchanged(&handed, &[]).await;
    let record = gate.stranger().bearer(&token).post(CHAT, chat("x")).await.expect(200);
    assert_eq!(gate.record(record.record())["chain"], json!(["planner", "worker"]));
}

#[tokio::test]
async fn a_token_for_a_part_of_the_gate_opens_no_other() {
    let (issuer, upstream) = (Issuer::run(), upstream().run());
    let gate = office(&issuer, &upstream);
    let person = issuer.token("ann@example.com");
    let origin = format!("http://{}", gate.address());
    let here = format!("{origin}/llm/openai");
    let planner = gate.client("planner");
    let token = planner.exchanged(&person, &[("resource", &here)]).await;
    gate.stranger().bearer(&token).post(CHAT, chat("x")).await.expect(200);
    gate.stranger().bearer(&token).post("/v1/chat/completions", chat("x")).await.expect(401);
    let wider = gate.client("worker").exchange(&token, &[("resource", &origin)]).await;
    assert_eq!(wider.expect(400).oauth_error(), "invalid_target");
    for bad in [
        "https://evil.example.com/mcp",
        "/llm",
        &format!("{origin}/a/../b"),
        &format!("{origin}/a%2fb"),
        &format!("{here}?x"),
    ] {
        let refused = planner.exchange(&person, &[("resource", bad)]).await.expect(400);
        assert_eq!(refused.oauth_error(), "invalid_target", "{bad}");
    }
    let other = planner.exchange(&person, &[("audience", "somebody")]).await.expect(400);
    assert_eq!(other.oauth_error(), "invalid_target");
}

#[tokio::test]
async fn who_asks_is_the_agent_of_its_credential_and_no_other() {
    let (issuer, upstream) = (Issuer::run(), upstream().run());
    let gate = office(&issuer, &upstream);
    let person = issuer.token("ann@example.com");
    let (key, other) = (gate.key("planner"), gate.key("worker"));
    let stranger = gate.stranger();
    stranger.exchange(&person, &[("client_secret", &key)]).await.expect(200);
    stranger.exchange(&person, &[("actor_token", &key)]).await.expect(200);
    use base64::Engine as _;
    let basic = |name: &str| {
        let pair = base64::engine::general_purpose::STANDARD.encode(format!("{name}:{key}"));
        stranger.clone().header("authorization", &format!("Basic {pair}"))
    };
    basic("planner").exchange(&person, &[]).await.expect(200);
    // Names are compared as they are: neither case nor an encoding makes one another.
    for name in ["worker", "Planner", "PLANNER", "planner%2f", "plan%6Eer%00", "planner "] {
        let refused = basic(name).exchange(&person, &[]).await.expect(401);
        assert_eq!(refused.oauth_error(), "invalid_client", "{name:?}");
    }
    for refused in [
        stranger.exchange(&person, &[]).await,
        basic("planner").exchange(&person, &[("client_secret", &other)]).await,
        stranger.exchange(&person, &[("client_secret", &key), ("client_id", "worker")]).await,
        stranger.clone().bearer(&person).exchange(&person, &[]).await,
    ] {
        let refused = refused.expect(401);
        assert_eq!(refused.oauth_error(), "invalid_client");
        let record = gate.record(refused.record());
        assert_eq!(record["decision"]["effect"], "deny");
        assert!(!record.to_string().contains(&key), "the key stands in the record");
    }
}

#[tokio::test]
async fn an_issuer_is_taken_at_its_word_only_as_configured() {
    let (issuer, upstream) = (Issuer::run(), upstream().run());
    let gate = office(&issuer, &upstream);
    let planner = gate.client("planner");
    let with = |name: &str, value: Value| {
        let mut claims = issuer.claims("ann@example.com");
        claims[name] = value;
        issuer.sign(&claims)
    };
    let header = |name: &str, value: Value| {
        let mut header = json!({"alg": "EdDSA", "kid": "key-1", "typ": "JWT"});
        header[name] = value;
        issuer.sign_as(&header, &issuer.claims("ann@example.com"))
    };
    planner.exchange(&issuer.token("ann@example.com"), &[]).await.expect(200);
    planner.exchange(&with("aud", json!(["x", AUDIENCE])), &[]).await.expect(200);
    let good = issuer.token("ann@example.com");
    let signature = good.rfind('.').unwrap();
    for (what, token) in [
        ("expired a second ago", with("exp", json!(now() - 1))),
        ("not yet", with("nbf", json!(now() + 60))),
        ("made in the future", with("iat", json!(now() + 60))),
        ("without an end", with("exp", Value::Null)),
        ("for somebody else", with("aud", json!("https://other.example.com"))),
        ("for nobody", with("aud", json!([]))),
        ("of another issuer", with("iss", json!("https://evil.example.com"))),
        ("of nobody", with("sub", Value::Null)),
        ("of a name that is none", with("sub", json!("ann example"))),
        ("bound to a key that is not shown", with("cnf", json!({"x5t#S256": "x"}))),
        ("unsigned", header("alg", json!("none"))),
        ("with a key of another kind", header("alg", json!("HS256"))),
        ("with another algorithm", header("alg", json!("RS256"))),
        ("with a key that is not known", header("kid", json!("key-2"))),
        ("a proof and no token", header("typ", json!("dpop+jwt"))),
        ("with an extension", header("crit", json!(["exp"]))),
        ("cut off", good[..signature].to_owned()),
        ("without its signature", good[..=signature].to_owned()),
        ("oversized", with("x", json!("x".repeat(20_000)))),
        ("garbage", "a.b.c".to_owned()),
    ] {
        let refused = planner.exchange(&token, &[]).await;
        assert_eq!(refused.status, 400, "{what}: {}", refused.text());
        assert_eq!(refused.oauth_error(), "invalid_grant", "{what}");
        let record = gate.record(refused.record());
        assert_eq!(record["agent"], "planner", "{what}");
        assert!(!record["decision"]["reason"].as_str().unwrap().is_empty(), "{what}");
    }
    let unknown = planner.exchange(&issuer.token("bob@example.com"), &[]).await.expect(403);
    assert_eq!(unknown.oauth_error(), "access_denied");
}

#[tokio::test]
async fn keys_are_read_again_when_an_issuer_changes_them_and_not_for_every_stranger() {
    let (issuer, upstream) = (Issuer::run(), upstream().run());
    let gate = office(&issuer, &upstream);
    let planner = gate.client("planner");
    planner.exchange(&issuer.token("ann@example.com"), &[]).await.expect(200);
    assert_eq!(issuer.readings(), 1);
    issuer.rotate(2);
    for _ in 0..20 {
        planner.exchange(&issuer.token("ann@example.com"), &[]).await.expect(400);
    }
    // Read a moment ago: a flood of made-up keys does not become a flood at the issuer.
    assert_eq!(issuer.readings(), 1);
}

#[tokio::test]
async fn a_form_that_is_none_is_refused_and_recorded() {
    let (issuer, upstream) = (Issuer::run(), upstream().run());
    let gate = office(&issuer, &upstream);
    let planner = gate.client("planner");
    let kind = "application/x-www-form-urlencoded";
    let form = planner.clone().header("content-type", kind);
    for (body, error) in [
        ("", "invalid_request"),
        ("grant_type=client_credentials&grant_type=client_credentials", "invalid_request"),
        ("grant_type=%zz", "invalid_request"),
        ("grant_type=password", "unsupported_grant_type"),
        ("grant_type=client_credentials&expires_in=-1", "invalid_request"),
        ("grant_type=client_credentials&requested_token_type=x", "invalid_request"),
        ("grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Atoken-exchange", "invalid_request"),
    ] {
        let refused = form.post("/oauth/token", body.to_owned()).await.expect(400);
        assert_eq!(refused.oauth_error(), error, "{body}");
        assert_eq!(gate.record(refused.record())["kind"], "auth.attempt");
    }
    planner.post("/oauth/token", json!({"grant_type": "client_credentials"})).await.expect(400);
    form.get("/oauth/token").await.expect(400);
    form.post("/oauth/token?grant_type=client_credentials", String::new()).await.expect(400);
    form.post("/oauth/token", "x=".to_owned() + &"y".repeat(100_000)).await.expect(413);
}

#[tokio::test]
async fn a_budget_is_the_persons_however_many_agents_act() {
    let (issuer, upstream) = (Issuer::run(), upstream().run());
    let limits = "\n[[limit]]\nname = \"person\"\nper = \"person\"\nwindow = \"1d\"\nrequests = 4\n\n[[limit]]\nname = \"sub\"\nper = \"person\"\ntier = \"sub_agent\"\nwindow = \"1d\"\nrequests = 2\n";
    let gate = gate()
        .openai(&upstream)
        .agent("planner")
        .agent("worker")
        .agent("third")
        .sections(&(issuer.section() + limits))
        .run();
    for person in ["ann@example.com", "bob@example.com"] {
        gate.succeeds(&["person", "add", person]);
    }
    let ann = gate.client("planner").exchanged(&issuer.token("ann@example.com"), &[]).await;
    let worker = gate.client("worker").exchanged(&ann, &[]).await;
    let third = gate.client("third").exchanged(&ann, &[]).await;
    let call = async |token: &str| gate.stranger().bearer(token).post(CHAT, chat("x")).await;
    call(&worker).await.expect(200);
    // What is refused counts for nothing.
    let wrong = gate.stranger().bearer(&worker).post(CHAT, json!({"messages": []})).await;
    wrong.expect(400);
    call(&third).await.expect(200);
    let refused = call(&third).await.expect(429);
    assert!(refused.message().contains("\"sub\""), "{}", refused.message());
    call(&ann).await.expect(200);
    call(&ann).await.expect(200);
    let refused = call(&ann).await.expect(429);
    assert!(refused.message().contains("\"person\""), "{}", refused.message());
    let record = gate.record(refused.record());
    assert_eq!(record["on_behalf_of"], "ann@example.com");
    // Neither another person nor the agent by itself is held up.
    let bob = gate.client("planner").exchanged(&issuer.token("bob@example.com"), &[]).await;
    call(&bob).await.expect(200);
    gate.client("planner").post(CHAT, chat_to("gpt-mock", "x")).await.expect(200);
}

#[tokio::test]
async fn clients_find_out_how_to_get_in() {
    let (issuer, upstream) = (Issuer::run(), upstream().run());
    let gate = office(&issuer, &upstream);
    let stranger = gate.stranger();
    let origin = format!("http://{}", gate.address());
    let turned_away = stranger.post("/mcp/files", json!({})).await.expect(401);
    let pointer = format!("{origin}/.well-known/oauth-protected-resource/mcp/files");
    let challenge = turned_away.header("www-authenticate");
    assert!(challenge.contains(&format!("resource_metadata=\"{pointer}\"")), "{challenge}");
    let metadata = stranger.get("/.well-known/oauth-protected-resource/mcp/files").await;
    let metadata = metadata.expect(200).json();
    assert_eq!(metadata["resource"], format!("{origin}/mcp/files"));
    assert_eq!(metadata["authorization_servers"], json!([issuer.url(), origin]));
    let server = stranger.get("/.well-known/oauth-authorization-server").await.expect(200).json();
    assert_eq!(server["token_endpoint"], format!("{origin}/oauth/token"));
    let keys = stranger.get("/.well-known/jwks.json").await.expect(200).json();
    assert_eq!(keys["keys"][0]["kty"], "OKP");
    assert!(keys["keys"][0].get("d").is_none());
    stranger.get("/.well-known/other").await.expect(404);
}
