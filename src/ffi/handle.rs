//! The handle types of the header.

use super::table;

/// Stores.
pub const SLK_OBJECT_STORE: i32 = 1;
/// Engines.
pub const SLK_OBJECT_ENGINE: i32 = 2;
/// Specs.
pub const SLK_OBJECT_SPEC: i32 = 3;
/// Lockers.
pub const SLK_OBJECT_LOCKER: i32 = 4;
/// Documents, drafts that are lent to callbacks included.
pub const SLK_OBJECT_DOCUMENT: i32 = 5;
/// Requests to stores of yours that are neither completed nor abandoned.
pub const SLK_OBJECT_REQUEST: i32 = 6;
/// Error sinks that are lent to callbacks.
pub const SLK_OBJECT_ERROR_SINK: i32 = 7;
/// Sets of migrations.
pub const SLK_OBJECT_MIGRATIONS: i32 = 8;
/// Buffers that are lent to callbacks.
pub const SLK_OBJECT_BUFFER: i32 = 9;

/// Where records live. Made by `slk_store_create` or one of the `slk_store_open_` functions; ended by `slk_store_destroy`,
/// after which it lives on until the last engine that uses it is gone.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct slk_store {
    /// Opaque; 0 is the null handle.
    pub id: u64,
}

/// Everything of one game server. Destroying it ends all that it made: specs, lockers and what they do.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct slk_engine {
    /// Opaque; 0 is the null handle.
    pub id: u64,
}

/// The configuration that records of one kind share.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct slk_spec {
    /// Opaque; 0 is the null handle.
    pub id: u64,
}

/// The state machine of one record on one engine.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct slk_locker {
    /// Opaque; 0 is the null handle.
    pub id: u64,
}

/// A JSON value or opaque bytes on its own: the unsaved data of a lost session, the draft of a callback, or one of your
/// own making.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct slk_document {
    /// Opaque; 0 is the null handle.
    pub id: u64,
}

/// The right to answer one request to a store of yours, once.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct slk_request {
    /// Opaque; 0 is the null handle.
    pub id: u64,
}

/// Takes the words of a callback that fails; see `slk_error_sink_set`.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct slk_error_sink {
    /// Opaque; 0 is the null handle.
    pub id: u64,
}

/// Migrators and patchers on the way into a spec; see `slk_migrations_create`.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct slk_migrations {
    /// Opaque; 0 is the null handle.
    pub id: u64,
}

/// Takes the bytes that a callback gives; see `slk_buffer_append`.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct slk_buffer {
    /// Opaque; 0 is the null handle.
    pub id: u64,
}

/// Counts the living handles of one kind in this process: what a test looks at to find what was not destroyed.
///
/// Parameters: `kind`: one of `SLK_OBJECT_`.
/// Returns: their number; 0 for a kind that is none.
/// Thread: any. Blocks: never. Since 0.1.
#[no_mangle]
#[must_use]
pub extern "C" fn slk_object_count(kind: i32) -> u64 {
    usize::try_from(kind).ok().and_then(table::living).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_that_are_none_count_nothing() {
        for kind in [i32::MIN, -1, 0, 15, 17, i32::MAX] {
            assert_eq!(slk_object_count(kind), 0, "{kind}");
        }
    }
}
