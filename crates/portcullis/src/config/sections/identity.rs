//! `[identity]`: who may act for whom, and what the gate's own tokens are good for.

use std::num::NonZeroU32;
use std::time::Duration;

use model::CertificateSerial;

use crate::config::declare::{choice, section};
use crate::config::types::BaseUrl;

use super::Signatures;

section! {
    /// Who may act for whom, and what the gate's own tokens are good for.
    Identity {
        /// How clients reach the gate: what documents under `/.well-known/` and tokens for a part
        /// of the gate name. Left out, whatever name a client calls it by.
        public_url: Option<BaseUrl>, example "https://gate.example.com";
        /// How long a token that the gate gives out is good for, at most a day. A token that is
        /// made from another never outlives it.
        token_lifetime: Duration = "10m";
        /// Agents in one chain of delegation, at most 32.
        chain: NonZeroU32 = 8;
        /// For whom agents may act: only for people that `portcullis person add` named, or for
        /// anyone whom a trusted issuer vouches for. Somebody who was disabled is refused either way.
        persons: Persons = "known";
        /// What records, and everything else that is kept, call the people for whom agents act. A pseudonym
        /// is resolved by who may, and erased with the person's data. What was written before stays as it is.
        person_names: PersonNames = "clear";
        /// Serial numbers of client certificates that are not taken any more, in hexadecimal.
        revoked_certificates: Vec<CertificateSerial> = [], example ["4f:09:c2:e7"];
        /// What a signature over a request must be like.
        signatures: Signatures;
    }
}

choice! {
    /// For whom agents may act.
    Persons, "\"known\" or \"anyone\"" {
        Known = "known",
        Anyone = "anyone",
    }
}

choice! {
    /// What records call people by.
    PersonNames, "\"clear\" or \"pseudonymous\"" {
        Clear = "clear",
        Pseudonymous = "pseudonymous",
    }
}

choice! {
    /// In which way an agent calls.
    Tier, "\"interactive\", \"sub_agent\", \"background\" or \"api\"" {
        Interactive = "interactive",
        SubAgent = "sub_agent",
        Background = "background",
        Api = "api",
    }
}

impl Tier {
    pub fn model(self) -> model::Tier {
        match self {
            Self::Interactive => model::Tier::Interactive,
            Self::SubAgent => model::Tier::SubAgent,
            Self::Background => model::Tier::Background,
            Self::Api => model::Tier::Api,
        }
    }
}

section! {
    /// What becomes of calls where a part of the gate fails. `closed`, which is the rule, refuses them.
    Fail {
        /// Where the log cannot be written. `open` lets calls pass; their records wait in memory, at
        /// most 10000 of them and 32 MiB, and are written when the log goes on. Records that wait are
        /// lost with the process.
        log: FailMode = "closed";
    }
}

choice! {
    /// What becomes of calls where a part fails.
    FailMode, "\"closed\" or \"open\"" {
        Closed = "closed",
        Open = "open",
    }
}

impl FailMode {
    pub fn gate(self) -> gate::unrecorded::FailMode {
        match self {
            Self::Closed => gate::unrecorded::FailMode::Closed,
            Self::Open => gate::unrecorded::FailMode::Open,
        }
    }
}

choice! {
    /// Whether a call must say for which person it is.
    Person, "\"optional\" or \"required\"" {
        Optional = "optional",
        Required = "required",
    }
}
