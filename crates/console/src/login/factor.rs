//! The second factor: a code of an app, or a recovery code.

use model::{TenantId, UserName};
use people::recovery;
use people::totp::{DIGITS, Totp};
use store::{FactorKind, NewFactor, StoredFactor};

use super::{Outcome, random, row_id};
use crate::{App, Problem};

/// Of which kind a typed code is. Digits of the length of an app's code are one.
pub(crate) fn kind_of(code: &str) -> &'static str {
    let plain = code.chars().filter(|c| !c.is_whitespace());
    match plain.clone().count() == DIGITS && plain.into_iter().all(|c| c.is_ascii_digit()) {
        true => "totp",
        false => "recovery_code",
    }
}

/// Looks at a typed code; what was right is used up.
pub(crate) async fn check(
    app: &App,
    tenant: &TenantId,
    user: &UserName,
    code: &str,
) -> Result<Outcome, Problem> {
    let is_right = match kind_of(code) {
        "totp" => is_app_code(app, tenant, user, code).await?,
        _ => match recovery::hash(code) {
            Some(hash) => app.store.use_recovery_code(tenant, user, hash).await?,
            None => false,
        },
    };
    Ok(if is_right { Outcome::Right } else { Outcome::Wrong })
}

async fn is_app_code(
    app: &App,
    tenant: &TenantId,
    user: &UserName,
    code: &str,
) -> Result<bool, Problem> {
    let now = (app.clock)();
    for factor in app.store.factors(tenant, user).await? {
        let Some(totp) = opened(app, tenant, &factor)? else { continue };
        if let Some(step) = totp.verify(code, now, factor.counter)
            && app.store.advance_factor(&factor.id, step, now).await?
        {
            return Ok(true);
        }
    }
    Ok(false)
}

fn opened(app: &App, tenant: &TenantId, factor: &StoredFactor) -> Result<Option<Totp>, Problem> {
    let Some(sealed) = factor.secret.as_ref().filter(|_| factor.kind == FactorKind::Totp) else {
        return Ok(None);
    };
    let opened = app.login.sealer.open(&place(tenant, &factor.id), sealed);
    let text = opened.ok().and_then(|bytes| String::from_utf8(bytes).ok());
    let totp = text.and_then(|text| Totp::parse(&text));
    totp.map(Some).ok_or_else(|| crate::Failure(UNREADABLE.to_owned()).into())
}

const UNREADABLE: &str = "the secret of an authenticator app cannot be opened with this root key";

fn place(tenant: &TenantId, id: &str) -> String {
    format!("totp/{tenant}/{id}")
}

/// A factor to store for an app that has shown a code of step `step`.
pub(crate) fn app_factor(
    app: &App,
    tenant: &TenantId,
    totp: &Totp,
    label: String,
    step: i64,
) -> Result<NewFactor, Problem> {
    let id = row_id(app)?;
    let secret = totp.secret().expose().as_bytes();
    let sealed = app.login.sealer.seal(&place(tenant, &id), secret, random(app)?);
    let sealed = sealed.map_err(|error| crate::Failure(error.to_string()))?;
    Ok(NewFactor {
        id,
        kind: FactorKind::Totp,
        label,
        secret: Some(sealed),
        credential: None,
        data: None,
        counter: Some(step),
    })
}

/// Makes new recovery codes in place of all before; shows them this once.
pub(crate) async fn renew_codes(
    app: &App,
    tenant: &TenantId,
    user: &UserName,
) -> Result<Vec<model::Secret>, Problem> {
    let mut codes = Vec::with_capacity(recovery::CODES);
    for _ in 0..recovery::CODES {
        codes.push(recovery::code(random(app)?));
    }
    let hashes = codes.iter().filter_map(|code| recovery::hash(code.expose())).collect();
    app.store.set_recovery_codes(tenant, user, hashes).await?;
    Ok(codes)
}
