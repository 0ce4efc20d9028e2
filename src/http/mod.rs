//! Metrics and health, which every process serves, and the HTTP role: the API over all accounts.
//!
//! | part | does |
//! |---|---|
//! | `server`, `connections` | listens and serves, on a thread of its own |
//! | `routes` | what is served where, and what every request goes through |
//! | `guard`, `limits`, `headers`, `problem` | who may ask and how much; what every answer has; errors |
//! | `api` | the handlers, one file a resource, and the OpenAPI document made from them |
//! | `dashboard` | the pages at `/`, made from what `api` answers |
//! | `live` | what they answer from: `table` (all accounts), `stream` (the latest outputs), the model |
//! | `account_events` | the way to Kafka of what people say of an account |
//! | `feed` | the thread that keeps it up to date, from Redis and the output topic |

mod account_events;
mod api;
mod connections;
mod dashboard;
mod feed;
mod guard;
mod headers;
mod limits;
mod live;
mod metrics;
mod parameters;
mod problem;
mod routes;
mod server;
mod stream;
pub mod table;

pub use account_events::AccountEvents;
pub use api::{Api, ApiSettings};
pub use feed::{FeedSettings, run as feed};
pub use live::Live;
pub use metrics::HttpMetrics;
pub use server::{HttpError, Server};
