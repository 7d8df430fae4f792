//! The bindings say what the header says: every constant, struct, field, callback and function, with its value, type,
//! order, size and offset.

#[path = "../csharp/dotnet.rs"]
#[allow(dead_code, reason = "shared with the tests of the binding")]
mod dotnet;

mod csharp;
mod header;
mod tokens;

use csharp::{differences, parse, wanted, Declarations};
use dotnet::{root, succeed, Runtime};
use header::{layout_program, Header};
use std::path::Path;
use std::process::Command;

fn header_text() -> String {
    std::fs::read_to_string(root().join("include/sessionlocker.h")).expect("the header")
}

fn csharp_declarations() -> Declarations {
    let folder = root().join("bindings/csharp/src");
    let read = |file: &str| std::fs::read_to_string(folder.join(file)).expect(file);
    let files = ["NativeConstants.cs", "NativeTypes.cs", "NativeFunctions.cs"];
    parse(&files.map(read))
}

#[test]
fn the_header_is_understood() {
    let header = Header::parse(&header_text());
    // Not the exact numbers, which grow; only that nothing was overlooked on a large scale.
    assert!(header.functions.len() > 90, "{} functions", header.functions.len());
    assert!(header.structs.len() > 15, "{} structs", header.structs.len());
    assert!(header.constants.len() > 120, "{} constants", header.constants.len());
    assert!(header.callbacks.len() > 8, "{} callbacks", header.callbacks.len());
    assert!(
        header.initialisers.len() > 3,
        "{} initialisers",
        header.initialisers.len()
    );
    let text = header_text();
    for word in tokens::split(&text).iter().filter(|word| word.starts_with("slk_")) {
        let is_known = header
            .functions
            .iter()
            .chain(&header.callbacks)
            .any(|it| it.name == *word)
            || header.structs.iter().any(|it| it.name == *word)
            || header.aliases.iter().any(|(name, _)| name == word);
        assert!(is_known, "{word} is declared in no way that is understood");
    }
}

#[test]
fn csharp_declares_what_the_header_declares() {
    let header = Header::parse(&header_text());
    let found = differences(&wanted(&header), &csharp_declarations());
    assert!(found.is_empty(), "the C# binding is not in step:\n{}", found.join("\n"));
}

/// Changes the header's text and tells what the comparison says. The text must be there.
#[track_caller]
fn after(change: impl Fn(&str) -> String) -> String {
    let text = header_text();
    let changed = change(&text);
    assert_ne!(text, changed, "nothing was changed");
    differences(&wanted(&Header::parse(&changed)), &csharp_declarations()).join("\n")
}

#[track_caller]
fn replaced(from: &str, to: &str) -> String {
    after(|text| text.replacen(from, to, 1))
}

#[test]
fn each_kind_of_difference_is_noticed() {
    let moved = after(|text| {
        let without = text.replacen("    uint32_t beat_interval_ms;\n", "", 1);
        without.replacen(
            "    uint32_t flags;\n    /**",
            "    uint32_t flags;\n    uint32_t beat_interval_ms;\n    /**",
            1,
        )
    });
    assert!(moved.contains("slk_engine_options is struct"), "a field moved: {moved}");
    let renumbered = replaced("#define SLK_E_NOT_LOADED (-9)", "#define SLK_E_NOT_LOADED (-90)");
    assert!(
        renumbered.contains("SLK_E_NOT_LOADED is constant -9, but should be constant -90"),
        "{renumbered}"
    );
    let removed = after(|text| {
        let at = text.find("slk_result slk_locker_mark_changed").expect("the function");
        let start = text[..at].rfind("*/").expect("its comment") + 2;
        let end = at + text[at..].find(';').expect("its end") + 1;
        text[..start].to_owned() + &text[end..]
    });
    assert!(
        removed.contains("slk_locker_mark_changed is not in the header"),
        "{removed}"
    );
    let added = replaced(
        "typedef int32_t slk_result;",
        "typedef int32_t slk_result; SLK_API void slk_new(void);",
    );
    assert!(added.contains("slk_new is missing: function void ()"), "{added}");
    let retyped = replaced("int64_t since_ms;", "uint64_t since_ms;");
    assert!(retyped.contains("ulong since_ms"), "a field of another type: {retyped}");
    let parameter = replaced(
        "slk_log)(void *user_data, int32_t level",
        "slk_log)(void *user_data, int64_t level",
    );
    assert!(
        parameter.contains("slk_log is callback"),
        "a callback's parameter: {parameter}"
    );
    let renamed = replaced("#define SLK_EVENT_DIRTY 4", "#define SLK_EVENT_UNSAVED 4");
    assert!(
        renamed.contains("SLK_EVENT_UNSAVED is missing") && renamed.contains("SLK_EVENT_DIRTY is not"),
        "{renamed}"
    );
}

/// What a C compiler makes of a header.
fn layout_in_c(header_text: &str, folder: &Path) -> Vec<String> {
    std::fs::write(folder.join("header.h"), header_text).expect("the folder is writable");
    let source = layout_program(&Header::parse(header_text), "header.h");
    std::fs::write(folder.join("layout.c"), source).expect("the folder is writable");
    let program = folder.join("layout");
    succeed(
        Command::new("gcc")
            .current_dir(folder)
            .args(["-Wall", "-Werror", "layout.c", "-o", "layout"]),
    );
    lines(&succeed(&mut Command::new(program)))
}

fn lines(text: &str) -> Vec<String> {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    lines.sort();
    lines
}

#[test]
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
fn csharp_has_the_sizes_and_offsets_of_c() {
    if !dotnet::is_there() {
        return;
    }
    let folder = dotnet::fresh_folder("layout");
    let in_c = layout_in_c(&header_text(), &folder);
    for (runtime, name) in [(Runtime::CoreClr8, "layout-coreclr"), (Runtime::Mono, "layout-mono")] {
        let program = dotnet::build_tests(runtime, &dotnet::fresh_folder(name));
        let in_csharp = lines(&succeed(dotnet::run(runtime, &program).arg("--layout")));
        assert_eq!(in_csharp, in_c, "{name}");
        let moved = header_text().replacen("    int32_t refused;\n", "", 1).replacen(
            "    uint64_t epoch;\n    /** The last change made here",
            "    uint64_t epoch;\n    int32_t refused;\n    /** The last change made here",
            1,
        );
        assert_ne!(moved, header_text(), "nothing was changed");
        assert_ne!(
            in_csharp,
            layout_in_c(&moved, &folder),
            "{name}: a field that moved was not noticed"
        );
    }
}
