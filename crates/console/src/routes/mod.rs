//! The table of all routes. Files are laid out as the URL tree.

pub(crate) mod access;
pub(crate) mod agents;
pub(crate) mod approvals;
mod certificates;
pub(crate) mod containments;
mod controls;
mod description;
mod health;
mod index;
mod instance;
pub(crate) mod keys;
mod labels;
pub(crate) mod ledger;
mod limits;
mod names;
pub(crate) mod payloads;
pub(crate) mod persons;
pub(crate) mod places;
pub(crate) mod policies;
mod policy;
pub(crate) mod records;
mod retention;
pub(crate) mod reviews;
pub(crate) mod scim;
mod signing_keys;
pub(crate) mod simulation;
pub(crate) mod standing;
pub(crate) mod tokens;
pub(crate) mod tools;
pub(crate) mod users;

use axum::routing::MethodRouter;

use crate::Shared;
use crate::asks::Asked;

/// What using a route is, for the policies of the console to decide on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Whoever reaches the console.
    Public,
    /// A person who logged in: their own account.
    Account,
    /// Everything but what was kept of requests and answers.
    Read,
    /// What was kept of requests and answers.
    Payload,
    /// The operator at the socket alone: whoever runs the platform.
    Platform,
    /// Agents and their keys.
    Agents,
    /// Suspending and quarantining.
    Contain,
    /// Ending a suspension or a quarantine of what the path names.
    Resume,
    /// The same, of what the body names.
    Release,
    /// What the path's last word says is done to an agent.
    Act,
    /// Held calls.
    Approve,
    /// Tools as their servers describe them.
    Tools,
    /// Labels of sessions.
    Labels,
    /// Users, their roles, and those for whom agents act.
    People,
    /// Telling of people and groups, as a directory does.
    Provision,
    /// Asking for a role for some minutes.
    Ask,
    /// Taking one at once.
    BreakGlass,
    /// Saying yes or no to whoever asks for one.
    Decide,
    /// Ending one.
    End,
    /// Deciding which access stays.
    Review,
    /// Admin tokens.
    Tokens,
    /// Legal holds, and what is let go when.
    Retention,
    /// Tying pseudonyms to names.
    Names,
    /// Destroying keys to somebody's data.
    Erase,
    /// Exchanging keys.
    Keys,
    /// Writing policies.
    Author,
    /// Putting policies in force.
    Deploy,
    /// Whatever changes something and has no name of its own.
    Write,
}

/// For whom a route is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Surface {
    /// Programs: JSON, described in the API's description.
    Api,
    /// People with a browser.
    Page,
    /// Directories: JSON as SCIM has it, described by itself.
    Scim,
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
    /// What it asks for beside the path; a page asks for forms, which are described nowhere.
    pub(crate) asked: fn() -> Asked,
    pub(crate) handler: fn() -> MethodRouter<Shared>,
}

/// Every route there is.
pub fn endpoints() -> Vec<Endpoint> {
    let files: [fn() -> Vec<Endpoint>; 30] = [
        health::endpoints,
        ledger::endpoints,
        description::endpoints,
        agents::endpoints,
        keys::endpoints,
        signing_keys::endpoints,
        certificates::endpoints,
        labels::endpoints,
        approvals::endpoints,
        persons::endpoints,
        containments::endpoints,
        controls::endpoints,
        places::endpoints,
        tools::endpoints,
        records::endpoints,
        index::endpoints,
        payloads::endpoints,
        names::endpoints,
        retention::endpoints,
        limits::endpoints,
        policy::endpoints,
        policies::endpoints,
        simulation::endpoints,
        instance::endpoints,
        tokens::endpoints,
        users::endpoints,
        scim::endpoints,
        access::endpoints,
        reviews::endpoints,
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
            asked: || $crate::asks::asked($handler),
            handler: || ::axum::routing::$method($handler),
        }
    };
}
pub(crate) use endpoint;
