//! The best tags of a window, and how sure they are: Viterbi, and forward with backward sums.

use super::Tag;
use super::model::LANES;

/// What a score of a tag after a tag adds: `[before][tag]`; the last row is the window's start.
pub type Transitions<T> = [[T; LANES]; LANES + 1];

/// What may not follow.
const NEVER: i32 = -1_000_000;

/// Whether a tag may follow another; row [`LANES`] is the start.
fn allowed(before: usize, tag: usize) -> bool {
    Tag::ALL.get(tag).is_some_and(|tag| tag.follows(Tag::ALL.get(before).copied()))
}

/// The transitions with what may not be ruled out.
pub(super) fn ruled(transitions: &Transitions<i32>) -> Transitions<i32> {
    let mut ruled = *transitions;
    for (before, row) in ruled.iter_mut().enumerate() {
        for (tag, score) in row.iter_mut().enumerate() {
            if !allowed(before, tag) {
                *score = NEVER;
            }
        }
    }
    ruled
}

/// The tags with the highest sum of scores.
pub(super) fn best(
    scores: &[[i32; LANES]],
    transitions: &Transitions<i32>,
    back: &mut Vec<[u8; LANES]>,
) -> Vec<Tag> {
    back.clear();
    let [befores @ .., start] = transitions;
    let mut sums = *start;
    for (at, score) in scores.iter().enumerate() {
        let mut from = [0u8; LANES];
        if at > 0 {
            let mut reached = [i32::MIN; LANES];
            for (before, (row, sum)) in befores.iter().zip(&sums).enumerate() {
                for ((reached, from), step) in reached.iter_mut().zip(&mut from).zip(row) {
                    if sum + step > *reached {
                        (*reached, *from) = (sum + step, before as u8);
                    }
                }
            }
            sums = reached;
        }
        sums.iter_mut().zip(score).for_each(|(sum, score)| *sum += score);
        back.push(from);
    }
    let best = (0..LANES).max_by_key(|tag| sums.get(*tag)).unwrap_or(0);
    trace(back, best)
}

fn trace(back: &[[u8; LANES]], last: usize) -> Vec<Tag> {
    let mut tag = last;
    let mut tags: Vec<Tag> = back
        .iter()
        .rev()
        .map(|from| {
            let this = Tag::ALL.get(tag).copied().unwrap_or(Tag::Outside);
            tag = usize::from(from.get(tag).copied().unwrap_or(0));
            this
        })
        .collect();
    tags.reverse();
    tags
}

/// Of each token and tag, the share of all ways to tag the window that have it. With it, the sums
/// of the steps between tokens, which training needs; and the logarithm of the whole.
pub fn marginals(
    scores: &[[f32; LANES]],
    transitions: &Transitions<f32>,
    steps: &mut Transitions<f32>,
) -> (Vec<[f32; LANES]>, f32) {
    let mut weights = [[0.0; LANES]; LANES + 1];
    for (before, (row, from)) in weights.iter_mut().zip(transitions).enumerate() {
        for (tag, (weight, score)) in row.iter_mut().zip(from).enumerate() {
            *weight = if allowed(before, tag) { exp(*score) } else { 0.0 };
        }
    }
    let (emitted, mut logarithm) = emitted(scores);
    let (forward, scales) = forward(&emitted, &weights);
    logarithm += scales.iter().map(|scale| scale.ln()).sum::<f32>();
    (backward(&emitted, &weights, &forward, &scales, steps), logarithm)
}

type Row = [f32; LANES];

/// The exponentials of scores, against the highest of each token.
fn emitted(scores: &[Row]) -> (Vec<Row>, f32) {
    let mut total = 0.0;
    let rows = scores.iter().map(|row| {
        let top = row.iter().copied().fold(f32::MIN, f32::max);
        total += top;
        row.map(|score| exp(score - top))
    });
    (rows.collect(), total)
}

fn forward(emitted: &[Row], weights: &Transitions<f32>) -> (Vec<Row>, Vec<f32>) {
    let [befores @ .., start] = weights;
    let mut rows: Vec<Row> = Vec::with_capacity(emitted.len());
    let mut scales = Vec::with_capacity(emitted.len());
    for emission in emitted {
        let mut row = match rows.last() {
            None => *start,
            Some(last) => {
                let mut sums = [0.0; LANES];
                for (mass, steps) in last.iter().zip(befores) {
                    sums.iter_mut().zip(steps).for_each(|(sum, step)| *sum += mass * step);
                }
                sums
            }
        };
        row.iter_mut().zip(emission).for_each(|(mass, emission)| *mass *= emission);
        let scale = row.iter().sum::<f32>().max(f32::MIN_POSITIVE);
        row.iter_mut().for_each(|mass| *mass /= scale);
        rows.push(row);
        scales.push(scale);
    }
    (rows, scales)
}

fn backward(
    emitted: &[Row],
    weights: &Transitions<f32>,
    forward: &[Row],
    scales: &[f32],
    steps: &mut Transitions<f32>,
) -> Vec<Row> {
    let [befores @ .., _] = weights;
    let mut after = [1.0; LANES];
    let mut rows = Vec::with_capacity(emitted.len());
    for (at, (mass, (emission, scale))) in
        forward.iter().zip(emitted.iter().zip(scales)).enumerate().rev()
    {
        let row: Row = std::array::from_fn(|tag| {
            mass.get(tag).unwrap_or(&0.0) * after.get(tag).unwrap_or(&0.0)
        });
        rows.push(row);
        let mut inward = [0.0; LANES];
        for (tag, inward) in inward.iter_mut().enumerate() {
            *inward = emission.get(tag).unwrap_or(&0.0) * after.get(tag).unwrap_or(&0.0) / scale;
        }
        let Some(before) = at.checked_sub(1).and_then(|at| forward.get(at)) else {
            let [.., start] = steps;
            start.iter_mut().zip(&row).for_each(|(sum, mass)| *sum += mass);
            break;
        };
        for ((mass, weights), sums) in before.iter().zip(befores).zip(steps.iter_mut()) {
            for ((weight, inward), sum) in weights.iter().zip(&inward).zip(sums) {
                *sum += mass * weight * inward;
            }
        }
        for (after, weights) in after.iter_mut().zip(befores) {
            *after = weights.iter().zip(&inward).map(|(weight, inward)| weight * inward).sum();
        }
    }
    rows.reverse();
    rows
}

/// `e` to a power by plain arithmetic, so that every machine gets the same bits.
fn exp(power: f32) -> f32 {
    let scaled = (power * std::f32::consts::LOG2_E).clamp(-120.0, 120.0);
    let whole = scaled.floor();
    let part = (scaled - whole) * std::f32::consts::LN_2;
    let series =
        1.0 + part * (1.0 + part * (0.5 + part * (1.0 / 6.0 + part * (1.0 / 24.0 + part / 120.0))));
    f32::from_bits(((whole as i32 + 127) as u32) << 23) * series
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exp_is_near_the_real_one() {
        for tenth in -300..300 {
            let power = tenth as f32 / 10.0;
            assert!((exp(power) / power.exp() - 1.0).abs() < 1e-4, "{power}");
        }
    }

    fn scores(tokens: usize) -> Vec<[i32; LANES]> {
        let score = |at: usize, tag: usize| ((at * 31 + tag * 17 + at * tag * 7) % 23) as i32 - 11;
        (0..tokens).map(|at| std::array::from_fn(|tag| score(at, tag))).collect()
    }

    /// Every way to tag so many tokens that the rules allow.
    fn ways(tokens: usize) -> Vec<Vec<usize>> {
        let mut ways = vec![Vec::new()];
        for _ in 0..tokens {
            let longer = |way: &Vec<usize>| {
                let last = way.last().copied().unwrap_or(LANES);
                let next = (0..LANES).filter(|tag| allowed(last, *tag)).collect::<Vec<_>>();
                next.into_iter().map(|tag| [way.as_slice(), &[tag]].concat()).collect::<Vec<_>>()
            };
            ways = ways.iter().flat_map(longer).collect();
        }
        ways
    }

    fn sum(way: &[usize], scores: &[[i32; LANES]], steps: &Transitions<i32>) -> i32 {
        let mut before = LANES;
        let mut sum = 0;
        for (tag, score) in way.iter().zip(scores) {
            sum += score[*tag] + steps[before][*tag];
            before = *tag;
        }
        sum
    }

    #[test]
    fn the_best_way_and_the_shares_are_those_of_trying_all() {
        let scores = scores(4);
        let steps: Transitions<i32> =
            std::array::from_fn(|a| std::array::from_fn(|b| (a * 5 + b * 3) as i32 % 7 - 3));
        let ways = ways(4);
        let top = ways.iter().map(|way| sum(way, &scores, &steps)).max().unwrap();
        let tags = best(&scores, &ruled(&steps), &mut Vec::new());
        let found: Vec<usize> = tags.iter().map(|tag| *tag as usize).collect();
        assert_eq!(sum(&found, &scores, &steps), top);
        assert!(ways.contains(&found));

        let real: Vec<[f32; LANES]> =
            scores.iter().map(|row| row.map(|s| s as f32 / 8.0)).collect();
        let real_steps = steps.map(|row| row.map(|s| s as f32 / 8.0));
        let mut counts = [[0.0; LANES]; LANES + 1];
        let (shares, logarithm) = marginals(&real, &real_steps, &mut counts);
        let weight = |way: &[usize]| (sum(way, &scores, &steps) as f32 / 8.0).exp();
        let all: f32 = ways.iter().map(|way| weight(way)).sum();
        assert!((logarithm - all.ln()).abs() < 1e-3);
        for (at, row) in shares.iter().enumerate() {
            for (tag, share) in row.iter().enumerate() {
                let wanted: f32 =
                    ways.iter().filter(|way| way[at] == tag).map(|way| weight(way)).sum::<f32>()
                        / all;
                assert!((share - wanted).abs() < 1e-3, "{at} {tag}: {share} {wanted}");
            }
        }
        let total: f32 = counts.iter().flatten().sum();
        assert!((total - 4.0).abs() < 1e-3, "{total}");
    }
}
