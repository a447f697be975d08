//! Plans as files: TOML, one `[[sound]]` table a sound, to be read and edited by people.
//!
//! Texts are quoted so that every name survives, whatever it holds: control characters and those that turn the
//! direction of writing around are spelt out, and a path that is no Unicode text has its bytes in hexadecimal digits
//! beside it.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::fields::{Field, Fields};
use crate::names::is_unseen;
use crate::paths::{hex_of, path_of_hex};
use crate::plan::{Entry, FileState, Plan};

/// Newest form of plans that is read, and the one that is written.
const VERSION: u32 = 1;
/// A plan larger than this is refused; a sound takes about 300 bytes.
const MAX_BYTES: u64 = 512 << 20;

/// Why a plan could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    /// The file could not be read or written.
    #[error("{}: cannot {action} the plan: {source}", path.display())]
    Io {
        /// The plan.
        path: PathBuf,
        /// What was tried.
        action: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// The file is no plan.
    #[error("{}: is no plan: {reason}", path.display())]
    NoPlan {
        /// The file.
        path: PathBuf,
        /// Why, with the line.
        reason: String,
    },
    /// A newer program wrote it.
    #[error("{}: is a plan of version {found}; this program reads up to {VERSION}, so update it", path.display())]
    Version {
        /// The plan.
        path: PathBuf,
        /// Its version.
        found: u32,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PlanTable {
    earmark_plan: u32,
    #[serde(default)]
    made: String,
    #[serde(default)]
    about: String,
    #[serde(default)]
    sound: Vec<SoundTable>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SoundTable {
    path: String,
    path_hex: Option<String>,
    name: Option<String>,
    cat_id: Option<String>,
    fx_name: Option<String>,
    creator_id: Option<String>,
    source_id: Option<String>,
    user_category: Option<String>,
    vendor_category: Option<String>,
    user_data: Option<String>,
    keywords: Option<String>,
    description: Option<String>,
    #[serde(default)]
    from: String,
    problem: Option<String>,
    size: u64,
    modified_ns: i64,
    hash: Option<String>,
}

impl Plan {
    /// Reads a plan.
    ///
    /// # Errors
    /// [`PlanError`], with the line where the text is no plan.
    pub fn load(path: &Path) -> Result<Self, PlanError> {
        let failed = |source| PlanError::Io { path: path.into(), action: "read", source };
        let mut text = String::new();
        File::open(path).map_err(failed)?.take(MAX_BYTES + 1).read_to_string(&mut text).map_err(failed)?;
        if text.len() as u64 > MAX_BYTES {
            return Err(failed(io::Error::other("it is larger than 512 MiB; split it")));
        }
        Self::from_toml(&text).map_err(|fault| match fault {
            Fault::Text(reason) => PlanError::NoPlan { path: path.into(), reason },
            Fault::Version(found) => PlanError::Version { path: path.into(), found },
        })
    }

    /// Writes a plan, in place of what has that name.
    ///
    /// # Errors
    /// [`PlanError::Io`].
    pub fn save(&self, path: &Path) -> Result<(), PlanError> {
        let failed = |source| PlanError::Io { path: path.into(), action: "write", source };
        std::fs::write(path, self.to_toml()).map_err(failed)
    }

    /// The plan as it stands in its file.
    pub fn to_toml(&self) -> String {
        let mut text = String::with_capacity(512 + 400 * self.entries.len());
        text.push_str(HEAD);
        let _ = writeln!(text, "earmark_plan = {VERSION}");
        pair(&mut text, "made", &self.made);
        pair(&mut text, "about", &self.about);
        for entry in &self.entries {
            write_entry(&mut text, entry);
        }
        text
    }

    fn from_toml(text: &str) -> Result<Self, Fault> {
        // The version comes first: a newer form may have keys that are unknown here.
        #[derive(Deserialize)]
        struct Head {
            earmark_plan: u32,
        }
        let table: PlanTable = match toml::from_str(text) {
            Ok(table) => table,
            Err(error) => match toml::from_str::<Head>(text) {
                Ok(head) if head.earmark_plan > VERSION => return Err(Fault::Version(head.earmark_plan)),
                _ => return Err(Fault::Text(error.to_string().trim_end().to_owned())),
            },
        };
        if table.earmark_plan > VERSION {
            return Err(Fault::Version(table.earmark_plan));
        }
        let entries = table.sound.into_iter().map(SoundTable::entry).collect::<Result<_, _>>()?;
        Ok(Self { made: table.made, about: table.about, entries })
    }
}

enum Fault {
    Text(String),
    Version(u32),
}

impl SoundTable {
    fn entry(self) -> Result<Entry, Fault> {
        let bad =
            |what: &str, path: &str| Fault::Text(format!("{what} of {path:?} is no hexadecimal number"));
        let path = match &self.path_hex {
            None => PathBuf::from(&self.path),
            Some(hex) => path_of_hex(hex, &self.path).ok_or_else(|| bad("path_hex", &self.path))?,
        };
        let hash = match &self.hash {
            None => None,
            Some(hex) => Some(u128::from_str_radix(hex, 16).map_err(|_| bad("hash", &self.path))?),
        };
        let mut fields = Fields::default();
        let values = [
            (Field::CatId, self.cat_id),
            (Field::FxName, self.fx_name),
            (Field::CreatorId, self.creator_id),
            (Field::SourceId, self.source_id),
            (Field::UserCategory, self.user_category),
            (Field::VendorCategory, self.vendor_category),
            (Field::UserData, self.user_data),
            (Field::Keywords, self.keywords),
            (Field::Description, self.description),
        ];
        for (field, value) in values {
            fields.set(field, value);
        }
        Ok(Entry {
            path: std::path::absolute(&path).unwrap_or(path),
            name: self.name.filter(|name| !name.is_empty()),
            fields,
            state: FileState { size: self.size, modified_ns: self.modified_ns, hash },
            from: self.from,
            problem: self.problem,
        })
    }
}

const HEAD: &str = "\
# A plan of earmark. Nothing has been changed yet. Change names and fields as you like, delete what you do not want;
# then `earmark rename --apply` or `earmark write --apply` with this file carries it out, and `earmark undo` takes it
# back. `size`, `modified_ns` and `hash` tell whether a file is still the one that was looked at: leave them.
";

fn write_entry(text: &mut String, entry: &Entry) {
    text.push_str("\n[[sound]]\n");
    pair(text, "path", &entry.path.to_string_lossy());
    if entry.path.to_str().is_none() {
        pair(text, "path_hex", &hex_of(&entry.path));
    }
    if let Some(name) = &entry.name {
        pair(text, "name", name);
    }
    for field in Field::ALL {
        if let Some(value) = entry.fields.get(field) {
            pair(text, field.key(), value);
        }
    }
    if !entry.from.is_empty() {
        pair(text, "from", &entry.from);
    }
    if let Some(problem) = &entry.problem {
        pair(text, "problem", problem);
    }
    let _ = writeln!(text, "size = {}", entry.state.size);
    let _ = writeln!(text, "modified_ns = {}", entry.state.modified_ns);
    if let Some(hash) = entry.state.hash {
        let _ = writeln!(text, "hash = \"{hash:032x}\"");
    }
}

fn pair(text: &mut String, key: &str, value: &str) {
    let _ = write!(text, "{key} = \"");
    for character in value.chars() {
        match character {
            '"' => text.push_str("\\\""),
            '\\' => text.push_str("\\\\"),
            '\n' => text.push_str("\\n"),
            '\t' => text.push_str("\\t"),
            '\r' => text.push_str("\\r"),
            character if is_unseen(character) => {
                let _ = write!(text, "\\u{:04X}", u32::from(character));
            }
            character => text.push(character),
        }
    }
    text.push_str("\"\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(path: PathBuf, name: &str) -> Entry {
        Entry {
            path,
            name: Some(name.to_owned()),
            fields: Fields { fx_name: Some("a \"b\" \\ c\n\u{202e}d".into()), ..Fields::default() },
            state: FileState { size: 7, modified_ns: -3, hash: Some(u128::MAX - 5) },
            from: "x\u{7f}".into(),
            problem: None,
        }
    }

    #[test]
    fn a_plan_comes_back_as_it_was_whatever_its_names_hold() {
        let mut entries = vec![
            entry("/a/new\nline \"quoted\" \u{5d0}\u{202e}txt.wav".into(), "b.wav"),
            entry(format!("/a/{}.wav", "\u{e9}".repeat(125)).into(), &"x".repeat(255)),
            entry("/a/'''\"\"\"#=[]{}\t\u{0}\u{1b}[31m".into(), "\\u0041 $(x) `y`.wav"),
        ];
        #[cfg(unix)]
        {
            use std::os::unix::ffi::OsStringExt;
            let path = std::ffi::OsString::from_vec(b"/a/\xff\xfe\xed\xa0\x80 x.wav".to_vec());
            entries.push(entry(path.into(), "c.wav"));
        }
        let plan = Plan { made: "m".into(), about: "=cmd|' /C calc'!A0".into(), entries };
        let text = plan.to_toml();
        assert!(!text.contains('\u{202e}') && !text.contains('\u{1b}'), "{text}");
        let read = Plan::from_toml(&text).unwrap_or_else(|_| panic!("{text}"));
        assert_eq!(read, plan);
    }

    #[test]
    fn what_is_no_plan_is_told_with_its_line() {
        let fault = |text: &str| match Plan::from_toml(text) {
            Err(Fault::Text(reason)) => reason,
            Err(Fault::Version(found)) => format!("version {found}"),
            Ok(plan) => panic!("{plan:?}"),
        };
        let typo = "earmark_plan = 1\n[[sound]]\npath = \"/a\"\nsize = 1\nmodified_ns = 1\nfxname = \"x\"\n";
        assert!(fault(typo).contains("fxname") && fault(typo).contains("line 6"), "{}", fault(typo));
        assert!(fault("x = [").contains("line 1"));
        assert_eq!(fault("earmark_plan = 2\nnews = true\n"), "version 2");
    }
}
