//! What the game's own code does on a server: wants records, edits, buys, and hears what became of it.

use crate::process::{Desk, Untold, NAMES};
use crate::profile::pick;
use crate::server::LockerId;
use crate::tally::{Injected, Seen};
use crate::view::{product, Game};
use crate::world::{Event, World};
use sessionlocker::engine::event;
use sessionlocker::engine::visit::VisitId;
use sessionlocker::error::{Error, ErrorKind};
use sessionlocker::locker::call::{self, CallAnswer, HostCall, Question};
use sessionlocker::receipt::{Receipt, ReceiptState};
use sessionlocker::record::ledger::PurchaseId;
use sessionlocker::record::Document;

/// A purchase that the platform tells about again and again.
pub struct Purchase {
    pub key: usize,
    /// Under which epoch it was first told granted, and by which process.
    pub granted: Option<(u64, usize)>,
    /// It cannot be applied: it becomes credit.
    pub awkward: bool,
}

/// Who asks a host.
#[derive(Clone, Copy)]
pub enum Caller {
    Locker(event::LockerId),
    Visit(VisitId),
}

/// A call that a host has not answered yet.
pub struct OpenCall {
    pub whom: Caller,
    pub answer: Option<CallAnswer>,
}

impl World {
    /// A host does something, and plans its next deed.
    pub fn deed(&mut self, process: usize) {
        if !self.processes[process].alive || !self.stage.is_play() {
            return;
        }
        if self.may_act(process) && !self.processes[process].shut_down && !self.omit.deed(self.now) {
            self.do_something(process);
            self.check_exclusive(process);
            self.wake(process);
        }
        let mean = self.profile.deed_every;
        let next = self.now + 1 + mean / 4 + self.host_rng.u64(0..mean * 3 / 2);
        self.queue.push(next, Event::Deed { process });
    }

    fn do_something(&mut self, process: usize) {
        let key = self.host_rng.usize(0..self.profile.keys);
        let Some(locker) = self.locker(process, key) else {
            return;
        };
        self.query_a_change(process, key, locker);
        if self.profile.mail && self.host_rng.u32(0..10) == 0 {
            return self.visit_somebody(process);
        }
        let wants = self.processes[process].desks[key].wants();
        let held = self.processes[process].desks[key].session.is_some();
        if self.profile.fickle && self.host_rng.bool() {
            return if wants {
                self.unwant(process, key, locker);
            } else {
                self.want(process, key, locker);
            };
        }
        match self.host_rng.u32(0..100) {
            _ if !wants && self.profile.is_shy(key) && self.host_rng.u32(0..20) > 0 => {}
            _ if !wants => {
                if self.profile.edge || self.host_rng.u32(0..100) < 60 {
                    self.want(process, key, locker);
                }
            }
            0..16 if self.profile.edge && self.host_rng.u32(0..4) > 0 => {}
            0..16 => self.unwant(process, key, locker),
            16..18 => self.close(process, key, locker),
            18..20 => self.want(process, key, locker),
            20..34 => self.deliver(process, key, locker),
            34..38 => self.use_credit(process, key, locker),
            38..40 if self.profile.mood != crate::profile::Mood::Calm => self.maybe_shut_down(process),
            _ if !held => {}
            40..60 | 66..80 => {
                for _ in 0..self.host_rng.u32(1..3) {
                    self.edit(process, key, locker);
                }
            }
            60..66 if self.profile.mail => self.send_gift(process, key, locker),
            60..66 => {
                self.edit(process, key, locker);
            }
            80..86 => self.ask_to_save(process, locker),
            _ => self.edit_and_wait(process, key, locker),
        }
    }

    /// The locker of a key on a process, opened if need be.
    pub fn locker(&mut self, process: usize, key: usize) -> Option<LockerId> {
        let desk = &self.processes[process].desks[key];
        if let Some(locker) = desk.locker.filter(|_| desk.open) {
            return Some(locker);
        }
        let default = self.newborn(process);
        let running = &mut self.processes[process];
        match running.server.open_locker(key, default) {
            Ok(locker) => {
                // A locker that was closed and is not at rest yet goes on where it was.
                if running.desks[key].locker != Some(locker) {
                    self.new_desk(process, key, locker);
                }
                self.processes[process].desks[key].open = true;
                Some(locker)
            }
            Err(error) => {
                self.unexpected(process, "open_locker", &error);
                None
            }
        }
    }

    fn new_desk(&mut self, process: usize, key: usize, locker: LockerId) {
        let new = Desk {
            locker: Some(locker),
            wish_at: self.now,
            erased_by_force: self.processes[process].desks[key].erased_by_force,
            ..Desk::default()
        };
        let old = std::mem::replace(&mut self.processes[process].desks[key], new);
        if old.is_expecting() {
            let text = format!("k{key}: a closed locker was forgotten before all was told: {old:?}");
            self.checker.broken("I3", text);
        }
    }

    /// A call was refused. During a shutdown that is as it should be.
    pub fn unexpected(&mut self, process: usize, call: &str, error: &Error) {
        let fine = matches!(
            error.kind(),
            ErrorKind::NotLoaded | ErrorKind::Busy | ErrorKind::ShuttingDown
        );
        if !fine {
            self.checker
                .broken("I11", format!("process {process}: {call}: {:?} {error}", error.kind()));
        }
    }

    pub fn want(&mut self, process: usize, key: usize, locker: LockerId) {
        let which = usize::from(self.host_rng.u32(0..5) == 0);
        self.trace
            .say(self.now, || format!("p{process} wants k{key} for {:?}", NAMES[which]));
        let now = self.local(process);
        let running = &mut self.processes[process];
        // A load that was given up may still be under way, with what it has read already.
        let status = running.server.status(now, locker);
        if status.is_ok_and(|status| status.idle) {
            running.desks[key].wish_at = self.now;
        }
        match running.server.mark_should_acquire(locker, NAMES[which]) {
            Ok(()) => {
                running.desks[key].wanted[which] = true;
                running.desks[key].releasing = false;
            }
            Err(error) => self.unexpected(process, "mark_should_acquire", &error),
        }
    }

    pub fn unwant(&mut self, process: usize, key: usize, locker: LockerId) {
        self.trace
            .say(self.now, || format!("p{process} no longer wants k{key}"));
        let desk = &mut self.processes[process].desks[key];
        desk.releasing = true;
        let was_held = desk.session.is_some();
        if !was_held {
            self.tally.see(Seen::LoadCancelled);
        }
        for (which, name) in NAMES.into_iter().enumerate() {
            let running = &mut self.processes[process];
            if std::mem::take(&mut running.desks[key].wanted[which]) {
                if let Err(error) = running.server.mark_should_release(locker, name) {
                    self.unexpected(process, "mark_should_release", &error);
                }
            }
        }
        // The player changes his mind at once: the session is used again if its release was not sent yet.
        if self.stage.is_play() && self.host_rng.u32(0..4) == 0 {
            if self.host_rng.bool() {
                self.wake(process);
                self.tick(process);
                if !self.may_act(process) {
                    return;
                }
            }
            self.want(process, key, locker);
            let desk = &self.processes[process].desks[key];
            let status = self.processes[process].server.status(self.local(process), locker);
            let epoch = status.ok().and_then(|status| status.epoch);
            if was_held && desk.session.is_some() && epoch == Some(desk.epoch) {
                self.processes[process].desks[key].reacquired = true;
            }
        }
    }

    fn close(&mut self, process: usize, key: usize, locker: LockerId) {
        self.trace
            .say(self.now, || format!("p{process} closes its locker of k{key}"));
        if let Err(error) = self.processes[process].server.close_locker(locker) {
            self.unexpected(process, "close_locker", &error);
        }
        let desk = &mut self.processes[process].desks[key];
        desk.open = false;
        desk.wanted = [false; 2];
        desk.releasing = true;
    }

    fn maybe_shut_down(&mut self, process: usize) {
        if self.host_rng.u32(0..4) == 0 {
            self.tally.inject(Injected::Shutdown);
            self.begin_shutdown(process);
        }
    }

    /// The process is to end in an orderly way, by a deadline.
    pub fn begin_shutdown(&mut self, process: usize) {
        if self.processes[process].shutting_down.is_some() {
            return;
        }
        let place = &self.profile.places[self.processes[process].place];
        let deadline = pick(&mut self.host_rng, &[place.lease / 2, place.lease, place.lease * 3]);
        self.trace.say(self.now, || {
            format!("p{process} shuts down within {} ms", deadline / 1_000_000)
        });
        let now = self.local(process);
        let running = &mut self.processes[process];
        running.shutting_down = Some(now.0 + deadline);
        running.server.begin_shutdown(now, deadline);
        self.wake(process);
    }

    /// The host edits the data; gives the change and the edit.
    fn edit(&mut self, process: usize, key: usize, locker: LockerId) -> Option<(u64, u32)> {
        self.edit_game(process, key, locker, |_| {})
    }

    /// The host edits the data, and changes more with that; gives the change and the edit.
    pub fn edit_game(
        &mut self,
        process: usize,
        key: usize,
        locker: LockerId,
        change_more: impl FnOnce(&mut Game),
    ) -> Option<(u64, u32)> {
        let session = self.processes[process].desks[key].session?;
        let edit = self.checker.next_edit();
        let running = &mut self.processes[process];
        let done = running.server.document(locker).and_then(|document| {
            let before = game_in(&document)?;
            let mut after = before.clone();
            after.log.push(edit);
            change_more(&mut after);
            running.server.edit(locker, &before, &after)
        });
        match done {
            Ok(change) => {
                let desk = &mut running.desks[key];
                desk.untold.push_back(Untold { change, edit });
                desk.edit_of.insert(change, edit);
                self.checker.edited(key, session);
                self.tally.edits += 1;
                if std::mem::take(&mut self.processes[process].desks[key].reacquired) {
                    self.tally.see(Seen::SessionReused);
                }
                self.trace
                    .say(self.now, || format!("p{process} k{key} edit {edit} (change {change})"));
                Some((change, edit))
            }
            Err(error) => {
                self.unexpected(process, "edit", &error);
                None
            }
        }
    }

    pub fn edit_and_wait(&mut self, process: usize, key: usize, locker: LockerId) {
        let Some((change, edit)) = self.edit(process, key, locker) else {
            return;
        };
        let running = &mut self.processes[process];
        running.next_tag += 1;
        let tag = running.next_tag;
        match running.server.await_change(locker, change, tag) {
            Ok(()) => {
                running.desks[key].awaited.insert(tag, edit);
            }
            Err(error) => self.unexpected(process, "await_change", &error),
        }
        if self.host_rng.bool() {
            self.ask_to_save(process, locker);
        }
    }

    pub fn ask_to_save(&mut self, process: usize, locker: LockerId) {
        let server = &mut self.processes[process].server;
        let asked = if self.host_rng.bool() {
            server.mark_should_save(locker)
        } else {
            server.mark_force_save(locker)
        };
        if let Err(error) = asked {
            self.unexpected(process, "mark_save", &error);
        }
    }

    /// Asks what became of a change picked at random, often an old one.
    fn query_a_change(&mut self, process: usize, key: usize, locker: LockerId) {
        let desk = &self.processes[process].desks[key];
        if desk.edit_of.is_empty() {
            return;
        }
        let nth = self.host_rng.usize(0..desk.edit_of.len());
        let Some((&change, &edit)) = desk.edit_of.iter().nth(nth) else {
            return;
        };
        match self.processes[process].server.change_status(locker, change) {
            Ok(status) => self.told_status(process, key, edit, status),
            Err(error) => self.unexpected(process, "change_status", &error),
        }
    }

    /// The platform delivers the notice of a purchase: a new one, or one that was delivered before.
    fn deliver(&mut self, process: usize, key: usize, locker: LockerId) {
        let known: Vec<u32> = (0..self.purchases.len())
            .filter(|index| self.purchases[*index].key == key)
            .map(|index| u32::try_from(index).expect("a run has few purchases"))
            .collect();
        let purchase = if known.is_empty() || (known.len() < 6 && self.host_rng.u32(0..3) == 0) {
            let purchase = u32::try_from(self.purchases.len()).expect("a run has few purchases");
            let awkward = self.host_rng.u32(0..4) == 0;
            self.purchases.push(Purchase {
                key,
                granted: None,
                awkward,
            });
            self.checker.purchased(key, purchase);
            purchase
        } else {
            pick(&mut self.host_rng, &known)
        };
        let state = match self.host_rng.u32(0..24) {
            0 | 1 => ReceiptState::Revoked,
            2 => ReceiptState::Pending,
            3 => ReceiptState::Rejected,
            _ => ReceiptState::Purchased,
        };
        self.deliver_this(process, key, locker, purchase, state);
    }

    pub fn deliver_this(&mut self, process: usize, key: usize, locker: LockerId, purchase: u32, state: ReceiptState) {
        self.tally.receipts += 1;
        let running = &mut self.processes[process];
        running.next_tag += 1;
        let tag = running.next_tag;
        self.trace.say(self.now, || {
            format!("p{process} k{key} gets the notice of purchase {purchase}: {state:?}")
        });
        let receipt = Receipt {
            purchase: PurchaseId {
                provider: "shop".into(),
                environment: "test".into(),
                id: purchase.to_string(),
            },
            product: product(purchase),
            context: Vec::new(),
            tag,
            state,
        };
        match running.server.process_receipt(locker, receipt) {
            Ok(()) => {
                running.desks[key].receipts.insert(tag, purchase);
            }
            Err(error) => self.unexpected(process, "process_receipt", &error),
        }
    }

    fn use_credit(&mut self, process: usize, key: usize, locker: LockerId) {
        let owed: Vec<u32> = (0..self.purchases.len())
            .map(|index| u32::try_from(index).expect("a run has few purchases"))
            .filter(|purchase| self.purchases[*purchase as usize].key == key)
            .filter(|purchase| {
                let credit = self.processes[process].server.credit(locker, &product(*purchase));
                credit.is_ok_and(|credit| credit > 0)
            })
            .collect();
        if owed.is_empty() {
            return;
        }
        let purchase = pick(&mut self.host_rng, &owed);
        let running = &mut self.processes[process];
        running.next_tag += 1;
        if let Err(error) = running.server.use_credit(locker, &product(purchase), running.next_tag) {
            self.unexpected(process, "use_credit", &error);
        }
    }

    // Calls to the host ------------------------------------------------------------------------------------------

    /// The core asks the host for something; it is done now, or after a while.
    pub fn called(&mut self, process: usize, key: usize, locker: event::LockerId, call: &HostCall) {
        let answer = self.answer_of(process, key, call);
        self.answer_call(process, Caller::Locker(locker), answer);
    }

    /// What the host answers to a question.
    pub fn answer_of(&mut self, process: usize, key: usize, call: &HostCall) -> CallAnswer {
        let mut draft = call.draft.clone();
        let (verdict, edited) = match &call.question {
            Question::BeforeSave(_) => (call::Verdict::Done, false),
            Question::Prepare(_) => (self.migrate(&mut draft), true),
            Question::DefaultData => return CallAnswer::done(Some(self.newborn(process))),
            Question::ApplyChange { sent, direct } => {
                return self.apply_letter(process, key, sent, *direct, &mut draft);
            }
            Question::Validate | Question::MergeOffline { .. } => {
                unreachable!("the simulated game asks for none of these")
            }
            Question::ApplyReceipt(receipt) => {
                let purchase: u32 = receipt.purchase.id.parse().expect("purchases have numbers");
                (self.apply_purchase(purchase, &mut draft), true)
            }
            Question::UseCredit { product } => {
                let purchase: u32 = product[1..].parse().expect("products are named p and a number");
                (self.spend_credit(purchase, &mut draft), true)
            }
            Question::RevokeReceipt(receipt) => {
                let purchase: u32 = receipt.purchase.id.parse().expect("purchases have numbers");
                (self.take_back(purchase, &mut draft), true)
            }
        };
        CallAnswer {
            verdict,
            draft: edited.then_some(draft),
            outgoing: Vec::new(),
        }
    }

    /// A host answers, now or after a while.
    pub fn answer_call(&mut self, process: usize, whom: Caller, answer: CallAnswer) {
        let Some(after) = self.thinking_time() else {
            return self.finish_call(process, whom, answer);
        };
        let number = self.calls.len();
        self.calls.push(OpenCall {
            whom,
            answer: Some(answer),
        });
        self.call_later(process, number, after);
    }

    fn finish_call(&mut self, process: usize, whom: Caller, answer: CallAnswer) {
        let now = self.local(process);
        let Some(core) = self.processes[process].server.core() else {
            return;
        };
        match whom {
            Caller::Locker(locker) => core.finish_call(now, locker, answer),
            Caller::Visit(visit) => core.finish_visit_call(now, visit, answer),
        }
    }

    fn apply_purchase(&mut self, purchase: u32, draft: &mut Document) -> call::Verdict {
        let mut verdict = self.apply(self.purchases[purchase as usize].awkward);
        if self.host_rng.u32(0..12) == 0 {
            verdict = call::Verdict::UnknownProduct;
        }
        if verdict == call::Verdict::Done {
            self.must_change(draft, |game| game.got.push(purchase));
        }
        verdict
    }

    fn spend_credit(&mut self, purchase: u32, draft: &mut Document) -> call::Verdict {
        let awkward = self.host_rng.u32(0..4) == 0;
        let verdict = self.apply(awkward);
        if verdict == call::Verdict::Done {
            self.must_change(draft, |game| game.spent.push(purchase));
        }
        verdict
    }

    fn take_back(&mut self, purchase: u32, draft: &mut Document) -> call::Verdict {
        let spent = self.host_rng.u32(0..4) == 0;
        let verdict = self.apply(spent);
        if verdict == call::Verdict::Done {
            self.must_change(draft, |game| {
                game.got.retain(|got| *got != purchase);
                game.spent.retain(|spent| *spent != purchase);
            });
        }
        verdict
    }

    fn apply(&mut self, awkward: bool) -> call::Verdict {
        if self.host_rng.u32(0..12) == 0 {
            call::Verdict::Failed("on purpose".into())
        } else if awkward {
            call::Verdict::NotApplicable
        } else {
            call::Verdict::Done
        }
    }

    pub fn must_change(&mut self, draft: &mut Document, change: impl FnOnce(&mut Game)) {
        if let Err(error) = change_game(draft, change) {
            self.checker
                .broken("I2", format!("a draft is not what the host wrote: {error}"));
        }
    }

    pub fn call_done(&mut self, process: usize, call: usize) {
        if !self.processes[process].alive {
            return;
        }
        if self.processes[process].paused {
            self.processes[process].parked_calls.push(call);
            return;
        }
        let whom = self.calls[call].whom;
        if let Some(answer) = self.calls[call].answer.take() {
            self.finish_call(process, whom, answer);
            self.wake(process);
        }
    }
}

/// Changes the game's data inside a document.
fn change_game(document: &mut Document, change: impl FnOnce(&mut Game)) -> Result<(), Error> {
    let mut game = game_in(document)?;
    change(&mut game);
    *document = Document::from_json(&game.to_json())?;
    Ok(())
}

/// The game's data inside a document.
pub fn game_in(document: &Document) -> Result<Game, Error> {
    let mut text = Vec::new();
    document.write_json(&mut text);
    Game::parse(&text).map_err(|fault| Error::new(ErrorKind::WrongType, format!("not the game's data: {fault}")))
}
