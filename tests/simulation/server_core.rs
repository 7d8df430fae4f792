//! A server whose core is driven directly.

use crate::server::{name_of, Heard, LockerId, Server, Standing};
use crate::through_c::Engine;
use crate::view::Game;
use sessionlocker::change::Draft;
use sessionlocker::clock::Time;
use sessionlocker::engine::core::Core;
use sessionlocker::engine::event::{self, Event, SpecId, StoreId};
use sessionlocker::engine::visit::Sending;
use sessionlocker::error::{Error, ErrorKind};
use sessionlocker::locker::event::ChangeStatus;
use sessionlocker::locker::HandoverAnswer;
use sessionlocker::receipt::Receipt;
use sessionlocker::record::Document;
use sessionlocker::store::{Key, RequestId, StoreResult};
use sessionlocker::visit::guest::Purpose;
use std::collections::BTreeSet;
use std::time::Duration;

/// See the module.
pub struct CoreServer {
    core: Core,
    store: StoreId,
    spec: SpecId,
    /// Behave as the C interface does, where it lets a host do less.
    plain: bool,
    /// Lockers that the host has closed, and has no handle of.
    closed: BTreeSet<event::LockerId>,
}

impl CoreServer {
    pub fn new(core: Core, store: StoreId, spec: SpecId, plain: bool) -> Self {
        Self {
            core,
            store,
            spec,
            plain,
            closed: BTreeSet::new(),
        }
    }

    /// Whether the host could still name this locker if it had handles.
    fn is_known(&self, locker: event::LockerId) -> bool {
        !self.plain || !self.closed.contains(&locker)
    }
}

/// The core's name of a locker.
fn inner(locker: LockerId) -> event::LockerId {
    match locker {
        LockerId::Core(locker) => locker,
        LockerId::C(_) => unreachable!("a server has lockers of its own kind"),
    }
}

impl Server for CoreServer {
    fn core(&mut self) -> Option<&mut Core> {
        Some(&mut self.core)
    }

    fn engine(&self) -> Option<Engine> {
        None
    }

    fn next_due(&self, _now: Time) -> Option<Time> {
        self.core.next_due()
    }

    fn complete(&mut self, now: Time, wall: i64, id: RequestId, result: StoreResult) {
        self.core.note_wall_time(wall);
        self.core.complete(now, id, result);
    }

    fn notify(&mut self, now: Time, key: &Key) {
        self.core.notify(now, self.store, key);
    }

    fn complete_for_nobody(&mut self, _id: RequestId, _result: StoreResult) {}

    fn next_event(&mut self) -> Option<Heard> {
        Some(match self.core.next_event()? {
            Event::Locker { source, event } => Heard::Locker {
                locker: LockerId::Core(source.locker),
                tag: source.tag,
                event,
            },
            Event::Visit { key, tag, outcome, .. } => Heard::Visit {
                key: key.to_string(),
                tag,
                outcome,
            },
            Event::LeftBehind { .. } => Heard::LeftBehind,
            other => Heard::Engine(other),
        })
    }

    fn open_locker(&mut self, key: usize, default: Document) -> Result<LockerId, Error> {
        let opened = self.core.open_locker(self.spec, &name_of(key), key as u64, default)?;
        self.closed.remove(&opened);
        Ok(LockerId::Core(opened))
    }

    fn close_locker(&mut self, locker: LockerId) -> Result<(), Error> {
        self.closed.insert(inner(locker));
        self.core.close_locker(inner(locker))
    }

    fn mark_should_acquire(&mut self, locker: LockerId, name: Option<&str>) -> Result<(), Error> {
        self.core.mark_should_acquire(inner(locker), name)
    }

    fn mark_should_release(&mut self, locker: LockerId, name: Option<&str>) -> Result<(), Error> {
        self.core.mark_should_release(inner(locker), name)
    }

    fn mark_should_save(&mut self, locker: LockerId) -> Result<(), Error> {
        self.core.mark_should_save(inner(locker))
    }

    fn mark_force_save(&mut self, locker: LockerId) -> Result<(), Error> {
        self.core.mark_force_save(inner(locker))
    }

    fn is_available(&self, now: Time, locker: LockerId) -> bool {
        self.is_known(inner(locker)) && self.core.is_available(now, inner(locker))
    }

    fn status(&self, now: Time, locker: LockerId) -> Result<Standing, Error> {
        if !self.is_known(inner(locker)) {
            return Err(Error::new(ErrorKind::InvalidHandle, "the locker was closed"));
        }
        let status = self.core.status(now, inner(locker))?;
        Ok(Standing {
            epoch: status.epoch,
            wanted: status.wanted,
            idle: status.idle,
        })
    }

    fn answer_handover(&mut self, locker: LockerId, answer: HandoverAnswer) -> Result<(), Error> {
        self.core.answer_handover(inner(locker), answer)
    }

    fn document(&self, locker: LockerId) -> Result<Document, Error> {
        self.core.document(inner(locker)).cloned()
    }

    fn edit(&mut self, locker: LockerId, _before: &Game, after: &Game) -> Result<u64, Error> {
        let edited = self.core.edit(inner(locker), |document| {
            *document = Document::from_json(&after.to_json())?;
            Ok(())
        });
        edited.map(|((), change)| change)
    }

    fn change_status(&self, locker: LockerId, change: u64) -> Result<ChangeStatus, Error> {
        self.core.change_status(inner(locker), change)
    }

    fn await_change(&mut self, locker: LockerId, change: u64, tag: u64) -> Result<(), Error> {
        self.core.await_change(inner(locker), change, tag)
    }

    fn queue_change(&mut self, locker: LockerId, draft: Draft) -> Result<u64, Error> {
        self.core.queue_change(inner(locker), draft)
    }

    fn process_receipt(&mut self, locker: LockerId, receipt: Receipt) -> Result<(), Error> {
        self.core.process_receipt(inner(locker), receipt)
    }

    fn use_credit(&mut self, locker: LockerId, product: &str, tag: u64) -> Result<(), Error> {
        self.core.use_credit(inner(locker), product, tag)
    }

    fn credit(&self, locker: LockerId, product: &str) -> Result<i64, Error> {
        self.core.credit(inner(locker), product)
    }

    fn send_change(&mut self, wall: i64, key: usize, sending: Sending, default: Option<Document>) -> Result<(), Error> {
        if self.plain {
            self.core.note_wall_time(wall);
        }
        self.core.send_change(self.spec, &name_of(key), sending, default)
    }

    fn visit(&mut self, key: usize, purpose: Purpose, default: Document, tag: u64) -> Result<(), Error> {
        self.core.visit(self.spec, &name_of(key), purpose, default, tag)
    }

    fn begin_shutdown(&mut self, now: Time, patience: u64) {
        self.core.begin_shutdown(now, Duration::from_nanos(patience));
    }

    fn kill(&mut self) {}

    fn finish(&mut self) -> Result<(), String> {
        Ok(())
    }

    fn take_fault(&mut self) -> Option<String> {
        None
    }
}
