//! Letters and the report as outlets and operators get them: complete, self-contained, in two languages, and about nobody else.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;

use serde_json::Value;

use crate::plant::{Plant, text};

/// A plant after its first night; nothing here changes it.
fn plant() -> &'static Plant {
    static PLANT: OnceLock<Plant> = OnceLock::new();
    PLANT.get_or_init(|| {
        let plant = Plant::stocked(80, 92);
        plant.ok(&["run"]);
        plant
    })
}

/// Every file of the returns as text; a PDF as poppler reads it, or left out where there is no poppler.
fn readable(plant: &Plant) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for (path, bytes) in plant.files("returns") {
        if path.ends_with(".pdf") {
            match Command::new("pdftotext").arg(plant.root.join(&path)).arg("-").output() {
                Ok(output) => found.insert(path, text(&output.stdout)),
                Err(_) => continue,
            };
        } else {
            found.insert(path, text(&bytes));
        }
    }
    found
}

fn outlet_of(path: &str) -> &str {
    path.split('/').nth(1).unwrap()
}

/// The texts between two marks, each once.
fn between<'a>(text: &'a str, before: &str, after: &str) -> BTreeSet<&'a str> {
    text.split(before).skip(1).filter_map(|rest| rest.split_once(after).map(|(found, _)| found)).collect()
}

#[test]
fn no_outlet_is_told_anything_of_another() {
    let files = readable(plant());
    let mut names: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    for (path, content) in &files {
        let outlet = outlet_of(path);
        let mut own = |what: &str| names.entry(what.to_owned()).or_default().insert(outlet);
        own(outlet);
        between(content, "<p class=name>", "</p>").into_iter().for_each(|name| _ = own(name));
        for line in content.lines().filter(|_| path.ends_with(".jsonl")) {
            let answer: Value = serde_json::from_str(line).unwrap();
            ["application_id", "package_id", "card_number"].iter().filter_map(|key| answer[key].as_str()).for_each(|id| _ = own(id));
        }
    }
    // What two outlets share says nothing about either: `row-1`, a common name.
    let foreign: Vec<(&String, &str)> =
        names.iter().filter(|(_, outlets)| outlets.len() == 1).map(|(what, outlets)| (what, *outlets.first().unwrap())).collect();
    assert!(foreign.len() > 80 && names.keys().any(|name| name.contains(' ')), "{}", foreign.len());
    for (path, content) in &files {
        for (what, outlet) in foreign.iter().filter(|(_, outlet)| *outlet != outlet_of(path)) {
            assert!(!content.contains(what.as_str()), "{path} speaks of {what}, which is {outlet}'s");
        }
    }
}

#[test]
fn whoever_is_not_accepted_is_in_the_letter_with_reason_and_term_in_both_languages() {
    let files = readable(plant());
    let mut pictures = 0;
    for (path, lines) in files.iter().filter(|(path, _)| path.ends_with("/answers.jsonl")) {
        let letter = &files[&path.replace("answers.jsonl", "letter.html")];
        let answers: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let stopped: Vec<&Value> = answers.iter().filter(|a| ["held", "rejected"].contains(&a["outcome"].as_str().unwrap())).collect();
        assert_eq!(letter.matches("<article ").count(), stopped.len(), "{path}");
        for answer in stopped {
            let place = format!("data-row=\"{}\"", answer["row"]);
            let case = letter.split("<article ").find(|case| case.contains(&place)).unwrap();
            for reason in answer["reasons"].as_array().unwrap().iter().filter(|r| r["effect"] != "warn") {
                for key in ["code", "sentence_zh", "todo_zh"] {
                    assert!(case.contains(reason[key].as_str().unwrap()), "{path} row {}: {reason}", answer["row"]);
                }
            }
            pictures += case.matches("<img ").count();
        }
        if letter.contains("For you to put right") {
            assert!(letter.contains("Please by 7 December 2026") && letter.contains("请于2026年12月7日前处理"), "{path}");
        }
    }
    assert!(pictures > 0, "a refused photo is shown");
}

#[test]
fn pages_are_self_contained_and_the_nights_letter_shows_neither_names_nor_faces() {
    let plant = plant();
    let report = plant.files("batches").into_iter().filter(|(path, _)| path.ends_with("report.html")).map(|(path, bytes)| (path, text(&bytes)));
    let mut pages: Vec<(String, String)> = readable(plant).into_iter().filter(|(path, _)| path.ends_with(".html")).chain(report).collect();
    pages.sort();
    for (path, page) in &pages {
        let style = between(page, "<style>", "</style>").into_iter().collect::<String>();
        assert!(!style.contains("url(") && !style.contains("@import"), "{path} fetches something");
        for tag in between(page, "<", ">") {
            let foreign = ["script", "link", "iframe", "object", "embed", "base"].iter().any(|name| tag.starts_with(name));
            assert!(!foreign && !tag.contains(" on") && !tag.contains("http"), "{path}: <{tag}>");
            assert!(!tag.contains("src=") || tag.contains("src='data:image/"), "{path}: <{tag}>");
        }
        assert!(page.starts_with("<!doctype html>") && page.contains("<meta charset=utf-8>") && page.contains("@page{size:A4"), "{path}");
    }
    let nights: Vec<&(String, String)> = pages.iter().filter(|(path, _)| path.contains("/night-")).collect();
    assert!(nights.len() > 3);
    assert!(nights.iter().all(|(_, page)| !page.contains("<img") && !page.contains("<p class=name>")));
    assert!(nights.iter().any(|(_, page)| page.contains("<article ")));
}

#[test]
fn the_report_balances_and_every_figure_can_be_read_aloud() {
    let reports: Vec<_> = plant().files("batches").into_iter().filter(|(path, _)| path.ends_with("report.html")).collect();
    let [(_, report)] = reports.as_slice() else { panic!("one report") };
    let report = text(report);
    assert!(report.contains("Everything that came in is accounted for.") && !report.contains("NOT BALANCED"));
    let figures: Vec<&str> = report.split("<svg ").skip(1).collect();
    assert_eq!(figures.len(), 2, "outlets and stages: a first night has no trend");
    assert!(figures.iter().all(|svg| svg.starts_with("role=img") || svg.starts_with("class=spark role=img")));
    assert!(figures.iter().all(|svg| svg.contains("<title")) && figures.iter().all(|svg| svg.contains("<desc")));
    for heading in
        ["Balance 平衡", "By outlet 各网点", "Refusals by reason", "Throughput 速度", "Slowest items 最慢项目", "Finishing hour 完成时间", "Proof sheet 样张"]
    {
        assert!(report.contains(heading), "{heading}");
    }
    let status: serde_json::Value = serde_json::from_str(plant().ok(&["status", "--json"]).trim()).unwrap();
    let (received, aside) = (&status["packages"]["received"], &status["packages"]["set_aside"]);
    assert!(aside.as_u64() > Some(0) && report.contains(&format!("{received} taken in, {aside} set aside whole")), "{status}");
    let listed = &report[report.find("Packages set aside").unwrap()..report.find("Throughput").unwrap()];
    assert_eq!(listed.matches("<tr><td class=a>").count() as u64, aside.as_u64().unwrap());
    let slowest = &report[report.find("Slowest items").unwrap()..report.find("Proof sheet").unwrap()];
    let named: Vec<&str> = slowest.split("<tr><td>").skip(1).collect();
    assert_eq!(named.len(), 8);
    assert!(named.iter().all(|n| (n.starts_with("Package ") && n.contains(" 申请包 ")) || (n.starts_with("Job ") && n.contains(" 作业 "))), "{slowest}");
}

/// The pictures of docs/pictures: `cargo test -p cardline --test it -- --ignored letters::the_pictures_of_the_docs` (needs poppler, and
/// chromium with Chinese fonts for the report; Debian: poppler-utils chromium fonts-noto-core fonts-noto-cjk).
#[test]
#[ignore = "writes docs/pictures"]
fn the_pictures_of_the_docs() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/pictures");
    std::fs::create_dir_all(&folder).unwrap();
    let drawn = |program: &str, args: &[&str], from: &Path, to: &Path| {
        let status = Command::new(program).args(args).arg(from).arg(to).status();
        assert!(status.unwrap_or_else(|e| panic!("{program}: {e}")).success());
    };
    let returns = plant().files("returns");
    let largest = returns.iter().filter(|(path, _)| path.ends_with("/letter.pdf")).max_by_key(|(_, bytes)| bytes.len()).unwrap().0;
    let first_page = ["-png", "-singlefile", "-f", "1", "-l", "1", "-r"];
    drawn("pdftoppm", &[&first_page[..], &["96"]].concat(), &plant().root.join(largest), &folder.join("letter"));
    // Enough cards for a whole sheet.
    let plant = Plant::stocked(190, 3);
    plant.ok(&["run"]);
    let batch = crate::paper::only_batch(&plant);
    let look = plant.root.join("look");
    plant.ok(&["proof", &batch, "--dpi", "200", "--out", look.to_str().unwrap()]);
    drawn("pdftoppm", &[&first_page[..], &["110"]].concat(), &look.join("contact.pdf"), &folder.join("proof"));
    for side in ["front", "back"] {
        let cards = std::fs::read_dir(&look).unwrap().flatten().map(|e| e.path());
        let first = cards.filter(|p| p.to_string_lossy().ends_with(&format!("-{side}.png"))).min().expect("a card");
        std::fs::write(folder.join(format!("card-{side}.png")), std::fs::read(first).unwrap()).unwrap();
    }
    let report = plant.root.join("batches").join(&batch).join("report.html");
    let shot = format!("--screenshot={}", folder.join("report.png").display());
    let window = ["--headless", "--no-sandbox", "--hide-scrollbars", "--window-size=900,2600", &shot];
    assert!(Command::new("chromium").args(window).arg(&report).status().expect("chromium").success());
}

#[test]
fn a_package_set_aside_is_answered_by_letter_where_its_signature_is_good_and_else_shown_to_the_operators() {
    let quarantined: Vec<String> = plant().files("quarantine").into_keys().filter(|path| path.ends_with(".reasons.json")).collect();
    let all: Vec<Value> = quarantined.iter().map(|path| serde_json::from_slice(&plant().files("quarantine")[path]).unwrap()).collect();
    let (known, unknown): (Vec<&Value>, Vec<&Value>) = all.iter().partition(|a| a["outlet"].is_string());
    assert!(!known.is_empty() && !unknown.is_empty(), "the generator makes both");
    let files = readable(plant());
    let told = files.iter().filter(|(path, _)| path.contains("/set-aside-") && path.ends_with(".html")).collect::<Vec<_>>();
    assert_eq!(told.len(), known.len());
    for (path, letter) in told {
        let aside: Value = serde_json::from_str(&files[&path.replace(".html", ".json")]).unwrap();
        assert_eq!(aside["outlet"].as_str(), Some(outlet_of(path)));
        let paper = files.get(&path.replace(".html", ".pdf"));
        let bare = |text: &str| text.chars().filter(|c| !c.is_whitespace()).collect::<String>();
        for reason in aside["reasons"].as_array().unwrap() {
            for key in ["code", "sentence_en", "sentence_zh", "todo_en", "todo_zh"] {
                let words = reason[key].as_str().unwrap();
                let escaped = words.replace('&', "&amp;").replace('\'', "&#39;").replace('"', "&quot;");
                assert!(letter.contains(&escaped), "{path}: {words}");
            }
            assert!(paper.is_none_or(|paper| bare(paper).contains(reason["code"].as_str().unwrap())), "{path}");
        }
        for words in ["Your package was not let in", "申请包未予接收通知", aside["package_id"].as_str().unwrap()] {
            assert!(letter.contains(words) && paper.is_none_or(|paper| bare(paper).contains(&bare(words))), "{path}: {words}");
        }
        assert!(letter.contains("class='two by'") && letter.contains("20"), "{path}: by when");
    }
    let status = plant().ok(&["status"]);
    let shown: Value = serde_json::from_str(plant().ok(&["status", "--json"]).trim()).unwrap();
    assert_eq!(shown["packages"]["set_aside_of_nobody"].as_array().unwrap().len(), unknown.len());
    assert!(status.contains("SET ASIDE     quarantine/"), "{status}");
    plant().ok(&["verify"]);
}
