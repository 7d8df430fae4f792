//! Deliberate errors in the model's protocol: each must be found, or the model is blind.

/// One deliberate error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Planted {
    StopNotShorterThanWait,
    EndedUnconditionally,
    TakenBeforeEndedLanded,
    OtherOperationAdopted,
    AgeFromLastTry,
    AgeFromAnswer,
    NoConfirmation,
    ReplacedFromOldLook,
    TimeOutIsFailure,
    ConflictIsSuccess,
    EpochNotRaised,
    LateAnswersAccepted,
    MissingIsDead,
    NameUsedAgain,
    SaveUnconditionally,
    BeatUnconditionally,
    OldProcessAdopted,
    ForgottenIsLost,
}

impl Planted {
    pub const ALL: [Self; 18] = [
        Self::StopNotShorterThanWait,
        Self::EndedUnconditionally,
        Self::TakenBeforeEndedLanded,
        Self::OtherOperationAdopted,
        Self::AgeFromLastTry,
        Self::AgeFromAnswer,
        Self::NoConfirmation,
        Self::ReplacedFromOldLook,
        Self::TimeOutIsFailure,
        Self::ConflictIsSuccess,
        Self::EpochNotRaised,
        Self::LateAnswersAccepted,
        Self::MissingIsDead,
        Self::NameUsedAgain,
        Self::SaveUnconditionally,
        Self::BeatUnconditionally,
        Self::OldProcessAdopted,
        Self::ForgottenIsLost,
    ];

    pub fn text(self) -> &'static str {
        match self {
            Self::StopNotShorterThanWait => "the holder's stop is not shorter than the contender's wait",
            Self::EndedUnconditionally => "*ended* is written unconditionally",
            Self::TakenBeforeEndedLanded => "sessions are taken before *ended* has landed",
            Self::OtherOperationAdopted => "the session of another operation is adopted",
            Self::AgeFromLastTry => "a beat's age is counted from the last try",
            Self::AgeFromAnswer => "a beat's age is counted from the answer",
            Self::NoConfirmation => "no confirmation after *ended*",
            Self::ReplacedFromOldLook => "\"replaced\" is concluded from an old look",
            Self::TimeOutIsFailure => "a time-out is treated as failure",
            Self::ConflictIsSuccess => "a conflict is taken as success on a save",
            Self::EpochNotRaised => "the epoch is not raised",
            Self::LateAnswersAccepted => "a late answer is accepted for a newer operation",
            Self::MissingIsDead => "a missing server record is treated as dead at once",
            Self::NameUsedAgain => "a server's name is used again after a lost registration",
            Self::SaveUnconditionally => "a save is written unconditionally",
            Self::BeatUnconditionally => "a beat is written unconditionally",
            Self::OldProcessAdopted => "a restarted server adopts the sessions of the process before it",
            Self::ForgottenIsLost => "what the record has forgotten is reported lost",
        }
    }
}
