//! The token that requests carry. It is read again from its file when a target does not accept it, since tokens expire and whoever
//! has new ones puts them there.

use std::fs;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use reqwest::header::{AUTHORIZATION, HeaderName, HeaderValue};

use crate::config::Target;

#[derive(Debug)]
pub struct Token {
    name: HeaderName,
    is_bearer: bool,
    file: Option<PathBuf>,
    value: Mutex<HeaderValue>,
}

impl Token {
    /// `None` when the settings name no token, or one that no header can hold.
    pub fn of(target: &Target) -> Option<Self> {
        let token = target.token.as_ref()?;
        let name = match &target.token_header {
            Some(name) => HeaderName::from_bytes(name.as_bytes()).ok()?,
            None => AUTHORIZATION,
        };
        let is_bearer = target.token_header.is_none();
        Some(Self {
            name,
            is_bearer,
            file: target.token_file.clone(),
            value: Mutex::new(value(is_bearer, token.expose())?),
        })
    }

    pub fn header(&self) -> (HeaderName, HeaderValue) {
        let value = self.value.lock().unwrap_or_else(PoisonError::into_inner);
        (self.name.clone(), value.clone())
    }

    /// What the file holds now; what cannot be read or used changes nothing.
    pub fn read_again(&self) {
        let text = self.file.as_ref().and_then(|file| fs::read_to_string(file).ok());
        let Some(new) = text.and_then(|text| value(self.is_bearer, text.trim_end())) else {
            return;
        };
        *self.value.lock().unwrap_or_else(PoisonError::into_inner) = new;
    }
}

fn value(is_bearer: bool, token: &str) -> Option<HeaderValue> {
    let text = if is_bearer {
        format!("Bearer {token}")
    } else {
        token.to_owned()
    };
    let mut value = HeaderValue::from_str(&text).ok()?;
    value.set_sensitive(true);
    Some(value)
}
