//! The terminal: draws, reads keys, and leaves it as it was, however it ends.

use std::io;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, TryRecvError};
use ratatui::DefaultTerminal;
use ratatui::crossterm::event::{self, Event};

use super::app::App;
use super::fetch::Fetcher;
use super::{input, view};
use crate::cli::Failure;
use crate::cli::run::stop_signals;

/// Keys are seen at once; answers and signals within this.
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// Without news it is drawn again, for how old the last answer is.
const DRAW_EVERY: Duration = Duration::from_secs(1);

pub fn run(app: App, fetcher: &Fetcher, began: Instant) -> Result<(), Failure> {
    let asked_to_stop = stop_signals()?;
    match on_terminal(|terminal| show(app, fetcher, began, &asked_to_stop, terminal)) {
        Ok(true) => Ok(()),
        Ok(false) => Err(Failure::Failed(
            "top: the thread that asks the service has ended".to_owned(),
        )),
        Err(error) => Err(Failure::of("top: the terminal cannot be used", &error)),
    }
}

/// Takes the terminal for `body`, and gives it back.
fn on_terminal<T>(body: impl FnOnce(DefaultTerminal) -> io::Result<T>) -> io::Result<T> {
    // It sets the hook that gives the terminal back on a panic of any thread, too.
    let outcome = ratatui::try_init().and_then(body);
    let restored = ratatui::try_restore();
    outcome.and_then(|outcome| restored.map(|()| outcome))
}

/// Until somebody quits; false when the fetcher has ended before.
fn show(
    mut app: App,
    fetcher: &Fetcher,
    began: Instant,
    asked_to_stop: &Receiver<()>,
    mut terminal: DefaultTerminal,
) -> io::Result<bool> {
    let mut drawn = None;
    let mut asked = app.wanted.clone();
    while !app.is_over && asked_to_stop.is_empty() {
        app.now = began.elapsed();
        if drawn.is_none_or(|at| app.now.saturating_sub(at) >= DRAW_EVERY) {
            terminal.draw(|frame| view::draw(&mut app, frame.area(), frame.buffer_mut()))?;
            drawn = Some(app.now);
        }
        if event::poll(LOOK_EVERY)? {
            take_event(&mut app, &event::read()?);
            drawn = None;
        }
        match fetcher.answers.try_recv() {
            Ok(outcome) => {
                app.take(outcome.map_err(|trouble| trouble.to_string()));
                drawn = None;
            }
            Err(TryRecvError::Empty) => {}
            Err(TryRecvError::Disconnected) => return Ok(false),
        }
        if app.wanted != asked {
            asked.clone_from(&app.wanted);
            // An ended thread is seen above.
            let _ = fetcher.wanted.send(asked.clone());
        }
    }
    Ok(true)
}

/// A new size is drawn like any other event.
fn take_event(app: &mut App, event: &Event) {
    if let Event::Key(key) = event
        && let Some(action) = input::action(*key, app.writing.is_some())
    {
        app.act(action);
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::process::{Command, Stdio};

    use super::*;

    #[test]
    #[ignore = "panics on a terminal: the test below runs it on one"]
    fn panics_while_it_is_shown() {
        let _ = on_terminal::<()>(|_| panic!("on purpose"));
    }

    /// `script` makes the terminal. The shell notes how it is set before and after.
    #[test]
    fn a_panic_gives_the_terminal_back_and_can_be_read() {
        let folder = tempfile::tempdir().unwrap();
        let this = std::env::current_exe().unwrap();
        let which = "--ignored --exact --nocapture cli::top::live::tests::panics_while_it_is_shown";
        let shell = format!("stty -a > before; {} {which}; stty -a > after", this.display());
        let script = Command::new("script")
            .args(["--quiet", "--flush", "--command", &shell, "screen"])
            .current_dir(folder.path())
            .env("TERM", "xterm-256color")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .status()
            .unwrap();
        assert!(script.success());
        let text = |file| String::from_utf8_lossy(&fs::read(folder.path().join(file)).unwrap()).into_owned();
        assert!(text("before").contains("icanon"));
        assert_eq!(text("after"), text("before"));
        let screen = text("screen");
        let (shown, left) = screen.split_once("\u{1b}[?1049l").unwrap();
        assert!(
            shown.contains("\u{1b}[?1049h") && left.contains("on purpose"),
            "{screen}"
        );
    }
}
