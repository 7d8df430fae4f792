//! Reads the audit logs of the game servers: what each process was told and did, up to the moment it was killed.

use std::collections::{HashMap, HashSet};

/// Nanoseconds of the machine's steady clock.
pub type Nanos = u64;

/// The game data of one player as one number each; `ops` counts every change of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct State {
    pub ops: i64,
    pub gold: i64,
    pub receipts: i64,
}

/// One thing that happened within a session, in order.
#[derive(Clone, Copy, Debug)]
pub enum Step {
    /// The data were changed and are now this. A purchase and what others sent have no change id of their own in the log.
    Changed { change: Option<u64>, state: State },
    /// A gift left with this change; the data are now this.
    Gave { change: u64, state: State },
    /// Everything up to this change was reported as saved.
    Saved { change: u64 },
}

/// How a session ended, as far as the process was told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// Not at all: the process was killed, or is still running.
    Open,
    /// Saved and let go.
    Released,
    /// Another server took the record.
    Lost,
}

/// One session of one player in one process.
#[derive(Clone, Debug)]
pub struct Session {
    pub process: usize,
    pub epoch: u64,
    pub loaded: State,
    pub steps: Vec<Step>,
    pub handover_asked: bool,
    /// Changes after this one were reported as surely lost.
    pub lost_after: Option<u64>,
    pub end: End,
}

/// A time in which one process saw the player as available: at `from` and at `until`, and at each tick between.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Interval {
    pub process: usize,
    pub epoch: u64,
    pub from: Nanos,
    pub until: Nanos,
}

/// An answer to a purchase.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    pub player: String,
    pub receipt: String,
    pub kind: AnswerKind,
}

/// What the answer was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AnswerKind {
    Granted,
    GrantedAgain,
    Credited,
}

/// What the logs of all processes say, by player.
#[derive(Default)]
pub struct History {
    pub sessions: HashMap<String, Vec<Session>>,
    pub intervals: HashMap<String, Vec<Interval>>,
    pub answers: Vec<Answer>,
    /// The server id of each process.
    pub servers: Vec<String>,
    pub suspects: u64,
    /// Gifts and mails that were applied.
    pub received: u64,
    pub lines: u64,
}

/// One line: `<nanoseconds> <what> <player> <name> <value> ...`.
struct Line<'a> {
    time: Nanos,
    what: &'a str,
    player: &'a str,
    words: Vec<&'a str>,
}

impl<'a> Line<'a> {
    fn parse(text: &'a str) -> Option<Self> {
        let mut words = text.split(' ');
        let (time, what, player) = (words.next()?.parse().ok()?, words.next()?, words.next()?);
        Some(Self {
            time,
            what,
            player,
            words: words.collect(),
        })
    }

    fn text(&self, name: &str) -> Result<&'a str, String> {
        let place = self.words.iter().step_by(2).position(|word| *word == name);
        let value = place.and_then(|place| self.words.get(place * 2 + 1));
        value
            .copied()
            .ok_or_else(|| format!("line '{} {}' has no {name}", self.what, self.player))
    }

    fn number<T: std::str::FromStr>(&self, name: &str) -> Result<T, String> {
        let text = self.text(name)?;
        text.parse()
            .map_err(|_| format!("line '{} {}': {name} is '{text}'", self.what, self.player))
    }

    fn state(&self) -> Result<State, String> {
        Ok(State {
            ops: self.number("ops")?,
            gold: self.number("gold")?,
            receipts: self.number("receipts")?,
        })
    }
}

impl History {
    /// Adds the log of one more process.
    pub fn add(&mut self, server: &str, log: &str) -> Result<(), String> {
        let process = self.servers.len();
        self.servers.push(server.to_owned());
        let mut reader = Reader {
            history: self,
            process,
            available: HashMap::new(),
            missed: HashSet::new(),
            last_tick: 0,
        };
        // What follows the last line end was cut off by the kill.
        let whole = log.rfind('\n').map_or("", |end| &log[..end]);
        for (number, text) in whole.lines().enumerate() {
            let outcome = match Line::parse(text) {
                Some(line) => reader.take(&line),
                None => Err("not a line of the log".to_owned()),
            };
            outcome.map_err(|error| format!("log {process} of {server}, line {}: {error}: {text}", number + 1))?;
        }
        reader.finish();
        Ok(())
    }
}

struct Reader<'a> {
    history: &'a mut History,
    process: usize,
    /// Open intervals: since when, and in which epoch.
    available: HashMap<String, (Nanos, u64)>,
    /// Sessions that were over before the process could look at their data.
    missed: HashSet<(String, u64)>,
    last_tick: Nanos,
}

impl Reader<'_> {
    fn take(&mut self, line: &Line<'_>) -> Result<(), String> {
        self.history.lines += 1;
        match line.what {
            "start" | "stop" | "waiting" | "not-processed" => Ok(()),
            "tick" => {
                self.last_tick = line.time;
                Ok(())
            }
            "loaded" => self.loaded(line),
            "missed" => {
                self.missed.insert((line.player.to_owned(), line.number("epoch")?));
                Ok(())
            }
            "changed" => self.step(
                line,
                Step::Changed {
                    change: Some(line.number("change")?),
                    state: line.state()?,
                },
            ),
            "gave" => self.step(
                line,
                Step::Gave {
                    change: line.number("change")?,
                    state: line.state()?,
                },
            ),
            "applied" | "received" => {
                self.history.received += u64::from(line.what == "received");
                self.step(
                    line,
                    Step::Changed {
                        change: None,
                        state: line.state()?,
                    },
                )
            }
            "saved" => self.step(
                line,
                Step::Saved {
                    change: line.number("change")?,
                },
            ),
            "asked" => self.change_session(line, |session| session.handover_asked = true),
            "released" => self.change_session(line, |session| session.end = End::Released),
            "lost" => {
                let unknown = line.number("unknown")?;
                self.change_session(line, |session| {
                    session.end = End::Lost;
                    session.lost_after = Some(unknown);
                })
            }
            "suspect" => {
                self.history.suspects += 1;
                Ok(())
            }
            "available" => {
                self.available
                    .insert(line.player.to_owned(), (line.time, line.number("epoch")?));
                Ok(())
            }
            "unavailable" => self.unavailable(line),
            "granted" => self.answer(line, AnswerKind::Granted),
            "granted-again" => self.answer(line, AnswerKind::GrantedAgain),
            "credited" => self.answer(line, AnswerKind::Credited),
            other => Err(format!("unknown line '{other}'")),
        }
    }

    fn loaded(&mut self, line: &Line<'_>) -> Result<(), String> {
        let session = Session {
            process: self.process,
            epoch: line.number("epoch")?,
            loaded: line.state()?,
            steps: Vec::new(),
            handover_asked: false,
            lost_after: None,
            end: End::Open,
        };
        self.history
            .sessions
            .entry(line.player.to_owned())
            .or_default()
            .push(session);
        Ok(())
    }

    fn change_session(&mut self, line: &Line<'_>, change: impl FnOnce(&mut Session)) -> Result<(), String> {
        let epoch: u64 = line.number("epoch")?;
        if self.missed.contains(&(line.player.to_owned(), epoch)) {
            return Ok(());
        }
        let sessions = self.history.sessions.get_mut(line.player);
        let session = sessions
            .and_then(|all| {
                all.iter_mut()
                    .rfind(|one| one.process == self.process && one.epoch == epoch)
            })
            .ok_or_else(|| format!("no session of {} with epoch {epoch} in this process", line.player))?;
        change(session);
        Ok(())
    }

    fn step(&mut self, line: &Line<'_>, step: Step) -> Result<(), String> {
        self.change_session(line, |session| session.steps.push(step))
    }

    fn unavailable(&mut self, line: &Line<'_>) -> Result<(), String> {
        let (from, epoch) = self
            .available
            .remove(line.player)
            .ok_or_else(|| format!("{} was not available", line.player))?;
        let until = line.number("until")?;
        self.interval(
            line.player.to_owned(),
            Interval {
                process: self.process,
                epoch,
                from,
                until,
            },
        );
        Ok(())
    }

    fn answer(&mut self, line: &Line<'_>, kind: AnswerKind) -> Result<(), String> {
        let answer = Answer {
            player: line.player.to_owned(),
            receipt: line.text("receipt")?.to_owned(),
            kind,
        };
        self.history.answers.push(answer);
        Ok(())
    }

    fn interval(&mut self, player: String, interval: Interval) {
        // One that was seen at a single look has no length: nothing can overlap it for certain.
        if interval.until > interval.from {
            self.history.intervals.entry(player).or_default().push(interval);
        }
    }

    /// The process ended: what was open was last seen at its last tick.
    fn finish(mut self) {
        for (player, (from, epoch)) in std::mem::take(&mut self.available) {
            let until = self.last_tick;
            self.interval(
                player,
                Interval {
                    process: self.process,
                    epoch,
                    from,
                    until,
                },
            );
        }
    }
}
