//! Every situation of a task, by every method, by every kind of caller, against `triples.table`.
//!
//! The committed table was read against `task-protocol`. What the contract answers is written out anew by each run and
//! must equal it line by line, so a missing row and one too many both fail. After a change that is meant, run with
//! `HYDROGEN_REGENERATE=1` and read the difference. A refusal must leave the whole world as it was, without any rollback;
//! what is granted may touch only the entries and the balances that [`footprint`] lists.

mod footprint;
mod settled;
mod situations;

use super::audit::audit;
use super::calls::{Call, act_as, name_of};
use super::net::*;
use crate::state::Task;
use crate::{Stage, TaskError, task as contract};
use hydrogen_sdk::mock::{self, World};
use hydrogen_types::host::Origin;
use hydrogen_types::task::{BlobKind, NodeState, Outcome, TaskConfig, commitment};
use hydrogen_types::{Address, Amount, Hash, PublicKey};
use situations::{ALL, Scene};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Kinds of callers, in the order of the table.
const CALLERS: [&str; 9] =
    ["creator", "round0", "round1", "round2", "node", "stranger", "owner", "relay", "contract"];

const HEAD: &str = "\
# Every situation of a task, by every method of section 10, by every kind of caller: the state after the call, or
# the name of the refusal. Each line gives a method, then each answer with the callers who get it.
#
# Callers: the creator; the panel by rounds (before a draw: three free nodes); a free node; a stranger, who holds CNX
# and no stake; the contract's owner; the relay's account; a contract. Each calls with arguments as right as it can make
# them: a receipt in its own name, the outcome it committed to or would have.
# The lines of the chain are its scheduled calls, should they run in this situation: `nothing` changes nothing.
# What methods do that have nothing to do with a task depends on the caller's standing alone. It stands at the end, and
# holds in every situation above it.
";

/// The world before each call, and who is who.
struct Stand {
    scene: Scene,
    before: World,
}

impl Stand {
    fn address(&self, caller: &str) -> Address {
        match caller {
            "creator" => creator(),
            "round0" => self.scene.panel[0],
            "round1" => self.scene.panel[1],
            "round2" => self.scene.panel[2],
            "node" => {
                (4..=9).map(node).find(|node| !self.scene.panel.contains(node)).expect("nine but three")
            }
            "stranger" => node(99),
            "owner" => owner(),
            "relay" => Address::of_key(&RELAY),
            "contract" => Address::of_name("other"),
            other => unreachable!("nobody is called `{other}`"),
        }
    }

    /// What the caller has found or would have found.
    fn outcome(&self, who: Address) -> Outcome {
        let round = self.scene.panel.iter().position(|node| *node == who).unwrap_or_default();
        self.scene.outcomes[round].clone()
    }

    /// Calls about the task.
    fn task_calls(&self, who: Address) -> Vec<Call> {
        let task = self.scene.task;
        let outcome = self.outcome(who);
        let digest = match &outcome {
            Outcome::Result { digest, .. } => *digest,
            Outcome::Error { .. } | Outcome::Unavailable => Hash::ZERO,
        };
        let chain_id = self.before.context.chain_id.clone();
        vec![
            Call::Args(task, receipt(task, BlobKind::Args, Hash::sha256(b"args"), who)),
            Call::Commit(task, commitment(&chain_id, task, &who, &outcome, &SALT)),
            Call::Reveal(task, outcome, SALT),
            Call::Report(task, receipt(task, BlobKind::Result, digest, who)),
            Call::Cancel(task),
            Call::Expire(task),
        ]
    }

    /// Runs one call from here. A refusal must have changed nothing at all, what is granted nothing else.
    fn answer(&self, caller: &str, call: &Call) -> String {
        mock::with(|world| *world = self.before.clone());
        let who = self.address(caller);
        act_as(who, if caller == "contract" { creator() } else { who });
        let result = call.run();
        let after = world();
        match result {
            Err(error) => {
                footprint::check_nothing(&self.before, &after, call);
                name_of(&error)
            }
            Ok(()) => {
                footprint::check(&self.before, &after, who, call);
                audit();
                self.state_after(who, call)
            }
        }
    }

    fn state_after(&self, who: Address, call: &Call) -> String {
        match call {
            Call::Create(_) => format!("{:?}", view(contract::stats().tasks).state),
            Call::Args(..)
            | Call::Commit(..)
            | Call::Reveal(..)
            | Call::Report(..)
            | Call::Cancel(_)
            | Call::Expire(_) => format!("{:?}", view(self.scene.task).state),
            Call::Join(..) | Call::AddStake(_) | Call::Pause | Call::Resume | Call::Quit | Call::Withdraw => {
                contract::node(who).map_or("absent".into(), |node| format!("{:?}", node.state))
            }
            Call::RegisterRelay(..)
            | Call::RemoveRelay(_)
            | Call::SetConfig(_)
            | Call::OfferOwnership(_)
            | Call::AcceptOwnership => "done".into(),
        }
    }

    /// What a scheduled call does here, as the chain would run it: it is no longer waiting then.
    fn chain_answer(&self, run: impl FnOnce(u64) -> Result<(), TaskError>) -> String {
        mock::with(|world| *world = self.before.clone());
        let task = self.scene.task;
        let waiting = Task::load(task).ok().and_then(|task| task.call);
        mock::with(|world| {
            world.context.caller = world.context.contract;
            world.context.signer = world.context.contract;
            world.context.origin = Origin::Scheduled;
            waiting.map(|call| world.scheduled.remove(&call))
        });
        let (before, result, after) = (world(), run(task), world());
        match result {
            Err(error) => name_of(&error),
            Ok(()) if before.storage == after.storage && before.balances == after.balances => {
                "nothing".into()
            }
            Ok(()) => {
                audit();
                format!("{:?}", view(task).state)
            }
        }
    }
}

/// Calls that have nothing to do with a task.
fn other_calls() -> Vec<Call> {
    vec![
        Call::Create(request(Amount::cnx(30))),
        Call::Join(Amount::cnx(400), None),
        Call::AddStake(Amount::cnx(1)),
        Call::Pause,
        Call::Resume,
        Call::Quit,
        Call::Withdraw,
        Call::RegisterRelay(PublicKey([8; 32]), "http://127.0.0.1:2".into()),
        Call::RemoveRelay(Address::of_key(&RELAY)),
        Call::SetConfig(Box::new(TaskConfig { stake_min: Amount::cnx(300), ..TaskConfig::default() })),
        Call::OfferOwnership(node(50)),
        Call::AcceptOwnership,
    ]
}

fn is_owners(call: &Call) -> bool {
    matches!(
        call,
        Call::RegisterRelay(..)
            | Call::RemoveRelay(_)
            | Call::SetConfig(_)
            | Call::OfferOwnership(_)
            | Call::AcceptOwnership
    )
}

/// All that the answer to such a call may depend on.
fn standing(caller: &str, who: Address, call: &Call) -> String {
    let now_ms = world().context.uptime_ms;
    match (caller, call) {
        ("contract", _) => "contract".into(),
        // In every situation the contract is offered to the stranger.
        ("stranger", Call::AcceptOwnership) => "offered".into(),
        ("owner", call) if is_owners(call) => "owner".into(),
        (_, call) if is_owners(call) || matches!(call, Call::Create(_)) => "anybody".into(),
        (_, _) => match contract::node(who) {
            None => "absent".into(),
            Some(node) => {
                let low = node.state == NodeState::Paused && node.stake < Amount::cnx(400);
                let free = node.withdraw_ms.is_some_and(|withdraw_ms| now_ms >= withdraw_ms);
                let more = if low { "-poor" } else { "" };
                format!("{:?}{more}{}", node.state, if free { "-over" } else { "" })
            }
        },
    }
}

/// `answer caller caller | answer caller`, answers in the order in which they first come.
fn line(method: &str, answers: &[(String, String)]) -> String {
    let mut groups: Vec<(&String, Vec<&str>)> = Vec::new();
    for (caller, answer) in answers {
        match groups.iter_mut().find(|group| group.0 == answer) {
            Some(group) => group.1.push(caller),
            None => groups.push((answer, vec![caller])),
        }
    }
    let groups: Vec<String> =
        groups.into_iter().map(|(answer, callers)| format!("{answer}: {}", callers.join(" "))).collect();
    format!("{method:<17}{}\n", groups.join(" | "))
}

type Standings = BTreeMap<&'static str, BTreeMap<String, String>>;

/// One situation's lines; what others do here must agree with the standings seen before.
fn situation(index: usize, standings: &mut Standings, triples: &mut usize) -> String {
    let (name, says, build) = ALL[index];
    let scene = build();
    for who in [node(99), owner(), Address::of_key(&RELAY), Address::of_name("other")] {
        fund(who);
    }
    call(owner(), || contract::offer_ownership(node(99))).expect("it is the owner");
    let stand = Stand { scene, before: world() };
    let mut text = format!("\n[{name}] {says}\n");
    for method in 0..6 {
        let mut answers = Vec::new();
        let mut called = "";
        for caller in CALLERS {
            let call = &stand.task_calls(stand.address(caller))[method];
            called = call.name();
            answers.push((caller.to_string(), stand.answer(caller, call)));
        }
        *triples += answers.len();
        text += &line(called, &answers);
    }
    for call in other_calls() {
        for caller in CALLERS {
            mock::with(|world| *world = stand.before.clone());
            let key = standing(caller, stand.address(caller), &call);
            let answer = stand.answer(caller, &call);
            let known =
                standings.entry(call.name()).or_default().entry(key.clone()).or_insert(answer.clone());
            assert_eq!(*known, answer, "{} by {caller}, {key}, in {name}", call.name());
            *triples += 1;
        }
    }
    let stages = [Stage::Args, Stage::Commit, Stage::Reveal, Stage::Upload, Stage::OpenUpload];
    let mut chain = vec![("draw_panel".to_string(), stand.chain_answer(contract::draw_panel))];
    for stage in stages {
        let answer = stand.chain_answer(|task| contract::deadline(task, stage));
        chain.push((format!("deadline-{stage:?}"), answer));
    }
    chain.push(("judge".to_string(), stand.chain_answer(contract::judge)));
    *triples += chain.len();
    text + &line("(the chain)", &chain)
}

/// The whole table as the contract has it now, and how many answers it took.
fn written() -> (String, usize) {
    let mut text = String::from(HEAD);
    let (mut standings, mut triples) = (Standings::new(), 0);
    for index in 0..ALL.len() {
        text += &situation(index, &mut standings, &mut triples);
    }
    text += "\n[standings] what other methods do, by the caller's standing, in every situation above\n";
    for call in other_calls() {
        let answers: Vec<_> = standings[call.name()].clone().into_iter().collect();
        text += &line(call.name(), &answers);
    }
    text += "\n[settled] the state of a bound node after its task let it go, by its state before\n";
    for (event, answers) in settled::rows() {
        triples += answers.len();
        text += &line(event, &answers);
    }
    let _ = writeln!(text, "\n# {} situations, {triples} answers.", ALL.len());
    (text, triples)
}

#[test]
fn every_triple_of_situation_method_and_caller_is_as_the_table_says() {
    let (text, triples) = written();
    if std::env::var_os("HYDROGEN_REGENERATE").is_some() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/src/tests/triples/triples.table");
        std::fs::write(path, &text).expect("the source tree can be written");
    }
    let table = include_str!("triples.table");
    for (number, (found, wanted)) in text.lines().zip(table.lines()).enumerate() {
        assert_eq!(found, wanted, "line {} of triples.table", number + 1);
    }
    assert_eq!(text.lines().count(), table.lines().count(), "rows are missing or too many");
    assert!(triples > 7_000, "{triples}");
}
