//! What a directory may tell of people and of groups.

use super::{Attribute, Resource, Schema, boolean, complex, moment, reference, text};

const META: &[Attribute] = &[
    text("resourceType", "The kind of resource").case_exact().read_only(),
    moment("created", "When it was added").read_only(),
    moment("lastModified", "When it was changed last").read_only(),
    reference("location", "Where it is", &["uri"]).read_only(),
    text("version", "The entity tag of this state of it").case_exact().read_only(),
];

/// What every resource has (RFC 7643, section 3.1).
pub(super) const COMMON: &[Attribute] = &[
    reference("schemas", "The schemas that it follows", &["uri"]).many().always_shown(),
    text("id", "By which it is known here, whatever it is called")
        .case_exact()
        .unique()
        .always_shown()
        .read_only(),
    text("externalId", "By which the directory knows it").case_exact(),
    complex("meta", "About the resource itself", META).read_only(),
];

const NAME: &[Attribute] = &[
    text("formatted", "The whole name, as it is shown"),
    text("familyName", "The family name"),
    text("givenName", "The given name"),
    text("middleName", "Names in between"),
    text("honorificPrefix", "A title before the name"),
    text("honorificSuffix", "A title after the name"),
];

const EMAIL: &[Attribute] = &[
    text("value", "The address"),
    text("type", "What the address is for").usually(&["work", "home", "other"]),
    boolean("primary", "Whether it is the one to write to"),
];

const MEMBERSHIP: &[Attribute] = &[
    text("value", "The group's id").case_exact().read_only(),
    reference("$ref", "Where the group is", &["Group"]).read_only(),
    text("display", "What the group is called").read_only(),
];

const USER_SCHEMA: Schema = Schema {
    id: "urn:ietf:params:scim:schemas:core:2.0:User",
    name: "User",
    about: "Somebody who may log in",
    attributes: &[
        text("userName", "By which they log in; letters, digits and -_.@:/").required().unique(),
        complex("name", "What they are called", NAME),
        text("displayName", "What others call them"),
        boolean("active", "Whether they may log in; who may not has no session, grant or token"),
        complex("emails", "Where one writes to them", EMAIL).many(),
        complex("groups", "The groups that they are in; changed at the group", MEMBERSHIP)
            .many()
            .read_only(),
    ],
};

const MEMBER: &[Attribute] = &[
    text("value", "The member's id").case_exact().required().immutable(),
    reference("$ref", "Where the member is", &["User"]).immutable(),
    text("type", "The kind of member").usually(&["User"]).immutable(),
];

const GROUP_SCHEMA: Schema = Schema {
    id: "urn:ietf:params:scim:schemas:core:2.0:Group",
    name: "Group",
    about: "People who belong together; the configuration says which roles that gives",
    attributes: &[
        text("displayName", "What it is called, by which the configuration names it")
            .required()
            .unique(),
        complex("members", "Who is in it", MEMBER).many(),
    ],
};

/// People.
pub static USER: Resource = Resource {
    name: "User",
    endpoint: "/Users",
    about: "People who may log in",
    schema: &USER_SCHEMA,
    not_kept: &[
        "nickName",
        "profileUrl",
        "title",
        "userType",
        "preferredLanguage",
        "locale",
        "timezone",
        "password",
        "phoneNumbers",
        "ims",
        "photos",
        "addresses",
        "entitlements",
        "roles",
        "x509Certificates",
    ],
};

/// Groups.
pub static GROUP: Resource = Resource {
    name: "Group",
    endpoint: "/Groups",
    about: "Groups of people",
    schema: &GROUP_SCHEMA,
    not_kept: &[],
};
