//! Reading `labels.csv`: which file must get which verdict and reasons. A bad label is an error with its line: an evaluation on wrong
//! labels is worse than none.

use card::{Code, Outcome};
use ledger::fault::Fault;

/// What one photo must get.
#[derive(Clone, PartialEq, Debug)]
pub struct Label {
    pub file: String,
    pub outcome: Outcome,
    pub codes: Vec<Code>,
    pub group: String,
    pub religious_headgear: bool,
    pub half: String,
}

const COLUMNS: [&str; 6] = ["file", "verdict", "reasons", "group", "religious_headgear", "half"];

/// All labels, in their order.
///
/// # Errors
/// A line that isn't a label: its number and why.
pub fn parse(text: &str) -> Result<Vec<Label>, Fault> {
    let mut lines = text.trim_start_matches('\u{feff}').lines().enumerate().filter(|(_, l)| !l.trim().is_empty());
    let (_, header) = lines.next().ok_or_else(|| bad(1, "no header"))?;
    let columns: Vec<&str> = header.split(',').map(str::trim).collect();
    if let Some(unknown) = columns.iter().find(|c| !COLUMNS.contains(c)) {
        return Err(bad(1, &format!("unknown column {unknown:?}; known are {}", COLUMNS.join(", "))));
    }
    if let Some(missing) = COLUMNS[..2].iter().find(|c| !columns.contains(c)) {
        return Err(bad(1, &format!("no column {missing:?}")));
    }
    let mut seen = std::collections::BTreeSet::new();
    let mut out = Vec::new();
    for (at, line) in lines {
        let label = label(&columns, line).map_err(|why| bad(at + 1, &why))?;
        if !seen.insert(label.file.clone()) {
            return Err(bad(at + 1, &format!("{:?} is labelled twice", label.file)));
        }
        out.push(label);
    }
    Ok(out)
}

fn bad(line: usize, why: &str) -> Fault {
    Fault::BadInput(format!("labels.csv line {line}: {why}"))
}

fn label(columns: &[&str], line: &str) -> Result<Label, String> {
    let values: Vec<&str> = line.split(',').map(str::trim).collect();
    if values.len() != columns.len() {
        return Err(format!("{} fields where the header has {}", values.len(), columns.len()));
    }
    let value = |name: &str| columns.iter().position(|c| *c == name).map_or("", |i| values[i]);
    let file = value("file").to_owned();
    if file.is_empty() || file.starts_with('/') || file.split(['/', '\\']).any(|part| part == "..") {
        return Err(format!("{file:?} is no file inside the folder"));
    }
    let outcome = outcome(value("verdict"))?;
    let codes: Vec<Code> = value("reasons").split_whitespace().map(code).collect::<Result<_, _>>()?;
    if outcome != Outcome::Accepted && codes.is_empty() {
        return Err("a photo that must not pass needs a reason".to_owned());
    }
    let religious_headgear = match value("religious_headgear") {
        "" | "no" => false,
        "yes" => true,
        other => return Err(format!("religious_headgear is yes or no, not {other:?}")),
    };
    Ok(Label { file, outcome, codes, group: value("group").to_owned(), religious_headgear, half: value("half").to_owned() })
}

fn outcome(word: &str) -> Result<Outcome, String> {
    match word {
        "accepted" | "pass" => Ok(Outcome::Accepted),
        "held" | "review" => Ok(Outcome::Held),
        "rejected" | "reject" => Ok(Outcome::Rejected),
        other => Err(format!("verdict is accepted, held or rejected, not {other:?}")),
    }
}

fn code(text: &str) -> Result<Code, String> {
    Code::parse(text).ok_or_else(|| format!("unknown reason {text:?}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn why(text: &str) -> String {
        parse(text).err().map_or_else(String::new, |f| f.to_string())
    }

    #[test]
    fn columns_may_come_in_any_order_and_optional_ones_may_be_missing() {
        let labels = parse("verdict,file\naccepted,a.jpg\n\npass,b.jpg\n").unwrap();
        assert_eq!(labels.iter().map(|l| l.file.as_str()).collect::<Vec<_>>(), ["a.jpg", "b.jpg"]);
        let full = parse("file,verdict,reasons,group,religious_headgear,half\nx.jpg,held,PHO-12 PHO-29,skin-6,yes,held-out\n").unwrap();
        assert_eq!((full[0].outcome, full[0].codes.len(), full[0].religious_headgear), (Outcome::Held, 2, true));
        assert_eq!((full[0].group.as_str(), full[0].half.as_str()), ("skin-6", "held-out"));
    }

    #[test]
    fn a_bad_label_is_named_with_its_line() {
        for (text, line, part) in [
            ("", 1, "no header"),
            ("file,verdikt\n", 1, "verdikt"),
            ("file,reasons\n", 1, "verdict"),
            ("file,verdict\na.jpg,accepted\nb.jpg,maybe\n", 3, "maybe"),
            ("file,verdict\n\na.jpg\n", 3, "1 fields"),
            ("file,verdict\n../a.jpg,accepted\n", 2, "inside"),
            ("file,verdict\na.jpg,accepted\na.jpg,accepted\n", 3, "twice"),
            ("file,verdict,reasons\na.jpg,rejected,PHO-1000\n", 2, "PHO-1000"),
            ("file,verdict,reasons\na.jpg,rejected,\n", 2, "reason"),
            ("file,verdict,religious_headgear\na.jpg,pass,perhaps\n", 2, "perhaps"),
        ] {
            let why = why(text);
            assert!(why.contains(&format!("line {line}:")) && why.contains(part), "{text:?}: {why}");
        }
    }
}
