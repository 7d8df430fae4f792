//! The part of the page on performance that this program writes.

use std::path::Path;

const BEGIN: &str = "<!-- written by: cargo bench --features postgres,redis --bench shared_stores -->";
const END: &str = "<!-- end -->";

/// Puts the text between the marks.
pub fn write(text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/performance.md");
    let page = std::fs::read_to_string(&path).expect("the page is there");
    let (before, rest) = page.split_once(BEGIN).expect("the page has the mark of this part");
    let (_, after) = rest.split_once(END).expect("the part has an end");
    let page = format!("{before}{BEGIN}\n\n{}\n\n{END}{after}", text.trim());
    std::fs::write(path, page).expect("the page can be written");
}

/// The middle one, and the range of the middle half.
pub fn median(mut values: Vec<f64>) -> (f64, f64, f64) {
    values.sort_by(f64::total_cmp);
    let at = |share: f64| values[((values.len() - 1) as f64 * share).round() as usize];
    (at(0.5), at(0.25), at(0.75))
}

/// The value that this share of them does not exceed.
pub fn percentile(values: &mut [f64], share: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    values[((values.len() - 1) as f64 * share).round() as usize]
}
