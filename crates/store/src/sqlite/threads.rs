//! Threads that work on connections, and the bounded queue before them.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};

use crate::{Result, StoreError};

/// Jobs that wait; whoever brings one more waits too.
const MAX_WAITING: usize = 1024;

/// A read that takes longer is given up.
const READ_LIMIT: Duration = Duration::from_secs(5);

/// Instructions of SQLite's machine between two looks at the clock: some 0.1 ms.
const LOOK_EVERY: i32 = 10_000;

type Job = Box<dyn FnOnce(&mut Connection) + Send>;

#[derive(Debug)]
pub(crate) struct Queue {
    jobs: mpsc::Sender<Job>,
}

impl Queue {
    /// Starts one thread for each connection. They end when the queue is dropped.
    pub(crate) fn start(name: &str, connections: Vec<Connection>) -> Result<Self> {
        let (jobs, waiting) = mpsc::channel(MAX_WAITING);
        let waiting = Arc::new(Mutex::new(waiting));
        for connection in connections {
            let waiting = Arc::clone(&waiting);
            std::thread::Builder::new()
                .name(name.to_owned())
                .spawn(move || work(connection, &waiting))
                .map_err(|error| StoreError::Database(error.into()))?;
        }
        Ok(Self { jobs })
    }

    pub(crate) async fn run<T, F>(&self, work: F) -> Result<T>
    where
        F: FnOnce(&mut Connection) -> Result<T> + Send + 'static,
        T: Send + 'static,
    {
        let (answer, answered) = oneshot::channel();
        let job: Job = Box::new(move |connection| {
            // Nobody listens where the caller went away; the work is done all the same.
            let _ = answer.send(work(connection));
        });
        self.jobs.send(job).await.map_err(|_| StoreError::Closed)?;
        answered.await.map_err(|_| StoreError::Closed)?
    }
}

/// One thread waits for the next job and holds the lock meanwhile; the others wait for the lock.
fn work(mut connection: Connection, waiting: &Mutex<mpsc::Receiver<Job>>) {
    loop {
        let job = waiting.lock().unwrap_or_else(PoisonError::into_inner).blocking_recv();
        let Some(job) = job else { return };
        job(&mut connection);
    }
}

/// Lets whatever the connection does next be interrupted after [`READ_LIMIT`].
pub(crate) fn set_deadline(connection: &mut Connection) -> Result<()> {
    let deadline = Instant::now() + READ_LIMIT;
    connection.progress_handler(LOOK_EVERY, Some(move || Instant::now() > deadline))?;
    Ok(())
}
