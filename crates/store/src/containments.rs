//! Containments: what the kill switch holds. They survive a restart, and the removal of what
//! they name.

use model::{Containment, Standing, Subject, TenantId, Timestamp};
use serde::Serialize;

use crate::{Result, Store, sqlite};

/// A containment with who did it, and when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StoredContainment {
    #[serde(flatten)]
    pub containment: Containment,
    pub who: String,
    pub since: Timestamp,
}

impl Store {
    /// Puts a containment in force; durable when this returns. The subject need not exist.
    ///
    /// # Errors
    /// [`crate::StoreError::Quarantined`] where a suspension would weaken a quarantine, and
    /// [`crate::StoreError::Invalid`] for a standing that holds nobody.
    pub async fn contain(
        &self,
        containment: Containment,
        who: &str,
        now: Timestamp,
    ) -> Result<StoredContainment> {
        let stored = StoredContainment { containment, who: who.to_owned(), since: now };
        self.db.write(move |tx| sqlite::containments::set(tx, stored)).await
    }

    /// Ends a containment, and answers with what was in force.
    ///
    /// # Errors
    /// [`crate::StoreError::NotFound`] where the subject is not contained.
    pub async fn release(
        &self,
        tenant: &TenantId,
        subject: &Subject,
        now: Timestamp,
    ) -> Result<StoredContainment> {
        let (tenant, subject) = (tenant.clone(), subject.clone());
        self.db.write(move |tx| sqlite::containments::clear(tx, &tenant, &subject, now)).await
    }

    /// What is in force on one subject.
    pub async fn containment(
        &self,
        tenant: &TenantId,
        subject: &Subject,
    ) -> Result<Option<StoredContainment>> {
        let (tenant, subject) = (tenant.clone(), subject.clone());
        self.db.read(move |tx| sqlite::containments::one(tx, &tenant, &subject)).await
    }

    /// Everything in force, by type and name.
    pub async fn list_containments(&self, tenant: &TenantId) -> Result<Vec<StoredContainment>> {
        let tenant = tenant.clone();
        self.db.read(move |tx| sqlite::containments::list(tx, &tenant)).await
    }

    /// Sets the standing of an agent that exists: a containment of it, or its end.
    pub async fn set_standing(
        &self,
        tenant: &TenantId,
        agent: &model::AgentName,
        standing: Standing,
        reason: &str,
        who: &str,
        now: Timestamp,
    ) -> Result<crate::StoredAgent> {
        let containment = Containment {
            tenant: tenant.clone(),
            subject: Subject::Agent(agent.clone()),
            standing,
            reason: reason.to_owned(),
        };
        let stored = StoredContainment { containment, who: who.to_owned(), since: now };
        let agent = agent.clone();
        self.db.write(move |tx| sqlite::containments::set_standing(tx, &agent, stored)).await
    }
}
