//! A proxy in front of a broker that knows Kafka's frames, and lets some requests wait on their way.

use std::{
    collections::VecDeque,
    io::{self, Read, Write},
    net::{TcpListener, TcpStream},
    sync::{Arc, Condvar, Mutex},
    thread,
    time::{Duration, Instant},
};

/// Keys of requests, by which a frame begins.
pub const PRODUCE: i16 = 0;
pub const TXN_OFFSET_COMMIT: i16 = 28;

/// A produce request waits for no longer than so long: a slow network, and no broken one.
const SLOW: Duration = Duration::from_secs(3);

/// The first [`TXN_OFFSET_COMMIT`] waits until the test lets it go. What was sent by [`PRODUCE`] until then waits until more is sent
/// behind it, or a while longer.
#[derive(Default)]
pub struct Rules {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    is_offset_waiting: bool,
    offsets_passed: Option<Instant>,
    produced_after: bool,
}

impl Rules {
    fn sent(&self, key: i16) {
        let mut state = self.state.lock().unwrap();
        state.is_offset_waiting |= key == TXN_OFFSET_COMMIT;
        state.produced_after |= key == PRODUCE && state.offsets_passed.is_some();
        self.changed.notify_all();
    }

    /// Whether the client has sent an offset commit.
    pub fn is_offset_waiting(&self) -> bool {
        self.state.lock().unwrap().is_offset_waiting
    }

    pub fn let_offsets_pass(&self) {
        self.state.lock().unwrap().offsets_passed = Some(Instant::now());
        self.changed.notify_all();
    }

    fn wait_for_leave(&self, key: i16) {
        let mut state = self.state.lock().unwrap();
        loop {
            let passed = state.offsets_passed;
            let may_pass = match key {
                PRODUCE => state.produced_after || passed.is_some_and(|passed| passed.elapsed() >= SLOW),
                TXN_OFFSET_COMMIT => passed.is_some(),
                _ => true,
            };
            if may_pass {
                return;
            }
            state = self.changed.wait_timeout(state, Duration::from_millis(50)).unwrap().0;
        }
    }
}

/// Frames that were read and wait to be passed on; `None` at the end.
#[derive(Default)]
struct Frames {
    waiting: Mutex<VecDeque<Option<Vec<u8>>>>,
    arrived: Condvar,
}

impl Frames {
    fn push(&self, frame: Option<Vec<u8>>) {
        self.waiting.lock().unwrap().push_back(frame);
        self.arrived.notify_all();
    }

    fn pop(&self) -> Option<Vec<u8>> {
        let mut waiting = self.waiting.lock().unwrap();
        loop {
            if let Some(frame) = waiting.pop_front() {
                return frame;
            }
            waiting = self.arrived.wait(waiting).unwrap();
        }
    }
}

/// Passes on what comes to `listener` until the test ends.
pub fn start(listener: TcpListener, broker: String, rules: Arc<Rules>) {
    thread::spawn(move || {
        for client in listener.incoming() {
            if let (Ok(client), Ok(server)) = (client, TcpStream::connect(&broker)) {
                connect(client, server, rules.clone()).unwrap();
            }
        }
    });
}

fn connect(mut client: TcpStream, mut server: TcpStream, rules: Arc<Rules>) -> io::Result<()> {
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    let frames = Arc::new(Frames::default());
    let (mut requests, mut answers) = (client.try_clone()?, server.try_clone()?);
    let (read, noted) = (frames.clone(), rules.clone());
    thread::spawn(move || {
        while let Ok(frame) = read_frame(&mut requests) {
            noted.sent(key(&frame));
            read.push(Some(frame));
        }
        read.push(None);
    });
    thread::spawn(move || {
        while let Some(frame) = frames.pop() {
            rules.wait_for_leave(key(&frame));
            if server.write_all(&frame).is_err() {
                break;
            }
        }
        let _ = server.shutdown(std::net::Shutdown::Both);
    });
    thread::spawn(move || {
        let _ = io::copy(&mut answers, &mut client);
        let _ = client.shutdown(std::net::Shutdown::Both);
    });
    Ok(())
}

/// With its length before it.
fn read_frame(from: &mut TcpStream) -> io::Result<Vec<u8>> {
    let mut frame = vec![0; 4];
    from.read_exact(&mut frame)?;
    let length = i32::from_be_bytes(frame[..4].try_into().unwrap());
    frame.resize(4 + length as usize, 0);
    from.read_exact(&mut frame[4..])?;
    Ok(frame)
}

fn key(frame: &[u8]) -> i16 {
    i16::from_be_bytes(frame[4..6].try_into().unwrap())
}
