//! What is asked over one connection at once: reads, or the writes of one transaction.

use super::link::{Link, Pipeline};
use super::trouble::{is_aftermath, is_answer, is_rolled_back, may_be_of_one_request, trouble_of};
use crate::error::ErrorKind;
use crate::store::remote::trouble::Trouble;
use crate::store::remote::write::{fail_open, Write};
use crate::store::{Expected, Key, Operation, Outcome, Reply, Request, Version, MAX_LISTED};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Error, Row};

/// A request for a statement, on its way or answered with the rows that it changed.
type Changing<'a> = Pin<Box<dyn Future<Output = Result<u64, Error>> + 'a>>;

const BEGIN: &str = "BEGIN ISOLATION LEVEL READ COMMITTED";
const COMMIT: &str = "COMMIT";

/// Reads all at once. With `settle`, a write behind them must be replicated before any of them counts.
pub(super) fn read(link: &Link, reads: &[&Request], settle: bool) -> Result<Vec<Result<Reply, Trouble>>, Trouble> {
    let mut pipeline: Pipeline<Result<Vec<Row>, Error>> = Pipeline::new();
    for read in reads {
        pipeline.add(rows_of(link, read));
    }
    if settle {
        pipeline.add(async { link.client().query(&link.statements.settle, &[]).await });
    }
    let before = link.unreplicated();
    let mut answers = link.run_plain(pipeline)?;
    if settle {
        match answers.pop() {
            Some(Ok(_)) => confirmed(link, before)?,
            Some(Err(error)) => return Err(unsettled(&error)),
            None => {}
        }
    }
    // One that ended the connection ended it for all.
    for answer in &answers {
        if let Err(error) = answer {
            let trouble = trouble_of(error);
            if trouble.ends_connection {
                return Err(trouble);
            }
        }
    }
    let replies = answers.into_iter().zip(reads).map(|(answer, read)| match answer {
        Ok(rows) => reply_of(read, &rows),
        Err(error) => Err(trouble_of(&error)),
    });
    Ok(replies.collect())
}

async fn rows_of(link: &Link, read: &Request) -> Result<Vec<Row>, Error> {
    let statements = link.statements.of(read.key.kind);
    let (space, name) = (read.key.space.as_bytes(), read.key.name.as_bytes());
    match read.operation {
        Operation::List { limit } => {
            // One for the name that the list begins after, and one to see whether there is more.
            let limit = i64::from(limit.min(MAX_LISTED)) + 2;
            link.client().query(&statements.list, &[&space, &name, &limit]).await
        }
        _ => link.client().query(&statements.get, &[&space, &name]).await,
    }
}

fn reply_of(read: &Request, rows: &[Row]) -> Result<Reply, Trouble> {
    let taken = match read.operation {
        Operation::List { limit } => list_of(&read.key, limit.min(MAX_LISTED), rows),
        _ => match rows.first() {
            None => Ok(Some(Reply::Missing)),
            Some(row) => value_of(row),
        },
    };
    match taken {
        Ok(Some(reply)) => Ok(reply),
        Ok(None) => Err(Trouble::damaged()),
        Err(error) => Err(trouble_of(&error)),
    }
}

/// `None` when what is stored cannot be ours.
fn value_of(row: &Row) -> Result<Option<Reply>, Error> {
    let version = Version::new(row.try_get(0)?);
    let (header, data): (&[u8], &[u8]) = (row.try_get(1)?, row.try_get(2)?);
    Ok(version.map(|version| Reply::Found {
        value: [header, data].concat().into(),
        version,
    }))
}

fn list_of(after: &Key, limit: u32, rows: &[Row]) -> Result<Option<Reply>, Error> {
    let mut names: Vec<Arc<str>> = Vec::with_capacity(rows.len());
    for row in rows {
        let Ok(name) = std::str::from_utf8(row.try_get(0)?) else {
            return Ok(None);
        };
        if name.is_empty() || name != &*after.name {
            names.push(name.into());
        }
    }
    let limit = limit as usize;
    let more = names.len() > limit;
    names.truncate(limit);
    Ok(Some(Reply::Keys { names, more }))
}

/// Writes something small that is answered when it, and all that was visible before it, is replicated.
pub(super) fn settle(link: &Link) -> Result<(), Trouble> {
    let before = link.unreplicated();
    let changed = link.run_plain(link.client().execute(&link.statements.settle, &[]))?;
    changed.map_err(|error| unsettled(&error))?;
    confirmed(link, before)
}

fn unsettled(error: &Error) -> Trouble {
    let trouble = trouble_of(error);
    Trouble {
        text: format!(
            "what the server holds cannot be relied on before it takes a write again; {}",
            trouble.text
        ),
        ..trouble
    }
}

fn confirmed(link: &Link, before: u64) -> Result<(), Trouble> {
    if link.unreplicated() == before {
        return Ok(());
    }
    Err(unreplicated())
}

fn unreplicated() -> Trouble {
    Trouble::new(
        ErrorKind::Store,
        "somebody cancelled the wait for the standby: the server has the write, and a failover would lose it",
    )
}

/// The statement of a write, to be sent when it is first asked for its answer.
fn statement_of<'b>(link: &'b Link, write: &'b Write) -> Changing<'b> {
    let Request { key, operation } = write.request;
    let statements = link.statements.of(key.kind);
    let (space, name, new) = (key.space.as_bytes(), key.name.as_bytes(), write.version.as_bytes());
    let mut length = None;
    let (statement, parameters): (_, Vec<&[u8]>) = match operation {
        Operation::Put { value, expected, hints } => {
            let (header, data) = hints.split(value);
            match expected {
                Expected::Missing => (&statements.create, vec![space, name, new, header, data]),
                Expected::Version(old) if write.header_alone => {
                    length = Some(i64::try_from(data.len()).unwrap_or(i64::MAX));
                    (
                        &statements.replace_header,
                        vec![space, name, new, header, old.as_bytes()],
                    )
                }
                Expected::Version(old) => {
                    let old = old.as_bytes();
                    (&statements.replace, vec![space, name, new, header, data, old])
                }
            }
        }
        Operation::Remove { expected } => (&statements.remove, vec![space, name, expected.as_bytes()]),
        Operation::Get | Operation::List { .. } => unreachable!("a read is no write"),
    };
    let client = link.client();
    Box::pin(async move {
        let bytes = parameters.iter().map(|bytes| bytes as &(dyn ToSql + Sync));
        let length = length.iter().map(|length| length as &(dyn ToSql + Sync));
        client
            .execute_raw(statement, bytes.chain(length).collect::<Vec<_>>())
            .await
    })
}

/// Whether the header is all that this write changes.
fn leaves_data(request: &Request) -> bool {
    match &request.operation {
        Operation::Put { hints, expected, .. } => {
            hints.data_unchanged && hints.header_bytes > 0 && matches!(expected, Expected::Version(_))
        }
        _ => false,
    }
}

/// Writes all, each if its key is as expected. Gives what is wrong with the connection afterwards; what is still open then
/// is of unknown outcome.
pub(super) fn write(link: &Link, writes: &mut [&mut Write]) -> Option<Trouble> {
    for write in writes.iter_mut() {
        write.header_alone = leaves_data(write.request);
    }
    if let Some(trouble) = write_once(link, writes) {
        return Some(trouble);
    }
    // Their header did not fit to what is stored, or somebody else was faster: only the whole record can tell.
    let mut whole: Vec<&mut Write> = writes
        .iter_mut()
        .map(|write| &mut **write)
        .filter(|write| write.is_open())
        .collect();
    if whole.is_empty() {
        return None;
    }
    write_once(link, &mut whole)
}

/// Writes all in one transaction, or each in one of its own if that fails by one of them.
fn write_once(link: &Link, writes: &mut [&mut Write]) -> Option<Trouble> {
    let failed = match transaction(link, writes) {
        Ok(()) => return None,
        Err(failed) => failed,
    };
    match failed {
        Failed::Before(trouble) if writes.len() > 1 && may_be_of_one_request(&trouble) => each(link, writes),
        Failed::Before(trouble) => {
            fail_open(writes, &trouble, Outcome::NotApplied);
            Some(trouble)
        }
        Failed::AtCommit(trouble) => Some(trouble),
    }
}

/// A transaction that failed, and what that says about its writes.
enum Failed {
    /// None of them took place.
    Before(Trouble),
    /// They may have.
    AtCommit(Trouble),
}

/// All of it is sent at once, the commit with it.
fn transaction(link: &Link, writes: &mut [&mut Write]) -> Result<(), Failed> {
    let client = link.client();
    let before = link.unreplicated();
    let mut answers = {
        let mut pipeline: Pipeline<Result<u64, Error>> = Pipeline::new();
        pipeline.add(async { client.batch_execute(BEGIN).await.map(|()| 0) });
        for write in writes.iter() {
            pipeline.add(statement_of(link, write));
        }
        pipeline.add(async { client.batch_execute(COMMIT).await.map(|()| 0) });
        link.run_plain(pipeline).map_err(Failed::AtCommit)?
    };
    let committed = answers.pop().unwrap_or(Ok(0));
    // A statement that the server refused made a rollback of the commit. The first is the reason.
    for answer in &answers {
        match answer {
            Ok(_) => {}
            Err(error) => {
                let trouble = trouble_of(error);
                if is_answer(&trouble) && !is_aftermath(&trouble) {
                    return Err(Failed::Before(trouble));
                }
                return Err(Failed::AtCommit(trouble));
            }
        }
    }
    if let Err(error) = committed {
        let trouble = trouble_of(&error);
        return Err(if is_rolled_back(&trouble) {
            Failed::Before(trouble)
        } else {
            Failed::AtCommit(trouble)
        });
    }
    confirmed(link, before).map_err(Failed::AtCommit)?;
    for (write, answer) in writes.iter_mut().zip(answers.into_iter().skip(1)) {
        write.done(answer.unwrap_or(0) > 0);
    }
    Ok(())
}

/// Each by itself, still in one round trip: what does not fit fails alone.
fn each(link: &Link, writes: &mut [&mut Write]) -> Option<Trouble> {
    let before = link.unreplicated();
    let answers = {
        let mut pipeline: Pipeline<Result<u64, Error>> = Pipeline::new();
        for write in writes.iter() {
            pipeline.add(statement_of(link, write));
        }
        link.run_plain(pipeline)
    };
    let answers = match answers.and_then(|answers| confirmed(link, before).map(|()| answers)) {
        Ok(answers) => answers,
        Err(trouble) => return Some(trouble),
    };
    let mut ended = None;
    for (write, answer) in writes.iter_mut().zip(answers) {
        match answer {
            Ok(rows) => write.done(rows > 0),
            Err(error) => {
                let trouble = trouble_of(&error);
                let outcome = if is_rolled_back(&trouble) {
                    Outcome::NotApplied
                } else {
                    Outcome::Unknown
                };
                write.fail(&trouble, outcome);
                if trouble.ends_connection {
                    ended = Some(trouble);
                }
            }
        }
    }
    ended
}
