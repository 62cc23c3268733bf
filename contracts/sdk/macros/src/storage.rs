//! `#[storage]`: what a constant keeps, for tools that show a contract's storage.

use crate::{record, text};
use hydrogen_types::schema::{Record, StorageKind};
use proc_macro2::TokenStream;
use quote::quote;
use syn::{Error, Expr, ExprLit, GenericArgument, ItemConst, Lit, PathArguments, Result, Type};

pub(crate) fn expand(options: &TokenStream, item: &ItemConst) -> Result<TokenStream> {
    if !options.is_empty() {
        return Err(Error::new_spanned(options, "write #[storage] alone"));
    }
    let records = records(item)?;
    let emitted = records.iter().map(record::emit);
    Ok(quote!(#item #(#emitted)*))
}

fn records(item: &ItemConst) -> Result<Vec<Record>> {
    let (container, types) = container(&item.ty)?;
    let names = names(&item.expr)?;
    let doc = text::doc(&item.attrs);
    let entry = |name: &str, kind, key: String, value: String| Record::Storage {
        name: name.to_owned(),
        kind,
        key,
        value,
        doc: doc.clone(),
    };
    let unit = || String::from("()");
    match (container.as_str(), types.as_slice(), names.as_slice()) {
        ("Item", [value], [name]) => Ok(vec![entry(name, StorageKind::Item, unit(), value.clone())]),
        ("Vector", [value], [name]) => {
            Ok(vec![entry(name, StorageKind::Vector, "u32".into(), value.clone())])
        }
        ("Map", [key, value], [name]) => Ok(vec![entry(name, StorageKind::Map, key.clone(), value.clone())]),
        ("IndexedMap", [key, value, index], [name, index_name]) => Ok(vec![
            entry(name, StorageKind::Map, key.clone(), value.clone()),
            entry(index_name, StorageKind::Index, format!("({index}, {key})"), unit()),
        ]),
        _ => Err(Error::new_spanned(
            item,
            "#[storage] stands above a constant like `const COUNT: Item<u64> = Item::new(\"count\")`, \
             or one of Map, IndexedMap or Vector",
        )),
    }
}

/// The container's name and the types in it.
fn container(ty: &Type) -> Result<(String, Vec<String>)> {
    let Type::Path(path) = ty else { return Ok((String::new(), Vec::new())) };
    let Some(segment) = path.path.segments.last() else { return Ok((String::new(), Vec::new())) };
    let PathArguments::AngleBracketed(list) = &segment.arguments else {
        return Ok((segment.ident.to_string(), Vec::new()));
    };
    let types = list.args.iter().map(|argument| match argument {
        GenericArgument::Type(ty) => text::type_text(ty),
        other => Err(Error::new_spanned(other, "only types may stand here")),
    });
    Ok((segment.ident.to_string(), types.collect::<Result<_>>()?))
}

/// The texts among the arguments of `new`.
fn names(value: &Expr) -> Result<Vec<String>> {
    let Expr::Call(call) = value else {
        return Err(Error::new_spanned(value, "write the name here: Item::new(\"name\")"));
    };
    Ok(call
        .args
        .iter()
        .filter_map(|argument| match argument {
            Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Some(text.value()),
            _ => None,
        })
        .collect())
}
