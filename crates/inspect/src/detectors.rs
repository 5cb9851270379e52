//! The catalogue: one declaration for each format that is detected.

use model::Severity;

use crate::settings::Action;

/// What one detector finds and how. The catalogue's page and the settings come from these.
#[derive(Debug)]
pub struct Declaration {
    pub name: &'static str,
    pub kind: &'static str,
    pub finds: &'static str,
    pub severity: Severity,
    pub confidence: f64,
    pub request: Action,
    pub answer: Action,
}

/// Every detector that is built in.
pub fn catalogue() -> &'static [Declaration] {
    &[Declaration {
        name: "aws_access_key",
        kind: "secret.aws_access_key",
        finds: "AWS access key ids",
        severity: Severity::High,
        confidence: 0.95,
        request: Action::Mask,
        answer: Action::Mask,
    }]
}
