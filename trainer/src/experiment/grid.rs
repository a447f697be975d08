//! From the lists of a plan to cells, each once, without those that make no sense.

use super::cell::{Cell, Config, Recipe, Scenario, Several, loss_name};
use super::plan::{ExperimentPlan, Part};
use crate::loss::Loss;
use crate::training;

/// A data set as the grid sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetName {
    /// Its name.
    pub name: String,
    /// Whether it has UCS labels.
    pub ucs: bool,
}

/// All cells of a plan.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Grid {
    /// In the order in which they are computed: references, then part by part, seed by seed.
    pub cells: Vec<Cell>,
    /// Combinations that are not computed.
    pub left_out: Vec<LeftOut>,
}

/// Combinations of a plan's lists that make no sense.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct LeftOut {
    /// How many.
    pub cells: usize,
    /// Which, and why.
    pub reason: String,
}

/// Expands a plan for these data sets.
///
/// # Errors
/// A sentence for a name that no data set has.
pub fn expand(plan: &ExperimentPlan, sets: &[SetName]) -> Result<Grid, String> {
    let mut grid = Grid::default();
    let mut seeds: Vec<u64> = Vec::new();
    for seed in plan.grid.iter().flat_map(|part| &part.seeds) {
        if !seeds.contains(seed) {
            seeds.push(*seed);
        }
    }
    for seed in seeds {
        for reference in &plan.references {
            let model = reference.file_name().unwrap_or_default().to_string_lossy().into_owned();
            grid.add(Cell { config: Config::Reference { model }, data_set: None, seed });
        }
    }
    for part in &plan.grid {
        expand_part(plan, part, sets, &mut grid)?;
    }
    Ok(grid)
}

/// The plan of a cell's training, without its data sets, which are opened in another way.
pub fn training_plan(plan: &ExperimentPlan, cell: &Cell) -> Option<training::Plan> {
    let Recipe { loss, several, .. } = cell.config.recipe()?;
    let mut training = plan.training.clone();
    (training.loss, training.seed) = (*loss, cell.seed);
    if let Some(several) = several {
        training.sampling.mixing = several.mixing;
        training.focal_gamma = several.focal_gamma;
        training.model.normalisation = several.normalisation;
    }
    Some(training)
}

impl Grid {
    fn add(&mut self, cell: Cell) {
        if !self.cells.contains(&cell) {
            self.cells.push(cell);
        }
    }

    fn leave_out(&mut self, cells: usize, reason: String) {
        match self.left_out.iter_mut().find(|it| it.reason == reason) {
            Some(known) => known.cells += cells,
            None if cells > 0 => self.left_out.push(LeftOut { cells, reason }),
            None => {}
        }
    }
}

fn expand_part(plan: &ExperimentPlan, part: &Part, sets: &[SetName], grid: &mut Grid) -> Result<(), String> {
    let within: Vec<&SetName> = match &part.data_sets {
        None => sets.iter().collect(),
        Some(names) => names
            .iter()
            .map(|name| {
                let known = || sets.iter().map(|set| set.name.as_str()).collect::<Vec<_>>().join(", ");
                let found = sets.iter().find(|set| set.name == *name);
                found.ok_or_else(|| {
                    format!("grid.data_sets: there is no data set '{name}'; there are {}", known())
                })
            })
            .collect::<Result<_, String>>()?,
    };
    let mut losses: Vec<Loss> = Vec::new();
    for entry in &part.losses {
        let loss = entry.loss()?;
        if !losses.contains(&loss) {
            losses.push(loss);
        }
    }
    for &seed in &part.seeds {
        for &scenario in &part.scenarios {
            for &loss in &losses {
                let of = Of { plan, part, scenario, loss, seed };
                match scenario {
                    Scenario::Within => of.within(&within, grid),
                    Scenario::UcsTransfer | Scenario::Cross => of.several(sets, grid),
                }
            }
        }
    }
    Ok(())
}

/// The cells of a scenario, loss and seed.
struct Of<'a> {
    plan: &'a ExperimentPlan,
    part: &'a Part,
    scenario: Scenario,
    loss: Loss,
    seed: u64,
}

impl Of<'_> {
    fn within(&self, sets: &[&SetName], grid: &mut Grid) {
        for set in sets {
            self.add(None, Some(set.name.clone()), grid);
        }
        let same = (self.combinations().len() - 1) * sets.len();
        grid.leave_out(same, "within: mixing, FDR and BN per data set need several data sets".into());
    }

    fn several(&self, sets: &[SetName], grid: &mut Grid) {
        let combinations = self.combinations();
        let ucs = sets.iter().filter(|set| set.ucs).count();
        let (trained, why_not) = match self.scenario {
            Scenario::Cross if sets.len() < 2 => (0, "there is one data set alone"),
            Scenario::UcsTransfer if ucs == 0 => (0, "no data set has UCS labels; name some with `ucs`"),
            Scenario::UcsTransfer if ucs == sets.len() => {
                (0, "all data sets have UCS labels: none is left to judge by")
            }
            Scenario::UcsTransfer => (ucs, ""),
            _ => (sets.len(), ""),
        };
        if trained == 0 {
            return grid.leave_out(combinations.len(), format!("{}: {why_not}", self.scenario));
        }
        if trained == 1 {
            self.add(None, None, grid);
            let reason = format!(
                "{}: mixing, FDR and BN per data set need several data sets to train on",
                self.scenario
            );
            return grid.leave_out(combinations.len() - 1, reason);
        }
        for several in combinations {
            if several.focal_gamma > 0.0 && self.plan.training.validation_share == 0.0 {
                let reason =
                    format!("{}: FDR weighs by validation, and validation_share is 0", self.scenario);
                grid.leave_out(1, reason);
                continue;
            }
            self.add(Some(several), None, grid);
        }
    }

    fn add(&self, several: Option<Several>, data_set: Option<String>, grid: &mut Grid) {
        let recipe = Recipe { scenario: self.scenario, loss: self.loss, several };
        let cell = Cell { config: Config::Trained(recipe), data_set, seed: self.seed };
        match training_plan(self.plan, &cell).map(|training| training.check()) {
            Some(Err(error)) => {
                grid.leave_out(1, format!("{}: {}: {error}", self.scenario, loss_name(&self.loss)));
            }
            _ => grid.add(cell),
        }
    }

    fn combinations(&self) -> Vec<Several> {
        let Part { mixings, focal_gammas, normalisations, .. } = self.part;
        let mut all = Vec::new();
        for &mixing in mixings {
            for &focal_gamma in focal_gammas {
                for &normalisation in normalisations {
                    let several = Several { mixing, focal_gamma, normalisation };
                    if !all.contains(&several) {
                        all.push(several);
                    }
                }
            }
        }
        all
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::experiment::plan::LossEntry;

    fn plan(text: &str) -> ExperimentPlan {
        let plan: ExperimentPlan =
            toml::from_str(&format!("data = [\"a\"]\nreferences = [\"mfcc\"]\n{text}")).unwrap();
        plan.check().unwrap();
        plan
    }

    fn sets(ucs: &[bool]) -> Vec<SetName> {
        let name = |(at, &ucs): (usize, &bool)| SetName { name: format!("set{at}"), ucs };
        ucs.iter().enumerate().map(name).collect()
    }

    fn count(grid: &Grid, scenario: Scenario) -> usize {
        grid.cells.iter().filter(|cell| cell.config.scenario() == Some(scenario)).count()
    }

    const FULL: &str = "[[grid]]\nlosses = [\"cross-entropy\", \"contrastive\"]\nmixings = [\"joint\", \"sequential\"]\n\
                        focal_gammas = [0, 2]\nnormalisations = [\"shared\", \"per-data-set\"]\nseeds = [1, 2, 3]\n";

    #[test]
    fn every_combination_is_a_cell_once_and_within_varies_loss_set_and_seed_alone() {
        let grid = expand(&plan(FULL), &sets(&[true, true, false])).unwrap();
        assert_eq!(count(&grid, Scenario::Within), 2 * 3 * 3);
        assert_eq!(count(&grid, Scenario::Cross), 2 * 8 * 3);
        assert_eq!(count(&grid, Scenario::UcsTransfer), 2 * 8 * 3);
        assert_eq!(grid.cells.len(), 18 + 48 + 48 + 3, "and the reference for each seed");
        let left_out: Vec<usize> = grid.left_out.iter().map(|it| it.cells).collect();
        assert_eq!(left_out, [2 * 7 * 3 * 3]);
        for (at, cell) in grid.cells.iter().enumerate() {
            assert!(!grid.cells[..at].contains(cell), "twice: {cell}");
        }
    }

    #[test]
    fn parts_share_their_common_cells() {
        let both = plan(&format!("{FULL}[[grid]]\nscenarios = [\"cross\"]\nseeds = [1, 4]\n"));
        let (one, two) = (expand(&plan(FULL), &sets(&[false; 2])), expand(&both, &sets(&[false; 2])));
        let added = two.unwrap().cells.len() - one.unwrap().cells.len();
        assert_eq!(added, 2, "cross-entropy with seed 4, and the reference with it");
    }

    #[test]
    fn what_makes_no_sense_is_left_out_with_a_word() {
        let reasons = |plan: &ExperimentPlan, ucs: &[bool]| {
            let grid = expand(plan, &sets(ucs)).unwrap();
            grid.left_out
                .iter()
                .map(|it| format!("{} {}", it.cells, it.reason))
                .collect::<Vec<_>>()
                .join("\n")
        };
        let alone = reasons(&plan(FULL), &[true]);
        assert!(alone.contains("48 cross: there is one data set alone"), "{alone}");
        assert!(alone.contains("48 ucs-transfer: all data sets have UCS labels"), "{alone}");
        assert!(reasons(&plan(FULL), &[false; 2]).contains("48 ucs-transfer: no data set has UCS labels"));
        let one = reasons(&plan(FULL), &[true, false]);
        assert!(one.contains("42 ucs-transfer: mixing, FDR and BN per data set need several"), "{one}");
        let blind = plan(&format!("{FULL}[training]\nvalidation_share = 0.0\n"));
        assert!(reasons(&blind, &[false; 2]).contains("24 cross: FDR weighs by validation"));
        let mixed = plan(&format!("{FULL}[training.augmentation]\nmixup_alpha = 0.2\n"));
        assert!(reasons(&mixed, &[false; 2]).contains("cross: contrastive: augmentation.mixup_alpha"));
    }

    #[test]
    fn names_and_numbers_that_are_not_there_are_told() {
        let unknown = plan("[[grid]]\ndata_sets = [\"nowhere\"]\n");
        assert!(expand(&unknown, &sets(&[false])).unwrap_err().contains("there are set0"));
        let refused = |text: &str| {
            let plan: ExperimentPlan = toml::from_str(&format!("data = [\"a\"]\n{text}")).unwrap();
            plan.check().unwrap_err().to_string()
        };
        assert!(refused("[[grid]]\nlosses = [\"magic\"]").contains("no loss 'magic'; choose cross-entropy"));
        assert!(refused("[[grid]]\nlosses = [\"none\"]").contains("teacher alone"));
        assert!(refused("[[grid]]\nseeds = []").contains("grid.seeds is empty"));
        assert!(refused("[training]\nseed = 7").contains("training.seed is what the grid varies"));
        assert!(refused("test_share = 0.95").contains("test_share"));
        let table = "data = [\"a\"]\n[[grid]]\nlosses = [{ kind = \"contrastive\", margn = 1.0 }]";
        let error = toml::from_str::<ExperimentPlan>(table).unwrap_err().to_string();
        assert!(error.contains("margn"), "{error}");
        let table = LossEntry::Table(Loss::Contrastive { margin: -1.0 });
        assert!(table.loss().unwrap_err().contains("margin"));
    }
}
