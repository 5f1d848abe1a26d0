//! Compiles every contract below this folder, without protoc.

use std::path::{Path, PathBuf};

use prost::Message as _;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!("cargo:rerun-if-changed=townlink");
    println!("cargo:rerun-if-changed=google");
    let mut files = Vec::new();
    collect(Path::new("townlink"), &mut files)?;
    // What only benchmarks need is in no other program.
    let bench = std::env::var_os("CARGO_FEATURE_BENCH").is_some();
    files.retain(|file| bench || !file.starts_with("townlink/bench"));
    files.sort();
    let mut compiler = protox::Compiler::new(["."])?;
    compiler.include_imports(true).include_source_info(true);
    compiler.open_files(&files)?;
    let encoded = compiler.encode_file_descriptor_set();
    let out = PathBuf::from(std::env::var_os("OUT_DIR").ok_or("cargo names no OUT_DIR")?);
    std::fs::write(out.join("descriptor_set.bin"), &encoded)?;

    let mut set = prost_types::FileDescriptorSet::decode(encoded.as_slice())?;
    // A doc comment with an indented block is an example, not a Rust doctest.
    for file in &mut set.file {
        if let Some(info) = &mut file.source_code_info {
            for location in &mut info.location {
                if let Some(comment) = &mut location.leading_comments {
                    *comment = comment.replace("\n     {", "\n {");
                }
            }
        }
    }
    let mut config = tonic_prost_build::Config::new();
    config.enable_type_names();
    // Their other variants are much smaller.
    config
        .boxed(".townlink.office.v1.PowerHistoryEntry.what.power")
        .boxed(".townlink.office.v1.PowerHistoryEntry.what.grant_version");
    tonic_prost_build::configure().bytes(".").include_file("contracts.rs").compile_fds_with_config(set, config)?;
    Ok(())
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else if path.extension().is_some_and(|extension| extension == "proto") {
            files.push(path);
        }
    }
    Ok(())
}
