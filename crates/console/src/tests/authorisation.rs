//! Every endpoint against everybody who might come (invariant 11). The golden file is the
//! record of who may what: a new route shows up there.

use std::collections::BTreeMap;
use std::fmt::Write;

use axum::http::StatusCode;
use model::Timestamp;
use people::Role;
use serde_json::Value;
use store::Scope;

use super::fake::{Fake, form, over_tcp, request};
use crate::{Access, Endpoint, Surface, endpoints};

fn path_of(endpoint: &Endpoint) -> String {
    endpoint
        .path
        .replace("{agent}", "nobody")
        .replace("{provider}", "nobody")
        .replace("{server}", "nobody")
        .replace("{tool}", "nothing")
        .replace("{person}", "nobody")
        .replace("{signing_key}", "nothing")
        .replace("{subject}", "CN=nobody")
        .replace("{serial}", "0bad")
        .replace("{hash}", &"0".repeat(64))
        .replace("{record}", "act_00000000-0000-7000-8000-000000000000")
        .replace("{part}", "request")
        .replace("{file}", "nothing")
        .replace("{act}", "suspend")
        .replace("{number}", "99")
        .replace("{hold}", "nobody")
        .replace("{token}", "nobody")
        .replace("{user}", "nobody")
        .replace("{role}", "auditor")
        .replace("{code}", "nothing")
        .replace("{factor}", "nothing")
        .replace("{session}", "nothing")
        .replace("{elevation}", "nothing")
        .replace("{review}", "99")
        .replace("{item}", "99")
        .replace("{tenant}", "main")
        .replace("{*tile}", "0/000")
        .replace("{*bundle}", "000")
        .replace("{kind}", "User")
        .replace("{schema}", "nothing")
        .replace("{id}", "nothing")
}

async fn ask(fake: &Fake, endpoint: &Endpoint, token: Option<&str>) -> StatusCode {
    let bearer = token.map(|token| format!("Bearer {token}"));
    let headers: Vec<(&str, &str)> =
        bearer.iter().map(|bearer| ("authorization", bearer.as_str())).collect();
    let method = endpoint.method.to_uppercase();
    let request = match (endpoint.surface, endpoint.method) {
        // A form of a page that was shown to the writer.
        (Surface::Page, "post") => {
            let token = fake.form_token("token:Write");
            form(&path_of(endpoint), &[("form_token", &token)], &headers)
        }
        _ => request(&method, &path_of(endpoint), Value::Null, &headers),
    };
    fake.send(over_tcp(request)).await.status
}

#[tokio::test]
async fn every_endpoint_refuses_whom_it_should() {
    let fake = Fake::new();
    let reader = fake.token(Scope::Read, None).await;
    let writer = fake.token(Scope::Write, None).await;
    let viewer = fake.token(Scope::Payload, None).await;
    let directory = fake.token(Scope::Provision, None).await;
    let (stranger, _) = crate::new_token([99; 32]);
    let mut golden = String::from(
        "endpoint: nobody, wrong token, read-only token, write token, payload token, provision token\n",
    );
    for endpoint in endpoints() {
        let nobody = ask(&fake, &endpoint, None).await;
        let wrong = ask(&fake, &endpoint, Some(stranger.expose())).await;
        let read = ask(&fake, &endpoint, Some(&reader)).await;
        let write = ask(&fake, &endpoint, Some(&writer)).await;
        let view = ask(&fake, &endpoint, Some(&viewer)).await;
        let tell = ask(&fake, &endpoint, Some(&directory)).await;
        let (method, path) = (endpoint.method, endpoint.path);
        let numbers = [nobody, wrong, read, write, view, tell].map(|status| status.as_u16());
        writeln!(golden, "{method} {path}: {numbers:?}").unwrap();
        match endpoint.access {
            Access::Public if method == "get" => {
                assert!(nobody != 401 && nobody != 403, "{path}");
            }
            // Its signature says where it comes from.
            Access::Public if path == "/login/sso/logout" => assert_eq!(nobody, 400),
            // Without an origin it could have been forged.
            Access::Public => assert_eq!(nobody, 403, "{path}"),
            Access::Read => assert_eq!((nobody.as_u16(), wrong.as_u16()), (401, 401), "{path}"),
            Access::Account => assert_eq!(numbers, [401, 401, 403, 403, 403, 403], "{path}"),
            Access::Provision => {
                assert_eq!(numbers[..5], [401, 401, 403, 403, 403], "{path}");
                assert!(tell != 401 && tell != 403, "{path}");
            }
            access if access.changes() => {
                assert_eq!(numbers[..3], [401, 401, 403], "{path}");
                assert_eq!(numbers[4], 403, "{path}");
            }
            Access::Platform => assert_eq!(numbers, [401, 401, 403, 403, 403, 403], "{path}"),
            _ => {
                assert_eq!(numbers[..4], [401, 401, 403, 403], "{path}");
                assert!(view != 401 && view != 403, "{path}");
            }
        }
        // A directory's token opens nothing else.
        let is_open = matches!(endpoint.access, Access::Public | Access::Provision);
        assert!(is_open || tell == 403, "{method} {path}");
        // A page for whoever comes looks for itself at where a form comes from.
        let is_form = endpoint.surface == Surface::Page && endpoint.access == Access::Public;
        let safe = method == "get" || endpoint.access.changes() || is_form;
        assert!(safe, "{method} {path} changes something and lets readers in");
        let is_apart = !matches!(endpoint.access, Access::Read | Access::Write);
        let may_write = is_apart || (write != 401 && write != 403);
        assert!(may_write, "{path}");
    }
    insta::assert_snapshot!(golden);
}

#[tokio::test]
async fn whoever_is_turned_away_is_recorded() {
    let fake = Fake::new();
    let soon = Some(Timestamp::from_micros(1_001_000_000));
    let token = fake.token(Scope::Read, soon).await;
    let bearer = format!("Bearer {token}");
    let path = "/api/v1/agents";
    let send = async |headers: &[(&str, &str)]| {
        fake.send(over_tcp(request("GET", path, Value::Null, headers))).await
    };
    assert_eq!(send(&[("authorization", &bearer)]).await.status, 200);
    assert!(fake.seen.records.lock().unwrap().is_empty());

    fake.clock.store(1_001, std::sync::atomic::Ordering::SeqCst);
    let basic = bearer.replace("Bearer", "Basic");
    let cut = &bearer[..bearer.len() - 1];
    let cases: [(&[(&str, &str)], &str); 6] = [
        (&[], "no admin token was presented"),
        (&[("authorization", &bearer)], "the admin token has expired"),
        (&[("authorization", &basic)], "what was presented is no admin token"),
        (&[("authorization", cut)], "what was presented is no admin token"),
        (&[("authorization", "Bearer")], "what was presented is no admin token"),
        (
            &[("authorization", &bearer), ("authorization", &bearer)],
            "what was presented is no admin token",
        ),
    ];
    for (headers, reason) in cases {
        let answer = send(headers).await;
        let record = fake.seen.last_record();
        assert_eq!(answer.status, 401);
        assert_eq!(answer.header("content-type"), "application/problem+json");
        assert!(answer.header("www-authenticate").starts_with("Bearer"));
        assert_eq!((record.kind.as_str(), &*record.decision.reason), ("auth.attempt", reason));
        assert_eq!(answer.header("portcullis-record"), record.id.to_string());
        assert_eq!(record.client.address, "127.0.0.1:5");
        let text = String::from_utf8(record.encode().unwrap()).unwrap();
        assert!(!text.contains(&token[4..40]), "the token stands in the record");
    }
    assert_eq!(fake.seen.records.lock().unwrap().len(), cases.len());
}

#[tokio::test]
async fn a_token_opens_its_own_tenant_alone() {
    let fake = Fake::new();
    let token = fake.token(Scope::Write, None).await;
    let other = "other".parse().unwrap();
    fake.store.add_tenant(&other).await.unwrap();
    let new = serde_json::json!({"name": "theirs"});
    let headers = [("portcullis-tenant", "other")];
    let made = fake.send(request("POST", "/api/v1/agents", new, &headers)).await;
    assert_eq!(made.status, 201);
    // The header is the operator's; a token has its tenant.
    let bearer = format!("Bearer {token}");
    let headers = [("authorization", bearer.as_str()), ("portcullis-tenant", "other")];
    for (method, path) in [
        ("GET", "/api/v1/agents/theirs"),
        ("POST", "/api/v1/agents/theirs/suspend"),
        ("DELETE", "/api/v1/agents/theirs"),
        ("POST", "/api/v1/agents/theirs/rotate"),
    ] {
        let answer = fake.send(over_tcp(request(method, path, Value::Null, &headers))).await;
        assert_eq!(answer.status, 404, "{method} {path}");
    }
    assert!(fake.store.agent(&other, &"theirs".parse().unwrap()).await.is_ok());
}

/// Of every endpoint, which roles it lets in (with a fresh second factor), beside nobody at all.
#[tokio::test]
async fn every_endpoint_lets_in_the_roles_that_it_should() {
    let fake = Fake::new();
    let mut golden =
        String::from("endpoint: roles; those with a fresh second factor alone in brackets\n");
    for role in Role::ALL {
        fake.invite(role.as_str(), &[role]).await;
    }
    fake.invite("nobody-at-all", &[]).await;
    let mut sessions = BTreeMap::new();
    let checked = endpoints().into_iter().filter(|one| one.access != Access::Public);
    for endpoint in checked {
        let mut let_in = Vec::new();
        for role in Role::ALL {
            let stale = role_may(&fake, &mut sessions, &endpoint, role.as_str(), false).await;
            let fresh = role_may(&fake, &mut sessions, &endpoint, role.as_str(), true).await;
            assert!(fresh || !stale, "{} lets in stale sessions alone", endpoint.path);
            match (stale, fresh) {
                (true, _) => let_in.push(role.as_str().to_owned()),
                (false, true) => let_in.push(format!("[{}]", role.as_str())),
                (false, false) => {}
            }
        }
        let nobody = role_may(&fake, &mut sessions, &endpoint, "nobody-at-all", true).await;
        let is_everybodys = matches!(endpoint.access, Access::Account | Access::Ask);
        assert_eq!(nobody, is_everybodys, "{}", endpoint.path);
        writeln!(golden, "{} {}: {}", endpoint.method, endpoint.path, let_in.join(", ")).unwrap();
    }
    insta::assert_snapshot!(golden);
}

/// Whether the guard lets a user through, whatever the handler says then: only the guard's own
/// refusals leave a record of an attempt.
async fn role_may(
    fake: &Fake,
    sessions: &mut BTreeMap<(String, bool), String>,
    endpoint: &Endpoint,
    user: &str,
    fresh: bool,
) -> bool {
    let of = (user.to_owned(), fresh);
    // What is done with one's own account may end the session.
    if endpoint.access == Access::Account || !sessions.contains_key(&of) {
        sessions.insert(of.clone(), fake.session_of(user, fresh).await);
    }
    let token = &sessions[&of];
    let cookie = format!("portcullis={token}");
    let headers = [("cookie", cookie.as_str()), ("sec-fetch-site", "same-origin")];
    let method = endpoint.method.to_uppercase();
    let path = path_of(endpoint);
    fake.seen.records.lock().unwrap().clear();
    let answer = fake.send(over_tcp(request(&method, &path, Value::Null, &headers))).await;
    // A page asks for the second factor itself.
    let is_sent_on = answer.header("location").starts_with("/verify");
    let records = fake.seen.records.lock().unwrap();
    let refused = |record: &model::Record| {
        record.kind == model::Kind::AUTH_ATTEMPT && !record.detail.contains_key("factor")
    };
    !is_sent_on && !records.iter().any(refused)
}
