//! The embedded backend: one writer thread, a few reader threads, each with its own connection.
//!
//! WAL lets readers go on while the writer writes; `synchronous = FULL` makes a commit durable
//! before it is answered. One writer needs no lock and meets no `SQLITE_BUSY`.

pub(crate) mod activity;
pub(crate) mod agents;
pub(crate) mod approvals;
pub(crate) mod attempts;
mod bits;
mod blocks;
pub(crate) mod columns;
pub(crate) mod containments;
pub(crate) mod control;
#[cfg(test)]
mod counted_tests;
pub(crate) mod counters;
pub(crate) mod credentials;
pub(crate) mod declared;
pub(crate) mod directory;
pub(crate) mod elevations;
pub(crate) mod exports;
pub(crate) mod factors;
pub(crate) mod filter;
pub(crate) mod groups;
pub(crate) mod holds;
pub(crate) mod index;
pub(crate) mod invitations;
pub(crate) mod kept_values;
pub(crate) mod keys;
pub(crate) mod labelled;
pub(crate) mod leavers;
pub(crate) mod links;
mod listed;
mod migrate;
pub(crate) mod persons;
pub(crate) mod policies;
pub(crate) mod reviews;
pub(crate) mod said_once;
pub(crate) mod sessions;
pub(crate) mod tenants;
pub(crate) mod terms;
mod threads;
mod times;
pub(crate) mod tokens;
mod told;
pub(crate) mod tools;
pub(crate) mod user_list;
pub(crate) mod users;
pub(crate) mod uses;
mod whom;
pub(crate) mod wrapped_keys;

use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, ErrorCode};
use tokio::sync::Semaphore;

use crate::{Result, StoreError};
use threads::Queue;

/// Reader connections.
const READERS: usize = 4;

/// Searches at once: fewer than readers, so that a slow one never holds up a control read.
const SEARCHES: usize = 2;

/// Prepared statements that a connection keeps.
const STATEMENTS: usize = 128;

#[derive(Debug)]
pub(crate) struct Sqlite {
    writer: Queue,
    readers: Queue,
    searches: Semaphore,
}

impl Sqlite {
    pub(crate) fn open(file: &Path) -> Result<Self> {
        create_private(file)?;
        Self::start(file, connect(file)?, migrate::STATE)
    }

    /// The database of wrapped keys: what is deleted there is overwritten, and nothing of it
    /// strays into a temporary file.
    pub(crate) fn open_keys(file: &Path) -> Result<Self> {
        create_private(file)?;
        let writer = connect(file)?;
        writer.execute_batch("PRAGMA secure_delete = ON; PRAGMA temp_store = MEMORY;")?;
        Self::start(file, writer, migrate::KEYS)
    }

    fn start(file: &Path, mut writer: Connection, migrations: &[migrate::Step]) -> Result<Self> {
        migrate::run(&mut writer, migrations)?;
        let readers: Result<Vec<_>> = (0..READERS).map(|_| connect_to_read(file)).collect();
        Ok(Self {
            writer: Queue::start("store-writer", vec![writer])?,
            readers: Queue::start("store-reader", readers?)?,
            searches: Semaphore::new(SEARCHES),
        })
    }

    /// Runs `work` in a transaction of its own; durable when this returns `Ok`.
    pub(crate) async fn write<T, F>(&self, work: F) -> Result<T>
    where
        F: FnOnce(&Connection) -> Result<T> + Send + 'static,
        T: Send + 'static,
    {
        self.writer.run(move |connection| transact(connection, work)).await
    }

    /// Runs `work` on one consistent view of the database.
    pub(crate) async fn read<T, F>(&self, work: F) -> Result<T>
    where
        F: FnOnce(&Connection) -> Result<T> + Send + 'static,
        T: Send + 'static,
    {
        self.readers.run(move |connection| look(connection, work)).await
    }

    /// As [`Sqlite::read`], for what may take long.
    pub(crate) async fn search<T, F>(&self, work: F) -> Result<T>
    where
        F: FnOnce(&Connection) -> Result<T> + Send + 'static,
        T: Send + 'static,
    {
        let _permit = self.searches.acquire().await.map_err(|_| StoreError::Closed)?;
        self.read(work).await
    }

    /// Folds the write-ahead log into the database file, after everything that was queued before.
    pub(crate) async fn checkpoint(&self) -> Result<()> {
        let fold = |connection: &mut Connection| {
            connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
            Ok(())
        };
        self.writer.run(fold).await
    }

    /// Writes the whole database anew, so that nothing of what was deleted is left in any page,
    /// and empties the write-ahead log.
    pub(crate) async fn rebuild(&self) -> Result<()> {
        let rebuild = |connection: &mut Connection| {
            connection.execute_batch("VACUUM")?;
            truncate_log(connection)
        };
        self.writer.run(rebuild).await
    }
}

/// Looks for the moment when no reader holds the write-ahead log, at most.
const TRUNCATIONS: u32 = 100;

/// Between two of them. Readers of a database that is rebuilt are short.
const BETWEEN: Duration = Duration::from_millis(20);

/// Folds the write-ahead log into the file and empties it: bytes that were in it are not any more.
fn truncate_log(connection: &Connection) -> Result<()> {
    for _ in 0..TRUNCATIONS {
        let sql = "PRAGMA wal_checkpoint(TRUNCATE)";
        let is_busy: bool = connection.query_row(sql, [], |row| row.get(0))?;
        if !is_busy {
            return Ok(());
        }
        std::thread::sleep(BETWEEN); // pause: until a reader is done
    }
    Err(StoreError::TooSlow)
}

fn transact<T>(
    connection: &mut Connection,
    work: impl FnOnce(&Connection) -> Result<T>,
) -> Result<T> {
    let tx = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    let value = work(&tx)?;
    tx.commit()?;
    Ok(value)
}

fn look<T>(connection: &mut Connection, work: impl FnOnce(&Connection) -> Result<T>) -> Result<T> {
    threads::set_deadline(connection)?;
    let tx = connection.transaction()?;
    work(&tx)
}

/// SQLite gives its journal files the mode of the database file.
fn create_private(file: &Path) -> Result<()> {
    let made = OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(file);
    made.map(drop).map_err(|error| StoreError::Database(error.into()))
}

fn connect(file: &Path) -> Result<Connection> {
    let connection = Connection::open(file)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    connection.execute_batch(
        "PRAGMA journal_mode = WAL;
         PRAGMA synchronous = FULL;
         PRAGMA foreign_keys = ON;
         PRAGMA busy_timeout = 5000;
         PRAGMA cache_size = -32768;
         PRAGMA journal_size_limit = 67108864;",
    )?;
    Ok(connection)
}

fn connect_to_read(file: &Path) -> Result<Connection> {
    let connection = connect(file)?;
    connection.execute_batch("PRAGMA query_only = ON; PRAGMA cache_size = -8192;")?;
    Ok(connection)
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::OperationInterrupted) => Self::TooSlow,
            _ => Self::Database(error.into()),
        }
    }
}
