//! `cardline reasons` and `cardline profiles`: published lists, on the terminal or as the page docs/REASONS.md.

use card::profile::BUILT_IN;
use card::reason::{Code, Definition, Scope};
use ledger::fault::Fault;

pub fn reasons(code: Option<&str>, markdown: bool) -> Result<u8, Fault> {
    if markdown {
        print!("{}", page());
        return Ok(0);
    }
    match code {
        None => Code::all().for_each(|d| println!("{}  {:11} {:6}  {}", d.text, scope(d.scope), word(d), d.en)),
        Some(text) => {
            let code = Code::parse(&text.to_uppercase());
            let d = code.ok_or_else(|| Fault::Usage(format!("no reason {text}; `cardline reasons` lists them")))?.definition();
            println!("{} ({}, {})\n{}\n{}\n{}\n{}", d.text, scope(d.scope), word(d), d.en, d.zh, d.todo_en, d.todo_zh);
        }
    }
    Ok(0)
}

fn scope(scope: Scope) -> &'static str {
    match scope {
        Scope::Package => "package",
        Scope::Application => "application",
        Scope::Command => "command",
    }
}

/// What the code does unless the profile says otherwise.
fn word(d: &Definition) -> &'static str {
    use card::reason::Effect::{Hold, Reject, Warn};
    match (d.scope, d.effect) {
        (_, Warn) => "warn",
        (_, Hold) => "hold",
        (Scope::Package, Reject) => "quarantine",
        (Scope::Application, Reject) => "reject",
        (Scope::Command, Reject) => "refuse",
    }
}

/// docs/REASONS.md, which a test compares with the table.
#[must_use]
pub fn page() -> String {
    let mut page = String::from(
        "# Reasons\n\nThe published list, in order of precedence: of an application's reasons of equal weight the first here is the headline.\n\
         Codes are stable and never reused. Made by `cardline reasons --markdown`; a test compares this page with the program.\n\n\
         | code | about | does | English | 中文 | what to do | 处理办法 |\n|---|---|---|---|---|---|---|\n",
    );
    for d in Code::all() {
        page.push_str(&format!("| {} | {} | {} | {} | {} | {} | {} |\n", d.text, scope(d.scope), word(d), d.en, d.zh, d.todo_en, d.todo_zh));
    }
    page
}

pub fn profiles() -> Result<u8, Fault> {
    BUILT_IN.iter().for_each(|(id, _)| println!("{id}"));
    Ok(0)
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_page_in_docs_is_the_list() {
        let written = include_str!("../../../../docs/REASONS.md");
        assert!(written == super::page(), "docs/REASONS.md is stale: cargo run -- reasons --markdown > docs/REASONS.md");
    }
}
