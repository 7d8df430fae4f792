//! Counters: what was injected, what was seen, how much was done. Summed over seeds and threads.

use crate::checker::Checks;
use crate::network::{Fate, FATES};
use crate::transitions::Transitions;

macro_rules! counters {
    ($name:ident, $all:ident: $($variant:ident => $text:literal,)*) => {
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[repr(usize)]
        pub enum $name { $($variant),* }

        pub const $all: &[($name, &str)] = &[$(($name::$variant, $text)),*];
    };
}

counters! { Injected, INJECTED:
    Crash => "server crashed",
    CrashOnSubmit => "server crashed with a request just sent",
    Restart => "server restarted, same id",
    RestartVouched => "server restarted, same id, the old process vouched gone",
    RestartFreshId => "server restarted, fresh id",
    Twin => "second living process with the id of another",
    TwinVouched => "the same, and falsely vouched for",
    Pause => "server paused",
    Spell => "bad spell of a line",
    Slow => "line slow",
    SlowWrites => "writes slow for a server",
    Faded => "slow line went down",
    Down => "line down",
    Deaf => "line one way only",
    ReadOnly => "store read-only for a server",
    Stall => "store stalls for all",
    RateChange => "steady clock changes its rate",
    WallJump => "wall clock jumps",
    Damage => "record damaged",
    Heal => "damaged record restored",
    Erase => "record erased",
    DamageServer => "server record damaged",
    EraseServer => "server record erased",
    Shutdown => "shutdown in the middle of play",
    NthFails => "the n-th request of a run fails, once",
    AllFromNthFail => "all requests from the n-th on fail",
    Upgrade => "server restarted with a newer schema version",
    MigratorFails => "migrator fails half done",
    FallBack => "store falls back to a standby that is behind",
    PartStaysBroken => "faults end for a part of the servers only",
    PushLost => "what the store pushes is lost",
}

counters! { Seen, SEEN:
    UnknownLanded => "unknown outcome resolved: landed",
    UnknownNotLanded => "unknown outcome resolved: not landed",
    TakeoverAlive => "takeover while the old holder lives",
    TakeoverDead => "takeover from a dead server",
    ReleaseLostTakeover => "release lost, then taken over",
    ReceiptLaterEpoch => "receipt again in a later epoch",
    ReceiptOtherServer => "receipt again on another server",
    ReceiptCredited => "receipt not applicable, credited",
    ReceiptNotProcessed => "receipt not processed yet",
    AdoptLostAcquire => "acquire adopted whose answer was lost",
    EndedFound => "ended found by own beat",
    ConfirmWon => "confirmation won",
    ConfirmLost => "confirmation lost to a takeover",
    HandedOver => "hand-over done",
    HandoverRefused => "hand-over refused",
    Pushed => "server told by the store of a write for it",
    DataUnchanged => "write that left the data as they were",
    LateWriteRefused => "late write refused by compare-and-set",
    SessionReused => "session reused",
    ReportedSaved => "change reported saved",
    ReportedLost => "change reported lost",
    ReportedUnknown => "change reported unknown",
    LostWithData => "lost, unsaved data handed out",
    Suspect => "suspect",
    AvailableAgain => "available again after suspect",
    MergedConflict => "own session met a foreign header write and saved again",
    OrphanReleased => "orphaned acquisition released",
    Superseded => "superseded",
    Created => "record created from the default",
    DamageTold => "unreadable record reported",
    ErasureTold => "record erased under a session, told lost",
    ShutdownDone => "shutdown done",
    LoadCancelled => "load cancelled",
    CreditUsed => "credit used",
    ReceiptPending => "receipt pending",
    ReceiptRejected => "receipt rejected",
    ReceiptRevoked => "receipt paid back",
    ReceiptParked => "receipt of an unknown product, parked",
    ReceiptTakenUp => "parked receipt taken up",
    LetterDelivered => "change delivered to another record",
    LetterMissing => "change to a record that does not exist",
    LetterFull => "change to a full inbox",
    LetterNotSent => "change not sent",
    LetterUnknown => "change whose fate cannot be known",
    LetterInDoubt => "change whose reply was lost, found in the inbox",
    LetterApplied => "change applied, durably",
    LetterReturned => "gift that came back to its sender",
    LetterOfEarlierSession => "gift delivered by a later session",
    LetterDuringHandover => "change in the same write as a request for hand-over",
    UnknownKindKept => "change of a kind that the server does not know",
    UpdateDone => "record updated that nobody held",
    UpdateRefused => "update refused by the host",
    UpdateLocked => "update of a held record turned down",
    Viewed => "record looked at without a session",
    ErasedByGame => "record erased by the game",
    ErasedUnderSession => "record erased under a living session",
    Reborn => "erased record begun anew",
    Migrated => "record migrated",
    OldServerKeepsVersion => "older server worked with a newer, compatible record",
    TooNewTold => "record too new for a server, told",
    MigrationFailed => "data refused by a migrator, record left",
    RolledBackTold => "store rolled back, told",
    SavedAtDeadline => "last save shortly before the deadline of a shutdown",
}

/// The counts of one run or of many.
#[derive(Clone)]
pub struct Tally {
    pub seeds: u64,
    pub steps: u64,
    pub requests: u64,
    pub commits: u64,
    pub edits: u64,
    pub receipts: u64,
    pub letters: u64,
    pub checks: Checks,
    pub transitions: Transitions,
    pub virtual_ns: u128,
    pub calm_seeds: u64,
    pub rough_seeds: u64,
    pub stormy_seeds: u64,
    pub wild_seeds: u64,
    pub replayed: u64,
    pub slowest_load: u64,
    pub slowest_idle: u64,
    pub slowest_shutdown: u64,
    fates: [u64; FATES.len()],
    injected: [u64; INJECTED.len()],
    seen: [u64; SEEN.len()],
}

impl Default for Tally {
    fn default() -> Self {
        Self {
            seeds: 0,
            steps: 0,
            requests: 0,
            commits: 0,
            edits: 0,
            receipts: 0,
            letters: 0,
            checks: Checks::default(),
            transitions: Transitions::default(),
            virtual_ns: 0,
            calm_seeds: 0,
            rough_seeds: 0,
            stormy_seeds: 0,
            wild_seeds: 0,
            replayed: 0,
            slowest_load: 0,
            slowest_idle: 0,
            slowest_shutdown: 0,
            fates: [0; FATES.len()],
            injected: [0; INJECTED.len()],
            seen: [0; SEEN.len()],
        }
    }
}

impl Tally {
    pub fn fate(&mut self, fate: Fate) {
        self.fates[fate as usize] += 1;
    }

    pub fn inject(&mut self, what: Injected) {
        self.injected[what as usize] += 1;
    }

    pub fn see(&mut self, what: Seen) {
        self.see_times(what, 1);
    }

    pub fn see_times(&mut self, what: Seen, times: u64) {
        self.seen[what as usize] += times;
    }

    pub fn add(&mut self, other: &Self) {
        self.seeds += other.seeds;
        self.steps += other.steps;
        self.requests += other.requests;
        self.commits += other.commits;
        self.edits += other.edits;
        self.receipts += other.receipts;
        self.letters += other.letters;
        self.checks.add(&other.checks);
        self.transitions.add(&other.transitions);
        self.virtual_ns += other.virtual_ns;
        self.calm_seeds += other.calm_seeds;
        self.rough_seeds += other.rough_seeds;
        self.stormy_seeds += other.stormy_seeds;
        self.wild_seeds += other.wild_seeds;
        self.replayed += other.replayed;
        self.slowest_load = self.slowest_load.max(other.slowest_load);
        self.slowest_idle = self.slowest_idle.max(other.slowest_idle);
        self.slowest_shutdown = self.slowest_shutdown.max(other.slowest_shutdown);
        add_all(&mut self.fates, &other.fates);
        add_all(&mut self.injected, &other.injected);
        add_all(&mut self.seen, &other.seen);
    }

    /// Name and count of everything injected.
    pub fn all_injected(&self) -> Vec<(&'static str, u64)> {
        let fates = FATES
            .iter()
            .skip(1)
            .map(|fate| (fate.name(), self.fates[*fate as usize]));
        let faults = INJECTED
            .iter()
            .map(|(fault, name)| (*name, self.injected[*fault as usize]));
        fates.chain(faults).collect()
    }

    /// Name and count of everything that must be seen sometimes.
    pub fn all_seen(&self) -> Vec<(&'static str, u64)> {
        SEEN.iter()
            .map(|(seen, name)| (*name, self.seen[*seen as usize]))
            .collect()
    }
}

fn add_all(into: &mut [u64], from: &[u64]) {
    for (sum, part) in into.iter_mut().zip(from) {
        *sum += part;
    }
}
