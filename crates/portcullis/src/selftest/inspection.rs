//! Probes of what is found in texts: each family of detectors, each judge, both directions.

use inspect::{Action, Direction, Engine};
use serde_json::{Value, json};

use super::peer::{CODING, LEAKY, PLAIN};
use super::probes::{Run, refusal};
use super::report::Outcome;
use crate::simulated::agent::Reply;

const OFF: &str = "switch it on in [inspect]";
const DEFECT: &str = "`portcullis inspect` shows what the detectors find in a text; if they find it there, report this as a defect";

/// What must be found.
pub(super) struct Canary<'a> {
    control: &'static str,
    /// The family of the finding, with its point.
    family: &'static str,
    /// The value that must not come through where the action is to take it out; nothing where whole
    /// passages are judged.
    value: Option<&'a str>,
    direction: Direction,
    /// What looks at it.
    engine: Option<&'a Engine>,
    /// Whether configuration has it on.
    is_on: bool,
}

impl Run<'_> {
    pub(super) async fn inspection(&self) -> Vec<Outcome> {
        let values = &self.canaries.values;
        let engine = self.controls.engine.as_deref();
        let is_on = engine.is_some();
        let judges = self.controls.judges;
        let request = |control, family, value| Canary {
            control,
            family,
            value: Some(value),
            direction: Direction::Request,
            engine,
            is_on,
        };
        let judge = |control, family, direction, judge: bool| Canary {
            control,
            family,
            value: None,
            direction,
            engine,
            is_on: is_on && judge,
        };
        let page = json!([
            {"role": "user", "content": "When is the library open?"},
            {"role": "assistant", "content": null, "tool_calls": [{
                "id": "call_1", "type": "function",
                "function": {"name": "read_page", "arguments": "{}"},
            }]},
            {"role": "tool", "tool_call_id": "call_1", "content": values.injected},
        ]);
        let answer = Canary {
            direction: Direction::Answer,
            ..request("answers", "secret.", values.token.as_str())
        };
        vec![
            self.found(
                &request("secrets", "secret.", &values.token),
                self.say(PLAIN, &format!("The token is {}.", values.token)).await,
            )
            .await,
            self.found(
                &request("personal_data", "pii.", &values.card),
                self.say(PLAIN, &format!("My card is {}.", values.card)).await,
            )
            .await,
            self.found(
                &request("smuggling", "smuggling.", &values.unseen),
                self.say(PLAIN, &format!("Nothing to see{} here.", values.unseen)).await,
            )
            .await,
            self.found(&answer, self.say(LEAKY, "What is the token?").await).await,
            self.found(
                &judge("injection", "injection.", Direction::Request, judges.injection),
                self.chat(PLAIN, page).await,
            )
            .await,
            self.found(
                &judge("harm", "harm.", Direction::Request, judges.harm),
                self.say(PLAIN, values.harmful).await,
            )
            .await,
            self.found(
                &judge("code", "code.", Direction::Answer, judges.code),
                self.say(CODING, "Clean up my disk.").await,
            )
            .await,
        ]
    }

    /// A credential in what a tool returns.
    pub(super) fn leak(&self) -> Canary<'_> {
        Canary {
            control: "tool_answers",
            family: "secret.",
            value: Some(&self.canaries.values.token),
            direction: Direction::Answer,
            engine: self.controls.tool_engine.as_deref(),
            is_on: self.controls.tool_engine.is_some(),
        }
    }

    pub(super) async fn found(&self, canary: &Canary<'_>, reply: anyhow::Result<Reply>) -> Outcome {
        let control = canary.control;
        // Taken before anything else: the next canary must not find it.
        let seen = self.canaries.peer.take_seen();
        if !canary.is_on {
            return Outcome::off(control, "configuration has switched it off", OFF);
        }
        let looked = async {
            let reply = reply?;
            let record = self.record(&reply).await?.record;
            anyhow::Ok((reply, record))
        };
        match looked.await {
            Ok((reply, record)) => self.judged(canary, &reply, &record, seen.as_deref()),
            Err(error) => Outcome::broken(control, format!("{error:#}"), DEFECT),
        }
    }

    /// That the record says what was found, and that what was found went where it may.
    fn judged(
        &self,
        canary: &Canary<'_>,
        reply: &Reply,
        record: &Value,
        seen: Option<&str>,
    ) -> Outcome {
        let control = canary.control;
        let Some(kind) = kind_of(record, canary.family) else {
            let detail = format!("nothing was found in the canary; {}", refusal(reply));
            return Outcome::broken(control, detail, DEFECT);
        };
        let action = action(canary.engine, kind, canary.direction);
        let came_through = canary.value.is_some_and(|value| {
            let text = match canary.direction {
                Direction::Request => seen.map(str::to_owned),
                Direction::Answer => Some(reply.body.to_string()),
            };
            text.is_some_and(|text| decoded(&text).contains(value))
        });
        let is_blocked = reply.decision == "deny";
        match action {
            Some(Action::Block) if !is_blocked => {
                Outcome::broken(control, format!("{kind} is to be blocked and was not"), DEFECT)
            }
            Some(action) if action.replaces() && came_through => {
                Outcome::broken(control, format!("{kind} is to be taken out and was not"), DEFECT)
            }
            Some(action) => {
                Outcome::working(control, format!("{kind} was found ({})", action.word()))
            }
            None => Outcome::broken(control, format!("{kind} has no detector"), DEFECT),
        }
    }
}

fn action(engine: Option<&Engine>, kind: &str, direction: Direction) -> Option<Action> {
    let mut detectors = engine?.detectors().map(|(_, detector)| detector);
    detectors.find(|one| one.kind() == kind).map(|one| one.action(direction))
}

/// The kind of the first finding of a family.
fn kind_of<'r>(record: &'r Value, family: &str) -> Option<&'r str> {
    let findings = record["findings"].as_array()?;
    let mut kinds = findings.iter().filter_map(|finding| finding["kind"].as_str());
    kinds.find(|kind| kind.starts_with(family))
}

/// All strings of a JSON text, as they are meant.
fn decoded(text: &str) -> String {
    fn gather(value: &Value, into: &mut String) {
        match value {
            Value::String(text) => into.push_str(text),
            Value::Array(list) => list.iter().for_each(|one| gather(one, into)),
            Value::Object(map) => map.values().for_each(|one| gather(one, into)),
            _ => {}
        }
    }
    let mut all = String::new();
    gather(&serde_json::from_str(text).unwrap_or_default(), &mut all);
    all
}
