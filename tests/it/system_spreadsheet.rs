//! The lists people open in a spreadsheet, opened in LibreOffice (Debian: libreoffice-calc-nogui): nothing in them is computed.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use crate::plant::{Plant, text};

const HOSTILE: [&str; 12] = [
    "010020",
    "914201000081486627",
    "12E4",
    "=1+1",
    "+1",
    "-1",
    "@SUM(1)",
    "＝1+1",
    "=HYPERLINK(\"x\",\"y\")",
    "=cmd|' /C calc'!A0",
    "\t=1+1",
    "=1+1,\"=2+2\"\r\n=3+3",
];

/// The file as LibreOffice understands it, comma separated and UTF-8 as an outlet would say on opening it: flat XML, a cell at a time.
fn opened(file: &Path) -> Option<String> {
    let out = tempfile::tempdir().expect("a folder");
    // A profile of its own: two of them on one profile wait for each other.
    let profile = format!("-env:UserInstallation=file://{}/profile", out.path().display());
    let mut program = Command::new("soffice");
    program.arg(profile).args(["--headless", "--infilter=CSV:44,34,76,1", "--convert-to", "fods", "--outdir"]).arg(out.path()).arg(file);
    let Ok(output) = program.output() else {
        println!("skipped: LibreOffice (soffice) is not on this machine");
        return None;
    };
    let made = out.path().join(file.file_name().expect("a file")).with_extension("fods");
    Some(std::fs::read_to_string(&made).unwrap_or_else(|e| panic!("{e}: {}", text(&output.stderr))))
}

fn computed(sheet: &str) -> usize {
    sheet.matches("table:formula").count()
}

/// Contents of the text cells, in order.
fn texts(sheet: &str) -> Vec<String> {
    let cells = sheet.split("<table:table-cell ").skip(1).filter(|cell| cell.contains("office:value-type=\"string\""));
    cells.map(|cell| cell.split("<text:p>").skip(1).map(|p| unescaped(p.split("</text:p>").next().unwrap())).collect::<Vec<_>>().join("\n")).collect()
}

fn unescaped(xml: &str) -> String {
    let plain = xml.replace("<text:tab/>", "\t").replace("&quot;", "\"").replace("&apos;", "'").replace("&lt;", "<").replace("&gt;", ">");
    plain.replace("&amp;", "&")
}

#[test]
fn system_hostile_values_open_as_text_and_one_left_as_it_was_would_not() {
    let folder = tempfile::tempdir().expect("a folder");
    let (ours, theirs) = (folder.path().join("ours.csv"), folder.path().join("theirs.csv"));
    let mut list = line::lists::List::new(&["value"]);
    HOSTILE.iter().for_each(|v| list.row([*v]));
    std::fs::write(&ours, list.into_bytes()).unwrap();
    std::fs::write(&theirs, "value\r\n=1+1\r\n914201000081486627\r\n").unwrap();
    let (Some(ours), Some(theirs)) = (opened(&ours), opened(&theirs)) else { return };
    assert_eq!(computed(&theirs), 1, "a formula is one when nothing stands before it");
    assert!(!texts(&theirs).concat().contains("914201000081486627"), "a long number is one when nothing stands before it, and loses digits");
    assert_eq!(computed(&ours), 0);
    let seen = texts(&ours);
    assert_eq!(seen.len(), 1 + HOSTILE.len(), "{seen:?}");
    for (cell, value) in seen[1..].iter().zip(HOSTILE) {
        assert_eq!(cell.strip_prefix('\'').map(|v| v.replace('\n', "\r\n")).as_deref(), Some(value), "text, with a visible mark before it");
    }
}

#[test]
fn system_every_list_of_a_night_opens_without_a_formula_and_with_its_names() {
    let plant = Plant::of_demo(&["--applications", "120", "--seed", "5", "--hard-names"]);
    plant.ok(&["run"]);
    let lists = ["returns", "batches"].into_iter().flat_map(|folder| plant.files(folder)).filter(|(path, _)| path.ends_with(".csv"));
    // Of each kind of list the longest: opening one takes a second.
    let mut kinds: std::collections::BTreeMap<String, (String, Vec<u8>)> = Default::default();
    for (path, bytes) in lists {
        let name = path.rsplit('/').next().unwrap().chars().filter(|c| !c.is_ascii_digit()).collect::<String>();
        let longest = kinds.entry(name).or_default();
        if bytes.len() > longest.1.len() {
            *longest = (path, bytes);
        }
    }
    assert!(kinds.len() >= 5, "answers, packing, staff, courier, bundles: {:?}", kinds.keys().collect::<Vec<_>>());
    for (path, bytes) in kinds.values() {
        let Some(sheet) = opened(&plant.root.join(path)) else { return };
        assert_eq!(computed(&sheet), 0, "{path}");
        let seen: BTreeSet<String> = texts(&sheet).into_iter().collect();
        let mut csv = csv::Reader::from_reader(bytes.as_slice());
        let names = ["name", "name_zh", "recipient"].map(|column| csv.headers().unwrap().iter().position(|heading| heading == column));
        for row in csv.records().map(Result::unwrap) {
            for name in names.into_iter().flatten().map(|n| &row[n]).filter(|name| !name.is_empty()) {
                assert!(seen.contains(name), "{path}: {name}");
            }
        }
    }
}
