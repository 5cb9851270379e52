//! The built-in pack: policies that a company can start with, and their tests.

use crate::Source;

/// One part of the pack: its name, its policies, its tests.
macro_rules! part {
    ($name:literal) => {
        (
            concat!("baseline/", $name, ".cedar"),
            include_str!(concat!("../../../policies/baseline/", $name, ".cedar")),
            concat!("baseline/", $name, ".test.toml"),
            include_str!(concat!("../../../policies/baseline/", $name, ".test.toml")),
        )
    };
}

const PARTS: [(&str, &str, &str, &str); 6] = [
    part!("grants"),
    part!("tools"),
    part!("flow"),
    part!("standing"),
    part!("zones"),
    part!("usage"),
];

/// The pack's policies, for [`crate::Bundle::baseline`] and for those who want a copy to change.
pub fn baseline_sources() -> Vec<Source> {
    PARTS.iter().map(|(name, text, ..)| Source::new(*name, *text)).collect()
}

/// The pack's tests, for [`crate::testing::run`].
pub fn baseline_tests() -> Vec<Source> {
    PARTS.iter().map(|(.., name, text)| Source::new(*name, *text)).collect()
}
