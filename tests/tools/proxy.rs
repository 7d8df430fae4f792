//! A way between a client and a server that a test can cut, stall, or let answers be lost on.
#![cfg(unix)]

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread;
use std::time::Duration;

/// How often a connection looks whether it is to behave otherwise.
const STEP: Duration = Duration::from_millis(5);

/// What becomes of the bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Way {
    /// They are passed on, in both directions.
    Open,
    /// They stay where they are, in both directions, and go on when it is open again; new connections are taken and stay
    /// silent too.
    Stalled,
    /// What the client sends is passed on; what the server answers is thrown away.
    Deaf,
    /// Connections are closed as they come.
    Closed,
}

/// What to do once with the connection on which a client sends certain bytes, all in one packet.
enum Trap {
    /// Close it before they are passed on.
    CutBefore(Vec<u8>),
    /// Pass them on, and close the client's side when the server begins to answer; what it answers is thrown away.
    CutAnswer(Vec<u8>),
}

struct State {
    way: Way,
    /// Goes up with each cut: connections from before end.
    era: u64,
    trap: Option<Trap>,
    sprung: u64,
    connections: u64,
    /// Bytes of answers that were thrown away.
    swallowed: usize,
    /// The proxy is gone.
    dropped: bool,
}

#[derive(Clone)]
enum Target {
    Socket(PathBuf),
    Port(u16),
}

/// A proxy at a port of 127.0.0.1. Dropping it cuts everything.
pub struct Proxy {
    port: u16,
    shared: Arc<Mutex<State>>,
}

impl Proxy {
    /// In front of a server's socket.
    pub fn to_socket(path: &Path) -> Self {
        Self::to(Target::Socket(path.to_owned()))
    }

    /// In front of a port of 127.0.0.1.
    pub fn to_port(port: u16) -> Self {
        Self::to(Target::Port(port))
    }

    fn to(target: Target) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let shared = Arc::new(Mutex::new(State {
            way: Way::Open,
            era: 0,
            trap: None,
            sprung: 0,
            connections: 0,
            swallowed: 0,
            dropped: false,
        }));
        let inside = Arc::clone(&shared);
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                if lock(&inside).dropped {
                    return;
                }
                let (target, shared) = (target.clone(), Arc::clone(&inside));
                thread::spawn(move || pass_on(client, &target, &shared));
            }
        });
        Self { port, shared }
    }

    /// Where it listens on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.shared)
    }

    /// What becomes of the bytes from now on.
    pub fn set(&self, way: Way) {
        self.state().way = way;
    }

    /// Ends all connections that there are.
    pub fn cut(&self) {
        self.state().era += 1;
    }

    /// Cuts the connection on which a client next sends these bytes, before the server gets them; it gets what comes before
    /// them in the same packet.
    pub fn cut_before(&self, bytes: &[u8]) {
        self.state().trap = Some(Trap::CutBefore(bytes.to_owned()));
    }

    /// Cuts the connection on which a client next sends these bytes when the server begins to answer: it got them, and the
    /// client never learns what became of it.
    pub fn cut_answer(&self, bytes: &[u8]) {
        self.state().trap = Some(Trap::CutAnswer(bytes.to_owned()));
    }

    /// How often a connection was cut for what was sent on it.
    pub fn sprung(&self) -> u64 {
        self.state().sprung
    }

    /// How many bytes of answers were thrown away.
    pub fn swallowed(&self) -> usize {
        self.state().swallowed
    }

    /// How many connections were made.
    pub fn connections(&self) -> u64 {
        self.state().connections
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        let mut state = self.state();
        state.way = Way::Closed;
        state.dropped = true;
        drop(state);
        // Lets the listening thread see it.
        let _ = TcpStream::connect(("127.0.0.1", self.port));
    }
}

fn lock(shared: &Mutex<State>) -> MutexGuard<'_, State> {
    // A test that failed while it held the lock is reported by itself.
    shared.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

fn connect(target: &Target) -> std::io::Result<TcpStream> {
    match target {
        // A socket is a socket: all that is done with it here is the same for both kinds.
        Target::Socket(path) => Ok(TcpStream::from(OwnedFd::from(UnixStream::connect(path)?))),
        Target::Port(port) => {
            let stream = TcpStream::connect(("127.0.0.1", *port))?;
            stream.set_nodelay(true)?;
            Ok(stream)
        }
    }
}

fn pass_on(client: TcpStream, target: &Target, shared: &Arc<Mutex<State>>) {
    let era = {
        let mut state = lock(shared);
        state.connections += 1;
        state.era
    };
    // A connection through a stalled way reaches the server when it opens.
    if while_stalled(shared, era).is_none() {
        return;
    }
    let _ = client.set_nodelay(true);
    let Ok(server) = connect(target) else { return };
    let (Ok(client_in), Ok(server_in)) = (client.try_clone(), server.try_clone()) else {
        return;
    };
    let cut = Arc::new(AtomicBool::new(false));
    let back = Pump::new(server_in, client, era, shared, &cut, false);
    let back = thread::spawn(move || back.carry(Pump::answer));
    Pump::new(client_in, server, era, shared, &cut, true).carry(Pump::request);
    let _ = back.join();
}

/// One direction of a connection.
struct Pump {
    from: TcpStream,
    to: TcpStream,
    era: u64,
    shared: Arc<Mutex<State>>,
    /// The next answer is not to arrive.
    cut: Arc<AtomicBool>,
    is_request: bool,
}

/// What to do with bytes.
enum Decision {
    Pass,
    /// Not these.
    Drop,
    /// So many of them, and close.
    PassAndEnd(usize),
    /// Close towards the client, and let the server believe that all is well until it has answered.
    EndClient,
}

impl Pump {
    fn new(
        from: TcpStream,
        to: TcpStream,
        era: u64,
        shared: &Arc<Mutex<State>>,
        cut: &Arc<AtomicBool>,
        is_request: bool,
    ) -> Self {
        let _ = from.set_read_timeout(Some(STEP));
        Self {
            is_request,
            from,
            to,
            era,
            shared: Arc::clone(shared),
            cut: Arc::clone(cut),
        }
    }

    /// Carries bytes until either end closes or the test cuts.
    fn carry(mut self, decide: fn(&Self, &mut State, &[u8]) -> Decision) {
        let mut buffer = vec![0; 65_536];
        while self.step(&mut buffer, decide) {}
        if self.cut.load(Ordering::SeqCst) && self.is_request {
            // The other direction ends when the server does.
            let _ = self.to.shutdown(Shutdown::Write);
            return;
        }
        let _ = self.from.shutdown(Shutdown::Both);
        let _ = self.to.shutdown(Shutdown::Both);
    }

    /// False at the end.
    fn step(&mut self, buffer: &mut [u8], decide: fn(&Self, &mut State, &[u8]) -> Decision) -> bool {
        let count = match self.from.read(buffer) {
            Ok(0) => return false,
            Ok(count) => count,
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => 0,
            Err(_) => return false,
        };
        let Some(mut state) = while_stalled(&self.shared, self.era) else {
            return false;
        };
        if count == 0 {
            return true;
        }
        let decision = decide(self, &mut state, &buffer[..count]);
        drop(state);
        match decision {
            Decision::Pass => self.to.write_all(&buffer[..count]).is_ok(),
            Decision::Drop => true,
            Decision::EndClient => {
                let _ = self.to.shutdown(Shutdown::Both);
                true
            }
            Decision::PassAndEnd(count) => {
                let _ = self.to.write_all(&buffer[..count]);
                false
            }
        }
    }

    fn request(&self, state: &mut State, bytes: &[u8]) -> Decision {
        let Some((trap, at)) = springs(state.trap.as_ref(), bytes) else {
            return Decision::Pass;
        };
        let decision = match trap {
            Trap::CutBefore(_) => Decision::PassAndEnd(at),
            Trap::CutAnswer(_) => {
                self.cut.store(true, Ordering::SeqCst);
                Decision::Pass
            }
        };
        state.trap = None;
        state.sprung += 1;
        decision
    }

    fn answer(&self, state: &mut State, bytes: &[u8]) -> Decision {
        if self.cut.load(Ordering::SeqCst) {
            Decision::EndClient
        } else if state.way == Way::Deaf {
            state.swallowed += bytes.len();
            Decision::Drop
        } else {
            Decision::Pass
        }
    }
}

/// Waits until bytes may go on. `None` if the connection is to end.
fn while_stalled(shared: &Mutex<State>, era: u64) -> Option<MutexGuard<'_, State>> {
    loop {
        let state = lock(shared);
        if state.way == Way::Closed || state.era != era {
            return None;
        }
        if state.way != Way::Stalled {
            return Some(state);
        }
        drop(state);
        thread::sleep(STEP);
    }
}

/// The trap, if what a client sent at once has its bytes, and where.
fn springs<'a>(trap: Option<&'a Trap>, sent: &[u8]) -> Option<(&'a Trap, usize)> {
    let trap = trap?;
    let (Trap::CutBefore(bytes) | Trap::CutAnswer(bytes)) = trap;
    let at = sent.windows(bytes.len()).position(|window| window == bytes)?;
    Some((trap, at))
}
