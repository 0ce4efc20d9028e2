//! Solves a small symmetric system by Cholesky's decomposition.

/// A pivot below this share of its diagonal is none: the matrix is singular as far as 64 bits can tell.
const SINGULAR: f64 = 1e-12;

/// The solution of `matrix x = right`; the matrix is given by its lower triangle, row by row, and overwritten. `None` unless
/// it is positive definite.
pub fn solve(matrix: &mut [f64], right: &[f64]) -> Option<Vec<f64>> {
    let size = right.len();
    for row in 0..size {
        for column in 0..=row {
            let products = (0..column).map(|at| matrix[row * size + at] * matrix[column * size + at]);
            let rest = matrix[row * size + column] - products.sum::<f64>();
            if row > column {
                matrix[row * size + column] = rest / matrix[column * size + column];
                continue;
            }
            if rest.is_nan() || rest <= SINGULAR * matrix[row * size + row].abs() {
                return None;
            }
            matrix[row * size + row] = rest.sqrt();
        }
    }
    let mut solution = right.to_vec();
    for row in 0..size {
        let products = (0..row).map(|at| matrix[row * size + at] * solution[at]);
        solution[row] = (solution[row] - products.sum::<f64>()) / matrix[row * size + row];
    }
    for row in (0..size).rev() {
        let products = (row + 1..size).map(|at| matrix[at * size + row] * solution[at]);
        solution[row] = (solution[row] - products.sum::<f64>()) / matrix[row * size + row];
    }
    Some(solution)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn solves_by_hand() {
        // [[4, 2], [2, 3]] x = [8, 8] has the solution [1, 2].
        let solution = solve(&mut [4.0, f64::NAN, 2.0, 3.0], &[8.0, 8.0]).unwrap();
        assert!((solution[0] - 1.0).abs() < 1e-12 && (solution[1] - 2.0).abs() < 1e-12);
    }

    #[test]
    fn refuses_what_is_not_positive_definite() {
        assert_eq!(solve(&mut [1.0, 0.0, 1.0, 1.0], &[1.0, 1.0]), None, "singular");
        assert_eq!(solve(&mut [-1.0], &[1.0]), None);
        assert_eq!(solve(&mut [f64::NAN], &[1.0]), None);
    }
}
