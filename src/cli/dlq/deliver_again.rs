//! Sends outputs to the targets that did not take them. Other readers of the output topic do not see them again.

use std::collections::BTreeMap;

use crate::config::Config;
use crate::deliver::redeliver;

use super::super::Failure;
use super::letter::Letter;

pub fn send(config: &Config, letters: &[Letter], dry_run: bool) -> Result<(), Failure> {
    let mut by_target: BTreeMap<String, Vec<&Letter>> = BTreeMap::new();
    for letter in letters {
        let target = letter.target().unwrap_or_default();
        anstream::println!("{} to the target {target}", letter.place);
        by_target.entry(target).or_default().push(letter);
    }
    for (name, letters) in by_target {
        let Some(target) = config.deliver.get(&name) else {
            return Err(Failure::Settings(format!(
                "there is no [deliver.{name}] in the settings"
            )));
        };
        if dry_run {
            anstream::println!("{} would be sent to {name}", letters.len());
            continue;
        }
        let outputs: Vec<_> = letters.iter().filter_map(|letter| letter.output()).collect();
        let sent = redeliver(target, outputs).map_err(|error| Failure::of(&name, &error))?;
        match sent {
            (taken, None) => anstream::println!("{taken} sent to {name}"),
            (taken, Some(reason)) => {
                return Err(Failure::Failed(format!(
                    "{name} has taken {taken} of {}; the next one it has not: {reason}",
                    letters.len()
                )));
            }
        }
    }
    Ok(())
}
