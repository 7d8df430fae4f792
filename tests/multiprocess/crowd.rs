//! A crowd of players who move between the servers at random, buy things, and see servers die.

use crate::audit::State;
use crate::checker::Final;
use crate::servers::{Message, Server, Settings};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::mpsc::{channel, Receiver, Sender};
use std::time::{Duration, Instant};

/// How long and how wild.
pub struct Plan {
    pub players: usize,
    pub duration: Duration,
    pub actions_per_second: u32,
    pub seed: u64,
}

/// What the crowd did.
#[derive(Debug, Default)]
pub struct Deeds {
    pub joins: u64,
    pub joins_elsewhere: u64,
    pub earned: u64,
    pub bought: u64,
    pub delivered_again: u64,
    pub kills: u64,
    pub pauses: u64,
}

/// Where a player is with one server, as far as its lines have told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Presence {
    Away,
    Joining,
    Playing,
}

struct Receipt {
    id: String,
    product: &'static str,
    /// The platform stops repeating itself once it was answered for good; this crowd repeats a few all the same.
    settled: bool,
}

struct Player {
    name: String,
    /// One for each server.
    at: Vec<Presence>,
    receipts: Vec<Receipt>,
}

/// What is done to the servers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    Kill,
    Pause,
    KillAll,
}

/// Dealt in turn, in pairs with how long the server is away, in leases: so each kind surely happens, and soon. Only
/// after the longer absences have the others had the time to take over.
const DECK: [(Fault, f64); 7] = [
    (Fault::Pause, 1.8),
    (Fault::Kill, 1.8),
    (Fault::Kill, 0.2),
    (Fault::Kill, 1.8),
    (Fault::KillAll, 0.2),
    (Fault::Pause, 0.3),
    (Fault::Kill, 0.1),
];

/// A server that is down or paused comes back at this time.
struct Absence {
    until: Instant,
    predecessor_gone: bool,
}

pub struct Crowd<'a> {
    settings: &'a Settings,
    random: fastrand::Rng,
    servers: Vec<Server>,
    /// One for each server.
    absences: Vec<Option<Absence>>,
    players: Vec<Player>,
    faults: usize,
    /// How often a server told that the store has taken something.
    stored: u64,
    pub deeds: Deeds,
    sender: Sender<Message>,
    messages: Receiver<Message>,
    next_receipt: u64,
}

impl<'a> Crowd<'a> {
    pub fn new(settings: &'a Settings, plan: &Plan) -> Self {
        let (sender, messages) = channel();
        let new_player = |number: usize| Player {
            name: format!("p{number}"),
            at: vec![Presence::Away; settings.programs.len()],
            receipts: Vec::new(),
        };
        let ids = ["alpha", "beta", "gamma", "delta"];
        let places = 0..settings.programs.len();
        let mut servers: Vec<Server> = places.map(|place| Server::new(place, ids[place])).collect();
        for server in &mut servers {
            server.start(settings, false, &sender);
        }
        Self {
            settings,
            random: fastrand::Rng::with_seed(plan.seed),
            absences: servers.iter().map(|_| None).collect(),
            servers,
            players: (0..plan.players).map(new_player).collect(),
            faults: 0,
            stored: 0,
            deeds: Deeds::default(),
            sender,
            messages,
            next_receipt: 1,
        }
    }

    /// The wild time.
    pub fn play(&mut self, plan: &Plan) {
        let end = Instant::now() + plan.duration;
        let mut next_fault = Instant::now() + Duration::from_secs(4);
        let step = Duration::from_millis(10);
        let mut owed = 0.0;
        while Instant::now() < end {
            self.hear(Instant::now() + step);
            self.end_absences();
            // One at a time, so that the others can take over and the returned one finds out.
            if !self.servers.iter().all(Server::is_up) {
                next_fault = next_fault.max(Instant::now() + Duration::from_secs(1));
            }
            if Instant::now() >= next_fault {
                self.strike();
                next_fault = Instant::now() + Duration::from_millis(self.random.u64(2_000..4_000));
            }
            owed += f64::from(plan.actions_per_second) * step.as_secs_f64();
            while owed >= 1.0 {
                owed -= 1.0;
                self.act();
            }
        }
    }

    /// Takes lines until the time has come.
    fn hear(&mut self, until: Instant) {
        loop {
            let left = until.saturating_duration_since(Instant::now());
            let Ok(message) = self.messages.recv_timeout(left) else {
                return;
            };
            // A late line of a process that was killed meanwhile says nothing about the present one.
            if self.servers[message.server].process() == message.process {
                if let Some(line) = message.line {
                    self.take(message.server, &line);
                }
            }
        }
    }

    fn take(&mut self, server: usize, line: &str) {
        let mut words = line.split([' ', ':']);
        let (Some("*" | "error"), Some(what), Some(name)) = (words.next(), words.next(), words.next()) else {
            return;
        };
        let Some(player) = player_number(name).and_then(|number| self.players.get_mut(number)) else {
            return;
        };
        self.stored += u64::from(matches!(what, "loaded" | "saved" | "granted"));
        match what {
            "loaded" => player.at[server] = Presence::Playing,
            "left" | "handed-over" | "lost" | "join" => player.at[server] = Presence::Away,
            "granted" | "granted-again" | "credited" => {
                let id = words.next().unwrap_or_default();
                if let Some(receipt) = player.receipts.iter_mut().find(|receipt| receipt.id == id) {
                    receipt.settled = true;
                }
            }
            _ => {}
        }
    }

    fn end_absences(&mut self) {
        for place in 0..self.servers.len() {
            if self.absences[place]
                .as_ref()
                .is_none_or(|absence| absence.until > Instant::now())
            {
                continue;
            }
            let absence = self.absences[place].take().expect("just looked at");
            if self.servers[place].is_paused() {
                self.servers[place].resume();
            } else {
                self.servers[place].start(self.settings, absence.predecessor_gone, &self.sender);
            }
        }
    }

    /// Deals the next fault.
    fn strike(&mut self) {
        let (fault, leases) = DECK[self.faults % DECK.len()];
        self.faults += 1;
        let place = self.any_place();
        match fault {
            Fault::Pause => {
                self.deeds.pauses += 1;
                if leases > 1.0 {
                    self.pause_without_locks(place);
                } else {
                    self.servers[place].pause();
                }
                self.absent(place, leases);
            }
            Fault::Kill => {
                self.kill(place);
                self.absent(place, leases);
            }
            Fault::KillAll => {
                for place in 0..self.servers.len() {
                    self.kill(place);
                    self.absent(place, leases);
                }
            }
        }
    }

    /// Pauses a process that holds no lock of the store just then. One that does keeps all the others from the store
    /// until it goes on, and then nobody can take over. The brief pauses take it as it comes.
    fn pause_without_locks(&mut self, place: usize) {
        for _ in 0..20 {
            self.servers[place].pause();
            self.go_on(Duration::from_millis(150)); // what was done before is heard
            let before = self.stored;
            self.go_on(Duration::from_millis(500));
            if self.stored > before {
                return;
            }
            self.servers[place].resume();
            self.go_on(Duration::from_millis(50));
        }
        self.servers[place].pause();
    }

    /// Plays on at a moderate pace.
    fn go_on(&mut self, time: Duration) {
        let end = Instant::now() + time;
        while Instant::now() < end {
            self.hear(Instant::now() + Duration::from_millis(10));
            self.act();
        }
    }

    fn any_place(&mut self) -> usize {
        self.random.usize(0..self.servers.len())
    }

    fn any_place_but(&mut self, place: usize) -> usize {
        let steps = self.random.usize(1..self.servers.len());
        (place + steps) % self.servers.len()
    }

    /// A server that answers, if there is one: this or another.
    fn up_from(&self, place: usize) -> usize {
        let mut places = (place..self.servers.len()).chain(0..place);
        places.find(|place| self.servers[*place].is_up()).unwrap_or(place)
    }

    fn kill(&mut self, place: usize) {
        self.deeds.kills += 1;
        self.servers[place].kill();
        for player in &mut self.players {
            player.at[place] = Presence::Away;
        }
    }

    fn absent(&mut self, place: usize, leases: f64) {
        let until = Instant::now() + self.settings.lease.mul_f64(leases);
        let predecessor_gone = self.random.bool();
        self.absences[place] = Some(Absence {
            until,
            predecessor_gone,
        });
    }

    /// One player does one thing.
    fn act(&mut self) {
        let number = self.random.usize(0..self.players.len());
        let places = 0..self.servers.len();
        let at = &self.players[number].at;
        let playing: Vec<usize> = places
            .clone()
            .filter(|place| at[*place] == Presence::Playing && self.servers[*place].is_up())
            .collect();
        let nowhere = places
            .into_iter()
            .all(|place| at[place] == Presence::Away || self.servers[place].is_paused());
        if let Some(&place) = playing.get(self.random.usize(0..playing.len().max(1))) {
            self.play_on(number, place);
        } else if nowhere {
            // Whoever is nowhere, or on a server that does not answer, tries one that does.
            let place = self.any_place();
            self.join(number, self.up_from(place));
        }
    }

    fn join(&mut self, number: usize, place: usize) {
        if !self.servers[place].is_up() || self.players[number].at[place] != Presence::Away {
            return;
        }
        self.deeds.joins += 1;
        self.players[number].at[place] = Presence::Joining;
        self.say(number, place, "join", "");
    }

    fn say(&mut self, number: usize, place: usize, command: &str, rest: &str) {
        let line = format!("{command} {} {rest}", self.players[number].name);
        self.servers[place].send(line.trim_end());
    }

    fn play_on(&mut self, number: usize, place: usize) {
        match self.random.u8(0..100) {
            0..45 => {
                self.deeds.earned += 1;
                let gold = self.random.u32(1..100).to_string();
                self.say(number, place, "earn", &gold);
            }
            45..55 => self.say(number, place, "spend", "7"),
            55..65 => self.buy(number, place),
            65..80 => self.deliver_again(number, place),
            80..92 => {
                self.deeds.joins_elsewhere += 1;
                let elsewhere = self.any_place_but(place);
                self.join(number, elsewhere);
            }
            92..96 => self.say(number, place, "save", ""),
            _ => self.say(number, place, "leave", ""),
        }
    }

    fn buy(&mut self, number: usize, place: usize) {
        let product = if self.random.bool() { "vip" } else { "gold100" };
        let id = format!("r{}", self.next_receipt);
        self.next_receipt += 1;
        self.deeds.bought += 1;
        self.say(number, place, "buy", &format!("{product} {id}"));
        self.players[number].receipts.push(Receipt {
            id,
            product,
            settled: false,
        });
    }

    /// The platform repeats what it has no answer to, and at times also what it has.
    fn deliver_again(&mut self, number: usize, place: usize) {
        let receipts = &self.players[number].receipts;
        let unsettled = receipts.iter().position(|receipt| !receipt.settled);
        let Some(choice) = unsettled.or_else(|| (!receipts.is_empty()).then(|| self.random.usize(0..receipts.len())))
        else {
            return;
        };
        let order = format!("{} {}", receipts[choice].product, receipts[choice].id);
        self.deeds.delivered_again += 1;
        self.say(number, place, "buy", &order);
    }

    /// The faults end: every player must get in at one server, and every purchase must be answered. `Err` says who was
    /// not.
    pub fn settle(&mut self, limit: Duration) -> Result<Duration, String> {
        for absence in self.absences.iter_mut().flatten() {
            absence.until = Instant::now();
        }
        self.end_absences();
        let start = Instant::now();
        let mut again = start;
        while !self.is_settled() {
            if start.elapsed() > limit {
                return Err(format!(
                    "without faults it did not settle within {limit:?}: {}",
                    self.unsettled()
                ));
            }
            if Instant::now() >= again {
                self.nudge();
                again = Instant::now() + Duration::from_secs(2);
            }
            self.hear(Instant::now() + Duration::from_millis(20));
        }
        Ok(start.elapsed())
    }

    /// Ends the servers, in order if they are in order, and gives the audit logs with their server ids.
    pub fn end(mut self, in_order: bool) -> Vec<(String, PathBuf)> {
        for server in &mut self.servers {
            if in_order {
                server.shut_down(Duration::from_secs(60));
            } else {
                server.kill();
            }
        }
        let logs = |server: &Server| {
            server
                .logs
                .iter()
                .map(|log| (server.id.clone(), log.clone()))
                .collect::<Vec<_>>()
        };
        self.servers.iter().flat_map(logs).collect()
    }

    fn is_settled(&self) -> bool {
        self.players
            .iter()
            .all(|player| player.at[0] == Presence::Playing && player.receipts.iter().all(|receipt| receipt.settled))
    }

    fn unsettled(&self) -> String {
        let outside = self.players.iter().filter(|player| player.at[0] != Presence::Playing);
        let open = self
            .players
            .iter()
            .flat_map(|player| &player.receipts)
            .filter(|receipt| !receipt.settled);
        let names: Vec<&str> = outside.clone().take(5).map(|player| player.name.as_str()).collect();
        format!(
            "{} players not in ({names:?}), {} purchases unanswered",
            outside.count(),
            open.count()
        )
    }

    fn nudge(&mut self) {
        for number in 0..self.players.len() {
            self.join(number, 0);
            if self.players[number].at[0] != Presence::Playing {
                continue;
            }
            let open = |receipt: &&Receipt| !receipt.settled;
            let orders: Vec<String> = self.players[number]
                .receipts
                .iter()
                .filter(open)
                .map(|receipt| format!("{} {}", receipt.product, receipt.id))
                .collect();
            for order in orders {
                self.say(number, 0, "buy", &order);
            }
        }
    }
}

fn player_number(name: &str) -> Option<usize> {
    name.strip_prefix('p')?.parse().ok()
}

/// Reads every record as one more server, which has nothing to do with the story: joins each player and shows it.
pub fn read_records(settings: &Settings, players: usize, limit: Duration) -> BTreeMap<String, Final> {
    let (sender, messages) = channel();
    let mut reader = Server::new(0, "reader");
    reader.start(settings, false, &sender);
    for number in 0..players {
        reader.send(&format!("join p{number}"));
    }
    let deadline = Instant::now() + limit;
    let mut records = BTreeMap::new();
    while records.len() < players {
        let left = deadline.saturating_duration_since(Instant::now());
        let message = messages.recv_timeout(left).unwrap_or_else(|_| {
            panic!(
                "after an orderly shutdown {} of {players} records could be read within {limit:?}",
                records.len()
            )
        });
        let line = message.line.expect("the reader lives");
        let words: Vec<&str> = line.split(' ').collect();
        match words[..] {
            ["*", "loaded", player, ..] => reader.send(&format!("show {player}")),
            ["ok", "show", player, ..] => {
                records.insert(
                    player.to_owned(),
                    parse_show(&words).unwrap_or_else(|| panic!("unclear: {line}")),
                );
            }
            _ => {}
        }
    }
    reader.shut_down(Duration::from_secs(60));
    records
}

/// `ok show <player> gold <n> ops <n> vip <yes|no> credit <n> receipts <id,id|->`.
fn parse_show(words: &[&str]) -> Option<Final> {
    let value = |name: &str| {
        let place = words.iter().position(|word| *word == name)?;
        words.get(place + 1).copied()
    };
    let list = value("receipts")?;
    let receipts: Vec<String> = list.split(',').filter(|id| *id != "-").map(str::to_owned).collect();
    let count = i64::try_from(receipts.len()).ok()?;
    let state = State {
        ops: value("ops")?.parse().ok()?,
        gold: value("gold")?.parse().ok()?,
        receipts: count,
    };
    Some(Final { state, receipts })
}
