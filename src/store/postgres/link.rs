//! One connection, with all that a thread needs to use it: it is driven only while it is used.

use super::place::{Place, Server};
use super::statements::Statements;
use super::tables;
use super::trouble::trouble_of;
use super::PostgresOptions;
use crate::error::ErrorKind;
use crate::store::remote::driven::Driven;
use crate::store::remote::part::Part;
use crate::store::remote::trouble::Trouble;
use std::future::{poll_fn, Future};
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_postgres::error::DbError;
use tokio_postgres::{AsyncMessage, Client, Connection, Notification};

/// The function of the server that says that it gave up waiting for a standby, whatever language it speaks.
const WAIT_GIVEN_UP: &str = "SyncRepWaitForLSN";

/// A connection to the primary, its tables looked at, its statements prepared.
pub(super) struct Link {
    bare: Bare,
    pub statements: Statements,
    pub facts: Facts,
    pub part: Part,
}

/// A connection to a server that takes writes.
pub(super) struct Bare {
    client: Client,
    /// How often a commit was answered although it was not replicated.
    unreplicated: Arc<AtomicU64>,
    driven: Driven,
}

/// What a server says about itself.
#[derive(Clone, Debug)]
pub(super) struct Facts {
    /// Why it can lose writes that it confirmed; none if it does not.
    pub loses: Option<String>,
    /// It passes messages on between those who are connected.
    pub notifies: bool,
}

impl Link {
    pub(super) fn open(place: &Place, options: &PostgresOptions) -> Result<Self, Trouble> {
        let bare = Bare::open(place, options)?;
        let facts = bare.facts()?;
        if let (true, Some(why)) = (options.require_synchronous, &facts.loses) {
            return Err(Trouble::new(
                ErrorKind::Unsupported,
                format!("{why}, and synchronous replication is required"),
            ));
        }
        let part = tables::read(&bare)?;
        let statements = bare.run(Statements::prepare(bare.client()))?;
        Ok(Self {
            bare,
            statements,
            facts,
            part,
        })
    }
}

impl std::ops::Deref for Link {
    type Target = Bare;

    fn deref(&self) -> &Bare {
        &self.bare
    }
}

impl Bare {
    /// Connects to the first of the servers that takes writes.
    pub(super) fn open(place: &Place, options: &PostgresOptions) -> Result<Self, Trouble> {
        let mut failed: Vec<(&str, Trouble)> = Vec::new();
        for server in &place.servers {
            match Self::connect(place, server, options) {
                Ok(bare) => return Ok(bare),
                Err(trouble) => failed.push((&server.shown, trouble)),
            }
        }
        Err(Trouble::none_of(&failed))
    }

    fn connect(place: &Place, server: &Server, options: &PostgresOptions) -> Result<Self, Trouble> {
        let unreplicated = Arc::new(AtomicU64::new(0));
        let mut driven = Driven::new(options.request_timeout)?;
        let client = driven.connect(options.connect_timeout, async {
            let connected = server.config.connect(place.tls.clone()).await;
            let (client, connection) = connected.map_err(|error| trouble_of(&error))?;
            let unreplicated = Arc::clone(&unreplicated);
            let notice = move |notice: DbError| {
                if notice.routine() == Some(WAIT_GIVEN_UP) {
                    unreplicated.fetch_add(1, Ordering::AcqRel);
                }
            };
            Ok((client, drive(connection, notice, |_| {})))
        })?;
        let bare = Self {
            client,
            unreplicated,
            driven,
        };
        bare.set_up(options)?;
        Ok(bare)
    }

    /// Makes the session what is needed, and refuses a server that takes no writes.
    fn set_up(&self, options: &PostgresOptions) -> Result<(), Trouble> {
        let millis = |time: Duration| time.as_millis().clamp(1, i32::MAX as u128);
        let whole = millis(options.request_timeout);
        // A row that somebody else holds is told before this side loses patience: then the outcome is known.
        let lock = millis(options.request_timeout / 4);
        let settings = format!(
            "SET statement_timeout = {whole}; SET lock_timeout = {lock}; \
             SET idle_in_transaction_session_timeout = {whole}"
        );
        // What waits for more than `on` does is left as it is.
        let synchronous = "SELECT set_config('synchronous_commit', 'on', false) \
             WHERE current_setting('synchronous_commit', true) IN ('off', 'local', 'remote_write')";
        let client = self.client();
        let read_only: String = self.run(async {
            client.batch_execute(&settings).await?;
            client.query_opt(synchronous, &[]).await?;
            client.query_one("SHOW transaction_read_only", &[]).await?.try_get(0)
        })?;
        if read_only == "on" {
            return Err(Trouble::lost(
                "it takes no writes: it is a standby, or set to read-only; name the primary, or all servers that may be",
            ));
        }
        Ok(())
    }

    fn facts(&self) -> Result<Facts, Trouble> {
        let sql = "SELECT version(), current_setting('fsync', true), \
             current_setting('synchronous_standby_names', true), \
             EXISTS (SELECT 1 FROM pg_catalog.pg_proc WHERE proname = 'aurora_version')";
        let client = self.client();
        let (version, fsync, standbys, aurora): (String, Option<String>, Option<String>, bool) = self.run(async {
            let row = client.query_one(sql, &[]).await?;
            Ok((row.try_get(0)?, row.try_get(1)?, row.try_get(2)?, row.try_get(3)?))
        })?;
        let cockroach = version.starts_with("CockroachDB");
        // These write to several machines by themselves.
        let replicates = cockroach || aurora || version.contains("-YB-");
        let loses = if replicates {
            None
        } else if fsync.as_deref() == Some("off") {
            Some("the server does not flush to the disk (fsync=off): a crash of its machine can lose or damage saves that \
                  were reported")
        } else if standbys.is_none_or(|names| names.trim().is_empty()) {
            Some(
                "the server does not replicate synchronously (synchronous_standby_names is empty): a failover, or the \
                  loss of its disk, can lose saves that were reported",
            )
        } else {
            None
        };
        Ok(Facts {
            loses: loses.map(str::to_owned),
            // Aurora is PostgreSQL in this; of the others not all versions know it.
            notifies: !cockroach && !version.contains("-YB-"),
        })
    }

    pub(super) fn client(&self) -> &Client {
        &self.client
    }

    /// Waits, but not longer than a request may take.
    pub(super) fn run<T>(&self, work: impl Future<Output = Result<T, tokio_postgres::Error>>) -> Result<T, Trouble> {
        self.run_plain(work)?.map_err(|error| trouble_of(&error))
    }

    /// The same for work that has many results.
    pub(super) fn run_plain<T>(&self, work: impl Future<Output = T>) -> Result<T, Trouble> {
        self.driven.run(work)
    }

    /// Whether nobody has closed it, as far as is known here.
    pub(super) fn is_open(&self) -> bool {
        self.driven.is_open() && !self.client.is_closed()
    }

    /// How many commits were answered although no standby confirmed them.
    pub(super) fn unreplicated(&self) -> u64 {
        self.unreplicated.load(Ordering::Acquire)
    }
}

/// Drives a connection until it ends, and passes on what the server says unasked.
pub(super) async fn drive<S, T>(
    mut connection: Connection<S, T>,
    notice: impl Fn(DbError),
    notification: impl Fn(Notification),
) where
    S: AsyncRead + AsyncWrite + Unpin,
    T: AsyncRead + AsyncWrite + Unpin,
{
    while let Some(Ok(message)) = poll_fn(|context| connection.poll_message(context)).await {
        match message {
            AsyncMessage::Notice(said) => notice(said),
            AsyncMessage::Notification(said) => notification(said),
            _ => {}
        }
    }
}

/// Asks several things at once, in this order, and waits for all: one round trip.
pub(super) struct Pipeline<'a, T> {
    asked: Vec<Asked<'a, T>>,
}

enum Asked<'a, T> {
    Waits(Pin<Box<dyn Future<Output = T> + 'a>>),
    Done(Option<T>),
}

impl<'a, T> Pipeline<'a, T> {
    pub(super) fn new() -> Self {
        Self { asked: Vec::new() }
    }

    /// One more thing. It is sent when it is first asked for its answer.
    pub(super) fn add(&mut self, asked: impl Future<Output = T> + 'a) {
        self.asked.push(Asked::Waits(Box::pin(asked)));
    }
}

impl<T: Unpin> Future for Pipeline<'_, T> {
    type Output = Vec<T>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Vec<T>> {
        let mut pending = false;
        for asked in &mut self.asked {
            if let Asked::Waits(waiting) = asked {
                match waiting.as_mut().poll(context) {
                    Poll::Ready(answer) => *asked = Asked::Done(Some(answer)),
                    Poll::Pending => pending = true,
                }
            }
        }
        if pending {
            return Poll::Pending;
        }
        let answers = self.asked.iter_mut().filter_map(|asked| match asked {
            Asked::Done(answer) => answer.take(),
            Asked::Waits(_) => None,
        });
        Poll::Ready(answers.collect())
    }
}
