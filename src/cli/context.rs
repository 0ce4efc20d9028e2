//! What every command starts from: the command line's common part and the environment, turned into settings and a model.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::config::{Config, Inputs, SettingsFile};
use crate::model::{self, Checked, Model};

use super::{Common, Failure};

const DEFAULT_FILE: &str = "config/pulsewatch.toml";
const BUILT_IN_MODEL: &str = include_str!("../../config/models/default.toml");
const BUILT_IN_NAME: &str = "built-in default model";

/// The common arguments and the environment.
pub struct Context {
    pub common: Common,
    pub environment: BTreeMap<String, String>,
}

impl Context {
    /// The settings. A file that was named has to be there; the default one may be missing.
    pub fn config(&self) -> Result<Config, Failure> {
        let inputs = Inputs {
            file: self.settings_file()?,
            environment: self.environment.clone(),
            flags: self.common.settings.clone(),
        };
        Ok(Config::read(&inputs)?)
    }

    /// The settings file's path, if there is one.
    pub fn settings_path(&self) -> Option<PathBuf> {
        let default = || Some(PathBuf::from(DEFAULT_FILE)).filter(|path| path.is_file());
        self.common.config.clone().or_else(default)
    }

    fn settings_file(&self) -> Result<Option<SettingsFile>, Failure> {
        let Some(path) = self.settings_path() else {
            return Ok(None);
        };
        let text = read(&path, "settings")?;
        Ok(Some(SettingsFile { path, text }))
    }
}

/// The model in `file`, or the built-in one.
pub fn model(file: Option<&Path>) -> Result<Model, Failure> {
    Ok(checked_model(file)?.model)
}

/// The same with its warnings.
pub fn checked_model(file: Option<&Path>) -> Result<Checked, Failure> {
    Ok(model::check(&model_text(file)?, &model_name(file))?)
}

/// Its text.
pub fn model_text(file: Option<&Path>) -> Result<String, Failure> {
    match file {
        Some(path) => read(path, "model"),
        None => Ok(BUILT_IN_MODEL.to_owned()),
    }
}

/// What people are told the model was read from.
pub fn model_name(file: Option<&Path>) -> String {
    file.map_or_else(|| BUILT_IN_NAME.to_owned(), |path| path.display().to_string())
}

/// The text of a file; `what` is what messages call it.
pub fn read(path: &Path, what: &str) -> Result<String, Failure> {
    fs::read_to_string(path).map_err(|error| {
        let reason = match error.kind() {
            io::ErrorKind::NotFound => "there is no such file".to_owned(),
            _ => error.to_string(),
        };
        Failure::Settings(format!("cannot read the {what} from {}: {reason}", path.display()))
    })
}

/// Columns of the terminal, within reason; 80 when there is none.
pub fn width() -> u16 {
    comfy_table::Table::new().width().unwrap_or(80).clamp(40, 120)
}
