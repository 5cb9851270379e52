//! The table of all routes. Files are laid out as the URL tree.

pub(crate) mod agents;
pub(crate) mod approvals;
pub(crate) mod containments;
mod description;
mod health;
mod index;
mod instance;
pub(crate) mod keys;
mod labels;
pub(crate) mod ledger;
mod limits;
mod payloads;
pub(crate) mod persons;
pub(crate) mod places;
pub(crate) mod policies;
mod policy;
pub(crate) mod records;
mod retention;
pub(crate) mod standing;
pub(crate) mod tokens;
pub(crate) mod tools;

use axum::routing::MethodRouter;

use crate::Shared;

/// Who may use a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Whoever reaches the console.
    Public,
    /// A person who logged in: their own account.
    Account,
    /// An admin token, or the operator at the socket.
    Read,
    /// An admin token that may change things, or the operator at the socket.
    Write,
    /// An admin token that may read what was kept of requests and answers, or the operator at the
    /// socket. One that may change things may not.
    Payload,
    /// The operator at the socket alone: whoever runs the platform.
    Platform,
}

/// For whom a route is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Surface {
    /// Programs: JSON, described in the API's description.
    Api,
    /// People with a browser.
    Page,
}

/// One method of one path.
#[derive(Clone)]
pub struct Endpoint {
    pub surface: Surface,
    pub method: &'static str,
    pub path: &'static str,
    pub access: Access,
    /// One line for the API's description.
    pub does: &'static str,
    pub(crate) handler: fn() -> MethodRouter<Shared>,
}

/// Every route there is.
pub fn endpoints() -> Vec<Endpoint> {
    let files: [fn() -> Vec<Endpoint>; 21] = [
        health::endpoints,
        ledger::endpoints,
        description::endpoints,
        agents::endpoints,
        keys::endpoints,
        labels::endpoints,
        approvals::endpoints,
        persons::endpoints,
        containments::endpoints,
        places::endpoints,
        tools::endpoints,
        records::endpoints,
        index::endpoints,
        payloads::endpoints,
        retention::endpoints,
        limits::endpoints,
        policy::endpoints,
        policies::endpoints,
        instance::endpoints,
        tokens::endpoints,
        crate::pages::endpoints,
    ];
    files.iter().flat_map(|file| file()).collect()
}

/// A row of the table.
macro_rules! endpoint {
    ($access:ident $method:ident $path:literal $handler:path, $does:literal) => {
        $crate::routes::Endpoint {
            surface: $crate::routes::Surface::Api,
            method: stringify!($method),
            path: $path,
            access: $crate::routes::Access::$access,
            does: $does,
            handler: || ::axum::routing::$method($handler),
        }
    };
}
pub(crate) use endpoint;
