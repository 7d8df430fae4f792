//! What is asked behind a batch, in the same round trip: whether what it says can be relied on.

use super::bare::{hello, is_primary};
use super::keys;
use super::node::Node;
use super::place::Server;
use super::trouble::refusal;
use crate::error::ErrorKind;
use crate::store::remote::trouble::Trouble;
use ::redis::{cmd, Cmd, Value};

/// One of these questions.
#[derive(Clone, Copy)]
pub(super) enum Check {
    /// A small write, for the replicas to confirm.
    Touch,
    /// That enough replicas have what this connection wrote.
    Replicas,
    /// That it is no replica: one that was a primary a moment ago goes on answering reads.
    Primary,
    /// That it is not another server's data, or none any longer.
    Family,
}

/// Behind reads. What was read must be on enough replicas, whoever wrote it: a primary shows to everybody what it has.
pub(super) fn of_reads(node: &Node) -> Vec<Check> {
    let mut checks = of_settling(node);
    checks.push(Check::Primary);
    // The layout of a cluster lies on one of its nodes.
    if node.cluster.is_none() {
        checks.push(Check::Family);
    }
    checks
}

/// Behind writes.
pub(super) fn of_writes(node: &Node) -> Vec<Check> {
    let waits = node.options.wait_replicas > 0;
    waits.then_some(Check::Replicas).into_iter().collect()
}

/// That all that is visible is on enough replicas.
pub(super) fn of_settling(node: &Node) -> Vec<Check> {
    if node.options.wait_replicas == 0 {
        return Vec::new();
    }
    vec![Check::Touch, Check::Replicas]
}

impl Check {
    /// The question to this server.
    pub(super) fn command(self, node: &Node, server: &Server) -> Cmd {
        match self {
            Self::Touch => cmd("INCR").arg(node.settled_on(server)).take(),
            Self::Replicas => {
                let millis = u64::try_from(node.options.wait.as_millis()).unwrap_or(u64::MAX);
                cmd("WAIT").arg(node.options.wait_replicas).arg(millis).take()
            }
            Self::Primary => hello(),
            Self::Family => cmd("HGET").arg(keys::LAYOUT).arg("family").take(),
        }
    }

    pub(super) fn judge(self, node: &Node, answer: &Value) -> Result<(), Trouble> {
        match (self, answer) {
            (Self::Primary, answer) => is_primary(answer),
            (_, Value::ServerError(error)) => Err(refusal(error)),
            (Self::Touch, _) => Ok(()),
            (Self::Replicas, Value::Int(count)) if *count >= i64::from(node.options.wait_replicas) => Ok(()),
            (Self::Replicas, answer) => {
                let count = if let Value::Int(count) = answer { *count } else { 0 };
                Err(too_few(node, count))
            }
            (Self::Family, Value::BulkString(family)) if *family == node.layout.part.family => Ok(()),
            (Self::Family, _) => Err(Trouble::lost(
                "the server has lost what was on it, or is another one: its layout (slk:layout) is gone, or another one",
            )),
        }
    }
}

fn too_few(node: &Node, count: i64) -> Trouble {
    let (wanted, time) = (node.options.wait_replicas, node.options.wait);
    Trouble::new(
        ErrorKind::Store,
        format!("{count} of {wanted} replicas had it within {time:?}: a failover could lose it"),
    )
}
