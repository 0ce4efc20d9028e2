//! The reference workload of performance measurements: accounts of very different sizes, a busy few and a long tail,
//! 90 % usage, 7 % support, 3 % billing, over 90 days, a little of it late and a little of it sent twice.

use std::collections::VecDeque;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, LogNormal, Zipf};

use super::{
    Record,
    render::{Calendar, Object, push_decimal},
    scramble,
};
use crate::domain::{
    event::Kind,
    time::{DAY_MS, HOUR_MS, Timestamp},
};

/// What to generate. `Default` is the workload that published figures are about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plan {
    /// How many accounts, at least 1.
    pub accounts: u32,
    /// How many events, repeated ones included.
    pub events: u64,
    pub seed: u64,
    /// Event time of the first event.
    pub start: Timestamp,
    /// Event time that passes between the first event and the last.
    pub span_ms: i64,
    /// How many events of a thousand come late, by up to 48 hours.
    pub late_per_mille: u32,
}

impl Default for Plan {
    fn default() -> Self {
        Self {
            accounts: 100_000,
            events: 3_000_000,
            seed: 1,
            // 2025-01-01T00:00:00Z
            start: Timestamp::from_millis(1_735_689_600_000),
            span_ms: 90 * DAY_MS,
            late_per_mille: 20,
        }
    }
}

const MEDIAN_USERS: f64 = 8.0;
const MAX_USERS: f64 = 200.0;
const ZIPF_EXPONENT: f64 = 0.8;
const MAX_LATE_MS: i64 = 48 * HOUR_MS;
const REPEATED_PER_MILLE: u32 = 5;
/// A repeated event follows the first one within so much of event time.
const MAX_REPEAT_MS: i64 = 2 * HOUR_MS;
const MAX_OPEN_TICKETS: u16 = 6;
const MAX_UNPAID_INVOICES: u16 = 4;

const SEGMENTS: [&str; 6] = ["students", "startup", "midmarket", "enterprise", "public", "nonprofit"];
const PLANS: [&str; 3] = ["free", "pro", "business"];
const ACTIONS: [&str; 6] = ["page_view", "page_view", "click", "search", "export", "login"];
#[rustfmt::skip]
const FEATURES: [&str; 24] = [
    "dashboard.home", "dashboard.team", "reports.weekly", "reports.monthly", "reports.custom",
    "search.global", "search.saved", "editor.document", "editor.comments", "editor.history", "export.pdf",
    "export.csv", "import.csv", "api.rest", "api.webhooks", "integrations.crm", "integrations.chat",
    "billing.overview", "admin.users", "admin.roles", "admin.audit", "learning.course", "learning.webinar",
    "mobile.app",
];
const CLIENTS: [&str; 4] = ["web/4.12.0", "web/4.13.1", "ios/3.2.0", "android/3.1.9"];
const PRIORITIES: [&str; 8] = ["low", "low", "normal", "normal", "normal", "normal", "high", "urgent"];
const CATEGORIES: [&str; 4] = ["question", "defect", "access", "billing"];

/// What an account has open. Tickets and invoices are numbered in a row, and the oldest is closed first.
#[derive(Clone, Copy, Debug, Default)]
struct Account {
    users: u8,
    ticket_next: u16,
    ticket_oldest: u16,
    invoice_next: u16,
    invoice_oldest: u16,
}

struct Repeat {
    due: u64,
    kind: Kind,
    account: u32,
    time: Timestamp,
    value: Vec<u8>,
}

/// The stream of events. Call [`Workload::next`] until it gives `None`.
pub struct Workload {
    plan: Plan,
    rng: ChaCha8Rng,
    ranks: Zipf<f64>,
    accounts: Vec<Account>,
    emitted: u64,
    repeats: VecDeque<Repeat>,
    calendar: Calendar,
    key: Vec<u8>,
    value: Vec<u8>,
}

impl Workload {
    /// `None` when the plan has no account.
    pub fn new(plan: Plan) -> Option<Self> {
        let mut rng = ChaCha8Rng::seed_from_u64(plan.seed);
        let users = LogNormal::new(MEDIAN_USERS.ln(), 1.0).ok()?;
        let accounts = (0..plan.accounts)
            .map(|_| Account {
                users: users.sample(&mut rng).round().clamp(1.0, MAX_USERS) as u8,
                ..Account::default()
            })
            .collect();
        Some(Self {
            plan,
            rng,
            ranks: Zipf::new(f64::from(plan.accounts), ZIPF_EXPONENT).ok()?,
            accounts,
            emitted: 0,
            repeats: VecDeque::new(),
            calendar: Calendar::default(),
            key: Vec::new(),
            value: Vec::with_capacity(512),
        })
    }

    /// The next event, valid until the next call.
    #[expect(
        clippy::should_implement_trait,
        reason = "it lends its buffer, which Iterator cannot say"
    )]
    pub fn next(&mut self) -> Option<Record<'_>> {
        if self.emitted == self.plan.events {
            return None;
        }
        let sequence = self.emitted;
        self.emitted += 1;
        if self.repeats.front().is_some_and(|repeat| repeat.due <= sequence)
            && let Some(repeat) = self.repeats.pop_front()
        {
            self.value = repeat.value;
            return Some(self.record(repeat.kind, repeat.account, repeat.time));
        }
        let account = (self.ranks.sample(&mut self.rng) as u32).clamp(1, self.plan.accounts) - 1;
        let time = self.time_of(sequence);
        let kind = match self.rng.random_range(0..100) {
            0..90 => Kind::Usage,
            90..97 => Kind::Support,
            _ => Kind::Billing,
        };
        match kind {
            Kind::Support => self.support(sequence, account, time),
            Kind::Billing => self.billing(sequence, account, time),
            _ => self.usage(sequence, account, time),
        }
        if self.rng.random_range(0..1_000) < REPEATED_PER_MILLE {
            // In the order of their due places, as the queue is read from the front only.
            let earliest = self.repeats.back().map_or(sequence, |last| last.due);
            let farthest = self.plan.events.saturating_mul(MAX_REPEAT_MS as u64) / self.plan.span_ms.max(1) as u64;
            let due = (sequence + 1 + self.rng.random_range(0..=farthest)).max(earliest);
            self.repeats.push_back(Repeat {
                due,
                kind,
                account,
                time,
                value: self.value.clone(),
            });
        }
        Some(self.record(kind, account, time))
    }

    fn record(&mut self, kind: Kind, account: u32, time: Timestamp) -> Record<'_> {
        self.key.clear();
        self.key.extend_from_slice(b"acc-");
        push_decimal(&mut self.key, u64::from(account), 7);
        Record {
            kind,
            key: std::str::from_utf8(&self.key).unwrap_or_default(),
            value: &self.value,
            time,
        }
    }

    fn time_of(&mut self, sequence: u64) -> Timestamp {
        let passed = i128::from(self.plan.span_ms) * i128::from(sequence) / i128::from(self.plan.events);
        let late = if self.rng.random_range(0..1_000) < self.plan.late_per_mille {
            self.rng.random_range(0..MAX_LATE_MS)
        } else {
            0
        };
        self.plan.start.plus_millis(passed as i64 - late)
    }

    fn usage(&mut self, sequence: u64, account: u32, time: Timestamp) {
        let user = self.user(account);
        let action = ACTIONS[self.rng.random_range(0..ACTIONS.len())];
        // Each account has favourites: the lesser of two dice, counted from a place of its own.
        let dice = self
            .rng
            .random_range(0..FEATURES.len())
            .min(self.rng.random_range(0..FEATURES.len()));
        let feature = FEATURES[(dice + account as usize) % FEATURES.len()];
        let session = scramble(u64::from(account) << 32 | u64::from(user) << 16 | u64::from(time.hour() as u16));
        Object::open(&mut self.value)
            .hex("id", "u-", scramble(self.plan.seed ^ sequence))
            .numbered("account", "acc", &[(account.into(), 7)])
            .numbered("user", "usr", &[(account.into(), 7), (user.into(), 3)])
            .text("name", action)
            .text("feature", feature)
            .number("value", self.rng.random_range(1..4))
            .hex("session", "", session)
            .text("client", CLIENTS[user as usize % CLIENTS.len()])
            .time("time", time, &mut self.calendar)
            .close();
    }

    fn user(&mut self, account: u32) -> u8 {
        let users = self.accounts[account as usize].users;
        self.rng.random_range(0..users)
    }

    fn support(&mut self, sequence: u64, account: u32, time: Timestamp) {
        let user = self.user(account);
        let (name, number) = self.ticket_step(account);
        let ticket = scramble(u64::from(account) << 16 | u64::from(number));
        Object::open(&mut self.value)
            .hex("id", "s-", scramble(self.plan.seed ^ sequence))
            .numbered("account", "acc", &[(account.into(), 7)])
            .numbered("user", "usr", &[(account.into(), 7), (user.into(), 3)])
            .text("name", name)
            .numbered("ticket", "T", &[(account.into(), 7), (number.into(), 5)])
            .text("priority", PRIORITIES[(ticket % 8) as usize])
            .text("category", CATEGORIES[(ticket >> 8) as usize % 4])
            .time("time", time, &mut self.calendar)
            .close();
    }

    fn ticket_step(&mut self, account: u32) -> (&'static str, u16) {
        let dice = self.rng.random_range(0..100);
        let state = &mut self.accounts[account as usize];
        let open = state.ticket_next.wrapping_sub(state.ticket_oldest);
        if open == 0 || (dice < 30 && open < MAX_OPEN_TICKETS) {
            state.ticket_next = state.ticket_next.wrapping_add(1);
            return ("opened", state.ticket_next);
        }
        let oldest = state.ticket_oldest.wrapping_add(1);
        match dice {
            30..60 => ("updated", oldest),
            60..66 => ("escalated", oldest),
            66..70 if open < MAX_OPEN_TICKETS && state.ticket_oldest > 0 => {
                let again = state.ticket_oldest;
                state.ticket_oldest -= 1;
                ("reopened", again)
            }
            _ => {
                state.ticket_oldest = oldest;
                (if dice % 2 == 0 { "solved" } else { "closed" }, oldest)
            }
        }
    }

    fn billing(&mut self, sequence: u64, account: u32, time: Timestamp) {
        let (name, number) = self.invoice_step(account);
        let seats = u64::from(self.accounts[account as usize].users);
        let cents = seats * 2_900;
        Object::open(&mut self.value)
            .hex("id", "b-", scramble(self.plan.seed ^ sequence))
            .numbered("account", "acc", &[(account.into(), 7)])
            .text("name", name)
            .numbered("invoice", "INV", &[(account.into(), 7), (number.into(), 5)])
            .amount("amount", cents)
            .text("currency", "EUR")
            .amount("mrr", cents)
            .number("seats", seats)
            .time("time", time, &mut self.calendar)
            .close();
    }

    fn invoice_step(&mut self, account: u32) -> (&'static str, u16) {
        let dice = self.rng.random_range(0..100);
        let state = &mut self.accounts[account as usize];
        let unpaid = state.invoice_next.wrapping_sub(state.invoice_oldest);
        if unpaid == 0 || (dice < 35 && unpaid < MAX_UNPAID_INVOICES) {
            state.invoice_next = state.invoice_next.wrapping_add(1);
            return ("invoice_issued", state.invoice_next);
        }
        let oldest = state.invoice_oldest.wrapping_add(1);
        match dice {
            35..45 => ("payment_failed", oldest),
            45..50 => ("invoice_overdue", oldest),
            50..54 => ("subscription_changed", oldest),
            54 => ("auto_renew_off", oldest),
            55 => ("refund", oldest),
            _ => {
                state.invoice_oldest = oldest;
                ("invoice_paid", oldest)
            }
        }
    }
}

/// The attributes of every account of `plan`, one `account` event each, dated at the start of the run.
pub struct Attributes {
    workload: Workload,
    next: u32,
}

impl Attributes {
    /// `None` when the plan has no account.
    pub fn new(plan: Plan) -> Option<Self> {
        Some(Self {
            workload: Workload::new(plan)?,
            next: 0,
        })
    }

    /// The next account's event, valid until the next call.
    #[expect(
        clippy::should_implement_trait,
        reason = "it lends its buffer, which Iterator cannot say"
    )]
    pub fn next(&mut self) -> Option<Record<'_>> {
        let account = self.next;
        let seats = u64::from(self.workload.accounts.get(account as usize)?.users);
        self.next += 1;
        let dice = scramble(self.workload.plan.seed.wrapping_add(u64::from(account)));
        let (start, workload) = (self.workload.plan.start, &mut self.workload);
        let started = start.plus_millis(-((dice >> 8) as i64 % 1_000) * DAY_MS);
        let renewal = start.plus_millis((dice >> 24) as i64 % 365 * DAY_MS);
        Object::open(&mut workload.value)
            .hex("id", "a-", dice)
            .numbered("account", "acc", &[(account.into(), 7)])
            .text("name", "attributes")
            .object("attributes", |attributes| {
                attributes
                    .text("segment", SEGMENTS[(dice % 6) as usize])
                    .text("plan", PLANS[(dice >> 4) as usize % 3])
                    .number("seats", seats)
                    .numbered("owner", "manager", &[(dice >> 40 & 31, 2)])
                    .time("started", started, &mut workload.calendar)
                    .time("renewal", renewal, &mut workload.calendar)
                    .number("value", seats * 348);
            })
            .time("time", start, &mut workload.calendar)
            .close();
        Some(self.workload.record(Kind::Account, account, start))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use xxhash_rust::xxh3::Xxh3;

    use super::*;

    fn small() -> Plan {
        Plan {
            accounts: 1_000,
            events: 50_000,
            ..Plan::default()
        }
    }

    fn hash_of(plan: Plan) -> u64 {
        let (mut hash, mut workload) = (Xxh3::new(), Workload::new(plan).unwrap());
        while let Some(record) = workload.next() {
            hash.update(record.kind.as_str().as_bytes());
            hash.update(record.key.as_bytes());
            hash.update(record.value);
        }
        let mut attributes = Attributes::new(plan).unwrap();
        while let Some(record) = attributes.next() {
            hash.update(record.value);
        }
        hash.digest()
    }

    /// Published figures name this workload: changing its bytes makes them incomparable.
    #[test]
    fn same_seed_same_bytes() {
        assert_eq!(hash_of(small()), 288_261_270_809_389_949);
        assert_ne!(hash_of(Plan { seed: 2, ..small() }), hash_of(small()));
    }

    #[test]
    fn has_the_promised_shape() {
        let plan = small();
        let mut workload = Workload::new(plan).unwrap();
        let (mut kinds, mut bytes, mut late, mut busiest) = ([0_u32; Kind::COUNT], 0, 0, 0);
        let (mut ids, mut watermark) = (HashSet::new(), plan.start);
        while let Some(record) = workload.next() {
            let json: serde_json::Value = serde_json::from_slice(record.value).unwrap();
            assert_eq!(json["account"], record.key);
            assert_eq!(
                Timestamp::parse_rfc3339(json["time"].as_str().unwrap()),
                Some(record.time)
            );
            kinds[record.kind.index()] += 1;
            bytes += record.value.len();
            busiest += u32::from(record.key == "acc-0000000");
            late += u32::from(record.time.plus_millis(HOUR_MS) < watermark);
            watermark = watermark.max(record.time);
            ids.insert(json["id"].as_str().unwrap().to_owned());
        }
        let events = plan.events as usize;
        assert!((44_500..45_500).contains(&kinds[Kind::Usage.index()]), "{kinds:?}");
        assert!((3_300..3_700).contains(&kinds[Kind::Support.index()]), "{kinds:?}");
        assert!((1_400..1_600).contains(&kinds[Kind::Billing.index()]), "{kinds:?}");
        assert!(
            (180..240).contains(&(bytes / events)),
            "{} bytes a message",
            bytes / events
        );
        assert!((800..1_200).contains(&late), "{late} late");
        assert!(
            (150..350).contains(&(events - ids.len())),
            "{} repeated",
            events - ids.len()
        );
        assert!(busiest > 2_000, "the busiest account has {busiest} events");
        let almost_90_days = plan.start.plus_millis(plan.span_ms - HOUR_MS);
        assert!(watermark > almost_90_days && watermark < plan.start.plus_millis(plan.span_ms));
    }

    #[test]
    fn accounts_have_a_median_of_eight_users() {
        let workload = Workload::new(Plan {
            accounts: 10_000,
            ..small()
        })
        .unwrap();
        let mut users: Vec<u8> = workload.accounts.iter().map(|account| account.users).collect();
        users.sort_unstable();
        assert_eq!(users[5_000], 8);
        assert!(users[0] == 1 && users[9_999] > 100);
    }
}
