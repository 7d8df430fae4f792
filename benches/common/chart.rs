//! The charts on the page on performance: SVG that fits a narrow screen, in light and dark.

use plotters::coord::ranged1d::{KeyPointHint, NoDefaultFormatting, Ranged, ValueFormatter};
use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use std::ops::Range;
use std::path::Path;

/// Colours that also those can tell apart who see some of them alike (Okabe and Ito). Each with the one for a dark page.
pub const BLUE: RGBColor = RGBColor(0x00, 0x72, 0xb2);
pub const RED: RGBColor = RGBColor(0xd5, 0x5e, 0x00);
pub const GREEN: RGBColor = RGBColor(0x00, 0x9e, 0x73);
const DARK: &str =
    "@media (prefers-color-scheme: dark) { rect[fill='#FFFFFF'] { fill: #131416 } text { fill: #e4e4e4 } \
    [stroke='#000000'] { stroke: #e4e4e4 } [stroke='#DDDDDD'] { stroke: #3a3d42 } \
    [stroke='#0072B2'] { stroke: #56b4e9 } [fill='#0072B2'] { fill: #56b4e9 } \
    [stroke='#D55E00'] { stroke: #ff9248 } [fill='#D55E00'] { fill: #ff9248 } \
    [stroke='#009E73'] { stroke: #3ddbab } [fill='#009E73'] { fill: #3ddbab } }";

/// Large letters: on a narrow screen all of it is shown at little more than half its size.
const SIZE: (u32, u32) = (560, 400);
const LETTERS: i32 = 22;
const LEGEND_ROW: u32 = 30;

#[derive(Clone)]
pub struct Axis {
    pub title: &'static str,
    /// Where a line with a number goes across, from one end to the other.
    pub marks: Vec<f64>,
    /// Equal steps are equal factors.
    pub is_log: bool,
}

/// How a line is drawn, so that lines differ without colours too.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Stroke {
    Solid,
    Dashed,
    Dotted,
}

pub struct Line {
    pub name: String,
    pub color: RGBColor,
    pub stroke: Stroke,
    /// Whether each point is marked.
    pub has_marks: bool,
    pub points: Vec<(f64, f64)>,
}

/// What was drawn, by name.
#[derive(Default)]
pub struct Charts(Vec<(&'static str, String)>);

impl Charts {
    /// Draws a chart and gives the line of Markdown that shows it.
    pub fn add(&mut self, name: &'static str, what: &str, x: &Axis, y: &Axis, lines: &[Line]) -> String {
        self.0.push((name, draw(what, x, y, lines)));
        format!("\n![{what}](charts/{name}.svg)\n")
    }

    /// Puts them where the page looks for them, or only somewhere to be looked at.
    pub fn write(&self, is_for_the_page: bool) {
        let folder = if is_for_the_page {
            Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/charts")
        } else {
            Path::new(env!("CARGO_TARGET_TMPDIR")).join("charts")
        };
        std::fs::create_dir_all(&folder).expect("a folder for charts");
        for (name, svg) in &self.0 {
            let path = folder.join(format!("{name}.svg"));
            println!("drawn: {}", path.display());
            std::fs::write(path, svg).expect("a chart can be written");
        }
    }
}

fn draw(what: &str, x: &Axis, y: &Axis, lines: &[Line]) -> String {
    let mut svg = String::new();
    // The legend has two columns under the plot.
    let rows = if lines.len() > 1 {
        lines.len().div_ceil(2) as u32
    } else {
        0
    };
    let whole = (SIZE.0, SIZE.1 + rows * LEGEND_ROW);
    let root = SVGBackend::with_string(&mut svg, whole).into_drawing_area();
    root.fill(&WHITE).expect("drawn");
    let (plot, legend) = root.split_vertically(SIZE.1);
    draw_plot(&plot, x, y, lines);
    for (number, line) in lines.iter().enumerate().take(2 * rows as usize) {
        let (column, row) = (number as i32 / rows as i32, number as i32 % rows as i32);
        let place = (20 + column * SIZE.0 as i32 / 2, row * LEGEND_ROW as i32 + 10);
        draw_legend(&legend, place, line);
    }
    root.present().expect("drawn");
    drop((plot, legend, root));
    svg.replacen("<svg ", &format!("<svg role=\"img\" aria-label=\"{what}\" "), 1)
        .replacen(">\n", &format!(">\n<style>{DARK}</style>\n"), 1)
}

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

fn draw_plot(area: &Area, x: &Axis, y: &Axis, lines: &[Line]) {
    let letters = ("sans-serif", LETTERS).into_font();
    let longest = y.marks.iter().map(|mark| Axis::format(mark).len()).max().unwrap_or(0);
    let mut chart = ChartBuilder::on(area)
        .margin(10)
        .margin_right(42)
        .x_label_area_size(66)
        .y_label_area_size(34 + 11 * longest as i32)
        .build_cartesian_2d(x.clone(), y.clone())
        .expect("axes");
    chart
        .configure_mesh()
        .bold_line_style(RGBColor(0xdd, 0xdd, 0xdd))
        .light_line_style(TRANSPARENT)
        .axis_style(BLACK)
        .label_style(letters.clone())
        .axis_desc_style(letters)
        .x_desc(x.title)
        .y_desc(y.title)
        .draw()
        .expect("drawn");
    for line in lines {
        let points = || line.points.iter().copied();
        let style = line.color.stroke_width(2);
        match line.stroke {
            Stroke::Solid => chart.draw_series(LineSeries::new(points(), style)).map(drop),
            Stroke::Dashed => chart
                .draw_series(DashedLineSeries::new(points(), 9, 6, style))
                .map(drop),
            Stroke::Dotted => chart
                .draw_series(DashedLineSeries::new(points(), 2, 4, style))
                .map(drop),
        }
        .expect("drawn");
        if line.has_marks {
            let marks = points().map(|place| mark(place, line));
            chart.draw_series(marks).expect("drawn");
        }
    }
}

/// Filled for a solid line, else open.
fn mark<C>(place: C, line: &Line) -> Circle<C, i32> {
    let style = line.color.stroke_width(2);
    let is_filled = line.stroke == Stroke::Solid;
    Circle::new(place, 4, if is_filled { style.filled() } else { style })
}

fn draw_legend(area: &Area, (left, middle): (i32, i32), line: &Line) {
    let style = line.color.stroke_width(2);
    let (drawn, step) = match line.stroke {
        Stroke::Solid => (44, 44),
        Stroke::Dashed => (9, 15),
        Stroke::Dotted => (2, 6),
    };
    for begin in (left..left + 44).step_by(step) {
        let end = (begin + drawn).min(left + 44);
        let part = PathElement::new([(begin, middle), (end, middle)], style);
        area.draw(&part).expect("drawn");
    }
    if line.has_marks {
        area.draw(&mark((left + 22, middle), line)).expect("drawn");
    }
    let letters = TextStyle::from(("sans-serif", LETTERS)).pos(Pos::new(HPos::Left, VPos::Center));
    let text = Text::new(line.name.clone(), (left + 54, middle), letters);
    area.draw(&text).expect("drawn");
}

impl Axis {
    fn place(&self, value: f64) -> f64 {
        if self.is_log {
            value.log10()
        } else {
            value
        }
    }
}

impl Ranged for Axis {
    type FormatOption = NoDefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, (begin, end): (i32, i32)) -> i32 {
        let range = self.range();
        let (first, last) = (self.place(range.start), self.place(range.end));
        let share = (self.place(*value) - first) / (last - first);
        begin + (f64::from(end - begin) * share).round() as i32
    }

    fn key_points<H: KeyPointHint>(&self, _hint: H) -> Vec<f64> {
        self.marks.clone()
    }

    fn range(&self) -> Range<f64> {
        self.marks[0]..self.marks[self.marks.len() - 1]
    }
}

impl ValueFormatter<f64> for Axis {
    /// With commas between thousands.
    fn format(value: &f64) -> String {
        let mut digits = format!("{value:.0}");
        let mut at = digits.len();
        while at > 3 {
            at -= 3;
            digits.insert(at, ',');
        }
        digits
    }
}

/// 1, 10, 100 and so on, from the last that is not above all of these values to the first that is not below any.
pub fn powers_of_ten(values: impl Iterator<Item = f64> + Clone) -> Vec<f64> {
    let least = values.clone().fold(f64::MAX, f64::min).log10().floor();
    let most = values.fold(f64::MIN, f64::max).log10().ceil();
    (least as i32..=most as i32).map(|power| 10f64.powi(power)).collect()
}
