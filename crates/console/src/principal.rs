//! Who is asking, and through which door.

use std::net::SocketAddr;

use model::{Client, TenantId};
use store::Scope;

/// The other end of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Peer {
    /// The Unix socket: the user id that the kernel says.
    Socket {
        uid: u32,
    },
    Tcp(SocketAddr),
}

impl Peer {
    pub(crate) fn address(self) -> String {
        match self {
            Self::Socket { .. } => "socket".to_owned(),
            Self::Tcp(address) => address.to_string(),
        }
    }
}

/// Who was let in.
#[derive(Clone, Debug)]
pub struct Principal {
    /// Such as `uid:1000` or `token:ci`.
    pub name: String,
    pub scope: Scope,
    pub tenant: TenantId,
    pub client: Client,
}
