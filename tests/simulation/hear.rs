//! What hosts hear, and what they and the checker make of it.

use crate::checker::Verdict;
use crate::clock::MS;
use crate::process::Untold;
use crate::server::Heard;
use crate::tally::Seen;
use crate::view::Game;
use crate::world::{Event, World};
use sessionlocker::engine::event as core;
use sessionlocker::locker::event::{self as locker, ChangeStatus, LoadStatus, LossCause, ReleaseCause};
use sessionlocker::locker::HandoverAnswer;
use sessionlocker::receipt::{CreditOutcome, ReceiptOutcome};
use std::time::Duration;

impl World {
    /// A host takes its events.
    pub fn hear(&mut self, process: usize) {
        while let Some(event) = self.processes[process].server.next_event() {
            self.trace.number(process as u64);
            if self.processes[process].shut_down {
                // The host has gone.
                continue;
            }
            match event {
                Heard::Locker { locker, tag, event } => {
                    let key = usize::try_from(tag).expect("the tag of a locker is its key");
                    if self.processes[process].desks[key].locker == Some(locker) {
                        self.hear_locker(process, key, event);
                    }
                }
                Heard::Visit { key, tag, outcome } => {
                    self.trace.say(self.now, || {
                        let mut text = format!("{outcome:?}");
                        text.truncate(text.char_indices().nth(160).map_or(text.len(), |(at, _)| at));
                        format!("p{process} {key} hears under tag {tag}: {text}")
                    });
                    self.hear_visit(process, &key, tag, outcome);
                }
                Heard::LeftBehind => {}
                Heard::Engine(event) => self.hear_engine(process, &event),
            }
        }
        self.check_deadline(process);
    }

    fn hear_engine(&mut self, process: usize, event: &core::Event) {
        self.trace.say(self.now, || format!("p{process} hears {event:?}"));
        match event {
            core::Event::ServerIdInUse { superseded: true, .. } => {
                self.tally.see(Seen::Superseded);
                if self.ids_unique {
                    self.checker.broken(
                        "I7",
                        format!("process {process} is superseded, but nobody else has its id"),
                    );
                }
                // The host ends itself; sometimes it takes its time.
                let after = if self.host_rng.bool() {
                    MS
                } else {
                    self.profile.longest_lease()
                };
                self.queue.push(self.now + after, Event::Exit { process });
            }
            core::Event::ShutdownDone { left } => {
                self.tally.see(Seen::ShutdownDone);
                self.check_shutdown(process, *left);
                self.processes[process].shut_down = true;
                if self.stage.is_play() {
                    self.queue.push(self.now + MS, Event::Exit { process });
                }
            }
            _ => {}
        }
    }

    /// Whether the record has ever been of a version that a process does not know.
    fn was_too_new(&self, process: usize, key: usize) -> bool {
        self.checker.highest_need(key) > self.processes[process].schema
    }

    /// I12: a shutdown that leaves nobody behind has ended every session and told of every change.
    fn check_shutdown(&mut self, process: usize, left: usize) {
        let open = |desk: &crate::process::Desk| desk.session.is_some() || !desk.untold.is_empty();
        let early = self.processes[process]
            .shutting_down
            .is_some_and(|deadline| self.local(process).0 < deadline);
        if left > 0 && early {
            let text = format!("process {process}: the shutdown leaves {left} behind before its deadline");
            self.checker.broken("I12", text);
        }
        let desks = &self.processes[process].desks;
        if left == 0 && desks.iter().any(open) {
            let text = format!("process {process}: the shutdown is said to be complete, but: {desks:?}");
            self.checker.broken("I12", text);
        }
    }

    /// I12: a shutdown is done by its deadline.
    fn check_deadline(&mut self, process: usize) {
        let now = self.local(process).0;
        let running = &self.processes[process];
        if !running.shut_down && running.shutting_down.is_some_and(|deadline| now >= deadline) {
            self.checker.broken(
                "I12",
                format!("process {process}: the shutdown is not done by its deadline"),
            );
        }
    }

    fn hear_locker(&mut self, process: usize, key: usize, event: locker::Event) {
        self.trace.say(self.now, || {
            let mut text = format!("{event:?}");
            text.truncate(text.char_indices().nth(220).map_or(text.len(), |(at, _)| at));
            format!("p{process} k{key} hears {text}")
        });
        self.note_state(process, key, &event);
        match event {
            locker::Event::Loaded { epoch } => self.loaded(process, key, epoch),
            locker::Event::Saved { change } => {
                if self.last_write_unanswered(process, key) {
                    self.tally.see(Seen::UnknownLanded);
                }
                self.saved_through(process, key, change);
            }
            locker::Event::Released { cause, change } => self.released(process, key, cause, change),
            locker::Event::Lost {
                cause, saved, unknown, ..
            } => self.lost(process, key, cause, saved, unknown),
            locker::Event::ChangeSettled { change, tag, status } => self.settled(process, key, change, tag, status),
            locker::Event::HandoverRequested { .. } => self.asked_to_give(process, key),
            locker::Event::Receipt {
                purchase,
                outcome,
                taken_up: true,
                ..
            } => {
                self.tally.see(Seen::ReceiptTakenUp);
                let purchase = purchase.parse().expect("purchases have numbers");
                self.purchase_ended(key, purchase, outcome);
            }
            locker::Event::Receipt {
                purchase, tag, outcome, ..
            } => self.purchase_answered(process, key, &purchase, tag, outcome),
            locker::Event::CreditUsed {
                outcome: CreditOutcome::Used,
                ..
            } => self.tally.see(Seen::CreditUsed),
            locker::Event::LoadStatus(LoadStatus::UnknownVersion { .. }) if self.was_too_new(process, key) => {
                self.tally.see(Seen::TooNewTold);
            }
            locker::Event::LoadStatus(LoadStatus::DataRefused { .. }) => self.tally.see(Seen::MigrationFailed),
            locker::Event::ChangeApplied { .. } => self.tally.see(Seen::LetterApplied),
            locker::Event::LoadStatus(LoadStatus::Unreadable { .. } | LoadStatus::UnknownVersion { .. }) => {
                self.tally.see(Seen::DamageTold);
                if !self.profile.vandal {
                    self.checker
                        .broken("I9", format!("k{key} is said to be unreadable, and nobody damaged it"));
                }
            }
            locker::Event::LoadStatus(LoadStatus::StoreFailure { .. }) => self.send_away(process, key),
            locker::Event::LoadStatus(LoadStatus::LockedElsewhere { refused: true, .. }) => {
                self.tally.see(Seen::HandoverRefused);
            }
            _ => {}
        }
    }

    fn loaded(&mut self, process: usize, key: usize, epoch: u64) {
        let desk = &self.processes[process].desks[key];
        if desk.session.is_some() && desk.epoch == epoch {
            // Told again to a handle that was opened while the session went on.
            return;
        }
        if self.last_write_unanswered(process, key) {
            self.tally.see(Seen::AdoptLostAcquire);
        }
        self.check_loaded_data(process, key, epoch);
        let session = self.checker.begin_session(process, key, epoch);
        let running = &mut self.processes[process];
        running.loaded.insert((key, epoch));
        let desk = &mut running.desks[key];
        let forgotten: Vec<Untold> = desk.untold.drain(..).collect();
        desk.session = Some(session);
        desk.epoch = epoch;
        desk.was_available = false;
        desk.was_suspect = false;
        desk.releasing = false;
        desk.reacquired = false;
        if let Some(untold) = forgotten.first() {
            self.checker.broken(
                "I3",
                format!("k{key}: a session ended and nothing was told of edit {}", untold.edit),
            );
        }
    }

    /// I2: what is loaded is what was stored.
    fn check_loaded_data(&mut self, process: usize, key: usize, epoch: u64) {
        let running = &self.processes[process];
        let Some(locker) = running.desks[key].locker else {
            return;
        };
        let status = running.server.status(self.local(process), locker);
        let Some(document) = running.server.document(locker).ok().filter(|_| {
            // With a store that answers at once the session may be over already.
            status.is_ok_and(|status| status.epoch == Some(epoch))
        }) else {
            return;
        };
        let mut text = Vec::new();
        document.write_json(&mut text);
        let Ok(game) = Game::parse(&text) else {
            let text = String::from_utf8_lossy(&text);
            self.checker
                .broken("I2", format!("k{key}: loaded what nobody saved: {text}"));
            return;
        };
        self.checker.checks.loads += 1;
        let since = running.desks[key].wish_at;
        self.history.seen(key, process, since, self.now, &game.log);
        // Others may have written since, if this server was slow to hear of its own success.
        let stored = self.checker.view(key).map(|view| view.data.log.as_slice());
        if stored.is_some_and(|stored| !stored.starts_with(&game.log)) && !self.may_vanish() {
            let text = format!("k{key}: loaded {:?}, stored is {stored:?}", game.log);
            self.checker.broken("I2", text);
        }
    }

    /// Whether a record may be erased by somebody, or fall back to what it was.
    fn may_vanish(&self) -> bool {
        self.is_tampered() || self.profile.erases
    }

    fn saved_through(&mut self, process: usize, key: usize, change: u64) {
        loop {
            let desk = &mut self.processes[process].desks[key];
            match desk.untold.front() {
                Some(untold) if untold.change <= change => {
                    let edit = untold.edit;
                    desk.untold.pop_front();
                    self.told(edit, Verdict::Saved);
                    if self.checker.is_in_record(edit) {
                        self.history.saved(key, edit, self.now);
                    }
                }
                _ => return,
            }
        }
    }

    fn told(&mut self, edit: u32, verdict: Verdict) {
        if self.checker.told(edit, verdict) {
            self.tally.see(match verdict {
                Verdict::Saved => Seen::ReportedSaved,
                Verdict::Lost => Seen::ReportedLost,
                Verdict::Unknown => Seen::ReportedUnknown,
            });
        }
    }

    fn released(&mut self, process: usize, key: usize, cause: ReleaseCause, change: u64) {
        if self.last_write_unanswered(process, key) {
            self.tally.see(Seen::UnknownLanded);
        }
        self.saved_through(process, key, change);
        if cause == ReleaseCause::HandedOver {
            self.tally.see(Seen::HandedOver);
        }
        let (now, last_part) = (self.local(process).0, self.profile.longest_lease() / 10);
        let deadline = self.processes[process].shutting_down;
        if deadline.is_some_and(|deadline| now + last_part >= deadline) {
            self.tally.see(Seen::SavedAtDeadline);
        }
        self.session_over(process, key);
        let desk = &mut self.processes[process].desks[key];
        if let Some(untold) = desk.untold.front() {
            let text = format!("k{key}: released with edit {} unsaved", untold.edit);
            self.checker.broken("I2", text);
        }
    }

    fn lost(&mut self, process: usize, key: usize, cause: LossCause, saved: u64, unknown: u64) {
        let epoch = self.processes[process].desks[key].epoch;
        match cause {
            LossCause::Erased => {
                self.tally.see(Seen::ErasureTold);
                if !self.may_vanish() {
                    self.checker
                        .broken("I2", format!("k{key} is said to be erased, and nobody did"));
                }
            }
            LossCause::RolledBack if self.profile.falls_back => self.tally.see(Seen::RolledBackTold),
            LossCause::RolledBack if !self.profile.vandal => {
                self.checker
                    .broken("I2", format!("k{key} is said to be rolled back, and nobody did"));
            }
            _ => {}
        }
        if self.tried_to_confirm(process, key, epoch) {
            self.tally.see(Seen::ConfirmLost);
        }
        self.saved_through(process, key, saved);
        let rest: Vec<Untold> = self.processes[process].desks[key].untold.drain(..).collect();
        if !rest.is_empty() {
            self.tally.see(Seen::LostWithData);
        }
        for untold in rest {
            let verdict = if untold.change <= unknown {
                Verdict::Unknown
            } else {
                Verdict::Lost
            };
            self.told(untold.edit, verdict);
        }
        self.session_over(process, key);
    }

    /// The session has ended, and with it the wish for the record, unless the host has wished for it again since.
    fn session_over(&mut self, process: usize, key: usize) {
        let now = self.local(process);
        let running = &mut self.processes[process];
        let desk = &mut running.desks[key];
        desk.session = None;
        desk.wish_at = self.now;
        let status = desk.locker.map(|locker| running.server.status(now, locker));
        if status.is_none_or(|status| status.is_ok_and(|status| !status.wanted)) {
            desk.wanted = [false; 2];
        }
    }

    fn settled(&mut self, process: usize, key: usize, change: u64, tag: u64, status: ChangeStatus) {
        let desk = &mut self.processes[process].desks[key];
        let awaited = desk.awaited.remove(&tag);
        let edit = desk.edit_of.get(&change).copied();
        match (awaited, edit) {
            (Some(awaited), Some(edit)) if awaited == edit && status != ChangeStatus::Pending => {
                self.told_status(process, key, edit, status);
            }
            _ => self.checker.broken(
                "I3",
                format!("k{key}: tag {tag} was told {status:?} of change {change}, but waits for {awaited:?}"),
            ),
        }
    }

    pub fn told_status(&mut self, process: usize, key: usize, edit: u32, status: ChangeStatus) {
        match status {
            ChangeStatus::Pending => {
                let desk = &self.processes[process].desks[key];
                if !desk.untold.iter().any(|untold| untold.edit == edit) {
                    self.checker
                        .broken("I3", format!("k{key}: edit {edit} is pending again"));
                }
            }
            ChangeStatus::Saved => self.told(edit, Verdict::Saved),
            ChangeStatus::Lost => self.told(edit, Verdict::Lost),
            ChangeStatus::Unknown => self.told(edit, Verdict::Unknown),
        }
    }

    /// A load fails: an impatient host sends the player away, who comes back at once.
    fn send_away(&mut self, process: usize, key: usize) {
        let Some(locker) = self.processes[process].desks[key].locker else {
            return;
        };
        if self.profile.fickle && self.stage.is_play() && self.processes[process].desks[key].open {
            self.unwant(process, key, locker);
            self.wake(process);
            let patience = self.profile.places[self.processes[process].place].request_timeout;
            let at = self.now + self.host_rng.u64(MS..patience * 2);
            self.queue.push(at, Event::Rejoin { process, key });
        }
    }

    pub fn rejoin(&mut self, process: usize, key: usize) {
        if self.may_act(process) && self.stage.is_play() && !self.processes[process].shut_down {
            if let Some(locker) = self.locker(process, key) {
                self.want(process, key, locker);
                self.wake(process);
            }
        }
    }

    fn asked_to_give(&mut self, process: usize, key: usize) {
        let lease = self.profile.longest_lease();
        let answer = match self.host_rng.u32(0..4) {
            _ if !self.stage.is_play() => HandoverAnswer::Give { after: Duration::ZERO },
            0 => HandoverAnswer::Refuse,
            1 => HandoverAnswer::Give {
                after: self.through.time(self.host_rng.u64(0..lease)),
            },
            2 => HandoverAnswer::Give { after: Duration::ZERO },
            // Silence: what the spec says happens.
            _ => return,
        };
        self.trace
            .say(self.now, || format!("p{process} k{key} answers {answer:?}"));
        let running = &mut self.processes[process];
        if let Some(locker) = running.desks[key].locker {
            // Nobody may be asking any more: the answer is then refused, and that is as it should be.
            let _ = running.server.answer_handover(locker, answer);
            self.wake(process);
        }
    }

    fn purchase_answered(&mut self, process: usize, key: usize, name: &str, tag: u64, outcome: ReceiptOutcome) {
        let delivered = self.processes[process].desks[key].receipts.remove(&tag);
        let purchase: u32 = name.parse().expect("purchases have numbers");
        if delivered != Some(purchase) {
            let text = format!("k{key}: purchase {purchase} was answered under tag {tag}, of {delivered:?}");
            self.checker.broken("I4", text);
            return;
        }
        let epoch = self.processes[process].desks[key].epoch;
        let known = &mut self.purchases[purchase as usize];
        match outcome {
            ReceiptOutcome::NotProcessed => {
                self.tally.see(Seen::ReceiptNotProcessed);
                if !self.stage.is_play() && self.homes[key] == process && self.processes[process].desks[key].wants() {
                    self.deliver_at_home(purchase as usize);
                }
                return;
            }
            ReceiptOutcome::Granted { duplicate } | ReceiptOutcome::Credited { duplicate } => {
                let (first_epoch, first_process) = *known.granted.get_or_insert((epoch, process));
                if duplicate && first_epoch < epoch {
                    self.tally.see(Seen::ReceiptLaterEpoch);
                }
                if duplicate && first_process != process {
                    self.tally.see(Seen::ReceiptOtherServer);
                }
                if matches!(outcome, ReceiptOutcome::Credited { .. }) {
                    self.tally.see(Seen::ReceiptCredited);
                }
            }
            ReceiptOutcome::Pending { .. } => self.tally.see(Seen::ReceiptPending),
            ReceiptOutcome::Rejected { .. } => self.tally.see(Seen::ReceiptRejected),
            ReceiptOutcome::Revoked { .. } => self.tally.see(Seen::ReceiptRevoked),
            ReceiptOutcome::Parked { .. } => self.tally.see(Seen::ReceiptParked),
        }
        self.purchase_ended(key, purchase, outcome);
    }

    /// A host was told what has become of a purchase, durably.
    fn purchase_ended(&mut self, key: usize, purchase: u32, outcome: ReceiptOutcome) {
        match outcome {
            ReceiptOutcome::Granted { .. } => self.checker.told_granted(key, purchase, false),
            ReceiptOutcome::Credited { .. } => self.checker.told_granted(key, purchase, true),
            ReceiptOutcome::Pending { .. } => self.checker.told_end(key, purchase, "pending"),
            ReceiptOutcome::Rejected { .. } => self.checker.told_end(key, purchase, "rejected"),
            ReceiptOutcome::Revoked { .. } => self.checker.told_end(key, purchase, "revoked"),
            ReceiptOutcome::Parked { .. } => self.checker.told_end(key, purchase, "parked"),
            ReceiptOutcome::NotProcessed => {
                let text = format!("k{key}: purchase {purchase} was taken up, and is said not to be processed");
                self.checker.broken("I4", text);
            }
        }
    }
}
