//! Sums with few decimals: what is shown of the parts adds up to what is shown of the sum. (`dashboard/rounding.js` does the same.)

/// A number as `{:.decimals$}` shows it.
pub fn shown(number: f64, decimals: usize) -> f64 {
    // Formatting rounds the exact number, which multiplying first would change.
    format!("{number:.decimals$}").parse().unwrap_or(number)
}

/// The parts of the way from one number to another, with so many decimals, so that those that are shown lead from the one that is
/// shown to the other. Each is rounded; what that leaves over goes to those that rounding took most from, one step each.
pub fn adding_up(parts: &[f64], from: f64, to: f64, decimals: usize) -> Vec<f64> {
    let scale = 10_f64.powi(i32::try_from(decimals).unwrap_or(i32::MAX));
    let mut steps: Vec<f64> = parts.iter().map(|part| (part * scale).round()).collect();
    let total = ((shown(to, decimals) - shown(from, decimals)) * scale).round();
    let over = total - steps.iter().sum::<f64>();
    let mut taken: Vec<(usize, f64)> = parts
        .iter()
        .zip(&steps)
        .map(|(part, step)| (part * scale - step) * over.signum())
        .enumerate()
        .collect();
    taken.sort_by(|(_, a), (_, b)| b.total_cmp(a));
    for (index, _) in taken.into_iter().take(over.abs() as usize) {
        steps[index] += over.signum();
    }
    steps.into_iter().map(|step| step / scale + 0.0).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_rounding_leaves_over_goes_to_those_that_it_took_most_from() {
        // -0.34 three times is -1.02; each alone is -0.3.
        assert_eq!(adding_up(&[-0.34, -0.36, -0.32], 50.0, 48.98, 1), [-0.3, -0.4, -0.3]);
        assert_eq!(adding_up(&[0.04, 0.04, 0.04], 50.0, 50.12, 1), [0.1, 0.0, 0.0]);
        assert_eq!(adding_up(&[-8.0, -2.0], 70.0, 60.0, 1), [-8.0, -2.0]);
        assert_eq!(adding_up(&[1.004, 1.004, 1.004], 0.0, 3.012, 2), [1.01, 1.0, 1.0]);
        assert_eq!(adding_up(&[], 50.0, 50.0, 1), [0.0; 0]);
    }

    #[test]
    fn ends_are_rounded_as_they_are_shown() {
        // 70.05 is a little less in binary.
        assert_eq!(shown(70.05, 1), 70.0);
        assert_eq!(adding_up(&[0.95], 70.05, 71.0, 1), [1.0]);
    }

    proptest! {
        #[test]
        fn what_is_shown_adds_up_and_is_nowhere_off_by_a_step(
            from in 0.0_f64..100.0, parts in prop::collection::vec(-20.0_f64..20.0, 1..12), decimals in 1_usize..3,
        ) {
            let to = from + parts.iter().sum::<f64>();
            let rounded = adding_up(&parts, from, to, decimals);
            let step = 0.1_f64.powi(decimals as i32);
            let sum = shown(from, decimals) + rounded.iter().sum::<f64>();
            prop_assert!((sum - shown(to, decimals)).abs() < step / 100.0, "{rounded:?} {sum} {to}");
            for (part, rounded) in parts.iter().zip(&rounded) {
                prop_assert!((part - rounded).abs() < 1.5 * step, "{part} {rounded}");
            }
        }
    }
}
