//! Custom sections of a module: which to keep, and the stamp.

use crate::error::BuildError;

/// The section that holds the hash of the sources; the last of the module.
const STAMP: &str = "hydrogen.source";
/// The section that holds a contract's interface.
const INTERFACE: &str = "hydrogen.abi";
const PREAMBLE: usize = 8;

/// One section: where it starts, what it is, and where its content and it end.
struct Section<'a> {
    /// Name of a custom section.
    custom: Option<&'a str>,
    /// All of its bytes, id and length included.
    bytes: &'a [u8],
    /// A custom section's content after its name.
    content: &'a [u8],
}

fn number(bytes: &[u8], at: &mut usize) -> Result<usize, BuildError> {
    let mut value = 0usize;
    for shift in (0..35).step_by(7) {
        let byte = *bytes.get(*at).ok_or(BuildError::Malformed("the module ends inside a number"))?;
        *at += 1;
        value |= usize::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Ok(value);
        }
    }
    Err(BuildError::Malformed("a number is too long"))
}

fn sections(module: &[u8]) -> Result<Vec<Section<'_>>, BuildError> {
    if module.get(..PREAMBLE) != Some(b"\0asm\x01\0\0\0") {
        return Err(BuildError::Malformed("not a WebAssembly module"));
    }
    let mut found = Vec::new();
    let mut at = PREAMBLE;
    while at < module.len() {
        let start = at;
        let id = module[at];
        at += 1;
        let length = number(module, &mut at)?;
        let end = at.checked_add(length).filter(|end| *end <= module.len());
        let end = end.ok_or(BuildError::Malformed("a section ends after the module"))?;
        let (mut custom, mut content) = (None, &module[at..end]);
        if id == 0 {
            let length = number(module, &mut at)?;
            let name = module[at..end]
                .get(..length)
                .ok_or(BuildError::Malformed("a section's name ends after it"))?;
            custom = Some(
                std::str::from_utf8(name)
                    .map_err(|_| BuildError::Malformed("a section's name is not text"))?,
            );
            content = &module[at + length..end];
        }
        found.push(Section { custom, bytes: &module[start..end], content });
        at = end;
    }
    Ok(found)
}

/// Without the custom sections that neither the chain nor its users read.
///
/// # Errors
/// When the bytes are no module.
pub fn strip(module: &[u8]) -> Result<Vec<u8>, BuildError> {
    let mut out = Vec::from(&module[..PREAMBLE.min(module.len())]);
    for section in sections(module)? {
        if matches!(section.custom, None | Some(INTERFACE)) {
            out.extend_from_slice(section.bytes);
        }
    }
    Ok(out)
}

/// With the hash of the sources as the last section.
#[must_use]
pub fn stamp(module: &[u8], digest: &[u8; 32]) -> Vec<u8> {
    let mut out = Vec::from(module);
    // Id, length of the section, length of the name: each below 128, so one byte.
    out.extend([0, 48, 15]);
    out.extend_from_slice(STAMP.as_bytes());
    out.extend_from_slice(digest);
    out
}

/// The hash in the last section.
///
/// # Errors
/// When there is none.
pub fn stamped(module: &[u8]) -> Result<[u8; 32], BuildError> {
    let sections = sections(module)?;
    let last = sections.last().filter(|section| section.custom == Some(STAMP));
    let content = last.ok_or(BuildError::Malformed("its last section is not `hydrogen.source`"))?.content;
    content.try_into().map_err(|_| BuildError::Malformed("`hydrogen.source` does not hold 32 bytes"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn module(sections: &[(&str, &[u8])]) -> Vec<u8> {
        let mut out = Vec::from(*b"\0asm\x01\0\0\0");
        for (name, content) in sections {
            let name_length = u8::try_from(name.len()).expect("short");
            let length = u8::try_from(1 + name.len() + content.len()).expect("short");
            out.extend([0, length, name_length]);
            out.extend_from_slice(name.as_bytes());
            out.extend_from_slice(content);
        }
        out
    }

    #[test]
    fn strip_keeps_the_interface_and_stamp_comes_last() {
        let original = module(&[("name", b"x"), (INTERFACE, b"abi"), ("producers", b"y")]);
        let stripped = strip(&original).expect("well formed");
        assert_eq!(stripped, module(&[(INTERFACE, b"abi")]));
        let stamped_module = stamp(&stripped, &[7; 32]);
        assert_eq!(stamped_module, module(&[(INTERFACE, b"abi"), (STAMP, &[7; 32])]));
        assert_eq!(stamped(&stamped_module).expect("a stamp"), [7; 32]);
    }

    #[test]
    fn a_module_without_a_stamp_says_so() {
        let message = stamped(&module(&[])).expect_err("no stamp");
        assert_eq!(message.to_string(), "its last section is not `hydrogen.source`");
        let cut = stamp(&module(&[]), &[7; 32]);
        let message = stamped(&cut[..cut.len() - 1]).expect_err("cut");
        assert_eq!(message.to_string(), "a section ends after the module");
    }
}
