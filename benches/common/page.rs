//! The parts of the page on performance that the benches write, and the figures in them.

use std::path::Path;

const END: &str = "<!-- end -->";

/// Puts the text between the mark of the command that writes it and the end of that part.
pub fn write(command: &str, text: &str) {
    let begin = format!("<!-- written by: {command} -->");
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/performance.md");
    let page = std::fs::read_to_string(&path).expect("the page is there");
    let (before, rest) = page.split_once(&begin).expect("the page has the mark of this part");
    let (_, after) = rest.split_once(END).expect("the part has an end");
    let page = format!("{before}{begin}\n\n{}\n\n{END}{after}", text.trim());
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

/// A median with the range of the middle half.
pub fn spread((median, low, high): (f64, f64, f64), digits: usize) -> String {
    format!("{median:.digits$} ({low:.digits$} to {high:.digits$})")
}

/// What was measured in turn, here and by something to compare with.
#[derive(Default)]
pub struct Pairs {
    ours: Vec<f64>,
    theirs: Vec<f64>,
    ratios: Vec<f64>,
}

impl Pairs {
    pub fn push(&mut self, ours: f64, theirs: f64) {
        self.ours.push(ours);
        self.theirs.push(theirs);
        self.ratios.push(ours / theirs);
    }

    /// Of ours, of theirs, and of what each pair has as its ratio.
    pub fn medians(self) -> [(f64, f64, f64); 3] {
        [self.ours, self.theirs, self.ratios].map(median)
    }
}
