//! What can be wrong with an interface, with arguments, with a result.

use thiserror::Error;

/// Why an interface could not be read or used.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum AbiError {
    /// Not even a module.
    #[error("not a WebAssembly module")]
    NotAModule,
    /// A section says it is longer than the module.
    #[error("the module ends inside the section at byte {offset}")]
    CutSection {
        /// Where the section starts.
        offset: usize,
    },
    /// No interface.
    #[error("the module has no section `{}`", hydrogen_types::schema::SECTION)]
    NoInterface,
    /// A record that is not the encoding of one.
    #[error("record {index} of the interface is malformed")]
    BadRecord {
        /// Its place.
        index: usize,
    },
    /// More records than any sane contract has.
    #[error("the interface has more than {records_max} records")]
    TooManyRecords {
        /// The bound.
        records_max: usize,
    },
    /// Two different records of one name.
    #[error("the interface declares {what} twice, differently")]
    Conflict {
        /// Kind and name.
        what: String,
    },
    /// A name too long to repeat for every value.
    #[error("a name in {place} is longer than {bytes_max} bytes")]
    NameTooLong {
        /// Where it stands, shortened.
        place: String,
        /// The bound.
        bytes_max: usize,
    },
    /// A type text that is not one.
    #[error("`{text}` (of {place}) is not a type of interfaces: {reason}")]
    BadType {
        /// The text.
        text: String,
        /// Where it stands.
        place: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A name that no record declares.
    #[error("{place} mentions the type `{name}`, which the interface does not declare")]
    UnknownType {
        /// The name.
        name: String,
        /// Where it stands.
        place: String,
    },
    /// The contract has no such method.
    #[error("there is no {kind} `{method}`; there are: {known}")]
    UnknownMethod {
        /// Kind of method.
        kind: &'static str,
        /// Name asked for.
        method: String,
        /// Names there are.
        known: String,
    },
    /// Arguments that are neither an object nor a list.
    #[error("arguments are written {{\"name\": value}}; expected: {expected}")]
    NotArguments {
        /// Names and types.
        expected: String,
    },
    /// Another number of listed arguments.
    #[error("{found} arguments instead of {wanted}; expected: {expected}")]
    ArgumentCount {
        /// Number found.
        found: usize,
        /// Number expected.
        wanted: usize,
        /// Names and types.
        expected: String,
    },
    /// A field or argument that is not there.
    #[error("`{name}` is missing; expected: {expected}")]
    Missing {
        /// Path of the name.
        name: String,
        /// Names and types.
        expected: String,
    },
    /// A field or argument that should not be there.
    #[error("`{name}` is unknown; expected: {expected}")]
    Unknown {
        /// Path of the name.
        name: String,
        /// Names and types.
        expected: String,
    },
    /// A value of the wrong form.
    #[error("`{place}` is {found}, expected {expected}")]
    BadValue {
        /// Path of the value.
        place: String,
        /// What was found, shortened.
        found: String,
        /// What is written there.
        expected: String,
    },
    /// More bytes than a call takes.
    #[error("the arguments take more than {bytes_max} bytes")]
    TooLarge {
        /// The bound.
        bytes_max: usize,
    },
    /// Values inside values beyond the bound.
    #[error("`{place}` is nested more than {depth_max} deep")]
    TooDeep {
        /// Path of the value.
        place: String,
        /// The bound.
        depth_max: usize,
    },
    /// Bytes that are not the encoding of the type.
    #[error("the bytes are no {type_text}: {reason} at byte {offset}")]
    BadBytes {
        /// The type.
        type_text: String,
        /// What is wrong.
        reason: &'static str,
        /// Where.
        offset: usize,
    },
}
