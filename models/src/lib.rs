//! The models that ship with Earmark's programs, as they lie in this folder.
//!
//! Programs hold them whole, so that they find and label sounds on a computer where nothing else was installed.

/// A model inside a program: what would lie in its folder.
#[derive(Debug)]
pub struct Shipped {
    /// Its name, as `--model` takes it.
    pub name: &'static str,
    /// The text of its card.
    pub card: &'static str,
    /// The ONNX file.
    pub onnx: &'static [u8],
    /// The starter bank.
    pub bank: &'static [u8],
}

/// aiSFX (Ma and Lerch, ISMIR 2022), which is used where no other model is asked for.
pub static AISFX: Shipped = Shipped {
    name: "aisfx",
    card: include_str!("../aisfx/card.toml"),
    onnx: include_bytes!("../aisfx/model.onnx"),
    bank: include_bytes!("../aisfx/bank.segment"),
};

/// Our own small network, distilled from aiSFX: many times faster, a little less exact.
pub static EARMARK_SMALL: Shipped = Shipped {
    name: "earmark-small",
    card: include_str!("../earmark-small/card.toml"),
    onnx: include_bytes!("../earmark-small/model.onnx"),
    bank: include_bytes!("../earmark-small/bank.segment"),
};

/// All of them, the one that is used by default first.
pub static SHIPPED: [&Shipped; 2] = [&AISFX, &EARMARK_SMALL];

/// The model of a name, if it ships.
pub fn shipped(name: &str) -> Option<&'static Shipped> {
    SHIPPED.into_iter().find(|model| model.name == name)
}

#[cfg(test)]
mod tests {
    use super::{SHIPPED, shipped};

    #[test]
    fn models_are_found_by_the_names_in_their_cards() {
        for model in SHIPPED {
            assert!(model.card.contains(&format!("\nname = \"{}\"\n", model.name)), "{}", model.name);
            assert!(shipped(model.name).is_some_and(|found| std::ptr::eq(found, model)));
        }
        assert!(shipped("nosuch").is_none());
    }
}
