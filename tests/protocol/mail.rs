//! Gifts from one record to another, as a small model of its own: as `src/locker/outbox.rs`, `src/record/inbox.rs` and
//! `src/visit/courier.rs`.
//!
//! The giver's record has one session after another on two servers. Each session's courier delivers what the outbox had
//! when it was stored, and goes on when its session is over. The target is created and erased by others. Couriers' writes
//! land late, twice or never, and answers are lost. Versions are not counted: all that matters of a write under way is
//! whether the record is still the one that it was made from, and versions never come back.

use crate::explore::Small;

/// Sessions, and with them servers and couriers.
const SESSIONS: usize = 2;
/// Numbers of gifts in the giver's row.
const GIFTS: usize = 2;
/// Different gifts: after a loss, another session gives another one under the same number.
const KINDS: usize = SESSIONS * GIFTS;
/// Couriers' writes that were given up and may land yet.
const LATE: usize = 2;

/// A set of gifts, a bit for each.
type Gifts = u8;

fn number_of(gift: usize) -> u8 {
    (gift % GIFTS) as u8 + 1
}

/// The gift with the lowest number.
fn first_of(gifts: Gifts) -> Option<usize> {
    let all = (0..KINDS).filter(|gift| gifts & 1 << gift != 0);
    all.min_by_key(|gift| number_of(*gift))
}

/// The giver's record.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
struct Giver {
    /// Whose price is paid.
    paid: Gifts,
    outbox: Gifts,
    /// In its own inbox, since they could not be delivered.
    returned: Gifts,
    /// The last number that was given.
    last: u8,
}

/// The target's record, or the mark that is left where there is none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
struct Target {
    exists: bool,
    /// The highest number that was taken in or turned away.
    taken: u8,
    /// Numbers that were turned away, a bit for each.
    refused: u8,
    /// How often each gift came in.
    got: [u8; KINDS],
    /// A gift came in after one that was given later.
    overtaken: bool,
}

/// A session of the giver.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Session {
    /// The record as the session has it.
    own: Giver,
    /// What a save under way will store.
    saving: Option<Giver>,
    /// Gifts up to this number are stored, as far as it knows.
    durable: u8,
    /// Gifts up to this number were handed to the courier.
    handed: u8,
}

/// A write of the target by a courier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Write {
    gift: usize,
    /// It turns the gift away.
    refuses: bool,
    /// The target is still what it was when the courier read it.
    current: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Step {
    Idle,
    Sent(Write),
    /// The store has done it, or refused it; the answer is on its way.
    Done(Write, bool),
}

/// What one server does for the giver.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Server {
    session: Option<Session>,
    queue: Gifts,
    step: Step,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct State {
    giver: Giver,
    target: Target,
    servers: [Server; SESSIONS],
    late: [Option<Write>; LATE],
    /// The session that the stored record names.
    holder: usize,
    creations: u8,
    erasures: u8,
    faults: u8,
    crashed: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deed {
    Give(usize),
    SendSave(usize),
    LandSave(usize),
    TakeOver,
    CrashFirst,
    Read(usize),
    Land(usize),
    Answer(usize),
    LoseAnswer(usize),
    LoseRequest(usize),
    GiveUp(usize),
    LandLate(usize),
    LandTwice(usize),
    Create,
    Erase,
}

/// A rule of the protocol that is broken on purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Broken {
    NumberUnchecked,
    NoMark,
    HandedOutBeforeDurable,
    HandedOutPastSnapshot,
    ForgottenWhenSent,
    MissingSwallows,
    DoubtIsDone,
    NumbersBeginAnew,
    LastFirst,
    WrittenUnconditionally,
    EraseForgets,
}

impl Broken {
    pub const ALL: [Self; 11] = [
        Self::NumberUnchecked,
        Self::NoMark,
        Self::HandedOutBeforeDurable,
        Self::HandedOutPastSnapshot,
        Self::ForgottenWhenSent,
        Self::MissingSwallows,
        Self::DoubtIsDone,
        Self::NumbersBeginAnew,
        Self::LastFirst,
        Self::WrittenUnconditionally,
        Self::EraseForgets,
    ];

    pub fn text(self) -> &'static str {
        match self {
            Self::NumberUnchecked => "number of a gift not compared with the last one taken in",
            Self::NoMark => "gift turned away without a mark",
            Self::HandedOutBeforeDurable => "gift handed out before it is stored with its price",
            Self::HandedOutPastSnapshot => "gift handed out that was given after the save's snapshot",
            Self::ForgottenWhenSent => "gift leaves the outbox when its delivery begins",
            Self::MissingSwallows => "gift to a missing record counts as delivered",
            Self::DoubtIsDone => "delivery of unknown outcome counts as done",
            Self::NumbersBeginAnew => "next session numbers its gifts from the start again",
            Self::LastFirst => "later gift delivered before an earlier one",
            Self::WrittenUnconditionally => "delivery written unconditionally",
            Self::EraseForgets => "erased record forgets whose gifts it took in",
        }
    }
}

/// How much may go wrong, and which rule is broken.
#[derive(Clone, Copy, Debug)]
pub struct Mail {
    pub faults: u8,
    pub creations: u8,
    pub erasures: u8,
    pub broken: Option<Broken>,
}

impl Small for Mail {
    type State = State;
    type Deed = Deed;

    fn start(&self) -> State {
        let idle = Server {
            session: None,
            queue: 0,
            step: Step::Idle,
        };
        let mut state = State {
            giver: Giver::default(),
            target: Target::default(),
            servers: [idle; SESSIONS],
            late: [None; LATE],
            holder: 0,
            creations: 0,
            erasures: 0,
            faults: 0,
            crashed: false,
        };
        self.begin_session(&mut state, 0);
        state
    }

    fn deeds(&self, state: &State) -> Vec<Deed> {
        let mut deeds = Vec::new();
        if state.holder == 0 {
            deeds.push(Deed::TakeOver);
        }
        if !state.crashed && state.faults < self.faults {
            deeds.push(Deed::CrashFirst);
        }
        for (me, server) in state.servers.iter().enumerate() {
            Self::deeds_of_session(me, server, &mut deeds);
            self.deeds_of_courier(state, me, server, &mut deeds);
        }
        for (at, late) in state.late.iter().enumerate() {
            if late.is_some() {
                deeds.push(Deed::LandLate(at));
            }
        }
        if !state.target.exists && state.creations < self.creations {
            deeds.push(Deed::Create);
        }
        if state.target.exists && state.erasures < self.erasures {
            deeds.push(Deed::Erase);
        }
        deeds
    }

    fn after(&self, before: &State, deed: Deed) -> State {
        let mut state = *before;
        match deed {
            Deed::Give(me) => self.give(&mut state, me),
            Deed::SendSave(me) => {
                let session = state.servers[me].session.as_mut().expect("it has a session");
                session.saving = Some(session.own);
            }
            Deed::LandSave(me) => self.land_save(&mut state, me),
            Deed::TakeOver => self.begin_session(&mut state, 1),
            Deed::CrashFirst => {
                state.faults += 1;
                state.crashed = true;
                if let Step::Sent(write) = state.servers[0].step {
                    self.be_late(&mut state, write);
                }
                state.servers[0] = Server {
                    session: None,
                    queue: 0,
                    step: Step::Idle,
                };
            }
            Deed::Create => {
                state.creations += 1;
                state.target.exists = true;
                self.target_changed(&mut state);
            }
            Deed::Erase => {
                state.erasures += 1;
                state.target.exists = false;
                if self.has(Broken::EraseForgets) {
                    (state.target.taken, state.target.refused) = (0, 0);
                }
                self.target_changed(&mut state);
            }
            Deed::LandLate(at) => {
                if let Some(write) = state.late[at].take() {
                    self.land(&mut state, write);
                }
            }
            of_courier => self.courier(&mut state, of_courier),
        }
        state.late.sort_unstable();
        state
    }

    fn broken(&self, state: &State) -> Option<&'static str> {
        let got = |gift: &usize| state.target.got[*gift];
        let is_in = |gifts: Gifts, gift: usize| gifts & 1 << gift != 0;
        for gift in 0..KINDS {
            let (came, came_back) = (got(&gift), is_in(state.giver.returned, gift));
            if came > 1 {
                return Some("I5 a gift is taken in once");
            }
            if came > 0 && !is_in(state.giver.paid, gift) {
                return Some("I6 a gift leaves with its price");
            }
            if came > 0 && came_back {
                return Some("I6 a gift arrives or comes back, never both");
            }
            if is_in(state.giver.paid, gift) && came == 0 && !came_back && !is_in(state.giver.outbox, gift) {
                return Some("I5 no gift is lost");
            }
        }
        state.target.overtaken.then_some("I5 in the order of the sender")
    }
}

impl Mail {
    fn has(&self, broken: Broken) -> bool {
        self.broken == Some(broken)
    }

    fn deeds_of_session(me: usize, server: &Server, deeds: &mut Vec<Deed>) {
        let Some(session) = &server.session else {
            return;
        };
        if usize::from(session.own.last) < GIFTS {
            deeds.push(Deed::Give(me));
        }
        deeds.push(if session.saving.is_some() {
            Deed::LandSave(me)
        } else {
            Deed::SendSave(me)
        });
    }

    fn deeds_of_courier(&self, state: &State, me: usize, server: &Server, deeds: &mut Vec<Deed>) {
        let may_fail = state.faults < self.faults;
        match server.step {
            Step::Idle if server.queue != 0 => deeds.push(Deed::Read(me)),
            Step::Idle => {}
            Step::Sent(_) => {
                deeds.push(Deed::Land(me));
                if may_fail {
                    deeds.extend([Deed::LoseRequest(me), Deed::LandTwice(me)]);
                    if state.late.contains(&None) {
                        deeds.push(Deed::GiveUp(me));
                    }
                }
            }
            Step::Done(..) => {
                deeds.push(Deed::Answer(me));
                if may_fail {
                    deeds.push(Deed::LoseAnswer(me));
                }
            }
        }
    }

    /// The giver's record is acquired by the next server: what that one has is what is stored.
    fn begin_session(&self, state: &mut State, me: usize) {
        state.holder = me;
        let mut own = state.giver;
        if me > 0 && self.has(Broken::NumbersBeginAnew) {
            own.last = 0;
        }
        let durable = own.last;
        state.servers[me].session = Some(Session {
            own,
            saving: None,
            durable,
            handed: 0,
        });
        self.hand_out(state, me);
    }

    fn give(&self, state: &mut State, me: usize) {
        let session = state.servers[me].session.as_mut().expect("it has a session");
        let gift = 1 << (me * GIFTS + usize::from(session.own.last));
        session.own.last += 1;
        session.own.paid |= gift;
        session.own.outbox |= gift;
        if self.has(Broken::HandedOutBeforeDurable) {
            session.durable = session.own.last;
        }
        self.hand_out(state, me);
    }

    /// A session whose record is another's by now is over; its courier goes on.
    fn land_save(&self, state: &mut State, me: usize) {
        let session = state.servers[me].session.as_mut().expect("it has a session");
        let Some(stored) = session.saving.take() else {
            return;
        };
        if state.holder != me {
            state.servers[me].session = None;
            return;
        }
        state.giver = stored;
        session.durable = if self.has(Broken::HandedOutPastSnapshot) {
            session.own.last
        } else {
            stored.last
        };
        self.hand_out(state, me);
    }

    fn hand_out(&self, state: &mut State, me: usize) {
        let server = &mut state.servers[me];
        let Some(session) = &mut server.session else {
            return;
        };
        for gift in 0..KINDS {
            let (number, is_out) = (number_of(gift), session.own.outbox & 1 << gift != 0);
            if is_out && number <= session.durable && number > session.handed {
                server.queue |= 1 << gift;
            }
        }
        session.handed = session.handed.max(session.durable);
        if self.has(Broken::ForgottenWhenSent) {
            session.own.outbox &= !server.queue;
        }
    }

    fn courier(&self, state: &mut State, deed: Deed) {
        match deed {
            Deed::Read(me) => self.read(state, me),
            Deed::Land(me) => {
                if let Step::Sent(write) = state.servers[me].step {
                    let landed = self.land(state, write);
                    state.servers[me].step = Step::Done(write, landed);
                }
            }
            Deed::LandTwice(me) => {
                state.faults += 1;
                if let Step::Sent(write) = state.servers[me].step {
                    self.land(state, write);
                    let again = Write {
                        current: false,
                        ..write
                    };
                    let landed = self.land(state, again);
                    state.servers[me].step = Step::Done(write, landed);
                }
            }
            Deed::Answer(me) => {
                if let Step::Done(write, landed) = state.servers[me].step {
                    state.servers[me].step = Step::Idle;
                    if landed {
                        self.end(state, me, write.gift, write.refuses);
                    }
                }
            }
            Deed::LoseRequest(me) | Deed::LoseAnswer(me) => {
                state.faults += 1;
                self.in_doubt(state, me);
            }
            Deed::GiveUp(me) => {
                state.faults += 1;
                if let Step::Sent(write) = state.servers[me].step {
                    self.be_late(state, write);
                }
                self.in_doubt(state, me);
            }
            _ => unreachable!("{deed:?} is no deed of a courier"),
        }
    }

    fn in_doubt(&self, state: &mut State, me: usize) {
        let step = std::mem::replace(&mut state.servers[me].step, Step::Idle);
        if let (Step::Sent(write) | Step::Done(write, _), true) = (step, self.has(Broken::DoubtIsDone)) {
            self.end(state, me, write.gift, write.refuses);
        }
    }

    fn be_late(&self, state: &mut State, write: Write) {
        if let Some(free) = state.late.iter_mut().find(|late| late.is_none()) {
            *free = Some(write);
        }
    }

    /// The courier looks at the target and decides about its first gift.
    fn read(&self, state: &mut State, me: usize) {
        let queue = state.servers[me].queue;
        let Some(mut gift) = first_of(queue) else {
            return;
        };
        if self.has(Broken::LastFirst) {
            let all = (0..KINDS).filter(|gift| queue & 1 << gift != 0);
            gift = all.max_by_key(|gift| number_of(*gift)).unwrap_or(gift);
        }
        let number = number_of(gift);
        let checks = !self.has(Broken::NumberUnchecked);
        if checks && state.target.refused & 1 << number != 0 {
            return self.end(state, me, gift, true);
        }
        if checks && number <= state.target.taken {
            return self.end(state, me, gift, false);
        }
        let refuses = !state.target.exists;
        if refuses && self.has(Broken::MissingSwallows) {
            return self.end(state, me, gift, false);
        }
        if refuses && self.has(Broken::NoMark) {
            return self.end(state, me, gift, true);
        }
        state.servers[me].step = Step::Sent(Write {
            gift,
            refuses,
            current: true,
        });
    }

    /// The courier has done with a gift, which is in the target or came back.
    fn end(&self, state: &mut State, me: usize, gift: usize, came_back: bool) {
        let server = &mut state.servers[me];
        server.queue &= !(1 << gift);
        let Some(session) = &mut server.session else {
            return;
        };
        if session.own.outbox & 1 << gift != 0 {
            session.own.outbox &= !(1 << gift);
            session.own.returned |= u8::from(came_back) << gift;
        }
    }

    /// A write comes to the store; whether it is done.
    fn land(&self, state: &mut State, write: Write) -> bool {
        if !write.current && !self.has(Broken::WrittenUnconditionally) {
            return false;
        }
        let number = number_of(write.gift);
        if write.refuses {
            state.target.refused |= 1 << number;
        } else {
            let later = (0..KINDS).filter(|other| number_of(*other) > number);
            state.target.overtaken |= later.into_iter().any(|other| state.target.got[other] > 0);
            state.target.got[write.gift] = (state.target.got[write.gift] + 1).min(2);
        }
        state.target.taken = state.target.taken.max(number);
        self.target_changed(state);
        true
    }

    /// Whatever was read of the target before is out of date. A late write for which that holds will never land.
    fn target_changed(&self, state: &mut State) {
        for server in &mut state.servers {
            if let Step::Sent(write) = &mut server.step {
                write.current = false;
            }
        }
        for late in &mut state.late {
            if let Some(write) = late {
                write.current = false;
            }
            *late = late.filter(|_| self.has(Broken::WrittenUnconditionally));
        }
    }

    /// Whether all gifts are out of the outbox when nothing fails any more, and the second session goes on.
    pub fn comes_to_rest(&self, state: &State) -> bool {
        let calm = Self {
            faults: 0,
            creations: 0,
            erasures: 0,
            ..*self
        };
        let mut state = *state;
        for _ in 0..64 {
            let at_rest = state.holder == 1 && state.giver.outbox == 0 && state.servers[1].queue == 0;
            if at_rest
                && state.servers[1]
                    .session
                    .is_some_and(|session| session.own == state.giver)
            {
                return true;
            }
            let deeds = calm.deeds(&state);
            let due = |deed: &&Deed| !matches!(deed, Deed::Give(_) | Deed::LandLate(_) | Deed::SendSave(_));
            let save = deeds.iter().find(|deed| **deed == Deed::SendSave(1));
            let Some(deed) = deeds.iter().find(due).or(save) else {
                return false;
            };
            state = calm.after(&state, *deed);
        }
        false
    }
}
