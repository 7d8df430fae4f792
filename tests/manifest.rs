//! What `Cargo.toml` says of this package holds for all that it depends on, and `docs/dependencies.md` names each.

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

/// What cargo knows of this package and of all that could be built into it, with every feature.
struct Manifest {
    metadata: Value,
    root: String,
}

impl Manifest {
    fn read() -> Self {
        let output = Command::new(env!("CARGO"))
            .args(["metadata", "--format-version", "1", "--all-features", "--locked"])
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .output()
            .expect("cargo is there");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let metadata: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        let root = metadata["resolve"]["root"].as_str().expect("a package").to_owned();
        Self { metadata, root }
    }

    fn packages(&self) -> BTreeMap<&str, &Value> {
        let packages = self.metadata["packages"].as_array().expect("packages");
        let by_id = packages
            .iter()
            .map(|package| (package["id"].as_str().expect("an id"), package));
        by_id.collect()
    }

    fn root(&self) -> &Value {
        self.packages()[self.root.as_str()]
    }

    /// What is built into the library or runs while it is built; not what only its tests need.
    fn built_in(&self) -> BTreeSet<&str> {
        let nodes = self.metadata["resolve"]["nodes"].as_array().expect("nodes");
        let nodes: BTreeMap<_, _> = nodes
            .iter()
            .map(|node| (node["id"].as_str().expect("an id"), node))
            .collect();
        let (mut found, mut left) = (BTreeSet::new(), vec![self.root.as_str()]);
        while let Some(id) = left.pop() {
            if !found.insert(id) {
                continue;
            }
            for dependency in nodes[id]["deps"].as_array().expect("dependencies") {
                let kinds = dependency["dep_kinds"].as_array().expect("kinds");
                if kinds.iter().any(|kind| kind["kind"] != "dev") {
                    left.push(dependency["pkg"].as_str().expect("an id"));
                }
            }
        }
        found
    }
}

/// A version of Rust, such as 1.89 or 1.89.0.
fn version(text: &str) -> (u32, u32) {
    let mut parts = text.split('.').map(|part| part.parse().expect("a number"));
    (parts.next().expect("a major version"), parts.next().unwrap_or(0))
}

#[test]
fn the_stated_version_of_rust_builds_all_dependencies() {
    let manifest = Manifest::read();
    let stated = manifest.root()["rust_version"].as_str().expect("it is stated");
    let packages = manifest.packages();
    let built_in = manifest.built_in();
    assert!(built_in.len() > 50, "{built_in:?}");
    let needs_more = built_in.iter().filter_map(|id| {
        let needed = packages[id]["rust_version"].as_str()?;
        (version(needed) > version(stated)).then(|| format!("{} needs {needed}", packages[id]["name"]))
    });
    let needs_more: Vec<_> = needs_more.collect();
    assert!(needs_more.is_empty(), "stated is {stated}: {needs_more:?}");
}

#[test]
fn the_stated_version_of_rust_is_the_one_that_users_are_told() {
    let manifest = Manifest::read();
    let stated = manifest.root()["rust_version"].as_str().expect("it is stated");
    for (file, words) in [
        ("README.md", format!("Rust {stated} or newer")),
        ("scripts/setup.sh", format!("RUST_NEEDED={stated}\n")),
    ] {
        let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).expect("a file");
        assert!(text.contains(&words), "{file} does not say '{words}'");
    }
}

#[test]
fn the_page_of_dependencies_says_what_each_is_for() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/dependencies.md");
    let page = std::fs::read_to_string(page).expect("the page");
    let rows = page
        .lines()
        .filter_map(|line| line.strip_prefix("| ")?.split(" | ").next());
    let named: BTreeSet<&str> = rows.flat_map(|row| row.split([',', ' ', '('])).collect();
    let manifest = Manifest::read();
    let direct = manifest.root()["dependencies"].as_array().expect("dependencies").iter();
    let unnamed: Vec<_> = direct
        .map(|dependency| dependency["name"].as_str().expect("a name"))
        .filter(|name| !named.contains(name))
        .collect();
    assert!(unnamed.is_empty(), "{unnamed:?}");
}
