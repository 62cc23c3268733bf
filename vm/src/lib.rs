//! hydrogen-vm
