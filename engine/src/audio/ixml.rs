//! The `iXML` chunk: UCS fields as Soundminer, Basehead, Reaper and others embed them.
//!
//! Sources: the iXML specification 3.01 (`BWFXML`, `USER`, `BEXT`), the ASWG-G006 extension (`ASWG`).

use quick_xml::Reader;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::{BytesRef, Event};

use super::metadata::{Metadata, lenient_text};

/// Deeper elements than this are counted but not named; iXML needs four levels.
const MAX_DEPTH: usize = 32;

/// Reads what is known of an iXML document; what is broken ends the reading and leaves what came before.
pub(super) fn read_ixml(bytes: &[u8], metadata: &mut Metadata) {
    let text = lenient_text(bytes);
    let text =
        text.trim_matches(|letter: char| letter == '\0' || letter.is_whitespace() || letter == '\u{feff}');
    let mut reader = Reader::from_str(text);
    // Sloppy writers leave elements open; that must not cost the fields before.
    reader.config_mut().check_end_names = false;
    let mut path: Vec<String> = Vec::new();
    let mut below = 0usize;
    let mut value = String::new();
    loop {
        match reader.read_event() {
            Ok(Event::Start(element)) => {
                value.clear();
                if path.len() < MAX_DEPTH {
                    path.push(element.local_name().as_ref().to_owned());
                } else {
                    below += 1;
                }
            }
            Ok(Event::Text(part)) => value.push_str(&part),
            Ok(Event::CData(part)) => value.push_str(&part),
            Ok(Event::GeneralRef(reference)) => value.push_str(&resolve(&reference)),
            Ok(Event::End(_)) if below > 0 => below -= 1,
            Ok(Event::End(_)) => {
                let name = path.pop().unwrap_or_default();
                if is_field_block(path.last()) {
                    metadata.offer(&name, &value);
                }
                value.clear();
            }
            Ok(Event::Eof) | Err(_) => return,
            Ok(_) => {}
        }
    }
}

/// The elements whose children are fields.
fn is_field_block(parent: Option<&String>) -> bool {
    parent.is_some_and(|name| {
        ["BWFXML", "USER", "ASWG", "BEXT"].iter().any(|block| name.eq_ignore_ascii_case(block))
    })
}

fn resolve(reference: &BytesRef<'_>) -> String {
    if let Ok(Some(letter)) = reference.resolve_char_ref() {
        return letter.to_string();
    }
    let name: &str = reference;
    resolve_predefined_entity(name).map_or_else(|| format!("&{name};"), str::to_owned)
}
