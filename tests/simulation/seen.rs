//! Interesting moments, recognised from outside: a run in which they never come proves little.

use crate::checker::Step;
use crate::tally::Seen;
use crate::transitions::State;
use crate::view::{HeaderView, Name, RecordView, ServerView};
use crate::world::{key_number, World};
use sessionlocker::store::{Kind, Operation};

/// Which process an engine's names come from.
pub fn process_of(name: Name) -> usize {
    usize::try_from(name.origin & 0xffff_ffff).unwrap_or(usize::MAX)
}

impl World {
    /// A record was written.
    pub fn observe_commit(&mut self, key: usize, step: &Step, flight: usize) {
        let process = self.flights[flight].process;
        let after = &step.after;
        self.observe_doubt(process, key, flight);
        let Some(before) = &step.before else {
            self.tally.see(Seen::Created);
            return;
        };
        let own = step.owner == Some(process);
        let forced = self.processes[process].desks[key].erased_by_force;
        if after.erased && !before.erased && !step.was_free && !forced {
            let text = format!("k{key} was erased by process {process} under a living session");
            self.checker.broken("I1", text);
        }
        self.observe_life(before, after, own && self.processes[process].schema < after.schema);
        if before.epoch == after.epoch && own && step.last_writer.is_some_and(|last| last != process) {
            self.tally.see(Seen::MergedConflict);
        }
        let loaded = self.processes[process].loaded.contains(&(key, after.epoch));
        if after.holder.is_none() && own && !loaded {
            self.tally.see(Seen::OrphanReleased);
        }
        let (Some(old), Some(new)) = (&before.holder, &after.holder) else {
            return;
        };
        if old.op == new.op && old.incarnation != new.incarnation {
            self.tally.see(Seen::ConfirmWon);
        }
        let (loser, winner) = (process_of(old.incarnation), process_of(new.incarnation));
        if loser == winner {
            return;
        }
        if self.processes[loser].alive {
            self.tally.see(Seen::TakeoverAlive);
        } else {
            self.tally.see(Seen::TakeoverDead);
        }
        if self.tried_to_release(loser, key, before.epoch) {
            self.tally.see(Seen::ReleaseLostTakeover);
        }
    }

    fn observe_life(&mut self, before: &HeaderView, after: &HeaderView, by_older_server: bool) {
        if after.erased && before.holder.is_some() {
            self.tally.see(Seen::ErasedUnderSession);
        }
        if before.erased && !after.erased {
            self.tally.see(Seen::Reborn);
        }
        if by_older_server {
            self.tally.see(Seen::OldServerKeepsVersion);
        }
    }

    /// An earlier write of the same process, which had been in doubt, is now known never to land.
    fn observe_doubt(&mut self, process: usize, key: usize, flight: usize) {
        let writes = &self.processes[process].desks[key].writes;
        let earlier = writes.iter().rev().find(|write| **write != flight);
        if let Some(&earlier) = earlier {
            if earlier < flight && !self.flights[earlier].applied && self.is_late(earlier) {
                self.tally.see(Seen::UnknownNotLanded);
            }
        }
    }

    /// Whether a process sent a release of this session that did not land.
    fn tried_to_release(&self, process: usize, key: usize, epoch: u64) -> bool {
        self.writes_of(process, key).any(|(flight, view)| {
            !self.flights[flight].applied && view.header.epoch == epoch && view.header.holder.is_none()
        })
    }

    fn writes_of(&self, process: usize, key: usize) -> impl Iterator<Item = (usize, RecordView)> + '_ {
        self.flights.iter().enumerate().filter_map(move |(number, flight)| {
            let request = &flight.request;
            if flight.process != process || request.key.kind != Kind::Record || key_number(&request.key) != key {
                return None;
            }
            match &request.operation {
                Operation::Put { value, .. } => Some((number, RecordView::parse(value).ok()?)),
                _ => None,
            }
        })
    }

    /// Whether a process tried to confirm this session and did not get through.
    pub fn tried_to_confirm(&self, process: usize, key: usize, epoch: u64) -> bool {
        let mut first = None;
        self.writes_of(process, key)
            .filter(|(_, view)| view.header.epoch == epoch)
            .filter_map(|(flight, view)| Some((flight, view.header.holder?.incarnation)))
            .any(|(flight, incarnation)| {
                *first.get_or_insert(incarnation) != incarnation && !self.flights[flight].applied
            })
    }

    /// Whether the last write of a key by a process that landed was never answered in time.
    pub fn last_write_unanswered(&self, process: usize, key: usize) -> bool {
        let writes = self.processes[process].desks[key].writes.iter().rev();
        writes
            .map(|write| &self.flights[*write])
            .find(|flight| flight.applied)
            .is_some_and(|flight| !flight.answered)
    }

    /// A server record was written.
    pub fn observe_server(&mut self, before: &ServerView, after: &ServerView, process: usize) {
        let own = process_of(before.incarnation) == process && process_of(after.incarnation) == process;
        if own && before.ended && before.incarnation != after.incarnation {
            self.tally.see(Seen::EndedFound);
        }
    }

    /// A host looks whether a record is available.
    pub fn note_availability(&mut self, process: usize, key: usize, available: bool) {
        let desk = &mut self.processes[process].desks[key];
        if desk.session.is_none() {
            desk.was_available = false;
            desk.was_suspect = false;
            return;
        }
        let before = std::mem::replace(&mut desk.was_available, available);
        if before && !available && !desk.releasing {
            desk.was_suspect = true;
            self.tally.see(Seen::Suspect);
            self.enter_state(process, key, State::Suspect);
        } else if !before && available && desk.was_suspect {
            desk.was_suspect = false;
            self.tally.see(Seen::AvailableAgain);
            self.enter_state(process, key, State::Held);
        }
    }
}
