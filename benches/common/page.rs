//! The parts of the page on performance that the benches write, and the figures in them.

use crate::chart::Charts;
use std::path::Path;

const END: &str = "<!-- end -->";

/// What was asked for on the command line.
pub struct Asked {
    pub is_quick: bool,
    /// Only parts with one of these words in their titles; all if there are none.
    words: Vec<String>,
}

pub fn asked() -> Asked {
    let (options, words): (Vec<_>, Vec<_>) = std::env::args()
        .skip(1)
        .partition(|argument| argument.starts_with("--"));
    Asked {
        is_quick: options.iter().any(|option| option == "--quick"),
        words,
    }
}

/// Measures one part, draws its charts, and gives its text.
pub type Measure<'a> = &'a dyn Fn(&mut Charts) -> String;

/// Measures, prints and, if it is all of it, writes the part of the page that this command writes.
pub fn run(command: &str, asked: &Asked, parts: &[(&str, Measure<'_>)]) {
    let is_asked_for = |title: &str| {
        let title = title.to_lowercase();
        asked.words.is_empty() || asked.words.iter().any(|word| title.contains(word.as_str()))
    };
    let mut charts = Charts::default();
    let parts = parts.iter().filter(|(title, _)| is_asked_for(title));
    let texts = parts.map(|(title, measure)| format!("### {title}\n\n{}", measure(&mut charts).trim()));
    let text = texts.collect::<Vec<_>>().join("\n\n");
    println!("{text}");
    let is_whole = asked.words.is_empty() && !asked.is_quick;
    charts.write(is_whole);
    if is_whole {
        write(command, &text);
    }
}

/// Puts the text between the mark of the command that writes it and the end of that part.
fn write(command: &str, text: &str) {
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
