//! What is written in C# for people to start from: the quickstart of the binding's page, and the game server, alone and
//! together with the one in C.
//!
//! Where C# cannot be run the tests say so and pass, except where nothing may be skipped (CI=true).

#![cfg(all(target_os = "linux", target_arch = "x86_64"))]

#[path = "csharp/dotnet.rs"]
#[allow(dead_code, reason = "shared with the tests of the binding")]
mod dotnet;
mod pages;

use dotnet::{fresh_folder, root, succeed, Runtime};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Compiles the first program of a page and runs it twice: the second time there is what the first one saved.
fn compiles_and_saves(page: &str, name: &str) {
    let folder = fresh_folder(name);
    let source = folder.join("quickstart.cs");
    std::fs::write(&source, pages::first_block(&pages::page(page), "csharp")).expect("the folder is writable");
    let program = dotnet::build(Runtime::CoreClr3, &folder, "quickstart.exe", &source);
    dotnet::add_library(&folder);
    for (gold, runtime) in [(1, Runtime::CoreClr3), (2, Runtime::CoreClr8)] {
        let said = succeed(dotnet::run(runtime, &program).current_dir(&folder));
        assert_eq!(said, format!("player 42 has {gold} gold\nsaved\n"), "{page}");
    }
}

#[test]
fn the_quickstarts_compile_and_save() {
    if !dotnet::is_there() {
        return;
    }
    compiles_and_saves("README.md", "quickstart");
    compiles_and_saves("docs/bindings.md", "quickstart-side-by-side");
}

/// Runs the program that a page of the guide shows in pieces, with these sources beside it.
fn guide_prints(page: &str, beside: &[&str]) {
    let (program, expected) = pages::program(&format!("docs/guide/{page}.md"), "csharp");
    let folder = fresh_folder(&format!("guide-{page}"));
    let sources = folder.join("sources");
    std::fs::create_dir(&sources).expect("the folder can be made");
    std::fs::write(sources.join("page.cs"), program).expect("the folder is writable");
    for file in beside {
        std::fs::copy(root().join(file), sources.join("beside.cs")).expect("the file can be copied");
    }
    let program = dotnet::build(Runtime::CoreClr3, &folder, "guide.exe", &sources);
    dotnet::add_library(&folder);
    let said = succeed(dotnet::run(Runtime::CoreClr8, &program).current_dir(&folder));
    assert_eq!(said, expected, "{page}");
}

#[test]
fn the_programs_of_the_guide_print_what_their_pages_say() {
    if !dotnet::is_there() {
        return;
    }
    guide_prints("csharp", &[]);
    guide_prints("unity", &["tests/csharp_guide/unity.cs"]);
}

/// Builds the game server in C# and gives the program.
fn csharp_server(runtime: &str) -> PathBuf {
    let folder = fresh_folder(&format!("game-server-{runtime}"));
    let script = root().join("scripts/dotnet-game-server.sh");
    let mut command = Command::new("bash");
    succeed(
        command
            .arg(script)
            .arg(dotnet::shared_library())
            .arg(&folder)
            .arg(runtime),
    );
    folder.join("game_server")
}

/// Builds the game server in C and gives the program.
fn c_server() -> PathBuf {
    let program = fresh_folder("game-server-c").join("game_server");
    let example = root().join("examples/game_server");
    let files = std::fs::read_dir(&example).expect("the example is there");
    let files = files.map(|entry| entry.expect("a folder that can be read").path());
    let mut gcc = Command::new("gcc");
    gcc.args(["-std=c11", "-O1", "-I"]).arg(root().join("include"));
    gcc.args(files.filter(|file| file.extension().is_some_and(|extension| extension == "c")));
    gcc.arg(dotnet::shared_library().with_extension("a"));
    succeed(gcc.args(["-lpthread", "-ldl", "-lm", "-o"]).arg(&program));
    program
}

/// Plays the story of two servers: a move, purchases, a crash, a takeover.
fn play(first: &Path, second: &Path) {
    let mut command = Command::new("bash");
    command.arg(root().join("scripts/demo.sh")).arg(first).arg(second);
    let story = succeed(&mut command);
    assert!(story.ends_with("demo: success\n"), "{story}");
}

#[test]
fn players_move_between_servers_in_c_and_in_csharp() {
    if !dotnet::is_there() {
        return;
    }
    let (c, core_clr, mono) = (c_server(), csharp_server("8"), csharp_server("mono"));
    play(&c, &core_clr);
    play(&core_clr, &c);
    play(&mono, &core_clr);
}
