//! A Redis Cluster of a test's own: three primaries on 127.0.0.1, each with a replica if asked for.
#![cfg(unix)]

use super::daemon::wait_until;
use super::redis::Redis;
use super::succeed;
use std::process::Command;

/// Its nodes. The first three are the primaries in the beginning.
pub struct Cluster {
    pub nodes: Vec<Redis>,
}

impl Cluster {
    /// `None`, after saying so, where Redis is not installed.
    pub fn start(replicas: usize) -> Option<Self> {
        let settings = [
            ("cluster-enabled", "yes"),
            ("cluster-config-file", "nodes.conf"),
            ("cluster-node-timeout", "2000"),
            // However long the machine takes over it.
            ("cluster-replica-validity-factor", "0"),
            ("databases", "1"),
        ];
        let nodes = (0..3 * (1 + replicas)).map(|_| Redis::start_at_port(&settings));
        let cluster = Self {
            nodes: nodes.collect::<Option<_>>()?,
        };
        let mut command = Command::new("redis-cli");
        command
            .args(["--cluster", "create"])
            .args(cluster.nodes.iter().map(address));
        command.args(["--cluster-yes", "--cluster-replicas", &replicas.to_string()]);
        succeed(&mut command);
        cluster.wait_until_known(replicas);
        Some(cluster)
    }

    /// A URL that names some of its nodes.
    pub fn url(&self, nodes: &[usize]) -> String {
        let hosts: Vec<String> = nodes.iter().map(|node| address(&self.nodes[*node])).collect();
        format!("redis://{}", hosts.join(","))
    }

    /// The slot of a key.
    pub fn slot(&self, key: &str) -> String {
        self.nodes[0].cli(&["CLUSTER", "KEYSLOT", key])
    }

    /// Which of the nodes has a key.
    pub fn owner(&self, key: &str) -> usize {
        let has = |node: &Redis| {
            let said = node.try_cli(&["TYPE", key]);
            !said.starts_with("MOVED") && !said.starts_with("CLUSTERDOWN")
        };
        let found = self.nodes.iter().position(has);
        found.expect("some node has it")
    }

    /// The name that the nodes know one by.
    pub fn id(&self, node: usize) -> String {
        self.nodes[node].cli(&["CLUSTER", "MYID"])
    }

    /// Empties all.
    pub fn empty(&self) {
        for node in &self.nodes {
            if node.cli(&["ROLE"]).starts_with("master") {
                node.cli(&["FLUSHALL"]);
            }
        }
    }

    /// Waits until one of the nodes has become a primary.
    pub fn wait_for_primary(&self, node: usize) {
        self.nodes[node].wait_until(&["ROLE"], "master");
        self.nodes[node].wait_until(&["CLUSTER", "INFO"], "cluster_state:ok");
    }

    /// Waits until each node knows all, and what each is.
    fn wait_until_known(&self, replicas: usize) {
        for node in &self.nodes {
            node.wait_until(&["CLUSTER", "INFO"], "cluster_state:ok");
            wait_until("a cluster that knows itself", || {
                let said = node.cli(&["CLUSTER", "NODES"]);
                let ready = said.lines().filter(|line| line.contains(" connected"));
                let (of_replicas, all) = (said.matches("slave ").count(), ready.count());
                (of_replicas, all) == (3 * replicas, self.nodes.len())
            });
            if node.cli(&["ROLE"]).starts_with("slave") {
                node.wait_until(&["INFO", "replication"], "master_link_status:up");
            }
        }
    }
}

fn address(node: &Redis) -> String {
    format!("127.0.0.1:{}", node.port())
}
