//! What the admin API asks of the running instance. The binary answers.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use model::{
    AgentName, CertificateSerial, CertificateSubject, ProviderName, Record, ServerName, SessionId,
    SigningKeyId, TenantId, UserName,
};
use people::{Elevation, Review, Role, Travel};
use policy::Bundle;
use serde::Serialize;
use serde_json::Value;

/// A future in a box.
pub type Task<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// What went wrong on the other side, in words for the operator.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Failure(pub String);

/// A file of a tenant's log. All but the bundles are public.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LogFile {
    Checkpoint,
    VerifierKey,
    /// The checkpoints that were signed before.
    Checkpoints,
    /// Those that witnesses cosigned.
    Cosigned,
    /// How far retention dropped the log.
    Dropped,
    /// A hash tile: `0/x001/234` or `0/000.p/5`, as C2SP tlog-tiles spells it after `tile/`.
    /// The path was checked.
    Tile(String),
    /// An entry bundle, which holds records: `x001/234` or `000.p/5`. The path was checked, and
    /// so was the right to read records.
    Entries(String),
}

/// The log, as far as the admin API needs it.
pub trait Journal: Send + Sync + 'static {
    /// Appends a record; durable when it resolves.
    fn record(&self, record: Record) -> Task<'_, Result<(), Failure>>;

    /// The record at a position of one of a tenant's logs.
    fn read(
        &self,
        tenant: TenantId,
        log: String,
        position: u64,
    ) -> Task<'_, Result<Vec<u8>, Failure>>;

    /// That a position is in the log: leaf index, tree size, hashes, checkpoint.
    fn prove(
        &self,
        tenant: TenantId,
        log: String,
        position: u64,
    ) -> Task<'_, Result<Value, Failure>>;

    /// `None` where there is no such file.
    fn file(&self, tenant: TenantId, file: LogFile) -> Task<'_, Option<Vec<u8>>>;
}

/// A configured provider.
#[derive(Clone, Debug, Serialize)]
pub struct ProviderView {
    pub name: ProviderName,
    pub kind: String,
    pub base_url: String,
    pub models: Vec<String>,
}

/// A configured MCP server.
#[derive(Clone, Debug, Serialize)]
pub struct ServerView {
    pub name: ServerName,
    /// Its address, or the command that starts it.
    pub address: String,
    /// When the description of a tool is agreed to.
    pub pin: String,
}

/// The policy in force.
#[derive(Clone, Debug, Serialize)]
pub struct PolicyView {
    pub version: String,
    pub sources: Vec<PolicySource>,
}

/// A policy file.
#[derive(Clone, Debug, Serialize)]
pub struct PolicySource {
    pub name: String,
    pub text: String,
}

/// What a set of policies comes to, before it is in force.
#[derive(Clone, Debug, Serialize)]
pub struct PolicyReport {
    /// As [`PolicyView::version`].
    pub version: String,
    /// Cases that were tried.
    pub passed: usize,
    /// What failed, each in a sentence; a version with one is not put in force.
    pub failed: Vec<String>,
    /// Policies that no case exercises.
    pub untested: Vec<String>,
}

/// A draft of policies beside those in force, under the same grants.
#[derive(Clone, Debug)]
pub struct Drafted {
    pub in_force: Arc<Bundle>,
    pub draft: Arc<Bundle>,
}

/// One thing that is looked at when the instance is asked whether it is ready.
#[derive(Clone, Debug, Serialize)]
pub struct Check {
    pub name: String,
    pub ok: bool,
    /// Whether the instance is ready only if it is well.
    #[serde(skip)]
    pub is_needed: bool,
    /// What to do where it is not; shown to those who may read the API.
    pub detail: String,
}

/// A public key that was read.
#[derive(Clone, Debug)]
pub struct PublicKeyView {
    /// Its SubjectPublicKeyInfo, DER.
    pub info: Vec<u8>,
    /// As RFC 9421 names it.
    pub algorithm: &'static str,
    /// Its thumbprint (RFC 7638).
    pub thumbprint: String,
}

/// What the configuration names of the credentials of agents.
#[derive(Clone, Debug, Default)]
pub struct DeclaredCredentials {
    pub signing_keys: Vec<DeclaredKey>,
    pub certificates: Vec<DeclaredCertificate>,
    pub revoked: Vec<CertificateSerial>,
}

/// A key that an agent signs with.
#[derive(Clone, Debug)]
pub struct DeclaredKey {
    pub id: SigningKeyId,
    pub agent: AgentName,
    pub algorithm: &'static str,
}

/// A name that certificates of an agent have.
#[derive(Clone, Debug)]
pub struct DeclaredCertificate {
    pub subject: CertificateSubject,
    pub agent: AgentName,
}

/// How far the search index has come.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct IndexState {
    /// Records that it holds.
    pub indexed: u64,
    /// Records of the log.
    pub size: u64,
}

impl IndexState {
    /// Records that it does not hold yet.
    pub fn behind(&self) -> u64 {
        self.size.saturating_sub(self.indexed)
    }
}

/// A session of an agent that the gate follows the flow of data in.
#[derive(Clone, Debug, Serialize)]
pub struct LabelledSession {
    pub tenant: TenantId,
    pub agent: AgentName,
    /// For whom it acts there.
    pub person: Option<UserName>,
    /// Nothing for what it does outside of any session.
    pub session: Option<SessionId>,
}

/// The running instance, as far as the admin API needs it.
pub trait Instance: Send + Sync + 'static {
    /// What this installation is called.
    fn name(&self) -> String;

    /// The roles of whoever is in a group of the directory's.
    fn group_roles(&self, tenant: &TenantId, group: &str) -> Vec<Role>;

    /// Who answers for the agents of somebody who leaves, unless it is said otherwise.
    fn heir(&self, tenant: &TenantId) -> Option<UserName>;

    /// Whether a password of this SHA-1 (40 digits, in capitals) is in the list of leaked ones.
    ///
    /// # Errors
    /// A list that is configured and cannot be read: then no password is taken.
    fn is_leaked(&self, hash: &str) -> Result<bool, Failure>;

    /// What people may ask for and take for some time.
    fn elevation(&self, tenant: &TenantId) -> Elevation;

    /// Where networks are, and how fast people get from one to another.
    fn travel(&self, tenant: &TenantId) -> Travel;

    /// How everybody's access is reviewed.
    fn review(&self, tenant: &TenantId) -> Review;

    /// The tenants that are served now, `main` first.
    fn tenants(&self) -> Vec<TenantId>;

    /// Builds a tenant's part of the gate's snapshot from the store and puts it in force; answers
    /// with the time that took. Resolves when open streams of what is now contained have been told.
    fn publish(&self, tenant: &TenantId) -> Task<'_, Result<Duration, Failure>>;

    /// Reads the configuration and the policies again: all of it for `main`, otherwise the tenant's
    /// own. What does not validate changes nothing.
    fn reload(&self, tenant: &TenantId) -> Task<'_, Result<Value, Failure>>;

    /// A tenant's metrics in the text format of Prometheus.
    fn metrics(&self, tenant: &TenantId) -> String;

    /// Whether every part is well that `tenant` needs; without one, that anybody needs.
    fn readiness(&self, tenant: Option<&TenantId>) -> Vec<Check>;

    /// Version, uptime, durability and whatever else describes it to a tenant.
    fn status(&self, tenant: &TenantId) -> Value;

    /// What the self-test last showed of each control.
    fn controls(&self) -> Value;

    /// Sends canaries through the gate now, and answers as [`Instance::controls`] does then.
    fn test_controls(&self) -> Task<'_, Result<Value, Failure>>;

    fn providers(&self, tenant: &TenantId) -> Vec<ProviderView>;

    fn servers(&self, tenant: &TenantId) -> Vec<ServerView>;

    fn policy(&self, tenant: &TenantId) -> PolicyView;

    /// Compiles policies and runs the cases among them, without any effect. What does not compile
    /// is the failure, with file, line and column.
    fn try_policies(
        &self,
        tenant: &TenantId,
        files: &[PolicySource],
    ) -> Result<PolicyReport, Failure>;

    /// Compiles policies without any effect, to be compared with those in force.
    fn draft_policies(&self, tenant: &TenantId, files: &[PolicySource])
    -> Result<Drafted, Failure>;

    /// Whether a folder of the configuration is where policies come from: then they are changed
    /// there, and nothing is deployed here.
    fn are_policies_declared(&self, tenant: &TenantId) -> bool;

    /// Waits, for a moment at most, until the search index holds all that is durable now.
    fn catch_up(&self, tenant: &TenantId) -> Task<'_, ()>;

    /// Takes the labels of a session away: what they were, or nothing where nobody knows it.
    fn clear_labels(&self, session: &LabelledSession) -> Option<Vec<String>>;

    /// How long what people say of a held call counts.
    fn approval_validity(&self, tenant: &TenantId) -> Duration;

    /// How far the search index has come.
    fn index(&self, tenant: &TenantId) -> IndexState;

    /// Reads a public key in PEM that an agent's signatures are to be checked with.
    ///
    /// # Errors
    /// What it should have been.
    fn public_key(&self, pem: &str) -> Result<PublicKeyView, Failure>;

    /// What of a tenant's signing keys and certificates the configuration names.
    fn declared_credentials(&self, tenant: &TenantId) -> DeclaredCredentials;

    /// Whether a tenant's administrators may say whose certificates with this name are: their names
    /// are one space, and the platform divides it.
    fn may_name(&self, tenant: &TenantId, subject: &CertificateSubject) -> Result<bool, Failure>;

    /// Where records are sent as they are written, and how far each has come.
    fn exports(&self, tenant: &TenantId) -> Value;

    /// Gives the search index up and begins to make it anew; resolves once it has begun.
    fn rebuild_index(&self, tenant: &TenantId) -> Task<'_, Result<(), Failure>>;

    /// Every limit with how much of it is used.
    fn limits(&self, tenant: &TenantId) -> Value;
}
