//! What is done to the servers and to the store while the crowd plays.

use crate::crowd::Crowd;
use crate::tools::served::Served;
use std::time::{Duration, Instant};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    Kill,
    Pause,
    KillAll,
    KillStore,
    PauseStore,
}

/// Dealt in turn, in pairs with how long the server or the store is away, in leases: so each kind surely happens, and
/// soon. A server that is away for more than a lease stays so until others have taken over.
const DECK: [(Fault, f64); 10] = [
    (Fault::Pause, 1.8),
    (Fault::KillStore, 0.3),
    (Fault::Kill, 1.8),
    (Fault::Kill, 0.2),
    (Fault::PauseStore, 0.5),
    (Fault::KillAll, 0.2),
    (Fault::Pause, 0.3),
    (Fault::Kill, 0.1),
    (Fault::PauseStore, 1.5),
    (Fault::KillStore, 0.1),
];

/// How long an absence waits at most for others to take over: with a lock of the store in the hands of a paused process
/// nobody can.
const TAKEOVER_LIMIT: Duration = Duration::from_secs(30);

/// As many servers may be away at a time, of more than two.
const AWAY: usize = 2;

/// A server that is down or paused comes back at this time.
struct Absence {
    until: Instant,
    /// Later, but not later than this: as soon as more players were taken over than at the beginning.
    at_the_latest: Instant,
    taken_over_before: Option<u64>,
    predecessor_gone: bool,
}

pub struct Faults<'s> {
    store: Option<&'s mut Box<dyn Served>>,
    /// The store comes back then; true: it was killed.
    store_away: Option<(Instant, bool)>,
    /// One for each server.
    absences: Vec<Option<Absence>>,
    dealt: usize,
    next: Instant,
}

impl<'s> Faults<'s> {
    pub fn new(servers: usize, store: Option<&'s mut Box<dyn Served>>) -> Self {
        Self {
            store,
            store_away: None,
            absences: (0..servers).map(|_| None).collect(),
            dealt: 0,
            next: Instant::now() + Duration::from_secs(4),
        }
    }

    /// Whether each kind has happened.
    pub fn all_dealt(&self) -> bool {
        self.dealt >= DECK.len()
    }

    pub fn go_on(&mut self, crowd: &mut Crowd<'_>) {
        self.end_absences(crowd);
        if self.store_away.is_some_and(|(back, _)| back <= Instant::now()) {
            self.return_store();
        }
        let away = crowd.servers.iter().filter(|server| !server.is_up()).count();
        if away >= AWAY.min(crowd.servers.len() - 1) || self.store_away.is_some() {
            self.next = self.next.max(Instant::now() + Duration::from_millis(500));
        }
        if Instant::now() >= self.next {
            self.strike(crowd);
            self.next = Instant::now() + Duration::from_millis(crowd.random.u64(1_500..3_000));
        }
    }

    /// All come back.
    pub fn end(mut self, crowd: &mut Crowd<'_>) {
        self.return_store();
        for absence in self.absences.iter_mut().flatten() {
            absence.at_the_latest = Instant::now();
        }
        self.end_absences(crowd);
    }

    fn return_store(&mut self) {
        match (self.store_away.take(), &mut self.store) {
            (Some((_, true)), Some(store)) => store.start_again(),
            (Some((_, false)), Some(store)) => store.go_on(),
            _ => {}
        }
    }

    fn end_absences(&mut self, crowd: &mut Crowd<'_>) {
        for (place, slot) in self.absences.iter_mut().enumerate() {
            let taken_over = crowd.heard.taken_over;
            // Without its store a server does not start.
            if self.store_away.is_some() && !crowd.servers[place].is_paused() {
                continue;
            }
            let is_over = |absence: &mut Absence| {
                let now = Instant::now();
                let enough = absence.taken_over_before.is_none_or(|before| taken_over > before);
                now >= absence.at_the_latest || (now >= absence.until && enough)
            };
            let Some(absence) = slot.take_if(is_over) else { continue };
            if crowd.servers[place].is_paused() {
                crowd.servers[place].resume();
            } else {
                crowd.servers[place].start(crowd.settings, absence.predecessor_gone, &crowd.sender);
            }
        }
    }

    /// Deals the next fault.
    fn strike(&mut self, crowd: &mut Crowd<'_>) {
        let (fault, leases) = DECK[self.dealt % DECK.len()];
        self.dealt += 1;
        let of_store = matches!(fault, Fault::KillStore | Fault::PauseStore);
        if of_store && self.store.is_none() {
            return self.strike(crowd);
        }
        let first = crowd.any_place();
        let mut places = (first..crowd.servers.len()).chain(0..first);
        let place = places.find(|place| crowd.servers[*place].is_up()).unwrap_or(first);
        match fault {
            Fault::KillStore | Fault::PauseStore => {
                let Some(store) = &mut self.store else { return };
                let is_killed = fault == Fault::KillStore;
                if is_killed {
                    crowd.deeds.store_kills += 1;
                    store.kill();
                } else {
                    crowd.deeds.store_pauses += 1;
                    store.pause();
                }
                self.store_away = Some((Instant::now() + crowd.settings.lease.mul_f64(leases), is_killed));
            }
            Fault::Pause => {
                crowd.deeds.pauses += 1;
                if leases > 1.0 {
                    pause_without_locks(crowd, place);
                } else {
                    crowd.servers[place].pause();
                }
                self.absent(crowd, place, leases);
            }
            Fault::Kill => {
                crowd.kill(place);
                self.absent(crowd, place, leases);
            }
            Fault::KillAll => {
                for place in 0..crowd.servers.len() {
                    if self.absences[place].is_none() {
                        crowd.kill(place);
                        self.absent(crowd, place, leases);
                    }
                }
            }
        }
    }

    fn absent(&mut self, crowd: &mut Crowd<'_>, place: usize, leases: f64) {
        let until = Instant::now() + crowd.settings.lease.mul_f64(leases);
        self.absences[place] = Some(Absence {
            until,
            at_the_latest: until.max(Instant::now() + TAKEOVER_LIMIT),
            taken_over_before: (leases > 1.0).then_some(crowd.heard.taken_over),
            predecessor_gone: crowd.random.bool(),
        });
    }
}

/// Pauses a process that holds no lock of the store just then. One that does keeps all the others from the store until it
/// goes on, and then nobody can take over. The brief pauses take it as it comes.
fn pause_without_locks(crowd: &mut Crowd<'_>, place: usize) {
    for _ in 0..20 {
        crowd.servers[place].pause();
        crowd.play_for(Duration::from_millis(150)); // what was done before is heard
        let before = crowd.heard.stored();
        crowd.play_for(Duration::from_millis(500));
        if crowd.heard.stored() > before {
            return;
        }
        crowd.servers[place].resume();
        crowd.play_for(Duration::from_millis(50));
    }
    crowd.servers[place].pause();
}
