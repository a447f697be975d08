//! Makes words comparable: case, accents, plurals and the commonest endings.

use unicode_normalization::UnicodeNormalization;

/// Shortest stem that an ending may leave, letters.
const SHORTEST_STEM: usize = 3;

/// Lower case without accents: `Türen` becomes `turen`, `ß` `ss`; marks that are letters (か/が) stay.
pub fn fold(word: &str) -> String {
    let plain = word.nfkd().filter(|c| !('\u{300}'..='\u{36f}').contains(c)).flat_map(char::to_lowercase);
    let mut folded = String::with_capacity(word.len());
    for c in plain {
        match c {
            'ß' => folded.push_str("ss"),
            'æ' => folded.push_str("ae"),
            'œ' => folded.push_str("oe"),
            'ø' => folded.push('o'),
            'ł' => folded.push('l'),
            'đ' => folded.push('d'),
            'ı' => folded.push('i'),
            '\u{300}'..='\u{36f}' => {}
            c => folded.push(c),
        }
    }
    folded.nfc().collect()
}

/// German and Nordic umlauts as they are written without the keys for them: `Tür` gives `tuer`; `None` without any.
pub fn spelt_out(word: &str) -> Option<String> {
    let composed: String = word.nfc().flat_map(char::to_lowercase).collect();
    let spelt = composed.replace('ä', "ae").replace('ö', "oe").replace('ü', "ue").replace('å', "aa");
    (spelt != composed).then(|| fold(&spelt))
}

/// A folded word without its ending, by the language's commonest rules. No dictionary: stems need not be words, only
/// be the same for the forms of one.
pub fn stem(word: &str, language: &str) -> String {
    let endings: &[&str] = match language {
        "en" => return english(word),
        "de" => &["ern", "en", "er", "es", "em", "e", "n", "s"],
        "nl" => &["en", "es", "s", "e"],
        "sv" | "da" | "no" => &[
            "arna", "erna", "orna", "erne", "ene", "ens", "ets", "en", "et", "er", "ar", "or", "a", "e", "n",
            "s",
        ],
        "fr" => &["aux", "es", "e", "s", "x"],
        "es" | "pt" | "pt-br" | "it" => &["es", "os", "as", "o", "a", "e", "i", "s"],
        "pl" => &["ami", "owy", "owe", "ow", "ach", "y", "i", "a", "e", "u", "o"],
        "ru" | "ua" => &[
            "ами", "ями", "ого", "ыи", "ии", "ов", "ев", "еи", "ом", "ем", "ах", "ях", "ая", "ое", "ые", "ы",
            "и", "і", "а", "я", "у", "ю", "е", "о", "ь",
        ],
        "fi" => &["inen", "iset", "t", "n", "a"],
        "tr" => &["lar", "ler", "si", "i", "u"],
        "ar" => {
            return word
                .strip_prefix("ال")
                .filter(|rest| rest.chars().count() >= 2)
                .unwrap_or(word)
                .to_owned();
        }
        _ => return word.to_owned(),
    };
    let letters = word.chars().count();
    // A single consonant at the end of a short word is mostly its own: Haus, gaz.
    let shortest = |ending: &str| SHORTEST_STEM + usize::from(matches!(ending, "s" | "n" | "t" | "x"));
    let fits =
        |ending: &&&str| word.ends_with(**ending) && letters - ending.chars().count() >= shortest(ending);
    let ending = endings.iter().find(fits).map_or(0, |ending| ending.len());
    let rest = &word[..word.len() - ending];
    // In these, endings follow each other: kapı, kapı-lar; koira, koira-t.
    let more = matches!(language, "fi" | "tr") && ending > 0;
    if more { stem(rest, language) } else { single_last(rest, language == "nl") }
}

fn english(word: &str) -> String {
    if !word.is_ascii() || word.len() <= SHORTEST_STEM {
        return word.to_owned();
    }
    let has_vowel = |stem: &str| stem.contains(['a', 'e', 'i', 'o', 'u', 'y']);
    let mut stem = word;
    if let Some(rest) = word.strip_suffix("ies").filter(|rest| rest.len() >= 2) {
        return format!("{rest}i");
    }
    if word.ends_with("sses") || ["xes", "ches", "shes", "zes"].iter().any(|ending| word.ends_with(ending)) {
        stem = &word[..word.len() - 2];
    } else if word.ends_with('s') && !word.ends_with("ss") && !word.ends_with("us") && !word.ends_with("is") {
        stem = &word[..word.len() - 1];
    }
    for ending in ["ing", "ed"] {
        let rest = stem.strip_suffix(ending);
        if let Some(rest) = rest.filter(|rest| rest.len() >= SHORTEST_STEM && has_vowel(rest)) {
            stem = rest;
            break;
        }
    }
    let stem = single_last(stem, true);
    let cut =
        |end: char| stem.strip_suffix(end).filter(|rest| rest.len() >= SHORTEST_STEM).map(str::to_owned);
    cut('e').or_else(|| cut('y').map(|rest| rest + "i")).unwrap_or(stem)
}

/// `slamm` becomes `slam`; `ll`, `ss` and `zz` at a word's end are its own.
fn single_last(stem: &str, wanted: bool) -> String {
    let mut letters = stem.chars().rev();
    let doubled = matches!((letters.next(), letters.next()), (Some(a), Some(b)) if a == b);
    let own = ["ll", "ss", "zz", "ee", "oo", "aa"].iter().any(|end| stem.ends_with(end));
    let enough = stem.chars().count() > SHORTEST_STEM;
    match doubled && wanted && !own && enough && stem.is_ascii() {
        true => stem[..stem.len() - 1].to_owned(),
        false => stem.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_of_one_word_have_one_stem() {
        for (language, forms) in [
            ("en", &["door", "doors"][..]),
            ("en", &["creak", "creaks", "creaking", "creaked"]),
            ("en", &["slam", "slams", "slamming", "slammed"]),
            ("en", &["close", "closing", "closed"]),
            ("en", &["battery", "batteries"]),
            ("de", &["tür", "türen"]),
            ("de", &["haus", "häuser"]),
            ("nl", &["deur", "deuren"]),
            ("fr", &["porte", "portes"]),
            ("es", &["puerta", "puertas"]),
            ("sv", &["dörr", "dörrar"]),
            ("ru", &["дверь", "двери"]),
            ("ua", &["дзвін", "дзвіну"]),
            ("pl", &["dzwon", "dzwony", "dzwonami"]),
            ("it", &["campana", "campane"]),
            ("pt", &["porta", "portas"]),
            ("pt-br", &["cachorro", "cachorros"]),
            ("da", &["dør", "døre", "døren", "dørene"]),
            ("no", &["dør", "dører", "dørene"]),
            ("fi", &["koira", "koirat", "koiran"]),
            ("tr", &["kapı", "kapılar"]),
            ("tr", &["köpek", "köpekler", "köpekleri"]),
            ("ar", &["باب", "الباب"]),
            // The same word in narrow letters.
            ("ja", &["ﾄﾞｱ", "ドア"]),
        ] {
            let stems: Vec<String> = forms.iter().map(|form| stem(&fold(form), language)).collect();
            assert!(stems.windows(2).all(|pair| pair[0] == pair[1]), "{language}: {stems:?}");
        }
        assert_ne!(stem("bath", "en"), stem("bathroom", "en"));
        assert_eq!(stem("string", "en"), "string");
        assert_eq!(stem("glass", "en"), "glass");
        assert_eq!(spelt_out("Tür").as_deref(), Some("tuer"));
        assert_eq!(spelt_out("Tor"), None);
        assert_eq!(fold("ŁÓDŹ Straße が"), "lodz strasse が");
    }
}
