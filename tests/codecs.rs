//! Codecs from end to end: what is stored, who can read it, and that nothing is written where it cannot be read.

mod game;

use game::{create, player, stored, Game};
use sessionlocker::codec::{self, Codec, Form};
use sessionlocker::engine::Engine;
use sessionlocker::locker::event::{ChangeStatus, Event, LoadStatus};
use sessionlocker::locker::Spec;
use sessionlocker::record::server::ServerRecord;
use sessionlocker::store::memory::MemoryStore;
use sessionlocker::store::{ask, Abilities, Completion, Key, Kind, Operation, Reply, Request, Store};
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock, Weak};
use std::time::Duration;

fn memory() -> Arc<dyn Store> {
    Arc::new(MemoryStore::new())
}

/// Inverts every bit; fails as often as it is told.
#[derive(Default)]
struct Inverse {
    failures: AtomicU32,
    panics: AtomicU32,
    /// What it looks at while it works, as a host's callback may.
    engine: OnceLock<Weak<Engine>>,
    looked: AtomicU64,
}

impl Inverse {
    fn take(count: &AtomicU32) -> bool {
        let less = |left: u32| left.checked_sub(1);
        count.fetch_update(Ordering::SeqCst, Ordering::SeqCst, less).is_ok()
    }
}

impl Codec for Inverse {
    fn name(&self) -> &str {
        "inverse"
    }

    fn encode(&self, value: &[u8]) -> Result<Vec<u8>, String> {
        if let Some(engine) = self.engine.get().and_then(Weak::upgrade) {
            // Would hang if the core were locked.
            let _ = engine.core().lockers_left();
            self.looked.fetch_add(1, Ordering::SeqCst);
        }
        if Self::take(&self.failures) {
            return Err("the key is not there".into());
        }
        assert!(!Self::take(&self.panics), "as the test wants it");
        Ok(value.iter().map(|byte| !byte).collect())
    }

    fn decode(&self, value: &[u8], _max: usize) -> Result<Vec<u8>, String> {
        if value.len() < 5 {
            return Err("too short".into());
        }
        Ok(value.iter().map(|byte| !byte).collect())
    }
}

fn load_trouble(game: &Game) -> LoadStatus {
    let is_trouble = |event: &Event| {
        matches!(
            event,
            Event::LoadStatus(LoadStatus::UnknownVersion { .. } | LoadStatus::Unreadable { .. })
        )
    };
    match game.until("the trouble", is_trouble) {
        Event::LoadStatus(status) => status,
        _ => unreachable!(),
    }
}

/// Opens a record with this value, and gives what is told; nothing may be written.
fn refused(value: &[u8], codec: Option<Arc<dyn Codec>>) -> LoadStatus {
    let store = memory();
    create(&*store, "42", value);
    let game = Game::new(&store, "eu-1", player(), codec);
    game.open("42");
    let status = load_trouble(&game);
    for _ in 0..500 {
        game.turn();
    }
    assert_eq!(stored(&*store, "42").unwrap(), value, "it is left as it is");
    status
}

#[test]
fn a_codec_of_ones_own_hides_the_record_and_nothing_else() {
    let store = memory();
    let codec = Arc::new(Inverse::default());
    let game = Game::new(&store, "eu-1", player(), Some(codec));
    let locker = game.load("42");
    let change = game.set_json(locker, "/name", "\"Vexorg\"");
    assert_eq!(game.save(locker, change), ChangeStatus::Saved);
    let value = stored(&*store, "42").unwrap();
    assert!(matches!(codec::form(&value), Form::Encoded { codec: "inverse", .. }));
    assert!(!value.windows(6).any(|part| part == b"Vexorg"));
    let server = Request {
        key: Key {
            kind: Kind::Server,
            space: "".into(),
            name: "eu-1".into(),
        },
        operation: Operation::Get,
    };
    match ask(&*store, server, Duration::from_secs(9)) {
        Some(Ok(Reply::Found { value, .. })) => assert!(ServerRecord::decode(&value).is_some()),
        other => panic!("{other:?}"),
    }
    game.end();

    let game = Game::new(&store, "eu-2", player(), Some(Arc::new(Inverse::default())));
    let locker = game.load("42");
    assert_eq!(game.json(locker), r#"{"gold":0,"name":"Vexorg"}"#);
    game.end();
}

#[test]
fn plain_records_are_read_and_written_anew() {
    let store = memory();
    let game = Game::new(&store, "eu-1", player(), None);
    let locker = game.load("42");
    let change = game.set_json(locker, "/gold", "7");
    assert_eq!(game.save(locker, change), ChangeStatus::Saved);
    game.end();
    assert_eq!(codec::form(&stored(&*store, "42").unwrap()), Form::Plain);

    let game = Game::new(&store, "eu-1", player(), Some(Arc::new(Inverse::default())));
    let locker = game.load("42");
    assert_eq!(game.json(locker), r#"{"gold":7}"#);
    assert_ne!(codec::form(&stored(&*store, "42").unwrap()), Form::Plain);
    game.end();
}

#[test]
fn an_unknown_codec_is_named_and_nothing_is_written() {
    let value = b"\x1bSLK\x01\x05rot13whatever it is";
    for codec in [None, Some(Arc::new(Inverse::default()) as Arc<dyn Codec>)] {
        match refused(value, codec) {
            LoadStatus::UnknownVersion { text, .. } => assert!(text.contains("`rot13`"), "{text}"),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn what_cannot_be_decoded_is_unreadable_and_nothing_is_written() {
    let inverse = || Some(Arc::new(Inverse::default()) as Arc<dyn Codec>);
    for (value, words) in [
        (b"\x1bSLK\x01\x07inverse12".as_slice(), "too short"),
        (b"\x1bSLK\x01\x07inverse1234567", "not a record"),
        (b"\x1bSLK\x01\x07inv", "damaged"),
    ] {
        match refused(value, inverse()) {
            LoadStatus::Unreadable { text } => assert!(text.contains(words), "{text}"),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_codec_that_fails_or_panics_fails_the_save_and_loses_nothing() {
    let store = memory();
    let codec = Arc::new(Inverse::default());
    let game = Game::new(&store, "eu-1", player(), Some(Arc::clone(&codec) as Arc<dyn Codec>));
    let locker = game.load("42");
    let before = stored(&*store, "42");
    for (count, words) in [(&codec.failures, "the key is not there"), (&codec.panics, "panicked")] {
        count.store(3, Ordering::SeqCst);
        let change = game.set_json(locker, "/gold", "7");
        game.engine.core().await_change(locker, change, 1).unwrap();
        game.engine.core().mark_force_save(locker).unwrap();
        match game.until("the trouble", |event| matches!(event, Event::SaveTrouble { .. })) {
            Event::SaveTrouble { text, .. } => assert!(text.contains(words) && text.contains("inverse"), "{text}"),
            _ => unreachable!(),
        }
        let settled = game.until("the save", |event| matches!(event, Event::ChangeSettled { .. }));
        let saved = ChangeStatus::Saved;
        assert!(matches!(settled, Event::ChangeSettled { status, .. } if status == saved));
        assert_eq!(count.load(Ordering::SeqCst), 0);
    }
    assert_ne!(stored(&*store, "42"), before);
    game.end();
}

#[test]
fn a_codec_may_call_the_library() {
    let store = memory();
    let codec = Arc::new(Inverse::default());
    let game = Game::new(&store, "eu-1", player(), Some(Arc::clone(&codec) as Arc<dyn Codec>));
    codec.engine.set(Arc::downgrade(&game.engine)).unwrap();
    game.load("42");
    assert!(codec.looked.load(Ordering::SeqCst) > 0);
    game.end();
}

#[test]
fn a_bad_name_is_refused() {
    struct Nameless;
    impl Codec for Nameless {
        fn name(&self) -> &str {
            "two words"
        }
        fn encode(&self, value: &[u8]) -> Result<Vec<u8>, String> {
            Ok(value.to_vec())
        }
        fn decode(&self, value: &[u8], _max: usize) -> Result<Vec<u8>, String> {
            Ok(value.to_vec())
        }
    }
    let store = memory();
    let game = Game::new(&store, "eu-1", player(), None);
    struct Nobody;
    impl sessionlocker::engine::host::Host for Nobody {
        fn default_data(&self, _: &str) -> Result<sessionlocker::record::Document, sessionlocker::error::Error> {
            Ok(sessionlocker::record::Document::default())
        }
        fn answer(
            &self,
            _: &sessionlocker::engine::host::About,
            _: sessionlocker::locker::call::HostCall,
        ) -> sessionlocker::locker::call::CallAnswer {
            unreachable!("nothing is saved")
        }
    }
    let spec = Spec::named("other");
    let added = game
        .engine
        .add_encoded_spec(&store, spec, Arc::new(Nobody), Arc::new(Nameless));
    assert!(added.is_err());
}

/// A memory store that takes small values only.
struct Small(MemoryStore, Abilities);

impl Small {
    fn open(max_value_bytes: u64) -> Arc<dyn Store> {
        let memory = MemoryStore::new();
        let abilities = Abilities {
            max_value_bytes,
            ..memory.abilities().clone()
        };
        Arc::new(Self(memory, abilities))
    }
}

impl Store for Small {
    fn abilities(&self) -> &Abilities {
        &self.1
    }

    fn submit(&self, request: Request, completion: Completion) {
        if let Operation::Put { value, .. } = &request.operation {
            assert!(
                value.len() as u64 <= self.1.max_value_bytes,
                "the engine checks the size"
            );
        }
        self.0.submit(request, completion);
    }
}

#[cfg(feature = "zstd")]
mod zstd {
    use super::*;
    use sessionlocker::codec::zstd::Zstd;

    fn zstd() -> Option<Arc<dyn Codec>> {
        Some(Arc::new(Zstd::default()))
    }

    fn long_text(length: usize) -> String {
        format!("\"{}\"", "sword,".repeat(length / 6))
    }

    fn noise(length: usize) -> String {
        let mut state = 7_u64;
        let letters = (0..length).map(|_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            char::from(b'!' + u8::try_from((state >> 40) % 90).unwrap()).to_ascii_lowercase()
        });
        let text: String = letters.filter(|letter| !matches!(letter, '"' | '\\')).collect();
        format!("\"{text}\"")
    }

    #[test]
    fn a_record_is_stored_small_and_every_server_can_read_it() {
        let store = memory();
        let game = Game::new(&store, "eu-1", player(), zstd());
        let locker = game.load("42");
        let change = game.set_json(locker, "/inventory", &long_text(100_000));
        assert_eq!(game.save(locker, change), ChangeStatus::Saved);
        let data = game.json(locker);
        game.end();
        let value = stored(&*store, "42").unwrap();
        assert!(matches!(codec::form(&value), Form::Encoded { codec: "zstd", .. }));
        assert!(value.len() < 2000, "{} bytes", value.len());

        // A server whose spec has no codec, and one that has another.
        for codec in [None, Some(Arc::new(Inverse::default()) as Arc<dyn Codec>), zstd()] {
            let copy = memory();
            create(&*copy, "42", &value);
            let game = Game::new(&copy, "eu-2", player(), codec);
            let locker = game.load("42");
            assert_eq!(game.json(locker), data);
            game.end();
        }
    }

    #[test]
    fn a_damaged_record_and_a_bomb_are_unreadable() {
        let record = codec::encode(&Zstd::default(), b"{}").unwrap();
        let mut changed = record.clone();
        *changed.last_mut().unwrap() ^= 1;
        let cut = &record[..record.len() - 2];
        let zeros = vec![b' '; codec::MAX_DECODED_BYTES + 1];
        let bomb = codec::encode(&Zstd::default(), &zeros).unwrap();
        assert!(bomb.len() < 100_000);
        for value in [&changed, cut, &bomb] {
            for codec in [None, zstd()] {
                match refused(value, codec) {
                    LoadStatus::Unreadable { text } => assert!(text.contains("zstd"), "{text}"),
                    other => panic!("{other:?}"),
                }
            }
        }
    }

    #[test]
    fn only_what_is_stored_must_fit() {
        let store = Small::open(4000);
        let game = Game::new(&store, "eu-1", player(), zstd());
        let locker = game.load("42");
        let change = game.set_json(locker, "/inventory", &long_text(200_000));
        assert_eq!(game.save(locker, change), ChangeStatus::Saved);
        let change = game.set_json(locker, "/noise", &noise(20_000));
        game.engine.core().await_change(locker, change, 1).unwrap();
        game.engine.core().mark_force_save(locker).unwrap();
        match game.until("the trouble", |event| matches!(event, Event::SaveTrouble { .. })) {
            Event::SaveTrouble { text, .. } => assert!(text.contains("the store takes 4000"), "{text}"),
            _ => unreachable!(),
        }
        let kept = stored(&*store, "42").unwrap();
        // Smaller again, it is saved.
        let change = game.set_json(locker, "/noise", "1");
        assert_eq!(game.save(locker, change), ChangeStatus::Saved);
        assert_ne!(stored(&*store, "42").unwrap(), kept);
        game.end();
    }
}

#[test]
fn without_a_codec_the_whole_record_must_fit() {
    let store = Small::open(4000);
    let game = Game::new(&store, "eu-1", player(), None);
    let locker = game.load("42");
    game.set_json(locker, "/inventory", &format!("\"{}\"", "x".repeat(5000)));
    game.engine.core().mark_force_save(locker).unwrap();
    game.until("the trouble", |event| matches!(event, Event::SaveTrouble { .. }));
    game.set_json(locker, "/inventory", "1");
    game.end();
}
