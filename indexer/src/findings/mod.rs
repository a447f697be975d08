//! The report of an experiment: [`Findings`] holds what was computed, [`page`] says it in one HTML file that asks nothing
//! of the network, [`sections`] words and tables, [`maps`] where the sounds lie, [`sounds`] how they are heard.

mod maps;
mod page;
mod sections;
mod sounds;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use earmark_trainer::experiment::pictures::{Picture, pictures};
use earmark_trainer::experiment::{
    Answer, Cell, CellRecord, Comparisons, Config, Effect, ExperimentRecord, Measure, Outcome, Results,
    answers,
};
use serde::Serialize;

use crate::error::Failure;
use crate::report::write_page;

/// What an experiment has computed so far.
pub(crate) struct Findings {
    experiment: ExperimentRecord,
    /// Cells that were computed, well or not, in the plan's order.
    records: Vec<CellRecord>,
    /// Cells that are still to do.
    to_do: Vec<Cell>,
    answers: Vec<Answer>,
    pictures: Vec<Picture>,
}

/// What all cells of a configuration come to.
#[derive(Serialize)]
pub(crate) struct Summary {
    model: String,
    data_sets: usize,
    seeds: usize,
    frame_f1: Option<Effect>,
    sound_f1: Option<Effect>,
    map_at_10: Option<Effect>,
    davies_bouldin: Option<Effect>,
}

/// The report for programs.
#[derive(Serialize)]
pub(crate) struct Brief<'a> {
    answers: &'a [Answer],
    models: Vec<Summary>,
    failed: usize,
    to_do: usize,
}

impl Findings {
    /// Reads all results.
    pub(crate) fn gather(results: &Results) -> Result<Self, Failure> {
        let experiment = results.experiment()?;
        let (mut records, mut to_do) = (Vec::new(), Vec::new());
        for (id, cell) in &experiment.cells {
            match results.cell(id)? {
                Some(record) => records.push(record),
                None => to_do.push(cell.clone()),
            }
        }
        let pictures = pictures(&experiment, &records)?;
        Ok(Self { answers: answers(&records), pictures, experiment, records, to_do })
    }

    /// The configurations of all cells that came out well, those of most data sets first, of these the best first.
    pub(crate) fn summaries(&self) -> Vec<Summary> {
        let all = Comparisons::new(&self.records);
        let summary = |config: &Config| {
            let figure = |measure| all.figure(measure, &|other: &Config| other == config, None);
            let frame_f1 = figure(Measure::FrameF1);
            Summary {
                model: config.to_string(),
                data_sets: frame_f1.map_or(0, |it| it.sets),
                seeds: frame_f1.map_or(0, |it| it.seeds),
                frame_f1,
                sound_f1: figure(Measure::SoundF1),
                map_at_10: figure(Measure::MapAt10),
                davies_bouldin: figure(Measure::DaviesBouldin),
            }
        };
        let mut summaries: Vec<Summary> = all.configs().into_iter().map(summary).collect();
        let value = |it: &Summary| it.frame_f1.map_or(0.0, |it| it.value);
        summaries.sort_by(|a, b| b.data_sets.cmp(&a.data_sets).then(value(b).total_cmp(&value(a))));
        summaries
    }

    /// The report for programs.
    pub(crate) fn brief(&self) -> Brief<'_> {
        let failed = |record: &&CellRecord| matches!(record.outcome, Outcome::Failed { .. });
        Brief {
            answers: &self.answers,
            models: self.summaries(),
            failed: self.records.iter().filter(failed).count(),
            to_do: self.to_do.len(),
        }
    }

    /// Whether no cell came out well.
    pub(crate) fn is_empty(&self) -> bool {
        self.records.iter().all(|record| matches!(record.outcome, Outcome::Failed { .. }))
    }

    /// The page, to be written to `output`; `None` when stopped.
    pub(crate) fn page(
        &self,
        output: &Path,
        embed_sounds: bool,
        stop: &AtomicBool,
    ) -> Result<Option<String>, Failure> {
        page::page(self, output, embed_sounds, stop)
    }

    /// Writes the pictures into a folder; returns their paths.
    pub(crate) fn write_pictures(&self, folder: &Path) -> Result<Vec<PathBuf>, Failure> {
        fs::create_dir_all(folder).map_err(Failure::file(folder, "make the folder"))?;
        let drawn = self.pictures.iter().filter_map(|picture| Some((picture.name, picture.svg.as_ref()?)));
        let write = |(name, svg): (&str, &String)| {
            let path = folder.join(format!("{name}.svg"));
            write_page(&path, svg).map(|()| path)
        };
        drawn.map(write).collect()
    }
}
