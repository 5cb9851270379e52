//! Prints what the encoder costs: reading its file, and judging windows of several lengths.
//!
//! `cargo run --release -p portcullis-inspect --example encoder_speed`

#![expect(clippy::print_stdout, reason = "a measurement is for reading")]

use std::{
    hint::black_box,
    time::{Duration, Instant},
};

use inspect::{Origin, injection::encoder::Encoder};

/// Every word of it is one piece.
const PROSE: &str = "the report of the second quarter is in the folder that you know and it says \
    that the number of people who work from home has gone up again this year ";

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let began = Instant::now();
    let encoder = Encoder::shipped()?;
    println!("read in {:.1} ms", began.elapsed().as_secs_f64() * 1e3);
    for pieces in [16, 32, 64, 128, 255] {
        let words = PROSE.split_inclusive(' ').cycle();
        let text: String = words.take(pieces).collect();
        let spent = fastest(|| {
            black_box(encoder.score(Origin::Tool, black_box(&text)));
        });
        println!("{:3} pieces {:7.3} ms", pieces + 1, spent.as_secs_f64() * 1e3);
    }
    Ok(())
}

/// The fastest of many runs: what the code costs, without what else the machine does.
fn fastest(mut run: impl FnMut()) -> Duration {
    let runs = (0..200).map(|_| {
        let began = Instant::now();
        run();
        began.elapsed()
    });
    runs.min().unwrap_or_default()
}
