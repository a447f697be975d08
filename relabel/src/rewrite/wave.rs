//! WAVE files: iXML, bext, INFO and ID3 chunks.

use earmark_engine::audio::riff::Dialect;

use super::bext::{self, SampleFacts};
use super::recipe::Recipe;
use super::riff::Form;
use super::values::{Place, Values};
use super::{Fault, Source, id3, info, ixml};

/// What is kept and what is new.
pub(super) fn recipe<S: Source>(source: &mut S, dialect: Dialect, values: &Values) -> Result<Recipe, Fault> {
    let mut form = Form::read(source, dialect)?;
    plan(&mut form, source, dialect, values)?;
    form.recipe(source)
}

/// Puts all changes into a form.
pub(super) fn plan<S: Source>(
    form: &mut Form,
    source: &mut S,
    dialect: Dialect,
    values: &Values,
) -> Result<(), Fault> {
    let targets = values.targets;
    if targets.ixml != Place::Never {
        match form.find(&[b"iXML", b"ixml"]) {
            Some(chunk) => {
                let old = form.content(source, &chunk)?;
                form.replace(&chunk, &old, ixml::update(Some(&old), values)?, b'\n');
            }
            None if targets.ixml == Place::Always => form.add(b"iXML", ixml::update(None, values)?, b'\n'),
            None => {}
        }
    }
    if targets.info != Place::Never {
        let big_endian = dialect.is_big_endian();
        match form.find_info(source)? {
            Some(chunk) => {
                let old = form.content(source, &chunk)?;
                if let Some(new) = info::update(Some(&old), big_endian, values) {
                    form.replace(&chunk, &old, new, 0);
                }
            }
            None if targets.info == Place::Always => {
                if let Some(new) = info::update(None, big_endian, values).filter(|new| new.len() > 4) {
                    form.add(b"LIST", new, 0);
                }
            }
            None => {}
        }
    }
    if targets.id3 != Place::Never {
        match form.find(&[b"id3 ", b"ID3 "]) {
            Some(chunk) => {
                let old = form.content(source, &chunk)?;
                form.replace(&chunk, &old, id3::update(Some(&old), values)?, 0);
            }
            None if targets.id3 == Place::Always => form.add(b"id3 ", id3::update(None, values)?, 0),
            None => {}
        }
    }
    // The last, since its history tells of changes to the others.
    if targets.bext != Place::Never {
        let facts = match form.find(&[b"fmt "]) {
            Some(fmt) => SampleFacts::of_fmt(&form.content(source, &fmt)?, dialect.is_big_endian()),
            None => None,
        };
        match form.find(&[b"bext"]) {
            Some(chunk) => {
                let old = form.content(source, &chunk)?;
                if let Some(new) = bext::update(&old, facts, values, form.is_changed()) {
                    form.replace(&chunk, &old, new, 0);
                }
            }
            None if targets.bext == Place::Always => form.add(b"bext", bext::new(facts, values), 0),
            None => {}
        }
    }
    Ok(())
}
