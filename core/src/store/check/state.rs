//! The state at the tip against the state tree, and modules against both.

use super::Check;
use crate::execute::CodeInfo;
use crate::state::{audit_page, keys, prove};
use crate::store::Table;
use borsh::BorshDeserialize;
use hydrogen_proof::verify_state;
use hydrogen_types::Hash;
use std::collections::BTreeSet;

impl Check<'_> {
    /// Every entry of the state can be proved under the tip's root.
    pub(super) fn state(&mut self) {
        let root = self.tip.state_root;
        self.report.state = self.scan(Table::State, |check, key, value| {
            let name = || format!("entry 0x{}", hex::encode(key));
            match prove(check.store, key) {
                Ok(proof) => {
                    if let Err(error) = verify_state(&root, key, Some(value), &proof) {
                        check.report.add(
                            Table::State,
                            format!("{} is not what the tip's root says: {error}", name()),
                        );
                    }
                }
                Err(error) => check.report.add(Table::Pages, format!("path of {}: {error}", name())),
            }
        });
    }

    /// Every page hangs from its parent by its hash, and the tree has no leaf that the state lacks.
    pub(super) fn pages(&mut self) {
        let [mut leaves, mut inner] = [0u64; 2];
        let root = self.tip.state_root;
        let pages =
            self.scan(Table::Pages, |check, key, value| match audit_page(check.store, &root, key, value) {
                Ok((page_leaves, page_inner)) => {
                    leaves += page_leaves;
                    inner += page_inner;
                }
                Err(wrong) => check.report.add(Table::Pages, format!("page 0x{}: {wrong}", hex::encode(key))),
            });
        self.report.pages = pages;
        if leaves != self.report.state {
            let entries = self.report.state;
            self.report
                .add(Table::Pages, format!("the tree has {leaves} leaves, the state {entries} entries"));
        }
        if inner != pages.saturating_sub(1) {
            self.report.add(
                Table::Pages,
                format!("the tree names {inner} pages below its root, {pages} are there in all"),
            );
        }
    }

    /// Every module has the hash it is kept under, and the state knows it; and the other way round.
    pub(super) fn modules(&mut self) {
        let mut unclaimed = BTreeSet::new();
        self.report.modules = self.scan(Table::Code, |check, key, module| {
            let name = hex::encode(key);
            if Hash::sha256(module).as_bytes() != key {
                check.report.add(Table::Code, format!("module 0x{name} has another hash"));
            }
            unclaimed.insert(key.to_vec());
        });
        let (mut start, end) = keys::codes();
        loop {
            let Ok(entries) = self.store.range(Table::State, &start, Some(&end), super::SCAN_ENTRIES_MAX)
            else {
                return;
            };
            let Some((last, _)) = entries.last() else { break };
            start = [last.clone(), vec![0]].concat();
            for (key, value) in entries {
                let hash = &key[1..];
                let module = self.get(Table::Code, hash, "module");
                let size = CodeInfo::try_from_slice(&value).ok().map(|info| info.size as usize);
                if module.as_ref().map(Vec::len) != size {
                    self.report.add(
                        Table::Code,
                        format!("module 0x{} is missing or has another size", hex::encode(hash)),
                    );
                }
                unclaimed.remove(hash);
            }
        }
        for hash in unclaimed {
            self.report.add(Table::Code, format!("module 0x{} is unknown to the state", hex::encode(hash)));
        }
    }
}
