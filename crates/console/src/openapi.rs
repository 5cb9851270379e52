//! The description of the API in OpenAPI 3.1, made from the table of routes.

use serde_json::{Map, Value, json};

use crate::{Access, Endpoint, Surface, endpoints};

/// The whole description.
pub fn describe() -> Value {
    let mut paths: Map<String, Value> = Map::new();
    for endpoint in endpoints().into_iter().filter(|one| one.surface == Surface::Api) {
        // A catch-all is an ordinary parameter there.
        let path = endpoint.path.replace("{*", "{");
        let entry = paths.entry(path).or_insert_with(|| json!({}));
        entry[endpoint.method] = operation(&endpoint);
    }
    json!({
        "openapi": "3.1.0",
        "info": {"title": "Portcullis admin API", "version": env!("CARGO_PKG_VERSION")},
        "paths": paths,
        "components": {
            "securitySchemes": {"admin_token": {"type": "http", "scheme": "bearer"}},
            "schemas": {"problem": problem_schema()},
        },
    })
}

fn operation(endpoint: &Endpoint) -> Value {
    let mut answers = json!({
        "2XX": {"description": "Done"},
        "4XX": problem("What was wrong, and what to do about it"),
        "5XX": problem("The instance failed"),
    });
    let asked = (endpoint.asked)();
    let mut parameters = path_parameters(endpoint.path);
    parameters.extend(asked.query.iter().flat_map(query_parameters));
    let mut operation = json!({
        "summary": endpoint.does,
        "operationId": operation_id(endpoint),
        "parameters": parameters,
    });
    if let Some(body) = asked.body {
        let required = body.get("required").is_some();
        let content = json!({"application/json": {"schema": body}});
        operation["requestBody"] = json!({"required": required, "content": content});
    }
    if endpoint.access != Access::Public {
        operation["security"] = json!([{"admin_token": []}]);
        operation["x-scope"] = json!(match endpoint.access {
            Access::Payload | Access::Names => "payload",
            access if access.changes() => "write",
            _ => "read",
        });
        operation["x-action"] = json!(endpoint.access.action());
        answers["401"] = problem("No valid admin token");
    }
    operation["responses"] = answers;
    operation
}

fn operation_id(endpoint: &Endpoint) -> String {
    let words = endpoint.path.split(['/', '.']).map(|part| part.trim_matches(['{', '}', '*']));
    let words: Vec<&str> = words.filter(|part| !part.is_empty()).collect();
    format!("{}_{}", endpoint.method, words.join("_"))
}

fn query_parameters(schema: &Value) -> Vec<Value> {
    let required = |name: &String| {
        let names = schema["required"].as_array();
        names.is_some_and(|names| names.iter().any(|required| required == name))
    };
    let members = schema["properties"].as_object().into_iter().flatten();
    let parameter = |(name, schema): (&String, &Value)| json!({"name": name, "in": "query", "required": required(name), "schema": given(schema)});
    members.map(parameter).collect()
}

/// Nothing is no value of a query's parameter: it is left out.
fn given(schema: &Value) -> Value {
    let mut schema = schema.clone();
    for key in ["type", "enum"] {
        if let Some(Value::Array(names)) = schema.get_mut(key) {
            names.retain(|name| !name.is_null() && name != "null");
        }
    }
    schema
}

fn path_parameters(path: &str) -> Vec<Value> {
    path.split('/')
        .filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
        .map(|name| name.trim_start_matches('*'))
        .map(|name| json!({"name": name, "in": "path", "required": true, "schema": {"type": "string"}}))
        .collect()
}

fn problem(description: &str) -> Value {
    let schema = json!({"$ref": "#/components/schemas/problem"});
    json!({"description": description, "content": {"application/problem+json": {"schema": schema}}})
}

fn problem_schema() -> Value {
    let text = json!({"type": "string"});
    json!({
        "type": "object",
        "description": "Problem details (RFC 9457)",
        "required": ["type", "title", "status", "detail"],
        "properties": {"type": text, "title": text, "detail": text, "status": {"type": "integer"}},
    })
}
