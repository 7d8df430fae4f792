//! The limits that a store declares, checked again by our own stores: not every caller is the engine.

use super::{Abilities, Operation, Request, StoreError};

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
        _ => Ok(()),
    }
}
