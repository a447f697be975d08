//! Wildcards: `*` stands for any run of characters, `?` for exactly one.

/// Whether `pattern` matches the whole of `text`, character by character and minding case.
///
/// Takes at most `pattern × text` steps whatever the pattern: only the last `*` is ever tried again, since an
/// earlier one could not reach further than the later one does.
pub fn matches(pattern: &str, text: &str) -> bool {
    let (mut rest_of_pattern, mut rest_of_text) = (pattern, text);
    let mut retry: Option<(&str, &str)> = None;
    loop {
        let mut after_pattern = rest_of_pattern.chars();
        let mut after_text = rest_of_text.chars();
        match (after_pattern.next(), after_text.next()) {
            (Some('*'), _) => {
                rest_of_pattern = after_pattern.as_str();
                retry = Some((rest_of_pattern, rest_of_text));
                continue;
            }
            (Some(wanted), Some(found)) if wanted == '?' || wanted == found => {
                rest_of_pattern = after_pattern.as_str();
                rest_of_text = after_text.as_str();
                continue;
            }
            (None, None) => return true,
            _ => {}
        }
        // A mismatch: let the last `*` swallow one character more.
        let Some((star_pattern, star_text)) = retry else { return false };
        let mut swallowed = star_text.chars();
        if swallowed.next().is_none() {
            return false;
        }
        rest_of_pattern = star_pattern;
        rest_of_text = swallowed.as_str();
        retry = Some((rest_of_pattern, rest_of_text));
    }
}

/// Whether `text` holds a wildcard.
pub fn has_wildcard(text: &str) -> bool {
    text.contains(['*', '?'])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn wildcards_match_the_whole_text() {
        for (pattern, text, expected) in [
            ("", "", true),
            ("", "a", false),
            ("*", "", true),
            ("door*", "doorwood", true),
            ("door*", "adoorwood", false),
            ("*wood", "doorwood", true),
            ("d?or*d", "doorwood", true),
            ("?", "é", true),
            ("?", "", false),
            ("a*b*c", "axxbyybzzc", true),
            ("a*b*c", "axxbyybzz", false),
            ("**", "x", true),
        ] {
            assert_eq!(matches(pattern, text), expected, "{pattern} on {text}");
        }
    }

    /// The definition, written down as a recursion.
    fn slow(pattern: &[char], text: &[char]) -> bool {
        match (pattern.first(), text.first()) {
            (None, None) => true,
            (Some('*'), _) => slow(&pattern[1..], text) || (!text.is_empty() && slow(pattern, &text[1..])),
            (Some('?'), Some(_)) => slow(&pattern[1..], &text[1..]),
            (Some(wanted), Some(found)) if wanted == found => slow(&pattern[1..], &text[1..]),
            _ => false,
        }
    }

    proptest! {
        #[test]
        fn it_agrees_with_the_definition(pattern in "[ab*?]{0,8}", text in "[ab]{0,10}") {
            let pattern_chars: Vec<char> = pattern.chars().collect();
            let text_chars: Vec<char> = text.chars().collect();
            prop_assert_eq!(matches(&pattern, &text), slow(&pattern_chars, &text_chars));
        }
    }
}
