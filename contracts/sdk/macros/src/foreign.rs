//! Records of the types of `hydrogen-types`, which cannot carry this crate's derive: made from their source text, so
//! that they cannot disagree with it.

use crate::record;
use hydrogen_types::schema::{Record, Variant};
use std::collections::BTreeMap;
use syn::{Data, DataEnum, DataStruct, Error, Ident, Item, Result};

/// The text of every source file; gathered by `build.rs`.
const SOURCES: &[&str] = &include!(concat!(env!("OUT_DIR"), "/sources.rs"));

/// Every struct and enum of the sources.
fn declared() -> Result<BTreeMap<String, (Ident, Data)>> {
    let mut types = BTreeMap::new();
    for source in SOURCES {
        for item in syn::parse_file(source)?.items {
            let (name, data) = match item {
                Item::Struct(item) => {
                    let data = DataStruct {
                        struct_token: item.struct_token,
                        fields: item.fields,
                        semi_token: item.semi_token,
                    };
                    (item.ident, Data::Struct(data))
                }
                Item::Enum(item) => {
                    let data = DataEnum {
                        enum_token: item.enum_token,
                        brace_token: item.brace_token,
                        variants: item.variants,
                    };
                    (item.ident, Data::Enum(data))
                }
                _ => continue,
            };
            types.insert(name.to_string(), (name, data));
        }
    }
    Ok(types)
}

/// Types of `hydrogen-types` that every reader of interfaces knows.
const BUILT_IN: [&str; 7] = ["Address", "Amount", "Gas", "Hash", "Height", "PublicKey", "Signature"];

/// Records of `roots` and of whatever they are made of, each once.
pub(crate) fn records(roots: &[Ident]) -> Result<Vec<Record>> {
    if roots.is_empty() {
        return Ok(Vec::new());
    }
    let types = declared()?;
    let mut found: BTreeMap<String, Record> = BTreeMap::new();
    let mut waiting = Vec::new();
    for root in roots {
        if !types.contains_key(&root.to_string()) {
            return Err(Error::new_spanned(
                root,
                format!("hydrogen-types has no type `{root}` to list here"),
            ));
        }
        waiting.push(root.to_string());
    }
    while let Some(name) = waiting.pop() {
        if found.contains_key(&name) {
            continue;
        }
        // A word of a type text that is not declared is built in (`Vec`, `u64`), and so are these.
        let built_in = BUILT_IN.contains(&name.as_str());
        let Some((ident, data)) = types.get(&name).filter(|_| !built_in) else { continue };
        let record = record::of_type(ident, data)?;
        waiting.extend(mentioned(&record));
        found.insert(name, record);
    }
    Ok(found.into_values().collect())
}

/// The words in the type texts of a record.
fn mentioned(record: &Record) -> Vec<String> {
    let words = |text: &str| -> Vec<String> {
        text.split(|letter: char| !letter.is_ascii_alphanumeric()).map(str::to_owned).collect()
    };
    match record {
        Record::Struct { fields, .. } => fields.iter().flat_map(|field| words(&field.type_text)).collect(),
        Record::Enum { variants, .. } => variants
            .iter()
            .flat_map(|Variant { fields, .. }| fields.iter().flat_map(|field| words(&field.type_text)))
            .collect(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_view_brings_the_types_it_is_made_of() {
        let root = Ident::new("TaskView", proc_macro2::Span::call_site());
        let names: Vec<String> = records(&[root])
            .expect("the sources parse")
            .into_iter()
            .map(|record| match record {
                Record::Struct { name, .. } | Record::Enum { name, .. } => name,
                other => panic!("not a type: {other:?}"),
            })
            .collect();
        assert_eq!(names, ["AbortReason", "Comparison", "Outcome", "Seat", "TaskState", "TaskView"]);
    }

    #[test]
    fn names_are_written_as_json_writes_them() {
        assert_eq!(crate::text::snake("NotEnoughNodes"), "not_enough_nodes");
    }
}
