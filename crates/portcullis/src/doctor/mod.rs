//! What can be wrong with an installation, looked at from outside: each check says what it
//! found, and each failure how to mend it.

mod files;
mod network;
mod system;

use serde::Serialize;
use serde_json::Value;

use crate::config::{ConfigError, Loaded};
use crate::up::fail_open;

/// What a check found.
#[derive(Clone, Debug, Serialize)]
pub struct Finding {
    /// What was looked at.
    pub check: String,
    pub state: State,
    pub detail: String,
    /// What to do about it; none where all is well.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remedy: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    Ok,
    /// Works, and could be better.
    Warning,
    Failed,
}

impl Finding {
    fn ok(check: &str, detail: impl Into<String>) -> Self {
        Self { check: check.to_owned(), state: State::Ok, detail: detail.into(), remedy: None }
    }

    fn failed(check: &str, detail: impl Into<String>, remedy: impl Into<String>) -> Self {
        let finding = Self::ok(check, detail);
        Self { state: State::Failed, remedy: Some(remedy.into()), ..finding }
    }

    fn warning(check: &str, detail: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { state: State::Warning, ..Self::failed(check, detail, remedy) }
    }
}

/// The finding about a configuration that cannot be read: no other check can go on.
pub fn of_config_error(error: &ConfigError) -> Vec<Finding> {
    let remedy = "portcullis config check shows each place";
    vec![Finding::failed("configuration", error.to_string(), remedy)]
}

/// What the self-test of the running instance last showed.
pub fn of_controls(report: Option<&Value>) -> Finding {
    let check = "controls";
    let controls = report.and_then(|report| report["controls"].as_array());
    let controls = controls.map_or(&[][..], Vec::as_slice);
    let in_state = |state: &str| {
        let found = controls.iter().filter(|one| one["state"] == state);
        found.filter_map(|one| one["control"].as_str()).collect::<Vec<_>>().join(", ")
    };
    let (broken, off) = (in_state("broken"), in_state("off"));
    let remedy = "portcullis selftest says of each what to do";
    match (broken.as_str(), off.as_str()) {
        ("", "") if controls.is_empty() => {
            Finding::warning(check, "nobody has tested them", "portcullis selftest does")
        }
        ("", "") => Finding::ok(check, format!("all {} were seen to work", controls.len())),
        ("", off) => Finding::warning(check, format!("switched off: {off}"), remedy),
        (broken, _) => Finding::failed(check, format!("not working: {broken}"), remedy),
    }
}

/// Looks at everything. `running` says whether the instance answers on its socket.
pub async fn examine(loaded: &Loaded, running: bool) -> Vec<Finding> {
    let mut findings = vec![configuration(loaded)];
    findings.push(fail_modes(loaded));
    findings.extend(files::check(&loaded.config));
    findings.push(system::clock());
    findings.extend(system::disk(&loaded.config.data.dir));
    findings.extend(network::listeners(&loaded.config, running));
    findings.extend(network::providers(&loaded.config).await);
    findings.extend(network::archive(&loaded.config).await);
    findings
}

/// What passes where a part fails, in every tenant.
fn fail_modes(loaded: &Loaded) -> Finding {
    const CHECK: &str = "fail modes";
    let own = fail_open(&loaded.config).into_iter();
    let of_tenants = loaded.tenants.iter().flat_map(|tenant| {
        let routes = fail_open(&tenant.config).into_iter();
        routes.map(|route| format!("{}: {route}", tenant.name)).collect::<Vec<_>>()
    });
    let open: Vec<String> = own.chain(of_tenants).collect();
    match open.is_empty() {
        true => Finding::ok(CHECK, "every route is closed while the log cannot be written"),
        false => Finding::warning(
            CHECK,
            format!("calls pass while the log cannot be written: {}", open.join(", ")),
            "take `log = \"open\"` out of their [fail], unless that is what you want",
        ),
    }
}

fn configuration(loaded: &Loaded) -> Finding {
    let name = &loaded.source.name;
    match loaded.warnings.as_slice() {
        [] => Finding::ok("configuration", format!("{name} is right")),
        [first, ..] => Finding::warning(
            "configuration",
            format!("{name}: {} ({} in all)", first.message, loaded.warnings.len()),
            first.help.clone().unwrap_or_else(|| "portcullis config check shows the place".into()),
        ),
    }
}
