//! Applying a locker's purchases: one at a time, by the host's callback, while the session is surely ours.

use super::call::{CallAnswer, HostCall, Question, Verdict};
use super::event::Event;
use super::inputs::{Inputs, Outputs};
use super::{tell_answers, Asked, Locker, Phase};
use crate::planted::Bug;
use crate::receipt::{CreditOutcome, Order};
use crate::record::ledger::Effect;

impl Locker {
    /// Deals with the next purchase; true if the host was called.
    pub(super) fn poll_purchases(&mut self, inputs: &Inputs<'_>, out: &mut Outputs) -> bool {
        if !self.purchases.has_waiting() {
            return false;
        }
        if !self.is_available(inputs.now, inputs.server) {
            return false;
        }
        let Phase::Held(held) = &self.phase else {
            return false;
        };
        let mut answers = Vec::new();
        let order = self.purchases.next_to_apply(&held.header, &mut answers);
        tell_answers(answers, &mut out.events);
        let Some(order) = order else {
            return false;
        };
        self.asked = Some(Asked::Purchase);
        out.call = Some(HostCall {
            question: match order {
                Order::Receipt(receipt) => Question::ApplyReceipt(receipt),
                Order::UseCredit { product, .. } => Question::UseCredit { product },
            },
            draft: self.document.clone(),
        });
        true
    }

    pub(super) fn finish_purchase(&mut self, inputs: &Inputs<'_>, answer: CallAnswer, change: u64, out: &mut Outputs) {
        if !self.is_held() {
            return;
        }
        let mut answers = Vec::new();
        let verdict = self.accept(inputs, answer, change);
        let Phase::Held(held) = &mut self.phase else {
            return;
        };
        let effect = match verdict {
            Verdict::Done => Some(Effect::Applied),
            Verdict::NotApplicable if self.purchases.front_is_receipt() => Some(Effect::Credited),
            Verdict::NotApplicable => {
                let text = "the product cannot be applied now";
                self.purchases
                    .turn_down(CreditOutcome::NotApplicable, text, &mut answers);
                None
            }
            Verdict::Failed(text) => {
                self.purchases.turn_down(CreditOutcome::NotUsed, &text, &mut answers);
                let text = format!("applying a product to `{}` failed: {text}", self.key);
                out.events.push(Event::CallbackFailed { text });
                None
            }
        };
        if let Some(effect) = effect {
            self.changes.record(change);
            self.purchases.enter(&mut held.header, effect, change, inputs.wall_ms);
            if inputs.bugs.has(Bug::GrantedBeforeDurable) {
                self.purchases.settle(change, &mut answers);
                held.force_save = true;
            }
        }
        tell_answers(answers, &mut out.events);
    }
}
