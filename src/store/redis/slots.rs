//! Which node of a cluster has which keys.

use super::bare::Bare;
use super::place::{Address, Server};
use crate::error::ErrorKind;
use crate::store::remote::trouble::Trouble;
use ::redis::cluster_routing::Slot;
use ::redis::{cmd, Value};
use std::collections::HashMap;

/// The primary of each slot, as a node knows it.
#[derive(Clone, Default)]
pub(super) struct Slots(HashMap<Slot, Server>);

impl Slots {
    /// What a node of a cluster says.
    pub(super) fn ask(bare: &Bare) -> Result<Self, Trouble> {
        let mut command = cmd("CLUSTER");
        command.arg("SLOTS");
        let answer = bare.ask_one(&command)?;
        let mut slots = HashMap::new();
        for range in answer.as_sequence().unwrap_or_default() {
            let Some((numbers, server)) = range_of(range, bare.server()) else {
                return Err(Trouble::lost("the answer to CLUSTER SLOTS is not understood"));
            };
            slots.extend(numbers.filter_map(Slot::new).map(|slot| (slot, server.clone())));
        }
        Ok(Self(slots))
    }

    /// Where a key is.
    pub(super) fn owner(&self, key: &[u8]) -> Result<&Server, Trouble> {
        let nobody = || Trouble::new(ErrorKind::Store, "no node of the cluster has this key");
        self.0.get(&Slot::for_key(key)).ok_or_else(nobody)
    }

    /// All primaries, each once.
    pub(super) fn servers(&self) -> Vec<Server> {
        let mut servers: Vec<Server> = self.0.values().cloned().collect();
        servers.sort();
        servers.dedup();
        servers
    }
}

/// The first and the last slot, and then the nodes, of which the first is the primary, each with its host and port. A node
/// that does not know its own host is where the question was asked.
fn range_of(range: &Value, asked: &Server) -> Option<(std::ops::RangeInclusive<u16>, Server)> {
    let [Value::Int(first), Value::Int(last), primary, ..] = range.as_sequence()? else {
        return None;
    };
    let [host, Value::Int(port), ..] = primary.as_sequence()? else {
        return None;
    };
    let host = match host {
        Value::BulkString(bytes) if !bytes.is_empty() => std::str::from_utf8(bytes).ok()?,
        _ => host_of(asked),
    };
    let server = Server::at(host, u16::try_from(*port).ok()?);
    Some((u16::try_from(*first).ok()?..=u16::try_from(*last).ok()?, server))
}

fn host_of(server: &Server) -> &str {
    match &server.address {
        Address::Tcp(host, _) => host,
        Address::Unix(_) => "127.0.0.1",
    }
}

/// Whether somebody else has the key, and who: the answer is `MOVED slot host:port`, or `ASK` while it is on its way.
pub(super) fn moved_to(error: &::redis::ServerError, asked: &Server) -> Option<Server> {
    if !matches!(error.code(), "MOVED" | "ASK") {
        return None;
    }
    let (_, address) = error.details()?.split_once(' ')?;
    let (host, port) = address.rsplit_once(':')?;
    let host = if host.is_empty() { host_of(asked) } else { host };
    Some(Server::at(host, port.parse().ok()?))
}
