//! The bounds within which all states are visited, in the usual run and in the large one, and where each planted error
//! is looked for.

use crate::model::{Bound, Lease};
use crate::planted::Planted;

/// A bound and what it is for.
pub struct Configuration {
    pub name: &'static str,
    pub bound: Bound,
    /// From one state in so many it is tried whether the record is loaded again.
    pub recover_each: u64,
}

/// Two servers and two acquisitions; nothing fails, and hosts know what they want.
const PLAIN: Bound = Bound {
    engines: 2,
    server_ids: [0, 1, 2],
    epochs: 2,
    edits: 0,
    faults: 0,
    crashes: 0,
    restarts: true,
    remembers: true,
    erasures: 0,
    requests: false,
    fickle: false,
    letters: false,
    slow_looks: false,
    slow_reads: false,
    prompt: false,
    registered: false,
    any_clock_rate: false,
    lease: Lease { wait: 2, stop: 1 },
};

/// Everything but faults.
const LIVELY: Bound = Bound {
    requests: true,
    fickle: true,
    ..PLAIN
};

/// Two processes with one server id.
const ONE_ID: Bound = Bound {
    server_ids: [0, 0, 2],
    faults: 1,
    ..PLAIN
};

const fn configuration(name: &'static str, bound: Bound, recover_each: u64) -> Configuration {
    Configuration {
        name,
        bound,
        recover_each,
    }
}

/// What is checked in each run.
pub const USUAL: &[Configuration] = &[
    configuration(
        "two servers, take-overs with a fault",
        Bound { faults: 1, ..PLAIN },
        512,
    ),
    configuration("two servers, hand-over", LIVELY, 64),
    configuration(
        "two servers, a longer lease",
        Bound {
            lease: Lease { wait: 3, stop: 2 },
            ..PLAIN
        },
        64,
    ),
    configuration(
        "two servers, past sessions forgotten",
        Bound {
            edits: 1,
            remembers: false,
            ..PLAIN
        },
        64,
    ),
    configuration(
        "two servers, faults",
        Bound {
            epochs: 1,
            edits: 1,
            faults: 2,
            ..LIVELY
        },
        256,
    ),
    configuration(
        "two servers, letters, slow answers",
        Bound {
            epochs: 1,
            edits: 1,
            faults: 1,
            letters: true,
            slow_looks: true,
            slow_reads: true,
            ..LIVELY
        },
        64,
    ),
    configuration(
        "two servers, a crash",
        Bound {
            crashes: 1,
            edits: 1,
            restarts: false,
            ..PLAIN
        },
        64,
    ),
    configuration(
        "two servers, a crash and a restart",
        Bound {
            epochs: 1,
            crashes: 1,
            edits: 1,
            slow_looks: true,
            ..PLAIN
        },
        64,
    ),
    configuration(
        "two servers, a server record erased",
        Bound { erasures: 1, ..PLAIN },
        512,
    ),
    configuration("two processes with one id", Bound { epochs: 1, ..ONE_ID }, 0),
    configuration(
        "three servers",
        Bound {
            engines: 3,
            epochs: 1,
            faults: 1,
            ..PLAIN
        },
        256,
    ),
    configuration(
        "take-overs among three servers",
        Bound {
            engines: 3,
            prompt: true,
            registered: true,
            ..PLAIN
        },
        4096,
    ),
    configuration(
        "clock rates beyond the bound",
        Bound {
            any_clock_rate: true,
            edits: 1,
            ..PLAIN
        },
        64,
    ),
];

/// What is checked for minutes.
pub const LARGE: &[Configuration] = &[
    configuration(
        "two servers, take-overs with a fault",
        Bound {
            faults: 1,
            edits: 1,
            remembers: false,
            ..PLAIN
        },
        4096,
    ),
    configuration(
        "two servers, hand-over with a fault",
        Bound { faults: 1, ..LIVELY },
        4096,
    ),
    configuration("two servers, hand-over and a save", Bound { edits: 1, ..LIVELY }, 4096),
    configuration(
        "two servers, a longer lease",
        Bound {
            lease: Lease { wait: 3, stop: 2 },
            edits: 1,
            ..PLAIN
        },
        4096,
    ),
    configuration(
        "two servers, three acquisitions",
        Bound {
            epochs: 3,
            edits: 2,
            ..PLAIN
        },
        4096,
    ),
    configuration(
        "two servers, faults",
        Bound {
            epochs: 1,
            edits: 2,
            faults: 3,
            ..LIVELY
        },
        4096,
    ),
    configuration(
        "two servers, letters, slow answers",
        Bound {
            letters: true,
            slow_looks: true,
            slow_reads: true,
            ..PLAIN
        },
        4096,
    ),
    configuration(
        "two servers, a crash",
        Bound {
            crashes: 1,
            edits: 1,
            ..PLAIN
        },
        4096,
    ),
    configuration(
        "two servers, a server record erased",
        Bound {
            erasures: 1,
            slow_looks: true,
            ..PLAIN
        },
        4096,
    ),
    configuration("two processes with one id", Bound { edits: 1, ..ONE_ID }, 0),
    configuration("three servers", Bound { engines: 3, ..PLAIN }, 4096),
    configuration(
        "three servers registered at the start",
        Bound {
            engines: 3,
            registered: true,
            ..PLAIN
        },
        4096,
    ),
    configuration(
        "take-overs among three servers, three acquisitions",
        Bound {
            engines: 3,
            epochs: 3,
            prompt: true,
            registered: true,
            ..PLAIN
        },
        4096,
    ),
    configuration(
        "take-overs among three servers, a change",
        Bound {
            engines: 3,
            edits: 1,
            prompt: true,
            registered: true,
            ..PLAIN
        },
        4096,
    ),
    configuration(
        "clock rates beyond the bound",
        Bound {
            any_clock_rate: true,
            edits: 1,
            faults: 1,
            ..PLAIN
        },
        4096,
    ),
];

/// A small bound within which an error shows.
pub fn bound_for(planted: Planted) -> Bound {
    match planted {
        Planted::StopNotShorterThanWait
        | Planted::EndedUnconditionally
        | Planted::TakenBeforeEndedLanded
        | Planted::AgeFromAnswer
        | Planted::NoConfirmation
        | Planted::BeatUnconditionally
        | Planted::EpochNotRaised => PLAIN,
        Planted::AgeFromLastTry => Bound { faults: 1, ..PLAIN },
        Planted::OtherOperationAdopted => Bound { faults: 1, ..LIVELY },
        Planted::ReplacedFromOldLook => Bound {
            erasures: 1,
            slow_looks: true,
            ..PLAIN
        },
        Planted::ForgottenIsLost => Bound {
            edits: 1,
            faults: 1,
            remembers: false,
            ..PLAIN
        },
        Planted::MissingIsDead => Bound { erasures: 1, ..PLAIN },
        Planted::TimeOutIsFailure | Planted::LateAnswersAccepted => Bound {
            edits: 2,
            faults: 1,
            ..LIVELY
        },
        Planted::ConflictIsSuccess | Planted::SaveUnconditionally => Bound { edits: 1, ..LIVELY },
        Planted::NameUsedAgain => ONE_ID,
        Planted::OldProcessAdopted => Bound { crashes: 1, ..PLAIN },
    }
}
