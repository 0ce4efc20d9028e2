//! The first rows of an order, found in one pass.

use std::collections::BinaryHeap;

/// Keeps the least of what it is shown: a page, and one more that tells whether there is a next page.
pub struct Best<P> {
    limit: usize,
    /// The worst of those kept is on top.
    kept: BinaryHeap<P>,
}

impl<P: Ord> Best<P> {
    pub fn new(limit: usize) -> Self {
        Self {
            limit,
            kept: BinaryHeap::with_capacity(limit + 2),
        }
    }

    pub fn see(&mut self, place: P) {
        if self.kept.len() <= self.limit {
            self.kept.push(place);
        } else if let Some(mut worst) = self.kept.peek_mut()
            && place < *worst
        {
            *worst = place;
        }
    }

    /// The page in order, and whether there is more.
    pub fn page(self) -> (Vec<P>, bool) {
        let mut places = self.kept.into_sorted_vec();
        let has_more = places.len() > self.limit;
        places.truncate(self.limit);
        (places, has_more)
    }
}
