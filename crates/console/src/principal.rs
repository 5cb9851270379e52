//! Who is asking, and through which door.

use std::net::SocketAddr;

use model::{Client, Digest, PolicyId, TenantId, UserName};
use people::Role;
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
    /// Such as `uid:1000`, `token:ci` or `user:ann@example.com`.
    pub name: String,
    pub credential: Credential,
    pub tenant: TenantId,
    pub client: Client,
    /// The policies of the console that let them do what they are doing.
    pub policies: Vec<PolicyId>,
}

/// By what somebody was let in.
#[derive(Clone, Debug)]
pub enum Credential {
    /// The socket: whoever owns the data folder may do everything.
    Socket,
    Token(Token),
    /// A log-in with both factors.
    Session(User),
}

/// An admin token.
#[derive(Clone, Debug)]
pub struct Token {
    pub scope: Scope,
    /// Whose it is: it does no more than they may. None where it is a program's.
    pub owner: Option<Owner>,
}

/// The person whose a token is.
#[derive(Clone, Debug)]
pub struct Owner {
    pub name: UserName,
    /// Held now.
    pub roles: Vec<Role>,
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
    /// Who does what only time does. No request carries it, and no policy is asked: nobody chose it.
    pub(crate) fn clock(tenant: &TenantId) -> Self {
        Self {
            name: "clock".to_owned(),
            credential: Credential::Socket,
            tenant: tenant.clone(),
            client: Client::default(),
            policies: Vec::new(),
        }
    }

    pub(crate) fn is_operator(&self) -> bool {
        matches!(self.credential, Credential::Socket)
    }

    /// Whether a person showed a second factor within the last minutes.
    pub(crate) fn is_fresh(&self) -> bool {
        self.user().is_some_and(|user| user.is_fresh)
    }

    /// The person behind it, however they came.
    pub(crate) fn person(&self) -> Option<&UserName> {
        match &self.credential {
            Credential::Socket => None,
            Credential::Token(token) => token.owner.as_ref().map(|owner| &owner.name),
            Credential::Session(user) => Some(&user.name),
        }
    }

    /// The person, where one logged in.
    pub(crate) fn user(&self) -> Option<&User> {
        match &self.credential {
            Credential::Session(user) => Some(user),
            _ => None,
        }
    }
}
