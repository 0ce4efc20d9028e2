//! The models that are shipped.

use crate::model::{
    Model, check,
    compiled::{PaneUnit, PaneValue, Read, Store},
};

fn shipped(source: &str, file: &str) -> Model {
    let checked = check(source, file).unwrap_or_else(|problems| panic!("{}", problems.render(false, 120)));
    let warnings = checked.warnings.map(|warnings| warnings.render(false, 120));
    assert_eq!(warnings, None, "{file}");
    checked.model
}

#[test]
fn the_default_model_compiles() {
    let model = shipped(include_str!("../../../config/models/default.toml"), "default.toml");
    let ids: Vec<&str> = model.dimensions.iter().map(|dimension| dimension.id.as_str()).collect();
    assert_eq!(
        ids,
        [
            "adoption",
            "enablement",
            "support",
            "satisfaction",
            "finance",
            "behaviour"
        ]
    );
    let weight: f64 = model.dimensions.iter().map(|dimension| dimension.weight).sum();
    assert!((weight - 1.0).abs() < 1e-12);
    assert!(
        model
            .alerts
            .iter()
            .all(|alert| alert.playbook.is_some() && alert.due_ms.is_some())
    );
    assert_eq!(model.score_offsets, [7]);
    assert_eq!(model.attributes, ["seats", "renewal", "segment"]);
    let rules = model.segments.iter().flat_map(|table| &table.alerts);
    assert!(
        rules
            .into_iter()
            .all(|rule| rule.playbook.is_some() && rule.due_ms.is_some())
    );
}

#[test]
fn the_oulad_model_compiles_without_hysteresis() {
    let model = shipped(include_str!("../../../config/models/oulad.toml"), "oulad.toml");
    for card in &model.scorecards {
        assert_eq!(card.bands.green.enter, card.bands.green.leave);
        assert_eq!(card.bands.yellow.enter, card.bands.yellow.leave);
        assert_eq!(card.bands.dwell_ms, 0);
    }
}

#[test]
fn the_reference_model_keeps_what_the_reference_job_names() {
    let model = shipped(include_str!("../../../benches/reference.toml"), "reference.toml");
    let day = PaneUnit::Day;
    let stored: Vec<(&str, Store)> = model
        .measures
        .iter()
        .map(|measure| (measure.key.as_str(), measure.store))
        .collect();
    assert_eq!(
        stored,
        [
            (
                "distinct(usage.user)/1d",
                Store::Distinct {
                    unit: day,
                    horizon: 30,
                    every_pane: false
                }
            ),
            (
                "sum(usage.value)/1d",
                Store::Panes {
                    value: PaneValue::Sum,
                    unit: day,
                    horizon: 28
                }
            ),
            (
                "distinct(usage.feature)/1d",
                Store::Distinct {
                    unit: day,
                    horizon: 30,
                    every_pane: false
                }
            ),
            ("open(support{priority=\"urgent\"})", Store::Open),
            (
                "count(support{name=\"opened\"})/1d",
                Store::Panes {
                    value: PaneValue::Count,
                    unit: day,
                    horizon: 30
                }
            ),
            (
                "count(billing{name=\"payment_failed\"})/1d",
                Store::Panes {
                    value: PaneValue::Count,
                    unit: day,
                    horizon: 90
                }
            ),
            ("open(billing)", Store::Open),
        ]
    );
    assert_eq!(
        model.readings.len(),
        8,
        "distinct users are read once for two indicators"
    );
    assert!(
        model
            .readings
            .iter()
            .any(|reading| reading.read == Read::Total { panes: 7, offset: 0 })
    );
    assert_eq!((model.output.heartbeat_ms, model.output.sweep_ms), (None, None));
    assert_eq!(model.matchers.tests().len(), 3);
}
