//! A child process that ends with the test, whatever becomes of the test.

use std::{
    cell::RefCell,
    fs::{self, File, OpenOptions},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    time::Duration,
};

use super::wait_at_most;

pub struct Process {
    name: &'static str,
    child: RefCell<Child>,
    log: PathBuf,
}

impl Process {
    /// Standard output and error are appended to `log`.
    pub fn start(name: &'static str, command: &mut Command, log: &Path) -> Self {
        let open = || -> File { OpenOptions::new().create(true).append(true).open(log).unwrap() };
        let child = command.stdin(Stdio::null()).stdout(open()).stderr(open()).spawn();
        let child = child.unwrap_or_else(|error| panic!("{name} does not start: {error}"));
        Self {
            name,
            child: RefCell::new(child),
            log: log.to_owned(),
        }
    }

    pub fn id(&self) -> u32 {
        self.child.borrow().id()
    }

    /// What it wrote so far.
    pub fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }

    pub fn is_running(&self) -> bool {
        self.child.borrow_mut().try_wait().unwrap().is_none()
    }

    /// `TERM`, `STOP`, `CONT`...
    pub fn signal(&self, signal: &str) {
        let status = Command::new("kill")
            .arg(format!("-{signal}"))
            .arg(self.id().to_string())
            .status()
            .unwrap();
        assert!(status.success(), "{} takes no {signal}", self.name);
    }

    /// `kill -9`, and waits for the end.
    pub fn kill(&self) {
        let mut child = self.child.borrow_mut();
        child.kill().unwrap();
        child.wait().unwrap();
    }

    /// Asks it to end and waits for that.
    pub fn terminate(&self, deadline: Duration) -> ExitStatus {
        self.signal("TERM");
        self.wait(deadline)
    }

    /// Waits for its end.
    pub fn wait(&self, deadline: Duration) -> ExitStatus {
        let what = format!("the end of {}", self.name);
        wait_at_most(deadline, &what, || self.child.borrow_mut().try_wait().unwrap())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let child = self.child.get_mut();
        let _ = child.kill();
        let _ = child.wait();
        if std::thread::panicking() {
            let log = self.log();
            let tail: Vec<&str> = log.lines().rev().take(25).collect();
            eprintln!("--- the last lines of {}:", self.name);
            tail.iter().rev().for_each(|line| eprintln!("{line}"));
        }
    }
}
