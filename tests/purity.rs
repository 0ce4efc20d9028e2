//! The core is pure: `domain` and `model` know no clock, no environment, no I/O and no service, so that a replay is a
//! recovery. What they may use of the project beside themselves is `document` (the reading of TOML texts).

#![allow(clippy::unwrap_used, reason = "a test that cannot read the source has failed")]

use std::{fs, path::Path};

const FORBIDDEN: [&str; 16] = [
    "tokio",
    "rdkafka",
    "redis::",
    "prometheus",
    "tracing",
    "std::env",
    "std::fs",
    "std::io",
    "std::net",
    "std::thread",
    "std::process",
    "std::sync::Mutex",
    "Instant",
    "SystemTime",
    "rand",
    "unsafe",
];
const OWN_PARTS: [&str; 3] = ["domain", "model", "document"];

/// The words of a source text that have no place in the core: outside comments, as whole identifiers.
fn impurities(source: &str) -> Vec<String> {
    let code = source.lines().map(|line| line.split("//").next().unwrap_or_default());
    // The trait and its result serve for formatting into memory; whatever else it could write to is forbidden by its own name.
    let is_formatting = |line: &str| matches!(line, "use std::io::Write;" | "use std::io::{Result, Write};");
    let code = code.filter(|line| !is_formatting(line.trim()));
    let mut found = Vec::new();
    for line in code {
        let forbidden = FORBIDDEN.iter().filter(|word| {
            line.match_indices(**word).any(|(at, _)| {
                let is_part = |c: char| c.is_alphanumeric() || c == '_';
                let before = line[..at].chars().next_back().is_some_and(is_part);
                let after = line[at + word.len()..].chars().next().is_some_and(is_part) && !word.ends_with(':');
                !before && !after
            })
        });
        found.extend(forbidden.map(|word| format!("{word}: {}", line.trim())));
        let foreign = line.match_indices("crate::").filter(|(at, _)| {
            let rest = &line[at + "crate::".len()..];
            !rest.starts_with('{') && !OWN_PARTS.iter().any(|part| rest.starts_with(part))
        });
        found.extend(foreign.map(|_| format!("another part: {}", line.trim())));
    }
    found
}

fn check_folder(folder: &Path, found: &mut Vec<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            // Test code reads its fixtures.
            if !path.ends_with("tests") {
                check_folder(&path, found);
            }
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let source = fs::read_to_string(&path).unwrap();
            let code = source.split("#[cfg(test)]").next().unwrap_or_default();
            found.extend(
                impurities(code)
                    .into_iter()
                    .map(|what| format!("{}: {what}", path.display())),
            );
        }
    }
}

#[test]
fn domain_and_model_are_pure() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    check_folder(&source.join("domain"), &mut found);
    check_folder(&source.join("model"), &mut found);
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn the_check_finds_what_it_looks_for() {
    assert_eq!(impurities("use std::time::Instant;").len(), 1);
    assert_eq!(impurities("let now = SystemTime::now(); // fine").len(), 1);
    assert_eq!(impurities("use crate::kafka::client;").len(), 1);
    assert_eq!(impurities("use std::io::{Result, Write, stdout};").len(), 1);
    assert_eq!(
        impurities("// Instant\nlet instantaneous = operand;\nuse crate::domain::time;").len(),
        0
    );
}
