//! Loops that need no lease: their states, their rate, and what is set for them.

use std::num::NonZeroU64;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use domain::ChangeWorker;
use tokio::sync::Notify;
use tokio::time::Instant;
use worker::{AddError, Handle, Profile, State, Step, Trouble, Worker};

use crate::world::*;

/// What a step of the loop comes to, by its number.
type Script = fn(usize) -> Result<Step, Trouble>;

struct Scripted {
    script: Script,
    steps: Arc<AtomicUsize>,
    /// Wakes it.
    bell: Arc<Notify>,
}

impl Worker for Scripted {
    fn profile(&self) -> Profile {
        Profile { name: "scripted", about: "Does as it is told.", unit: "steps", lease: None, rate: None }
    }

    async fn step(&mut self, handle: &Handle) -> Result<Step, Trouble> {
        handle.spend(10).await;
        let step = self.steps.fetch_add(1, Ordering::Relaxed);
        let outcome = (self.script)(step)?;
        if !matches!(outcome, Step::Idle(_)) {
            handle.done(10);
        }
        Ok(outcome)
    }

    async fn wake(&mut self) {
        self.bell.notified().await;
    }
}

struct Running {
    process: Process,
    steps: Arc<AtomicUsize>,
    bell: Arc<Notify>,
}

fn run(world: &World, script: Script) -> Running {
    let (process, steps, bell) = (world.sole_process(1), Arc::new(AtomicUsize::new(0)), Arc::new(Notify::new()));
    let worker = Scripted { script, steps: Arc::clone(&steps), bell: Arc::clone(&bell) };
    process.workers.add(worker).unwrap();
    Running { process, steps, bell }
}

impl Running {
    fn state(&self) -> State {
        self.process.report("scripted").state
    }

    fn steps(&self) -> usize {
        self.steps.load(Ordering::Relaxed)
    }
}

async fn pass(time: Duration) {
    tokio::time::sleep(time).await;
}

const HOUR: Duration = Duration::from_hours(1);

#[tokio::test(start_paused = true)]
async fn an_idle_loop_is_woken_by_what_happens_or_by_time() {
    let running = run(&World::default(), |_| Ok(Step::Idle(HOUR)));
    pass(Duration::from_secs(10)).await;
    assert_eq!((running.state(), running.steps()), (State::Idle, 1));
    running.bell.notify_one();
    pass(Duration::from_secs(10)).await;
    assert_eq!(running.steps(), 2);
    pass(HOUR).await;
    assert_eq!(running.steps(), 3);
    let since = running.process.report("scripted").since;
    pass(HOUR).await;
    assert_eq!(running.process.report("scripted").since, since, "it is idle since then, however often it looked");
}

#[tokio::test(start_paused = true)]
async fn a_paused_loop_takes_no_step_wherever_it_runs_and_after_a_restart() {
    let world = World::default();
    let running = run(&world, |_| Ok(Step::After(Duration::from_millis(100))));
    pass(Duration::from_secs(1)).await;
    assert_eq!(running.state(), State::Working);
    running.process.set("scripted", Some(true), None).await;
    pass(Duration::from_secs(1)).await;
    assert_eq!(running.state(), State::Paused);
    let steps = running.steps();
    pass(HOUR).await;
    assert_eq!(running.steps(), steps);
    let restarted = run(&world, |_| Ok(Step::After(Duration::from_millis(100))));
    pass(Duration::from_secs(1)).await;
    assert_eq!((restarted.state(), restarted.steps()), (State::Paused, 0));
    running.process.set("scripted", Some(false), None).await;
    pass(Duration::from_secs(1)).await;
    assert!(running.steps() > steps && restarted.steps() > 0);
}

#[tokio::test(start_paused = true)]
async fn a_step_that_takes_long_is_dropped_a_while_after_its_worker_was_paused() {
    let running = run(&World::default(), |_| Ok(Step::More));
    running.process.set("scripted", None, Some(1)).await;
    pass(Duration::from_secs(1)).await;
    running.process.set("scripted", Some(true), Some(1)).await;
    pass(Duration::from_secs(15)).await;
    assert_eq!(running.state(), State::Paused);
}

#[tokio::test(start_paused = true)]
async fn a_rate_is_kept_and_can_be_set_while_it_runs() {
    let running = run(&World::default(), |_| Ok(Step::After(Duration::from_millis(1))));
    running.process.set("scripted", None, Some(20)).await;
    pass(Duration::from_secs(1)).await;
    let steps_in = async |seconds| {
        let before = running.steps();
        pass(Duration::from_secs(seconds)).await;
        running.steps() - before
    };
    let _settled = steps_in(10).await;
    assert!((199..=201).contains(&steps_in(100).await));
    assert_eq!(running.process.report("scripted").rate.map(std::num::NonZero::get), Some(20));
    let pace = running.process.report("scripted").pace;
    assert!((18.0..22.0).contains(&pace), "{pace}");
    running.process.set("scripted", None, Some(200)).await;
    let _settled = steps_in(10).await;
    assert!((1_990..=2_010).contains(&steps_in(100).await));
    running.process.set("scripted", None, Some(0)).await;
    let _settled = steps_in(10).await;
    assert!(steps_in(10).await > 5_000);
}

#[tokio::test(start_paused = true)]
async fn a_failing_loop_says_why_tries_again_ever_later_and_recovers() {
    let script: Script = |step| match step {
        0..8 => Err(Trouble::Failed(format!("no {step}"))),
        _ => Ok(Step::Idle(HOUR)),
    };
    let running = run(&World::default(), script);
    let begun = Instant::now();
    pass(Duration::from_secs(5)).await;
    let report = running.process.report("scripted");
    assert_eq!((report.state, report.failures), (State::Failing { why: "no 5".into() }, 6));
    while running.steps() < 9 {
        pass(Duration::from_millis(100)).await;
    }
    assert!((22..23).contains(&begun.elapsed().as_secs()), "{:?}", begun.elapsed());
    assert_eq!(running.state(), State::Idle);
}

#[tokio::test(start_paused = true)]
async fn a_ledger_that_stopped_ends_a_loop_and_a_panic_is_told() {
    let running = run(&World::default(), |_| Err(Trouble::Stopped("the disk failed".into())));
    pass(HOUR).await;
    let why = "the ledger has stopped: the disk failed".into();
    assert_eq!((running.state(), running.steps()), (State::Failing { why }, 1));
    let running = run(&World::default(), |_| panic!("a defect"));
    assert_eq!(running.process.workers.broken().await, "scripted panicked");
}

#[tokio::test(start_paused = true)]
async fn a_name_stands_for_one_loop() {
    let running = run(&World::default(), |_| Ok(Step::Idle(HOUR)));
    let (steps, bell) = (Arc::clone(&running.steps), Arc::clone(&running.bell));
    let again = running.process.workers.add(Scripted { script: |_| Ok(Step::More), steps, bell });
    assert!(matches!(again, Err(AddError::Twice(_))), "{again:?}");
}

/// Commits many at once, again and again.
struct Bulk;

const TOGETHER: u64 = 50;

impl Worker for Bulk {
    fn profile(&self) -> Profile {
        Profile { name: "bulk", about: "Commits.", unit: "commits", lease: None, rate: None }
    }

    async fn step(&mut self, handle: &Handle) -> Result<Step, Trouble> {
        let changes = (0..TOGETHER).map(|n| {
            let (worker, rate) = (format!("w-{n}").parse().unwrap(), Some(NonZeroU64::new(handle_count() + 1)));
            handle.commit(ChangeWorker { region: region(), worker, paused: None, rate })
        });
        for outcome in futures_util::future::join_all(changes).await {
            outcome?;
        }
        Ok(Step::More)
    }
}

/// A number that grows.
fn handle_count() -> u64 {
    static COUNT: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(0);
    COUNT.fetch_add(1, Ordering::Relaxed)
}

#[tokio::test(start_paused = true)]
async fn commits_that_wait_go_together_once_a_second_where_others_append() {
    let world = World::default();
    let process = world.process(1);
    process.workers.add(Bulk).unwrap();
    pass(Duration::from_millis(10_500)).await;
    assert_eq!(world.facts().len() as u64, 11 * TOGETHER);
}
