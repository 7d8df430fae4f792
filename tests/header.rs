//! The header: generated here in memory and compared with the committed one.
//!
//! To write it anew after a change in `src/ffi`: `SLK_WRITE_HEADER=1 cargo test --test header`, or `make header`.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// The sections in their order: the file they are made of, and the heading.
const SECTIONS: &[(&str, &str)] = &[
    ("version", "Version"),
    ("result", "Results"),
    ("text", "Limits"),
    ("handle", "Handles"),
    ("store", "Stores"),
    ("request", "Answering a store's requests"),
    ("store_callback", "Stores of your own"),
    ("data", "Data"),
    ("document", "Documents"),
];

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn committed() -> PathBuf {
    root().join("include/sessionlocker.h")
}

fn section(config: &cbindgen::Config, file: &Path) -> String {
    let bindings = cbindgen::Builder::new()
        .with_config(config.clone())
        .with_src(file)
        .generate()
        .unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    let mut text = Vec::new();
    bindings.write(&mut text);
    String::from_utf8(text).expect("the source is UTF-8")
}

/// The header as the source wants it.
fn generate() -> String {
    let mut config = cbindgen::Config::from_file(root().join("cbindgen.toml")).expect("cbindgen.toml");
    let opening = config.header.take().expect("cbindgen.toml has the opening");
    let closing = config.trailer.take().expect("cbindgen.toml has the end");
    let mut header = opening.trim_start().to_owned();
    for (file, heading) in SECTIONS {
        let text = section(&config, &root().join(format!("src/ffi/{file}.rs")));
        let text = tidy(&text);
        write!(header, "\n/* ---- {heading} ---- */\n\n{}\n", text.trim()).expect("writing to a string");
    }
    header.push_str(&closing);
    header
}

/// What the generator cannot be told: comments of one line on one line, constants without gaps, negative numbers in
/// brackets, and attributes in the order that C++ wants.
fn tidy(text: &str) -> String {
    let text = text.replace("SLK_API SLK_NODISCARD", "SLK_NODISCARD SLK_API");
    let lines: Vec<&str> = text.lines().collect();
    let mut out: Vec<String> = Vec::new();
    let mut at = 0;
    while at < lines.len() {
        let line = lines[at];
        let one_line_comment = line.trim() == "/**" && lines.get(at + 2).is_some_and(|end| end.trim() == "*/");
        if one_line_comment {
            let indent = &line[..line.len() - "/**".len()];
            let words = lines[at + 1].trim().trim_start_matches('*').trim();
            let is_constant = lines.get(at + 3).is_some_and(|next| next.starts_with("#define"));
            let follows_constant =
                out.len() >= 2 && out[out.len() - 1].is_empty() && out[out.len() - 2].starts_with("#define");
            if is_constant && follows_constant {
                out.pop();
            }
            out.push(format!("{indent}/** {words} */"));
            at += 3;
            continue;
        }
        out.push(bracketed(line));
        at += 1;
    }
    out.join("\n")
}

/// A constant that is a negative number, in brackets.
fn bracketed(line: &str) -> String {
    match line.strip_prefix("#define ").and_then(|rest| rest.split_once(" -")) {
        Some((name, number)) => format!("#define {name} (-{number})"),
        None => line.to_owned(),
    }
}

#[test]
fn the_committed_header_is_the_generated_one() {
    let generated = generate();
    if std::env::var_os("SLK_WRITE_HEADER").is_some() {
        std::fs::write(committed(), &generated).expect("the header can be written");
    }
    let on_disk = std::fs::read_to_string(committed()).unwrap_or_default();
    let difference = on_disk
        .lines()
        .zip(generated.lines())
        .enumerate()
        .find(|(_, (a, b))| a != b);
    if let Some((line, (old, new))) = difference {
        panic!(
            "include/sessionlocker.h differs from src/ffi at line {}:\n  committed: {old}\n  generated: {new}\n\
             write it anew with `SLK_WRITE_HEADER=1 cargo test --test header`",
            line + 1
        );
    }
    assert!(
        on_disk == generated,
        "include/sessionlocker.h is shorter or longer than what src/ffi declares"
    );
}

#[test]
fn every_section_file_is_in_the_header() {
    let files = std::fs::read_dir(root().join("src/ffi")).expect("src/ffi");
    for file in files {
        let path = file.expect("a file").path();
        let text = std::fs::read_to_string(&path).expect("the file can be read");
        let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
        if text.contains("#[no_mangle]") || text.contains("pub const SLK_") || text.contains("#[repr(C)]\n#[derive") {
            let tests_only = name == "options";
            assert!(
                tests_only || SECTIONS.iter().any(|(file, _)| *file == name),
                "{name} is in no section"
            );
        }
    }
}
