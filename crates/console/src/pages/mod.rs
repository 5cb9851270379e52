//! The web console: pages made on the server, over the same store and instance as the admin API.

pub(crate) mod people;
mod shell;

use crate::Endpoint;

pub(crate) fn endpoints() -> Vec<Endpoint> {
    people::endpoints()
}

/// A row of the table that is a page and not part of the API.
macro_rules! page {
    ($access:ident $method:ident $path:literal $handler:path, $does:literal) => {
        $crate::routes::Endpoint {
            surface: $crate::routes::Surface::Page,
            ..$crate::routes::endpoint!($access $method $path $handler, $does)
        }
    };
}
pub(crate) use page;
