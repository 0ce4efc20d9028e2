//! An account in a line says what its last output said, and is the same whether it is read in the shard or from its blob.

use super::log::{EMIT_ALL, Happening, Log, day};
use crate::domain::{band::Band, event::Kind, output::SCORE_UPDATED, shard::Shard};

const MODEL: &str = r#"
name = "summary"
[[dimension]]
id = "adoption"
weight = 1
[[dimension.indicator]]
id = "days"
value = 'days(usage[7d])'
score = { worst = 0, best = 5 }
[[alert]]
id = "silent"
when = "since(usage) >= 5"
severity = "high"
[output]
min_delta = 0.5
heartbeat = "off"
sweep = "1d"
"#;
const BOTH: [Kind; 2] = [Kind::Usage, Kind::Account];

#[test]
fn a_blob_in_a_line_is_what_was_sent_last() {
    let mut log = Log::with_model(MODEL);
    log.announce(&BOTH);
    let attributes = Happening::new(Kind::Account, "a", day(0), "attributes")
        .text("attributes.segment", "students")
        .text("attributes.plan", "pro")
        .number("attributes.value", 17_880);
    log.events(&[attributes]);
    for at in 0..12 {
        let login = Happening::new(Kind::Usage, "a", day(at), "login").text("user", "u1");
        log.events(if at < 3 { std::slice::from_ref(&login) } else { &[] });
        log.tick(&BOTH, day(at));
    }
    let mut run = log.fold(EMIT_ALL);
    let sent = run.last_value(SCORE_UPDATED);
    let (blobs, meta) = run.state();
    let mut shard = Shard::new(run.shard.index(), EMIT_ALL);
    shard.restore_meta(&meta).unwrap();
    let (account, blob) = &blobs[0];
    let from_blob = shard
        .summarise(account, blob, |summary| format!("{summary:?}"))
        .unwrap()
        .unwrap();
    shard.restore_account(account, blob).unwrap();
    let summary = shard.summary("a").unwrap();
    assert_eq!(format!("{summary:?}"), from_blob);

    assert_eq!(
        summary.sent.map(|sent| sent.to_string()).as_deref(),
        sent["as_of"].as_str()
    );
    assert!((summary.score - sent["score"].as_f64().unwrap()).abs() < 0.01);
    assert_eq!(
        (summary.band.as_str(), summary.band),
        (sent["band"].as_str().unwrap(), Band::Red)
    );
    // Three days of seven, five of them full marks; none a week later.
    assert!(
        (summary.trends[0] + 60.0).abs() < 0.01 && summary.trends[1].is_nan(),
        "{summary:?}"
    );
    assert_eq!(
        (summary.segment, summary.plan, summary.owner, summary.value),
        (Some("students"), Some("pro"), None, 17_880.0)
    );
    let open: Vec<&str> = summary.alerts.iter().map(|(rule, ..)| *rule).collect();
    assert_eq!(open, ["silent"]);
    assert!(shard.summary("nobody").is_none());
}
