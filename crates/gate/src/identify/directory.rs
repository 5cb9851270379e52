//! Which tenant a credential speaks of, before anything of it is verified.
//!
//! A name that two tenants claim names neither: whose word would count is not for the gate to pick.

use std::collections::HashMap;

use foldhash::fast::RandomState;
use model::TenantId;

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
        for tenant in tenants {
            let trust = &tenant.trust;
            if trust.key.is_some() {
                claim(&mut directory.own, &trust.issuer, &tenant.id);
            }
            for issuer in &trust.issuers {
                let trusting = directory.issuers.entry(issuer.rules.url.clone()).or_default();
                trusting.push(tenant.id.clone());
            }
            for id in trust.signing_keys.keys() {
                claim(&mut directory.signing_keys, id, &tenant.id);
            }
            for subject in trust.certificates.keys() {
                claim(&mut directory.certificates, subject, &tenant.id);
            }
        }
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
}
