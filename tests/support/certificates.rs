//! An authority of a test's own, and a certificate by it for 127.0.0.1; made by openssl.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use tempfile::TempDir;

pub struct Certificates {
    folder: TempDir,
}

impl Certificates {
    pub fn new() -> Self {
        let certificates = Self {
            folder: TempDir::new().unwrap(),
        };
        let folder = certificates.folder.path();
        let request = "req -newkey rsa:2048 -nodes";
        openssl(
            folder,
            &format!("{request} -x509 -days 2 -subj /CN=test-authority -keyout ca.key -out ca.pem"),
        );
        openssl(
            folder,
            &format!(
                "{request} -subj /CN=127.0.0.1 -addext subjectAltName=IP:127.0.0.1 -keyout server.key -out server.csr"
            ),
        );
        openssl(
            folder,
            "x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -copy_extensions copy -out server.pem",
        );
        let read = |name| fs::read_to_string(folder.join(name)).unwrap();
        fs::write(folder.join("both.pem"), read("server.key") + &read("server.pem")).unwrap();
        certificates
    }

    /// The authority's certificate.
    pub fn authority(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    /// The server's.
    pub fn certificate(&self) -> PathBuf {
        self.folder.path().join("server.pem")
    }

    pub fn key(&self) -> PathBuf {
        self.folder.path().join("server.key")
    }

    /// In one file.
    pub fn key_and_certificate(&self) -> PathBuf {
        self.folder.path().join("both.pem")
    }
}

fn openssl(folder: &Path, arguments: &str) {
    let output = Command::new("openssl")
        .current_dir(folder)
        .args(arguments.split(' '))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
