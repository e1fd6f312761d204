//! Prints the README's table of figures from what the other benches left in criterion's folder; measures nothing itself.
//! `cargo bench && cargo bench -p cardline --bench table`

use std::path::{Path, PathBuf};

use serde_json::Value;

fn main() {
    let folder = criterion_folder();
    let mut rows = Vec::new();
    collect(&folder, &mut rows);
    rows.sort();
    println!("| bench | median | per second |\n|---|---:|---:|");
    for (name, median_ns, elements) in rows {
        println!("| {name} | {} | {} |", time(median_ns), rate(median_ns, elements));
    }
}

/// `criterion/` of the target folder this program was built into.
fn criterion_folder() -> PathBuf {
    let own = std::env::current_exe().expect("a path");
    own.ancestors().map(|folder| folder.join("criterion")).find(|folder| folder.is_dir()).unwrap_or_default()
}

/// Name, median in nanoseconds, and elements per iteration where a bench has them.
fn collect(folder: &Path, rows: &mut Vec<(String, u64, Option<u64>)>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for path in entries.flatten().map(|e| e.path()).filter(|p| p.is_dir()) {
        let new = path.join("new");
        match (json(&new.join("benchmark.json")), json(&new.join("estimates.json"))) {
            (Some(what), Some(estimates)) => rows.extend(row(&what, &estimates)),
            _ => collect(&path, rows),
        }
    }
}

fn row(what: &Value, estimates: &Value) -> Option<(String, u64, Option<u64>)> {
    let median = estimates.pointer("/median/point_estimate")?.as_f64()? as u64;
    Some((what["full_id"].as_str()?.to_owned(), median, what.pointer("/throughput/Elements").and_then(Value::as_u64)))
}

fn json(path: &Path) -> Option<Value> {
    serde_json::from_slice(&std::fs::read(path).ok()?).ok()
}

fn time(ns: u64) -> String {
    match ns {
        0..1_000 => format!("{ns} ns"),
        1_000..1_000_000 => format!("{:.1} µs", ns as f64 / 1e3),
        1_000_000..1_000_000_000 => format!("{:.2} ms", ns as f64 / 1e6),
        _ => format!("{:.2} s", ns as f64 / 1e9),
    }
}

fn rate(ns: u64, elements: Option<u64>) -> String {
    elements.map_or_else(String::new, |n| format!("{:.0}", n as f64 * 1e9 / ns.max(1) as f64))
}
