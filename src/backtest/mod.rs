//! Back-tests: how well, and how early, a model would have foretold who left; and the fit of its risk. One replay of the
//! history gives every account at regular points of time as the fold had it then; labels meet it there and nowhere before.
//!
//! | part | does |
//! |---|---|
//! | `labels`, `spans` | who left, and which times are learnt from and judged |
//! | `draft`, `history`, `rows` | the model as it is replayed, and what is seen of it |
//! | `leak` | refuses inputs that know the outcome |
//! | `scaling`, `logistic`, `cholesky`, `level`, `fit`, `section` | find the risk, and write it into the model |
//! | `metrics`, `alarms`, `predictors` | judge it against baselines |
//! | `study` | goes through it all |
//! | `report` | says what was found |

pub mod alarms;
mod cholesky;
pub mod draft;
pub mod fit;
pub mod history;
pub mod labels;
pub mod leak;
mod level;
mod logistic;
pub mod metrics;
pub mod predictors;
pub mod report;
pub mod rows;
mod scaling;
pub mod section;
pub mod spans;
pub mod study;
