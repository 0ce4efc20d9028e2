//! What is to be asked of the service: it follows from what is shown.

use super::filter::Filter;

/// The tables, in the order of the screen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Table {
    #[default]
    Worst,
    Movers,
    Alerts,
}

impl Table {
    pub const ALL: [Self; 3] = [Self::Worst, Self::Movers, Self::Alerts];

    pub const fn title(self) -> &'static str {
        match self {
            Self::Worst => "worst accounts",
            Self::Movers => "movers, 7 days",
            Self::Alerts => "open alerts",
        }
    }

    /// The orders that the table can have: `sort` of the list, and what people are told.
    pub const fn orders(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Worst => &[
                ("score", "lowest score"),
                ("-value", "highest value"),
                ("account", "id"),
            ],
            Self::Movers => &[("trend", "largest fall"), ("-trend", "largest rise")],
            Self::Alerts => &[("due", "deadline"), ("-since", "newest")],
        }
    }

    pub const fn next(self) -> Self {
        match self {
            Self::Worst => Self::Movers,
            Self::Movers => Self::Alerts,
            Self::Alerts => Self::Worst,
        }
    }

    pub const fn previous(self) -> Self {
        self.next().next()
    }
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    pub filter: Filter,
    /// Which of each table's orders.
    orders: [usize; Table::ALL.len()],
    /// The account whose details are open.
    pub account: Option<String>,
}

impl Wanted {
    pub fn of(filter: Filter) -> Self {
        Self {
            filter,
            ..Self::default()
        }
    }

    /// `sort` of the table's list, and what people are told.
    pub fn order(&self, table: Table) -> (&'static str, &'static str) {
        let orders = table.orders();
        orders[self.orders[table as usize] % orders.len()]
    }

    pub fn sort_otherwise(&mut self, table: Table) {
        self.orders[table as usize] = (self.orders[table as usize] + 1) % table.orders().len();
    }
}
