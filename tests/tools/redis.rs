//! A Redis server of a test's own, from the programs that are installed: it listens at a socket in its own folder and at a
//! port of 127.0.0.1 only if asked to.
#![cfg(unix)]

use super::daemon::{self, free_port, Daemon, PATIENCE};
use super::{have, succeed};
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

/// A server and its folder. Dropping it kills the server and removes the folder.
pub struct Redis {
    daemon: Daemon,
    settings: Vec<(String, String)>,
    port: Option<u16>,
    is_chosen: bool,
    uses_tls: bool,
}

impl Redis {
    /// A server that keeps a log of its writes, but does not flush it to the disk: what is killed here are processes, not
    /// machines. `None`, after saying so, where Redis is not installed.
    pub fn start() -> Option<Self> {
        Self::start_with(&[])
    }

    /// The same with settings as in `redis.conf`.
    pub fn start_with(settings: &[(&str, &str)]) -> Option<Self> {
        let mut server = Self::prepare(settings)?;
        server.start_again();
        Some(server)
    }

    /// The same at a port of 127.0.0.1 too.
    pub fn start_at_port(settings: &[(&str, &str)]) -> Option<Self> {
        let mut server = Self::prepare(settings)?;
        server.port = Some(0);
        server.start_again();
        Some(server)
    }

    /// A replica of this server, which must listen at a port, with all that this one has.
    pub fn replica(&self) -> Self {
        let mut replica = Self::prepare(&[]).expect("there was one a moment ago");
        replica.settings.clone_from(&self.settings);
        replica.port = Some(0);
        replica.set_at_start("replicaof", &format!("127.0.0.1 {}", self.port()));
        replica.start_again();
        daemon::wait_until("a replica that follows", || self.has_replicas(1));
        replica
    }

    fn prepare(settings: &[(&str, &str)]) -> Option<Self> {
        if !have("redis-server") {
            return None;
        }
        let mut server = Self {
            daemon: Daemon::prepare("rd", "pid"),
            settings: Vec::new(),
            port: None,
            is_chosen: false,
            uses_tls: false,
        };
        for (name, value) in [
            ("appendonly", "yes"),
            ("appendfsync", "no"),
            ("save", ""),
            ("repl-diskless-sync-delay", "0"),
            ("databases", "64"),
        ] {
            server.set_at_start(name, value);
        }
        for (name, value) in settings {
            server.set_at_start(name, value);
        }
        Some(server)
    }

    /// A setting for the next start.
    pub fn set_at_start(&mut self, name: &str, value: &str) {
        self.settings.retain(|(known, _)| known != name);
        self.settings.push((name.to_owned(), value.to_owned()));
    }

    /// Makes it listen at a port with TLS, by the certificates in its folder, from the next start on.
    pub fn use_tls(&mut self) {
        self.uses_tls = true;
        self.port = Some(0);
        self.is_chosen = false;
    }

    /// The port of 127.0.0.1. It stays the same once it is chosen.
    pub fn port(&self) -> u16 {
        self.port.expect("it listens at its socket only")
    }

    pub fn socket(&self) -> PathBuf {
        self.folder().join("socket")
    }

    /// The folder that is removed at the end, for files of the test.
    pub fn folder(&self) -> &Path {
        self.daemon.folder()
    }

    /// A URL of one of its databases, by its socket.
    pub fn url(&self, database: u32) -> String {
        format!("redis+unix://{}?db={database}", self.socket().display())
    }

    /// Asks by the program for it, and gives what it prints.
    pub fn cli(&self, words: &[&str]) -> String {
        let said = self.try_cli(words);
        let refused = ["ERR ", "NOAUTH ", "WRONGTYPE ", "READONLY "];
        assert!(!refused.iter().any(|code| said.starts_with(code)), "{words:?}: {said}");
        said
    }

    /// The same where it may be refused.
    pub fn try_cli(&self, words: &[&str]) -> String {
        let mut command = Command::new("redis-cli");
        command.arg("-s").arg(self.socket()).args(words);
        succeed(&mut command).trim_end().to_owned()
    }

    /// Waits until a question is answered by a text that has this in it.
    pub fn wait_until(&self, words: &[&str], part: &str) {
        let start = Instant::now();
        loop {
            let found = self.try_cli(words);
            if found.contains(part) {
                return;
            }
            assert!(start.elapsed() < PATIENCE, "{words:?}: {found}, without {part}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Whether so many replicas get what is written.
    fn has_replicas(&self, count: usize) -> bool {
        let asked = format!("PUBLISH nobody x\r\nWAIT {count} 1000\r\n");
        let said = say(&self.socket(), &asked, b":0\r\n:0\r\n".len());
        said.is_ok_and(|said| said == format!(":0\r\n:{count}\r\n").as_bytes())
    }

    /// Lets a replica fall behind.
    pub fn follow_nobody(&self) {
        self.cli(&["REPLICAOF", "127.0.0.1", "1"]);
        self.wait_until(&["INFO", "replication"], "master_link_status:down");
    }

    /// Makes a replica a server of its own, and waits until it is.
    pub fn promote(&self) {
        self.cli(&["REPLICAOF", "NO", "ONE"]);
        self.wait_until(&["ROLE"], "master");
    }

    /// Starts it where it does not run, and waits until it answers.
    pub fn start_again(&mut self) {
        let start = Instant::now();
        while !self.try_to_start() {
            assert!(
                start.elapsed() < PATIENCE && self.port.is_some(),
                "the server does not start:\n{}",
                self.daemon.log()
            );
        }
        self.is_chosen = true;
    }

    /// False where it ended again at once.
    fn try_to_start(&mut self) -> bool {
        if self.port.is_some() && !self.is_chosen {
            self.port = Some(free_port());
        }
        let mut command = Command::new("redis-server");
        command.current_dir(self.folder()).arg("--dir").arg(self.folder());
        command.args(["--pidfile", "pid", "--daemonize", "no"]);
        command.arg("--unixsocket").arg(self.socket());
        let port = self.port.unwrap_or(0).to_string();
        command.args(["--bind", "127.0.0.1"]);
        if self.uses_tls {
            command.args(["--port", "0", "--tls-port", &port, "--tls-auth-clients", "no"]);
            command.args(["--tls-cert-file", "server.pem", "--tls-key-file", "server.key"]);
            command.args(["--tls-ca-cert-file", "ca.pem"]);
        } else {
            command.args(["--port", &port]);
        }
        for (name, value) in &self.settings {
            command.arg(format!("--{name}")).args(words(value));
        }
        let (socket, pid_file) = (self.socket(), self.folder().join("pid"));
        self.daemon.start(command, |pid| {
            let written = std::fs::read_to_string(&pid_file).unwrap_or_default();
            written.trim() == pid.to_string() && is_ready(&socket)
        })
    }

    /// Ends it in an orderly way: nothing is lost.
    pub fn stop(&mut self) {
        self.daemon.end("-TERM");
    }

    /// Kills all its processes at once.
    pub fn kill(&mut self) {
        self.daemon.kill();
    }

    /// Stops it where it is: connections stay open and nothing answers.
    pub fn pause(&self) {
        self.daemon.pause();
    }

    /// Lets it go on.
    pub fn go_on(&self) {
        self.daemon.go_on();
    }
}

/// A setting may have several values, or an empty one.
fn words(value: &str) -> Vec<&str> {
    if value.is_empty() {
        return vec![""];
    }
    value.split(' ').collect()
}

/// Whether it has loaded what it has, and answers.
fn is_ready(socket: &Path) -> bool {
    say(socket, "PING\r\n", 5).is_ok_and(|said| said == b"+PONG")
}

/// Sends something, and waits for so many bytes.
fn say(socket: &Path, text: &str, bytes: usize) -> std::io::Result<Vec<u8>> {
    let mut stream = UnixStream::connect(socket)?;
    let mut said = vec![0; bytes];
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    stream.write_all(text.as_bytes())?;
    stream.read_exact(&mut said)?;
    Ok(said)
}

/// One URL for several servers, to be tried in this order: a primary and its replicas.
pub fn url_of(servers: &[&Redis]) -> String {
    let hosts: Vec<String> = servers
        .iter()
        .map(|server| format!("127.0.0.1:{}", server.port()))
        .collect();
    format!("redis://{}", hosts.join(","))
}
