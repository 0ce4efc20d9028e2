//! `pulsewatch top`: a live view of a running service in the terminal, through its HTTP API.
//!
//! | file | what |
//! |---|---|
//! | `address`, `client`, `fetch` | where the service is, how it is asked, and the thread that does |
//! | `answers`, `figures`, `days` | what it says |
//! | `wanted`, `filter` | what it is asked for |
//! | `app`, `input` | what is shown, and how keys and answers change it |
//! | `view`, `live` | how it looks, and the terminal |

mod address;
mod answers;
mod app;
mod client;
mod days;
mod fetch;
mod figures;
mod filter;
mod input;
mod live;
#[cfg(test)]
mod sample;
mod view;
mod wanted;

use std::io::{self, IsTerminal, Write};
use std::time::Instant;

use clap::Args;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::context::{self, Context};
use super::{Failure, replay};

use address::{Address, Where};
use app::App;
use client::{Client, Trouble};
use fetch::Fetcher;
use filter::Filter;
use wanted::Wanted;

/// Lines that `--once` fills.
const ONCE_HEIGHT: u16 = 40;

/// Shows a running service live: worst accounts, movers, open alerts, lag and throughput
///
/// It asks the HTTP API about once a second. `?` tells the keys. Lag and throughput are those of the instance that answers.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  pulsewatch top\n  pulsewatch top --filter 'band:red owner:kam@acme.example'\n  \
    pulsewatch top --url https://health.example --token-file token\n  pulsewatch top --once | mail -s accounts kam@acme.example"
)]
pub struct Arguments {
    #[command(flatten)]
    service: Where,
    /// Begin with a filter: a part of the id, band:red,yellow owner:x segment:x alert:x
    #[arg(long, value_name = "FILTER", default_value = "", hide_default_value = true, value_parser = Filter::parse)]
    filter: Filter,
    /// Print one screen as text, and end
    #[arg(long)]
    once: bool,
}

pub fn run(arguments: &Arguments, context: &Context) -> Result<(), Failure> {
    let is_terminal = io::stdout().is_terminal() && io::stdin().is_terminal();
    if !arguments.once && !is_terminal {
        let text = "top needs a terminal: use --once to print one screen as text";
        return Err(Failure::Usage(text.to_owned()));
    }
    let address = Address::of(&arguments.service, context)?;
    let app = App::new(address.shown(), Wanted::of(arguments.filter.clone()));
    let began = Instant::now();
    let fetcher = Fetcher::start(Client::new(address)?, app.wanted.clone(), began)?;
    match arguments.once {
        true => print(app, &fetcher, began),
        false => live::run(app, &fetcher, began),
    }
}

/// From two looks, since throughput is the difference of two.
fn print(mut app: App, fetcher: &Fetcher, began: Instant) -> Result<(), Failure> {
    for outcome in fetcher.answers.iter().take(2) {
        app.take(Ok(outcome.map_err(|trouble: Trouble| Failure::from(trouble))?));
    }
    app.now = began.elapsed();
    let mut buffer = Buffer::empty(Rect::new(0, 0, context::width(), ONCE_HEIGHT));
    view::draw_page(&mut app, buffer.area, &mut buffer);
    io::stdout()
        .write_all(view::text(&buffer).as_bytes())
        .map_err(replay::written)
}
