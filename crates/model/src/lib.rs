//! The nouns of Portcullis: ids, agents, the activity record and its canonical encoding.
//!
//! Every other crate speaks in these types. Nothing here does input or output: time and
//! randomness come in as parameters, and the only computation is encoding and hashing.

mod agent;
mod approval;
pub mod canonical;
mod credential;
mod decision;
mod digest;
mod finding;
mod id;
mod key;
mod person;
mod record;
mod scope;
mod secret;
mod subject;
mod text;
mod time;
mod tool;
mod visible;

pub use agent::{Agent, Containment, Standing, Subject};
pub use approval::{ApprovalState, Claim, HeldCall, Vote};
pub use credential::{CertificateSerial, CertificateSubject, CredentialError, SigningKeyId};
pub use decision::{Decision, Effect};
pub use digest::Digest;
pub use finding::{Finding, Severity};
pub use id::{
    AgentName, IdError, PolicyId, ProviderName, RecordId, RoleName, ServerName, SessionId,
    TenantId, UserName, ZoneName,
};
pub use key::{AgentKey, KeyError, KeyHash};
pub use person::{Person, Tier};
pub use record::{
    Client, EncodeError, Kind, MAX_FINDINGS, MAX_RECORD_BYTES, Payload, PayloadRef, Record,
    Resource, Status, Usage, clip, has_label,
};
pub use scope::{MAX_SCOPES, ScopeError, Scopes};
pub use secret::Secret;
pub use subject::{DataSubject, Month, MonthError};
pub use time::{Timestamp, TimestampError};
pub use tool::{Classification, Confidentiality, Integrity, ToolEffect};
pub use visible::{is_hidden, visible};
