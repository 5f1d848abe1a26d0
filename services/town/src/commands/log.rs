//! `townlink log`: copies the public log out of the town, so that anyone can check it elsewhere.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use runtime::log::{Checkpoint, TILE_WIDTH, TileCoord, VerifierKey};
use serde_json::json;
use tonic::Code;
use townlink_proto::townlink::journal::v1 as pb;

use crate::cli::Context;
use crate::connection::{Connection, Journal, call};
use crate::files::write;
use crate::output::progress;
use crate::problem::Problem;

const EXAMPLES: &str = "\
Each service keeps a log of its own: DIR/gateway, DIR/office and so on, in the layout of C2SP tlog-tiles: checkpoint, \
tile/<L>/<N>, tile/entries/<N>, and keys/ with the public keys. An export goes on where an earlier one ended.

Examples:
  townlink log export exported
  townlink log export exported --service gateway
  townlink verify exported/gateway --key exported/gateway/keys/sm2.vkey";

/// The public log.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Copy checkpoint, tiles, entry bundles and public keys into a directory
    #[command(after_help = EXAMPLES)]
    Export(Export),
}

/// Copies a log.
#[derive(Debug, Args)]
pub struct Export {
    /// The directory to write to
    dir: PathBuf,
    /// Only the log of this service
    #[arg(long)]
    service: Option<String>,
}

/// Runs the command.
pub async fn run(command: Command, context: &Context) -> Result<(), Problem> {
    let Command::Export(export) = command;
    let connection = Connection::open(context, Some(super::READER))?;
    let mut exported = Vec::new();
    for service in &connection.ready.services {
        if export.service.as_ref().is_some_and(|wanted| *wanted != service.name) {
            continue;
        }
        let folder = export.dir.join(&service.name);
        let Some((origin, size)) = one(&connection, &service.name, &folder).await? else {
            exported.push(json!({"service": service.name, "size": 0}));
            continue;
        };
        keys(&folder, &service.log_keys)?;
        exported.push(
            json!({"service": service.name, "logOrigin": origin, "size": size, "folder": folder.display().to_string()}),
        );
    }
    if exported.is_empty() {
        return Err(Problem::usage("the town has no such service", "`townlink clock show` lists them"));
    }
    let told = |it: &serde_json::Value| match it["folder"].as_str() {
        Some(folder) => format!("{folder}: {} entries of {}", it["size"], text_of(it, "logOrigin")),
        None => format!("{}: nothing is logged yet", text_of(it, "service")),
    };
    let text: Vec<_> = exported.iter().map(told).collect();
    context.output.value(&json!({ "exported": exported }), || text.join("\n"))
}

fn text_of(value: &serde_json::Value, key: &str) -> String {
    value[key].as_str().unwrap_or_default().to_owned()
}

/// Copies one log; none where it has no checkpoint yet. The checkpoint is written last, so that a copy never claims more than
/// it holds.
async fn one(connection: &Connection, service: &str, folder: &Path) -> Result<Option<(String, u64)>, Problem> {
    let mut client = connection.journal(service)?;
    let place = format!("{service}, GetCheckpoint");
    let note = match client.get_checkpoint(pb::GetCheckpointRequest {}).await {
        Ok(answer) => answer.into_inner().note,
        Err(status) if status.code() == Code::NotFound => return Ok(None),
        Err(status) => return Err(Problem::of_status(&place, &status, None)),
    };
    let head = Checkpoint::parse_unverified(note.as_bytes()).map_err(|error| Problem::failed(&place, error))?;
    let tiles = tiles_of(head.size).map_err(|error| Problem::failed(&place, error))?;
    let bar = progress(&format!("log of {service}"), u64::try_from(tiles.len()).unwrap_or(u64::MAX));
    for path in tiles {
        tile(&mut client, service, folder, &path).await?;
        bar.inc(1);
    }
    bar.finish_and_clear();
    write(&folder.join("checkpoint"), note.as_bytes())?;
    Ok(Some((head.origin.to_string(), head.size)))
}

/// The paths of all tiles and bundles of a log with so many leaves.
fn tiles_of(size: u64) -> Result<Vec<String>, runtime::log::TreeError> {
    let width = u64::from(TILE_WIDTH);
    let mut paths = Vec::new();
    let (mut level, mut hashes) = (0_u8, size);
    while hashes > 0 {
        for index in 0..hashes.div_ceil(width) {
            let here = (hashes - index * width).min(width);
            let coord = TileCoord::new(level, index, u16::try_from(here).unwrap_or(TILE_WIDTH))?;
            if level == 0 {
                paths.push(coord.entries_path());
            }
            paths.push(coord.path());
        }
        (level, hashes) = (level + 1, hashes / width);
    }
    Ok(paths)
}

async fn tile(client: &mut Journal, service: &str, folder: &Path, path: &str) -> Result<(), Problem> {
    let file = folder.join(path);
    // Full tiles never change; a partial one has its width in its name.
    if file.is_file() {
        return Ok(());
    }
    let place = format!("{service}, GetTile {path}");
    let answer = client.get_tile(pb::GetTileRequest { path: path.to_owned() }).await;
    match answer {
        Ok(answer) => write(&file, &answer.into_inner().data),
        // The log has grown, and a server keeps only the widest form of a partial tile: the whole one is asked for.
        Err(status) if status.code() == Code::NotFound && path.contains(".p/") => {
            let (full, _) = path.split_once(".p/").unwrap_or((path, ""));
            let asked = pb::GetTileRequest { path: full.to_owned() };
            let answer = call(&place, None, client.get_tile(asked)).await?;
            write(&folder.join(full), &answer.data)
        }
        Err(status) => Err(Problem::of_status(&place, &status, None)),
    }
}

fn keys(folder: &Path, keys: &[String]) -> Result<(), Problem> {
    for text in keys {
        let key: VerifierKey = text.parse().map_err(|error| Problem::failed("ready.json", error))?;
        let name = match key.key().algorithm() {
            runtime::signing::Algorithm::Sm2Sm3 => "sm2",
            runtime::signing::Algorithm::Ed25519 => "ed25519",
        };
        write(&folder.join("keys").join(format!("{name}.vkey")), format!("{key}\n").as_bytes())?;
        write(&folder.join("keys").join(format!("{name}.pem")), key.key().to_pem().as_bytes())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_tile_of_a_log_is_named() {
        assert_eq!(tiles_of(0).expect("paths"), Vec::<String>::new());
        assert_eq!(tiles_of(3).expect("paths"), ["tile/entries/000.p/3", "tile/0/000.p/3"]);
        let paths = tiles_of(257).expect("paths");
        let expected = ["tile/entries/000", "tile/0/000", "tile/entries/001.p/1", "tile/0/001.p/1", "tile/1/000.p/1"];
        assert_eq!(paths, expected);
    }
}
