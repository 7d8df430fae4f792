//! Changes that others have sent to a record that is held here: applied one at a time by the host, oldest first, each
//! remembered as applied in the write that has its effect.

use super::call::{CallAnswer, HostCall, Question, Verdict};
use super::event::Event;
use super::inputs::{Inputs, Outputs};
use super::{Asked, Locker, Phase};
use crate::planted::Bug;
use crate::record::inbox::Sent;

/// A change that was applied here and may not be durable yet.
pub(super) struct Applied {
    pub line: String,
    pub number: u64,
    pub kind: String,
    pub from: String,
    pub change: u64,
}

impl Applied {
    fn is(&self, sent: &Sent) -> bool {
        self.line == sent.line && self.number == sent.number
    }
}

/// What this session leaves in the inbox.
#[derive(Default)]
pub(super) struct Left {
    /// Changes of kinds that this server does not know.
    unknown: Vec<(String, u64)>,
    /// Senders of which a change could not be applied.
    failed: Vec<String>,
}

impl Left {
    pub const fn nothing() -> Self {
        Self {
            unknown: Vec::new(),
            failed: Vec::new(),
        }
    }

    pub fn is_nothing(&self) -> bool {
        self.unknown.is_empty() && self.failed.is_empty()
    }

    fn has(&self, sent: &Sent) -> bool {
        let unknown = |(line, number): &(String, u64)| *line == sent.line && *number == sent.number;
        self.failed.contains(&sent.line) || self.unknown.iter().any(unknown)
    }
}

impl Locker {
    /// Asks the host to apply the next change; true if it was asked.
    pub(super) fn poll_inbox(&mut self, inputs: &Inputs<'_>, out: &mut Outputs) -> bool {
        if !self.spec.apply_change || !self.is_available(inputs.now, inputs.server) {
            return false;
        }
        let Phase::Held(held) = &self.phase else {
            return false;
        };
        let next = held
            .header
            .inbox
            .waiting()
            .iter()
            .find(|sent| !held.rare.left.has(sent));
        match next.cloned() {
            Some(sent) => self.ask_to_apply(Box::new(sent), out),
            None => false,
        }
    }

    fn ask_to_apply(&mut self, sent: Box<Sent>, out: &mut Outputs) -> bool {
        out.call = Some(HostCall {
            question: Question::ApplyChange {
                sent: sent.clone(),
                direct: false,
            },
            draft: self.document.clone(),
        });
        self.asked = Some(Box::new(Asked::Change(sent)));
        true
    }

    pub(super) fn finish_change(
        &mut self,
        inputs: &Inputs<'_>,
        sent: &Sent,
        answer: CallAnswer,
        change: u64,
        out: &mut Outputs,
    ) {
        if !self.is_held() {
            return;
        }
        match self.accept(inputs, answer, change) {
            Verdict::Done => {
                self.changes.record(change);
                let held = self.held();
                if !inputs.bugs.has(Bug::AppliedStaysInInbox) {
                    held.header.inbox.put().remove(&sent.line, sent.number);
                }
                held.rare.put().applied.push(Applied {
                    line: sent.line.clone(),
                    number: sent.number,
                    kind: sent.kind.clone(),
                    from: sent.from.clone(),
                    change,
                });
                held.should_save = true;
            }
            // A kind that this server does not know waits for a newer one, and holds up no other.
            Verdict::NotApplicable | Verdict::UnknownProduct => self
                .held()
                .rare
                .put()
                .left
                .unknown
                .push((sent.line.clone(), sent.number)),
            Verdict::Failed(text) | Verdict::Rejected(text) => {
                // What its sender sent later must not overtake it.
                if inputs.bugs.has(Bug::FailedIsOvertaken) {
                    self.held()
                        .rare
                        .put()
                        .left
                        .unknown
                        .push((sent.line.clone(), sent.number));
                } else {
                    self.held().rare.put().left.failed.push(sent.line.clone());
                }
                let text = format!(
                    "applying a change of kind `{}` to `{}` failed: {text}",
                    sent.kind, self.key
                );
                out.events.push(Event::CallbackFailed { text });
            }
        }
    }

    /// Tells of the changes that are durable now.
    pub(super) fn settle_applied(&mut self, covers: u64, out: &mut Outputs) {
        let Some(rare) = self.held().rare.used() else {
            return;
        };
        let (durable, rest): (Vec<_>, Vec<_>) = std::mem::take(&mut rare.applied)
            .into_iter()
            .partition(|applied| applied.change <= covers);
        rare.applied = rest;
        for applied in durable {
            out.events.push(Event::ChangeApplied {
                kind: applied.kind,
                from: applied.from,
                change: applied.change,
            });
        }
    }

    /// Whether a change of the stored inbox has taken effect here.
    pub(super) fn is_applied(applied: &[Applied], sent: &Sent) -> bool {
        applied.iter().any(|applied| applied.is(sent))
    }

    /// How many changes wait to be applied.
    #[must_use]
    pub fn incoming(&self) -> usize {
        match &self.phase {
            Phase::Held(held) => held.header.inbox.waiting().len(),
            _ => 0,
        }
    }
}
