//! Policies as versions: proposed by one person, approved by another, put in force, taken back.

use model::{TenantId, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{Result, Store, sqlite};

/// Versions that one tenant may have.
pub const MAX_POLICY_VERSIONS: u64 = 10_000;

/// A file of a version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicyFile {
    pub name: String,
    pub text: String,
}

/// A version to propose.
#[derive(Clone, Debug)]
pub struct NewPolicyVersion {
    /// Of the policies as they are compiled.
    pub hash: String,
    pub files: Vec<PolicyFile>,
    pub note: String,
    pub author: String,
}

/// A version, and what became of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PolicyVersion {
    pub number: u32,
    pub hash: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<PolicyFile>,
    pub note: String,
    pub author: String,
    pub created: Timestamp,
    /// Who approved it, and when.
    pub reviewer: Option<String>,
    pub reviewed: Option<Timestamp>,
    /// When it was put in force last, and by whom.
    pub deployed: Option<Timestamp>,
    pub deployed_by: Option<String>,
    pub is_in_force: bool,
}

impl Store {
    pub async fn propose_policy(
        &self,
        tenant: &TenantId,
        version: NewPolicyVersion,
        now: Timestamp,
    ) -> Result<PolicyVersion> {
        let tenant = tenant.clone();
        self.db.write(move |tx| sqlite::policies::add(tx, &tenant, &version, now)).await
    }

    /// Notes that somebody approved a version.
    ///
    /// # Errors
    /// [`crate::StoreError::Invalid`] for its author, under whatever credential, and for a version
    /// that is approved already.
    pub async fn approve_policy(
        &self,
        tenant: &TenantId,
        number: u32,
        who: &str,
        now: Timestamp,
    ) -> Result<PolicyVersion> {
        let (tenant, who) = (tenant.clone(), who.to_owned());
        self.db.write(move |tx| sqlite::policies::approve(tx, &tenant, number, &who, now)).await
    }

    /// Makes an approved version the one in force.
    ///
    /// # Errors
    /// [`crate::StoreError::Invalid`] where nobody has approved it.
    pub async fn deploy_policy(
        &self,
        tenant: &TenantId,
        number: u32,
        who: &str,
        now: Timestamp,
    ) -> Result<PolicyVersion> {
        let (tenant, who) = (tenant.clone(), who.to_owned());
        self.db.write(move |tx| sqlite::policies::deploy(tx, &tenant, number, &who, now)).await
    }

    /// Takes the last deployment out again: it could not be put in force.
    pub async fn undeploy_policy(&self, tenant: &TenantId, number: u32) -> Result<()> {
        let tenant = tenant.clone();
        self.db.write(move |tx| sqlite::policies::undeploy(tx, &tenant, number)).await
    }

    /// The version in force, with its files; `None` where none was ever deployed.
    pub async fn deployed_policy(&self, tenant: &TenantId) -> Result<Option<PolicyVersion>> {
        let tenant = tenant.clone();
        self.db.read(move |tx| sqlite::policies::in_force(tx, &tenant)).await
    }

    /// The version that was in force before the one that is.
    pub async fn policy_before(&self, tenant: &TenantId) -> Result<Option<u32>> {
        let tenant = tenant.clone();
        self.db.read(move |tx| sqlite::policies::before(tx, &tenant)).await
    }

    /// One version, with its files.
    pub async fn policy_version(&self, tenant: &TenantId, number: u32) -> Result<PolicyVersion> {
        let tenant = tenant.clone();
        self.db.read(move |tx| sqlite::policies::one(tx, &tenant, number)).await
    }

    /// Versions without their files, the newest first, at most `limit`.
    pub async fn policy_versions(
        &self,
        tenant: &TenantId,
        limit: usize,
    ) -> Result<Vec<PolicyVersion>> {
        let tenant = tenant.clone();
        self.db.read(move |tx| sqlite::policies::list(tx, &tenant, limit)).await
    }
}
