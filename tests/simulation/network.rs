//! The way between the servers and the store: what happens to a request and to its answer.

use crate::profile::{pick, Profile, Weather};
use fastrand::Rng;

/// What happens to one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Fate {
    Well,
    /// Never arrives; nobody is told.
    RequestLost,
    /// Is carried out; the answer is lost.
    AnswerLost,
    /// Surely not carried out, and the server is told so.
    Refused,
    /// The server is told "unknown"; carried out before or after, or never.
    FailedUnknown,
    /// Arrives twice; one or both answer.
    Doubled,
    /// Arrives late.
    LateRequest,
    /// The answer arrives late.
    LateAnswer,
    /// The answer arrives twice.
    AnsweredTwice,
    /// The store answers something that is no answer to this request.
    Nonsense,
}

/// All of them, for the summary.
pub const FATES: [Fate; 10] = [
    Fate::Well,
    Fate::RequestLost,
    Fate::AnswerLost,
    Fate::Refused,
    Fate::FailedUnknown,
    Fate::Doubled,
    Fate::LateRequest,
    Fate::LateAnswer,
    Fate::AnsweredTwice,
    Fate::Nonsense,
];

impl Fate {
    pub fn name(self) -> &'static str {
        match self {
            Self::Well => "answered in time",
            Self::RequestLost => "request lost",
            Self::AnswerLost => "answer lost",
            Self::Refused => "refused, surely not applied",
            Self::FailedUnknown => "failed, outcome unknown",
            Self::Doubled => "request doubled",
            Self::LateRequest => "request late",
            Self::LateAnswer => "answer late",
            Self::AnsweredTwice => "answered twice",
            Self::Nonsense => "answer is nonsense",
        }
    }
}

/// What is wrong between one server and the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Line {
    Good,
    /// Each request meets the weather of a bad spell.
    Spell,
    /// Everything takes long, each way up to a third of the lease.
    Slow,
    /// Nothing gets through; the server is told at once, or never.
    Down,
    /// Requests get through, answers do not.
    Deaf,
    /// Reads work and writes are refused.
    ReadOnly,
}

/// Chooses the fate of a request.
pub fn fate(rng: &mut Rng, profile: &Profile, line: Line, is_write: bool) -> Fate {
    match line {
        Line::Good | Line::Slow => by_weather(rng, &profile.weather),
        Line::Spell => by_weather(rng, &profile.spell),
        Line::Down => pick(rng, &[Fate::Refused, Fate::RequestLost]),
        Line::Deaf => Fate::AnswerLost,
        Line::ReadOnly if is_write => Fate::Refused,
        Line::ReadOnly => Fate::Well,
    }
}

fn by_weather(rng: &mut Rng, weather: &Weather) -> Fate {
    let mut roll = rng.u32(0..1000);
    let weights = [
        (weather.request_lost, Fate::RequestLost),
        (weather.answer_lost, Fate::AnswerLost),
        (weather.refused, Fate::Refused),
        (weather.failed_unknown, Fate::FailedUnknown),
        (weather.doubled, Fate::Doubled),
        (weather.late_request, Fate::LateRequest),
        (weather.late_answer, Fate::LateAnswer),
        (weather.answered_twice, Fate::AnsweredTwice),
        (weather.nonsense, Fate::Nonsense),
    ];
    for (weight, fate) in weights {
        if roll < weight {
            return fate;
        }
        roll -= weight;
    }
    Fate::Well
}

/// A usual delay: short ones are common, each order of magnitude about as likely as the next.
pub fn delay(rng: &mut Rng, profile: &Profile, line: Line) -> u64 {
    let most = match line {
        Line::Slow => (profile.longest_lease() / 3) >> rng.u32(0..3),
        _ => profile.delay >> rng.u32(0..6),
    };
    rng.u64(most / 2..=most).max(1)
}

/// A long delay or time span: close to one of the times at which the lock changes its mind.
pub fn long(rng: &mut Rng, profile: &Profile) -> u64 {
    let place = &profile.places[rng.usize(0..profile.places.len())];
    let lease = place.lease;
    let anchor = match rng.u32(0..10) {
        0 => place.beat,
        1 => lease / 5,
        2 => lease / 2,
        3 => lease * 4 / 5,
        4 => lease,
        5 => lease * 5 / 4,
        6 => place.request_timeout,
        7 => lease * 2,
        8 => lease * 3,
        _ => rng.u64(1..lease * 4),
    };
    // A little before it as often as a little after.
    anchor * rng.u64(900..1120) / 1000 + 1
}
