//! The accounts of a shard: found by id, addressed by a small number that stays.

use hashbrown::HashTable;

use super::{account::Account, hash::account_hash};

/// Accounts are kept in blocks that never move: growing a single list of a million would copy it, and hold it twice.
const BLOCK: usize = 1024;

/// So many accounts are fetched before the first of them is read or changed: they wait for memory together, not one after
/// another. What they hold fits the cache of a core.
pub const TOGETHER: usize = 64;

#[derive(Debug, Default)]
pub struct Accounts {
    blocks: Vec<Vec<Account>>,
    index: HashTable<(u64, u32)>,
}

impl Accounts {
    pub fn len(&self) -> usize {
        self.index.len()
    }

    pub fn is_empty(&self) -> bool {
        self.index.is_empty()
    }

    #[inline]
    pub fn get(&self, number: u32) -> &Account {
        &self.blocks[number as usize / BLOCK][number as usize % BLOCK]
    }

    #[inline]
    pub fn get_mut(&mut self, number: u32) -> &mut Account {
        &mut self.blocks[number as usize / BLOCK][number as usize % BLOCK]
    }

    /// Has what events change of these accounts at hand when they are looked at next; see [`TOGETHER`].
    pub fn touch(&self, numbers: impl Iterator<Item = u32>) {
        self.read_of_each(numbers, |account| account.cells.touch());
    }

    /// The same with all that a scoring reads and changes.
    pub fn touch_whole(&self, numbers: impl Iterator<Item = u32>) {
        self.read_of_each(numbers, |account| {
            account.cells.touch() ^ u64::from(account.parts.touch())
        });
    }

    fn read_of_each(&self, numbers: impl Iterator<Item = u32>, read: impl Fn(&Account) -> u64) {
        let words = numbers.map(|number| read(self.get(number)));
        std::hint::black_box(words.fold(0, |all, word| all ^ word));
    }

    pub fn find(&self, id: &str) -> Option<u32> {
        self.find_bytes(id.as_bytes())
    }

    pub fn find_bytes(&self, id: &[u8]) -> Option<u32> {
        let hash = account_hash(id);
        let same = |&(other, number): &(u64, u32)| other == hash && self.get(number).id.as_bytes() == id;
        self.index.find(hash, same).map(|&(_, number)| number)
    }

    /// An account whose id has the hash of `id`: all but certainly the one, which only a look at the account can tell. That look is
    /// left for when its memory has been fetched.
    pub fn probable(&self, id: &[u8]) -> Option<u32> {
        let hash = account_hash(id);
        self.index
            .find(hash, |&(other, _)| other == hash)
            .map(|&(_, number)| number)
    }

    /// The account of that id, if the `probable` one is it or else by looking it up.
    pub fn confirm(&self, probable: Option<u32>, id: &[u8]) -> Option<u32> {
        let is_it = |number: &u32| self.get(*number).id.as_bytes() == id;
        probable.filter(is_it).or_else(|| self.find_bytes(id))
    }

    /// Adds an account that is not there yet.
    pub fn add(&mut self, account: Account) -> u32 {
        let number = self.index.len() as u32;
        if self.blocks.last().is_none_or(|block| block.len() == BLOCK) {
            self.blocks.push(Vec::with_capacity(BLOCK));
        }
        let hash = account.hash();
        self.index.insert_unique(hash, (hash, number), |&(hash, _)| hash);
        if let Some(block) = self.blocks.last_mut() {
            block.push(account);
        }
        number
    }

    pub fn iter(&self) -> impl Iterator<Item = &Account> {
        self.blocks.iter().flatten()
    }

    /// The numbers of all accounts.
    pub fn numbers(&self) -> std::ops::Range<u32> {
        0..self.len() as u32
    }

    /// Puts accounts in an order that does not depend on when each was loaded or first seen.
    pub fn sort_canonically(&self, numbers: &mut Vec<u32>) {
        // Hashes beside the numbers: a comparison that went to the accounts would wait for memory.
        let mut keyed: Vec<(u64, u32)> = numbers
            .iter()
            .map(|&number| (self.get(number).hash(), number))
            .collect();
        let id = |number: u32| self.get(number).id.as_str();
        keyed.sort_unstable_by(|a, b| a.0.cmp(&b.0).then_with(|| id(a.1).cmp(id(b.1))));
        keyed.dedup();
        numbers.clear();
        numbers.extend(keyed.iter().map(|&(_, number)| number));
    }
}
