//! The results as CSV.

use super::comparison::Difference;
use super::judge::{Evaluation, Knn, Score};

/// A row an evaluation and k.
pub fn results_csv(evaluations: &[Evaluation]) -> String {
    let mut table = Table::new(&[
        "model",
        "set",
        "k",
        "k_used",
        "metric",
        "clips",
        "frames",
        "groups",
        "classes",
        "frame_f1",
        "frame_f1_low",
        "frame_f1_high",
        "sound_f1",
        "sound_f1_low",
        "sound_f1_high",
        "sound_accuracy",
        "davies_bouldin",
        "map_at_10",
        "map_at_10_low",
        "map_at_10_high",
    ]);
    for evaluation in evaluations {
        for knn in &evaluation.knn {
            let used: Vec<String> = knn.used.iter().map(usize::to_string).collect();
            let mut row = vec![
                evaluation.model.clone(),
                evaluation.set.clone(),
                knn.k.to_string(),
                used.join(" "),
                format!("{:?}", evaluation.options.metric).to_lowercase(),
                evaluation.clips.to_string(),
                evaluation.frames.to_string(),
                evaluation.groups.to_string(),
                evaluation.classes.len().to_string(),
            ];
            row.extend(cells(&knn.frame_f1));
            row.extend(cells(&knn.sound_f1));
            row.push(number(Some(knn.sound_accuracy)));
            row.push(number(evaluation.davies_bouldin));
            row.extend(cells(&evaluation.map_at_10));
            table.row(&row);
        }
    }
    table.text()
}

/// A row a class of each evaluation and k.
pub fn classes_csv(evaluations: &[Evaluation]) -> String {
    let mut table =
        Table::new(&["model", "set", "k", "class", "sounds", "precision", "recall", "f1", "frame_f1"]);
    for evaluation in evaluations {
        for (knn, class) in
            evaluation.knn.iter().flat_map(|knn| knn.classes.iter().map(move |class| (knn, class)))
        {
            table.row(&[
                evaluation.model.clone(),
                evaluation.set.clone(),
                knn.k.to_string(),
                class.class.clone(),
                class.sounds.to_string(),
                number(Some(class.precision)),
                number(Some(class.recall)),
                number(Some(class.f1)),
                number(Some(class.frame_f1)),
            ]);
        }
    }
    table.text()
}

/// A row a true class, a column a predicted one.
pub fn confusion_csv(classes: &[String], knn: &Knn) -> String {
    let mut headings = vec!["true \\ predicted"];
    headings.extend(classes.iter().map(String::as_str));
    headings.push("(none)");
    let mut table = Table::new(&headings);
    for (class, counts) in classes.iter().zip(&knn.confusion) {
        let row: Vec<String> =
            std::iter::once(class.clone()).chain(counts.iter().map(u64::to_string)).collect();
        table.row(&row);
    }
    table.text()
}

/// A row a difference.
pub fn differences_csv(differences: &[Difference]) -> String {
    let mut table = Table::new(&["set", "what", "model", "beside", "difference", "low", "high"]);
    for it in differences {
        let mut row = vec![it.set.clone(), it.what.clone(), it.model.clone(), it.beside.clone()];
        row.extend(cells(&it.difference));
        table.row(&row);
    }
    table.text()
}

fn cells(score: &Score) -> [String; 3] {
    [number(Some(score.value)), number(score.low), number(score.high)]
}

fn number(value: Option<f64>) -> String {
    value.map_or_else(String::new, |value| format!("{value:.4}"))
}

/// A table on its way; writing to memory does not fail.
struct Table(csv::Writer<Vec<u8>>);

impl Table {
    fn new(headings: &[&str]) -> Self {
        let mut writer = csv::Writer::from_writer(Vec::new());
        let _ = writer.write_record(headings);
        Self(writer)
    }

    fn row(&mut self, cells: &[String]) {
        let _ = self.0.write_record(cells);
    }

    fn text(self) -> String {
        let bytes = self.0.into_inner().unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }
}
