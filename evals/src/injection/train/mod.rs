//! Trains the linear models, leaves sets out to see what they are worth, and writes them down.

mod card;
pub(super) mod example;
mod leave_out;
mod model;

use std::path::Path;

use anyhow::Context;

use super::corpus::{Text, texts};
use model::Model;

pub(super) const CHANNELS: [&str; 2] = ["user", "tool"];

/// Measures with sets left out, then trains on everything, and writes the weights and the card.
pub(super) fn run(data: &Path, out: &Path, card: Option<&Path>) -> anyhow::Result<()> {
    let texts = texts(crate::rows::read(data)?)?;
    let mut report = String::new();
    for channel in CHANNELS {
        let of_channel: Vec<&Text> = texts.iter().filter(|text| text.channel == channel).collect();
        let left_out = leave_out::measure(channel, &of_channel);
        report.push_str(&left_out.report);
        println!("{}", left_out.report);
        let model = Model::train(&of_channel);
        let path = out.join(format!("{channel}.bin"));
        std::fs::write(&path, model.bytes(left_out.calibration))
            .with_context(|| format!("{} cannot be written", path.display()))?;
    }
    card.map_or(Ok(()), |path| card::write(path, &report))
}
