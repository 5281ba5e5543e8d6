//! Why a picture could not be worked on at all. A photo that can be read but is not good enough is no error: it is refused with reasons.

/// A picture that cannot be read or is unsafe to read. Each has a stable code; its text is `problem.<code>` and tells what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PhotoError {
    #[error("the file is empty")]
    Empty,
    #[error("the file is larger than {limit_mb} MB")]
    FileTooLarge { limit_mb: u64 },
    #[error("the file is not a picture")]
    NotAPicture,
    #[error("pictures in {format} are not supported")]
    UnsupportedFormat { format: &'static str },
    #[error("the HEIC picture is of a kind that is not supported")]
    Heic,
    #[error("the JPEG is of a kind that is not supported: {kind}")]
    UnsupportedJpeg { kind: &'static str },
    #[error("the file ends too early")]
    Truncated,
    #[error("the file is damaged")]
    Damaged,
    #[error("the picture has more than {limit} megapixels")]
    TooManyPixels { limit: u64 },
    #[error("the picture shows no single face ({found})")]
    NoSingleFace { found: usize },
    #[error("{net} could not be run: {message}")]
    Inference { net: &'static str, message: String },
}

impl PhotoError {
    /// The stable code; its text is `problem.<code>`.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            PhotoError::Empty => "empty",
            PhotoError::FileTooLarge { .. } => "file_too_large",
            PhotoError::NotAPicture => "not_a_picture",
            PhotoError::UnsupportedFormat { .. } => "unsupported_format",
            PhotoError::Heic => "heic",
            PhotoError::UnsupportedJpeg { .. } => "unsupported_jpeg",
            PhotoError::Truncated => "truncated",
            PhotoError::Damaged => "damaged",
            PhotoError::TooManyPixels { .. } => "too_many_pixels",
            PhotoError::NoSingleFace { .. } => "no_single_face",
            PhotoError::Inference { .. } => "inference",
        }
    }

    /// The parameters of its text.
    #[must_use]
    pub fn parameters(&self) -> Vec<(&'static str, String)> {
        match self {
            PhotoError::FileTooLarge { limit_mb } => vec![("limit", limit_mb.to_string())],
            PhotoError::UnsupportedFormat { format } => vec![("format", (*format).to_owned())],
            PhotoError::UnsupportedJpeg { kind } => vec![("kind", (*kind).to_owned())],
            PhotoError::TooManyPixels { limit } => vec![("limit", limit.to_string())],
            PhotoError::NoSingleFace { found } => vec![("found", found.to_string())],
            PhotoError::Inference { net, .. } => vec![("net", (*net).to_owned())],
            _ => Vec::new(),
        }
    }
}
