//! The checker is itself checked: sound histories pass, and each kind of fault is found.

use super::*;

/// Two servers, one player: loaded and changed by A, handed over to B, which is killed, and taken over by A.
const A: &str = "\
100 start - server A pid 1
110 loaded p epoch 1 ops 0 gold 0 receipts 0
111 available p epoch 1
120 tick -
130 changed p epoch 1 change 1 ops 1 gold 50 receipts 0
140 saved p epoch 1 change 1
150 applied p epoch 1 receipt r1 ops 2 gold 150 receipts 1
160 granted p epoch 1 receipt r1
170 asked p epoch 1
180 unavailable p until 171
190 released p epoch 1
200 tick -
";
const B: &str = "\
100 start - server B pid 2
210 loaded p epoch 2 ops 2 gold 150 receipts 1
211 available p epoch 2
220 changed p epoch 2 change 1 ops 3 gold 140 receipts 1
221 saved p epoch 2 change 1
222 changed p epoch 2 change 2 ops 4 gold 130 receipts 1
300 tick -
310 granted-again p epoch 2 receipt r1
320 cha";
const A2: &str = "\
500 loaded p epoch 4 ops 3 gold 140 receipts 1
501 available p epoch 4
600 tick -
";

fn record(ops: i64, gold: i64, receipts: &[&str]) -> BTreeMap<String, Final> {
    let state = State {
        ops,
        gold,
        receipts: receipts.len() as i64,
    };
    let receipts = receipts.iter().map(|receipt| (*receipt).to_owned()).collect();
    let last = Final {
        state,
        receipts,
        gifts: Vec::new(),
        mail: Vec::new(),
    };
    BTreeMap::from([("p".to_owned(), last)])
}

fn outcome(logs: &[(&str, &str)], finals: &BTreeMap<String, Final>) -> Result<Counts, Vec<String>> {
    let mut history = History::default();
    for (server, log) in logs {
        history.add(server, log).unwrap();
    }
    check(&history, Some(finals))
}

#[track_caller]
fn rejects(logs: &[(&str, &str)], finals: &BTreeMap<String, Final>, why: &str) {
    let faults = outcome(logs, finals).expect_err("a broken history passed");
    assert!(
        faults.iter().any(|fault| fault.contains(why)),
        "rejected for another reason: {faults:?}"
    );
}

#[test]
fn a_sound_history_passes_and_is_counted() {
    let counts = outcome(&[("A", A), ("B", B), ("A", A2)], &record(3, 140, &["r1"])).unwrap();
    let expected = Counts {
        sessions: 3,
        hand_overs: 1,
        takeovers: 1,
        saves_reported: 2,
        changes: 4,
        granted: 1,
        granted_again: 1,
        intervals: 3,
        ..Counts::default()
    };
    assert_eq!(counts, expected);
}

#[test]
fn what_was_not_reported_saved_may_be_there() {
    let a2 = A2.replace("ops 3 gold 140", "ops 4 gold 130");
    outcome(&[("A", A), ("B", B), ("A", &a2)], &record(4, 130, &["r1"])).unwrap();
}

#[test]
fn a_lost_reported_save_is_found() {
    let a2 = A2.replace("ops 3 gold 140", "ops 2 gold 150");
    rejects(
        &[("A", A), ("B", B), ("A", &a2)],
        &record(2, 150, &["r1"]),
        "a reported save is lost",
    );
    rejects(
        &[("A", A), ("B", B), ("A", A2)],
        &record(2, 150, &["r1"]),
        "a reported save is lost",
    );
}

#[test]
fn a_change_that_was_called_lost_and_is_there_is_found() {
    let b = B.replace("320 cha", "320 lost p epoch 2 saved 1 unknown 1\n");
    outcome(&[("A", A), ("B", &b), ("A", A2)], &record(3, 140, &["r1"])).unwrap();
    let a2 = A2.replace("ops 3 gold 140", "ops 4 gold 130");
    rejects(
        &[("A", A), ("B", &b), ("A", &a2)],
        &record(4, 130, &["r1"]),
        "a reported save is lost",
    );
}

#[test]
fn a_release_that_lost_unreported_changes_is_found() {
    let a = A.replace("140 saved p epoch 1 change 1\n", "");
    let b = B.replace(
        "loaded p epoch 2 ops 2 gold 150 receipts 1",
        "loaded p epoch 2 ops 1 gold 50 receipts 0",
    );
    rejects(
        &[("A", &a), ("B", &b), ("A", A2)],
        &record(3, 140, &["r1"]),
        "a reported save is lost",
    );
}

#[test]
fn mixed_data_are_found() {
    let a2 = A2.replace("ops 3 gold 140", "ops 3 gold 141");
    rejects(
        &[("A", A), ("B", B), ("A", &a2)],
        &record(3, 141, &["r1"]),
        "the data were mixed",
    );
}

#[test]
fn a_doubled_receipt_is_found() {
    rejects(
        &[("A", A), ("B", B), ("A", A2)],
        &record(3, 140, &["r1", "r1"]),
        "took effect twice",
    );
}

#[test]
fn a_grant_without_effect_is_found() {
    rejects(
        &[("A", A), ("B", B), ("A", A2)],
        &record(3, 140, &["r2"]),
        "granted receipt r1 had no effect",
    );
}

#[test]
fn a_receipt_granted_twice_for_the_first_time_is_found() {
    let b = B.replace("granted-again", "granted");
    rejects(
        &[("A", A), ("B", &b), ("A", A2)],
        &record(3, 140, &["r1"]),
        "granted 2 times",
    );
}

#[test]
fn credit_together_with_effect_is_found() {
    let b = B.replace("granted-again", "credited");
    rejects(
        &[("A", A), ("B", &b), ("A", A2)],
        &record(3, 140, &["r1"]),
        "credit and effect",
    );
}

#[test]
fn two_available_at_once_are_found() {
    let a = A.replace("unavailable p until 171", "unavailable p until 250");
    rejects(&[("A", &a), ("B", B), ("A", A2)], &record(3, 140, &["r1"]), "at once");
}

#[test]
fn an_interval_inside_a_longer_one_is_found() {
    // Killed while available: its last tick is what counts.
    let a2 = A2.replace("501 available", "230 available");
    rejects(&[("A", A), ("B", B), ("A", &a2)], &record(3, 140, &["r1"]), "at once");
}

#[test]
fn one_epoch_in_two_processes_is_found() {
    let a2 = A2.replace("epoch 4", "epoch 2");
    rejects(
        &[("A", A), ("B", B), ("A", &a2)],
        &record(3, 140, &["r1"]),
        "two sessions of epoch 2",
    );
}

#[test]
fn a_falling_epoch_is_found() {
    let a2 = A2.replace("501 available", "1 available");
    rejects(
        &[("A", A), ("B", B), ("A", &a2.replace("600 tick", "2 tick"))],
        &record(3, 140, &["r1"]),
        "after epoch 4",
    );
}

#[test]
fn a_session_that_was_heard_of_late_and_never_available_is_no_fault() {
    let b = "100 start - server B pid 2\n990 loaded p epoch 2 ops 2 gold 150 receipts 1\n991 lost p epoch 2 saved 0 unknown 0\n";
    let a2 = A2.replace("ops 3 gold 140", "ops 2 gold 150");
    outcome(&[("A", A), ("B", b), ("A", &a2)], &record(2, 150, &["r1"])).unwrap();
}

#[test]
fn a_session_that_was_over_before_its_data_were_seen_is_no_fault() {
    let b = "100 start - server B pid 2\n990 missed p epoch 2\n991 lost p epoch 2 saved 0 unknown 0\n";
    let a2 = A2.replace("ops 3 gold 140", "ops 2 gold 150");
    outcome(&[("A", A), ("B", b), ("A", &a2)], &record(2, 150, &["r1"])).unwrap();
}

#[test]
fn a_vanished_record_is_found() {
    rejects(
        &[("A", A), ("B", B), ("A", A2)],
        &BTreeMap::new(),
        "has no record in the end",
    );
}

#[test]
fn without_records_the_logs_are_still_compared() {
    let mut history = History::default();
    history.add("A", A).unwrap();
    history.add("B", B).unwrap();
    check(&history, None).unwrap();
    history.add("A", &A2.replace("501 available", "230 available")).unwrap();
    assert!(check(&history, None).unwrap_err()[0].contains("at once"));
}

#[test]
fn a_log_that_makes_no_sense_is_refused() {
    let mut history = History::default();
    assert!(history
        .add("A", "100 changed p epoch 1 change 1 ops 1 gold 5 receipts 0\n")
        .is_err());
    assert!(history.add("A", "nonsense\n").is_err());
    assert!(history.add("A", "100 danced p\n").is_err());
    assert!(history.add("A", "100 unavailable p until 90\n").is_err());
}

/// p gives twice; the second gift is lost with the killed process, and its number is given anew by the next.
const GIVER: &str = "\
100 loaded p epoch 1 ops 0 gold 50 receipts 0
110 gave p epoch 1 change 1 ops 1 gold 45 receipts 0
120 saved p epoch 1 change 1
130 gave p epoch 1 change 2 ops 2 gold 40 receipts 0
";
const GIVER_AGAIN: &str = "\
300 loaded p epoch 2 ops 1 gold 45 receipts 0
310 gave p epoch 2 change 1 ops 2 gold 42 receipts 0
320 received p epoch 2 kind gift ops 3 gold 47 receipts 0
330 released p epoch 2
";

/// The records of p and q, with these gifts in them.
fn gifts(of_p: &[&str], of_q: &[&str]) -> BTreeMap<String, Final> {
    let mut records = record(3, 47, &[]);
    let mut q = records["p"].clone();
    (q.state.ops, q.state.gold) = (0, 0);
    records.insert("q".to_owned(), q);
    for (name, ids) in [("p", of_p), ("q", of_q)] {
        let gifts = ids.iter().map(|id| (*id).to_owned()).collect();
        records.get_mut(name).expect("one of the two").gifts = gifts;
    }
    records
}

#[test]
fn gifts_that_arrived_or_came_back_pass() {
    let logs = [("A", GIVER), ("B", GIVER_AGAIN)];
    let counts = outcome(&logs, &gifts(&["welcome", "back-p-1"], &["p-2"])).unwrap();
    assert_eq!((counts.gifts, counts.received), (2, 1));
}

#[test]
fn a_vanished_gift_is_found_and_is_under_way() {
    let logs = [("A", GIVER), ("B", GIVER_AGAIN)];
    let records = gifts(&[], &["p-1"]);
    rejects(&logs, &records, "gift p-2 left and is nowhere");
    let mut history = History::default();
    history.add("A", GIVER).unwrap();
    history.add("B", GIVER_AGAIN).unwrap();
    assert_eq!(gifts_under_way(&history, &records), ["p-2"]);
}

#[test]
fn a_doubled_gift_is_found() {
    let logs = [("A", GIVER), ("B", GIVER_AGAIN)];
    rejects(
        &logs,
        &gifts(&["back-p-1"], &["p-1", "p-2"]),
        "gift p-1 is in p and again in q",
    );
    rejects(
        &logs,
        &gifts(&[], &["p-1", "p-1", "p-2"]),
        "gift p-1 is in q and again in q",
    );
}

#[test]
fn a_gift_that_was_lost_with_its_giver_and_arrived_is_found() {
    let again = GIVER_AGAIN.replace("gave p epoch 2 change 1", "changed p epoch 2 change 1");
    let logs = [("A", GIVER), ("B", again.as_str())];
    rejects(
        &logs,
        &gifts(&[], &["p-1", "p-2"]),
        "gift p-2 arrived, but never surely left",
    );
}

#[test]
fn mails_that_are_missing_doubled_or_astray_are_found() {
    let letter = |word: &str, is_sent| Letter {
        to: "p".to_owned(),
        word: word.to_owned(),
        is_sent,
    };
    let letters = [letter("m1", true), letter("m2", false), letter("m3", false)];
    let with = |words: &[&str]| {
        let mut records = gifts(&[], &[]);
        records.get_mut("p").expect("there").mail = words.iter().map(|word| (*word).to_owned()).collect();
        records
    };
    assert!(check_mail(&letters, &with(&["m1", "m3"])).is_empty());
    assert_eq!(check_mail(&letters, &with(&["m3"])).len(), 1);
    assert_eq!(check_mail(&letters, &with(&["m1", "m2", "m2"])).len(), 1);
    assert_eq!(check_mail(&letters, &with(&["m1", "m4"])).len(), 1);
    let mut astray = with(&["m1"]);
    astray.get_mut("q").expect("there").mail = vec!["m2".to_owned()];
    assert_eq!(check_mail(&letters, &astray).len(), 1);
}
