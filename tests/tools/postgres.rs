//! A PostgreSQL server of a test's own, from the programs that are installed: its data lie in a folder of its own, it
//! listens at a socket there and nowhere else unless asked to, and both are gone when the test is, also if that dies.
#![cfg(unix)]

use super::{have, succeed};
use std::fs;
use std::io::Read;
use std::net::TcpListener;
use std::os::unix::fs::{chown, MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// Longer than a server takes to start or to end on the slowest machine.
const PATIENCE: Duration = Duration::from_secs(120);

/// The port in the name of the socket, which is in a folder of its own.
const PORT: u16 = 5432;

/// The server ends, and its folder is removed, when its standard input is closed: by [`Postgres`] or by the death of the
/// process that started it. Backends have process groups of their own, so they are found by their parent.
const GUARDIAN: &str = r#"
    read -r _
    cd "$1" || exit
    pid=$(head -n 1 data/postmaster.pid 2>/dev/null) && [ "$pid" -gt 1 ] && {
        kill -STOP "$pid"
        kill -KILL $(sed -n "s/^\([0-9]*\) (postgres) [A-Za-z] $pid .*/\1/p" /proc/[0-9]*/stat 2>/dev/null) "$pid"
    } 2>/dev/null
    cd / && until rm -rf "$1"; do sleep 0.1; done 2>/dev/null
"#;

/// A server and its folder. Dropping it kills the server and removes the folder.
pub struct Postgres {
    programs: PathBuf,
    folder: PathBuf,
    user: Option<(u32, u32)>,
    settings: Vec<(String, String)>,
    port: Option<u16>,
    server: Option<Child>,
    guardian: Child,
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
                .arg(&self.folder)
                .args(["-p", &self.number().to_string()])
                .arg("-D")
                .arg(data),
        );
        standby.start_again();
        standby
    }

    fn prepare(settings: &[(&str, &str)]) -> Option<Self> {
        let programs = programs()?;
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        // Short: the path of a socket has 107 bytes at most.
        let folder = std::env::temp_dir().join(format!("slk-pg-{}-{number}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir(&folder).unwrap();
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).unwrap();
        let user = (fs::metadata(&folder).unwrap().uid() == 0).then(unprivileged_user);
        if let Some((uid, gid)) = user {
            chown(&folder, Some(uid), Some(gid)).unwrap();
        }
        // Out of the group that a terminal would interrupt, and without the output that the test's caller waits for.
        let guardian = Command::new("sh")
            .args(["-c", GUARDIAN, "guardian"])
            .arg(&folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .unwrap();
        let mut server = Self {
            programs,
            folder,
            user,
            settings: Vec::new(),
            port: None,
            server: None,
            guardian,
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
        self.folder.to_str().unwrap().replace('/', "%2F")
    }

    /// The socket itself, for a proxy.
    pub fn socket(&self) -> PathBuf {
        self.folder.join(format!(".s.PGSQL.{}", self.number()))
    }

    /// The folder that is removed at the end, for files of the test.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    fn data(&self) -> PathBuf {
        self.folder.join("data")
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
            .arg(&self.folder)
            .args(["-p", &self.number().to_string(), "-d", database, "-c", sql]);
        succeed(&mut command).trim_end().to_owned()
    }

    fn program(&self, name: &str) -> Command {
        let mut command = Command::new(self.programs.join(name));
        command.current_dir(&self.folder).env("LC_ALL", "C");
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
        assert!(self.server.is_none(), "it runs");
        let start = Instant::now();
        while !self.try_to_start() {
            assert!(
                start.elapsed() < PATIENCE && self.port.is_some(),
                "the server does not start:\n{}",
                self.log()
            );
        }
    }

    /// False where it ended again at once.
    fn try_to_start(&mut self) -> bool {
        if self.port.is_some() {
            self.port = Some(free_port());
        }
        let log = fs::File::options()
            .create(true)
            .append(true)
            .open(self.folder.join("log"))
            .unwrap();
        let mut command = self.program("postgres");
        command.arg("-D").arg("data").arg("-k").arg(&self.folder);
        let listen = if self.port.is_some() { "127.0.0.1" } else { "" };
        let port = self.number().to_string();
        command.args(["-c", &format!("listen_addresses={listen}"), "-p", &port]);
        for (name, value) in &self.settings {
            command.args(["-c", &format!("{name}={value}")]);
        }
        command
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log);
        // No signal from a terminal: the guardian ends it.
        command.process_group(0);
        let mut server = command.spawn().unwrap();
        let start = Instant::now();
        let mut ended = false;
        while !ended && !self.is_ready(server.id()) {
            assert!(
                start.elapsed() < PATIENCE,
                "no server within {PATIENCE:?}:\n{}",
                self.log()
            );
            thread::sleep(Duration::from_millis(5));
            ended = server.try_wait().unwrap().is_some();
        }
        self.server = (!ended).then_some(server);
        !ended
    }

    /// Whether it lets in whoever comes, as it writes behind its process id.
    fn is_ready(&self, pid: u32) -> bool {
        let file = fs::read_to_string(self.data().join("postmaster.pid")).unwrap_or_default();
        let mut lines = file.lines().map(str::trim);
        // It may be the file of one that was killed.
        lines.next() == Some(&pid.to_string()) && lines.nth(6) == Some("ready")
    }

    /// What the server wrote into its log.
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.join("log")).unwrap_or_default()
    }

    fn pid(&self) -> u32 {
        self.server.as_ref().expect("it does not run").id()
    }

    /// The processes that it started.
    fn children(&self) -> Vec<u32> {
        let parent = self.pid().to_string();
        let processes = fs::read_dir("/proc").unwrap().flatten();
        processes
            .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
            .filter(|pid| state_and_parent(*pid).is_some_and(|(_, of)| of == parent))
            .collect()
    }

    /// Ends it in an orderly way: open connections are closed, nothing is lost.
    pub fn stop(&mut self) {
        let pid = self.pid().to_string();
        succeed(Command::new("kill").args(["-INT", &pid]));
        self.wait();
    }

    /// Kills all its processes at once.
    pub fn kill(&mut self) {
        // Stopped, it starts no more of them. In one call, so that none sees another end.
        stop(self.pid());
        let mut all = self.children();
        all.push(self.pid());
        signal("-KILL", &all);
        self.wait();
        // Their connections are closed when they are gone.
        let start = Instant::now();
        while all
            .iter()
            .any(|pid| state_and_parent(*pid).is_some_and(|(state, _)| state != "Z"))
        {
            assert!(start.elapsed() < PATIENCE, "its processes do not end");
            thread::sleep(Duration::from_millis(1));
        }
    }

    fn wait(&mut self) {
        let mut server = self.server.take().expect("it does not run");
        server.wait().unwrap();
    }

    /// Stops all its processes where they are: connections stay open and nothing answers.
    pub fn pause(&self) {
        stop(self.pid());
        for child in self.children() {
            stop(child);
        }
    }

    /// Lets them go on.
    pub fn go_on(&self) {
        let mut all = self.children();
        all.push(self.pid());
        signal("-CONT", &all);
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

impl Drop for Postgres {
    fn drop(&mut self) {
        // The end of its input.
        drop(self.guardian.stdin.take());
        let _ = self.guardian.wait();
        if let Some(mut server) = self.server.take() {
            let _ = server.wait();
        }
    }
}

/// Some of them may have ended by themselves.
fn signal(signal: &str, pids: &[u32]) {
    let pids = pids.iter().map(u32::to_string);
    let _ = Command::new("kill")
        .arg(signal)
        .args(pids)
        .stderr(Stdio::null())
        .status();
}

/// Stops a process and waits until it is, which takes it a moment if it runs.
fn stop(pid: u32) {
    signal("-STOP", &[pid]);
    let start = Instant::now();
    while state_and_parent(pid).is_some_and(|(state, _)| state != "T" && state != "Z") {
        assert!(start.elapsed() < PATIENCE, "process {pid} does not stop");
        thread::sleep(Duration::from_millis(1));
    }
}

/// What `/proc` says about a process, if there is one.
fn state_and_parent(pid: u32) -> Option<(String, String)> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // Behind the name, which is in parentheses.
    let mut fields = stat.rsplit(')').next()?.split_whitespace().map(str::to_owned);
    Some((fields.next()?, fields.next()?))
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

/// A port that nobody uses, below those that the system gives to whoever connects.
fn free_port() -> u16 {
    let mut random = [0; 2];
    loop {
        fs::File::open("/dev/urandom").unwrap().read_exact(&mut random).unwrap();
        let port = 15_000 + u16::from_le_bytes(random) % 15_000;
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}
