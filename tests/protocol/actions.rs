//! What can happen next in a state, and what it is called in a story.

use crate::model::{Model, Notes, Sometimes, Step};
use crate::names::ENGINES;
use crate::planted::Planted;
use crate::state::{Engine, Flight, Phase, Put, State};
use crate::store::{Outcome, Purpose};

/// The state machine of an engine that sent a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Line {
    Beat,
    Watch,
    Locker,
}

const LINES: [Line; 3] = [Line::Beat, Line::Watch, Line::Locker];

/// Something that happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    Tick { standing_still: u8 },
    BeatLook(u8),
    Beat(u8),
    WatchLook(u8),
    WriteEnded(u8),
    WriteLetter(u8),
    Want(u8),
    Unwant(u8),
    Edit(u8),
    Read(u8),
    Write(u8, Purpose),
    Land(u8, Line),
    Answer(u8, Line),
    LandTwice(u8, Line),
    LoseRequest(u8, Line),
    LoseAnswer(u8, Line),
    GiveUp(u8, Line),
    LandLateRecord(u8),
    LandLateServer(u8),
    TakeLateAnswer,
    Crash(u8),
    Restart { me: u8, vouched: bool },
    Erase(u8),
}

/// How far the write on a line is; `None` if there is none.
fn write_on(engine: &Engine, line: Line) -> Option<Outcome> {
    fn of<T>(flight: &Flight<T>) -> Option<Outcome> {
        match flight {
            Flight::Put(put) => Some(put.outcome),
            Flight::None | Flight::Read(_) => None,
        }
    }
    match line {
        Line::Beat => of(&engine.beat.flight),
        Line::Watch => engine.watch.as_ref().and_then(|watch| of(&watch.flight)),
        Line::Locker => of(&engine.locker.flight),
    }
}

fn read_on(engine: &Engine, line: Line) -> bool {
    match line {
        Line::Beat => matches!(engine.beat.flight, Flight::Read(_)),
        Line::Watch => engine
            .watch
            .is_some_and(|watch| matches!(watch.flight, Flight::Read(_))),
        Line::Locker => matches!(engine.locker.flight, Flight::Read(_)),
    }
}

impl Model {
    /// Everything that can happen in this state.
    pub fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        actions.clear();
        self.ticks(state, actions);
        for me in 0..self.bound.engines as u8 {
            match &state.engines[usize::from(me)] {
                Some(engine) => {
                    self.own_actions(state, me, engine, actions);
                    for line in LINES {
                        self.network_actions(state, me, engine, line, actions);
                    }
                    if state.spent.crashes < self.bound.crashes {
                        actions.push(Action::Crash(me));
                    }
                }
                None if !self.bound.restarts => {}
                None => {
                    actions.push(Action::Restart { me, vouched: false });
                    actions.push(Action::Restart { me, vouched: true });
                }
            }
        }
        self.late_actions(state, actions);
    }

    fn ticks(&self, state: &State, actions: &mut Vec<Action>) {
        let mut may_stand = 0u8;
        for (me, engine) in state.engines.iter().enumerate() {
            if engine.is_some_and(|engine| engine.steady == self.steady() && engine.measures_lease(self.stop())) {
                may_stand |= 1 << me;
            }
        }
        for mask in 0..1 << self.bound.engines {
            if mask & !may_stand == 0 {
                actions.push(Action::Tick { standing_still: mask });
            }
        }
    }

    fn own_actions(&self, state: &State, me: u8, engine: &Engine, actions: &mut Vec<Action>) {
        if engine.beat.will_look() {
            actions.push(Action::BeatLook(me));
        }
        if engine.beat.may_write(self, !engine.locker.needs_lease()) {
            actions.push(Action::Beat(me));
        }
        if let Some(watch) = &engine.watch {
            if watch.may_look() {
                actions.push(Action::WatchLook(me));
            }
            if watch.ended_to_write(self.wait()).is_some() {
                actions.push(Action::WriteEnded(me));
            }
            if watch.letter_to_write(self.wait()).is_some() {
                actions.push(Action::WriteLetter(me));
            }
        }
        self.locker_actions(state, me, engine, actions);
    }

    fn locker_actions(&self, state: &State, me: u8, engine: &Engine, actions: &mut Vec<Action>) {
        let locker = &engine.locker;
        let epoch = state.record.map_or(0, |record| record.value.epoch);
        let acquisitions_left = epoch < self.bound.epochs;
        match &locker.phase {
            Phase::Idle if acquisitions_left && locker.flight.is_none() => actions.push(Action::Want(me)),
            Phase::Held(held) if !held.release_sent => {
                if state.spent.edits < self.bound.edits {
                    actions.push(Action::Edit(me));
                }
                if locker.wanted {
                    actions.push(Action::Unwant(me));
                }
            }
            Phase::Acquiring(_) if locker.wanted && self.bound.fickle => actions.push(Action::Unwant(me)),
            _ => {}
        }
        let acquires = matches!(locker.phase, Phase::Acquiring(_)) && locker.wanted;
        if locker.will_read() && (acquisitions_left || !acquires || self.may_adopt(engine)) {
            actions.push(Action::Read(me));
        }
        let step = self.step(*state);
        if let Some(purpose) = step.wanted_write(me) {
            actions.push(Action::Write(me, purpose));
        }
    }

    /// With no acquisitions left to make, an earlier try may still be found to have landed.
    fn may_adopt(&self, engine: &Engine) -> bool {
        matches!(&engine.locker.phase, Phase::Acquiring(acquire) if acquire.tries.iter().any(Option::is_some))
    }

    fn network_actions(&self, state: &State, me: u8, engine: &Engine, line: Line, actions: &mut Vec<Action>) {
        let faults_left = state.spent.faults < self.bound.faults;
        match write_on(engine, line) {
            Some(Outcome::Pending) => {
                actions.push(Action::Land(me, line));
                if faults_left {
                    actions.push(Action::LandTwice(me, line));
                    actions.push(Action::LoseRequest(me, line));
                    actions.push(Action::GiveUp(me, line));
                }
            }
            Some(_) => {
                actions.push(Action::Answer(me, line));
                if faults_left {
                    actions.push(Action::LoseAnswer(me, line));
                }
            }
            None if read_on(engine, line) => actions.push(Action::Answer(me, line)),
            None => {}
        }
    }

    fn late_actions(&self, state: &State, actions: &mut Vec<Action>) {
        for (index, late) in state.late_records.iter().enumerate() {
            if late.is_some() {
                actions.push(Action::LandLateRecord(index as u8));
            }
        }
        for (index, late) in state.late_servers.iter().enumerate() {
            if late.is_some() {
                actions.push(Action::LandLateServer(index as u8));
            }
        }
        if let Some((me, _)) = state.late_answer {
            let engine = &state.engines[usize::from(me)];
            if engine.is_some_and(|engine| write_on(&engine, Line::Locker).is_some()) {
                actions.push(Action::TakeLateAnswer);
            }
        }
        if state.spent.erasures < self.bound.erasures {
            for (server, record) in state.servers.iter().enumerate() {
                if record.is_some() {
                    actions.push(Action::Erase(server as u8));
                }
            }
        }
    }

    pub fn step(&self, state: State) -> Step<'_> {
        Step {
            model: self,
            state,
            notes: Notes::default(),
        }
    }

    /// The state after an action, and what was noticed on the way.
    pub fn after(&self, state: &State, action: Action) -> (State, Notes) {
        let mut step = self.step(*state);
        step.act(action);
        step.finish();
        (step.state, step.notes)
    }
}

impl Step<'_> {
    fn act(&mut self, action: Action) {
        match action {
            Action::Tick { standing_still } => self.tick(standing_still),
            Action::BeatLook(me) => self.send_beat_look(me),
            Action::Beat(me) => self.send_beat(me),
            Action::WatchLook(me) => self.send_watch_look(me),
            Action::WriteEnded(me) => self.send_ended(me),
            Action::WriteLetter(me) => self.send_letter(me),
            Action::Want(me) => self.want(me),
            Action::Unwant(me) => self.unwant(me),
            Action::Edit(me) => self.edit(me),
            Action::Read(me) => self.send_read(me),
            Action::Write(me, purpose) => self.send_write(me, purpose),
            Action::Land(me, line) => {
                self.land(me, line, false);
                if self.model.bound.prompt {
                    self.answer(me, line);
                }
            }
            Action::Answer(me, line) => self.answer(me, line),
            Action::TakeLateAnswer => self.take_late_answer(),
            Action::Restart { me, vouched } => {
                let candidate = self.new_incarnation(me);
                self.state.engines[usize::from(me)] = Some(Engine::started(candidate, vouched, self.model.steady()));
            }
            fault => self.act_of_chance(fault),
        }
        for me in 0..ENGINES as u8 {
            self.believe_all(me);
        }
    }

    fn act_of_chance(&mut self, fault: Action) {
        match fault {
            Action::LandTwice(me, line) => {
                self.state.spent.faults += 1;
                self.land(me, line, true);
            }
            Action::LoseRequest(me, line) | Action::LoseAnswer(me, line) => {
                self.state.spent.faults += 1;
                self.unanswered(me, line);
            }
            Action::GiveUp(me, line) => {
                self.state.spent.faults += 1;
                self.send_late(me, line);
                self.unanswered(me, line);
            }
            Action::LandLateRecord(index) => self.land_late_record(usize::from(index)),
            Action::LandLateServer(index) => {
                if let Some(late) = self.state.late_servers[usize::from(index)].take() {
                    self.land_server(&late.put);
                }
            }
            Action::Crash(me) => {
                self.state.spent.crashes += 1;
                for line in LINES {
                    self.send_late(me, line);
                }
                self.state.engines[usize::from(me)] = None;
                self.state.late_answer = None;
            }
            Action::Erase(server) => {
                self.state.spent.erasures += 1;
                self.state.servers[usize::from(server)] = None;
            }
            _ => {}
        }
    }

    fn land_late_record(&mut self, index: usize) {
        let Some(late) = self.state.late_records[index].take() else {
            return;
        };
        let landed = self.land_record(late.sender, &late.put);
        if landed.is_some() {
            self.note(Sometimes::LateWriteLanded);
        }
        let save = late.put.purpose == Purpose::Save && self.model.has(Planted::LateAnswersAccepted);
        if let Some(version) = landed.filter(|_| save) {
            self.state.late_answer = Some((late.sender, version));
        }
    }

    /// The write on a line comes to the store. `twice`: it is the second copy that is answered.
    fn land(&mut self, me: u8, line: Line, twice: bool) {
        let outcome = |version: Option<u8>| match version {
            Some(version) if !twice => Outcome::Written(version),
            _ => Outcome::Conflict,
        };
        let engine = *self.engine(me);
        match line {
            Line::Locker => {
                if let Flight::Put(put) = engine.locker.flight {
                    let outcome = outcome(self.land_record(me, &put));
                    self.engine(me).locker.flight = Flight::Put(Put { outcome, ..put });
                }
            }
            Line::Beat => {
                if let Flight::Put(put) = engine.beat.flight {
                    let outcome = outcome(self.land_server(&put));
                    self.engine(me).beat.flight = Flight::Put(Put { outcome, ..put });
                }
            }
            Line::Watch => {
                let flight = engine.watch.map_or(Flight::None, |watch| watch.flight);
                if let Flight::Put(put) = flight {
                    let outcome = outcome(self.land_server(&put));
                    if let Some(watch) = &mut self.engine(me).watch {
                        watch.flight = Flight::Put(Put { outcome, ..put });
                    }
                }
            }
        }
    }

    fn answer(&mut self, me: u8, line: Line) {
        match line {
            Line::Beat => self.answer_beat(me),
            Line::Watch => self.answer_watch(me),
            Line::Locker => self.answer_locker(me),
        }
    }

    fn unanswered(&mut self, me: u8, line: Line) {
        match line {
            Line::Beat => self.beat_unanswered(me),
            Line::Watch => self.watch_unanswered(me),
            Line::Locker => self.locker_unanswered(me),
        }
    }

    fn send_late(&mut self, me: u8, line: Line) {
        let engine = *self.engine(me);
        match line {
            Line::Locker => {
                if let Flight::Put(put) = engine.locker.flight {
                    self.send_late_record(me, put);
                }
            }
            Line::Beat => {
                if let Flight::Put(put) = engine.beat.flight {
                    self.send_late_server(me, put);
                }
            }
            Line::Watch => {
                if let Some(Flight::Put(put)) = engine.watch.map(|watch| watch.flight) {
                    self.send_late_server(me, put);
                }
            }
        }
    }

    /// Planted error: whatever the engine holds counts as held by its present incarnation.
    fn believe_all(&mut self, me: u8) {
        if !self.model.has(Planted::NoConfirmation) {
            return;
        }
        let Some(engine) = &mut self.state.engines[usize::from(me)] else {
            return;
        };
        if let (Phase::Held(held), Some(incarnation)) = (&mut engine.locker.phase, engine.beat.incarnation) {
            held.incarnation = incarnation;
        }
    }
}
