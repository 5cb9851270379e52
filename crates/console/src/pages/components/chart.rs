//! Charts: drawn on the server as SVG, with the same numbers as a table for whoever does not see.

use maud::{Markup, html};
use model::Timestamp;

use super::table::{Column, Table, Value};
use super::time::moment;

/// One kind of thing that is counted, from the bottom of each bar to its top.
#[derive(Clone)]
pub(crate) struct Series {
    pub(crate) name: &'static str,
    /// A class of the stylesheet.
    pub(crate) class: &'static str,
    pub(crate) values: Vec<u64>,
    /// Where all of it is, and what of it lies between two moments.
    pub(crate) href: fn(Timestamp, Timestamp) -> String,
}

/// Where one bar stands and leads.
#[derive(Clone)]
pub(crate) struct Bin {
    pub(crate) from: Timestamp,
    pub(crate) until: Timestamp,
    /// What it counts, in words.
    pub(crate) counts: String,
    pub(crate) href: String,
}

impl Bin {
    /// What a reader hears and sees when pointing at it.
    fn label(&self) -> String {
        let clock = self.from.to_string();
        let clock = clock.get(..16).unwrap_or(&clock).replace('T', " ");
        format!("{clock} UTC: {}", self.counts)
    }
}

const WIDTH: u32 = 720;
const HEIGHT: u32 = 140;
const GAP: u32 = 2;

/// Bars over time, each a stack of the series; every bar leads to what it counts. `table` holds the same numbers,
/// and is `open` for whoever is putting them in order.
pub(crate) fn bars(
    title: &str,
    bins: &[Bin],
    series: &[Series],
    (table, is_open): (&Markup, bool),
) -> Markup {
    let total = |at: usize| series.iter().filter_map(|one| one.values.get(at)).sum::<u64>();
    let most = (0..bins.len()).map(total).max().unwrap_or(0).max(1);
    let step = WIDTH / u32::try_from(bins.len().max(1)).unwrap_or(WIDTH);
    let width = step.saturating_sub(GAP).max(1);
    html! {
        figure.chart {
            figcaption {
                span { (title) }
                span.legend { @for one in series { span class=(one.class) { (one.name) " " (sum(bins, one)) } } }
            }
            svg viewBox=(format!("0 0 {WIDTH} {HEIGHT}")) preserveAspectRatio="none" role="group" aria-label=(title) {
                @for ((at, bin), x) in bins.iter().enumerate().zip((0..).step_by(step as usize)) {
                    a href=(bin.href) tabindex="-1" aria-label=(bin.label()) {
                        title { (bin.label()) }
                        rect.hit x=(x) y="0" width=(width) height=(HEIGHT) {}
                        @for (one, y, height) in stack(series, at, most) {
                            rect class=(one) x=(x) y=(y) width=(width) height=(height) {}
                        }
                    }
                }
            }
            div.axis aria-hidden="true" {
                @if let (Some(first), Some(last)) = (bins.first(), bins.last()) {
                    span { (moment(first.from)) } span { "up to " (most) } span { (moment(last.from)) }
                }
            }
            details open[is_open] { summary { "As a table" } (table) }
        }
    }
}

/// All of a series, and the way there.
fn sum(bins: &[Bin], series: &Series) -> Markup {
    let sum = series.values.iter().sum::<u64>();
    html! {
        @match (bins.first(), bins.last()) {
            (Some(first), Some(last)) if sum > 0 => a href=((series.href)(first.from, last.until)) { b { (sum) } },
            _ => b { (sum) },
        }
    }
}

/// The numbers of a chart, without the bars in which nothing is counted.
pub(crate) fn numbers<'a>(
    name: &'static str,
    path: &str,
    bins: &'a [Bin],
    series: &'a [Series],
) -> Table<'a, usize> {
    let value = |one: &Series, at: usize| one.values.get(at).copied().unwrap_or(0);
    let from = Column::new("from", "From", move |at: &usize| {
        bins.get(*at).map_or(Value::None, |bin| Value::Time(bin.from))
    });
    let from = from.shown(move |at| {
        html! { @if let Some(bin) = bins.get(*at) { a href=(bin.href) { (moment(bin.from)) } } }
    });
    let counted =
        series.iter().map(move |one| {
            let number = Column::new(one.name, one.name, move |at: &usize| {
                Value::Number(value(one, *at) as f64)
            });
            number.shown(move |at| {
            let number = value(one, *at);
            html! { @match bins.get(*at) {
                Some(bin) if number > 0 => a href=((one.href)(bin.from, bin.until)) { (number) },
                _ => (number),
            } }
        })
        });
    Table {
        name,
        caption: "decisions over time",
        path: path.to_owned(),
        keep: vec![],
        columns: std::iter::once(from).chain(counted).collect(),
        rows: (0..bins.len()).filter(|at| series.iter().any(|one| value(one, *at) > 0)).collect(),
        empty: html! {},
    }
}

/// Class, top and height of each piece of a bar.
fn stack(series: &[Series], at: usize, most: u64) -> Vec<(&'static str, u32, u32)> {
    let mut floor = HEIGHT;
    let mut pieces = Vec::new();
    for one in series {
        let value = one.values.get(at).copied().unwrap_or(0);
        // What is there is seen, however small it is beside the others.
        let height = u32::try_from(value * u64::from(HEIGHT) / most).unwrap_or(HEIGHT);
        let height = height.max(u32::from(value > 0) * 2).min(floor);
        floor -= height;
        if height > 0 {
            pieces.push((one.class, floor, height));
        }
    }
    pieces
}

/// A share as a bar within a line.
pub(crate) fn meter(share: f64, class: &'static str) -> Markup {
    let width = (share.clamp(0.0, 1.0) * 100.0).round();
    html! {
        svg.meter viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true" {
            rect.track width="100" height="6" rx="3" {}
            rect class=(class) width=(width) height="6" rx="3" {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_is_as_high_as_its_share_and_never_higher_than_the_chart() {
        let series = |a: u64, b: u64| {
            [("a", a), ("b", b)].map(|(class, value)| Series {
                name: class,
                class,
                values: vec![value],
                href: |_, _| String::new(),
            })
        };
        assert_eq!(stack(&series(50, 50), 0, 100), [("a", 70, 70), ("b", 0, 70)]);
        assert_eq!(stack(&series(1, 0), 0, 1_000_000), [("a", 138, 2)]);
        assert_eq!(stack(&series(0, 0), 0, 1), []);
        let whole: u32 = stack(&series(u64::from(u32::MAX), 1), 0, u64::from(u32::MAX))
            .iter()
            .map(|(_, _, height)| height)
            .sum();
        assert!(whole <= HEIGHT);
    }
}
