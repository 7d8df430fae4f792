//! What a call through the boundary takes from C, and from C# under CoreCLR and Mono: an empty one, which asks whether a
//! session is available, and one that adds to a number.
//!
//! `cargo bench --bench calls` measures, prints, and writes its part of `docs/performance.md`. `-- --quick` measures little
//! and writes nothing. A runtime that cannot be had is left out.

#[path = "../common/chart.rs"]
#[allow(dead_code, reason = "nothing is drawn here")]
mod chart;
#[path = "../../tests/csharp/dotnet.rs"]
#[allow(dead_code, reason = "the tests of the binding need more of it")]
mod dotnet;
#[path = "../common/page.rs"]
#[allow(dead_code, reason = "the other benches need more of it")]
mod page;

use dotnet::{add_library, build, fresh_folder, root, run, succeed, Runtime};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Each program is started so often, in turn with the others.
const TURNS: usize = 5;
const ROUNDS: usize = 9;

/// Who calls, and how it is run.
struct Caller {
    name: &'static str,
    command: Box<dyn Fn() -> Command>,
    asked: Vec<f64>,
    added: Vec<f64>,
}

impl Caller {
    fn new(name: &'static str, command: impl Fn() -> Command + 'static) -> Self {
        Self {
            name,
            command: Box::new(command),
            asked: Vec::new(),
            added: Vec::new(),
        }
    }

    fn measure(&mut self, rounds: usize) {
        let said = succeed((self.command)().arg(rounds.to_string()));
        for line in said.lines() {
            let (asked, added) = line.split_once(' ').expect("two numbers");
            self.asked.push(asked.parse().expect("a number"));
            self.added.push(added.parse().expect("a number"));
        }
    }
}

fn main() {
    let asked = page::asked();
    let (turns, rounds) = if asked.is_quick { (1, 3) } else { (TURNS, ROUNDS) };
    let parts: [(&str, page::Measure<'_>); 1] = [("A call", &|_| measure(turns, rounds))];
    page::run("cargo bench --bench calls", &asked, &parts);
}

fn measure(turns: usize, rounds: usize) -> String {
    let mut callers = callers();
    for _ in 0..turns {
        callers.iter_mut().for_each(|caller| caller.measure(rounds));
    }
    table(&callers, turns * rounds)
}

fn callers() -> Vec<Caller> {
    let c = build_c();
    let mut callers = vec![Caller::new("C", move || Command::new(&c))];
    if dotnet::is_there() {
        let runtimes = [("C# on CoreCLR 8", Runtime::CoreClr8), ("C# on Mono", Runtime::Mono)];
        for (name, runtime) in runtimes {
            let program = build_csharp(runtime);
            callers.push(Caller::new(name, move || run(runtime, &program)));
        }
    }
    callers
}

fn build_c() -> PathBuf {
    let folder = fresh_folder("calls-c");
    add_library(&folder);
    let program = folder.join("calls");
    std::os::unix::fs::symlink("libsessionlocker.so", folder.join("libsessionlocker.so.1"))
        .expect("a link can be made");
    let mut command = Command::new("cc");
    command.args(["-std=c11", "-O2", "-Wall", "-Wextra", "-Werror"]);
    command.arg(format!("-I{}", root().join("include").display()));
    command.arg(root().join("benches/calls/calls.c"));
    command
        .arg(folder.join("libsessionlocker.so"))
        .arg("-Wl,-rpath,$ORIGIN");
    succeed(command.arg("-o").arg(&program));
    program
}

fn build_csharp(runtime: Runtime) -> PathBuf {
    let name = if runtime == Runtime::Mono { "mono" } else { "coreclr" };
    let folder = fresh_folder(&format!("calls-{name}"));
    add_library(&folder);
    build(
        runtime,
        &folder,
        "Calls.exe",
        Path::new(&root().join("benches/calls/csharp")),
    )
}

fn table(callers: &[Caller], rounds: usize) -> String {
    let mut text = format!(
        "Nanoseconds of one call on the memory store with the system's clock, each program started in turn: medians of \
         {rounds} rounds, and the middle half.\n\n| from | `slk_locker_is_available` | to C | `slk_locker_add_i64` | to C |\n\
         |---|---|---|---|---|\n"
    );
    let middle = |values: &[f64]| page::median(values.to_vec());
    let (c_asked, c_added) = (middle(&callers[0].asked), middle(&callers[0].added));
    for caller in callers {
        let (asked, added) = (middle(&caller.asked), middle(&caller.added));
        let _ = writeln!(
            text,
            "| {} | {} | {:.2} | {} | {:.2} |",
            caller.name,
            page::spread(asked, 1),
            asked.0 / c_asked.0,
            page::spread(added, 1),
            added.0 / c_added.0
        );
    }
    text
}
