//! Invented customers with stories, for people who want to see scores move: one goes silent, one's tickets pile up,
//! one stops paying, one thrives, most are steady.

use std::ops::Range;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::{
    Record,
    render::{Calendar, Object},
    scramble,
};
use crate::domain::{
    event::Kind,
    time::{HOUR_MS, Timestamp},
};

/// What becomes of a customer once the stories begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Story {
    Steady,
    /// Usage fades within a week.
    GoesSilent,
    /// Urgent tickets are opened and nobody solves them.
    TicketsPileUp,
    /// Invoices stay unpaid, and the cancellation terms are read.
    StopsPaying,
    /// More people use more of it.
    Thrives,
}

/// Every so many customers, one of each story but [`Story::Steady`].
const STORY_EVERY: u16 = 20;

const ALL_DAY: Range<i64> = 0..24;

const FIRST_NAMES: [&str; 20] = [
    "amber", "birch", "cedar", "delta", "ember", "fjord", "granite", "harbor", "indigo", "juniper", "kestrel", "lunar",
    "maple", "nimbus", "onyx", "pioneer", "quartz", "river", "summit", "tundra",
];
const LAST_NAMES: [&str; 20] = [
    "academy",
    "bakery",
    "clinic",
    "dynamics",
    "energy",
    "foods",
    "galleries",
    "health",
    "insurance",
    "journeys",
    "kitchens",
    "logistics",
    "media",
    "networks",
    "optics",
    "press",
    "robotics",
    "studios",
    "textiles",
    "works",
];
const SEGMENTS: [&str; 4] = ["startup", "midmarket", "enterprise", "public"];
const FEATURES: [&str; 10] = [
    "dashboard.home",
    "reports.monthly",
    "reports.custom",
    "search.global",
    "editor.document",
    "editor.comments",
    "export.pdf",
    "integrations.crm",
    "admin.users",
    "api.rest",
];

struct Customer {
    name: String,
    story: Story,
    seats: u16,
    tickets: u64,
    invoices: u64,
}

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

    fn plan_day(&mut self) {
        for customer in 0..self.customers.len() {
            if self.day == self.first_day {
                let time = Timestamp::start_of_day(self.day);
                self.today.push(Planned {
                    time,
                    customer,
                    happening: Happening::Attributes,
                });
            }
            self.plan_usage(customer);
            self.plan_support(customer);
            self.plan_billing(customer);
            self.plan_feedback(customer);
        }
        self.today
            .sort_by_key(|planned| std::cmp::Reverse((planned.time, planned.customer)));
    }

    /// At some time within these hours of the day.
    fn plan(&mut self, customer: usize, hours: Range<i64>, happening: Happening) {
        let millis = self.rng.random_range(hours.start * HOUR_MS..hours.end * HOUR_MS);
        let time = Timestamp::start_of_day(self.day).plus_millis(millis);
        self.today.push(Planned {
            time,
            customer,
            happening,
        });
    }

    /// Days since the stories began, and the customer's story; steady before that.
    fn chapter(&self, customer: usize) -> (i32, Story) {
        let passed = self.day - self.story_day;
        (
            passed,
            if passed < 0 {
                Story::Steady
            } else {
                self.customers[customer].story
            },
        )
    }

    fn plan_usage(&mut self, customer: usize) {
        let (passed, story) = self.chapter(customer);
        let seats = self.customers[customer].seats;
        let (active_share, actions_each, features) = match story {
            Story::GoesSilent => (0.7 * 0.5_f64.powi(passed), 3, 4),
            Story::Thrives => (0.95, 3 + passed.min(5), FEATURES.len()),
            _ => (0.6, 2, 7),
        };
        // 1970-01-01 was a Thursday.
        let weekend = (self.day + 3).rem_euclid(7) >= 5;
        let share = if weekend { active_share * 0.3 } else { active_share };
        for user in 0..seats {
            if !self.rng.random_bool(share) {
                continue;
            }
            self.plan(
                customer,
                ALL_DAY,
                Happening::Usage {
                    user,
                    name: "login",
                    feature: FEATURES[0],
                },
            );
            for _ in 0..actions_each {
                let feature = FEATURES[self.rng.random_range(0..features)];
                self.plan(
                    customer,
                    ALL_DAY,
                    Happening::Usage {
                        user,
                        name: "page_view",
                        feature,
                    },
                );
            }
        }
        if story == Story::Thrives && self.rng.random_bool(0.3) {
            self.plan(
                customer,
                ALL_DAY,
                Happening::Usage {
                    user: 0,
                    name: "training_completed",
                    feature: "learning.course",
                },
            );
        }
        if story == Story::StopsPaying {
            self.plan(
                customer,
                ALL_DAY,
                Happening::Usage {
                    user: 0,
                    name: "page_view",
                    feature: "terms.cancellation",
                },
            );
        }
    }

    fn plan_support(&mut self, customer: usize) {
        let (_, story) = self.chapter(customer);
        let (opened, priority) = match story {
            Story::TicketsPileUp => (2, "urgent"),
            _ => (i32::from(self.rng.random_bool(0.05)), "normal"),
        };
        for _ in 0..opened {
            self.customers[customer].tickets += 1;
            let number = self.customers[customer].tickets;
            self.plan(
                customer,
                0..12,
                Happening::Ticket {
                    name: "opened",
                    number,
                    priority,
                },
            );
            if story != Story::TicketsPileUp {
                self.plan(
                    customer,
                    12..24,
                    Happening::Ticket {
                        name: "solved",
                        number,
                        priority,
                    },
                );
            }
        }
    }

    fn plan_billing(&mut self, customer: usize) {
        let (passed, story) = self.chapter(customer);
        // Monthly, each customer on a day of its own; one who stops paying is billed as the story begins.
        let due = (self.day + customer as i32).rem_euclid(30) == 0;
        if due || (story == Story::StopsPaying && passed == 0) {
            self.customers[customer].invoices += 1;
            let number = self.customers[customer].invoices;
            self.plan(
                customer,
                ALL_DAY,
                Happening::Invoice {
                    name: "invoice_issued",
                    number,
                },
            );
        }
        let number = self.customers[customer].invoices;
        match (story, passed) {
            (Story::StopsPaying, 1 | 2 | 4) => self.plan(
                customer,
                ALL_DAY,
                Happening::Invoice {
                    name: "payment_failed",
                    number,
                },
            ),
            (Story::StopsPaying, 3) => self.plan(
                customer,
                ALL_DAY,
                Happening::Invoice {
                    name: "invoice_overdue",
                    number,
                },
            ),
            (Story::StopsPaying, _) => {}
            _ if (self.day + customer as i32).rem_euclid(30) == 5 && number > 0 => {
                self.plan(
                    customer,
                    ALL_DAY,
                    Happening::Invoice {
                        name: "invoice_paid",
                        number,
                    },
                );
            }
            _ => {}
        }
    }

    fn plan_feedback(&mut self, customer: usize) {
        let (_, story) = self.chapter(customer);
        let (chance, low, high) = match story {
            Story::TicketsPileUp => (0.4, 1, 3),
            Story::GoesSilent => (0.0, 0, 1),
            Story::Thrives => (0.2, 9, 11),
            _ => (0.05, 7, 10),
        };
        if self.rng.random_bool(chance) {
            let user = self.rng.random_range(0..self.customers[customer].seats);
            let value = self.rng.random_range(low..high);
            self.plan(
                customer,
                ALL_DAY,
                Happening::Feedback {
                    user,
                    name: "nps",
                    value,
                },
            );
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

fn story_of(customer: u16) -> Story {
    match customer % STORY_EVERY {
        3 => Story::GoesSilent,
        7 => Story::TicketsPileUp,
        11 => Story::StopsPaying,
        15 => Story::Thrives,
        _ => Story::Steady,
    }
}

fn name_of(customer: u16) -> String {
    let (first, last) = (usize::from(customer) % 20, usize::from(customer) / 20 % 20);
    let name = format!("{}-{}", FIRST_NAMES[first], LAST_NAMES[(first + last) % 20]);
    match customer / 400 {
        0 => name,
        round => format!("{name}-{}", round + 1),
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
