//! AIFF and AIFC files: an ID3 chunk, which other tools read there, and iXML where a file has it.

use earmark_engine::audio::riff::Dialect;

use super::recipe::Recipe;
use super::riff::Form;
use super::values::{Place, Values};
use super::{Fault, Source, id3, ixml, unsupported};

/// What is kept and what is new.
pub(super) fn recipe<S: Source>(source: &mut S, dialect: Dialect, values: &Values) -> Result<Recipe, Fault> {
    let mut form = Form::read(source, dialect)?;
    let mut written = false;
    if values.targets.ixml != Place::Never
        && let Some(chunk) = form.find(&[b"iXML", b"ixml"])
    {
        let old = form.content(source, &chunk)?;
        form.replace(&chunk, &old, ixml::update(Some(&old), values)?, b'\n');
        written = true;
    }
    if values.targets.id3 != Place::Never {
        match form.find(&[b"ID3 ", b"id3 "]) {
            Some(chunk) => {
                let old = form.content(source, &chunk)?;
                form.replace(&chunk, &old, id3::update(Some(&old), values)?, 0);
            }
            None => form.add(b"ID3 ", id3::update(None, values)?, 0),
        }
        written = true;
    }
    if !written {
        return Err(unsupported("AIFF takes UCS fields as ID3 only, which --into leaves out"));
    }
    form.recipe(source)
}
