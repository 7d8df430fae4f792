//! A server process of a test's own: it has a folder of its own, and both are gone when the test is, also if that dies.
#![cfg(unix)]

use std::fs;
use std::io::Read;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// Longer than a server takes to start or to end on the slowest machine.
pub const PATIENCE: Duration = Duration::from_secs(120);

/// The server ends, and its folder is removed, when its standard input is closed: by [`Daemon`] or by the death of the
/// process that started it. What the server started may have process groups of its own, and is found by its parent.
const GUARDIAN: &str = r#"
    read -r _
    cd "$1" || exit
    pid=$(head -n 1 "$2" 2>/dev/null) && [ "$pid" -gt 1 ] && {
        kill -STOP "$pid"
        kill -KILL $(sed -n "s/^\([0-9]*\) (.*) [A-Za-z] $pid .*/\1/p" /proc/[0-9]*/stat 2>/dev/null) "$pid"
    } 2>/dev/null
    cd / && until rm -rf "$1"; do sleep 0.1; done 2>/dev/null
"#;

/// A folder, and the server in it while one runs. Dropping it kills the server and removes the folder.
pub struct Daemon {
    folder: PathBuf,
    server: Option<Child>,
    guardian: Child,
}

impl Daemon {
    /// A new, empty folder. The server that will run there writes its process id into a file of it.
    pub fn prepare(name: &str, pid_file: &str) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        // Short: the path of a socket has 107 bytes at most.
        let folder = std::env::temp_dir().join(format!("slk-{name}-{}-{number}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir(&folder).unwrap();
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).unwrap();
        // Out of the group that a terminal would interrupt, and without the output that the test's caller waits for.
        let guardian = Command::new("sh")
            .args(["-c", GUARDIAN, "guardian"])
            .arg(&folder)
            .arg(pid_file)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .unwrap();
        Self {
            folder,
            server: None,
            guardian,
        }
    }

    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Starts the server and waits until it is ready. False where it ended again at once.
    pub fn start(&mut self, mut command: Command, is_ready: impl Fn(u32) -> bool) -> bool {
        assert!(self.server.is_none(), "it runs");
        let log = fs::File::options()
            .create(true)
            .append(true)
            .open(self.folder.join("log"))
            .unwrap();
        command
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log);
        // No signal from a terminal: the guardian ends it.
        command.process_group(0);
        let mut server = command.spawn().unwrap();
        let start = Instant::now();
        let mut ended = false;
        while !ended && !is_ready(server.id()) {
            let waited = start.elapsed();
            assert!(waited < PATIENCE, "no server within {PATIENCE:?}:\n{}", self.log());
            thread::sleep(Duration::from_millis(5));
            ended = server.try_wait().unwrap().is_some();
        }
        self.server = (!ended).then_some(server);
        !ended
    }

    /// What the server wrote into its log.
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.join("log")).unwrap_or_default()
    }

    pub fn pid(&self) -> u32 {
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

    /// Asks it to end by a signal, and waits.
    pub fn end(&mut self, by: &str) {
        signal(by, &[self.pid()]);
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
}

impl Drop for Daemon {
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

/// A port that nobody uses, below those that the system gives to whoever connects.
pub fn free_port() -> u16 {
    let mut random = [0; 2];
    loop {
        fs::File::open("/dev/urandom").unwrap().read_exact(&mut random).unwrap();
        let port = 15_000 + u16::from_le_bytes(random) % 15_000;
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

/// Waits until it is so.
pub fn wait_until(what: &str, is_so: impl Fn() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < PATIENCE, "{what} did not come within {PATIENCE:?}");
        thread::sleep(Duration::from_millis(20));
    }
}
