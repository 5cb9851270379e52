//! Permissions of what only the owner should read, and policies that compile.

use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;

use super::Finding;
use crate::config::{Config, Credential, Place};
use crate::policies;

pub(super) fn check(config: &Config) -> Vec<Finding> {
    let mut findings = vec![data_folder(&config.data.dir), policies(config)];
    let keys = config.provider.iter().filter_map(|provider| provider.api_key.as_ref());
    let keys = keys.chain(config.agent.iter().filter_map(|agent| agent.key.as_ref()));
    findings.extend(keys.filter_map(secret_file));
    let tls = [&config.gate.tls, &config.console.tls].into_iter().flatten();
    for tls in tls {
        findings.push(private("TLS key", &tls.key));
        findings.push(readable("TLS certificate", &tls.certificate));
    }
    findings
}

fn secret_file(credential: &Credential) -> Option<Finding> {
    match &credential.place {
        Place::File(path) => Some(private("key file", path)),
        Place::Environment(_) => None,
    }
}

/// Whether a file is readable by its owner alone.
fn private(check: &str, path: &Path) -> Finding {
    let name = path.display();
    let Ok(metadata) = std::fs::metadata(path) else {
        return Finding::failed(
            check,
            format!("{name} cannot be read"),
            "write it, or name another",
        );
    };
    let mode = metadata.permissions().mode() & 0o777;
    if mode & 0o077 == 0 {
        return Finding::ok(check, format!("{name} is its owner's alone"));
    }
    let detail = format!("{name} can be read by others (mode {mode:o})");
    Finding::failed(check, detail, format!("chmod 600 {name}"))
}

fn readable(check: &str, path: &Path) -> Finding {
    match std::fs::File::open(path) {
        Ok(_) => Finding::ok(check, format!("{} can be read", path.display())),
        Err(error) => {
            let detail = format!("{} cannot be read: {}", path.display(), error.kind());
            Finding::failed(check, detail, "write it, or name another")
        }
    }
}

fn data_folder(dir: &Path) -> Finding {
    const CHECK: &str = "data folder";
    let name = dir.display();
    let Ok(metadata) = std::fs::metadata(dir) else {
        return Finding::ok(CHECK, format!("{name} is not there yet; the first start makes it"));
    };
    if !metadata.is_dir() {
        let remedy = "name another folder as [data] dir";
        return Finding::failed(CHECK, format!("{name} is no folder"), remedy);
    }
    let mode = metadata.mode() & 0o777;
    if mode & 0o077 != 0 {
        let detail = format!("{name} is open to others (mode {mode:o})");
        return Finding::failed(CHECK, detail, format!("chmod 700 {name}"));
    }
    Finding::ok(CHECK, format!("{name} is its owner's alone"))
}

fn policies(config: &Config) -> Finding {
    const CHECK: &str = "policies";
    let remedy = "portcullis policy check shows each place";
    let sources = policies::sources(config.policy.dir.as_deref());
    let compiled = sources.and_then(|sources| Ok((sources, policies::grants(config)?)));
    let (sources, grants) = match compiled {
        Ok(compiled) => compiled,
        Err(error) => return Finding::failed(CHECK, format!("{error:#}"), remedy),
    };
    match policy::Bundle::compile(&sources, &grants) {
        Ok(bundle) => Finding::ok(CHECK, format!("{} policies compile", bundle.policies().len())),
        Err(problems) => {
            let first = problems.first().map(ToString::to_string).unwrap_or_default();
            Finding::failed(CHECK, format!("{first} ({} in all)", problems.len()), remedy)
        }
    }
}
