//! Vorbis comments, as FLAC and Ogg carry them (Xiph.org, *Ogg Vorbis I format specification: comment field*).

use super::values::{Values, folded};
use super::{Fault, malformed};

/// The comments with the fields; entries that are not ours keep their bytes. The second value is what followed the
/// comments in `old`.
pub(super) fn update<'o>(old: Option<&'o [u8]>, values: &Values) -> Result<(Vec<u8>, &'o [u8]), Fault> {
    let Comments { vendor, mut entries, rest } = match old {
        Some(old) => Comments::of(old).ok_or_else(|| malformed("its comments are cut short"))?,
        None => Comments { vendor: b"earmark", entries: Vec::new(), rest: &[] },
    };
    let named = values.named();
    let name_of = |entry: &[u8]| {
        let name = entry.split(|byte| *byte == b'=').next().unwrap_or_default();
        folded(&String::from_utf8_lossy(name))
    };
    let described = entries
        .iter()
        .any(|entry| matches!(name_of(entry).as_str(), "DESCRIPTION" | "COMMENT") && !entry.ends_with(b"="));
    entries.retain(|entry| {
        let name = name_of(entry);
        let retitled = values.title().is_some() && name == "TITLE";
        !retitled && !named.iter().any(|named| named.user == name)
    });
    // A description stays where it is from then on: before what is taken out and put behind anew each time.
    let description = values.description().filter(|_| !described);
    let mut ours: Vec<String> = description.map(|text| format!("DESCRIPTION={text}")).into_iter().collect();
    ours.extend(named.iter().map(|named| format!("{}={}", named.user, named.value)));
    ours.extend(values.title().map(|title| format!("TITLE={title}")));
    let all = entries.into_iter().chain(ours.iter().map(String::as_bytes));
    let mut new = Vec::new();
    push(&mut new, vendor);
    let count_at = new.len();
    new.extend([0; 4]);
    let mut count = 0u32;
    for entry in all {
        push(&mut new, entry);
        count += 1;
    }
    new[count_at..count_at + 4].copy_from_slice(&count.to_le_bytes());
    Ok((new, rest))
}

fn push(bytes: &mut Vec<u8>, text: &[u8]) {
    bytes.extend((text.len() as u32).to_le_bytes());
    bytes.extend(text);
}

/// Comments taken apart.
struct Comments<'b> {
    vendor: &'b [u8],
    entries: Vec<&'b [u8]>,
    /// What follows them.
    rest: &'b [u8],
}

impl<'b> Comments<'b> {
    fn of(bytes: &'b [u8]) -> Option<Self> {
        let (vendor, rest) = take(bytes)?;
        let (count, mut rest) = rest.split_first_chunk::<4>()?;
        let count = u32::from_le_bytes(*count);
        // Each entry takes four bytes at least, whatever the count claims.
        let mut entries = Vec::with_capacity((count as usize).min(rest.len() / 4));
        for _ in 0..count {
            let (entry, behind) = take(rest)?;
            entries.push(entry);
            rest = behind;
        }
        Some(Self { vendor, entries, rest })
    }
}

fn take(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (size, rest) = bytes.split_first_chunk::<4>()?;
    rest.split_at_checked(usize::try_from(u32::from_le_bytes(*size)).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fields::Fields;

    #[test]
    fn entries_of_others_stay_as_they_are() {
        let fields = Fields {
            cat_id: Some("DOORWood".into()),
            fx_name: Some("Creak".into()),
            description: Some("d".into()),
            ..Fields::default()
        };
        let values = Values::new(&fields, Default::default());
        let mut old = Vec::new();
        push(&mut old, b"vendor \xff");
        old.extend(5u32.to_le_bytes());
        for entry in [b"ODD".as_slice(), b"cat id=AIRBlow", b"X=\xff\xfe", b"COMMENT=kept", b"CatID=x"] {
            push(&mut old, entry);
        }
        old.extend(b"rest");
        let (new, rest) = update(Some(&old), &values).unwrap();
        assert_eq!(rest, b"rest");
        let Comments { vendor, entries, .. } = Comments::of(&new).unwrap();
        assert_eq!(vendor, b"vendor \xff");
        let expected: [&[u8]; 8] = [
            b"ODD",
            b"X=\xff\xfe",
            b"COMMENT=kept",
            b"CATEGORY=DOORS",
            b"SUBCATEGORY=WOOD",
            b"CATID=DOORWood",
            b"FXNAME=Creak",
            b"TITLE=Creak",
        ];
        assert_eq!(entries, expected);
        assert_eq!(update(Some(&new), &values).unwrap().0, new, "a second time changes nothing");
        for cut in 0..old.len() - 4 {
            assert!(update(Some(&old[..cut]), &values).is_err(), "{cut}");
        }
    }
}
