//! Which tenant a credential speaks of, before anything of it is verified.
//!
//! A name that two tenants claim names neither: whose word would count is not for the gate to pick.

use std::collections::HashMap;

use foldhash::fast::RandomState;
use model::TenantId;

use super::credentials::Source;
use crate::snapshot::Tenant;

type Names = HashMap<String, Option<TenantId>, RandomState>;

/// Names that are spoken of in credentials, and whose they are.
#[derive(Default)]
pub struct Directory {
    /// The `iss` of the gate's own tokens.
    own: Names,
    /// The `iss` of outside issuers. Several tenants may trust one; who its token stands for is then
    /// told by the audience.
    issuers: HashMap<String, Vec<TenantId>, RandomState>,
    /// The `keyid` of signatures.
    signing_keys: Names,
    /// What certificates say.
    certificates: Names,
}

impl Directory {
    pub fn of<'t>(tenants: impl IntoIterator<Item = &'t Tenant>) -> Self {
        let mut directory = Self::default();
        let mut added = Added::default();
        for tenant in tenants {
            let trust = &tenant.trust;
            if trust.key.is_some() {
                claim(&mut directory.own, &trust.issuer, &tenant.id);
            }
            for issuer in &trust.issuers {
                let trusting = directory.issuers.entry(issuer.rules.url.clone()).or_default();
                trusting.push(tenant.id.clone());
            }
            for (id, source) in tenant.credentials.key_ids() {
                let names = match source {
                    Source::Configuration => &mut directory.signing_keys,
                    Source::Administrator => &mut added.signing_keys,
                };
                claim(names, id, &tenant.id);
            }
            for (subject, source) in tenant.credentials.subjects() {
                let names = match source {
                    Source::Configuration => &mut directory.certificates,
                    Source::Administrator => &mut added.certificates,
                };
                claim(names, subject, &tenant.id);
            }
        }
        yielding(&mut directory.signing_keys, added.signing_keys);
        yielding(&mut directory.certificates, added.certificates);
        directory
    }

    pub(super) fn of_own_token(&self, issuer: &str) -> Option<&TenantId> {
        self.own.get(issuer)?.as_ref()
    }

    pub(super) fn trusting(&self, issuer: &str) -> &[TenantId] {
        self.issuers.get(issuer).map_or(&[], Vec::as_slice)
    }

    pub(super) fn of_signing_key(&self, id: &str) -> Option<&TenantId> {
        self.signing_keys.get(id)?.as_ref()
    }

    pub(super) fn of_certificate(&self, subject: &str) -> Option<&TenantId> {
        self.certificates.get(subject)?.as_ref()
    }

    pub(super) fn has_certificates(&self) -> bool {
        !self.certificates.is_empty()
    }
}

/// What administrators added: it takes no name from what is configured, in whatever tenant.
#[derive(Default)]
struct Added {
    signing_keys: Names,
    certificates: Names,
}

fn yielding(names: &mut Names, added: Names) {
    for (name, tenant) in added {
        names.entry(name).or_insert(tenant);
    }
}

fn claim(names: &mut Names, name: &str, tenant: &TenantId) {
    let claimed = names.entry(name.to_owned()).or_insert_with(|| Some(tenant.clone()));
    if claimed.as_ref().is_some_and(|other| other != tenant) {
        *claimed = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_two_tenants_claim_names_neither() {
        let (one, other) = (TenantId::new("one").unwrap(), TenantId::new("other").unwrap());
        let mut names = Names::default();
        claim(&mut names, "key", &one);
        claim(&mut names, "key", &one);
        assert_eq!(names["key"].as_ref(), Some(&one));
        claim(&mut names, "key", &other);
        claim(&mut names, "key", &one);
        assert_eq!(names["key"], None);
    }

    #[test]
    fn what_is_added_takes_no_name_from_what_is_configured() {
        let (one, other) = (TenantId::new("one").unwrap(), TenantId::new("other").unwrap());
        let (mut names, mut added) = (Names::default(), Names::default());
        claim(&mut names, "key", &one);
        claim(&mut added, "key", &other);
        claim(&mut added, "free", &other);
        yielding(&mut names, added);
        assert_eq!((names["key"].as_ref(), names["free"].as_ref()), (Some(&one), Some(&other)));
    }
}
