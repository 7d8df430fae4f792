//! What is asked over one connection at once: reads, or writes.

use super::bare::Bare;
use super::checks::{self, Check};
use super::keys;
use super::node::{Link, Node};
use super::place::Server;
use super::scripts::{call, By, CREATE, REMOVE, REPLACE};
use super::slots::moved_to;
use super::trouble::{is_missing_script, refusal};
use crate::store::remote::trouble::Trouble;
use crate::store::remote::write::Write;
use crate::store::{Expected, Operation, Outcome, Reply, Request, Version, MAX_LISTED};
use ::redis::{cmd, Cmd, Pipeline, Value};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A request, and what the server said to it.
struct Question<'a> {
    request: &'a Request,
    /// What a write makes of it.
    version: Option<&'a Version>,
    /// None while it may be under way.
    answer: Option<Result<Value, Trouble>>,
}

impl Question<'_> {
    fn command(&self, node: &Node, by: By) -> Cmd {
        let Request { key, operation } = self.request;
        let name = key.name.as_bytes();
        let version = self.version.map(Version::as_bytes).unwrap_or_default();
        let mut keys = vec![keys::record(key)];
        match operation {
            Operation::Get => cmd("HMGET").arg(keys).arg(&["version", "data"]).take(),
            Operation::List { limit } => list(&keys::names(key), name, *limit),
            Operation::Put { value, expected, .. } => match expected {
                Expected::Missing => {
                    if node.layout.lists {
                        keys.extend([keys::names(key), keys::LAYOUT.into()]);
                    }
                    call(&CREATE, by, &keys, &[version, value, name, &node.layout.part.family])
                }
                Expected::Version(old) => call(&REPLACE, by, &keys, &[version, value, old.as_bytes()]),
            },
            Operation::Remove { expected } => {
                if node.layout.lists {
                    keys.push(keys::names(key));
                }
                call(&REMOVE, by, &keys, &[expected.as_bytes(), name])
            }
        }
    }
}

/// One more than was asked for, to see whether there are more.
fn list(names: &[u8], after: &[u8], limit: u32) -> Cmd {
    let from = if after.is_empty() {
        b"-".to_vec()
    } else {
        [b"(", after].concat()
    };
    let mut command = cmd("ZRANGEBYLEX");
    command.arg(names).arg(from).arg("+");
    command.arg("LIMIT").arg(0).arg(limit.min(MAX_LISTED) + 1);
    command
}

/// What is still to be done for a question after an answer.
enum Next {
    /// The server did not know the script.
    TellTheScript,
    /// Another node of the cluster has the key; `asking` while it is on its way there.
    GoTo { server: Server, asking: bool },
}

/// Asks all at once, and tells what is still to be done for some of them.
fn round<'q, 'r>(
    node: &Node,
    bare: &Bare,
    questions: Vec<&'q mut Question<'r>>,
    (by, asking): (By, bool),
    checks: &[Check],
) -> Result<Vec<(&'q mut Question<'r>, Next)>, Trouble> {
    let mut pipeline = Pipeline::new();
    for question in &questions {
        if asking {
            pipeline.cmd("ASKING");
        }
        pipeline.add_command(question.command(node, by));
    }
    for check in checks {
        pipeline.add_command(check.command(node, bare.server()));
    }
    let mut answers = bare.ask(&pipeline)?;
    let of_checks = answers.split_off(answers.len() - checks.len());
    let mut judged = checks.iter().zip(&of_checks);
    let judged = judged.try_for_each(|(check, answer)| check.judge(node, answer));
    let answers = answers
        .into_iter()
        .skip(usize::from(asking))
        .step_by(1 + usize::from(asking));
    let mut next = Vec::new();
    for (question, answer) in questions.into_iter().zip(answers) {
        let error = match answer {
            // A write that is not where it must be is still of unknown outcome.
            Value::Int(1) if judged.is_err() => continue,
            Value::ServerError(error) => error,
            value => {
                question.answer = Some(Ok(value));
                continue;
            }
        };
        question.answer = Some(Err(refusal(&error)));
        if is_missing_script(&error) && by == By::Fingerprint {
            next.push((question, Next::TellTheScript));
        } else if let (Some(server), Some(_)) = (moved_to(&error, bare.server()), &node.cluster) {
            let asking = error.code() == "ASK";
            next.push((question, Next::GoTo { server, asking }));
        }
    }
    judged.map(|()| next)
}

/// Asks all until each has its answer, also where that is somewhere else. On failure those without one may be under way.
fn ask(node: &Node, link: &mut Link, questions: &mut [Question], checks: &[Check]) -> Result<(), Trouble> {
    let all = questions.iter_mut().collect();
    let mut next = round(node, &link.bare, all, (By::Fingerprint, false), checks)?;
    let (untold, rest): (Vec<_>, Vec<_>) = next
        .into_iter()
        .partition(|(_, next)| matches!(next, Next::TellTheScript));
    next = rest;
    if !untold.is_empty() {
        let untold = under_way(untold.into_iter().map(|(question, _)| question));
        next.extend(round(node, &link.bare, untold, (By::Text, false), checks)?);
    }
    let mut elsewhere: BTreeMap<(Server, bool), Vec<&mut Question>> = BTreeMap::new();
    for (question, next) in next {
        if let Next::GoTo { server, asking } = next {
            elsewhere.entry((server, asking)).or_default().push(question);
        }
    }
    for ((server, asking), questions) in elsewhere {
        follow(node, link, &server, asking, questions, checks)?;
    }
    Ok(())
}

fn under_way<'q, 'r: 'q>(questions: impl Iterator<Item = &'q mut Question<'r>>) -> Vec<&'q mut Question<'r>> {
    let forget = |question: &'q mut Question<'r>| {
        question.answer = None;
        question
    };
    questions.map(forget).collect()
}

/// Asks where the cluster says that the keys are. What cannot be asked there was not applied.
fn follow(
    node: &Node,
    link: &mut Link,
    server: &Server,
    asking: bool,
    questions: Vec<&mut Question>,
    checks: &[Check],
) -> Result<(), Trouble> {
    let Some(topology) = &node.cluster else { return Ok(()) };
    if !asking {
        topology.refresh(Some(server));
    }
    let Ok(other) = link.other(node, server) else {
        return Ok(());
    };
    let asked = round(
        node,
        other,
        under_way(questions.into_iter()),
        (By::Text, asking),
        checks,
    );
    if asked.is_err() {
        link.forget(server);
    }
    asked.map(|_| ())
}

/// Reads all in one round trip.
pub(super) fn read(node: &Node, link: &mut Link, reads: &[&Request]) -> Result<Vec<Result<Reply, Trouble>>, Trouble> {
    let questions = reads.iter().map(|request| Question {
        request,
        version: None,
        answer: None,
    });
    let mut questions: Vec<Question> = questions.collect();
    ask(node, link, &mut questions, &checks::of_reads(node))?;
    let mut replies = Vec::with_capacity(questions.len());
    for question in questions {
        let reply = match question.answer {
            Some(answer) => answer.and_then(|value| reply_of(question.request, value)),
            None => Err(Trouble::lost("no answer")),
        };
        // One that ended the connection ended it for all.
        match reply {
            Err(trouble) if trouble.ends_connection => return Err(trouble),
            reply => replies.push(reply),
        }
    }
    Ok(replies)
}

fn reply_of(read: &Request, answer: Value) -> Result<Reply, Trouble> {
    let Value::Array(values) = answer else {
        return Err(Trouble::damaged());
    };
    match read.operation {
        Operation::List { limit } => names_of(values, limit.min(MAX_LISTED)),
        _ => value_of(&values),
    }
}

fn value_of(fields: &[Value]) -> Result<Reply, Trouble> {
    match fields {
        [Value::Nil, Value::Nil] => Ok(Reply::Missing),
        [Value::BulkString(version), Value::BulkString(data)] => {
            let version = Version::new(version).ok_or_else(Trouble::damaged)?;
            Ok(Reply::Found {
                value: data.as_slice().into(),
                version,
            })
        }
        _ => Err(Trouble::damaged()),
    }
}

fn names_of(values: Vec<Value>, limit: u32) -> Result<Reply, Trouble> {
    let limit = limit as usize;
    let more = values.len() > limit;
    let name = |value: Value| match value {
        Value::BulkString(bytes) => String::from_utf8(bytes).map(Arc::from).map_err(|_| Trouble::damaged()),
        _ => Err(Trouble::damaged()),
    };
    let names = values.into_iter().take(limit).map(name);
    Ok(Reply::Keys {
        names: names.collect::<Result<_, _>>()?,
        more,
    })
}

/// Writes all in one round trip, each by a script of its own. Gives what is wrong with the connection afterwards; what is
/// still open then is of unknown outcome.
pub(super) fn write(node: &Node, link: &mut Link, writes: &mut [&mut Write]) -> Option<Trouble> {
    let versions: Vec<Version> = writes.iter().map(|write| write.version.clone()).collect();
    let questions = writes.iter().zip(&versions).map(|(write, version)| Question {
        request: write.request,
        version: Some(version),
        answer: None,
    });
    let mut questions: Vec<Question> = questions.collect();
    let asked = ask(node, link, &mut questions, &checks::of_writes(node));
    let answers: Vec<_> = questions.into_iter().map(|question| question.answer).collect();
    let mut ended = asked.err();
    for (write, answer) in writes.iter_mut().zip(answers) {
        match answer {
            Some(Ok(Value::Int(done))) => write.done(done == 1),
            Some(Err(trouble)) => {
                write.fail(&trouble, Outcome::NotApplied);
                if trouble.ends_connection && ended.is_none() {
                    ended = Some(trouble);
                }
            }
            Some(Ok(_)) | None => {}
        }
    }
    ended
}

/// Returns when all that is visible is on enough replicas.
pub(super) fn settle(node: &Node, link: &mut Link) -> Result<(), Trouble> {
    let checks = checks::of_settling(node);
    if checks.is_empty() {
        return Ok(());
    }
    round(node, &link.bare, Vec::new(), (By::Fingerprint, false), &checks).map(|_| ())
}
