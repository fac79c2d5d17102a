//! What is said of several measurements: never one that was picked.

use std::time::Duration;

/// The value in the middle.
pub fn median<T: Copy + PartialOrd>(values: impl IntoIterator<Item = T>) -> T {
    quantile(values, 0.5)
}

/// The value below which `share` of all values lie.
pub fn quantile<T: Copy + PartialOrd>(values: impl IntoIterator<Item = T>, share: f64) -> T {
    let mut values: Vec<T> = values.into_iter().collect();
    values.sort_by(|one, other| one.partial_cmp(other).expect("numbers"));
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "a place in a short list"
    )]
    let place = ((values.len() - 1) as f64 * share).round() as usize;
    values[place]
}

/// The exponent with which `values` grow with `works`: the slope of a line through their
/// logarithms. 0 is constant, 1 is linear, 2 is square.
pub fn exponent(works: &[f64], values: &[f64]) -> f64 {
    let xs: Vec<f64> = works.iter().map(|work| work.ln()).collect();
    let ys: Vec<f64> = values.iter().map(|value| value.ln()).collect();
    #[allow(clippy::cast_precision_loss, reason = "three points")]
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    let (x_mean, y_mean) = (mean(&xs), mean(&ys));
    let both = xs.iter().zip(&ys);
    let covariance: f64 = both.map(|(x, y)| (x - x_mean) * (y - y_mean)).sum();
    let variance: f64 = xs.iter().map(|x| (x - x_mean).powi(2)).sum();
    covariance / variance
}

pub fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

#[allow(clippy::cast_precision_loss, reason = "for people")]
pub fn mib(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1024 * 1024)
}
