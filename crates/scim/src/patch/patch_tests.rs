use proptest::prelude::*;
use serde_json::{Value, json};

use super::patch;
use crate::{Document, GROUP, Kind, MAX_MEMBERS, MAX_OPERATIONS, Resource, USER, read};

const OPERATION: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";

fn ann() -> Document {
    let ann = json!({
        "schemas": [USER.schema.id], "userName": "ann", "active": true,
        "name": {"familyName": "Lee", "givenName": "Ann"},
        "emails": [
            {"value": "a@work.example", "type": "work", "primary": true},
            {"value": "a@home.example", "type": "home"},
        ],
    });
    read(&USER, &ann).unwrap()
}

fn changed(resource: &'static Resource, from: &Document, operations: Value) -> Result<Value, Kind> {
    let body = json!({"schemas": [OPERATION], "Operations": operations});
    patch(resource, from, &body).map(Value::Object).map_err(|error| error.kind)
}

fn of_ann(operations: Value) -> Result<Value, Kind> {
    changed(&USER, &ann(), operations)
}

#[test]
fn plain_values_are_set_and_taken_away() {
    let one = of_ann(json!([{"op": "add", "path": "displayName", "value": "Ann L."}])).unwrap();
    assert_eq!(one["displayName"], "Ann L.");
    let gone = of_ann(json!([{"op": "remove", "path": "name.givenName"}])).unwrap();
    assert_eq!(gone["name"], json!({"familyName": "Lee"}));
    let gone = of_ann(json!([{"op": "remove", "path": "emails"}])).unwrap();
    assert_eq!(gone.get("emails"), None);
    // As one widely used directory writes it.
    let off = of_ann(json!([{"op": "Replace", "path": "active", "value": "False"}])).unwrap();
    assert_eq!(off["active"], false);
    let urn = "urn:ietf:params:scim:schemas:core:2.0:User:name.familyName";
    let other = of_ann(json!([{"op": "replace", "path": urn, "value": "Ray"}])).unwrap();
    assert_eq!(other["name"], json!({"familyName": "Ray", "givenName": "Ann"}));
}

#[test]
fn without_a_path_the_value_names_what_is_set() {
    let value = json!({
        "displayName": "A", "name.familyName": "Ray", "emails[type eq \"home\"].value": "new@home.example",
        // Not a client's to say, and not kept.
        "id": "8", "groups": [{"value": "1"}], "roles": ["admin"], "nickName": "x", "shoe": 4,
    });
    let set = of_ann(json!([{"op": "replace", "value": value}])).unwrap();
    assert_eq!((&set["displayName"], &set["name"]["familyName"]), (&json!("A"), &json!("Ray")));
    assert_eq!(set["emails"][1]["value"], "new@home.example");
    for name in ["id", "groups", "roles", "nickName", "shoe"] {
        assert_eq!(set.get(name), None, "{name}");
    }
}

#[test]
fn values_are_chosen_by_what_they_hold() {
    let path = "emails[type eq \"work\"].value";
    let set = of_ann(json!([{"op": "replace", "path": path, "value": "x@work.example"}])).unwrap();
    assert_eq!(set["emails"][0]["value"], "x@work.example");
    assert_eq!(set["emails"][1]["value"], "a@home.example");
    let path = "emails[type eq \"home\" and value ew \"example\"]";
    let left = of_ann(json!([{"op": "remove", "path": path}])).unwrap();
    assert_eq!(left["emails"].as_array().unwrap().len(), 1);
    let none = json!([{"op": "replace", "path": "emails[type eq \"other\"].value", "value": "x"}]);
    assert_eq!(of_ann(none), Err(Kind::NoTarget));
    let made = json!([{"op": "add", "path": "emails[type eq \"other\"].value", "value": "x"}]);
    assert_eq!(of_ann(made).unwrap()["emails"][2], json!({"type": "other", "value": "x"}));
    let unclear = json!([{"op": "add", "path": "emails[type sw \"o\"].value", "value": "x"}]);
    assert_eq!(of_ann(unclear), Err(Kind::NoTarget));
}

#[test]
fn one_value_at_most_is_primary() {
    let new = json!([{"value": "b@work.example", "primary": true}]);
    let set = of_ann(json!([{"op": "add", "path": "emails", "value": new}])).unwrap();
    assert_eq!(set["emails"][0]["primary"], false);
    assert_eq!(set["emails"][2]["primary"], true);
    let path = "emails[type eq \"home\"].primary";
    let set = of_ann(json!([{"op": "add", "path": path, "value": true}])).unwrap();
    assert_eq!(set["emails"][0]["primary"], false);
    let two = json!([{"value": "b", "primary": true}, {"value": "c", "primary": true}]);
    assert_eq!(
        of_ann(json!([{"op": "replace", "path": "emails", "value": two}])),
        Err(Kind::InvalidValue)
    );
    let all = json!([{"op": "replace", "path": "emails.primary", "value": true}]);
    assert_eq!(of_ann(all), Err(Kind::InvalidValue));
}

#[test]
fn what_cannot_be_is_refused_and_nothing_is_done() {
    for (operation, kind) in [
        (json!({"op": "remove"}), Kind::NoTarget),
        (json!({"op": "remove", "path": "userName"}), Kind::Mutability),
        (json!({"op": "replace", "path": "id", "value": "8"}), Kind::Mutability),
        (json!({"op": "add", "path": "groups", "value": [{"value": "1"}]}), Kind::Mutability),
        (json!({"op": "add", "path": "meta.version", "value": "1"}), Kind::Mutability),
        (json!({"op": "add", "path": "shoe", "value": "4"}), Kind::InvalidPath),
        (json!({"op": "add", "path": "name.shoe", "value": "4"}), Kind::InvalidPath),
        (json!({"op": "add", "path": "userName[a eq 1]", "value": "4"}), Kind::InvalidPath),
        (json!({"op": "add", "path": "emails[type eq \"work\"", "value": "4"}), Kind::InvalidPath),
        (
            json!({"op": "add", "path": "emails[type eq \"work\"]x", "value": "4"}),
            Kind::InvalidPath,
        ),
        (json!({"op": "add", "path": "emails[type]", "value": "4"}), Kind::InvalidFilter),
        (json!({"op": "add", "path": 4, "value": "4"}), Kind::InvalidPath),
        (json!({"op": "move", "path": "active", "value": true}), Kind::InvalidSyntax),
        (json!({"op": "add", "path": "active"}), Kind::InvalidValue),
        (json!({"op": "add", "path": "active", "value": "perhaps"}), Kind::InvalidValue),
        (json!({"op": "add", "value": [1]}), Kind::InvalidValue),
        (json!({"op": "replace", "path": "userName", "value": ""}), Kind::InvalidValue),
        (json!({"op": "replace", "path": "userName", "value": "a\u{0}b"}), Kind::InvalidValue),
        (json!("add"), Kind::InvalidSyntax),
    ] {
        let fine = json!({"op": "add", "path": "displayName", "value": "x"});
        assert_eq!(of_ann(json!([fine, operation])), Err(kind), "{operation}");
    }
    assert_eq!(of_ann(json!([])), Err(Kind::InvalidSyntax));
    let fine = json!({"op": "add", "path": "displayName", "value": "x"});
    let many = Value::Array(vec![fine; MAX_OPERATIONS + 1]);
    assert_eq!(of_ann(many), Err(Kind::TooMany));
    let without = json!({"Operations": [{"op": "remove", "path": "emails"}]});
    assert_eq!(patch(&USER, &ann(), &without).unwrap_err().kind, Kind::InvalidSyntax);
}

#[test]
fn what_is_known_and_not_kept_is_let_pass() {
    let enterprise = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department";
    for path in ["title", "phoneNumbers[type eq \"work\"].value", "roles", "password", enterprise] {
        let same = of_ann(json!([{"op": "add", "path": path, "value": "x"}])).unwrap();
        assert_eq!(same, Value::Object(ann()), "{path}");
    }
}

fn group(members: usize) -> Document {
    let members: Vec<Value> = (0..members).map(|n| json!({"value": n.to_string()})).collect();
    let group = json!({"schemas": [GROUP.schema.id], "displayName": "all", "members": members});
    read(&GROUP, &group).unwrap()
}

#[test]
fn members_come_and_go() {
    let set = |operations| changed(&GROUP, &group(3), operations);
    let names = |group: &Value| -> Vec<String> {
        let members = group["members"].as_array().cloned().unwrap_or_default();
        members.iter().map(|member| member["value"].as_str().unwrap().to_owned()).collect()
    };
    let more = json!([{"value": "2"}, {"value": "9", "type": "User"}]);
    let added = set(json!([{"op": "add", "path": "members", "value": more}])).unwrap();
    assert_eq!(names(&added), ["0", "1", "2", "9"]);
    let left = set(json!([{"op": "remove", "path": "members[value eq \"1\"]"}])).unwrap();
    assert_eq!(names(&left), ["0", "2"]);
    // Named in the value: these, and not all.
    let some = json!([{"value": "0"}, {"value": "7"}]);
    let left = set(json!([{"op": "Remove", "path": "members", "value": some}])).unwrap();
    assert_eq!(names(&left), ["1", "2"]);
    let none = set(json!([{"op": "remove", "path": "members"}])).unwrap();
    assert_eq!(none.get("members"), None);
    let renamed = json!([{"op": "replace", "path": "members[value eq \"1\"].value", "value": "9"}]);
    assert_eq!(set(renamed), Err(Kind::Mutability));
    let nameless = json!([{"op": "add", "path": "members", "value": [{"type": "User"}]}]);
    assert_eq!(set(nameless), Err(Kind::InvalidValue));
}

#[test]
fn a_group_has_room_for_so_many() {
    let more: Vec<Value> = (0..=MAX_MEMBERS).map(|n| json!({"value": format!("m{n}")})).collect();
    let add = |value: &[Value]| {
        changed(&GROUP, &group(1), json!([{"op": "add", "path": "members", "value": value}]))
    };
    assert_eq!(add(&more), Err(Kind::TooMany));
    assert_eq!(add(&more[1..]), Err(Kind::TooMany));
    assert!(add(&more[2..]).is_ok());
}

proptest! {
    /// Whatever a path says, nothing is set that a client may not set.
    #[test]
    fn no_path_sets_what_is_not_the_clients(
        path in "(id|meta|groups|schemas|ID|Meta)(\\.[a-z$]{1,8})?(\\[value eq \"1\"\\])?",
        op in "add|replace|remove",
    ) {
        let before = ann();
        let after = of_ann(json!([{"op": op, "path": path, "value": [{"value": "1"}]}]));
        prop_assert!(after.is_err() || after == Ok(Value::Object(before)), "{:?}", after);
    }

    #[test]
    fn no_patch_breaks_it(path in "[a-zA-Z\\[\\].\" ]{0,40}", value in "[a-z]{0,4}") {
        let _ = of_ann(json!([{"op": "add", "path": path, "value": value}]));
    }

    /// Adding what was just added changes nothing.
    #[test]
    fn adding_twice_is_adding_once(names in proptest::collection::vec("[a-c]{1,2}", 1..20)) {
        let members: Vec<Value> = names.iter().map(|name| json!({"value": name})).collect();
        let add = json!({"op": "add", "path": "members", "value": members});
        let once = changed(&GROUP, &group(3), json!([add]));
        let twice = changed(&GROUP, &group(3), json!([add, add]));
        prop_assert_eq!(once, twice);
    }
}
