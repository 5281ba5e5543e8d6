//! Where pictures are kept: `file:///folder` or `s3://bucket/prefix?endpoint=…&region=…`. Never with credentials: those come from the
//! environment.

use std::path::PathBuf;

use url::Url;

/// The address of a storage of pictures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BlobsAddress {
    Folder(PathBuf),
    Bucket(BucketAddress),
}

/// A bucket of S3-compatible storage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BucketAddress {
    pub bucket: String,
    /// Without slashes at its ends; empty for the whole bucket.
    pub prefix: String,
    /// Absent: AWS itself.
    pub endpoint: Option<String>,
    pub region: String,
}

/// Why something is no address of a storage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoBlobsAddress {
    #[error("a storage's address has the form file:///FOLDER or s3://BUCKET/PREFIX?endpoint=URL&region=REGION")]
    Form,
    #[error("a storage's address has no user and no password: credentials come from the environment")]
    Credentials,
}

impl BlobsAddress {
    /// Reads an address.
    ///
    /// # Errors
    /// For anything else; what was given is not repeated.
    pub fn parse(address: &str) -> Result<BlobsAddress, NoBlobsAddress> {
        let url = Url::parse(address.trim()).map_err(|_| NoBlobsAddress::Form)?;
        let has_credentials = |url: &Url| !url.username().is_empty() || url.password().is_some();
        if has_credentials(&url) {
            return Err(NoBlobsAddress::Credentials);
        }
        match url.scheme() {
            "file" => url.to_file_path().map(BlobsAddress::Folder).map_err(|()| NoBlobsAddress::Form),
            "s3" => {
                let bucket = url.host_str().filter(|host| !host.is_empty()).ok_or(NoBlobsAddress::Form)?.to_owned();
                let (mut endpoint, mut region) = (None, "us-east-1".to_owned());
                for (name, value) in url.query_pairs() {
                    match name.as_ref() {
                        "endpoint" => {
                            let parsed = Url::parse(&value).map_err(|_| NoBlobsAddress::Form)?;
                            if has_credentials(&parsed) {
                                return Err(NoBlobsAddress::Credentials);
                            }
                            if !["http", "https"].contains(&parsed.scheme()) {
                                return Err(NoBlobsAddress::Form);
                            }
                            endpoint = Some(value.trim_end_matches('/').to_owned());
                        }
                        "region" => region = value.into_owned(),
                        _ => return Err(NoBlobsAddress::Form),
                    }
                }
                let prefix = url.path().trim_matches('/').to_owned();
                if !prefix.is_ascii() || prefix.contains("//") || prefix.contains('%') {
                    return Err(NoBlobsAddress::Form);
                }
                Ok(BlobsAddress::Bucket(BucketAddress { bucket, prefix, endpoint, region }))
            }
            _ => Err(NoBlobsAddress::Form),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_are_read() {
        assert_eq!(BlobsAddress::parse("file:///srv/pictures"), Ok(BlobsAddress::Folder("/srv/pictures".into())));
        let bucket = BucketAddress {
            bucket: "photos".into(),
            prefix: "2027/school".into(),
            endpoint: Some("https://s3.example.edu:9000".into()),
            region: "cn-north-1".into(),
        };
        let address = "s3://photos/2027/school/?endpoint=https://s3.example.edu:9000/&region=cn-north-1";
        assert_eq!(BlobsAddress::parse(address), Ok(BlobsAddress::Bucket(bucket)));
    }

    #[test]
    fn credentials_and_nonsense_are_refused() {
        for address in ["s3://key:secret@photos", "s3://key@photos", "s3://photos?endpoint=https://key:secret@host"] {
            assert_eq!(BlobsAddress::parse(address), Err(NoBlobsAddress::Credentials), "{address}");
        }
        for address in
            ["", "photos", "s3://", "http://host/photos", "s3://photos?secret=1", "s3://photos?endpoint=ftp://host", "s3://b/照片"]
        {
            assert_eq!(BlobsAddress::parse(address), Err(NoBlobsAddress::Form), "{address}");
        }
    }
}
