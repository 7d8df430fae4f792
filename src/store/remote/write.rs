//! One write: what is to be done, and what became of it.

use super::trouble::Trouble;
use crate::error::ErrorKind;
use crate::store::{Operation, Outcome, Reply, Request, Version};

/// A write on its way.
pub(in crate::store) struct Write<'a> {
    pub request: &'a Request,
    /// What is stored will be of this version, which nothing ever had.
    pub version: Version,
    /// The header alone is written, as a store may that keeps the two apart.
    pub header_alone: bool,
    state: State,
}

enum State {
    Open,
    Done(Result<Reply, (Trouble, Outcome)>),
}

impl<'a> Write<'a> {
    pub fn new(request: &'a Request) -> Result<Self, Trouble> {
        Ok(Self {
            request,
            version: new_version()?,
            header_alone: false,
            state: State::Open,
        })
    }

    pub fn into_result(self) -> Result<Reply, (Trouble, Outcome)> {
        match self.state {
            State::Done(result) => result,
            State::Open => Err((Trouble::new(ErrorKind::Store, "no reply"), Outcome::Unknown)),
        }
    }

    pub fn is_open(&self) -> bool {
        matches!(self.state, State::Open)
    }

    /// The server found the key as expected and did it, or found it otherwise and did nothing. A header that did not fit to
    /// what is stored leaves the write open: then all of it is to be written.
    pub fn done(&mut self, found_as_expected: bool) {
        if self.header_alone && !found_as_expected {
            self.header_alone = false;
            return;
        }
        let reply = if !found_as_expected {
            Reply::Conflict
        } else if matches!(self.request.operation, Operation::Remove { .. }) {
            Reply::Removed
        } else {
            Reply::Written {
                version: self.version.clone(),
            }
        };
        self.state = State::Done(Ok(reply));
    }

    pub fn fail(&mut self, trouble: &Trouble, outcome: Outcome) {
        self.state = State::Done(Err((trouble.clone(), outcome)));
    }
}

/// Answers all that have no answer yet.
pub(in crate::store) fn fail_open(writes: &mut [&mut Write], trouble: &Trouble, outcome: Outcome) {
    for write in writes.iter_mut().filter(|write| write.is_open()) {
        write.fail(trouble, outcome);
    }
}

/// 128 random bits.
fn new_version() -> Result<Version, Trouble> {
    let mut bytes = [0; 16];
    let refused = |text: String| Trouble::new(ErrorKind::Store, text);
    getrandom::fill(&mut bytes).map_err(|error| refused(format!("the system gave no random numbers: {error}")))?;
    Version::new(&bytes).ok_or_else(|| refused("an empty version".to_owned()))
}
