//! Purchases through everything that a platform, a game, a store and a crash can do to them: each has exactly one effect.
//!
//! The stories drive the sans-I/O core directly. The game adds one to `bought` for each product that it applies, and takes
//! one away for each that it takes back.

mod common;

use common::{Fate, World};
use sessionlocker::engine::LockerId;
use sessionlocker::error::ErrorKind;
use sessionlocker::locker::call::{Question, Verdict};
use sessionlocker::locker::event::{ChangeStatus, Event};
use sessionlocker::receipt::{ReceiptOutcome, ReceiptState, Standing};
use sessionlocker::record::ledger::{Effect, PurchaseId, PARKED_BYTES, PARKED_RECEIPTS};
use std::rc::Rc;
use std::time::Duration;

const LEASE: Duration = Duration::from_secs(10);
const FIRST: bool = false;
const AGAIN: bool = true;

const PURCHASED: ReceiptState = ReceiptState::Purchased;
const PENDING: ReceiptState = ReceiptState::Pending;
const REJECTED: ReceiptState = ReceiptState::Rejected;
const REVOKED: ReceiptState = ReceiptState::Revoked;

fn granted(duplicate: bool) -> ReceiptOutcome {
    ReceiptOutcome::Granted { duplicate }
}

fn credited(duplicate: bool) -> ReceiptOutcome {
    ReceiptOutcome::Credited { duplicate }
}

fn pending(duplicate: bool) -> ReceiptOutcome {
    ReceiptOutcome::Pending { duplicate }
}

fn rejected(duplicate: bool) -> ReceiptOutcome {
    ReceiptOutcome::Rejected { duplicate }
}

fn revoked(duplicate: bool) -> ReceiptOutcome {
    ReceiptOutcome::Revoked { duplicate }
}

fn parked(duplicate: bool) -> ReceiptOutcome {
    ReceiptOutcome::Parked { duplicate }
}

type Game = Rc<dyn Fn(&Question) -> Option<Verdict>>;

/// One player on one server at a time.
struct Shop {
    world: World,
    server: usize,
    locker: LockerId,
    game: Game,
}

impl Shop {
    fn open() -> Self {
        let mut world = World::new();
        let server = world.server("a", LEASE);
        let locker = world.load(server, "p");
        Self {
            world,
            server,
            locker,
            game: Rc::new(|_| None),
        }
    }

    /// The player moves to another server, whose game says what this one's says.
    fn move_to(&mut self, name: &str) {
        self.world.release(self.server, self.locker);
        self.world.run(Duration::from_secs(1));
        self.join(name);
    }

    fn join(&mut self, name: &str) {
        self.server = self.world.server(name, LEASE);
        let game = Rc::clone(&self.game);
        self.game_is(game);
        self.locker = self.world.load(self.server, "p");
    }

    fn send(&mut self, id: &str, product: &str, state: ReceiptState) {
        self.world.notice(self.server, self.locker, id, product, state, 1);
    }

    /// What is answered to a notice about a purchase of the product `thing`.
    fn notice(&mut self, id: &str, state: ReceiptState) -> ReceiptOutcome {
        self.notice_of(id, "thing", state)
    }

    fn notice_of(&mut self, id: &str, product: &str, state: ReceiptState) -> ReceiptOutcome {
        self.world.events(self.server);
        self.send(id, product, state);
        self.world.run(Duration::from_millis(100));
        let outcomes = self.world.receipt_outcomes(self.server);
        assert_eq!(outcomes.len(), 1, "one answer for {id} {state:?}: {outcomes:?}");
        outcomes[0].1
    }

    fn game_is(&mut self, game: Game) {
        self.game = Rc::clone(&game);
        self.world.game(self.server, move |question| game(question));
    }

    /// The game says this of each product and each purchase that is paid back.
    fn game_says(&mut self, verdict: Verdict) {
        self.game_is(Rc::new(move |_| Some(verdict.clone())));
    }

    fn game_does_all(&mut self) {
        self.game_is(Rc::new(|_| None));
    }

    fn game_cannot_take_back(&mut self) {
        self.game_is(Rc::new(|question| {
            matches!(question, Question::RevokeReceipt(_)).then_some(Verdict::NotApplicable)
        }));
    }

    /// How many products are in the data that are stored.
    fn stored(&self) -> i64 {
        common::json(&self.world.data("p"))["bought"].as_i64().unwrap()
    }

    fn credit(&mut self) -> i64 {
        self.world.core(self.server).credit(self.locker, "thing").unwrap()
    }

    fn give_credit(&mut self, amount: i64) {
        let locker = self.locker;
        self.world
            .core(self.server)
            .give_credit(locker, "thing", amount)
            .unwrap();
    }

    fn use_credit(&mut self) {
        let locker = self.locker;
        self.world.core(self.server).use_credit(locker, "thing", 9).unwrap();
        self.world.run(Duration::from_millis(100));
    }

    fn standing(&mut self, id: &str) -> Option<Standing> {
        let locker = self.locker;
        self.world
            .core(self.server)
            .find_purchase(locker, &purchase(id))
            .unwrap()
    }

    /// How often the game was asked since the last call.
    fn asked(&mut self) -> usize {
        self.world.asked(self.server).len()
    }
}

fn purchase(id: &str) -> PurchaseId {
    PurchaseId {
        provider: "shop".into(),
        environment: "test".into(),
        id: id.into(),
    }
}

fn entered(effect: Effect) -> Option<Standing> {
    Some(Standing::Entered(effect))
}

// Old receipts and second validations ---------------------------------------------------------------------------------

/// D9: whatever became of a purchase, it is known after hundreds of others, in full or as a digest, on any server.
#[test]
fn d9_hundreds_of_purchases_later_each_end_is_known() {
    let mut shop = Shop::open();
    assert_eq!(shop.notice("granted", PURCHASED), granted(FIRST));
    shop.game_says(Verdict::NotApplicable);
    assert_eq!(shop.notice("credited", PURCHASED), credited(FIRST));
    shop.game_does_all();
    assert_eq!(shop.notice("pending", PENDING), pending(FIRST));
    assert_eq!(shop.notice("rejected", REJECTED), rejected(FIRST));
    assert_eq!(shop.notice("revoked", PURCHASED), granted(FIRST));
    assert_eq!(shop.notice("revoked", REVOKED), revoked(FIRST));
    for number in 0..350 {
        shop.send(&number.to_string(), "thing", PURCHASED);
        shop.world.run(Duration::from_millis(5));
    }
    shop.move_to("b");
    assert_eq!(shop.world.header("p").ledger.recent().count(), 100);
    assert_eq!(shop.standing("granted"), entered(Effect::Applied));
    assert_eq!(shop.standing("credited"), entered(Effect::Credited));
    assert_eq!(shop.standing("pending"), entered(Effect::Pending));
    assert_eq!(shop.standing("rejected"), entered(Effect::Rejected));
    assert_eq!(shop.standing("revoked"), entered(Effect::Revoked));
    assert_eq!(shop.standing("never seen"), None);
    assert_eq!(shop.notice("granted", PURCHASED), granted(AGAIN));
    assert_eq!(shop.notice("credited", PURCHASED), credited(AGAIN));
    assert_eq!(shop.notice("rejected", REJECTED), rejected(AGAIN));
    assert_eq!(shop.notice("revoked", PURCHASED), revoked(AGAIN));
    assert_eq!((shop.stored(), shop.asked()), (351, 0));
    // The one that was never granted is, as soon as it is paid.
    assert_eq!(shop.notice("pending", PURCHASED), granted(FIRST));
    assert_eq!(shop.stored(), 352);
}

/// A refund of a purchase of which only the digest is left is made once, and remembered when it is a digest itself.
#[test]
fn d9_a_very_old_purchase_is_paid_back() {
    let mut shop = Shop::open();
    assert_eq!(shop.notice("old", PURCHASED), granted(FIRST));
    let many = |shop: &mut Shop, from: usize| {
        for number in from..from + 150 {
            shop.send(&number.to_string(), "thing", PURCHASED);
            shop.world.run(Duration::from_millis(5));
        }
    };
    many(&mut shop, 0);
    assert!(shop.world.header("p").ledger.entry_of(&purchase("old")).is_none());
    assert_eq!(shop.notice("old", REVOKED), revoked(FIRST));
    assert_eq!(shop.stored(), 150);
    many(&mut shop, 150);
    assert_eq!(shop.notice("old", REVOKED), revoked(AGAIN));
    assert_eq!(shop.notice("old", PURCHASED), revoked(AGAIN));
    assert_eq!((shop.stored(), shop.world.header("p").ledger.len()), (300, 301));
}

/// D10, first half: a refund is not cleared by validating the purchase once more.
#[test]
fn d10_a_second_validation_does_not_clear_a_refund() {
    let mut shop = Shop::open();
    assert_eq!(shop.notice("r", PURCHASED), granted(FIRST));
    assert_eq!(shop.notice("r", REVOKED), revoked(FIRST));
    assert_eq!(shop.stored(), 0);
    shop.asked();
    for state in [PURCHASED, PENDING, REJECTED, REVOKED, PURCHASED] {
        assert_eq!(shop.notice("r", state), revoked(AGAIN));
    }
    shop.move_to("b");
    assert_eq!(shop.notice("r", PURCHASED), revoked(AGAIN));
    assert_eq!((shop.stored(), shop.asked()), (0, 0));
}

/// D10, second half: "seen before" is not the same as granted.
#[test]
fn d10_what_was_never_granted_is_never_said_to_have_been() {
    let mut shop = Shop::open();
    for (id, state) in [("pending", PENDING), ("rejected", REJECTED)] {
        shop.notice(id, state);
        shop.notice(id, state);
        assert_eq!(shop.stored(), 0);
        // The game fails at first: it is still not granted.
        shop.game_says(Verdict::Failed("on purpose".into()));
        assert_eq!(shop.notice(id, PURCHASED), ReceiptOutcome::NotProcessed);
        shop.game_does_all();
    }
    assert_eq!(shop.notice("pending", PURCHASED), granted(FIRST));
    assert_eq!(shop.notice("rejected", PURCHASED), granted(FIRST));
    assert_eq!(shop.stored(), 2);
    assert_eq!(shop.notice("rejected", PURCHASED), granted(AGAIN));
    // A late notice of before is no reason to take anything back, nor to grant it again.
    assert_eq!(shop.notice("pending", PENDING), granted(AGAIN));
    assert_eq!(shop.notice("rejected", REJECTED), granted(AGAIN));
    assert_eq!(shop.stored(), 2);
}

/// The game turns a purchase down, and takes it when it comes again.
#[test]
fn the_game_turns_a_purchase_down() {
    let mut shop = Shop::open();
    shop.game_says(Verdict::Rejected("the signature is wrong".into()));
    shop.send("r", "thing", PURCHASED);
    shop.world.run(Duration::from_millis(100));
    let told = shop
        .world
        .events(shop.server)
        .into_iter()
        .find_map(|event| match event {
            Event::Receipt { outcome, text, .. } => Some((outcome, text)),
            _ => None,
        });
    assert_eq!(told, Some((rejected(FIRST), "the signature is wrong".into())));
    assert_eq!(
        shop.stored(),
        0,
        "the edits of a callback that turns it down are dropped"
    );
    assert_eq!(shop.standing("r"), entered(Effect::Rejected));
    shop.game_does_all();
    assert_eq!(shop.notice("r", PURCHASED), granted(FIRST));
    assert_eq!(shop.stored(), 1);
}

// Paid back -----------------------------------------------------------------------------------------------------------

#[test]
fn what_was_applied_is_taken_back_once() {
    let mut shop = Shop::open();
    assert_eq!(shop.notice("r", PURCHASED), granted(FIRST));
    assert_eq!(shop.stored(), 1);
    // The notice of the refund names another product; what was entered counts.
    assert_eq!(shop.notice_of("r", "other thing", REVOKED), revoked(FIRST));
    let asked = shop.world.asked(shop.server);
    assert!(
        matches!(asked.last(), Some(Question::RevokeReceipt(receipt)) if receipt.product == "thing"),
        "{asked:?}"
    );
    assert_eq!((shop.stored(), shop.credit()), (0, 0));
    assert_eq!(shop.notice("r", REVOKED), revoked(AGAIN));
    assert_eq!((shop.stored(), shop.credit(), shop.asked()), (0, 0, 0));
}

/// What is spent already becomes a debt, which the next credit pays off; a debt cannot be used.
#[test]
fn what_cannot_be_taken_back_becomes_a_debt() {
    let mut shop = Shop::open();
    shop.game_cannot_take_back();
    assert_eq!(shop.notice("r", PURCHASED), granted(FIRST));
    assert_eq!(shop.notice("r", REVOKED), revoked(FIRST));
    assert_eq!((shop.stored(), shop.credit()), (1, -1));
    assert_eq!(shop.notice("r", REVOKED), revoked(AGAIN));
    assert_eq!(shop.credit(), -1);
    shop.use_credit();
    assert_eq!((shop.stored(), shop.credit()), (1, -1));
    shop.move_to("b");
    assert_eq!(shop.credit(), -1, "the debt is in the record");
    shop.game_says(Verdict::NotApplicable);
    assert_eq!(shop.notice("s", PURCHASED), credited(FIRST));
    assert_eq!(shop.credit(), 0);
    shop.give_credit(1);
    assert_eq!(shop.credit(), 1);
}

#[test]
fn credit_that_is_still_there_is_taken_back() {
    let mut shop = Shop::open();
    shop.game_says(Verdict::NotApplicable);
    assert_eq!(shop.notice("r", PURCHASED), credited(FIRST));
    assert_eq!(shop.credit(), 1);
    shop.asked();
    assert_eq!(shop.notice("r", REVOKED), revoked(FIRST));
    assert_eq!((shop.credit(), shop.asked()), (0, 0));
    assert_eq!(shop.notice("r", REVOKED), revoked(AGAIN));
    assert_eq!(shop.credit(), 0);
}

/// Credit that was used is in the data: the game takes it back, or it becomes a debt.
#[test]
fn credit_that_was_used_is_taken_back_as_what_it_became() {
    for can_take_back in [true, false] {
        let mut shop = Shop::open();
        shop.game_says(Verdict::NotApplicable);
        assert_eq!(shop.notice("r", PURCHASED), credited(FIRST));
        shop.game_does_all();
        shop.use_credit();
        assert_eq!((shop.stored(), shop.credit()), (1, 0));
        if !can_take_back {
            shop.game_cannot_take_back();
        }
        assert_eq!(shop.notice("r", REVOKED), revoked(FIRST));
        let expected = if can_take_back { (0, 0) } else { (1, -1) };
        assert_eq!((shop.stored(), shop.credit()), expected);
    }
}

#[test]
fn what_was_never_granted_is_only_entered_as_paid_back() {
    let mut shop = Shop::open();
    shop.notice("pending", PENDING);
    shop.notice("rejected", REJECTED);
    for id in ["unheard of", "pending", "rejected"] {
        assert_eq!(shop.notice(id, REVOKED), revoked(FIRST));
        assert_eq!(shop.notice(id, PURCHASED), revoked(AGAIN));
    }
    assert_eq!((shop.stored(), shop.credit(), shop.asked()), (0, 0, 0));
}

/// A game that fails to take something back is asked again when the notice comes again; nothing is half done.
#[test]
fn a_callback_that_fails_to_take_back_is_asked_again() {
    let mut shop = Shop::open();
    assert_eq!(shop.notice("r", PURCHASED), granted(FIRST));
    for verdict in [
        Verdict::Failed("on purpose".into()),
        Verdict::Rejected("no".into()),
        Verdict::UnknownProduct,
    ] {
        shop.game_says(verdict);
        assert_eq!(shop.notice("r", REVOKED), ReceiptOutcome::NotProcessed);
        assert_eq!((shop.stored(), shop.credit()), (1, 0));
        assert_eq!(shop.standing("r"), entered(Effect::Applied));
    }
    shop.game_does_all();
    assert_eq!(shop.notice("r", REVOKED), revoked(FIRST));
    assert_eq!((shop.stored(), shop.credit()), (0, 0));
}

// Unknown products ----------------------------------------------------------------------------------------------------

/// The game of a newer server knows the product: the purchase is taken up with what came with it, and is answered as
/// any other from then on.
#[test]
fn a_parked_purchase_is_taken_up_by_a_server_that_knows_the_product() {
    let mut shop = Shop::open();
    shop.game_says(Verdict::UnknownProduct);
    assert_eq!(shop.notice_of("r", "new thing", PURCHASED), parked(FIRST));
    assert_eq!(shop.notice_of("r", "new thing", PURCHASED), parked(AGAIN));
    assert_eq!((shop.stored(), shop.standing("r")), (0, Some(Standing::Parked)));
    shop.game_does_all();
    shop.move_to("b");
    shop.world.run(Duration::from_millis(100));
    let events = shop.world.events(shop.server);
    let told: Vec<_> = events
        .iter()
        .filter_map(|event| match event {
            Event::Receipt {
                purchase,
                tag,
                outcome,
                taken_up,
                ..
            } => Some((purchase.as_str(), *tag, *outcome, *taken_up)),
            _ => None,
        })
        .collect();
    assert_eq!(told, [("r", 0, granted(FIRST), true)]);
    let asked = shop.world.asked(shop.server);
    assert!(
        matches!(&asked[..], [Question::ApplyReceipt(it)] if it.product == "new thing" && it.context == b"new thing"),
        "{asked:?}"
    );
    // It was saved at once, and nothing is parked any more.
    assert_eq!((shop.stored(), shop.world.header("p").parked.len()), (1, 0));
    assert_eq!(shop.notice_of("r", "new thing", PURCHASED), granted(AGAIN));
    shop.move_to("c");
    assert_eq!((shop.stored(), shop.asked()), (1, 0));
}

/// A taken-up purchase may end in each of the ways in which a new one may.
#[test]
fn a_parked_purchase_may_become_credit_or_be_turned_down() {
    for (verdict, outcome, credit) in [
        (Verdict::NotApplicable, credited(FIRST), 1),
        (Verdict::Rejected(String::new()), rejected(FIRST), 0),
    ] {
        let mut shop = Shop::open();
        shop.game_says(Verdict::UnknownProduct);
        assert_eq!(shop.notice("r", PURCHASED), parked(FIRST));
        shop.game_says(verdict);
        shop.world.core(shop.server).retry_parked(shop.locker).unwrap();
        shop.world.run(Duration::from_millis(100));
        assert_eq!(shop.world.receipt_outcomes(shop.server), [(0, outcome)]);
        assert_eq!((shop.stored(), shop.credit()), (0, credit));
        assert!(shop.world.header("p").parked.is_empty());
    }
}

/// One that is still unknown is asked about once in a session, and again when the host says so.
#[test]
fn a_parked_purchase_is_asked_about_once_in_each_session() {
    let mut shop = Shop::open();
    shop.game_says(Verdict::UnknownProduct);
    assert_eq!(shop.notice("r", PURCHASED), parked(FIRST));
    assert_eq!(shop.notice("s", PURCHASED), parked(FIRST));
    shop.move_to("b");
    shop.world.run(LEASE * 2);
    assert_eq!(shop.asked(), 2);
    assert_eq!(shop.world.receipt_outcomes(shop.server), []);
    // A game that fails at it leaves it parked, and says so.
    shop.game_says(Verdict::Failed("on purpose".into()));
    shop.world.core(shop.server).retry_parked(shop.locker).unwrap();
    shop.world.run(LEASE);
    assert_eq!(shop.asked(), 2);
    let events = shop.world.events(shop.server);
    let failures = events
        .iter()
        .filter(|event| matches!(event, Event::CallbackFailed { .. }));
    assert_eq!(failures.count(), 2);
    assert_eq!(shop.world.core(shop.server).purchases_in_progress(), 0);
    assert_eq!(shop.world.header("p").parked.len(), 2);
    shop.game_does_all();
    shop.world.core(shop.server).retry_parked(shop.locker).unwrap();
    shop.world.run(Duration::from_millis(100));
    assert_eq!((shop.asked(), shop.stored()), (2, 2));
}

/// Hundreds of others do not shift a parked purchase out; there is room for so many, and no more.
#[test]
fn parked_purchases_are_kept_and_bounded() {
    let mut shop = Shop::open();
    shop.game_says(Verdict::UnknownProduct);
    for number in 0..PARKED_RECEIPTS {
        assert_eq!(shop.notice(&format!("parked {number}"), PURCHASED), parked(FIRST));
    }
    assert_eq!(shop.notice("one more", PURCHASED), ReceiptOutcome::NotProcessed);
    assert_eq!(shop.standing("one more"), None);
    shop.game_does_all();
    for number in 0..150 {
        shop.send(&number.to_string(), "thing", PURCHASED);
        shop.world.run(Duration::from_millis(5));
    }
    assert_eq!(shop.world.header("p").parked.len(), PARKED_RECEIPTS);
    // One that is paid back makes room.
    assert_eq!(shop.notice("parked 0", REVOKED), revoked(FIRST));
    shop.game_says(Verdict::UnknownProduct);
    assert_eq!(shop.notice("one more", PURCHASED), parked(FIRST));
}

#[test]
fn the_contexts_of_parked_purchases_are_bounded() {
    let mut shop = Shop::open();
    shop.game_says(Verdict::UnknownProduct);
    let receipt = |id: &str, bytes: usize| sessionlocker::receipt::Receipt {
        purchase: purchase(id),
        product: "thing".into(),
        context: vec![7; bytes],
        tag: 1,
        state: PURCHASED,
    };
    let locker = shop.locker;
    for (id, bytes) in [("large", PARKED_BYTES), ("small", 1)] {
        shop.world
            .core(shop.server)
            .process_receipt(locker, receipt(id, bytes))
            .unwrap();
        shop.world.run(Duration::from_millis(100));
    }
    let outcomes = shop.world.receipt_outcomes(shop.server);
    assert_eq!(outcomes, [(1, parked(FIRST)), (1, ReceiptOutcome::NotProcessed)]);
}

/// The platform turns a parked purchase down or pays it back: no server takes it up later.
#[test]
fn a_parked_purchase_that_is_called_off_is_not_taken_up() {
    for (state, outcome) in [(REJECTED, rejected(FIRST)), (REVOKED, revoked(FIRST))] {
        let mut shop = Shop::open();
        shop.game_says(Verdict::UnknownProduct);
        assert_eq!(shop.notice("r", PURCHASED), parked(FIRST));
        assert_eq!(shop.notice("r", PENDING), parked(AGAIN));
        assert_eq!(shop.notice("r", state), outcome);
        shop.move_to("b");
        shop.world.run(Duration::from_secs(1));
        assert_eq!((shop.asked(), shop.stored(), shop.credit()), (0, 0, 0));
    }
}

// Lost replies and crashes --------------------------------------------------------------------------------------------

/// What becomes of the write that makes a step durable.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Blow {
    /// It lands, the reply is lost, and the server lives on.
    ReplyLost,
    /// It is lost, and the server lives on.
    RequestLost,
    /// It lands, and the server dies before it hears of it.
    DiesAfter,
    /// The server dies with it on its way, and it never lands.
    DiesBefore,
    /// The server dies, and it lands when somebody else may have the record.
    LandsLate,
}

const BLOWS: [Blow; 5] = [
    Blow::ReplyLost,
    Blow::RequestLost,
    Blow::DiesAfter,
    Blow::DiesBefore,
    Blow::LandsLate,
];

impl Shop {
    /// From now on the writes of the record meet this blow.
    fn strike(&mut self, blow: Blow) {
        let fate = match blow {
            Blow::ReplyLost | Blow::DiesAfter => Fate::LoseReply,
            Blow::RequestLost | Blow::DiesBefore => Fate::LoseRequest,
            Blow::LandsLate => Fate::Late(LEASE * 2),
        };
        self.world.fate(self.server, move |request| {
            if common::is_put_of(request, "p") {
                fate
            } else {
                Fate::Deliver
            }
        });
    }

    /// The store is well again, or the server is dead and another one has the player: true for the latter.
    fn recover(&mut self, blow: Blow) -> bool {
        let told = self.world.receipt_outcomes(self.server);
        assert_eq!(told, [], "{blow:?}: nothing is told before it is durable");
        if matches!(blow, Blow::ReplyLost | Blow::RequestLost) {
            self.world.fate(self.server, |_| Fate::Deliver);
            self.world.run(LEASE);
            return false;
        }
        self.world.crash(self.server);
        self.join(&format!("number {}", self.server + 1));
        self.world.run(Duration::from_millis(100));
        true
    }

    /// A notice whose write meets this blow. If the server dies of it, the notice comes again, as platforms do.
    fn step(&mut self, blow: Blow, name: &str, state: ReceiptState) -> ReceiptOutcome {
        self.world.events(self.server);
        self.strike(blow);
        self.send(name, "thing", state);
        self.world.run(Duration::from_millis(200));
        if self.recover(blow) {
            return self.notice(name, state);
        }
        let outcomes = self.world.receipt_outcomes(self.server);
        assert_eq!(outcomes.len(), 1, "{blow:?}: {outcomes:?}");
        outcomes[0].1
    }
}

/// Every step of a purchase that waits, is paid, and is paid back, under every blow: one effect each.
#[test]
fn a_purchase_that_waits_is_paid_and_paid_back_under_every_blow() {
    for blow in BLOWS {
        let mut shop = Shop::open();
        let outcome = shop.step(blow, "r", PENDING);
        assert!(
            matches!(outcome, ReceiptOutcome::Pending { .. }),
            "{blow:?}: {outcome:?}"
        );
        assert_eq!(shop.stored(), 0, "{blow:?}");
        let outcome = shop.step(blow, "r", PURCHASED);
        assert!(
            matches!(outcome, ReceiptOutcome::Granted { .. }),
            "{blow:?}: {outcome:?}"
        );
        assert_eq!(shop.stored(), 1, "{blow:?}");
        let outcome = shop.step(blow, "r", REVOKED);
        assert!(
            matches!(outcome, ReceiptOutcome::Revoked { .. }),
            "{blow:?}: {outcome:?}"
        );
        assert_eq!((shop.stored(), shop.credit()), (0, 0), "{blow:?}");
        assert_eq!(shop.notice("r", REVOKED), revoked(AGAIN), "{blow:?}");
        assert_eq!(shop.notice("r", PURCHASED), revoked(AGAIN), "{blow:?}");
        assert_eq!((shop.stored(), shop.credit()), (0, 0), "{blow:?}");
    }
}

/// A debt is made once, whatever becomes of the write that makes it.
#[test]
fn a_debt_is_made_once_under_every_blow() {
    for blow in BLOWS {
        let mut shop = Shop::open();
        assert_eq!(shop.notice("r", PURCHASED), granted(FIRST));
        shop.game_cannot_take_back();
        let outcome = shop.step(blow, "r", REVOKED);
        assert!(
            matches!(outcome, ReceiptOutcome::Revoked { .. }),
            "{blow:?}: {outcome:?}"
        );
        assert_eq!((shop.stored(), shop.credit()), (1, -1), "{blow:?}");
    }
}

/// A purchase of an unknown product under every blow: parked once, and taken up once.
#[test]
fn a_purchase_is_parked_and_taken_up_once_under_every_blow() {
    for parking in BLOWS {
        for taking_up in BLOWS {
            let mut shop = Shop::open();
            shop.game_says(Verdict::UnknownProduct);
            let outcome = shop.step(parking, "r", PURCHASED);
            assert!(
                matches!(outcome, ReceiptOutcome::Parked { .. }),
                "{parking:?}: {outcome:?}"
            );
            assert_eq!((shop.stored(), shop.world.header("p").parked.len()), (0, 1));
            shop.take_up_under(taking_up);
            let blows = (parking, taking_up);
            assert_eq!(
                (shop.stored(), shop.world.header("p").parked.len()),
                (1, 0),
                "{blows:?}"
            );
            assert_eq!(shop.notice("r", PURCHASED), granted(AGAIN), "{blows:?}");
            shop.move_to("last");
            shop.world.run(Duration::from_secs(1));
            assert_eq!((shop.stored(), shop.asked()), (1, 0), "{blows:?}");
        }
    }
}

impl Shop {
    fn take_up_under(&mut self, blow: Blow) {
        self.game_does_all();
        self.world.events(self.server);
        self.strike(blow);
        self.world.core(self.server).retry_parked(self.locker).unwrap();
        self.world.run(Duration::from_millis(200));
        let died = self.recover(blow);
        let told = self.world.receipt_outcomes(self.server);
        // If it landed before the server died, nobody is left to be told.
        let nothing = died && blow == Blow::DiesAfter;
        let expected = if nothing { vec![] } else { vec![(0, granted(FIRST))] };
        assert_eq!(told, expected, "{blow:?}");
    }
}

/// D4: a session is taken between a refund's entry and its save. The notice is answered "not processed", and the refund
/// is made once by whoever hears of it next.
#[test]
fn d4_a_session_is_lost_with_a_refund_in_it() {
    let mut shop = Shop::open();
    assert_eq!(shop.notice("r", PURCHASED), granted(FIRST));
    let (a, first) = (shop.server, shop.locker);
    shop.strike(Blow::RequestLost);
    shop.send("r", "thing", REVOKED);
    shop.world.run(Duration::from_millis(100));
    assert_eq!(shop.world.core(a).purchases_in_progress(), 1);
    shop.world.pause(a, true);
    shop.join("b");
    assert_eq!(shop.stored(), 1, "the refund was not saved");
    shop.world.fate(a, |_| Fate::Deliver);
    shop.world.pause(a, false);
    shop.world.run(LEASE * 2);
    assert_eq!(shop.world.receipt_outcomes(a), [(1, ReceiptOutcome::NotProcessed)]);
    assert_eq!(shop.world.core(a).purchases_in_progress(), 0);
    assert!(!shop.world.is_available(a, first));
    assert_eq!(shop.notice("r", REVOKED), revoked(FIRST));
    assert_eq!(shop.stored(), 0);
}

/// The same with a parked purchase that was being taken up: nobody waits for its answer, so none is told, and it is taken
/// up by the server that has the record now.
#[test]
fn a_session_is_lost_while_a_parked_purchase_is_taken_up() {
    let mut shop = Shop::open();
    shop.game_says(Verdict::UnknownProduct);
    assert_eq!(shop.notice("r", PURCHASED), parked(FIRST));
    shop.game_does_all();
    let (a, first) = (shop.server, shop.locker);
    shop.strike(Blow::RequestLost);
    shop.world.core(a).retry_parked(first).unwrap();
    shop.world.run(Duration::from_millis(100));
    assert_eq!(shop.world.core(a).purchases_in_progress(), 1);
    shop.world.pause(a, true);
    shop.join("b");
    shop.world.run(Duration::from_millis(100));
    assert_eq!(shop.world.receipt_outcomes(shop.server), [(0, granted(FIRST))]);
    shop.world.fate(a, |_| Fate::Deliver);
    shop.world.pause(a, false);
    shop.world.run(LEASE * 2);
    assert_eq!(shop.world.receipt_outcomes(a), []);
    assert_eq!(shop.world.core(a).purchases_in_progress(), 0);
    assert_eq!(shop.stored(), 1);
}

/// Notices of one purchase in one tick: one effect, an answer for each, and no end before the one that it follows is
/// stored.
#[test]
fn notices_that_come_together_have_one_effect() {
    let mut shop = Shop::open();
    shop.strike(Blow::RequestLost);
    for state in [PENDING, PURCHASED, PURCHASED, REVOKED, REVOKED, PURCHASED] {
        shop.send("r", "thing", state);
    }
    shop.world.run(Duration::from_millis(200));
    assert_eq!(shop.world.receipt_outcomes(shop.server), []);
    assert_eq!(shop.world.core(shop.server).purchases_in_progress(), 6);
    assert_eq!((shop.standing("r"), shop.asked()), (entered(Effect::Pending), 0));
    shop.world.fate(shop.server, |_| Fate::Deliver);
    shop.world.run(LEASE);
    let outcomes: Vec<_> = shop
        .world
        .receipt_outcomes(shop.server)
        .into_iter()
        .map(|(_, outcome)| outcome)
        .collect();
    assert_eq!(
        outcomes,
        [
            pending(FIRST),
            granted(FIRST),
            granted(AGAIN),
            revoked(FIRST),
            revoked(AGAIN),
            revoked(AGAIN)
        ]
    );
    assert_eq!(shop.stored(), 0);
}

/// A notice that needs no question to the game is a change of its own: an edit that comes after its snapshot is not saved
/// with it.
#[test]
fn a_notice_without_a_question_is_a_change_of_its_own() {
    let mut shop = Shop::open();
    shop.world.hold_replies(shop.server, true);
    shop.send("r", "thing", PENDING);
    shop.world.tick(shop.server);
    let change = shop.world.set(shop.server, shop.locker, "/gold", 7);
    shop.world.hold_replies(shop.server, false);
    shop.world.run(Duration::from_millis(100));
    assert_eq!(shop.world.receipt_outcomes(shop.server), [(1, pending(FIRST))]);
    let status = shop.world.change_status(shop.server, shop.locker, change);
    assert_eq!(status, ChangeStatus::Pending);
    assert_eq!(common::json(&shop.world.data("p"))["gold"], 0);
    shop.world.force_save(shop.server, shop.locker);
    shop.world.run(Duration::from_millis(100));
    assert_eq!(common::json(&shop.world.data("p"))["gold"], 7);
}

// What the host can ask and hears -------------------------------------------------------------------------------------

/// A change of credit is told once, with the credit that there is then.
#[test]
fn changes_of_credit_are_told() {
    let told = |shop: &mut Shop| -> Vec<i64> {
        let changes = |event| match event {
            Event::CreditChanged { product, amount } => {
                assert_eq!(product, "thing");
                Some(amount)
            }
            _ => None,
        };
        shop.world.events(shop.server).into_iter().filter_map(changes).collect()
    };
    let mut shop = Shop::open();
    shop.give_credit(2);
    shop.give_credit(0);
    shop.world.run(Duration::from_millis(50));
    assert_eq!(told(&mut shop), [2]);
    shop.use_credit();
    assert_eq!(told(&mut shop), [1]);
    shop.game_says(Verdict::NotApplicable);
    shop.send("r", "thing", PURCHASED);
    shop.world.run(Duration::from_millis(50));
    assert_eq!(told(&mut shop), [2]);
    shop.send("r", "thing", REVOKED);
    shop.send("r", "thing", REVOKED);
    shop.world.run(Duration::from_millis(50));
    assert_eq!(told(&mut shop), [1]);
    shop.give_credit(-1);
    shop.world.run(Duration::from_millis(50));
    assert_eq!(told(&mut shop), [0]);
    shop.game_does_all();
    shop.send("s", "thing", PURCHASED);
    shop.world.run(Duration::from_millis(50));
    assert!(
        told(&mut shop).is_empty(),
        "a purchase that is applied changes no credit"
    );
    shop.game_cannot_take_back();
    shop.send("s", "thing", REVOKED);
    shop.world.run(Duration::from_millis(50));
    assert_eq!(told(&mut shop), [-1]);
}

/// A locker that goes away answers what it has not dealt with, and takes nothing along.
#[test]
fn a_locker_that_goes_away_answers_its_purchases() {
    let mut shop = Shop::open();
    shop.strike(Blow::RequestLost);
    shop.send("r", "thing", PURCHASED);
    shop.world.run(Duration::from_millis(100));
    shop.send("pending", "thing", PENDING);
    assert_eq!(shop.world.core(shop.server).purchases_in_progress(), 2);
    shop.world.shut_down(shop.server, Duration::from_secs(2));
    shop.world.run(Duration::from_secs(3));
    assert_eq!(
        shop.world.receipt_outcomes(shop.server),
        [(1, ReceiptOutcome::NotProcessed), (1, ReceiptOutcome::NotProcessed)]
    );
    assert_eq!(shop.world.core(shop.server).purchases_in_progress(), 0);
    assert!(shop.world.header("p").ledger.is_empty());
}

/// A shutdown in good time loses no purchase: what was applied is saved and answered before the end.
#[test]
fn a_shutdown_in_good_time_finishes_what_was_begun() {
    let mut shop = Shop::open();
    shop.send("r", "thing", PURCHASED);
    shop.world.tick(shop.server);
    shop.world.shut_down(shop.server, LEASE);
    shop.world.run(Duration::from_secs(2));
    assert_eq!(shop.world.receipt_outcomes(shop.server), [(1, granted(FIRST))]);
    assert_eq!(shop.stored(), 1);
}

#[test]
fn the_history_tells_what_became_of_each() {
    let mut shop = Shop::open();
    let locker = shop.locker;
    shop.notice("one", PURCHASED);
    shop.notice("two", PENDING);
    shop.game_says(Verdict::UnknownProduct);
    shop.notice("two", PURCHASED);
    shop.notice("three", REJECTED);
    let past = shop.world.core(shop.server).purchases(locker).unwrap();
    let brief: Vec<_> = past
        .iter()
        .map(|past| (past.purchase.id.as_str(), past.standing.clone()))
        .collect();
    assert_eq!(
        brief,
        [
            ("one", Standing::Entered(Effect::Applied)),
            ("three", Standing::Entered(Effect::Rejected)),
            ("two", Standing::Parked)
        ]
    );
    shop.world.release(shop.server, locker);
    shop.world.run(Duration::from_secs(1));
    let core = shop.world.core(shop.server);
    assert_eq!(core.purchases(locker).unwrap_err().kind(), ErrorKind::NotLoaded);
    assert_eq!(core.retry_parked(locker).unwrap_err().kind(), ErrorKind::NotLoaded);
    let unknown = core.find_purchase(locker, &purchase("one"));
    assert_eq!(unknown.unwrap_err().kind(), ErrorKind::NotLoaded);
}

/// An entry of a newer version is neither granted again nor said to have been granted.
#[test]
fn what_a_newer_version_entered_is_left_as_it_is() {
    let mut shop = Shop::open();
    assert_eq!(shop.notice("r", PURCHASED), granted(FIRST));
    shop.world.release(shop.server, shop.locker);
    shop.world.run(Duration::from_secs(1));
    shop.world
        .rewrite("p", |text| text.replace("\"applied\"", "\"halved\""));
    shop.join("b");
    for state in [PURCHASED, PENDING, REJECTED, REVOKED] {
        assert_eq!(shop.notice("r", state), ReceiptOutcome::NotProcessed);
    }
    assert_eq!(shop.standing("r"), entered(Effect::Other("halved".into())));
    assert_eq!((shop.stored(), shop.asked()), (1, 0));
}
