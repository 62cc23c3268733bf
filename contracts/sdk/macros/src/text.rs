//! Names and types as the interface writes them.

use syn::{Attribute, Error, Expr, ExprLit, GenericArgument, Lit, Meta, PathArguments, Result, Type};

/// `NotEnoughNodes` as `not_enough_nodes`.
pub(crate) fn snake(name: &str) -> String {
    let mut out = String::new();
    for letter in name.chars() {
        if letter.is_ascii_uppercase() && !out.is_empty() {
            out.push('_');
        }
        out.push(letter.to_ascii_lowercase());
    }
    out
}

/// The doc comment as one line.
pub(crate) fn doc(attributes: &[Attribute]) -> String {
    let mut lines = Vec::new();
    for attribute in attributes {
        if let Meta::NameValue(pair) = &attribute.meta
            && pair.path.is_ident("doc")
            && let Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) = &pair.value
        {
            lines.push(text.value().trim().to_owned());
        }
    }
    lines.join(" ").trim().to_owned()
}

/// The type as text; what the interface cannot say is refused where it stands.
pub(crate) fn type_text(ty: &Type) -> Result<String> {
    match ty {
        Type::Group(group) => type_text(&group.elem),
        Type::Paren(inner) => type_text(&inner.elem),
        Type::Tuple(tuple) => {
            let parts = tuple.elems.iter().map(type_text).collect::<Result<Vec<_>>>()?;
            if parts.len() == 1 {
                return Err(Error::new_spanned(ty, "a tuple of one has no place in an interface"));
            }
            Ok(format!("({})", parts.join(", ")))
        }
        Type::Array(array) => match &array.len {
            Expr::Lit(ExprLit { lit: Lit::Int(length), .. }) => {
                Ok(format!("[{}; {}]", type_text(&array.elem)?, length.base10_parse::<u32>()?))
            }
            other => {
                Err(Error::new_spanned(other, "write the length of an array in an interface as a number"))
            }
        },
        Type::Path(path) => path_text(path),
        other => Err(Error::new_spanned(other, "this type has no place in an interface: use an owned one")),
    }
}

fn path_text(path: &syn::TypePath) -> Result<String> {
    let Some(segment) = path.path.segments.last() else {
        return Err(Error::new_spanned(path, "a type is missing"));
    };
    let name = segment.ident.to_string();
    let arguments = match &segment.arguments {
        PathArguments::None => Vec::new(),
        PathArguments::AngleBracketed(list) => list
            .args
            .iter()
            .map(|argument| match argument {
                GenericArgument::Type(ty) => type_text(ty),
                other => Err(Error::new_spanned(other, "only types may stand here in an interface")),
            })
            .collect::<Result<_>>()?,
        PathArguments::Parenthesized(list) => {
            return Err(Error::new_spanned(list, "a function has no place in an interface"));
        }
    };
    match (name.as_str(), arguments.as_slice()) {
        // A chain's name is a checked string, and borsh writes it as one.
        ("ChainId", []) => Ok("String".into()),
        ("usize" | "isize" | "f32" | "f64" | "char" | "str" | "i8" | "i16" | "i128" | "Self", []) => {
            Err(Error::new_spanned(path, format!("`{name}` has no place in an interface")))
        }
        (_, []) => Ok(name),
        ("Box", [inner]) => Ok(inner.clone()),
        ("Option" | "Vec", [inner]) => Ok(format!("{name}<{inner}>")),
        _ => Err(Error::new_spanned(
            path,
            "of generic types only Option<T>, Vec<T> and Box<T> fit an interface",
        )),
    }
}
