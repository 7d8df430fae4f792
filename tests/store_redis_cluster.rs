//! The store in a Redis Cluster: keys that move from node to node, and nodes that die.
#![cfg(all(unix, feature = "redis"))]

mod store_support;
mod tools;

use sessionlocker::error::ErrorKind;
use sessionlocker::store::redis::{create_layout, open, RedisOptions};
use sessionlocker::store::{Expected, Outcome, Reply, Store, Version};
use std::sync::Arc;
use std::time::{Duration, Instant};
use store_support::{call, failed_of, get, key, put, read, read_in_time, remove, write, Asked, PATIENCE};
use tools::redis::Redis;
use tools::redis_cluster::Cluster;

fn options() -> RedisOptions {
    RedisOptions {
        connect_timeout: Duration::from_secs(5),
        request_timeout: Duration::from_secs(5),
        ..RedisOptions::default()
    }
}

fn made(url: &str) -> Arc<dyn Store> {
    create_layout(url, &options()).unwrap();
    open(url, &options()).unwrap()
}

/// What a record is called on the server.
fn called(name: &str) -> String {
    format!("slk:r:6:player:{name}")
}

/// Names so many records, each written.
fn filled(store: &dyn Store, count: usize) -> Vec<(String, Version)> {
    let written = (0..count).map(|number| {
        let name = format!("p{number}");
        let version = write(store, &key(&name), name.as_bytes(), Expected::Missing);
        (name, version)
    });
    written.collect()
}

#[test]
fn records_lie_on_all_nodes_and_a_cluster_is_no_single_server() {
    let Some(cluster) = Cluster::start(0) else { return };
    let url = cluster.url(&[2]);
    let error = open(&url, &options()).err().unwrap();
    assert_eq!(error.kind(), ErrorKind::NotADatabase, "{error}");
    let store = made(&url);
    assert!(!store.abilities().list);
    let told = store.warnings();
    assert!(
        told.len() == 3 && told.iter().all(|text| text.contains("last seconds")),
        "{told:?}"
    );
    let records = filled(&*store, 60);
    for node in &cluster.nodes {
        let count: u32 = node.cli(&["DBSIZE"]).parse().unwrap();
        assert!((5..55).contains(&count), "{count} keys on one node");
    }
    let other = open(&cluster.url(&[0, 1]), &options()).unwrap();
    for (name, version) in records {
        assert_eq!(read(&*other, &key(&name)).unwrap().1, version);
    }
    // Data of a single server do not work here, and the other way round.
    let holder = &cluster.nodes[cluster.owner("slk:layout")];
    holder.cli(&["HSET", "slk:layout", "lists", "yes"]);
    let error = open(&url, &options()).err().unwrap();
    assert_eq!(error.kind(), ErrorKind::Unsupported, "{error}");
}

/// Gives a slot to another node, with all that is in it; `between` is called while it is on its way.
fn move_slot(cluster: &Cluster, slot: &str, (from, to): (usize, usize), keys: &[&str], between: impl FnOnce()) {
    let (source, target) = (&cluster.nodes[from], &cluster.nodes[to]);
    let (source_id, target_id) = (cluster.id(from), cluster.id(to));
    target.cli(&["CLUSTER", "SETSLOT", slot, "IMPORTING", &source_id]);
    source.cli(&["CLUSTER", "SETSLOT", slot, "MIGRATING", &target_id]);
    let port = target.port().to_string();
    for key in keys {
        assert_eq!(source.cli(&["MIGRATE", "127.0.0.1", &port, key, "0", "60000"]), "OK");
    }
    between();
    for node in [target, source] {
        node.cli(&["CLUSTER", "SETSLOT", slot, "NODE", &target_id]);
    }
    for node in &cluster.nodes {
        let moved = |node: &Redis| node.cli(&["CLUSTER", "NODES"]).contains(&target_id);
        assert!(moved(node));
    }
}

#[test]
fn a_key_that_moves_to_another_node_is_followed() {
    let Some(cluster) = Cluster::start(0) else { return };
    let store = made(&cluster.url(&[0]));
    // Two keys of one slot, by their braces.
    let (stays, goes) = ("{tag}stays", "{tag}goes");
    let first = write(&*store, &key(stays), b"s", Expected::Missing);
    let version = write(&*store, &key(goes), b"1", Expected::Missing);
    let slot = cluster.slot(&called(goes));
    assert_eq!(slot, cluster.slot(&called(stays)));
    let from = cluster.owner(&called(goes));
    let to = (from + 1) % 3;
    move_slot(&cluster, &slot, (from, to), &[&called(goes)], || {
        // One is there, the other still here.
        assert_eq!(read(&*store, &key(goes)).unwrap().1, version);
        let version = write(&*store, &key(goes), b"2", Expected::Version(version.clone()));
        assert_eq!(call(&*store, remove(&key(stays), &version)), Ok(Reply::Conflict));
        assert_eq!(read(&*store, &key(stays)).unwrap().1, first);
        write(&*store, &key("{tag}new"), b"n", Expected::Missing);
        assert_eq!(cluster.nodes[from].cli(&["CLUSTER", "COUNTKEYSINSLOT", &slot]), "1");
        cluster.nodes[from].cli(&[
            "MIGRATE",
            "127.0.0.1",
            &cluster.nodes[to].port().to_string(),
            &called(stays),
            "0",
            "60000",
        ]);
    });
    // The store has not heard yet that the slot is elsewhere.
    let (value, version) = read(&*store, &key(goes)).unwrap();
    assert_eq!(&*value, b"2");
    let version = write(&*store, &key(goes), b"3", Expected::Version(version));
    assert_eq!(call(&*store, remove(&key(goes), &version)), Ok(Reply::Removed));
    assert_eq!(read(&*store, &key(stays)).unwrap().1, first);
    assert_eq!(cluster.nodes[to].cli(&["CLUSTER", "COUNTKEYSINSLOT", &slot]), "2");
}

#[test]
fn a_node_that_does_not_answer_holds_up_no_other() {
    let Some(cluster) = Cluster::start(0) else { return };
    let url = cluster.url(&[0]);
    create_layout(&url, &options()).unwrap();
    let patient = RedisOptions {
        connect_timeout: PATIENCE,
        request_timeout: PATIENCE,
        ..options()
    };
    let store = open(&url, &patient).unwrap();
    let records = filled(&*store, 30);
    // Goes on before it is given up by the others.
    let dead = cluster.owner(&called("p0"));
    let is_there = |name: &str| cluster.owner(&called(name)) == dead;
    let (there, elsewhere): (Vec<_>, Vec<_>) = records.into_iter().partition(|(name, _)| is_there(name));
    for node in &cluster.nodes {
        node.cli(&["CONFIG", "SET", "cluster-node-timeout", "600000"]);
    }
    cluster.nodes[dead].pause();
    let mut asked = Asked::default();
    for (name, version) in &there {
        asked.submit(&*store, put(&key(name), b"y", Expected::Version(version.clone())));
    }
    for (name, version) in elsewhere {
        write(&*store, &key(&name), b"y", Expected::Version(version));
    }
    assert!(asked.wait_for(0).is_empty(), "the other node has not been given up yet");
    cluster.nodes[dead].go_on();
    let results = asked.finish();
    for (result, (name, _)) in results.into_iter().zip(&there) {
        match result {
            Ok(Reply::Written { .. }) => {}
            other => drop(failed_of("redis", other, Outcome::Unknown, &key(name))),
        }
    }
}

#[test]
fn the_replica_of_a_node_that_died_is_found() {
    let Some(mut cluster) = Cluster::start(1) else { return };
    let url = cluster.url(&[0, 1, 2]);
    create_layout(&url, &options()).unwrap();
    let waiting = RedisOptions {
        wait_replicas: 1,
        wait: Duration::from_secs(4),
        ..options()
    };
    let store = open(&url, &waiting).unwrap();
    let records = filled(&*store, 30);
    let dead = cluster.owner(&called("p0"));
    let dead_id = cluster.id(dead);
    let follows = |node: &usize| {
        let said = cluster.nodes[*node].cli(&["CLUSTER", "NODES"]);
        said.lines()
            .any(|line| line.contains("myself,slave") && line.contains(&dead_id))
    };
    let heir = (0..6).find(follows).expect("each has a replica");
    cluster.nodes[dead].kill();
    let result = call(&*store, get(&key("p0")));
    failed_of("redis", result, Outcome::NotApplied, &key("p0"));
    cluster.wait_for_primary(heir);
    // It has no replica itself: what it has is not enough to be relied on.
    let start = Instant::now();
    loop {
        let error = failed_of("redis", call(&*store, get(&key("p0"))), Outcome::NotApplied, &key("p0"));
        if error.text.contains("0 of 1 replicas") {
            break;
        }
        assert!(start.elapsed() < PATIENCE, "{error}");
    }
    cluster.nodes[dead].start_again();
    for (name, version) in records {
        assert_eq!(read_in_time(&*store, &key(&name)).unwrap().1, version);
        write(&*store, &key(&name), b"y", Expected::Version(version));
    }
}
