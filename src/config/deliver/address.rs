//! Where a target is, and who we are there.

use std::collections::BTreeMap;

use reqwest::Url;
use reqwest::header::{HeaderName, HeaderValue};

use super::super::reader::Reader;
use super::super::value::Secret;
use crate::deliver::signature;

pub(super) fn url(section: &mut Reader<'_, '_>) -> Option<Secret> {
    if !section.table.has("url") && !section.table.has("url_file") {
        section.table.missing(
            "url",
            "say where requests go; a URL that is a secret comes from a file with `url_file`",
        );
        return None;
    }
    let url = section.placed_secret("url")?;
    let parsed = Url::parse(url.value.expose());
    let is_web = parsed
        .is_ok_and(|url| ["http", "https"].contains(&url.scheme()) && url.has_host() && url.username().is_empty());
    if is_web {
        return Some(url.value);
    }
    let help = "write https://HOST/PATH; who we are is said with `token_file`, or with `username` and `password_file`";
    section.problem("this is no address of a target", url, help);
    None
}

pub(super) fn signing_secret(section: &mut Reader<'_, '_>, key: &str) -> Option<Secret> {
    let secret = section.placed_secret(key)?;
    if signature::is_secret(secret.value.expose()) {
        return Some(secret.value);
    }
    let help = "write `whsec_` and the base64 of 24 to 64 random bytes, such as printf whsec_; head -c 32 /dev/urandom | base64";
    section.problem("this is no secret of a webhook", secret, help);
    None
}

pub(super) fn header_name(section: &mut Reader<'_, '_>) -> Option<String> {
    let written = section.table.string("token_header")?;
    if HeaderName::from_bytes(written.value.as_bytes()).is_err() {
        section.problem("this is no name of a header", written, "write it as in X-Api-Key");
        return None;
    }
    Some(written.value)
}

pub(super) fn headers(section: &mut Reader<'_, '_>) -> BTreeMap<String, String> {
    let mut headers = BTreeMap::new();
    for (name, value) in section.table.properties("headers") {
        let is_header = HeaderName::from_bytes(name.as_bytes()).is_ok() && HeaderValue::from_str(&value.value).is_ok();
        if is_header {
            headers.insert(name, value.value);
        } else {
            section.problem(
                &format!("`{name}` is no header, or its value cannot be one"),
                value,
                "use plain ASCII",
            );
        }
    }
    headers
}
