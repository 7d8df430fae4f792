//! What the engine tells, as the world is to hear it.

use super::data::take_document;
use super::CServer;
use crate::server::{Heard, LockerId};
use sessionlocker::engine::event::{Event, VisitOutcome};
use sessionlocker::error::Cause;
use sessionlocker::ffi::event::*;
use sessionlocker::ffi::handle::slk_locker;
use sessionlocker::ffi::host::{SLK_CAUSE_REQUEST, SLK_CAUSE_STORE};
use sessionlocker::ffi::result::*;
use sessionlocker::ffi::spec::*;
use sessionlocker::locker::call::SaveReason;
use sessionlocker::locker::event::{ChangeStatus, Event as LockerEvent, LoadStatus, LossCause, ReleaseCause};
use sessionlocker::receipt::{CreditOutcome, ReceiptOutcome};
use sessionlocker::record::Document;
use sessionlocker::visit::courier::Fate;
use sessionlocker::visit::guest::{Parting, Seen};
use std::ffi::{c_char, c_void, CStr};
use std::mem::MaybeUninit;

/// How many events are taken at a time, where several are.
const CAPACITY: usize = 4;

/// Takes events out of the engine: each server in one of the ways that there are.
pub fn take(server: &CServer) {
    match server.shared.number % 3 {
        0 => take_one(server),
        1 => take_some(server),
        _ => take_all(server),
    }
}

fn take_one(server: &CServer) {
    let mut event = MaybeUninit::<slk_event>::uninit();
    // SAFETY: the place is as large as said.
    let result = unsafe { slk_engine_next_event(server.engine, event.as_mut_ptr(), size_of::<slk_event>()) };
    if result != SLK_EMPTY {
        server.shared.expect("slk_engine_next_event", result, SLK_OK);
    }
    if result == SLK_OK {
        // SAFETY: it was written.
        keep(server, unsafe { event.assume_init_ref() });
    }
}

fn take_some(server: &CServer) {
    let mut events = [const { MaybeUninit::<slk_event>::uninit() }; CAPACITY];
    let mut count = 0;
    // SAFETY: the array has room for so many of this size.
    let result = unsafe {
        slk_engine_next_events(
            server.engine,
            events.as_mut_ptr().cast(),
            size_of::<slk_event>(),
            CAPACITY,
            &raw mut count,
        )
    };
    server.shared.expect("slk_engine_next_events", result, SLK_OK);
    for event in &events[..count] {
        // SAFETY: so many were written.
        keep(server, unsafe { event.assume_init_ref() });
    }
}

fn take_all(server: &CServer) {
    let user_data = std::ptr::from_ref(server).cast_mut().cast();
    // SAFETY: the callback takes the server that it is given here.
    let result = unsafe { slk_engine_dispatch(server.engine, Some(dispatched), user_data) };
    server.shared.expect("slk_engine_dispatch", result, SLK_OK);
}

unsafe extern "C" fn dispatched(user_data: *mut c_void, event: *const slk_event) {
    // SAFETY: the server outlives the call that was given it; the event lives until this returns.
    let (server, event) = unsafe { (&*user_data.cast::<CServer>(), &*event) };
    keep(server, event);
}

fn keep(server: &CServer, event: &slk_event) {
    let heard = Translator { server, event }.heard();
    match heard {
        Some(heard) => server.shared.heard.borrow_mut().push_back(heard),
        None => server.shared.fault(format!(
            "an event of kind {} makes no sense: result {}, detail {}, flags {:#x}, key {}",
            event.kind,
            event.result,
            event.detail,
            event.flags,
            text_at(event.key, event.key_length)
        )),
    }
}

fn text_at(at: *const c_char, length: usize) -> String {
    // SAFETY: the strings of an event end with a NUL and live as long as it is looked at.
    let text = unsafe { CStr::from_ptr(at) };
    assert_eq!(text.to_bytes().len(), length, "a string is as long as it is said to be");
    text.to_str().expect("strings are UTF-8").to_owned()
}

struct Translator<'a> {
    server: &'a CServer,
    event: &'a slk_event,
}

impl Translator<'_> {
    fn heard(&self) -> Option<Heard> {
        match self.event.kind {
            SLK_EVENT_CHANGE_SENT | SLK_EVENT_RECORD_UPDATED | SLK_EVENT_RECORD_VIEWED | SLK_EVENT_RECORD_ERASED => {
                self.is_of_spec().then_some(Heard::Visit {
                    key: self.key(),
                    tag: self.event.tag,
                    outcome: self.visit_outcome()?,
                })
            }
            SLK_EVENT_LEFT_BEHIND => self.is_of_spec().then_some(Heard::LeftBehind),
            SLK_EVENT_SUSPECT
            | SLK_EVENT_ENDED
            | SLK_EVENT_SERVER_ID_IN_USE
            | SLK_EVENT_SUPERSEDED
            | SLK_EVENT_STORE_TROUBLE
            | SLK_EVENT_SHUTDOWN_DONE
            | SLK_EVENT_STORE_CRITICAL
            | SLK_EVENT_STORE_RECOVERED => self.engine_event().map(Heard::Engine),
            SLK_EVENT_AVAILABLE if self.event.key_length == 0 => self.engine_event().map(Heard::Engine),
            _ => Some(Heard::Locker {
                locker: self.locker()?,
                tag: self.event.user_tag,
                event: self.locker_event()?,
            }),
        }
    }

    fn key(&self) -> String {
        text_at(self.event.key, self.event.key_length)
    }

    fn text(&self) -> String {
        text_at(self.event.text, self.event.text_length)
    }

    fn name(&self) -> String {
        text_at(self.event.name, self.event.name_length)
    }

    fn cause(&self) -> Cause {
        match self.event.cause {
            SLK_CAUSE_REQUEST => Cause::Request,
            SLK_CAUSE_STORE => Cause::Store,
            _ => Cause::Unknown,
        }
    }

    fn document(&self) -> Option<Document> {
        take_document(self.event.document).ok()
    }

    fn has(&self, flag: u32) -> bool {
        self.event.flags & flag != 0
    }

    fn is_of_spec(&self) -> bool {
        self.event.spec == self.server.spec
    }

    /// The locker that the event is about. One whose handle is null was closed, or is one before the present one of its
    /// key.
    fn locker(&self) -> Option<LockerId> {
        let tag = usize::try_from(self.event.user_tag).ok()?;
        if !self.is_of_spec() || self.key() != crate::server::name_of(tag) {
            return None;
        }
        let opened = self.server.lockers.get(&tag)?;
        if opened.handle == self.event.locker {
            Some(LockerId::C(opened.number))
        } else if self.event.locker == slk_locker::default() {
            Some(LockerId::C(0))
        } else {
            None
        }
    }

    fn engine_event(&self) -> Option<Event> {
        let store = self.name();
        Some(match self.event.kind {
            SLK_EVENT_SUSPECT => Event::Suspect { store },
            SLK_EVENT_AVAILABLE => Event::Fresh { store },
            SLK_EVENT_ENDED => Event::Ended { store },
            SLK_EVENT_SERVER_ID_IN_USE | SLK_EVENT_SUPERSEDED => Event::ServerIdInUse {
                store,
                superseded: self.event.kind == SLK_EVENT_SUPERSEDED,
            },
            SLK_EVENT_STORE_TROUBLE => Event::StoreTrouble {
                store,
                text: self.text(),
                cause: self.cause(),
            },
            SLK_EVENT_SHUTDOWN_DONE => Event::ShutdownDone {
                left: usize::try_from(self.event.count).ok()?,
            },
            SLK_EVENT_STORE_CRITICAL => Event::StoreCritical {
                store,
                text: self.text(),
                cause: self.cause(),
            },
            SLK_EVENT_STORE_RECOVERED => Event::StoreRecovered { store },
            _ => return None,
        })
    }

    fn locker_event(&self) -> Option<LockerEvent> {
        let event = self.event;
        let (change, tag) = (event.change, event.tag);
        Some(match event.kind {
            SLK_EVENT_LOADED => LockerEvent::Loaded { epoch: event.epoch },
            SLK_EVENT_AVAILABLE => LockerEvent::Confirmed { epoch: event.epoch },
            SLK_EVENT_LOAD_STATUS => LockerEvent::LoadStatus(self.load_status()?),
            SLK_EVENT_RELEASED => LockerEvent::Released {
                cause: match event.detail {
                    SLK_RELEASE_RELEASED => ReleaseCause::Released,
                    SLK_RELEASE_HANDED_OVER => ReleaseCause::HandedOver,
                    SLK_RELEASE_SHUTDOWN => ReleaseCause::Shutdown,
                    _ => return None,
                },
                change,
            },
            SLK_EVENT_LOST => LockerEvent::Lost {
                cause: match event.detail {
                    SLK_LOSS_TAKEN => LossCause::Taken,
                    SLK_LOSS_ERASED => LossCause::Erased,
                    SLK_LOSS_ROLLED_BACK => LossCause::RolledBack,
                    _ => return None,
                },
                document: self.document()?,
                saved: change,
                unknown: event.unknown_change,
                text: self.text(),
            },
            SLK_EVENT_SAVED => LockerEvent::Saved { change },
            SLK_EVENT_CHANGE_SETTLED => LockerEvent::ChangeSettled {
                change,
                tag,
                status: match event.result {
                    SLK_SAVED => ChangeStatus::Saved,
                    SLK_LOST => ChangeStatus::Lost,
                    SLK_UNKNOWN => ChangeStatus::Unknown,
                    _ => return None,
                },
            },
            SLK_EVENT_SAVE_TROUBLE => LockerEvent::SaveTrouble {
                text: self.text(),
                cause: self.cause(),
            },
            SLK_EVENT_HANDOVER_REQUESTED => LockerEvent::HandoverRequested { server: self.name() },
            SLK_EVENT_RECEIPT => LockerEvent::Receipt {
                purchase: self.name(),
                tag,
                outcome: self.receipt_outcome()?,
                text: self.text(),
                taken_up: self.has(SLK_EVENT_TAKEN_UP),
            },
            SLK_EVENT_CREDIT_USED => LockerEvent::CreditUsed {
                product: self.name(),
                tag,
                outcome: match event.result {
                    SLK_OK => CreditOutcome::Used,
                    SLK_EMPTY => CreditOutcome::NoCredit,
                    SLK_NOT_APPLICABLE => CreditOutcome::NotApplicable,
                    SLK_NOT_PROCESSED => CreditOutcome::NotUsed,
                    _ => return None,
                },
                text: self.text(),
            },
            SLK_EVENT_CALLBACK_FAILED => LockerEvent::CallbackFailed { text: self.text() },
            SLK_EVENT_IDLE => LockerEvent::Idle,
            SLK_EVENT_SAVING => LockerEvent::Saving(self.save_reason()?),
            SLK_EVENT_CHANGE_APPLIED => LockerEvent::ChangeApplied {
                kind: self.name(),
                from: self.text(),
                change,
            },
            SLK_EVENT_CREDIT_CHANGED => LockerEvent::CreditChanged {
                product: self.name(),
                amount: event.amount,
            },
            // The simulated game has no use for what leads to any other.
            _ => return None,
        })
    }

    fn load_status(&self) -> Option<LoadStatus> {
        let text = self.text();
        Some(match self.event.detail {
            SLK_LOAD_IDLE => LoadStatus::Idle,
            SLK_LOAD_LOADING => LoadStatus::Loading,
            SLK_LOAD_STORE_FAILURE => LoadStatus::StoreFailure {
                text,
                cause: self.cause(),
            },
            SLK_LOAD_LOCKED_ELSEWHERE => LoadStatus::LockedElsewhere {
                server: self.name(),
                since_ms: self.event.since_ms,
                refused: self.has(SLK_EVENT_REFUSED),
            },
            SLK_LOAD_UNKNOWN_VERSION => LoadStatus::UnknownVersion {
                text,
                needs: u32::try_from(self.event.count).ok()?,
            },
            SLK_LOAD_UNREADABLE => LoadStatus::Unreadable { text },
            SLK_LOAD_DATA_REFUSED => LoadStatus::DataRefused { text },
            SLK_LOAD_LOADED => LoadStatus::Loaded,
            SLK_LOAD_RELEASING => LoadStatus::Releasing,
            _ => return None,
        })
    }

    fn save_reason(&self) -> Option<SaveReason> {
        Some(match self.event.detail {
            SLK_SAVE_AUTOSAVE => SaveReason::Autosave,
            SLK_SAVE_ASKED => SaveReason::Asked,
            SLK_SAVE_RECEIPT => SaveReason::Receipt,
            SLK_SAVE_CONFIRM => SaveReason::Confirm,
            SLK_SAVE_RELEASED => SaveReason::Last(ReleaseCause::Released),
            SLK_SAVE_HANDED_OVER => SaveReason::Last(ReleaseCause::HandedOver),
            SLK_SAVE_SHUTDOWN => SaveReason::Last(ReleaseCause::Shutdown),
            _ => return None,
        })
    }

    fn receipt_outcome(&self) -> Option<ReceiptOutcome> {
        let duplicate = self.has(SLK_EVENT_DUPLICATE);
        Some(match self.event.result {
            SLK_GRANTED => ReceiptOutcome::Granted { duplicate },
            SLK_CREDITED => ReceiptOutcome::Credited { duplicate },
            SLK_PENDING => ReceiptOutcome::Pending { duplicate },
            SLK_REJECTED => ReceiptOutcome::Rejected { duplicate },
            SLK_REVOKED => ReceiptOutcome::Revoked { duplicate },
            SLK_PARKED => ReceiptOutcome::Parked { duplicate },
            SLK_NOT_PROCESSED => ReceiptOutcome::NotProcessed,
            _ => return None,
        })
    }

    fn visit_outcome(&self) -> Option<VisitOutcome> {
        Some(match self.event.kind {
            SLK_EVENT_CHANGE_SENT => VisitOutcome::Send(self.fate(SLK_OK)?),
            SLK_EVENT_RECORD_UPDATED => VisitOutcome::Update(self.fate(SLK_SAVED)?),
            SLK_EVENT_RECORD_VIEWED => VisitOutcome::View(self.parting(true)?),
            SLK_EVENT_RECORD_ERASED => VisitOutcome::Erase(self.parting(false)?),
            _ => return None,
        })
    }

    fn fate(&self, delivered: slk_result) -> Option<Fate> {
        let text = self.text();
        Some(match self.event.result {
            result if result == delivered => Fate::Delivered,
            SLK_EMPTY => Fate::Missing,
            SLK_E_FULL => Fate::Full,
            SLK_LOCKED_ELSEWHERE => Fate::Locked { server: self.name() },
            SLK_E_CALLBACK => Fate::Refused { text },
            SLK_LOST => Fate::NotSent { text },
            SLK_UNKNOWN => Fate::Unknown { text },
            _ => return None,
        })
    }

    fn parting(&self, looks: bool) -> Option<Parting> {
        let text = self.text();
        Some(match self.event.result {
            SLK_OK if looks => Parting::Seen(Box::new(self.seen()?)),
            SLK_OK => Parting::Erased {
                line: None,
                outgoing: Vec::new(),
            },
            SLK_EMPTY => Parting::Missing,
            SLK_LOCKED_ELSEWHERE => Parting::Locked { server: self.name() },
            SLK_UNREADABLE | SLK_E_STORE => Parting::Failed {
                text,
                unreadable: self.event.result == SLK_UNREADABLE,
            },
            _ => return None,
        })
    }

    fn seen(&self) -> Option<Seen> {
        let holder = self.name();
        Some(Seen {
            document: self.document()?,
            epoch: self.event.epoch,
            schema: u32::try_from(self.event.count).ok()?,
            holder: (!holder.is_empty()).then_some((holder, self.event.since_ms)),
            users: Vec::new(),
            saved_ms: 0,
        })
    }
}
