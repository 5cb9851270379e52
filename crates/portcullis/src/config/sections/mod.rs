//! The sections of `portcullis.toml`. Each key is declared here, and only here.

mod agent;
mod archive;
mod credentials;
mod export;
mod gate;
mod identity;
mod inspect;
mod issuer;
mod limit;
pub mod mcp;
mod operation;
mod payloads;
mod people;
mod provider;
mod retention;
mod tenant;

pub use agent::{Agent, Role, Zone};
pub use archive::Archive;
pub use credentials::{ClientCertificate, Signatures, SigningKey};
pub use export::{Begin, Export, ExportKind};
pub use gate::{Gate, GateLimits, GateTimeouts, Tls};
pub use identity::{Fail, FailMode, Identity, Person, PersonNames, Persons, Tier};
pub use inspect::{Classifier, Inspect, Packages, Records, Uninspectable, Words};
pub use issuer::{Issuer, Signature};
pub use limit::{Limit, Loops, Per, Price};
pub use mcp::Mcp;
pub use operation::{
    Approvals, Console, Data, Durability, Instance, Ledger, LogFormat, LogLevel, Metrics, Policy,
    SelfTest, Telemetry, Witness,
};
pub use payloads::{Keep, KeepRule, OnFailure, Payloads};
pub use people::{Elevation, Network, People, PeopleGroup, PeopleRole, PeopleTravel, Review, Sso};
pub use provider::{Provider, ProviderKind, ProviderTimeouts};

pub use retention::{Retained, Retention};
pub use tenant::Tenant;

use super::declare::section;

section! {
    /// The configuration of one Portcullis.
    Config {
        /// What this installation is called.
        instance: Instance;
        /// Another tenant of this instance.
        tenant: Vec<Tenant>;
        /// The data plane: where agents connect.
        gate: Gate;
        /// Who may act for whom.
        identity: Identity;
        /// An identity provider whose tokens are taken.
        issuer: Vec<Issuer>;
        /// A key that an agent signs its requests with.
        signing_key: Vec<SigningKey>;
        /// Which agent a client certificate stands for.
        certificate: Vec<ClientCertificate>;
        /// When calls are a loop's.
        loops: Loops;
        /// The control plane: where administrators connect.
        console: Console;
        /// Where everything is kept.
        data: Data;
        /// How the archive of the logs is written.
        archive: Archive;
        /// Which policies decide.
        policy: Policy;
        /// Calls that wait for people.
        approvals: Approvals;
        /// The people who run this installation.
        people: People;
        /// How the log is kept.
        ledger: Ledger;
        /// What is kept of requests and answers.
        payloads: Payloads;
        /// How long what is kept.
        retention: Vec<Retention>;
        /// Where records are sent as they are written.
        export: Vec<Export>;
        /// What is looked for in the traffic, and what is done about it.
        inspect: Inspect;
        /// Logs and traces of the process itself.
        telemetry: Telemetry;
        /// Counters for Prometheus.
        metrics: Metrics;
        /// How the gate tests itself.
        selftest: SelfTest;
        /// A role: what its agents may reach.
        role: Vec<Role>;
        /// A zone: what can be reached from it.
        zone: Vec<Zone>;
        /// A model API.
        provider: Vec<Provider>;
        /// An MCP server.
        mcp: Vec<Mcp>;
        /// The price of a model.
        price: Vec<Price>;
        /// A limit on use.
        limit: Vec<Limit>;
        /// An agent that is declared here rather than added by command.
        agent: Vec<Agent>;
    }
}
