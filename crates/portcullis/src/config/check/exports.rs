//! What an export needs by its kind, and what has no meaning there.

use super::Check;
use crate::config::sections::{Export, ExportKind};

pub(super) fn check(check: &mut Check<'_>) {
    let config = check.config;
    let mut known = Vec::new();
    for (place, export) in config.export.iter().enumerate() {
        let path = format!("export[{place}]");
        if known.contains(&&export.name) {
            let message = format!("there are two of `[[export]]` named \"{}\"", export.name.0);
            check.error(&format!("{path}.name"), message, "rename one of them");
        }
        known.push(&export.name);
        places(check, &path, export);
        secrets(check, &path, export);
        if let Err(error) = export.filter() {
            let help = "it is written as for `portcullis ledger search`, without since and until";
            check.error(&format!("{path}.query"), error.to_string(), help);
        }
    }
}

/// Where it sends to: one place, of the right sort, and not in clear by accident.
fn places(check: &mut Check<'_>, path: &str, export: &Export) {
    let given = [
        ("url", export.url.is_some()),
        ("address", export.address.is_some()),
        ("path", export.path.is_some()),
    ];
    let wanted: &[&str] = match export.kind {
        ExportKind::Ocsf => &["url", "path"],
        ExportKind::Otlp | ExportKind::Webhook => &["url"],
        ExportKind::Syslog => &["address"],
        ExportKind::File => &["path"],
    };
    let kind = export.kind.as_str();
    for (key, _) in given.iter().filter(|(key, is_given)| *is_given && !wanted.contains(key)) {
        let message = format!("`{key}` has no meaning with kind = \"{kind}\"");
        check.warning(
            &format!("{path}.{key}"),
            message,
            format!("it takes `{}`", wanted.join("` or `")),
        );
    }
    let count = given.iter().filter(|(key, is_given)| *is_given && wanted.contains(key)).count();
    if count != 1 {
        let message =
            format!("an export of kind \"{kind}\" takes one of `{}`", wanted.join("`, `"));
        check.error(path, message, "add it, and leave the others out");
    }
    let clear_url = export.url.as_ref().filter(|url| url.0.scheme_str() == Some("http"));
    if clear_url.is_some_and(|url| !url.is_loopback()) && !export.plaintext {
        let message = "records would cross the network in clear";
        check.error(&format!("{path}.url"), message, "use https://, or write `plaintext = true`");
    }
    let clear_syslog = export.address.as_ref().is_some_and(|address| !address.is_loopback());
    if clear_syslog && export.plaintext {
        let message = "records cross the network in clear";
        check.warning(
            &format!("{path}.plaintext"),
            message,
            "leave it out if the server speaks TLS",
        );
    }
}

fn secrets(check: &mut Check<'_>, path: &str, export: &Export) {
    match (export.kind, &export.secret) {
        (ExportKind::Webhook, None) => {
            let help = "add secret = { env = \"NAME\" }, so that the receiver can tell who sends";
            check.error(path, "a webhook is signed, and there is no `secret`", help);
        }
        (ExportKind::Webhook, Some(_)) | (_, None) => {}
        (_, Some(_)) => {
            let message = "`secret` has a meaning for webhooks alone";
            check.warning(&format!("{path}.secret"), message, "take it out");
        }
    }
    let clear = export.url.as_ref().filter(|url| url.0.scheme_str() == Some("http"));
    if export.token.is_some() && clear.is_some_and(|url| !url.is_loopback()) {
        let message = "the token would cross the network in clear";
        check.error(&format!("{path}.token"), message, "use https://");
    }
    if export.token.is_some() && export.url.is_none() {
        let message = "`token` has a meaning for sinks behind HTTP alone";
        check.warning(&format!("{path}.token"), message, "take it out");
    }
}
