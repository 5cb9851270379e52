//! `[people]`: how long people are logged in, and which passwords are not taken.

use std::path::PathBuf;
use std::time::Duration;

use model::UserName;
use people::Role;

use super::Signature;
use crate::config::credential::Credential;
use crate::config::declare::{choice, section};
use crate::config::types::BaseUrl;

section! {
    /// The people who run this installation: how long a log-in counts, and which passwords are not
    /// taken. Everybody has a second factor; that cannot be switched off.
    People {
        /// A session ends when nothing was asked for so long.
        session_idle: Duration = "30m";
        /// A session ends so long after the log-in, whatever is done.
        session_longest: Duration = "12h";
        /// How long a second factor counts as fresh, for what cannot be undone.
        fresh_factor: Duration = "5m";
        /// A list of leaked passwords: a line for each, 40 digits of SHA-1 in capitals, a colon and a
        /// number, in order, as Have I Been Pwned gives it. No password leaves this machine.
        leaked_passwords: Option<PathBuf>, example "leaked-passwords.txt";
        /// Who answers for the agents of somebody who leaves. Left out, the agents are suspended.
        hand_over_to: Option<UserName>, example "agents@example.com";
        /// What a group gives, whether the directory or the identity provider tells of it.
        group: Vec<PeopleGroup>;
        /// How people log in by an identity provider.
        sso: Option<Sso>;
    }
}

section! {
    /// An identity provider that people log in by, with OpenID Connect. Register
    /// `/login/sso/callback` below the console's address there as where it sends browsers back to, and
    /// `/login/sso/logout` as where it says that somebody logged out (back-channel).
    Sso {
        /// Its issuer; the rest is found by OpenID Connect discovery below this address.
        issuer: BaseUrl, example "https://login.example.com";
        /// As what this console is registered there.
        client_id: String, example "portcullis";
        /// The secret of that registration. Left out for a public client.
        client_secret: Option<Credential>, example { env = "SSO_CLIENT_SECRET" };
        /// What the button says.
        label: String = "Log in with your organisation";
        /// What is asked for.
        scopes: Vec<String> = ["openid", "profile", "email"], example ["openid", "profile", "groups"];
        /// The claim of the ID token that holds somebody's groups; `[[people.group]]` says what they give.
        groups_claim: String = "groups", example "roles";
        /// The claim by which a directory knows somebody, as its `externalId`: at their first log-in, that
        /// account is connected. Only accounts of which a directory told are.
        directory_claim: Option<String>, example "oid";
        /// Whether somebody who has no account gets one, if their groups give a role.
        create: bool = false;
        /// The claim that names such an account.
        name_claim: String = "preferred_username", example "email";
        /// Values of `acr` that stand for a second factor there. Otherwise our own is asked for.
        second_factor_acr: Vec<String>, example ["phr"];
        /// Values of `amr` that do.
        second_factor_amr: Vec<String>, example ["mfa", "hwk"];
        /// The signatures that are taken from it.
        algorithms: Vec<Signature> = ["RS256", "ES256", "EdDSA"];
        /// Authorities, PEM, that sign its certificate, instead of those of the system.
        ca: Option<PathBuf>, example "tls/internal-ca.pem";
        /// How far its clock may differ from ours, at most a minute.
        clock_skew: Duration = "5s";
    }
}

section! {
    /// What whoever is in a group may do, as long as they are in it.
    PeopleGroup {
        /// What the directory or the identity provider calls the group, to the letter.
        name: String, example "Security";
        /// The roles of its members.
        roles: Vec<PeopleRole>, example ["security_officer"];
    }
}

choice! {
    /// A role of people.
    PeopleRole, "a role of people, such as \"auditor\"" {
        PlatformAdministrator = "platform_administrator",
        SecurityOfficer = "security_officer",
        Responder = "responder",
        PolicyAuthor = "policy_author",
        PolicyApprover = "policy_approver",
        AgentOwner = "agent_owner",
        Auditor = "auditor",
        Employee = "employee",
    }
}

impl PeopleRole {
    /// The role that the word means.
    pub fn role(self) -> Option<Role> {
        Role::parse(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_role_has_its_word() {
        let words: Vec<&str> = Role::ALL.iter().map(|role| role.as_str()).collect();
        assert_eq!(PeopleRole::WORDS, words);
    }
}
