//! One night from packages to dispatch: outcomes as the generator expected, counts that balance, an auditor that agrees.

use crate::plant::{Plant, text};

#[test]
fn a_night_ends_as_expected_and_balances() {
    let plant = Plant::stocked(200, 3);
    let closing = plant.closing(&["run", "--json"]);
    let n = |path: &str| closing.pointer(path).and_then(serde_json::Value::as_u64).unwrap_or_else(|| panic!("{path} in {closing}"));
    assert!(n("/applications/ingested") >= 150);
    assert_eq!(n("/applications/ingested"), n("/applications/accepted") + n("/applications/rejected") + n("/applications/held"));
    assert!(n("/applications/rejected") > 0 && n("/applications/held") > 0 && n("/packages/quarantined") > 0);
    assert!(n("/cards") > 100 && n("/jobs") == n("/cards").div_ceil(40) && n("/bundles") > 1);
    let stopped = n("/applications/stopped_later") + n("/applications/stopped_at_cut");
    assert_eq!(n("/applications/accepted") + n("/applications/rejudged"), n("/cards") + stopped);
    assert!(stopped > 0, "a package later than another takes an application of that one along");
    assert_eq!(closing["exit"], 0);
    plant.ok(&["demo", "--check", "--no-run"]);
    let verified = plant.ok(&["verify"]);
    assert!(verified.lines().count() > 10 && !verified.contains("BROKEN"), "{verified}");
    let again = plant.ok(&["verify", "--sample", "100%"]);
    assert!(again.contains(&format!("I-20 ok {} checked", n("/cards"))), "{again}");
    let one_job = plant.ok(&["verify", "--sample", "0.001%", "--seed", "3"]);
    assert!(one_job.contains("I-20 ok") && !one_job.contains(&format!("I-20 ok {} checked", n("/cards"))), "{one_job}");
    let config = plant.root.join("pipeline.toml");
    let other = std::fs::read_to_string(&config).unwrap().replace("mail_fee_cents = ", "mail_fee_cents = 1");
    std::fs::write(&config, other).unwrap();
    let refused = plant.run(&["verify", "--sample", "1%"]);
    assert!(text(&refused.stderr).contains("CFG-02") && !refused.status.success(), "made with another configuration: {}", text(&refused.stderr));
}

#[test]
fn running_again_does_nothing_and_says_so() {
    let plant = Plant::stocked(60, 8);
    plant.ok(&["run"]);
    let before = plant.outputs();
    let closing = plant.closing(&["run", "--json"]);
    assert_eq!((closing["applications"]["ingested"].as_u64(), closing["cards"].as_u64()), (Some(0), Some(0)));
    crate::plant::assert_same(&before, &plant.outputs());
}

#[test]
fn intake_answers_by_day_and_produce_makes_by_night() {
    let plant = Plant::stocked(60, 9);
    plant.ok(&["intake"]);
    assert!(plant.outputs().keys().any(|p| p.ends_with("answers.jsonl")), "outlets are answered before anything is produced");
    assert!(!plant.outputs().keys().any(|p| p.starts_with("batches/")));
    let closing = plant.closing(&["produce", "--json"]);
    assert!(closing["cards"].as_u64() > Some(20));
    assert!(plant.outputs().keys().any(|p| p.ends_with("manifest.json.minisig")));
}

#[test]
fn a_deleted_index_is_rebuilt_and_says_so() {
    let plant = Plant::stocked(60, 10);
    plant.ok(&["intake"]);
    let status = plant.ok(&["status", "--json"]);
    std::fs::remove_dir_all(plant.root.join("ledger/index")).unwrap();
    let output = plant.run(&["produce", "--json"]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert!(plant.ok(&["status", "--json"]) != status);
    plant.ok(&["verify"]);
}
