//! A crowd of players who move between the servers at random, buy things, send each other gifts, and see servers die.

use crate::checker::Letter;
use crate::deeds::{Deeds, Heard};
use crate::faults::Faults;
use crate::servers::{Message, Server, Settings};
use crate::tools::served::Served;
use std::path::PathBuf;
use std::sync::mpsc::{channel, Receiver, Sender};
use std::time::{Duration, Instant};

/// How long and how wild.
pub struct Plan {
    pub players: usize,
    /// It takes longer where the machine is so slow that something has not happened by then.
    pub duration: Duration,
    /// At most: servers that do not keep up are asked less.
    pub actions_per_second: u32,
    pub seed: u64,
}

/// How much longer than planned it may take until everything has happened.
const PATIENCE: Duration = Duration::from_secs(240);

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
    /// The server that last told that it has the player, and which of its processes, until it told of the end.
    held: Option<(usize, usize)>,
    receipts: Vec<Receipt>,
    /// A mail to the player that was not answered yet: its place in the list, and the server and process that sends it.
    letter: Option<(usize, usize, usize)>,
}

pub struct Crowd<'a> {
    pub(crate) settings: &'a Settings,
    pub(crate) random: fastrand::Rng,
    pub(crate) servers: Vec<Server>,
    players: Vec<Player>,
    pub deeds: Deeds,
    pub heard: Heard,
    pub letters: Vec<Letter>,
    pub(crate) sender: Sender<Message>,
    messages: Receiver<Message>,
    next_receipt: u64,
}

impl<'a> Crowd<'a> {
    pub fn new(settings: &'a Settings, plan: &Plan) -> Self {
        let (sender, messages) = channel();
        let new_player = |number: usize| Player {
            name: format!("p{number}"),
            at: vec![Presence::Away; settings.programs.len()],
            held: None,
            receipts: Vec::new(),
            letter: None,
        };
        let ids = ["alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta"];
        let places = 0..settings.programs.len();
        let mut servers: Vec<Server> = places.map(|place| Server::new(place, ids[place])).collect();
        for server in &mut servers {
            server.start(settings, false, &sender);
        }
        Self {
            settings,
            random: fastrand::Rng::with_seed(plan.seed),
            servers,
            players: (0..plan.players).map(new_player).collect(),
            deeds: Deeds::default(),
            heard: Heard::default(),
            letters: Vec::new(),
            sender,
            messages,
            next_receipt: 1,
        }
    }

    /// The wild time: as long as planned, and until everything has happened.
    pub fn play(&mut self, plan: &Plan, store: Option<&mut Box<dyn Served>>) -> Duration {
        let start = Instant::now();
        let mut faults = Faults::new(self.settings.programs.len(), store);
        let step = Duration::from_millis(10);
        let mut owed = 0.0;
        loop {
            let played = start.elapsed();
            let is_enough = faults.all_dealt() && self.heard.missing().is_empty();
            if played > plan.duration && (is_enough || played > plan.duration + PATIENCE) {
                faults.end(self);
                return played;
            }
            self.hear(Instant::now() + step);
            faults.go_on(self);
            owed += f64::from(plan.actions_per_second) * step.as_secs_f64();
            while owed >= 1.0 {
                owed -= 1.0;
                self.act();
            }
        }
    }

    /// Plays on at a moderate pace.
    pub(crate) fn play_for(&mut self, time: Duration) {
        let end = Instant::now() + time;
        while Instant::now() < end {
            self.hear(Instant::now() + Duration::from_millis(10));
            self.act();
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
                    self.servers[message.server].heard(&line);
                    self.take(message.server, &line);
                }
            }
        }
    }

    fn take(&mut self, server: usize, line: &str) {
        let mut words = line.split([' ', ':']);
        let (Some(sign @ ("*" | "error")), Some(what), Some(name)) = (words.next(), words.next(), words.next()) else {
            return;
        };
        let Some(number) = player_number(name).filter(|number| *number < self.players.len()) else {
            return;
        };
        if sign == "*" {
            self.heard.count(what);
        }
        let player = &mut self.players[number];
        match what {
            "loaded" => self.loaded(server, number),
            "left" | "handed-over" | "lost" | "join" => {
                player.at[server] = Presence::Away;
                if player.held.is_some_and(|(holder, _)| holder == server) {
                    player.held = None;
                }
            }
            "granted" | "granted-again" | "credited" => {
                let id = words.next().unwrap_or_default();
                if let Some(receipt) = player.receipts.iter_mut().find(|receipt| receipt.id == id) {
                    receipt.settled = true;
                }
            }
            "mail-sent" | "mail-failed" => self.mail_answered(server, number, what == "mail-sent"),
            // "* mail" tells its receiver that one has come.
            "mail" if sign == "error" => self.mail_answered(server, number, false),
            _ => {}
        }
    }

    fn loaded(&mut self, server: usize, number: usize) {
        let process = self.servers[server].process();
        let player = &mut self.players[number];
        player.at[server] = Presence::Playing;
        if let Some((holder, of)) = player.held.replace((server, process)) {
            let is_gone = !self.servers[holder].is_up() || self.servers[holder].process() != of;
            self.heard.taken_over += u64::from(holder != server && is_gone);
            self.heard.taken_back += u64::from(holder == server && process != of);
        }
    }

    fn mail_answered(&mut self, server: usize, number: usize, is_sent: bool) {
        let process = self.servers[server].process();
        let sender = |(_, by, of): &mut (usize, usize, usize)| (*by, *of) == (server, process);
        if let Some((place, _, _)) = self.players[number].letter.take_if(sender) {
            self.letters[place].is_sent = is_sent;
        }
    }

    pub(crate) fn any_place(&mut self) -> usize {
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

    pub(crate) fn kill(&mut self, place: usize) {
        self.deeds.kills += 1;
        self.servers[place].kill();
        for player in &mut self.players {
            player.at[place] = Presence::Away;
            // What it was asked to send may be in the record or not.
            if player.letter.is_some_and(|(_, by, _)| by == place) {
                player.letter = None;
            }
        }
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
            if self.servers[place].keeps_up() {
                self.play_on(number, place);
            }
        } else if nowhere {
            // Whoever is nowhere, or on a server that does not answer, tries one that does.
            let place = self.any_place();
            self.join(number, self.up_from(place));
        }
    }

    fn join(&mut self, number: usize, place: usize) {
        let can = self.servers[place].is_up() && self.servers[place].keeps_up();
        if !can || self.players[number].at[place] != Presence::Away {
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
            0..35 => {
                self.deeds.earned += 1;
                let gold = self.random.u32(1..100).to_string();
                self.say(number, place, "earn", &gold);
            }
            35..42 => self.say(number, place, "spend", "7"),
            42..50 => {
                self.deeds.gifts += 1;
                let to = format!("{} 5", self.players[self.random.usize(0..self.players.len())].name);
                self.say(number, place, "gift", &to);
            }
            50..55 => self.mail(number, place),
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

    /// The server sends the player something: one at a time, since the answer does not say which.
    fn mail(&mut self, number: usize, place: usize) {
        if self.players[number].letter.is_some() {
            return;
        }
        let word = format!("m{}", self.letters.len());
        self.say(number, place, "mail", &word);
        self.deeds.mails += 1;
        self.players[number].letter = Some((self.letters.len(), place, self.servers[place].process()));
        self.letters.push(Letter {
            to: self.players[number].name.clone(),
            word,
            is_sent: false,
        });
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

    /// Without faults every player must get in at one server, and every purchase must be answered. `Err` says who was
    /// not.
    pub fn settle(&mut self, limit: Duration) -> Result<Duration, String> {
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
                again = Instant::now() + Duration::from_millis(200);
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
            if self.players[number].at[0] != Presence::Playing || !self.servers[0].keeps_up() {
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
