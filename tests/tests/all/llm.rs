//! The model APIs through the gate: what the agent asks arrives, and what the model says comes back.

mod anthropic;
mod openai;
mod wire;
