//! The handle types of the header.

/// Where records live. Made by `slk_store_open_memory`, `slk_store_open_sqlite` or `slk_store_create`; ended by
/// `slk_store_destroy`, after which it lives on until the last engine that uses it is gone.
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
