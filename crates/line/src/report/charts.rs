//! Figures as small SVGs, written here: no scripts, nothing fetched, a title and a description for whoever can't see them.

use std::fmt::Write as _;

use card::messages::count;

use crate::markup::escaped;

const WIDTH: f64 = 720.0;
const LABEL: f64 = 150.0;
const NUMBER: f64 = 70.0;
const BAR: f64 = 16.0;
const STEP: f64 = 24.0;

/// One part of each bar: what it is called, and its colour.
pub struct Series {
    pub name: String,
    pub colour: &'static str,
}

/// A bar: its label, a value for each series, and what stands at its end.
pub struct Bar {
    pub label: String,
    pub values: Vec<f64>,
    pub end: String,
}

/// Bars from left to right, each made of parts.
pub fn bars(id: &str, title: &str, description: &str, series: &[Series], bars: &[Bar]) -> String {
    let most = bars.iter().map(|b| b.values.iter().sum::<f64>()).fold(0.0, f64::max).max(1e-9);
    let top = if series.len() > 1 { STEP } else { 0.0 };
    let mut svg = begin(id, title, description, top + STEP * bars.len() as f64 + 2.0);
    if series.len() > 1 {
        legend(&mut svg, series);
    }
    for (n, bar) in bars.iter().enumerate() {
        let y = top + STEP * n as f64;
        let _ = write!(svg, "<text x='{:.0}' y='{:.0}' text-anchor='end'>{}</text>", LABEL - 10.0, y + 13.0, escaped(&bar.label));
        let mut x = LABEL;
        for (value, series) in bar.values.iter().zip(series) {
            let width = value / most * (WIDTH - LABEL - NUMBER);
            if *value > 0.0 {
                let _ = write!(svg, "<rect x='{x:.1}' y='{y:.0}' width='{width:.1}' height='{BAR}' fill='{}'/>", series.colour);
            }
            x += width;
        }
        let _ = write!(svg, "<text x='{:.1}' y='{:.0}'>{}</text>", x + 8.0, y + 13.0, escaped(&bar.end));
    }
    svg + "</svg>"
}

/// Columns side by side, each made of parts; the last one is tonight.
pub fn columns(id: &str, title: &str, description: &str, series: &[Series], columns: &[Bar]) -> String {
    const HEIGHT: f64 = 150.0;
    let most = columns.iter().map(|b| b.values.iter().sum::<f64>()).fold(0.0, f64::max).max(1e-9);
    let mut svg = begin(id, title, description, STEP + HEIGHT + 42.0);
    legend(&mut svg, series);
    let step = (WIDTH / columns.len().max(1) as f64).min(120.0);
    for (n, column) in columns.iter().enumerate() {
        let (x, middle) = (step * n as f64 + step * 0.2, step * (n as f64 + 0.5));
        let mut y = STEP + 16.0 + HEIGHT;
        for (value, series) in column.values.iter().zip(series) {
            let height = value / most * HEIGHT;
            y -= height;
            if *value > 0.0 {
                let _ = write!(svg, "<rect x='{x:.1}' y='{y:.1}' width='{:.1}' height='{height:.1}' fill='{}'/>", step * 0.6, series.colour);
            }
        }
        let _ = write!(svg, "<text x='{middle:.1}' y='{:.1}' text-anchor='middle'>{}</text>", y - 5.0, escaped(&column.end));
        let _ = write!(svg, "<text class=small x='{middle:.1}' y='{:.0}' text-anchor='middle'>{}</text>", STEP + HEIGHT + 33.0, escaped(&column.label));
    }
    let _ = write!(svg, "<rect x='0' y='{:.0}' width='{:.1}' height='1' fill='#8b97a3'/>", STEP + 16.0 + HEIGHT, step * columns.len() as f64);
    svg + "</svg>"
}

/// A few numbers as a row of small columns.
pub fn spark(title: &str, values: &[u64], colour: &str) -> String {
    const HEIGHT: f64 = 20.0;
    let most = values.iter().copied().max().unwrap_or(0).max(1) as f64;
    let mut svg =
        format!("<svg class=spark role=img width='{}' height='{HEIGHT}' viewBox='0 0 {0} {HEIGHT}'><title>{}</title>", 9 * values.len(), escaped(title));
    for (n, value) in values.iter().enumerate() {
        let height = (*value as f64 / most * (HEIGHT - 1.0)).max(if *value > 0 { 2.0 } else { 0.5 });
        let fill = if n + 1 == values.len() { colour } else { "#b3bfcc" };
        let _ = write!(svg, "<rect x='{}' y='{:.1}' width='7' height='{height:.1}' fill='{fill}'/>", 9 * n, HEIGHT - height);
    }
    svg + "</svg>"
}

fn begin(id: &str, title: &str, description: &str, height: f64) -> String {
    format!(
        "<svg role=img aria-labelledby='{id}-t {id}-d' viewBox='0 0 {WIDTH} {height:.0}'><title id='{id}-t'>{}</title><desc id='{id}-d'>{}</desc>",
        escaped(title),
        escaped(description)
    )
}

fn legend(svg: &mut String, series: &[Series]) {
    for (n, one) in series.iter().enumerate() {
        let x = LABEL + 150.0 * n as f64;
        let _ = write!(svg, "<rect x='{x}' y='3' width='11' height='11' fill='{}'/><text x='{}' y='13'>{}</text>", one.colour, x + 17.0, escaped(&one.name));
    }
}

/// What a screen reader is told of a chart: every bar with its number.
pub fn described(bars: &[Bar]) -> String {
    bars.iter().map(|b| format!("{}: {}", b.label, b.end)).collect::<Vec<_>>().join("; ")
}

/// A bar of whole numbers with their sum at its end.
pub fn counted(label: impl Into<String>, values: &[u64]) -> Bar {
    Bar { label: label.into(), values: values.iter().map(|v| *v as f64).collect(), end: count(values.iter().sum()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn series() -> [Series; 2] {
        [Series { name: "a".into(), colour: "#111" }, Series { name: "b".into(), colour: "#222" }]
    }

    #[test]
    fn a_chart_has_a_name_a_description_and_no_foreign_markup() {
        let evil = [counted("<script>", &[1, 2]), counted("x", &[0, 0])];
        for svg in [bars("c", "t&", &described(&evil), &series(), &evil), columns("c", "t&", &described(&evil), &series(), &evil)] {
            assert!(svg.contains("<title id='c-t'>t&amp;</title>") && svg.contains("&lt;script&gt;: 3; x: 0</desc>"), "{svg}");
            assert!(!svg.contains("<script") && svg.ends_with("</svg>"));
            assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
        }
    }

    #[test]
    fn the_longest_bar_fills_the_chart_and_none_leaves_it() {
        let all = [counted("a", &[10, 30]), counted("b", &[5, 0])];
        let svg = bars("c", "t", "d", &series(), &all);
        let widths: Vec<f64> =
            svg.split("<rect x='").filter_map(|r| r.split("width='").nth(1)?.split('\'').next()?.parse().ok()).filter(|w| *w != 11.0).collect();
        assert_eq!(widths.len(), 3, "{svg}");
        assert!((widths[0] + widths[1] - (WIDTH - LABEL - NUMBER)).abs() < 0.2 && widths[2] < widths[1]);
    }

    #[test]
    fn nothing_at_all_is_drawn_too() {
        assert!(bars("c", "t", "d", &series(), &[]).ends_with("</svg>"));
        assert!(columns("c", "t", "d", &series(), &[]).ends_with("</svg>"));
        assert!(spark("t", &[0, 0], "#111").contains("height='0.5'"));
    }
}
