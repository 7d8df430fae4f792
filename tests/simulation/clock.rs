//! The clocks of a simulated server: true time goes by in the world, and each server sees it in its own way.

/// One nanosecond is the unit of all times; this many are a millisecond.
pub const MS: u64 = 1_000_000;

const MILLION: i128 = 1_000_000;

/// A steady clock with an offset and a rate error, and a wall clock that shows anything.
#[derive(Clone, Debug)]
pub struct Clock {
    /// True time at which the present rate began.
    since: u64,
    /// What the clock showed then.
    shown: u64,
    /// By how many millionths it runs fast (or slow, below zero).
    ppm: i32,
    /// What is added to true time to give the wall clock, in milliseconds.
    wall_offset_ms: i64,
}

impl Clock {
    pub fn new(offset: u64, ppm: i32, wall_offset_ms: i64) -> Self {
        Self {
            since: 0,
            shown: offset,
            ppm,
            wall_offset_ms,
        }
    }

    /// What the steady clock shows at this true time.
    pub fn local(&self, now: u64) -> u64 {
        let passed = i128::from(now - self.since) * (MILLION + i128::from(self.ppm)) / MILLION;
        self.shown + u64::try_from(passed).expect("a clock does not run backwards")
    }

    /// The earliest true time at which the clock shows at least `local`, unless its rate changes before.
    pub fn when(&self, local: u64) -> u64 {
        let rate = MILLION + i128::from(self.ppm);
        let ahead = i128::from(local.saturating_sub(self.shown));
        let wait = (ahead * MILLION + rate - 1) / rate;
        self.since.saturating_add(u64::try_from(wait).unwrap_or(u64::MAX))
    }

    /// From `now` on the clock runs at another rate.
    pub fn set_rate(&mut self, now: u64, ppm: i32) {
        self.shown = self.local(now);
        self.since = now;
        self.ppm = ppm;
    }

    /// By how many millionths the clock runs fast.
    pub fn rate(&self) -> i32 {
        self.ppm
    }

    /// The wall clock in milliseconds since 1970.
    pub fn wall_ms(&self, now: u64) -> i64 {
        let passed = i64::try_from(now / MS).expect("a run does not last for ages");
        1_800_000_000_000_i64
            .saturating_add(passed)
            .saturating_add(self.wall_offset_ms)
    }

    /// Somebody sets the wall clock.
    pub fn set_wall_offset(&mut self, wall_offset_ms: i64) {
        self.wall_offset_ms = wall_offset_ms;
    }
}
