//! `[[issuer]]`: identity providers whose tokens are taken.

use std::path::PathBuf;
use std::time::Duration;

use crate::config::declare::{choice, section};
use crate::config::types::BaseUrl;

section! {
    /// An identity provider (OpenID Connect, or any issuer of signed JWT access tokens) whose
    /// word is taken for who a person or an agent is.
    Issuer {
        /// The `iss` of its tokens, to the letter. Its keys are found by OpenID Connect discovery
        /// below this address.
        url: BaseUrl, example "https://login.example.com";
        /// Who its tokens must be for: one of these must be among a token's audiences.
        audience: Vec<String>, example ["https://gate.example.com"];
        /// The signatures that are taken from it.
        algorithms: Vec<Signature> = ["RS256", "ES256", "EdDSA"];
        /// A file with its keys (a JSON Web Key Set), in place of discovery. It is read again at
        /// every reload.
        keys: Option<PathBuf>, example "issuer-keys.json";
        /// Authorities, PEM, that sign its certificate, instead of those of the system.
        ca: Option<PathBuf>, example "tls/internal-ca.pem";
        /// The claim that names the person, as `portcullis person add` does. Empty where its
        /// tokens stand for no person.
        person_claim: String = "sub", example "email";
        /// The claim that names the agent, where its tokens stand for agents. Such a token opens
        /// the gate by itself.
        agent_claim: Option<String>, example "client_id";
        /// A claim with scopes that narrows what agents may do for the person. Left out, all that
        /// the person may.
        scope_claim: Option<String>, example "scope";
        /// How far its clock may differ from ours, at most a minute.
        clock_skew: Duration = "5s";
    }
}

choice! {
    /// A signature.
    Signature, "\"RS256\", \"PS256\", \"ES256\" or \"EdDSA\"" {
        Rs256 = "RS256",
        Ps256 = "PS256",
        Es256 = "ES256",
        EdDsa = "EdDSA",
    }
}
