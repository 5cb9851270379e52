//! What no key of `[people]` and `[console]` can know alone.

use std::time::Duration;

use super::Check;
use crate::config::sections::Sso;
use crate::config::types::BaseUrl;

pub(super) fn check(check: &mut Check<'_>) {
    let config = check.config;
    if let Some(url) = &config.console.public_url {
        public_url(check, url);
    }
    if let Some(sso) = &config.people.sso {
        sign_on(check, sso);
    }
}

fn sign_on(check: &mut Check<'_>, sso: &Sso) {
    if is_in_clear(&sso.issuer) {
        let message = "what an identity provider says must not cross the network in clear";
        check.error("people.sso.issuer", message, "write https://");
    }
    if sso.clock_skew > Duration::from_secs(60) {
        let message = "clocks may differ by a minute at most";
        check.error("people.sso.clock_skew", message, "write, for example, \"5s\"");
    }
    if !sso.scopes.iter().any(|scope| scope == "openid") {
        let message = "without the scope openid there is no ID token";
        check.error("people.sso.scopes", message, "add \"openid\"");
    }
    if sso.create && check.config.people.group.is_empty() {
        let message = "nobody can get an account: no group gives a role";
        check.error("people.sso.create", message, "add a [[people.group]]");
    }
}

fn public_url(check: &mut Check<'_>, url: &BaseUrl) {
    if !matches!(url.0.path(), "" | "/") {
        let message = "the console's address has no path";
        check.error("console.public_url", message, "write scheme and name alone");
    }
    if is_in_clear(url) {
        let message = "people would reach the console in clear";
        check.error("console.public_url", message, "write https://");
    }
}

fn is_in_clear(url: &BaseUrl) -> bool {
    url.0.scheme_str() == Some("http") && !url.is_loopback()
}
