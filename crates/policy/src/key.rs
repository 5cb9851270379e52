//! What a verdict depends on, as bytes.

use model::Standing;

use crate::inputs::{Inputs, Precision};
use crate::time::minute;
use crate::{Action, Delegation, Question, Resource};

/// Longest key that is remembered, in bytes. A longer question is evaluated each time.
const MAX_KEY: usize = 1024;

/// Different questions have different bytes: each field has its length before it, and a field
/// that no policy reads is left out for all questions alike.
pub(crate) struct Key {
    bytes: [u8; MAX_KEY],
    length: usize,
}

impl Key {
    /// None where the question is too long to be remembered.
    pub(crate) fn new(question: &Question<'_>, inputs: Inputs) -> Option<Self> {
        let mut key = Self { bytes: [0; MAX_KEY], length: 0 };
        key.agent(question, inputs)?;
        key.resource(question, inputs)?;
        key.context(question, inputs)?;
        Some(key)
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or_default()
    }

    fn agent(&mut self, question: &Question<'_>, inputs: Inputs) -> Option<()> {
        let agent = question.agent;
        let standing = match agent.standing {
            Standing::Active => 0,
            Standing::Suspended => 1,
            Standing::Quarantined => 2,
        };
        self.raw(&[standing])?;
        self.text(agent.tenant.as_str())?;
        self.text(agent.name.as_str())?;
        self.text(agent.zone.as_str())?;
        self.count(agent.roles.len())?;
        agent.roles.iter().try_for_each(|role| self.text(role.as_str()))?;
        if inputs.owner {
            self.maybe(agent.owner.as_deref())?;
        }
        if inputs.purpose {
            self.maybe(agent.purpose.as_deref())?;
        }
        if inputs.on_behalf_of {
            self.maybe(question.on_behalf_of.map(model::UserName::as_str))?;
        }
        Some(())
    }

    fn resource(&mut self, question: &Question<'_>, inputs: Inputs) -> Option<()> {
        self.raw(&[question.action.index() as u8])?;
        self.resource_of(question.resource)?;
        // Grants speak of unknown endpoints, and a refusal names the endpoint.
        if inputs.endpoint || question.action == Action::UseProvider {
            self.text(question.context.endpoint)?;
        }
        Some(())
    }

    fn resource_of(&mut self, resource: Resource<'_>) -> Option<()> {
        // An action has one type of resource, but a question may pair them wrongly.
        self.raw(&[match resource {
            Resource::Provider(_) => 0,
            Resource::Model { .. } => 1,
            Resource::Server(_) => 2,
            Resource::Tool { .. } => 3,
            Resource::Resource { .. } => 4,
            Resource::Prompt { .. } => 5,
        }])?;
        if let Resource::Tool { class, .. } = resource {
            self.raw(&[class.effect as u8, class.integrity as u8, class.confidentiality as u8])?;
        }
        self.text(resource.owner())?;
        self.maybe(resource.name())
    }

    fn context(&mut self, question: &Question<'_>, inputs: Inputs) -> Option<()> {
        let context = &question.context;
        match inputs.time {
            Precision::Never => {}
            Precision::Hour => self.raw(&minute(context.time).div_euclid(60).to_le_bytes())?,
            Precision::Minute => self.raw(&minute(context.time).to_le_bytes())?,
        }
        if inputs.stream {
            self.raw(&[u8::from(context.stream)])?;
        }
        if inputs.max_output_tokens {
            self.raw(&[u8::from(context.max_output_tokens.is_some())])?;
            self.raw(&context.max_output_tokens.unwrap_or_default().to_le_bytes())?;
        }
        if inputs.findings {
            self.texts(context.findings)?;
        }
        if inputs.labels {
            self.texts(context.labels)?;
        }
        if inputs.origins {
            self.texts(context.origins)?;
        }
        self.delegation(&context.delegation, inputs)
    }

    fn delegation(&mut self, delegation: &Delegation<'_>, inputs: Inputs) -> Option<()> {
        if inputs.chain {
            self.texts(delegation.chain)?;
        }
        if inputs.scopes {
            self.texts(delegation.scopes)?;
        }
        if inputs.tier {
            self.raw(&[delegation.tier as u8])?;
        }
        Some(())
    }

    fn texts(&mut self, texts: &[&str]) -> Option<()> {
        self.count(texts.len())?;
        texts.iter().try_for_each(|text| self.text(text))
    }

    fn maybe(&mut self, text: Option<&str>) -> Option<()> {
        self.raw(&[u8::from(text.is_some())])?;
        self.text(text.unwrap_or_default())
    }

    fn text(&mut self, text: &str) -> Option<()> {
        self.count(text.len())?;
        self.raw(text.as_bytes())
    }

    fn count(&mut self, count: usize) -> Option<()> {
        self.raw(&u16::try_from(count).ok()?.to_le_bytes())
    }

    fn raw(&mut self, bytes: &[u8]) -> Option<()> {
        let end = self.length + bytes.len();
        self.bytes.get_mut(self.length..end)?.copy_from_slice(bytes);
        self.length = end;
        Some(())
    }
}
