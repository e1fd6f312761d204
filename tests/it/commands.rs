//! What people type: exit codes, refusals, decisions, histories.

use crate::plant::{Plant, text};

fn code(plant: &Plant, args: &[&str]) -> Option<i32> {
    plant.run(args).status.code()
}

#[test]
fn wrong_configuration_is_refused_with_file_line_and_key() {
    let plant = Plant::stocked(10, 41);
    std::fs::write(plant.root.join("pipeline.toml"), "[run]\npermits = 64\nthread = 2\n").unwrap();
    let output = plant.run(&["run"]);
    assert_eq!(output.status.code(), Some(78));
    assert!(text(&output.stderr).contains("CFG-01 pipeline.toml:3: thread"), "{}", text(&output.stderr));
}

#[test]
fn usage_errors_exit_64_and_no_plant_is_said() {
    let plant = Plant::stocked(10, 42);
    assert_eq!(code(&plant, &["frobnicate"]), Some(64));
    assert_eq!(code(&plant, &["explain", "no-such-application"]), Some(64));
    assert_eq!(code(&plant, &["release", "../../x", "--as", "op1"]), Some(64).or(Some(78)));
    assert_eq!(code(&plant, &["init"]), Some(64));
}

#[test]
fn strict_runs_exit_3_when_something_was_refused() {
    let plant = Plant::stocked(120, 43);
    assert_eq!(code(&plant, &["run", "--strict"]), Some(3));
}

#[test]
fn a_held_application_is_resolved_and_its_history_told() {
    let plant = Plant::stocked(160, 44);
    plant.ok(&["intake"]);
    let held: Vec<serde_json::Value> = plant.ok(&["held", "--json"]).lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    let by_hand = |h: &&serde_json::Value| {
        let codes: Vec<&str> = h["reasons"].as_array().unwrap().iter().map(|r| r["code"].as_str().unwrap()).collect();
        codes
            .iter()
            .all(|c| ["PHO-14", "PHO-15", "PHO-18", "PHO-19", "PHO-22", "REC-06", "REC-07", "REC-12", "REC-16", "REC-18", "RPL-05", "RPL-06"].contains(c))
    };
    let chosen = held.iter().find(by_hand).expect("the generator makes applications a person can accept");
    let name = format!("{}/{}", chosen["outlet"].as_str().unwrap(), chosen["application_id"].as_str().unwrap());
    assert_eq!(code(&plant, &["resolve", &name, "accept", "--reason", "seen", "--as", "x"]), Some(64), "an id of one letter is refused");
    plant.ok(&["resolve", &name, "accept", "--reason", "compared with the passport", "--as", "op1"]);
    plant.ok(&["produce"]);
    let explained = plant.ok(&["explain", &name]);
    assert!(explained.contains("produced: card"), "{explained}");
    let history = plant.ok(&["track", &name]);
    for step in ["received in package", "judged: Held", "Resolved by op1", "cut into batch", "sealed", "released", "dispatched"] {
        assert!(history.to_lowercase().contains(&step.to_lowercase()), "{step} in {history}");
    }
    let number = explained.split("produced: card ").nth(1).and_then(|t| t.split(' ').next()).unwrap().to_owned();
    assert!(plant.ok(&["track", &number]).contains("cut into batch"));
    assert_eq!(code(&plant, &["event", &number, "activated-bank", "--as", "outlet1"]), Some(77), "not collected yet");
    plant.ok(&["event", &number, "received", "--as", "outlet1"]);
    plant.ok(&["event", &number, "collected", "--as", "outlet1"]);
    plant.ok(&["event", &number, "activated-bank", "--as", "bank1"]);
    assert_eq!(code(&plant, &["withdraw", &name, "--reason", "late", "--as", "op1"]), Some(77), "already in production");
}

#[test]
fn a_withdrawn_application_is_not_made() {
    let plant = Plant::stocked(60, 45);
    plant.ok(&["intake"]);
    let answers: String = plant.outputs().into_iter().filter(|(p, _)| p.ends_with("answers.jsonl")).map(|(_, b)| text(&b)).collect();
    let accepted =
        answers.lines().map(|l| serde_json::from_str::<serde_json::Value>(l).unwrap()).find(|a| a["outcome"] == "accepted").expect("an accepted application");
    let id = accepted["application_id"].as_str().unwrap();
    plant.ok(&["withdraw", id, "--reason", "applicant left", "--as", "op1"]);
    plant.ok(&["produce"]);
    assert!(plant.ok(&["explain", id]).contains("WDR-01"));
    plant.ok(&["verify"]);
}

#[test]
fn a_plan_changes_nothing() {
    let plant = Plant::stocked(60, 46);
    let plan = plant.ok(&["run", "--plan"]);
    assert!(plan.contains("take in"), "{plan}");
    assert!(plant.outputs().is_empty());
}

#[test]
fn the_vendors_result_is_imported_once_and_compared() {
    let plant = Plant::stocked(60, 47);
    plant.ok(&["run"]);
    let batch = std::fs::read_dir(plant.root.join("batches")).unwrap().flatten().next().unwrap().file_name().into_string().unwrap();
    let sheet: serde_json::Value =
        serde_json::from_slice(&std::fs::read(plant.root.join(format!("batches/{batch}/print/job-0001.sheet.json"))).unwrap()).unwrap();
    let numbers: Vec<String> = sheet["slots"].as_array().unwrap().iter().map(|s| s["number"].as_str().unwrap().to_owned()).collect();
    let heading = "序号,社保卡号,社会保障号码,姓名,发卡日期,卡有效期,卡识别码,卡复位码,服务银行,银行卡号,个人帐户,装箱位置,失败环节,失败原因\r\n";
    let good = |i: usize, n: &str| format!("{i},{n},,,,,420100D156000005{i:016X},,,,,0001-{i:04},,\r\n");
    let mut rows: String = numbers.iter().enumerate().skip(2).map(|(i, n)| good(i, n)).collect();
    rows.push_str(&format!("90,{},,,,,,,,,,,制卡,芯片写入失败\r\n91,{},,,,,,,,,,,,\r\n", numbers[0], numbers[1]));
    let file = plant.root.join("result.csv");
    std::fs::write(&file, format!("{heading}{rows}")).unwrap();
    let import = ["returns", "import", file.to_str().unwrap()];
    let said = plant.ok(&import);
    assert!(said.contains(&format!("{} good, 1 spoiled, 1 unknown", numbers.len() - 2)), "{said}");
    let again = plant.run(&import);
    assert!(!again.status.success() && text(&again.stderr).contains("RES-06"), "{}", text(&again.stderr));
    std::fs::write(&file, format!("{heading}{}", good(1, "A00000003"))).unwrap();
    assert!(text(&plant.run(&import).stderr).contains("RES-01"));
    std::fs::write(&file, "no heading\r\n").unwrap();
    assert!(text(&plant.run(&import).stderr).contains("RES-08"));
    assert!(plant.outputs().keys().any(|p| p.contains("/results-")), "outlets get their own rows");
    plant.ok(&["verify"]);
}

#[test]
fn a_reader_that_stops_reading_is_no_fault_of_ours() {
    let plant = Plant::stocked(40, 48);
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let output = plant.command(&["reasons"]).stdout(writer).stderr(std::process::Stdio::piped()).spawn().unwrap().wait_with_output().unwrap();
    assert_eq!((output.status.code(), text(&output.stderr)), (Some(74), String::new()));
}

/// `cardline run 2> log` on a disk that is full, or with a terminal that is gone.
#[test]
fn a_log_that_cannot_be_written_stops_no_night() {
    let plant = Plant::stocked(20, 48);
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let output = plant.command(&["run", "--json"]).stderr(full).output().unwrap();
    assert!(output.status.success() && text(&output.stdout).contains("\"exit\":0"), "{:?}", output.status);
}
