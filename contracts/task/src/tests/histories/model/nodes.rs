//! Nodes, by section 8.

use super::{Answer, Model, Node};
use hydrogen_types::Address;
use hydrogen_types::task::NodeState::{Available, Busy, Paused, PendingPause, PendingQuit, Unbonding};
use hydrogen_types::task::{NodeState, PenaltyReason};

impl Node {
    /// The latest 16 stay.
    pub(super) fn penalise(&mut self, task: u64, reason: PenaltyReason, amount: u128) {
        self.penalties.push((task, reason, amount));
        if self.penalties.len() > 16 {
            self.penalties.remove(0);
        }
    }
}

impl Model {
    pub(super) fn join(&mut self, who: Address, stake: u128, types: &[String]) -> Answer {
        match self.nodes.get(&who).map(|node| node.state) {
            Some(Unbonding) => return Err("StillUnbonding"),
            Some(_) => return Err("AlreadyJoined"),
            None => {}
        }
        if stake < self.config().stake_min.get() {
            return Err("StakeTooLow");
        }
        if types.len() > 4 {
            return Err("BadExternalTypes");
        }
        for (place, name) in types.iter().enumerate() {
            self.external(name)?;
            if types[..place].contains(name) {
                return Err("BadExternalTypes");
            }
        }
        self.pull(who, stake)?;
        // It comes from where no list has it.
        let node = Node {
            state: Paused,
            types: types.to_vec(),
            stake,
            task: None,
            withdraw_ms: None,
            earned: 0,
            tasks_paid: 0,
            penalties: Vec::new(),
        };
        self.nodes.insert(who, node);
        self.enter(who, Available);
        Ok(())
    }

    /// The shortest timeout of a configured external type.
    pub(super) fn external(&self, name: &str) -> Result<u64, &'static str> {
        if name.is_empty() || name.bytes().any(|byte| byte.is_ascii_uppercase()) {
            return Err("BadExternalTypes");
        }
        let mut types = self.config().external_types.iter();
        types.find(|entry| entry.name == name).map(|entry| entry.timeout_ms_min).ok_or("NotSupported")
    }

    fn node(&mut self, who: Address) -> Result<&mut Node, &'static str> {
        self.nodes.get_mut(&who).ok_or("NodeNotFound")
    }

    pub(super) fn add_stake(&mut self, who: Address, amount: u128) -> Answer {
        if self.node(who)?.state == Unbonding {
            return Err("IllegalNodeStatus");
        }
        self.pull(who, amount)?;
        self.node(who)?.stake += amount;
        Ok(())
    }

    pub(super) fn pause(&mut self, who: Address) -> Answer {
        match self.node(who)?.state {
            Available => self.enter(who, Paused),
            Busy => self.enter(who, PendingPause),
            Paused | PendingPause | PendingQuit | Unbonding => return Err("IllegalNodeStatus"),
        }
        Ok(())
    }

    pub(super) fn resume(&mut self, who: Address) -> Answer {
        let least = self.config().stake_min.get();
        let node = self.node(who)?;
        match node.state {
            Paused if node.stake < least => Err("StakeTooLow"),
            Paused => {
                self.enter(who, Available);
                Ok(())
            }
            Available | Busy | PendingPause | PendingQuit | Unbonding => Err("IllegalNodeStatus"),
        }
    }

    pub(super) fn quit(&mut self, who: Address) -> Answer {
        match self.node(who)?.state {
            Available | Paused => self.enter(who, Unbonding),
            Busy | PendingPause => self.enter(who, PendingQuit),
            PendingQuit | Unbonding => return Err("IllegalNodeStatus"),
        }
        Ok(())
    }

    pub(super) fn withdraw(&mut self, who: Address) -> Answer {
        let now_ms = self.now_ms;
        let node = self.node(who)?;
        if node.state != Unbonding {
            return Err("IllegalNodeStatus");
        }
        if node.withdraw_ms.is_some_and(|at| now_ms < at) {
            return Err("StillUnbonding");
        }
        let stake = node.stake;
        self.nodes.remove(&who);
        self.give(who, stake);
        Ok(())
    }

    /// Into a state: onto the ends of its lists or off them, where the last takes its place.
    pub(super) fn enter(&mut self, who: Address, state: NodeState) {
        let withdraw_ms = self.now_ms + self.config().unbonding_ms;
        let node = self.nodes.get_mut(&who).expect("it is a node");
        node.state = state;
        node.withdraw_ms = (state == Unbonding).then_some(withdraw_ms);
        let lists = [&[String::new()][..], &node.types].concat();
        for name in lists {
            let list = self.lists.entry(name).or_default();
            match (list.iter().position(|listed| *listed == who), state == Available) {
                (None, true) => list.push(who),
                (Some(place), false) => drop(list.swap_remove(place)),
                (Some(_), true) | (None, false) => {}
            }
        }
        self.lists.retain(|_, list| !list.is_empty());
    }

    /// Its task lets it go.
    pub(super) fn let_go(&mut self, task: u64, who: Address, fault: Option<PenaltyReason>) {
        let least = self.config().stake_min.get();
        let node = self.nodes.get_mut(&who).expect("it is a node");
        node.task = None;
        let poor = node.stake < least;
        if poor && fault.is_none() && node.state == Busy {
            node.penalise(task, PenaltyReason::StakeTooLow, 0);
        }
        let state = match (node.state, fault) {
            (_, Some(PenaltyReason::Cheat)) | (PendingQuit, _) => Unbonding,
            (PendingPause, _) | (_, Some(PenaltyReason::MissedCommit | PenaltyReason::PanelTimedOut)) => {
                Paused
            }
            _ if poor => Paused,
            _ => Available,
        };
        self.enter(who, state);
    }
}
