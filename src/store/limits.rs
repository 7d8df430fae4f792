//! The limits that a store declares, checked again by our own stores: not every caller is the engine.

use super::{Abilities, Bytes, Expected, Key, Operation, Request, StoreError};
use crate::error::{Error, ErrorKind};

/// Refuses a request that the store said it cannot hold.
pub(super) fn check(abilities: &Abilities, request: &Request) -> Result<(), StoreError> {
    let limit = abilities.max_key_bytes;
    let longest = request.key.name.len().max(request.key.space.len());
    if longest as u64 > u64::from(limit) {
        return Err(StoreError::bad_request(format!(
            "{}: a key part of {longest} bytes is too long; at most {limit} bytes",
            abilities.name
        )));
    }
    let limit = abilities.max_value_bytes;
    match &request.operation {
        Operation::Put { value, .. } if value.len() as u64 > limit => Err(StoreError::bad_request(format!(
            "{}: a value of {} bytes for {} is too large; at most {limit} bytes",
            abilities.name,
            value.len(),
            request.key
        ))),
        Operation::List { .. } if !abilities.list => Err(StoreError::bad_request(format!(
            "{}: this store cannot list its keys",
            abilities.name
        ))),
        Operation::List { limit: 0 } => Err(StoreError::bad_request(format!(
            "{}: a list of 0 keys was asked for; at least 1",
            abilities.name
        ))),
        _ => Ok(()),
    }
}

/// The same for a value that is put there for a test.
pub(super) fn check_fixture(abilities: &Abilities, key: &Key, value: &Bytes) -> Result<(), Error> {
    let request = Request {
        key: key.clone(),
        operation: Operation::put(value.clone(), Expected::Missing),
    };
    check(abilities, &request).map_err(|error| Error::new(ErrorKind::TooLong, error.text))
}
