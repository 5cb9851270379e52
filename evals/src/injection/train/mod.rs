//! Trains the linear models, leaves sets out to see what they are worth, and writes them down.

mod amid;
mod calibrate;
mod card;
mod design;
pub(super) mod example;
mod leave_out;
mod model;

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use anyhow::Context;

use super::corpus::{Text, texts};
use design::Design;
use model::Model;

pub(super) const CHANNELS: [&str; 2] = ["user", "tool"];

/// What `injection train` was asked for.
#[derive(Clone, Copy, Default)]
pub(super) struct Options<'a> {
    /// A folder of honest documents.
    pub(super) documents: Option<&'a Path>,
    /// The model card to write.
    pub(super) card: Option<&'a Path>,
    /// Where every text judged by a model that had not seen its set goes.
    pub(super) judged: Option<&'a Path>,
    /// Only this channel.
    pub(super) channel: Option<&'a str>,
}

/// Measures with sets left out, then trains on everything, and writes the weights and the card.
pub(super) fn run(data: &Path, out: &Path, options: Options<'_>) -> anyhow::Result<()> {
    let texts = texts(crate::rows::read(data)?, options.documents)?;
    let amid = amid::texts(&texts);
    let mut report = String::new();
    let mut log: Box<dyn Write> = match options.judged {
        Some(path) => Box::new(BufWriter::new(File::create(path)?)),
        None => Box::new(std::io::sink()),
    };
    for channel in
        CHANNELS.into_iter().filter(|one| options.channel.is_none_or(|only| only == *one))
    {
        let of_channel: Vec<&Text> = texts.iter().filter(|text| text.channel == channel).collect();
        let design = Design::of(channel);
        let amid: &[Text] = if design.amid_prose > 0.0 { &amid } else { &[] };
        let left_out = leave_out::measure(channel, &design, &of_channel, amid, &mut log)?;
        report.push_str(&left_out.report);
        println!("{}", left_out.report);
        let model = Model::train(&of_channel, design.balance);
        let path = out.join(format!("{channel}.bin"));
        std::fs::write(&path, model.bytes(&left_out.calibration))
            .with_context(|| format!("{} cannot be written", path.display()))?;
    }
    log.flush()?;
    options.card.map_or(Ok(()), |path| card::write(path, &report))
}
