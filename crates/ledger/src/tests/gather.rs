//! What an event loop gathers is called for, and who waits is woken, whatever happens between.

use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Instant;

use proptest::prelude::*;

use super::*;
use crate::append::Append;
use crate::pool::{Pool, Task};
use crate::turn::Gather;
use crate::{gather, gather_while};

/// A task that is only looked at: whether it was woken since.
#[derive(Default)]
struct Flag(AtomicBool);

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::SeqCst);
    }
}

impl Flag {
    fn take(&self) -> bool {
        self.0.swap(false, Ordering::SeqCst)
    }
}

fn poll<F: Future + Unpin>(future: &mut F, flag: &Arc<Flag>) -> Poll<F::Output> {
    let waker = Waker::from(Arc::clone(flag));
    Pin::new(future).poll(&mut Context::from_waker(&waker))
}

/// An event loop and a writer, moved by hand.
struct Bench {
    pool: Arc<Pool>,
    task: Arc<Flag>,
    gather: Option<Gather>,
    waiting: Vec<(Append, Arc<Flag>)>,
    written: u64,
}

impl Bench {
    fn new(max_bytes: usize) -> Self {
        let pool = Arc::new(Pool::new(0, max_bytes, true));
        let mut bench =
            Self { pool, task: Arc::default(), gather: None, waiting: Vec::new(), written: 0 };
        bench.start();
        bench
    }

    fn start(&mut self) {
        let mut gather = gather();
        assert!(poll(&mut gather, &self.task).is_pending());
        self.gather = Some(gather);
    }

    fn append(&mut self) {
        let (mut append, flag) = (Append::new(&self.pool, vec![b'x'; 40], 0), Arc::default());
        assert!(poll(&mut append, &flag).is_pending());
        self.waiting.push((append, flag));
    }

    /// As the writer does; false where nobody called.
    fn write(&mut self) -> bool {
        match self.pool.take(Vec::new(), Some(Instant::now())) {
            Task::Write(work) => {
                self.written = work.end();
                self.pool.finish(&work, work.end());
                true
            }
            _ => false,
        }
    }

    /// The loop runs until there is nothing to do but to wait for others.
    fn run(&mut self) {
        while self.task.take() {
            if let Some(gather) = &mut self.gather {
                assert!(poll(gather, &self.task).is_pending());
            }
        }
        let mut waiting = std::mem::take(&mut self.waiting);
        waiting.retain_mut(|(append, flag)| !flag.take() || poll(append, flag).is_pending());
        self.waiting.append(&mut waiting);
    }
}

#[test]
fn one_call_at_the_end_of_a_turn_and_one_wake_of_the_loop() {
    let mut bench = Bench::new(1 << 20);
    let start = Instant::now();
    for _ in 0..16 {
        bench.append();
    }
    let was_quick = start.elapsed() < crate::pool::CALL_AFTER;
    assert!(!bench.write() || !was_quick, "called in the middle of a turn");
    bench.run();
    assert!(bench.write() || !was_quick);
    assert_eq!(bench.written, 16);
    let woken = bench.waiting.iter().filter(|(_, flag)| flag.0.load(Ordering::SeqCst)).count();
    assert_eq!(woken, 0, "woken one by one from the writer's thread");
    bench.run();
    bench.run();
    assert!(bench.waiting.is_empty());
}

#[test]
fn a_loop_that_is_too_busy_to_come_to_the_end_of_its_turn_calls_all_the_same() {
    let mut bench = Bench::new(1 << 20);
    let deadline = Instant::now() + Duration::from_secs(30);
    while !bench.write() {
        bench.append();
        assert!(Instant::now() < deadline, "nobody called");
    }
}

#[test]
fn a_pool_that_is_full_is_called_for() {
    let mut bench = Bench::new(100);
    bench.append();
    bench.append();
    assert!(!bench.waiting[1].0.is_accepted());
    assert!(bench.write(), "the room would never come");
    bench.run();
    bench.run();
    assert!(bench.write());
    assert_eq!(bench.written, 2);
}

#[test]
fn a_waiter_that_does_not_look_holds_up_no_other() {
    let mut bench = Bench::new(1 << 20);
    for _ in 0..3 {
        bench.append();
    }
    bench.run();
    assert!(bench.write());
    let (first, last) = (bench.waiting.remove(0), bench.waiting.pop());
    drop(last);
    bench.run();
    bench.run();
    assert!(bench.waiting.is_empty(), "it waits for the first one to look");
    drop(first);
}

#[derive(Clone, Debug)]
enum Step {
    Append,
    /// Somebody gives up waiting.
    Drop(usize),
    /// One poll of the gathering task, whether it was woken or not.
    Gather,
    Run,
    Write,
    /// The loop ends, and perhaps there is a new one.
    End(bool),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        6 => Just(Step::Append),
        1 => any::<usize>().prop_map(Step::Drop),
        2 => Just(Step::Gather),
        2 => Just(Step::Run),
        3 => Just(Step::Write),
        1 => any::<bool>().prop_map(Step::End),
    ];
    proptest::collection::vec(step, 0..60)
}

proptest! {
    #[test]
    fn no_call_and_no_wake_is_lost(steps in steps(), max_bytes in 100..2000_usize) {
        let mut bench = Bench::new(max_bytes);
        for step in steps {
            match step {
                Step::Append => bench.append(),
                Step::Drop(at) if !bench.waiting.is_empty() => {
                    drop(bench.waiting.swap_remove(at % bench.waiting.len()));
                }
                Step::Drop(_) => {}
                Step::Gather => {
                    if let Some(gather) = &mut bench.gather {
                        prop_assert!(poll(gather, &bench.task).is_pending());
                    }
                }
                Step::Run => bench.run(),
                Step::Write => {
                    bench.write();
                }
                Step::End(begins_again) => {
                    bench.gather = None;
                    if begins_again {
                        bench.start();
                    }
                }
            }
        }
        // Everybody does only what they are told to, and nothing is left undone. Each round
        // writes something as long as anything waits.
        for _ in 0..=60 {
            bench.run();
            bench.run();
            bench.write();
        }
        prop_assert!(bench.waiting.is_empty(), "{} wait for ever", bench.waiting.len());
    }
}

/// Appends when its task is dropped, as an action of the gate does.
struct Last(Log);

impl Drop for Last {
    fn drop(&mut self) {
        drop(self.0.append_unwaited(b"cut".to_vec()));
    }
}

#[test]
fn loops_that_gather_append_stop_and_lose_nothing() {
    let files = Memory::default();
    let options = Options { max_pending_bytes: 1 << 10, ..options() };
    let (log, _) = open_with(&files, options).unwrap();
    let threads: Vec<_> = (0..3)
        .map(|_| {
            let log = log.clone();
            std::thread::spawn(move || {
                block_on(async move {
                    tokio::spawn(gather());
                    for _ in 0..5 {
                        tokio::spawn(cut(log.clone()));
                    }
                    let tasks: Vec<_> = (0..8).map(|_| tokio::spawn(rounds(log.clone()))).collect();
                    for task in tasks {
                        task.await.unwrap();
                    }
                })
            })
        })
        .collect();
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    let deadline = Instant::now() + Duration::from_secs(30);
    let wanted = 3 * (8 * 50 + 5);
    while log.size() < wanted {
        assert!(Instant::now() < deadline, "{} of {wanted}", log.size());
        std::thread::yield_now();
    }
    let cut = all(&log).into_iter().filter(|record| record == "cut").count();
    assert_eq!((cut, log.size()), (15, wanted));
}

async fn rounds(log: Log) {
    for round in 0..25_u64 {
        // Awaited in the other order than they were written in, the second after the first.
        let (first, second) = (log.append(record(round).into()), log.append(record(round).into()));
        assert!(second.await.unwrap() > 0);
        first.await.unwrap();
    }
}

async fn cut(log: Log) {
    let _last = Last(log);
    std::future::pending::<()>().await;
}

#[test]
fn a_lone_append_of_a_loop_that_gathers_is_written_at_once() {
    let files = Memory::default();
    let (log, _) = open(&files);
    block_on(async {
        tokio::spawn(gather());
        for index in 0..20 {
            assert_eq!(log.append(record(index).into()).await, Ok(index));
        }
    });
}

/// A task that comes back once everything else had its turn.
async fn turns(count: u64, done: &AtomicU64) {
    for _ in 0..count {
        done.fetch_add(1, Ordering::SeqCst);
        tokio::task::yield_now().await;
    }
}

/// Whether somebody has called for what is in a pool.
fn is_called(pool: &Pool) -> bool {
    match pool.take(Vec::new(), Some(Instant::now())) {
        Task::Write(work) => {
            pool.finish(&work, work.end());
            true
        }
        _ => false,
    }
}

#[test]
fn a_loop_calls_when_it_has_nothing_else_to_do() {
    let pool = Arc::new(Pool::new(0, 1 << 20, true));
    let done = Arc::new(AtomicU64::new(0));
    block_on(async {
        let counted = done.clone();
        tokio::spawn(gather_while(move || counted.load(Ordering::SeqCst)));
        tokio::task::yield_now().await;
        let start = Instant::now();
        let first = Append::new(&pool, b"first".to_vec(), 0);
        turns(5, &done).await;
        let was_quick = start.elapsed() < crate::pool::CALL_AFTER;
        assert!(!is_called(&pool) || !was_quick, "called while there was work to do");
        let second = Append::new(&pool, b"second".to_vec(), 0);
        while !is_called(&pool) {
            tokio::task::yield_now().await;
        }
        assert_eq!((first.await, second.await), (Ok(0), Ok(1)));
    });
}

#[test]
fn a_loop_that_never_rests_calls_all_the_same() {
    let pool = Arc::new(Pool::new(0, 1 << 20, true));
    let done = Arc::new(AtomicU64::new(0));
    block_on(async {
        let counted = done.clone();
        tokio::spawn(gather_while(move || counted.load(Ordering::SeqCst)));
        tokio::task::yield_now().await;
        let append = Append::new(&pool, b"x".to_vec(), 0);
        while !is_called(&pool) {
            turns(1, &done).await;
        }
        assert_eq!(append.await, Ok(0));
    });
}

#[test]
fn loops_that_work_and_gather_lose_nothing() {
    let files = Memory::default();
    let (log, _) = open_with(&files, Options { max_pending_bytes: 1 << 10, ..options() }).unwrap();
    block_on(async {
        let done = Arc::new(AtomicU64::new(0));
        let counted = done.clone();
        tokio::spawn(gather_while(move || counted.load(Ordering::SeqCst)));
        let tasks: Vec<_> = (0..8)
            .map(|number| {
                let (log, done) = (log.clone(), done.clone());
                tokio::spawn(async move {
                    for _ in 0..number {
                        turns(number, &done).await;
                        log.append(b"x".to_vec()).await.unwrap();
                    }
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
    });
    assert_eq!(log.size(), 28);
}
