//! Deliberate faults in the safety lines of the lock, to test that the simulator finds them.
//!
//! They exist only with the feature `planted-bugs` and are chosen at run time; without the feature every question
//! here is answered "no" by the compiler.

/// One deliberate fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u32)]
pub enum Bug {
    /// A write that timed out or whose reply was lost counts as surely not done.
    TimeoutIsFailure,
    /// A conflict on a save counts as success.
    ConflictIsSuccess,
    /// An acquire adopts any session of its own incarnation, whatever the operation.
    AdoptOtherOperation,
    /// The holder believes in its lease to the very end of it, and beyond by as much.
    NoHolderMargin,
    /// A contender takes the sessions when the lease has run out, without having written *ended*.
    TakeWithoutEnded,
    /// A contender writes *ended* when the lease has run out since its first look, whether or not the server beat.
    EndedUnconditionally,
    /// The lease counts from the answer to a beat.
    LeaseFromAnswer,
    /// The lease counts from the last try of a beat, whichever try landed.
    LeaseFromLastTry,
    /// Sessions of an ended incarnation are available again without a confirming write.
    NoConfirmation,
    /// "Another incarnation" is concluded from a look that is older than the read of the record.
    ReplacedFromOldLook,
    /// A reply that comes after the request was given up is taken all the same.
    LateAnswersAccepted,
    /// Receipts are remembered by the server only, not in the record.
    ReceiptsInMemoryOnly,
    /// "Granted" is told when the receipt was applied, before the save.
    GrantedBeforeDurable,
    /// A save reports changes that were made after its snapshot.
    SavedPastSnapshot,
    /// A release whose outcome is unknown is called off without a new write.
    ReleaseCalledOffInDoubt,
    /// A save that finds no record creates it again.
    MissingRecreated,
    /// A change of epoch under a session is not noticed: the save goes on with the stored version.
    EpochIgnored,
    /// An acquisition does not raise the epoch.
    EpochNotRaised,
    /// A receipt whose save has an unknown outcome goes back into the queue as if nothing had happened.
    UnknownQueuedAgain,
    /// A server without a server record counts as dead at once.
    MissingIsDead,
    /// A contender waits for the shortest lease there is, whatever length the server's record names.
    LengthInRecordIgnored,
    /// A registration that may have landed and been replaced is made again under the same name.
    NameUsedAgain,
}

impl Bug {
    /// All of them.
    pub const ALL: [Self; 22] = [
        Self::TimeoutIsFailure,
        Self::ConflictIsSuccess,
        Self::AdoptOtherOperation,
        Self::NoHolderMargin,
        Self::TakeWithoutEnded,
        Self::EndedUnconditionally,
        Self::LeaseFromAnswer,
        Self::LeaseFromLastTry,
        Self::NoConfirmation,
        Self::ReplacedFromOldLook,
        Self::LateAnswersAccepted,
        Self::ReceiptsInMemoryOnly,
        Self::GrantedBeforeDurable,
        Self::SavedPastSnapshot,
        Self::ReleaseCalledOffInDoubt,
        Self::MissingRecreated,
        Self::EpochIgnored,
        Self::EpochNotRaised,
        Self::UnknownQueuedAgain,
        Self::MissingIsDead,
        Self::LengthInRecordIgnored,
        Self::NameUsedAgain,
    ];
}

/// The deliberate faults of one engine; none unless a test plants them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bugs {
    #[cfg(feature = "planted-bugs")]
    set: u32,
}

impl Bugs {
    /// With this fault too.
    #[cfg(feature = "planted-bugs")]
    #[must_use]
    pub fn with(self, bug: Bug) -> Self {
        Self {
            set: self.set | 1 << bug as u32,
        }
    }

    /// Whether this fault was planted.
    #[cfg(feature = "planted-bugs")]
    #[must_use]
    pub fn has(self, bug: Bug) -> bool {
        self.set & (1 << bug as u32) != 0
    }

    /// Whether this fault was planted: never, without the feature.
    #[cfg(not(feature = "planted-bugs"))]
    #[must_use]
    #[inline(always)]
    pub const fn has(self, _bug: Bug) -> bool {
        false
    }
}
