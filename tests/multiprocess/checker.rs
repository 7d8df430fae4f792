//! Compares what the processes were told with what the records say in the end, and with each other.

use crate::audit::{AnswerKind, End, History, Interval, Session, State, Step};
use std::collections::{BTreeMap, HashMap, HashSet};

/// One player's record when all was over.
#[derive(Clone, Debug)]
pub struct Final {
    pub state: State,
    /// The receipts that took effect, as the game itself noted them in its data.
    pub receipts: Vec<String>,
}

/// What the logs add up to.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Counts {
    pub sessions: u64,
    pub hand_overs: u64,
    /// A session left open by one server and taken by another.
    pub takeovers: u64,
    /// A session left open by a killed process and taken back by the same server's next process.
    pub restarts: u64,
    pub saves_reported: u64,
    pub changes: u64,
    pub granted: u64,
    pub granted_again: u64,
    pub credited: u64,
    pub lost: u64,
    pub suspects: u64,
    pub intervals: u64,
}

/// Checks everything; `Err` lists what is broken. Without final records, which a run that got stuck has none of, only
/// what the logs show by themselves.
pub fn check(history: &History, finals: Option<&BTreeMap<String, Final>>) -> Result<Counts, Vec<String>> {
    let mut faults = Vec::new();
    let mut counts = Counts {
        suspects: history.suspects,
        ..Counts::default()
    };
    for (player, sessions) in &history.sessions {
        let last = finals.and_then(|finals| finals.get(player));
        if finals.is_some() && last.is_none() {
            faults.push(format!(
                "{player}: was loaded by a server, but has no record in the end"
            ));
        }
        let state = last.map(|last| last.state);
        check_sessions(history, player, sessions, state, &mut counts, &mut faults);
    }
    for (player, intervals) in &history.intervals {
        counts.intervals += intervals.len() as u64;
        check_intervals(history, player, intervals, &mut faults);
    }
    check_records(finals, &mut faults);
    check_answers(history, finals, &mut counts, &mut faults);
    faults.sort();
    if faults.is_empty() {
        Ok(counts)
    } else {
        Err(faults)
    }
}

fn by_epoch(sessions: &[Session]) -> Vec<&Session> {
    let mut sorted: Vec<&Session> = sessions.iter().collect();
    sorted.sort_by_key(|session| session.epoch);
    sorted
}

fn check_sessions(
    history: &History,
    player: &str,
    sessions: &[Session],
    last: Option<State>,
    counts: &mut Counts,
    faults: &mut Vec<String>,
) {
    let sorted = by_epoch(sessions);
    for (place, session) in sorted.iter().enumerate() {
        count_session(session, counts);
        let next = sorted.get(place + 1);
        if let Some(next) = next {
            count_change_of_hands(history, session, next, counts);
            if next.epoch == session.epoch {
                faults.push(format!(
                    "{player}: two sessions of epoch {}: {}",
                    session.epoch,
                    name(history, next)
                ));
            }
        }
        let Some(found) = next.map(|next| next.loaded).or(last) else {
            continue;
        };
        let finder = next.map_or_else(|| "the record in the end".to_owned(), |next| name(history, next));
        let allowed = possible_ends(session);
        if !allowed.contains(&found) {
            faults.push(format!(
                "{player}: {} left one of {allowed:?} ({:?}), but {finder} has {found:?}: a reported save is lost, a \
                 reported loss is there, or the data were mixed",
                name(history, session),
                session.end
            ));
        }
    }
}

fn name(history: &History, session: &Session) -> String {
    format!(
        "epoch {} in process {} of {}",
        session.epoch, session.process, history.servers[session.process]
    )
}

/// The states that a successor may find: from the last one that was reported saved onwards, up to the last one that was
/// not reported lost. After a release, which promises that everything was saved, only the last.
fn possible_ends(session: &Session) -> Vec<State> {
    let mut states = vec![(None, session.loaded)];
    let mut first_allowed = 0;
    for step in &session.steps {
        match *step {
            Step::Changed { change, state } => states.push((change, state)),
            Step::Saved { change: saved } => {
                let reported = states
                    .iter()
                    .rposition(|(change, _)| change.is_some_and(|change| change <= saved));
                first_allowed = first_allowed.max(reported.unwrap_or(0));
            }
        }
    }
    if session.end == End::Released {
        first_allowed = states.len() - 1;
    }
    let is_lost = |change: Option<u64>| {
        session
            .lost_after
            .is_some_and(|after| change.is_some_and(|it| it > after))
    };
    let surviving = states
        .iter()
        .position(|(change, _)| is_lost(*change))
        .unwrap_or(states.len());
    states[first_allowed..surviving.max(first_allowed + 1)]
        .iter()
        .map(|(_, state)| *state)
        .collect()
}

fn count_session(session: &Session, counts: &mut Counts) {
    counts.sessions += 1;
    counts.lost += u64::from(session.end == End::Lost);
    for step in &session.steps {
        match step {
            Step::Changed { .. } => counts.changes += 1,
            Step::Saved { .. } => counts.saves_reported += 1,
        }
    }
}

fn count_change_of_hands(history: &History, from: &Session, to: &Session, counts: &mut Counts) {
    let same_server = history.servers[from.process] == history.servers[to.process];
    match from.end {
        End::Released if from.handover_asked && !same_server => counts.hand_overs += 1,
        End::Released => {}
        End::Open | End::Lost if same_server => counts.restarts += 1,
        End::Open | End::Lost => counts.takeovers += 1,
    }
}

fn check_intervals(history: &History, player: &str, intervals: &[Interval], faults: &mut Vec<String>) {
    let mut sorted = intervals.to_vec();
    sorted.sort_by_key(|interval| interval.from);
    // The one that reaches furthest of those before: also an interval inside a long earlier one is found.
    let mut furthest: Option<Interval> = None;
    let mut highest = 0;
    for interval in sorted {
        // A process that was frozen may hear late that it had loaded a record; it must not be available with it then.
        if interval.epoch < highest {
            faults.push(format!(
                "{player}: available under epoch {} in process {} of {} after epoch {highest}",
                interval.epoch, interval.process, history.servers[interval.process]
            ));
        }
        highest = highest.max(interval.epoch);
        if let Some(before) = furthest {
            if before.process != interval.process && before.until > interval.from {
                faults.push(format!(
                    "{player}: available in process {} of {} (epoch {}) until {} and in process {} of {} (epoch {}) \
                     from {}: {} ms at once",
                    before.process,
                    history.servers[before.process],
                    before.epoch,
                    before.until,
                    interval.process,
                    history.servers[interval.process],
                    interval.epoch,
                    interval.from,
                    (before.until.min(interval.until) - interval.from) / 1_000_000
                ));
            }
        }
        if furthest.is_none_or(|before| interval.until > before.until) {
            furthest = Some(interval);
        }
    }
}

fn check_records(finals: Option<&BTreeMap<String, Final>>, faults: &mut Vec<String>) {
    for (player, last) in finals.into_iter().flatten() {
        let mut seen = HashSet::new();
        for receipt in &last.receipts {
            if !seen.insert(receipt) {
                faults.push(format!("{player}: receipt {receipt} took effect twice"));
            }
        }
        if last.state.receipts != last.receipts.len() as i64 {
            faults.push(format!(
                "{player}: {} receipts counted, {} listed",
                last.state.receipts,
                last.receipts.len()
            ));
        }
    }
}

fn check_answers(
    history: &History,
    finals: Option<&BTreeMap<String, Final>>,
    counts: &mut Counts,
    faults: &mut Vec<String>,
) {
    let mut first_grants: HashMap<&str, u64> = HashMap::new();
    for answer in &history.answers {
        let (player, receipt) = (&answer.player, &answer.receipt);
        match answer.kind {
            AnswerKind::Granted => {
                counts.granted += 1;
                *first_grants.entry(receipt).or_default() += 1;
            }
            AnswerKind::GrantedAgain => counts.granted_again += 1,
            AnswerKind::Credited => counts.credited += 1,
        }
        let Some(last) = finals.and_then(|finals| finals.get(player)) else {
            continue;
        };
        let has_effect = last.receipts.contains(receipt);
        match answer.kind {
            AnswerKind::Credited if has_effect => {
                faults.push(format!("{player}: receipt {receipt} gave credit and effect"));
            }
            AnswerKind::Granted | AnswerKind::GrantedAgain if !has_effect => {
                faults.push(format!("{player}: granted receipt {receipt} had no effect"));
            }
            _ => {}
        }
    }
    for (receipt, times) in first_grants {
        if times > 1 {
            faults.push(format!(
                "receipt {receipt} was granted {times} times as if for the first time"
            ));
        }
    }
}

#[cfg(test)]
mod tests {
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
        BTreeMap::from([("p".to_owned(), Final { state, receipts })])
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
}
