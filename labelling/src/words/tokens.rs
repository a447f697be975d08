//! Takes names apart: `DOORCreak_OldBarn-02 (slow)` into `DOOR`, `Creak`, `Old`, `Barn`, `02`, `slow`.

/// A word as it stands in a text, with what it is compared by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// As it stands there.
    pub text: String,
    /// Folded: see [`fold`](super::folding::fold).
    pub folded: String,
    /// Whether a sign or a blank parts it from the word before; false within `DoorCreak`.
    pub begins: bool,
}

/// Longest text that is taken apart, bytes; descriptions longer than this are rare and say everything earlier.
const MAX_BYTES: usize = 4096;

/// The words of a text.
pub fn tokens(text: &str) -> Vec<Token> {
    let text = &text[..text.floor_char_boundary(MAX_BYTES)];
    let mut found = Vec::new();
    for part in text.split(|c: char| !c.is_alphanumeric() && !is_mark(c)).filter(|part| !part.is_empty()) {
        let mut begins = true;
        for word in humps(part) {
            found.push(Token { text: word.to_owned(), folded: super::folding::fold(word), begins });
            begins = false;
        }
    }
    found
}

/// Marks that belong to the letter before: decomposed umlauts of file names from a Mac, Arabic and Indic signs.
fn is_mark(c: char) -> bool {
    unicode_normalization::char::is_combining_mark(c)
}

/// `DoorCreak02` into `Door`, `Creak`, `02`; `UIClick` into `UI`, `Click`; `CO2` and `M80` stay.
fn humps(part: &str) -> Vec<&str> {
    let letters: Vec<(usize, char)> = part.char_indices().collect();
    let mut words = Vec::new();
    let mut first = 0;
    for at in 1..letters.len() {
        let (before, (place, here)) = (letters[at - 1].1, letters[at]);
        let after = letters.get(at + 1).map(|letter| letter.1);
        let hump = (before.is_lowercase() && here.is_uppercase())
            || (before.is_uppercase() && here.is_uppercase() && after.is_some_and(char::is_lowercase))
            || (before.is_numeric() && here.is_alphabetic())
            || (before.is_alphabetic() && here.is_numeric() && at - first_letter(&letters, first) > 2);
        if hump {
            words.push(&part[first..place]);
            first = place;
        }
    }
    words.push(&part[first..]);
    words
}

fn first_letter(letters: &[(usize, char)], place: usize) -> usize {
    letters.partition_point(|letter| letter.0 < place)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        tokens(text).into_iter().map(|token| token.text).collect()
    }

    #[test]
    fn names_are_taken_apart_at_signs_humps_and_digits() {
        assert_eq!(words("DOORCreak_OldBarn-02 (slow)"), ["DOOR", "Creak", "Old", "Barn", "02", "slow"]);
        assert_eq!(words("UIClick"), ["UI", "Click"]);
        assert_eq!(words("footstep03b"), ["footstep", "03", "b"]);
        assert_eq!(words("CO2 M80"), ["CO2", "M80"]);
        assert_eq!(words("Türen  zu.wav"), ["Türen", "zu", "wav"]);
        assert_eq!(words("Tu\u{308}ren"), ["Tu\u{308}ren"]);
        assert_eq!(words("__--"), Vec::<String>::new());
    }
}
