//! What is kept of a call's request: as it leaves, or as it came.

use bytes::Bytes;
use http::HeaderMap;
use http::header::CONTENT_ENCODING;

use super::request::Inspected;
use super::serve::Call;
use crate::keeping::Keep;
use crate::refusal::Refusal;
use crate::snapshot::Provider;

/// A request as the agent sent it.
pub(crate) struct Sent {
    body: Bytes,
    coding: String,
}

impl Sent {
    pub(crate) fn of(headers: &HeaderMap, body: &Bytes) -> Option<Self> {
        let coding = headers.get(CONTENT_ENCODING).and_then(|value| value.to_str().ok());
        Some(Self { body: body.clone(), coding: coding.unwrap_or_default().to_owned() })
    }
}

impl Call {
    /// Begins to keep what is to be kept of this call, before anything of it leaves.
    pub(super) async fn keep(
        &mut self,
        provider: &Provider,
        inspected: &Inspected,
    ) -> Result<(), Refusal> {
        let coding = match (&self.sent, inspected.is_decoded) {
            (Some(sent), false) => sent.coding.clone(),
            _ => String::new(),
        };
        self.keep_leaving(Some(provider.name.as_str()), &inspected.body, &coding).await
    }

    /// The same for a body that leaves for a provider, or for an MCP server, which has no rule of its
    /// own.
    pub(crate) async fn keep_leaving(
        &mut self,
        provider: Option<&str>,
        leaving: &Bytes,
        coding: &str,
    ) -> Result<(), Refusal> {
        let (Some(keeping), Some(sent)) = (self.keeping.clone(), self.sent.take()) else {
            return Ok(());
        };
        let keep = self.action.how_kept(&keeping, provider);
        let may_fail = keeping.may_fail;
        let kept = match keep {
            Keep::Off => return Ok(()),
            Keep::Redacted => self.action.keep(keeping, keep, leaving, coding).await,
            Keep::Full => self.action.keep(keeping, keep, &sent.body, &sent.coding).await,
        };
        match kept {
            Err(error) if !may_fail => {
                tracing::error!(%error, "a request could not be kept");
                Err(Refusal::PayloadsDown)
            }
            _ => Ok(()),
        }
    }

    /// Of a request that is refused nothing left: only who keeps all of them keeps this one.
    pub(crate) async fn keep_refused(&mut self) {
        let (Some(keeping), Some(sent)) = (self.keeping.clone(), self.sent.take()) else { return };
        let resource = self.action.record().resource.as_ref();
        let is_provider = |kind: &str| matches!(kind, "model" | "provider");
        let resource = resource.filter(|resource| is_provider(&resource.kind));
        let provider = resource.and_then(|resource| resource.name.split('/').next());
        let provider = provider.map(str::to_owned);
        if self.action.how_kept(&keeping, provider.as_deref()) == Keep::Full
            && let Err(error) =
                self.action.keep(keeping, Keep::Full, &sent.body, &sent.coding).await
        {
            // It is refused anyway, and the record says that it was not kept.
            tracing::error!(%error, "a refused request could not be kept");
        }
    }
}
