//! A look at a record that does not take it, and the erasing of one.

use super::{read_found, words_of, Found, Pace, VisitOutputs};
use crate::clock::Time;
use crate::locker::call::{CallAnswer, HostCall};
use crate::locker::inputs::{Inputs, Priority};
use crate::locker::prepare::{unfit, Preparation, Task};
use crate::locker::{Built, Spec};
use crate::planted::Bug;
use crate::rare::Rare;
use crate::record::codec::Encoded;
use crate::record::header::Header;
use crate::record::outbox::Outgoing;
use crate::record::stamp::OperationId;
use crate::record::Document;
use crate::store::{Key, Operation, Reply, Request, StoreResult};
use std::sync::Arc;
use std::time::Duration;

/// After so long without success a guest goes home.
const PATIENCE: Duration = Duration::from_secs(60);

/// What a guest comes for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// To look.
    View,
    /// To erase the data; `force` also from under a living session.
    Erase {
        /// Whether a session is ended.
        force: bool,
    },
}

/// What is known of a record that was looked at.
#[derive(Clone, Debug)]
pub struct Seen {
    /// The data, brought to the schema version that this server knows.
    pub document: Document,
    /// The fencing token of the present or last session.
    pub epoch: u64,
    /// The schema version that is stored.
    pub schema: u32,
    /// The server that holds it, and since when by its clock.
    pub holder: Option<(String, i64)>,
    /// The ids of the people whom it is about.
    pub users: Vec<String>,
    /// When it was last saved, by the clock of the server that did.
    pub saved_ms: i64,
}

/// How a visit ended.
#[derive(Clone, Debug)]
pub enum Parting {
    /// The record was seen.
    Seen(Box<Seen>),
    /// It has been erased.
    Erased {
        /// What was on its way from there.
        line: Option<String>,
        /// Still to be delivered.
        outgoing: Vec<Outgoing>,
    },
    /// There is no record.
    Missing,
    /// This server holds it, and it was not to be ended.
    Locked {
        /// That server's id.
        server: String,
    },
    /// It did not work out.
    Failed {
        /// Why.
        text: String,
        /// The record is there and cannot be understood.
        unreadable: bool,
    },
}

enum Step {
    Read,
    Reading,
    Prepare(Box<Found>, Box<Preparation>),
    Asking(Box<Found>, Box<Preparation>, Task),
    Write(Box<Found>),
    Writing(Box<Found>),
    Gone,
}

/// One visit.
pub struct Guest {
    spec: Arc<Spec>,
    key: Key,
    purpose: Purpose,
    default: Document,
    step: Step,
    pace: Pace,
    since: Option<Time>,
    parting: Option<Parting>,
    /// The server whose session ends with the record that is erased.
    ousted: Option<Arc<str>>,
}

impl Guest {
    /// A visit to one record. `default` fills up what is seen, where the spec wants that.
    #[must_use]
    pub fn new(spec: Arc<Spec>, key: Key, purpose: Purpose, default: Document) -> Self {
        Self {
            spec,
            key,
            purpose,
            default,
            step: Step::Read,
            pace: Pace::default(),
            since: None,
            parting: None,
            ousted: None,
        }
    }

    /// How it ended; once.
    pub fn take_parting(&mut self) -> Option<Parting> {
        self.parting.take()
    }

    /// Advances as far as possible without the store, and says what is wanted.
    pub fn poll(&mut self, inputs: &Inputs<'_>, out: &mut VisitOutputs) {
        if matches!(
            self.step,
            Step::Reading | Step::Writing(_) | Step::Asking(..) | Step::Gone
        ) {
            return;
        }
        if let Some(until) = self.pace.too_early(inputs.now) {
            out.wake = Some(until);
            return;
        }
        if matches!(self.step, Step::Prepare(..)) {
            return self.ask(out);
        }
        out.send = Some(Priority::Load);
    }

    /// Makes the request that `poll` asked to send.
    pub fn build(&mut self) -> Built {
        let operation = match std::mem::replace(&mut self.step, Step::Gone) {
            Step::Read => {
                self.step = Step::Reading;
                Operation::Get
            }
            Step::Write(found) => {
                let record = Encoded::new(&found.header, &found.document);
                let operation = record.put(found.expected(), false, self.ousted.take());
                self.step = Step::Writing(found);
                operation
            }
            other => {
                self.step = other;
                return Built::Nothing;
            }
        };
        Built::Request(Request {
            key: self.key.clone(),
            operation,
        })
    }

    /// Takes the answer to the request that `build` made.
    pub fn reply(&mut self, inputs: &Inputs<'_>, op: OperationId, result: StoreResult) {
        match (std::mem::replace(&mut self.step, Step::Read), result) {
            (Step::Reading, Ok(Reply::Missing)) => self.leave(Parting::Missing),
            (Step::Reading, Ok(Reply::Found { value, version })) => {
                match read_found(&self.spec, inputs, &value, version) {
                    Ok(found) => self.decide(inputs, op, found),
                    Err(fault) => self.leave(Parting::Failed {
                        text: words_of(&fault),
                        unreadable: true,
                    }),
                }
            }
            (Step::Writing(found), Ok(Reply::Written { .. })) => self.leave_erased(&found.header),
            (Step::Writing(_), Ok(Reply::Conflict)) => self.failed(inputs, "others keep writing the record"),
            (_, Ok(other)) => {
                let text = format!("the store answered with '{}'", other.name());
                self.failed(inputs, &text);
            }
            (_, Err(error)) => self.failed(inputs, &error.to_string()),
        }
    }

    fn failed(&mut self, inputs: &Inputs<'_>, text: &str) {
        let since = *self.since.get_or_insert(inputs.now);
        if inputs.now >= since.after(PATIENCE) {
            let text = text.to_owned();
            return self.leave(Parting::Failed {
                text,
                unreadable: false,
            });
        }
        self.pace.failed(&self.spec, inputs);
    }

    /// Nobody waits any longer.
    pub fn dismiss(&mut self, text: &str) {
        if !matches!(self.step, Step::Gone) {
            let text = text.to_owned();
            self.leave(Parting::Failed {
                text,
                unreadable: false,
            });
        }
    }

    fn leave(&mut self, parting: Parting) {
        self.step = Step::Gone;
        self.parting = Some(parting);
    }

    fn leave_erased(&mut self, header: &Header) {
        self.leave(Parting::Erased {
            line: header.outbox.line(),
            outgoing: header.outbox.waiting().to_vec(),
        });
    }

    fn decide(&mut self, inputs: &Inputs<'_>, op: OperationId, found: Found) {
        match self.purpose {
            // An erased record is none; erasing it again changes nothing, as when the reply to the first try was lost.
            Purpose::View if found.header.erased => self.leave(Parting::Missing),
            // There never was a record, only changes that found none.
            Purpose::Erase { .. } if found.header.erased && found.header.epoch == 0 => self.leave(Parting::Missing),
            Purpose::Erase { .. } if found.header.erased => self.leave_erased(&found.header),
            Purpose::View => self.decide_view(found),
            Purpose::Erase { force } => self.decide_erase(inputs, op, found, force),
        }
    }

    fn decide_view(&mut self, found: Found) {
        if let Some(status) = unfit(&self.spec, &found.header, &found.document) {
            let text = status.brief();
            return self.leave(Parting::Failed { text, unreadable: true });
        }
        let preparation = Preparation::new(found.header.clone(), found.document.clone());
        self.step = Step::Prepare(Box::new(found), Box::new(preparation));
    }

    fn decide_erase(&mut self, inputs: &Inputs<'_>, op: OperationId, found: Found, force: bool) {
        let force = force || inputs.bugs.has(Bug::EraseUnderSession);
        if let Some(server) = found.living_holder(inputs).filter(|_| !force) {
            return self.leave(Parting::Locked { server });
        }
        let mut header = found.header.erase(op, inputs.wall_ms);
        if inputs.bugs.has(Bug::EraseForgetsReceipts) {
            header.ledger = Rare::default();
        }
        if inputs.bugs.has(Bug::EraseForgetsSenders) {
            header.inbox = Rare::default();
        }
        if inputs.bugs.has(Bug::EraseKeepsEpoch) {
            header.epoch = found.header.epoch;
        }
        header.revision += 1;
        self.ousted = found.header.holding_server();
        let document = self.spec.no_data();
        self.step = Step::Write(Box::new(Found {
            header,
            document,
            ..found
        }));
    }

    fn ask(&mut self, out: &mut VisitOutputs) {
        let Step::Prepare(found, mut preparation) = std::mem::replace(&mut self.step, Step::Gone) else {
            return;
        };
        match preparation.next_task(&self.spec, &self.default) {
            Some(task) => {
                out.call = Some(HostCall {
                    question: Preparation::question(task),
                    draft: preparation.document.clone(),
                });
                self.step = Step::Asking(found, preparation, task);
            }
            None => self.leave_seen(&found.header, preparation.document),
        }
    }

    fn leave_seen(&mut self, header: &Header, document: Document) {
        self.leave(Parting::Seen(Box::new(Seen {
            document,
            epoch: header.epoch,
            schema: header.schema,
            holder: header
                .holder
                .as_ref()
                .map(|holder| (holder.server.to_string(), holder.since_ms)),
            users: header.users.to_vec(),
            saved_ms: header.saved_ms,
        })));
    }

    /// Takes the host's answer to a call.
    pub fn finish_call(&mut self, answer: CallAnswer) {
        let Step::Asking(found, mut preparation, task) = std::mem::replace(&mut self.step, Step::Gone) else {
            return;
        };
        match preparation.finish(&self.spec, task, answer) {
            Ok(()) => self.step = Step::Prepare(found, preparation),
            Err(text) => self.leave(Parting::Failed { text, unreadable: true }),
        }
    }
}
