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
    ("host", "Clock and log"),
    ("error_sink", "Words of a failing callback"),
    ("data", "Types of values"),
    ("document", "Documents"),
    ("request", "Requests to a store of your own"),
    ("store", "Stores"),
    ("store_sqlite", "The embedded store"),
    ("store_postgres", "The store in a PostgreSQL server"),
    ("store_redis", "The store in a Redis or Valkey server"),
    ("store_callback", "Stores of your own"),
    ("store_testing", "Stores for tests, and the check of stores"),
    ("engine", "Engines"),
    ("event", "Events"),
    ("receipt", "Purchases"),
    ("migration", "Migrations"),
    ("change", "Changes between records"),
    ("codec", "Codecs"),
    ("spec", "Specs"),
    ("visit", "Records that are not held"),
    ("locker", "Lockers"),
    ("locker_data", "The data of a locker"),
    ("metrics", "Metrics"),
];

/// Longer lines are broken.
const LINE: usize = 120;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn committed() -> PathBuf {
    root().join("include/sessionlocker.h")
}

fn section(config: &cbindgen::Config, file: &Path) -> String {
    let source = std::fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    let mut config = config.clone();
    // Also those that no function of the same file uses.
    let names = |before: &str, after: char| -> Vec<String> {
        let marker = format!("pub {before} slk_");
        let pieces = source.split(marker.as_str()).skip(1);
        let names = pieces.filter_map(|rest| rest.split_once(after));
        names.map(|(name, _)| format!("slk_{}", name.trim())).collect()
    };
    config.export.include = [names("struct", '{'), names("type", '=')].concat();
    let bindings = cbindgen::Builder::new()
        .with_config(config)
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
/// brackets, types by their short names, attributes in the order that C++ wants, and where to break a line.
fn tidy(text: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    let mut out: Vec<String> = Vec::new();
    let mut at = 0;
    while at < lines.len() {
        let line = lines[at];
        let is_short = line.trim() == "/**" && lines.get(at + 2).is_some_and(|end| end.trim() == "*/");
        if is_short {
            let indent = &line[..line.len() - "/**".len()];
            let words = lines[at + 1].trim().trim_start_matches('*').trim();
            if lines.get(at + 3).is_some_and(|next| next.starts_with("#define")) {
                close_gap(&mut out);
            }
            out.push(format!("{indent}/** {words} */"));
            at += 3;
            continue;
        }
        out.push(broken(&declaration(line)));
        at += 1;
    }
    out.join("\n")
}

/// No empty line between two constants.
fn close_gap(out: &mut Vec<String>) {
    if let [.., constant, gap] = &out[..] {
        if gap.is_empty() && constant.starts_with("#define") {
            out.pop();
        }
    }
}

fn declaration(line: &str) -> String {
    if let Some((name, number)) = line.strip_prefix("#define ").and_then(|rest| rest.split_once(" -")) {
        return format!("#define {name} (-{number})");
    }
    let line = line.replace("SLK_API SLK_NODISCARD", "SLK_NODISCARD SLK_API");
    if line.starts_with("typedef struct") {
        return line;
    }
    line.replace("struct slk_", "slk_")
}

/// A declaration that is too long goes on in the next line.
fn broken(line: &str) -> String {
    let mut rest = line;
    let mut out = String::new();
    while rest.len() > LINE && !rest.trim_start().starts_with('*') {
        let Some(comma) = rest[..LINE].rfind(", ") else {
            break;
        };
        out.push_str(&rest[..=comma]);
        out.push_str("\n        ");
        rest = &rest[comma + 2..];
    }
    out + rest
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
    let paths = files.map(|file| file.expect("a file").path());
    for path in paths.filter(|path| path.is_file()) {
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
