//! Random histories through a real ledger: the answers are S3's, and the tables are what the log adds up to.

use domain::model::Model;
use domain::{Command, Context, IdentityCommand, Outcome, Refused, Rejection, decide, project};
use eventlog::Log;
use events::ids::{EventId, Sha256Digest};
use events::{Event, Fact};
use ledger::{CommitError, Ledger};
use proptest::prelude::*;
use testkit::MemoryLog;
use testkit::commands::create_bucket_of;

use crate::faulty::{Fault, Faulty};
use crate::invariants::check_released;
use crate::random::steps::{Step, history};
use crate::random::world::World;
use crate::random::{identities, settings};
use crate::support::*;

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

fn config(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

/// The answer, if the command was decided.
async fn commit(ledger: &Ledger, command: &Command) -> Option<Result<Outcome, Rejection>> {
    match ledger.commit(command.clone(), origin()).await {
        Ok(committed) => Some(Ok(committed.outcome)),
        Err(CommitError::Rejected(rejection)) => Some(Err(rejection)),
        Err(CommitError::Unavailable(_)) => None,
        Err(error) => panic!("{error}"),
    }
}

/// Opens a ledger of a region that takes every kind of fact.
async fn open_upgraded(log: &(impl Log + Clone), folder: &Folder, sole_writer: bool) -> Ledger {
    let ledger = open(log, &folder.file("one"), sole_writer).await;
    let upgrade = Command::UpgradeRegion { region: region(), level: Fact::LEVEL, release: "0.0.1".into() };
    commit(&ledger, &upgrade).await.unwrap().unwrap();
    ledger
}

/// One command after the other, each made for the state it finds.
async fn run(steps: &[Step], sole_writer: bool) -> Result<(), String> {
    let (folder, log, mut world) = (Folder::new(), MemoryLog::new(), World::new());
    let ledger = open_upgraded(&log, &folder, sole_writer).await;
    for step in steps {
        if let Some(command) = world.command(step) {
            let answer = commit(&ledger, &command).await.unwrap();
            world.answered(&command, &answer)?;
        }
    }
    freed(&ledger).await;
    let model = assert_same(&ledger.read().await.unwrap(), &log).await;
    check_released(&model, &world)?;
    assert_rebuilds(ledger, &log, &folder, "one").await;
    Ok(())
}

/// Commands that queue up and are committed in groups, while others append in between and the log is away at
/// times. What was turned away did not happen; all else happened once and in order.
async fn run_in_groups(commands: &[Command], groups: &[usize], faults: &[Fault]) -> Result<(), String> {
    let (folder, log, mut world) = (Folder::new(), Faulty::default(), World::new());
    let ledger = open_upgraded(&log, &folder, false).await;
    let other = open(&log.inner, &folder.file("other"), false).await;
    log.share(other.clone());
    let (mut rest, mut groups) = (commands, groups.iter().cycle());
    let mut faults = faults.iter().cycle().copied();
    while !rest.is_empty() {
        let (group, left) = rest.split_at((*groups.next().unwrap()).min(rest.len()));
        log.fail(faults.by_ref().take(2));
        let answers = join_in_order(group.iter().map(|command| commit(&ledger, command))).await;
        for (command, answer) in group.iter().zip(answers) {
            if let Some(answer) = answer {
                world.answered(command, &answer)?;
            }
        }
        rest = left;
    }
    // What is released without a command meets faults too, so others create buckets until that is over.
    freed(&ledger).await;
    for name in log.foreign_buckets() {
        world.naive.answered(&create_bucket_of(name.parse().unwrap(), "foreign", false), &Ok(Outcome::Done))?;
    }
    let model = assert_same(&ledger.read().await.unwrap(), &log.inner).await;
    check_released(&model, &world)?;
    other.stop().await;
    assert_rebuilds(ledger, &log.inner, &folder, "one").await;
    Ok(())
}

/// The rules alone, without a ledger.
#[derive(Default)]
struct Rules {
    model: Model,
    sequence: u64,
}

impl Rules {
    fn answer(&mut self, command: &Command, context: Context) -> Result<Outcome, Rejection> {
        let decision = match decide(&self.model, command, context) {
            Ok(decision) => decision,
            Err(Refused::Rejected(rejection)) => return Err(rejection),
            Err(Refused::View(never)) => match never {},
        };
        for fact in decision.fact.into_iter().chain(decision.warnings) {
            self.sequence += 1;
            let (id, previous) = (EventId(context.fresh), Sha256Digest([0; 32]));
            let event =
                Event { id, time: context.now, sequence: self.sequence, previous, origin: origin(), user: None, fact };
            project(&self.model, &event).unwrap().into_iter().for_each(|change| self.model.apply(change));
        }
        Ok(decision.outcome)
    }
}

/// The commands of a history, made before any of them is answered by the ledger: against the rules alone.
fn commands(steps: &[Step]) -> Vec<Command> {
    let (mut rules, mut world) = (Rules::default(), World::new());
    let mut commands = Vec::new();
    for step in steps {
        let Some(command) = world.command(step) else { continue };
        let context = world.context();
        let answer = rules.answer(&command, context);
        world.answered(&command, &answer).unwrap();
        commands.push(command);
    }
    commands
}

/// The commands of histories of settings and of identities, one of each in turn.
fn said(steps: &[settings::Step], identities: Vec<IdentityCommand>) -> Vec<Command> {
    let mut rules = Rules::default();
    let mut commands = settings::begin();
    for (place, command) in commands.iter().enumerate() {
        rules.answer(command, identities::context(place)).unwrap();
    }
    let mut identities = identities.into_iter().map(|command| Command::Identity(Box::new(command)));
    for (place, step) in (commands.len()..).zip(steps) {
        for command in settings::command(&rules.model, step).into_iter().chain(identities.next()) {
            // What is refused here is refused by the ledger too.
            let _ = rules.answer(&command, identities::context(place));
            commands.push(command);
        }
    }
    commands
}

/// Settings of buckets and identities are in the tables as they are on the log.
async fn run_said(commands: &[Command]) {
    let (folder, log) = (Folder::new(), MemoryLog::new());
    let ledger = open(&log, &folder.file("one"), true).await;
    for command in commands {
        commit(&ledger, command).await.unwrap().ok();
    }
    assert_same(&ledger.read().await.unwrap(), &log).await;
    assert_rebuilds(ledger, &log, &folder, "one").await;
}

fn fault() -> impl Strategy<Value = Fault> {
    prop_oneof![
        3 => Just(Fault::Nothing),
        2 => (0_usize..5).prop_map(Fault::Foreign),
        1 => (0_usize..5).prop_map(Fault::Away)
    ]
}

proptest! {
    #![proptest_config(config(48))]

    #[test]
    fn tables_are_what_the_log_adds_up_to(steps in history(60), sole_writer: bool) {
        block_on(run(&steps, sole_writer)).map_err(TestCaseError::fail)?;
    }

    #[test]
    fn settings_and_identities_are_what_the_log_adds_up_to(
        steps in settings::history(40),
        identities in identities::history(),
    ) {
        block_on(run_said(&said(&steps, identities)));
    }

    #[test]
    fn groups_and_faults_change_nothing(
        steps in history(80),
        groups in prop::collection::vec(1_usize..12, 1..6),
        faults in prop::collection::vec(fault(), 1..8),
    ) {
        block_on(run_in_groups(&commands(&steps), &groups, &faults)).map_err(TestCaseError::fail)?;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_tasks_commit_at_once() {
    const TASKS: u32 = 32;
    const COMMITS: u32 = 40;
    let (folder, log) = (Folder::new(), MemoryLog::new());
    let ledger = open(&log, &folder.file("one"), true).await;
    ledger.commit(create_bucket("bucket"), origin()).await.unwrap();
    let tasks = (0..TASKS).map(|task| {
        let ledger = ledger.clone();
        tokio::spawn(async move {
            let mut sequences = Vec::new();
            for n in 0..COMMITS {
                let key = format!("key-{}", (task + n) % 7);
                let committed = ledger.commit(put_object(&key, n), origin()).await.unwrap();
                let cursor = ledger.read().await.unwrap().cursor().unwrap().sequence;
                assert!(cursor >= committed.sequence, "a write is readable when it is answered");
                sequences.push(committed.sequence);
            }
            sequences
        })
    });
    let mut sequences = Vec::new();
    for task in tasks.collect::<Vec<_>>() {
        sequences.extend(task.await.unwrap());
    }
    sequences.sort_unstable();
    assert_eq!(sequences, (2..=u64::from(TASKS * COMMITS) + 1).collect::<Vec<_>>(), "each its own event");
    assert_same(&ledger.read().await.unwrap(), &log).await;
    assert_rebuilds(ledger, &log, &folder, "one").await;
}
