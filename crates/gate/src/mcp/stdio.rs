//! Servers that speak over standard input and output: started, limited, restarted, stopped.
//!
//! Each session has a process of its own, so that nothing of one agent is left for the next. A
//! process that has ended is started again by the next message, and greeted as the client greeted it;
//! one that ends again and again is left alone for a while. What it writes to its standard error is
//! logged, up to a bound.

use std::collections::HashMap;
use std::process::Stdio;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use model::Secret;
use rustix::process::{Pid, Resource, Rlimit, Signal, kill_process_group, prlimit};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, ChildStdin, Command};
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::message::{MAX_MESSAGE_BYTES, Message};
use super::pipe::{Conversation, PipeEvents};
use crate::refusal::Refusal;

/// Messages to a process that are on their way.
const MAX_QUEUED: usize = 64;

/// Bytes of a line of a process's standard error that are logged, and how many lines.
const MAX_STDERR_LINE: usize = 2048;
const MAX_STDERR_LINES: usize = 1000;

/// How long a process is left alone after it has ended, doubled each time up to the last.
const FIRST_REST: Duration = Duration::from_millis(250);
const LONGEST_REST: Duration = Duration::from_secs(60);

/// A process that has lived this long has started well.
const WELL: Duration = Duration::from_secs(30);

/// Where programs are looked for.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// What starts a server, and within which bounds.
pub struct Launch {
    pub program: String,
    pub arguments: Vec<String>,
    pub environment: Vec<(String, Secret)>,
    /// Bytes of memory of its own. Address space that is only reserved does not count: runtimes
    /// reserve far more than they use.
    pub memory: u64,
    /// Processor time in all.
    pub cpu: Duration,
    pub files: u64,
    /// Processes at once.
    pub processes: usize,
    /// How long one may lie idle.
    pub idle: Duration,
    /// How long a message is waited for.
    pub patience: Duration,
}

/// The processes of one server.
pub struct Launcher {
    name: String,
    launch: Launch,
    sessions: Mutex<HashMap<String, Arc<Session>>>,
}

/// One session, and its process while that runs.
struct Session {
    /// What the client said first, for a process that has to be started again.
    hello: Bytes,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    process: Option<Arc<Process>>,
    /// Not before this is it started again.
    rest: Option<(Instant, Duration)>,
}

/// A process that runs.
struct Process {
    to: mpsc::Sender<Bytes>,
    conversation: Arc<Conversation>,
    started: Instant,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Launcher {
    pub fn new(name: &str, launch: Launch) -> Arc<Self> {
        Arc::new(Self { name: name.to_owned(), launch, sessions: Mutex::default() })
    }

    /// Begins a session: a process, greeted with `hello`. The answer comes in the events.
    pub(super) async fn open(
        self: &Arc<Self>,
        session: String,
        hello: Bytes,
        message: Message,
    ) -> Result<PipeEvents, Refusal> {
        let opened = Arc::new(Session { hello, state: Mutex::default() });
        {
            let mut sessions = lock(&self.sessions);
            if sessions.len() >= self.launch.processes {
                return Err(Refusal::ServerBusy);
            }
            sessions.insert(session.clone(), opened.clone());
        }
        let sent = match self.start(&session, &opened) {
            Ok(process) => self.ask(&process, message).await,
            Err(refusal) => Err(refusal),
        };
        if sent.is_err() {
            self.close(&session);
        }
        sent
    }

    /// The process of a session, started again where it has ended.
    async fn process(self: &Arc<Self>, session: &str) -> Result<Arc<Process>, Refusal> {
        let opened = lock(&self.sessions).get(session).cloned().ok_or(Refusal::NoSuchSession)?;
        if let Some(process) = &lock(&opened.state).process
            && !process.to.is_closed()
        {
            return Ok(process.clone());
        }
        let process = self.start(session, &opened)?;
        let hello = Message::read(&opened.hello).map_err(Refusal::Message)?;
        let mut events = self.ask(&process, hello).await?;
        events.answer().await?;
        let ready = Message::Notification {
            method: "notifications/initialized".into(),
            params: serde_json::Map::new(),
        };
        self.tell(&process, ready).await?;
        Ok(process)
    }

    fn start(self: &Arc<Self>, id: &str, session: &Arc<Session>) -> Result<Arc<Process>, Refusal> {
        let now = Instant::now();
        let mut state = lock(&session.state);
        if state.rest.is_some_and(|(until, _)| until > now) {
            return Err(Refusal::ServerGarbage("it has ended, and is started again in a moment"));
        }
        // How long it will be left alone if this one ends soon.
        let next = match (&state.process, state.rest) {
            (Some(before), _) if before.started.elapsed() >= WELL => FIRST_REST,
            (_, Some((_, rest))) => (rest * 2).min(LONGEST_REST),
            _ => FIRST_REST,
        };
        state.rest = Some((now + next, next));
        let (child, group) = self.spawn()?;
        let conversation = Arc::new(Conversation::default());
        let (to, from) = mpsc::channel(MAX_QUEUED);
        let process = Arc::new(Process { to, conversation: conversation.clone(), started: now });
        state.process = Some(process.clone());
        let run = Run {
            launcher: Arc::downgrade(self),
            session: id.to_owned(),
            name: self.name.clone(),
            idle: self.launch.idle,
            conversation,
        };
        tokio::spawn(run.run_out(child, group, from));
        Ok(process)
    }

    fn spawn(&self) -> Result<(Child, Option<Group>), Refusal> {
        let mut command = Command::new(&self.launch.program);
        command.args(&self.launch.arguments).env_clear().env("PATH", PATH);
        command.envs(self.launch.environment.iter().map(|(name, value)| (name, value.expose())));
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.process_group(0).kill_on_drop(true);
        let child = command.spawn().map_err(|error| {
            tracing::warn!(server = %self.name, %error, "an MCP server cannot be started");
            Refusal::ServerGarbage("it cannot be started")
        })?;
        let pid = child.id().and_then(|id| Pid::from_raw(i32::try_from(id).ok()?));
        if let Some(pid) = pid {
            self.limit(pid)?;
        }
        Ok((child, pid.map(Group)))
    }

    /// Set from outside, a moment after the start: what a program does in that moment counts as well.
    fn limit(&self, pid: Pid) -> Result<(), Refusal> {
        let limits = [
            (Resource::Data, self.launch.memory),
            (Resource::Cpu, self.launch.cpu.as_secs().max(1)),
            (Resource::Nofile, self.launch.files),
            (Resource::Core, 0),
        ];
        for (resource, most) in limits {
            let limit = Rlimit { current: Some(most), maximum: Some(most) };
            if let Err(error) = prlimit(Some(pid), resource, limit) {
                tracing::warn!(server = %self.name, %error, ?resource, "a process could not be limited");
                return Err(Refusal::ServerGarbage("its process could not be limited"));
            }
        }
        Ok(())
    }

    /// Passes a message on.
    pub(super) async fn send(
        self: &Arc<Self>,
        session: &str,
        message: Message,
    ) -> Result<Option<PipeEvents>, Refusal> {
        let process = self.process(session).await?;
        match message {
            Message::Request { .. } => self.ask(&process, message).await.map(Some),
            message => self.tell(&process, message).await.map(|()| None),
        }
    }

    async fn ask(&self, process: &Process, message: Message) -> Result<PipeEvents, Refusal> {
        let patience = self.launch.patience;
        let (asked, events) = process.conversation.ask(message, &process.to, patience)?;
        self.write(process, asked).await?;
        Ok(events)
    }

    async fn tell(&self, process: &Process, message: Message) -> Result<(), Refusal> {
        match process.conversation.tell(message) {
            Some(message) => self.write(process, message).await,
            None => Ok(()),
        }
    }

    async fn write(&self, process: &Process, message: Message) -> Result<(), Refusal> {
        let mut line = message.write();
        line.push(b'\n');
        let sent = process.to.send_timeout(line.into(), self.launch.patience).await;
        sent.map_err(|_| Refusal::ServerGarbage("it has ended or takes no messages"))
    }

    /// What the process says by itself.
    pub(super) async fn listen(self: &Arc<Self>, session: &str) -> Result<PipeEvents, Refusal> {
        Ok(self.process(session).await?.conversation.listen())
    }

    pub(super) fn has(&self, session: &str) -> bool {
        lock(&self.sessions).contains_key(session)
    }

    /// Ends a session and its process.
    pub(super) fn close(&self, session: &str) {
        // The process ends as nobody holds the way to it any more.
        drop(lock(&self.sessions).remove(session));
    }
}

/// A process and its descendants, which end together.
struct Group(Pid);

impl Drop for Group {
    fn drop(&mut self) {
        let _ = kill_process_group(self.0, Signal::KILL);
    }
}

/// What is needed to drive a process.
struct Run {
    launcher: Weak<Launcher>,
    session: String,
    name: String,
    idle: Duration,
    conversation: Arc<Conversation>,
}

impl Run {
    async fn run_out(self, mut child: Child, group: Option<Group>, from: mpsc::Receiver<Bytes>) {
        let (stdin, stdout) = (child.stdin.take(), child.stdout.take());
        if let Some(stderr) = child.stderr.take() {
            tokio::spawn(log(self.name.clone(), stderr));
        }
        let (Some(stdin), Some(stdout)) = (stdin, stdout) else { return };
        let why = tokio::select! {
            why = self.read(stdout) => why,
            () = write(stdin, from) => "its session has ended",
        };
        self.conversation.end();
        drop(group);
        let status = child.wait().await.ok();
        tracing::info!(server = %self.name, ?status, why, "a process of an MCP server has ended");
        if let Some(launcher) = self.launcher.upgrade().filter(|_| why == IDLE) {
            launcher.close(&self.session);
        }
    }

    /// Hands on what the process says, line by line.
    async fn read(&self, mut stdout: impl AsyncRead + Unpin) -> &'static str {
        let mut line = BytesMut::new();
        loop {
            while let Some(end) = memchr::memchr(b'\n', &line) {
                let message = line.split_to(end + 1).freeze();
                self.conversation.heard(&message);
            }
            if line.len() > MAX_MESSAGE_BYTES {
                return "it wrote a message that is too large";
            }
            line.reserve(8 * 1024);
            match tokio::time::timeout(self.idle, stdout.read_buf(&mut line)).await {
                Ok(Ok(0)) => return "it closed its output",
                Ok(Ok(_)) => {}
                Ok(Err(_)) => return "its output broke",
                Err(_) if self.conversation.is_quiet() => return IDLE,
                Err(_) => {}
            }
        }
    }
}

const IDLE: &str = "it was idle";

async fn write(mut stdin: ChildStdin, mut from: mpsc::Receiver<Bytes>) {
    while let Some(line) = from.recv().await {
        if stdin.write_all(&line).await.is_err() || stdin.flush().await.is_err() {
            // What has closed its input has not ended yet: its last words are still read.
            std::future::pending::<()>().await;
        }
    }
}

/// Logs what a process writes to its standard error, up to a bound; what is beyond is read and dropped.
async fn log(server: String, mut stderr: impl AsyncRead + Unpin) {
    let (mut line, mut lines) = (Vec::new(), 0);
    let mut piece = [0; 1024];
    while let Ok(read @ 1..) = stderr.read(&mut piece).await {
        for byte in piece.get(..read).unwrap_or_default() {
            if *byte != b'\n' {
                if line.len() < MAX_STDERR_LINE {
                    line.push(*byte);
                }
                continue;
            }
            lines += 1;
            if lines <= MAX_STDERR_LINES {
                let said = String::from_utf8_lossy(&line).escape_debug().to_string();
                tracing::info!(%server, said, "an MCP server says");
            }
            line.clear();
        }
    }
}

/// A name for a session of which the server knows nothing.
pub(super) fn session_name(id: &model::RecordId) -> String {
    format!("process-{id}")
}
