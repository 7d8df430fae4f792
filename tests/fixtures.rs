//! The servers and the proxy that tests use do what they say.
#![cfg(unix)]

mod tools;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::MetadataExt;
use std::os::unix::net::UnixListener;
use std::process::Command;
use std::time::{Duration, Instant};
use std::{env, fs, thread};
use tools::postgres::{url_of, Postgres};
use tools::proxy::{Proxy, Way};
use tools::redis::Redis;

const PATIENCE: Duration = Duration::from_secs(120);

#[test]
fn a_server_and_its_standby_live_and_leave_nothing() {
    let Some(mut primary) = Postgres::start() else { return };
    let folder = primary.folder().to_owned();
    let root = fs::metadata("/proc/self").unwrap().uid() == 0;
    assert!(!root || fs::metadata(folder.join("data")).unwrap().uid() != 0);
    primary.sql("postgres", "CREATE TABLE t (x int)");
    primary.sql("postgres", "INSERT INTO t VALUES (1)");
    primary.stop();
    primary.start_again();
    primary.kill();
    primary.start_again();
    assert_eq!(primary.sql("postgres", "SELECT x FROM t"), "1");

    let standby = primary.standby("second");
    assert_ne!(url_of(&[&primary, &standby], "a"), url_of(&[&standby, &primary], "a"));
    primary.set("synchronous_standby_names", "'second'");
    let states = "SELECT application_name, sync_state FROM pg_stat_replication";
    primary.wait_until(states, "second|sync");
    primary.sql("postgres", "INSERT INTO t VALUES (2)");
    standby.wait_until("SELECT count(*) FROM t", "2");
    primary.pause();
    let states = process_states(&primary);
    assert!(
        states.len() > 3 && states.iter().all(|state| state == "T" || state == "Z"),
        "{states:?}"
    );
    primary.go_on();
    primary.sql("postgres", "INSERT INTO t VALUES (3)");
    primary.kill();
    standby.promote();
    assert_eq!(
        standby.sql("postgres", "INSERT INTO t VALUES (4); SELECT count(*) FROM t"),
        "4"
    );

    let standby_folder = standby.folder().to_owned();
    drop((primary, standby));
    assert!(!folder.exists() && !standby_folder.exists());
    assert_eq!(servers_in(folder.to_str().unwrap()), "");
}

/// The state of each process of a server: a letter as in `ps`.
fn process_states(server: &Postgres) -> Vec<String> {
    let pid = fs::read_to_string(server.folder().join("data/postmaster.pid")).unwrap();
    let pid = pid.lines().next().unwrap().to_owned();
    let output = Command::new("ps")
        .args(["-o", "state=", "-p", &pid, "--ppid", &pid])
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().map(|line| line.trim().to_owned()).collect()
}

#[test]
fn a_redis_server_and_its_replica_live_and_leave_nothing() {
    let Some(mut primary) = Redis::start_at_port(&[]) else {
        return;
    };
    let port = primary.port();
    primary.cli(&["SET", "a", "1"]);
    primary.stop();
    primary.start_again();
    primary.kill();
    primary.start_again();
    assert_eq!((primary.cli(&["GET", "a"]).as_str(), primary.port()), ("1", port));

    let replica = primary.replica();
    primary.cli(&["SET", "b", "2"]);
    replica.wait_until(&["GET", "b"], "2");
    replica.follow_nobody();
    primary.cli(&["SET", "b", "3"]);
    primary.kill();
    replica.promote();
    assert_eq!(replica.cli(&["GET", "b"]), "2");
    replica.cli(&["SET", "b", "4"]);

    let folders = [primary.folder().to_owned(), replica.folder().to_owned()];
    drop((primary, replica));
    for folder in folders {
        assert!(!folder.exists());
        assert_eq!(servers_in(folder.to_str().unwrap()), "");
    }
}

/// The command lines of servers that have a folder.
fn servers_in(folder: &str) -> String {
    let output = Command::new("ps").args(["-e", "-o", "args="]).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let ours = text
        .lines()
        .filter(|line| line.contains(folder) && (line.contains("postgres") || line.contains("redis-server")));
    ours.collect::<Vec<_>>().join("\n")
}

#[test]
fn a_server_ends_with_the_process_that_started_it() {
    if tools::postgres::programs().is_none() {
        return;
    }
    let mut child = Command::new(env::current_exe().unwrap())
        .args(["child_that_dies", "--exact", "--ignored", "--nocapture"])
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = String::new();
    child.stdout.take().unwrap().read_to_string(&mut said).unwrap();
    assert!(!child.wait().unwrap().success());
    let folder = said.lines().find_map(|line| line.strip_prefix("folder ")).expect(&said);
    let start = Instant::now();
    while fs::exists(folder).unwrap() {
        assert!(start.elapsed() < PATIENCE, "{folder} is left");
        thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(servers_in(folder), "");
}

#[test]
#[ignore = "started by a_server_ends_with_the_process_that_started_it"]
fn child_that_dies() {
    let server = Postgres::start().unwrap();
    println!("folder {}", server.folder().display());
    std::process::abort();
}

/// A server that sends back what it gets.
fn echo(path: &std::path::Path) {
    let listener = UnixListener::bind(path).unwrap();
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            thread::spawn(move || {
                let mut buffer = [0; 1000];
                while let Ok(count @ 1..) = stream.read(&mut buffer) {
                    let _ = stream.write_all(&buffer[..count]);
                }
            });
        }
    });
}

fn connect(proxy: &Proxy) -> TcpStream {
    let stream = TcpStream::connect(("127.0.0.1", proxy.port())).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

fn says(stream: &mut TcpStream, text: &str) -> bool {
    let mut answer = vec![0; text.len()];
    stream.write_all(text.as_bytes()).is_ok() && stream.read_exact(&mut answer).is_ok() && answer == text.as_bytes()
}

#[test]
fn a_proxy_passes_stalls_and_cuts() {
    let path = env::temp_dir().join(format!("slk-echo-{}", std::process::id()));
    echo(&path);
    let proxy = Proxy::to_socket(&path);
    let mut stream = connect(&proxy);
    assert!(says(&mut stream, "hello"));
    assert_eq!(proxy.connections(), 1);

    proxy.set(Way::Stalled);
    let mut buffer = [0; 4];
    stream.write_all(b"late").unwrap();
    stream.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
    assert!(stream.read(&mut buffer).is_err());
    proxy.set(Way::Open);
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.read_exact(&mut buffer).unwrap();
    assert_eq!(&buffer, b"late");

    proxy.set(Way::Deaf);
    stream.write_all(b"lost").unwrap();
    let start = Instant::now();
    while proxy.swallowed() < 4 {
        assert!(start.elapsed() < PATIENCE);
        thread::sleep(Duration::from_millis(1));
    }
    proxy.set(Way::Open);
    assert!(says(&mut stream, "found"));

    proxy.cut_before(b"trap");
    assert!(says(&mut stream, "calm"));
    assert!(!says(&mut stream, "a trap"));
    let mut stream = connect(&proxy);
    proxy.cut_answer(b"trap");
    assert!(says(&mut stream, "calm"));
    assert!(!says(&mut stream, "a trap"));
    assert_eq!(proxy.sprung(), 2);

    let mut stream = connect(&proxy);
    assert!(says(&mut stream, "hello"));
    proxy.cut();
    assert!(!says(&mut stream, "hello"));
    proxy.set(Way::Closed);
    assert!(!says(&mut connect(&proxy), "hello"));
    fs::remove_file(path).unwrap();
}
