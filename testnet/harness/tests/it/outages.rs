//! The chain stands still for a day in the middle of a stage. Deadlines run on uptime, so nobody misses one.

use crate::{INPUT, program};
use hydrogen_harness::{FEE, Net};
use hydrogen_offchain::calls::program_task;
use hydrogen_types::Amount;
use hydrogen_types::task::{AbortReason, TaskState};

const DAY_MS: u64 = 24 * 3_600_000;

/// A task that stands still in `stage` for a day, then goes on.
fn with_outage_in(net: &mut Net, stage: TaskState) -> u64 {
    let hash = net.publish(&program("wordcount"));
    let id = net.create(&program_task(hash, INPUT, FEE), INPUT).unwrap();
    while net.task(id).unwrap().state != stage {
        net.step(id).unwrap();
    }
    net.outage(DAY_MS).unwrap();
    net.play(id).unwrap();
    id
}

#[test]
fn an_outage_in_any_stage_fines_nobody() {
    let stages = [
        TaskState::Created,
        TaskState::Started,
        TaskState::Executing,
        TaskState::Revealing,
        TaskState::Validated,
    ];
    for stage in stages {
        let mut net = Net::builder().nodes(3).seed(90).capped_uptime().start().unwrap();
        let begin_ms = net.chain().tip().time_ms;
        let id = with_outage_in(&mut net, stage);
        let task = net.task(id).unwrap();
        assert_eq!(task.state, TaskState::Success, "{stage:?}");
        for seat in &task.seats {
            assert_eq!((seat.paid, seat.fined), (Amount::cnx(10), Amount::ZERO), "{stage:?}");
        }
        let tip = net.chain().tip();
        assert!(tip.time_ms - begin_ms > DAY_MS && tip.uptime_ms < DAY_MS / 10, "{stage:?}");
    }
}

/// The same day, counted as uptime, is far beyond every deadline: what the test above would find without the cap.
#[test]
fn a_day_of_uptime_is_beyond_every_deadline() {
    let mut net = Net::builder().nodes(3).seed(90).start().unwrap();
    let id = with_outage_in(&mut net, TaskState::Executing);
    assert_eq!(net.task(id).unwrap().abort_reason, Some(AbortReason::NodesTimedOut));
}

/// Deadlines hold on a chain that counts uptime in small steps, too.
#[test]
fn a_silent_panel_is_noticed_after_an_outage() {
    let personas = vec![hydrogen_harness::Persona::Lazy; 3];
    let mut net = Net::builder().personas(personas).seed(91).capped_uptime().start().unwrap();
    let id = with_outage_in(&mut net, TaskState::Executing);
    assert_eq!(net.task(id).unwrap().abort_reason, Some(AbortReason::NodesTimedOut));
}
