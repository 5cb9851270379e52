//! `[people]`: how long people are logged in, and which passwords are not taken.

use std::num::NonZeroU32;
use std::path::PathBuf;
use std::time::Duration;

use model::UserName;
use people::Role;

use super::Signature;
use crate::config::credential::Credential;
use crate::config::declare::{choice, section};
use crate::config::places::{AddressRange, Place};
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
        /// Roles for some time.
        elevation: Elevation;
        /// Reviews of everybody's access.
        review: Review;
        /// Journeys that nobody makes.
        travel: PeopleTravel;
        /// Where a network is.
        network: Vec<Network>;
    }
}

section! {
    /// Two log-ins of one person in networks that are too far apart for the time between them. Only
    /// networks under `[[people.network]]` count; an address in none of them says nothing.
    PeopleTravel {
        /// How fast people are, in kilometres an hour.
        fastest: NonZeroU32 = 1000;
        /// What follows: the record of the log-in carries an alert, and with "ask_again" what cannot be
        /// undone asks for another second factor first.
        then: Suspicion = "notice";
    }
}

choice! {
    /// What follows on a journey that nobody makes.
    Suspicion, "\"notice\" or \"ask_again\"" {
        Notice = "notice",
        AskAgain = "ask_again",
    }
}

section! {
    /// Where a network is, of which people log in.
    Network {
        /// What it is called in records.
        name: String, example "berlin";
        /// Its addresses.
        addresses: Vec<AddressRange>, example ["192.0.2.0/24"];
        /// Where it is.
        place: Place, example "52.52, 13.40";
    }
}

impl People {
    /// As the rooms of people know it.
    pub fn travel(&self) -> people::Travel {
        let network = |one: &Network| people::travel::Network {
            name: one.name.clone(),
            ranges: one.addresses.iter().map(|range| (range.first, range.bits)).collect(),
            latitude: one.place.latitude,
            longitude: one.place.longitude,
        };
        people::Travel {
            networks: self.network.iter().map(network).collect(),
            fastest: f64::from(self.travel.fastest.get()),
            asks_again: self.travel.then == Suspicion::AskAgain,
        }
    }
}

section! {
    /// Roles for some time: people ask for one and somebody else decides, or, in an emergency, they take
    /// one of those that are declared here and somebody else looks at it afterwards.
    Elevation {
        /// The longest that a role may be asked for.
        longest: Duration = "8h";
        /// How long a request waits for somebody to decide on it.
        waits: Duration = "24h";
        /// Roles that may be taken at once. With none, nobody breaks glass.
        break_glass: Vec<PeopleRole> = [], example ["security_officer"];
        /// The longest that one of them counts.
        break_glass_longest: Duration = "1h";
    }
}

section! {
    /// Access reviews: every grant of every person, every admin token, every agent and its keys is
    /// looked at by somebody else, and kept, narrowed or revoked.
    Review {
        /// How often one begins by itself.
        every: Every = "monthly";
        /// How long it is open.
        lasts: Duration = "14d";
        /// What happens to what is undecided then: it stays, with an alert, until a security officer has
        /// decided on it, or it is revoked.
        undecided: Undecided = "escalate";
    }
}

choice! {
    /// How often.
    Every, "\"weekly\", \"monthly\", \"quarterly\" or \"never\"" {
        Weekly = "weekly",
        Monthly = "monthly",
        Quarterly = "quarterly",
        Never = "never",
    }
}

choice! {
    /// What becomes of what nobody decided on.
    Undecided, "\"escalate\" or \"revoke\"" {
        Escalate = "escalate",
        Revoke = "revoke",
    }
}

impl Elevation {
    /// As the rooms of people know it.
    pub fn rules(&self) -> people::Elevation {
        people::Elevation {
            longest: self.longest,
            waits: self.waits,
            break_glass: self.break_glass.iter().filter_map(|word| word.role()).collect(),
            break_glass_longest: self.break_glass_longest,
        }
    }
}

impl Review {
    /// As the rooms of people know it.
    pub fn rules(&self) -> people::Review {
        let every = match self.every {
            Every::Weekly => people::review::Every::Week,
            Every::Monthly => people::review::Every::Month,
            Every::Quarterly => people::review::Every::Quarter,
            Every::Never => people::review::Every::Never,
        };
        let escalates = self.undecided == Undecided::Escalate;
        people::Review { every, lasts: self.lasts, escalates }
    }
}

section! {
    /// An identity provider that people log in by, with OpenID Connect. Register
    /// `/login/sso/callback` below the console's address there as where it sends browsers back to, and
    /// `/login/sso/logout` as where it says that somebody logged out (back-channel). For a tenant the latter is
    /// `/login/sso/logout?tenant=` and its name.
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
