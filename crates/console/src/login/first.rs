//! The first administrator: whoever opens the link that the first start prints.

use model::{Digest, Secret, TenantId, Timestamp};
use store::{Result, Store};

use super::session::invitation_ends;

/// Invites whoever comes first, where nobody is there yet who could log in. Gives the one-time
/// code, of which only a hash is kept; one that an earlier start printed ends.
pub async fn first_invitation(
    store: &Store,
    tenant: &TenantId,
    random: [u8; 32],
    now: Timestamp,
) -> Result<Option<Secret>> {
    if store.has_users(tenant).await? {
        return Ok(None);
    }
    let code = people::token::token(random);
    let hash = Digest::of(code.expose().as_bytes());
    store.invite(tenant, None, hash, invitation_ends(now), now).await?;
    Ok(Some(code))
}
