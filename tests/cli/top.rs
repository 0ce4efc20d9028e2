//! `pulsewatch top` on a pseudo terminal, which `script` makes: it leaves the terminal as it was.

use std::{
    fs,
    path::Path,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use tempfile::TempDir;

const DEADLINE: Duration = Duration::from_secs(60);
const ENTERED: &str = "\u{1b}[?1049h";
const LEFT: &str = "\u{1b}[?1049l";

fn wait_until<T>(what: &str, mut poll: impl FnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(found) = poll() {
            return found;
        }
        assert!(began.elapsed() < DEADLINE, "waited for {what}");
        thread::park_timeout(Duration::from_millis(20));
    }
}

fn text(folder: &Path, file: &str) -> String {
    fs::read(folder.join(file))
        .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
        .unwrap_or_default()
}

/// `top` asks a port that nobody listens at, which it shows. The shell notes how the terminal is set before and after.
fn start(folder: &Path) -> Child {
    let top = env!("CARGO_BIN_EXE_pulsewatch");
    let shell = format!(
        "stty -a > before; {top} top --url http://127.0.0.1:9 < /dev/tty & echo $! > pid; wait $!; echo $? > code; stty -a > after"
    );
    Command::new("script")
        .args(["--quiet", "--flush", "--command", &shell, "screen"])
        .current_dir(folder)
        .env("TERM", "xterm-256color")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .spawn()
        .unwrap()
}

#[test]
fn a_signal_ends_it_and_gives_the_terminal_back() {
    for signal in ["-TERM", "-INT"] {
        let folder = TempDir::new().unwrap();
        let mut script = start(folder.path());
        wait_until("the first screen", || {
            let screen = text(folder.path(), "screen");
            (screen.contains(ENTERED) && screen.contains("127.0.0.1:9")).then_some(())
        });
        assert!(!text(folder.path(), "screen").contains(LEFT));
        let process = text(folder.path(), "pid");
        let told = Command::new("kill").args([signal, process.trim()]).status().unwrap();
        assert!(told.success());
        wait_until("its end", || script.try_wait().unwrap());
        assert_eq!(text(folder.path(), "code").trim(), "0", "{signal}");
        assert!(text(folder.path(), "screen").contains(LEFT), "{signal}");
        assert_eq!(text(folder.path(), "after"), text(folder.path(), "before"), "{signal}");
        assert!(text(folder.path(), "before").contains("icanon"));
    }
}
