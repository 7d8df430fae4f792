//! Which of how many servers one is, of those over which a store spreads its keys.

use super::trouble::Trouble;
use crate::error::{Error, ErrorKind};

/// What a server says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::store) struct Part {
    pub number: usize,
    pub of: usize,
    /// The same for all of them, and for no others.
    pub family: Vec<u8>,
}

impl Part {
    /// Refuses to spread keys otherwise than it was done before.
    pub fn check(&self, wanted: &Self) -> Result<(), Trouble> {
        if self == wanted {
            return Ok(());
        }
        let text = if (self.number, self.of) == (wanted.number, wanted.of) {
            "this database belongs to another store than the other ones of the URLs, or than before".to_owned()
        } else {
            format!(
                "this database is number {} of {} over which a store spreads its keys, and it was given as number {} of \
                 {}; give all URLs, in the order in which they were given first: otherwise records would not be found",
                self.number + 1,
                self.of,
                wanted.number + 1,
                wanted.of
            )
        };
        Err(Trouble::new(ErrorKind::InvalidArgument, text))
    }
}

/// What each of several servers is to be, of which some may be known from before: those say which family it is.
pub(in crate::store) fn wanted(known: &[Option<Part>]) -> Result<Vec<Part>, Error> {
    let family = match known.iter().flatten().next() {
        Some(part) => part.family.clone(),
        None => new_family()?,
    };
    let part = |number| Part {
        number,
        of: known.len(),
        family: family.clone(),
    };
    Ok((0..known.len()).map(part).collect())
}

/// Makes what is missing on all the servers of one store, which are called so: connects, looks what there is, and makes it.
pub(in crate::store) fn create<C>(
    shown: &[&str],
    connect: impl Fn(usize) -> Result<C, Trouble>,
    find: impl Fn(&C) -> Result<Option<Part>, Trouble>,
    make: impl Fn(&C, &Part) -> Result<Part, Trouble>,
) -> Result<(), Error> {
    let (mut connections, mut known) = (Vec::new(), Vec::new());
    for (number, shown) in shown.iter().enumerate() {
        let connection = connect(number).map_err(|trouble| trouble.into_error(shown))?;
        // Some may have been made before, by a call that did not reach all of them.
        known.push(find(&connection).map_err(|trouble| trouble.into_error(shown))?);
        connections.push(connection);
    }
    for (number, wanted) in wanted(&known)?.iter().enumerate() {
        let made = match known[number].take() {
            Some(part) => Ok(part),
            None => make(&connections[number], wanted),
        };
        let checked = made.and_then(|made| made.check(wanted));
        checked.map_err(|trouble| trouble.into_error(shown[number]))?;
    }
    Ok(())
}

fn new_family() -> Result<Vec<u8>, Error> {
    let mut family = [0; 16];
    getrandom::fill(&mut family).map_err(|fault| {
        let text = format!("the system gives no random numbers: {fault}");
        Error::new(ErrorKind::Unsupported, text)
    })?;
    Ok(family.to_vec())
}
