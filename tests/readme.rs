//! The program in README.md: compiled as the page says, and run.

#![cfg(unix)]

mod pages;

use std::path::{Path, PathBuf};
use std::process::Command;

const WARNINGS: [&str; 6] = ["-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wshadow", "-Werror"];

fn readme() -> String {
    pages::page("README.md")
}

fn run(command: &mut Command) -> String {
    let output = command
        .output()
        .unwrap_or_else(|error| panic!("{command:?}: {error}; scripts/setup.sh says what to install"));
    let (out, err) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert!(output.status.success(), "{command:?}: {}\n{out}{err}", output.status);
    out.into_owned()
}

/// The page's own command line, with our place of the library, and with all warnings.
fn compile(page: &str, place: &Path) -> PathBuf {
    let line = page
        .lines()
        .find(|line| line.starts_with("cc ") && line.contains("quickstart.c"))
        .expect("the page says how to compile");
    let library = std::env::current_exe()
        .expect("the test has a path")
        .with_file_name("libsessionlocker.a");
    let include = Path::new(env!("CARGO_MANIFEST_DIR")).join("include");
    let mut cc = Command::new("cc");
    cc.current_dir(place).args(WARNINGS);
    for word in line.split_whitespace().skip(1) {
        match word {
            "-Iinclude" => cc.arg("-I").arg(&include),
            "target/release/libsessionlocker.a" => cc.arg(&library),
            other => cc.arg(other),
        };
    }
    run(&mut cc);
    place.join("quickstart")
}

#[test]
fn the_quickstart_compiles_and_saves() {
    let place = Path::new(env!("CARGO_TARGET_TMPDIR")).join("readme");
    let _ = std::fs::remove_dir_all(&place);
    std::fs::create_dir_all(&place).expect("the target folder is writable");
    let page = readme();
    std::fs::write(place.join("quickstart.c"), pages::first_block(&page, "c")).expect("the folder is writable");
    let program = compile(&page, &place);
    for gold in 1..=2 {
        let said = run(Command::new(&program).current_dir(&place));
        assert_eq!(said, format!("player 42 has {gold} gold\nsaved\n"));
    }
}

#[test]
fn the_commands_of_the_page_exist() {
    let page = readme();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let makefile = std::fs::read_to_string(root.join("Makefile")).expect("the Makefile is there");
    for target in ["demo", "test", "lib", "simulate", "docs", "docs-check"] {
        assert!(
            page.contains(&format!("make {target}")),
            "README.md does not speak of make {target}"
        );
        assert!(makefile.contains(&format!("\n{target}:")), "there is no make {target}");
    }
}
