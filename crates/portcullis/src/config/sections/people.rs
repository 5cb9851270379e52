//! `[people]`: how long people are logged in, and which passwords are not taken.

use std::path::PathBuf;
use std::time::Duration;

use crate::config::declare::section;

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
    }
}
