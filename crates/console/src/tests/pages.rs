//! Pages: what a browser is shown, and what it may send.

use axum::http::StatusCode;
use model::{
    Decision, Effect, Finding, Kind, Record, RecordId, Resource, SessionId, Severity, TenantId,
    Timestamp,
};
use people::Role;
use serde_json::{Value, json};
use store::{Scope, StoredOffer, StoredTool};

use super::fake::{Fake, form, over_tcp, request};
use crate::pages::shell::{segment, url};
use crate::{Access, Surface, endpoints};

/// The pages of the navigation.
const PAGES: [&str; 11] = [
    "/",
    "/activity",
    "/agents",
    "/approvals",
    "/tools",
    "/policies",
    "/people",
    "/access",
    "/reviews",
    "/log",
    "/settings",
];

async fn with_agent() -> Fake {
    let fake = Fake::new();
    let agent = json!({"name": "bot", "owner": "<script>alert(1)</script>", "purpose": "to\u{202e}gnihton"});
    assert_eq!(fake.operator("POST", "/api/v1/agents", agent).await.status, 201);
    fake.index().await;
    fake
}

#[tokio::test]
async fn every_page_is_whole_and_says_where_it_is() {
    let fake = with_agent().await;
    for path in PAGES.iter().chain(&["/agents/bot", "/new/agent", "/agents/bot/suspend"]) {
        let page = fake.page(path).await;
        let text = page.text();
        assert_eq!(page.status, 200, "{path}: {text}");
        assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
        assert_eq!(text.matches("<h1>").count(), 1, "{path}");
        assert!(text.contains("aria-current=\"page\""), "{path}");
        assert!(text.contains("href=\"#main\"") && text.contains("id=\"main\""), "{path}");
        // The content policy forbids them; a page that holds one is broken in a browser.
        for inline in [" style=\"", "<style", " onclick", "<script>", "javascript:"] {
            assert!(!text.contains(inline), "{path} holds {inline}");
        }
        assert!(text.len() < 60_000, "{path} has {} bytes", text.len());
    }
}

#[tokio::test]
async fn the_files_of_pages_are_kept_for_ever_under_their_hash() {
    let fake = Fake::new();
    let text = fake.page("/").await.text();
    let paths: Vec<&str> = text.split('"').filter(|part| part.starts_with("/assets/")).collect();
    assert_eq!(paths.len(), 3, "{paths:?}");
    for path in paths {
        let file = fake.send(over_tcp(request("GET", path, Value::Null, &[]))).await;
        assert_eq!(file.status, 200, "{path}");
        assert!(file.header("cache-control").contains("immutable"), "{path}");
    }
    for path in ["/assets/console.css", "/assets/..%2f..%2fCargo.toml", "/assets/"] {
        let file = fake.send(over_tcp(request("GET", path, Value::Null, &[]))).await;
        assert_eq!(file.status, 404, "{path}");
    }
}

#[tokio::test]
async fn what_an_agent_is_called_is_text_wherever_it_stands() {
    let fake = with_agent().await;
    for path in [
        "/agents",
        "/agents/bot",
        "/activity",
        "/agents?filter=%3Cscript%3E&sort=%22%3E%3Cscript%3E",
    ] {
        let text = fake.page(path).await.text();
        assert!(!text.contains("<script>"), "{path}");
        assert!(!text.contains('\u{202e}'), "{path}");
    }
    let text = fake.page("/agents/bot").await.text();
    assert!(text.contains("&lt;script&gt;alert(1)") && text.contains(r"\u{202e}"), "{text}");
}

#[tokio::test]
async fn a_problem_is_a_page_there_and_json_in_the_api() {
    let fake = Fake::new();
    let page = fake.page("/agents/nobody").await;
    assert_eq!(
        (page.status, page.header("content-type")),
        (StatusCode::NOT_FOUND, "text/html; charset=utf-8")
    );
    let api = fake.operator("GET", "/api/v1/agents/nobody", Value::Null).await;
    assert_eq!(api.header("content-type"), "application/problem+json");
    let page = fake.send(over_tcp(request("GET", "/agents", Value::Null, &[]))).await;
    assert_eq!(page.status, 401);
    assert!(!page.header("portcullis-record").is_empty() && page.text().contains("<h1>"));
}

#[tokio::test]
async fn a_form_changes_what_it_says_and_leads_back() {
    let fake = with_agent().await;
    let done = fake.submit("/agents/bot/suspend", &[("reason", "it looks odd")]).await;
    assert_eq!(
        (done.status, done.header("location")),
        (StatusCode::SEE_OTHER, "/agents/bot?done=suspend")
    );
    assert!(!done.header("portcullis-record").is_empty());
    let page = fake.page("/agents/bot?done=suspend").await.text();
    assert!(page.contains("it looks odd") && page.contains("what was open was cut"), "{page}");
    // A word that is not ours says nothing.
    assert!(!fake.page("/agents/bot?done=You+won").await.text().contains("You won"));
    let done = fake.submit("/agents/bot/resume", &[("reason", "")]).await;
    assert_eq!(done.status, 303);
    let made = fake
        .submit(
            "/new/agent",
            &[
                ("name", "second"),
                ("owner", ""),
                ("purpose", ""),
                ("roles", "a b"),
                ("zone", "test"),
            ],
        )
        .await;
    assert!(made.status == 200 && made.text().contains("pc_"));
    assert_eq!(made.header("cache-control"), "no-store");
    let agent = fake.operator("GET", "/api/v1/agents/second", Value::Null).await.json();
    assert_eq!((&agent["roles"], &agent["zone"]), (&json!(["a", "b"]), &json!("test")));
}

#[tokio::test]
async fn a_form_of_another_site_session_or_page_changes_nothing() {
    let fake = with_agent().await;
    let writer = fake.token(Scope::Write, None).await;
    let bearer = format!("Bearer {writer}");
    let (ours, theirs) = (fake.form_token("token:Write"), fake.form_token("token:Other"));
    let path = "/agents/bot/suspend";
    let send = async |token: &str, more: &[(&str, &str)], field: &str| {
        let headers = [&[("authorization", bearer.as_str())], more].concat();
        let fields = [("reason", ""), (field, token)];
        fake.send(over_tcp(form(path, &fields, &headers))).await.status.as_u16()
    };
    assert_eq!(send(&theirs, &[], "form_token").await, 403);
    assert_eq!(send("", &[], "form_token").await, 403);
    assert_eq!(send(&ours, &[], "token").await, 403);
    for headers in [
        [("sec-fetch-site", "cross-site")],
        [("sec-fetch-site", "same-site")],
        [("origin", "https://evil.example")],
        [("origin", "null")],
    ] {
        assert_eq!(send(&ours, &headers, "form_token").await, 403, "{headers:?}");
    }
    // Mass assignment: a field that the form does not have.
    let fields = [("reason", ""), ("form_token", ours.as_str()), ("standing", "active")];
    let headers = [("authorization", bearer.as_str())];
    assert_eq!(fake.send(over_tcp(form(path, &fields, &headers))).await.status, 422);
    let name = "bot".parse().unwrap();
    let agent = fake.store.agent(&TenantId::main(), &name).await.unwrap();
    assert!(agent.agent.standing.is_active());
    let headers = [("sec-fetch-site", "same-origin"), ("origin", "http://localhost:4180")];
    let headers = [("host", "localhost:4180"), headers[0], headers[1]];
    assert_eq!(send(&ours, &headers, "form_token").await, 303);
}

#[tokio::test]
async fn every_form_asks_for_its_token() {
    let fake = with_agent().await;
    for endpoint in
        endpoints().iter().filter(|one| one.surface == Surface::Page && one.method == "post")
    {
        let path = endpoint
            .path
            .replace("{agent}", "bot")
            .replace("{act}", "suspend")
            .replace("{server}", "files")
            .replace("{number}", "1")
            .replace("{review}", "1")
            .replace("{tool}", "read")
            .replace("{user}", "ann")
            .replace("{record}", "act_00000000-0000-7000-8000-000000000000");
        let answer = fake.send(form(&path, &[("reason", "x")], &[])).await;
        // A page before which nobody is logged in has a token of its own kind.
        assert!(
            answer.status == 403 || endpoint.access == Access::Public,
            "{path}: {}",
            answer.status
        );
    }
}

#[tokio::test]
async fn a_page_cannot_be_framed_or_sniffed_or_kept() {
    let fake = with_agent().await;
    for path in PAGES {
        let page = fake.page(path).await;
        assert!(page.header("content-security-policy").contains("frame-ancestors 'none'"));
        assert!(!page.header("content-security-policy").contains("unsafe"));
        assert_eq!(page.header("x-frame-options"), "DENY");
        assert_eq!(page.header("x-content-type-options"), "nosniff");
        assert_eq!(page.header("cache-control"), "no-store");
    }
}

#[tokio::test]
async fn names_lead_nowhere_but_to_their_own_page() {
    use crate::pages::shell::{segment, url};
    assert_eq!(segment("../../x"), "..%2F..%2Fx");
    assert_eq!(segment(".."), "%2E%2E");
    assert_eq!(segment("a?b#c d\r\nset-cookie: x"), "a%3Fb%23c%20d%0D%0Aset-cookie%3A%20x");
    assert_eq!(url("/activity", &[("q", "a&b=c"), ("since", "")]), "/activity?q=a%26b%3Dc");
}

#[tokio::test]
async fn tables_leave_as_files_without_formulas() {
    let fake = Fake::new();
    let agent = json!({"name": "bot", "owner": "=HYPERLINK(\"http://x\")"});
    fake.operator("POST", "/api/v1/agents", agent).await;
    let file = fake.page("/agents?format=csv").await;
    assert!(file.header("content-type").starts_with("text/csv"));
    assert!(file.text().contains("\"'=HYPERLINK(\"\"http://x\"\")\""), "{}", file.text());
    fake.index().await;
    let file = fake.page("/activity?format=csv").await;
    assert!(file.text().contains("\"admin.change\""), "{}", file.text());
}

#[tokio::test]
async fn a_policy_is_proposed_approved_by_another_deployed_and_taken_back() {
    let fake = Fake::new();
    let propose = async |text: &str, act: &str| {
        let fields = [
            ("name-0", "a.cedar"),
            ("text-0", text),
            ("name-1", ""),
            ("text-1", ""),
            ("note", "why"),
            ("act", act),
        ];
        fake.submit("/new/policy", &fields).await
    };
    // What does not hold is shown again, with what was written and why.
    for text in ["broken <b>", "failing"] {
        let again = propose(text, "propose").await;
        assert_eq!(again.status, 200);
        assert!(
            again.text().contains("cannot be proposed") && !again.text().contains("<b>"),
            "{text}"
        );
    }
    assert!(propose("permit", "try").await.text().contains("3 cases pass"));
    assert!(fake.store.policy_versions(&TenantId::main(), 9).await.unwrap().is_empty());
    let made = propose("permit", "propose").await;
    assert_eq!(
        (made.status, made.header("location")),
        (StatusCode::SEE_OTHER, "/policies/1?done=proposed")
    );
    assert!(
        fake.page("/policies/1?done=proposed")
            .await
            .text()
            .contains("Somebody else has to approve")
    );
    // Its author cannot, and nobody deploys what is not approved.
    assert_eq!(fake.submit("/policies/1/approve", &[]).await.status, 422);
    assert_eq!(fake.submit("/policies/1/deploy", &[]).await.status, 422);
    let bearer = format!("Bearer {}", fake.token(Scope::Write, None).await);
    let token = fake.form_token("token:Write");
    let headers = [("authorization", bearer.as_str())];
    let approve = async |number: u32| {
        let path = format!("/policies/{number}/approve");
        fake.send(over_tcp(form(&path, &[("form_token", &token)], &headers))).await.status
    };
    assert_eq!(approve(1).await, 303);
    assert_eq!(
        fake.submit("/policies/1/deploy", &[]).await.header("location"),
        "/policies/1?done=deployed"
    );
    propose("permit more", "propose").await;
    assert_eq!(approve(2).await, 303);
    assert_eq!(fake.submit("/policies/2/deploy", &[]).await.status, 303);
    assert!(fake.page("/policies").await.text().contains("number 2"));
    assert_eq!(fake.submit("/policies/rollback", &[]).await.status, 303);
    assert!(fake.page("/policies").await.text().contains("number 1"));
    let acts: Vec<String> = fake
        .seen
        .records
        .lock()
        .unwrap()
        .iter()
        .filter_map(|record| record.detail.get("act").cloned())
        .collect();
    assert_eq!(
        acts,
        [
            "policy.propose",
            "policy.approve",
            "policy.deploy",
            "policy.propose",
            "policy.approve",
            "policy.deploy",
            "policy.rollback"
        ]
    );
}

#[tokio::test]
async fn policies_go_the_same_way_by_the_api() {
    let fake = Fake::new();
    let files = json!([{"name": "a.cedar", "text": "permit"}]);
    let refused = fake
        .operator(
            "POST",
            "/api/v1/policies",
            json!({"files": [{"name": "a.txt", "text": ""}], "note": "x"}),
        )
        .await;
    assert_eq!(refused.status, 422);
    let made =
        fake.operator("POST", "/api/v1/policies", json!({"files": files, "note": "x"})).await;
    assert_eq!((made.status, &made.json()["number"]), (StatusCode::CREATED, &json!(1)));
    assert_eq!(fake.operator("POST", "/api/v1/policies/1/approve", Value::Null).await.status, 422);
    assert_eq!(fake.operator("POST", "/api/v1/policies/rollback", Value::Null).await.status, 409);
    let listed = fake.operator("GET", "/api/v1/policies", Value::Null).await.json();
    assert_eq!(listed["versions"][0]["author"], "uid:1000");
}

/// A recorded call of a model that streams its answer.
fn streamed(fake: &Fake) -> String {
    use model::{
        AgentName, Decision, Effect, Kind, Record, RecordId, Resource, TenantId, Timestamp,
    };
    let (time, tenant) = (Timestamp::from_system(std::time::SystemTime::now()), TenantId::main());
    let decision = Decision { effect: Effect::Permit, ..Decision::default() };
    let mut record = Record::new(RecordId::new(time, 7), time, tenant, Kind::LLM_CALL, decision);
    record.agent = AgentName::new("bot").ok();
    record.resource = Some(Resource { name: "openai/gpt".into(), kind: "model".into() });
    let asked = "1 000000000000 call_model at=29924713 endpoint=/v1/chat/completions stream";
    record.detail.insert("asked".into(), asked.to_owned());
    let id = record.id.to_string();
    fake.seen.records.lock().unwrap().push(record);
    id
}

#[tokio::test]
async fn a_version_shows_what_it_would_have_decided_otherwise_with_a_link_to_the_records() {
    let fake = Fake::new();
    let id = streamed(&fake);
    fake.index().await;
    let text = "@id(\"no-streams\") @description(\"x\")\nforbid (principal, action == Action::\"call_model\", resource) when { context.stream };\n@id(\"rest\") @description(\"y\")\npermit (principal, action, resource);";
    let files = json!([{"name": "a.cedar", "text": text}]);
    let made =
        fake.operator("POST", "/api/v1/policies", json!({"files": files, "note": "x"})).await;
    assert_eq!(made.status, 201);
    let page = fake.page("/policies/1").await.text();
    assert!(page.contains("1 more refused") && page.contains("no-streams"), "{page}");
    assert!(page.contains(&format!("/activity?q=id%3A{id}")), "{page}");
    let asked = json!({"version": 1, "since": "1h"});
    let answer = fake.operator("POST", "/api/v1/policies/simulate", asked).await.json();
    assert_eq!(answer["simulation"]["changes"][0]["examples"][0]["record"], id.as_str());
    for (wrong, status) in [
        (json!({}), 400),
        (json!({"version": 1, "files": files}), 400),
        (json!({"version": 9}), 404),
        (json!({"version": 1, "since": "yesterday"}), 422),
        (json!({"files": [{"name": "a.cedar", "text": "permit"}]}), 422),
    ] {
        let refused = fake.operator("POST", "/api/v1/policies/simulate", wrong).await;
        assert_eq!(refused.status, status, "{}", refused.text());
    }
}

/// What would be a script, a formula and an image if it were not shown as text.
const HOSTILE: &str =
    "=1+1<script>alert(1)</script>\"><img src=x onerror=alert(1)>\u{202e}\r\nset-cookie: x";

/// A record that holds it wherever an agent, a client or a server can write.
fn hostile_record() -> Record {
    let now = Timestamp::from_micros(1_800_000_000_000_000);
    let decision = Decision { reason: HOSTILE.into(), effect: Effect::Deny, ..Decision::default() };
    let id = RecordId::new(now, 7);
    let mut record = Record::new(id, now, TenantId::main(), Kind::MCP_CALL_TOOL, decision);
    record.client.address = HOSTILE.to_owned();
    record.client.credential = HOSTILE.to_owned();
    record.client.user_agent = HOSTILE.to_owned();
    record.resource = Some(Resource { name: HOSTILE.to_owned(), kind: HOSTILE.to_owned().into() });
    record.detail.insert(HOSTILE.to_owned().into(), HOSTILE.to_owned());
    record.detail.insert("arguments.to".into(), HOSTILE.to_owned());
    record.labels = vec![HOSTILE.to_owned()];
    record.session = SessionId::new("\"><script>alert(1)</script>").ok();
    record.trace = Some(HOSTILE.to_owned());
    record.findings = vec![Finding {
        kind: HOSTILE.into(),
        detector: HOSTILE.into(),
        location: HOSTILE.to_owned(),
        confidence: 1.0,
        count: 1,
        fingerprint: None,
        severity: Severity::High,
    }];
    record
}

#[tokio::test]
async fn what_strangers_write_is_text_on_every_page() {
    let fake = Fake::new();
    let record = hostile_record();
    let (id, server) = (record.id, "files".parse().unwrap());
    fake.seen.records.lock().unwrap().push(record);
    fake.index().await;
    let description = json!({"name": HOSTILE, "description": HOSTILE}).to_string();
    let offered = StoredOffer {
        description: description.clone(),
        why: "poisoned".to_owned(),
        findings: vec![HOSTILE.to_owned()],
        agent: None,
        differs: false,
        rejected: false,
    };
    let tool = StoredTool {
        server,
        name: HOSTILE.to_owned(),
        revision: 0,
        accepted: Some(description.replace('1', "2")),
        offered: Some(offered),
        who: HOSTILE.to_owned(),
        changed: fake.now(),
    };
    fake.store.write_tool(&TenantId::main(), tool).await.unwrap();
    let tools = format!("/tools/files/{}", segment(HOSTILE));
    let (one, found) = (format!("/activity/{id}"), url("/activity", &[("q", HOSTILE)]));
    let paths = ["/", "/activity", &one, &found, "/tools", &tools, "/tools?filter=%3Cscript%3E"];
    for path in paths {
        let page = fake.page(path).await;
        let text = page.text();
        assert!(page.status.is_success() || page.status == 422, "{path}: {text}");
        for mark in ["<script>", "<img src=x", "onerror=alert(1)>", "\u{202e}", "\"><img"] {
            assert!(!text.contains(mark), "{path} holds {mark}: {text}");
        }
        assert_eq!(page.headers.get("set-cookie"), None, "{path}");
    }
    for path in ["/activity?format=csv", &format!("{one}?format=csv"), "/tools?format=csv"] {
        let file = fake.page(path).await.text();
        assert!(
            file.contains("'=1+1") && !file.contains(",\"=") && !file.contains(",="),
            "{path}: {file}"
        );
    }
}

#[tokio::test]
async fn every_table_sorts_filters_and_leaves_as_a_file() {
    let fake = with_agent().await;
    fake.invite("ann", &[Role::Auditor]).await;
    fake.seen.records.lock().unwrap().push(hostile_record());
    fake.index().await;
    let record = format!("/activity/{}", hostile_record().id);
    for (path, caption) in [
        ("/agents", "agents"),
        ("/agents/bot", "keys"),
        (&*record, "findings"),
        ("/people", "people"),
    ] {
        let text = fake.page(path).await.text();
        let tables = text.matches("<table").count();
        let headings = text.matches("data-swap=\"table-").count();
        assert!(tables > 0 && headings > tables, "{path}: {tables} tables, {headings} ways");
        assert_eq!(text.matches("class=\"csv\"").count(), tables, "{path}: {text}");
        assert!(text.contains(&format!("Filter {caption}")), "{path}");
    }
}

#[tokio::test]
async fn a_long_list_of_people_comes_page_by_page_and_leaves_whole() {
    let fake = Fake::new();
    for number in 0..61 {
        fake.invite(&format!("user-{number:02}"), &[Role::Auditor]).await;
    }
    let rows = async |query: &str| {
        let text = fake.page(&format!("/people?{query}")).await.text();
        let cells = text.split("href=\"/people/").skip(1);
        cells.map(|cell| cell.split('"').next().unwrap().to_owned()).collect::<Vec<String>>()
    };
    assert_eq!(rows("").await.len(), 50);
    assert_eq!(rows("page=2").await.first().map(String::as_str), Some("user-50"));
    // A page that there is not is the last.
    assert_eq!(rows("page=99").await, rows("page=2").await);
    assert_eq!(rows("sort=-name").await.first().map(String::as_str), Some("user-60"));
    assert_eq!(rows("filter=USER-3").await.len(), 10);
    assert!(rows("filter=%25").await.is_empty());
    let counts = fake.page("/people?filter=user-3").await.text();
    assert!(counts.contains("10 of 61"), "{counts}");
    let file = fake.page("/people?format=csv&sort=-name&page=2").await;
    let file = file.text();
    assert_eq!(file.lines().count(), 62, "{file}");
    assert!(file.lines().nth(1).is_some_and(|line| line.starts_with("\"user-60\"")), "{file}");
}
