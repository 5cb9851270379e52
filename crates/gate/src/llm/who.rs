//! Who calls a model API: from the request to the caller, and what inspection sees of texts that
//! a record shows.

use http::HeaderMap;
use inspect::{Direction, Engine};
use model::Kind;

use super::serve::Call;
use crate::identify::{self, Asked, Caller, note};
use crate::net::peer::Peer;
use crate::refusal::Refusal;

impl Call {
    pub(crate) async fn identify(&mut self, asked: Asked<'_>) -> Result<Caller, Refusal> {
        let mut shown = String::new();
        let (gate, snapshot) = (self.action.gate.clone(), self.snapshot.clone());
        let found = identify::caller(&gate, &snapshot, asked, &mut shown).await;
        let record = self.action.record();
        record.client.credential = shown;
        let caller = found.map_err(|why| {
            record.kind = Kind::AUTH_ATTEMPT;
            Refusal::Unidentified(why)
        })?;
        note::caller(record, &caller, asked.headers);
        let has_room = self.action.belongs_to(&caller.tenant);
        self.engine.clone_from(&caller.tenant.engine);
        let vault = caller.tenant.vault.as_ref();
        self.vault = vault.map(|vault| vault.bind(&caller.agent.name, caller.shown.as_ref()));
        self.keeping.clone_from(&caller.tenant.keeping);
        match caller.contained {
            None if !has_room => Err(Refusal::Busy),
            None => Ok(caller),
            Some(contained) => Err(Refusal::Contained(contained)),
        }
    }

    pub(crate) fn note_client(&mut self, peer: &Peer, headers: &HeaderMap) {
        self.action.record().client = note::client(&self.snapshot, peer, headers);
    }
}

/// A text of the client's as a record may hold it: gone as a whole where anything in it is found
/// that is kept back (invariant 7).
pub(crate) fn without_findings(engine: Option<&Engine>, text: &str) -> String {
    let Some(engine) = engine else { return text.to_owned() };
    let mut found = Vec::new();
    engine.scan_views(Direction::Request, text.as_bytes(), &mut found);
    let mut detectors = found.iter().map(|one| engine.detector(one.detector));
    let kept_back = detectors.find(|detector| !detector.action(Direction::Request).passes());
    kept_back.map_or_else(|| text.to_owned(), inspect::mask)
}
