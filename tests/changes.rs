//! Changes between records: each arrives once, in its sender's order, whoever is online where and whichever reply is lost.

mod common;

use common::{is_put_of, json, with, Fate as Request, World};
use sessionlocker::change::Draft;
use sessionlocker::engine::{LockerId, Sending, VisitOutcome};
use sessionlocker::locker::call::{CallAnswer, HostCall, Question, Verdict};
use sessionlocker::locker::event::Event;
use sessionlocker::locker::Spec;
use sessionlocker::record::Document;
use sessionlocker::visit::courier::Fate;
use std::time::Duration;

const LEASE: Duration = Duration::from_secs(10);
const SECOND: Duration = Duration::from_secs(1);

fn spec() -> Spec {
    Spec {
        apply_change: true,
        inbox_limit: 5,
        ..common::spec(false)
    }
}

/// The game: `gold` adds to the gold and notes the order; a gift that comes back is gold again; `future` is unknown.
fn play(call: &HostCall) -> CallAnswer {
    match &call.question {
        Question::ApplyChange { sent, .. } if sent.kind == "gold" => {
            let mut data = json(&call.draft);
            let amount = sent.payload.as_i64().unwrap();
            data["gold"] = (data["gold"].as_i64().unwrap() + amount).into();
            let mut order = data["order"].as_array().cloned().unwrap_or_default();
            order.push(amount.into());
            data["order"] = order.into();
            CallAnswer::done(Some(Document::from_value(data)))
        }
        Question::ApplyChange { sent, .. } if sent.kind == "future" => CallAnswer::refused(Verdict::NotApplicable),
        Question::ApplyChange { .. } => CallAnswer::refused(Verdict::Failed("bad".into())),
        Question::DefaultData => CallAnswer::done(Some(default())),
        _ => common::answer(call),
    }
}

fn default() -> Document {
    Document::from_json(r#"{"gold":0,"bought":0}"#).unwrap()
}

fn server(world: &mut World, id: &str) -> usize {
    world.server_with(id, LEASE, spec(), |_, call| play(call))
}

fn sending(kind: &str, amount: i64, create: bool, tag: u64) -> Sending {
    Sending {
        kind: kind.into(),
        payload: amount.into(),
        create,
        update: false,
        tag,
    }
}

fn send(world: &mut World, from: usize, kind: &str, amount: i64, create: bool, tag: u64) {
    let spec = world.spec_of(from);
    let sending = sending(kind, amount, create, tag);
    world
        .core(from)
        .send_change(spec, "t", sending, create.then(default))
        .unwrap();
}

fn update(world: &mut World, from: usize, key: &str, amount: i64, tag: u64) {
    let spec = world.spec_of(from);
    let sending = Sending {
        update: true,
        ..sending("gold", amount, false, tag)
    };
    world
        .core(from)
        .send_change(spec, key, sending, Some(default()))
        .unwrap();
}

fn gift(to: &str, amount: i64) -> Draft {
    Draft {
        space: "player".into(),
        key: to.into(),
        kind: "gold".into(),
        payload: amount.into(),
        create: false,
    }
}

/// Gives gold away: out of the own data and into the outbox, as two edits that are saved together.
fn give(world: &mut World, server: usize, locker: LockerId, to: &str, amount: i64) {
    let gold = gold(&world.document(server, locker));
    world.set(server, locker, "/gold", gold - amount);
    world.core(server).queue_change(locker, gift(to, amount)).unwrap();
}

fn gold(document: &Document) -> i64 {
    json(document)["gold"].as_i64().unwrap()
}

fn fates(world: &mut World, server: usize) -> Vec<(u64, Fate)> {
    let fate = |(tag, outcome)| match outcome {
        VisitOutcome::Send(fate) | VisitOutcome::Update(fate) => (tag, fate),
        other => panic!("{other:?}"),
    };
    world.visits(server).into_iter().map(fate).collect()
}

/// Leaves a record with gold for `key` in the store.
fn create(world: &mut World, server: usize, key: &str, gold: i64) {
    let locker = world.load(server, key);
    world.set(server, locker, "/gold", gold);
    world.release(server, locker);
    world.run(SECOND);
}

fn order(world: &World, key: &str) -> String {
    json(&world.data(key))["order"].to_string()
}

#[test]
fn a_change_reaches_a_player_who_is_offline() {
    let mut world = World::new();
    let a = server(&mut world, "a");
    create(&mut world, a, "t", 1);
    send(&mut world, a, "gold", 10, false, 1);
    send(&mut world, a, "gold", 20, false, 2);
    world.run(SECOND);
    assert_eq!(fates(&mut world, a), [(1, Fate::Delivered), (2, Fate::Delivered)]);
    assert_eq!(world.header("t").inbox.waiting().len(), 2);
    let b = server(&mut world, "b");
    let locker = world.load(b, "t");
    world.run(SECOND);
    assert_eq!(gold(&world.document(b, locker)), 31);
    let applied =
        |event: &&Event| matches!(event, Event::ChangeApplied { kind, from, .. } if kind == "gold" && from == "a");
    assert_eq!(world.events(b).iter().filter(applied).count(), 2);
    assert_eq!(order(&world, "t"), "[10,20]");
    assert!(
        world.header("t").inbox.waiting().is_empty(),
        "taken out in the write that has the effect"
    );
}

#[test]
fn a_change_wakes_the_server_that_holds_the_player() {
    let mut world = World::new();
    let (a, b) = (server(&mut world, "a"), server(&mut world, "b"));
    let locker = world.load(b, "t");
    send(&mut world, a, "gold", 5, false, 1);
    world.run(LEASE);
    assert_eq!(
        gold(&world.document(b, locker)),
        5,
        "by a letter, long before the next save"
    );
    assert_eq!(gold(&world.data("t")), 5);
    // The same on one server.
    send(&mut world, b, "gold", 6, false, 2);
    world.run(SECOND);
    assert_eq!(gold(&world.document(b, locker)), 11);
}

#[test]
fn a_missing_record_is_created_only_if_asked() {
    let mut world = World::new();
    let a = server(&mut world, "a");
    send(&mut world, a, "gold", 5, false, 1);
    world.run(SECOND);
    assert_eq!(fates(&mut world, a), [(1, Fate::Missing)]);
    send(&mut world, a, "gold", 6, true, 2);
    world.run(SECOND);
    assert_eq!(fates(&mut world, a), [(2, Fate::Delivered)]);
    let locker = world.load(a, "t");
    world.run(SECOND);
    assert_eq!(gold(&world.document(a, locker)), 6);
}

#[test]
fn what_makes_the_record_too_large_is_told_and_holds_up_nobody() {
    let mut world = World::new();
    let small = Spec {
        max_value_bytes: 2_000,
        ..spec()
    };
    let a = world.server_with("a", LEASE, small.clone(), |_, call| play(call));
    let b = world.server_with("b", LEASE, small, |_, call| play(call));
    let letter = |bytes: usize, tag| Sending {
        payload: "x".repeat(bytes).into(),
        ..sending("future", 0, true, tag)
    };
    for (bytes, tag) in [(900, 1), (900, 2), (5_000, 3), (100, 4)] {
        let spec = world.spec_of(a);
        let default = Some(default());
        world
            .core(a)
            .send_change(spec, "ann", letter(bytes, tag), default)
            .unwrap();
    }
    world.run(10 * SECOND);
    let fates = fates(&mut world, a);
    let sent: Vec<u64> = fates
        .iter()
        .filter(|(_, fate)| *fate == Fate::Delivered)
        .map(|(tag, _)| *tag)
        .collect();
    assert_eq!(sent, [1, 4], "{fates:?}");
    assert!(
        fates.iter().all(|(_, fate)| matches!(fate, Fate::Delivered)
            || matches!(fate, Fate::NotSent { text } if text.contains("2000"))),
        "{fates:?}"
    );
    let ann = world.load(b, "ann");
    world.set(b, ann, "/gold", 7);
    world.force_save(b, ann);
    world.run(SECOND);
    assert_eq!(json(&world.data("ann"))["gold"], 7, "and the record can be saved");
}

#[test]
fn a_full_inbox_is_told_and_nothing_is_dropped() {
    let mut world = World::new();
    let a = server(&mut world, "a");
    create(&mut world, a, "t", 0);
    for number in 1..=7 {
        send(&mut world, a, "gold", number, false, number.unsigned_abs());
    }
    world.run(SECOND);
    let fates = fates(&mut world, a);
    assert_eq!(fates.iter().filter(|(_, fate)| *fate == Fate::Delivered).count(), 5);
    assert_eq!(fates[5..], [(6, Fate::Full), (7, Fate::Full)]);
    let locker = world.load(a, "t");
    world.run(SECOND);
    assert_eq!(gold(&world.document(a, locker)), 15);
}

/// Gifts that find their targets' inboxes full are tried again and again. The loads that would empty those inboxes must
/// come in between, also where the store takes less than all the tries.
#[test]
fn gifts_to_full_inboxes_do_not_keep_players_out() {
    const TARGETS: [&str; 4] = ["t1", "t2", "t3", "t4"];
    let mut world = World::new();
    let b = server(&mut world, "b");
    for target in TARGETS {
        create(&mut world, b, target, 0);
        let spec = world.spec_of(b);
        for number in 1..=5 {
            let sending = sending("gold", 1, false, number);
            world.core(b).send_change(spec, target, sending, None).unwrap();
        }
    }
    create(&mut world, b, "giver", 100);
    world.run(SECOND);
    let a = world.add_with("a", LEASE, |options, settings| {
        options.max_requests_per_second = 10;
        *settings = Spec {
            retry_max: Duration::from_millis(100),
            ..spec()
        };
    });
    world.play(a, |_, call| play(call));
    let giver = world.load(a, "giver");
    for target in TARGETS {
        give(&mut world, a, giver, target, 10);
    }
    world.force_save(a, giver);
    world.run(5 * SECOND);
    for target in TARGETS {
        assert_eq!(world.header(target).inbox.waiting().len(), 5, "full");
    }
    let lockers = TARGETS.map(|target| world.open(a, target));
    for locker in lockers {
        world.acquire(a, locker);
    }
    world.run(20 * SECOND);
    for locker in lockers {
        assert!(world.is_available(a, locker));
        world.force_save(a, locker);
    }
    world.run(20 * SECOND);
    for locker in lockers {
        assert_eq!(gold(&world.document(a, locker)), 15, "the gift came too");
    }
}

/// D7: a change that is sent again after a lost reply arrives once.
#[test]
fn d7_lost_replies_do_not_double_a_change() {
    for lost in 1..=6 {
        let mut world = World::new();
        let a = server(&mut world, "a");
        create(&mut world, a, "t", 0);
        let mut seen = 0;
        world.fate(a, move |request| {
            if is_put_of(request, "t") {
                seen += 1;
                if seen <= lost {
                    return if seen % 3 == 0 {
                        Request::LoseRequest
                    } else {
                        Request::LoseReply
                    };
                }
            }
            Request::Deliver
        });
        for number in 1..=3 {
            send(&mut world, a, "gold", number, false, number.unsigned_abs());
            world.run(SECOND);
        }
        world.run(SECOND * 60);
        assert_eq!(
            fates(&mut world, a),
            [(1, Fate::Delivered), (2, Fate::Delivered), (3, Fate::Delivered)],
            "{lost} lost"
        );
        let locker = world.load(a, "t");
        world.run(SECOND);
        assert_eq!(gold(&world.document(a, locker)), 6, "{lost} lost");
        world.force_save(a, locker);
        world.run(SECOND);
        assert_eq!(order(&world, "t"), "[1,2,3]");
    }
}

#[test]
fn unknown_kinds_wait_for_a_newer_server_and_hold_up_nobody() {
    let mut world = World::new();
    let a = server(&mut world, "a");
    create(&mut world, a, "t", 0);
    send(&mut world, a, "future", 1, false, 1);
    send(&mut world, a, "gold", 2, false, 2);
    send(&mut world, a, "broken", 3, false, 3);
    send(&mut world, a, "gold", 4, false, 4);
    world.run(SECOND);
    let locker = world.load(a, "t");
    world.run(SECOND * 2);
    assert_eq!(
        gold(&world.document(a, locker)),
        2,
        "what failed holds up what its sender sent after it"
    );
    assert_eq!(world.status(a, locker).incoming_changes, 3);
    let failed = |event: &&Event| matches!(event, Event::CallbackFailed { text } if text.contains("broken"));
    assert_eq!(world.events(a).iter().filter(failed).count(), 1, "told once a session");
    world.release(a, locker);
    world.run(SECOND);
    assert_eq!(world.header("t").inbox.waiting().len(), 3);
    let newer = world.server_with("newer", LEASE, spec(), |_, call| match &call.question {
        Question::ApplyChange { sent, .. } => {
            let amount = sent.payload.as_i64().unwrap();
            CallAnswer::done(Some(with(&call.draft, "/gold", gold(&call.draft) + 100 * amount)))
        }
        _ => play(call),
    });
    let locker = world.load(newer, "t");
    world.run(SECOND);
    assert_eq!(gold(&world.document(newer, locker)), 802);
    world.release(newer, locker);
    world.run(SECOND);
    assert!(world.header("t").inbox.waiting().is_empty());
}

/// D4: a gift leaves in the write that takes it from the giver. Whichever write lands last before the server dies, it is
/// given once or not at all, and the giver pays accordingly.
#[test]
fn d4_gift_and_death_at_every_write() {
    for fatal in 0..12 {
        for reply_lost in [false, true] {
            let mut world = World::new();
            let a = server(&mut world, "a");
            let b = server(&mut world, "b");
            create(&mut world, a, "t", 0);
            create(&mut world, a, "giver", 100);
            let locker = world.load(a, "giver");
            let mut writes = 0;
            world.fate(a, move |request| {
                if is_put_of(request, "giver") || is_put_of(request, "t") {
                    writes += 1;
                    if writes > fatal {
                        return if reply_lost && writes == fatal + 1 {
                            Request::LoseReply
                        } else {
                            Request::LoseRequest
                        };
                    }
                }
                Request::Deliver
            });
            give(&mut world, a, locker, "t", 30);
            world.force_save(a, locker);
            world.run(SECOND);
            world.release(a, locker);
            world.run(SECOND);
            world.crash(a);
            // Both are loaded elsewhere, once and again, so that whatever is still on its way arrives.
            for _ in 0..2 {
                let giver = world.load(b, "giver");
                world.run(SECOND * 2);
                let target = world.load(b, "t");
                world.run(SECOND * 2);
                world.release(b, giver);
                world.release(b, target);
                world.run(SECOND * 2);
            }
            let (left, got) = (gold(&world.data("giver")), gold(&world.data("t")));
            assert_eq!(
                left + got,
                100,
                "died after write {fatal}, reply lost: {reply_lost}: {left} and {got}"
            );
            assert!(got == 0 || got == 30);
            assert!(world.header("giver").outbox.waiting().is_empty());
        }
    }
}

#[test]
fn a_gift_reaches_whoever_is_online_where() {
    for online in ["here", "elsewhere", "nowhere"] {
        let mut world = World::new();
        let (a, b) = (server(&mut world, "a"), server(&mut world, "b"));
        create(&mut world, a, "t", 0);
        create(&mut world, a, "giver", 100);
        let giver = world.load(a, "giver");
        match online {
            "here" => drop(world.load(a, "t")),
            "elsewhere" => drop(world.load(b, "t")),
            _ => {}
        }
        give(&mut world, a, giver, "t", 30);
        give(&mut world, a, giver, "t", 5);
        assert_eq!(world.status(a, giver).outgoing_changes, 2);
        world.force_save(a, giver);
        world.run(LEASE);
        assert_eq!(world.status(a, giver).outgoing_changes, 0, "{online}");
        if online == "nowhere" {
            world.load(b, "t");
            world.run(SECOND);
        }
        assert_eq!(gold(&world.data("t")), 35, "{online}");
        assert_eq!(gold(&world.data("giver")), 65, "{online}");
        assert_eq!(order(&world, "t"), "[30,5]");
    }
}

/// A server hands a gift out and does not get to the target; another takes the giver over, and the gift comes back there,
/// because nobody is called bob. Then somebody is, and the first server gets through: bob must not have the gift too.
#[test]
fn a_gift_that_came_back_cannot_arrive_any_more() {
    let mut world = World::new();
    let (a, b) = (server(&mut world, "a"), server(&mut world, "b"));
    let c = server(&mut world, "c");
    create(&mut world, a, "ann", 100);
    world.fate(a, |request| match &*request.key.name {
        "bob" => Request::LoseRequest,
        _ => Request::Deliver,
    });
    let ann = world.load(a, "ann");
    give(&mut world, a, ann, "bob", 30);
    world.force_save(a, ann);
    world.run(3 * SECOND);
    world.pause(a, true);
    let ann = world.load(b, "ann");
    world.run(3 * SECOND);
    assert_eq!(gold(&world.document(b, ann)), 100, "it came back");
    let bob = world.load(c, "bob");
    world.force_save(c, bob);
    world.run(SECOND);
    world.fate(a, |_| Request::Deliver);
    world.pause(a, false);
    world.run(100 * SECOND);
    assert_eq!(gold(&world.document(c, bob)), 0, "and has not arrived");
    world.force_save(b, ann);
    world.run(SECOND);
    assert_eq!(gold(&world.data("ann")), 100);
    // A later gift of the same giver does arrive.
    give(&mut world, b, ann, "bob", 7);
    world.force_save(b, ann);
    world.run(10 * SECOND);
    assert_eq!(gold(&world.document(c, bob)), 7);
}

#[test]
fn a_gift_to_nobody_comes_back() {
    let mut world = World::new();
    let a = server(&mut world, "a");
    create(&mut world, a, "giver", 100);
    let giver = world.load(a, "giver");
    give(&mut world, a, giver, "nobody", 30);
    world.release(a, giver);
    world.run(SECOND * 2);
    assert_eq!(gold(&world.data("giver")), 70, "it is still on its way");
    let giver = world.load(a, "giver");
    world.run(SECOND * 2);
    world.force_save(a, giver);
    world.run(SECOND);
    assert_eq!(gold(&world.data("giver")), 100);
    assert!(world.header("giver").outbox.waiting().is_empty());
    world.release(a, giver);
    world.run(SECOND);
    let giver = world.load(a, "giver");
    world.run(SECOND * 2);
    assert_eq!(gold(&world.document(a, giver)), 100, "once");
}

fn guild_spec() -> Spec {
    Spec {
        name: "guild".into(),
        ..spec()
    }
}

/// Server `a` without a spec `guild`, with a record `ann` that has 100 gold and is loaded; server `b`, which has that spec only.
fn world_with_a_late_spec() -> (World, usize, usize, LockerId) {
    let mut world = World::new();
    let a = server(&mut world, "a");
    let b = world.server_with("b", LEASE, guild_spec(), |_, call| play(call));
    create(&mut world, a, "ann", 100);
    create(&mut world, b, "red", 0);
    let ann = world.load(a, "ann");
    (world, a, b, ann)
}

fn give_to_guild(world: &mut World, server: usize, locker: LockerId, amount: i64) {
    let draft = Draft {
        space: "guild".into(),
        ..gift("red", amount)
    };
    world.core(server).queue_change(locker, draft).unwrap();
}

fn order_of_guild(world: &mut World, server: usize) -> String {
    let red = world.load(server, "red");
    world.run(SECOND);
    json(&world.document(server, red))["order"].to_string()
}

/// A gift for a spec that this server does not have waits until it has: no later one overtakes it, because the target takes
/// a number below the highest for known.
#[test]
fn a_gift_waits_for_its_spec() {
    let (mut world, a, b, ann) = world_with_a_late_spec();
    for amount in [30, 7] {
        give_to_guild(&mut world, a, ann, amount);
        world.force_save(a, ann);
        world.run(SECOND);
    }
    assert_eq!(world.status(a, ann).outgoing_changes, 2);
    world.add_spec(a, Spec::named("another"));
    world.add_spec(a, guild_spec());
    give_to_guild(&mut world, a, ann, 5);
    world.force_save(a, ann);
    world.run(10 * SECOND);
    assert_eq!(world.status(a, ann).outgoing_changes, 0);
    assert_eq!(order_of_guild(&mut world, b), "[30,7,5]");
}

/// The same if the later gift becomes durable only with a release that was under way when the spec was added.
#[test]
fn a_gift_that_leaves_with_a_release_does_not_overtake_one_that_waits_for_its_spec() {
    let (mut world, a, b, ann) = world_with_a_late_spec();
    give_to_guild(&mut world, a, ann, 30);
    world.force_save(a, ann);
    world.run(SECOND);
    give_to_guild(&mut world, a, ann, 5);
    world.hold_replies(a, true);
    world.release(a, ann);
    world.run(SECOND);
    world.add_spec(a, guild_spec());
    world.hold_replies(a, false);
    world.run(10 * SECOND);
    assert_eq!(order_of_guild(&mut world, b), "[30,5]");
}

/// What waits for a spec when its session ends goes on with the next, wherever that is, and is not sent twice.
#[test]
fn a_gift_that_waits_for_its_spec_goes_on_with_the_next_session() {
    let (mut world, a, b, ann) = world_with_a_late_spec();
    give_to_guild(&mut world, a, ann, 30);
    world.release(a, ann);
    world.run(SECOND);
    world.add_spec(a, guild_spec());
    let ann = world.load(a, "ann");
    give_to_guild(&mut world, a, ann, 5);
    world.force_save(a, ann);
    world.run(10 * SECOND);
    assert_eq!(world.status(a, ann).outgoing_changes, 0);
    assert_eq!(order_of_guild(&mut world, b), "[30,5]");
}

/// A purchase for somebody else: the callback sends the product in the draft that is entered in the ledger.
#[test]
fn a_purchased_gift_is_given_once_however_often_the_notice_comes() {
    let mut world = World::new();
    let a = world.server_with("a", LEASE, spec(), |_, call| match &call.question {
        Question::ApplyReceipt(_) => CallAnswer {
            outgoing: vec![gift("t", 50)],
            ..CallAnswer::done(None)
        },
        _ => play(call),
    });
    create(&mut world, a, "t", 0);
    let buyer = world.load(a, "buyer");
    for tag in 1..=3 {
        world.receipt(a, buyer, "r", tag);
        world.run(SECOND);
    }
    assert_eq!(world.receipt_outcomes(a).len(), 3);
    let target = world.load(a, "t");
    world.run(SECOND);
    assert_eq!(gold(&world.document(a, target)), 50);
}

#[test]
fn updates_of_a_shared_record_all_count() {
    for lost in 0..5 {
        let mut world = World::new();
        let servers = [
            server(&mut world, "a"),
            server(&mut world, "b"),
            server(&mut world, "c"),
        ];
        let mut seen = 0;
        world.fate(servers[0], move |request| {
            if is_put_of(request, "guild") {
                seen += 1;
                if seen <= lost {
                    return Request::LoseReply;
                }
            }
            Request::Deliver
        });
        for round in 0..5 {
            for (index, from) in servers.into_iter().enumerate() {
                update(
                    &mut world,
                    from,
                    "guild",
                    10_i64.pow(u32::try_from(index).unwrap()),
                    round,
                );
            }
        }
        world.run(SECOND * 60);
        assert_eq!(gold(&world.data("guild")), 555, "{lost} replies lost");
        for from in servers {
            let fates = fates(&mut world, from);
            assert_eq!(fates.len(), 5);
            assert!(fates.iter().all(|(_, fate)| *fate == Fate::Delivered), "{fates:?}");
        }
        assert_eq!(world.header("guild").epoch, 0, "nobody ever held it");
    }
}

#[test]
fn a_record_that_is_held_is_not_updated() {
    let mut world = World::new();
    let (a, b) = (server(&mut world, "a"), server(&mut world, "b"));
    let held = world.load(a, "guild");
    update(&mut world, b, "guild", 1, 1);
    world.run(SECOND);
    assert_eq!(fates(&mut world, b), [(1, Fate::Locked { server: "a".into() })]);
    assert!(world.is_available(a, held));
}

#[test]
fn a_shutdown_waits_for_what_was_sent() {
    let mut world = World::new();
    let a = server(&mut world, "a");
    create(&mut world, a, "t", 0);
    let giver = world.load(a, "giver");
    world.core(a).queue_change(giver, gift("t", 3)).unwrap();
    send(&mut world, a, "gold", 2, false, 1);
    assert_eq!(world.core(a).visits_in_progress(), 1);
    world.shut_down(a, SECOND * 30);
    world.run(SECOND * 5);
    assert!(world.core(a).is_shut_down());
    assert_eq!(fates(&mut world, a), [(1, Fate::Delivered)]);
    let waiting: Vec<i64> = world
        .header("t")
        .inbox
        .waiting()
        .iter()
        .map(|sent| sent.payload.as_i64().unwrap())
        .collect();
    assert_eq!(waiting.iter().sum::<i64>(), 5, "{waiting:?}");

    // One that cannot be sent in time is told as such.
    let b = server(&mut world, "b");
    world.fate(b, |_| Request::LoseRequest);
    send(&mut world, b, "gold", 2, false, 9);
    world.shut_down(b, SECOND * 8);
    world.run(SECOND * 20);
    assert!(world.core(b).is_shut_down());
    let fates = fates(&mut world, b);
    assert!(matches!(&fates[..], [(9, Fate::NotSent { .. })]), "{fates:?}");
}

/// What was to be delivered until the deadline stays in the outbox. What becomes durable only later must not overtake it,
/// because the target takes a number below the highest for known.
#[test]
fn after_the_deadline_of_a_shutdown_no_gift_overtakes_another() {
    let mut world = World::new();
    let (a, b) = (server(&mut world, "a"), server(&mut world, "b"));
    create(&mut world, b, "bob", 0);
    world.fate(a, |request| match &*request.key.name {
        "bob" => Request::Fail("no"),
        _ => Request::Deliver,
    });
    let ann = world.load(a, "ann");
    give(&mut world, a, ann, "bob", 30);
    world.force_save(a, ann);
    world.run(3 * SECOND);
    give(&mut world, a, ann, "bob", 7);
    world.hold_replies(a, true);
    world.force_save(a, ann);
    world.run(SECOND);
    world.shut_down(a, SECOND);
    world.run(2 * SECOND);
    assert!(world.core(a).is_shut_down());
    world.fate(a, |_| Request::Deliver);
    world.hold_replies(a, false);
    world.run(100 * SECOND);
    assert_eq!(
        order(&world, "bob"),
        "null",
        "nothing is delivered by a server that has shut down"
    );

    world.load(b, "ann");
    let bob = world.load(b, "bob");
    world.run(10 * SECOND);
    world.force_save(b, bob);
    world.run(SECOND);
    assert_eq!(order(&world, "bob"), "[30,7]");
}

/// The holder's own saves fail in every way while changes keep arriving: what it has applied already must not come back
/// from the stored inbox.
#[test]
fn changes_that_arrive_while_saves_fail_take_effect_once() {
    for pattern in 0_u32..32 {
        let mut world = World::new();
        let (a, b) = (server(&mut world, "a"), server(&mut world, "b"));
        let locker = world.load(b, "t");
        let mut writes = 0;
        world.fate(b, move |request| {
            if !is_put_of(request, "t") {
                return Request::Deliver;
            }
            writes += 1;
            match (pattern >> writes.min(5)) & 1 {
                1 if writes <= 5 && writes % 2 == 0 => Request::LoseReply,
                1 if writes <= 5 => Request::LoseRequest,
                _ => Request::Deliver,
            }
        });
        for number in 1..=4 {
            send(&mut world, a, "gold", number, false, number.unsigned_abs());
            world.run(Duration::from_millis(700));
        }
        world.run(SECOND * 60);
        assert_eq!(gold(&world.document(b, locker)), 10, "pattern {pattern:b}");
        assert_eq!(gold(&world.data("t")), 10, "pattern {pattern:b}");
        assert_eq!(order(&world, "t"), "[1,2,3,4]");
    }
}

#[test]
fn an_update_that_makes_bad_data_is_refused() {
    let mut world = World::new();
    let settings = Spec {
        validate: true,
        ..spec()
    };
    let a = world.server_with("a", LEASE, settings, |_, call| match call.question {
        Question::Validate if gold(&call.draft) > 9 => CallAnswer::refused(Verdict::Failed("/gold: too much".into())),
        Question::Validate => CallAnswer::done(None),
        _ => play(call),
    });
    update(&mut world, a, "guild", 9, 1);
    update(&mut world, a, "guild", 1, 2);
    world.run(SECOND);
    let refused = Fate::Refused {
        text: "/gold: too much".into(),
    };
    assert_eq!(fates(&mut world, a), [(1, Fate::Delivered), (2, refused)]);
    assert_eq!(gold(&world.data("guild")), 9);
}
