//! Tenants' own configurations: a file for each, with the same keys, less what is of the process.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use model::TenantId;

use super::diagnostic::{Diagnostic, Origin, Severity, SourceText};
use super::{Config, ConfigError, Environment, Origins, Secrets, check, read, read_file, sections};

/// Sections of the process, which only its own file has.
const OF_THE_PROCESS: [&str; 10] = [
    "instance",
    "gate",
    "console",
    "data",
    "archive",
    "ledger",
    "telemetry",
    "metrics",
    "tenant",
    "people.sso",
];

/// Tenants of one instance.
pub const MAX_TENANTS: usize = 256;

/// A tenant's name is also that of its folder.
const MAX_NAME: usize = 64;

/// A tenant and what it configured itself.
#[derive(Clone, Debug)]
pub struct Tenant {
    pub name: TenantId,
    pub file: PathBuf,
    /// Its own sections, and those of the process.
    pub config: Config,
}

/// Reads the file of each tenant that `config` declares.
pub(super) fn load(
    config: &Config,
    environment: &Environment,
    secrets: Secrets,
) -> Result<(Vec<Tenant>, Vec<Diagnostic>), ConfigError> {
    let (mut tenants, mut warnings) = (Vec::new(), Vec::new());
    // Variables that set keys are meant for the file of the process.
    let environment = environment.without_keys();
    let mut names = Names::default();
    names.add(&TenantId::main(), config).map_err(|problem| of_file(Path::new(""), problem))?;
    for declared in &config.tenant {
        let (own, said) = tenant(&declared.file, &environment, secrets)?;
        if !own.certificate.is_empty() && !asks_for_certificates(config) {
            let problem = format!("{NOBODY_ASKS}; the process's file names who signs them");
            return Err(of_file(&declared.file, problem));
        }
        names.add(&declared.name, &own).map_err(|problem| of_file(&declared.file, problem))?;
        let file = declared.file.display().to_string();
        warnings.extend(said.into_iter().map(|warning| Diagnostic {
            message: format!("{file}: {}", warning.message),
            origin: Origin::Default,
            ..warning
        }));
        let config = of_one_process(own, declared, config);
        tenants.push(Tenant { name: declared.name.clone(), file: declared.file.clone(), config });
    }
    Ok((tenants, warnings))
}

fn tenant(
    file: &Path,
    environment: &Environment,
    secrets: Secrets,
) -> Result<(Config, Vec<Diagnostic>), ConfigError> {
    let text = read_file(file).map_err(|problem| of_file(file, problem))?;
    let source = SourceText { name: file.display().to_string(), text };
    let foreign = |config: &Config, origins: &Origins, found: &mut Vec<Diagnostic>| {
        check::check_tenant(config, origins, found);
        for section in OF_THE_PROCESS.into_iter().filter(|section| origins.has(section)) {
            let message = format!("`{section}` is of the process, and not of a tenant");
            let help = "write it into the file that names this one";
            found.push(Diagnostic::error(origins.of(section), message).help(help));
        }
    };
    let (config, warnings, _) = read(source, Some(file), environment, secrets, foreign)?;
    Ok((config, warnings))
}

/// Why names of certificates stand for nobody.
pub(super) const NOBODY_ASKS: &str = "no client certificate is ever asked for";

/// Whether clients of the gate are asked for certificates at all.
pub(super) fn asks_for_certificates(process: &Config) -> bool {
    process.gate.tls.as_ref().is_some_and(|tls| tls.client_ca.is_some())
}

fn of_file(file: &Path, problem: String) -> ConfigError {
    let name = file.display().to_string();
    let message = if name.is_empty() { problem } else { format!("{name}: {problem}") };
    let diagnostic =
        Diagnostic { severity: Severity::Error, ..Diagnostic::error(Origin::Default, message) };
    ConfigError { diagnostics: vec![diagnostic], source: SourceText::default() }
}

fn of_one_process(own: Config, declared: &sections::Tenant, process: &Config) -> Config {
    Config {
        instance: process.instance.clone(),
        gate: process.gate.clone(),
        console: process.console.clone(),
        data: process.data.clone(),
        archive: process.archive.clone(),
        ledger: process.ledger.clone(),
        telemetry: process.telemetry.clone(),
        metrics: process.metrics.clone(),
        tenant: vec![declared.clone()],
        ..own
    }
}

/// What credentials name, and which tenant each is of: in two tenants it would name nobody.
#[derive(Default)]
struct Names(BTreeMap<String, TenantId>);

impl Names {
    fn add(&mut self, tenant: &TenantId, config: &Config) -> Result<(), String> {
        let keys = config.signing_key.iter().map(|key| format!("signing key \"{}\"", key.id));
        let certificates =
            config.certificate.iter().map(|one| format!("certificate \"{}\"", one.subject));
        let issuers = config.issuer.iter().flat_map(|issuer| {
            let audience =
                |audience| format!("issuer \"{}\" with audience \"{audience}\"", issuer.url);
            issuer.audience.iter().map(audience).collect::<Vec<_>>()
        });
        for name in keys.chain(certificates).chain(issuers).collect::<Vec<_>>() {
            match self.0.insert(name.clone(), tenant.clone()) {
                Some(other) if other != *tenant => {
                    return Err(format!(
                        "the {name} is also of the tenant \"{other}\"; its tokens and signatures would stand for two"
                    ));
                }
                _ => {}
            }
        }
        Ok(())
    }
}

/// What is wrong with a tenant's name, if anything is.
pub(super) fn bad_name(name: &TenantId) -> Option<&'static str> {
    let text = name.as_str();
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    match text {
        "main" => Some("the tenant `main` is the platform's own, and its file is this one"),
        _ if text.len() > MAX_NAME || !text.bytes().all(is_plain) || text.starts_with('-') => {
            Some("a tenant's name is also that of its folder: at most 64 of a-z, 0-9 and '-'")
        }
        _ => None,
    }
}
