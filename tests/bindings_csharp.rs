//! The C# binding on every runtime: its test program in `tests/csharp`, and what it says where the native library is
//! missing or does not fit.
//!
//! Where C# cannot be run the tests say so and pass, except where nothing may be skipped (CI=true).

#![cfg(all(target_os = "linux", target_arch = "x86_64"))]

#[path = "csharp/dotnet.rs"]
mod dotnet;

use dotnet::Runtime;
use std::io::Write as _;
use std::path::Path;
use std::process::Command;
use std::sync::{Mutex, PoisonError};

/// One program at a time: they measure, and the machine may be small.
static TURN: Mutex<()> = Mutex::new(());

/// The test program must have at least this many tests, so that none gets lost unseen.
const LEAST_TESTS: u32 = 115;

/// Runs the test program. `sessions` is how many the test of leaks plays.
fn all_tests_pass(runtime: Runtime, name: &str, sessions: u32) {
    if !dotnet::is_there() {
        return;
    }
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let folder = dotnet::fresh_folder(name);
    let program = dotnet::build_tests(runtime, &folder);
    dotnet::add_library(&folder);
    let mut command = dotnet::run(runtime, &program);
    let text = dotnet::succeed(command.args(["--sessions", &sessions.to_string()]));
    let last = text.lines().last().unwrap_or_default();
    let passed = last
        .strip_suffix(" passed, 0 failed")
        .and_then(|count| count.parse::<u32>().ok());
    assert!(passed.is_some_and(|count| count >= LEAST_TESTS), "{name}:\n{text}");
    note(&format!("{name}: {last}"));
    for line in text.lines().filter(|line| line.starts_with("leaks: ")) {
        note(&format!("{name}: {line}"));
    }
}

/// Leaves a figure for the report of the whole run.
fn note(line: &str) {
    println!("{line}");
    let Some(folder) = std::env::var_os("FIGURES_DIR") else {
        return;
    };
    let file = std::fs::File::options()
        .create(true)
        .append(true)
        .open(Path::new(&folder).join("csharp"));
    writeln!(file.expect("the figures can be written"), "{line}").expect("the figures can be written");
}

#[test]
fn core_clr_8() {
    all_tests_pass(Runtime::CoreClr8, "coreclr-8", 100_000);
}

#[test]
fn core_clr_3_1() {
    all_tests_pass(Runtime::CoreClr3, "coreclr-3.1", 10_000);
}

#[test]
fn mono() {
    all_tests_pass(Runtime::Mono, "mono", 5_000);
}

#[test]
fn mono_ahead_of_time() {
    all_tests_pass(Runtime::MonoAheadOfTime, "mono-aot", 5_000);
}

/// Builds a library of the right name out of a few lines of C.
fn fake_library(folder: &Path, source: &str) {
    let file = folder.join("fake.c");
    std::fs::write(&file, source).expect("the file can be written");
    let mut command = Command::new("gcc");
    command.args(["-shared", "-fPIC", "-o"]);
    dotnet::succeed(command.arg(folder.join("libsessionlocker.so")).arg(&file));
}

/// What the first use says in this folder.
fn first_words(runtime: Runtime, program: &Path) -> String {
    let mut command = dotnet::run(runtime, program);
    // Cargo's own search path would lead to a library that fits.
    let output = command.env_remove("LD_LIBRARY_PATH").arg("--misfit").output();
    let output = output.expect("the script can be started");
    let text = dotnet::said(&output);
    assert_eq!(output.status.code(), Some(3), "{text}");
    text
}

#[test]
fn a_library_that_is_missing_or_does_not_fit_is_told_once_and_clearly() {
    if !dotnet::is_there() {
        return;
    }
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    for (runtime, name) in [(Runtime::CoreClr8, "misfit-coreclr"), (Runtime::Mono, "misfit-mono")] {
        let folder = dotnet::fresh_folder(name);
        let program = dotnet::build_tests(runtime, &folder);
        let place = folder.display().to_string();

        let missing = first_words(runtime, &program);
        assert!(
            missing.contains("was not found") && missing.contains(&place),
            "{missing}"
        );

        fake_library(&folder, "int something_else(void) { return 0; }");
        let foreign = first_words(runtime, &program);
        assert!(foreign.contains("is another library of that name"), "{foreign}");

        fake_library(
            &folder,
            "unsigned slk_abi_version(void) { return 999; } const char *slk_version_text(void) { return \"99.1.2\"; }",
        );
        let newer = first_words(runtime, &program);
        for words in [
            "99.1.2",
            "binary interface 999",
            "needs binary interface 1",
            env!("CARGO_PKG_VERSION"),
        ] {
            assert!(newer.contains(words), "{words} is not in: {newer}");
        }
        let loaded = folder.join("libsessionlocker.so").display().to_string();
        assert!(newer.contains(&loaded), "where it was loaded from is not in: {newer}");
    }
}

#[test]
fn the_binding_needs_nothing_beyond_netstandard_and_everything_public_is_documented() {
    if !dotnet::is_there() {
        return;
    }
    let folder = dotnet::fresh_folder("netstandard");
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| dotnet::root().join("target"), Into::into);
    let facade = target.join("dotnet/3.1/shared/Microsoft.NETCore.App/3.1.23/netstandard.dll");
    let options = [
        "-target:library".to_owned(),
        "-langversion:9".to_owned(),
        "-unsafe".to_owned(),
        format!("-out:{}", folder.join("SessionLocker.CSharp.dll").display()),
        format!("-doc:{}", folder.join("SessionLocker.CSharp.xml").display()),
        format!("-netstandard:{}", facade.display()),
        dotnet::root().join("bindings/csharp/src").display().to_string(),
    ];
    dotnet::compile(Runtime::CoreClr3, &options);
}
