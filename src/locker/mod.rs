//! The session state machine of one key on one engine.
//!
//! ```text
//!          wanted                  written, or an earlier try is found to have landed
//!  Idle ------------> Acquiring ------------------------------------------------------> Held
//!   ^ ^                  | no longer wanted                                              |  |
//!   | |                  v                                                               |  |
//!   | +--------------- Reclaiming (a try may have landed: let go of it)                  |  |
//!   |                                                                                    |  |
//!   +--- released: nobody here wants it, another server asked, shutdown -----------------+  |
//!   +--- lost: taken, erased, rolled back ---------------------------------------------------+
//! ```
//!
//! The machine does no I/O and reads no clock. [`Locker::poll`] advances it and says what it wants; when the store has
//! room, [`Locker::build`] makes the request; its answer comes back through [`Locker::reply`].

mod acquire;
pub mod call;
pub mod changes;
pub mod event;
mod held;
mod inbox;
pub mod inputs;
mod offline;
mod outbox;
mod outcome;
pub(crate) mod prepare;
mod purchases;

use crate::clock::Time;
use crate::error::{Error, ErrorKind};
use crate::rare::Rare;
use crate::receipt::{credit_of, Answer, Order, Past, Purchases, Standing};
use crate::record::header::Header;
use crate::record::import::Import;
use crate::record::inbox::Sent;
use crate::record::ledger::{Entry, PurchaseId, RECENT_RECEIPTS};
use crate::record::migration::Migrations;
use crate::record::stamp::{Incarnation, OperationId};
use crate::record::Document;
use crate::store::{Key, Request, StoreResult};
pub(crate) use acquire::{load_fault, read_value};
use acquire::{Acquire, Reclaim};
use call::{CallAnswer, HostCall, SaveReason};
use changes::{Answered, Changes};
use event::{ChangeStatus, Event, LoadStatus};
use held::Held;
use inputs::{Inputs, Outputs, ServerView};
use prepare::Preparing;
use std::sync::Arc;
use std::time::Duration;

/// How many people a record may be about.
pub const MAX_USERS: usize = 64;

/// What the host answers to a request for hand-over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HandoverAnswer {
    /// Save and let go when this time has passed.
    Give {
        /// How long to wait.
        after: Duration,
    },
    /// Keep the record; the other server is told.
    Refuse,
}

/// The settings that all lockers of a kind share.
#[derive(Clone, Debug)]
pub struct Spec {
    /// The name; part of the keys in the store.
    pub name: Arc<str>,
    /// The schema version of the data that this server reads and writes.
    pub schema: u32,
    /// Whether the data are opaque bytes instead of JSON.
    pub opaque: bool,
    /// A change is saved after half to all of this time.
    pub autosave: Duration,
    /// The first wait after a failure.
    pub retry_min: Duration,
    /// The longest wait between two tries.
    pub retry_max: Duration,
    /// How long the host has to answer a request for hand-over.
    pub handover_delay: Duration,
    /// Whether to refuse where the host did not answer in that time.
    pub handover_refuse: bool,
    /// Whether the host wants to be called before a save.
    pub before_save: bool,
    /// Whether the host can apply receipts.
    pub apply_receipt: bool,
    /// The largest record that the store takes, in bytes.
    pub max_value_bytes: u64,
    /// How records of older schema versions are brought to the present one.
    pub migrations: Arc<Migrations>,
    /// Whether members that the default data have and a record lacks are filled in when it is loaded.
    pub reconcile: bool,
    /// Whether the host checks the data when they are loaded and before they are saved.
    pub validate: bool,
    /// Whether the data may be edited before they are loaded, and the host merges such edits into what was loaded.
    pub merge_offline: bool,
    /// Whether the host can apply changes that others send.
    pub apply_change: bool,
    /// How many changes may wait in the inbox of a record.
    pub inbox_limit: usize,
    /// Which records that this library did not write are taken over.
    pub import: Import,
    /// A record that has grown to this share of the largest is told of; 100 for never.
    pub size_warning_percent: u32,
    /// Whether the host can take purchases back.
    pub revoke_receipt: bool,
    /// How many purchases a record keeps in full: 1 to
    /// [`MOST_RECENT_RECEIPTS`](crate::record::ledger::MOST_RECENT_RECEIPTS).
    pub purchase_history: usize,
    /// Whether records are encoded on their way to the store, so that only what comes out must fit there.
    pub encoded: bool,
}

impl Spec {
    /// The settings of a kind of JSON record with everything else at its default: schema version 1, a save within
    /// 5 minutes of a change, tries after 250 ms to 5 s, immediate hand-over, no callbacks.
    #[must_use]
    pub fn named(name: &str) -> Self {
        Self {
            name: name.into(),
            schema: 1,
            opaque: false,
            autosave: Duration::from_secs(300),
            retry_min: Duration::from_millis(250),
            retry_max: Duration::from_secs(5),
            handover_delay: Duration::ZERO,
            handover_refuse: false,
            before_save: false,
            apply_receipt: false,
            max_value_bytes: u64::MAX,
            migrations: Arc::default(),
            reconcile: false,
            validate: false,
            merge_offline: false,
            apply_change: false,
            inbox_limit: 100,
            import: Import::default(),
            size_warning_percent: 90,
            revoke_receipt: false,
            purchase_history: RECENT_RECEIPTS,
            encoded: false,
        }
    }

    /// The header of a record that does not exist yet.
    pub(crate) fn new_header(&self, op: OperationId, wall_ms: i64) -> Header {
        let mut header = Header::unborn(op, self.schema, wall_ms);
        let least = self.migrations.least_for(self.schema);
        header.set_schema(self.schema, self.migrations.highest_patch(self.schema), least);
        header
    }

    /// The data of a record that has none: an erased one.
    pub(crate) fn no_data(&self) -> Document {
        if self.opaque {
            Document::from_bytes(&[])
        } else {
            Document::default()
        }
    }

    /// The wait before the next try: doubled at each failure up to the longest, then spread over its upper half.
    pub(crate) fn back_off(&self, failures: u32, jitter: f64) -> Duration {
        let doubled = self.retry_min.saturating_mul(1 << failures.saturating_sub(1).min(16));
        doubled.min(self.retry_max).mul_f64(0.5 + jitter / 2.0)
    }
}

/// The server whose verdict or attention a locker waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Watching {
    /// That server's id.
    pub server: Arc<str>,
    /// The registration that holds the record.
    pub incarnation: Incarnation,
    /// How often it was to get a letter: one more each time that this rises.
    pub letters: u32,
}

/// What `build` gives.
pub enum Built {
    /// Send this.
    Request(Request),
    /// Call the host first.
    Call(HostCall),
    /// There is nothing to send any more.
    Nothing,
}

enum Phase {
    Idle,
    Acquiring(Box<Acquire>),
    Held(Box<Held>),
    Reclaiming(Box<Reclaim>),
}

/// What was asked of the host and not answered yet.
enum Asked {
    Prepare(Preparing),
    Merge,
    Change(Box<Sent>),
    BeforeSave,
    Validate(SaveReason),
    Purchase,
}

/// Which parts of the game want the record: mostly one, without a name.
#[derive(Default)]
struct Wants {
    nameless: bool,
    named: Rare<Vec<Box<str>>>,
}

impl Wants {
    fn insert(&mut self, name: &str) {
        if name.is_empty() {
            self.nameless = true;
        } else if let Err(place) = self.place_of(name) {
            self.named.put().insert(place, name.into());
        }
    }

    fn remove(&mut self, name: &str) {
        if name.is_empty() {
            self.nameless = false;
        } else if let Ok(place) = self.place_of(name) {
            self.named.put().remove(place);
            self.named.tidy();
        }
    }

    fn place_of(&self, name: &str) -> Result<usize, usize> {
        self.named.binary_search_by(|other| (**other).cmp(name))
    }

    fn clear(&mut self) {
        *self = Self::default();
    }

    fn is_empty(&self) -> bool {
        !self.nameless && self.named.is_empty()
    }
}

/// The state machine of one key.
pub struct Locker {
    spec: Arc<Spec>,
    key: Key,
    wants: Wants,
    phase: Phase,
    document: Document,
    default: Document,
    changes: Changes,
    purchases: Rare<Purchases>,
    /// What the host was told of the loading; nothing while nothing is loaded, or all is.
    shown: Option<Box<LoadStatus>>,
    asked: Option<Box<Asked>>,
    in_flight: bool,
    /// The holder's letter box named this key: somebody needs attention.
    attention: bool,
    idle_told: bool,
    /// The host has closed its last handle: its hooks are not called any more.
    closed: bool,
    /// The data were edited before they were loaded.
    edited_offline: bool,
    /// Take the record whoever holds it.
    seize: bool,
}

impl Locker {
    /// A locker at rest. `default` is the data of a record that does not exist yet.
    #[must_use]
    pub fn new(spec: Arc<Spec>, key: Key, default: Document) -> Self {
        Self {
            spec,
            key,
            wants: Wants::default(),
            phase: Phase::Idle,
            document: default.clone(),
            default,
            changes: Changes::default(),
            purchases: Rare::default(),
            shown: None,
            asked: None,
            in_flight: false,
            attention: false,
            idle_told: true,
            closed: false,
            edited_offline: false,
            seize: false,
        }
    }

    /// Whether the host still has a handle; its hooks are called only then.
    pub fn set_closed(&mut self, closed: bool) {
        self.closed = closed;
    }

    /// The data of a record that does not exist yet; for the next session.
    pub fn set_default(&mut self, default: Document) {
        let shows_default = !self.is_held() && !self.edited_offline;
        if shows_default {
            self.document = default.clone();
        }
        self.default = default;
    }

    /// The key in the store.
    #[must_use]
    pub fn key(&self) -> &Key {
        &self.key
    }

    /// The settings.
    #[must_use]
    pub fn spec(&self) -> &Arc<Spec> {
        &self.spec
    }

    // What the host asks for ---------------------------------------------------------------------------------------

    /// The part of the game called `name` wants the record.
    pub fn want(&mut self, name: &str) {
        self.wants.insert(name);
        self.idle_told = false;
    }

    /// The part of the game called `name` no longer wants it.
    pub fn unwant(&mut self, name: &str) {
        self.wants.remove(name);
    }

    /// Nobody here wants it any more.
    pub fn unwant_all(&mut self) {
        self.wants.clear();
    }

    /// Whether some part of the game wants the record.
    #[must_use]
    pub fn is_wanted(&self) -> bool {
        !self.wants.is_empty()
    }

    /// Takes the record when it is wanted, also from a living server, which then loses its session.
    pub fn seize(&mut self) {
        self.seize = true;
        if let Phase::Acquiring(acquire) = &mut self.phase {
            acquire.notified();
        }
    }

    /// Saves soon if something changed.
    pub fn should_save(&mut self) {
        if let Phase::Held(held) = &mut self.phase {
            held.should_save = true;
        }
    }

    /// Saves at once, even if nothing changed. False if there is no session whose data could be saved.
    pub fn force_save(&mut self) -> bool {
        match &mut self.phase {
            Phase::Held(held) => {
                held.force_save = true;
                true
            }
            _ => false,
        }
    }

    /// Answers a request for hand-over.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidArgument`] if nobody asked.
    pub fn answer_handover(&mut self, answer: HandoverAnswer) -> Result<(), Error> {
        let handover = match &mut self.phase {
            Phase::Held(held) => held.rare.used().and_then(|rare| rare.handover.as_mut()),
            _ => None,
        };
        let Some(handover) = handover else {
            let text = format!("no server asks for `{}`", self.key);
            return Err(Error::new(ErrorKind::InvalidArgument, text));
        };
        handover.answer = Some(answer);
        Ok(())
    }

    /// Takes a receipt or a use of credit; the answer comes as an event.
    pub fn order(&mut self, order: Order, events: &mut Vec<Event>) {
        self.purchases.put().push(order);
        if !self.is_wanted() && !matches!(self.phase, Phase::Held(_)) {
            let mut answers = Vec::new();
            self.purchases
                .put()
                .give_up_waiting("nobody on this server wants the record", &mut answers);
            tell_answers(answers, events);
        }
    }

    /// Gives attention to the key: a letter for it has arrived.
    pub fn attend(&mut self) {
        self.attention = true;
    }

    /// Somebody wrote the record: whoever waits for it or holds it looks at it now.
    pub fn notified(&mut self) {
        match &mut self.phase {
            Phase::Held(_) => self.attention = true,
            Phase::Acquiring(acquire) => acquire.notified(),
            Phase::Idle | Phase::Reclaiming(_) => {}
        }
    }

    /// Whether it waits for what another server does.
    #[must_use]
    pub fn waits_for_others(&self) -> bool {
        matches!(&self.phase, Phase::Acquiring(acquire) if acquire.is_waiting())
    }

    // The data -----------------------------------------------------------------------------------------------------

    /// The data: of the session, or the default while nothing is loaded.
    #[must_use]
    pub fn document(&self) -> &Document {
        &self.document
    }

    /// Edits the data as one change with the id `change`; a failed edit leaves them as they were.
    ///
    /// # Errors
    /// What `edit` returns; [`ErrorKind::NotLoaded`] where there is no session to edit, [`ErrorKind::Busy`] while a
    /// callback of the host has a draft of the data.
    pub fn edit<R>(&mut self, change: u64, edit: impl FnOnce(&mut Document) -> Result<R, Error>) -> Result<R, Error> {
        self.check_editable()?;
        let result = edit(&mut self.document)?;
        self.changes.record(change);
        self.edited_offline |= !self.is_held();
        Ok(result)
    }

    /// Adds to the player's credit for a product, as one change with the id `change`.
    ///
    /// # Errors
    /// As [`Locker::edit`].
    pub fn give_credit(
        &mut self,
        change: u64,
        product: &str,
        amount: i64,
        events: &mut Vec<Event>,
    ) -> Result<(), Error> {
        self.check_held()?;
        if let Phase::Held(held) = &mut self.phase {
            let told = crate::receipt::add_credit(&mut held.header, product, amount);
            self.changes.record(change);
            tell_answers(Vec::from_iter(told), events);
        }
        Ok(())
    }

    /// The player's credit for a product; `None` while nothing is loaded.
    #[must_use]
    pub fn credit(&self, product: &str) -> Option<i64> {
        match &self.phase {
            Phase::Held(held) => Some(credit_of(&held.header, product)),
            _ => None,
        }
    }

    /// The latest receipts that took effect, oldest first; empty while nothing is loaded.
    #[must_use]
    pub fn recent_receipts(&self) -> Vec<Entry> {
        match &self.phase {
            Phase::Held(held) => held.header.ledger.recent().collect(),
            _ => Vec::new(),
        }
    }

    /// Says that the data are about this person, as the change `change`; false if they were already.
    ///
    /// # Errors
    /// As [`Locker::edit`]; [`ErrorKind::Full`] if there are too many.
    pub fn add_user(&mut self, change: u64, user: &str) -> Result<bool, Error> {
        self.check_held()?;
        let Phase::Held(held) = &mut self.phase else {
            return Ok(false);
        };
        let users = held.header.users.put();
        let Err(place) = users.binary_search_by(|other| other.as_str().cmp(user)) else {
            return Ok(false);
        };
        if users.len() >= MAX_USERS {
            let text = format!("`{}` is about {MAX_USERS} people already", self.key);
            return Err(Error::new(ErrorKind::Full, text));
        }
        users.insert(place, user.to_owned());
        self.changes.record(change);
        Ok(true)
    }

    /// Says that the data are no longer about this person, as the change `change`; false if they were not.
    ///
    /// # Errors
    /// As [`Locker::edit`].
    pub fn remove_user(&mut self, change: u64, user: &str) -> Result<bool, Error> {
        self.check_held()?;
        let Phase::Held(held) = &mut self.phase else {
            return Ok(false);
        };
        let before = held.header.users.len();
        held.header.users.put().retain(|other| other != user);
        let removed = held.header.users.len() < before;
        if removed {
            self.changes.record(change);
        }
        Ok(removed)
    }

    /// The ids of the people whom the data are about, sorted; `None` while nothing is loaded.
    #[must_use]
    pub fn users(&self) -> Option<&[String]> {
        match &self.phase {
            Phase::Held(held) => Some(&held.header.users),
            _ => None,
        }
    }

    /// What the record knows of a purchase, however old.
    ///
    /// # Errors
    /// [`ErrorKind::NotLoaded`].
    pub fn find_purchase(&self, purchase: &PurchaseId) -> Result<Option<Standing>, Error> {
        self.held_header()
            .map(|header| crate::receipt::standing_of(header, purchase))
    }

    /// The purchases that the record has in full: those dealt with, oldest first, then the parked ones.
    ///
    /// # Errors
    /// [`ErrorKind::NotLoaded`].
    pub fn purchases(&self) -> Result<Vec<Past>, Error> {
        self.held_header().map(crate::receipt::history)
    }

    /// Has the host asked once more about the parked purchases.
    ///
    /// # Errors
    /// [`ErrorKind::NotLoaded`].
    pub fn retry_parked(&mut self) -> Result<(), Error> {
        match &self.phase {
            Phase::Held(held) if !held.release_sent => {
                if !held.header.parked.is_empty() || self.purchases.has_work() {
                    self.purchases.put().retry_parked(&held.header);
                }
                Ok(())
            }
            _ => self.held_header().map(|_| ()),
        }
    }

    /// As a session begins: its host may have learnt of more products.
    fn retry_all_parked(&mut self, header: &Header) {
        if !header.parked.is_empty() || self.purchases.has_work() {
            self.purchases.put().retry_parked(header);
        }
    }

    fn held_header(&self) -> Result<&Header, Error> {
        match &self.phase {
            Phase::Held(held) => Ok(&held.header),
            _ => {
                let text = format!("`{}` is not loaded, its purchases are not known", self.key);
                Err(Error::new(ErrorKind::NotLoaded, text))
            }
        }
    }

    fn check_editable(&self) -> Result<(), Error> {
        if self.asked.is_some() {
            let text = format!("a callback has a draft of the data of `{}`; edit that", self.key);
            return Err(Error::new(ErrorKind::Busy, text));
        }
        match &self.phase {
            Phase::Held(held) if held.rare.offline.is_some() => Err(self.being_merged()),
            Phase::Held(held) if !held.release_sent => Ok(()),
            Phase::Held(_) => Err(self.not_loaded("its last save is under way")),
            _ if self.spec.merge_offline && self.is_wanted() => Ok(()),
            _ => Err(self.not_loaded("it is not loaded")),
        }
    }

    /// As for an edit, with a session.
    fn check_held(&self) -> Result<(), Error> {
        self.check_editable()?;
        if self.is_held() {
            return Ok(());
        }
        Err(self.not_loaded("it is not loaded"))
    }

    fn being_merged(&self) -> Error {
        let text = format!(
            "what was changed on `{}` before it was loaded is being merged into it",
            self.key
        );
        Error::new(ErrorKind::Busy, text)
    }

    fn not_loaded(&self, why: &str) -> Error {
        let text = format!(
            "the data of `{}` cannot be changed: {why}; mark that it should be acquired and wait for the loaded event",
            self.key
        );
        Error::new(ErrorKind::NotLoaded, text)
    }

    // What can be asked --------------------------------------------------------------------------------------------

    /// Whether the session is surely ours at `now`.
    #[must_use]
    pub fn is_available(&self, now: Time, server: &ServerView) -> bool {
        match &self.phase {
            Phase::Held(held) => held.is_usable() && server.is_fresh(held.incarnation, now),
            _ => false,
        }
    }

    /// The registration of this engine, which names all of its with `origin`, under which there is a session that can be
    /// available.
    #[must_use]
    pub(crate) fn registration(&self, origin: u128) -> Option<u64> {
        let Phase::Held(held) = &self.phase else {
            return None;
        };
        let incarnation = held.incarnation;
        let usable = held.is_usable() && incarnation.origin == origin;
        usable.then_some(incarnation.number)
    }

    /// Whether there is a session, its last save included, that nobody can have declared dead at `now`.
    #[must_use]
    pub fn is_fresh(&self, now: Time, server: &ServerView) -> bool {
        match &self.phase {
            Phase::Held(held) => server.is_fresh(held.incarnation, now),
            _ => false,
        }
    }

    /// Whether nothing is held, wanted or under way.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        let at_rest = matches!(self.phase, Phase::Idle) && !self.in_flight && !self.attention;
        at_rest && self.wants.is_empty() && !self.purchases.has_waiting()
    }

    /// Whether there is a session, available or in doubt.
    #[must_use]
    pub fn is_held(&self) -> bool {
        matches!(self.phase, Phase::Held(_))
    }

    /// Whether there is a session whose data the host will be asked for before they are saved for the last time.
    #[must_use]
    pub fn is_syncing(&self) -> bool {
        match &self.phase {
            Phase::Held(held) => !held.release_sent && !self.closed && self.spec.before_save,
            _ => false,
        }
    }

    /// Whether the session holds data that are not saved.
    #[must_use]
    pub fn is_dirty(&self) -> bool {
        self.is_held() && self.changes.is_dirty()
    }

    /// The fencing token of the session.
    #[must_use]
    pub fn epoch(&self) -> Option<u64> {
        match &self.phase {
            Phase::Held(held) => Some(held.header.epoch),
            _ => None,
        }
    }

    /// The fencing token of the session, if its data can be edited: its last save is not under way.
    #[must_use]
    pub fn editable_epoch(&self) -> Option<u64> {
        match &self.phase {
            Phase::Held(held) if held.is_usable() => Some(held.header.epoch),
            _ => None,
        }
    }

    /// Where the loading stands.
    #[must_use]
    pub fn load_status(&self) -> LoadStatus {
        match &self.phase {
            Phase::Held(held) if held.release_sent => LoadStatus::Releasing,
            Phase::Held(held) if held.rare.offline.is_some() => LoadStatus::Loading,
            Phase::Held(_) => LoadStatus::Loaded,
            _ => self.shown.as_deref().map_or(LoadStatus::Idle, LoadStatus::clone),
        }
    }

    /// The changes made here and what became of them.
    #[must_use]
    pub fn changes(&self) -> &Changes {
        &self.changes
    }

    /// How many purchases are not answered yet.
    #[must_use]
    pub fn purchases_in_progress(&self) -> usize {
        self.purchases.in_progress()
    }

    /// The platforms' names of the purchases that are not answered yet.
    pub fn purchase_ids(&self) -> impl Iterator<Item = &str> {
        self.purchases.ids()
    }

    /// Whether a record is being acquired, or an acquisition let go of.
    #[must_use]
    pub fn is_loading(&self) -> bool {
        matches!(self.phase, Phase::Acquiring(_) | Phase::Reclaiming(_))
    }

    /// Since when the session has changes that are not saved.
    #[must_use]
    pub fn unsaved_since(&self) -> Option<Time> {
        match &self.phase {
            Phase::Held(held) if self.changes.is_dirty() => held.unsaved_since,
            _ => None,
        }
    }

    /// What became of a change.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidArgument`] if it was never made here.
    pub fn change_status(&self, change: u64) -> Result<ChangeStatus, Error> {
        self.changes.status(change).ok_or_else(|| {
            let text = format!("change {change} was never made on `{}`", self.key);
            Error::new(ErrorKind::InvalidArgument, text)
        })
    }

    /// Tells `tag` exactly once what becomes of a change.
    ///
    /// # Errors
    /// As [`Locker::change_status`].
    pub fn await_change(&mut self, change: u64, tag: u64, events: &mut Vec<Event>) -> Result<(), Error> {
        self.change_status(change)?;
        self.changes.wait(change, tag);
        tell_settled(&mut self.changes, events);
        Ok(())
    }

    /// Whose verdict or attention is waited for.
    #[must_use]
    pub fn watching(&self) -> Option<Watching> {
        match &self.phase {
            Phase::Acquiring(acquire) => acquire.watching(),
            _ => None,
        }
    }

    /// The lease of the server that is waited for, as its record names it; 0 if none is.
    #[must_use]
    pub fn holder_lease_ms(&self) -> u64 {
        match &self.phase {
            Phase::Acquiring(acquire) => acquire.holder_lease_ms(),
            _ => 0,
        }
    }

    // Stepping -----------------------------------------------------------------------------------------------------

    /// Advances as far as possible without the store or the host, and says what is wanted.
    pub fn poll(&mut self, inputs: &Inputs<'_>, out: &mut Outputs) {
        if self.asked.is_some() {
            return;
        }
        if !self.is_wanted() && !self.is_held() && self.purchases.has_waiting() {
            self.give_up_purchases("nobody on this server wants the record", &mut out.events);
        }
        match &self.phase {
            Phase::Idle => self.poll_idle(inputs, out),
            Phase::Acquiring(_) => self.poll_acquiring(inputs, out),
            Phase::Held(_) => self.poll_held(inputs, out),
            Phase::Reclaiming(_) => self.poll_reclaiming(inputs, out),
        }
        tell_settled(&mut self.changes, &mut out.events);
        self.tell_idle(&mut out.events);
        self.tidy();
    }

    fn tidy(&mut self) {
        self.purchases.tidy();
        if let Phase::Held(held) = &mut self.phase {
            held.rare.tidy();
        }
    }

    /// Makes the request that `poll` asked to send, with an operation id that was never used.
    pub fn build(&mut self, inputs: &Inputs<'_>, op: OperationId, out: &mut Outputs) -> Built {
        if self.asked.is_some() || self.in_flight {
            return Built::Nothing;
        }
        let built = match &self.phase {
            Phase::Idle => Built::Nothing,
            Phase::Acquiring(_) => self.build_acquiring(inputs, op, out),
            Phase::Held(_) => self.build_held(inputs, op, out),
            Phase::Reclaiming(_) => self.build_reclaiming(),
        };
        self.in_flight = matches!(built, Built::Request(_));
        built
    }

    /// Takes the answer to the request that `build` made. A request given up counts as one with an unknown outcome.
    pub fn reply(&mut self, inputs: &Inputs<'_>, result: StoreResult, out: &mut Outputs) {
        self.in_flight = false;
        match &self.phase {
            Phase::Idle => {}
            Phase::Acquiring(_) => self.reply_acquiring(inputs, result, out),
            Phase::Held(_) => self.reply_held(inputs, result, out),
            Phase::Reclaiming(_) => self.reply_reclaiming(inputs, result, out),
        }
        tell_settled(&mut self.changes, &mut out.events);
    }

    /// Takes the host's answer to a call. `change` is the id of the change if the call made one.
    pub fn finish_call(&mut self, inputs: &Inputs<'_>, answer: CallAnswer, change: u64, out: &mut Outputs) {
        match self.asked.take().map(|asked| *asked) {
            Some(Asked::Prepare(preparing)) => self.finish_prepare(inputs, preparing, answer, out),
            Some(Asked::Merge) => self.finish_merge(inputs, answer, change, out),
            Some(Asked::Change(sent)) => self.finish_change(inputs, &sent, answer, change, out),
            Some(Asked::BeforeSave) => self.finish_before_save(inputs, answer, change, out),
            Some(Asked::Validate(reason)) => self.finish_validate(inputs, reason, answer, out),
            Some(Asked::Purchase) => self.finish_purchase(inputs, answer, change, out),
            None => {}
        }
    }

    /// The host will not wait any longer: answers everybody who still waits, as far as it is known.
    pub fn dismiss(&mut self, events: &mut Vec<Event>) {
        let answered = self.changes.dismiss_waiters();
        tell_answered(answered, events);
        self.give_up_purchases("the shutdown's deadline passed before it was saved", events);
    }

    fn poll_idle(&mut self, inputs: &Inputs<'_>, out: &mut Outputs) {
        if self.is_wanted() && !inputs.shutting_down {
            self.attention = false;
            self.phase = Phase::Acquiring(Box::default());
            self.show(LoadStatus::Loading, &mut out.events);
            self.poll_acquiring(inputs, out);
            return;
        }
        if self.is_wanted() {
            self.wants.clear();
            self.give_up_purchases("the server is shutting down", &mut out.events);
        }
        self.drop_offline();
        if self.attention {
            self.attention = false;
            self.idle_told = false;
            self.phase = Phase::Reclaiming(Box::default());
            self.poll_reclaiming(inputs, out);
        }
    }

    fn become_idle(&mut self, events: &mut Vec<Event>) {
        self.phase = Phase::Idle;
        self.seize = false;
        self.drop_offline();
        if let Some(purchases) = self.purchases.used() {
            purchases.forget_parked();
        }
        self.document = self.default.clone();
        self.show(LoadStatus::Idle, events);
    }

    /// What was edited before a load that does not come is lost.
    fn drop_offline(&mut self) {
        if std::mem::take(&mut self.edited_offline) {
            self.changes.settle_loss(0);
            self.document = self.default.clone();
        }
    }

    fn tell_idle(&mut self, events: &mut Vec<Event>) {
        if !self.idle_told && self.is_idle() {
            self.idle_told = true;
            events.push(Event::Idle);
        }
    }

    fn show(&mut self, status: LoadStatus, events: &mut Vec<Event>) {
        if matches!(status, LoadStatus::Loaded | LoadStatus::Releasing | LoadStatus::Idle) {
            self.shown = None;
        } else if self.shown.as_deref() != Some(&status) {
            self.shown = Some(Box::new(status.clone()));
            events.push(Event::LoadStatus(status));
        }
    }

    fn give_up_purchases(&mut self, text: &str, events: &mut Vec<Event>) {
        if let Some(purchases) = self.purchases.used() {
            let mut answers = Vec::new();
            purchases.give_up(text, &mut answers);
            tell_answers(answers, events);
        }
    }
}

fn tell_settled(changes: &mut Changes, events: &mut Vec<Event>) {
    tell_answered(changes.take_answered(), events);
}

fn tell_answered(answered: Vec<Answered>, events: &mut Vec<Event>) {
    for answered in answered {
        events.push(Event::ChangeSettled {
            change: answered.change,
            tag: answered.tag,
            status: answered.status,
        });
    }
}

fn tell_answers(answers: Vec<Answer>, events: &mut Vec<Event>) {
    for answer in answers {
        events.push(match answer {
            Answer::Receipt {
                purchase,
                tag,
                outcome,
                text,
                taken_up,
            } => Event::Receipt {
                purchase,
                tag,
                outcome,
                text,
                taken_up,
            },
            Answer::Credit {
                product,
                tag,
                outcome,
                text,
            } => Event::CreditUsed {
                product,
                tag,
                outcome,
                text,
            },
            Answer::CreditChanged { product, amount } => Event::CreditChanged { product, amount },
        });
    }
}
