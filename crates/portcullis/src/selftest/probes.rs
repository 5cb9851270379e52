//! One probe for each control. Each makes what the control must stop, and sees whether it did.

use std::pin::Pin;
use std::time::Instant;

use gate::Gate;
use ledger::Health;
use model::{AgentKey, Effect};
use policy::{Action, Context, Question, Resource};
use serde_json::{Value, json};

use super::peer::{ENDLESS, PLAIN, SAID, UNGRANTED};
use super::proof::{Logged, logged};
use super::report::{Outcome, Report};
use super::tenant::{LIMIT, LIMITED, NAME, agent_of};
use super::{Canaries, Controls};
use crate::simulated::agent::{Client, PATIENCE, Reply};

/// Puts in force what the canaries are now.
pub(crate) type Publish<'a> =
    dyn Fn() -> Pin<Box<dyn Future<Output = anyhow::Result<()>> + Send + 'a>> + Send + Sync + 'a;

/// A run under way.
pub(super) struct Run<'a> {
    pub(super) canaries: &'a Canaries,
    pub(super) gate: &'a Gate,
    pub(super) controls: &'a Controls,
    /// Where the log stood at its beginning.
    from: u64,
}

const REFUSED: &str = "let the agent `self-test` (zone and role of the same name) use the provider \
     `self-test`, or see why the gate does not answer";

impl Canaries {
    /// Sends every canary. `publish` puts the tenant as it is now in force; `instance` is the log of
    /// the instance itself.
    pub(crate) async fn run(
        &self,
        gate: &Gate,
        controls: &Controls,
        instance: &ledger::Log,
        publish: &Publish<'_>,
    ) -> Report {
        let begun = Instant::now();
        let mut outcomes = Vec::new();
        match self.begin(publish).await {
            Ok(()) => {
                let run = Run { canaries: self, gate, controls, from: self.log().size() };
                let (passage, plain) = run.passage().await;
                outcomes.push(passage);
                outcomes.push(run.log(instance, plain.as_ref()).await);
                outcomes.push(run.policy().await);
                outcomes.extend(run.inspection().await);
                outcomes.extend(run.tools().await);
                outcomes.push(run.limit().await);
                outcomes.push(run.kill_switch(publish).await);
            }
            Err(error) => outcomes.push(Outcome::broken("gate", format!("{error:#}"), REFUSED)),
        }
        Report::new(gate.now(), begun.elapsed(), outcomes)
    }

    async fn begin(&self, publish: &Publish<'_>) -> anyhow::Result<()> {
        self.prepare()?;
        self.stop_agent(false);
        publish().await
    }
}

impl Run<'_> {
    pub(super) fn client(&self) -> Client<'_> {
        self.client_of(&self.canaries.key)
    }

    fn client_of<'k>(&'k self, key: &'k AgentKey) -> Client<'k> {
        let door = self.canaries.door.addresses().first().copied();
        let door = door.unwrap_or_else(|| ([127, 0, 0, 1], 0).into());
        Client { gate: door, key: key.secret(), headers: Vec::new() }
    }

    /// A chat with one of the peer's models.
    pub(super) async fn chat(&self, model: &str, messages: Value) -> anyhow::Result<Reply> {
        let body = json!({"model": model, "max_tokens": 64, "messages": messages});
        self.client().post(&chat_path(NAME), &body).await
    }

    pub(super) async fn say(&self, model: &str, text: &str) -> anyhow::Result<Reply> {
        self.chat(model, json!([{"role": "user", "content": text}])).await
    }

    pub(super) async fn record(&self, reply: &Reply) -> anyhow::Result<Logged> {
        logged(&self.canaries.log(), self.from, &reply.record).await
    }

    /// That an ordinary call passes, there and back.
    async fn passage(&self) -> (Outcome, Option<Reply>) {
        self.canaries.peer.take_seen();
        let reply = match self.say(PLAIN, "Does the canary sing?").await {
            Ok(reply) => reply,
            Err(error) => return (Outcome::broken("gate", format!("{error:#}"), REFUSED), None),
        };
        let answered = reply.body.pointer("/choices/0/message/content") == Some(&json!(SAID));
        let outcome = match answered && self.canaries.peer.take_seen().is_some() {
            true => Outcome::working("gate", "a call passed, and its answer came back as it was"),
            false => Outcome::broken("gate", refusal(&reply), REFUSED),
        };
        (outcome, Some(reply))
    }

    /// That the call has a record, that it is in the signed tree, and that the instance's log takes
    /// records.
    async fn log(&self, instance: &ledger::Log, plain: Option<&Reply>) -> Outcome {
        const REMEDY: &str =
            "look at the disk of the data folder; `portcullis ledger verify` checks what is there";
        if let Health::Stopped(error) = instance.health() {
            return Outcome::broken("log", format!("the log has stopped: {error}"), REMEDY);
        }
        let Some(plain) = plain else {
            return Outcome::broken("log", "no call came through that it could show", REFUSED);
        };
        let proven = async {
            let logged = self.record(plain).await?;
            self.canaries.prove(logged.position).await
        };
        match proven.await {
            Ok(()) => Outcome::working(
                "log",
                "a call's record was durable, and proven under a checkpoint",
            ),
            Err(error) => Outcome::broken("log", format!("{error:#}"), REMEDY),
        }
    }

    /// That what nobody is granted is refused, and reaches nobody.
    async fn policy(&self) -> Outcome {
        const REMEDY: &str =
            "the policies say one thing and the gate does another: report this as a defect";
        if self.would_permit() {
            return Outcome::off(
                "policy",
                "the policies in force permit even a model that nobody was granted",
                "permit what is granted: `when { resource in principal.grants }`",
            );
        }
        self.canaries.peer.take_seen();
        match self.say(UNGRANTED, "Does the canary sing?").await {
            Ok(reply) if reply.status == 403 && self.canaries.peer.take_seen().is_none() => {
                Outcome::working("policy", "a model that was not granted was refused")
            }
            Ok(reply) => Outcome::broken("policy", refusal(&reply), REMEDY),
            Err(error) => Outcome::broken("policy", format!("{error:#}"), REMEDY),
        }
    }

    /// What the policies themselves say of it.
    fn would_permit(&self) -> bool {
        let Ok((agent, provider)) = agent_of() else { return false };
        let context = Context {
            time: self.gate.now(),
            endpoint: "chat_completions",
            stream: false,
            max_output_tokens: Some(64),
            findings: &[],
            labels: &[],
            origins: &[],
            delegation: policy::Delegation::default(),
        };
        let resource = Resource::Model { provider: &provider, name: UNGRANTED };
        let action = Action::CallModel;
        let asked = Question { agent: &agent, on_behalf_of: None, action, resource, context };
        self.controls.bundle.evaluate(&asked).effect != Effect::Deny
    }

    /// That a call which would cross a limit is refused.
    async fn limit(&self) -> Outcome {
        const REMEDY: &str =
            "calls are not counted, or counts are not enforced: report this as a defect";
        self.canaries.peer.take_seen();
        let messages = json!([{"role": "user", "content": "Does the canary sing?"}]);
        let body = json!({"model": PLAIN, "max_tokens": 64, "messages": messages});
        match self.client().post(&chat_path(LIMITED), &body).await {
            Ok(reply) if reply.status == 429 && self.canaries.peer.take_seen().is_none() => {
                Outcome::working("limits", format!("a call over the limit {LIMIT} was refused"))
            }
            Ok(reply) if reply.status == 403 => Outcome::broken("limits", refusal(&reply), REFUSED),
            Ok(reply) => Outcome::broken("limits", refusal(&reply), REMEDY),
            Err(error) => Outcome::broken("limits", format!("{error:#}"), REMEDY),
        }
    }

    /// That stopping an agent cuts its open stream, and refuses what it asks after that.
    async fn kill_switch(&self, publish: &Publish<'_>) -> Outcome {
        const REMEDY: &str =
            "stop agents at your model APIs by their keys, and report this as a defect";
        let outcome = match self.stop_midway(publish).await {
            Ok(took) => Outcome::working(
                "kill_switch",
                format!(
                    "an open stream was cut {took:.0} ms after the stop, and a new call refused"
                ),
            ),
            Err(error) => Outcome::broken("kill_switch", format!("{error:#}"), REMEDY),
        };
        self.canaries.stop_agent(false);
        outcome
    }

    async fn stop_midway(&self, publish: &Publish<'_>) -> anyhow::Result<f64> {
        let client = self.client_of(&self.canaries.stopped_key);
        let messages = json!([{"role": "user", "content": "Does the canary sing on and on?"}]);
        let body =
            json!({"model": ENDLESS, "stream": true, "max_tokens": 64, "messages": messages});
        let stream = client.open(&chat_path(NAME), &body).await?;
        anyhow::ensure!(stream.status() == 200, "the stream was answered {}", stream.status());
        self.canaries.stop_agent(true);
        publish().await?;
        let stopped = Instant::now();
        let rest = http_body_util::BodyExt::collect(stream.into_body());
        // A stream that is cut ends in an error, or in an event that says so.
        let cut = tokio::time::timeout(PATIENCE, rest).await;
        anyhow::ensure!(cut.is_ok(), "the stream went on after the agent was stopped");
        let took = stopped.elapsed();
        let again = client.post(&chat_path(NAME), &body).await?;
        anyhow::ensure!(again.status == 403, "a stopped agent was answered {}", again.status);
        Ok(took.as_secs_f64() * 1e3)
    }
}

fn chat_path(provider: &str) -> String {
    format!("/llm/{provider}/v1/chat/completions")
}

/// What was answered in place of what had to be.
pub(super) fn refusal(reply: &Reply) -> String {
    format!("the gate answered {} ({}): {}", reply.status, reply.decision, reply.error())
}
