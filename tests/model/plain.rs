//! The model: what the game's world should be after each deed, in plain variables.

use std::collections::{BTreeMap, BTreeSet};

pub const SERVERS: usize = 3;
pub const KEYS: usize = 3;
pub const NAMES: [Option<&str>; 2] = [None, Some("minigame")];

/// Something that a game does.
#[derive(Clone, Debug)]
pub enum Deed {
    Acquire {
        server: usize,
        key: usize,
        name: usize,
    },
    Release {
        server: usize,
        key: usize,
        name: usize,
    },
    TakeOver {
        server: usize,
        key: usize,
    },
    Add {
        server: usize,
        key: usize,
        gold: i64,
    },
    Append {
        server: usize,
        key: usize,
        number: i64,
    },
    Save {
        server: usize,
        key: usize,
    },
    SaveSoon {
        server: usize,
        key: usize,
    },
    Send {
        server: usize,
        key: usize,
        gold: i64,
        create: bool,
    },
    SendUnknown {
        server: usize,
        key: usize,
    },
    Gift {
        server: usize,
        key: usize,
        to: usize,
        gold: i64,
    },
    Update {
        server: usize,
        key: usize,
        gold: i64,
    },
    View {
        server: usize,
        key: usize,
    },
    Erase {
        server: usize,
        key: usize,
        force: bool,
    },
    User {
        server: usize,
        key: usize,
        user: usize,
        add: bool,
    },
    Credit {
        server: usize,
        key: usize,
        amount: i64,
    },
    UseCredit {
        server: usize,
        key: usize,
    },
    Receipt {
        server: usize,
        key: usize,
        id: u8,
        says: Says,
    },
    Reopen {
        server: usize,
        key: usize,
    },
    Restart {
        server: usize,
    },
    Crash {
        server: usize,
    },
}

/// What a platform says of a purchase.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Says {
    Purchased,
    Pending,
    Rejected,
    Revoked,
}

/// What became of a purchase.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    Granted,
    Credited,
    Pending,
    Rejected,
    Revoked,
    Parked,
}

/// What the caller of a deed should hear.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expected {
    Nothing,
    NotLoaded,
    Delivered,
    Missing,
    Locked,
    Seen { gold: i64 },
    Erased,
    Receipt { fate: Fate, again: bool },
    NotProcessed,
    NoCredit,
    NotApplicable,
}

impl Deed {
    /// Most deeds are done where the record is: little is to be learned from the refusals of the others.
    pub fn random(rng: &mut fastrand::Rng, plain: &Plain) -> Self {
        let key = rng.usize(0..KEYS);
        let any = rng.usize(0..SERVERS);
        let server = plain.holder(key).filter(|_| rng.u32(0..4) > 0).unwrap_or(any);
        let gold = rng.i64(1..20);
        match rng.u32(0..100) {
            0..20 => Self::Acquire {
                server,
                key,
                name: rng.usize(0..10) / 9,
            },
            20..27 => Self::Release {
                server,
                key,
                name: rng.usize(0..10) / 9,
            },
            27..29 => Self::TakeOver { server, key },
            29..40 => Self::Add { server, key, gold },
            40..45 => Self::Append {
                server,
                key,
                number: gold,
            },
            45..50 => Self::Save { server, key },
            50..52 => Self::SaveSoon { server, key },
            52..58 => Self::Send {
                server,
                key,
                gold,
                create: rng.bool(),
            },
            58..60 => Self::SendUnknown { server, key },
            60..67 => Self::Gift {
                server,
                key,
                to: (key + rng.usize(1..KEYS)) % KEYS,
                gold,
            },
            67..71 => Self::Update { server, key, gold },
            71..74 => Self::View { server, key },
            74..77 => Self::Erase {
                server,
                key,
                force: rng.bool(),
            },
            77..80 => Self::User {
                server,
                key,
                user: rng.usize(0..3),
                add: rng.u32(0..3) > 0,
            },
            80..82 => Self::Credit {
                server,
                key,
                amount: rng.i64(-2..3),
            },
            82..83 => Self::UseCredit { server, key },
            83..94 => Self::Receipt {
                server,
                key,
                id: rng.u8(0..9),
                says: says(rng.u32(0..8)),
            },
            94..96 => Self::Reopen { server, key },
            96..98 => Self::Restart { server },
            _ => Self::Crash { server },
        }
    }
}

fn says(number: u32) -> Says {
    match number {
        0 => Says::Pending,
        1 => Says::Rejected,
        2 | 3 => Says::Revoked,
        _ => Says::Purchased,
    }
}

/// A gift on its way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gift {
    pub to: usize,
    pub gold: i64,
    /// Its target did not exist when it came there: it goes back, as soon as its sender is held.
    pub turned_away: bool,
}

impl Gift {
    fn new(to: usize, gold: i64) -> Self {
        let turned_away = false;
        Self { to, gold, turned_away }
    }
}

/// All that a session saves.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Data {
    pub gold: i64,
    pub list: Vec<i64>,
    pub credit: i64,
    /// Credit for gold, which only refunds change.
    pub debt: i64,
    pub users: BTreeSet<usize>,
    pub purchases: BTreeMap<u8, Fate>,
    /// Gifts on their way.
    pub outbox: Vec<Gift>,
}

#[derive(Clone, Debug, Default)]
pub struct Record {
    /// `None`: there is none, or only what is left of an erased one.
    pub stored: Option<Data>,
    /// What an erased record still remembers.
    pub remains: Option<Data>,
    /// Changes that wait for somebody to hold the record.
    pub inbox: Vec<i64>,
    pub unknown: usize,
    pub held: Option<(usize, Data)>,
}

#[derive(Default)]
pub struct Plain {
    pub records: [Record; KEYS],
    pub wants: [[BTreeSet<usize>; KEYS]; SERVERS],
    effects: usize,
}

impl Plain {
    /// How often data were changed.
    pub fn effects(&self) -> usize {
        self.effects
    }

    pub fn holder(&self, key: usize) -> Option<usize> {
        self.records[key].held.as_ref().map(|(server, _)| *server)
    }

    pub fn step(&mut self, deed: &Deed) -> Expected {
        match *deed {
            Deed::Acquire { server, key, name } => {
                self.wants[server][key].insert(name);
                self.acquire(server, key);
            }
            Deed::Release { server, key, name } => {
                self.wants[server][key].remove(&name);
                if self.wants[server][key].is_empty() && self.holder(key) == Some(server) {
                    self.release(key);
                }
            }
            Deed::TakeOver { server, key } => {
                self.wants[server][key].insert(0);
                if self.holder(key).is_some_and(|other| other != server) {
                    self.lose(key);
                }
                self.acquire(server, key);
            }
            Deed::Add { server, key, gold } => return self.edit(server, key, |data| data.gold += gold),
            Deed::Append { server, key, number } => return self.edit(server, key, |data| data.list.push(number)),
            Deed::Credit { server, key, amount } => return self.edit(server, key, |data| data.credit += amount),
            Deed::User { server, key, user, add } => {
                return self.edit(server, key, |data| {
                    if add {
                        data.users.insert(user);
                    } else {
                        data.users.remove(&user);
                    }
                });
            }
            Deed::Gift { server, key, to, gold } => {
                return self.edit(server, key, |data| {
                    data.gold -= gold;
                    data.outbox.push(Gift::new(to, gold));
                });
            }
            Deed::Save { server, key } => {
                if self.holder(key) != Some(server) {
                    return Expected::NotLoaded;
                }
                self.save(key);
            }
            Deed::SaveSoon { server, key } => {
                if self.holder(key) == Some(server) {
                    self.save(key);
                }
            }
            Deed::Send { key, gold, create, .. } => {
                return if self.deliver(key, gold, create) {
                    Expected::Delivered
                } else {
                    Expected::Missing
                };
            }
            Deed::SendUnknown { key, .. } => {
                if self.records[key].stored.is_none() {
                    return Expected::Missing;
                }
                self.records[key].unknown += 1;
                return Expected::Delivered;
            }
            Deed::Update { key, gold, .. } => return self.update(key, gold),
            Deed::View { key, .. } => {
                let stored = self.records[key].stored.as_ref();
                return stored.map_or(Expected::Missing, |data| Expected::Seen { gold: data.gold });
            }
            Deed::Erase { key, force, .. } => return self.erase(key, force),
            Deed::UseCredit { server, key } => {
                return match &self.records[key].held {
                    Some((holder, data)) if *holder == server && data.credit > 0 => Expected::NotApplicable,
                    Some((holder, _)) if *holder == server => Expected::NoCredit,
                    _ => Expected::NotProcessed,
                };
            }
            Deed::Receipt { server, key, id, says } => {
                if self.holder(key) != Some(server) {
                    return Expected::NotProcessed;
                }
                return self.receipt(key, id, says);
            }
            Deed::Reopen { server, key } => {
                self.wants[server][key].clear();
                if self.holder(key) == Some(server) {
                    self.release(key);
                }
            }
            Deed::Restart { server } => {
                let held: Vec<usize> = (0..KEYS).filter(|key| self.holder(*key) == Some(server)).collect();
                for key in 0..KEYS {
                    self.wants[server][key].clear();
                }
                // All at once: what one sends finds the others released.
                held.iter().for_each(|key| self.let_go(*key));
                held.iter().for_each(|key| self.post(*key));
            }
            Deed::Crash { server } => {
                for key in 0..KEYS {
                    self.wants[server][key].clear();
                    if self.holder(key) == Some(server) {
                        self.records[key].held = None;
                        // The server that comes back sets free what it had.
                        self.load(server, key);
                        self.release(key);
                    }
                }
            }
        }
        Expected::Nothing
    }

    fn edit(&mut self, server: usize, key: usize, edit: impl FnOnce(&mut Data)) -> Expected {
        match &mut self.records[key].held {
            Some((holder, data)) if *holder == server => {
                edit(data);
                self.effects += 1;
                Expected::Nothing
            }
            _ => Expected::NotLoaded,
        }
    }

    /// The record goes to a server that wants it; whoever has it saves and lets go.
    fn acquire(&mut self, server: usize, key: usize) {
        match self.holder(key) {
            Some(holder) if holder == server => return,
            Some(holder) => {
                self.wants[holder][key].clear();
                self.release(key);
            }
            None => {}
        }
        self.load(server, key);
    }

    fn load(&mut self, server: usize, key: usize) {
        let record = &mut self.records[key];
        let born = record.remains.take().unwrap_or_default();
        let data = record.stored.get_or_insert(born).clone();
        record.held = Some((server, data));
        let waiting = std::mem::take(&mut record.inbox);
        self.post(key);
        for gold in waiting {
            self.apply(key, gold);
        }
    }

    /// A change takes effect in a held record, and is saved.
    fn apply(&mut self, key: usize, gold: i64) {
        if let Some((_, data)) = &mut self.records[key].held {
            data.gold += gold;
            self.effects += 1;
        }
        self.save(key);
    }

    fn save(&mut self, key: usize) {
        let record = &mut self.records[key];
        if let Some((_, data)) = &record.held {
            record.stored = Some(data.clone());
        }
        self.post(key);
    }

    fn release(&mut self, key: usize) {
        self.let_go(key);
        // What comes back now is for the next session.
        self.post(key);
    }

    fn let_go(&mut self, key: usize) {
        let record = &mut self.records[key];
        if let Some((_, data)) = record.held.take() {
            record.stored = Some(data);
        }
    }

    /// The session is over and nothing of it was saved.
    fn lose(&mut self, key: usize) {
        if let Some((holder, _)) = self.records[key].held.take() {
            self.wants[holder][key].clear();
        }
    }

    /// Delivers what the stored outbox holds. What has no target comes back, if the record is held.
    fn post(&mut self, key: usize) {
        let Some(stored) = &mut self.records[key].stored else {
            return;
        };
        let waiting = std::mem::take(&mut stored.outbox);
        if let Some((_, data)) = &mut self.records[key].held {
            data.outbox.retain(|gift| !waiting.contains(gift));
        }
        let mut back = Vec::new();
        for mut gift in waiting {
            if !self.send(&mut gift) {
                back.push(gift);
            }
        }
        if self.records[key].held.is_some() {
            for gift in back {
                self.apply(key, gift.gold);
            }
        } else if let Some(stored) = &mut self.records[key].stored {
            stored.outbox = back;
        }
    }

    /// Sends a gift; false if it is turned away, now or because it was before.
    fn send(&mut self, gift: &mut Gift) -> bool {
        gift.turned_away = gift.turned_away || !self.deliver(gift.to, gift.gold, false);
        !gift.turned_away
    }

    /// A change reaches a record; false if there is none.
    fn deliver(&mut self, key: usize, gold: i64, create: bool) -> bool {
        let record = &mut self.records[key];
        if record.stored.is_none() {
            if !create {
                return false;
            }
            record.stored = Some(record.remains.take().unwrap_or_default());
        }
        if record.held.is_some() {
            self.apply(key, gold);
        } else {
            record.inbox.push(gold);
        }
        true
    }

    fn update(&mut self, key: usize, gold: i64) -> Expected {
        let record = &mut self.records[key];
        if record.held.is_some() {
            return Expected::Locked;
        }
        let born = record.remains.take().unwrap_or_default();
        record.stored.get_or_insert(born).gold += gold;
        self.effects += 1;
        Expected::Delivered
    }

    fn erase(&mut self, key: usize, force: bool) -> Expected {
        if self.records[key].stored.is_none() {
            let Some(mut remains) = self.records[key].remains.take() else {
                return Expected::Missing;
            };
            remains.outbox.retain_mut(|gift| !self.send(gift));
            self.records[key].remains = Some(remains);
            return Expected::Erased;
        }
        if self.records[key].held.is_some() {
            if !force {
                return Expected::Locked;
            }
            self.lose(key);
        }
        let record = &mut self.records[key];
        record.inbox.clear();
        record.unknown = 0;
        let stored = record.stored.take().unwrap_or_default();
        let mut outbox = stored.outbox;
        outbox.retain_mut(|gift| !self.send(gift));
        let mut purchases = stored.purchases;
        purchases.retain(|_, fate| *fate != Fate::Parked);
        self.records[key].remains = Some(Data {
            purchases,
            outbox,
            ..Data::default()
        });
        self.effects += 1;
        Expected::Erased
    }

    /// The shop has gold (ids divisible by 3), what cannot be applied (1), and what the game does not know (2).
    fn receipt(&mut self, key: usize, id: u8, says: Says) -> Expected {
        let Some((_, data)) = &mut self.records[key].held else {
            return Expected::NotProcessed;
        };
        let known = data.purchases.get(&id).copied();
        let told = |fate| Expected::Receipt { fate, again: true };
        let fate = match (known, says) {
            (Some(Fate::Revoked), _) => return told(Fate::Revoked),
            (Some(Fate::Granted), Says::Revoked) => {
                if data.gold >= 10 {
                    data.gold -= 10;
                } else {
                    data.debt -= 1;
                }
                Fate::Revoked
            }
            (Some(Fate::Credited), Says::Revoked) => {
                data.credit -= 1;
                Fate::Revoked
            }
            (_, Says::Revoked) => Fate::Revoked,
            (Some(fate @ (Fate::Granted | Fate::Credited)), _) => return told(fate),
            (Some(Fate::Parked), Says::Purchased | Says::Pending) => return told(Fate::Parked),
            (Some(Fate::Pending), Says::Pending) => return told(Fate::Pending),
            (Some(Fate::Rejected), Says::Rejected) => return told(Fate::Rejected),
            (_, Says::Pending) => Fate::Pending,
            (_, Says::Rejected) => Fate::Rejected,
            (_, Says::Purchased) => match id % 3 {
                0 => {
                    data.gold += 10;
                    Fate::Granted
                }
                1 => {
                    data.credit += 1;
                    Fate::Credited
                }
                _ => Fate::Parked,
            },
        };
        data.purchases.insert(id, fate);
        self.effects += 1;
        self.save(key);
        Expected::Receipt { fate, again: false }
    }
}
