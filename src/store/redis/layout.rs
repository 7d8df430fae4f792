//! The layout: a mark that says what lies on a server, made when that is asked for, looked at with each connection.

use super::bare::Bare;
use super::keys;
use super::place::Place;
use super::slots::Slots;
use super::{RedisOptions, LAYOUT};
use crate::error::{Error, ErrorKind};
use crate::store::remote::part::{self, Part};
use crate::store::remote::trouble::Trouble;
use ::redis::{cmd, Value};

/// ARGV: layout, part, parts, family, whether names are kept. What is there is left as it is.
const MAKE: &str = "\
if redis.call('EXISTS', KEYS[1]) == 0 then
    redis.call('HSET', KEYS[1], 'layout', ARGV[1], 'part', ARGV[2], 'parts', ARGV[3], 'family', ARGV[4], 'lists', ARGV[5])
end
return 1";

const FIELDS: [&str; 5] = ["layout", "part", "parts", "family", "lists"];

/// What lies on a server.
#[derive(Clone, Debug)]
pub(super) struct Layout {
    pub part: Part,
    /// The names of each space are kept, so that they can be listed.
    pub lists: bool,
}

/// What the server says it is.
pub(super) fn read(bare: &Bare) -> Result<Layout, Trouble> {
    let layout = find(bare)?.ok_or_else(|| {
        Trouble::new(
            ErrorKind::NotADatabase,
            "there is no layout of this library (slk:layout) on the server; call slk_redis_create_layout once (in Rust \
             redis::create_layout). If there was one, the server has lost what was on it: restore it first",
        )
    })?;
    if layout.lists && bare.is_of_cluster() {
        return Err(Trouble::new(
            ErrorKind::Unsupported,
            "the layout was made on a single server, where the names of records are kept to be listed, and this is a \
             cluster, which cannot do that; to go on without: HSET slk:layout lists no",
        ));
    }
    Ok(layout)
}

/// `None` where nothing was made yet.
fn find(bare: &Bare) -> Result<Option<Layout>, Trouble> {
    let answer = bare.ask_one(cmd("HMGET").arg(keys::LAYOUT).arg(&FIELDS))?;
    let fields = answer.as_sequence().unwrap_or_default();
    if fields.iter().all(|field| *field == Value::Nil) {
        return Ok(None);
    }
    let [layout, part, parts, family, lists] = fields else {
        return Err(unknown(fields));
    };
    let number = |field: &Value| text(field)?.parse::<usize>().ok();
    if let Some(layout) = number(layout).filter(|layout| *layout > LAYOUT) {
        return Err(Trouble::new(
            ErrorKind::Unsupported,
            format!(
                "the layout was made by a newer version of this library (layout {layout}, this one knows {LAYOUT}), and is \
                 left as it is; update the library"
            ),
        ));
    }
    match (number(layout), number(part), number(parts), family, text(lists)) {
        (Some(LAYOUT), Some(number), Some(of), Value::BulkString(family), Some(lists)) if number < of => {
            Ok(Some(Layout {
                part: Part {
                    number,
                    of,
                    family: family.clone(),
                },
                lists: lists == "yes",
            }))
        }
        _ => Err(unknown(fields)),
    }
}

fn text(field: &Value) -> Option<&str> {
    match field {
        Value::BulkString(bytes) => std::str::from_utf8(bytes).ok(),
        _ => None,
    }
}

fn unknown(fields: &[Value]) -> Trouble {
    let shown: Vec<&str> = fields.iter().take(3).map(|field| text(field).unwrap_or("?")).collect();
    Trouble::new(
        ErrorKind::Store,
        format!(
            "slk:layout says layout, part and parts {}, which nobody wrote; restore a backup",
            shown.join(", ")
        ),
    )
}

/// Makes what is missing on all the servers of one store.
pub(super) fn create(places: &[Place], options: &RedisOptions) -> Result<(), Error> {
    let shown: Vec<&str> = places.iter().map(|place| &*place.shown).collect();
    let connect = |number: usize| holder(&places[number], options);
    let part = |bare: &Bare| Ok(find(bare)?.map(|layout| layout.part));
    part::create(&shown, connect, part, make)
}

/// A connection to the server that has the layout.
pub(super) fn holder(place: &Place, options: &RedisOptions) -> Result<Bare, Trouble> {
    let bare = Bare::open(place, options)?;
    if !bare.is_of_cluster() {
        return Ok(bare);
    }
    let slots = Slots::ask(&bare)?;
    let server = slots.owner(keys::LAYOUT.as_bytes())?;
    Bare::open(&place.at(server.clone()), options)
}

fn make(bare: &Bare, wanted: &Part) -> Result<Part, Trouble> {
    let mut command = cmd("EVAL");
    command.arg(MAKE).arg(1).arg(keys::LAYOUT);
    command
        .arg(LAYOUT)
        .arg(wanted.number)
        .arg(wanted.of)
        .arg(&wanted.family);
    command.arg(if bare.is_of_cluster() { "no" } else { "yes" });
    bare.ask_one(&command)?;
    Ok(read(bare)?.part)
}
