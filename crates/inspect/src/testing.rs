//! What tests of several modules share.

use proptest::test_runner::Config;

/// At least so many cases; more where `PROPTEST_CASES` asks for more, as a long search does.
pub(crate) fn cases(least: u32) -> Config {
    let asked = Config::default();
    Config { failure_persistence: None, cases: asked.cases.max(least), ..asked }
}
