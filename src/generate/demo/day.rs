//! What happens on a day, as each customer's story has it.

use std::ops::Range;

use rand::RngExt;

use super::{Demo, FEATURES, Happening, Planned, customer::Story};
use crate::domain::time::{HOUR_MS, Timestamp};

const ALL_DAY: Range<i64> = 0..24;

impl Demo {
    pub(super) fn plan_day(&mut self) {
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
        // Only those that thrive give every seat to somebody.
        let seats = if story == Story::Thrives {
            seats
        } else {
            seats - seats / 4
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
}
