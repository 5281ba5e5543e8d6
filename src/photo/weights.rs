//! The nets of the engine: their bytes, embedded, and their loading, once and at first use.
//!
//! Where each comes from, its licence and how it is called: `models/PROVENANCE.md`.

use std::sync::OnceLock;

use rten::{Model, NodeId, ValueOrView};
use rten_tensor::{NdTensor, Tensor};

use super::error::PhotoError;

/// A file of weights as it is embedded.
#[derive(Debug, Clone, Copy)]
pub struct WeightsFile {
    pub name: &'static str,
    bytes: &'static [u8],
}

macro_rules! embedded {
    ($name:literal) => {
        WeightsFile { name: $name, bytes: include_bytes!(concat!("../../models/", $name)) }
    };
}

/// Face boxes with six points.
pub const BLAZEFACE: WeightsFile = embedded!("blazeface_short.onnx");
/// 468 points of a face, refined at lips, eyes and irises.
pub const FACE_MESH: WeightsFile = embedded!("facemesh_attention.onnx");
/// A person's alpha and its guide at half of 480 × 640, before the guided filter.
pub const RVM: WeightsFile = embedded!("rvm_640x480_r0.50_alpha.onnx");
/// The same at three eighths of 768 × 1024.
pub const RVM_FINE: WeightsFile = embedded!("rvm_1024x768_r0.375_alpha.onnx");
/// Coarse mask of a person.
pub const SELFIE: WeightsFile = embedded!("selfie_256.onnx");
/// Embedding of a face for comparison.
pub const MOBILE_FACE_NET: WeightsFile = embedded!("mobilefacenet_fp16w.onnx");

/// Where lines of text are.
pub const TEXT_DETECTOR: WeightsFile = embedded!("ch_PP-OCRv4_det_infer.onnx");
/// What a line of text says.
pub const TEXT_READER: WeightsFile = embedded!("ch_PP-OCRv4_rec_infer.onnx");

/// Every embedded file.
#[cfg(test)]
const ALL: [WeightsFile; 8] = [BLAZEFACE, FACE_MESH, RVM, RVM_FINE, SELFIE, MOBILE_FACE_NET, TEXT_DETECTOR, TEXT_READER];

pub(super) const SUMS: &str = include_str!("../../models/SHA256SUMS");

impl WeightsFile {
    /// The file itself: nets carry more than their weights.
    #[must_use]
    pub fn bytes(&self) -> &'static [u8] {
        self.bytes
    }

    /// Its SHA-256 in hexadecimal, as `models/SHA256SUMS` records it; a test holds the embedded bytes against the record.
    #[must_use]
    pub fn sha256(&self) -> &'static str {
        SUMS.lines().find_map(|line| line.strip_suffix(self.name)).map_or("", str::trim)
    }
}

/// A net that is loaded when it is first asked.
pub struct Net {
    file: WeightsFile,
    model: OnceLock<Result<Model, String>>,
}

impl Net {
    /// A net that has not been loaded yet.
    #[must_use]
    pub const fn new(file: WeightsFile) -> Net {
        Net { file, model: OnceLock::new() }
    }

    /// Loads it now if it has not been loaded.
    ///
    /// # Errors
    /// What the runtime says about weights that it cannot read.
    pub fn load(&self) -> Result<&Model, PhotoError> {
        self.model
            .get_or_init(|| Model::load_static_slice(self.file.bytes).map_err(|error| error.to_string()))
            .as_ref()
            .map_err(|message| PhotoError::Inference { net: self.file.name, message: message.clone() })
    }

    /// Runs it on one input and returns the outputs of these names, each with its shape, rows first.
    ///
    /// # Errors
    /// What the runtime says.
    pub fn run<const N: usize>(&self, input: NdTensor<f32, 4>, outputs: [&str; N]) -> Result<[Vec<f32>; N], PhotoError> {
        let model = self.load()?;
        let failed = |message: String| PhotoError::Inference { net: self.file.name, message };
        let first = *model.input_ids().first().ok_or_else(|| failed("no input".into()))?;
        let ids: Vec<NodeId> =
            outputs.iter().map(|name| model.node_id(name)).collect::<Result<_, _>>().map_err(|error| failed(error.to_string()))?;
        let values = model.run(vec![(first, ValueOrView::from(input))], &ids, None).map_err(|error| failed(error.to_string()))?;
        let mut tensors = Vec::with_capacity(N);
        for value in values {
            let tensor: Tensor<f32> = value.try_into().map_err(|_| failed("an output that is not of floats".into()))?;
            tensors.push(tensor.into_data());
        }
        tensors.try_into().map_err(|_| failed("too few outputs".into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sha2::{Digest, Sha256};

    #[test]
    fn the_embedded_bytes_are_the_recorded_ones() {
        for file in ALL {
            let hash: String = Sha256::digest(file.bytes).iter().map(|byte| format!("{byte:02x}")).collect();
            assert_eq!(hash, file.sha256(), "{}", file.name);
        }
        assert_eq!(SUMS.lines().count(), ALL.len(), "models/SHA256SUMS names files that are not embedded");
    }
}
