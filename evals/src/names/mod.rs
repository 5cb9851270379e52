//! `eval names train`: makes texts, trains the model of names and addresses on them, measures it on
//! texts whose templates and names it never saw, and writes the model and its card.

mod address;
mod card;
mod crf;
mod dice;
mod filler;
mod lexicon;
mod measure;
mod organisation;
mod person;
mod plain;
mod template;

use std::path::{Path, PathBuf};

use anyhow::Context;
use inspect::names::Model;

use crf::Field;
use dice::Dice;
use lexicon::{Language, Lexicon, Part};
use plain::Plain;
use template::{Labelled, Templates, vary};

/// The unit of the weights in the file.
const SCALE: f32 = 1.0 / 16.0;
const SEED: u64 = 20_26;
const TEST_SEED: u64 = 77;

/// Texts of the test, for each language.
const TEST_TEXTS: usize = 1500;

/// How often progress is told.
const STAGES: usize = 10;

/// What is asked for on the command line.
struct Order {
    out: PathBuf,
    card: Option<PathBuf>,
    plain: Vec<PathBuf>,
    texts: usize,
}

impl Order {
    fn parse(words: &[&str]) -> anyhow::Result<Self> {
        let mut order = Self { out: PathBuf::new(), card: None, plain: Vec::new(), texts: 200_000 };
        let mut words = words.iter();
        while let Some(word) = words.next() {
            let mut value = || words.next().with_context(|| format!("{word} needs a value"));
            match *word {
                "--out" => order.out = PathBuf::from(value()?),
                "--card" => order.card = Some(PathBuf::from(value()?)),
                "--plain" => order.plain.push(PathBuf::from(value()?)),
                "--texts" => order.texts = value()?.parse().context("--texts needs a number")?,
                other => anyhow::bail!("{other} is no option of names train"),
            }
        }
        anyhow::ensure!(order.out != Path::new(""), "names train needs --out FILE");
        Ok(order)
    }
}

pub(crate) fn read_model(path: &Path) -> anyhow::Result<Vec<u8>> {
    std::fs::read(path).with_context(|| format!("{} cannot be read", path.display()))
}

pub(crate) fn parse_model(file: &[u8]) -> anyhow::Result<Model<'_>> {
    Model::parse(file).context("this is no model of names of this version")
}

/// Trains, measures, writes.
pub(crate) fn train(words: &[&str]) -> anyhow::Result<()> {
    let order = Order::parse(words)?;
    let plain = Plain::read(&order.plain)?;
    let (templates, lexicon) = (Templates::new(Part::Training), Lexicon::new(Part::Training));
    let mut dice = Dice::new(SEED);
    let mut field = Field::new();
    for stage in 1..=STAGES {
        let (mut loss, mut tokens) = (0.0, 0);
        for _ in 0..order.texts / STAGES {
            let text = lesson(&templates, &lexicon, &plain, &mut dice);
            let (lost, count) = field.learn(&text, &mut dice);
            loss += lost;
            tokens += count;
        }
        println!("{stage}/{STAGES}: {tokens} tokens, {:.4} nats a token", loss / tokens as f32);
    }
    let file = Model::write(field.weights(), SCALE);
    let model = Model::parse(&file).context("the model that was written cannot be read")?;
    let scores = measure::held_out(&model, &test_texts());
    print!("{scores}");
    std::fs::write(&order.out, &file).with_context(|| order.out.display().to_string())?;
    if let Some(path) = &order.card {
        let held_out = Templates::new(Part::HeldOut).count();
        let card = card::write(&scores, order.texts, [templates.count(), held_out], file.len());
        std::fs::write(path, card).with_context(|| path.display().to_string())?;
    }
    println!("names: {}", scores.summary());
    Ok(())
}

/// Of a hundred texts that are learnt, how many are plain.
const PLAIN: u64 = 16;

fn lesson(templates: &Templates, lexicon: &Lexicon, plain: &Plain, dice: &mut Dice) -> Labelled {
    if dice.percent(PLAIN)
        && let Some(text) = plain.piece(dice)
    {
        return text;
    }
    let language = language(dice);
    vary(templates.document(lexicon, dice, language), dice)
}

/// English first.
fn language(dice: &mut Dice) -> Language {
    match dice.below(10) {
        0..4 => Language::English,
        4..6 => Language::German,
        6..8 => Language::French,
        _ => Language::Spanish,
    }
}

/// The texts that the model is measured on, by language.
fn test_texts() -> Vec<(Language, Vec<Labelled>)> {
    let (templates, lexicon) = (Templates::new(Part::HeldOut), Lexicon::new(Part::HeldOut));
    let texts = |language| {
        let mut dice = Dice::new(TEST_SEED + language as u64);
        let text = |_| {
            let text = templates.document(&lexicon, &mut dice, language);
            vary(text, &mut dice)
        };
        (language, (0..TEST_TEXTS).map(text).collect())
    };
    Language::ALL.into_iter().map(texts).collect()
}
