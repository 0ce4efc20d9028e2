//! The numbers that an account remembers: one short list of words for each slot, all in one allocation.
//!
//! One account is touched per event, and most events touch several measures of it. With every measure in the same few
//! cache lines an event costs a handful of cache misses, however many measures the model has; an empty slot costs 4 bytes.
//! The words of the first slot lie last: it grows with every event, and nothing has to be moved for it.

/// Lists of words by slot. The number of slots is the model's and fixed for the life of the value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cells {
    /// First the head, two numbers a word: how many slots there are, where the words of each end, and where the last slot's begin. Then
    /// their words, the last slot's first: each slot begins where the next one ends.
    words: Vec<u64>,
}

impl Cells {
    pub fn new(slots: usize) -> Self {
        let head = (slots + 2).div_ceil(2);
        let mut words = vec![pair(head as u32, head as u32); head];
        words[0] = pair(slots as u32, head as u32);
        Self { words }
    }

    pub fn slots(&self) -> usize {
        self.words[0] as u32 as usize
    }

    /// Bytes on the heap.
    pub fn heap_bytes(&self) -> usize {
        self.words.capacity() * size_of::<u64>()
    }

    /// A number of the head.
    fn number(&self, at: usize) -> usize {
        (self.words[at / 2] >> (at % 2 * 32)) as u32 as usize
    }

    /// Where the words of `slot` are.
    #[inline]
    fn range(&self, slot: usize) -> std::ops::Range<usize> {
        self.number(slot + 2)..self.number(slot + 1)
    }

    /// Reads a word of every cache line, so that those of several accounts are waited for together and not one after another.
    #[inline]
    pub fn touch(&self) -> u64 {
        self.words
            .iter()
            .step_by(64 / size_of::<u64>())
            .fold(0, |all, word| all ^ word)
    }

    #[inline]
    pub fn get(&self, slot: usize) -> &[u64] {
        &self.words[self.range(slot)]
    }

    #[inline]
    pub fn get_mut(&mut self, slot: usize) -> &mut [u64] {
        let range = self.range(slot);
        &mut self.words[range]
    }

    /// Inserts `new` before the word `at` of `slot`.
    pub fn insert<const N: usize>(&mut self, slot: usize, at: usize, new: [u64; N]) {
        let place = self.range(slot).start + at;
        self.open_gap(place, N);
        self.words[place..place + N].copy_from_slice(&new);
        self.move_ends(slot, N as i64);
    }

    /// Has room for so many words more, which are to come.
    pub fn reserve(&mut self, words: usize) {
        let wanted = self.words.len() + words;
        if self.words.capacity() < wanted {
            self.words.reserve_exact(block_for(wanted) - self.words.len());
        }
    }

    /// Moves to a block that has no more room than it needs for now.
    pub fn resettle(&mut self) {
        let mut words = Vec::with_capacity(block_for(self.words.len()));
        words.extend_from_slice(&self.words);
        self.words = words;
    }

    /// Makes room for `count` words before the word `place`. By hand, as `splice` is several times slower for the few words that an
    /// event adds.
    fn open_gap(&mut self, place: usize, count: usize) {
        self.reserve(count);
        let end = self.words.len();
        self.words.resize(end + count, 0);
        self.words.copy_within(place..end, place + count);
    }

    /// Removes a stretch of words of `slot`.
    pub fn remove(&mut self, slot: usize, words: std::ops::Range<usize>) {
        if words.is_empty() {
            return;
        }
        let start = self.range(slot).start;
        let removed = words.len() as i64;
        self.words.drain(start + words.start..start + words.end);
        self.move_ends(slot, -removed);
    }

    /// Keeps the groups of `N` words of `slot` for which `keep` holds.
    pub fn retain_groups<const N: usize>(&mut self, slot: usize, mut keep: impl FnMut(&[u64]) -> bool) {
        let words = self.get_mut(slot);
        let mut kept = 0;
        for group in 0..words.len() / N {
            if keep(&words[group * N..group * N + N]) {
                words.copy_within(group * N..group * N + N, kept);
                kept += N;
            }
        }
        let all = words.len();
        self.remove(slot, kept..all);
    }

    /// Replaces the words of `slot`.
    pub fn set(&mut self, slot: usize, new: impl ExactSizeIterator<Item = u64>) {
        let range = self.range(slot);
        let (old, len) = (range.len(), new.len());
        if len > old {
            self.open_gap(range.end, len - old);
            self.move_ends(slot, (len - old) as i64);
        } else {
            self.remove(slot, len..old);
        }
        let words = &mut self.words[range.start..range.start + len];
        words.iter_mut().zip(new).for_each(|(word, new)| *word = new);
    }

    /// Of `slot` and of all whose words lie after its own. No number of the head becomes negative, so that two are changed at once.
    fn move_ends(&mut self, slot: usize, by: i64) {
        let by = by as u64;
        let last = slot + 1;
        self.words[0] = self.words[0].wrapping_add(by << 32);
        for word in &mut self.words[1..last.div_ceil(2)] {
            *word = word.wrapping_add(by.wrapping_mul(pair(1, 1)));
        }
        if last.is_multiple_of(2) {
            self.words[last / 2] = self.words[last / 2].wrapping_add(by);
        }
    }
}

/// Two numbers of 32 bits in a word.
pub const fn pair(low: u32, high: u32) -> u64 {
    low as u64 | (high as u64) << 32
}

/// The words of the block that `words` are given. Between two powers of two there are four sizes, as allocators of this kind have: a
/// million accounts cannot afford to be half empty, and what lies between two of an allocator's sizes is lost.
const fn block_for(words: usize) -> usize {
    if words <= 8 {
        return 8;
    }
    words.next_multiple_of(1 << ((words - 1).ilog2() - 2))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[derive(Clone, Debug)]
    enum Step {
        Insert(usize, usize, u64),
        Remove(usize, usize, usize),
        Set(usize, Vec<u64>),
        RetainOdd(usize),
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            3 => (0..5_usize, any::<usize>(), any::<u64>()).prop_map(|(slot, at, word)| Step::Insert(slot, at, word)),
            1 => (0..5_usize, any::<usize>(), 0..3_usize).prop_map(|(slot, at, count)| Step::Remove(slot, at, count)),
            1 => (0..5_usize, prop::collection::vec(any::<u64>(), 0..4)).prop_map(|(slot, new)| Step::Set(slot, new)),
            1 => (0..5_usize).prop_map(Step::RetainOdd),
        ]
    }

    #[test]
    fn blocks_have_an_allocators_sizes_and_little_to_spare() {
        let sizes: Vec<usize> = (1..=130).map(block_for).collect();
        let mut different = sizes.clone();
        different.dedup();
        assert_eq!(
            different,
            [8, 10, 12, 14, 16, 20, 24, 28, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160]
        );
        assert!((1..).zip(sizes).all(|(words, size)| size >= words));
        let mut cells = Cells::new(3);
        cells.set(0, [7; 70].into_iter());
        assert_eq!(cells.heap_bytes(), 80 * size_of::<u64>());
        cells.remove(0, 10..70);
        cells.resettle();
        assert_eq!(cells.heap_bytes(), 14 * size_of::<u64>());
    }

    proptest! {
        #[test]
        fn slots_are_independent_lists(steps in prop::collection::vec(step(), 0..60)) {
            let mut cells = Cells::new(5);
            let mut lists = vec![Vec::new(); 5];
            for step in steps {
                match step {
                    Step::Insert(slot, at, word) => {
                        let at = at % (lists[slot].len() + 1);
                        cells.insert(slot, at, [word]);
                        lists[slot].insert(at, word);
                    }
                    Step::Remove(slot, at, count) => {
                        let start = at % (lists[slot].len() + 1);
                        let end = (start + count).min(lists[slot].len());
                        cells.remove(slot, start..end);
                        lists[slot].drain(start..end);
                    }
                    Step::Set(slot, new) => {
                        cells.set(slot, new.iter().copied());
                        lists[slot] = new;
                    }
                    Step::RetainOdd(slot) => {
                        cells.retain_groups::<1>(slot, |group| group[0] % 2 == 1);
                        lists[slot].retain(|word| word % 2 == 1);
                    }
                }
                for (slot, list) in lists.iter().enumerate() {
                    prop_assert_eq!(cells.get(slot), &list[..]);
                }
            }
        }
    }
}
