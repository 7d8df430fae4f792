//! A server that is stopped past its lease while another takes its player over.

use crate::programs::{Folder, Kind, Run, DONE};
use crate::promises::{check, compare, Promises};
use crate::report;
use crate::tools::have;
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdout};

/// A process that is talked to while it runs.
struct Server {
    child: Child,
    output: BufReader<ChildStdout>,
    lines: Vec<String>,
}

impl Server {
    fn start(run: Run<'_>) -> Self {
        let mut child = run.start();
        let output = BufReader::new(child.stdout.take().expect("its output is a pipe"));
        Self {
            child,
            output,
            lines: Vec::new(),
        }
    }

    fn wait_until_ready(&mut self) {
        while self.lines.last().is_none_or(|line| line != "ready") {
            let mut line = String::new();
            let read = self.output.read_line(&mut line).expect("its output can be read");
            assert!(read > 0, "it ended: {:?}", self.lines);
            self.lines.push(line.trim_end().to_owned());
        }
    }

    fn signal(&self, signal: i32) {
        let process = i32::try_from(self.child.id()).expect("a process number");
        // SAFETY: sends a signal to a child that nobody has waited for, so the number is still its own.
        let result = unsafe { libc::kill(process, signal) };
        assert_eq!(result, 0, "signal {signal}");
    }

    /// Lets it go on, and waits for its end.
    fn end(mut self) -> Vec<String> {
        let mut input = self.child.stdin.take().expect("its input is a pipe");
        input.write_all(b"\n").expect("it reads its input");
        drop(input);
        let (mut rest, mut errors) = (String::new(), String::new());
        self.output.read_to_string(&mut rest).expect("its output can be read");
        let mut stderr = self.child.stderr.take().expect("its errors are a pipe");
        stderr.read_to_string(&mut errors).expect("its errors can be read");
        self.lines.extend(rest.lines().map(str::to_owned));
        let status = self.child.wait().expect("it ends");
        assert_eq!(status.code(), Some(DONE), "{:?}\n{errors}", self.lines);
        self.lines
    }
}

fn position(lines: &[String], wanted: &str) -> usize {
    let found = lines.iter().position(|line| line.starts_with(wanted));
    found.unwrap_or_else(|| panic!("nobody said {wanted}: {lines:?}"))
}

/// The first has saved one change and made another. Stopped, it loses the player; going on, it does not take itself for
/// the owner, is told what is lost, and writes nothing.
fn stopped_past_its_lease(kind: Kind) {
    let folder = Folder::new("stopped");
    let mut first = Server::start(Run::plain(kind, folder.path(), &["hold"]));
    first.wait_until_ready();
    first.signal(libc::SIGSTOP);
    let mut second = Server::start(Run::plain(kind, folder.path(), &["take"]));
    second.wait_until_ready();
    first.signal(libc::SIGCONT);
    let first = first.end();
    let second = second.end();

    assert_eq!(first[position(&first, "available") + 1], "ready");
    assert_eq!(first[position(&first, "ready") + 1], "available 0", "{first:?}");
    assert!(position(&first, "lost p0 1 1") > position(&first, "saved p0 1 1"));
    let mut promises = Promises::default();
    promises.learn(first.iter().map(String::as_str));
    let found = compare(&mut promises, &second).expect("the second finds what the first was promised");
    assert_eq!((found.saves, found.losses), (2, 1));
    check(kind, &folder, &mut promises).expect("a third finds what both were promised");
    report(
        &format!("disk-stopped-{kind:?}").to_lowercase(),
        "a stopped server lost its player, knew it, and was told what was lost",
    );
}

#[test]
fn a_stopped_server_finds_out_on_sqlite() {
    if have("gcc") {
        stopped_past_its_lease(Kind::Sqlite);
    }
}

#[test]
fn a_stopped_server_finds_out_on_files() {
    if have("gcc") {
        stopped_past_its_lease(Kind::Files);
    }
}
