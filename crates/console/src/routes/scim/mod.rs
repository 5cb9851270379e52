//! SCIM 2.0 (RFC 7644): how a directory tells who is there and who is in which group.
//!
//! It sees and changes those alone of whom it told itself, never the accounts that were made here: who
//! holds its token can neither lock out nor become whoever looks after the installation. No answer
//! holds a link or a password that would let anybody in. What groups give stands in the configuration.

mod answer;
mod bulk;
mod describe;
mod documents;
mod find;
mod groups;
mod query;
mod users;
mod whom;

pub(crate) use answer::{no_route, surface};

use crate::Endpoint;

/// The greatest request body, in bytes: a group with all the members that it may have.
pub(crate) const MAX_BODY: usize = 2 * 1024 * 1024;

/// A row of the table that is of SCIM.
macro_rules! scim {
    ($method:ident $path:literal $handler:path, $does:literal) => {
        $crate::routes::Endpoint {
            surface: $crate::routes::Surface::Scim,
            method: stringify!($method),
            path: $path,
            access: $crate::routes::Access::Provision,
            does: $does,
            asked: $crate::asks::Asked::default,
            handler: || ::axum::routing::$method($handler),
        }
    };
}

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        scim!(get "/scim/v2/ServiceProviderConfig" describe::service, "What of SCIM can be used"),
        scim!(get "/scim/v2/ResourceTypes" describe::resource_types, "The kinds of resources"),
        scim!(get "/scim/v2/ResourceTypes/{kind}" describe::resource_type, "One of them"),
        scim!(get "/scim/v2/Schemas" describe::schemas, "What resources are made of"),
        scim!(get "/scim/v2/Schemas/{schema}" describe::schema, "One schema"),
        scim!(post "/scim/v2/Bulk" bulk::all, "Tells of many at once"),
        scim!(post "/scim/v2/.search" query::search_all, "Finds people and groups"),
        scim!(get "/scim/v2/Users" query::list_users, "People of whom the directory told"),
        scim!(post "/scim/v2/Users/.search" query::search_users, "Finds some of them"),
        scim!(post "/scim/v2/Users" users::create, "Tells of somebody"),
        scim!(get "/scim/v2/Users/{id}" users::show, "One of them"),
        scim!(put "/scim/v2/Users/{id}" users::replace, "Tells of somebody anew"),
        scim!(patch "/scim/v2/Users/{id}" users::patch, "Changes parts; who is inactive has left"),
        scim!(delete "/scim/v2/Users/{id}" users::remove, "Somebody is gone"),
        scim!(get "/scim/v2/Groups" query::list_groups, "Groups of whom the directory told"),
        scim!(post "/scim/v2/Groups/.search" query::search_groups, "Finds some of them"),
        scim!(post "/scim/v2/Groups" groups::create, "Tells of a group"),
        scim!(get "/scim/v2/Groups/{id}" groups::show, "One of them"),
        scim!(put "/scim/v2/Groups/{id}" groups::replace, "Tells of a group anew"),
        scim!(patch "/scim/v2/Groups/{id}" groups::patch, "Changes parts: who comes and who goes"),
        scim!(delete "/scim/v2/Groups/{id}" groups::remove, "A group is gone"),
    ]
}
