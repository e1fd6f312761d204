//! The commented default, and what is refused with its line.

use photo::nets::Engine;

use super::*;

fn refusal(text: &str) -> String {
    Config::parse(text, "pipeline.toml").err().unwrap().to_string()
}

#[test]
fn the_commented_default_is_the_default() {
    assert_eq!(Config::parse(COMMENTED_DEFAULT, FILE_NAME).unwrap(), Config::default());
    assert_eq!(Config::parse("", FILE_NAME).unwrap(), Config::default());
}

#[test]
fn refusals_name_file_line_and_key() {
    assert!(refusal("[run]\npermits = 64\nthread = 2\n").starts_with("CFG-01 pipeline.toml:3: thread: unknown field"));
    assert!(refusal("[run]\npermits = \"many\"\n").starts_with("CFG-01 pipeline.toml:2: permits: invalid type"));
    assert!(refusal("\n[run]\nthreads = 0\n").starts_with("CFG-05 pipeline.toml:3: threads: 0 is not within 1 to 256"));
    assert!(refusal("[run]\nthreads = 1000000\n").contains("threads"));
    assert!(refusal("[plant]\nutc_offset = \"8\"\n").contains("pipeline.toml:2: utc_offset"));
    for wrong in ["6", "24:00", "06:60", "+6:00", ""] {
        assert!(refusal(&format!("[report]\nfinish_by = \"{wrong}\"\n")).contains("pipeline.toml:2: finish_by"), "{wrong}");
    }
    assert!(refusal("[run\n").starts_with("CFG-01 pipeline.toml:1"));
}

#[test]
fn a_sender_that_labels_cant_show_is_refused_by_key_and_character() {
    assert!(
        refusal("[sender]\nphone = \"1\"\nname = \"Centre \u{1F600}\"\n").starts_with("CFG-06 pipeline.toml:3: name: the fonts lack '\u{1F600}' (U+1F600)")
    );
    assert!(refusal("[sender]\naddress = \"1 Road\\nWuhan\"\n").starts_with("CFG-06 pipeline.toml:2: address: the fonts lack '\\n' (U+000A)"));
    let long = format!("[sender]\nname_zh = \"\"\naddress = \"{}\"\n", "武昌区".repeat(300));
    assert!(refusal(&long).starts_with("CFG-06 pipeline.toml:3: address: sender: the text doesn't fit its box"));
}

#[test]
fn an_engine_is_named_with_its_library_or_refused() {
    let engine = |text: &str| Config::parse(text, FILE_NAME).ok().map(|config| config.photo.engine());
    assert_eq!(engine(""), Some(Engine::Rten));
    let library = PathBuf::from("/opt/libonnxruntime.so");
    assert_eq!(engine("[photo]\nengine = \"onnxruntime\"\nlibrary = \"/opt/libonnxruntime.so\"\n"), Some(Engine::OnnxRuntime { library }));
    for named in ["", "library = \"libonnxruntime.so\"\n"] {
        assert!(refusal(&format!("[photo]\n{named}engine = \"onnxruntime\"\n")).contains("library: the engine onnxruntime wants the absolute path"), "{named}");
    }
    assert!(refusal("[photo]\nlibrary = \"/opt/libonnxruntime.so\"\n").starts_with("CFG-08 pipeline.toml:2: library: the engine rten has no library"));
    assert!(refusal("[photo]\nengine = \"tract\"\n").starts_with("CFG-01 pipeline.toml:2: engine: unknown variant"));
}

#[test]
fn a_production_plant_refuses_what_is_for_rehearsals() {
    assert!(refusal("[plant]\nproduction = true\n[keys]\nstore = \"file\"\n").starts_with("CFG-09 pipeline.toml:4: store: card keys in a file"));
    assert!(refusal("[plant]\nproduction = true\ndurability = \"none\"\n").starts_with("CFG-09 pipeline.toml:3: durability"));
    assert!(Config::parse("[keys]\nstore = \"file\"\n", FILE_NAME).is_ok());
    assert!(Config::parse("[plant]\nproduction = true\n", FILE_NAME).is_ok());
}

#[test]
fn a_token_is_described_or_refused() {
    let store = |more: &str| format!("[keys]\nstore = \"pkcs11\"\n[keys.token]\n{more}");
    let whole = store("module = \"/usr/lib/token.so\"\nlabel = \"centre\"\n");
    let settings = Config::parse(&whole, FILE_NAME).ok().unwrap().keys.token.settings().ok().unwrap();
    assert_eq!((settings.transport.to_string(), settings.kek, settings.sm4), ("TRANSPORT/1".to_owned(), None, None));
    let production = format!("[plant]\nproduction = true\n{whole}");
    assert!(Config::parse(&production, FILE_NAME).is_ok(), "a token is for production");
    assert!(refusal(&store("label = \"centre\"\n")).starts_with("CFG-01 pipeline.toml:1: module: "));
    assert!(refusal(&store("module = \"token.so\"\n")).starts_with("CFG-01 pipeline.toml:4: module: "));
    assert!(refusal(&store("module = \"/usr/lib/token.so\"\n")).contains(" label: "));
    assert!(refusal(&format!("{whole}transport = \"TK\"\n")).starts_with("CFG-01 pipeline.toml:6: transport: "));
    assert!(refusal(&format!("{whole}sm4_derive = 7\n")).contains("the three numbers of SM4 come together"));
    assert!(Config::parse("[keys.token]\nkek = \"KEK/1\"\n", FILE_NAME).is_ok(), "not looked at without the store");
}

#[test]
fn offsets() {
    let offset = |t: &str| Config { plant: Plant { utc_offset: t.to_owned(), ..Plant::default() }, ..Config::default() }.utc_offset_minutes();
    assert_eq!((offset("+08:00"), offset("-03:30"), offset("+15:00"), offset("08:00")), (Some(480), Some(-210), None, None));
}
