//! Which records are traced: those whose producer traces them, and a share of those without a trace.

use std::time::SystemTime;

use opentelemetry::trace::SpanContext;

use super::context::{self, Parent};

/// Decides record by record, without allocating for those that are not chosen.
#[derive(Debug)]
pub struct Sampler {
    /// `None` while traces are off.
    share: Option<f64>,
    /// Records without a trace that are passed over before the next one is chosen.
    left: u64,
}

/// A record that was chosen.
#[derive(Clone, Debug)]
pub struct Sampled {
    /// The producer's span; not valid where a trace begins here.
    pub parent: SpanContext,
    pub started: SystemTime,
}

impl Sampler {
    pub(super) fn new(share: Option<f64>) -> Self {
        let mut sampler = Self { share, left: 0 };
        sampler.left = sampler.gap();
        sampler
    }

    /// `header` is the record's `traceparent`.
    pub fn choose(&mut self, header: Option<&str>) -> Option<Sampled> {
        self.share?;
        let parent = match header.map(context::parent) {
            Some(Parent::Sampled(parent)) => parent,
            Some(Parent::NotSampled) => return None,
            Some(Parent::Illegal) | None => {
                if self.left > 0 {
                    self.left -= 1;
                    return None;
                }
                self.left = self.gap();
                SpanContext::empty_context()
            }
        };
        Some(Sampled {
            parent,
            started: SystemTime::now(),
        })
    }

    /// Drawn from the geometric distribution, so that each record is chosen with the same probability, whatever their rhythm.
    fn gap(&self) -> u64 {
        match self.share {
            Some(share) if share > 0.0 => {
                // Above 0, and at most 1.
                let drawn = 1.0 - rand::random::<f64>();
                (drawn.ln() / (-share).ln_1p()) as u64
            }
            _ => u64::MAX,
        }
    }
}
