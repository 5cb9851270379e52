//! What is found by the store is what is found by looking at each document.

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use scim::{Document, Filter, Order, USER};
use serde_json::{Value, json};
use store::Scope;

use super::fake::{Fake, over_tcp, request};

const SCHEMA: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
const GROUP: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";
/// Filters that are tried.
const TRIED: usize = 400;

struct Directory {
    fake: Fake,
    bearer: String,
}

impl Directory {
    async fn ask(&self, method: &str, path: &str, body: Value) -> Value {
        let headers = [("authorization", self.bearer.as_str())];
        let answer = self
            .fake
            .send(over_tcp(request(method, &format!("/scim/v2/{path}"), body, &headers)))
            .await;
        assert!(answer.status.is_success(), "{path}: {}", answer.text());
        answer.json()
    }

    async fn list(&self, query: &str) -> (Vec<Document>, usize) {
        let found = self.ask("GET", &format!("Users?{query}"), Value::Null).await;
        let total = found["totalResults"].as_u64().unwrap() as usize;
        let found = found["Resources"].as_array().cloned().unwrap_or_default();
        (found.iter().map(|one| one.as_object().cloned().unwrap()).collect(), total)
    }
}

/// People whose names differ little, with what is lacking, what is several, and what has no small letters.
fn people() -> Vec<Value> {
    let words = ["Ann", "ann b", "ÉVA", "éva", "\u{212a}im", "kim", "z\u{10ffff}", "%_*", ""];
    (0..27_usize)
        .map(|number| {
            let word = |step: usize| words[(number * step + step) % words.len()];
            let emails = [
                json!({"value": format!("{}@X", word(2)), "type": "Work"}),
                json!({"value": "b@y", "type": "home", "primary": number % 2 == 0}),
                json!({"type": "other"}),
            ];
            let mut one = json!({
                "schemas": [SCHEMA], "userName": format!("P{number}"), "displayName": word(1),
                "externalId": word(4),
                "name": {"familyName": word(5), "givenName": word(7)},
                "emails": &emails[number % 3..],
            });
            match number % 4 {
                0 => one["active"] = json!(true),
                1 => one["active"] = json!(false),
                _ => {}
            }
            one
        })
        .collect()
}

fn filters(group: &str) -> impl Strategy<Value = String> + use<> {
    let names = [
        "userName",
        "displayName",
        "externalId",
        "name.familyName",
        "name.givenName",
        "emails",
        "emails.type",
        "id",
        "name.middleName",
        "groups.display",
        "shoeSize",
    ];
    let texts = [
        "ann",
        "Ann",
        "É",
        "éva",
        "k",
        "\u{212a}",
        "p1",
        "P",
        "b@y",
        "work",
        "@",
        "%",
        "\u{10ffff}",
        "",
    ];
    let compared = (
        proptest::sample::select(names.to_vec()),
        proptest::sample::select(vec!["eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le"]),
        proptest::sample::select(texts.to_vec()),
    );
    let compared = compared.prop_map(|(name, op, text)| format!("{name} {op} \"{text}\""));
    let others = [
        "active eq true",
        "active eq false",
        "active ne true",
        "active ne false",
        "active pr",
        "emails pr",
        "displayName pr",
        "externalId eq null",
        "name pr",
        "meta.created gt \"2020-01-01T00:00:00Z\"",
        "meta.lastModified le \"2020-01-01T00:00:00Z\"",
        "meta.resourceType eq \"User\"",
        "emails[type eq \"work\" and value co \"X\"]",
        "emails[not (type eq \"home\") and value pr]",
        "emails[value sw \"b\" and primary eq true]",
        "emails[type pr]",
        "emails[value ew \"y\" and not (type ne \"HOME\")]",
        "emails[value eq \"b@y\" or type eq \"other\"]",
        "groups[display co \"st\"]",
    ];
    let mut others: Vec<String> = others.iter().map(|text| (*text).to_owned()).collect();
    others.push(format!("groups.value eq \"{group}\""));
    others.push(format!("groups[value eq \"{group}\"]"));
    let term = prop_oneof![3 => compared, 2 => proptest::sample::select(others)];
    term.prop_recursive(3, 8, 3, |inner| {
        let parts = proptest::collection::vec(inner.clone(), 2..4);
        let joined = (parts, any::<bool>()).prop_map(|(parts, is_and)| {
            format!("({})", parts.join(if is_and { " and " } else { " or " }))
        });
        prop_oneof![joined, inner.prop_map(|one| format!("not ({one})"))]
    })
}

fn encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

/// As a reader of the standard would do it: each looked at, put in order, counted off.
fn expected(all: &[Document], filter: &str, order: Option<&Order>) -> Vec<Document> {
    let filter = Filter::parse(&USER, filter).unwrap();
    let mut found: Vec<Document> =
        all.iter().filter(|one| filter.is_met_by(one)).cloned().collect();
    if let Some(order) = order {
        found.sort_by(|one, other| {
            order.compare(&order.rank(&USER, one), &order.rank(&USER, other))
        });
    }
    found
}

fn ids(documents: &[Document]) -> Vec<&str> {
    documents.iter().map(|one| one["id"].as_str().unwrap()).collect()
}

async fn filled() -> (Directory, String) {
    let fake = Fake::new();
    let bearer = format!("Bearer {}", fake.token(Scope::Provision, None).await);
    let directory = Directory { fake, bearer };
    let mut told = Vec::new();
    for person in people() {
        let made = directory.ask("POST", "Users", person).await;
        told.push(made["id"].as_str().unwrap().to_owned());
    }
    let members: Vec<Value> = told.iter().step_by(5).map(|id| json!({"value": id})).collect();
    let group = json!({"schemas": [GROUP], "displayName": "Staff", "members": members});
    let group = directory.ask("POST", "Groups", group).await["id"].as_str().unwrap().to_owned();
    (directory, group)
}

#[tokio::test]
async fn a_filter_finds_those_whose_documents_meet_it() {
    let (directory, group) = filled().await;
    let (all, total) = directory.list("count=1000").await;
    assert_eq!((all.len(), total), (27, 27));
    let mut runner = TestRunner::deterministic();
    let filters = filters(&group);
    for number in 0..TRIED {
        let filter = filters.new_tree(&mut runner).unwrap().current();
        let expected = expected(&all, &filter, None);
        let (skip, count) = (number % 4, 3 + number % 30);
        let query = format!("filter={}&startIndex={}&count={count}", encoded(&filter), skip + 1);
        let (found, total) = directory.list(&query).await;
        assert_eq!(total, expected.len(), "{filter}");
        let shown: Vec<Document> = expected.into_iter().skip(skip).take(count).collect();
        assert_eq!(ids(&found), ids(&shown), "{filter}");
    }
}

#[tokio::test]
async fn an_order_is_that_of_the_documents() {
    let (directory, _) = filled().await;
    let (all, _) = directory.list("count=1000").await;
    let filters = ["", "active eq true", "displayName co \"a\"", "groups.display eq \"staff\""];
    for by in [
        "userName",
        "displayName",
        "externalId",
        "name.familyName",
        "name.middleName",
        "emails",
        "emails.type",
        "active",
        "id",
        "meta.created",
        "meta.location",
        "groups",
        "title",
    ] {
        for (way, filter) in
            ["ascending", "descending"].iter().flat_map(|way| filters.map(|filter| (*way, filter)))
        {
            let order = Order::parse(&[&USER], Some(by), Some(way)).unwrap().unwrap();
            let sure = if filter.is_empty() { "userName pr" } else { filter };
            let expected = expected(&all, sure, Some(&order));
            let mut seen = Vec::new();
            for start in (1..=28).step_by(5) {
                let query = format!(
                    "sortBy={by}&sortOrder={way}&count=5&startIndex={start}{}",
                    if filter.is_empty() {
                        String::new()
                    } else {
                        format!("&filter={}", encoded(filter))
                    }
                );
                let (found, total) = directory.list(&query).await;
                assert_eq!(total, expected.len(), "{by} {way} {filter}");
                seen.extend(found);
            }
            // Among equals either way will do, and each stands there once.
            let ranks = |documents: &[Document]| -> Vec<_> {
                documents.iter().map(|one| order.rank(&USER, one)).collect()
            };
            assert_eq!(ranks(&seen), ranks(&expected), "{by} {way} {filter}");
            let (mut seen, mut expected) = (ids(&seen), ids(&expected));
            seen.sort_unstable();
            expected.sort_unstable();
            assert_eq!(seen, expected, "{by} {way} {filter}");
        }
    }
}

#[tokio::test]
async fn groups_are_found_by_who_is_in_them() {
    let (directory, group) = filled().await;
    let other = json!({"schemas": [GROUP], "displayName": "Nobody"});
    directory.ask("POST", "Groups", other).await;
    let (all, _) = directory.list("count=1000").await;
    let member = all[0]["id"].as_str().unwrap();
    for filter in [
        format!("members eq \"{member}\""),
        format!("members.value eq \"{member}\" and displayName sw \"st\""),
        format!("members[value eq \"{member}\" and type eq \"User\"]"),
        format!("id eq \"{group}\" and members eq \"{member}\""),
    ] {
        let found =
            directory.ask("GET", &format!("Groups?filter={}", encoded(&filter)), Value::Null).await;
        assert_eq!(found["totalResults"], 1, "{filter}");
        assert_eq!(found["Resources"][0]["id"], group.as_str(), "{filter}");
    }
    let stranger = all[1]["id"].as_str().unwrap();
    let filter = encoded(&format!("members eq \"{stranger}\""));
    let found = directory.ask("GET", &format!("Groups?filter={filter}"), Value::Null).await;
    assert_eq!(found["totalResults"], 0);
}
