//! Deliberate faults in the safety lines of the lock, to test that the simulator finds them.
//!
//! They exist only with the feature `planted-bugs` and are chosen at run time; without the feature every question
//! here is answered "no" by the compiler.

/// One deliberate fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u64)]
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
    /// A restarted server adopts the sessions of the process that had its id before.
    AdoptOldProcess,
    /// A registration that may have landed and been replaced is made again under the same name.
    NameUsedAgain,
    /// A save that meets a changed record does not take over what others have put into the inbox.
    MergeDropsNews,
    /// A save that meets a changed record takes back into the inbox what has been applied here.
    AppliedComesBack,
    /// A change is put into the inbox whether or not it was taken in before.
    IntakeUnchecked,
    /// A gift is delivered as soon as it is queued, before it is stored with its price.
    HandedOutBeforeDurable,
    /// A gift leaves the outbox when its delivery begins.
    GiftForgottenWhenSent,
    /// A gift to a record that does not exist counts as delivered.
    MissingSwallowsGift,
    /// A gift to a full inbox counts as delivered.
    FullSwallowsGift,
    /// The row of a server's changes is named by its id, so that a restarted one numbers from the start again.
    LineOfServerId,
    /// A change that was applied stays in the inbox.
    AppliedStaysInInbox,
    /// Later changes of the same sender are applied although an earlier one failed.
    FailedIsOvertaken,
    /// A delivery of unknown outcome counts as done.
    DeliveredInDoubt,
    /// A save makes gifts deliverable that were queued after its snapshot.
    OutboxPastSnapshot,
    /// An update is written into a record that a living server holds.
    UpdateOfHeldRecord,
    /// An update that the host refuses at a second try is told refused, although the first may land.
    RefusedUpdateForgotten,
    /// A refund is taken out of the data and not entered in the ledger.
    RefundNotEntered,
    /// Credit that is used is not taken from the account.
    CreditNotTaken,
    /// A parked purchase that is taken up stays parked.
    ParkedStays,
    /// An acquisition that may have landed is left alone when nobody wants it any more.
    OrphanIgnored,
    /// An acquisition that was to be let go is left alone when the record was wanted once more for a moment.
    ReclaimForgotten,
    /// When a session is lost, its last changes are told saved.
    LossCountsAsSaved,
    /// When a session is lost, changes whose fate the record does not tell are told lost.
    UnknownCountsAsLost,
    /// A release whose outcome is unknown counts as done.
    ReleaseInDoubtIsDone,
    /// A shutdown does not wait for the last saves.
    ShutdownLeavesEarly,
    /// A store that is behind what it had confirmed is written over.
    RollbackIgnored,
    /// A server that finds itself declared dead goes on under the same incarnation.
    EndedIsIgnored,
    /// A migrated record keeps its old version number.
    MigrationNotNoted,
    /// A server puts its own, older schema version into a record that it works with.
    OldServerWritesItsVersion,
    /// The half-done edits of a migrator that failed are used.
    FailedMigratorCounts,
    /// A record that needs a newer server is taken all the same.
    TooNewTaken,
    /// An erased record forgets its purchases.
    EraseForgetsReceipts,
    /// An erased record forgets whose changes it has taken in.
    EraseForgetsSenders,
    /// Erasing does not raise the epoch.
    EraseKeepsEpoch,
    /// Erasing does not ask whether a living server holds the record.
    EraseUnderSession,
    /// A gift to a record that does not exist comes back, and nothing keeps an older courier from delivering it later.
    TurnedAwayWithoutMark,
    /// A record that names its server again after the store fell back is not let go.
    RolledBackHolderStays,
    /// A write says that the data are as stored if an earlier write of them, whose outcome is unknown, would have made
    /// them so.
    UnchangedByDoubt,
}

impl Bug {
    /// All of them.
    pub const ALL: [Self; 59] = [
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
        Self::AdoptOldProcess,
        Self::NameUsedAgain,
        Self::MergeDropsNews,
        Self::AppliedComesBack,
        Self::IntakeUnchecked,
        Self::HandedOutBeforeDurable,
        Self::GiftForgottenWhenSent,
        Self::MissingSwallowsGift,
        Self::FullSwallowsGift,
        Self::LineOfServerId,
        Self::AppliedStaysInInbox,
        Self::FailedIsOvertaken,
        Self::DeliveredInDoubt,
        Self::OutboxPastSnapshot,
        Self::UpdateOfHeldRecord,
        Self::RefusedUpdateForgotten,
        Self::RefundNotEntered,
        Self::CreditNotTaken,
        Self::ParkedStays,
        Self::OrphanIgnored,
        Self::ReclaimForgotten,
        Self::LossCountsAsSaved,
        Self::UnknownCountsAsLost,
        Self::ReleaseInDoubtIsDone,
        Self::ShutdownLeavesEarly,
        Self::RollbackIgnored,
        Self::EndedIsIgnored,
        Self::MigrationNotNoted,
        Self::OldServerWritesItsVersion,
        Self::FailedMigratorCounts,
        Self::TooNewTaken,
        Self::EraseForgetsReceipts,
        Self::EraseForgetsSenders,
        Self::EraseKeepsEpoch,
        Self::EraseUnderSession,
        Self::TurnedAwayWithoutMark,
        Self::RolledBackHolderStays,
        Self::UnchangedByDoubt,
    ];
}

/// The deliberate faults of one engine; none unless a test plants them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bugs {
    #[cfg(feature = "planted-bugs")]
    set: u64,
}

impl Bugs {
    /// With this fault too.
    #[cfg(feature = "planted-bugs")]
    #[must_use]
    pub fn with(self, bug: Bug) -> Self {
        Self {
            set: self.set | 1 << bug as u64,
        }
    }

    /// Whether this fault was planted.
    #[cfg(feature = "planted-bugs")]
    #[must_use]
    pub fn has(self, bug: Bug) -> bool {
        self.set & (1 << bug as u64) != 0
    }

    /// Whether this fault was planted: never, without the feature.
    #[cfg(not(feature = "planted-bugs"))]
    #[must_use]
    #[inline(always)]
    pub const fn has(self, _bug: Bug) -> bool {
        false
    }
}
