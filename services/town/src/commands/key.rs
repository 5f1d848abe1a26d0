//! `townlink key`: the keys of those who sign papers, and of the town. Two persons act on every change.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use comfy_table::Table;
use runtime::pki::files::{write_public, write_secret};
use runtime::pki::public_half;
use runtime::signing::{PublicKey, Signer as _, SoftEd25519, SoftSm2};
use serde_json::json;
use townlink_proto::townlink::gateway::v1 as pb;
use vocabulary::Date;
use vocabulary::time::parse_date;

use crate::cli::Context;
use crate::commands::listing::Page;
use crate::connection::{Connection, call, pages};
use crate::files::{read, told, write};
use crate::names::wire_day;
use crate::output::{day, facts, instant, short, table};
use crate::problem::Problem;

const EXAMPLES: &str = "\
A key is made by its owner, registered by one person of the office and confirmed by another; it may sign for the \
issuers that it was registered for, and no others.

Examples:
  townlink key generate county-government
  townlink --as person/key-registrar key register county-government --owner county/government \\
      --issuer 昆山市人民政府 --from 2026-03-02 --document 昆政办函〔2026〕1号
  townlink --as person/key-confirmer key confirm county-government
  townlink key export town-receipt -o receipt-key.pem
  townlink --as person/key-registrar key revoke county-government --reason 私钥泄露 \\
      --document 昆政办函〔2026〕9号";

/// Keys of those who sign papers, and of the town.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Make a key pair in the data directory's `keys` folder
    #[command(after_help = EXAMPLES)]
    Generate(Generate),
    /// Register a public key with the issuers that it may sign for
    #[command(after_help = EXAMPLES)]
    Register(Register),
    /// Confirm a registration or a revocation, as the second person
    #[command(after_help = EXAMPLES)]
    Confirm(One),
    /// Ask to revoke a key; it signs nothing from this moment on
    #[command(after_help = EXAMPLES)]
    Revoke(Revoke),
    /// List the keys
    List(List),
    /// Show one key, with its public half
    Show(One),
    /// Save the public half of a key as a file, to check signatures with
    #[command(after_help = EXAMPLES)]
    Export(Export),
}

/// The algorithm of a key.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum Kind {
    /// SM2 with SM3: for every paper
    Sm2,
    /// Ed25519: for papers without a directive
    Ed25519,
}

/// Makes a key pair.
#[derive(Debug, Args)]
pub struct Generate {
    /// The name of the key
    name: String,
    /// The algorithm
    #[arg(long, default_value = "sm2")]
    algorithm: Kind,
}

/// Registers a key.
#[derive(Debug, Args)]
pub struct Register {
    /// The name of the key; its public half is read from the `keys` folder
    name: String,
    /// The public key, SPKI PEM, where it is not in the `keys` folder
    #[arg(long)]
    file: Option<PathBuf>,
    /// The owner: county/…
    #[arg(long)]
    owner: String,
    /// An issuer that it may sign for, by its full name; may be given several times
    #[arg(long, required = true)]
    issuer: Vec<String>,
    /// The first day of validity
    #[arg(long, value_name = "DATE", value_parser = parse_date)]
    from: Date,
    /// The first day on which it is no longer valid [default: open]
    #[arg(long, value_name = "DATE", value_parser = parse_date)]
    to: Option<Date>,
    /// The document on which the registration rests
    #[arg(long, value_name = "NUMBER")]
    document: String,
    /// The private key lives in a certified device, not in software
    #[arg(long)]
    certified: bool,
}

/// One key.
#[derive(Debug, Args)]
pub struct One {
    /// The name of the key
    name: String,
}

/// Saves the public half of a key.
#[derive(Debug, Args)]
pub struct Export {
    /// The name of the key, as a receipt names it
    name: String,
    /// The file to write, SPKI PEM
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
}

/// Asks to revoke a key.
#[derive(Debug, Args)]
pub struct Revoke {
    /// The name of the key
    name: String,
    /// Why
    #[arg(long)]
    reason: String,
    /// The document on which the revocation rests
    #[arg(long, value_name = "NUMBER")]
    document: String,
}

/// Lists keys.
#[derive(Debug, Args)]
pub struct List {
    #[command(flatten)]
    page: Page,
}

fn resource(name: &str) -> String {
    if name.contains('/') { name.to_owned() } else { format!("keys/{name}") }
}

/// The file of a private key by its name.
pub fn private_file(context: &Context, name: &str) -> PathBuf {
    context.data_dir.join("keys").join(format!("{name}.key"))
}

/// Runs the command.
pub async fn run(command: Command, context: &Context) -> Result<(), Problem> {
    let request = Some(context.request());
    let request_id = context.request().to_string();
    match command {
        Command::Generate(asked) => generate(&asked, context),
        Command::Register(asked) => {
            let key = registration(asked, context)?;
            let mut client = Connection::open(context, None)?.keys()?;
            let asked = pb::RegisterKeyRequest { request_id, key: Some(key) };
            let key = call("gateway, RegisterKey", request, client.register_key(asked)).await?;
            context.output.message(&key, show)
        }
        Command::Confirm(one) => {
            let mut client = Connection::open(context, None)?.keys()?;
            let asked = pb::ConfirmKeyRequest { request_id, name: resource(&one.name), etag: String::new() };
            let key = call("gateway, ConfirmKey", request, client.confirm_key(asked)).await?;
            context.output.message(&key, show)
        }
        Command::Revoke(asked) => {
            let mut client = Connection::open(context, None)?.keys()?;
            let asked = pb::RevokeKeyRequest {
                request_id,
                name: resource(&asked.name),
                reason: asked.reason,
                document_number: asked.document,
                etag: String::new(),
            };
            let key = call("gateway, RevokeKey", request, client.revoke_key(asked)).await?;
            context.output.message(&key, show)
        }
        Command::Show(one) => {
            let mut client = Connection::open(context, Some(super::READER))?.keys()?;
            let asked = pb::GetKeyRequest { name: resource(&one.name) };
            let key = call("gateway, GetKey", None, client.get_key(asked)).await?;
            context.output.message(&key, show)
        }
        Command::Export(asked) => {
            let mut client = Connection::open(context, Some(super::READER))?.keys()?;
            let name = resource(&asked.name);
            let key = call("gateway, GetKey", None, client.get_key(pb::GetKeyRequest { name })).await?;
            write(&asked.output, key.public_key_pem.as_bytes())?;
            let file = asked.output.display().to_string();
            let value = json!({"key": key.name, "algorithm": key.algorithm, "file": file});
            context.output.value(&value, || format!("wrote {file}: {}, {} of {}", key.name, key.algorithm, key.owner))
        }
        Command::List(asked) => list(&asked, context).await,
    }
}

fn generate(asked: &Generate, context: &Context) -> Result<(), Problem> {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if asked.name.is_empty() || !asked.name.bytes().all(plain) {
        return Err(Problem::usage(
            format!("{:?} is no name of a key", asked.name),
            "a name has the letters a to z, digits and hyphens, such as county-government",
        ));
    }
    let unmade = |error: runtime::signing::SigningError| Problem::failed("this machine", error);
    let (private, public) = match asked.algorithm {
        Kind::Sm2 => {
            let key = SoftSm2::generate().map_err(unmade)?;
            (key.to_pem().map_err(unmade)?, key.public_key().to_pem())
        }
        Kind::Ed25519 => {
            let key = SoftEd25519::generate().map_err(unmade)?;
            (key.to_pem().map_err(unmade)?, key.public_key().to_pem())
        }
    };
    let file = private_file(context, &asked.name);
    let exists = |error| Problem::usage(error, "choose another name; a key is never overwritten");
    write_secret(&file, private.as_bytes()).map_err(exists)?;
    write_public(&public_half(&file), public.as_bytes()).map_err(exists)?;
    let (private, public) = (told(&file), told(&public_half(&file)));
    let value = json!({"key": asked.name, "private": private, "public": public});
    context.output.value(&value, || format!("wrote {private} and {public}"))
}

fn registration(asked: Register, context: &Context) -> Result<pb::Key, Problem> {
    let file = asked.file.unwrap_or_else(|| public_half(&private_file(context, &asked.name)));
    let pem = String::from_utf8(read(&file)?)
        .map_err(|error| Problem::usage(format!("{}: {error}", file.display()), "name an SPKI PEM public key"))?;
    let key = PublicKey::from_pem(&pem)
        .map_err(|error| Problem::usage(format!("{}: {error}", file.display()), "name an SPKI PEM public key"))?;
    let issuer =
        |issuer: String| pb::KeyIssuer { issuer, from: Some(wire_day(asked.from)), to: asked.to.map(wire_day) };
    Ok(pb::Key {
        name: resource(&asked.name),
        owner: asked.owner,
        algorithm: key.algorithm().to_string(),
        public_key_pem: pem,
        valid_from: Some(wire_day(asked.from)),
        valid_to: asked.to.map(wire_day),
        issuers: asked.issuer.into_iter().map(issuer).collect(),
        software: !asked.certified,
        document_number: asked.document,
        ..pb::Key::default()
    })
}

async fn list(asked: &List, context: &Context) -> Result<(), Problem> {
    let client = Connection::open(context, Some(super::READER))?.keys()?;
    let (keys, next_page_token) = pages(asked.page.limit, |page_size, page_token| {
        let mut client = client.clone();
        async move {
            let asked = pb::ListKeysRequest { page_size, page_token };
            let page = call("gateway, ListKeys", None, client.list_keys(asked)).await?;
            Ok((page.keys, page.next_page_token))
        }
    })
    .await?;
    context.output.message(&pb::ListKeysResponse { keys, next_page_token }, |list| {
        let mut table = table(&["KEY", "OWNER", "ALGORITHM", "STATE", "KEPT IN", "FROM", "TO", "ISSUERS"]);
        for key in &list.keys {
            let issuers: Vec<_> = key.issuers.iter().map(|it| it.issuer.as_str()).collect();
            table.add_row([
                key.name.strip_prefix("keys/").unwrap_or(&key.name).to_owned(),
                key.owner.clone(),
                key.algorithm.clone(),
                short(key.state().as_str_name(), "KEY_STATE"),
                kept(key),
                day(key.valid_from.as_ref()),
                day(key.valid_to.as_ref()),
                issuers.join("、"),
            ]);
        }
        table
    })
}

fn kept(key: &pb::Key) -> String {
    if key.software { "SOFT".to_owned() } else { "a device".to_owned() }
}

fn show(key: &pb::Key) -> Table {
    let mut rows = vec![
        ("key", key.name.clone()),
        ("owner", key.owner.clone()),
        ("algorithm", key.algorithm.clone()),
        ("state", short(key.state().as_str_name(), "KEY_STATE")),
        ("kept in", kept(key)),
        ("valid from", day(key.valid_from.as_ref())),
        ("valid to", day(key.valid_to.as_ref())),
        ("document", key.document_number.clone()),
        ("revoked", instant(key.revoke_time.as_ref())),
        ("reason", key.revoke_reason.clone()),
    ];
    for issuer in &key.issuers {
        rows.push(("may sign for", format!("{} from {}", issuer.issuer, day(issuer.from.as_ref()))));
    }
    rows.push(("public key", key.public_key_pem.trim_end().to_owned()));
    facts(rows)
}
