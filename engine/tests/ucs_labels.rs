//! Labels from file names, metadata and tables.

#![allow(clippy::unwrap_used)]

use std::path::Path;

use earmark_engine::ucs::label_table::RowProblem;
use earmark_engine::ucs::labels::resolve;
use earmark_engine::ucs::{
    CatIndex, Catalogue, Label, LabelSource, LabelTable, LabelTableError, label_from_file_name,
    label_from_metadata,
};
use proptest::prelude::*;

fn cat(cat_id: &str) -> CatIndex {
    Catalogue::builtin().by_cat_id(cat_id).unwrap()
}

fn of_name(stem: &str) -> Option<&'static str> {
    label_from_file_name(stem).map(CatIndex::cat_id)
}

#[test]
fn ucs_file_names_are_labelled() {
    for stem in [
        "DOORWood_Creak_X_Y",
        "doorwood_Creak_X_Y",
        "DOORWOOD_CREAK",
        "DOORWood-EXT_Creak",
        " DOORWood_Creak",
        "DOORWood_",
        "DOORWood",
    ] {
        assert_eq!(of_name(stem), Some("DOORWood"), "{stem}");
    }
    for stem in ["RAIN_On Tin Roof_X_Y", "RAIN_On Tin Roof", "RAIN_HEAVY_X_Y", "RAIN"] {
        assert_eq!(of_name(stem), Some("RAIN"), "{stem}");
    }
}

#[test]
fn other_file_names_are_not_labelled() {
    for stem in [
        "Door slam",
        "DOORWood creak",
        "doorwood",
        "doorwood_",
        "birdsong-at dawn",
        "wind_chimes",
        "Wind_Chimes_X_Y",
        "WIND_CHIMES",
        "MIX_FINAL_V2",
        "test_03",
        "raw_take_1_2",
        "rain",
        "DOORWooden_Creak_X_Y",
        "DOORWood2_Creak_X_Y",
        "01_DOORWood_Creak",
        "",
        "_",
        "-",
    ] {
        assert_eq!(of_name(stem), None, "{stem}");
    }
}

#[test]
fn metadata_label_by_cat_id_or_names() {
    let label = |cat_id, category, sub| label_from_metadata(cat_id, category, sub).map(CatIndex::cat_id);
    assert_eq!(label(Some("DOORWood"), None, None), Some("DOORWood"));
    assert_eq!(label(Some(" doorwood "), Some("RAIN"), Some("GENERAL")), Some("DOORWood"));
    assert_eq!(label(Some("DOORWood-EXT"), None, None), Some("DOORWood"));
    assert_eq!(label(None, Some("Doors"), Some("Wood")), Some("DOORWood"));
    assert_eq!(label(Some("nonsense"), Some("doors"), Some("wood")), Some("DOORWood"));
    assert_eq!(label(Some(""), Some("DOORS-WOOD"), Some(" ")), Some("DOORWood"));
    assert_eq!(label(None, Some("DOORS"), None), None);
    assert_eq!(label(None, None, Some("WOOD")), None);
    assert_eq!(label(None, None, None), None);
}

#[test]
fn csv_goes_before_file_name_before_metadata() {
    let (wood, rain, wind) = (Some(cat("DOORWood")), Some(cat("RAIN")), Some(cat("WIND")));
    let label = |cat: Option<CatIndex>, source| Some(Label { cat: cat.unwrap(), source });
    assert_eq!(resolve(wood, rain, wind), label(wood, LabelSource::Csv));
    assert_eq!(resolve(None, rain, wind), label(rain, LabelSource::FileName));
    assert_eq!(resolve(None, None, wind), label(wind, LabelSource::Metadata));
    assert_eq!(resolve(None, None, None), None);
}

#[test]
fn sources_keep_their_stored_numbers() {
    for (source, number) in [(LabelSource::FileName, 1), (LabelSource::Metadata, 2), (LabelSource::Csv, 3)] {
        assert_eq!(source.to_u8(), number);
        assert_eq!(LabelSource::from_u8(number), Some(source));
    }
    assert_eq!([0, 4, 255].map(LabelSource::from_u8), [None; 3]);
}

fn table(text: &str) -> LabelTable {
    LabelTable::from_bytes(Path::new("labels.csv"), text.as_bytes()).unwrap()
}

fn looked_up(table: &LabelTable, path: &str) -> Option<&'static str> {
    table.lookup(Path::new(path)).unwrap().map(CatIndex::cat_id)
}

#[test]
fn every_usual_export_is_read() {
    for text in [
        "Filename,CatID\ncreak.wav,DOORWood\n",
        "\u{feff}file;catid\r\ncreak.wav;doorwood\r\n",
        "\n\nFile Name\tCategory\tSub Category\ncreak.wav\tDoors\tWood\n",
        "Description,Filename,FilePath,CatID,Category,SubCategory\n\"A, b\",creak.wav,/s/creak.wav,,DOORS,WOOD\n",
        "Path,FileName,CATID\nD:\\SFX\\Doors\\,creak.wav,DOORWood-EXT\n",
        "CategoryFull,Pathname\nDOORS-WOOD,Disk:SFX:Doors:creak.wav\n",
    ] {
        let table = table(text);
        assert_eq!(table.errors(), []);
        assert_eq!(table.len(), 1);
        let path = if text.contains("/s/") { "/s/creak.wav" } else { "/lib/Doors/Creak.WAV" };
        assert_eq!(looked_up(&table, path), Some("DOORWood"), "{text}");
    }
}

#[test]
fn a_spreadsheets_utf16_is_read() {
    let text = "Filename\tCatID\nTür.wav\tDOORWood\n";
    let bytes: Vec<u8> =
        [0xff, 0xfe].into_iter().chain(text.encode_utf16().flat_map(u16::to_le_bytes)).collect();
    let table = LabelTable::from_bytes(Path::new("labels.txt"), &bytes).unwrap();
    assert_eq!(looked_up(&table, "/lib/TÜR.wav"), Some("DOORWood"));
}

#[test]
fn files_are_found_by_full_path_path_suffix_or_name() {
    let table = table(
        "file,CatID\n/lib/a/creak.wav,DOORWood\nb/creak.wav,DOORMetl\nrain.wav,RAIN\n\
         wet/rain.wav,RAINConc\nD:\\old\\gates\\one.wav,DOORGate\n",
    );
    assert_eq!(looked_up(&table, "/lib/a/creak.wav"), Some("DOORWood"));
    assert_eq!(looked_up(&table, "/lib/b/creak.wav"), Some("DOORMetl"));
    assert_eq!(looked_up(&table, "/elsewhere/b/creak.wav"), Some("DOORMetl"));
    assert_eq!(looked_up(&table, "/lib/rain.wav"), Some("RAIN"));
    assert_eq!(looked_up(&table, "/lib/wet/rain.wav"), Some("RAINConc"));
    // The library has moved to another disk.
    assert_eq!(looked_up(&table, "/mnt/gates/one.wav"), Some("DOORGate"));
    // Only the file name agrees, but the table's folder is another: no label rather than a wrong one.
    assert_eq!(looked_up(&table, "/lib/c/creak.wav"), None);
    assert_eq!(looked_up(&table, "/lib/xcreak.wav"), None);
    assert_eq!(looked_up(&table, "/"), None);
}

#[test]
fn a_row_with_the_whole_path_goes_before_one_of_another_place() {
    let table = table("file,CatID\n/other/b/creak.wav,DOORWood\nb/creak.wav,DOORMetl\n");
    assert_eq!(looked_up(&table, "/lib/b/creak.wav"), Some("DOORMetl"));
    assert_eq!(looked_up(&table, "/other/b/creak.wav"), Some("DOORWood"));
}

#[test]
fn an_ambiguous_name_is_an_error_with_its_lines() {
    let table = table(
        "file,CatID\ncreak.wav,DOORWood\n\na/b.wav,RAIN\ncreak.wav,DOORMetl\nslam.wav,RAIN\nslam.wav,rain\n",
    );
    let error = table.lookup(Path::new("/lib/creak.wav")).unwrap_err();
    assert_eq!(error.lines, [2, 5]);
    assert_eq!(
        error.to_string(),
        "labels.csv: lines 2, 5 label \"/lib/creak.wav\" differently; give the folder of each, or delete all but one"
    );
    assert_eq!(looked_up(&table, "/lib/slam.wav"), Some("RAIN"));
}

#[test]
fn the_bare_name_of_two_rows_in_different_folders_is_ambiguous() {
    let table = table("file,CatID\na/creak.wav,DOORWood\nb/creak.wav,DOORMetl\n");
    assert_eq!(table.lookup(Path::new("creak.wav")).unwrap_err().lines, [2, 3]);
}

#[test]
fn bad_rows_are_told_with_their_lines_and_the_rest_is_used() {
    let table = table(
        "file,CatID,Category,SubCategory,note\n\
         a.wav,DOORWod,,,\n\
         b.wav,,,,\n\
         c.wav,RAIN,,,\"two\nlines\"\n\
         ,RAIN,,,\n\
         \r\n\
         d.wav,,Doors,Paper,\n\
         e.wav\n\
         f.wav,WIND\n",
    );
    let errors: Vec<_> = table.errors().iter().map(|error| (error.line, error.problem.clone())).collect();
    assert_eq!(errors.len(), 3, "{errors:?}");
    assert!(matches!(&errors[0], (2, RowProblem::UnknownCatId { found, suggestions })
        if found == "DOORWod" && suggestions[0] == cat("DOORWood")));
    assert_eq!(errors[1], (6, RowProblem::NoFile));
    assert_eq!(
        errors[2],
        (8, RowProblem::UnknownNames { category: "Doors".into(), subcategory: "Paper".into() })
    );
    assert_eq!(table.len(), 2);
    assert_eq!(looked_up(&table, "c.wav"), Some("RAIN"));
    assert_eq!(looked_up(&table, "f.wav"), Some("WIND"));
    assert!(table.errors()[0].to_string().starts_with("labels.csv: line 2: \"DOORWod\" is no CatID"));
}

#[test]
fn an_open_quotation_mark_is_told() {
    let table = table("file,CatID\na.wav,RAIN\n\"b.wav,RAIN\nc.wav,RAIN\n");
    assert_eq!(table.errors().iter().map(|error| error.line).collect::<Vec<_>>(), [3]);
    assert!(table.errors()[0].to_string().contains("quotation mark"));
    assert_eq!(looked_up(&table, "a.wav"), Some("RAIN"));
}

#[test]
fn a_table_without_the_needed_columns_is_refused() {
    let read = |text: &str| LabelTable::from_bytes(Path::new("labels.csv"), text.as_bytes()).map(|_| ());
    for text in ["", "CatID\nRAIN\n", "a,b\n"] {
        assert!(matches!(read(text), Err(LabelTableError::NoFileColumn { .. })), "{text}");
    }
    for text in ["file\na.wav\n", "file,SubCategory\na.wav,WOOD\n"] {
        assert!(matches!(read(text), Err(LabelTableError::NoLabelColumn { .. })), "{text}");
    }
    let missing = Path::new("no such folder/labels.csv");
    let error = LabelTable::read_csv(missing).unwrap_err();
    assert!(error.to_string().contains("labels.csv: cannot read the label table"), "{error}");
}

#[test]
fn a_table_is_read_from_its_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("labels.csv");
    std::fs::write(&path, b"Filename,CatID\nT\xfcr.wav,DOORWood\n").unwrap();
    let table = LabelTable::read_csv(&path).unwrap();
    assert!(!table.is_empty());
    assert_eq!(looked_up(&table, "x/Tür.wav"), Some("DOORWood"));
}

proptest! {
    #[test]
    fn names_and_metadata_never_panic(a in any::<String>(), b in any::<String>(), c in any::<String>()) {
        let _ = label_from_metadata(Some(&a), Some(&b), Some(&c));
        let labelled = label_from_file_name(&format!("DOORWood_{a}"));
        prop_assert_eq!(labelled, Some(cat("DOORWood")));
        let plain = label_from_file_name(&format!("Door {a}"));
        prop_assert_eq!(plain, None);
    }

    #[test]
    fn tables_never_panic(rows in proptest::collection::vec(any::<u8>(), 0..200), path in any::<String>()) {
        let mut bytes = b"file,CatID\n".to_vec();
        bytes.extend(rows);
        if let Ok(table) = LabelTable::from_bytes(Path::new("labels.csv"), &bytes) {
            let _ = table.lookup(Path::new(&path));
        }
    }
}
