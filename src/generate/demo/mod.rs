//! Invented customers with stories, for people who want to see scores move: one goes silent, one's tickets pile up,
//! one stops paying, one thrives, most are steady.

mod customer;
mod day;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

pub use customer::Story;
use customer::{Customer, name_of, story_of};

use super::{
    Record,
    render::{Calendar, Object},
    scramble,
};
use crate::domain::{event::Kind, time::Timestamp};

const SEGMENTS: [&str; 4] = ["startup", "midmarket", "enterprise", "public"];
#[rustfmt::skip]
const FEATURES: [&str; 10] = [
    "dashboard.home", "reports.monthly", "reports.custom", "search.global", "editor.document",
    "editor.comments", "export.pdf", "integrations.crm", "admin.users", "api.rest",
];

enum Happening {
    Attributes,
    Usage {
        user: u16,
        name: &'static str,
        feature: &'static str,
    },
    Ticket {
        name: &'static str,
        number: u64,
        priority: &'static str,
    },
    Invoice {
        name: &'static str,
        number: u64,
    },
    Feedback {
        user: u16,
        name: &'static str,
        value: u64,
    },
}

struct Planned {
    time: Timestamp,
    customer: usize,
    happening: Happening,
}

/// An endless stream of events in the order of their times. Call [`Demo::next`] as long as there is time to pass.
pub struct Demo {
    rng: ChaCha8Rng,
    customers: Vec<Customer>,
    first_day: i32,
    story_day: i32,
    day: i32,
    /// The rest of the day, latest first.
    today: Vec<Planned>,
    sequence: u64,
    calendar: Calendar,
    value: Vec<u8>,
}

impl Demo {
    /// Events begin at midnight (UTC) before `start`; until the day of `stories_begin` every customer is steady.
    pub fn new(seed: u64, customers: u16, start: Timestamp, stories_begin: Timestamp) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let customers = (0..customers)
            .map(|number| Customer {
                name: name_of(number),
                story: story_of(number),
                seats: rng.random_range(3..30),
                tickets: 0,
                invoices: 0,
            })
            .collect();
        Self {
            rng,
            customers,
            first_day: start.day(),
            story_day: stories_begin.day(),
            day: start.day(),
            today: Vec::new(),
            sequence: 0,
            calendar: Calendar::default(),
            value: Vec::with_capacity(512),
        }
    }

    /// The customers and what becomes of them.
    pub fn stories(&self) -> impl Iterator<Item = (&str, Story)> {
        self.customers
            .iter()
            .map(|customer| (customer.name.as_str(), customer.story))
    }

    /// The next event, valid until the next call. `None` only when there are no customers.
    #[expect(
        clippy::should_implement_trait,
        reason = "it lends its buffer, which Iterator cannot say"
    )]
    pub fn next(&mut self) -> Option<Record<'_>> {
        if self.customers.is_empty() {
            return None;
        }
        loop {
            if let Some(planned) = self.today.pop() {
                return Some(self.render(&planned));
            }
            self.plan_day();
            self.day += 1;
        }
    }

    fn render(&mut self, planned: &Planned) -> Record<'_> {
        self.sequence += 1;
        let customer = &self.customers[planned.customer];
        let (number, seats) = (planned.customer as u64, u64::from(customer.seats));
        let mut json = Object::open(&mut self.value);
        json.hex("id", "d-", scramble(self.sequence))
            .text("account", &customer.name);
        let kind = match planned.happening {
            Happening::Attributes => {
                json.text("name", "attributes").object("attributes", |attributes| {
                    attributes
                        .text("segment", SEGMENTS[planned.customer % SEGMENTS.len()])
                        .text("plan", if seats > 15 { "business" } else { "pro" })
                        .number("seats", seats)
                        .numbered("owner", "manager", &[(number % 5, 2)])
                        .number("value", seats * 348);
                });
                Kind::Account
            }
            Happening::Usage { user, name, feature } => {
                json.numbered("user", "usr", &[(number, 3), (user.into(), 2)])
                    .text("name", name)
                    .text("feature", feature);
                Kind::Usage
            }
            Happening::Ticket {
                name,
                number: ticket,
                priority,
            } => {
                json.text("name", name)
                    .numbered("ticket", "T", &[(number, 3), (ticket, 4)])
                    .text("priority", priority);
                Kind::Support
            }
            Happening::Invoice { name, number: invoice } => {
                json.text("name", name)
                    .numbered("invoice", "INV", &[(number, 3), (invoice, 4)])
                    .amount("amount", seats * 2_900)
                    .text("currency", "EUR");
                Kind::Billing
            }
            Happening::Feedback { user, name, value } => {
                json.numbered("user", "usr", &[(number, 3), (user.into(), 2)])
                    .text("name", name)
                    .number("value", value);
                Kind::Feedback
            }
        };
        json.time("time", planned.time, &mut self.calendar).close();
        Record {
            kind,
            key: &customer.name,
            value: &self.value,
            time: planned.time,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{HashMap, HashSet};

    use super::*;
    use crate::domain::time::DAY_MS;

    const CUSTOMERS: u16 = 60;

    fn demo() -> Demo {
        let start = Timestamp::parse_rfc3339("2026-01-05T00:00:00Z").unwrap();
        Demo::new(7, CUSTOMERS, start, start.plus_millis(40 * DAY_MS))
    }

    #[test]
    fn events_are_valid_unique_and_in_order() {
        let (mut demo, mut last, mut ids) = (demo(), Timestamp::EARLIEST, HashSet::new());
        for _ in 0..20_000 {
            let record = demo.next().unwrap();
            let json: serde_json::Value = serde_json::from_slice(record.value).unwrap();
            assert_eq!(json["account"], record.key);
            assert_eq!(
                Timestamp::parse_rfc3339(json["time"].as_str().unwrap()),
                Some(record.time)
            );
            assert!(record.time >= last);
            last = record.time;
            assert!(ids.insert(json["id"].as_str().unwrap().to_owned()));
        }
    }

    #[test]
    fn customers_have_names_of_their_own() {
        let demo = Demo::new(7, 1_000, Timestamp::EARLIEST, Timestamp::EARLIEST);
        let names: HashSet<&str> = demo.stories().map(|(name, _)| name).collect();
        assert_eq!(names.len(), 1_000);
    }

    #[test]
    fn stories_come_true() {
        let mut demo = demo();
        let stories: HashMap<String, Story> = demo.stories().map(|(name, story)| (name.to_owned(), story)).collect();
        let (end, quiet_from) = (demo.story_day + 20, demo.story_day + 12);
        let (mut late_usage, mut open_tickets, mut paid) = (HashMap::new(), HashMap::new(), HashMap::new());
        while let Some(record) = demo.next().filter(|record| record.time.day() < end) {
            let json: serde_json::Value = serde_json::from_slice(record.value).unwrap();
            let story = stories[record.key];
            match json["name"].as_str().unwrap() {
                "opened" => *open_tickets.entry(story).or_insert(0) += 1,
                "solved" => *open_tickets.entry(story).or_insert(0) -= 1,
                "invoice_paid" if record.time.day() >= quiet_from => *paid.entry(story).or_insert(0) += 1,
                "login" if record.time.day() >= quiet_from => *late_usage.entry(story).or_insert(0) += 1,
                _ => {}
            }
        }
        assert!(
            late_usage.get(&Story::GoesSilent).is_none_or(|&logins| logins < 3),
            "{late_usage:?}"
        );
        assert!(late_usage[&Story::Thrives] > 50, "{late_usage:?}");
        assert_eq!(
            (open_tickets[&Story::TicketsPileUp], open_tickets[&Story::Steady]),
            (3 * 40, 0)
        );
        assert!(paid[&Story::Steady] > 0 && !paid.contains_key(&Story::StopsPaying));
    }
}
