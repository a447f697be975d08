//! RIFF INFO lists (Microsoft *Multimedia Programming Interface 1.0*): Category as genre, FXName as title.

use super::values::Values;

/// Entries in order; `None` where the list cannot be taken apart.
fn entries(list: &[u8], big_endian: bool) -> Option<Vec<([u8; 4], &[u8])>> {
    let mut rest = list.strip_prefix(b"INFO")?;
    let mut entries = Vec::new();
    while let Some((header, content)) = rest.split_first_chunk::<8>() {
        let [a, b, c, d, size @ ..] = *header;
        let size = if big_endian { u32::from_be_bytes(size) } else { u32::from_le_bytes(size) };
        let size = usize::try_from(size).ok()?;
        entries.push(([a, b, c, d], content.get(..size)?));
        rest = content.get(size.next_multiple_of(2)..).unwrap_or_default();
    }
    rest.iter().all(|byte| *byte == 0).then_some(entries)
}

/// The list with the fields; a new one where there is none, and `None` where a list makes no sense and is left alone.
pub(super) fn update(old: Option<&[u8]>, big_endian: bool, values: &Values) -> Option<Vec<u8>> {
    let taken_apart = entries(old.unwrap_or(b"INFO"), big_endian)?;
    let mut entries: Vec<_> = taken_apart.into_iter().map(|(id, text)| (id, text, false)).collect();
    let wanted = [
        (*b"INAM", values.title(), true),
        (*b"IGNR", values.categories().map(|(category, _)| category), true),
        (*b"IKEY", values.fields.keywords.as_deref(), true),
        (*b"ICMT", values.description(), false),
    ];
    for (id, value, replaces) in wanted {
        let Some(value) = value else { continue };
        let is_blank = |text: &[u8]| text.iter().all(|byte| *byte == 0 || byte.is_ascii_whitespace());
        match entries.iter_mut().find(|(entry, ..)| *entry == id) {
            Some(entry) if replaces || is_blank(entry.1) => *entry = (id, value.as_bytes(), true),
            Some(_) => {}
            None => entries.push((id, value.as_bytes(), true)),
        }
    }
    let mut new = b"INFO".to_vec();
    for (id, text, ours) in entries {
        // A text ends with a zero; what was there keeps the end that it has.
        let size = u32::try_from(text.len() + usize::from(ours)).ok()?;
        new.extend(id);
        new.extend(if big_endian { size.to_be_bytes() } else { size.to_le_bytes() });
        new.extend_from_slice(text);
        new.extend(ours.then_some(0));
        if size % 2 == 1 {
            new.push(0);
        }
    }
    Some(new)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fields::Fields;

    #[test]
    fn entries_are_replaced_in_place_and_others_stay() {
        let fields = Fields {
            cat_id: Some("DOORWood".into()),
            fx_name: Some("Creak".into()),
            description: Some("d".into()),
            ..Fields::default()
        };
        let values = Values::new(&fields, Default::default());
        let old = b"INFOISFT\x03\0\0\0abc\0INAM\x04\0\0\0old\0ICMT\x05\0\0\0kept\0\0";
        let new = update(Some(old), false, &values).unwrap();
        assert_eq!(
            new,
            b"INFOISFT\x03\0\0\0abc\0INAM\x06\0\0\0Creak\0ICMT\x05\0\0\0kept\0\0IGNR\x06\0\0\0DOORS\0"
        );
        assert_eq!(update(Some(b"INFOISFT\xff\0\0\0abc"), false, &values), None);
        assert_eq!(update(Some(b"adtl"), false, &values), None);
        let again = update(Some(&new), false, &values).unwrap();
        assert_eq!(update(Some(&again), false, &values).unwrap(), again);
    }
}
