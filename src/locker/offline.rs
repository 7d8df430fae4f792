//! Data that were edited before they were loaded: they are merged into what was loaded before anybody hears of it.

use super::call::{CallAnswer, HostCall, Question};
use super::event::Event;
use super::inputs::{Inputs, Outputs};
use super::{Asked, Locker};

impl Locker {
    /// Asks the host to merge; true if it was asked.
    pub(super) fn poll_merge(&mut self, out: &mut Outputs) -> bool {
        let Some(offline) = self.held().rare.offline.clone() else {
            return false;
        };
        self.asked = Some(Box::new(Asked::Merge));
        out.call = Some(HostCall {
            question: Question::MergeOffline { offline },
            draft: self.document.clone(),
        });
        true
    }

    pub(super) fn finish_merge(&mut self, inputs: &Inputs<'_>, answer: CallAnswer, change: u64, out: &mut Outputs) {
        if !self.is_held() {
            return;
        }
        let offline = self.held().rare.used().and_then(|rare| rare.offline.take());
        let failed = self.accept(inputs, answer, change).or_failed().err();
        if let (Some(text), Some(document)) = (failed, offline) {
            self.changes.settle_loss(0);
            let text = format!(
                "what was changed on `{}` before it was loaded could not be merged and is dropped: {text}",
                self.key
            );
            out.events.push(Event::OfflineDropped { document, text });
        }
        let epoch = self.held().header.epoch;
        out.events.push(Event::Loaded { epoch });
    }
}
