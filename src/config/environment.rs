//! Settings from the environment: `PULSEWATCH_<SECTION>__<KEY>`, such as `PULSEWATCH_LOG__SHARDS=8`.

use std::collections::BTreeMap;

use crate::document::Override;

const PREFIX: &str = "PULSEWATCH_";

/// Those variables that name a setting. A name without `__` is none: orchestrators set `PULSEWATCH_PORT` and
/// the like for a service of that name.
pub fn overrides(environment: &BTreeMap<String, String>) -> Vec<Override> {
    environment
        .iter()
        .filter_map(|(name, value)| {
            let setting = name.strip_prefix(PREFIX).filter(|rest| rest.contains("__"))?;
            let path = setting.to_lowercase().replace("__", ".");
            Some(Override::new(&path, name, value))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_settings_and_leaves_an_orchestrators_variables() {
        let names = [
            "PULSEWATCH_LOG__SHARDS",
            "PULSEWATCH_PORT",
            "PULSEWATCH_CONFIG",
            "HOME",
            "OTHER_A__B",
        ];
        let environment = names.map(|name| (name.to_owned(), "1".to_owned())).into();
        let found: Vec<String> = overrides(&environment).into_iter().map(|item| item.path).collect();
        assert_eq!(found, ["log.shards"]);
    }
}
