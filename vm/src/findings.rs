//! What is wrong with a module: every violation with its place and the way to mend it.
//!
//! One walk serves both who wants the first violation (the chain, at upload) and who wants all of them (the author).

use std::fmt;

/// Most violations of one report. An author mends the first few and looks again.
pub(crate) const FINDINGS_MAX: usize = 200;

/// One reason for which a module is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What sort of rule is broken.
    pub kind: FindingKind,
    /// The function in which it stands; `None` for the module as a whole.
    pub function: Option<FunctionName>,
    /// Bytes from the start of the file; `None` where no single place is to blame.
    pub offset: Option<usize>,
    /// What is wrong, with the value and the bound.
    pub problem: String,
    /// What to do.
    pub mend: String,
}

/// Sorts of rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum FindingKind {
    /// The bytes are no valid WebAssembly.
    Malformed,
    /// It uses a proposal of WebAssembly that is switched off here.
    Proposal,
    /// A bound of the module or of a function.
    Limit,
    /// Something is imported that is not there, or is of another type.
    Import,
    /// Something that must be exported is not, or is of another type.
    Export,
    /// A section or segment that would make instances fail or run outside the meter.
    Section,
}

impl FindingKind {
    /// The name in `--json`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::Proposal => "proposal",
            Self::Limit => "limit",
            Self::Import => "import",
            Self::Export => "export",
            Self::Section => "section",
        }
    }
}

/// A function as its author may know it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FunctionName {
    /// Its index, imported functions counted first.
    pub index: u32,
    /// Its name, if the module has a section of names.
    pub name: Option<String>,
}

impl fmt::Display for FunctionName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.name {
            Some(name) => write!(f, "function {} `{name}`", self.index),
            None => write!(f, "function {}", self.index),
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(function) = &self.function {
            write!(f, "{function}: ")?;
        }
        write!(f, "{}", self.problem)?;
        if let Some(offset) = self.offset {
            write!(f, " (at offset {offset:#x})")?;
        }
        write!(f, ": {}", self.mend)
    }
}

/// All that is wrong with a module, as far as it can be read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// In the order of the file. Empty if the module passes.
    pub findings: Vec<Finding>,
    /// Why there may be more than these; `None` if all was looked at.
    pub unseen: Option<String>,
}

/// Whoever collects has what it wants, or the module cannot be read any further.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Halt;

/// What a walk has found so far.
#[derive(Debug)]
pub(crate) struct Findings {
    list: Vec<Finding>,
    count_max: usize,
    /// Where reading ended before the end.
    unreadable: Option<usize>,
}

impl Findings {
    /// For one who stops at the first.
    pub(crate) fn first() -> Self {
        Self::up_to(1)
    }

    /// For one who wants so many.
    pub(crate) fn up_to(count_max: usize) -> Self {
        Self { list: Vec::new(), count_max, unreadable: None }
    }

    /// Notes one; [`Halt`] when that was the last that is wanted.
    pub(crate) fn add(&mut self, finding: Finding) -> Result<(), Halt> {
        if !self.is_full() {
            self.list.push(finding);
        }
        if self.is_full() { Err(Halt) } else { Ok(()) }
    }

    /// The module cannot be read beyond `offset`.
    pub(crate) fn cut(&mut self, offset: usize) -> Halt {
        self.unreadable.get_or_insert(offset);
        Halt
    }

    pub(crate) fn is_full(&self) -> bool {
        self.list.len() >= self.count_max
    }

    pub(crate) fn unreadable(&self) -> Option<usize> {
        self.unreadable
    }

    pub(crate) fn list(&self) -> &[Finding] {
        &self.list
    }

    /// The first, if there is one.
    pub(crate) fn into_first(self) -> Option<Finding> {
        self.list.into_iter().next()
    }
}
