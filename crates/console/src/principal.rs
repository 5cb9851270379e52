//! Who is asking, and through which door.

use std::net::SocketAddr;

use model::{Client, TenantId};
use store::Scope;

use crate::Access;

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
    /// What a token may do. The operator at the socket, who owns the data folder, may do everything.
    pub scope: Scope,
    pub is_operator: bool,
    pub tenant: TenantId,
    pub client: Client,
}

impl Principal {
    pub(crate) fn may(&self, access: Access) -> bool {
        let by_scope = match access {
            Access::Public | Access::Read => true,
            Access::Write => self.scope == Scope::Write,
            Access::Payload => self.scope == Scope::Payload,
        };
        self.is_operator || by_scope
    }
}
