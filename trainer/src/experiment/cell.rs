//! A cell of the grid: one training, or one model that is there already, and the sounds that it is judged by.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::loss::Loss;
use crate::network::Normalisation;
use crate::sampling::Mixing;

/// On what a network is trained, and on what it is judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scenario {
    /// Trained on one part of a data set, judged by the rest of it.
    Within,
    /// Trained on the data sets with UCS labels, judged by the others, which it has never heard.
    UcsTransfer,
    /// Trained on one part of all data sets together, judged by the rest of each.
    Cross,
}

/// One combination of choices, whatever it is trained on and with whatever seed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Config {
    /// A model that is there already, or `mfcc`.
    Reference {
        /// Its name.
        model: String,
    },
    /// One that is trained.
    Trained(Recipe),
}

/// How a network is trained.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Recipe {
    /// On what.
    pub scenario: Scenario,
    /// What is made small.
    pub loss: Loss,
    /// What needs several data sets; `None` within one.
    pub several: Option<Several>,
}

/// Choices that there are with several data sets alone.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Several {
    /// How they share an epoch.
    pub mixing: Mixing,
    /// Exponent of focal data-set regularisation.
    pub focal_gamma: f64,
    /// Whether they share the statistics of batch normalisation.
    pub normalisation: Normalisation,
}

/// A cell of the grid.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Cell {
    /// The choices.
    pub config: Config,
    /// The data set, within one; otherwise the scenario says them.
    pub data_set: Option<String>,
    /// Decides splits, first weights and the order of frames.
    pub seed: u64,
}

impl Scenario {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Within, Self::UcsTransfer, Self::Cross];

    /// As a plan spells it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Within => "within",
            Self::UcsTransfer => "ucs-transfer",
            Self::Cross => "cross",
        }
    }
}

impl Config {
    /// The recipe, of one that is trained.
    pub fn recipe(&self) -> Option<&Recipe> {
        match self {
            Self::Reference { .. } => None,
            Self::Trained(recipe) => Some(recipe),
        }
    }

    /// The scenario, of one that is trained.
    pub fn scenario(&self) -> Option<Scenario> {
        self.recipe().map(|recipe| recipe.scenario)
    }
}

impl fmt::Display for Scenario {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

impl fmt::Display for Several {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mixing = match self.mixing {
            Mixing::Sequential => "sequential",
            Mixing::Joint => "joint",
        };
        let normalisation = match self.normalisation {
            Normalisation::Shared => "shared BN",
            Normalisation::PerDataSet => "BN per data set",
        };
        if self.focal_gamma > 0.0 {
            return write!(formatter, "{mixing}, FDR γ = {}, {normalisation}", self.focal_gamma);
        }
        write!(formatter, "{mixing}, {normalisation}")
    }
}

impl fmt::Display for Config {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Reference { model } => formatter.write_str(model),
            Self::Trained(Recipe { scenario, loss, several }) => {
                write!(formatter, "{scenario}, {}", loss_name(loss))?;
                several.map_or(Ok(()), |several| write!(formatter, ", {several}"))
            }
        }
    }
}

impl fmt::Display for Cell {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", self.config)?;
        if let Some(data_set) = &self.data_set {
            write!(formatter, ", {data_set}")?;
        }
        write!(formatter, ", seed {}", self.seed)
    }
}

/// A loss as a plan spells it, with those of its constants that are not the default.
pub fn loss_name(loss: &Loss) -> String {
    let fields = |loss: &Loss| serde_json::to_value(loss).ok()?.as_object().cloned();
    let own = fields(loss).unwrap_or_default();
    let name = own.get("kind").and_then(|kind| kind.as_str()).unwrap_or("none").to_owned();
    let default = Loss::named(&name).as_ref().and_then(fields).unwrap_or_default();
    let changed = own.iter().filter(|(key, value)| default.get(*key) != Some(*value));
    // Constants are f32: as such they have few digits.
    let constant = |(key, value): (&String, &serde_json::Value)| {
        Some(format!("{} {}", key.replace('_', " "), value.as_f64()? as f32))
    };
    let changed: Vec<String> = changed.filter_map(constant).collect();
    if changed.is_empty() { name } else { format!("{name} ({})", changed.join(", ")) }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn cells_are_told_in_words() {
        let several = Several {
            mixing: Mixing::Sequential,
            focal_gamma: 1.5,
            normalisation: Normalisation::PerDataSet,
        };
        let loss = Loss::TripletBatchHard { margin: 0.3 };
        let recipe = Recipe { scenario: Scenario::Cross, loss, several: Some(several) };
        let cell = Cell { config: Config::Trained(recipe), data_set: None, seed: 2 };
        assert_eq!(
            cell.to_string(),
            "cross, triplet-batch-hard (margin 0.3), sequential, FDR γ = 1.5, BN per data set, seed 2"
        );
        let loss = Loss::named("multi-similarity").unwrap();
        let recipe = Recipe { scenario: Scenario::Within, loss, several: None };
        let cell = Cell { config: Config::Trained(recipe), data_set: Some("esc10".into()), seed: 1 };
        assert_eq!(cell.to_string(), "within, multi-similarity, esc10, seed 1");
        let text = serde_json::to_string(&cell).unwrap();
        assert_eq!(serde_json::from_str::<Cell>(&text).unwrap(), cell);
    }
}
