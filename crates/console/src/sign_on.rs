//! What the console asks of an identity provider. The binary answers, by OpenID Connect.

use identity::sign_on::{LoggedOut, SignedOn};
use model::{Secret, TenantId};

use crate::{Failure, Task};

/// How people log in by an identity provider, as the configuration says.
#[derive(Clone, Debug)]
pub struct SignOnTerms {
    /// What the button says.
    pub label: String,
    pub issuer: String,
    pub client: String,
    /// With a blank between them.
    pub scopes: String,
    /// The claim with the groups that somebody is in.
    pub groups_claim: String,
    /// The claim by which the directory knows them, its `externalId`.
    pub directory_claim: Option<String>,
    /// Whether whoever has a role by their groups gets an account.
    pub creates: bool,
    /// The claim that names such an account.
    pub name_claim: String,
    /// Values of `acr` that stand for a second factor.
    pub acr: Vec<String>,
    /// Values of `amr` that do.
    pub amr: Vec<String>,
}

/// Where the provider is, as it says itself.
#[derive(Clone, Debug)]
pub struct SignOnPlaces {
    pub authorization: String,
    /// Whether its answers name it (RFC 9207).
    pub names_itself: bool,
}

/// An answer of a browser's that is to be redeemed.
#[derive(Clone, Debug)]
pub struct Redemption {
    pub code: Secret,
    /// What the challenge was made of (RFC 7636).
    pub verifier: Secret,
    pub nonce: String,
    pub redirect_uri: String,
}

/// The identity providers: each tenant has its own, or none.
pub trait SignOn: Send + Sync + 'static {
    /// None where people log in here alone.
    fn terms(&self, tenant: &TenantId) -> Option<SignOnTerms>;

    fn places(&self, tenant: &TenantId) -> Task<'_, Result<SignOnPlaces, Failure>>;

    /// Exchanges a code for an ID token, and verifies that.
    fn redeem(
        &self,
        tenant: &TenantId,
        redemption: Redemption,
    ) -> Task<'_, Result<SignedOn, Failure>>;

    /// Verifies a logout token.
    fn logged_out(&self, tenant: &TenantId, token: String) -> Task<'_, Result<LoggedOut, Failure>>;
}
