//! The description of the service, made from the tables (RFC 7644, section 4).

use serde_json::{Value, json};

use super::{Attribute, GROUP, Kind, Mutability, Resource, Schema, USER, core};

/// What of the protocol can be used; `root` is the address of the service.
pub fn service_provider(root: &str, max_results: usize, max_payload: usize) -> Value {
    json!({
        "schemas": [core::ALL[0].id],
        "patch": {"supported": true},
        "bulk": {
            "supported": true,
            "maxOperations": crate::MAX_BULK,
            "maxPayloadSize": max_payload,
        },
        "filter": {"supported": true, "maxResults": max_results},
        "changePassword": {"supported": false},
        "sort": {"supported": true},
        "etag": {"supported": true},
        "authenticationSchemes": [{
            "type": "oauthbearertoken",
            "name": "Admin token",
            "description": "An admin token with the scope provision, as Authorization: Bearer",
        }],
        "meta": {
            "resourceType": "ServiceProviderConfig",
            "location": format!("{root}/ServiceProviderConfig"),
        },
    })
}

pub fn resource_types(root: &str) -> Vec<Value> {
    [&USER, &GROUP].map(|resource| resource_type(root, resource)).to_vec()
}

pub fn resource_type(root: &str, resource: &Resource) -> Value {
    json!({
        "schemas": [core::ALL[1].id],
        "id": resource.name,
        "name": resource.name,
        "description": resource.about,
        "endpoint": resource.endpoint,
        "schema": resource.schema.id,
        "meta": {
            "resourceType": "ResourceType",
            "location": format!("{root}/ResourceTypes/{}", resource.name),
        },
    })
}

/// All schemas, those of the description itself too.
pub fn schemas(root: &str) -> Vec<Value> {
    let own = [USER.schema, GROUP.schema];
    own.into_iter().chain(core::ALL).map(|schema| described(root, schema)).collect()
}

fn described(root: &str, schema: &Schema) -> Value {
    let attributes: Vec<Value> = schema.attributes.iter().map(of_attribute).collect();
    json!({
        "schemas": [core::ALL[2].id],
        "id": schema.id,
        "name": schema.name,
        "description": schema.about,
        "attributes": attributes,
        "meta": {"resourceType": "Schema", "location": format!("{root}/Schemas/{}", schema.id)},
    })
}

fn of_attribute(attribute: &Attribute) -> Value {
    let mut said = json!({
        "name": attribute.name,
        "type": kind(attribute.kind),
        "multiValued": attribute.is_many,
        "description": attribute.about,
        "required": attribute.is_required,
        "caseExact": attribute.is_case_exact,
        "mutability": mutability(attribute.mutability),
        "returned": if attribute.is_always_shown { "always" } else { "default" },
        "uniqueness": if attribute.is_unique { "server" } else { "none" },
    });
    if !attribute.words.is_empty() {
        said["canonicalValues"] = json!(attribute.words);
    }
    if !attribute.refers_to.is_empty() {
        said["referenceTypes"] = json!(attribute.refers_to);
    }
    if !attribute.parts.is_empty() {
        said["subAttributes"] = attribute.parts.iter().map(of_attribute).collect();
    }
    said
}

fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::Text => "string",
        Kind::Boolean => "boolean",
        Kind::Number => "integer",
        Kind::Moment => "dateTime",
        Kind::Reference => "reference",
        Kind::Complex => "complex",
    }
}

fn mutability(mutability: Mutability) -> &'static str {
    match mutability {
        Mutability::ReadOnly => "readOnly",
        Mutability::ReadWrite => "readWrite",
        Mutability::Immutable => "immutable",
    }
}

/// A page of a list (RFC 7644, section 3.4.2).
pub fn list(resources: Vec<Value>, total: usize, start: usize) -> Value {
    json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"],
        "totalResults": total,
        "startIndex": start,
        "itemsPerPage": resources.len(),
        "Resources": resources,
    })
}
