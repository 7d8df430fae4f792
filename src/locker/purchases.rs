//! Dealing with a locker's purchases: one at a time, by the host's callbacks where it has to decide, while the session is
//! surely ours.

use super::call::{CallAnswer, HostCall, Question, Verdict};
use super::event::Event;
use super::inputs::{Inputs, Outputs};
use super::{tell_answers, Asked, Locker, Phase};
use crate::planted::Bug;
use crate::receipt::{Ask, Book, CreditOutcome, Ruling, Subject};

/// What the host's verdict means for what it was asked about.
enum Decision {
    /// It is entered in the record.
    Enter(Ruling),
    /// It stays as it is: credit that cannot be used, a parked purchase that is still unknown.
    Leave,
    /// The callback failed.
    Fail(String),
}

impl Locker {
    /// Deals with the next purchases; true if the host was called.
    pub(super) fn poll_purchases(&mut self, inputs: &Inputs<'_>, out: &mut Outputs) -> bool {
        if !self.purchases.has_work() {
            return false;
        }
        if !self.is_available(inputs.now, inputs.server) {
            return false;
        }
        let Phase::Held(held) = &mut self.phase else {
            return false;
        };
        let mut answers = Vec::new();
        let mut book = Book {
            header: &mut held.header,
            next_change: inputs.next_change,
            wall_ms: inputs.wall_ms,
            history: self.spec.purchase_history,
            revocable: self.spec.revoke_receipt,
            bugs: inputs.bugs,
            answers: &mut answers,
        };
        let ask = self.purchases.put().next_question(&mut book);
        out.changes_made = book.next_change - inputs.next_change;
        if out.changes_made > 0 {
            self.changes.record(book.next_change - 1);
        }
        tell_answers(answers, &mut out.events);
        let Some(ask) = ask else {
            return false;
        };
        self.asked = Some(Box::new(Asked::Purchase));
        out.call = Some(HostCall {
            question: match ask {
                Ask::Apply(receipt) => Question::ApplyReceipt(receipt),
                Ask::Revoke(receipt) => Question::RevokeReceipt(receipt),
                Ask::UseCredit { product } => Question::UseCredit { product },
            },
            draft: self.document.clone(),
        });
        true
    }

    pub(super) fn finish_purchase(&mut self, inputs: &Inputs<'_>, answer: CallAnswer, change: u64, out: &mut Outputs) {
        let Phase::Held(held) = &self.phase else {
            return;
        };
        let Some(subject) = self.purchases.asked().cloned() else {
            return;
        };
        let mut answers = Vec::new();
        let verdict = match self.check_outbox(answer.outgoing.len()) {
            Err(error) => Verdict::Failed(error.text().to_owned()),
            Ok(()) => answer.verdict,
        };
        match decide(verdict, &subject) {
            Decision::Enter(Ruling::Parked) => match self.purchases.no_room(&held.header) {
                Some(text) => self
                    .purchases
                    .put()
                    .turn_down(CreditOutcome::NotUsed, &text, &mut answers),
                None => self.enter(inputs, Ruling::Parked, change, &mut answers),
            },
            Decision::Enter(ruling) => {
                if matches!(
                    ruling,
                    Ruling::Applied | Ruling::Credited | Ruling::Revoked { credit: false }
                ) {
                    if let Some(draft) = answer.draft {
                        self.document = draft;
                    }
                    self.put_into_outbox(answer.outgoing, inputs.wall_ms);
                }
                self.enter(inputs, ruling, change, &mut answers);
            }
            Decision::Leave => {
                let text = "the product cannot be applied now";
                self.purchases
                    .put()
                    .turn_down(CreditOutcome::NotApplicable, text, &mut answers);
            }
            Decision::Fail(text) => {
                self.purchases
                    .put()
                    .turn_down(CreditOutcome::NotUsed, &text, &mut answers);
                let text = match subject {
                    Subject::Revocation => format!("taking a product back from `{}` failed: {text}", self.key),
                    _ => format!("applying a product to `{}` failed: {text}", self.key),
                };
                out.events.push(Event::CallbackFailed { text });
            }
        }
        tell_answers(answers, &mut out.events);
    }

    /// What was asked about is decided: it goes into the header, to be saved at once.
    fn enter(&mut self, inputs: &Inputs<'_>, ruling: Ruling, change: u64, answers: &mut Vec<crate::receipt::Answer>) {
        let Phase::Held(held) = &mut self.phase else {
            return;
        };
        self.changes.record(change);
        let mut book = Book {
            header: &mut held.header,
            next_change: change,
            wall_ms: inputs.wall_ms,
            history: self.spec.purchase_history,
            revocable: self.spec.revoke_receipt,
            bugs: inputs.bugs,
            answers,
        };
        self.purchases.put().enter(&mut book, ruling);
        if inputs.bugs.has(Bug::GrantedBeforeDurable) {
            self.purchases.put().settle(change, answers);
            held.force_save = true;
        }
    }
}

fn decide(verdict: Verdict, subject: &Subject) -> Decision {
    match (verdict, subject) {
        (Verdict::Failed(text), _) => Decision::Fail(text),
        (Verdict::Done, Subject::Revocation) => Decision::Enter(Ruling::Revoked { credit: false }),
        (Verdict::NotApplicable, Subject::Revocation) => Decision::Enter(Ruling::Revoked { credit: true }),
        (Verdict::Rejected(_), Subject::Revocation | Subject::Credit)
        | (Verdict::UnknownProduct, Subject::Revocation) => {
            Decision::Fail("it was turned down where that cannot be done".to_owned())
        }
        (Verdict::Done, _) => Decision::Enter(Ruling::Applied),
        (Verdict::NotApplicable | Verdict::UnknownProduct, Subject::Credit)
        | (Verdict::UnknownProduct, Subject::Parked(_)) => Decision::Leave,
        (Verdict::NotApplicable, _) => Decision::Enter(Ruling::Credited),
        (Verdict::Rejected(text), _) => Decision::Enter(Ruling::Rejected(text)),
        (Verdict::UnknownProduct, Subject::Purchase) => Decision::Enter(Ruling::Parked),
    }
}
