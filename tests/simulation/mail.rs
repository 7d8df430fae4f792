//! What hosts do with records that they do not hold: send changes and gifts, update, look, erase; and what they do with
//! changes that others have sent.

use crate::network::{self, Line};
use crate::post::{Sender, Style, Told};
use crate::process::Errand;
use crate::server::{name_of, LockerId};
use crate::tally::{Injected, Seen};
use crate::view::Game;
use crate::world::{Event, World, SPACE};
use sessionlocker::change::Draft;
use sessionlocker::engine::event::VisitOutcome;
use sessionlocker::engine::visit::{Sending, VisitId};
use sessionlocker::locker::call::{CallAnswer, HostCall, Verdict};
use sessionlocker::record::inbox::Sent;
use sessionlocker::record::Document;
use sessionlocker::visit::courier::Fate;
use sessionlocker::visit::guest::{Parting, Purpose};

/// A kind of change that every server knows, and one that some do not.
const KINDS: [&str; 2] = ["note", "odd"];

/// What the edits of a migrator that fails leave in the data.
const HALF_DONE: u32 = 100;

impl World {
    /// A host does something with a record of no matter whom.
    pub fn visit_somebody(&mut self, process: usize) {
        let target = self.host_rng.usize(0..self.profile.keys);
        match self.host_rng.u32(0..20) {
            0..10 => self.send_letter(process, target, Style::Post),
            10..15 => self.send_letter(process, target, Style::Update),
            15..19 => self.view(process, target),
            _ if self.profile.erases => self.erase_by_game(process, target),
            _ => {}
        }
    }

    fn send_letter(&mut self, process: usize, target: usize, style: Style) {
        let odd = self.host_rng.u32(0..6) == 0;
        let create = self.host_rng.u32(0..3) == 0;
        let number = self
            .checker
            .post
            .write(process, Sender::Process(process), target, style, odd);
        self.tally.letters += 1;
        self.trace.say(self.now, || {
            format!("p{process} sends letter {number} to k{target} ({style:?}, odd: {odd}, create: {create})")
        });
        let at_once = self.host_rng.bool();
        let at_once = if self.through.is_plain() {
            create || style == Style::Update
        } else {
            at_once
        };
        let default = at_once.then(|| self.newborn(process));
        let tag = self.expect(process, target, Errand::Letter(number));
        let sending = Sending {
            kind: KINDS[usize::from(odd)].into(),
            payload: number.into(),
            create,
            update: style == Style::Update,
            tag,
        };
        let wall = self.wall(process);
        let server = &mut self.processes[process].server;
        let sent = server.send_change(wall, target, sending, default);
        self.note_refusal(process, tag, "send_change", sent);
    }

    fn view(&mut self, process: usize, target: usize) {
        let tag = self.expect(process, target, Errand::View { since: self.now });
        let default = self.newborn(process);
        let server = &mut self.processes[process].server;
        let asked = server.visit(target, Purpose::View, default, tag);
        self.note_refusal(process, tag, "view", asked);
    }

    fn erase_by_game(&mut self, process: usize, target: usize) {
        let force = self.host_rng.bool();
        self.trace
            .say(self.now, || format!("p{process} erases k{target} (force: {force})"));
        let tag = self.expect(process, target, Errand::Erase);
        self.processes[process].desks[target].erased_by_force |= force;
        let server = &mut self.processes[process].server;
        let asked = server.visit(target, Purpose::Erase { force }, Document::default(), tag);
        self.note_refusal(process, tag, "erase", asked);
    }

    fn expect(&mut self, process: usize, key: usize, errand: Errand) -> u64 {
        let running = &mut self.processes[process];
        running.next_tag += 1;
        running.errands.insert(running.next_tag, (key, errand));
        running.next_tag
    }

    fn note_refusal(&mut self, process: usize, tag: u64, call: &str, result: Result<(), sessionlocker::error::Error>) {
        if let Err(error) = result {
            self.unexpected(process, call, &error);
            if let Some((_, Errand::Letter(letter))) = self.processes[process].errands.remove(&tag) {
                self.letter_told(letter, Told::NotDelivered);
            }
        }
    }

    /// The data of a new player on this server.
    pub fn newborn(&self, process: usize) -> Document {
        let game = Game::newborn(self.processes[process].schema);
        Document::from_json(&game.to_json()).expect("the game's data are JSON")
    }

    /// A host pays for a gift in its own record and sends it with that.
    pub fn send_gift(&mut self, process: usize, key: usize, locker: LockerId) {
        if self.processes[process].desks[key].session.is_none() {
            return;
        }
        let (letter, draft) = self.write_gift(process, key);
        self.edit_game(process, key, locker, |game| game.sent.push(letter));
        if let Err(error) = self.processes[process].server.queue_change(locker, draft) {
            // The data say that it was sent: a full outbox must be asked about first. It holds more than a run sends.
            self.unexpected(process, "queue_change", &error);
        }
        if self.host_rng.bool() {
            self.ask_to_save(process, locker);
        }
    }

    fn write_gift(&mut self, process: usize, key: usize) -> (u32, Draft) {
        let target = if self.profile.shy && self.host_rng.u32(0..3) > 0 {
            self.profile.keys - 1
        } else {
            self.host_rng.usize(0..self.profile.keys)
        };
        let odd = self.host_rng.u32(0..6) == 0;
        let create = self.host_rng.u32(0..3) == 0 && !self.profile.shy;
        let sender = Sender::Record(key);
        let letter = self.checker.post.write(process, sender, target, Style::Post, odd);
        self.tally.letters += 1;
        self.trace.say(self.now, || {
            format!("p{process} k{key} gives letter {letter} to k{target} (odd: {odd}, create: {create})")
        });
        let draft = Draft {
            space: SPACE.into(),
            key: name_of(target),
            kind: KINDS[usize::from(odd)].into(),
            payload: letter.into(),
            create,
        };
        (letter, draft)
    }

    // What hosts are asked -----------------------------------------------------------------------------------------

    /// A host is to apply what somebody sent.
    pub fn apply_letter(
        &mut self,
        process: usize,
        key: usize,
        sent: &Sent,
        direct: bool,
        draft: &mut Document,
    ) -> CallAnswer {
        let letter = u32::try_from(sent.payload.as_u64().unwrap_or(u64::MAX)).expect("letters have numbers");
        let calm = !self.stage.is_play();
        let verdict = match self.host_rng.u32(0..24) {
            0 if !calm => Verdict::Failed("on purpose".into()),
            _ if sent.kind == KINDS[1] && !calm && self.host_rng.bool() => Verdict::NotApplicable,
            _ => Verdict::Done,
        };
        let mut answer = CallAnswer {
            verdict,
            draft: None,
            outgoing: Vec::new(),
        };
        if answer.verdict != Verdict::Done {
            if answer.verdict == Verdict::NotApplicable {
                self.tally.see(Seen::UnknownKindKept);
            }
            if !direct {
                let status = self.processes[process].desks[key].locker;
                let status = status.map(|locker| self.processes[process].server.status(self.local(process), locker));
                let epoch = status.and_then(Result::ok).and_then(|status| status.epoch);
                self.processes[process].desks[key].stubborn_in = epoch;
            }
            // Its edits must not count.
            self.must_change(draft, |game| game.mail.push(letter));
            answer.draft = Some(draft.clone());
            return answer;
        }
        let thanks = (!direct && !calm && self.host_rng.u32(0..6) == 0).then(|| self.write_gift(process, key));
        self.must_change(draft, |game| game.mail.push(letter));
        if let Some((thanks, outgoing)) = thanks {
            self.must_change(draft, |game| game.sent.push(thanks));
            answer.outgoing.push(outgoing);
        }
        answer.draft = Some(draft.clone());
        answer
    }

    /// A host is to bring data from one schema version to the next.
    pub fn migrate(&mut self, draft: &mut Document) -> Verdict {
        if self.stage.is_play() && self.host_rng.u32(0..8) == 0 {
            self.tally.inject(Injected::MigratorFails);
            self.must_change(draft, |game| game.form += HALF_DONE);
            return Verdict::Failed("on purpose".into());
        }
        self.must_change(draft, |game| game.form += 1);
        self.tally.see(Seen::Migrated);
        Verdict::Done
    }

    /// The core asks the host on behalf of a visit.
    pub fn called_by_visit(&mut self, process: usize, visit: VisitId, key: &str, call: &HostCall) {
        let key: usize = key[1..].parse().expect("records are named k and a number");
        let answer = self.answer_of(process, key, call);
        self.answer_call(process, crate::host::Caller::Visit(visit), answer);
    }

    /// How long a host takes to answer; `None` for at once.
    pub fn thinking_time(&mut self) -> Option<u64> {
        if self.through.is_plain() {
            return None;
        }
        if self.host_rng.u32(0..4) > 0 {
            return None;
        }
        Some(match self.host_rng.u32(0..8) {
            0 if self.stage.is_play() => network::long(&mut self.host_rng, &self.profile),
            _ => network::delay(&mut self.host_rng, &self.profile, Line::Good),
        })
    }

    // What hosts hear ----------------------------------------------------------------------------------------------

    /// Something that a host sent out to do has ended.
    pub fn hear_visit(&mut self, process: usize, key: &str, tag: u64, outcome: VisitOutcome) {
        let number: usize = key[1..].parse().expect("records are named k and a number");
        if tag == 0 {
            self.tally.see(Seen::LetterUnknown);
            if !self.is_tampered() {
                let text = format!("{key}: nobody meddled, and the fate of a gift is said to be unknown: {outcome:?}");
                self.checker.broken("I5", text);
            }
            return;
        }
        let Some((expected, errand)) = self.processes[process].errands.remove(&tag) else {
            self.checker
                .broken("I5", format!("{key}: tag {tag} was answered twice: {outcome:?}"));
            return;
        };
        match (errand, outcome) {
            (Errand::Letter(letter), VisitOutcome::Send(fate)) => {
                if fate == Fate::Delivered && self.last_write_unanswered(process, number) {
                    self.tally.see(Seen::LetterInDoubt);
                }
                self.letter_ended(letter, fate);
            }
            (Errand::Letter(letter), VisitOutcome::Update(fate)) => self.update_ended(letter, fate),
            (Errand::View { since }, VisitOutcome::View(parting)) => self.viewed(process, number, since, parting),
            (Errand::Erase, VisitOutcome::Erase(parting)) => self.erase_ended(&parting),
            (errand, outcome) => {
                let text = format!("{key}: {errand:?} for k{expected} ended as {outcome:?}");
                self.checker.broken("I5", text);
            }
        }
    }

    /// Whether somebody erases, damages or rolls back what is stored.
    pub fn is_tampered(&self) -> bool {
        self.profile.vandal || self.profile.falls_back
    }

    fn letter_ended(&mut self, letter: u32, fate: Fate) {
        let (seen, told) = match fate {
            Fate::Delivered => (Seen::LetterDelivered, Told::Delivered),
            Fate::Missing => (Seen::LetterMissing, Told::NotDelivered),
            Fate::Full => (Seen::LetterFull, Told::NotDelivered),
            Fate::NotSent { .. } => (Seen::LetterNotSent, Told::NotDelivered),
            Fate::Unknown { .. } => (Seen::LetterUnknown, Told::Unknown),
            Fate::Locked { .. } | Fate::Refused { .. } => {
                self.checker
                    .broken("I5", format!("letter {letter} was no update and is told {fate:?}"));
                return;
            }
        };
        self.tally.see(seen);
        self.letter_told(letter, told);
    }

    fn update_ended(&mut self, letter: u32, fate: Fate) {
        let (seen, told) = match fate {
            Fate::Delivered => (Seen::UpdateDone, Told::Delivered),
            Fate::Locked { .. } => (Seen::UpdateLocked, Told::NotDelivered),
            Fate::Refused { .. } => (Seen::UpdateRefused, Told::NotDelivered),
            Fate::NotSent { .. } => (Seen::LetterNotSent, Told::NotDelivered),
            Fate::Unknown { .. } => (Seen::LetterUnknown, Told::Unknown),
            Fate::Missing | Fate::Full => {
                self.checker
                    .broken("I5", format!("letter {letter} was an update and is told {fate:?}"));
                return;
            }
        };
        self.tally.see(seen);
        self.letter_told(letter, told);
    }

    fn letter_told(&mut self, letter: u32, told: Told) {
        if let Err((invariant, text)) = self.checker.post.told(letter, told) {
            self.checker.broken(invariant, text);
        }
    }

    fn viewed(&mut self, process: usize, key: usize, since: u64, parting: Parting) {
        let Parting::Seen(seen) = parting else {
            return;
        };
        self.tally.see(Seen::Viewed);
        let mut text = Vec::new();
        seen.document.write_json(&mut text);
        match Game::parse(&text) {
            Ok(game) if game.form == self.processes[process].schema.max(seen.schema) => {
                self.history.seen(key, process, since, self.now, &game.log);
            }
            _ => {
                let text = String::from_utf8_lossy(&text);
                self.checker
                    .broken("I2", format!("k{key}: looked at what nobody saved: {text}"));
            }
        }
    }

    fn erase_ended(&mut self, parting: &Parting) {
        if matches!(parting, Parting::Erased { .. }) {
            self.tally.see(Seen::ErasedByGame);
        }
    }

    /// A host that knows only an old schema version is told so.
    pub fn too_new(&self, process: usize, key: usize) -> bool {
        let needs = self.checker.view(key).map_or(0, |view| view.header.needs());
        needs > self.processes[process].schema
    }

    /// Its game loop runs again soon.
    pub fn call_later(&mut self, process: usize, call: usize, after: u64) {
        self.queue.push(self.now + after, Event::CallDone { process, call });
    }
}
