//! Percentiles and slopes of a few thousand numbers.

use serde_json::{Value, json};

/// Measured durations in ms.
#[derive(Debug, Clone, Default)]
pub(super) struct Series(Vec<f64>);

impl Series {
    pub(super) fn push(&mut self, ms: f64) {
        self.0.push(ms);
    }

    pub(super) fn extend(&mut self, other: &Self) {
        self.0.extend_from_slice(&other.0);
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// The value that `percent` of all are not above; 0 without any.
    pub(super) fn percentile(&self, percent: usize) -> f64 {
        let mut sorted = self.0.clone();
        sorted.sort_by(f64::total_cmp);
        let rank = (sorted.len() * percent).div_ceil(100).saturating_sub(1);
        sorted.get(rank).copied().unwrap_or(0.0)
    }

    pub(super) fn max(&self) -> f64 {
        self.percentile(100)
    }

    pub(super) fn json(&self) -> Value {
        let round = |value: f64| (value * 10.0).round() / 10.0;
        json!({
            "count": self.len(), "p50_ms": round(self.percentile(50)), "p90_ms": round(self.percentile(90)),
            "p99_ms": round(self.percentile(99)), "max_ms": round(self.max())
        })
    }
}

impl std::fmt::Display for Series {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "p50 {:.0} ms, p90 {:.0} ms, p99 {:.0} ms, max {:.0} ms of {}",
            self.percentile(50),
            self.percentile(90),
            self.percentile(99),
            self.max(),
            self.len()
        )
    }
}

/// The slope of the line that fits points best (least squares); 0 for fewer than two.
pub(super) fn slope(points: &[(f64, f64)]) -> f64 {
    let count = points.len().max(1) as f64;
    let (mean_x, mean_y) = points.iter().fold((0.0, 0.0), |(x, y), point| (x + point.0, y + point.1));
    let (mean_x, mean_y) = (mean_x / count, mean_y / count);
    let (mut above, mut below) = (0.0, 0.0);
    for (x, y) in points {
        above += (x - mean_x) * (y - mean_y);
        below += (x - mean_x).powi(2);
    }
    if below == 0.0 { 0.0 } else { above / below }
}
