//! Why the store did not do what it was asked.

/// Every error of this crate.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("there is no {what} {name:?}")]
    NotFound { what: &'static str, name: String },
    #[error("there is a {what} {name:?} already")]
    Exists { what: &'static str, name: String },
    /// The configuration is the truth for what it declares.
    #[error("{what} {name:?} is declared in the configuration; change it there and reload")]
    Declared { what: &'static str, name: String },
    #[error("it has changed since you read it (version {current}); read it again, then change it")]
    Stale { current: u64 },
    /// A weaker standing never takes the place of a stronger one by itself.
    #[error("it is quarantined, which already holds it; resume it first if that is meant")]
    Quarantined,
    /// What cannot be decided by this person now: a held call, a request for access.
    #[error("this is not to be decided any more: it is {0}")]
    Settled(&'static str),
    #[error("there may be at most {limit} {what}; remove some first")]
    Full { what: &'static str, limit: u64 },
    #[error("{0}")]
    Invalid(&'static str),
    /// A search that cannot be understood, and what to write instead.
    #[error("{0}")]
    Query(String),
    /// The index was handed records that do not follow those it has.
    #[error("the index continues at position {expected}, and was handed position {found}")]
    Gap { expected: u64, found: u64 },
    #[error("the search took too long; narrow the time range or add a filter")]
    TooSlow,
    #[error(
        "the database has schema {found} and this program knows {known}; run the newer program, or restore a backup"
    )]
    Newer { found: i64, known: i64 },
    /// A row that no version of this program writes.
    #[error("the database holds a {0} that cannot be read; restore a backup")]
    Corrupt(&'static str),
    #[error("the store is closed; look in the log for why, and restart")]
    Closed,
    /// Its cause is its source.
    #[error("the database failed; look at the disk's space and permissions")]
    Database(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// What every method answers with.
pub type Result<T, E = StoreError> = std::result::Result<T, E>;

impl StoreError {
    pub(crate) fn not_found(what: &'static str, name: impl ToString) -> Self {
        Self::NotFound { what, name: name.to_string() }
    }

    pub(crate) fn exists(what: &'static str, name: impl ToString) -> Self {
        Self::Exists { what, name: name.to_string() }
    }

    pub(crate) fn declared(what: &'static str, name: impl ToString) -> Self {
        Self::Declared { what, name: name.to_string() }
    }
}
