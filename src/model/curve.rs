//! From an indicator's value to its score.

/// A piecewise linear map, flat beyond its ends: value to score, 0..100, 100 is healthy.
#[derive(Clone, Debug, PartialEq)]
pub struct Curve {
    /// At least two, `x` strictly ascending, `y` within 0..100.
    points: Box<[(f64, f64)]>,
}

const MAX_POINTS: usize = 64;

impl Curve {
    /// 0 at `worst`, 100 at `best`; either may be the larger. The error says what is wrong.
    pub fn linear(worst: f64, best: f64) -> Result<Self, &'static str> {
        if worst == best {
            Err("`worst` and `best` are equal: no value could score between them")
        } else if worst < best {
            Self::through(vec![(worst, 0.0), (best, 100.0)])
        } else {
            Self::through(vec![(best, 100.0), (worst, 0.0)])
        }
    }

    /// Linear between `points`, which ascend by value. The error says what is wrong.
    pub fn through(points: Vec<(f64, f64)>) -> Result<Self, &'static str> {
        if !(2..=MAX_POINTS).contains(&points.len()) {
            return Err("a curve has 2 to 64 points");
        }
        if !points.iter().all(|(x, y)| x.is_finite() && y.is_finite()) {
            return Err("a point must be two finite numbers");
        }
        if !points.windows(2).all(|pair| pair[0].0 < pair[1].0) {
            return Err("the points must ascend by their first number, the value");
        }
        if !points.iter().all(|(_, y)| (0.0..=100.0).contains(y)) {
            return Err("the second number of a point is a score: 0 to 100");
        }
        Ok(Self { points: points.into() })
    }

    pub fn points(&self) -> &[(f64, f64)] {
        &self.points
    }

    /// The score of `value`, 0..100; NaN (missing) stays NaN.
    pub fn score(&self, value: f64) -> f64 {
        if value.is_nan() {
            return f64::NAN;
        }
        let above = self.points.partition_point(|&(x, _)| x <= value);
        match (
            above.checked_sub(1).and_then(|below| self.points.get(below)),
            self.points.get(above),
        ) {
            (Some(&(x0, y0)), Some(&(x1, y1))) => {
                // Halved first: the distance of two finite numbers may not be finite.
                let part = (value / 2.0 - x0 / 2.0) / (x1 / 2.0 - x0 / 2.0);
                (y0 + part * (y1 - y0)).clamp(0.0, 100.0)
            }
            (Some(&(_, y)), None) | (None, Some(&(_, y))) => y,
            (None, None) => f64::NAN,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn maps_in_either_direction_and_clamps() {
        let rising = Curve::linear(0.1, 0.8).unwrap();
        assert_eq!(rising.score(0.0), 0.0);
        assert_eq!(rising.score(0.8), 100.0);
        assert!((rising.score(0.45) - 50.0).abs() < 1e-9);
        let falling = Curve::linear(30.0, 0.0).unwrap();
        assert_eq!(falling.score(0.0), 100.0);
        assert_eq!(falling.score(15.0), 50.0);
        assert_eq!(falling.score(99.0), 0.0);
        assert!(falling.score(f64::NAN).is_nan());
    }

    #[test]
    fn goes_through_its_points() {
        let curve = Curve::through(vec![(0.0, 0.0), (0.5, 60.0), (0.8, 100.0)]).unwrap();
        assert_eq!(curve.score(0.5), 60.0);
        assert_eq!(curve.score(0.25), 30.0);
        assert_eq!(curve.score(0.8), 100.0);
    }

    #[test]
    fn refuses_what_is_no_curve() {
        assert!(Curve::linear(1.0, 1.0).is_err());
        assert!(Curve::linear(f64::NAN, 1.0).is_err());
        assert!(Curve::through(vec![(0.0, 0.0)]).is_err());
        assert!(Curve::through(vec![(0.0, 0.0), (0.0, 5.0)]).is_err());
        assert!(Curve::through(vec![(0.0, 0.0), (1.0, 101.0)]).is_err());
    }

    proptest! {
        #[test]
        fn stays_within_0_and_100(worst: f64, best: f64, value: f64) {
            if let Ok(curve) = Curve::linear(worst, best) {
                let score = curve.score(value);
                prop_assert!(value.is_nan() || (0.0..=100.0).contains(&score), "{score}");
            }
        }
    }
}
