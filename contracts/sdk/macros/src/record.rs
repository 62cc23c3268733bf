//! Records of the interface, and their way into the module.

use crate::text;
use hydrogen_types::schema::{Field, Record, SECTION, Variant};
use proc_macro2::{Span, TokenStream};
use quote::quote;
use syn::{Data, DataEnum, Error, Fields, LitByteStr, Result};

/// A static that the linker puts into the custom section: the record's length and bytes.
pub(crate) fn emit(record: &Record) -> TokenStream {
    let body = hydrogen_types::codec::encode(record);
    let length = u32::try_from(body.len()).expect("a record written by hand is short");
    let mut bytes = Vec::from(length.to_le_bytes());
    bytes.extend(body);
    let size = bytes.len();
    let literal = LitByteStr::new(&bytes, Span::call_site());
    quote! {
        #[cfg(target_arch = "wasm32")]
        const _: () = {
            #[allow(unsafe_code, reason = "the section is chosen by the SDK")]
            #[unsafe(link_section = #SECTION)]
            static RECORD: [u8; #size] = *#literal;
        };
    }
}

/// The record of a type declared in source text.
pub(crate) fn of_type(name: &syn::Ident, data: &Data) -> Result<Record> {
    match data {
        Data::Struct(data) => Ok(Record::Struct { name: name.to_string(), fields: fields(&data.fields)? }),
        Data::Enum(data) => Ok(Record::Enum { name: name.to_string(), variants: variants(data)? }),
        Data::Union(data) => {
            Err(Error::new_spanned(data.union_token, "a union has no place in an interface"))
        }
    }
}

/// Named fields.
pub(crate) fn fields(fields: &Fields) -> Result<Vec<Field>> {
    match fields {
        Fields::Unit => Ok(Vec::new()),
        Fields::Unnamed(tuple) => {
            Err(Error::new_spanned(tuple, "name the fields: the interface shows them in JSON"))
        }
        Fields::Named(named) => named
            .named
            .iter()
            .map(|field| {
                let name = field.ident.as_ref().expect("named fields have names").to_string();
                Ok(Field { name, type_text: text::type_text(&field.ty)?, doc: text::doc(&field.attrs) })
            })
            .collect(),
    }
}

fn variants(data: &DataEnum) -> Result<Vec<Variant>> {
    data.variants
        .iter()
        .map(|variant| {
            Ok(Variant { name: text::snake(&variant.ident.to_string()), fields: fields(&variant.fields)? })
        })
        .collect()
}
