//! The programs of the guide in C and C++: what a page shows in pieces is put together, compiled with all warnings, and
//! prints what the page says. Those in C# are run by `bindings_csharp_examples`, those in Rust are tests of the crate's
//! documentation.
//!
//! Without a compiler the tests that need it say so and pass, except where nothing may be skipped (CI=true).

#![cfg(unix)]

mod pages;
mod tools;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;
use tools::{have, library, root, succeed};

const WARNINGS: &[&str] = &["-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wshadow", "-Werror"];

/// Pages, the language of their program, and who compiles it.
const C_PAGES: &[&str] = &["c", "writing-a-store", "migrations", "purchases"];
const CPP_PAGES: &[&str] = &["cpp"];
const CSHARP_PAGES: &[&str] = &["csharp", "unity"];
const RUST_PAGES: &[&str] = &["rust"];

fn page_name(page: &str) -> String {
    format!("docs/guide/{page}.md")
}

fn workplace(name: &str) -> PathBuf {
    let place = Path::new(env!("CARGO_TARGET_TMPDIR")).join("guide").join(name);
    // It may not be there yet.
    let _ = std::fs::remove_dir_all(&place);
    std::fs::create_dir_all(&place).expect("the folder can be made");
    place
}

/// Compiles a page's program against the shared library, which links quickly, and compares what it prints.
fn compile_and_run(page: &str, language: &str, compiler: &str, standard: &str) {
    if !have(compiler) {
        return;
    }
    let (program, expected) = pages::program(&page_name(page), language);
    let place = workplace(&format!("{page}-{compiler}"));
    let (source, binary) = (place.join(format!("{page}.{language}")), place.join("program"));
    let soname = place.join("libsessionlocker.so.1");
    std::fs::write(&source, program).expect("the folder is writable");
    std::os::unix::fs::symlink(library("libsessionlocker.so"), &soname).expect("the link can be made");
    let mut command = Command::new(compiler);
    command.arg(standard).args(WARNINGS).arg(&source).arg(&soname);
    command.arg("-I").arg(root().join("include"));
    command.arg("-I").arg(root().join("bindings/cpp"));
    command.arg(format!("-Wl,-rpath,{}", place.display())).arg("-lpthread");
    succeed(command.arg("-o").arg(&binary));
    let mut run = Command::new("timeout");
    let printed = succeed(run.arg("60").arg(&binary).current_dir(&place));
    assert_eq!(printed, expected, "{page}");
}

#[test]
fn the_programs_in_c_print_what_their_pages_say() {
    for page in C_PAGES {
        compile_and_run(page, "c", "gcc", "-std=c11");
    }
}

#[test]
fn the_programs_in_cpp_print_what_their_pages_say() {
    for page in CPP_PAGES {
        compile_and_run(page, "cpp", "g++", "-std=c++17");
    }
}

/// No page may show code that no test compiles.
#[test]
fn all_code_of_the_guide_is_compiled() {
    let of = |pages: &'static [&'static str], language| pages.iter().map(move |page| (page_name(page), language));
    let compiled: BTreeSet<_> = of(C_PAGES, "c")
        .chain(of(CPP_PAGES, "cpp"))
        .chain(of(CSHARP_PAGES, "csharp"))
        .chain(of(RUST_PAGES, "rust"))
        .collect();
    let folder = std::fs::read_dir(root().join("docs/guide")).expect("the guide");
    let mut shown = BTreeSet::new();
    for file in folder.flatten() {
        let name = format!("docs/guide/{}", file.file_name().to_string_lossy());
        let page = pages::page(&name);
        for language in ["c", "cpp", "csharp", "rust"] {
            if !pages::blocks(&page, language).is_empty() {
                shown.insert((name.clone(), language));
            }
        }
    }
    assert_eq!(shown, compiled);
}

/// All words of a text that begin like this.
fn names(text: &str, prefix: &str) -> BTreeSet<String> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    words
        .filter(|word| word.starts_with(prefix))
        .map(ToOwned::to_owned)
        .collect()
}

/// Whether it is known, or stands for all that begin so, as `SLK_EVENT_` does.
fn stands_in(known: &BTreeSet<String>, name: &str) -> bool {
    known.contains(name) || (name.ends_with('_') && known.iter().any(|one| one.starts_with(name)))
}

#[test]
fn the_names_in_the_guide_exist() {
    let header = pages::page("include/sessionlocker.h");
    let metrics = pages::page("src/engine/exposition.rs");
    let known = [(&header, "slk_"), (&header, "SLK_"), (&metrics, "sessionlocker_")];
    let known = known.map(|(source, prefix)| (prefix, names(source, prefix)));
    let folder = std::fs::read_dir(root().join("docs/guide")).expect("the guide");
    let pages: Vec<_> = folder.flatten().map(|file| file.path()).collect();
    assert!(pages.len() > 10, "the guide has lost pages");
    for page in pages {
        let text = std::fs::read_to_string(&page).expect("a page");
        for (prefix, known) in &known {
            for name in names(&text, prefix) {
                assert!(stands_in(known, &name), "{}: there is no {name}", page.display());
            }
        }
    }
}

/// How many lines of a text begin like one of these.
fn count_lines(text: &str, beginnings: &[&str]) -> usize {
    let lines = text.lines();
    lines
        .filter(|line| beginnings.iter().any(|beginning| line.starts_with(beginning)))
        .count()
}

/// The C reference has every function, struct and constant of the header, and what has no comment is an error.
#[test]
fn the_reference_has_the_whole_header() {
    if !have("python3") {
        return;
    }
    let place = workplace("reference");
    let header = root().join("include/sessionlocker.h");
    let mut python = Command::new("python3");
    python.env("PYTHONDONTWRITEBYTECODE", "1");
    python
        .arg(root().join("docs/site/reference.py"))
        .arg(&header)
        .arg(&place);
    succeed(&mut python);
    let files = std::fs::read_dir(&place).expect("the reference");
    let pages: String = files
        .map(|file| std::fs::read_to_string(file.expect("a page").path()).expect("a page"))
        .collect();
    let header = pages::page("include/sessionlocker.h");
    let (_, behind_macros) = header.split_once("extern \"C\"").expect("the header's interface");
    let functions = count_lines(behind_macros, &["SLK_API ", "SLK_NODISCARD SLK_API "]);
    let structs = count_lines(behind_macros, &["typedef struct "]);
    // One stands in front of the interface.
    let constants = count_lines(behind_macros, &["#define SLK_"]) + 1;
    assert!(functions > 100 && structs > 20 && constants > 200, "that is no header");
    assert_eq!(count_lines(&pages, &[":::{c:function}"]), functions);
    assert_eq!(count_lines(&pages, &["::::{c:struct}"]), structs);
    assert_eq!(count_lines(&pages, &[":::{c:macro}"]), constants);
}
