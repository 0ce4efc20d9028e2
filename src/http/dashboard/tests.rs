use std::collections::BTreeSet;
use std::path::Path as FilePath;

use axum::body::{self, Body};
use axum::extract::Request;
use axum::http::HeaderMap;
use tower::ServiceExt;

use super::*;

fn ask(path: &str) -> (StatusCode, HeaderMap, String) {
    let request = Request::get(path).body(Body::empty()).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let (head, content) = router().oneshot(request).await.unwrap().into_parts();
        let content = body::to_bytes(content, usize::MAX).await.unwrap();
        (head.status, head.headers, String::from_utf8(content.to_vec()).unwrap())
    })
}

/// Files below a folder, but those for the type checker alone.
fn on_disk(folder: &FilePath, prefix: &str, found: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let path = format!("{prefix}{}", entry.file_name().to_str().unwrap());
        if entry.file_type().unwrap().is_dir() {
            on_disk(&entry.path(), &format!("{path}/"), found);
        } else if !path.ends_with(".d.ts") && !path.ends_with(".json") && path != "index.html" {
            found.insert(path);
        }
    }
}

#[test]
fn every_file_is_served_and_may_be_kept() {
    let mut files = BTreeSet::new();
    on_disk(
        &FilePath::new(env!("CARGO_MANIFEST_DIR")).join("dashboard"),
        "",
        &mut files,
    );
    let (styles, files): (BTreeSet<_>, BTreeSet<_>) = files.into_iter().partition(|path| path.ends_with(".css"));
    for path in styles {
        let style = std::fs::read_to_string(FilePath::new(env!("CARGO_MANIFEST_DIR")).join("dashboard").join(&path));
        assert!(STYLE.contains(&style.unwrap()), "{path}");
    }
    let served = FILES.iter().map(|(path, _)| (*path).to_owned());
    assert_eq!(files, served.filter(|path| path != "style.css").collect());
    for path in files.into_iter().chain(["style.css".to_owned()]) {
        let (status, headers, _) = ask(&format!("/assets/{}/{path}", BUILT.1));
        assert_eq!(status, 200, "{path}");
        assert_eq!(headers[header::CACHE_CONTROL], FOR_EVER, "{path}");
    }
    assert_eq!(ask("/assets/0000000000000000/main.js").0, 404);
}

#[test]
fn the_page_is_not_kept_and_names_files_that_there_are() {
    let (status, headers, page) = ask("/");
    assert_eq!((status, &headers[header::CACHE_CONTROL]), (StatusCode::OK, &NOT_KEPT));
    let named: Vec<&str> = page.split('"').filter(|part| part.starts_with("assets/")).collect();
    assert!(named.len() >= 4, "{page}");
    for path in named {
        assert_eq!(ask(&format!("/{path}")).0, 200, "{path}");
    }
}

#[test]
fn nothing_in_the_page_is_against_its_own_policy() {
    let (_, headers, page) = ask("/");
    let policy = headers[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
    assert!(!policy.contains("unsafe"), "{policy}");
    for script in page.split("<script").skip(1) {
        assert!(script.contains("src=") && script.contains("></script>"), "{script}");
    }
    for inline in ["<style", " style=", " onclick=", "http://", "https://"] {
        assert!(!page.contains(inline), "{inline}");
    }
}
