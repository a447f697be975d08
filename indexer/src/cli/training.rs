//! The arguments of `train`.

use std::path::PathBuf;

use clap::{Args, ValueEnum, ValueHint};
use earmark_trainer::loss::Loss;
use earmark_trainer::network::{Normalisation, Pooling};
use earmark_trainer::sampling::{Imbalance, Mixing, Recordings};
use earmark_trainer::training::{DeviceChoice, Learnt};

/// Train a network of your own on labelled sounds.
///
/// A data set is a folder with a folder a class, with a labels.csv, or a UCS-named library; each has its own taxonomy.
/// What comes out is a folder that --model of the other commands takes. A plan (TOML) says everything; flags say it
/// without one, or change it. Stop it at any time: the same command goes on.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  earmark train --data ~/Sounds/foley --data ~/Sounds/games -o models/mine
  earmark train plan.toml -o models/mine --seed 2
  earmark train --data sets/a --unlabelled ~/Sounds --teacher aisfx -o models/small
  earmark train --data sets/a --network cnn9 --init aisfx -o models/tuned
  earmark index ~/Sounds --model models/mine

models/mine/plan.toml records the whole plan, metrics.jsonl what became of each epoch.")]
pub(crate) struct TrainArgs {
    /// Plan of the run; flags given beside it take precedence.
    #[arg(value_name = "PLAN", value_hint = ValueHint::FilePath)]
    pub plan: Option<PathBuf>,
    /// Folder of the model; a run that was stopped there goes on.
    #[arg(short, long, value_name = "DIR", required_unless_present = "list_devices", value_hint = ValueHint::DirPath)]
    pub output: Option<PathBuf>,
    /// Labelled data set; may be given several times.
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub data: Vec<PathBuf>,
    /// Folder of sounds without labels, for --pretrain and --teacher; may be given several times.
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub unlabelled: Vec<PathBuf>,
    /// Network: compact (0.16 GMAC a frame), light (0.08), cnn9 (1.9) or tiny.
    #[arg(long, value_name = "NAME")]
    pub network: Option<String>,
    /// Model to begin with: a name or a folder; its network must be the same.
    #[arg(long, value_name = "MODEL")]
    pub init: Option<PathBuf>,
    /// Which part of the network is learnt, with --init.
    #[arg(long, value_enum)]
    pub learn: Option<LearntArg>,
    /// Which images of the network make its features.
    #[arg(long, value_enum)]
    pub pooling: Option<PoolingArg>,
    /// Model to learn from: a name or a folder.
    #[arg(long, value_name = "MODEL")]
    pub teacher: Option<PathBuf>,
    /// Epochs without labels before the others.
    #[arg(long, value_name = "EPOCHS")]
    pub pretrain: Option<usize>,
    /// Loss.
    #[arg(long, value_name = "LOSS", value_parser = clap::builder::PossibleValuesParser::new(Loss::NAMES))]
    pub loss: Option<String>,
    /// How data sets share an epoch.
    #[arg(long, value_enum)]
    pub mixing: Option<MixingArg>,
    /// How likely the classes of a data set are.
    #[arg(long, value_enum)]
    pub imbalance: Option<ImbalanceArg>,
    /// What a recording (takes and cuts that a data set calls one group) gives to a batch.
    #[arg(long, value_enum)]
    pub recordings: Option<RecordingsArg>,
    /// Statistics of batch normalisation.
    #[arg(long, value_enum)]
    pub normalisation: Option<NormalisationArg>,
    /// Library on which the statistics of the model are re-estimated, with --normalisation per-data-set.
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub estimate_on: Option<PathBuf>,
    /// Exponent of focal data-set regularisation.
    #[arg(long, value_name = "GAMMA")]
    pub focal_gamma: Option<f64>,
    /// Passes over all data.
    #[arg(long, value_name = "N")]
    pub epochs: Option<usize>,
    /// Highest learning rate.
    #[arg(long, value_name = "RATE")]
    pub learning_rate: Option<f64>,
    /// The same seed gives the same model on a CPU.
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// Name in the model's card [default: that of the folder].
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,
    /// Licence of the weights in the model's card, an SPDX expression.
    #[arg(long, value_name = "SPDX")]
    pub licence: Option<String>,
    /// Where to compute: auto, cpu, gpu or gpu:N.
    #[arg(long, value_name = "DEVICE", default_value = "auto", value_parser = parse_device)]
    pub device: DeviceChoice,
    /// Show the devices and end.
    #[arg(long)]
    pub list_devices: bool,
    /// Folder for spectrograms, which are computed once [default: the platform's folder for caches].
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub cache: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum MixingArg {
    /// One after another.
    Sequential,
    /// In every batch.
    Joint,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum ImbalanceArg {
    /// All alike.
    Balanced,
    /// By the square root of their frames.
    SquareRoot,
    /// By their frames.
    Natural,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum LearntArg {
    /// All of it.
    All,
    /// A linear layer at its end, which takes a moment: each frame is heard once.
    Projection,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum PoolingArg {
    /// The last one, as in the paper.
    Last,
    /// The last one and those before each step to a lower resolution: more to choose from for --learn projection.
    Stages,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum RecordingsArg {
    /// Any of its frames.
    Any,
    /// One frame of each class at most: what is learnt is what recordings of a class have in common.
    Once,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum NormalisationArg {
    /// One set for all data sets.
    Shared,
    /// One set for each data set.
    PerDataSet,
}

impl From<MixingArg> for Mixing {
    fn from(arg: MixingArg) -> Self {
        match arg {
            MixingArg::Sequential => Self::Sequential,
            MixingArg::Joint => Self::Joint,
        }
    }
}

impl From<ImbalanceArg> for Imbalance {
    fn from(arg: ImbalanceArg) -> Self {
        match arg {
            ImbalanceArg::Balanced => Self::Balanced,
            ImbalanceArg::SquareRoot => Self::SquareRoot,
            ImbalanceArg::Natural => Self::Natural,
        }
    }
}

impl From<LearntArg> for Learnt {
    fn from(arg: LearntArg) -> Self {
        match arg {
            LearntArg::All => Self::All,
            LearntArg::Projection => Self::Projection,
        }
    }
}

impl From<PoolingArg> for Pooling {
    fn from(arg: PoolingArg) -> Self {
        match arg {
            PoolingArg::Last => Self::Last,
            PoolingArg::Stages => Self::Stages,
        }
    }
}

impl From<RecordingsArg> for Recordings {
    fn from(arg: RecordingsArg) -> Self {
        match arg {
            RecordingsArg::Any => Self::Any,
            RecordingsArg::Once => Self::Once,
        }
    }
}

impl From<NormalisationArg> for Normalisation {
    fn from(arg: NormalisationArg) -> Self {
        match arg {
            NormalisationArg::Shared => Self::Shared,
            NormalisationArg::PerDataSet => Self::PerDataSet,
        }
    }
}

pub(super) fn parse_device(text: &str) -> Result<DeviceChoice, String> {
    text.parse()
}
