//! What the engine asks of storage: compare-and-set on one key, answered whenever the store is ready.
//!
//! [`Store`] is what an engine talks to: a request goes in, its [`Completion`] is called later, or at once, from any
//! thread. Storage whose calls block implements [`BlockingStore`] and is put behind a [`pool::Pool`] of threads.

mod bytes;
pub mod check;
mod completion;
pub mod faulty;
mod limits;
mod listeners;
pub mod memory;
pub mod overlay;
pub mod pool;
#[cfg(feature = "postgres")]
pub mod postgres;
#[cfg(feature = "redis")]
pub mod redis;
#[cfg(any(feature = "postgres", feature = "redis"))]
mod remote;
#[cfg(feature = "sqlite")]
pub mod sqlite;

pub use crate::error::Cause;
pub use bytes::Bytes;
pub(crate) use bytes::{shared_bytes, Insertion};
pub use completion::{ask, Completion, Completions, Receiver, RequestId, Waiter};

use crate::error::{Error, ErrorKind};
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::{Arc, Weak};

/// The most names in one answer to [`Operation::List`]; a higher limit counts as this one.
pub const MAX_LISTED: u32 = 10_000;

/// The longest version token in bytes.
pub const MAX_VERSION_BYTES: usize = 255;

/// What kind of value a key names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// A record of the game: a header of ours and the game's data.
    Record,
    /// The server record of one engine.
    Server,
}

/// A key in a store. `space` is the spec's name for records and empty for server records.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Key {
    /// What the key names.
    pub kind: Kind,
    /// The spec's name; empty for server records.
    pub space: Arc<str>,
    /// The record's key, or the server's id.
    pub name: Arc<str>,
}

impl PartialOrd for Key {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Key {
    /// By kind, space and name. Mostly the space is one and the same text.
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        let spaces = || {
            if Arc::ptr_eq(&self.space, &other.space) {
                std::cmp::Ordering::Equal
            } else {
                self.space.cmp(&other.space)
            }
        };
        let by_kind = self.kind.cmp(&other.kind);
        by_kind.then_with(spaces).then_with(|| self.name.cmp(&other.name))
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            Kind::Record => write!(f, "{}/{}", self.space, self.name),
            Kind::Server => write!(f, "server record {}", self.name),
        }
    }
}

/// An opaque token that names one state of one key: a counter, an ETag, a write lock.
///
/// A store never gives the same token twice for a key, not even after remove and create.
#[derive(Clone)]
pub struct Version(Token);

/// Most stores have short ones, and each record that is held keeps its own.
#[derive(Clone)]
enum Token {
    Short { length: u8, bytes: [u8; SHORT_TOKEN] },
    Long(Arc<[u8]>),
}

/// As long as can be without making a version larger.
const SHORT_TOKEN: usize = 22;

impl Version {
    /// A token of 1 to [`MAX_VERSION_BYTES`] bytes; `None` for any other length.
    #[must_use]
    pub fn new(bytes: &[u8]) -> Option<Self> {
        (1..=MAX_VERSION_BYTES)
            .contains(&bytes.len())
            .then(|| Self(Token::of(bytes)))
    }

    /// A token of a length that is known to be right.
    pub(crate) fn from_array(bytes: &[u8; 24]) -> Self {
        Self(Token::of(bytes))
    }

    /// The token's bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        match &self.0 {
            Token::Short { length, bytes } => &bytes[..usize::from(*length)],
            Token::Long(bytes) => bytes,
        }
    }
}

impl Token {
    fn of(bytes: &[u8]) -> Self {
        let mut short = [0; SHORT_TOKEN];
        match (short.get_mut(..bytes.len()), u8::try_from(bytes.len())) {
            (Some(place), Ok(length)) => {
                place.copy_from_slice(bytes);
                Self::Short { length, bytes: short }
            }
            _ => Self::Long(bytes.into()),
        }
    }
}

impl PartialEq for Version {
    fn eq(&self, other: &Self) -> bool {
        self.as_bytes() == other.as_bytes()
    }
}

impl Eq for Version {}

impl Hash for Version {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_bytes().hash(state);
    }
}

impl From<u64> for Version {
    fn from(number: u64) -> Self {
        Self(Token::of(&number.to_be_bytes()))
    }
}

impl fmt::Debug for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Version(")?;
        for byte in self.as_bytes() {
            write!(f, "{byte:02x}")?;
        }
        write!(f, ")")
    }
}

/// What a put requires of the key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expected {
    /// Nothing is stored under it.
    Missing,
    /// This version is stored under it.
    Version(Version),
}

/// What to do with a key.
#[derive(Clone, Debug)]
pub enum Operation {
    /// Read the value and its version. Linearizable: no replicas, no caches.
    Get,
    /// Write the value if the key is as expected; durable before it is answered.
    Put {
        /// The whole new value.
        value: Bytes,
        /// What must be stored for the write to take place.
        expected: Expected,
        /// What a store may make use of, and may as well ignore.
        hints: Hints,
    },
    /// Remove the key if this version is stored.
    Remove {
        /// What must be stored for the removal to take place.
        expected: Version,
    },
    /// List the keys of this kind and space whose names come after the request's name, in the order of their bytes. An
    /// empty name stands for the beginning. Asked only of stores that can; see [`Abilities::list`].
    List {
        /// The most names to give, at least 1.
        limit: u32,
    },
}

/// What the engine knows about a value that it writes. A store that ignores all of it is as right as any.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hints {
    /// The server that waits for this write: a store that can push tells it the key, once the write is durable. See
    /// [`Store::listen`].
    pub announce: Option<Arc<str>>,
    /// How many bytes at the beginning of the value are the record's header; the game's data follow. 0 if the two cannot
    /// be told apart.
    pub header_bytes: u32,
    /// The data behind the header say the same as those stored under the expected version. A store that keeps the two
    /// apart may leave stored data as they are, if they were written apart and are as long.
    pub data_unchanged: bool,
}

impl Hints {
    /// The header and the data of a value that a store may keep apart; the header is empty if the two cannot be told
    /// apart.
    #[must_use]
    pub fn split<'a>(&self, value: &'a [u8]) -> (&'a [u8], &'a [u8]) {
        value.split_at((self.header_bytes as usize).min(value.len()))
    }
}

/// Who hears of keys that others wrote; see [`Store::listen`].
pub trait Listener: Send + Sync {
    /// Somebody wrote this key for the server that listens. Must return at once; called from any thread, also before
    /// the write itself is answered.
    fn changed(&self, key: &Key);

    /// Some announcements may not have arrived, because a connection was lost for example. As [`Listener::changed`].
    fn missed(&self);
}

impl Operation {
    /// A put without hints.
    #[must_use]
    pub fn put(value: impl Into<Bytes>, expected: Expected) -> Self {
        Self::Put {
            value: value.into(),
            expected,
            hints: Hints::default(),
        }
    }

    /// Whether it leaves everything as it is.
    #[must_use]
    pub fn is_read(&self) -> bool {
        matches!(self, Self::Get | Self::List { .. })
    }

    /// What it is called in texts.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Get => "get",
            Self::Put { .. } => "put",
            Self::Remove { .. } => "remove",
            Self::List { .. } => "list",
        }
    }
}

/// One request to a store.
#[derive(Clone, Debug)]
pub struct Request {
    /// The key it is about.
    pub key: Key,
    /// What to do with it.
    pub operation: Operation,
}

/// A store's answer to a request that it carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// Get: what is stored.
    Found {
        /// The value.
        value: Bytes,
        /// Its version.
        version: Version,
    },
    /// Get: nothing is stored.
    Missing,
    /// Put: written, durable, now at this version.
    Written {
        /// The new version.
        version: Version,
    },
    /// Remove: gone.
    Removed,
    /// Put or remove: the key was not as expected; nothing was changed.
    Conflict,
    /// List: names of keys.
    Keys {
        /// The names, each greater than the one before.
        names: Vec<Arc<str>>,
        /// Whether there are more behind the last one.
        more: bool,
    },
}

impl Reply {
    /// What it is called in texts; never the value.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Found { .. } => "found",
            Self::Missing => "missing",
            Self::Written { .. } => "written",
            Self::Removed => "removed",
            Self::Conflict => "conflict",
            Self::Keys { .. } => "keys",
        }
    }
}

/// Whether a failed write may have taken place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It surely did not and surely will not.
    NotApplied,
    /// It may have, or may yet.
    Unknown,
}

/// A store's answer to a request that it could not carry out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreError {
    /// Whether the write may have taken place all the same.
    pub outcome: Outcome,
    /// Whose trouble it is.
    pub cause: Cause,
    /// What happened, for people: the store's own words.
    pub text: String,
}

impl StoreError {
    /// The request was not carried out and will not be: the store is in trouble.
    pub fn not_applied(text: impl Into<String>) -> Self {
        Self {
            outcome: Outcome::NotApplied,
            cause: Cause::Store,
            text: text.into(),
        }
    }

    /// The request cannot succeed as it is.
    pub fn bad_request(text: impl Into<String>) -> Self {
        Self {
            outcome: Outcome::NotApplied,
            cause: Cause::Request,
            text: text.into(),
        }
    }

    /// The request may have been carried out.
    pub fn unknown(text: impl Into<String>) -> Self {
        Self {
            outcome: Outcome::Unknown,
            cause: Cause::Unknown,
            text: text.into(),
        }
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)?;
        if self.outcome == Outcome::Unknown {
            f.write_str(" (the outcome is unknown)")?;
        }
        Ok(())
    }
}

impl std::error::Error for StoreError {}

/// How a request ended.
pub type StoreResult = Result<Reply, StoreError>;

/// What a store can do. The engine chooses by it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Abilities {
    /// What the store is called in errors and logs: `sqlite players.db`.
    pub name: String,
    /// Put and remove compare and set in one step. An engine refuses a store without it.
    pub compare_and_set: bool,
    /// The largest value in bytes; writes above it are not tried.
    pub max_value_bytes: u64,
    /// The longest key name in bytes.
    pub max_key_bytes: u32,
    /// Whether it can list keys.
    pub list: bool,
    /// Whether it tells servers of what others write for them; see [`Store::listen`].
    pub push: bool,
    /// How many requests it does well to have at once, because it carries out many as one; 0 if it gains nothing by it.
    pub at_once: usize,
}

/// Storage as the engine sees it.
pub trait Store: Send + Sync {
    /// What the store can do. Does not change while the store lives.
    fn abilities(&self) -> &Abilities;

    /// Takes a request. Must not block the caller for long: it is the thread that ticks. The completion may be called
    /// at once or at any later time, from any thread.
    fn submit(&self, request: Request, completion: Completion);

    /// Tells `listener` from now on of each write that is announced to this server, as long as it lives. An announcement
    /// may be lost, doubled or late: that costs time and nothing else. A store that cannot push does nothing.
    fn listen(&self, server: &str, listener: Weak<dyn Listener>) {
        let _ = (server, listener);
    }

    /// What whoever runs the game should know about how this store is set up, for people: that it can lose what it
    /// confirmed, for example. Each engine that uses it writes this into its log once.
    fn warnings(&self) -> Vec<String> {
        Vec::new()
    }

    /// Puts a value under a key whatever is there: data for a test. Stores whose data are other people's too refuse.
    ///
    /// # Errors
    /// [`ErrorKind::Unsupported`] for a store that is not for tests; a key or a value that is too long.
    fn set_value(&self, key: Key, value: Bytes) -> Result<(), Error> {
        let _ = (key, value);
        let name = &self.abilities().name;
        let text = format!("{name}: test data go into a memory store or a read-only one, not into this");
        Err(Error::new(ErrorKind::Unsupported, text))
    }
}

/// Storage whose calls block until they are done. [`pool::Pool`] makes a [`Store`] of it.
pub trait BlockingStore: Send + Sync + 'static {
    /// What the store can do. Does not change while the store lives.
    fn abilities(&self) -> &Abilities;

    /// Carries out the requests, in any order, and answers each at its index. A store that can writes them all with
    /// one transaction and one flush; each request succeeds or fails on its own all the same.
    fn execute(&self, requests: &[Request]) -> Vec<StoreResult>;

    /// As [`Store::listen`].
    fn listen(&self, server: &str, listener: Weak<dyn Listener>) {
        let _ = (server, listener);
    }
}
