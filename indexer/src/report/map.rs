//! The points of the map, packed so that a hundred thousand of them stay a page of some megabytes.

use std::collections::{BTreeMap, HashMap};

use earmark_atlas::Map;
use earmark_engine::index::Snapshot;
use earmark_engine::ucs::{CatIndex, Catalogue};
use serde::Serialize;

use super::facts::readable_text;
use super::markup::base64;
use crate::error::Failure;

/// A sound without a label, among the CatIDs.
const UNLABELLED: u16 = u16::MAX;

/// What the page's script draws. Numbers are little-endian and in base 64, a place for each point.
#[derive(Serialize)]
pub(super) struct MapData {
    count: usize,
    /// u16 pairs: x from left to right, y from top to bottom, 0 to 65,535.
    places: String,
    /// u16: position in `cats`, or 65,535.
    cat: String,
    /// u32: position in `folders`.
    folder: String,
    /// f32, seconds.
    length: String,
    names: Vec<String>,
    folders: Vec<String>,
    /// CatID and Category.
    cats: Vec<(&'static str, &'static str)>,
}

impl MapData {
    pub(super) fn new(snapshot: &Snapshot, map: &Map) -> Result<Self, Failure> {
        let (mut places, mut cat, mut folder, mut length) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let (mut names, mut folders, mut cats) = (Vec::new(), Vec::new(), Vec::new());
        let mut folder_numbers: HashMap<String, u32> = HashMap::new();
        let mut cat_numbers: BTreeMap<CatIndex, u16> = BTreeMap::new();
        for point in &map.points {
            let Some(sound) = snapshot.get(point.sound) else { continue };
            let path = snapshot.full_path(&sound)?;
            let parent = path.parent().map(|parent| parent.to_string_lossy()).unwrap_or_default();
            let number = *folder_numbers.entry(parent.into_owned()).or_insert_with_key(|parent| {
                folders.push(readable_text(parent));
                folders.len() as u32 - 1
            });
            let cat_number = point.cat.and_then(CatIndex::new).map_or(UNLABELLED, |cat_index| {
                *cat_numbers.entry(cat_index).or_insert_with(|| {
                    let entry = Catalogue::builtin().get(cat_index);
                    cats.push((&*entry.cat_id, &*entry.category));
                    cats.len() as u16 - 1
                })
            });
            for place in [point.x, -point.y] {
                places.extend((((place + 1.0) * 32_767.5).round() as u16).to_le_bytes());
            }
            cat.extend(cat_number.to_le_bytes());
            folder.extend(number.to_le_bytes());
            length.extend((sound.row.duration_s as f32).to_le_bytes());
            names.push(readable_text(&path.file_name().unwrap_or_default().to_string_lossy()));
        }
        Ok(Self {
            count: names.len(),
            places: base64(&places),
            cat: base64(&cat),
            folder: base64(&folder),
            length: base64(&length),
            names,
            folders,
            cats,
        })
    }
}
