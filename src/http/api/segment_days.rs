//! A segment day by day, from the checkpoint of its home shard.

use serde::Serialize;
use utoipa::ToSchema;

use super::super::problem::Problem;
use super::{Api, account::unreadable};
use crate::domain::band::Band;
use crate::domain::output::{Points, Quantity};
use crate::domain::segment::day::SegmentDay;
use crate::domain::time::Timestamp;
use crate::scorer::lookup;

/// How a segment stood at the end of a UTC day; today's is as of now.
#[derive(Debug, Serialize, ToSchema)]
pub struct SegmentDayState {
    /// Midnight UTC at its start.
    day: Timestamp,
    /// The mean score of its accounts, 0..100.
    score: Points,
    /// The same, each account weighted by its attribute `value`.
    value_score: Points,
    accounts: u64,
    /// Sum of the accounts' attribute `value`.
    #[schema(value_type = f64)]
    value: Quantity,
    bands: BandShares,
}

/// The share of the accounts in each band, 0..1; null while there are none.
#[derive(Debug, Serialize, ToSchema)]
pub struct BandShares {
    #[schema(value_type = Option<f64>)]
    green: Quantity,
    #[schema(value_type = Option<f64>)]
    yellow: Quantity,
    #[schema(value_type = Option<f64>)]
    red: Quantity,
    #[schema(value_type = Option<f64>)]
    unknown: Quantity,
}

impl SegmentDayState {
    fn of(day: &SegmentDay) -> Self {
        let share = |wanted: Band| {
            let shares = Band::ALL.into_iter().zip(day.shares);
            let found = shares.into_iter().find(|(band, _)| *band == wanted);
            Quantity(found.map_or(f64::NAN, |(_, share)| share))
        };
        Self {
            day: day.day,
            score: Points(day.score),
            value_score: Points(day.value_score),
            accounts: day.accounts as u64,
            value: Quantity(day.value),
            bands: BandShares {
                green: share(Band::Green),
                yellow: share(Band::Yellow),
                red: share(Band::Red),
                unknown: share(Band::Unknown),
            },
        }
    }
}

impl Api {
    /// The oldest day first, as far back as the model looks; empty for what it does not watch. Asked for before the table is
    /// locked: Redis may take its time.
    pub(super) async fn segment_days(&self, attribute: &str, name: &str) -> Result<Vec<SegmentDayState>, Problem> {
        let (attribute, name) = (attribute.to_owned(), name.to_owned());
        let read = move |api: &Self| {
            let segment = (attribute.as_str(), name.as_str());
            let days = api.with_store(|store| lookup::segment_days(store, segment, api.shards, api.rules));
            days.map_err(|error| unreadable("the segment", &error))
        };
        let days = self.off_the_loop(read).await?;
        Ok(days.iter().map(SegmentDayState::of).collect())
    }
}
