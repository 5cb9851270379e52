//! The web console: pages made on the server, over the same store and instance as the admin API.
//!
//! Every page is a row of the one table of routes ([`endpoints`](crate::endpoints)) and works without
//! a script; the script of our own ([`assets`]) only makes it livelier. What agents, providers and
//! files wrote reaches a page through [`components::text`] alone.

mod access;
mod activity;
mod agents;
mod approvals;
mod assets;
pub(crate) mod components;
mod diff;
pub(crate) mod form;
mod log;
mod overview;
pub(crate) mod people;
mod policies;
mod reviews;
mod settings;
pub(crate) mod shell;
mod surface;
mod tools;

use std::sync::{Arc, OnceLock};

use tokio::sync::Semaphore;

use crate::Endpoint;

pub(crate) use surface::surface;

/// What the pages remember between two requests.
pub struct Pages {
    /// Signs the hidden field of forms; made when it is first asked for, gone with the process.
    pub(crate) form_key: OnceLock<[u8; 32]>,
    pub(crate) glass: crate::glass::Glass,
    /// What is watched live.
    feeds: activity::Feeds,
    /// Room for those who watch.
    viewers: Arc<Semaphore>,
}

impl Default for Pages {
    fn default() -> Self {
        Self {
            form_key: OnceLock::new(),
            glass: crate::glass::Glass::default(),
            feeds: activity::Feeds::default(),
            viewers: Arc::new(Semaphore::new(activity::MAX_VIEWERS)),
        }
    }
}

pub(crate) fn endpoints() -> Vec<Endpoint> {
    let files: [fn() -> Vec<Endpoint>; 12] = [
        assets::endpoints,
        overview::endpoints,
        activity::endpoints,
        agents::endpoints,
        approvals::endpoints,
        tools::endpoints,
        policies::endpoints,
        log::endpoints,
        settings::endpoints,
        people::endpoints,
        access::endpoints,
        reviews::endpoints,
    ];
    files.iter().flat_map(|file| file()).collect()
}

/// A row of the table that is a page and not part of the API.
macro_rules! page {
    ($access:ident $method:ident $path:literal $handler:path, $does:literal) => {
        $crate::routes::Endpoint {
            surface: $crate::routes::Surface::Page,
            method: stringify!($method),
            path: $path,
            access: $crate::routes::Access::$access,
            does: $does,
            asked: $crate::asks::Asked::default,
            handler: || ::axum::routing::$method($handler),
        }
    };
}
pub(crate) use page;
