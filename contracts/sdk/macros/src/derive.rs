//! The three derives.

use crate::{record, text};
use hydrogen_types::schema::Record;
use proc_macro2::TokenStream;
use quote::quote;
use std::collections::BTreeMap;
use syn::parse::{Parse, ParseStream};
use syn::{Data, DataEnum, DeriveInput, Error, Fields, LitInt, LitStr, Result, Token, Variant};

/// Codes that a contract may give its own refusals; the SDK's and the ledger's lie outside.
const CODES: std::ops::RangeInclusive<u32> = 1_000..=999_999;

fn refuse_generics(item: &DeriveInput) -> Result<()> {
    if item.generics.params.is_empty() {
        return Ok(());
    }
    Err(Error::new_spanned(&item.generics, "a generic type has no place in an interface"))
}

pub(crate) fn abi(item: &DeriveInput) -> Result<TokenStream> {
    refuse_generics(item)?;
    let record = record::emit(&record::of_type(&item.ident, &item.data)?);
    let name = &item.ident;
    let Data::Enum(data) = &item.data else { return Ok(record) };
    if !data.variants.iter().all(|variant| matches!(variant.fields, Fields::Unit)) {
        return Ok(record);
    }
    let arms = data.variants.iter().map(|variant| {
        let (ident, text) = (&variant.ident, text::snake(&variant.ident.to_string()));
        quote!(Self::#ident => #text)
    });
    Ok(quote! {
        #record
        impl ::hydrogen_sdk::EventValue for #name {
            fn event_value(&self) -> ::core::option::Option<::hydrogen_sdk::types::event::Value> {
                let name: &'static str = match self { #(#arms,)* };
                ::hydrogen_sdk::EventValue::event_value(&name)
            }
        }
    })
}

pub(crate) fn event(item: &DeriveInput) -> Result<TokenStream> {
    refuse_generics(item)?;
    let Data::Struct(data) = &item.data else {
        return Err(Error::new_spanned(item, "an event is a struct"));
    };
    let name = &item.ident;
    let text = name.to_string();
    let fields = record::fields(&data.fields)?;
    let pushes = fields.iter().map(|field| {
        let ident = syn::Ident::new(&field.name, name.span());
        let name = &field.name;
        quote!(::hydrogen_sdk::event::push(&mut attributes, #name, &self.#ident);)
    });
    let count = fields.len();
    let record = record::emit(&Record::Event { name: text.clone(), fields: fields.clone() });
    Ok(quote! {
        #record
        impl ::hydrogen_sdk::EventData for #name {
            const NAME: &'static str = #text;

            fn attributes(&self) -> ::hydrogen_sdk::event::Attributes {
                let mut attributes = ::hydrogen_sdk::event::Attributes::with_capacity(#count);
                #(#pushes)*
                attributes
            }
        }
    })
}

/// What `#[error(1000, "sentence")]` says.
struct Refusal {
    code: u32,
    sentence: LitStr,
}

impl Parse for Refusal {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let code: LitInt = input.parse()?;
        let number = code.base10_parse()?;
        if !CODES.contains(&number) {
            return Err(Error::new_spanned(code, "a contract's codes are 1000 to 999999"));
        }
        let _: Token![,] = input.parse()?;
        Ok(Self { code: number, sentence: input.parse()? })
    }
}

fn refusal(variant: &Variant) -> Result<Refusal> {
    let Some(attribute) = variant.attrs.iter().find(|attribute| attribute.path().is_ident("error")) else {
        return Err(Error::new_spanned(variant, "say #[error(CODE, \"sentence\")] here"));
    };
    attribute.parse_args()
}

pub(crate) fn error(item: &DeriveInput) -> Result<TokenStream> {
    refuse_generics(item)?;
    let Data::Enum(DataEnum { variants, .. }) = &item.data else {
        return Err(Error::new_spanned(item, "refusals are an enum"));
    };
    let name = &item.ident;
    let mut seen = BTreeMap::new();
    let (mut codes, mut sentences, mut records) = (Vec::new(), Vec::new(), Vec::new());
    for variant in variants {
        let Refusal { code, sentence } = refusal(variant)?;
        let ident = &variant.ident;
        if let Some(other) = seen.insert(code, ident) {
            return Err(Error::new_spanned(variant, format!("`{other}` has code {code} already")));
        }
        let bound = match &variant.fields {
            Fields::Unit => quote!(),
            Fields::Named(named) => {
                let names = named.named.iter().map(|field| &field.ident);
                quote!({ #(#names),* })
            }
            Fields::Unnamed(tuple) => {
                return Err(Error::new_spanned(tuple, "name the fields, so that the sentence can"));
            }
        };
        codes.push(quote!(Self::#ident { .. } => #code));
        sentences.push(quote!(Self::#ident #bound => ::core::write!(f, #sentence)));
        let doc = sentence.value();
        records.push(record::emit(&Record::Error { code, name: ident.to_string(), doc }));
    }
    Ok(quote! {
        #(#records)*
        impl #name {
            /// The stable number of this refusal.
            #[must_use]
            pub const fn code(&self) -> u32 {
                match self { #(#codes,)* }
            }
        }

        impl ::core::fmt::Display for #name {
            #[allow(unused_variables, reason = "a sentence need not mention every field")]
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                match self { #(#sentences,)* }
            }
        }

        impl ::core::error::Error for #name {}

        impl ::core::convert::From<#name> for ::hydrogen_sdk::Revert {
            fn from(error: #name) -> Self {
                Self::new(error.code(), error)
            }
        }
    })
}
