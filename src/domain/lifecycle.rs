//! Which events open and close an item, as WIRE's event names have it.

use super::{event::Kind, measures::ItemStep};

/// The field that names the item: a ticket, an invoice.
pub const fn item_field(kind: Kind) -> Option<&'static str> {
    match kind {
        Kind::Support => Some("ticket"),
        Kind::Billing => Some("invoice"),
        Kind::Usage | Kind::Feedback | Kind::Account => None,
    }
}

/// What an event of this name does to its item.
pub fn item_step(kind: Kind, name: &str) -> ItemStep {
    match (kind, name) {
        (Kind::Support, "opened" | "reopened") | (Kind::Billing, "invoice_issued") => ItemStep::Open,
        (Kind::Support, "solved" | "closed") | (Kind::Billing, "invoice_paid") => ItemStep::Close,
        _ => ItemStep::Touch,
    }
}

/// The label and text that an event of this name implies, over what it says itself: an escalated ticket is urgent.
pub fn implied_label(kind: Kind, name: &str) -> Option<(&'static str, &'static str)> {
    match (kind, name) {
        (Kind::Support, "escalated") => Some(("priority", "urgent")),
        _ => None,
    }
}
