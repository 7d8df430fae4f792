//! Random sequences of what a game can do, on several engines with one store, compared with a simple model after each
//! step. `MODEL_SEQUENCES=100000 cargo test --release --test model` plays as many as it says, from the seed `MODEL_SEED`
//! on, or from 0.

mod plain;
mod world;

use plain::{Deed, Plain};
use world::World;

/// How many steps a sequence has.
const STEPS: usize = 40;

fn setting(name: &str, default: u64) -> u64 {
    let wanted = std::env::var(name).ok();
    wanted.map_or(default, |text| {
        text.parse()
            .unwrap_or_else(|_| panic!("{name} is a number, not {text}"))
    })
}

fn play(seed: u64) -> Result<usize, String> {
    let mut rng = fastrand::Rng::with_seed(seed);
    let mut plain = Plain::default();
    let mut world = World::new(seed);
    let mut story = Vec::new();
    for _ in 0..STEPS {
        let deed = Deed::random(&mut rng, &plain);
        story.push(format!("{deed:?}"));
        let expected = plain.step(&deed);
        let result = world.step(&deed, &expected).and_then(|()| world.settle(&plain));
        if let Err(difference) = result {
            return Err(format!("seed {seed}: {difference}\n  after {}", story.join("\n  ")));
        }
    }
    Ok(plain.effects())
}

#[test]
fn random_play_agrees_with_the_model() {
    let (total, begin) = (setting("MODEL_SEQUENCES", 4_000), setting("MODEL_SEED", 0));
    let threads = std::thread::available_parallelism().map_or(1, |count| count.get() as u64);
    let effects: usize = std::thread::scope(|scope| {
        let part = |first| {
            let seeds = (first..total).step_by(usize::try_from(threads).unwrap());
            seeds
                .map(|seed| play(begin + seed).unwrap_or_else(|text| panic!("{text}")))
                .sum::<usize>()
        };
        let parts: Vec<_> = (0..threads).map(|first| scope.spawn(move || part(first))).collect();
        parts.into_iter().map(|part| part.join().expect("no difference")).sum()
    });
    println!("seeds from {begin}: {total} sequences of {STEPS} steps, {effects} changes of data, no difference");
    assert!(effects as u64 > total * 5, "the sequences do too little");
}
