//! iXML documents: UCS fields in the blocks USER (as Soundminer, BaseHead and Reaper have them) and ASWG.
//!
//! A document is not read and written anew but cut open where a field stands or belongs, so that everything else keeps
//! its bytes, whatever its encoding.
//!
//! Sources: iXML specification 3.01 (`BWFXML`, `USER`), Sony ASWG-G006 *iXML Extension* v1.1 (`ASWG`).

use std::fmt::Write as _;
use std::ops::Range;

use quick_xml::Reader;
use quick_xml::escape::unescape;
use quick_xml::events::Event;

use super::text::{self, Encoding};
use super::values::{Values, folded};
use super::{Fault, malformed};

/// The blocks that take UCS fields.
const BLOCKS: [&str; 2] = ["USER", "ASWG"];

/// The document with the fields; a new one where there is none.
pub(super) fn update(old: Option<&[u8]>, values: &Values) -> Result<Vec<u8>, Fault> {
    let blank = |bytes: &[u8]| bytes.iter().all(|byte| byte.is_ascii_whitespace() || *byte == 0);
    let Some(old) = old.filter(|old| !blank(old)) else {
        return Ok(new_document(values).into_bytes());
    };
    let broken =
        |what: &str| malformed(format!("its iXML {what}; repair or remove it, or leave it out with --into"));
    let (text, encoding) = text::decode(old).ok_or_else(|| broken("is no text"))?;
    let start = text.find('<').ok_or_else(|| broken("is no XML"))?;
    let outline = Outline::of(&text[start..]).ok_or_else(|| broken("is not well-formed"))?;
    let edits = outline.edits(&text[start..], values, encoding).ok_or_else(|| broken("is no BWFXML"))?;
    let mut edited = String::with_capacity(text.len() + 1024);
    let mut at = 0;
    for (range, new) in edits {
        edited.push_str(&text[at..start + range.start]);
        edited.push_str(&new);
        at = start + range.end;
    }
    edited.push_str(&text[at..]);
    Ok(text::encode(&edited, encoding))
}

fn new_document(values: &Values) -> String {
    let mut document = String::from(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<BWFXML>\n<IXML_VERSION>2.10</IXML_VERSION>\n",
    );
    for block in BLOCKS {
        let _ = write!(document, "<{block}>");
        for (name, value) in fields(block, values, true) {
            document.push('\n');
            push_element(&mut document, name, &value, Encoding::Utf8);
        }
        let _ = write!(document, "\n</{block}>\n");
    }
    document.push_str("</BWFXML>\n");
    document
}

/// Names and values of a block's fields.
fn fields(block: &str, values: &Values, with_description: bool) -> Vec<(&'static str, String)> {
    let user = block == "USER";
    let named = values.named();
    let mut fields: Vec<_> = named
        .iter()
        .filter_map(|named| Some((if user { named.user } else { named.aswg? }, named.value.to_owned())))
        .collect();
    if user && let Some((category, subcategory)) = values.categories() {
        fields.push(("CATEGORYFULL", format!("{category}-{subcategory}")));
    }
    if user
        && with_description
        && let Some(description) = values.description()
    {
        fields.push(("DESCRIPTION", description.to_owned()));
    }
    fields
}

fn push_element(text: &mut String, name: &str, value: &str, encoding: Encoding) {
    let _ = write!(text, "<{name}>{}</{name}>", escaped(value, encoding));
}

fn escaped(value: &str, encoding: Encoding) -> String {
    let mut text = String::with_capacity(value.len());
    for letter in value.chars() {
        match letter {
            '&' => text.push_str("&amp;"),
            '<' => text.push_str("&lt;"),
            '>' => text.push_str("&gt;"),
            // XML 1.0 §2.2 has no other control characters.
            '\t' | '\n' | '\r' => text.push(letter),
            letter if letter.is_control() || matches!(letter, '\u{fffe}' | '\u{ffff}') => text.push(' '),
            // Whatever such a document says of its encoding, references are understood.
            letter if encoding == Encoding::Bytes && !letter.is_ascii() => {
                let _ = write!(text, "&#x{:X};", u32::from(letter));
            }
            letter => text.push(letter),
        }
    }
    text
}

/// An element that edits may touch.
struct Element {
    name: String,
    /// Name of the block that it stands in, in capitals; empty for the root's own children.
    block: String,
    whole: Range<usize>,
    inner: Range<usize>,
    /// `<NAME/>`.
    empty: bool,
}

/// Where the parts of a document are.
struct Outline {
    root: Option<Element>,
    /// Children of the root.
    blocks: Vec<Element>,
    /// Children of the blocks that take UCS fields, and fields that stand in the root.
    leaves: Vec<Element>,
}

impl Outline {
    fn of(text: &str) -> Option<Self> {
        let mut outline = Self { root: None, blocks: Vec::new(), leaves: Vec::new() };
        let mut reader = Reader::from_str(text);
        let mut open: Vec<(String, Range<usize>)> = Vec::new();
        loop {
            let start = usize::try_from(reader.buffer_position()).ok()?;
            let event = reader.read_event().ok()?;
            let end = usize::try_from(reader.buffer_position()).ok()?;
            match event {
                Event::Start(element) => open.push((element.local_name().as_ref().to_owned(), start..end)),
                Event::Empty(element) => {
                    let name = element.local_name().as_ref().to_owned();
                    outline.note(&open, name, start..end, end..end, true);
                }
                Event::End(_) => {
                    let (name, tag) = open.pop()?;
                    outline.note(&open, name, tag.start..end, tag.end..start, false);
                }
                Event::Eof => return open.is_empty().then_some(outline),
                _ => {}
            }
        }
    }

    fn note(
        &mut self,
        open: &[(String, Range<usize>)],
        name: String,
        whole: Range<usize>,
        inner: Range<usize>,
        empty: bool,
    ) {
        let block = open.get(1).map_or(String::new(), |(name, _)| name.to_ascii_uppercase());
        let element = Element { name, block, whole, inner, empty };
        match open.len() {
            0 if self.root.is_none() => self.root = Some(element),
            1 => self.blocks.push(element),
            2 if BLOCKS.contains(&element.block.as_str()) => self.leaves.push(element),
            _ => {}
        }
    }

    /// What is to be replaced by what, from front to back.
    fn edits(&self, text: &str, values: &Values, encoding: Encoding) -> Option<Vec<(Range<usize>, String)>> {
        let root = self.root.as_ref().filter(|root| root.name.eq_ignore_ascii_case("BWFXML"))?;
        let mut edits = Vec::new();
        let mut missing_blocks = String::new();
        let described = self.leaves.iter().any(|leaf| {
            leaf.block == "USER"
                && folded(&leaf.name) == "DESCRIPTION"
                && !text[leaf.inner.clone()].trim().is_empty()
        });
        for name in BLOCKS {
            let mut fields = fields(name, values, !described);
            for leaf in self.leaves.iter().filter(|leaf| leaf.block == name) {
                replace(text, leaf, &fields, encoding, &mut edits);
            }
            let known = |field: &str| {
                let same = |leaf: &Element| leaf.block == name && folded(&leaf.name) == folded(field);
                self.leaves.iter().any(same)
            };
            fields.retain(|(field, _)| !known(field));
            let block = self.blocks.iter().find(|block| block.name.eq_ignore_ascii_case(name));
            match block {
                _ if fields.is_empty() => {}
                Some(block) if !block.empty => {
                    let (at, lead) = insertion(text, block);
                    edits.push((at..at, elements(&fields, lead, encoding)));
                }
                Some(block) => {
                    let tag = &block.name;
                    let new = format!("<{tag}>{}</{tag}>", elements(&fields, "", encoding));
                    edits.push((block.whole.clone(), new));
                }
                None => {
                    let (_, lead) = insertion(text, root);
                    let inside = elements(&fields, lead, encoding);
                    let _ = write!(missing_blocks, "{lead}<{name}>{inside}{lead}</{name}>");
                }
            }
        }
        // A field that stands in the root itself must not contradict the blocks.
        let of_user = fields("USER", values, false);
        self.blocks.iter().for_each(|element| replace(text, element, &of_user, encoding, &mut edits));
        if !missing_blocks.is_empty() {
            if root.empty {
                let tag = &root.name;
                edits.push((root.whole.clone(), format!("<{tag}>{missing_blocks}</{tag}>")));
            } else {
                let (at, _) = insertion(text, root);
                edits.push((at..at, missing_blocks));
            }
        }
        edits.sort_by_key(|(range, _)| (range.start, range.end));
        Some(edits)
    }
}

/// Gives an element the value that it should have, if it is one of the fields and says another.
fn replace(
    text: &str,
    element: &Element,
    fields: &[(&'static str, String)],
    encoding: Encoding,
    edits: &mut Vec<(Range<usize>, String)>,
) {
    let Some((_, value)) = fields.iter().find(|(name, _)| folded(name) == folded(&element.name)) else {
        return;
    };
    // However it is spelt: references depend on the rest of the document.
    if unescape(&text[element.inner.clone()]).is_ok_and(|said| said == value.as_str()) && !element.empty {
        return;
    }
    if element.empty {
        let mut new = String::new();
        push_element(&mut new, &element.name, value, encoding);
        edits.push((element.whole.clone(), new));
    } else {
        edits.push((element.inner.clone(), escaped(value, encoding)));
    }
}

fn elements(fields: &[(&'static str, String)], lead: &str, encoding: Encoding) -> String {
    let mut text = String::new();
    for (name, value) in fields {
        text.push_str(lead);
        push_element(&mut text, name, value, encoding);
    }
    text
}

/// Where children are added to an element, and the blanks that its children have before them.
fn insertion<'t>(text: &'t str, element: &Element) -> (usize, &'t str) {
    let inner = &text[element.inner.clone()];
    let at = element.inner.start + inner.trim_end().len();
    let lead = &inner[..inner.len() - inner.trim_start().len()];
    (at, if inner.trim().is_empty() { "" } else { lead })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fields::Fields;

    fn values() -> Values {
        let fields = Fields {
            cat_id: Some("DOORWood".into()),
            fx_name: Some("Creak & <Groan> é €".into()),
            description: Some("new".into()),
            ..Fields::default()
        };
        Values::new(&fields, Default::default())
    }

    fn updated(old: &[u8]) -> String {
        String::from_utf8(update(Some(old), &values()).unwrap_or_else(|fault| panic!("{fault:?}"))).unwrap()
    }

    #[test]
    fn fields_are_replaced_where_they_stand_and_added_where_they_belong() {
        let old = "<?xml version=\"1.0\"?>\r\n<BWFXML>\n\t<SCENE>7</SCENE>\n\t<USER>\n\t\t<CatID>AIRBlow</CatID>\n\t\t<X y='1'>&amp;</X>\n\t\t<FXNAME/>\n\t\t<DESCRIPTION>kept</DESCRIPTION>\n\t</USER>\n</BWFXML>\0\0";
        let new = updated(old.as_bytes());
        let expected = "<?xml version=\"1.0\"?>\r\n<BWFXML>\n\t<SCENE>7</SCENE>\n\t<USER>\n\t\t<CatID>DOORWood</CatID>\n\t\t<X y='1'>&amp;</X>\n\t\t<FXNAME>Creak &amp; &lt;Groan&gt; é €</FXNAME>\n\t\t<DESCRIPTION>kept</DESCRIPTION>\n\t\t<CATEGORY>DOORS</CATEGORY>\n\t\t<SUBCATEGORY>WOOD</SUBCATEGORY>\n\t\t<CATEGORYFULL>DOORS-WOOD</CATEGORYFULL>\n\t</USER>\n\t<ASWG>\n\t<category>DOORS</category>\n\t<subCategory>WOOD</subCategory>\n\t<catId>DOORWood</catId>\n\t<fxName>Creak &amp; &lt;Groan&gt; é €</fxName>\n\t</ASWG>\n</BWFXML>\0\0";
        assert_eq!(new, expected);
        assert_eq!(updated(new.as_bytes()), new, "a second time changes nothing");
    }

    #[test]
    fn a_document_of_another_encoding_keeps_its_bytes() {
        let old = b"<BWFXML><NOTE>T\xfcr</NOTE><USER/></BWFXML>";
        let new = update(Some(old), &values()).unwrap();
        assert!(
            new.starts_with(b"<BWFXML><NOTE>T\xfcr</NOTE><USER><CATEGORY>DOORS<"),
            "{}",
            new.escape_ascii()
        );
        assert!(new.is_ascii() || new.iter().filter(|byte| !byte.is_ascii()).count() == 1);
        assert!(String::from_utf8_lossy(&new).contains("&#xE9; &#x20AC;"));
    }

    #[test]
    fn a_field_that_says_it_already_stays_as_it_is_spelt() {
        // The byte that is no UTF-8 goes with the old name, so that the document is another one the next time.
        let old = b"<BWFXML><USER><FXNAME>T\xfcr</FXNAME></USER></BWFXML>";
        let new = update(Some(old), &values()).unwrap();
        assert!(new.is_ascii() && String::from_utf8_lossy(&new).contains("&#xE9; &#x20AC;</FXNAME>"));
        assert_eq!(update(Some(&new), &values()).unwrap(), new);
    }

    #[test]
    fn what_is_no_ixml_is_refused_and_nothing_begins_anew() {
        for old in ["<BWFXML><USER></BWFXML>", "<other/>", "plain", "<BWFXML>"] {
            assert!(update(Some(old.as_bytes()), &values()).is_err(), "{old}");
        }
        for old in [None, Some(b"\0\0 \n".as_slice())] {
            let new = update(old, &values()).unwrap();
            assert!(String::from_utf8(new).unwrap().contains("<CATID>DOORWood</CATID>"));
        }
    }
}
