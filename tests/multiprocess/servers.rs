//! The game servers as processes: build, start, talk, pause, kill.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::Sender;
use std::time::{Duration, Instant};

const WARNINGS: [&str; 8] = [
    "-O1",
    "-g",
    "-Wall",
    "-Wextra",
    "-Wpedantic",
    "-Wconversion",
    "-Wshadow",
    "-Werror",
];

/// Compiles the example in C with the library that belongs to this test, and says where the program is.
pub fn build_game_server(compiler: &str, name: &str, more_flags: &[&str]) -> PathBuf {
    let mut command = Command::new(compiler);
    command.arg("-std=c11").args(WARNINGS).args(more_flags);
    command.args(sources("examples/game_server", "c"));
    build(command, name)
}

/// The same for the example in C++.
pub fn build_cpp_game_server(compiler: &str, name: &str) -> PathBuf {
    let mut command = Command::new(compiler);
    command
        .arg("-std=c++17")
        .args(WARNINGS)
        .arg("-I")
        .arg(root().join("bindings/cpp"));
    command.args(sources("examples/game_server_cpp", "cpp"));
    build(command, name)
}

/// The same for the example in C#, on CoreCLR. `None`, and words why, where the runtime cannot be had and need not be.
pub fn build_csharp_game_server(name: &str) -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let output = Command::new("bash")
        .arg(root().join("scripts/dotnet-game-server.sh"))
        .arg(library("libsessionlocker.so"))
        .arg(&folder)
        .output()
        .expect("bash is there");
    if output.status.success() {
        return Some(folder.join("game_server"));
    }
    let words = String::from_utf8_lossy(&output.stderr);
    let must = std::env::var_os("CI").is_some_and(|value| value == "true");
    assert!(!must, "the game server in C# does not build:\n{words}");
    eprintln!("skipped: the game server in C# does not build:\n{words}");
    None
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// cargo puts the libraries beside the tests that depend on them.
fn library(name: &str) -> PathBuf {
    std::env::current_exe()
        .expect("the test has a path")
        .with_file_name(name)
}

fn sources(folder: &str, extension: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(root().join(folder)).expect("the example is there");
    let files = entries.map(|entry| entry.expect("a folder that can be read").path());
    files
        .filter(|file| file.extension().is_some_and(|found| found == extension))
        .collect()
}

fn build(mut command: Command, name: &str) -> PathBuf {
    let program = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let output = command
        .arg("-I")
        .arg(root().join("include"))
        .arg(library("libsessionlocker.a"))
        .args(["-lpthread", "-ldl", "-lm", "-o"])
        .arg(&program)
        .output()
        .unwrap_or_else(|error| panic!("{command:?}: {error}; scripts/setup.sh says what to install"));
    let words = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{name} does not build:\n{words}");
    program
}

/// A line that a server sent, or none when the connection ended.
pub struct Message {
    pub server: usize,
    pub process: usize,
    pub line: Option<String>,
}

/// A game server to start.
#[derive(Clone)]
pub struct Program {
    pub path: PathBuf,
    /// The version of the game, and of its data, that it knows.
    pub version: u32,
}

/// How the servers are started.
pub struct Settings {
    /// One for each server. The first and the last of all to be asked is of the latest version.
    pub programs: Vec<Program>,
    pub folder: PathBuf,
    /// What the servers are told of their store: `--db <file>` or `--store <where>`.
    pub store: Vec<String>,
    pub lease: Duration,
}

/// One server id, with the processes that bear it one after the other.
pub struct Server {
    pub place: usize,
    pub id: String,
    /// The audit logs of all its processes so far.
    pub logs: Vec<PathBuf>,
    running: Option<Running>,
}

struct Running {
    child: Child,
    connection: TcpStream,
    paused: bool,
    /// Commands that were not answered yet.
    unanswered: usize,
}

/// Whoever asks faster than a server answers only makes a queue.
const MAX_UNANSWERED: usize = 50;

impl Server {
    pub fn new(place: usize, id: &str) -> Self {
        Self {
            place,
            id: id.to_owned(),
            logs: Vec::new(),
            running: None,
        }
    }

    /// The number of the current or latest process.
    pub fn process(&self) -> usize {
        self.logs.len()
    }

    pub fn is_up(&self) -> bool {
        self.running.as_ref().is_some_and(|running| !running.paused)
    }

    pub fn is_paused(&self) -> bool {
        self.running.as_ref().is_some_and(|running| running.paused)
    }

    /// Starts the next process. `predecessor_gone` vouches that the one before is dead.
    pub fn start(&mut self, settings: &Settings, predecessor_gone: bool, lines: &Sender<Message>) {
        assert!(self.running.is_none());
        let number = self.logs.len() + 1;
        let log = settings.folder.join(format!("{}-{number}.audit", self.id));
        let trouble = settings.folder.join(format!("{}-{number}.stderr", self.id));
        let program = &settings.programs[self.place];
        let mut command = Command::new(&program.path);
        command
            .args(["--game-version", &program.version.to_string()])
            .args(&settings.store)
            .args(["--server-id", &self.id, "--port", "0", "--autosave-ms", "2000"])
            .args(["--lease-ms", &settings.lease.as_millis().to_string()])
            .arg("--log")
            .arg(&log)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(File::create(&trouble).expect("the folder is writable"));
        if predecessor_gone {
            command.arg("--predecessor-gone");
        }
        let mut child = command.spawn().expect("the game server starts");
        self.logs.push(log);
        let port = read_port(&mut child).unwrap_or_else(|| {
            let text = std::fs::read_to_string(&trouble).unwrap_or_default();
            panic!("game server {} did not say its port: {text}", self.id)
        });
        let connection = TcpStream::connect(("127.0.0.1", port)).expect("the game server listens");
        connection.set_nodelay(true).expect("a socket option");
        connection
            .set_write_timeout(Some(Duration::from_secs(20)))
            .expect("a socket option");
        forward_lines(
            connection.try_clone().expect("a second handle"),
            self.place,
            number,
            lines.clone(),
        );
        self.running = Some(Running {
            child,
            connection,
            paused: false,
            unanswered: 0,
        });
    }

    /// Sends a line. That the process may be dead by now is part of the game.
    pub fn send(&mut self, line: &str) {
        if let Some(running) = &mut self.running {
            let _ = running.connection.write_all(format!("{line}\n").as_bytes());
            // A save is answered when it is durable, which may be never.
            running.unanswered += usize::from(!line.starts_with("save "));
        }
    }

    /// Whether it keeps up with what it is asked.
    pub fn keeps_up(&self) -> bool {
        self.running
            .as_ref()
            .is_some_and(|running| running.unanswered < MAX_UNANSWERED)
    }

    /// A line came from the current process.
    pub fn heard(&mut self, line: &str) {
        let is_answer = line.starts_with("ok ") || line.starts_with("error ");
        let of_save = line.starts_with("ok save ") || line.starts_with("error save ");
        if let (Some(running), true) = (&mut self.running, is_answer && !of_save) {
            running.unanswered = running.unanswered.saturating_sub(1);
        }
    }

    /// `kill -9`.
    pub fn kill(&mut self) {
        if let Some(mut running) = self.running.take() {
            running.child.kill().expect("a process of ours");
            running.child.wait().expect("a process of ours");
        }
    }

    /// Stops the process in its tracks, as a suspended machine or a long garbage collection would.
    pub fn pause(&mut self) {
        self.signal("-STOP");
        self.running.as_mut().expect("is running").paused = true;
    }

    pub fn resume(&mut self) {
        self.signal("-CONT");
        self.running.as_mut().expect("is running").paused = false;
    }

    fn signal(&self, signal: &str) {
        let pid = self.running.as_ref().expect("is running").child.id().to_string();
        let status = Command::new("kill")
            .args([signal, &pid])
            .status()
            .expect("kill is part of every system");
        assert!(status.success(), "kill {signal} {pid}");
    }

    /// Asks for an orderly end and waits for it.
    pub fn shut_down(&mut self, limit: Duration) {
        self.send("shutdown");
        let mut running = self.running.take().expect("is running");
        let deadline = Instant::now() + limit;
        loop {
            if let Some(status) = running.child.try_wait().expect("a process of ours") {
                assert!(status.success(), "game server {} ended with {status}", self.id);
                return;
            }
            if Instant::now() > deadline {
                let _ = running.child.kill();
                panic!("game server {} did not shut down within {limit:?}", self.id);
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(mut running) = self.running.take() {
            let _ = running.child.kill();
            let _ = running.child.wait();
        }
    }
}

/// The first line of the program says where it listens; the rest of its output is drained, so that it never blocks.
fn read_port(child: &mut Child) -> Option<u16> {
    let mut output = BufReader::new(child.stdout.take()?);
    let mut line = String::new();
    output.read_line(&mut line).ok()?;
    let port = line.trim().rsplit(':').next()?.parse().ok();
    std::thread::spawn(move || {
        let _ = output.read_to_string(&mut String::new());
    });
    port
}

fn forward_lines(connection: TcpStream, server: usize, process: usize, lines: Sender<Message>) {
    std::thread::spawn(move || {
        for line in BufReader::new(connection).lines() {
            let Ok(line) = line else { break };
            if lines
                .send(Message {
                    server,
                    process,
                    line: Some(line),
                })
                .is_err()
            {
                return;
            }
        }
        let _ = lines.send(Message {
            server,
            process,
            line: None,
        });
    });
}
