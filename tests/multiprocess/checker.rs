//! Compares what the processes were told with what the records say in the end, and with each other.

use crate::audit::{AnswerKind, End, History, Interval, Session, State, Step};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

/// One player's record when all was over.
#[derive(Clone, Debug)]
pub struct Final {
    pub state: State,
    /// The receipts that took effect, as the game itself noted them in its data.
    pub receipts: Vec<String>,
    /// The ids of the gifts that arrived; of those that came back with `back-` before them.
    pub gifts: Vec<String>,
    pub mail: Vec<String>,
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
    pub gifts: u64,
    pub received: u64,
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
        received: history.received,
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
    if let Some(finals) = finals {
        check_gifts(history, finals, &mut counts, &mut faults);
    }
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
            Step::Gave { change, state } => states.push((Some(change), state)),
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

/// The ids of the gifts that surely left: those whose change the next session found, or the record in the end.
fn given(history: &History, finals: &BTreeMap<String, Final>) -> BTreeSet<String> {
    let mut ids = BTreeSet::new();
    for (player, sessions) in &history.sessions {
        let sorted = by_epoch(sessions);
        for (place, session) in sorted.iter().enumerate() {
            let next = sorted.get(place + 1).map(|next| next.loaded);
            let found = next.or_else(|| finals.get(player).map(|last| last.state));
            // A record that has gone on since in a session that is not in the logs has all that its last one did.
            let last = found.map_or(i64::MAX, |found| found.ops);
            for step in &session.steps {
                match step {
                    Step::Gave { state, .. } if state.ops <= last => ids.insert(format!("{player}-{}", state.ops)),
                    _ => false,
                };
            }
        }
    }
    ids
}

/// The gifts that left and are nowhere.
pub fn gifts_under_way(history: &History, finals: &BTreeMap<String, Final>) -> Vec<String> {
    let arrived: HashSet<&str> = finals.values().flat_map(arrivals).collect();
    let all = given(history, finals);
    all.into_iter().filter(|id| !arrived.contains(id.as_str())).collect()
}

fn arrivals(last: &Final) -> impl Iterator<Item = &str> {
    let ids = last.gifts.iter().filter(|id| *id != "welcome");
    ids.map(|id| id.strip_prefix("back-").unwrap_or(id))
}

/// Each gift that left has arrived at one place, once, and nothing else has.
fn check_gifts(history: &History, finals: &BTreeMap<String, Final>, counts: &mut Counts, faults: &mut Vec<String>) {
    let given = given(history, finals);
    counts.gifts = given.len() as u64;
    let mut arrived: HashMap<&str, &str> = HashMap::new();
    for (player, last) in finals {
        for id in arrivals(last) {
            if let Some(other) = arrived.insert(id, player) {
                faults.push(format!("gift {id} is in {other} and again in {player}"));
            }
            if !given.contains(id) {
                faults.push(format!("{player}: gift {id} arrived, but never surely left"));
            }
        }
    }
    for id in &given {
        if !arrived.contains_key(id.as_str()) {
            faults.push(format!("gift {id} left and is nowhere"));
        }
    }
}

/// A mail that a server sent to a player.
#[derive(Clone, Debug)]
pub struct Letter {
    pub to: String,
    pub word: String,
    /// The server was told that it is in the record. Otherwise nothing is known: it may have been killed before.
    pub is_sent: bool,
}

/// Each mail that was reported sent is there, and none twice.
pub fn check_mail(letters: &[Letter], finals: &BTreeMap<String, Final>) -> Vec<String> {
    let mut faults = Vec::new();
    let mut known: HashMap<&str, (&Letter, u64)> = letters.iter().map(|it| (it.word.as_str(), (it, 0))).collect();
    for (player, last) in finals {
        for word in &last.mail {
            match known.get_mut(word.as_str()) {
                Some((letter, times)) if letter.to == *player => *times += 1,
                _ => faults.push(format!("{player}: has mail {word}, which nobody sent to it")),
            }
        }
    }
    for (letter, times) in known.into_values() {
        if times > 1 || (letter.is_sent && times == 0) {
            faults.push(format!("{letter:?} arrived {times} times"));
        }
    }
    faults
}

fn count_session(session: &Session, counts: &mut Counts) {
    counts.sessions += 1;
    counts.lost += u64::from(session.end == End::Lost);
    for step in &session.steps {
        match step {
            Step::Changed { .. } | Step::Gave { .. } => counts.changes += 1,
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
#[path = "checker_tests.rs"]
mod tests;
