//! What the configuration says is kept of payloads.

use std::sync::Arc;

use gate::keeping::{Keep, Keeping, Rule, Rules};

use super::custody::Keys;
use super::snapshot::Settings;
use crate::config::{Config, sections};

/// What is kept of payloads; nothing where none ever is.
pub(super) fn keeping(settings: &Settings, keys: &Keys) -> Option<Arc<Keeping>> {
    let section = &settings.config.payloads;
    let keeping = Keeping {
        payloads: keys.payloads.clone(),
        rules: settings.kept.clone(),
        retention_labels: retention_labels(&settings.config),
        max_bytes: section.max_bytes.0,
        may_fail: section.on_failure == sections::OnFailure::Pass,
    };
    settings.kept.keep_anything().then(|| Arc::new(keeping))
}

/// The labels by which payloads are let go.
fn retention_labels(config: &Config) -> Vec<String> {
    let of_payloads =
        config.retention.iter().filter(|rule| rule.what == sections::Retained::Payloads);
    of_payloads.filter_map(|rule| rule.label.clone()).collect()
}

pub(super) fn rules(config: &Config) -> anyhow::Result<Rules> {
    let pattern = |pattern: &Option<crate::config::types::Pattern>| {
        pattern.as_ref().map(|pattern| policy::Pattern::new(&pattern.0)).transpose()
    };
    let rule = |rule: &sections::KeepRule| {
        Ok(Rule {
            provider: pattern(&rule.provider)?,
            agent: pattern(&rule.agent)?,
            label: rule.label.clone(),
            keep: keep_of(rule.keep),
        })
    };
    let list: anyhow::Result<_> = config.payloads.rule.iter().map(rule).collect();
    Ok(Rules { list: list?, otherwise: keep_of(config.payloads.keep) })
}

fn keep_of(keep: sections::Keep) -> Keep {
    match keep {
        sections::Keep::Off => Keep::Off,
        sections::Keep::Redacted => Keep::Redacted,
        sections::Keep::Full => Keep::Full,
    }
}
