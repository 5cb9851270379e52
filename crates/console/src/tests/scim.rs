//! What a directory may tell, and what it may not.

use axum::body::Body;
use axum::http::{Request, header};
use model::{AgentName, Standing, TenantId, UserName};
use people::Role;
use serde_json::{Value, json};
use store::{NewToken, Scope};

use super::fake::{Answer, Fake, over_tcp, request};

const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
const GROUP: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";
const PATCH: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";

struct Directory<'f> {
    fake: &'f Fake,
    bearer: String,
}

impl<'f> Directory<'f> {
    async fn of(fake: &'f Fake) -> Self {
        Self { fake, bearer: format!("Bearer {}", fake.token(Scope::Provision, None).await) }
    }

    async fn ask(&self, method: &str, path: &str, body: Value) -> Answer {
        self.ask_with(method, path, body, &[]).await
    }

    async fn ask_with(
        &self,
        method: &str,
        path: &str,
        body: Value,
        more: &[(&str, &str)],
    ) -> Answer {
        let headers = [&[("authorization", self.bearer.as_str())], more].concat();
        let path = match path.starts_with('/') {
            true => path.to_owned(),
            false => format!("/scim/v2/{path}"),
        };
        self.fake.send(over_tcp(request(method, &path, body, &headers))).await
    }

    /// Tells of somebody; gives their id.
    async fn user(&self, name: &str) -> String {
        let made = self.ask("POST", "Users", json!({"schemas": [USER], "userName": name})).await;
        assert_eq!(made.status, 201, "{}", made.text());
        made.json()["id"].as_str().unwrap().to_owned()
    }

    async fn group(&self, name: &str, members: &[&str]) -> String {
        let members: Vec<Value> = members.iter().map(|id| json!({"value": id})).collect();
        let group = json!({"schemas": [GROUP], "displayName": name, "members": members});
        let made = self.ask("POST", "Groups", group).await;
        assert_eq!(made.status, 201, "{}", made.text());
        made.json()["id"].as_str().unwrap().to_owned()
    }

    async fn patch(&self, path: &str, operation: Value) -> Answer {
        self.ask("PATCH", path, json!({"schemas": [PATCH], "Operations": [operation]})).await
    }

    async fn find(&self, path: &str, filter: &str) -> Vec<String> {
        let found =
            self.ask("GET", &format!("{path}?filter={}", encoded(filter)), Value::Null).await;
        assert_eq!(found.status, 200, "{filter}: {}", found.text());
        let names = found.json()["Resources"].as_array().unwrap().clone();
        let name = |one: &Value| {
            let name = one.get("userName").or(one.get("displayName"));
            name.unwrap().as_str().unwrap().to_owned()
        };
        names.iter().map(name).collect()
    }
}

fn encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

fn named(name: &str) -> UserName {
    UserName::new(name).unwrap()
}

/// Whether somebody who is logged in may look, and whether they may look after people.
async fn may(fake: &Fake, name: &str) -> (bool, bool) {
    let cookie = format!("portcullis={}", fake.session_of(name, true).await);
    let headers = [("cookie", cookie.as_str()), ("sec-fetch-site", "same-origin")];
    let ask = async |method: &str, path: &str| {
        let request = request(method, path, json!({}), &headers);
        fake.send(over_tcp(request)).await.status.as_u16()
    };
    let looks = ask("GET", "/api/v1/agents").await == 200;
    (looks, ask("POST", "/api/v1/persons").await != 403)
}

#[tokio::test]
async fn somebody_comes_changes_and_goes() {
    let fake = Fake::new();
    let directory = Directory::of(&fake).await;
    let ann = json!({
        "schemas": [USER], "userName": "Ann@example.com", "externalId": "x-1",
        "name": {"givenName": "Ann"},
        "emails": [{"value": "a@home.example"}, {"value": "a@work.example", "primary": true}],
    });
    let made = directory.ask("POST", "Users", ann.clone()).await;
    assert_eq!((made.status.as_u16(), made.header("etag")), (201, "\"v1\""));
    assert_eq!(made.header("content-type"), "application/scim+json");
    let place = made.json()["meta"]["location"].as_str().unwrap().to_owned();
    assert_eq!(made.header("location"), place);
    assert!(place.starts_with("http://localhost:4180/scim/v2/Users/"));
    assert_eq!(made.json()["active"], true);
    let record = fake.seen.last_record();
    assert_eq!(
        (&*record.detail["act"], &*record.detail["who"]),
        ("user.create", "token:Provision")
    );
    assert_eq!(record.decision.policies[0].as_str(), "token-provisions");
    // Names that differ in capitals alone are one.
    let again = json!({"schemas": [USER], "userName": "ann@EXAMPLE.com"});
    let double = directory.ask("POST", "Users", again).await;
    assert_eq!((double.status.as_u16(), &double.json()["scimType"]), (409, &json!("uniqueness")));
    let stored = fake.store.user(&TenantId::main(), &named("Ann@example.com")).await.unwrap();
    assert_eq!(stored.email.as_deref(), Some("a@work.example"));

    let path = place.split_once("/scim/v2/").unwrap().1;
    assert_eq!(directory.ask("GET", path, Value::Null).await.json(), made.json());
    let known = [("if-none-match", "\"v1\"")];
    assert_eq!(directory.ask_with("GET", path, Value::Null, &known).await.status, 304);
    let renamed = json!({"op": "replace", "value": {"userName": "ann.lee@example.com"}});
    let changed = directory.patch(path, renamed).await;
    assert_eq!((changed.status.as_u16(), changed.header("etag")), (200, "\"v2\""));
    let stale = [("if-match", "\"v1\"")];
    let refused = directory.ask_with("PUT", path, ann, &stale).await;
    assert_eq!((refused.status.as_u16(), &refused.json()["status"]), (412, &json!("412")));
    let foreign = [("if-match", "W/\"abc\"")];
    assert_eq!(directory.ask_with("DELETE", path, Value::Null, &foreign).await.status, 412);
    let gone = directory.ask("DELETE", path, Value::Null).await;
    assert_eq!(gone.status, 204);
    assert_eq!(fake.seen.last_record().detail["act"], "user.remove");
    let nobody = directory.ask("GET", path, Value::Null).await;
    assert_eq!((nobody.status.as_u16(), &nobody.json()["status"]), (404, &json!("404")));
}

#[tokio::test]
async fn who_is_inactive_is_out_and_their_agents_are_settled() {
    let fake = Fake::new();
    let directory = Directory::of(&fake).await;
    for (name, heir) in [("ann", false), ("bob", true)] {
        let id = directory.user(name).await;
        let agent = format!("{name}-bot");
        let new = json!({"name": agent, "owner": name});
        assert_eq!(fake.operator("POST", "/api/v1/agents", new).await.status, 201);
        if heir {
            fake.invite("heir", &[]).await;
        }
        let cookie = format!("portcullis={}", fake.session_of(name, true).await);
        let ask = async || {
            let request = Request::get("/account").header(header::COOKIE, &cookie);
            fake.send(over_tcp(request.body(Body::empty()).unwrap())).await.status.as_u16()
        };
        assert_eq!(ask().await, 200);
        fake.seen.records.lock().unwrap().clear();
        let off = json!({"op": "Replace", "path": "active", "value": "False"});
        let done = directory.patch(&format!("Users/{id}"), off).await;
        assert_eq!((done.status.as_u16(), &done.json()["active"]), (200, &json!(false)));
        assert_eq!(ask().await, 401);
        assert!(fake.seen.take_events().contains(&"publish".to_owned()));
        let acts: Vec<String> = fake
            .seen
            .records
            .lock()
            .unwrap()
            .iter()
            .filter_map(|record| record.detail.get("act").cloned())
            .collect();
        let stored = fake.store.agent(&TenantId::main(), &AgentName::new(&agent).unwrap()).await;
        let agent = stored.unwrap().agent;
        match heir {
            true => {
                assert_eq!(agent.owner.as_deref(), Some("heir"));
                assert_eq!(acts, ["user.disable", "agent.hand_over"]);
            }
            false => {
                assert_eq!(agent.standing, Standing::Suspended);
                assert_eq!(acts, ["user.disable", "agent.suspend"]);
            }
        }
        // What says nothing of it lets nobody in again.
        let silent = json!({"schemas": [USER], "userName": name, "displayName": "X"});
        let put = directory.ask("PUT", &format!("Users/{id}"), silent).await;
        assert_eq!(put.json()["active"], false);
        let on = json!({"op": "replace", "path": "active", "value": true});
        assert_eq!(directory.patch(&format!("Users/{id}"), on).await.json()["active"], true);
    }
}

#[tokio::test]
async fn who_is_removed_leaves_no_agent_running() {
    let fake = Fake::new();
    let directory = Directory::of(&fake).await;
    let id = directory.user("ann").await;
    let new = json!({"name": "bot", "owner": "ann"});
    fake.operator("POST", "/api/v1/agents", new).await;
    let gone = directory.ask("DELETE", &format!("Users/{id}"), Value::Null).await;
    assert_eq!(gone.status, 204);
    let agent = fake.store.agent(&TenantId::main(), &AgentName::new("bot").unwrap()).await;
    assert_eq!(agent.unwrap().agent.standing, Standing::Suspended);
}

#[tokio::test]
async fn groups_give_the_roles_of_the_configuration_while_one_is_in_them() {
    let fake = Fake::new();
    let directory = Directory::of(&fake).await;
    let (ann, bob) = (directory.user("ann").await, directory.user("bob").await);
    let group = directory.group("Security", &[&ann]).await;
    let record = fake.seen.last_record();
    assert_eq!((&*record.detail["added"], &*record.detail["roles"]), ("ann", "security_officer"));
    assert_eq!(may(&fake, "ann").await, (true, false));
    assert_eq!(may(&fake, "bob").await, (false, false));
    let path = format!("Groups/{group}");
    let add = json!({"op": "add", "path": "members", "value": [{"value": bob}]});
    assert_eq!(directory.patch(&path, add.clone()).await.status, 204);
    assert_eq!(may(&fake, "bob").await, (true, false));
    // The same again is no change, and no record.
    let records = fake.seen.records.lock().unwrap().len();
    assert_eq!(directory.patch(&path, add).await.status, 204);
    assert_eq!(fake.seen.records.lock().unwrap().len(), records);
    let members = directory.ask("GET", &path, Value::Null).await.json()["members"].clone();
    assert_eq!(members.as_array().unwrap().len(), 2);
    let hers = directory.ask("GET", &format!("Users/{ann}"), Value::Null).await;
    assert_eq!(hers.json()["groups"][0]["display"], "Security");
    let out = json!({"op": "remove", "path": format!("members[value eq \"{ann}\"]")});
    assert_eq!(directory.patch(&path, out).await.status, 204);
    assert_eq!(fake.seen.last_record().detail["removed"], "ann");
    assert_eq!(may(&fake, "ann").await, (false, false));
    // A group by another name is another group.
    let renamed = json!({"op": "replace", "path": "displayName", "value": "security"});
    assert_eq!(directory.patch(&path, renamed).await.status, 204);
    assert_eq!(may(&fake, "bob").await, (false, false));
    let double = json!({"schemas": [GROUP], "displayName": "SECURITY"});
    assert_eq!(directory.ask("POST", "Groups", double).await.status, 409);
    assert_eq!(directory.ask("DELETE", &path, Value::Null).await.status, 204);
    assert_eq!(directory.ask("GET", &path, Value::Null).await.status, 404);
}

#[tokio::test]
async fn accounts_that_were_made_here_are_none_of_a_directorys() {
    let fake = Fake::new();
    let directory = Directory::of(&fake).await;
    fake.invite("root", &[Role::PlatformAdministrator]).await;
    let uid = "uid-root";
    for (method, body) in [
        ("GET", Value::Null),
        ("PUT", json!({"schemas": [USER], "userName": "eve"})),
        (
            "PATCH",
            json!({"schemas": [PATCH], "Operations": [{"op": "replace", "path": "active", "value": false}]}),
        ),
        ("DELETE", Value::Null),
    ] {
        let answer = directory.ask(method, &format!("Users/{uid}"), body).await;
        assert_eq!(answer.status, 404, "{method}");
    }
    assert!(directory.find("Users", "userName eq \"root\"").await.is_empty());
    assert!(directory.find("Users", "active eq true").await.is_empty());
    let taken = json!({"schemas": [USER], "userName": "ROOT"});
    assert_eq!(directory.ask("POST", "Users", taken).await.status, 409);
    let group = json!({"schemas": [GROUP], "displayName": "Security", "members": [{"value": uid}]});
    let refused = directory.ask("POST", "Groups", group).await;
    assert_eq!(
        (refused.status.as_u16(), &refused.json()["scimType"]),
        (400, &json!("invalidValue"))
    );
    // Half a group is none.
    assert!(directory.find("Groups", "displayName pr").await.is_empty());
    assert!(fake.store.user(&TenantId::main(), &named("root")).await.unwrap().active);
}

#[tokio::test]
async fn a_directory_gives_itself_nothing() {
    let fake = Fake::new();
    let directory = Directory::of(&fake).await;
    let greedy = json!({
        "schemas": [USER], "userName": "eve", "id": "uid-root", "password": "x", "tenant": "other",
        "roles": [{"value": "platform_administrator"}], "entitlements": [{"value": "all"}],
        "groups": [{"value": "1", "display": "Administrators"}],
        "grants": [{"role": "platform_administrator"}], "meta": {"version": "\"v9\""},
        "urn:ietf:params:scim:schemas:core:2.0:User:groups": [{"value": "1"}],
    });
    let made = directory.ask("POST", "Users", greedy).await;
    assert_eq!((made.status.as_u16(), made.header("etag")), (201, "\"v1\""));
    assert_ne!(made.json()["id"], "uid-root");
    // Nothing of it lets anybody in: no link, no password, no factor.
    assert!(!made.text().contains("welcome") && !made.text().contains("invitation"));
    let stored = fake.store.user(&TenantId::main(), &named("eve")).await.unwrap();
    assert_eq!((stored.grants.len(), stored.groups.len(), stored.factors), (0, 0, 0));
    assert_eq!(fake.store.password(&TenantId::main(), &named("eve")).await.unwrap(), None);
    assert_eq!(may(&fake, "eve").await, (false, false));
    let path = format!("Users/{}", made.json()["id"].as_str().unwrap());
    for (target, value) in [
        ("groups", json!([{"value": "1"}])),
        ("id", json!("uid-root")),
        ("meta.version", json!("x")),
    ] {
        let operation = json!({"op": "add", "path": target, "value": value});
        let refused = directory.patch(&path, operation).await;
        assert_eq!(refused.json()["scimType"], "mutability", "{target}");
    }
    // Its token opens nothing else, and makes no other.
    for (method, path) in [
        ("GET", "/api/v1/users"),
        ("GET", "/api/v1/limits"),
        ("POST", "/api/v1/users/eve/roles"),
        ("POST", "/api/v1/users/eve/invite"),
        ("POST", "/api/v1/tokens"),
        ("GET", "/people"),
    ] {
        assert_eq!(directory.ask(method, path, Value::Null).await.status, 403, "{method} {path}");
    }
    // Nor does anybody but the operator make one like it.
    let writer = format!("Bearer {}", fake.token(Scope::Write, None).await);
    let headers = [("authorization", writer.as_str())];
    let wish =
        request("POST", "/api/v1/tokens", json!({"name": "x", "scope": "provision"}), &headers);
    assert_eq!(fake.send(over_tcp(wish)).await.status, 403);
}

#[tokio::test]
async fn a_name_that_changes_takes_its_agents_along() {
    let fake = Fake::new();
    let directory = Directory::of(&fake).await;
    let id = directory.user("ann").await;
    fake.operator("POST", "/api/v1/agents", json!({"name": "bot", "owner": "ann"})).await;
    fake.operator("POST", "/api/v1/persons", json!({"name": "ann"})).await;
    let rename = json!({"op": "replace", "path": "userName", "value": "ann.lee"});
    assert_eq!(directory.patch(&format!("Users/{id}"), rename).await.status, 200);
    assert!(fake.seen.take_events().contains(&"publish".to_owned()));
    let agent = fake.store.agent(&TenantId::main(), &AgentName::new("bot").unwrap()).await.unwrap();
    assert_eq!(agent.agent.owner.as_deref(), Some("ann.lee"));
    assert!(fake.store.person(&TenantId::main(), &named("ann.lee")).await.is_ok());
    // Whoever comes by the old name answers for nothing.
    directory.user("ann").await;
    // And nobody takes the name of a person for whom agents act.
    fake.operator("POST", "/api/v1/persons", json!({"name": "chief"})).await;
    let take = json!({"op": "replace", "path": "userName", "value": "chief"});
    assert_eq!(directory.patch(&format!("Users/{id}"), take).await.status, 409);
}

#[tokio::test]
async fn what_is_looked_for_is_found_in_pages() {
    let fake = Fake::new();
    let directory = Directory::of(&fake).await;
    let mut ids = Vec::new();
    for number in 0..7 {
        ids.push(directory.user(&format!("user{number}@example.com")).await);
    }
    let members: Vec<&str> = ids.iter().map(String::as_str).take(3).collect();
    directory.group("Staff", &members).await;
    let found = directory.find("Users", "userName eq \"USER3@example.com\"").await;
    assert_eq!(found, ["user3@example.com"]);
    let found = directory.find("Users", "userName sw \"user\" and not (userName co \"3\")").await;
    assert_eq!(found.len(), 6);
    let found = directory.find("Users", "groups[display eq \"Staff\"]").await;
    assert_eq!(found.len(), 3);
    let found = directory.find("Groups", &format!("members[value eq \"{}\"]", ids[1])).await;
    assert_eq!(found, ["Staff"]);
    let found = directory.find("Users", &format!("id eq \"{}\" and active eq false", ids[1])).await;
    assert!(found.is_empty());

    let page = directory.ask("GET", "Users?startIndex=6&count=3", Value::Null).await.json();
    let sizes = [&page["totalResults"], &page["startIndex"], &page["itemsPerPage"]];
    assert_eq!(sizes, [&json!(7), &json!(6), &json!(2)]);
    let page = directory.ask("GET", "Users?startIndex=-5&count=-1", Value::Null).await.json();
    assert_eq!((&page["startIndex"], &page["itemsPerPage"]), (&json!(1), &json!(0)));
    let filter = encoded("userName sw \"user\"");
    let path = format!("Users?filter={filter}&startIndex=5&count=2");
    let page = directory.ask("GET", &path, Value::Null).await.json();
    assert_eq!(page["totalResults"], 7);
    assert_eq!(page["Resources"][0]["userName"], "user4@example.com");
    // Over both kinds, people first.
    let all = json!({"startIndex": 7, "count": 2, "attributes": ["displayName", "userName"]});
    let all = directory.ask("POST", ".search", all).await.json();
    assert_eq!(
        (&all["totalResults"], &all["Resources"][1]["displayName"]),
        (&json!(8), &json!("Staff"))
    );
    assert_eq!(all["Resources"][0].get("meta"), None);
    let without = "Groups?excludedAttributes=members,meta.location";
    let group = directory.ask("GET", without, Value::Null).await.json()["Resources"][0].clone();
    assert_eq!((group.get("members"), group["meta"].get("location")), (None, None));
    let both =
        directory.ask("GET", "Groups?attributes=id&excludedAttributes=id", Value::Null).await;
    assert_eq!(both.json()["scimType"], "invalidValue");
    let wrong = directory.ask("GET", "Users?filter=userName", Value::Null).await;
    assert_eq!((wrong.status.as_u16(), &wrong.json()["scimType"]), (400, &json!("invalidFilter")));
}

#[tokio::test]
async fn bodies_that_cannot_be_read_are_told_in_the_words_of_scim() {
    let fake = Fake::new();
    let directory = Directory::of(&fake).await;
    for (body, kind) in [
        (json!([]), "invalidSyntax"),
        (json!({"userName": "x"}), "invalidSyntax"),
        (json!({"schemas": [USER]}), "invalidValue"),
        (json!({"schemas": [USER], "userName": "a b"}), "invalidValue"),
        (json!({"schemas": [USER], "userName": "x", "USERNAME": "y"}), "invalidSyntax"),
        (json!({"schemas": [USER], "userName": 7}), "invalidValue"),
        (json!({"schemas": [USER], "userName": "x", "active": "maybe"}), "invalidValue"),
        (json!({"schemas": [USER], "userName": "x", "displayName": "a\u{1b}[2J"}), "invalidValue"),
    ] {
        let refused = directory.ask("POST", "Users", body.clone()).await;
        assert_eq!(
            (refused.status.as_u16(), &refused.json()["scimType"]),
            (400, &json!(kind)),
            "{body}"
        );
    }
    let post = |kind: &str, body: Vec<u8>| {
        let request = Request::post("/scim/v2/Users").header("authorization", &directory.bearer);
        over_tcp(request.header("content-type", kind).body(Body::from(body)).unwrap())
    };
    let deep = [b"[".repeat(100_000), b"]".repeat(100_000)].concat();
    for (kind, body, status) in [
        ("text/plain", b"{}".to_vec(), 415),
        ("application/json", b"{".to_vec(), 400),
        ("application/scim+json; charset=utf-8", b"\xff".to_vec(), 400),
        ("application/json", deep, 400),
        ("application/json", vec![b' '; 3 * 1024 * 1024], 413),
    ] {
        let refused = fake.send(post(kind, body)).await;
        assert_eq!(refused.status, status, "{kind}");
        assert_eq!(refused.header("content-type"), "application/scim+json");
    }
    let nowhere = directory.ask("GET", "Nothing", Value::Null).await;
    assert_eq!((nowhere.status.as_u16(), &nowhere.json()["status"]), (404, &json!("404")));
    let request = over_tcp(request("GET", "/scim/v2/Users", Value::Null, &[]));
    let nobody = fake.send(request).await;
    assert_eq!((nobody.status.as_u16(), &nobody.json()["status"]), (401, &json!("401")));
}

#[tokio::test]
async fn directories_of_two_tenants_do_not_meet() {
    let fake = Fake::new();
    let other: TenantId = "other".parse().unwrap();
    fake.store.add_tenant(&other).await.unwrap();
    let (token, hash) = crate::new_token([42; 32]);
    let new =
        NewToken { hash, name: "idp".into(), scope: Scope::Provision, owner: None, expires: None };
    fake.store.add_token(&other, new, fake.now()).await.unwrap();
    let theirs = Directory { fake: &fake, bearer: format!("Bearer {}", token.expose()) };
    let ours = Directory::of(&fake).await;
    let (user, here) = (theirs.user("ann").await, ours.user("bob").await);
    let group = theirs.group("Security", &[&user]).await;
    for (method, path) in [
        ("GET", format!("Users/{user}")),
        ("DELETE", format!("Users/{user}")),
        ("GET", format!("Groups/{group}")),
        ("DELETE", format!("Groups/{group}")),
    ] {
        assert_eq!(ours.ask(method, &path, Value::Null).await.status, 404, "{method} {path}");
    }
    assert_eq!(ours.find("Users", "userName pr").await, ["bob"]);
    // Nor by any filter that guesses.
    for filter in [
        format!("id eq \"{user}\""),
        "userName eq \"ann\"".to_owned(),
        format!("groups.value eq \"{group}\""),
        format!("groups[value eq \"{group}\"]"),
        "userName sw \"a\" or displayName eq \"x' OR 1=1 --\"".to_owned(),
    ] {
        assert!(ours.find("Users", &filter).await.is_empty(), "{filter}");
        let others = format!("not ({filter})");
        assert_eq!(ours.find("Users", &others).await, ["bob"], "{others}");
    }
    for filter in [
        format!("id eq \"{group}\""),
        "displayName eq \"Security\"".to_owned(),
        format!("members eq \"{user}\""),
    ] {
        assert!(ours.find("Groups", &filter).await.is_empty(), "{filter}");
    }
    let add = json!({"op": "add", "path": "members", "value": [{"value": here}]});
    assert_eq!(theirs.patch(&format!("Groups/{group}"), add).await.status, 400);
}

#[tokio::test]
async fn resources_are_put_in_the_order_that_is_asked_for() {
    let fake = Fake::new();
    let directory = Directory::of(&fake).await;
    for (name, family, external) in [("bob", "Ash", "3"), ("Ann", "", "1"), ("cat", "aalto", "2")] {
        let user = json!({
            "schemas": [USER], "userName": name, "externalId": external, "name": {"familyName": family},
        });
        assert_eq!(directory.ask("POST", "Users", user).await.status, 201);
        fake.pass(1);
    }
    directory.group("ants", &[]).await;
    directory.group("Zebras", &[]).await;
    let found = async |path: &str| {
        let found = directory.ask("GET", path, Value::Null).await;
        assert_eq!(found.status, 200, "{path}: {}", found.text());
        let found = found.json();
        let name = |one: &Value| {
            let name = one.get("userName").or(one.get("displayName"));
            name.unwrap().as_str().unwrap().to_owned()
        };
        let names: Vec<String> = found["Resources"].as_array().unwrap().iter().map(name).collect();
        (found["totalResults"].as_u64().unwrap(), names.join(" "))
    };
    let kept = "emails%20pr%20or%20userName%20pr";
    for (query, names) in [
        ("sortBy=userName", "Ann bob cat"),
        ("sortBy=USERNAME&sortOrder=Descending", "cat bob Ann"),
        ("sortBy=externalId", "Ann cat bob"),
        ("sortBy=id&sortOrder=ascending&count=0", ""),
        ("sortBy=meta.lastModified&sortOrder=descending", "cat Ann bob"),
        ("sortBy=meta.created", "bob Ann cat"),
        ("sortBy=name.familyName", "cat bob Ann"),
        ("sortBy=name.familyName&sortOrder=descending", "Ann bob cat"),
        ("sortBy=name.familyName&startIndex=2&count=1", "bob"),
        ("sortBy=name.familyName&startIndex=9", ""),
        // What nobody has leaves them as they were told of.
        ("sortBy=title", "bob Ann cat"),
        ("sortOrder=descending", "bob Ann cat"),
    ] {
        assert_eq!(found(&format!("Users?{query}")).await, (3, names.to_owned()), "{query}");
        let chosen = format!("Users?{query}&filter={kept}");
        assert_eq!(found(&chosen).await, (3, names.to_owned()), "{chosen}");
    }
    let chosen = "Users?sortBy=name.familyName&filter=userName%20ne%20%22bob%22";
    assert_eq!(found(chosen).await, (2, "cat Ann".to_owned()));
    let only = "Users?sortBy=name.familyName&attributes=userName";
    assert_eq!(found(only).await, (3, "cat bob Ann".to_owned()));
    let groups = found("Groups?sortBy=displayName&sortOrder=descending").await;
    assert_eq!(groups, (2, "Zebras ants".to_owned()));
    // Of both kinds: what one of them lacks comes last.
    let search = json!({"sortBy": "userName", "sortOrder": "ascending", "count": 4});
    let both = directory.ask("POST", ".search", search).await.json();
    let names: Vec<&Value> = both["Resources"].as_array().unwrap().iter().collect();
    assert_eq!((both["totalResults"].as_u64(), names.len()), (Some(5), 4));
    assert_eq!(names[0]["userName"], "Ann");
    assert_eq!(names[3]["displayName"], "ants");
    for wrong in ["sortBy=nonsense", "sortBy=name", "sortBy=userName&sortOrder=up"] {
        let refused = directory.ask("GET", &format!("Users?{wrong}"), Value::Null).await;
        assert_eq!(
            (refused.status.as_u16(), &refused.json()["scimType"]),
            (400, &json!("invalidValue"))
        );
    }
}

#[tokio::test]
async fn who_may_log_in_is_counted_and_paged_without_a_look_at_the_others() {
    let fake = Fake::new();
    let directory = Directory::of(&fake).await;
    let mut ids = Vec::new();
    for number in 0..6 {
        ids.push(directory.user(&format!("user-{number}")).await);
    }
    for id in &ids[..2] {
        directory
            .patch(&format!("Users/{id}"), json!({"op": "replace", "value": {"active": false}}))
            .await;
    }
    // Taken away, it is no `false` that could be looked for.
    directory.patch(&format!("Users/{}", ids[0]), json!({"op": "remove", "path": "active"})).await;
    assert_eq!(directory.find("Users", "active eq true").await.len(), 4);
    assert_eq!(directory.find("Users", "active eq false").await, ["user-1"]);
    let both = "active eq true and userName ew \"-3\"";
    assert_eq!(directory.find("Users", both).await, ["user-3"]);
    assert_eq!(directory.find("Users", "not (active eq true)").await, ["user-0", "user-1"]);
    assert_eq!(directory.find("Users", "active eq true or active eq false").await.len(), 5);
    let page =
        "Users?filter=active%20eq%20true&startIndex=3&count=1&sortBy=userName&sortOrder=descending";
    let page = directory.ask("GET", page, Value::Null).await.json();
    assert_eq!(
        (&page["totalResults"], &page["Resources"][0]["userName"]),
        (&json!(4), &json!("user-3"))
    );
}

const BULK: &str = "urn:ietf:params:scim:api:messages:2.0:BulkRequest";

impl Directory<'_> {
    async fn bulk(&self, operations: Value) -> Vec<Value> {
        let asked = json!({"schemas": [BULK], "Operations": operations});
        let answer = self.ask("POST", "Bulk", asked).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()["Operations"].as_array().unwrap().clone()
    }
}

fn statuses(operations: &[Value]) -> Vec<&str> {
    operations.iter().map(|one| one["status"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn many_are_told_of_at_once_and_refer_to_one_another() {
    let fake = Fake::new();
    let directory = Directory::of(&fake).await;
    let old = directory.user("old").await;
    let members = json!([{"value": "bulkId:ann"}, {"value": old}]);
    let said = directory
        .bulk(json!([
            {"method": "POST", "path": "/Groups", "bulkId": "g",
                "data": {"schemas": [GROUP], "displayName": "Security", "members": members}},
            {"method": "POST", "path": "/Users", "bulkId": "ann",
                "data": {"schemas": [USER], "userName": "ann"}},
            {"method": "PATCH", "path": "/Users/bulkId:ann", "version": "\"v1\"",
                "data": {"schemas": [PATCH], "Operations": [{"op": "add", "value": {"displayName": "Ann"}}]}},
            {"method": "PUT", "path": format!("/Users/{old}"), "version": "\"v9\"",
                "data": {"schemas": [USER], "userName": "older"}},
            {"method": "DELETE", "path": format!("/Users/{old}")},
            {"method": "POST", "path": "/Users", "bulkId": "ann",
                "data": {"schemas": [USER], "userName": "another"}},
            {"method": "POST", "path": "/Users", "bulkId": "twice",
                "data": {"schemas": [USER], "userName": "ANN"}},
        ]))
        .await;
    assert_eq!(statuses(&said), ["201", "201", "200", "412", "204", "400", "409"], "{said:?}");
    assert_eq!(said[0]["bulkId"], "g");
    assert_eq!(said[1]["version"], "\"v1\"");
    assert_eq!(said[2]["version"], "\"v2\"");
    assert_eq!(said[6]["response"]["scimType"], "uniqueness");
    let place = said[0]["location"].as_str().unwrap().split_once("/scim/v2/").unwrap().1;
    let group = directory.ask("GET", place, Value::Null).await.json();
    let ann = said[1]["location"].as_str().unwrap();
    assert_eq!(group["members"].as_array().unwrap().len(), 1);
    assert!(ann.ends_with(group["members"][0]["value"].as_str().unwrap()));
    assert_eq!(directory.find("Users", "userName pr").await, ["ann"]);
    // Each leaves the record that it would leave alone.
    let records = fake.seen.records.lock().unwrap().clone();
    let acts: Vec<&str> = records.iter().map(|record| &*record.detail["act"]).collect();
    assert_eq!(acts[1..], ["user.create", "group.create", "user.update", "user.remove"]);
}

#[tokio::test]
async fn a_bulk_stops_where_it_is_told_to_and_is_bounded() {
    let fake = Fake::new();
    let directory = Directory::of(&fake).await;
    let user = |name: &str| {
        json!({"method": "POST", "path": "/Users", "bulkId": name,
            "data": {"schemas": [USER], "userName": name}})
    };
    let operations = json!([user("a"), user("bad name"), user("A"), user("b")]);
    let asked = json!({"schemas": [BULK], "failOnErrors": 2, "Operations": operations});
    let answer = directory.ask("POST", "Bulk", asked).await.json();
    let said = answer["Operations"].as_array().unwrap();
    assert_eq!(statuses(said), ["201", "400", "409"]);
    assert_eq!(directory.find("Users", "userName pr").await, ["a"]);
    let announced = directory.ask("GET", "ServiceProviderConfig", Value::Null).await.json();
    let most = announced["bulk"]["maxOperations"].as_u64().unwrap() as usize;
    let many = json!({"schemas": [BULK], "Operations": vec![user("c"); most + 1]});
    assert_eq!(directory.ask("POST", "Bulk", many).await.status, 413);
    let bytes = announced["bulk"]["maxPayloadSize"].as_u64().unwrap() as usize;
    let large = json!({"schemas": [BULK], "Operations": [], "more": "x".repeat(bytes)});
    assert_eq!(directory.ask("POST", "Bulk", large).await.status, 413);
    for wrong in [json!({}), json!({"schemas": [BULK]}), json!([])] {
        assert_eq!(directory.ask("POST", "Bulk", wrong).await.status, 400);
    }
    assert_eq!(directory.find("Users", "userName pr").await, ["a"]);
}

#[tokio::test]
async fn a_bulk_reaches_no_further_than_one_request() {
    let fake = Fake::new();
    let directory = Directory::of(&fake).await;
    fake.invite("kim", &[Role::PlatformAdministrator]).await;
    let kim = fake.store.user(&TenantId::main(), &named("kim")).await.unwrap();
    let users = format!("/Users/{}", kim.uid);
    let said = directory
        .bulk(json!([
            {"method": "DELETE", "path": users},
            {"method": "PATCH", "path": users,
                "data": {"schemas": [PATCH], "Operations": [{"op": "replace", "value": {"active": false}}]}},
            {"method": "POST", "path": "/Users", "bulkId": "k", "data": {"schemas": [USER], "userName": "KIM"}},
            {"method": "POST", "path": "/Groups", "bulkId": "g",
                "data": {"schemas": [GROUP], "displayName": "Security", "members": [{"value": kim.uid}]}},
            {"method": "POST", "path": "/Bulk", "bulkId": "b", "data": {"schemas": [BULK], "Operations": []}},
            {"method": "DELETE", "path": "/../../api/v1/users/kim"},
            {"method": "POST", "path": "/Users/.search", "bulkId": "s", "data": {}},
            {"method": "DELETE", "path": "/Users/bulkId:nobody"},
            {"method": "PUT", "path": "/Users/x", "version": "a\nb", "data": {"schemas": [USER], "userName": "x"}},
        ]))
        .await;
    let expected = ["404", "404", "409", "400", "400", "400", "400", "400", "412"];
    assert_eq!(statuses(&said), expected, "{said:?}");
    assert!(fake.store.user(&TenantId::main(), &named("kim")).await.unwrap().active);
    // Only under the token that tells of people.
    let read = format!("Bearer {}", fake.token(Scope::Write, None).await);
    let stranger = Directory { fake: &fake, bearer: read };
    let asked = json!({"schemas": [BULK], "Operations": []});
    assert_eq!(stranger.ask("POST", "Bulk", asked).await.status, 403);
}

#[tokio::test]
async fn what_a_directory_says_is_no_formula_in_a_file() {
    let fake = Fake::new();
    let directory = Directory::of(&fake).await;
    for name in ["=1+1", "@SUM(A1)", "-2+3", "\t=1", "a,=1"] {
        let refused =
            directory.ask("POST", "Users", json!({"schemas": [USER], "userName": name})).await;
        assert_eq!(refused.status, 400, "{name}");
    }
    let hostile = json!({"schemas": [USER], "userName": "ann", "displayName": "=cmd|'/c calc'!A1", "emails": [{"value": "@SUM(1)"}]});
    assert_eq!(directory.ask("POST", "Users", hostile).await.status, 201);
    directory.group("=1+1", &[]).await;
    for page in ["/people", "/access", "/reviews"] {
        let file = fake.page(&format!("{page}?format=csv")).await.text();
        for cell in file.split(&[',', '\n'][..]) {
            let cell = cell.trim_start_matches('"');
            assert!(!cell.starts_with(['=', '@', '+', '-']), "{page}: {file}");
        }
    }
    // Nor is it markup where it is shown.
    let shown = fake.page("/people/ann").await.text();
    assert!(!shown.contains("<script>"), "{shown}");
}
