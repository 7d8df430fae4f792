//! Programs that stand in pages, taken out of them by the tests that compile and run them.
#![allow(dead_code)] // Each test program uses its part.

use std::path::Path;

/// The text of a page of the repository.
pub fn page(name: &str) -> String {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
    std::fs::read_to_string(page).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// The blocks of a language, in the order of the page.
pub fn blocks(page: &str, language: &str) -> Vec<String> {
    let start = format!("```{language}\n");
    let mut found = Vec::new();
    let mut rest = page;
    while let Some((_, behind)) = rest.split_once(&start) {
        let (block, behind) = behind.split_once("```").expect("the block ends");
        found.push(block.to_owned());
        rest = behind;
    }
    found
}

/// The first block of a language: a whole program.
pub fn first_block(page: &str, language: &str) -> String {
    let mut blocks = blocks(page, language);
    assert!(!blocks.is_empty(), "the page has no block of {language}");
    blocks.swap_remove(0)
}

/// A program that a page shows in pieces, and what the page says that it prints.
pub fn program(name: &str, language: &str) -> (String, String) {
    let page = page(name);
    let (program, output) = (blocks(&page, language).concat(), blocks(&page, "output").concat());
    assert!(!program.is_empty(), "{name} has no block of {language}");
    assert!(!output.is_empty(), "{name} does not say what its program prints");
    (program, output)
}
