//! Tells servers of what was written for them, and hears what was written for those here: on a thread and over a connection
//! of its own, so that neither a save nor a read ever waits for it.

use super::trouble::Trouble;
use crate::error::{Error, ErrorKind};
use crate::store::listeners::Listeners;
use crate::store::{Key, Kind, Listener};
use futures_util::future::{select, Either};
use parking_lot::Mutex;
use sha2::{Digest, Sha256};
use std::fmt::Write;
use std::future::Future;
use std::pin::pin;
use std::sync::{Arc, Weak};
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::runtime::Builder;
use tokio::sync::mpsc::{unbounded_channel, UnboundedReceiver, UnboundedSender};
use tokio::sync::Notify;
use tokio::time::sleep;

/// How long nothing is tried after a connection could not be made or was lost: at first, and at most.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// So many messages wait for the connection at most; what comes on top is not told.
const MOST_WAITING: usize = 4096;

/// Somebody wrote this key for this server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::store) struct Message {
    pub server: Arc<str>,
    pub key: Key,
}

impl Message {
    /// As text.
    pub fn to_text(&self) -> String {
        let kind = match self.key.kind {
            Kind::Record => 0,
            Kind::Server => 1,
        };
        serde_json::to_string(&(&*self.server, kind, &*self.key.space, &*self.key.name)).unwrap_or_default()
    }

    /// What such a text says; `None` if something else is to be read there.
    pub fn from_text(text: &str) -> Option<Self> {
        let (server, kind, space, name): (String, u8, String, String) = serde_json::from_str(text).ok()?;
        let kind = match kind {
            0 => Kind::Record,
            1 => Kind::Server,
            _ => return None,
        };
        Some(Self {
            server: server.into(),
            key: Key {
                kind,
                space: space.into(),
                name: name.into(),
            },
        })
    }
}

/// What the messages for a server are called on a server that others may share. It is of one length and of few letters,
/// whatever the id of the server is.
pub(in crate::store) fn channel_of(family: &[u8], server: &str) -> String {
    let mut hash = Sha256::new();
    hash.update(family);
    hash.update(server.as_bytes());
    let mut channel = "slk_".to_owned();
    for byte in &hash.finalize()[..16] {
        let _ = write!(channel, "{byte:02x}");
    }
    channel
}

/// Where what is heard goes. The connection that hears it keeps it; it is gone when the connection is.
pub(in crate::store) type Heard = UnboundedSender<Message>;

/// How one kind of server passes messages on.
pub(in crate::store) trait Voice: Send + Sync + 'static {
    /// A connection that tells and hears. It hears until it is dropped.
    type Link: Send;

    /// Makes the connection.
    fn connect(&self, heard: Heard) -> impl Future<Output = Result<Self::Link, Trouble>>;

    /// From now on messages for these servers are heard.
    fn subscribe(&self, link: &mut Self::Link, servers: &[Arc<str>]) -> impl Future<Output = Result<(), Trouble>>;

    /// Passes messages on to whoever has subscribed.
    fn tell(&self, link: &mut Self::Link, messages: &[Message]) -> impl Future<Output = Result<(), Trouble>>;
}

/// The thread, while there is one, and what it is to do.
pub(in crate::store) struct Messenger {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

struct Shared {
    listeners: Listeners,
    to_do: Mutex<ToDo>,
    /// There is something to do.
    wake: Notify,
}

#[derive(Default)]
struct ToDo {
    to_tell: Vec<Message>,
    to_subscribe: Vec<Arc<str>>,
    closing: bool,
}

impl ToDo {
    fn is_nothing(&self) -> bool {
        self.to_tell.is_empty() && self.to_subscribe.is_empty()
    }
}

impl Messenger {
    /// Starts the thread.
    pub fn new(voice: impl Voice) -> Result<Self, Error> {
        let shared = Arc::new(Shared {
            listeners: Listeners::default(),
            to_do: Mutex::default(),
            wake: Notify::new(),
        });
        let of_thread = Arc::clone(&shared);
        let refused =
            |error: std::io::Error| Error::new(ErrorKind::Store, format!("the system gave no thread: {error}"));
        let runtime = Builder::new_current_thread().enable_all().build().map_err(refused)?;
        let thread = std::thread::Builder::new()
            .name("slk-store-push".to_owned())
            .spawn(move || {
                runtime.block_on(of_thread.serve(&voice));
                runtime.shutdown_background();
            })
            .map_err(refused)?;
        Ok(Self {
            shared,
            thread: Some(thread),
        })
    }

    /// Has the server to which it is told look at this key, if that can be.
    pub fn tell(&self, server: &Arc<str>, key: &Key) {
        let mut to_do = self.shared.to_do.lock();
        if to_do.to_tell.len() < MOST_WAITING {
            to_do.to_tell.push(Message {
                server: Arc::clone(server),
                key: key.clone(),
            });
        }
        drop(to_do);
        self.shared.wake.notify_one();
    }

    /// As [`crate::store::Store::listen`].
    pub fn listen(&self, server: &str, listener: Weak<dyn Listener>) {
        if self.shared.listeners.add(server, listener) {
            self.shared.to_do.lock().to_subscribe.push(server.into());
            self.shared.wake.notify_one();
        }
    }
}

impl Drop for Messenger {
    fn drop(&mut self) {
        self.shared.to_do.lock().closing = true;
        self.shared.wake.notify_one();
        // It leaves whatever it waits for.
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Why a connection is no longer served.
enum End {
    Closing,
    /// It may be tried again.
    Lost,
}

impl Shared {
    async fn serve(&self, voice: &impl Voice) {
        let mut pause = FIRST_PAUSE;
        loop {
            match self.serve_connection(voice, &mut pause).await {
                End::Closing => return,
                End::Lost => {}
            }
            // Not all servers of a game at once.
            let rest = pause.mul_f64(0.5 + fastrand::f64() / 2.0);
            pause = (pause * 2).min(LONGEST_PAUSE);
            if self.is_closed_within(sleep(rest)).await {
                return;
            }
        }
    }

    /// Waits, unless it is to end.
    async fn is_closed_within(&self, waiting: impl Future<Output = ()>) -> bool {
        let mut waiting = pin!(waiting);
        loop {
            if self.to_do.lock().closing {
                return true;
            }
            let woken = pin!(self.wake.notified());
            if let Either::Left(_) = select(waiting.as_mut(), woken).await {
                return self.to_do.lock().closing;
            }
        }
    }

    async fn serve_connection<V: Voice>(&self, voice: &V, pause: &mut Duration) -> End {
        let (heard, mut hearing) = unbounded_channel();
        let connecting = async {
            let mut link = voice.connect(heard).await?;
            let servers = self.begin();
            voice.subscribe(&mut link, &servers).await?;
            Ok::<_, Trouble>(link)
        };
        let mut link = match self.unless_closed(connecting).await {
            None => return End::Closing,
            Some(Err(_)) => return End::Lost,
            Some(Ok(link)) => link,
        };
        *pause = FIRST_PAUSE;
        // Whatever was told while nobody listened.
        self.listeners.missed();
        loop {
            let Some(work) = self.take_work() else {
                return End::Closing;
            };
            if work.is_nothing() {
                if !self.hear_or_be_woken(&mut hearing).await {
                    return End::Lost;
                }
                continue;
            }
            match self.unless_closed(self.carry_out(voice, &mut link, work)).await {
                None => return End::Closing,
                Some(Err(_)) => return End::Lost,
                Some(Ok(())) => {}
            }
        }
    }

    /// The servers for which there are listeners; what was to be subscribed and told before is done with.
    fn begin(&self) -> Vec<Arc<str>> {
        let mut to_do = self.to_do.lock();
        to_do.to_subscribe.clear();
        drop(to_do);
        self.listeners.servers()
    }

    /// The result, unless it is to end before there is one.
    async fn unless_closed<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        let mut done = None;
        let closed = self.is_closed_within(async { done = Some(work.await) }).await;
        done.filter(|_| !closed)
    }

    /// What is to be done; `None` if it is to end.
    fn take_work(&self) -> Option<ToDo> {
        let mut to_do = self.to_do.lock();
        (!to_do.closing).then(|| std::mem::take(&mut *to_do))
    }

    async fn carry_out<V: Voice>(&self, voice: &V, link: &mut V::Link, work: ToDo) -> Result<(), Trouble> {
        if !work.to_subscribe.is_empty() {
            voice.subscribe(link, &work.to_subscribe).await?;
        }
        if !work.to_tell.is_empty() {
            voice.tell(link, &work.to_tell).await?;
        }
        Ok(())
    }

    /// Passes on what was heard until there is something to do; false if the connection has ended.
    async fn hear_or_be_woken(&self, hearing: &mut UnboundedReceiver<Message>) -> bool {
        loop {
            let woken = pin!(self.wake.notified());
            let next = pin!(hearing.recv());
            match select(woken, next).await {
                Either::Left(_) => return true,
                Either::Right((Some(message), _)) => self.listeners.changed(&message.server, &message.key),
                Either::Right((None, _)) => return false,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_go_through_text() {
        let message = Message {
            server: "eu-1".into(),
            key: Key {
                kind: Kind::Record,
                space: "play\"er".into(),
                name: "4\n2".into(),
            },
        };
        assert_eq!(Message::from_text(&message.to_text()), Some(message));
        for other in ["", "42", "[]", "[\"a\",7,\"b\",\"c\"]", "[\"a\",0,\"b\"]"] {
            assert_eq!(Message::from_text(other), None, "{other}");
        }
    }
}
