//! `earmark embed`: the frames' embeddings for other tools.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use earmark_engine::network::{EmbedError, Embedder};

use crate::Ending;
use crate::cli::{EmbedArgs, EmbedFormat, Global};
use crate::error::Failure;
use crate::library::paths_from;
use crate::output;
use crate::{interrupt, model};

/// By its first bytes a file is known as one of ours: the least that headings and heads of all formats have.
const MARK: usize = 10;

pub(crate) fn run(global: &Global, args: EmbedArgs) -> Result<Ending, Failure> {
    let mut sounds = args.audio.clone();
    if let Some(list) = &args.files_from {
        sounds.extend(paths_from(list)?);
    }
    let to_stdout = args.output == Path::new("-");
    check(&args, &sounds, to_stdout)?;
    let model = model::load(Some(&args.model), None)?;
    let mut embedder = Embedder::new(&model.network)?;
    if !to_stdout {
        fs::create_dir_all(&args.output).map_err(Failure::file(&args.output, "create the folder"))?;
    }
    let interrupted = interrupt::flag();
    embedder.set_stop_flag(Arc::clone(interrupted));
    let mut failed = 0;
    for sound in &sounds {
        match embed(&args, &mut embedder, sound) {
            Ok(embedded) if to_stdout => io::stdout().lock().write_all(&embedded.encode(args.format)?)?,
            Ok(embedded) => {
                embedded.write(&args)?;
                if !global.quiet {
                    let frames = output::counted(embedded.starts_s.len(), "frame");
                    writeln!(anstream::stdout(), "{}: {frames}", output::one_line(&sound.to_string_lossy()))?;
                }
            }
            Err(Failure::Embedding(EmbedError::Stopped)) => return Ok(Ending::Interrupted),
            Err(failure @ (Failure::Audio(_) | Failure::Embedding(_))) => {
                failed += 1;
                let message = match failure {
                    Failure::Embedding(EmbedError::Model(error)) => format!("{}: {error}", sound.display()),
                    other => other.to_string(),
                };
                output::warn(&message);
            }
            Err(failure) => return Err(failure),
        }
    }
    Ok(match () {
        () if failed > 0 => Ending::Partial,
        () if sounds.is_empty() => Ending::Nothing,
        () => Ending::Found,
    })
}

fn check(args: &EmbedArgs, sounds: &[PathBuf], to_stdout: bool) -> Result<(), Failure> {
    if sounds.is_empty() && args.files_from.is_none() {
        return Err(Failure::Usage("name a sound, as in `earmark embed knock.wav`".into()));
    }
    if to_stdout && (sounds.len() != 1 || args.format == EmbedFormat::Npy || args.mel) {
        let message = "-o - takes a single sound as --format csv or json; name a folder with -o DIR";
        return Err(Failure::Usage(message.into()));
    }
    // Two sounds of one base name would overwrite each other.
    let mut bases: Vec<_> = sounds.iter().map(|sound| (sound.file_stem(), sound)).collect();
    bases.sort();
    if let Some(pair) = bases.windows(2).find(|pair| pair[0].0 == pair[1].0) {
        return Err(Failure::Usage(format!(
            "{} and {} would be written to the same file; embed them into different folders",
            pair[0].1.display(),
            pair[1].1.display()
        )));
    }
    Ok(())
}

/// A sound's frames.
struct Embedded {
    sound: PathBuf,
    starts_s: Vec<f64>,
    frame_s: f64,
    size: usize,
    /// `[frames, size]`
    embeddings: Vec<f32>,
    bands: usize,
    /// `[columns, bands]`; empty unless asked for.
    mel: Vec<f32>,
}

fn embed(args: &EmbedArgs, embedder: &mut Embedder, sound: &Path) -> Result<Embedded, Failure> {
    let card = embedder.card();
    let mut embedded = Embedded {
        sound: sound.into(),
        starts_s: Vec::new(),
        frame_s: card.frame_s(),
        size: card.embedding_size(),
        embeddings: Vec::new(),
        bands: card.front_end.mel_bands as usize,
        mel: Vec::new(),
    };
    let mut stream = args.region.open(sound, card.front_end.sample_rate_hz)?;
    // Times are those of the file, also in a region.
    let from_s = args.region.from.unwrap_or(0.0);
    let Embedded { starts_s, embeddings, mel, .. } = &mut embedded;
    let mut on_column = |column: &[f32]| {
        if args.mel {
            mel.extend_from_slice(column);
        }
    };
    let mut on_frame = |frame: earmark_engine::network::FrameEmbedding<'_>| {
        starts_s.push(from_s + frame.start_s);
        embeddings.extend_from_slice(frame.embedding);
    };
    embedder.embed_stream_with_columns(&mut stream, &mut on_column, &mut on_frame)?;
    for warning in stream.reader().warnings() {
        output::warn(&format!("{}: {warning}", sound.display()));
    }
    Ok(embedded)
}

impl Embedded {
    fn write(&self, args: &EmbedArgs) -> Result<(), Failure> {
        let base = self.sound.file_stem().unwrap_or_default();
        let file = |ending: &str| {
            let mut name = base.to_owned();
            name.push(ending);
            args.output.join(name)
        };
        match args.format {
            EmbedFormat::Npy => {
                replace(&file(".npy"), &npy(&self.embeddings, self.size))?;
                let mut times = String::from("frame,start_s,end_s\n");
                for (frame, start_s) in self.starts_s.iter().enumerate() {
                    times += &format!("{frame},{start_s:.6},{:.6}\n", start_s + self.frame_s);
                }
                replace(&file(".times.csv"), times.as_bytes())?;
            }
            EmbedFormat::Csv => replace(&file(".csv"), &self.encode(args.format)?)?,
            EmbedFormat::Json => replace(&file(".json"), &self.encode(args.format)?)?,
        }
        if args.mel {
            replace(&file(".mel.npy"), &npy(&self.mel, self.bands))?;
        }
        Ok(())
    }

    fn encode(&self, format: EmbedFormat) -> Result<Vec<u8>, Failure> {
        let frames = self.starts_s.iter().zip(self.embeddings.chunks_exact(self.size));
        Ok(match format {
            EmbedFormat::Npy => npy(&self.embeddings, self.size),
            EmbedFormat::Csv => {
                let names: Vec<String> = (0..self.size).map(|at| format!("e{at}")).collect();
                let mut text = format!("start_s,{}\n", names.join(","));
                for (start_s, embedding) in frames {
                    let values: Vec<String> = embedding.iter().map(f32::to_string).collect();
                    text += &format!("{start_s:.6},{}\n", values.join(","));
                }
                text.into_bytes()
            }
            EmbedFormat::Json => {
                let frames: Vec<_> = frames
                    .map(|(start_s, embedding)| serde_json::json!({ "start_s": start_s, "embedding": embedding }))
                    .collect();
                let value = serde_json::json!({
                    "sound": self.sound.to_string_lossy(),
                    "frame_s": self.frame_s,
                    "embedding_size": self.size,
                    "frames": frames,
                });
                let mut bytes = serde_json::to_vec(&value)?;
                bytes.push(b'\n');
                bytes
            }
        })
    }
}

/// A float32 array `[rows, columns]` in NumPy's format, version 1.0.
///
/// Source: NEP 1, "A Simple File Format for NumPy Arrays".
fn npy(values: &[f32], columns: usize) -> Vec<u8> {
    let rows = values.len() / columns;
    let mut header = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({rows}, {columns}), }}");
    // Magic (6), version (2), length (2), header and newline fill a multiple of 64 bytes.
    let padding = 63 - (header.len() + 10) % 64;
    header.extend(std::iter::repeat_n(' ', padding));
    header.push('\n');
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend((header.len() as u16).to_le_bytes());
    bytes.extend(header.bytes());
    bytes.extend(values.iter().flat_map(|value| value.to_le_bytes()));
    bytes
}

/// Writes beside the file and renames, so that nothing half-written is left. What a former run has written is replaced,
/// what someone else has is not: a sound may well have a table of the same name beside it.
fn replace(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let mark = &bytes[..bytes.len().min(MARK)];
    let mut found = Vec::new();
    match File::open(path).and_then(|file| file.take(MARK as u64).read_to_end(&mut found)) {
        Ok(_) if found == mark => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        _ => {
            let path = path.display();
            return Err(Failure::Usage(format!(
                "{path}: is there already and was not written by this command; name another folder with -o DIR"
            )));
        }
    }
    let mut temporary = path.as_os_str().to_owned();
    temporary.push(".tmp");
    fs::write(&temporary, bytes).and_then(|()| fs::rename(&temporary, path)).map_err(|source| {
        let _ = fs::remove_file(&temporary);
        Failure::file(path, "write")(source)
    })
}
