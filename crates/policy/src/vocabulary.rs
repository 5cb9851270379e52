//! The schema and its names, parsed once per bundle.

use std::str::FromStr;

use cedar_policy::{Entity, EntityId, EntityTypeName, EntityUid, Schema};

use crate::Action;

/// The published schema: what policies may speak of.
pub const SCHEMA: &str = include_str!("../../../policies/portcullis.cedarschema");

#[derive(Debug)]
pub(crate) struct Vocabulary {
    pub(crate) schema: Schema,
    pub(crate) agent: EntityTypeName,
    pub(crate) confidentiality: EntityTypeName,
    pub(crate) grant: EntityTypeName,
    pub(crate) integrity: EntityTypeName,
    pub(crate) model: EntityTypeName,
    pub(crate) prompt: EntityTypeName,
    pub(crate) provider: EntityTypeName,
    pub(crate) resource: EntityTypeName,
    pub(crate) role: EntityTypeName,
    pub(crate) server: EntityTypeName,
    pub(crate) standing: EntityTypeName,
    pub(crate) tenant: EntityTypeName,
    pub(crate) tool: EntityTypeName,
    pub(crate) tool_effect: EntityTypeName,
    pub(crate) user: EntityTypeName,
    pub(crate) zone: EntityTypeName,
    /// In the order of [`Action::ALL`]; each has the group `use` as its parent.
    actions: Vec<Entity>,
}

impl Vocabulary {
    /// The error says what is wrong with the schema itself: a test would have caught it.
    pub(crate) fn new() -> Result<Self, String> {
        let (schema, _) = Schema::from_cedarschema_str(SCHEMA).map_err(|e| e.to_string())?;
        let all = schema.action_entities().map_err(|e| e.to_string())?;
        let name = |name: &str| EntityTypeName::from_str(name).map_err(|e| e.to_string());
        let action_type = name("Action")?;
        let actions = Action::ALL.iter().map(|action| {
            let entity = all.get(&uid(&action_type, action.as_str())).cloned();
            entity.ok_or_else(|| format!("the schema lacks the action {}", action.as_str()))
        });
        Ok(Self {
            actions: actions.collect::<Result<_, _>>()?,
            agent: name("Agent")?,
            confidentiality: name("Confidentiality")?,
            grant: name("Grant")?,
            integrity: name("Integrity")?,
            model: name("Model")?,
            prompt: name("Prompt")?,
            provider: name("Provider")?,
            resource: name("Resource")?,
            role: name("Role")?,
            server: name("Server")?,
            standing: name("Standing")?,
            tenant: name("Tenant")?,
            tool: name("Tool")?,
            tool_effect: name("ToolEffect")?,
            user: name("User")?,
            zone: name("Zone")?,
            schema,
        })
    }

    pub(crate) fn action(&self, action: Action) -> Option<&Entity> {
        self.actions.get(action.index())
    }
}

pub(crate) fn uid(kind: &EntityTypeName, id: &str) -> EntityUid {
    EntityUid::from_type_name_and_id(kind.clone(), EntityId::new(id))
}
