//! Whether an archive can be reached as it is configured, and not in clear by accident.

use super::Check;
use crate::config::archive_place::ArchivePlace;

pub(super) fn check(check: &mut Check<'_>) {
    let archive = &check.config.archive;
    match &check.config.data.archive {
        Some(ArchivePlace::Bucket { .. }) => {}
        _ => return,
    }
    let keys = [("access_key", &archive.access_key), ("secret_key", &archive.secret_key)];
    for (key, _) in keys.into_iter().filter(|(_, given)| given.is_none()) {
        let help = format!("add {key} = {{ env = \"NAME\" }} to [archive]");
        check.error("data.archive", format!("a bucket needs `{key}`"), help);
    }
    let clear = archive.endpoint.as_ref().filter(|url| url.0.scheme_str() == Some("http"));
    if clear.is_some_and(|url| !url.is_loopback()) && !archive.plaintext {
        let message = "records would cross the network in clear";
        check.error("archive.endpoint", message, "use https://, or write `plaintext = true`");
    }
    let region = &archive.region;
    if region.is_empty() || !region.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-') {
        let help = "write, for example, \"eu-central-1\"";
        check.error("archive.region", "a region is made of letters, digits and '-'", help);
    }
}
