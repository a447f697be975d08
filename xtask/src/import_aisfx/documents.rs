//! What is known about the aiSFX network beside its weights: its card, and whom to thank.

use earmark_engine::network::{Card, CardNetwork, Centring, SimilarityScale};
use earmark_engine::spectrogram::{
    FilterNormalisation, FilterShape, FrameRule, FrontEnd, LogScale, MelScale, ShortRule, TailRule,
    WindowKind,
};

pub(super) const SOURCE: &str = "aisfx 0.1.2 (PyPI), aisfx/models/checkpoint.pth, X-Sequential-CE";
pub(super) const LICENCE: &str = "CC-BY-4.0";
pub(super) const FRAME_COLUMNS: u32 = 100;
pub(super) const MEL_BANDS: u32 = 96;
const EMBEDDING_SIZE: u32 = 512;

const ATTRIBUTION: &str = "aiSFX (X-Sequential-CE) by Alison Bernice Ma and Alexander Lerch, Georgia Institute of \
                           Technology, 2022; converted to ONNX with batch normalisation folded; CC BY 4.0";

const CITATION: &str = "\
@inproceedings{ismir_aisfx,
  title={Representation Learning for the Automatic Indexing of Sound Effects Libraries},
  author={Ma, Alison Bernice and Lerch, Alexander},
  booktitle={Proceedings of the 23rd International Society for Music Information Retrieval Conference (ISMIR)},
  year={2022},
  pages={866--875}
}
";

pub(super) const ATTRIBUTION_MD: &str = "\
# aiSFX (X-Sequential-CE)

The network in `model.onnx` is by **Alison Bernice Ma** and **Alexander Lerch** (Center for Music Technology, Georgia
Institute of Technology). Copyright (c) 2022 A.B. Ma and A. Lerch, made available under the Creative Commons Attribution
4.0 International License; the text is in `LICENSE`, as the authors ship it.

- Paper: *Representation Learning for the Automatic Indexing of Sound Effects Libraries*, ISMIR 2022,
  <https://doi.org/10.5281/zenodo.7316800>
- Source: <https://github.com/alisonbma/aisfx>, PyPI package `aisfx` 0.1.2, file `aisfx/models/checkpoint.pth`

```bibtex
@inproceedings{ismir_aisfx,
  title={Representation Learning for the Automatic Indexing of Sound Effects Libraries},
  author={Ma, Alison Bernice and Lerch, Alexander},
  booktitle={Proceedings of the 23rd International Society for Music Information Retrieval Conference (ISMIR)},
  year={2022},
  pages={866--875}
}
```

## What was changed

- The embedding network was converted from a PyTorch checkpoint to ONNX (opset 17) for a batch of one.
- Batch normalisations were folded into the convolutions before them; embeddings agree with the original's.
- The classification heads were left out.

`card.toml` was written for this project. `cargo xtask import-aisfx` makes this folder again from the original package.
";

/// The card; centring and similarity start out neutral and are measured afterwards.
pub(super) fn card(sha256: String) -> Card {
    Card {
        format: 1,
        name: "aisfx".into(),
        version: "0.1.2".into(),
        licence: LICENCE.into(),
        attribution: ATTRIBUTION.into(),
        citation: CITATION.into(),
        network: CardNetwork {
            file: "model.onnx".into(),
            sha256,
            input_shape: vec![1, 1, FRAME_COLUMNS, MEL_BANDS],
            output_shape: vec![1, EMBEDDING_SIZE],
            embedding_size: EMBEDDING_SIZE,
        },
        front_end: FrontEnd {
            sample_rate_hz: 44_100,
            clip_amplitude: 1.0,
            window_samples: 2_048,
            window: WindowKind::HannSymmetric,
            hop_samples: 1_024,
            first_column_samples: -1_024,
            mel_bands: MEL_BANDS,
            mel_scale: MelScale::Htk,
            min_hz: 0.0,
            max_hz: 22_050.0,
            filter_shape: FilterShape::TriangleInMel,
            filter_normalisation: FilterNormalisation::UnitSum,
            log: LogScale { factor: 10_000.0, offset: 1.0, divisor: 9.457_799 },
        },
        frames: FrameRule {
            columns: FRAME_COLUMNS,
            hop_columns: FRAME_COLUMNS / 2,
            short: ShortRule::ZeroPad,
            tail: TailRule::Drop,
        },
        similarity: SimilarityScale { anchors: vec![[0.0, 0.0], [1.0, 100.0]] },
        centring: Centring { mean: vec![0.0; EMBEDDING_SIZE as usize] },
    }
}
