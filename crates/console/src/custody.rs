//! What the admin API asks of whoever holds the keys and what they sealed. The binary answers.

use model::{DataSubject, Month, RecordId, TenantId, UserName};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{Failure, Task};

/// Which of an action's two payloads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PayloadPart {
    Request,
    Response,
}

impl PayloadPart {
    /// As records and addresses name it.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Request => "request",
            Self::Response => "response",
        }
    }
}

/// Where a payload is, by its record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PayloadPlace {
    pub tenant: TenantId,
    pub record: RecordId,
    pub part: PayloadPart,
    /// As the record has it.
    pub reference: String,
}

/// A payload that could be opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PayloadView {
    /// The content coding that the bytes still have; empty where they are plain.
    pub coding: String,
    pub bytes: Vec<u8>,
    /// More came than was kept.
    pub is_truncated: bool,
}

/// Keys of one level.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum KeyLevel {
    Root,
    Tenant,
    Data,
}

/// Whose data keys were destroyed, and of which month.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ErasedKey {
    pub subject: DataSubject,
    pub month: Month,
}

/// Who asked for something that leaves its own record, and the id of that record.
#[derive(Clone, Debug)]
pub struct Asker {
    pub record: RecordId,
    pub name: String,
    pub address: String,
}

/// Kept payloads and their keys, as far as the admin API needs them.
pub trait Custody: Send + Sync + 'static {
    /// Opens a payload; `None` where its key was destroyed.
    fn payload(&self, place: PayloadPlace) -> Task<'_, Result<Option<PayloadView>, Failure>>;

    /// A subject as what is kept of them calls them: by the pseudonym, where a person has one.
    fn kept_as(&self, tenant: &TenantId, subject: DataSubject) -> DataSubject;

    /// What records of now call a person; a new pseudonym is durable when it resolves.
    fn shown(&self, tenant: TenantId, person: UserName) -> Task<'_, Result<UserName, Failure>>;

    /// Whose pseudonym it is; nothing where that was erased, or it is none.
    fn name_of(&self, tenant: &TenantId, pseudonym: &UserName) -> Option<UserName>;

    /// Destroys what ties a person to a pseudonym, by either; says whether there was anything.
    fn forget_name(&self, tenant: TenantId, person: UserName) -> Task<'_, Result<bool, Failure>>;

    /// Destroys a subject's data keys, those of one month where one is named. When it resolves
    /// they are in no byte of the instance's files.
    fn erase(
        &self,
        tenant: TenantId,
        subject: DataSubject,
        month: Option<Month>,
    ) -> Task<'_, Result<Vec<ErasedKey>, Failure>>;

    /// Takes what is a subject's out of the vault of placeholders; gives how much that was.
    fn forget_values(
        &self,
        tenant: TenantId,
        subject: DataSubject,
    ) -> Task<'_, Result<u64, Failure>>;

    /// Lets go what retention says; gives what that was. It leaves its records itself.
    fn retain(&self, tenant: TenantId, who: Asker) -> Task<'_, Result<Value, Failure>>;

    /// Exchanges the keys of one level; gives how many keys that touched.
    fn rotate(&self, tenant: TenantId, level: KeyLevel) -> Task<'_, Result<u64, Failure>>;
}
