//! Arguments of the commands about labels.

use std::path::PathBuf;

use clap::{Args, ValueEnum, ValueHint};

use super::{ChoiceArgs, FormatArgs};

/// Suggest UCS categories for the sounds of a library, with shares and evidence.
///
/// From the index alone: no sound is read, nothing is changed. A sound is compared with those that have a label in the
/// library and with the model's starter bank, and the words of its path and metadata are looked up among the UCS keywords
/// in 21 languages. Its own label does not count, so labelled sounds can be checked, too. A share says how often such a
/// suggestion is right; where none reaches --least, there is no suggestion.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  earmark tag --unlabelled                        what has no CatID yet
  earmark tag --filter 'Foley/ -DOOR*' --least 60 only what is likelier than 60 %
  earmark tag --unlabelled --csv > tags.csv       a table for a spreadsheet or a sound database
  earmark tag --csv --separator tab > tags.txt    the same as tab-delimited text
  earmark index --labels tags.csv                 take the (edited) table as labels of this library
  earmark tag --taxonomy map.csv                  trust a map of folders made by `earmark map-taxonomy`

The CSV has a row a sound that gets a suggestion. FilePath, Filename, CatID, Category, SubCategory and CategoryFull are \
called as UCS and Soundminer call their fields; databases that import tables (Soundminer, BaseHead, Soundly) take them by \
these headings or let you match columns with fields. Share, CurrentCatID, Alternatives and Evidence follow, for people. No \
column is there that could empty a field of the database. To be independent of imports, `earmark write` puts the fields \
into the files, where all three read them.")]
pub(crate) struct TagArgs {
    /// Only sounds that have no label.
    #[arg(long)]
    pub unlabelled: bool,
    /// What suggestions rest on.
    #[arg(long, value_enum, default_value_t = By::Both)]
    pub by: By,
    /// Leave out suggestions with a smaller share, percent.
    #[arg(long, value_name = "PERCENT", default_value_t = 30.0, value_parser = percent)]
    pub least: f32,
    /// Suggestions of a sound at most.
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u16).range(1..=50))]
    pub most: u16,
    /// A map made by `earmark map-taxonomy`, to be trusted as far as it is confident.
    #[arg(long, value_name = "CSV", value_hint = ValueHint::FilePath)]
    pub taxonomy: Option<PathBuf>,
    /// The table of files and labels that the map was made of, if it was not made of folders.
    #[arg(long, value_name = "CSV", requires = "taxonomy", value_hint = ValueHint::FilePath)]
    pub taxonomy_files: Option<PathBuf>,
    /// Go by the library's own labels only, without the starter bank.
    #[arg(long)]
    pub no_bank: bool,
    #[command(flatten)]
    pub choice: ChoiceArgs,
    #[command(flatten)]
    pub format: FormatArgs,
    /// With --csv: what parts the columns.
    #[arg(long, value_enum, requires = "csv", default_value_t = Separator::Comma)]
    pub separator: Separator,
}

/// What parts the columns of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Separator {
    /// As most programs write it.
    Comma,
    /// As spreadsheets want it where numbers have commas.
    Semicolon,
    /// Tab-delimited text.
    Tab,
}

/// What suggestions rest on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum By {
    /// What they sound like and what is written.
    Both,
    /// What they sound like.
    Audio,
    /// What is written in their paths and metadata.
    Words,
}

/// Find what is likely wrong with the labels of a library, most rewarding first.
///
/// Labels that the sound contradicts (confident learning, Northcutt et al. 2021), CatIDs that are not in the list or of an
/// older version of UCS, sounds as good as the same with different labels, categories that one vendor uses otherwise than
/// the rest. From the index alone; with --listen every file is decoded, too, to find silence, clipping, DC offset, dual
/// mono, wrong channel order and truncation. A report: nothing is changed.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  earmark audit                                   in the default library
  earmark audit --filter 'DOOR*' -n 20            the twenty most rewarding among the doors
  earmark audit --kind contradicted --csv > doubts.csv
  earmark audit --listen --kind clipped --kind silent

The gain is the expected number of labels or files put right by looking at a finding.")]
pub(crate) struct AuditArgs {
    /// Decode every file, too: silence, clipping, DC offset, dual mono, channel order, truncation. As long as it takes.
    #[arg(long)]
    pub listen: bool,
    /// Only findings of this kind; may be given several times.
    #[arg(long, value_name = "KIND", value_enum)]
    pub kind: Vec<Kind>,
    /// Findings at most [default: 50 in the table, else all].
    #[arg(short = 'n', long, value_name = "N")]
    pub limit: Option<usize>,
    #[command(flatten)]
    pub choice: ChoiceArgs,
    #[command(flatten)]
    pub format: FormatArgs,
}

/// Kinds of findings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "snake_case")]
pub(crate) enum Kind {
    Contradicted,
    Inconsistent,
    UnknownCatId,
    OldCatId,
    TwinsDisagree,
    Silent,
    Clipped,
    DcOffset,
    DualMono,
    ChannelOrder,
    Truncated,
    Unreadable,
}

/// Learn what the folders or labels of another taxonomy are in UCS, as a table to be edited.
///
/// Each label is judged by its sounds and by its words; sounds that have a CatID count for certain. The table has a row a
/// label and category with confidence, reasons and examples. Edit it: other CatIDs, a confidence of 1 where you are sure,
/// an empty CatID where it should be left open. `earmark tag --taxonomy` then trusts it.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  earmark map-taxonomy -o map.csv                 the folders of the default library
  earmark map-taxonomy --files vendor.csv -o map.csv
                                                  labels of a table: columns Filename (or FilePath) and Label
  earmark tag --unlabelled --taxonomy map.csv     after editing")]
pub(crate) struct MapTaxonomyArgs {
    /// Table of files and labels, instead of folders: a column Filename or FilePath, and one Label, Class or Category.
    #[arg(long, value_name = "CSV", value_hint = ValueHint::FilePath)]
    pub files: Option<PathBuf>,
    /// Write the table to this file, which must not exist yet.
    #[arg(short, long, value_name = "CSV", value_hint = ValueHint::FilePath)]
    pub output: Option<PathBuf>,
    /// Go by the library's own labels and words only, without the starter bank.
    #[arg(long)]
    pub no_bank: bool,
    #[command(flatten)]
    pub choice: ChoiceArgs,
    #[command(flatten)]
    pub format: FormatArgs,
}

fn percent(text: &str) -> Result<f32, String> {
    let number = text.trim().trim_end_matches('%').trim().parse::<f32>().ok();
    number
        .filter(|percent| (0.0..=100.0).contains(percent))
        .ok_or_else(|| format!("\"{text}\" is no share; 0 to 100 percent are expected"))
}
