//! Going through all records of a spec for those that are about one person.

use super::{read_found, words_of, Pace, VisitOutputs};
use crate::locker::inputs::{Inputs, Priority};
use crate::locker::{Built, Spec};
use crate::record::header::Header;
use crate::record::Document;
use crate::store::{Key, Operation, Reply, Request, StoreResult};
use std::collections::VecDeque;
use std::sync::Arc;

/// How many keys are asked for at once.
const PAGE: u32 = 256;

/// After so many failures in a row the search ends.
const MAX_FAILURES: u32 = 12;

/// What is to be done with the records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Aim {
    /// To hand out what they hold.
    Export,
    /// To erase them; `force` also from under a living session.
    Erase {
        /// Whether sessions are ended.
        force: bool,
    },
}

/// A record that was found.
#[derive(Debug)]
pub struct Hit {
    /// Its key.
    pub key: Arc<str>,
    /// Its header.
    pub header: Header,
    /// Its data, as they are stored.
    pub document: Document,
}

/// How a search ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SearchEnd {
    /// How many records were exported or erased.
    pub done: u64,
    /// How many could not be read, or are held by a server.
    pub left: u64,
    /// The first of those, or why the search ended early; empty if all went well.
    pub text: String,
}

enum Step {
    List,
    Listing,
    Read,
    Reading,
    Listed,
}

/// One search.
pub struct Search {
    spec: Arc<Spec>,
    /// Its name is the last key that was listed.
    place: Key,
    user: String,
    aim: Aim,
    step: Step,
    names: VecDeque<Arc<str>>,
    more: bool,
    pace: Pace,
    /// Records that are being erased.
    pending: u64,
    end: SearchEnd,
}

impl Search {
    /// A search in the space of `place`, from its beginning.
    #[must_use]
    pub fn new(spec: Arc<Spec>, place: Key, user: &str, aim: Aim) -> Self {
        Self {
            spec,
            place,
            user: user.to_owned(),
            aim,
            step: Step::List,
            names: VecDeque::new(),
            more: true,
            pace: Pace::default(),
            pending: 0,
            end: SearchEnd::default(),
        }
    }

    /// What is to be done with what is found.
    #[must_use]
    pub fn aim(&self) -> Aim {
        self.aim
    }

    /// How it ended, if it has.
    #[must_use]
    pub fn ended(&self) -> Option<&SearchEnd> {
        (matches!(self.step, Step::Listed) && self.pending == 0).then_some(&self.end)
    }

    /// Advances as far as possible without the store, and says what is wanted.
    pub fn poll(&mut self, inputs: &Inputs<'_>, out: &mut VisitOutputs) {
        match self.step {
            Step::List | Step::Read => {}
            Step::Listing | Step::Reading | Step::Listed => return,
        }
        match self.pace.too_early(inputs.now) {
            Some(until) => out.wake = Some(until),
            None => out.send = Some(Priority::Load),
        }
    }

    /// Makes the request that `poll` asked to send.
    pub fn build(&mut self) -> Built {
        let (key, operation) = match self.step {
            Step::List => {
                self.step = Step::Listing;
                (self.place.clone(), Operation::List { limit: PAGE })
            }
            Step::Read => {
                let Some(name) = self.names.front() else {
                    return Built::Nothing;
                };
                self.step = Step::Reading;
                let name = Arc::clone(name);
                let key = Key {
                    name,
                    ..self.place.clone()
                };
                (key, Operation::Get)
            }
            Step::Listing | Step::Reading | Step::Listed => return Built::Nothing,
        };
        Built::Request(Request { key, operation })
    }

    /// Takes the answer to the request that `build` made; gives the record if it is about the person.
    pub fn reply(&mut self, inputs: &Inputs<'_>, result: StoreResult) -> Option<Hit> {
        match (std::mem::replace(&mut self.step, Step::List), result) {
            (Step::Listing, Ok(Reply::Keys { names, more })) => {
                self.pace.succeeded();
                if let Some(last) = names.last() {
                    self.place.name = Arc::clone(last);
                }
                self.more = more;
                self.names.extend(names);
                self.go_on();
                None
            }
            (Step::Reading, Ok(Reply::Found { value, version })) => {
                self.pace.succeeded();
                let key = self.names.pop_front()?;
                let hit = match read_found(&self.spec, inputs, &value, version) {
                    Ok(found) => self.look(key, found.header, found.document),
                    Err(fault) => {
                        self.leave(&format!("`{key}` {}", words_of(&fault)));
                        None
                    }
                };
                self.go_on();
                hit
            }
            (Step::Reading, Ok(Reply::Missing)) => {
                self.names.pop_front();
                self.go_on();
                None
            }
            (step, answer) => {
                let text = match answer {
                    Ok(other) => format!("the store answered with '{}'", other.name()),
                    Err(error) => error.to_string(),
                };
                self.failed(inputs, step, &text);
                None
            }
        }
    }

    fn look(&mut self, key: Arc<str>, header: Header, document: Document) -> Option<Hit> {
        if header.erased || !header.users.contains(&self.user) {
            return None;
        }
        match self.aim {
            Aim::Export => self.end.done += 1,
            Aim::Erase { .. } => self.pending += 1,
        }
        Some(Hit { key, header, document })
    }

    fn go_on(&mut self) {
        self.step = if !self.names.is_empty() {
            Step::Read
        } else if self.more {
            Step::List
        } else {
            Step::Listed
        };
    }

    fn failed(&mut self, inputs: &Inputs<'_>, step: Step, text: &str) {
        self.pace.failed(&self.spec, inputs);
        if self.pace.failures() > MAX_FAILURES {
            return self.dismiss(text);
        }
        self.step = match step {
            Step::Reading => Step::Read,
            _ => Step::List,
        };
    }

    fn leave(&mut self, text: &str) {
        self.end.left += 1;
        if self.end.text.is_empty() {
            text.clone_into(&mut self.end.text);
        }
    }

    /// A record that was found has been erased, or why not.
    pub fn erased(&mut self, result: Result<(), String>) {
        self.pending = self.pending.saturating_sub(1);
        match result {
            Ok(()) => self.end.done += 1,
            Err(text) => self.leave(&text),
        }
    }

    /// Nobody waits any longer, or it makes no sense to go on.
    pub fn dismiss(&mut self, text: &str) {
        self.leave(text);
        self.pending = 0;
        self.step = Step::Listed;
    }
}
