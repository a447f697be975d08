//! Training as people expect it, on a problem of three libraries that a tiny network learns in a second.

mod libraries;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use earmark_engine::network::Network;
use earmark_trainer::augmentation::Augmentation;
use earmark_trainer::loss::Loss;
use earmark_trainer::network::{Architecture, Normalisation, Pooling, initial};
use earmark_trainer::sampling::{Mixing, Recordings};
use earmark_trainer::training::{
    Beginning, Checkpoint, Distillation, Ending, EpochMetrics, Finished, Keep, Learnt, Observer, Plan,
    Pretraining, Silent, Trainer, TrainingError,
};
use earmark_trainer::weights::Weights;
use libraries::{BANDS, COLUMNS, card, cpu, libraries, plan, spoil, unlabelled};

/// What every loss must reach (the least was 0.91), and what weights that are not trained stay below (0.75).
const FLOOR: f64 = 0.87;
const UNTRAINED: f64 = 0.8;

fn trainer(plan: &Plan, folder: &Path) -> Trainer {
    let sets = libraries(plan.seed);
    Trainer::new(plan.clone(), sets, None, card(), None, folder, cpu())
        .expect("a plan that can be carried out")
}

fn finish(mut trainer: Trainer) -> Finished {
    match trainer.run(&mut Silent, &AtomicBool::new(false)).expect("training") {
        Ending::Finished(finished) => *finished,
        Ending::Stopped => panic!("nobody stopped it"),
    }
}

fn metrics(folder: &Path) -> Vec<EpochMetrics> {
    let text = std::fs::read_to_string(folder.join("metrics.jsonl")).expect("metrics");
    text.lines().map(|line| serde_json::from_str(line).expect("a JSON object")).collect()
}

fn best(folder: &Path) -> f64 {
    metrics(folder).iter().filter_map(|epoch| epoch.macro_f1).fold(0.0, f64::max)
}

#[test]
fn every_loss_learns_with_every_mixing_and_normalisation() {
    for name in Loss::NAMES.into_iter().filter(|&name| name != "none") {
        for mixing in [Mixing::Sequential, Mixing::Joint] {
            for normalisation in [Normalisation::Shared, Normalisation::PerDataSet] {
                let folder = tempfile::tempdir().expect("a folder");
                let mut plan = plan();
                plan.loss = Loss::named(name).expect("a loss");
                plan.sampling.mixing = mixing;
                plan.model.normalisation = normalisation;
                let finished = finish(trainer(&plan, folder.path()));
                let f1 = best(folder.path());
                assert!(f1 >= FLOOR, "{name}, {mixing:?}, {normalisation:?}: {f1}");
                assert!(finished.difference <= 1e-5);
            }
        }
    }
}

#[test]
fn without_training_the_problem_is_not_solved() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut plan = plan();
    plan.optimiser.learning_rate = 0.0;
    plan.optimiser.epochs = 2;
    finish(trainer(&plan, folder.path()));
    assert!(best(folder.path()) < UNTRAINED, "{}", best(folder.path()));
}

#[test]
fn the_model_is_of_the_best_epoch_or_of_the_last() {
    for keep in [Keep::Best, Keep::Last] {
        let folder = tempfile::tempdir().expect("a folder");
        let mut plan = plan();
        plan.optimiser.epochs = 8;
        // So fast that it does not go better and better.
        plan.optimiser.learning_rate = 0.03;
        plan.optimiser.keep = keep;
        finish(trainer(&plan, folder.path()));
        let f1: Vec<f64> = metrics(folder.path()).iter().filter_map(|epoch| epoch.macro_f1).collect();
        let best =
            (0..f1.len()).rev().max_by(|&left, &right| f1[left].total_cmp(&f1[right])).expect("epochs");
        assert_ne!(best, 7, "the plan does not tell them apart: {f1:?}");
        let kept = Checkpoint::read(&folder.path().join("best.bin")).expect("weights");
        assert_eq!(kept.progress.epoch, if keep == Keep::Best { best + 1 } else { 8 }, "{f1:?}");
    }
}

#[test]
fn a_resumed_run_ends_with_the_same_bytes() {
    /// Raises the stop flag in the middle of the third epoch.
    struct StopAt<'a>(&'a AtomicBool);
    impl Observer for StopAt<'_> {
        fn batch(&mut self, batch: [usize; 2], epoch: [usize; 2], _loss: f64, _macro_f1: Option<f64>) {
            self.0.store(epoch[0] == 3 && batch[0] == 2, Ordering::Relaxed);
        }
        fn epoch(&mut self, _metrics: &EpochMetrics) {}
    }
    let mut plan = plan();
    plan.optimiser.epochs = 5;
    plan.focal_gamma = 1.0;
    plan.model.normalisation = Normalisation::PerDataSet;
    let [whole, parts] = [(); 2].map(|()| tempfile::tempdir().expect("a folder"));
    finish(trainer(&plan, whole.path()));
    let stop = AtomicBool::new(false);
    let ended = trainer(&plan, parts.path()).run(&mut StopAt(&stop), &stop).expect("training");
    assert!(matches!(ended, Ending::Stopped));
    let resumed = trainer(&plan, parts.path());
    assert_eq!((resumed.progress().epoch, resumed.progress().batch), (2, 2));
    finish(resumed);
    for file in ["model.onnx", "card.toml", "checkpoint.bin", "plan.toml"] {
        let read = |folder: &tempfile::TempDir| std::fs::read(folder.path().join(file)).expect("a file");
        assert!(read(&whole) == read(&parts), "{file} differs");
    }
    let losses = |folder: &tempfile::TempDir| -> Vec<f64> {
        metrics(folder.path()).iter().map(|epoch| epoch.loss).collect()
    };
    assert_eq!(losses(&whole), losses(&parts));
    // Another plan does not go on from there.
    plan.seed += 1;
    let error =
        Trainer::new(plan, libraries(1), None, card(), None, parts.path(), cpu()).expect_err("another plan");
    assert!(error.to_string().contains("another plan"), "{error}");
}

#[test]
fn a_projection_alone_is_learnt_and_the_convolutions_stay() {
    let base = tempfile::tempdir().expect("a folder");
    let mut plan = plan();
    plan.optimiser.epochs = 2;
    finish(trainer(&plan, base.path()));
    let file = std::fs::read(base.path().join("model.onnx")).expect("a file");
    let network = Network::load(base.path()).expect("a model");
    plan.model.init = Some(base.path().to_owned());
    plan.model.learn = Learnt::Projection;
    plan.loss = Loss::named("supervised-contrastive").expect("a loss");
    plan.sampling.recordings = Recordings::Once;
    plan.augmentation = Augmentation::default();
    plan.optimiser.learning_rate = 2e-3;
    plan.optimiser.epochs = 12;
    let stop = AtomicBool::new(false);
    let [whole, parts, cache] = [(); 3].map(|()| tempfile::tempdir().expect("a folder"));
    let projecting = |folder: &Path| {
        let init = Beginning { file: &file, card: network.card(), cache: Some(cache.path()), stop: &stop };
        Trainer::new(plan.clone(), libraries(1), None, card(), Some(init), folder, cpu()).expect("a plan")
    };
    let finished = finish(projecting(whole.path()));
    assert!(finished.difference <= 1e-5);
    let (before, after) = (best(base.path()), best(whole.path()));
    assert!(before < UNTRAINED && after > before + 0.05, "{before} {after}");
    let architecture = Architecture::tiny();
    let (first, _) = initial::from_onnx(&file, &architecture, 1).expect("weights");
    let trained = std::fs::read(whole.path().join("model.onnx")).expect("a file");
    let (second, fresh) = initial::from_onnx(&trained, &architecture.projected(32), 1).expect("weights");
    assert!(!fresh);
    for name in first.names().filter(|name| name.ends_with(".weight")) {
        let values = |weights: &Weights| weights.get(name).expect("a tensor").values().to_vec();
        let (left, right) = (values(&first), values(&second));
        let off = left.iter().zip(right).map(|(left, right)| (left - right).abs());
        assert!(off.fold(0.0, f32::max) < 1e-6, "{name} has moved");
    }
    // Stopped in the middle and taken up again, it ends with the same bytes.
    struct StopAt<'a>(&'a AtomicBool);
    impl Observer for StopAt<'_> {
        fn batch(&mut self, batch: [usize; 2], epoch: [usize; 2], _loss: f64, _macro_f1: Option<f64>) {
            self.0.store(epoch[0] == 4 && batch[0] == 2, Ordering::Relaxed);
        }
        fn epoch(&mut self, _metrics: &EpochMetrics) {}
    }
    let ended = projecting(parts.path()).run(&mut StopAt(&stop), &stop).expect("training");
    assert!(matches!(ended, Ending::Stopped));
    stop.store(false, Ordering::Relaxed);
    finish(projecting(parts.path()));
    let resumed = std::fs::read(parts.path().join("model.onnx")).expect("a file");
    assert!(trained == resumed, "the same to the byte");
    // There is more to learn from in the images on the way; what comes out is as large.
    let staged = tempfile::tempdir().expect("a folder");
    let mut plan = plan.clone();
    plan.model.pooling = Pooling::Stages;
    let init = Beginning { file: &file, card: network.card(), cache: None, stop: &stop };
    let trainer = Trainer::new(plan.clone(), libraries(1), None, card(), Some(init), staged.path(), cpu());
    let finished = finish(trainer.expect("a plan"));
    assert!(finished.difference <= 1e-5 && finished.card.embedding_size() == 32, "{}", finished.difference);
    assert!(best(staged.path()) > before + 0.05, "{before} {}", best(staged.path()));
    let mut alone = plan.clone();
    alone.model.init = None;
    let error = alone.check().expect_err("nothing to begin with").to_string();
    assert!(error.contains("model.init"), "{error}");
}

#[test]
fn seeds_decide_what_comes_out() {
    let run = |seed: u64| {
        let folder = tempfile::tempdir().expect("a folder");
        let mut plan = plan();
        plan.optimiser.epochs = 2;
        plan.seed = seed;
        let sets = libraries(1);
        let trainer = Trainer::new(plan, sets, None, card(), None, folder.path(), cpu()).expect("a plan");
        finish(trainer);
        std::fs::read(folder.path().join("model.onnx")).expect("a model")
    };
    let first = run(1);
    assert!(first == run(1), "the same seed gives the same model");
    assert!(first != run(2), "another seed gives another");
}

#[test]
fn a_loss_that_is_no_number_stops_and_names_the_batch() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut sets = libraries(1);
    spoil(&mut sets[1], 3, 1e30);
    let mut plan = plan();
    plan.augmentation = Augmentation::none();
    let mut trainer = Trainer::new(plan, sets, None, card(), None, folder.path(), cpu()).expect("a plan");
    let error = trainer.run(&mut Silent, &AtomicBool::new(false)).expect_err("not a number");
    let TrainingError::Diverged { epoch, ref data_sets, .. } = error else { panic!("{error}") };
    assert_eq!(epoch, 1);
    assert!(data_sets.contains("games"), "{data_sets}");
    let message = error.to_string();
    assert!(message.contains("batch") && message.contains("learning rate"), "{message}");
    assert!(!folder.path().join("card.toml").exists());
}

#[test]
fn a_sound_without_numbers_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut sets = libraries(1);
    let sound = sets[1].clips[sets[1].train[3].clip].clone();
    spoil(&mut sets[1], 3, f32::NAN);
    let mut trainer = Trainer::new(plan(), sets, None, card(), None, folder.path(), cpu()).expect("a plan");
    let error = trainer.run(&mut Silent, &AtomicBool::new(false)).expect_err("not a number").to_string();
    assert!(error.contains(&sound) && error.contains("games"), "{error}");
}

#[test]
fn a_model_is_a_folder_that_the_engine_runs() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut plan = plan();
    plan.optimiser.epochs = 2;
    let finished = finish(trainer(&plan, folder.path()));
    let network = Network::load(folder.path()).expect("a model");
    assert_eq!(network.card().as_ref(), &finished.card);
    assert_eq!(network.card().name, "toy");
    let (mut out, frame) = (vec![0.0; network.card().embedding_size()], vec![0.1; COLUMNS * BANDS]);
    network.session().expect("a session").embed(&frame, &mut out).expect("an embedding");
    assert!(out.iter().any(|&value| value > 0.0));
    let read = Plan::read(&folder.path().join("plan.toml")).expect("the recipe");
    assert_eq!(read, plan);
}

#[test]
fn pretraining_without_labels_already_orders_sounds() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut plan = plan();
    plan.pretraining = Some(Pretraining { epochs: 3, temperature: 0.2 });
    plan.optimiser.epochs = 2;
    let mut sets = libraries(1);
    sets.push(unlabelled(1));
    let trainer = Trainer::new(plan, sets, None, card(), None, folder.path(), cpu()).expect("a plan");
    finish(trainer);
    let epochs = metrics(folder.path());
    let phases: Vec<&str> = epochs.iter().map(|epoch| epoch.phase.as_str()).collect();
    assert_eq!(phases, ["pretraining", "pretraining", "pretraining", "training", "training"]);
    assert!(epochs[2].loss < epochs[0].loss, "{} {}", epochs[2].loss, epochs[0].loss);
}

#[test]
fn a_student_of_a_teacher_comes_close_to_it() {
    let [teacher_folder, folder, cache] = [(); 3].map(|()| tempfile::tempdir().expect("a folder"));
    finish(trainer(&plan(), teacher_folder.path()));
    let teacher = Network::load(teacher_folder.path()).expect("a model");
    let mut plan = plan();
    plan.seed = 5;
    plan.loss = Loss::None;
    plan.distillation =
        Some(Distillation { teacher: teacher_folder.path().to_owned(), weights: Default::default() });
    let run = |folder: &Path| -> Vec<f64> {
        let mut trainer = Trainer::new(plan.clone(), vec![unlabelled(1)], None, card(), None, folder, cpu())
            .expect("a plan");
        trainer.learn_from(&teacher, Some(cache.path()), &AtomicBool::new(false)).expect("a teacher");
        finish(trainer);
        let epochs = metrics(folder);
        assert!(epochs.iter().all(|epoch| epoch.macro_f1.is_none()));
        epochs.iter().map(|epoch| epoch.loss).collect()
    };
    let losses = run(folder.path());
    let (first, last) = (losses[0], losses[losses.len() - 1]);
    assert!(last < 0.5 * first, "{first} {last}");

    // What the teacher said is kept; where it is damaged the teacher is asked again.
    let kept = || -> Vec<PathBuf> {
        let entries = std::fs::read_dir(cache.path()).expect("a folder");
        entries.map(|entry| entry.expect("an entry").path()).collect()
    };
    let [file] = kept().try_into().expect("one file");
    let whole = std::fs::read(&file).expect("embeddings");
    let again = tempfile::tempdir().expect("a folder");
    assert_eq!(run(again.path()), losses);
    let mut damaged = whole.clone();
    damaged[10] ^= 0x40;
    std::fs::write(&file, damaged).expect("written");
    let anew = tempfile::tempdir().expect("a folder");
    assert_eq!(run(anew.path()), losses);
    assert_eq!(std::fs::read(&file).expect("embeddings"), whole);
    assert_eq!(kept().len(), 1);
}

#[test]
fn statistics_can_be_re_estimated_on_an_unseen_library() {
    let [pooled, estimated] = [(); 2].map(|()| tempfile::tempdir().expect("a folder"));
    let mut plan = plan();
    plan.optimiser.epochs = 2;
    plan.model.normalisation = Normalisation::PerDataSet;
    finish(trainer(&plan, pooled.path()));
    plan.model.estimate_on = Some("elsewhere".into());
    let library = Some(unlabelled(9));
    let trainer =
        Trainer::new(plan, libraries(1), library, card(), None, estimated.path(), cpu()).expect("a plan");
    finish(trainer);
    let read = |folder: &tempfile::TempDir| std::fs::read(folder.path().join("model.onnx")).expect("a model");
    assert!(read(&pooled) != read(&estimated));
}

#[test]
fn plans_that_cannot_be_are_refused_with_a_reason() {
    type Change = fn(&mut Plan);
    let cases: [(Change, &str); 7] = [
        (|plan| plan.model.network = "huge".into(), "compact, light, cnn9 or tiny"),
        (|plan| plan.sampling.classes_per_batch = 1, "classes_per_batch"),
        (|plan| plan.augmentation.speed = 2.0, "augmentation.speed"),
        (|plan| plan.optimiser.learning_rate = f64::NAN, "learning_rate"),
        (|plan| plan.loss = Loss::None, "teacher"),
        (|plan| plan.model.estimate_on = Some("x".into()), "per-data-set"),
        (
            |plan| {
                plan.loss = Loss::named("contrastive").expect("a loss");
                plan.augmentation.mixup_alpha = 0.2;
            },
            "mixup",
        ),
    ];
    for (change, expected) in cases {
        let folder = tempfile::tempdir().expect("a folder");
        let mut plan = plan();
        change(&mut plan);
        let refused = Trainer::new(plan, libraries(1), None, card(), None, folder.path(), cpu());
        let error = refused.expect_err(expected).to_string();
        assert!(error.contains(expected), "{error}");
    }
    let folder = tempfile::tempdir().expect("a folder");
    let refuse = |sets| {
        let refused = Trainer::new(plan(), sets, None, card(), None, folder.path(), cpu());
        refused.expect_err("nothing to learn").to_string()
    };
    assert!(refuse(Vec::new()).contains("nothing to train on"));
    assert!(refuse(vec![unlabelled(1)]).contains("no data set has labels"));
    let mut sets = libraries(1);
    sets.push(unlabelled(1));
    assert!(refuse(sets).contains("without labels serve"));
    let mut sets = libraries(1);
    sets[2].train.retain(|example| example.label == 0);
    assert!(refuse(sets).contains("fewer than two"));
}

#[test]
fn a_damaged_checkpoint_is_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut plan = plan();
    plan.optimiser.epochs = 1;
    finish(trainer(&plan, folder.path()));
    let path = folder.path().join("checkpoint.bin");
    assert!(Checkpoint::read(&path).expect("a checkpoint").progress.ended);
    let mut bytes = std::fs::read(&path).expect("bytes");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&path, bytes).expect("written");
    let refused = Trainer::new(plan.clone(), libraries(plan.seed), None, card(), None, folder.path(), cpu());
    let error = refused.expect_err("damaged").to_string();
    assert!(error.contains("checkpoint.bin") && error.contains("damaged"), "{error}");
}

#[test]
fn a_gpu_trains_too_where_there_is_one() {
    use earmark_trainer::training::{list_devices, open_device};
    let Some(gpu) = list_devices().into_iter().find(|device| device.choice.starts_with("gpu")) else {
        eprintln!("skipped: no GPU, and no program that plays one (on Debian: mesa-vulkan-drivers)");
        return;
    };
    let device = open_device(gpu.choice.parse().expect("a choice")).expect("a listed device");
    let folder = tempfile::tempdir().expect("a folder");
    let mut plan = plan();
    plan.optimiser.epochs = 1;
    let sets = vec![libraries(1).swap_remove(0)];
    let trainer = Trainer::new(plan, sets, None, card(), None, folder.path(), device).expect("a plan");
    assert!(finish(trainer).difference <= 1e-5);
}
