//! The schemas that describe the service itself (RFC 7643, sections 5 to 7).

use super::{Attribute, Schema, boolean, complex, number, reference, text};

const SUPPORTED: Attribute = boolean("supported", "Whether it can be used").required().read_only();

const PLAIN: &[Attribute] = &[SUPPORTED];

const BULK: &[Attribute] = &[
    SUPPORTED,
    number("maxOperations", "How many operations at once").required().read_only(),
    number("maxPayloadSize", "How many bytes at once").required().read_only(),
];

const FILTER: &[Attribute] =
    &[SUPPORTED, number("maxResults", "How many resources at once").required().read_only()];

const SCHEME: &[Attribute] = &[
    text("type", "The kind of scheme").required().read_only(),
    text("name", "What it is called").required().read_only(),
    text("description", "How it is used").required().read_only(),
    reference("specUri", "Where it is specified", &["external"]).read_only(),
    reference("documentationUri", "Where its use is described", &["external"]).read_only(),
];

const SERVICE: Schema = Schema {
    id: "urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig",
    name: "ServiceProviderConfig",
    about: "What of the protocol can be used here",
    attributes: &[
        reference("documentationUri", "Where all this is described", &["external"]).read_only(),
        complex("patch", "Changing parts of a resource", PLAIN).required().read_only(),
        complex("bulk", "Many operations in one request", BULK).required().read_only(),
        complex("filter", "Choosing resources", FILTER).required().read_only(),
        complex("changePassword", "Setting passwords", PLAIN).required().read_only(),
        complex("sort", "Putting resources in order", PLAIN).required().read_only(),
        complex("etag", "Changing only what was read", PLAIN).required().read_only(),
        complex("authenticationSchemes", "How requests say who sends them", SCHEME)
            .many()
            .required()
            .read_only(),
    ],
};

const EXTENSION: &[Attribute] = &[
    reference("schema", "The schema of the extension", &["uri"]).required().read_only(),
    boolean("required", "Whether every resource has it").required().read_only(),
];

const RESOURCE_TYPE: Schema = Schema {
    id: "urn:ietf:params:scim:schemas:core:2.0:ResourceType",
    name: "ResourceType",
    about: "A kind of resource",
    attributes: &[
        text("name", "What it is called").required().read_only(),
        text("description", "What it is").read_only(),
        reference("endpoint", "Where its resources are", &["uri"]).required().read_only(),
        reference("schema", "The schema that they follow", &["uri"]).required().read_only(),
        complex("schemaExtensions", "What is added to it", EXTENSION).many().read_only(),
    ],
};

/// What is said of an attribute, and of a part of one alike.
macro_rules! of_an_attribute {
    ($($more:expr)?) => {
        &[
            text("name", "What it is called").required().case_exact().read_only(),
            text("type", "What its values are").required().read_only(),
            boolean("multiValued", "Whether it has several values").required().read_only(),
            text("description", "What it means").read_only(),
            boolean("required", "Whether it must be there").required().read_only(),
            text("canonicalValues", "What its values usually are").many().case_exact().read_only(),
            boolean("caseExact", "Whether capitals count").read_only(),
            text("mutability", "Who may set it").case_exact().read_only(),
            text("returned", "When it is shown").case_exact().read_only(),
            text("uniqueness", "Whether no two resources share a value").case_exact().read_only(),
            text("referenceTypes", "What it may refer to").many().case_exact().read_only(),
            $($more,)?
        ]
    };
}

const PART: &[Attribute] = of_an_attribute!();

const ATTRIBUTE: &[Attribute] =
    of_an_attribute!(complex("subAttributes", "What it is made of", PART).many().read_only());

const SCHEMA: Schema = Schema {
    id: "urn:ietf:params:scim:schemas:core:2.0:Schema",
    name: "Schema",
    about: "What resources are made of",
    attributes: &[
        text("name", "What it is called").required().read_only(),
        text("description", "What it is for").read_only(),
        complex("attributes", "What it is made of", ATTRIBUTE).many().required().read_only(),
    ],
};

pub(super) static ALL: [&Schema; 3] = [&SERVICE, &RESOURCE_TYPE, &SCHEMA];
