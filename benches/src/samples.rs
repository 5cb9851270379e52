//! Quantiles of a list of measurements.

/// The value below which this share of the samples lies; zero without samples.
pub(crate) fn quantile(samples: &mut [u64], share: f64) -> u64 {
    samples.sort_unstable();
    let last = samples.len().saturating_sub(1);
    let at = (last as f64 * share).round() as usize;
    samples.get(at).copied().unwrap_or(0)
}

/// The middle of a few rounds.
pub(crate) fn median(values: impl IntoIterator<Item = f64>) -> Option<f64> {
    let mut values: Vec<f64> = values.into_iter().collect();
    values.sort_unstable_by(f64::total_cmp);
    values.get(values.len().checked_sub(1)? / 2).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_of_a_hundred() {
        let mut samples: Vec<u64> = (1..=101).rev().collect();
        assert_eq!((quantile(&mut samples, 0.5), quantile(&mut samples, 0.99)), (51, 100));
        assert_eq!(quantile(&mut [], 0.5), 0);
        assert_eq!(median([3.0, 1.0, 2.0]), Some(2.0));
    }
}
