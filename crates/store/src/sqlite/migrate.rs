//! Forward-only migrations: numbered SQL files that are part of the program.

use rusqlite::Connection;

use crate::{Result, StoreError};

/// In order; the first brings an empty database to schema 1. A file that was released never
/// changes: what is to be different is a new file.
pub(super) const STATE: &[&str] = &[
    include_str!("../../migrations/0001_control.sql"),
    include_str!("../../migrations/0002_activity.sql"),
    include_str!("../../migrations/0003_declared.sql"),
    include_str!("../../migrations/0004_vault.sql"),
    include_str!("../../migrations/0005_tokens.sql"),
    include_str!("../../migrations/0006_approvals.sql"),
    include_str!("../../migrations/0007_mcp.sql"),
    include_str!("../../migrations/0008_search.sql"),
    include_str!("../../migrations/0009_identity.sql"),
    include_str!("../../migrations/0014_people.sql"),
    include_str!("../../migrations/0015_token_owner.sql"),
    include_str!("../../migrations/0017_policies.sql"),
    include_str!("../../migrations/0018_directory.sql"),
    include_str!("../../migrations/0019_sign_on.sql"),
    include_str!("../../migrations/0020_elevations.sql"),
    include_str!("../../migrations/0021_access.sql"),
    include_str!("../../migrations/0022_labelled_sessions.sql"),
    include_str!("../../migrations/0024_credentials.sql"),
    include_str!("../../migrations/0025_vault_person.sql"),
    include_str!("../../migrations/0031_block_times.sql"),
    include_str!("../../migrations/0032_directory_lists.sql"),
];

/// The same for the database of wrapped keys.
pub(super) const KEYS: &[&str] = &[
    include_str!("../../migrations/keys/0001_keys.sql"),
    include_str!("../../migrations/keys/0002_names_and_values.sql"),
];

/// Brings the schema up to date, one transaction a step: a kill in between leaves a whole step.
pub(super) fn run(connection: &mut Connection, migrations: &[&str]) -> Result<()> {
    let known = migrations.len() as i64;
    let found: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    if found > known {
        return Err(StoreError::Newer { found, known });
    }
    for (number, sql) in (1_i64..).zip(migrations).skip_while(|(number, _)| *number <= found) {
        let tx = connection.transaction()?;
        tx.execute_batch(sql)?;
        tx.pragma_update(None, "user_version", number)?;
        tx.commit()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_of_a_newer_program_is_refused() {
        let mut connection = Connection::open_in_memory().unwrap();
        connection.pragma_update(None, "user_version", 999).unwrap();
        let refused = run(&mut connection, STATE);
        assert!(matches!(refused, Err(StoreError::Newer { found: 999, .. })));
    }

    #[test]
    fn every_step_can_be_taken_from_the_one_before() {
        let mut connection = Connection::open_in_memory().unwrap();
        connection.execute_batch(STATE[0]).unwrap();
        connection.pragma_update(None, "user_version", 1).unwrap();
        run(&mut connection, STATE).unwrap();
        run(&mut connection, STATE).unwrap();
        let found: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0)).unwrap();
        assert_eq!(found, STATE.len() as i64);
    }
}
