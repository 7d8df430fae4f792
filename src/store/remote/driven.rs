//! What an asynchronous client runs on: its connection is driven by the thread that uses it, and only while it does.

use super::trouble::Trouble;
use std::future::Future;
use std::time::Duration;
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// How long a connection that ends is given to say so.
const FAREWELL: Duration = Duration::from_millis(100);

/// A connection's runtime and its driver. To be dropped behind the client, so that the driver sees its end.
pub(in crate::store) struct Driven {
    runtime: Option<Runtime>,
    driver: Option<JoinHandle<()>>,
    /// For all that is asked at once.
    patience: Duration,
}

impl Driven {
    pub fn new(patience: Duration) -> Result<Self, Trouble> {
        let no_runtime = |error: std::io::Error| Trouble::lost(format!("the system gave no means to wait: {error}"));
        let runtime = Builder::new_current_thread().enable_all().build().map_err(no_runtime)?;
        Ok(Self {
            runtime: Some(runtime),
            driver: None,
            patience,
        })
    }

    /// Makes the connection, which may take so long, and from then on drives it by what comes with it.
    pub fn connect<C, D>(
        &mut self,
        limit: Duration,
        connecting: impl Future<Output = Result<(C, D), Trouble>>,
    ) -> Result<C, Trouble>
    where
        D: Future<Output = ()> + Send + 'static,
    {
        let connected = self.runtime().block_on(async { timeout(limit, connecting).await });
        let (client, driver) = connected.map_err(|_| Trouble::late(limit))??;
        self.driver = Some(self.runtime().spawn(driver));
        Ok(client)
    }

    fn runtime(&self) -> &Runtime {
        // There until it is dropped.
        self.runtime.as_ref().unwrap_or_else(|| unreachable!())
    }

    /// Waits, but not longer than a request may take.
    pub fn run<T>(&self, work: impl Future<Output = T>) -> Result<T, Trouble> {
        self.runtime()
            .block_on(async { timeout(self.patience, work).await })
            .map_err(|_| Trouble::late(self.patience))
    }

    /// Whether nobody has closed the connection, as far as is known here.
    pub fn is_open(&self) -> bool {
        self.runtime().block_on(async {
            // Lets the driver see what has arrived.
            for _ in 0..3 {
                tokio::task::yield_now().await;
            }
        });
        self.driver.as_ref().is_some_and(|driver| !driver.is_finished())
    }
}

impl Drop for Driven {
    fn drop(&mut self) {
        let Some(runtime) = self.runtime.take() else { return };
        // Says good-bye, unless this is a thread that may not wait.
        if let (Some(driver), Err(_)) = (&mut self.driver, Handle::try_current()) {
            let _ = runtime.block_on(async { timeout(FAREWELL, driver).await });
        }
        runtime.shutdown_background();
    }
}
