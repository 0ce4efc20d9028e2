//! A member's partitions as they travel: `ConsumerProtocolAssignment` of Kafka's `clients` library, big-endian:
//! version `i16`; an array of topics, each a name and an array of partition numbers `i32`; user data, not read here. Later
//! versions only add at the end.

use thiserror::Error;

use super::Partition;

/// An assignment that is not one of Kafka's consumer protocol.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("the group's assignment is not one of Kafka's consumer protocol")]
pub struct Malformed;

/// Of a member that was given none yet it is empty.
pub fn partitions(assignment: &[u8]) -> Result<Vec<Partition>, Malformed> {
    let mut partitions = Vec::new();
    if assignment.is_empty() {
        return Ok(partitions);
    }
    let mut rest = assignment;
    take::<2>(&mut rest)?;
    for _ in 0..length(&mut rest)? {
        let name = u16::from_be_bytes(take(&mut rest)?);
        let (name, after) = rest.split_at_checked(name.into()).ok_or(Malformed)?;
        let name = std::str::from_utf8(name).map_err(|_| Malformed)?;
        rest = after;
        for _ in 0..length(&mut rest)? {
            partitions.push((name.to_owned(), i32::from_be_bytes(take(&mut rest)?)));
        }
    }
    Ok(partitions)
}

/// An array's; -1 is one that is null.
fn length(rest: &mut &[u8]) -> Result<i32, Malformed> {
    Ok(i32::from_be_bytes(take(rest)?))
}

fn take<const N: usize>(rest: &mut &[u8]) -> Result<[u8; N], Malformed> {
    let (taken, after) = rest.split_first_chunk::<N>().ok_or(Malformed)?;
    *rest = after;
    Ok(*taken)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Version 0; `usage`: 0 and 3; `a`: none; user data null.
    const ASSIGNMENT: &[u8] = b"\0\0\0\0\0\x02\0\x05usage\0\0\0\x02\0\0\0\0\0\0\0\x03\0\x01a\0\0\0\0\xff\xff\xff\xff";

    #[test]
    fn partitions_are_read_topic_by_topic() {
        let expected = [("usage".to_owned(), 0), ("usage".to_owned(), 3)];
        assert_eq!(partitions(ASSIGNMENT).unwrap(), expected);
        assert_eq!(partitions(&[]).unwrap(), []);
    }

    #[test]
    fn what_is_cut_off_is_an_error() {
        let user_data = 4;
        for end in 1..ASSIGNMENT.len() - user_data {
            assert_eq!(partitions(&ASSIGNMENT[..end]), Err(Malformed), "{end} bytes");
        }
        assert_eq!(partitions(b"\0\0\0\0\0\x01\0\x01\xff\0\0\0\0"), Err(Malformed));
    }
}
