//! Files of cases that are wrong, and those that are shipped.

use super::mistakes;
use crate::{
    cases::{read, verdicts},
    ingest::limits::Limits,
    model::compile,
};

#[test]
fn every_mistake_is_shown_at_once() {
    insta::assert_snapshot!(mistakes(
        r#"
start = "last year"
colour = "red"
[[case]]
name = "one"
sources = ["usge"]
[[case.event]]
usage = "login"
support = "opened"
[[case.event]]
at = "1 day"
[[case.event]]
support = "opened"
[[case.event]]
usage = "login"
user = "u"
users = 0
every = "1d"
[[case.event]]
usage = "login"
at = "3d"
every = "1d"
until = "2d"
times = 3
[[case.event]]
billing = "invoice_paid"
at = "9999d"
amount = "ten"
times = 3
[[case.expect]]
scores = 3
score = "about 3"
band = "gren"
dimension = { adoptoin = 3 }
value.adoption.dayz = 3
change = { weather = 1 }
alerts = ["silnt"]
scorecard = "students"
drivers = "adoption.days"
[[case.expect]]
at = "1d"
[[case]]
name = "one"
"#
    ));
    assert!(mistakes("").contains("`case` is missing"));
}

#[test]
fn the_shipped_models_pass_their_own_cases() {
    for (model, cases, file) in [
        (
            include_str!("../../../config/models/default.toml"),
            include_str!("../../../config/models/default.test.toml"),
            "default.test.toml",
        ),
        (
            include_str!("../../../config/models/oulad.toml"),
            include_str!("../../../config/models/oulad.test.toml"),
            "oulad.test.toml",
        ),
    ] {
        let (model, limits) = (compile(model, file).unwrap(), Limits::default());
        let cases =
            read(cases, file, &model, &limits).unwrap_or_else(|problems| panic!("{}", problems.render(false, 120)));
        assert!(cases.len() >= 3, "{file}");
        for case in cases {
            let verdicts = verdicts(&case, &model, &limits).unwrap().into_iter();
            let misses: Vec<_> = verdicts.flat_map(|verdict| verdict.misses).collect();
            assert_eq!(misses, [], "{file}: {}", case.name);
        }
    }
}
