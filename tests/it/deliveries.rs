//! What couriers say became of mail and boxes: imported whole or not at all, shown wherever somebody asks for a card.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::plant::{Plant, rows, text};

const DAY_AFTER: &str = "2026-11-25T08:00:00Z";

/// A plant after its night, and what it sent.
struct Sent {
    plant: Plant,
    batch: String,
    /// Rows of the courier's list.
    letters: Vec<BTreeMap<String, String>>,
    /// Rows of the list of bundles.
    bundles: Vec<BTreeMap<String, String>>,
}

impl Sent {
    fn new(applications: u32, seed: u64) -> Self {
        let plant = Plant::stocked(applications, seed);
        plant.ok(&["run"]);
        let files = plant.files("batches");
        let named = |end: &str| files.iter().find(|(path, _)| path.ends_with(end)).map(|(path, bytes)| (path.clone(), rows(bytes))).unwrap();
        let (path, letters) = named("mail/courier.csv");
        let batch = path.split('/').nth(1).unwrap().to_owned();
        Self { batch, letters, bundles: named("dispatch/bundles.csv").1, plant }
    }

    fn box_of(&self, at: usize) -> (String, &BTreeMap<String, String>) {
        let bundle = self.bundles.iter().filter(|b| b["kind"] == "outlet").nth(at).unwrap();
        (format!("{}-{:04}", self.batch, bundle["bundle"].parse::<u32>().unwrap()), bundle)
    }

    fn import_at(&self, clock: &str, lines: &[String]) -> Result<String, String> {
        let file = self.plant.root.join("courier.csv");
        std::fs::write(&file, format!("order,state,time,cause\r\n{}\r\n", lines.join("\r\n"))).unwrap();
        let output = self.plant.run_at(clock, &["deliveries", "import", file.to_str().unwrap()]);
        if output.status.success() { Ok(text(&output.stdout)) } else { Err(text(&output.stderr)) }
    }

    fn import(&self, lines: &[String]) -> Result<String, String> {
        self.import_at(DAY_AFTER, lines)
    }

    fn json_at(&self, clock: &str, args: &[&str]) -> Vec<Value> {
        let output = self.plant.run_at(clock, args);
        assert!(output.status.success(), "{}", text(&output.stderr));
        text(&output.stdout).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

fn said(order: &str, state: &str, time: &str, cause: &str) -> String {
    format!("{order},{state},{time},{cause}")
}

fn delivered(order: &str) -> String {
    said(order, "delivered", "2026-11-24T10:00:00+08:00", "")
}

#[test]
fn files_of_deliveries_are_compared_with_what_was_sent_and_refused_whole() {
    let sent = Sent::new(120, 71);
    let (letter, other) = (&sent.letters[0], &sent.letters[1]);
    let order = letter["order"].as_str();
    let (first_box, bundle) = sent.box_of(0);
    let mail_bundle = sent.bundles.iter().find(|b| b["kind"] == "mail").unwrap();
    let in_a_box = format!("{}-{:06}", sent.batch, bundle["first_position"].parse::<u32>().unwrap());
    let good = delivered(&other["order"]);
    for (what, lines, code) in [
        ("a batch of no night", vec![delivered("B20250101-01-000001")], "DLV-01"),
        ("a position beyond the last", vec![delivered(&format!("{}-009999", sent.batch))], "DLV-01"),
        ("a card that went in a box", vec![delivered(&in_a_box)], "DLV-01"),
        ("a bundle of letters", vec![delivered(&format!("{}-{:04}", sent.batch, mail_bundle["bundle"].parse::<u32>().unwrap()))], "DLV-01"),
        ("another card's label", vec![delivered(&format!("{}-{order}", other["card_number"]))], "DLV-01"),
        ("two things of one order", vec![delivered(order), said(order, "failed", "2026-11-24T10:00:00+08:00", "lost")], "DLV-03"),
        ("before the dispatch", vec![said(order, "delivered", "2026-11-22T21:59:00+08:00", "")], "DLV-05"),
        ("in the future", vec![said(order, "delivered", "2026-11-25T08:00:01Z", "")], "DLV-05"),
        ("no cause", vec![said(order, "failed", "2026-11-24T10:00:00+08:00", "")], "DLV-07"),
    ] {
        let refused = sent.import(&[&[good.clone()][..], &lines].concat()).unwrap_err();
        assert!(refused.contains(code) && refused.contains("line "), "{what}: {refused}");
    }
    let whole_code = format!("{}-{order}", letter["card_number"]);
    let file = [good.clone(), delivered(&whole_code), delivered(&first_box)];
    assert!(sent.import(&file).unwrap().starts_with("3 delivered, 0 returned, 0 failed, 0 known"), "nothing of the refused files counted");
    assert!(sent.import(&file).unwrap_err().contains("DLV-06"));
    let back = sent.import(&[said(order, "failed", "2026-11-24T11:00:00+08:00", "refused")]).unwrap_err();
    assert!(back.contains("DLV-04"), "{back}");
    assert!(sent.import(&[good.clone(), good.clone(), delivered(order)]).unwrap().contains("0 delivered, 0 returned, 0 failed, 3 known"));
    let gone = sent.import(&[said(order, "delivered", "2026-11-24T09:00:00+08:00", "")]).unwrap_err();
    assert!(gone.contains("DLV-05"), "earlier than what is on record: {gone}");
    sent.plant.ok(&["verify"]);
}

#[test]
fn deliveries_are_shown_by_track_status_unclaimed_and_their_list() {
    let sent = Sent::new(120, 72);
    let (letter, lost) = (&sent.letters[0], &sent.letters[1]);
    let (first_box, bundle) = sent.box_of(0);
    let lines = [
        said(&letter["order"], "returned", "2026-11-24T10:00:00Z", "address-unknown"),
        said(&lost["order"], "failed", "2026-11-24T10:00:00Z", "lost"),
        said(&first_box, "delivered", "2026-11-23T10:00:00Z", ""),
    ];
    assert!(sent.import(&lines).unwrap().starts_with("1 delivered, 1 returned, 1 failed"));
    let tracked = sent.plant.ok(&["track", &letter["card_number"]]);
    assert!(tracked.contains("letter returned (address-unknown), the courier says of 2026-11-24T10:00:00Z"), "{tracked}");
    assert!(sent.plant.ok(&["status"]).contains("deliveries    1 delivered, 1 returned, 1 failed"));
    let status: Value = serde_json::from_str(sent.plant.ok(&["status", "--json"]).trim()).unwrap();
    assert_eq!(status["deliveries"]["failed"], 1);

    let list = |clock: &str, flags: &[&str]| sent.json_at(clock, &[&["deliveries", "list", "--json"], flags].concat());
    let both = list(DAY_AFTER, &[]);
    assert_eq!(both.len(), 2);
    let returned = list(DAY_AFTER, &["--state", "returned"]);
    assert_eq!((returned.len(), returned[0]["order"].as_str()), (1, Some(letter["order"].as_str())));
    assert_eq!(returned[0]["card_number"].as_str(), Some(letter["card_number"].as_str()));
    assert!(returned[0]["en"].as_str().unwrap().contains("asks the person for an address") && returned[0]["zh"].as_str().unwrap().contains("地址"));
    let late = list("2027-11-25T08:00:00Z", &["--state", "returned"]);
    assert!(late[0]["en"].as_str().unwrap().contains("destroy"), "{}", late[0]);
    assert!(!sent.plant.ok(&["deliveries", "list"]).contains(&letter["recipient"]), "nothing of the person");

    let year_later = "2027-11-24T10:00:01Z";
    let waiting = sent.json_at(year_later, &["unclaimed", "--json"]);
    assert_eq!(waiting.len(), bundle["cards"].parse::<usize>().unwrap() + 1, "the box's cards and the letter");
    let centre: Vec<_> = waiting.iter().filter(|w| w["at_centre"] == true).collect();
    assert_eq!((centre.len(), centre[0]["card_number"].as_str()), (1, Some(letter["card_number"].as_str())));
    assert!(waiting.iter().filter(|w| w["at_centre"] == false).all(|w| w["received_at"] == "2026-11-23T10:00:00Z"));
    sent.plant.ok(&["verify"]);
}

#[test]
fn a_returned_letter_is_mailed_again_only_by_way_of_its_outlet() {
    let sent = Sent::new(80, 73);
    let letter = &sent.letters[0];
    sent.import(&[said(&letter["order"], "returned", "2026-11-24T10:00:00Z", "not-collected")]).unwrap();
    let later = [said(&letter["order"], "delivered", "2026-12-03T10:00:00Z", "")];
    let refused = sent.import_at("2026-12-04T00:00:00Z", &later).unwrap_err();
    assert!(refused.contains("DLV-04") && refused.contains("no outlet has received it since"), "{refused}");
    let event = |clock: &str, kind: &str| {
        let output = sent.plant.run_at(clock, &["event", &letter["card_number"], kind, "--as", "outlet1"]);
        (output.status.success(), text(&output.stderr))
    };
    assert!(event("2026-12-01T00:00:00Z", "received").0);
    let list = sent.json_at("2026-12-02T00:00:00Z", &["deliveries", "list", "--json"]);
    assert!(list[0]["en"].as_str().unwrap().contains("to be collected"), "{}", list[0]);
    assert!(sent.import_at("2026-12-04T00:00:00Z", &later).unwrap().starts_with("1 delivered"));
    assert!(!event("2026-12-05T00:00:00Z", "activated-bank").0, "delivered isn't collected: nobody saw who took it");
    assert!(event("2026-12-05T00:00:00Z", "collected").0);
    assert!(sent.json_at("2028-01-01T00:00:00Z", &["unclaimed", "--json"]).is_empty());
    sent.plant.ok(&["verify"]);
}

#[test]
fn deliveries_of_a_batch_that_has_not_left_are_refused_and_so_is_a_stranger() {
    let plant = Plant::stocked(60, 74);
    plant.configure("mode", "\"two-person\"");
    let waits = plant.run(&["run"]);
    assert!(waits.status.success(), "{}", text(&waits.stderr));
    let sealed: Value = serde_json::from_str(plant.ok(&["status", "--json"]).trim()).unwrap();
    let batch = sealed["batches"][0]["batch"].as_str().unwrap().to_owned();
    let file = plant.root.join("courier.csv");
    std::fs::write(&file, format!("order,state,time,cause\n{batch}-000001,delivered,2026-11-24T10:00:00Z,\n")).unwrap();
    let import = ["deliveries", "import", file.to_str().unwrap()];
    let refused = plant.run_at(DAY_AFTER, &import);
    assert!(refused.status.code() == Some(65) && text(&refused.stderr).contains("DLV-02"), "{}", text(&refused.stderr));
    let key = plant.root.join("li.key");
    let (read, mut write) = std::io::pipe().unwrap();
    std::io::Write::write_all(&mut write, b"a long passphrase\n").unwrap();
    drop(write);
    let args = ["people", "add", "li", "--name", "LI", "--role", "supervisor", "--new-key", key.to_str().unwrap(), "--passphrase-fd", "0"];
    let added = plant.command(&args).stdin(read).output().unwrap();
    assert!(added.status.success(), "{}", text(&added.stderr));
    for stranger in [&import[..], &[&import[..], &["--as", "wu"]].concat()] {
        let refused = plant.run_at(DAY_AFTER, stranger);
        assert!(refused.status.code() == Some(77) && text(&refused.stderr).contains("AUT-01"), "{}", text(&refused.stderr));
    }
    let known = plant.run_at(DAY_AFTER, &[&import[..], &["--as", "li"]].concat());
    assert!(text(&known.stderr).contains("DLV-02"), "{}", text(&known.stderr));
}
