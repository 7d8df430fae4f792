//! An hour of play in a moment: the host's clock, a store that fails by a seed, and the same events each time. What the
//! tests of a game would look like.

mod game;

use game::{player, stored, Game};
use sessionlocker::engine::Event;
use sessionlocker::locker::event;
use sessionlocker::record::codec;
use sessionlocker::store::faulty::{FaultCounts, Faults, FaultyStore};
use sessionlocker::store::memory::MemoryStore;
use sessionlocker::store::Store;
use std::sync::Arc;
use std::time::Instant;

const PLAYERS: usize = 5;
const TURNS: u32 = 3600 * 20;

fn bad_weather() -> Faults {
    Faults {
        refused: 300,
        unknown: 300,
        request_lost: 100,
        reply_lost: 100,
        delayed: 1000,
        late: 200,
        conflict: 100,
        longest: 4,
        ..Faults::default()
    }
}

/// What one event says; change numbers count up through all engines of a process, so the first is told.
fn words(turn: u32, first: u64, event: &Event) -> String {
    let words = match event {
        Event::Locker { source, event } => {
            let detail = match event {
                event::Event::Saved { change } => format!("saved {}", change - first),
                event::Event::ChangeSettled { change, status, .. } => format!("{} is {status:?}", change - first),
                event::Event::Released { cause, .. } => format!("released {cause:?}"),
                other => other.brief(),
            };
            format!("{}: {detail}", source.key)
        }
        other => format!("{other:?}"),
    };
    format!("{turn}: {words}")
}

/// Plays an hour; gives all events in words, the counts of faults, and the gold of each player as it is stored.
fn play(seed: u64) -> (Vec<String>, FaultCounts, Vec<i64>) {
    let memory: Arc<dyn Store> = Arc::new(MemoryStore::new());
    let faulty = FaultyStore::new(Arc::clone(&memory), seed, bad_weather()).unwrap();
    let game = Game::new(&(Arc::clone(&faulty) as Arc<dyn Store>), "eu-1", player(), None);
    let lockers: Vec<_> = (0..PLAYERS).map(|number| game.open(&number.to_string())).collect();
    let mut story = Vec::new();
    let mut first = None;
    let mut earned = vec![0; PLAYERS];
    for turn in 0..TURNS {
        for event in game.turn() {
            story.push(words(turn, first.unwrap_or(0), &event));
        }
        let player = turn as usize % PLAYERS;
        if turn % 97 == 0 && game.engine.core().is_available(game.engine.now(), lockers[player]) {
            let (sum, change) = game
                .engine
                .core()
                .edit(lockers[player], |data| data.add_i64("/gold", 1))
                .unwrap();
            earned[player] = sum;
            first.get_or_insert(change);
        }
    }
    let counts = faulty.counts();
    faulty.set_faults(Faults::default()).unwrap();
    faulty.release();
    game.end();
    let gold = (0..PLAYERS).map(|number| {
        let value = stored(&*memory, &number.to_string()).unwrap();
        codec::decode(&value).unwrap().1.get_i64("/gold").unwrap().unwrap()
    });
    let gold: Vec<i64> = gold.collect();
    assert_eq!(gold, earned, "whatever the weather, nothing is lost");
    (story, counts, gold)
}

#[test]
fn an_hour_of_play_is_the_same_each_time() {
    let start = Instant::now();
    let (story, counts, gold) = play(2024);
    println!(
        "{} events, {counts:?}, gold {gold:?}, {:?}",
        story.len(),
        start.elapsed()
    );
    let (again, counts_again, _) = play(2024);
    let difference = story.iter().zip(&again).position(|(one, other)| one != other);
    assert_eq!(difference, None, "{:?}", difference.map(|at| (&story[at], &again[at])));
    assert_eq!((story.len(), counts), (again.len(), counts_again));
    assert!(gold.iter().sum::<i64>() > 500);
    for seen in [
        counts.refused,
        counts.unknown,
        counts.delayed,
        counts.late,
        counts.conflicts,
    ] {
        assert!(seen > 0, "{counts:?}");
    }
    assert!(story.iter().any(|line| line.contains("saved")));
    assert_ne!(play(2025).0, story, "another seed is another story");
}
