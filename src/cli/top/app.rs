//! What is shown, and how keys and answers change it. Pure: time is handed in, as the time since the start.

#[cfg(test)]
mod tests;

use std::time::Duration;

use super::answers::{Answer, Details};
use super::figures::{Figures, Rates};
use super::filter::Filter;
use super::input::Action;
use super::wanted::{Table, Wanted};

/// Older than this is stale: about three looks that brought nothing.
const STALE_AFTER: Duration = Duration::from_secs(3);
/// Throughput over less would jump.
const MEASURED_OVER: Duration = Duration::from_millis(800);
const PAGE: usize = 10;

#[derive(Debug, Default)]
pub struct App {
    /// Where the service is looked for.
    pub url: String,
    pub wanted: Wanted,
    pub focus: Table,
    selected: [Selected; Table::ALL.len()],
    /// The filter that is being written.
    pub writing: Option<Writing>,
    pub shows_help: bool,
    /// The first line of the details that is seen.
    pub scroll: u16,
    pub answer: Option<Answer>,
    pub rates: Rates,
    /// What throughput is counted from.
    measured: Option<(Duration, Figures)>,
    /// Why the last look brought nothing.
    pub trouble: Option<String>,
    pub now: Duration,
    pub is_over: bool,
}

#[derive(Debug, Default)]
pub struct Writing {
    pub text: String,
    pub mistake: Option<String>,
}

/// A row is followed by its key when the order changes.
#[derive(Clone, Debug, Default)]
struct Selected {
    row: usize,
    key: Option<String>,
}

/// How current is what is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Freshness {
    Loading,
    /// Nothing has come yet.
    Failed,
    Live,
    /// Of so long ago.
    Stale(Duration),
}

impl App {
    pub fn new(url: &str, wanted: Wanted) -> Self {
        Self {
            url: url.to_owned(),
            wanted,
            ..Self::default()
        }
    }

    pub fn freshness(&self) -> Freshness {
        let Some(answer) = &self.answer else {
            return match self.trouble {
                Some(_) => Freshness::Failed,
                None => Freshness::Loading,
            };
        };
        let age = self.now.saturating_sub(answer.at);
        match age > STALE_AFTER || self.trouble.is_some() {
            true => Freshness::Stale(age),
            false => Freshness::Live,
        }
    }

    /// The row that is selected, if the table has any.
    pub fn selected(&self, table: Table) -> Option<usize> {
        let last = self.keys(table).len().checked_sub(1)?;
        Some(self.selected[table as usize].row.min(last))
    }

    /// Of the account that is open, or why there is nothing of it; `None` until that has come.
    pub fn details(&self) -> Option<&Result<Details, String>> {
        let answer = self.answer.as_ref()?;
        answer
            .details
            .as_ref()
            .filter(|_| answer.wanted.account == self.wanted.account)
    }

    /// What a look at the service brought.
    pub fn take(&mut self, outcome: Result<Answer, String>) {
        match outcome {
            // Something else has been asked for since: its answer is on the way.
            Ok(answer) if answer.wanted != self.wanted => {}
            Ok(answer) => {
                self.measure(answer.at, answer.figures);
                self.answer = Some(answer);
                self.trouble = None;
                Table::ALL.into_iter().for_each(|table| self.follow(table));
            }
            Err(trouble) => self.trouble = Some(trouble),
        }
    }

    fn measure(&mut self, at: Duration, figures: Figures) {
        let Some((since, before)) = self.measured else {
            self.measured = Some((at, figures));
            return;
        };
        let elapsed = at.saturating_sub(since);
        if elapsed >= MEASURED_OVER {
            self.rates = Rates::between(&before, &figures, elapsed);
            self.measured = Some((at, figures));
        }
    }

    /// What a key asks for.
    pub fn act(&mut self, action: Action) {
        match (&mut self.writing, action) {
            (_, Action::Quit) => self.is_over = true,
            (Some(_), _) => self.write(action),
            _ if self.shows_help => self.shows_help = false,
            (_, Action::Help) => self.shows_help = true,
            _ if self.wanted.account.is_some() => self.act_in_details(action),
            _ => self.act_in_tables(action),
        }
    }

    fn write(&mut self, action: Action) {
        let Some(writing) = &mut self.writing else { return };
        writing.mistake = None;
        match action {
            Action::Write(letter) => writing.text.push(letter),
            Action::Erase => {
                writing.text.pop();
            }
            Action::EraseAll => writing.text.clear(),
            Action::Back => self.writing = None,
            Action::Enter => match Filter::parse(&writing.text) {
                Ok(filter) => {
                    self.wanted.filter = filter;
                    self.writing = None;
                }
                Err(mistake) => writing.mistake = Some(mistake),
            },
            _ => {}
        }
    }

    fn act_in_details(&mut self, action: Action) {
        match action {
            Action::Back | Action::Open => self.wanted.account = None,
            Action::Up => self.scroll = self.scroll.saturating_sub(1),
            Action::Down => self.scroll = self.scroll.saturating_add(1),
            Action::PageUp => self.scroll = self.scroll.saturating_sub(PAGE as u16),
            Action::PageDown => self.scroll = self.scroll.saturating_add(PAGE as u16),
            Action::First => self.scroll = 0,
            _ => {}
        }
    }

    fn act_in_tables(&mut self, action: Action) {
        let row = self.selected(self.focus).unwrap_or_default();
        match action {
            Action::Up => self.select(row.saturating_sub(1)),
            Action::Down => self.select(row.saturating_add(1)),
            Action::PageUp => self.select(row.saturating_sub(PAGE)),
            Action::PageDown => self.select(row.saturating_add(PAGE)),
            Action::First => self.select(0),
            Action::Last => self.select(usize::MAX),
            Action::Show(table) => self.focus = table,
            Action::NextTable => self.focus = self.focus.next(),
            Action::PreviousTable => self.focus = self.focus.previous(),
            Action::Sort => self.wanted.sort_otherwise(self.focus),
            Action::Filter => {
                let text = self.wanted.filter.text.clone();
                self.writing = Some(Writing { text, mistake: None });
            }
            Action::Back => self.wanted.filter = Filter::default(),
            Action::Open => {
                self.wanted.account = self.account(self.focus, row).map(str::to_owned);
                self.scroll = 0;
            }
            _ => {}
        }
    }

    fn select(&mut self, row: usize) {
        let keys = self.keys(self.focus);
        let row = row.min(keys.len().saturating_sub(1));
        let key = keys.into_iter().nth(row);
        self.selected[self.focus as usize] = Selected { row, key };
    }

    /// Stays with the row that was selected, wherever it is now; with the place, when that is gone.
    fn follow(&mut self, table: Table) {
        let selected = &self.selected[table as usize];
        let keys = self.keys(table);
        let found = keys.iter().position(|key| Some(key) == selected.key.as_ref());
        if let Some(row) = found {
            self.selected[table as usize].row = row;
        }
    }

    fn keys(&self, table: Table) -> Vec<String> {
        let Some(answer) = &self.answer else {
            return Vec::new();
        };
        match table {
            Table::Worst => answer.worst.rows.iter().map(|row| row.account.clone()).collect(),
            Table::Movers => answer.movers.rows.iter().map(|row| row.account.clone()).collect(),
            Table::Alerts => {
                let alerts = answer.alerts.rows.iter();
                alerts.map(|row| format!("{}/{}", row.account, row.alert)).collect()
            }
        }
    }

    fn account(&self, table: Table, row: usize) -> Option<&str> {
        let answer = self.answer.as_ref()?;
        match table {
            Table::Worst => Some(&answer.worst.rows.get(row)?.account),
            Table::Movers => Some(&answer.movers.rows.get(row)?.account),
            Table::Alerts => Some(&answer.alerts.rows.get(row)?.account),
        }
    }
}
