//! `#[contract]`: from functions to exported methods.

use crate::{foreign, record, text};
use hydrogen_types::host::MethodKind;
use hydrogen_types::schema::{Field, Record};
use hydrogen_types::tx::METHOD_BYTES_MAX;
use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::{
    Attribute, Error, FnArg, GenericArgument, Ident, Item, ItemFn, ItemMod, LitStr, Meta, Pat, PathArguments,
    Result, ReturnType, Token, Type,
};

/// What stands in the attribute's parentheses: `name = "task", foreign(TaskView, NodeView)`.
#[derive(Default)]
pub(crate) struct Options {
    name: Option<String>,
    foreign: Vec<Ident>,
}

impl Parse for Options {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let mut options = Self::default();
        while !input.is_empty() {
            let key: Ident = input.parse()?;
            if key == "name" {
                let _: Token![=] = input.parse()?;
                options.name = Some(input.parse::<LitStr>()?.value());
            } else if key == "foreign" {
                let content;
                syn::parenthesized!(content in input);
                options.foreign =
                    Punctuated::<Ident, Token![,]>::parse_terminated(&content)?.into_iter().collect();
            } else {
                return Err(Error::new_spanned(key, "expected `name = \"...\"` or `foreign(...)`"));
            }
            if !input.is_empty() {
                let _: Token![,] = input.parse()?;
            }
        }
        Ok(options)
    }
}

pub(crate) fn expand(options: Options, mut module: ItemMod) -> Result<TokenStream> {
    let name = options.name.unwrap_or_else(|| module.ident.to_string());
    let Some((_, items)) = &mut module.content else {
        return Err(Error::new_spanned(module, "write the contract's module inline: mod name { ... }"));
    };
    let mut added = Vec::new();
    let mut exports: Vec<String> = Vec::new();
    let mut arms = Vec::new();
    for item in items.iter_mut() {
        let Item::Fn(function) = item else { continue };
        let Some(mark) = take_mark(function)? else { continue };
        let method = Method::read(mark, function)?;
        let export = method.kind.export(&method.name);
        if exports.contains(&export) {
            return Err(Error::new_spanned(&function.sig.ident, format!("a contract has one `{export}`")));
        }
        let wrapper = method.wrapper_name();
        arms.push(quote!(#export => #wrapper()));
        exports.push(export);
        added.push(record::emit(&method.record()));
        added.push(method.wrapper());
    }
    if exports.is_empty() {
        return Err(Error::new_spanned(&module.ident, "mark methods with #[init], #[call], #[query], ..."));
    }
    added.push(record::emit(&Record::Contract { name, doc: text::doc(&module.attrs) }));
    added.extend(foreign::records(&options.foreign)?.iter().map(record::emit));
    items.push(Item::Verbatim(quote!(#(#added)*)));
    let native = native(&module.ident, &arms);
    if let Some((_, items)) = &mut module.content {
        items.push(Item::Verbatim(native.inside));
    }
    let outside = native.outside;
    Ok(quote!(#module #outside))
}

/// How tests on the author's machine run a method by the name of its export.
struct Native {
    inside: TokenStream,
    outside: TokenStream,
}

fn native(module: &Ident, arms: &[TokenStream]) -> Native {
    let inside = quote! {
        #[cfg(not(target_arch = "wasm32"))]
        #[allow(dead_code, reason = "tests alone run methods natively")]
        pub(super) fn __native(export: &str) -> bool {
            match export {
                #(#arms,)*
                _ => return false,
            }
            true
        }
    };
    let outside = quote! {
        /// Runs the method with this export's name on `hydrogen_sdk::mock`; `false` if there is none.
        #[cfg(not(target_arch = "wasm32"))]
        #[allow(dead_code, unreachable_pub, reason = "tests alone run methods natively")]
        pub fn native(export: &str) -> bool {
            #module::__native(export)
        }
    };
    Native { inside, outside }
}

/// The mark of a method, as written above its function.
struct Mark {
    kind: MethodKind,
    payable: bool,
}

fn kind_of(attribute: &Attribute) -> Option<MethodKind> {
    let name = attribute.path().get_ident()?.to_string();
    Some(match name.as_str() {
        "init" => MethodKind::Init,
        "call" => MethodKind::Call,
        "query" => MethodKind::Query,
        "migrate" => MethodKind::Migrate,
        "scheduled" => MethodKind::Scheduled,
        _ => return None,
    })
}

fn take_mark(function: &mut ItemFn) -> Result<Option<Mark>> {
    let mut marks = Vec::new();
    for (index, attribute) in function.attrs.iter().enumerate() {
        let Some(kind) = kind_of(attribute) else { continue };
        let payable = match &attribute.meta {
            Meta::Path(_) => false,
            Meta::List(list) => {
                let word: Ident = list.parse_args()?;
                if word != "payable" || !matches!(kind, MethodKind::Call | MethodKind::Init) {
                    return Err(Error::new_spanned(
                        list,
                        "only `payable` may stand here, on #[call] and #[init]",
                    ));
                }
                true
            }
            other => return Err(Error::new_spanned(other, "write #[call] or #[call(payable)]")),
        };
        marks.push((index, Mark { kind, payable }));
    }
    match marks.len() {
        0 => Ok(None),
        1 => {
            let (index, mark) = marks.remove(0);
            function.attrs.remove(index);
            Ok(Some(mark))
        }
        _ => Err(Error::new_spanned(&function.sig.ident, "a function is one kind of method")),
    }
}

struct Method {
    name: String,
    function: Ident,
    kind: MethodKind,
    payable: bool,
    args: Vec<(Field, Type)>,
    result: String,
    fallible: bool,
    doc: String,
}

impl Method {
    fn read(mark: Mark, function: &mut ItemFn) -> Result<Self> {
        let signature = &mut function.sig;
        if let Some(token) = &signature.asyncness {
            return Err(Error::new_spanned(token, "a method is not async"));
        }
        if !signature.generics.params.is_empty() {
            return Err(Error::new_spanned(&signature.generics, "a method is not generic"));
        }
        let name = signature.ident.to_string();
        if name.len() > METHOD_BYTES_MAX {
            return Err(Error::new_spanned(
                &signature.ident,
                format!("a method's name has at most {METHOD_BYTES_MAX} bytes"),
            ));
        }
        let mut args = Vec::new();
        for input in &mut signature.inputs {
            args.push(argument(input)?);
        }
        let (result, fallible) = result(&signature.output)?;
        Ok(Self {
            name,
            function: signature.ident.clone(),
            kind: mark.kind,
            payable: mark.payable,
            args,
            result,
            fallible,
            doc: text::doc(&function.attrs),
        })
    }

    fn record(&self) -> Record {
        Record::Method {
            name: self.name.clone(),
            kind: self.kind,
            args: self.args.iter().map(|(field, _)| field.clone()).collect(),
            result: self.result.clone(),
            doc: self.doc.clone(),
        }
    }

    fn wrapper_name(&self) -> Ident {
        format_ident!("__export_{}", self.kind.export(&self.name).replace('.', "_"))
    }

    /// The export: decodes, calls, answers. It exists on every target, so that a method is never called unused, but is
    /// exported from a module only; elsewhere a refusal unwinds through it.
    fn wrapper(&self) -> TokenStream {
        let export = self.kind.export(&self.name);
        let function = &self.function;
        let wrapper = self.wrapper_name();
        let names: Vec<Ident> = (0..self.args.len()).map(|index| format_ident!("arg{index}")).collect();
        let takes = self.args.iter().zip(&names).map(|((field, ty), name)| {
            let refusal = format!("argument `{}` is malformed: it takes {}", field.name, field.type_text);
            quote!(let #name: #ty = args.take(#refusal);)
        });
        let mutable = (!self.args.is_empty()).then(|| quote!(mut));
        let checked = matches!(self.kind, MethodKind::Call | MethodKind::Init) && !self.payable;
        let value = checked.then(|| quote!(::hydrogen_sdk::args::refuse_value();));
        let call = quote!(#function(#(#names),*));
        let answer = if self.fallible {
            quote! {
                match #call {
                    ::core::result::Result::Ok(value) => ::hydrogen_sdk::args::finish(&value),
                    ::core::result::Result::Err(error) => ::hydrogen_sdk::args::fail(error),
                }
            }
        } else {
            quote!(::hydrogen_sdk::args::finish(&#call);)
        };
        let body = quote! {
            #value
            let #mutable args = ::hydrogen_sdk::args::Args::load();
            #(#takes)*
            args.finish();
            #answer
        };
        quote! {
            #[cfg(target_arch = "wasm32")]
            #[allow(unsafe_code, reason = "the export's name is chosen by the SDK")]
            #[allow(clippy::unit_arg, clippy::let_unit_value, reason = "a method may return nothing")]
            #[unsafe(export_name = #export)]
            extern "C" fn #wrapper() {
                #body
            }

            #[cfg(not(target_arch = "wasm32"))]
            #[allow(dead_code, reason = "tests alone run methods natively")]
            #[allow(clippy::unit_arg, clippy::let_unit_value, reason = "a method may return nothing")]
            fn #wrapper() {
                #body
            }
        }
    }
}

fn argument(input: &mut FnArg) -> Result<(Field, Type)> {
    let FnArg::Typed(typed) = input else {
        return Err(Error::new_spanned(input, "a method has no self: state lives in storage"));
    };
    let Pat::Ident(pattern) = &*typed.pat else {
        return Err(Error::new_spanned(&typed.pat, "an argument is a plain name"));
    };
    let name = pattern.ident.to_string();
    let doc = text::doc(&typed.attrs);
    let field =
        Field { name: name.trim_start_matches('_').to_owned(), type_text: text::type_text(&typed.ty)?, doc };
    // Rust itself takes no doc comment on an argument.
    typed.attrs.retain(|attribute| !attribute.path().is_ident("doc"));
    Ok((field, (*typed.ty).clone()))
}

/// The type a method answers with, and whether it may refuse.
fn result(output: &ReturnType) -> Result<(String, bool)> {
    let ReturnType::Type(_, ty) = output else { return Ok(("()".into(), false)) };
    if let Type::Path(path) = &**ty
        && let Some(segment) = path.path.segments.last()
        && segment.ident == "Result"
    {
        if let PathArguments::AngleBracketed(list) = &segment.arguments
            && let Some(GenericArgument::Type(value)) = list.args.first()
        {
            return Ok((text::type_text(value)?, true));
        }
        return Err(Error::new_spanned(ty, "say what the result is: Result<T, E>"));
    }
    Ok((text::type_text(ty)?, false))
}
