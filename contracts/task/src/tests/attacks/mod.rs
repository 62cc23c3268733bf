//! Attacks, each played against the contract (`task-protocol`, section 9 and more).
