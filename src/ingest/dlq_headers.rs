//! The headers of a refused record in the DLQ: Kafka Connect's, so that tools that know them work.

pub const TOPIC: &str = "__connect.errors.topic";
pub const PARTITION: &str = "__connect.errors.partition";
pub const OFFSET: &str = "__connect.errors.offset";
/// The app's name.
pub const CONNECTOR_NAME: &str = "__connect.errors.connector.name";
/// The instance that refused it.
pub const TASK_ID: &str = "__connect.errors.task.id";
/// See [`super::refusal::Stage`].
pub const STAGE: &str = "__connect.errors.stage";
pub const CLASS_NAME: &str = "__connect.errors.class.name";
/// `pulsewatch.` and the reason's word, see [`super::refusal::Refusal::reason`].
pub const EXCEPTION_CLASS_NAME: &str = "__connect.errors.exception.class.name";
pub const EXCEPTION_MESSAGE: &str = "__connect.errors.exception.message";

/// What all of them begin with.
pub const PREFIX: &str = "__connect.errors.";
/// Before the reason in [`EXCEPTION_CLASS_NAME`].
pub const REASON_PREFIX: &str = "pulsewatch.";
/// The value of [`CLASS_NAME`].
pub const CLASS: &str = "pulsewatch.ingest.decode";

/// The value of [`STAGE`] for an output that a target did not take; Kafka Connect's word for a sink's part.
pub const DELIVERY_STAGE: &str = "TASK_PUT";
/// The value of [`CLASS_NAME`] for it.
pub const DELIVERY_CLASS: &str = "pulsewatch.deliver";
/// The target that did not take it.
pub const TARGET: &str = "__connect.errors.pulsewatch.target";
