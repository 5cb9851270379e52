//! The admin API and the web console: how programs and people look at an instance and change it.
//!
//! Two doors lead here. Whoever can open the Unix socket in the data folder is the operator;
//! over TCP an admin token says who it is and what it may do. Every change goes the same way:
//! it is written to the store, recorded in the log, published to the gate, and then answered
//! (see [`change`](mod@change)). All routes stand in one table ([`endpoints`]), with what each
//! demands; nothing is reachable that is not in it.
//!
//! This crate knows nothing of the gate: what it needs of the running instance it asks for
//! through [`Journal`], [`Instance`] and [`Custody`]. Errors are [`Problem`], problem details as in RFC 9457.

mod asks;
mod authorise;
mod change;
mod custody;
mod extract;
mod glass;
mod guard;
mod holdings;
mod idempotency;
mod instance;
mod login;
mod names;
mod openapi;
mod pages;
mod principal;
mod problem;
mod routes;
mod rules;
mod serve;
mod shape;
mod sign_on;
mod site;
mod tend;
mod token;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::{from_fn, from_fn_with_state};
use model::Timestamp;
use policy::StaffBundle;
use store::Store;

pub use custody::{Asker, Custody, ErasedKey, KeyLevel, PayloadPart, PayloadPlace, PayloadView};
pub use instance::{
    Check, DeclaredCertificate, DeclaredCredentials, DeclaredKey, Drafted, Failure, IndexState,
    Instance, Journal, LabelledSession, LogFile, PolicyReport, PolicySource, PolicyView,
    ProviderView, PublicKeyView, ServerView, Task,
};
pub use login::{Login, first_invitation};
pub use openapi::describe;
pub use pages::Pages;
pub use principal::{Credential, Owner, Peer, Principal, Token, User};
pub use problem::Problem;
pub use routes::{Access, Endpoint, Surface, endpoints};
pub use serve::{bind_socket, serve_socket, serve_tcp};
pub use sign_on::{Redemption, SignOn, SignOnPlaces, SignOnTerms};
pub use tend::tend;
pub use token::new_token;

/// The greatest request body, in bytes.
pub const MAX_BODY: usize = 64 * 1024;

/// What the admin API and the console stand on.
pub struct App {
    pub store: Store,
    pub journal: Box<dyn Journal>,
    pub instance: Box<dyn Instance>,
    pub custody: Box<dyn Custody>,
    pub clock: Box<dyn Fn() -> Timestamp + Send + Sync>,
    /// 32 bytes nobody can guess; `None` where the system has none.
    pub random: Box<dyn Fn() -> Option<[u8; 32]> + Send + Sync>,
    /// Host names besides those of loopback under which the TCP door may be addressed.
    pub hosts: Vec<String>,
    pub idempotency: Idempotency,
    /// The policies that say who may do what here.
    pub staff: StaffBundle,
    pub login: Login,
    /// How people log in elsewhere.
    pub sign_on: Box<dyn SignOn>,
    /// Scheme and name under which people reach the console, where that is not what it is called by.
    pub public_url: Option<String>,
    pub pages: Pages,
}

/// Answers to creations that a client may ask for again.
#[derive(Default)]
pub struct Idempotency(idempotency::Answers);

type Shared = Arc<App>;

/// The whole API as one service. Each request must carry a [`Peer`] in its extensions, as the
/// listeners of this crate put there; one without is answered as coming from nowhere: 401.
pub fn router(app: Arc<App>) -> Router {
    let routes = endpoints().into_iter().fold(Router::new(), |router, endpoint| {
        let guard = authorise::Guard { app: Arc::clone(&app), access: endpoint.access };
        let handler = (endpoint.handler)().layer(from_fn_with_state(guard, authorise::check));
        let handler = match endpoint.surface {
            Surface::Api => handler,
            Surface::Page => handler.layer(from_fn_with_state(Arc::clone(&app), pages::surface)),
            Surface::Scim => handler
                .layer(DefaultBodyLimit::max(routes::scim::MAX_BODY))
                .layer(from_fn(routes::scim::surface)),
        };
        router.route(endpoint.path, handler)
    });
    routes
        .fallback(problem::no_route)
        .method_not_allowed_fallback(problem::no_method)
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .layer(from_fn(guard::time_limit))
        .layer(from_fn_with_state(Arc::clone(&app), guard::host))
        .layer(from_fn(guard::headers))
        .with_state(app)
}
