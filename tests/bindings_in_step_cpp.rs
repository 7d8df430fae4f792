//! Keeps the C++ binding in step with the header: every function, constant, struct field and callback of
//! `include/sessionlocker.h` must be used by `bindings/cpp`, and constants keep their numbers.
//!
//! Sizes, offsets and order in C++ are those of C, because the binding includes the header; `tests/abi.rs` holds both to
//! the committed table.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// What a C++ program does not need, and why.
const NOT_NEEDED: &[(&str, &str)] = &[
    ("slk_store_callbacks_init", "C++ has the macro"),
    ("slk_sqlite_options_init", "C++ has the macro"),
    ("slk_postgres_options_init", "C++ has the macro"),
    ("slk_redis_options_init", "C++ has the macro"),
    ("slk_engine_options_init", "C++ has the macro"),
    ("slk_spec_options_init", "C++ has the macro"),
    ("slk_receipt_init", "C++ has the macro"),
    ("slk_fault_options_init", "C++ has the macro"),
    ("SLK_NUL_TERMINATED", "C++ passes lengths"),
];

/// Fields that the initialiser macros fill in, or that mean nothing yet.
const SET_BY_MACROS: &[&str] = &["struct_size", "abi_version", "reserved", "reserved_end"];

/// Structs of nothing but numbers, which C++ programs get as they are: `using metrics = slk_metrics;`.
const GIVEN_AS_THEY_ARE: &[&str] = &["slk_metrics", "slk_fault_counts"];

fn without_comments(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find("/*").into_iter().chain(rest.find("//")).min() {
        out.push_str(&rest[..start]);
        let end = if rest[start..].starts_with("/*") { "*/" } else { "\n" };
        rest = rest[start..].split_once(end).map_or("", |(_, after)| after);
        out.push('\n');
    }
    out + rest
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|letter: char| !letter.is_alphanumeric() && letter != '_')
        .filter(|word| !word.is_empty())
}

/// What the header declares.
#[derive(Default)]
struct Header {
    functions: BTreeSet<String>,
    constants: Vec<(String, String)>,
    macros: BTreeSet<String>,
    /// Name of the struct and of the field.
    fields: Vec<(String, String)>,
    /// Types of functions that the host gives.
    callbacks: BTreeSet<String>,
}

fn read_header() -> Header {
    let text = std::fs::read_to_string(root().join("include/sessionlocker.h")).expect("the header");
    let text = without_comments(&text);
    let mut header = Header::default();
    for line in text.lines().filter_map(|line| line.strip_prefix("#define ")) {
        let (name, value) = line.split_once(' ').unwrap_or((line, ""));
        if name.ends_with("_INIT") {
            header.macros.insert(name.to_owned());
        } else if name.starts_with("SLK_") && !["SLK_API", "SLK_NODISCARD"].contains(&name) {
            header.constants.push((name.to_owned(), value.trim().to_owned()));
        }
    }
    let code: Vec<&str> = text.lines().filter(|line| !line.starts_with('#')).collect();
    let mut code = code.join("\n");
    while let Some(start) = code.find("typedef struct ") {
        let end = start + code[start..].find('}').expect("the struct ends");
        let (name, fields) = code[start..end].split_once('{').expect("it has fields");
        let name = words(name).last().expect("it has a name").to_owned();
        for field in fields.split(';').filter_map(|field| words(field).last()) {
            header.fields.push((name.clone(), field.to_owned()));
        }
        code.replace_range(start..=end, "");
    }
    for declaration in code.split(';') {
        if let Some((_, rest)) = declaration.split_once("(*") {
            header.callbacks.extend(words(rest).next().map(str::to_owned));
        } else if let Some((before, _)) = declaration.split_once('(') {
            let name = words(before).last().filter(|name| name.starts_with("slk_"));
            header.functions.extend(name.map(str::to_owned));
        }
    }
    header
}

/// The files of the binding without comments.
fn read_binding() -> Vec<String> {
    let folder = root().join("bindings/cpp/sessionlocker");
    let files = std::fs::read_dir(folder).expect("the binding");
    let read = |file: std::io::Result<std::fs::DirEntry>| {
        let text = std::fs::read_to_string(file.expect("a file").path()).expect("text");
        without_comments(&text)
    };
    files.map(read).collect()
}

fn assert_none_missing(what: &str, missing: &[String]) {
    assert!(
        missing.is_empty(),
        "bindings/cpp lacks {what} of the header: {}",
        missing.join(", ")
    );
}

fn is_needed(name: &str) -> bool {
    NOT_NEEDED.iter().all(|(other, _)| *other != name)
}

#[test]
fn the_header_is_read_whole() {
    let header = read_header();
    let symbols = std::fs::read_to_string(root().join("tests/abi/symbols.txt")).expect("the list");
    let listed: BTreeSet<String> = symbols.lines().map(str::to_owned).collect();
    assert_eq!(header.functions, listed);
    let layout = std::fs::read_to_string(root().join("tests/abi/layout.txt")).expect("the table");
    let fields = layout.lines().filter(|line| line.contains('.')).count();
    assert_eq!(header.fields.len(), fields);
    assert!(header.constants.len() > 100 && header.callbacks.len() >= 10 && header.macros.len() >= 5);
}

#[test]
fn every_function_and_constant_is_used() {
    let header = read_header();
    let binding = read_binding().join("\n");
    let used: BTreeSet<&str> = words(&binding).collect();
    let lacks = |names: &mut dyn Iterator<Item = &String>| -> Vec<String> {
        names
            .filter(|name| is_needed(name) && !used.contains(name.as_str()))
            .cloned()
            .collect()
    };
    assert_none_missing("functions", &lacks(&mut header.functions.iter()));
    assert_none_missing("constants", &lacks(&mut header.constants.iter().map(|(name, _)| name)));
    assert_none_missing("initialisers", &lacks(&mut header.macros.iter()));
    for (name, why) in NOT_NEEDED {
        assert!(!used.contains(name), "{name} is used, although not needed: {why}");
    }
}

/// A field counts as used where it is read or written through a variable called `native` or `native_`, in a file that
/// names its struct.
#[test]
fn every_field_is_used() {
    let header = read_header();
    let binding = read_binding();
    let handles: BTreeSet<&str> = header
        .fields
        .iter()
        .filter(|(_, field)| field == "id")
        .map(|(name, _)| name.as_str())
        .collect();
    let mut missing = Vec::new();
    for name in GIVEN_AS_THEY_ARE {
        let alias = format!("= {name};");
        assert!(binding.iter().any(|file| file.contains(&alias)), "{name} has no alias");
    }
    for (name, field) in &header.fields {
        if GIVEN_AS_THEY_ARE.contains(&name.as_str()) {
            continue;
        }
        if handles.contains(name.as_str()) || SET_BY_MACROS.contains(&field.as_str()) {
            continue;
        }
        let accesses = ["native.", "native_.", "native_->"].map(|access| format!("{access}{field}"));
        let is_used = binding.iter().any(|file| {
            let names_it = words(file).any(|word| word == name);
            names_it && accesses.iter().any(|access| has_whole(file, access))
        });
        if !is_used {
            missing.push(format!("{name}.{field}"));
        }
    }
    assert_none_missing("fields", &missing);
}

/// Whether the text has the access, and not only that of a longer name.
fn has_whole(text: &str, access: &str) -> bool {
    text.match_indices(access).any(|(start, _)| {
        let next = text[start + access.len()..].chars().next().unwrap_or(' ');
        !next.is_alphanumeric() && next != '_'
    })
}

/// Each type of callback is that of a field, or of a parameter of a function; both are checked above and by the compiler.
#[test]
fn every_callback_has_its_place() {
    let text = std::fs::read_to_string(root().join("include/sessionlocker.h")).expect("the header");
    let text = without_comments(&text);
    for callback in read_header().callbacks {
        let uses = words(&text).filter(|word| *word == callback).count();
        assert!(uses >= 2, "nothing in the header takes a {callback}");
    }
}

/// A number that was given once is never given to something else.
#[test]
fn constants_keep_their_numbers() {
    let mut present = String::new();
    for (name, value) in read_header().constants {
        let is_version = name.starts_with("SLK_VERSION_") || name == "SLK_ABI_VERSION";
        if !is_version && !value.is_empty() {
            writeln!(present, "{name} {}", value.trim_matches(&['(', ')'][..])).expect("writing to a string");
        }
    }
    let path = Path::new("tests/abi/constants.txt");
    if std::env::var_os("SLK_WRITE_ABI").is_some() {
        std::fs::write(root().join(path), &present).expect("the file can be written");
    }
    let committed = std::fs::read_to_string(root().join(path)).unwrap_or_default();
    let changed: Vec<&str> = committed
        .lines()
        .filter(|line| !present.lines().any(|now| now == *line))
        .collect();
    assert!(
        changed.is_empty(),
        "constants were changed or removed: {}",
        changed.join(", ")
    );
    let added: Vec<&str> = present
        .lines()
        .filter(|line| !committed.lines().any(|old| old == *line))
        .collect();
    assert!(
        added.is_empty(),
        "not in {}: {}; write it anew with `SLK_WRITE_ABI=1 cargo test --test bindings_in_step_cpp`",
        path.display(),
        added.join(", ")
    );
}
