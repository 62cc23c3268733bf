//! The attributes `#[contract]` and `#[storage]` and the derives `Abi`, `ContractError` and `Event` of hydrogen-sdk.
//!
//! Each of them does two things: it writes the plumbing, and it leaves records of the interface in the custom section
//! `hydrogen.abi` (see `hydrogen_types::schema`), so that nobody has to write bytes by hand.

mod contract;
mod derive;
mod foreign;
mod record;
mod storage;
mod text;

use proc_macro::TokenStream;
use syn::parse_macro_input;

/// Turns an inline module into a contract: its functions marked `#[init]`, `#[call]`, `#[query]`, `#[migrate]` and
/// `#[scheduled]` become methods.
#[proc_macro_attribute]
pub fn contract(options: TokenStream, item: TokenStream) -> TokenStream {
    let options = parse_macro_input!(options as contract::Options);
    let module = parse_macro_input!(item as syn::ItemMod);
    contract::expand(options, module).unwrap_or_else(syn::Error::into_compile_error).into()
}

/// Records a struct or enum that appears in methods. An enum of plain names may also be an event's attribute.
#[proc_macro_derive(Abi)]
pub fn abi(item: TokenStream) -> TokenStream {
    let item = parse_macro_input!(item as syn::DeriveInput);
    derive::abi(&item).unwrap_or_else(syn::Error::into_compile_error).into()
}

/// Turns an enum into refusals: each variant says `#[error(CODE, "sentence with {field}")]`, with codes from 1,000 to
/// 999,999. Writes `Display`, `Error`, `code()` and the conversion into `Revert`.
#[proc_macro_derive(ContractError, attributes(error))]
pub fn contract_error(item: TokenStream) -> TokenStream {
    let item = parse_macro_input!(item as syn::DeriveInput);
    derive::error(&item).unwrap_or_else(syn::Error::into_compile_error).into()
}

/// Records what a constant keeps in storage, so that tools can show it by name: written above
/// `const NAME: Item<T> = Item::new("name")`, or a `Map`, `IndexedMap` or `Vector`. Own types in it derive `Abi`.
#[proc_macro_attribute]
pub fn storage(options: TokenStream, item: TokenStream) -> TokenStream {
    let options = proc_macro2::TokenStream::from(options);
    let item = parse_macro_input!(item as syn::ItemConst);
    storage::expand(&options, &item).unwrap_or_else(syn::Error::into_compile_error).into()
}

/// Turns a struct into an event named like it, with its fields as attributes.
#[proc_macro_derive(Event)]
pub fn event(item: TokenStream) -> TokenStream {
    let item = parse_macro_input!(item as syn::DeriveInput);
    derive::event(&item).unwrap_or_else(syn::Error::into_compile_error).into()
}
