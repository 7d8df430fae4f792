//! The C++ binding: the programs in `tests/cpp`, compiled by each compiler and standard, with and without exceptions, with
//! all warnings as errors, and under AddressSanitizer and UndefinedBehaviorSanitizer; and the quickstart of its README as
//! it stands there.
//!
//! Without a compiler the tests that need it say so and pass, except where nothing may be skipped (CI=true).

#![cfg(unix)]

mod pages;
mod tools;

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;
use tools::{have, library, root, succeed};

const WARNINGS: &[&str] = &["-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wshadow", "-Werror"];

/// What the static library needs from the system.
const SYSTEM_LIBRARIES: &[&str] = &["-lpthread", "-ldl", "-lm"];

const SANITIZERS: &[&str] = &[
    "-g1",
    "-fsanitize=address,undefined",
    "-fno-sanitize-recover=all",
    "-fno-omit-frame-pointer",
];

/// As `have`, for the header of nlohmann/json.
fn have_nlohmann_json() -> bool {
    let found = Path::new("/usr/include/nlohmann/json.hpp").exists();
    let must = std::env::var_os("CI").is_some_and(|value| value == "true");
    assert!(found || !must, "nlohmann/json is missing");
    if !found {
        eprintln!("skipped: nlohmann/json is missing");
    }
    found
}

fn workplace(name: &str) -> PathBuf {
    let place = Path::new(env!("CARGO_TARGET_TMPDIR")).join("bindings_cpp").join(name);
    std::fs::create_dir_all(&place).expect("the directory can be made");
    place
}

/// A compiler with its warnings, the header and the binding. `flags` come last.
fn compiler(name: &str, flags: &[&str]) -> Command {
    let mut command = Command::new(name);
    command.args(WARNINGS);
    command.arg("-I").arg(root().join("include"));
    command.arg("-I").arg(root().join("bindings/cpp"));
    command.args(flags);
    command
}

fn build(name: &str, flags: &[&str], sources: &[PathBuf], place: &Path) -> PathBuf {
    let program = place.join("program");
    let mut command = compiler(name, flags);
    command.args(sources).arg("-o").arg(&program);
    command.arg(library("libsessionlocker.a")).args(SYSTEM_LIBRARIES);
    succeed(&mut command);
    program
}

fn run_in(program: &Path, place: &Path) -> String {
    succeed(Command::new(program).current_dir(place))
}

/// Compiles all tests in `tests/cpp` with these flags, and runs them.
fn play(compiler: &str, flags: &[&str]) {
    if !have(compiler) {
        return;
    }
    let place = workplace(&format!("{compiler}{}", flags.concat().replace(['=', ','], "-")));
    let sources = ["all.cpp", "second.cpp"].map(|file| root().join("tests/cpp").join(file));
    let program = build(compiler, flags, &sources, &place);
    print!("{}", run_in(&program, &place));
}

/// Only looks for errors and warnings: what runs is the same as under the other flags.
fn look_over(compiler_name: &str, flags: &[&str]) {
    if have(compiler_name) {
        let source = root().join("tests/cpp/all.cpp");
        succeed(compiler(compiler_name, flags).arg("-fsyntax-only").arg(source));
    }
}

#[test]
fn gcc_cpp20_with_coroutines_under_sanitizers() {
    play("g++", &[&["-std=c++20"], SANITIZERS].concat());
}

#[test]
fn gcc_cpp17_without_exceptions_under_sanitizers() {
    play(
        "g++",
        &[&["-std=c++17", "-fno-exceptions", "-fno-rtti"], SANITIZERS].concat(),
    );
}

#[test]
fn clang_cpp17_under_sanitizers() {
    play("clang++", &[&["-std=c++17"], SANITIZERS].concat());
}

#[test]
fn clang_cpp20_without_exceptions_under_sanitizers() {
    play("clang++", &[&["-std=c++20", "-fno-exceptions"], SANITIZERS].concat());
}

#[test]
fn the_other_standards_compile_without_a_warning() {
    look_over("g++", &["-std=c++17"]);
    look_over("g++", &["-std=c++20", "-fno-exceptions"]);
    look_over("clang++", &["-std=c++17", "-fno-exceptions", "-fno-rtti"]);
    look_over("clang++", &["-std=c++20"]);
}

/// Each part can be included alone, and the whole with the newest standard that the compilers know.
#[test]
fn each_header_stands_alone() {
    let place = workplace("alone");
    let source = place.join("alone.cpp");
    for (name, standard) in [("g++", "-std=c++23"), ("clang++", "-std=c++2b")] {
        if have(name) {
            std::fs::write(&source, "#include <sessionlocker.hpp>\n").expect("the file can be written");
            succeed(compiler(name, &[standard, "-fsyntax-only"]).arg(&source));
        }
    }
    if !have("g++") {
        return;
    }
    for file in files_with("bindings/cpp/sessionlocker", "hpp") {
        let header = file.file_name().expect("a name").to_string_lossy().into_owned();
        if header == "nlohmann.hpp" && !have_nlohmann_json() {
            continue;
        }
        std::fs::write(&source, format!("#include <sessionlocker/{header}>\n")).expect("the file can be written");
        succeed(compiler("g++", &["-std=c++17", "-fsyntax-only"]).arg(&source));
    }
}

const OTHER_ABI: &str = r#"
#include <sessionlocker.hpp>

#include <cstdio>

int main() {
    const auto store = slk::store::open_memory();
    const auto engine = slk::engine::create();
    const auto document = slk::document::from_json("{}");
    const bool told = store.code() == slk::result_code::abi && engine.code() == slk::result_code::abi &&
                      document.code() == slk::result_code::abi;
    std::puts(store.error().text.c_str());
    return told ? 0 : 1;
}
"#;

/// A program that was compiled with the header of another release is told so wherever it begins.
#[test]
fn another_binary_interface_is_a_clear_failure() {
    if !have("g++") {
        return;
    }
    let place = workplace("abi");
    let header = std::fs::read_to_string(root().join("include/sessionlocker.h")).expect("the header");
    let other = header.replace("#define SLK_ABI_VERSION 1\n", "#define SLK_ABI_VERSION 77\n");
    assert_ne!(header, other);
    std::fs::write(place.join("sessionlocker.h"), other).expect("the file can be written");
    std::fs::write(place.join("abi.cpp"), OTHER_ABI).expect("the file can be written");
    let flags = ["-std=c++17", "-I", &place.to_string_lossy()];
    let mut command = Command::new("g++");
    command.args(flags).arg("-I").arg(root().join("bindings/cpp"));
    command.arg(place.join("abi.cpp")).arg("-o").arg(place.join("program"));
    command.arg(library("libsessionlocker.a")).args(SYSTEM_LIBRARIES);
    succeed(&mut command);
    let told = run_in(&place.join("program"), &place);
    for words in ["binary interface 77", "binary interface 1)", "0.1.0"] {
        assert!(told.contains(words), "{told}");
    }
}

/// Also with the shared library, found where the loader looks for its soname.
#[test]
fn the_shared_library_serves() {
    if !have("g++") {
        return;
    }
    let place = workplace("shared");
    let soname = place.join("libsessionlocker.so.1");
    let _ = std::fs::remove_file(&soname);
    std::os::unix::fs::symlink(library("libsessionlocker.so"), &soname).expect("the link can be made");
    let program = place.join("program");
    let mut command = compiler("g++", &["-std=c++17"]);
    command.arg("-DALONE").arg(root().join("tests/cpp/second.cpp"));
    command.arg(&soname).arg(format!("-Wl,-rpath,{}", place.display()));
    succeed(command.arg("-lpthread").arg("-o").arg(&program));
    run_in(&program, &place);
}

/// A game server of the examples, and a connection to it.
struct Server {
    child: std::process::Child,
    lines: BufReader<TcpStream>,
    /// What it said of its own accord and nobody has asked for yet.
    told: Vec<String>,
}

impl Server {
    fn start(program: &Path, folder: &Path, store: &[&str], id: &str) -> Self {
        let mut child = Command::new(program)
            .args(store)
            .args(["--server-id", id, "--lease-ms", "3000", "--port", "0"])
            .arg("--log")
            .arg(folder.join(format!("{id}.audit")))
            .current_dir(folder)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the game server starts");
        let mut line = String::new();
        let mut output = BufReader::new(child.stdout.take().expect("a pipe"));
        output.read_line(&mut line).expect("it says where it listens");
        let port = line.trim().rsplit(':').next().and_then(|port| port.parse().ok());
        let connection = TcpStream::connect(("127.0.0.1", port.expect("a port"))).expect("it listens");
        connection
            .set_read_timeout(Some(Duration::from_secs(60)))
            .expect("a socket option");
        let lines = BufReader::new(connection);
        let told = Vec::new();
        Self { child, lines, told }
    }

    /// Says a line, and reads on to the line that begins with `answer`.
    fn ask(&mut self, line: &str, answer: &str) -> String {
        writeln!(self.lines.get_mut(), "{line}").expect("it listens");
        self.hear(answer)
    }

    /// The next line that begins with `answer`. News (`* …`) may come before the answer to a line that was said earlier.
    fn hear(&mut self, answer: &str) -> String {
        if let Some(at) = self.told.iter().position(|line| line.starts_with(answer)) {
            return self.told.remove(at);
        }
        loop {
            let mut line = String::new();
            let size = self.lines.read_line(&mut line).unwrap_or(0);
            assert!(size > 0, "no answer `{answer}` came, but: {:#?}", self.told);
            if line.starts_with(answer) {
                return line.trim().to_owned();
            }
            if line.starts_with("* ") {
                self.told.push(line.trim().to_owned());
            }
        }
    }

    fn shut_down(mut self) {
        self.ask("shutdown", "ok shutdown");
        assert!(self.child.wait().expect("it ends").success());
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn files_with(folder: &str, extension: &str) -> Vec<PathBuf> {
    let folder = std::fs::read_dir(root().join(folder)).expect("the example");
    let files = folder.flatten().map(|entry| entry.path());
    files
        .filter(|file| file.extension().is_some_and(|is| is == extension))
        .collect()
}

/// A player moves from the C server to the one in C++ and back, on one store, and keeps everything.
fn move_between(c_server: &Path, cpp_server: &Path, name: &str, store: &[&str]) {
    let folder = workplace(name);
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).expect("the directory can be made");
    let mut c = Server::start(c_server, &folder, store, "in-c");
    let mut cpp = Server::start(cpp_server, &folder, store, "in-cpp");
    c.ask("join ann", "* loaded ann gold 0 ops 0");
    c.ask("earn ann 5", "ok earn ann gold 5");
    c.ask("buy ann gold100 r1", "* granted ann r1");
    cpp.ask("join ann", "* loaded ann gold 105 ops 2");
    c.hear("* handed-over ann");
    cpp.ask("buy ann gold100 r1", "* granted-again ann r1");
    cpp.ask("buy ann vip r2", "* granted ann r2");
    cpp.ask("buy ann vip r3", "* credited ann r3");
    cpp.ask("buy ann sword r4", "* not-processed ann r4");
    cpp.ask("spend ann 1000", "error spend ann: has only 105 gold");
    cpp.ask("spend ann 100", "ok spend ann gold 5");
    cpp.ask("save ann", "ok save ann change");
    c.ask("join ann", "* loaded ann gold 5 ops 4");
    cpp.hear("* handed-over ann");
    let shown = c.ask("show ann", "ok show ann");
    let expected = "ok show ann gold 5 ops 4 vip yes credit 1 receipts r1,r2 gifts 0 mail 0";
    assert_eq!(shown, expected);
    assert!(cpp.ask("help", "ok help") == c.ask("help", "ok help"));
    c.shut_down();
    cpp.ask("join ann", "* loaded ann gold 5 ops 4");
    cpp.shut_down();
}

/// What the second version of the game does with a player of the first one.
fn give_and_take(server: &Path) {
    let folder = workplace("servers-versions");
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).expect("the directory can be made");
    let mut old = Server::start(server, &folder, &["--db", "players.db", "--game-version", "1"], "old");
    old.ask("join ann", "* loaded ann gold 0 ops 0");
    old.ask("earn ann 500", "ok earn ann gold 500");
    old.shut_down();
    let mut new = Server::start(server, &folder, &["--db", "players.db"], "new");
    new.ask("join ann", "ok join ann");
    new.ask("earn ann 7", "ok earn ann gold 7");
    new.hear("* migrated ann from 1 to 2");
    new.hear("* loaded ann gold 507 ops 2");
    new.ask("join bob", "* loaded bob gold 0 ops 0");
    new.ask("gift ann bob 100", "ok gift ann bob gold 407 change ");
    new.ask("gift ann bob 1000", "error gift ann: has only 407 gold");
    new.ask("save ann", "ok save ann");
    new.ask("save bob", "* gift bob from player/ann");
    new.ask("gift ann nobody 7", "ok gift ann nobody gold 400");
    new.ask("save ann", "* gift ann from player/ann");
    new.ask("mail bob hello", "* mail-sent bob");
    new.hear("* mail bob from new");
    new.ask("redeem ann vip", "* not-redeemed ann vip: ");
    new.ask("buy ann vip r1", "* granted ann r1");
    new.ask("buy ann vip r2", "* credited ann r2");
    new.ask("refund ann vip r1", "* refunded ann r1");
    new.ask("refund ann vip r1", "* refunded-again ann r1");
    new.ask("redeem ann vip", "* redeemed ann vip");
    let shown = new.ask("show bob", "ok show bob");
    assert_eq!(
        shown,
        "ok show bob gold 100 ops 1 vip no credit 0 receipts - gifts 1 mail 1"
    );
    new.ask("show ann", "ok show ann gold 407 ");
    new.shut_down();
}

#[test]
fn players_move_between_the_servers_in_c_and_cpp() {
    if !have("g++") || !have("gcc") {
        return;
    }
    let place = workplace("servers");
    let cpp = build(
        "g++",
        &["-std=c++17"],
        &files_with("examples/game_server_cpp", "cpp"),
        &place,
    );
    let c = place.join("in-c");
    let mut gcc = Command::new("gcc");
    gcc.args(["-std=c11", "-I"]).arg(root().join("include"));
    gcc.args(files_with("examples/game_server", "c")).arg("-o").arg(&c);
    succeed(gcc.arg(library("libsessionlocker.a")).args(SYSTEM_LIBRARIES));
    move_between(&c, &cpp, "servers-sqlite", &["--db", "players.db"]);
    move_between(&c, &cpp, "servers-files", &["--store", "files:records"]);
    give_and_take(&cpp);
    if have("clang++") {
        for source in files_with("examples/game_server_cpp", "cpp") {
            succeed(compiler("clang++", &["-std=c++20", "-fsyntax-only"]).arg(source));
        }
    }
}

/// Runs a program on a new database.
fn play_quickstart(place: &Path, program: &Path) {
    let _ = std::fs::remove_file(place.join("players.db"));
    assert_eq!(run_in(program, place), "player 42 has 1 gold\nsaved\n");
}

fn quickstart(page: &str, name: &str, flags: &[&str]) {
    if !have(name) {
        return;
    }
    let place = workplace(&format!("{}-{name}", page.replace('/', "-")));
    let source = place.join("quickstart.cpp");
    std::fs::write(&source, pages::first_block(&pages::page(page), "cpp")).expect("the file can be written");
    play_quickstart(&place, &build(name, flags, &[source], &place));
}

#[test]
fn the_quickstart_of_the_readme_runs_as_it_stands() {
    quickstart("README.md", "g++", &["-std=c++17"]);
    quickstart("README.md", "clang++", &["-std=c++20"]);
}

#[test]
fn the_programs_side_by_side_run_as_they_stand() {
    quickstart("docs/bindings.md", "g++", &["-std=c++17"]);
    if !have("gcc") {
        return;
    }
    let text = pages::page("docs/bindings.md");
    let place = workplace("side-by-side-c");
    let (source, program) = (place.join("quickstart.c"), place.join("program"));
    std::fs::write(&source, pages::first_block(&text, "c")).expect("the file can be written");
    let mut gcc = Command::new("gcc");
    gcc.args(["-std=c11", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-I"]);
    gcc.arg(root().join("include")).arg(&source).arg("-o").arg(&program);
    succeed(gcc.arg(library("libsessionlocker.a")).args(SYSTEM_LIBRARIES));
    play_quickstart(&place, &program);
}

#[test]
fn the_example_of_typed_data_runs() {
    if !have("g++") || !have_nlohmann_json() {
        return;
    }
    let place = workplace("typed-data");
    let sources = files_with("examples/cpp", "cpp");
    let told = run_in(&build("g++", &["-std=c++17"], &sources, &place), &place);
    assert!(
        told.starts_with("1 sword\n20 arrow\n5 gold\nSLK_E_WRONG_TYPE: "),
        "{told}"
    );
}
