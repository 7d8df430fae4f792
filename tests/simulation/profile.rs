//! What a seed decides before its run begins: how many servers and keys, their timings, how bad the weather is.

use crate::clock::MS;
use crate::network::Fate;
use fastrand::Rng;

/// How much goes wrong in a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mood {
    /// The store and all servers are well; clocks may still be odd. Here nothing may be in doubt.
    Calm,
    /// Now and then something fails.
    Rough,
    /// Faults come in bursts and meet one another.
    Stormy,
}

/// How far the rates of the steady clocks are off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rates {
    /// At most a tenth: a holder's stop at 4/5 of the lease still comes before a contender's verdict.
    Bounded,
    /// Up to a half, and clocks that stand still in a pause: availability may overlap, data must not suffer.
    Wild,
}

/// The largest rate error within the bound, in millionths: (1 + r) / (1 - r) = 1.22 < 1.25.
pub const BOUNDED_PPM: i32 = 100_000;
/// The largest rate error beyond it.
pub const WILD_PPM: i32 = 500_000;

/// The settings of one server.
#[derive(Clone, Debug)]
pub struct Place {
    pub lease: u64,
    pub beat: u64,
    pub tick: u64,
    pub request_timeout: u64,
    pub max_in_flight: usize,
    pub autosave: u64,
    pub retry_min: u64,
    pub retry_max: u64,
    /// The host is asked before a record is handed over.
    pub asks: bool,
    /// Where the host does not answer, the record is kept.
    pub refuses: bool,
    /// The host has work to do before each save.
    pub before_save: bool,
    /// The schema version that its servers know.
    pub schema: u32,
    pub clock_offset: u64,
    pub wall_offset_ms: i64,
}

/// How often each fate befalls a request, out of 1000; what is left goes well.
#[derive(Clone, Debug, Default)]
pub struct Weather {
    pub request_lost: u32,
    pub answer_lost: u32,
    pub refused: u32,
    pub failed_unknown: u32,
    pub doubled: u32,
    pub late_request: u32,
    pub late_answer: u32,
    pub answered_twice: u32,
    pub nonsense: u32,
}

/// What a seed decided.
#[derive(Clone, Debug)]
pub struct Profile {
    pub mood: Mood,
    pub rates: Rates,
    /// Two living processes may have one server id.
    pub twins: bool,
    /// The store answers inside the call.
    pub instant: bool,
    /// Ticks on which nothing is due are left out, as an engine with a timer would.
    pub sparse_ticks: bool,
    pub places: Vec<Place>,
    pub keys: usize,
    /// How long faults and play go on.
    pub chaos: u64,
    /// The mean time between two deeds of one server's host.
    pub deed_every: u64,
    /// The mean time between two faults of the world: pauses, crashes, outages.
    pub fault_every: u64,
    /// The longest usual delay of one way between server and store.
    pub delay: u64,
    /// Always there.
    pub weather: Weather,
    /// While a server has a bad spell.
    pub spell: Weather,
    /// Somebody damages or erases records.
    pub vandal: bool,
    /// Two clocks at the ends of the bound, one record that its holder never gives away, lines that become slow and die:
    /// the moments at which a lease is nearly over come again and again.
    pub edge: bool,
    /// Hosts change their minds all the time.
    pub fickle: bool,
    /// Hosts send changes and gifts, update records that nobody holds, and look at records.
    pub mail: bool,
    /// The last key is seldom wanted and often sent to: for a long time there is no such record.
    pub shy: bool,
    /// How many changes wait in an inbox at most.
    pub inbox_limit: usize,
    /// The game erases records.
    pub erases: bool,
    /// The schema versions that servers know differ, and rise at restarts; which migrators are compatible.
    pub compatible: Option<[bool; 2]>,
    /// The store falls back to a standby that is behind.
    pub falls_back: bool,
    /// This request of the run fails, and all after it if so said.
    pub nth: Option<Nth>,
    /// Faults end for a part of the servers only; that part must get on.
    pub partial: bool,
    /// The store tells servers of what is written for them.
    pub pushes: Option<Pushes>,
}

/// What becomes of what the store pushes.
#[derive(Clone, Copy, Debug)]
pub struct Pushes {
    /// So many of 1000 are lost.
    pub lost: u32,
    /// The longest time that one takes.
    pub delay: u64,
}

/// The n-th request fails.
#[derive(Clone, Copy, Debug)]
pub struct Nth {
    pub number: u64,
    pub from_then_on: bool,
    pub fate: Fate,
}

/// The newest schema version of a run.
pub const NEWEST_SCHEMA: u32 = 3;

impl Profile {
    /// The profile of a seed.
    pub fn roll(rng: &mut Rng) -> Self {
        let mood = match rng.u32(0..100) {
            0..12 => Mood::Calm,
            12..45 => Mood::Rough,
            _ => Mood::Stormy,
        };
        let rates = if rng.u32(0..100) < 85 {
            Rates::Bounded
        } else {
            Rates::Wild
        };
        let lease = pick(rng, &[1000, 1000, 1500, 2000, 3000]) * MS;
        let servers = pick(rng, &[2, 2, 2, 3, 3, 4]);
        let same_settings = rng.bool();
        let first = Place::roll(rng, lease);
        let places: Vec<Place> = (0..servers)
            .map(|_| {
                let mut place = if same_settings {
                    first.clone()
                } else {
                    Place::roll(rng, lease)
                };
                place.clock_offset = rng.u64(0..1_000_000_000_000_000);
                place.wall_offset_ms = rng.i64(-100_000_000_000..100_000_000_000);
                place
            })
            .collect();
        let faulty = mood != Mood::Calm;
        let mut profile = Self {
            mood,
            rates,
            twins: faulty && rng.u32(0..100) < 10,
            instant: rng.u32(0..100) < 8,
            sparse_ticks: rng.u32(0..100) < 80,
            places,
            keys: pick(rng, &[1, 1, 1, 2, 2, 3]),
            chaos: lease * rng.u64(8..=16),
            deed_every: pick(rng, &[lease / 12, lease / 6, lease / 3, lease]),
            fault_every: match mood {
                Mood::Calm => u64::MAX,
                Mood::Rough => lease * 2,
                Mood::Stormy => pick(rng, &[lease / 3, lease / 2, lease]),
            },
            delay: pick(rng, &[MS, 5 * MS, 20 * MS, 50 * MS, lease / 12, lease / 5]),
            weather: if faulty { Weather::mild(rng) } else { Weather::default() },
            spell: Weather::foul(rng),
            vandal: faulty && rng.u32(0..100) < 10,
            edge: false,
            fickle: faulty && rng.u32(0..100) < 10,
            mail: rng.u32(0..100) < 60,
            shy: rng.u32(0..100) < 20,
            inbox_limit: pick(rng, &[1, 2, 8, 128]),
            erases: faulty && rng.u32(0..100) < 12,
            compatible: (rng.u32(0..100) < 25).then(|| [rng.bool(), rng.bool()]),
            falls_back: mood == Mood::Stormy && rng.u32(0..100) < 5,
            nth: (rng.u32(0..100) < 8).then(|| Nth::roll(rng)),
            partial: faulty && rng.u32(0..100) < 15,
            pushes: None,
        };
        if profile.shy {
            profile.mail = true;
            profile.keys = profile.keys.max(2);
        }
        if profile.compatible.is_some() {
            for place in &mut profile.places {
                place.schema = rng.u32(1..=NEWEST_SCHEMA);
            }
        }
        if mood == Mood::Stormy && rng.u32(0..100) < 20 {
            profile.go_to_the_edge(rng);
        }
        if profile.fickle {
            profile.deed_every = lease / 25;
        }
        profile.leave_time_for_letters();
        if mood == Mood::Calm {
            profile.delay = profile.delay.min(profile.brisk_delay());
        }
        profile
    }

    /// A letter is written a tick after the server record was read. Who ticks less often than the other beats may find
    /// another version each time, for ever where both keep step.
    fn leave_time_for_letters(&mut self) {
        let slowest = self.places.iter().map(|place| place.tick).max().unwrap_or(0);
        for place in &mut self.places {
            place.beat = place.beat.max(slowest * 5 / 4);
        }
    }

    fn go_to_the_edge(&mut self, rng: &mut Rng) {
        self.edge = true;
        self.vandal = false;
        self.erases = false;
        self.falls_back = false;
        self.compatible = None;
        self.shy = false;
        self.rates = Rates::Bounded;
        self.keys = 1;
        self.delay = MS;
        self.fault_every = self.longest_lease() / 2;
        self.deed_every = self.longest_lease() / 8;
        for place in &mut self.places {
            place.tick = 5 * MS;
            place.request_timeout = pick(rng, &[place.lease / 8, place.lease / 4, place.lease]);
            place.retry_max = place.retry_min.max(place.lease / 20);
            place.asks = false;
            place.refuses = true;
        }
    }

    /// Times are whole milliseconds, and no tick is left out: what a host can do that uses the C interface.
    pub fn make_plain(&mut self) {
        self.sparse_ticks = false;
        for place in &mut self.places {
            for time in [
                &mut place.beat,
                &mut place.request_timeout,
                &mut place.autosave,
                &mut place.retry_min,
                &mut place.retry_max,
            ] {
                *time -= *time % MS;
            }
        }
    }

    /// The longest delay at which no request is given up and no lease lapses: a slower store is a fault.
    pub fn brisk_delay(&self) -> u64 {
        let most = |place: &Place| (place.request_timeout / 4).min(place.lease / 12);
        self.places.iter().map(most).min().unwrap_or(MS)
    }

    /// Whether nobody wants this record but now and then.
    pub fn is_shy(&self, key: usize) -> bool {
        self.shy && key + 1 == self.keys
    }

    /// The longest lease of the run.
    pub fn longest_lease(&self) -> u64 {
        self.places.iter().map(|place| place.lease).max().unwrap_or(0)
    }
}

impl Pushes {
    /// Half of the stores push.
    pub fn roll(rng: &mut Rng) -> Option<Self> {
        rng.bool().then(|| Self {
            lost: pick(rng, &[0, 0, 100, 500]),
            delay: pick(rng, &[1, MS, 20 * MS, 1000 * MS]),
        })
    }
}

impl Nth {
    fn roll(rng: &mut Rng) -> Self {
        Self {
            number: rng.u64(0..400),
            from_then_on: rng.bool(),
            fate: pick(
                rng,
                &[Fate::Refused, Fate::FailedUnknown, Fate::RequestLost, Fate::AnswerLost],
            ),
        }
    }
}

impl Place {
    fn roll(rng: &mut Rng, usual_lease: u64) -> Self {
        let lease = if rng.u32(0..4) == 0 {
            pick(rng, &[1000, 1500, 2000, 3000]) * MS
        } else {
            usual_lease
        };
        Self {
            lease,
            beat: lease / pick(rng, &[3, 5, 8, 12, 12]),
            tick: pick(rng, &[5, 16, 33, 50, 100]) * MS,
            request_timeout: pick(rng, &[lease / 10, lease / 4, lease / 2, lease, lease * 2]),
            max_in_flight: pick(rng, &[1, 2, 8, 64]),
            autosave: pick(rng, &[lease / 4, lease, lease * 3]),
            retry_min: pick(rng, &[10, 50, 100]) * MS,
            retry_max: pick(rng, &[200, 500, 1000]) * MS,
            asks: rng.u32(0..3) == 0,
            refuses: rng.u32(0..4) == 0,
            before_save: rng.u32(0..4) == 0,
            schema: 1,
            clock_offset: 0,
            wall_offset_ms: 0,
        }
    }
}

impl Weather {
    fn mild(rng: &mut Rng) -> Self {
        let most = pick(rng, &[5, 15, 40]);
        Self::up_to(rng, most)
    }

    fn foul(rng: &mut Rng) -> Self {
        let most = pick(rng, &[60, 120, 250]);
        Self::up_to(rng, most)
    }

    /// Each fate with a weight of its own, some of them absent: runs with one kind of fault show what mixtures hide.
    fn up_to(rng: &mut Rng, most: u32) -> Self {
        let mut weight = || if rng.u32(0..3) == 0 { 0 } else { rng.u32(0..=most) };
        Self {
            request_lost: weight(),
            answer_lost: weight(),
            refused: weight(),
            failed_unknown: weight(),
            doubled: weight(),
            late_request: weight(),
            late_answer: weight(),
            answered_twice: weight(),
            nonsense: weight() / 4,
        }
    }
}

/// One of a list, all equally likely.
pub fn pick<T: Copy>(rng: &mut Rng, list: &[T]) -> T {
    list[rng.usize(0..list.len())]
}
