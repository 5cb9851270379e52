//! Forward-only migrations: numbered SQL files that are part of the program.

use rusqlite::Connection;

use crate::{Result, StoreError};

/// One step of a schema.
pub(super) struct Step {
    pub(super) sql: &'static str,
    /// What of it SQL does not say.
    then: Option<fn(&Connection) -> Result<()>>,
}

const fn sql(sql: &'static str) -> Step {
    Step { sql, then: None }
}

/// In order; the first brings an empty database to schema 1. A file that was released never
/// changes: what is to be different is a new file.
pub(super) const STATE: &[Step] = &[
    sql(include_str!("../../migrations/0001_control.sql")),
    sql(include_str!("../../migrations/0002_activity.sql")),
    sql(include_str!("../../migrations/0003_declared.sql")),
    sql(include_str!("../../migrations/0004_vault.sql")),
    sql(include_str!("../../migrations/0005_tokens.sql")),
    sql(include_str!("../../migrations/0006_approvals.sql")),
    sql(include_str!("../../migrations/0007_mcp.sql")),
    sql(include_str!("../../migrations/0008_search.sql")),
    sql(include_str!("../../migrations/0009_identity.sql")),
    sql(include_str!("../../migrations/0014_people.sql")),
    sql(include_str!("../../migrations/0015_token_owner.sql")),
    sql(include_str!("../../migrations/0017_policies.sql")),
    sql(include_str!("../../migrations/0018_directory.sql")),
    sql(include_str!("../../migrations/0019_sign_on.sql")),
    sql(include_str!("../../migrations/0020_elevations.sql")),
    sql(include_str!("../../migrations/0021_access.sql")),
    sql(include_str!("../../migrations/0022_labelled_sessions.sql")),
    sql(include_str!("../../migrations/0024_credentials.sql")),
    sql(include_str!("../../migrations/0025_vault_person.sql")),
    sql(include_str!("../../migrations/0031_block_times.sql")),
    sql(include_str!("../../migrations/0032_directory_lists.sql")),
    sql(include_str!("../../migrations/0033_row_counts.sql")),
    Step {
        sql: include_str!("../../migrations/0034_told_values.sql"),
        then: Some(super::told::renew_all),
    },
];

/// The same for the database of wrapped keys.
pub(super) const KEYS: &[Step] = &[
    sql(include_str!("../../migrations/keys/0001_keys.sql")),
    sql(include_str!("../../migrations/keys/0002_names_and_values.sql")),
    sql(include_str!("../../migrations/keys/0003_key_counts.sql")),
];

/// Brings the schema up to date, one transaction a step: a kill in between leaves a whole step.
pub(super) fn run(connection: &mut Connection, migrations: &[Step]) -> Result<()> {
    let known = migrations.len() as i64;
    let found: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    if found > known {
        return Err(StoreError::Newer { found, known });
    }
    for (number, step) in (1_i64..).zip(migrations).skip_while(|(number, _)| *number <= found) {
        let tx = connection.transaction()?;
        tx.execute_batch(step.sql)?;
        if let Some(then) = step.then {
            then(&tx)?;
        }
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
        connection.execute_batch(STATE[0].sql).unwrap();
        connection.pragma_update(None, "user_version", 1).unwrap();
        run(&mut connection, STATE).unwrap();
        run(&mut connection, STATE).unwrap();
        let found: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0)).unwrap();
        assert_eq!(found, STATE.len() as i64);
    }
}
