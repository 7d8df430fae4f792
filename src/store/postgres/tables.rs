//! The tables: made when that is asked for, looked at with each connection.

use super::link::Bare;
use super::place::Place;
use super::trouble::Trouble;
use super::{PostgresOptions, LAYOUT};
use crate::error::{Error, ErrorKind};
use tokio_postgres::Row;

/// How often making the tables is tried while others make them too.
const ATTEMPTS: u32 = 5;

// The header is what every beat of a session writes, and a column of its own: a value behind it that is longer than about
// 2,000 bytes lies elsewhere, and stays there untouched. Server records are few, small, and written all the time: they
// are given room in their pages, and are cleaned up often.
const MAKE: &str = "
    CREATE TABLE IF NOT EXISTS slk_layout (
        only_row    boolean PRIMARY KEY DEFAULT true CHECK (only_row),
        layout      integer NOT NULL,
        part        integer NOT NULL,
        parts       integer NOT NULL,
        family      bytea NOT NULL,
        settled     bigint NOT NULL DEFAULT 0
    );
    CREATE TABLE IF NOT EXISTS slk_records (
        space       bytea NOT NULL,
        name        bytea NOT NULL,
        version     bytea NOT NULL,
        header      bytea NOT NULL,
        data        bytea NOT NULL,
        PRIMARY KEY (space, name)
    ) WITH (fillfactor = 80);
    CREATE TABLE IF NOT EXISTS slk_servers (
        space       bytea NOT NULL,
        name        bytea NOT NULL,
        version     bytea NOT NULL,
        header      bytea NOT NULL,
        data        bytea NOT NULL,
        PRIMARY KEY (space, name)
    ) WITH (fillfactor = 20, autovacuum_vacuum_scale_factor = 0.0, autovacuum_vacuum_threshold = 200);
";

const READ: &str = "SELECT layout, part, parts, family FROM slk_layout";

const MARK: &str =
    "INSERT INTO slk_layout (layout, part, parts, family) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING";

/// Which of how many databases one is, of those over which a store spreads its keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Part {
    pub number: usize,
    pub of: usize,
    /// The same for all of them, and for no others.
    pub family: Vec<u8>,
}

/// What the database says it is.
pub(super) fn read(bare: &Bare) -> Result<Part, Trouble> {
    match find(bare)? {
        Some(part) => Ok(part),
        None => Err(Trouble::new(
            ErrorKind::NotADatabase,
            "there are no tables of this library yet, or this user's search_path does not lead to them; call \
             slk_postgres_create_tables once (in Rust postgres::create_tables)",
        )),
    }
}

/// `None` where nothing was made yet.
fn find(bare: &Bare) -> Result<Option<Part>, Trouble> {
    let rows = match bare.run(bare.client().query(READ, &[])) {
        Ok(rows) => rows,
        Err(trouble) if trouble.is_missing_table() => return Ok(None),
        Err(trouble) => return Err(trouble),
    };
    rows.first().map(part_of).transpose()
}

fn part_of(row: &Row) -> Result<Part, Trouble> {
    let get = || -> Result<(i32, i32, i32, Vec<u8>), tokio_postgres::Error> {
        Ok((row.try_get(0)?, row.try_get(1)?, row.try_get(2)?, row.try_get(3)?))
    };
    let (layout, part, parts, family) = get().map_err(|error| Trouble::from(&error))?;
    if layout > LAYOUT {
        return Err(Trouble::new(
            ErrorKind::Unsupported,
            format!(
                "the tables were made by a newer version of this library (layout {layout}, this one knows {LAYOUT}), and \
                 are left as they are; update the library"
            ),
        ));
    }
    match (usize::try_from(part), usize::try_from(parts)) {
        (Ok(number), Ok(of)) if layout == LAYOUT && number < of => Ok(Part { number, of, family }),
        _ => Err(Trouble::new(
            ErrorKind::Store,
            format!("slk_layout says layout {layout}, part {part} of {parts}, which nobody wrote; restore a backup"),
        )),
    }
}

/// Makes what is missing in all the databases of one store.
pub(super) fn create(places: &[Place], options: &PostgresOptions) -> Result<(), Error> {
    let mut found = Vec::new();
    for place in places {
        let bare = Bare::open(place, options).map_err(|trouble| trouble.into_error(&place.shown))?;
        let part = find(&bare).map_err(|trouble| trouble.into_error(&place.shown))?;
        found.push((place, bare, part));
    }
    // Those that were made before, by a call that did not reach all of them, say which family it is.
    let known = found.iter().find_map(|(_, _, part)| part.as_ref());
    let family = match known {
        Some(part) => part.family.clone(),
        None => new_family()?,
    };
    for (number, (place, bare, part)) in found.iter().enumerate() {
        let wanted = Part {
            number,
            of: places.len(),
            family: family.clone(),
        };
        let made = match part {
            Some(part) => Ok(part.clone()),
            None => make(bare, &wanted),
        };
        let made = made.map_err(|trouble| trouble.into_error(&place.shown))?;
        check(&made, &wanted).map_err(|trouble| trouble.into_error(&place.shown))?;
    }
    Ok(())
}

fn make(bare: &Bare, wanted: &Part) -> Result<Part, Trouble> {
    let number = |number: usize| i32::try_from(number).map_err(|_| Trouble::new(ErrorKind::Full, "too many parts"));
    let (part, parts) = (number(wanted.number)?, number(wanted.of)?);
    let mut attempt = 0;
    loop {
        attempt += 1;
        // `IF NOT EXISTS` fails where another makes the same in this moment.
        match bare.run(bare.client().batch_execute(MAKE)) {
            Err(trouble) if trouble.is_race_of_makers() && attempt < ATTEMPTS => {}
            result => break result?,
        }
    }
    bare.run(bare.client().execute(MARK, &[&LAYOUT, &part, &parts, &wanted.family]))?;
    read(bare)
}

/// Refuses to spread keys otherwise than it was done before.
pub(super) fn check(found: &Part, wanted: &Part) -> Result<(), Trouble> {
    if found == wanted {
        return Ok(());
    }
    let text = if (found.number, found.of) == (wanted.number, wanted.of) {
        "this database belongs to another store than the other ones of the URLs".to_owned()
    } else {
        format!(
            "this database is number {} of {} over which a store spreads its keys, and it was given as number {} of {}; \
             give all URLs, in the order in which the tables were made: otherwise records would not be found",
            found.number + 1,
            found.of,
            wanted.number + 1,
            wanted.of
        )
    };
    Err(Trouble::new(ErrorKind::InvalidArgument, text))
}

fn new_family() -> Result<Vec<u8>, Error> {
    let mut family = [0; 16];
    getrandom::fill(&mut family).map_err(|fault| {
        let text = format!("the system gives no random numbers: {fault}");
        Error::new(ErrorKind::Unsupported, text)
    })?;
    Ok(family.to_vec())
}
