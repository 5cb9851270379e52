//! Who is asking, and through which door.

use std::net::SocketAddr;

use model::{Client, Digest, TenantId, UserName};
use people::Role;
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
    /// Such as `uid:1000`, `token:ci` or `user:ann@example.com`.
    pub name: String,
    pub credential: Credential,
    pub tenant: TenantId,
    pub client: Client,
}

/// By what somebody was let in.
#[derive(Clone, Debug)]
pub enum Credential {
    /// The socket: whoever owns the data folder may do everything.
    Socket,
    /// An admin token, and what it may do.
    Token(Scope),
    /// A log-in with both factors.
    Session(User),
}

/// A person who logged in.
#[derive(Clone, Debug)]
pub struct User {
    pub name: UserName,
    /// Held now.
    pub roles: Vec<Role>,
    /// Whether the second factor was shown within the last minutes.
    pub is_fresh: bool,
    pub(crate) session: Digest,
}

impl Principal {
    pub(crate) fn may(&self, access: Access) -> bool {
        match &self.credential {
            Credential::Socket => access != Access::Account,
            Credential::Token(scope) => scope_allows(*scope, access),
            Credential::Session(_) if access == Access::Account => true,
            Credential::Session(user) => user.roles.iter().any(|role| role_allows(*role, access)),
        }
    }

    pub(crate) fn is_operator(&self) -> bool {
        matches!(self.credential, Credential::Socket)
    }

    /// Whether a person showed a second factor within the last minutes.
    pub(crate) fn is_fresh(&self) -> bool {
        self.user().is_some_and(|user| user.is_fresh)
    }

    /// The person, where one logged in.
    pub(crate) fn user(&self) -> Option<&User> {
        match &self.credential {
            Credential::Session(user) => Some(user),
            _ => None,
        }
    }
}

fn scope_allows(scope: Scope, access: Access) -> bool {
    match access {
        Access::Public | Access::Read => true,
        Access::Account | Access::Platform => false,
        Access::Write => scope == Scope::Write,
        Access::Payload => scope == Scope::Payload,
    }
}

fn role_allows(role: Role, access: Access) -> bool {
    match access {
        Access::Public | Access::Account => true,
        Access::Read => role != Role::Employee,
        Access::Write => matches!(role, Role::PlatformAdministrator | Role::SecurityOfficer),
        Access::Payload => matches!(role, Role::Responder | Role::Auditor),
        Access::Platform => false,
    }
}
