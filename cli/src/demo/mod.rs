//! The demonstration: a task's whole life on a fresh network, every step and every coin shown.
