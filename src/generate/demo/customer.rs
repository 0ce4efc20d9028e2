//! Who the customers are and what becomes of them.

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

#[rustfmt::skip]
const FIRST_NAMES: [&str; 20] = [
    "amber", "birch", "cedar", "delta", "ember", "fjord", "granite", "harbor", "indigo", "juniper", "kestrel", "lunar",
    "maple", "nimbus", "onyx", "pioneer", "quartz", "river", "summit", "tundra",
];
#[rustfmt::skip]
const LAST_NAMES: [&str; 20] = [
    "academy", "bakery", "clinic", "dynamics", "energy", "foods", "galleries", "health", "insurance",
    "journeys", "kitchens", "logistics", "media", "networks", "optics", "press", "robotics", "studios",
    "textiles", "works",
];

pub struct Customer {
    pub name: String,
    pub story: Story,
    pub seats: u16,
    pub tickets: u64,
    pub invoices: u64,
}

pub fn story_of(customer: u16) -> Story {
    match customer % STORY_EVERY {
        3 => Story::GoesSilent,
        7 => Story::TicketsPileUp,
        11 => Story::StopsPaying,
        15 => Story::Thrives,
        _ => Story::Steady,
    }
}

pub fn name_of(customer: u16) -> String {
    let (first, last) = (usize::from(customer) % 20, usize::from(customer) / 20 % 20);
    let name = format!("{}-{}", FIRST_NAMES[first], LAST_NAMES[(first + last) % 20]);
    match customer / 400 {
        0 => name,
        round => format!("{name}-{}", round + 1),
    }
}
