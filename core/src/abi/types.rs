//! Type texts as a tree.

use std::fmt;

/// How deep a type text may be nested.
const TEXT_DEPTH_MAX: usize = 16;
/// Longest type text, in bytes: errors repeat it.
const TEXT_BYTES_MAX: usize = 256;
/// Longest fixed array, in elements or bytes.
const ARRAY_MAX: usize = 4096;

/// A whole number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Int {
    U8,
    U16,
    U32,
    U64,
    U128,
    I32,
    I64,
    Amount,
    Height,
    Gas,
}

impl Int {
    /// Bytes of its encoding.
    pub(super) fn size(self) -> usize {
        match self {
            Self::U8 => 1,
            Self::U16 => 2,
            Self::U32 | Self::I32 => 4,
            Self::U64 | Self::I64 | Self::Height | Self::Gas => 8,
            Self::U128 | Self::Amount => 16,
        }
    }

    /// Whether it is negative below zero.
    pub(super) fn signed(self) -> bool {
        matches!(self, Self::I32 | Self::I64)
    }

    fn name(self) -> &'static str {
        match self {
            Self::U8 => "u8",
            Self::U16 => "u16",
            Self::U32 => "u32",
            Self::U64 => "u64",
            Self::U128 => "u128",
            Self::I32 => "i32",
            Self::I64 => "i64",
            Self::Amount => "Amount",
            Self::Height => "Height",
            Self::Gas => "Gas",
        }
    }
}

/// A type of an interface.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Type {
    Bool,
    Int(Int),
    Text,
    /// `Vec<u8>`.
    Bytes,
    /// `[u8; N]` and what is one: a name to show and a length.
    Fixed(&'static str, usize),
    Address,
    Option(Box<Type>),
    List(Box<Type>),
    Array(Box<Type>, usize),
    Tuple(Vec<Type>),
    /// A struct or enum that a record declares.
    Named(String),
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bool => f.write_str("bool"),
            Self::Int(int) => f.write_str(int.name()),
            Self::Text => f.write_str("String"),
            Self::Bytes => f.write_str("Vec<u8>"),
            Self::Fixed("", length) => write!(f, "[u8; {length}]"),
            Self::Fixed(name, _) => f.write_str(name),
            Self::Address => f.write_str("Address"),
            Self::Option(inner) => write!(f, "Option<{inner}>"),
            Self::List(inner) => write!(f, "Vec<{inner}>"),
            Self::Array(inner, length) => write!(f, "[{inner}; {length}]"),
            Self::Tuple(parts) => {
                f.write_str("(")?;
                for (index, part) in parts.iter().enumerate() {
                    write!(f, "{}{part}", if index == 0 { "" } else { ", " })?;
                }
                f.write_str(")")
            }
            Self::Named(name) => f.write_str(name),
        }
    }
}

/// Parses a type text.
pub(super) fn parse(text: &str) -> Result<Type, String> {
    if text.len() > TEXT_BYTES_MAX {
        return Err(format!("it is longer than {TEXT_BYTES_MAX} bytes"));
    }
    let mut parser = Parser { rest: text.trim() };
    let parsed = parser.take(0)?;
    if parser.rest.is_empty() { Ok(parsed) } else { Err(format!("`{}` is left over", parser.rest)) }
}

struct Parser<'a> {
    rest: &'a str,
}

impl<'a> Parser<'a> {
    fn take(&mut self, depth: usize) -> Result<Type, String> {
        if depth > TEXT_DEPTH_MAX {
            return Err(format!("it is nested more than {TEXT_DEPTH_MAX} deep"));
        }
        if self.skip("(") {
            return self.tuple(depth);
        }
        if self.skip("[") {
            return self.array(depth);
        }
        let name = self.word();
        match name {
            "" => Err(format!("a name is expected before `{}`", self.rest)),
            "Option" => self.inner(depth).map(|inner| Type::Option(Box::new(inner))),
            "Vec" => Ok(match self.inner(depth)? {
                Type::Int(Int::U8) => Type::Bytes,
                inner => Type::List(Box::new(inner)),
            }),
            _ => Ok(plain(name)),
        }
    }

    fn inner(&mut self, depth: usize) -> Result<Type, String> {
        self.need("<")?;
        let inner = self.take(depth + 1)?;
        self.need(">")?;
        Ok(inner)
    }

    fn tuple(&mut self, depth: usize) -> Result<Type, String> {
        let mut parts = Vec::new();
        while !self.skip(")") {
            if !parts.is_empty() {
                self.need(",")?;
            }
            parts.push(self.take(depth + 1)?);
        }
        Ok(Type::Tuple(parts))
    }

    fn array(&mut self, depth: usize) -> Result<Type, String> {
        let inner = self.take(depth + 1)?;
        self.need(";")?;
        let length: usize = self.word().parse().map_err(|_| "an array's length is a number".to_owned())?;
        self.need("]")?;
        if length > ARRAY_MAX {
            return Err(format!("an array has at most {ARRAY_MAX} elements"));
        }
        Ok(match inner {
            Type::Int(Int::U8) => Type::Fixed("", length),
            inner => Type::Array(Box::new(inner), length),
        })
    }

    fn word(&mut self) -> &'a str {
        let end = self.rest.find(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_');
        let (word, rest) = self.rest.split_at(end.unwrap_or(self.rest.len()));
        self.rest = rest.trim_start();
        word
    }

    fn skip(&mut self, mark: &str) -> bool {
        match self.rest.strip_prefix(mark) {
            Some(rest) => {
                self.rest = rest.trim_start();
                true
            }
            None => false,
        }
    }

    fn need(&mut self, mark: &str) -> Result<(), String> {
        if self.skip(mark) { Ok(()) } else { Err(format!("`{mark}` is expected before `{}`", self.rest)) }
    }
}

fn plain(name: &str) -> Type {
    match name {
        "bool" => Type::Bool,
        "u8" => Type::Int(Int::U8),
        "u16" => Type::Int(Int::U16),
        "u32" => Type::Int(Int::U32),
        "u64" => Type::Int(Int::U64),
        "u128" => Type::Int(Int::U128),
        "i32" => Type::Int(Int::I32),
        "i64" => Type::Int(Int::I64),
        "Amount" => Type::Int(Int::Amount),
        "Height" => Type::Int(Int::Height),
        "Gas" => Type::Int(Int::Gas),
        "String" => Type::Text,
        "Hash" => Type::Fixed("Hash", 32),
        "PublicKey" => Type::Fixed("PublicKey", 32),
        "Signature" => Type::Fixed("Signature", 64),
        "Address" => Type::Address,
        name => Type::Named(name.to_owned()),
    }
}
