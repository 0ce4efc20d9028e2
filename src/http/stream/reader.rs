//! One reader's events, as server-sent events.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::response::sse;
use futures_util::stream::{self, Stream};
use serde::Serialize;
use serde_json::value::RawValue;
use tokio::sync::watch;

use super::super::live::Live;
use super::ring::{Event, Lost};
use crate::kafka::cloud_events;

/// A reader that hears nothing for so long may take the connection for dead.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// Events looked at in one go.
const BATCH: usize = 256;
/// When the client should come back.
const RETRY: Duration = Duration::from_secs(2);

/// Which outputs a reader gets; every condition has to hold.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Any of these types; empty: all.
    pub types: Vec<&'static str>,
    pub account: Option<String>,
    pub segment: Option<String>,
}

impl Filter {
    fn admits(&self, event: &Event) -> bool {
        (self.types.is_empty() || self.types.contains(&event.event_type))
            && self.account.as_deref().is_none_or(|account| event.subject == account)
            && self.segment.as_deref().is_none_or(|segment| event.segment == segment)
    }
}

struct Reader<P> {
    live: Arc<Live>,
    filter: Filter,
    /// The next event to look at.
    place: u64,
    end: watch::Receiver<u64>,
    ready: VecDeque<sse::Event>,
    is_over: bool,
    /// Held as long as the reader is there.
    _permit: P,
}

/// The reader's events: after `last_event_id` where that place is known, otherwise from now on. `permit` is held until the
/// reader is gone.
pub fn events<P>(
    live: Arc<Live>,
    filter: Filter,
    last_event_id: Option<&str>,
    permit: P,
) -> impl Stream<Item = Result<sse::Event, Infallible>> + use<P> {
    let resumed = last_event_id.map(|shown| live.ring.find(shown));
    let (place, greeting) = match resumed {
        None => (live.ring.end(), sse::Event::default().comment("outputs from now on")),
        Some(Ok(place)) => (place, sse::Event::default().comment("resumed")),
        Some(Err(Lost)) => {
            let place = live.ring.end();
            (
                place,
                reset(&live.ring.show(place), "outputs in between are no longer kept"),
            )
        }
    };
    let reader = Reader {
        filter,
        place,
        end: live.ring.watch(),
        ready: [greeting.retry(RETRY)].into(),
        is_over: false,
        live,
        _permit: permit,
    };
    stream::unfold(reader, async |mut reader| {
        let event = reader.next().await?;
        Some((event, reader))
    })
}

impl<P> Reader<P> {
    async fn next(&mut self) -> Option<Result<sse::Event, Infallible>> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Some(Ok(event));
            }
            if self.is_over {
                return None;
            }
            match self.live.ring.read(self.place, BATCH) {
                Ok(events) if events.is_empty() => {
                    let moved = self.end.wait_for(|end| *end > self.place);
                    if !matches!(tokio::time::timeout(HEARTBEAT, moved).await, Ok(Ok(_))) {
                        // The place goes along, so that a reader to whom nothing applies can resume all the same.
                        return Some(Ok(self.heartbeat()));
                    }
                }
                Ok(events) => {
                    self.take(&events);
                    // Others have their turn, however much there is to pass over.
                    tokio::task::yield_now().await;
                }
                Err(Lost) => {
                    // Told, and let go: it comes back with this place, and knows what it has to read anew.
                    let place = self.live.ring.show(self.live.ring.end());
                    self.ready.push_back(reset(&place, "this reader was too slow"));
                    self.is_over = true;
                }
            }
        }
    }

    fn take(&mut self, events: &[Arc<Event>]) {
        for event in events {
            self.place += 1;
            if self.filter.admits(event) {
                let shown = self.live.ring.show(self.place);
                self.ready.extend(envelope(event).map(|event| event.id(shown)));
            }
        }
    }

    fn heartbeat(&self) -> sse::Event {
        sse::Event::default()
            .id(self.live.ring.show(self.place))
            .comment("heartbeat")
    }
}

/// What a reader had seen so far may be out of date.
fn reset(place: &str, reason: &'static str) -> sse::Event {
    let data = format!(r#"{{"reason":"{reason}"}}"#);
    sse::Event::default().event("reset").id(place).data(data)
}

/// A CloudEvent in structured mode.
#[derive(Serialize)]
struct Envelope<'a> {
    specversion: &'static str,
    id: &'a str,
    source: &'a str,
    r#type: &'a str,
    subject: &'a str,
    time: &'a str,
    datacontenttype: &'static str,
    data: &'a RawValue,
}

/// `None` when the data is no JSON on one line.
fn envelope(event: &Event) -> Option<sse::Event> {
    let envelope = Envelope {
        specversion: cloud_events::VERSION,
        id: &event.id,
        source: &event.source,
        r#type: event.event_type,
        subject: &event.subject,
        time: &event.time,
        datacontenttype: cloud_events::JSON,
        data: serde_json::from_slice(&event.data).ok()?,
    };
    let text = serde_json::to_string(&envelope).ok()?;
    let is_one_line = !text.contains(['\n', '\r']);
    is_one_line.then(|| sse::Event::default().event(event.event_type).data(text))
}

#[cfg(test)]
mod tests {
    use axum::body;
    use axum::response::{IntoResponse, Sse};
    use futures_util::StreamExt;

    use super::super::ring::tests::event;
    use super::*;
    use crate::domain::output::{ALERT_OPENED, SCORE_UPDATED};

    /// What a reader gets of the first so many events, its greeting included.
    fn heard(live: &Arc<Live>, filter: Filter, last: Option<&str>, push: &[&str], most: usize) -> String {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .unwrap();
        runtime.block_on(async {
            let stream = events(Arc::clone(live), filter, last, ());
            live.ring.push(push.iter().map(|id| event(id, "a")));
            let body = Sse::new(stream.take(most)).into_response().into_body();
            String::from_utf8(body::to_bytes(body, usize::MAX).await.unwrap().to_vec()).unwrap()
        })
    }

    fn live() -> Arc<Live> {
        Arc::new(Live::new(3, 1 << 20))
    }

    #[test]
    fn an_event_has_a_place_a_type_and_its_data() {
        let live = live();
        let text = heard(&live, Filter::default(), None, &["1-7-0"], 2);
        assert!(text.starts_with(": outputs from now on\nretry: 2000\n\n"), "{text}");
        assert!(
            text.contains(&format!("event: {SCORE_UPDATED}\n"))
                && text.contains(&format!("id: {}\n", live.ring.show(1))),
            "{text}"
        );
        assert!(
            text.contains(r#""id":"1-7-0","#) && text.contains(r#""data":{"account":"a"}}"#),
            "{text}"
        );
    }

    #[test]
    fn who_comes_back_misses_nothing_and_hears_nothing_twice() {
        let live = live();
        live.ring.push(["0", "1", "2"].map(|id| event(id, "a")));
        let text = heard(&live, Filter::default(), Some(&live.ring.show(2)), &["3"], 3);
        assert!(
            !text.contains(r#""id":"1""#) && text.contains(r#""id":"2""#) && text.contains(r#""id":"3""#),
            "{text}"
        );
        let lost = heard(&live, Filter::default(), Some("0-0"), &[], 1);
        assert!(
            lost.contains("event: reset\n") && lost.contains(&format!("id: {}\n", live.ring.show(4))),
            "{lost}"
        );
    }

    #[test]
    fn a_reader_that_falls_behind_is_told_and_let_go() {
        let text = heard(&live(), Filter::default(), None, &["0", "1", "2", "3", "4"], usize::MAX);
        assert!(
            text.contains("event: reset\n") && text.contains("too slow") && !text.contains(r#""id":"4""#),
            "{text}"
        );
    }

    #[test]
    fn only_what_was_asked_for_comes() {
        let live = live();
        live.ring.push([event("0", "a"), event("1", "b"), event("2", "a")]);
        let of = |filter: Filter, most| heard(&live, filter, Some(&live.ring.show(0)), &[], most);
        let account = Filter {
            account: Some("a".to_owned()),
            ..Filter::default()
        };
        let text = of(account, 3);
        assert!(
            text.contains(r#""id":"0""#) && !text.contains(r#""id":"1""#) && text.contains(r#""id":"2""#),
            "{text}"
        );
        for other in [
            Filter {
                types: vec![ALERT_OPENED],
                ..Filter::default()
            },
            Filter {
                segment: Some("schools".to_owned()),
                ..Filter::default()
            },
        ] {
            assert!(!other.admits(&event("0", "a")), "{other:?}");
        }
    }
}
