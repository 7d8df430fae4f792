//! The store's process is restarted, killed and stopped, and the way to it cut, stalled and deaf.

use crate::promises::Promises;
use crate::report;
use crate::server::{names, pause, play_until, read, wait_until, GameServer, Setup, Told};
use crate::subject::Subject;
use crate::tools::proxy::Way;
use sessionlocker::store::{Abilities, Completion, Kind, Operation, Request, Store};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// So many turns of the game loop are played while the store is away.
const TURNS: u64 = 300;

/// A server full of players, and what they were promised.
struct Game {
    server: GameServer,
    promises: Promises,
}

impl Game {
    fn on(store: &Arc<dyn Store>) -> Self {
        let mut server = GameServer::start("outage", store);
        for name in names(30) {
            server.join(&name);
        }
        let mut game = Self {
            server,
            promises: Promises::default(),
        };
        game.calm("all players are in");
        game.play_on(TURNS);
        game
    }

    fn play_on(&mut self, turns: u64) {
        let until = self.server.updates + turns;
        play_until(&mut [&mut self.server], &mut self.promises, "the turns", |servers| {
            servers[0].updates >= until
        });
    }

    /// Plays until the host is told that the players are in doubt.
    fn play_until_suspect(&mut self) {
        let before = self.server.told.suspect;
        play_until(&mut [&mut self.server], &mut self.promises, "the doubt", |servers| {
            servers[0].told.suspect > before
        });
    }

    /// Nothing new is done; all that was is saved.
    fn calm(&mut self, what: &str) {
        wait_until(&mut [&mut self.server], &mut self.promises, what, |servers| {
            servers[0].is_settled()
        });
    }

    /// Everybody leaves, and the records keep the promises.
    fn end(self, name: &str, store: &Arc<dyn Store>) -> Told {
        let (players, longest) = (names(30), self.server.longest_update);
        let mut promises = self.promises;
        let told = self.server.shut_down(&mut promises);
        let verdict = promises.compare(&read(store, &players));
        assert!(verdict.faults.is_empty(), "{:#?}", verdict.faults);
        assert_eq!(
            (verdict.gone_and_told, told.rolled_back),
            (0, 0),
            "a store that loses nothing"
        );
        assert!(promises.saves > 0 && promises.grants > 0, "{promises:?}");
        let text = format!(
            "{} saves and {} purchases promised, none missing; longest update {:.1} ms; {told:?}",
            promises.saves,
            promises.grants,
            longest.as_secs_f64() * 1e3
        );
        report(name, &text);
        told
    }
}

pub fn the_process_is_restarted_killed_and_stopped(mut subject: Subject) {
    let mut game = Game::on(&subject.store());

    subject.process.stop();
    game.play_on(TURNS);
    subject.process.start_again();
    game.calm("the end of the restart");
    game.play_on(TURNS);

    subject.process.kill();
    game.play_on(TURNS);
    subject.process.start_again();
    game.calm("the end of the kill");
    game.play_on(TURNS);

    subject.process.pause();
    game.play_on(TURNS);
    game.play_until_suspect();
    let suspect = (0..game.server.seats.len()).filter(|seat| game.server.is_available(*seat));
    assert_eq!(suspect.count(), 0, "nobody is available while it is in doubt");
    subject.process.go_on();
    game.calm("the end of the stop");
    game.play_on(TURNS);

    let told = game.end(&format!("outages-{}", subject.name), &subject.store());
    assert!(told.fresh >= 1, "it was told when the doubt was over: {told:?}");
}

pub fn the_way_is_cut_stalled_and_deaf(subject: Subject) {
    let mut game = Game::on(&(subject.open)(&subject.by_proxy));

    for _ in 0..5 {
        subject.proxy.cut();
        game.play_on(TURNS / 10);
    }
    subject.proxy.set(Way::Closed);
    subject.proxy.cut();
    game.play_on(TURNS);
    subject.proxy.set(Way::Open);
    game.calm("the end of the cut");

    subject.proxy.set(Way::Stalled);
    game.play_on(TURNS);
    game.play_until_suspect();
    subject.proxy.set(Way::Open);
    game.calm("the end of the stall");
    game.play_on(TURNS);

    // Writes arrive, and nobody hears of it.
    subject.proxy.set(Way::Deaf);
    game.play_on(TURNS);
    game.play_until_suspect();
    assert!(subject.proxy.swallowed() > 0);
    subject.proxy.cut();
    subject.proxy.set(Way::Open);
    game.calm("the end of the silence");
    game.play_on(TURNS);

    game.end(&format!("outages-way-{}", subject.name), &subject.store());
}

/// Notes in which order records are written.
struct Recorder {
    inner: Arc<dyn Store>,
    puts: Mutex<Vec<String>>,
}

impl Recorder {
    fn puts(&self) -> Vec<String> {
        self.puts.lock().expect("nobody panicked").clone()
    }
}

impl Store for Recorder {
    fn abilities(&self) -> &Abilities {
        self.inner.abilities()
    }

    fn submit(&self, request: Request, completion: Completion) {
        if request.key.kind == Kind::Record && matches!(request.operation, Operation::Put { .. }) {
            let name = request.key.name.to_string();
            self.puts.lock().expect("nobody panicked").push(name);
        }
        self.inner.submit(request, completion);
    }
}

/// While the store is stopped saves, a release and a purchase pile up behind the one request that it has.
pub fn what_would_be_lost_goes_first(mut subject: Subject) {
    let recorder = Arc::new(Recorder {
        inner: subject.store(),
        puts: Mutex::default(),
    });
    let store: Arc<dyn Store> = Arc::clone(&recorder) as Arc<dyn Store>;
    let setup = Setup {
        max_in_flight: 1,
        // It is not to be in doubt, however slow the machine is.
        lease: Duration::from_secs(600),
        request_timeout: Duration::from_secs(600),
    };
    let mut server = GameServer::start_with("narrow", &store, &setup);
    let mut promises = Promises::default();
    let players = names(8);
    for name in &players {
        server.join(name);
    }
    wait_until(&mut [&mut server], &mut promises, "the players", |servers| {
        servers[0].is_settled()
    });

    subject.process.pause();
    let before = recorder.puts().len();
    server.mark(0);
    server.save(0);
    wait_until(&mut [&mut server], &mut promises, "a save", |_| {
        recorder.puts().len() > before
    });
    for seat in 1..6 {
        server.mark(seat);
        server.save(seat);
    }
    server.mark(6);
    server.leave(6);
    server.buy_new(7);
    for _ in 0..20 {
        server.tick(&mut promises);
        pause();
    }
    assert_eq!(recorder.puts()[before..], ["p0"], "one at a time");
    subject.process.go_on();
    wait_until(&mut [&mut server], &mut promises, "the saves", |servers| {
        servers[0].seats[6].idle && servers[0].told.granted == 1 && recorder.puts().len() >= before + 8
    });
    let order = recorder.puts()[before..].to_vec();
    let place = |name: &str| order.iter().position(|other| other == name).expect("it was saved");
    let last_of_first = place("p6").max(place("p7"));
    // p0 again, where its write was given up and is tried anew.
    let others = (1..6).map(|seat| place(&format!("p{seat}")));
    assert!(others.min() > Some(last_of_first), "{order:?}");
    server.shut_down(&mut promises);
    let verdict = promises.compare(&read(&subject.store(), &players));
    assert!(verdict.faults.is_empty(), "{:#?}", verdict.faults);
}

#[cfg(feature = "postgres")]
mod on_postgres {
    use crate::subject::postgres::subject;

    #[test]
    fn postgres_restarted_killed_and_stopped() {
        if let Some(subject) = subject() {
            super::the_process_is_restarted_killed_and_stopped(subject);
        }
    }

    #[test]
    fn the_way_to_postgres_cut_stalled_and_deaf() {
        if let Some(subject) = subject() {
            super::the_way_is_cut_stalled_and_deaf(subject);
        }
    }

    #[test]
    fn after_a_stop_of_postgres_what_would_be_lost_goes_first() {
        if let Some(subject) = subject() {
            super::what_would_be_lost_goes_first(subject);
        }
    }
}

#[cfg(feature = "redis")]
mod on_redis {
    use crate::subject::redis::subject;

    #[test]
    fn redis_restarted_killed_and_stopped() {
        if let Some(subject) = subject() {
            super::the_process_is_restarted_killed_and_stopped(subject);
        }
    }

    #[test]
    fn the_way_to_redis_cut_stalled_and_deaf() {
        if let Some(subject) = subject() {
            super::the_way_is_cut_stalled_and_deaf(subject);
        }
    }

    #[test]
    fn after_a_stop_of_redis_what_would_be_lost_goes_first() {
        if let Some(subject) = subject() {
            super::what_would_be_lost_goes_first(subject);
        }
    }
}
