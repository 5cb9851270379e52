use std::collections::HashMap;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

fn bulk(operations: Value) -> Result<Bulk> {
    Bulk::read(&json!({"schemas": [SCHEMA], "Operations": operations}))
}

fn create(resource: &str, name: &str, refers: &[&str]) -> Value {
    let members: Vec<Value> =
        refers.iter().map(|one| json!({"value": format!("bulkId:{one}")})).collect();
    json!({"method": "POST", "path": resource, "bulkId": name, "data": {"members": members}})
}

#[test]
fn what_is_referred_to_comes_first_and_the_rest_stays_as_it_was() {
    let read = bulk(json!([
        create("/Users", "a", &[]),
        create("/Groups", "g", &["late", "a"]),
        {"method": "DELETE", "path": "/Users/7"},
        {"method": "PATCH", "path": "/Groups/bulkId:h", "data": {"Operations": []}},
        create("/Users", "late", &[]),
        create("/Groups", "h", &["g"]),
    ]));
    assert_eq!(read.unwrap().order(), [0, 4, 1, 2, 5, 3]);
}

#[test]
fn a_circle_and_one_that_refers_to_itself_end() {
    let read = bulk(json!([
        create("/Groups", "a", &["b"]),
        create("/Groups", "b", &["a"]),
        create("/Groups", "c", &["c"]),
    ]));
    let read = read.unwrap();
    assert_eq!(read.order(), [1, 0, 2]);
    let task = read.operations[1].task.clone().unwrap();
    let refused = task.resolved(&HashMap::new()).unwrap_err();
    assert_eq!(refused.kind, Kind::InvalidValue);
}

#[test]
fn a_long_chain_takes_no_stack() {
    let chain: Vec<Value> = (0..MAX_BULK)
        .map(|at| create("/Groups", &at.to_string(), &[&(at + 1).to_string()]))
        .collect();
    let order = bulk(chain.into()).unwrap().order();
    assert_eq!(order, (0..MAX_BULK).rev().collect::<Vec<_>>());
}

#[test]
fn a_reference_is_one_only_where_an_id_stands() {
    let operation = json!({
        "method": "post", "path": "/Groups", "bulkId": "g",
        "data": {"displayName": "bulkId:a", "members": [{"value": "bulkId:a"}, {"Value": "x"}]},
    });
    let read = bulk(json!([operation])).unwrap();
    let task = read.operations.into_iter().next().unwrap().task.unwrap();
    let created = HashMap::from([("a".to_owned(), "77".to_owned())]);
    let data = task.resolved(&created).unwrap().data;
    let members = json!([{"value": "77"}, {"Value": "x"}]);
    assert_eq!(data, json!({"displayName": "bulkId:a", "members": members}));
}

#[test]
fn what_is_wrong_with_one_says_nothing_of_the_others() {
    let wrong = json!([
        {"method": "GET", "path": "/Users/7"},
        {"method": "POST", "path": "/Users", "data": {}},
        {"method": "POST", "path": "/Users/7", "bulkId": "a", "data": {}},
        {"method": "PUT", "path": "/Users", "data": {}},
        {"method": "PUT", "path": "/Users/7"},
        {"method": "PUT", "path": "/Users/7", "data": []},
        {"method": "DELETE", "path": "/Users/7/../8"},
        {"method": "DELETE", "path": "/Usersx"},
        {"method": "DELETE", "path": "/Bulk/7"},
        {"method": "POST", "path": "/Bulk", "bulkId": "b", "data": {}},
        {"path": "/Users/7"},
        "nonsense",
        {"method": "DELETE", "path": "/Users/7"},
    ]);
    let read = bulk(wrong).unwrap();
    let is_right: Vec<bool> = read.operations.iter().map(|one| one.task.is_ok()).collect();
    assert_eq!(is_right.iter().filter(|is| **is).count(), 1);
    assert!(is_right.last().unwrap());
}

#[test]
fn a_request_is_bounded_and_is_one() {
    let many: Vec<Value> = vec![json!({}); MAX_BULK + 1];
    assert_eq!(bulk(many.into()).unwrap_err().kind, Kind::TooMany);
    for wrong in [
        json!([]),
        json!({"Operations": []}),
        json!({"schemas": [SCHEMA]}),
        json!({"schemas": [SCHEMA], "Operations": {}}),
        json!({"schemas": [SCHEMA], "Operations": [], "failOnErrors": 0}),
        json!({"schemas": [SCHEMA], "Operations": [], "failOnErrors": "1"}),
    ] {
        assert!(Bulk::read(&wrong).is_err(), "{wrong}");
    }
}

proptest! {
    #[test]
    fn each_is_done_once_and_after_what_it_refers_to_unless_they_go_in_a_circle(
        edges in proptest::collection::vec((0..12_usize, 0..12_usize), 0..20),
    ) {
        let operations: Vec<Value> = (0..12)
            .map(|at| {
                let refers: Vec<String> =
                    edges.iter().filter(|(from, to)| *from == at && to > from).map(|(_, to)| to.to_string()).collect();
                let refers: Vec<&str> = refers.iter().map(String::as_str).collect();
                create("/Groups", &at.to_string(), &refers)
            })
            .collect();
        let order = bulk(operations.into()).unwrap().order();
        let mut sorted = order.clone();
        sorted.sort_unstable();
        prop_assert_eq!(sorted, (0..12).collect::<Vec<_>>());
        let at = |place: usize| order.iter().position(|one| *one == place);
        for (from, to) in edges.into_iter().filter(|(from, to)| to > from) {
            prop_assert!(at(to) < at(from));
        }
    }
}
