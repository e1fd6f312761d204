//! One job's print file by three writers, in one run: CPU time a page, and bytes a card beyond its photo. Checks nothing of what they draw;
//! `cardline inspect` does that for ours.

#[path = "../../cards/mod.rs"]
mod cards;
mod krilla_pages;
mod reportlab;

use artwork::{DocumentId, Faces, Page, Photo, job_pdf};
use card::Profile;
use cards::{JOB_CARDS, card};
use cpu_time::ThreadTime;
use jiff::civil::{Date, date};

const DAY: Date = date(2025, 6, 1);
const ROUNDS: usize = 5;

/// What one writer needed for the job.
#[derive(Default)]
struct Made {
    cpu_ms: Vec<f64>,
    bytes: usize,
}

/// The job, as every writer is given it.
pub struct Job {
    pub pages: Vec<Page>,
    /// JPEG of each card: two pages share one.
    pub photos: Vec<Vec<u8>>,
}

fn main() {
    let layout = Profile::built_in("hubei-foreigner-2025", DAY).expect("the profile").face;
    let faces = Faces::new(&layout).expect("a sound layout");
    let photos: Vec<Vec<u8>> = (0..JOB_CARDS).map(|n| jpeg(n as u32)).collect();
    let draw = |n: usize| faces.card_pages(&card(n), &Photo::new(photos[n].clone()).expect("a photo")).expect("pages");
    let drawn: Vec<(usize, Photo)> = (0..JOB_CARDS).map(|n| (n, Photo::new(photos[n].clone()).expect("a photo"))).collect();
    let pages: Vec<Page> = (0..JOB_CARDS).flat_map(draw).collect();
    let job = Job { pages, photos: photos.clone() };
    let reportlab = reportlab::Writer::prepare(&job);
    let [mut ours, mut krilla, mut python] = [Made::default(), Made::default(), Made::default()];
    for _ in 0..ROUNDS {
        let id = DocumentId { title: "B20250601-01 job 1".into(), date: DAY };
        // Fit and display list are part of what is timed for ours alone: a plant pays for them too.
        let pages = || drawn.iter().flat_map(|(n, photo)| faces.card_pages(&card(*n), photo).expect("pages"));
        ours.take(|| job_pdf(pages(), &id).expect("a print file"));
        krilla.take(|| krilla_pages::document(&job));
        if let Ok(writer) = &reportlab {
            let (cpu_ms, bytes) = writer.draw();
            (python.bytes, python.cpu_ms) = (bytes, [python.cpu_ms, vec![cpu_ms]].concat());
        }
    }
    let photo_bytes: usize = job.photos.iter().map(Vec::len).sum();
    println!("{JOB_CARDS} cards, {} pages, {ROUNDS} rounds", job.pages.len());
    ours.show("cardline", &ours, photo_bytes);
    krilla.show("krilla", &ours, photo_bytes);
    match reportlab {
        Ok(_) => python.show("reportlab", &ours, photo_bytes),
        Err(why) => println!("reportlab   skipped: {why}"),
    }
}

impl Made {
    fn take(&mut self, make: impl FnOnce() -> Vec<u8>) {
        let start = ThreadTime::now();
        self.bytes = make().len();
        self.cpu_ms.push(start.elapsed().as_secs_f64() * 1e3);
    }

    /// Least and median, milliseconds of CPU a page.
    fn a_page(&self) -> [f64; 2] {
        let mut sorted = self.cpu_ms.clone();
        sorted.sort_by(f64::total_cmp);
        [sorted[0], sorted[sorted.len() / 2]].map(|ms| ms / (2 * JOB_CARDS) as f64)
    }

    fn show(&self, name: &str, ours: &Self, photo_bytes: usize) {
        let ([least, median], beside) = (self.a_page(), self.a_page()[1] / ours.a_page()[1]);
        let beyond = (self.bytes as f64 - photo_bytes as f64) / JOB_CARDS as f64;
        println!("{name:<10}  {least:.3} ms a page at least, {median:.3} in the median ({beside:.1} of ours); {beyond:.0} bytes a card beyond its photo");
    }
}

/// A noisy picture of about 60 KB, as a portrait is.
fn jpeg(seed: u32) -> Vec<u8> {
    let noise = |x: u32, y: u32| (x.wrapping_mul(2_654_435_761) ^ y.wrapping_mul(40_503) ^ seed).wrapping_mul(0x9e37_79b9) >> 28;
    let picture = image::RgbImage::from_fn(358, 441, |x, y| {
        let grain = noise(x, y) as u8;
        image::Rgb([120 + grain + (x / 4) as u8, 110 + grain, 100 + grain + (y / 5) as u8])
    });
    let mut bytes = Vec::new();
    image::codecs::jpeg::JpegEncoder::new_with_quality(&mut bytes, 92).encode_image(&picture).expect("a JPEG");
    bytes
}
