//! Who owns a lease, whatever happens to the processes.

use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use events::Fact;
use worker::{State, Trouble};

use crate::world::*;

/// An owner counts as gone between five and six seconds after its last sign, and the look at the state takes a moment.
const TAKEOVER: std::ops::Range<Duration> = Duration::from_secs(4)..Duration::from_millis(6_500);

/// Two processes of which the first owns the lease and works.
async fn owned_by_the_first(world: &World) -> [Process; 2] {
    let first = marking(world, 1);
    world.until("the first work", || world.work_of(1) > 0).await;
    let second = marking(world, 2);
    tokio::time::sleep(Duration::from_mins(1)).await;
    assert_eq!(world.owners(), [1], "a healthy owner keeps its lease");
    [first, second]
}

#[tokio::test(start_paused = true)]
async fn one_of_us_does_it_and_the_other_says_who() {
    let world = World::default();
    let [first, second] = owned_by_the_first(&world).await;
    assert_eq!(second.report("marker").state, State::Waiting { why: "process 1 owns it".into() });
    let report = first.report("marker");
    assert_eq!((report.state, report.lease), (State::Working, Some(LEASE)));
    assert_eq!((world.work_of(2), report.last.unwrap().what.as_str()), (0, "left a mark"));
    assert!(report.done > 500 && (8.0..11.0).contains(&report.pace), "{} {}", report.done, report.pace);
    let of_other = second.workers.reports().into_iter().find(|report| report.process == first.owner);
    assert_eq!(of_other.unwrap().state, State::Working, "others hear of it");
    world.assert_fenced();
}

#[tokio::test(start_paused = true)]
async fn a_killed_owner_is_followed_in_seconds() {
    let world = World::default();
    let [first, _second] = owned_by_the_first(&world).await;
    first.stop();
    let took = world.until("the takeover", || world.work_of(2) > 0).await;
    assert!(TAKEOVER.contains(&took), "{took:?}");
    assert_eq!(world.owners(), [1, 2]);
    world.assert_fenced();
}

#[tokio::test(start_paused = true)]
async fn an_owner_that_was_stopped_for_an_hour_changes_nothing_when_it_goes_on() {
    let world = World::default();
    let [first, second] = owned_by_the_first(&world).await;
    first.stop();
    world.until("the takeover", || world.work_of(2) > 0).await;
    tokio::time::sleep(Duration::from_hours(1)).await;
    let before = world.work_of(1);
    first.go_on();
    tokio::time::sleep(Duration::from_mins(1)).await;
    assert_eq!((world.work_of(1), world.owners()), (before, vec![1, 2]), "and it takes nothing back");
    assert_eq!(first.report("marker").state, State::Waiting { why: "process 2 owns it".into() });
    second.stop();
    world.until("the way back", || world.work_of(1) > before).await;
    assert_eq!(world.owners(), [1, 2, 1]);
    world.assert_fenced();
}

#[tokio::test(start_paused = true)]
async fn a_host_that_slept_takes_nothing_from_an_owner_before_it_was_heard() {
    let world = World::default();
    let [_first, _second] = owned_by_the_first(&world).await;
    // All ticks are late, those of the owner, too.
    for _ in 0..20 {
        tokio::time::advance(Duration::from_hours(1)).await;
        tokio::time::sleep(Duration::from_secs(3)).await;
    }
    assert_eq!(world.owners(), [1]);
}

#[tokio::test(start_paused = true)]
async fn lost_renewals_cost_a_change_of_owner_and_no_more() {
    let world = World::default();
    let [first, second] = owned_by_the_first(&world).await;
    first.mute(true);
    world.until("a needless takeover", || world.work_of(2) > 0).await;
    tokio::time::sleep(Duration::from_mins(1)).await;
    assert_eq!(world.owners(), [1, 2]);
    second.mute(true);
    tokio::time::sleep(Duration::from_mins(10)).await;
    let changes = world.owners().len();
    assert!((6..=20).contains(&changes), "it goes back and forth, ever more rarely: {:?}", world.owners());
    world.assert_fenced();
}

#[tokio::test(start_paused = true)]
async fn who_does_not_hear_itself_takes_no_silence_for_silence() {
    let world = World::default();
    let [first, second] = owned_by_the_first(&world).await;
    second.deafen(true);
    tokio::time::sleep(Duration::from_mins(1)).await;
    assert_eq!(world.owners(), [1]);
    let State::Waiting { why } = second.report("marker").state else { panic!("{:?}", second.report("marker")) };
    assert!(why.contains("does not hear itself"), "{why}");
    second.deafen(false);
    first.stop();
    world.until("the takeover", || world.work_of(2) > 0).await;
}

#[tokio::test(start_paused = true)]
async fn an_owner_whose_worker_is_stuck_or_fails_for_long_lets_another_one_do_it() {
    let world = World::default();
    let first = world.process(1);
    let marks = Marks::of(&first, 1);
    let (is_stuck, is_failing) = (std::sync::Arc::clone(&marks.is_stuck), std::sync::Arc::clone(&marks.is_failing));
    first.workers.add(marks).unwrap();
    world.until("the first work", || world.work_of(1) > 0).await;
    is_stuck.store(true, Relaxed);
    tokio::time::sleep(Duration::from_secs(70)).await;
    let why = "a step did nothing for 60 s".into();
    assert_eq!(first.report("marker").state, State::Failing { why }, "it is dropped and taken again");
    let second = marking(&world, 2);
    world.until("the takeover", || world.work_of(2) > 0).await;
    is_stuck.store(false, Relaxed);
    is_failing.store(true, Relaxed);
    let before = world.work_of(1);
    second.workers.stop().await;
    world.until("the way back", || matches!(first.report("marker").state, State::Failing { .. })).await;
    let _third = marking(&world, 3);
    let took = world.until("the takeover", || world.work_of(3) > 0).await;
    assert!((60..75).contains(&took.as_secs()), "{took:?}");
    assert_eq!((world.work_of(1), world.owners()), (before, vec![1, 2, 0, 1, 3]));
    world.assert_fenced();
}

#[tokio::test(start_paused = true)]
async fn an_owner_that_waits_for_an_operator_keeps_the_lease() {
    let world = World::default();
    let first = world.process(1);
    let marks = Marks::of(&first, 1);
    let trouble = std::sync::Arc::clone(&marks.trouble);
    first.workers.add(marks).unwrap();
    world.until("the first work", || world.work_of(1) > 0).await;
    let _second = marking(&world, 2);
    *trouble.lock().unwrap() = Some(Trouble::Halted("look at it".into()));
    tokio::time::sleep(Duration::from_mins(30)).await;
    let report = first.report("marker");
    assert_eq!((report.state, report.failures), (State::Failing { why: "look at it".into() }, 0));
    assert_eq!(world.owners(), [1]);
    *trouble.lock().unwrap() = None;
    let before = world.work_of(1);
    world.until("the next work", || world.work_of(1) > before).await;
}

#[tokio::test(start_paused = true)]
async fn a_process_that_cannot_do_the_work_hands_it_over_and_does_not_take_it_back() {
    let world = World::default();
    let processes = [1, 2].map(|number| {
        let process = world.process(number);
        let marks = Marks::of(&process, number);
        let (trouble, lost) = (std::sync::Arc::clone(&marks.trouble), std::sync::Arc::clone(&marks.lost));
        process.workers.add(marks).unwrap();
        (process, trouble, lost)
    });
    world.until("the first work", || world.work_of(1) + world.work_of(2) > 0).await;
    let owner = usize::from(world.owners() == [2]);
    let [one, other] = [&processes[owner], &processes[1 - owner]];
    let lost = one.2.load(Relaxed);
    *one.1.lock().unwrap() = Some(Trouble::Unfit("its disk is wrong".into()));
    let took = world.until("the takeover", || world.owners().len() == 2).await;
    assert!(took < Duration::from_secs(10), "{took:?}");
    assert!(one.2.load(Relaxed) > lost, "it is told");
    // Not either when the other one cannot do it any more: it would go back and forth for ever.
    *other.1.lock().unwrap() = Some(Trouble::Unfit("its disk is wrong".into()));
    tokio::time::sleep(Duration::from_mins(30)).await;
    assert_eq!(world.owners().len(), 2);
    let State::Waiting { why } = one.0.report("marker").state else { panic!("{:?}", one.0.report("marker")) };
    assert!(why.contains("is to be started again") && why.contains("its disk is wrong"), "{why}");
    let _third = marking(&world, 3);
    world.until("the takeover", || world.work_of(3) > 0).await;
    world.assert_fenced();
}

#[tokio::test(start_paused = true)]
async fn nobody_takes_a_lease_without_a_connection() {
    let world = World::default();
    let lonely = world.process(1);
    lonely.cut_off(true);
    lonely.workers.add(Marks::of(&lonely, 1)).unwrap();
    tokio::time::sleep(Duration::from_mins(1)).await;
    assert_eq!(world.owners(), Vec::<u128>::new());
    assert_eq!(lonely.report("marker").state, State::Waiting { why: "there is no connection to NATS".into() });
    lonely.cut_off(false);
    world.until("the first work", || world.work_of(1) > 0).await;
}

#[tokio::test(start_paused = true)]
async fn whoever_was_cut_off_listens_for_five_seconds_first() {
    let world = World::default();
    let [_first, second] = owned_by_the_first(&world).await;
    for _ in 0..10 {
        second.cut_off(true);
        tokio::time::sleep(Duration::from_secs(30)).await;
        second.cut_off(false);
        tokio::time::sleep(Duration::from_millis(900)).await;
    }
    assert_eq!(world.owners(), [1]);
}

#[tokio::test(start_paused = true)]
async fn an_owner_without_the_log_does_not_keep_others_from_it() {
    let world = World::default();
    let [first, _second] = owned_by_the_first(&world).await;
    first.take_log(true);
    let took = world.until("the takeover", || world.work_of(2) > 0).await;
    assert!(TAKEOVER.contains(&took), "{took:?}");
    tokio::time::sleep(Duration::from_secs(10)).await;
    first.take_log(false);
    tokio::time::sleep(Duration::from_mins(1)).await;
    assert_eq!(world.owners(), [1, 2]);
    world.assert_fenced();
}

#[tokio::test(start_paused = true)]
async fn a_challenger_without_the_log_takes_nothing() {
    let world = World::default();
    let [first, second] = owned_by_the_first(&world).await;
    second.take_log(true);
    first.stop();
    tokio::time::sleep(Duration::from_mins(1)).await;
    assert_eq!(world.owners(), [1]);
    second.take_log(false);
    world.until("the takeover", || world.work_of(2) > 0).await;
}

#[tokio::test(start_paused = true)]
async fn who_stops_in_order_hands_over_at_once() {
    let world = World::default();
    let [first, _second] = owned_by_the_first(&world).await;
    first.workers.stop().await;
    let took = world.until("the takeover", || world.work_of(2) > 0).await;
    assert!(took < Duration::from_millis(500), "{took:?}");
    assert_eq!(world.owners(), [1, 0, 2]);
    world.assert_fenced();
}

#[tokio::test(start_paused = true)]
async fn of_many_one_gets_it() {
    let world = World::default();
    let processes: Vec<_> = (1..=5).map(|number| marking(&world, number)).collect();
    world.until("the first work", || (1..=5).any(|number| world.work_of(number) > 0)).await;
    let owner = world.owners()[0];
    processes[usize::try_from(owner).unwrap() - 1].stop();
    world.until("the takeover", || world.owners().len() > 1).await;
    tokio::time::sleep(Duration::from_secs(30)).await;
    assert_eq!(world.owners().len(), 2, "the others see that it is taken");
    world.assert_fenced();
}

#[tokio::test(start_paused = true)]
async fn whoever_is_alone_takes_its_leases_at_once() {
    let world = World::default();
    let former = world.sole_process(1);
    former.workers.add(Marks::of(&former, 1)).unwrap();
    world.until("the first work", || world.work_of(1) > 0).await;
    former.stop();
    let present = world.sole_process(2);
    present.workers.add(Marks::of(&present, 2)).unwrap();
    let took = world.until("the work of the next", || world.work_of(2) > 0).await;
    assert!(took < Duration::from_millis(100), "{took:?}");
    assert!(matches!(world.facts()[0], Fact::RegionLeaseTaken(_)));
    world.assert_fenced();
}
