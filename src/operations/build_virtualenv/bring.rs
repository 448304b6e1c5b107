//! A uv of this machine, as it is sent to hosts that have none.

use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::path::Path;
use std::sync::Arc;

use data_encoding::HEXLOWER;
use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::{Digest as _, Sha256};

use crate::transport::LazyFile;

/// The program at `path`, for `bring.sh`: packed when the first host wants it.
pub fn uv(path: &Path) -> Arc<LazyFile> {
    let path = path.to_owned();
    Arc::new(LazyFile::new(move || packed(&path).map_err(|error| format!("{}: {error}", path.display()))))
}

fn packed(path: &Path) -> io::Result<File> {
    let mut program = Vec::new();
    File::open(path)?.read_to_end(&mut program)?;
    let mut file = tempfile::tempfile()?;
    writeln!(file, "{}", HEXLOWER.encode(&Sha256::digest(&program)))?;
    let mut gzip = GzEncoder::new(file, Compression::new(6));
    gzip.write_all(&program)?;
    gzip.finish()
}
