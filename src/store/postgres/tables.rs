//! The tables: made when that is asked for, looked at with each connection.

use super::link::Bare;
use super::place::Place;
use super::trouble::{is_missing_table, is_race_of_makers, trouble_of};
use super::{PostgresOptions, LAYOUT};
use crate::error::{Error, ErrorKind};
use crate::store::remote::part::{self, Part};
use crate::store::remote::trouble::Trouble;
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
        Err(trouble) if is_missing_table(&trouble) => return Ok(None),
        Err(trouble) => return Err(trouble),
    };
    rows.first().map(part_of).transpose()
}

fn part_of(row: &Row) -> Result<Part, Trouble> {
    let get = || -> Result<(i32, i32, i32, Vec<u8>), tokio_postgres::Error> {
        Ok((row.try_get(0)?, row.try_get(1)?, row.try_get(2)?, row.try_get(3)?))
    };
    let (layout, part, parts, family) = get().map_err(|error| trouble_of(&error))?;
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
    let shown: Vec<&str> = places.iter().map(|place| &*place.shown).collect();
    part::create(&shown, |number| Bare::open(&places[number], options), find, make)
}

fn make(bare: &Bare, wanted: &Part) -> Result<Part, Trouble> {
    let number = |number: usize| i32::try_from(number).map_err(|_| Trouble::new(ErrorKind::Full, "too many parts"));
    let (part, parts) = (number(wanted.number)?, number(wanted.of)?);
    let mut attempt = 0;
    loop {
        attempt += 1;
        // `IF NOT EXISTS` fails where another makes the same in this moment.
        match bare.run(bare.client().batch_execute(MAKE)) {
            Err(trouble) if is_race_of_makers(&trouble) && attempt < ATTEMPTS => {}
            result => break result?,
        }
    }
    bare.run(bare.client().execute(MARK, &[&LAYOUT, &part, &parts, &wanted.family]))?;
    read(bare)
}
