//! A PostgreSQL server of a test's own, from the programs that are installed: its data lie in a folder of its own, it
//! listens at a socket there and nowhere else unless asked to, and both are gone when the test is, also if that dies.
#![cfg(unix)]

use super::daemon::{free_port, Daemon, PATIENCE};
use super::{have, succeed};
use std::fs;
use std::os::unix::fs::{chown, MetadataExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

/// The port in the name of the socket, which is in a folder of its own.
const PORT: u16 = 5432;

/// A server and its folder. Dropping it kills the server and removes the folder.
pub struct Postgres {
    programs: PathBuf,
    daemon: Daemon,
    user: Option<(u32, u32)>,
    settings: Vec<(String, String)>,
    port: Option<u16>,
}

impl Postgres {
    /// A server with the settings of PostgreSQL, but without flushing to the disk: what is killed here are processes,
    /// not machines. `None`, after saying so, where PostgreSQL is not installed.
    pub fn start() -> Option<Self> {
        Self::start_with(&[])
    }

    /// The same with settings as in `postgresql.conf`.
    pub fn start_with(settings: &[(&str, &str)]) -> Option<Self> {
        let mut server = Self::prepare(settings)?;
        let data = server.data();
        succeed(
            server
                .program("initdb")
                .args(["--no-sync", "-A", "trust", "-U", "postgres", "-E", "UTF8", "--locale=C"])
                .arg("-D")
                .arg(data),
        );
        server.start_again();
        Some(server)
    }

    /// A standby that follows this server, under the name that `synchronous_standby_names` calls it by.
    pub fn standby(&self, name: &str) -> Self {
        let mut standby = Self::prepare(&[]).expect("there was one a moment ago");
        standby.settings.clone_from(&self.settings);
        standby.set_at_start("cluster_name", name);
        // No waiting for a standby that has none itself, should it be promoted.
        standby.set_at_start("synchronous_standby_names", "");
        let data = standby.data();
        succeed(
            standby
                .program("pg_basebackup")
                .args(["-U", "postgres", "-c", "fast", "-X", "stream", "-R", "--no-sync", "-h"])
                .arg(self.folder())
                .args(["-p", &self.number().to_string()])
                .arg("-D")
                .arg(data),
        );
        standby.start_again();
        standby
    }

    fn prepare(settings: &[(&str, &str)]) -> Option<Self> {
        let programs = programs()?;
        let daemon = Daemon::prepare("pg", "data/postmaster.pid");
        let folder = daemon.folder();
        let user = (fs::metadata(folder).unwrap().uid() == 0).then(unprivileged_user);
        if let Some((uid, gid)) = user {
            chown(folder, Some(uid), Some(gid)).unwrap();
        }
        let mut server = Self {
            programs,
            daemon,
            user,
            settings: Vec::new(),
            port: None,
        };
        server.set_at_start("fsync", "off");
        server.set_at_start("autovacuum", "off");
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

    /// Changes a setting that can be changed while the server runs.
    pub fn set(&self, name: &str, value: &str) {
        // What is set at the start would come before it.
        let given = self.settings.iter().any(|(known, _)| known == name);
        assert!(!given, "{name} was given at the start");
        self.sql("postgres", &format!("ALTER SYSTEM SET {name} = {value}"));
        self.sql("postgres", "SELECT pg_reload_conf()");
    }

    /// Makes it listen at a port of 127.0.0.1 too, from the next start on, which may give another one than before.
    pub fn listen_at_port(&mut self) {
        self.port = Some(0);
    }

    /// The port of 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port.expect("it listens at its socket only")
    }

    /// The number in the name of its socket.
    fn number(&self) -> u16 {
        self.port.unwrap_or(PORT)
    }

    /// The folder with its socket, as a `host` of a URL.
    pub fn host(&self) -> String {
        self.folder().to_str().unwrap().replace('/', "%2F")
    }

    /// The socket itself, for a proxy.
    pub fn socket(&self) -> PathBuf {
        self.folder().join(format!(".s.PGSQL.{}", self.number()))
    }

    /// The folder that is removed at the end, for files of the test.
    pub fn folder(&self) -> &Path {
        self.daemon.folder()
    }

    fn data(&self) -> PathBuf {
        self.folder().join("data")
    }

    /// A URL of one of its databases, by its socket.
    pub fn url(&self, database: &str) -> String {
        url_of(&[self], database)
    }

    /// Makes an empty database and gives its URL.
    pub fn new_database(&self, name: &str) -> String {
        self.sql("postgres", &format!("CREATE DATABASE \"{name}\""));
        self.url(name)
    }

    /// Makes an empty schema, which is cheaper than a database and as good, and gives a URL that leads into it.
    pub fn new_schema(&self, name: &str) -> String {
        self.sql("postgres", &format!("CREATE SCHEMA \"{name}\""));
        format!("{}&options=-csearch_path%3D{name}", self.url("postgres"))
    }

    /// Carries out SQL in a database, and gives what it answers: fields separated by `|`, rows by line ends.
    pub fn sql(&self, database: &str, sql: &str) -> String {
        let mut command = self.program("psql");
        command.args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-U", "postgres", "-h"]);
        command
            .arg(self.folder())
            .args(["-p", &self.number().to_string(), "-d", database, "-c", sql]);
        succeed(&mut command).trim_end().to_owned()
    }

    fn program(&self, name: &str) -> Command {
        let mut command = Command::new(self.programs.join(name));
        command.current_dir(self.folder()).env("LC_ALL", "C");
        self.as_user(&mut command);
        command
    }

    fn as_user(&self, command: &mut Command) {
        if let Some((uid, gid)) = self.user {
            command.uid(uid).gid(gid);
        }
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
    }

    /// False where it ended again at once.
    fn try_to_start(&mut self) -> bool {
        if self.port.is_some() {
            self.port = Some(free_port());
        }
        let mut command = self.program("postgres");
        command.arg("-D").arg("data").arg("-k").arg(self.folder());
        let listen = if self.port.is_some() { "127.0.0.1" } else { "" };
        let port = self.number().to_string();
        command.args(["-c", &format!("listen_addresses={listen}"), "-p", &port]);
        for (name, value) in &self.settings {
            command.args(["-c", &format!("{name}={value}")]);
        }
        let data = self.data();
        self.daemon.start(command, |pid| is_ready(&data, pid))
    }

    /// Ends it in an orderly way: open connections are closed, nothing is lost.
    pub fn stop(&mut self) {
        self.daemon.end("-INT");
    }

    /// Kills all its processes at once.
    pub fn kill(&mut self) {
        self.daemon.kill();
    }

    /// Stops all its processes where they are: connections stay open and nothing answers.
    pub fn pause(&self) {
        self.daemon.pause();
    }

    /// Lets them go on.
    pub fn go_on(&self) {
        self.daemon.go_on();
    }

    /// Makes a standby the primary, and waits until it is.
    pub fn promote(&self) {
        self.sql("postgres", "SELECT pg_promote(true, 110)");
        assert_eq!(self.sql("postgres", "SELECT pg_is_in_recovery()"), "f");
    }

    /// Waits until the answer to a query is this one.
    pub fn wait_until(&self, query: &str, answer: &str) {
        let start = Instant::now();
        loop {
            let found = self.sql("postgres", query);
            if found == answer {
                return;
            }
            assert!(start.elapsed() < PATIENCE, "{query}: {found}, not {answer}");
            thread::sleep(Duration::from_millis(20));
        }
    }
}

/// Whether it lets in whoever comes, as it writes behind its process id.
fn is_ready(data: &Path, pid: u32) -> bool {
    let file = fs::read_to_string(data.join("postmaster.pid")).unwrap_or_default();
    let mut lines = file.lines().map(str::trim);
    // It may be the file of one that was killed.
    lines.next() == Some(&pid.to_string()) && lines.nth(6) == Some("ready")
}

/// One URL for several servers, to be tried in this order: a primary and its standbys.
pub fn url_of(servers: &[&Postgres], database: &str) -> String {
    let hosts: Vec<String> = servers.iter().map(|server| server.host()).collect();
    let ports: Vec<String> = servers.iter().map(|server| server.number().to_string()).collect();
    let (hosts, ports) = (hosts.join(","), ports.join(","));
    format!("postgresql://postgres@/{database}?host={hosts}&port={ports}")
}

/// The folder of the newest PostgreSQL's programs. `None`, after saying so, where there is none.
pub fn programs() -> Option<PathBuf> {
    let installed = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let newest = installed
        .map(|entry| entry.path().join("bin"))
        .filter(|bin| bin.join("postgres").exists())
        .max_by_key(|bin| {
            let version = bin.parent().and_then(Path::file_name).and_then(|name| name.to_str());
            version.and_then(|version| version.parse::<u32>().ok())
        });
    if newest.is_some() {
        return newest;
    }
    if !have("postgres") {
        return None;
    }
    let path = succeed(Command::new("sh").args(["-c", "command -v postgres"]));
    Path::new(path.trim()).parent().map(Path::to_owned)
}

/// PostgreSQL refuses to run as root: then its own user does, or nobody.
fn unprivileged_user() -> (u32, u32) {
    let users = fs::read_to_string("/etc/passwd").unwrap_or_default();
    let line = users.lines().find(|line| line.starts_with("postgres:"));
    let number = |field: usize| line.and_then(|line| line.split(':').nth(field)?.parse().ok());
    (number(2).unwrap_or(65534), number(3).unwrap_or(65534))
}
