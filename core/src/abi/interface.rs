//! What a contract offers: its methods, types, events and refusals.

use super::decode::Decoder;
use super::encode::Encoder;
use super::error::AbiError;
use super::section;
use super::stored::Stored;
use super::types::{self, Type};
use hydrogen_types::host::MethodKind;
use hydrogen_types::schema::{Field, Record, Variant};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Longest name of anything, in bytes: a result repeats the names of its fields, so they bound its JSON.
const NAME_BYTES_MAX: usize = 128;

/// A named, typed place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) name: String,
    pub(super) kind: Type,
    pub(super) doc: String,
}

/// A struct or enum.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Declared {
    Struct(Vec<Place>),
    Enum(Vec<(String, Vec<Place>)>),
}

/// A method of a contract.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MethodInfo {
    name: String,
    kind: MethodKind,
    doc: String,
    pub(super) args: Vec<Place>,
    result: Type,
}

impl MethodInfo {
    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Who may call it, and how.
    #[must_use]
    pub fn kind(&self) -> MethodKind {
        self.kind
    }

    /// What it does.
    #[must_use]
    pub fn doc(&self) -> &str {
        &self.doc
    }

    /// Names and types of its arguments.
    pub fn args(&self) -> impl Iterator<Item = (&str, String)> {
        self.args.iter().map(|place| (place.name.as_str(), place.kind.to_string()))
    }

    /// Names, types and meanings of its arguments.
    pub fn arg_docs(&self) -> impl Iterator<Item = (&str, String, &str)> {
        self.args.iter().map(|place| (place.name.as_str(), place.kind.to_string(), place.doc.as_str()))
    }

    /// Type of its result.
    #[must_use]
    pub fn result(&self) -> String {
        self.result.to_string()
    }

    pub(super) fn result_type(&self) -> &Type {
        &self.result
    }
}

/// A refusal of a contract.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErrorInfo {
    /// Name such as `NotEnoughNodes`.
    pub name: String,
    /// The sentence.
    pub doc: String,
}

/// A contract's interface.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Interface {
    name: String,
    doc: String,
    /// By the name of their export, which is one for each kind and name.
    methods: BTreeMap<String, MethodInfo>,
    pub(super) types: BTreeMap<String, Declared>,
    events: BTreeMap<String, Vec<Place>>,
    errors: BTreeMap<u32, ErrorInfo>,
    /// What lies in storage, by name.
    pub(super) stored: BTreeMap<String, Stored>,
}

impl Interface {
    /// Reads the interface that `module` carries.
    ///
    /// # Errors
    /// [`AbiError::NoInterface`] if it carries none; else what is wrong with it.
    pub fn parse(module: &[u8]) -> Result<Self, AbiError> {
        let mut interface = Self::default();
        for record in section::records(module)? {
            interface.add(record)?;
        }
        interface.check_names()?;
        Ok(interface)
    }

    fn add(&mut self, record: Record) -> Result<(), AbiError> {
        let (Record::Contract { name, .. }
        | Record::Method { name, .. }
        | Record::Struct { name, .. }
        | Record::Enum { name, .. }
        | Record::Event { name, .. }
        | Record::Error { name, .. }
        | Record::Storage { name, .. }) = &record;
        check_length(name, "the interface")?;
        match record {
            Record::Contract { name, doc } => {
                (self.name, self.doc) = (name, doc);
                Ok(())
            }
            Record::Method { name, kind, args, result, doc } => {
                let place = kind.export(&name);
                let args = places(args, &place)?;
                let result = type_of(&result, &place)?;
                let method = MethodInfo { name, kind, doc, args, result };
                insert(&mut self.methods, place.clone(), method, &place)
            }
            Record::Struct { name, fields } => {
                let declared = Declared::Struct(places(fields, &name)?);
                insert(&mut self.types, name.clone(), declared, &name)
            }
            Record::Enum { name, variants } => {
                let mut parsed = Vec::new();
                for Variant { name: variant, fields } in variants {
                    check_length(&variant, &name)?;
                    let fields = places(fields, &format!("{name}.{variant}"))?;
                    parsed.push((variant, fields));
                }
                insert(&mut self.types, name.clone(), Declared::Enum(parsed), &name)
            }
            Record::Event { name, fields } => {
                let fields = places(fields, &name)?;
                insert(&mut self.events, name.clone(), fields, &name)
            }
            Record::Error { code, name, doc } => {
                let what = format!("error {code}");
                insert(&mut self.errors, code, ErrorInfo { name, doc }, &what)
            }
            Record::Storage { name, kind, key, value, doc } => {
                let place = format!("storage `{name}`");
                let (key, value) = (type_of(&key, &place)?, type_of(&value, &place)?);
                insert(&mut self.stored, name, Stored { kind, key, value, doc }, &place)
            }
        }
    }

    /// Whether every mentioned name is declared. Events are for readers alone: their attributes carry their types. So is
    /// storage: a value of an undeclared type is shown as bytes.
    fn check_names(&self) -> Result<(), AbiError> {
        for (export, method) in &self.methods {
            for place in &method.args {
                self.check_name(&place.kind, export)?;
            }
            self.check_name(&method.result, export)?;
        }
        for (name, declared) in &self.types {
            let fields: Vec<&Place> = match declared {
                Declared::Struct(fields) => fields.iter().collect(),
                Declared::Enum(variants) => variants.iter().flat_map(|(_, fields)| fields).collect(),
            };
            for place in fields {
                self.check_name(&place.kind, name)?;
            }
        }
        Ok(())
    }

    fn check_name(&self, kind: &Type, place: &str) -> Result<(), AbiError> {
        match kind {
            Type::Named(name) if !self.types.contains_key(name) => {
                Err(AbiError::UnknownType { name: name.clone(), place: place.to_owned() })
            }
            Type::Option(inner) | Type::List(inner) | Type::Array(inner, _) => self.check_name(inner, place),
            Type::Tuple(parts) => parts.iter().try_for_each(|part| self.check_name(part, place)),
            _ => Ok(()),
        }
    }

    /// The contract's own name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it is for.
    #[must_use]
    pub fn doc(&self) -> &str {
        &self.doc
    }

    /// All methods, by the name of their export.
    pub fn methods(&self) -> impl Iterator<Item = &MethodInfo> {
        self.methods.values()
    }

    /// A method; the name does not matter for `init` and `migrate`.
    ///
    /// # Errors
    /// [`AbiError::UnknownMethod`] with the names there are.
    pub fn method(&self, kind: MethodKind, method: &str) -> Result<&MethodInfo, AbiError> {
        self.methods.get(&kind.export(method)).ok_or_else(|| {
            let known: Vec<&str> =
                self.methods().filter(|info| info.kind == kind).map(|info| info.name.as_str()).collect();
            AbiError::UnknownMethod {
                kind: kind_name(kind),
                method: method.chars().take(64).collect(),
                known: if known.is_empty() { "none".to_owned() } else { known.join(", ") },
            }
        })
    }

    /// Name and sentence of a refusal.
    #[must_use]
    pub fn error(&self, code: u32) -> Option<(&str, &str)> {
        self.errors.get(&code).map(|error| (error.name.as_str(), error.doc.as_str()))
    }

    /// All refusals, by code.
    pub fn errors(&self) -> impl Iterator<Item = (u32, &ErrorInfo)> {
        self.errors.iter().map(|(code, error)| (*code, error))
    }

    /// Borsh of a method's arguments, from an object of names (or a list in order; `null` for none).
    ///
    /// # Errors
    /// Names the argument that is wrong, and lists the expected ones.
    pub fn encode_args(&self, kind: MethodKind, method: &str, args: &Value) -> Result<Vec<u8>, AbiError> {
        let method = self.method(kind, method)?;
        Encoder::new(self).arguments(&method.args, args)
    }

    /// JSON of a method's result.
    ///
    /// # Errors
    /// [`AbiError::BadBytes`] if the bytes are not the encoding of its type.
    pub fn decode_result(&self, kind: MethodKind, method: &str, value: &[u8]) -> Result<Value, AbiError> {
        let method = self.method(kind, method)?;
        Decoder::new(self, value).all(&method.result)
    }

    /// JSON of a method's arguments.
    ///
    /// # Errors
    /// [`AbiError::BadBytes`] if the bytes are not the encoding of them.
    pub fn decode_args(&self, kind: MethodKind, method: &str, args: &[u8]) -> Result<Value, AbiError> {
        let method = self.method(kind, method)?;
        Decoder::new(self, args).arguments(&method.args)
    }

    /// The whole interface, for people and programs.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let methods: Vec<Value> = self
            .methods()
            .map(|method| {
                json!({
                    "name": method.name,
                    "kind": kind_name(method.kind),
                    "doc": method.doc,
                    "args": list(&method.args),
                    "result": method.result.to_string(),
                })
            })
            .collect();
        let types: serde_json::Map<String, Value> = self
            .types
            .iter()
            .map(|(name, declared)| {
                let shown = match declared {
                    Declared::Struct(fields) => json!({ "struct": list(fields) }),
                    Declared::Enum(variants) => {
                        let variants: Vec<Value> = variants
                            .iter()
                            .map(|(name, fields)| json!({ "name": name, "fields": list(fields) }))
                            .collect();
                        json!({ "enum": variants })
                    }
                };
                (name.clone(), shown)
            })
            .collect();
        let events: Vec<Value> = self
            .events
            .iter()
            .map(|(name, fields)| json!({ "name": name, "attributes": list(fields) }))
            .collect();
        let errors: Vec<Value> = self
            .errors()
            .map(|(code, error)| json!({ "code": code, "name": error.name, "doc": error.doc }))
            .collect();
        json!({
            "name": self.name,
            "doc": self.doc,
            "methods": methods,
            "types": types,
            "events": events,
            "errors": errors,
            "storage": self.stored.iter().map(|(name, stored)| stored.to_json(name)).collect::<Vec<_>>(),
        })
    }
}

fn list(places: &[Place]) -> Vec<Value> {
    places
        .iter()
        .map(|place| json!({ "name": place.name, "type": place.kind.to_string(), "doc": place.doc }))
        .collect()
}

fn kind_name(kind: MethodKind) -> &'static str {
    match kind {
        MethodKind::Init => "init",
        MethodKind::Call => "call",
        MethodKind::Query => "query",
        MethodKind::Migrate => "migrate",
        MethodKind::Scheduled => "scheduled",
    }
}

fn type_of(text: &str, place: &str) -> Result<Type, AbiError> {
    types::parse(text).map_err(|reason| AbiError::BadType {
        text: text.chars().take(64).collect(),
        place: place.to_owned(),
        reason,
    })
}

fn places(fields: Vec<Field>, place: &str) -> Result<Vec<Place>, AbiError> {
    fields
        .into_iter()
        .map(|Field { name, type_text, doc }| {
            check_length(&name, place)?;
            Ok(Place { kind: type_of(&type_text, place)?, name, doc })
        })
        .collect()
}

fn check_length(name: &str, place: &str) -> Result<(), AbiError> {
    if name.len() <= NAME_BYTES_MAX {
        return Ok(());
    }
    Err(AbiError::NameTooLong { place: place.to_owned(), bytes_max: NAME_BYTES_MAX })
}

/// The same record twice says nothing new; another one of the same name is a mistake.
fn insert<K: Ord, V: PartialEq>(
    map: &mut BTreeMap<K, V>,
    key: K,
    value: V,
    what: &str,
) -> Result<(), AbiError> {
    if map.get(&key).is_some_and(|known| *known != value) {
        return Err(AbiError::Conflict { what: what.to_owned() });
    }
    map.insert(key, value);
    Ok(())
}
