//! The invariants, checked against the one true history of the store and everything that any server was told.

use crate::post::Post;
use crate::view::{HeaderView, Name, RecordView, ServerView};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// A broken promise.
#[derive(Clone, Debug)]
pub struct Violation {
    /// Which invariant of the design.
    pub invariant: &'static str,
    pub text: String,
}

/// Which invariant is broken, and how.
pub type Fault = (&'static str, String);

/// What a host was told about a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Saved,
    Lost,
    Unknown,
}

/// A change of game data: one edit of a document.
struct Edit {
    key: usize,
    session: usize,
    /// In which life of the record it was written to the store, if it was.
    committed_in: Option<u32>,
    verdict: Option<Verdict>,
    /// It was stored, and then the store fell back to what it was before.
    forgotten: bool,
}

/// One session of one process: what it edited, in order.
struct Session {
    process: usize,
    edits: Vec<u32>,
    /// How many of them are in the store.
    committed: usize,
    /// The life of the record in which it was acquired.
    life: u32,
}

/// The truth about one key.
#[derive(Default)]
struct Truth {
    /// The last readable record of this life.
    view: Option<RecordView>,
    /// Whose acquisition made the present epoch.
    owner: Option<usize>,
    last_writer: Option<usize>,
    /// In which life a process acquired the record with an epoch.
    acquired: BTreeMap<(usize, u64), u32>,
    /// How often it was erased.
    life: u32,
    /// Set while the record is damaged: what is stored and must stay.
    damaged: bool,
    /// Purchases that have taken effect, with the life in which they did.
    effective: BTreeMap<u32, u32>,
    /// What had ever become of purchases, by the record's words.
    ends: BTreeSet<(u32, String)>,
    purchases: BTreeSet<u32>,
    /// The highest schema version that its record ever needed.
    highest_need: u32,
    /// Purchases that were over when the game erased the record: they have no effect any more, and never will again.
    buried: BTreeSet<u32>,
}

/// A record as it was when a standby of the store fell behind.
#[derive(Clone)]
pub struct Snapshot {
    view: Option<RecordView>,
    owner: Option<usize>,
    last_writer: Option<usize>,
    life: u32,
    buried: BTreeSet<u32>,
}

/// What a write did to a record's header, for those who count interesting moments.
pub struct Step {
    pub before: Option<HeaderView>,
    pub after: HeaderView,
    /// Whose acquisition made the epoch that was written under.
    pub owner: Option<usize>,
    /// Who wrote before.
    pub last_writer: Option<usize>,
    /// Before it was written, nobody held it, or somebody who had been declared dead.
    pub was_free: bool,
}

/// The truth about one server record.
#[derive(Default)]
struct ServerTruth {
    view: Option<ServerView>,
    /// Incarnations that were ended or replaced.
    over: BTreeSet<Name>,
}

/// All truths of one run.
pub struct Checker {
    keys: Vec<Truth>,
    edits: Vec<Edit>,
    sessions: Vec<Session>,
    servers: BTreeMap<Arc<str>, ServerTruth>,
    pub post: Post,
    /// The schema versions that processes know.
    schemas: Vec<u32>,
    /// Somebody tampers with server records, so that not all that is known of them is true.
    pub blind_to_servers: bool,
    calm: bool,
    violation: Option<Violation>,
    pub checks: Checks,
}

/// How often things were compared with what they must be.
#[derive(Clone, Copy, Debug, Default)]
pub struct Checks {
    pub writes: u64,
    pub verdicts: u64,
    pub purchases: u64,
    pub exclusive: u64,
    pub loads: u64,
    pub letters: u64,
}

impl Checks {
    pub fn add(&mut self, other: &Self) {
        self.writes += other.writes;
        self.verdicts += other.verdicts;
        self.purchases += other.purchases;
        self.exclusive += other.exclusive;
        self.loads += other.loads;
        self.letters += other.letters;
    }
}

impl Checker {
    pub fn new(keys: usize, calm: bool) -> Self {
        Self {
            keys: (0..keys).map(|_| Truth::default()).collect(),
            edits: Vec::new(),
            sessions: Vec::new(),
            servers: BTreeMap::new(),
            post: Post::default(),
            schemas: Vec::new(),
            blind_to_servers: false,
            calm,
            violation: None,
            checks: Checks::default(),
        }
    }

    /// The first broken promise, if there is one.
    pub fn violation(&self) -> Option<&Violation> {
        self.violation.as_ref()
    }

    /// Notes a broken promise; the first one counts.
    pub fn broken(&mut self, invariant: &'static str, text: impl Into<String>) {
        self.violation.get_or_insert(Violation {
            invariant,
            text: text.into(),
        });
    }

    /// The last readable record of a key.
    pub fn view(&self, key: usize) -> Option<&RecordView> {
        self.keys[key].view.as_ref()
    }

    /// The highest schema version that a record ever needed.
    pub fn highest_need(&self, key: usize) -> u32 {
        self.keys[key].highest_need
    }

    /// Whether an edit is in what is stored now.
    pub fn is_in_record(&self, edit: u32) -> bool {
        let edit = &self.edits[edit as usize];
        edit.committed_in == Some(self.keys[edit.key].life)
    }

    pub fn is_damaged(&self, key: usize) -> bool {
        self.keys[key].damaged
    }

    /// A host got a session of a key.
    pub fn begin_session(&mut self, process: usize, key: usize, epoch: u64) -> usize {
        let truth = &self.keys[key];
        let life = truth.acquired.get(&(process, epoch)).copied().unwrap_or(truth.life);
        self.sessions.push(Session {
            process,
            edits: Vec::new(),
            committed: 0,
            life,
        });
        self.sessions.len() - 1
    }

    /// Whether the record was erased since a session acquired it: that session is over without knowing it.
    pub fn outlived(&self, key: usize, session: usize) -> bool {
        self.sessions[session].life != self.keys[key].life
    }

    /// The number that the next edit will have.
    pub fn next_edit(&self) -> u32 {
        u32::try_from(self.edits.len()).expect("a run has few edits")
    }

    /// A host edited a document.
    pub fn edited(&mut self, key: usize, session: usize) {
        let edit = self.next_edit();
        self.edits.push(Edit {
            key,
            session,
            committed_in: None,
            verdict: None,
            forgotten: false,
        });
        self.sessions[session].edits.push(edit);
    }

    /// A purchase will be delivered for this key.
    pub fn purchased(&mut self, key: usize, purchase: u32) {
        self.keys[key].purchases.insert(purchase);
    }

    /// A write of a record took place.
    pub fn committed(&mut self, key: usize, value: &[u8], process: usize) -> Option<Step> {
        if self.keys[key].damaged {
            self.broken(
                "I9",
                format!("k{key}: process {process} wrote over a record that nobody can read"),
            );
            return None;
        }
        let view = match RecordView::parse(value) {
            Ok(view) => view,
            Err(fault) => {
                let text = String::from_utf8_lossy(value);
                self.broken(
                    "I9",
                    format!("k{key}: process {process} wrote what is no record: {fault}: {text}"),
                );
                return None;
            }
        };
        let before = self.keys[key].view.as_ref().map(|view| view.header.clone());
        let was_free = before.as_ref().is_none_or(|before| self.is_free(before));
        if let Err((invariant, text)) = self.check_commit(key, &view, process) {
            self.broken(invariant, format!("k{key}: write of process {process}: {text}"));
        }
        let truth = &mut self.keys[key];
        truth.highest_need = truth.highest_need.max(view.header.needs());
        if before.as_ref().is_none_or(|before| before.epoch != view.header.epoch) {
            truth.owner = Some(process);
            truth.acquired.insert((process, view.header.epoch), truth.life);
        }
        let step = Step {
            before,
            after: view.header.clone(),
            owner: truth.owner,
            last_writer: truth.last_writer.replace(process),
            was_free,
        };
        truth.view = Some(view);
        Some(step)
    }

    fn check_commit(&mut self, key: usize, view: &RecordView, process: usize) -> Result<(), Fault> {
        self.checks.writes += 1;
        let old = self.keys[key].view.take();
        let none = RecordView::parse(br#"{"$slk":{"epoch":0,"revision":0,"op":"0.0"},"data":{}}"#)
            .map_err(|fault| ("I9", fault.to_string()))?;
        let unborn = old.is_none();
        let old = old.as_ref().unwrap_or(&none);
        if view.header.erased {
            return self.check_erasing(key, old, view);
        }
        self.check_order(key, old, view, process)?;
        self.check_schema(old, view, process, unborn || old.header.erased)?;
        self.check_log(key, old, view, process)?;
        self.check_purchases(key, old, view)?;
        self.post.committed(key, process, old, view)
    }

    /// I1: epochs and revisions rise; under one epoch only its acquirer writes data.
    fn check_order(&self, key: usize, old: &RecordView, new: &RecordView, process: usize) -> Result<(), Fault> {
        let (before, after) = (&old.header, &new.header);
        if after.epoch < before.epoch {
            return Err(("I1", format!("epoch fell from {} to {}", before.epoch, after.epoch)));
        }
        if after.revision <= before.revision {
            return Err(("I1", format!("revision {} after {}", after.revision, before.revision)));
        }
        let same_session = after.epoch == before.epoch;
        if same_session && self.keys[key].owner != Some(process) {
            let guest = after.holder.is_none() && self.is_free(before);
            let same = if guest {
                same_but_for_mail(old, new)
            } else {
                old.data == new.data && before.holder == after.holder
            };
            let data_same = same
                && before.ledger == after.ledger
                && (before.credit == after.credit || before.erased)
                && (before.op == after.op || after.epoch == 0);
            if !data_same {
                return Err((
                    "I1",
                    format!(
                        "wrote data under epoch {}, which process {:?} acquired",
                        after.epoch, self.keys[key].owner
                    ),
                ));
            }
        }
        if !same_session && after.holder.is_none() {
            return Err(("I1", format!("epoch {} begins without a holder", after.epoch)));
        }
        Ok(())
    }

    /// Whether nobody holds a record, or somebody who was declared dead.
    fn is_free(&self, header: &HeaderView) -> bool {
        let Some(holder) = &header.holder else {
            return true;
        };
        let truth = self.servers.get(holder.server.as_str());
        let present = truth.and_then(|truth| truth.view.as_ref());
        let lives = present.is_some_and(|present| present.incarnation == holder.incarnation && !present.ended);
        self.blind_to_servers || !lives
    }

    /// I9: what an older server cannot work with it does not write; versions do not fall, and each migrator runs once.
    fn check_schema(&self, old: &RecordView, new: &RecordView, process: usize, newborn: bool) -> Result<(), Fault> {
        let (before, after) = (&old.header, &new.header);
        if new.data.form != after.schema {
            let text = format!("data of form {} are called version {}", new.data.form, after.schema);
            return Err(("I9", text));
        }
        if newborn {
            return Ok(());
        }
        if after.schema < before.schema || after.needs() < before.needs() {
            let text = format!(
                "the schema version fell from {} (needs {}) to {} (needs {})",
                before.schema,
                before.needs(),
                after.schema,
                after.needs()
            );
            return Err(("I9", text));
        }
        let knows = self.schemas[process];
        if after.epoch != before.epoch && knows < before.needs() {
            let text = format!(
                "a server that knows version {knows} took a record that needs {}",
                before.needs()
            );
            return Err(("I9", text));
        }
        Ok(())
    }

    /// The game erased a record: whoever had it has lost it, and nothing that was over begins again.
    fn check_erasing(&mut self, key: usize, old: &RecordView, new: &RecordView) -> Result<(), Fault> {
        let (before, after) = (&old.header, &new.header);
        // The place of a record may remember what was turned away, also where there never was one.
        let nothing = before.erased || before.revision == 0;
        if nothing && after.epoch == before.epoch && after.revision > before.revision {
            return Ok(());
        }
        if after.epoch <= before.epoch || after.revision <= before.revision || after.holder.is_some() {
            return Err(("I1", format!("erased at epoch {} after {}", after.epoch, before.epoch)));
        }
        let truth = &mut self.keys[key];
        for purchase in truth.purchases.clone() {
            if matches!(old.end_of(purchase), Some("applied" | "credited" | "revoked")) {
                truth.buried.insert(purchase);
            }
        }
        truth.life += 1;
        self.post.erased(key);
        Ok(())
    }

    /// The life of a record: another one begins when it is erased.
    pub fn life(&self, key: usize) -> u32 {
        self.keys[key].life
    }

    /// I1, I2, I3: what was there stays; what is new was edited by the writer, in its order, and not told lost.
    fn check_log(&mut self, key: usize, old: &RecordView, new: &RecordView, process: usize) -> Result<(), Fault> {
        let Some(fresh) = new.data.log.strip_prefix(old.data.log.as_slice()) else {
            return Err((
                "I2",
                format!(
                    "edits {:?} were saved, now the record has {:?}",
                    old.data.log, new.data.log
                ),
            ));
        };
        let life = self.keys[key].life;
        for edit in fresh {
            let Some(truth) = self.edits.get_mut(*edit as usize).filter(|truth| truth.key == key) else {
                return Err(("I1", format!("edit {edit} was never made on this key")));
            };
            let session = &mut self.sessions[truth.session];
            if session.process != process {
                return Err(("I1", format!("edit {edit} was made by process {}", session.process)));
            }
            if truth.committed_in.is_some() {
                return Err(("I1", format!("edit {edit} was written before and is written again")));
            }
            if session.edits.get(session.committed) != Some(edit) {
                return Err((
                    "I1",
                    format!("edit {edit} is written out of its order {:?}", session.edits),
                ));
            }
            if truth.forgotten && truth.verdict == Some(Verdict::Saved) {
                let text = format!("edit {edit} was saved, rolled back, and is written again without a word");
                return Err(("I2", text));
            }
            if truth.verdict == Some(Verdict::Lost) {
                return Err(("I3", format!("edit {edit} was told lost, and is in the record now")));
            }
            session.committed += 1;
            truth.committed_in = Some(life);
        }
        Ok(())
    }

    /// I4: one effect for each receipt that the ledger calls granted, none for the others; what is paid back stays so.
    fn check_purchases(&mut self, key: usize, old: &RecordView, new: &RecordView) -> Result<(), Fault> {
        let same = old.data.got == new.data.got
            && old.data.spent == new.data.spent
            && old.header.ledger == new.header.ledger
            && old.header.credit == new.header.credit
            && old.header.parked == new.header.parked;
        if same {
            return Ok(());
        }
        self.checks.purchases += 1;
        let truth = &mut self.keys[key];
        for purchase in &truth.purchases {
            if truth.buried.contains(purchase) {
                let (is, end) = (new.effects_of(*purchase), new.end_of(*purchase));
                if is > 0 {
                    return Err((
                        "I4",
                        format!("purchase {purchase} has its effect again after the erasing"),
                    ));
                }
                // Paid back after the erasing, it may be a debt, once.
                if is < -i64::from(end == Some("revoked")) {
                    let text = format!("purchase {purchase} is {end:?} after the erasing, with {is} effects");
                    return Err(("I4", text));
                }
                if let Some(end) = end {
                    truth.ends.insert((*purchase, end.to_owned()));
                }
                continue;
            }
            let (was, is) = (old.effects_of(*purchase), new.effects_of(*purchase));
            let (before, end) = (old.end_of(*purchase), new.end_of(*purchase));
            let granted = matches!(end, Some("applied" | "credited"));
            if is > 1 {
                return Err(("I4", format!("purchase {purchase} has {is} effects")));
            }
            if before == Some("revoked") && end != before {
                return Err(("I4", format!("purchase {purchase} was paid back, and is {end:?}")));
            }
            if is < was && end != Some("revoked") {
                return Err(("I4", format!("the effect of purchase {purchase} has gone")));
            }
            if is != i64::from(granted) {
                return Err(("I4", format!("purchase {purchase} is {end:?}, with {is} effects")));
            }
            if let Some(end) = end {
                truth.ends.insert((*purchase, end.to_owned()));
            }
            if is == 1 {
                truth.effective.insert(*purchase, truth.life);
            }
        }
        Ok(())
    }

    /// I2 and I3: a host was told about a change. Returns whether it is news.
    pub fn told(&mut self, edit: u32, verdict: Verdict) -> bool {
        self.checks.verdicts += 1;
        let index = edit as usize;
        let (key, committed_in, before) = {
            let truth = &self.edits[index];
            let stored = truth.committed_in.or(truth.forgotten.then_some(u32::MAX));
            (truth.key, stored, truth.verdict)
        };
        let life = self.keys[key].life;
        match verdict {
            Verdict::Saved if committed_in.is_none() => {
                self.broken("I2", format!("k{key}: edit {edit} was told saved and is in no record"));
            }
            Verdict::Lost if committed_in == Some(life) => {
                self.broken("I3", format!("k{key}: edit {edit} was told lost and is in the record"));
            }
            _ => {}
        }
        if before.is_some_and(|before| before != verdict) {
            self.broken(
                "I3",
                format!("k{key}: edit {edit} was told {before:?}, now {verdict:?}"),
            );
        }
        if self.calm && verdict != Verdict::Saved {
            self.broken(
                "I3",
                format!("k{key}: edit {edit} was told {verdict:?} although nothing went wrong"),
            );
        }
        self.edits[index].verdict = Some(verdict);
        before.is_none()
    }

    /// I4: a host was told that this has become of a purchase, which is no effect.
    pub fn told_end(&mut self, key: usize, purchase: u32, end: &str) {
        if !self.keys[key].ends.contains(&(purchase, end.to_owned())) {
            let text = format!("k{key}: purchase {purchase} was told {end} and is so in no record");
            self.broken("I4", text);
        }
    }

    /// I4: a host was told that a purchase has taken effect.
    pub fn told_granted(&mut self, key: usize, purchase: u32, credited: bool) {
        let truth = &self.keys[key];
        if !truth.effective.contains_key(&purchase) {
            self.broken(
                "I4",
                format!("k{key}: purchase {purchase} was told granted and is in no record"),
            );
            return;
        }
        let entry = truth.view.as_ref().and_then(|view| view.receipt(purchase));
        let other = if credited { "applied" } else { "credited" };
        if entry.is_some_and(|entry| entry.effect == other) && truth.life == 0 {
            self.broken(
                "I4",
                format!("k{key}: purchase {purchase} was {other}, and the host was told otherwise"),
            );
        }
    }

    /// A write of a server record took place: no incarnation comes back. Gives what was there before and is there now.
    pub fn server_committed(&mut self, server: &Arc<str>, value: &[u8]) -> Option<(ServerView, ServerView)> {
        let view = match ServerView::parse(value) {
            Ok(view) => view,
            Err(fault) => {
                self.broken("I9", format!("server record {server}: not readable: {fault}"));
                return None;
            }
        };
        let truth = self.servers.entry(Arc::clone(server)).or_default();
        let back = truth.over.contains(&view.incarnation) && !view.ended;
        if view.ended {
            truth.over.insert(view.incarnation);
        }
        let before = truth.view.replace(view.clone());
        if let Some(before) = before.as_ref().filter(|before| before.incarnation != view.incarnation) {
            truth.over.insert(before.incarnation);
        }
        if back {
            let text = format!("server record {server}: {} was over and is back", view.incarnation);
            self.broken("I7", text);
        }
        before.map(|before| (before, view))
    }

    /// Somebody erased a record.
    pub fn erased(&mut self, key: usize) {
        self.post.meddled(key);
        let truth = &mut self.keys[key];
        truth.view = None;
        truth.owner = None;
        truth.damaged = false;
        truth.life += 1;
        truth.buried.clear();
    }

    /// Somebody damaged a record, or made good the damage with the very same bytes.
    pub fn set_damaged(&mut self, key: usize, damaged: bool) {
        self.post.meddled(key);
        self.keys[key].damaged = damaged;
    }

    /// What is stored under each key now.
    pub fn snapshot(&self) -> Vec<Snapshot> {
        let of_key = |truth: &Truth| Snapshot {
            view: truth.view.clone(),
            owner: truth.owner,
            last_writer: truth.last_writer,
            life: truth.life,
            buried: truth.buried.clone(),
        };
        self.keys.iter().map(of_key).collect()
    }

    /// The store has fallen back to what it was at the snapshot; whether a record is not what it was a moment ago.
    pub fn rolled_back(&mut self, snapshot: &[Snapshot]) -> bool {
        let mut changed = false;
        for (key, was) in snapshot.iter().enumerate() {
            let truth = &self.keys[key];
            let revision = |view: &Option<RecordView>| view.as_ref().map(|view| view.header.revision);
            if truth.life == was.life && revision(&truth.view) == revision(&was.view) {
                continue;
            }
            changed = true;
            self.roll_back(key, was.clone());
        }
        for server in self.servers.values_mut() {
            server.over.clear();
        }
        changed
    }

    fn roll_back(&mut self, key: usize, was: Snapshot) {
        self.post.meddled_for_good(key);
        let truth = &mut self.keys[key];
        truth.life += 1;
        truth.owner = was.owner;
        truth.last_writer = was.last_writer;
        truth.view = was.view;
        truth.buried = was.buried;
        let (life, none) = (truth.life, Vec::new());
        let log = truth.view.as_ref().map_or(&none, |view| &view.data.log);
        for (number, edit) in self.edits.iter_mut().enumerate().filter(|(_, edit)| edit.key == key) {
            let there = log.iter().any(|logged| *logged as usize == number);
            edit.forgotten |= edit.committed_in.is_some() && !there;
            edit.committed_in = there.then_some(life);
        }
        let edits = &self.edits;
        let of_key = |session: &&mut Session| {
            session
                .edits
                .first()
                .is_some_and(|edit| edits[*edit as usize].key == key)
        };
        for session in self.sessions.iter_mut().filter(of_key) {
            let there = session.edits.iter().take_while(|edit| log.contains(edit));
            session.committed = there.count();
        }
    }

    /// Another process was started; it knows this schema version.
    pub fn process_started(&mut self, schema: u32) {
        self.schemas.push(schema);
    }

    /// A server record was removed at the end of a shutdown, or erased or damaged by somebody. A late copy of a
    /// registration, which asks for a missing record, may land after that; it holds no session.
    pub fn server_gone(&mut self, server: &Arc<str>) {
        self.servers.remove(server);
    }
}

/// Whether a write into a record that nobody holds changed no more than a guest may: what was sent to the record and
/// applied, and the version of the data.
fn same_but_for_mail(old: &RecordView, new: &RecordView) -> bool {
    let (old, new) = (&old.data, &new.data);
    old.log == new.log && old.got == new.got && old.spent == new.spent && old.sent == new.sent
}
