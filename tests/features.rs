//! `docs/features.md` names functions and tests: all of them exist, and no row is missing.

use std::collections::BTreeSet;
use std::path::Path;

const ROWS: &[(u32, u32)] = &[(1, 15), (2, 6), (3, 8), (4, 13), (5, 6), (6, 9), (7, 4), (8, 2)];
const DEFECTS: u32 = 15;

fn read(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The cells of the rows of all tables, without their head lines.
fn rows() -> Vec<Vec<String>> {
    let text = read("docs/features.md");
    let cells = |line: &str| {
        line.trim_matches('|')
            .split('|')
            .map(|cell| cell.trim().to_owned())
            .collect()
    };
    let rows = text.lines().filter(|line| line.starts_with('|'));
    let rows: Vec<Vec<String>> = rows.map(cells).collect();
    rows.into_iter()
        .filter(|cells| !cells[0].starts_with("---") && cells[0] != "#" && !cells[0].is_empty())
        .collect()
}

/// What stands between backticks.
fn names(cell: &str) -> Vec<&str> {
    cell.split('`').skip(1).step_by(2).collect()
}

/// The source of a test file: `name.rs`, or all files of the folder `name`.
fn source_of(file: &str) -> String {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    if let Ok(text) = std::fs::read_to_string(tests.join(format!("{file}.rs"))) {
        return text;
    }
    let folder = std::fs::read_dir(tests.join(file)).unwrap_or_else(|_| panic!("there is no test file {file}"));
    folder
        .map(|entry| std::fs::read_to_string(entry.unwrap().path()).unwrap_or_default())
        .collect()
}

fn check_test(name: &str) {
    let (file, function) = name
        .split_once("::")
        .unwrap_or_else(|| panic!("{name} is no file::test"));
    let source = source_of(file);
    let marker = format!("fn {function}(");
    let place = source
        .find(&marker)
        .unwrap_or_else(|| panic!("there is no {function} in {file}"));
    let before = &source[..place];
    let attributes = &before[before.rfind('}').unwrap_or(0)..];
    assert!(attributes.contains("#[test]"), "{name} is no test");
}

/// `slk_name`, `SLK_NAME`, or `slk_struct.field`.
fn check_declared(header: &str, name: &str) {
    if let Some((owner, field)) = name.split_once('.') {
        let end = header
            .find(&format!("}} {owner};"))
            .unwrap_or_else(|| panic!("no struct {owner}"));
        let start = header[..end].rfind("typedef struct").unwrap();
        let declared = header[start..end].lines().any(|line| {
            let line = line.trim();
            line.ends_with(&format!(" {field};")) || line.ends_with(&format!("*{field};"))
        });
        assert!(declared, "{owner} has no field {field}");
    } else if name.starts_with("SLK_") {
        assert!(header.contains(&format!("#define {name} ")), "{name} is not defined");
    } else {
        assert!(header.contains(&format!(" {name}(")), "{name} is not declared");
    }
}

#[test]
fn all_that_is_named_exists() {
    let header = read("include/sessionlocker.h");
    let mut functions = 0;
    for row in rows().iter().filter(|row| row.len() == 5) {
        let (declared, tests) = (names(&row[2]), names(&row[3]));
        assert!(
            !declared.is_empty() && !tests.is_empty(),
            "row {} names nothing",
            row[0]
        );
        declared.iter().for_each(|name| check_declared(&header, name));
        tests.iter().for_each(|name| check_test(name));
        assert!(
            row[4].starts_with("done") || row[4].len() > 20,
            "row {} says nothing of its state",
            row[0]
        );
        functions += declared.len();
    }
    assert!(functions > 80);
}

#[test]
fn no_row_is_missing() {
    let present: Vec<String> = rows().into_iter().map(|row| row[0].clone()).collect();
    let unique: BTreeSet<&String> = present.iter().collect();
    assert_eq!(unique.len(), present.len(), "a row stands there twice");
    for (section, last) in ROWS {
        for number in 1..=*last {
            assert!(
                present.contains(&format!("{section}.{number}")),
                "{section}.{number} is missing"
            );
        }
    }
    for number in 1..=DEFECTS {
        assert!(present.contains(&format!("D{number}")), "D{number} is missing");
    }
}

#[test]
fn every_defect_has_a_test_of_its_name() {
    for row in rows().iter().filter(|row| row.len() == 2) {
        let tests = names(&row[1]);
        tests.iter().for_each(|name| check_test(name));
        let prefix = format!("{}_", row[0].to_lowercase());
        let named = tests
            .iter()
            .any(|name| name.split("::").nth(1).unwrap().starts_with(&prefix));
        assert!(named, "{} has no test that begins with {prefix}", row[0]);
    }
}
