//! The job's pages through ReportLab: a Python of its own, given the display list as JSON and the photos as files.

use std::path::PathBuf;
use std::process::Command;

use artwork::{Item, MM_PER_PT, Page};
use card::profile::face::{Colour, Weight};
use serde_json::{Value, json};

use crate::Job;
use crate::krilla_pages::{BOLD, HAN, REGULAR, runs};

const SCRIPT: &str = include_str!("pages.py");

pub struct Writer {
    python: String,
    folder: tempfile::TempDir,
}

impl Writer {
    /// Writes down what is to be drawn and lets the script convert the font; none of that is timed.
    ///
    /// # Errors
    /// Why ReportLab can't be asked.
    pub fn prepare(job: &Job) -> Result<Self, String> {
        let python = std::env::var("CARDLINE_PRINT_PYTHON").unwrap_or_else(|_| "python3".to_owned());
        let folder = tempfile::tempdir().map_err(|e| e.to_string())?;
        let put = |name: &str, bytes: &[u8]| std::fs::write(folder.path().join(name), bytes).map_err(|e| e.to_string());
        put("pages.py", SCRIPT.as_bytes())?;
        put("regular.ttf", REGULAR)?;
        put("bold.ttf", BOLD)?;
        put("han.otf", HAN)?;
        job.photos.iter().enumerate().try_for_each(|(n, photo)| put(&format!("{n}.jpg"), photo))?;
        let backdrops: Vec<Vec<Value>> = job.pages.iter().take(2).map(|p| p.backdrop.iter().flat_map(|b| b.iter()).map(|i| item(i, 0)).collect()).collect();
        let pages: Vec<Value> = job.pages.iter().enumerate().map(|(n, p)| page(p, n)).collect();
        put("job.json", json!({"backdrops": backdrops, "pages": pages}).to_string().as_bytes())?;
        let writer = Self { python, folder };
        writer.ask("prepare").map(|_| writer)
    }

    /// Milliseconds of CPU for the document, from the first page to the written file, and its bytes.
    pub fn draw(&self) -> (f64, usize) {
        let said = self.ask("draw").expect("it could before");
        let (cpu_ms, bytes) = said.split_once(' ').expect("two numbers");
        (cpu_ms.parse().expect("a number"), bytes.parse().expect("a number"))
    }

    fn ask(&self, what: &str) -> Result<String, String> {
        let script: PathBuf = self.folder.path().join("pages.py");
        let output = Command::new(&self.python).arg(script).arg(what).current_dir(self.folder.path()).output().map_err(|e| e.to_string())?;
        let last = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().lines().last().unwrap_or_default().to_owned();
        if output.status.success() { Ok(last(&output.stdout)) } else { Err(last(&output.stderr)) }
    }
}

fn page(page: &Page, n: usize) -> Value {
    json!({"size": [pt(page.width_mm), pt(page.height_mm)], "backdrop": n % 2, "items": page.items.iter().map(|i| item(i, n / 2)).collect::<Vec<_>>()})
}

/// In points from the upper left corner, as the display list has it in millimetres.
fn item(item: &Item, card: usize) -> Value {
    match item {
        Item::Text(text) => {
            let bold = text.weight == Weight::Bold;
            let face = ttf_parser::Face::parse(if bold { BOLD } else { REGULAR }, 0).expect("a vendored font");
            let latin = if bold { "bold" } else { "regular" };
            let pieces: Vec<Value> = runs(&text.text, &face).iter().map(|(is_latin, run)| json!([if *is_latin { latin } else { "han" }, run])).collect();
            json!(["text", pt(text.x_mm), pt(text.baseline_mm), text.size_pt, colour(text.colour), pieces])
        }
        Item::Photo { at, .. } => json!(["photo", pt(at.x_mm), pt(at.y_mm), pt(at.width_mm), pt(at.height_mm), format!("{card}.jpg")]),
        Item::Fill { at, colour: c, radius_mm } => {
            json!(["fill", pt(at.x_mm), pt(at.y_mm), pt(at.width_mm), pt(at.height_mm), colour(*c), pt(*radius_mm)])
        }
        Item::Stroke { points_mm, width_mm, colour: c } => {
            json!(["stroke", points_mm.iter().map(|(x, y)| [pt(*x), pt(*y)]).collect::<Vec<_>>(), pt(*width_mm), colour(*c)])
        }
        Item::Modules { x_mm, y_mm, module_width_mm, module_height_mm, runs } => {
            json!(["modules", pt(*x_mm), pt(*y_mm), pt(*module_width_mm), pt(*module_height_mm), runs])
        }
        Item::Inset { .. } => unreachable!("cards hold no other pages"),
    }
}

fn colour(c: Colour) -> [f64; 3] {
    [c.0, c.1, c.2].map(|part| f64::from(part) / 255.0)
}

fn pt(mm: f64) -> f64 {
    mm / MM_PER_PT
}
