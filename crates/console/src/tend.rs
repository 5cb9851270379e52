//! What time does by itself: roles given for some minutes end, and so do requests that nobody decided
//! on; access reviews begin and close. The instance calls it again and again; each step is recorded
//! like anybody's.

use model::TenantId;

use crate::routes::{access, reviews};
use crate::{App, Failure, Principal, Problem};

/// Does for a tenant what the clock asks for.
///
/// # Errors
/// What could not be stored or recorded; the next call tries again.
pub async fn tend(app: &App, tenant: &TenantId) -> Result<(), Failure> {
    let clock = Principal::clock(tenant);
    let failed = |problem: Problem| Failure(problem.detail().to_owned());
    access::settle(app, &clock).await.map_err(failed)?;
    reviews::keep_up(app, &clock).await.map_err(failed)
}
