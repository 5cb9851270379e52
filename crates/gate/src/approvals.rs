//! Approvals: what a policy holds is put before people, and goes through once when they agree.
//!
//! An approval binds to the exact call: its agent, person and session, what it is done to, every
//! byte of its arguments, and the policies in force. A call that differs in any of them is another
//! call. The state is the store's; here is what binds, and what the waiting agent is told.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use model::{AgentName, Claim, Digest, Effect, HeldCall, Timestamp, Vote, clip};
use policy::Verdict;
use tokio::sync::watch;

use crate::action::Action;
use crate::refusal::{Refusal, Waiting};
use crate::snapshot::Tenant;

/// Bytes of a call's arguments that a person is shown.
pub const MAX_SHOWN: usize = 8 * 1024;

/// Asks for leave: the call, now, and until when it may wait.
pub type Claimer = Arc<
    dyn Fn(
            HeldCall,
            Timestamp,
            Timestamp,
        ) -> Pin<Box<dyn Future<Output = Result<Claim, String>> + Send>>
        + Send
        + Sync,
>;

/// How one tenant's held calls come before people.
#[derive(Clone)]
pub struct Approvals {
    pub claimer: Claimer,
    /// How long a call waits before it is forgotten.
    pub wait: Duration,
    /// Changes with each word that people say of a held call.
    pub votes: watch::Receiver<u64>,
}

/// What somebody else may have written is looked for this often.
const RECHECK: Duration = Duration::from_secs(5);

/// Ends when people have said something, or might have.
pub(crate) async fn until_voted(votes: &mut watch::Receiver<u64>) {
    let voted = async {
        if votes.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    // Both ends are the same: somebody looks.
    let _ = tokio::time::timeout(RECHECK, voted).await;
}

/// What is held: the bytes that bind the approval, and what a person is shown of them.
pub(crate) struct Held<'a> {
    pub(crate) agent: &'a AgentName,
    pub(crate) verdict: &'a Verdict,
    pub(crate) arguments: &'a [u8],
    pub(crate) shown: &'a str,
}

/// Uses up the approval of this call, or refuses it and says how it stands.
pub(crate) async fn claim(
    action: &mut Action,
    tenant: &Tenant,
    held: Held<'_>,
) -> Result<(), Refusal> {
    let Some(approvals) = &tenant.approvals else { return Err(Refusal::ApprovalsDown) };
    let reason = held.verdict.reason.clone();
    let call = held_call(action, tenant, &held);
    let now = action.gate.now();
    let claim = (approvals.claimer)(call, now, now.plus(approvals.wait)).await;
    match claim {
        Ok(Claim::Granted { record, votes }) => {
            grant(action, record.to_string(), &votes);
            Ok(())
        }
        Ok(Claim::Waiting { record, ends }) => {
            action.note("approval", record.to_string());
            Err(Refusal::Held(Box::new(Waiting { reason, record, ends })))
        }
        Ok(Claim::Denied { record, reason }) => {
            action.note("approval", record.to_string());
            Err(Refusal::Disapproved(reason))
        }
        Ok(Claim::Crowded) => Err(Refusal::TooManyHeld),
        Err(error) => {
            tracing::error!(%error, "approvals could not be looked up");
            Err(Refusal::ApprovalsDown)
        }
    }
}

fn grant(action: &mut Action, record: String, votes: &[Vote]) {
    let who: Vec<&str> = votes.iter().map(|vote| vote.who.as_str()).collect();
    let who = who.join(", ");
    if action.record().decision.effect == Effect::Hold {
        action.decide(Effect::Permit, format!("approved by {who}"));
    }
    action.note("approval", record);
    action.note("approved_by", who);
}

fn held_call(action: &mut Action, tenant: &Tenant, held: &Held<'_>) -> HeldCall {
    let arguments = Digest::of(held.arguments);
    let four_eyes = held.verdict.obligations.iter().any(|one| one == "four_eyes");
    let record = action.record();
    let resource = record.resource.as_ref().map_or_else(String::new, |one| one.name.clone());
    let mut call = HeldCall {
        record: record.id,
        call: arguments,
        agent: held.agent.clone(),
        on_behalf_of: record.on_behalf_of.clone(),
        chain: record.chain.clone(),
        session: record.session.clone(),
        kind: record.kind.as_str().to_owned().into(),
        resource,
        arguments: clip(held.shown, MAX_SHOWN).to_owned(),
        reason: held.verdict.reason.clone(),
        policies: held.verdict.policies.clone(),
        labels: record.labels.clone(),
        needed: if four_eyes { 2 } else { 1 },
    };
    call.call = binding(&call, tenant, &arguments);
    call
}

/// The hash that an approval binds to. Each part goes in with its length, so that no two calls
/// can spell the same bytes.
fn binding(call: &HeldCall, tenant: &Tenant, arguments: &Digest) -> Digest {
    let chain = call.chain.iter().map(|agent| agent.as_str());
    let mut parts: Vec<&[u8]> = vec![
        tenant.id.as_str().as_bytes(),
        call.agent.as_str().as_bytes(),
        call.on_behalf_of.as_ref().map_or("", |person| person.as_str()).as_bytes(),
        call.session.as_ref().map_or("", |session| session.as_str()).as_bytes(),
        call.kind.as_bytes(),
        call.resource.as_bytes(),
        &arguments.0,
        &tenant.bundle.version().0,
    ];
    parts.extend(chain.map(str::as_bytes));
    let lengths: Vec<[u8; 8]> =
        parts.iter().map(|part| (part.len() as u64).to_le_bytes()).collect();
    let spelled: Vec<&[u8]> =
        lengths.iter().zip(parts).flat_map(|(length, part)| [&length[..], part]).collect();
    Digest::of_parts(&spelled)
}
