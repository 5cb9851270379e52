use std::time::Instant;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{MAX_NODES, Schema, SchemaError};

fn fits(schema: &Value, value: &Value) -> bool {
    Schema::compile(schema).unwrap_or_else(|e| panic!("{schema}: {e}")).check("x", value).is_ok()
}

#[test]
fn each_keyword_asserts() {
    // A schema, a value that fits and one that does not.
    let table = [
        (json!({"type": "integer"}), json!(1.0), json!(1.5)),
        (json!({"type": ["string", "null"]}), json!(null), json!(0)),
        (json!({"enum": ["a", 1]}), json!(1.0), json!("b")),
        (json!({"const": {"a": [1]}}), json!({"a": [1.0]}), json!({"a": []})),
        (json!({"required": ["a"]}), json!({"a": 1}), json!({"b": 1})),
        (
            json!({"properties": {"a": {"type": "string"}}}),
            json!({"a": "x", "b": 1}),
            json!({"a": 1}),
        ),
        (
            json!({"properties": {"a": {}}, "additionalProperties": false}),
            json!({"a": 1}),
            json!({"b": 1}),
        ),
        (
            json!({"patternProperties": {"^n": {"type": "number"}}}),
            json!({"n1": 1, "m": ""}),
            json!({"n1": ""}),
        ),
        (json!({"propertyNames": {"maxLength": 2}}), json!({"ab": 1}), json!({"abc": 1})),
        (json!({"minProperties": 1, "maxProperties": 2}), json!({"a": 1}), json!({})),
        (json!({"dependentRequired": {"a": ["b"]}}), json!({"b": 1}), json!({"a": 1})),
        (
            json!({"dependentSchemas": {"a": {"required": ["b"]}}}),
            json!({"a": 1, "b": 2}),
            json!({"a": 1}),
        ),
        (
            json!({"dependencies": {"a": ["b"], "c": {"required": ["d"]}}}),
            json!({"b": 1}),
            json!({"c": 1}),
        ),
        (json!({"items": {"type": "number"}}), json!([1, 2]), json!([1, "2"])),
        (
            json!({"prefixItems": [{"type": "string"}], "items": false}),
            json!(["a"]),
            json!(["a", 1]),
        ),
        (
            json!({"items": [{"type": "string"}], "additionalItems": false}),
            json!(["a"]),
            json!(["a", 1]),
        ),
        (json!({"contains": {"const": 1}, "maxContains": 1}), json!([0, 1]), json!([1, 1])),
        (json!({"minItems": 1, "maxItems": 2}), json!([1]), json!([1, 2, 3])),
        (
            json!({"uniqueItems": true}),
            json!([1, "1"]),
            json!([{"a": 1, "b": 2}, {"b": 2.0, "a": 1}]),
        ),
        (json!({"minLength": 2, "maxLength": 3}), json!("\u{e9}\u{e9}"), json!("\u{e9}")),
        (json!({"pattern": "^[a-z]+$"}), json!("abc"), json!("a1")),
        (json!({"minimum": 1, "maximum": 3}), json!(3), json!(3.5)),
        (json!({"exclusiveMinimum": 1}), json!(2), json!(1)),
        (json!({"minimum": 1, "exclusiveMinimum": true}), json!(2), json!(1)),
        (json!({"multipleOf": 0.1}), json!(0.3), json!(0.35)),
        (json!({"allOf": [{"minimum": 1}, {"maximum": 2}]}), json!(1), json!(3)),
        (json!({"anyOf": [{"type": "string"}, {"minimum": 5}]}), json!(6), json!(4)),
        (json!({"oneOf": [{"multipleOf": 2}, {"multipleOf": 3}]}), json!(4), json!(6)),
        (json!({"not": {"type": "null"}}), json!(0), json!(null)),
        (
            json!({"if": {"properties": {"k": {"const": 1}}, "required": ["k"]}, "then": {"required": ["a"]}, "else": {"required": ["b"]}}),
            json!({"k": 1, "a": 0}),
            json!({"k": 1, "b": 0}),
        ),
        (json!({"$ref": "#/$defs/n", "$defs": {"n": {"type": "number"}}}), json!(1), json!("")),
        (
            json!({"$ref": "#named", "$defs": {"n": {"$anchor": "named", "type": "number"}}}),
            json!(1),
            json!(""),
        ),
        (
            json!({"allOf": [{"properties": {"a": {}}}], "unevaluatedProperties": false}),
            json!({"a": 1}),
            json!({"b": 1}),
        ),
        (
            json!({"anyOf": [{"properties": {"a": {"const": 1}}, "required": ["a"]}, {"properties": {"b": {}}}], "unevaluatedProperties": false}),
            json!({"a": 1, "b": 2}),
            json!({"a": 2}),
        ),
        (json!(true), json!(1), Value::Null),
    ];
    for (schema, good, bad) in table.iter().take(table.len() - 1) {
        assert!(fits(schema, good), "{schema} refuses {good}");
        assert!(!fits(schema, bad), "{schema} lets {bad} through");
    }
    assert!(fits(&json!(true), &json!(1)) && !fits(&json!(false), &json!(1)));
}

#[test]
fn a_keyword_says_nothing_of_values_of_other_types() {
    let schema = json!({"minLength": 5, "minimum": 5, "required": ["a"], "minItems": 5});
    assert!(fits(&schema, &json!(true)));
}

#[test]
fn what_is_wrong_is_named_by_its_place() {
    let item =
        json!({"type": "object", "required": ["name"], "properties": {"name": {"type": "string"}}});
    let schema = json!({"type": "object", "properties": {"list": {"items": item}}});
    let schema = Schema::compile(&schema).unwrap();
    let wrong = schema.check("arguments", &json!({"list": [{"name": "a"}, {"name": 2}]}));
    assert_eq!(wrong.unwrap_err().to_string(), "arguments.list[1].name must be of type string");
    let wrong = schema.check("arguments", &json!({"list": [{}]})).unwrap_err();
    assert_eq!(wrong.to_string(), "arguments.list[0] lacks `name`");
}

#[test]
fn what_is_not_understood_is_refused() {
    let unsupported = |name: &str| SchemaError::Unsupported(name.into());
    for (schema, error) in [
        (json!({"$dynamicRef": "#a"}), unsupported("$dynamicRef")),
        (
            json!({"properties": {"a": {"unevaluatedItems": false}}}),
            unsupported("unevaluatedItems"),
        ),
        (
            json!({"$ref": "https://example.com/s"}),
            SchemaError::Reference("https://example.com/s".into()),
        ),
        (json!({"$ref": "#/nowhere"}), SchemaError::Reference("#/nowhere".into())),
        (json!({"pattern": "(?=a)"}), SchemaError::Pattern("(?=a)".into())),
        (json!({"type": "text"}), SchemaError::Value("type".into())),
        (json!({"anyOf": []}), SchemaError::Value("anyOf".into())),
        (json!({"multipleOf": 0}), SchemaError::Value("multipleOf".into())),
        (json!([]), SchemaError::Value("schema".into())),
    ] {
        assert_eq!(Schema::compile(&schema).err(), Some(error), "{schema}");
    }
    assert!(fits(&json!({"x-own": 1, "format": "email", "title": "t"}), &json!(1)));
}

#[test]
fn a_schema_that_refers_to_itself_ends() {
    let tree = json!({"type": "object", "properties": {"next": {"$ref": "#"}}, "additionalProperties": false});
    assert!(fits(&tree, &json!({"next": {"next": {}}})));
    assert!(!fits(&tree, &json!({"next": {"next": {"other": 1}}})));
    for endless in [
        json!({"$ref": "#"}),
        json!({"allOf": [{"$ref": "#"}]}),
        json!({"not": {"$ref": "#"}}),
        json!({"anyOf": [{"$ref": "#/$defs/a"}, {"type": "null"}], "$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}}}),
    ] {
        assert!(!fits(&endless, &json!("anything")), "{endless}");
    }
}

#[test]
fn a_schema_that_grows_without_bound_is_refused_in_time() {
    let many: Vec<Value> = (0..=MAX_NODES).map(|_| json!({})).collect();
    assert_eq!(Schema::compile(&json!({"anyOf": many})).err(), Some(SchemaError::TooLarge));
    let deep = (0..100).fold(json!({}), |inner, _| json!({"not": inner}));
    assert_eq!(Schema::compile(&deep).err(), Some(SchemaError::TooDeep));
    // Each level doubles the work: 2^24 applications without a budget.
    let mut definitions = serde_json::Map::new();
    for level in 0..24 {
        let next = json!({"$ref": format!("#/$defs/l{}", level + 1)});
        definitions.insert(format!("l{level}"), json!({"allOf": [next.clone(), next]}));
    }
    definitions.insert("l24".into(), json!({}));
    let begun = Instant::now();
    assert!(!fits(&json!({"$ref": "#/$defs/l0", "$defs": definitions}), &json!(1)));
    assert!(begun.elapsed().as_secs() < 5);
}

fn values() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "[a-z#/$]{0,6}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        let keys = prop_oneof![
            "[a-c]",
            proptest::sample::select(vec![
                "type",
                "properties",
                "items",
                "$ref",
                "anyOf",
                "not",
                "required",
                "enum",
                "pattern",
                "allOf",
                "if",
                "then",
                "minimum",
                "additionalProperties",
                "contains",
                "uniqueItems",
            ])
            .prop_map(str::to_owned),
        ];
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::hash_map(keys, inner, 0..5).prop_map(|m| m.into_iter().collect()),
        ]
    })
}

proptest! {
    #[test]
    fn nothing_panics_and_not_is_the_opposite(schema in values(), value in values()) {
        if let Ok(compiled) = Schema::compile(&schema) {
            let fits = compiled.check("x", &value).is_ok();
            if let Ok(negated) = Schema::compile(&json!({"not": schema})) {
                // References count from the root, so a schema with one means something else inside.
                if !schema.to_string().contains("$ref") {
                    prop_assert_eq!(negated.check("x", &value).is_ok(), !fits);
                }
            }
        }
    }

    #[test]
    fn a_value_fits_its_own_const(value in values()) {
        let (own, among) = (json!({"const": value}), json!({"enum": [1, value]}));
        prop_assert!(fits(&own, &value) && fits(&among, &value));
    }
}
