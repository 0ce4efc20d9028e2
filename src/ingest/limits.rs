//! What a record may be at most. Beyond it the record is refused.

/// Limits of one record. The defaults are DESIGN.md's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of a record's value.
    pub record_bytes: usize,
    /// Levels of nesting, the record's own object included.
    pub depth: usize,
    /// Bytes of one field's name or text.
    pub field_bytes: usize,
    /// Bytes of an account's id.
    pub account_bytes: usize,
    /// Fields of an event, nested ones counted one by one.
    pub fields: usize,
    /// How far an event's time may be ahead of the wall clock, in milliseconds.
    pub ahead_ms: i64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            record_bytes: 64 * 1024,
            depth: 16,
            field_bytes: 1024,
            account_bytes: 256,
            fields: 64,
            ahead_ms: 5 * 60_000,
        }
    }
}
