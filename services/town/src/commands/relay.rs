//! `townlink relay`: papers to the town, as a county department sends and follows them (发文), and the town's own, as it takes them.
//!
//! - [`show`]: papers and receipts, as a person reads them.
//! - [`follow`]: watching, urging, recalling.
//! - [`dispatches`]: the town's own papers, pulled and acknowledged.
//! - [`receive`]: the endpoint of a department.

mod dispatches;
mod follow;
mod receive;
mod show;

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use gateway::envelope::{ActionClass, Directive, DocType, Envelope, Openness, Urgency};
use runtime::log::{Checkpoint, Hash, InclusionProof, Receipt};
use serde_json::{Value, json};
use townlink_proto::townlink::clock::v1::GetClockRequest;
use townlink_proto::townlink::gateway::v1 as pb;
use vocabulary::time::{parse_date, town_date};
use vocabulary::{Date, DepartmentCode, MessageId, Timestamp};

use crate::catalogue;
use crate::cli::Context;
use crate::commands::inbox::number;
use crate::commands::listing::Page;
use crate::connection::{Connection, Papers, call, pages};
use crate::files::{read, write};
use crate::names::{abbreviate, find_numbered, wire_instant};
use crate::output::{instant, short, table};
use crate::paper::{AttachedFile, PaperKey, payload};
use crate::problem::Problem;
use show::{delivery, receipt_name, show, show_receipt, told};

const ISSUE_EXAMPLES: &str = r#"The paper is signed with a key of the data directory, registered by the town. What comes back
is the signed receipt. Repeated with the same --request-id and content, it is the same paper.

A directive names the digests of its annex and of its attachment; they are filled in from the files.

Examples:
  townlink --as county/government-office relay issue --number 昆政办发〔2026〕18号 \
      --title 关于做好防汛工作的通知 \
      --action 阅办 --due 2026-03-31
  townlink --as county/government relay issue --number 昆政发〔2026〕5号 \
      --title 关于下放县级经济社会管理权限的通知 \
      --directive GRANT_POWERS --annex grants.csv
  townlink --as county/government relay issue --number 昆政发〔2026〕9号 \
      --title 关于收回部分权限的通知 \
      --directive '{"type":"WITHDRAW_POWERS","to":"2026-07-01","powers":["PP-URB-0001"]}'
  townlink --as county/government relay issue --number 昆政发〔2026〕6号 \
      --title 关于转发省政府决定的通知 \
      --attach 决定.txt --directive @basis.json
  townlink --as county/city-management relay issue --number 昆城管〔2026〕7号 \
      --title 关于市容整治的函 --type 函 --to 建设与管理局"#;

const FOLLOW_EXAMPLES: &str = "\
A paper is named by its message id, or by as much of its beginning as tells it from the others.

Examples:
  townlink --as county/government relay list
  townlink --as county/government relay show 3f2a
  # and receipt.json.sig beside it
  townlink --as county/government relay receipt 3f2a -o receipt.json
  townlink --as county/government relay proof 3f2a -o proof.json
  townlink verify receipt.json --proof proof.json --key receipt-key.pem --key gateway.vkey";

/// Papers between a county department and the town.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Sign a paper and issue it
    #[command(after_help = ISSUE_EXAMPLES)]
    Issue(Box<Issue>),
    /// List one's own papers, newest first
    #[command(after_help = FOLLOW_EXAMPLES)]
    List(List),
    /// Show one paper: where it is, and its receipts
    #[command(after_help = FOLLOW_EXAMPLES)]
    Show(One),
    /// Save a receipt as a file, its signature beside it
    #[command(after_help = FOLLOW_EXAMPLES)]
    Receipt(SaveReceipt),
    /// Save the proof that the leaf of a receipt is in the town's log
    #[command(after_help = FOLLOW_EXAMPLES)]
    Proof(SaveProof),
    /// Follow what happens to one's own papers, as it happens
    #[command(after_help = follow::EXAMPLES)]
    Watch(follow::Watch),
    /// Urge the town to handle a paper (催办)
    #[command(after_help = follow::EXAMPLES)]
    Urge(follow::Urge),
    /// Recall a paper that nobody has signed for (撤回)
    #[command(after_help = follow::EXAMPLES)]
    Recall(follow::Recall),
    /// Take the town's own papers, in order, as they are sent
    #[command(after_help = dispatches::EXAMPLES)]
    Pull(dispatches::Pull),
    /// Acknowledge a paper of the town: received, signed for, returned, completed
    #[command(after_help = dispatches::EXAMPLES)]
    Acknowledge(dispatches::Acknowledge),
    /// Serve an endpoint to which the town pushes its papers, into a folder
    #[command(after_help = receive::EXAMPLES)]
    Receive(receive::Receive),
}

/// Issues a paper.
#[derive(Debug, Args)]
pub struct Issue {
    /// The document number (发文字号)
    #[arg(long)]
    number: String,
    /// The title
    #[arg(long)]
    title: String,
    /// The kind of paper (公文种类)
    #[arg(long = "type", value_name = "TYPE", default_value = "通知", value_parser = listed::<DocType>)]
    doc_type: DocType,
    /// The issuer (发文机关) [default: the department itself]
    #[arg(long)]
    issuer: Option<String>,
    /// A main addressee (主送机关); may be given several times
    #[arg(long, value_name = "NAME", default_value = "张浦镇人民政府")]
    to: Vec<String>,
    /// An addressee of a copy (抄送机关); may be given several times
    #[arg(long, value_name = "NAME")]
    copy_to: Vec<String>,
    /// The urgency: 特提, 特急, 加急 or 平急 [default: an ordinary paper]
    #[arg(long, value_parser = listed::<Urgency>)]
    urgency: Option<Urgency>,
    /// The date of the paper (成文日期) [default: today, by the town's clock]
    #[arg(long, value_name = "DATE", value_parser = parse_date)]
    date: Option<Date>,
    /// The day by which it asks to be handled
    #[arg(long, value_name = "DATE", value_parser = parse_date)]
    due: Option<Date>,
    /// What is asked: 阅知, 阅办, 批办 or 转办
    #[arg(long, value_parser = listed::<ActionClass>)]
    action: Option<ActionClass>,
    /// Whether it may be published: 主动公开, 依申请公开 or 不予公开
    #[arg(long, default_value = "依申请公开", value_parser = listed::<Openness>)]
    openness: Openness,
    /// The document number that it answers or refers to
    #[arg(long = "ref", value_name = "NUMBER")]
    refers_to: Option<String>,
    /// The document by which the city government agreed (经市政府同意)
    #[arg(long)]
    consent: Option<String>,
    /// A department that agreed (会签); may be given several times
    #[arg(long, value_name = "NAME")]
    agreed_by: Vec<String>,
    /// How many matters it treats
    #[arg(long, default_value_t = 1)]
    matters: u32,
    /// The declaration of secrecy; whatever is not NONE is refused and does not belong here
    #[arg(long, default_value = "NONE")]
    secrecy: String,
    /// A file to attach; may be given several times
    #[arg(long, value_name = "FILE")]
    attach: Vec<PathBuf>,
    /// What a machine carries out once a person confirmed it: a type such as GRANT_POWERS, a JSON object, or @FILE with one
    #[arg(long, value_name = "TYPE|JSON|@FILE")]
    directive: Option<String>,
    /// The rows of the directive, CSV; it is attached, and the directive names its digest
    #[arg(long, value_name = "FILE", requires = "directive")]
    annex: Option<PathBuf>,
    /// The key that signs [default: the identity, as county-government]
    #[arg(long, value_name = "NAME")]
    key: Option<String>,
}

/// Lists one's own papers.
#[derive(Debug, Args)]
pub struct List {
    #[command(flatten)]
    page: Page,
}

/// One paper.
#[derive(Debug, Args)]
pub struct One {
    /// The paper: its document number, its message id, or the beginning of that
    paper: String,
}

impl One {
    /// The paper by its whole name, where that was typed.
    fn whole(&self) -> Option<String> {
        self.paper.contains('/').then(|| self.paper.clone())
    }
}

/// Which receipt of a paper.
#[derive(Debug, Args)]
pub struct Which {
    #[command(flatten)]
    one: One,
    /// The receipt: RECEIVED, SIGNED_FOR, RETURNED or COMPLETED
    #[arg(long = "type", value_name = "TYPE", default_value = "RECEIVED", value_parser = receipt_type)]
    kind: pb::ReceiptType,
    /// The file to write
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
}

/// Saves a receipt.
#[derive(Debug, Args)]
pub struct SaveReceipt {
    #[command(flatten)]
    which: Which,
}

/// Saves a proof.
#[derive(Debug, Args)]
pub struct SaveProof {
    #[command(flatten)]
    which: Which,
}

/// A closed list of the envelope.
trait Listed: Copy + 'static {
    const ALL: &'static [Self];
    fn word(self) -> &'static str;
}

macro_rules! listed {
    ($($list:ident),+) => {
        $(impl Listed for $list {
            const ALL: &'static [Self] = $list::ALL;
            fn word(self) -> &'static str {
                self.as_str()
            }
        })+
    };
}

listed!(DocType, Urgency, ActionClass, Openness);

fn listed<T: Listed>(text: &str) -> Result<T, String> {
    T::ALL.iter().copied().find(|known| known.word() == text).ok_or_else(|| {
        let words: Vec<_> = T::ALL.iter().map(|known| known.word()).collect();
        format!("it is one of {}", words.join("、"))
    })
}

fn receipt_type(text: &str) -> Result<pb::ReceiptType, String> {
    pb::ReceiptType::from_str_name(&format!("RECEIPT_TYPE_{}", text.to_uppercase().replace('-', "_")))
        .ok_or_else(|| "a receipt is RECEIVED, SIGNED_FOR, RETURNED or COMPLETED".to_owned())
}

/// Runs the command.
pub async fn run(command: Command, context: &Context) -> Result<(), Problem> {
    let connection = Connection::open(context, None)?;
    match command {
        Command::Issue(asked) => issue(*asked, &connection, context).await,
        Command::List(asked) => list(&asked, &connection, context).await,
        Command::Show(one) => {
            let paper = paper(&one, &connection).await?;
            context.output.message(&paper, show)
        }
        Command::Receipt(asked) => receipt(&asked.which, &connection, context).await,
        Command::Proof(asked) => proof(&asked.which, &connection, context).await,
        Command::Watch(asked) => follow::watch(&asked, &connection, context).await,
        Command::Urge(asked) => follow::urge(asked, &connection, context).await,
        Command::Recall(asked) => follow::recall(asked, &connection, context).await,
        Command::Pull(asked) => dispatches::pull(&asked, &connection, context).await,
        Command::Acknowledge(asked) => dispatches::acknowledge(asked, &connection, context).await,
        Command::Receive(asked) => receive::receive(&asked, &connection, context).await,
    }
}

async fn issue(asked: Issue, connection: &Connection, context: &Context) -> Result<(), Problem> {
    let department = connection.department()?.to_owned();
    let mut papers = connection.papers()?;
    let key_name = asked.key.clone().unwrap_or_else(|| connection.identity.replace('/', "-"));
    let key = PaperKey::read(&key_name, &super::key::private_file(context, &key_name))?;
    let mut files = asked.attach.iter().map(|file| AttachedFile::read(file)).collect::<Result<Vec<_>, _>>()?;
    let annex = asked.annex.as_deref().map(AttachedFile::read).transpose()?;
    let directive = asked.directive.as_deref().map(|text| directive(text, annex.as_ref(), &files)).transpose()?;
    files.extend(annex);
    for file in &files {
        file.put(&mut papers).await?;
    }
    let clock = TownClock::ask(connection).await?;
    let date = asked.date.unwrap_or_else(|| town_date(clock.now));
    let secrecy = asked.secrecy.clone();
    let message_id = context.request().uuid();
    let envelope = Envelope {
        message_id: MessageId::try_from(message_id)
            .map_err(|error| Problem::usage(error, "give another --request-id"))?,
        doc_type: asked.doc_type,
        document_number: asked.number,
        title: asked.title,
        issuer: asked.issuer.map_or_else(|| issuer(&department), Ok)?,
        signatory: None,
        main_to: asked.to,
        copy_to: asked.copy_to,
        urgency: asked.urgency,
        issue_date: date,
        due: asked.due,
        action_class: asked.action,
        openness: Some(asked.openness),
        ref_document_number: asked.refers_to,
        attachments: files.iter().map(|file| file.named.clone()).collect(),
        algorithm: key.algorithm(),
        key_id: key.id.clone(),
        sender: DepartmentCode::parse(&department).map_err(|error| Problem::usage(error, "act as county/…"))?,
        consent: asked.consent,
        agreed_by: asked.agreed_by,
        matters: asked.matters,
        directive,
    };
    let payload = payload(&envelope, &secrecy);
    let signatures = vec![key.sign(&payload)?];
    let request = pb::IssuePaperRequest {
        request_id: message_id.to_string(),
        payload: payload.into(),
        signatures,
        send_time: clock.sent(),
    };
    let receipt = call("gateway, IssuePaper", Some(context.request()), papers.issue_paper(request)).await?;
    context.output.message(&receipt, show_receipt)
}

/// A type alone, or the whole object. The digest of the annex is filled in, and that of the attachment which a basis names.
fn directive(text: &str, annex: Option<&AttachedFile>, attached: &[AttachedFile]) -> Result<Directive, Problem> {
    let remedy = "give a type such as GRANT_POWERS, or an object such as {\"type\":\"…\"}";
    let text = match text.strip_prefix('@') {
        Some(file) => String::from_utf8(read(Path::new(file))?).map_err(|error| Problem::usage(error, remedy))?,
        None => text.to_owned(),
    };
    let mut object = if text.trim_start().starts_with('{') {
        serde_json::from_str(&text).map_err(|error| Problem::usage(error, remedy))?
    } else {
        json!({ "type": text })
    };
    if let (Value::Object(members), Some(annex)) = (&mut object, annex) {
        members.insert("annex".to_owned(), Value::from(annex.named.digest.to_string()));
    }
    if let Some(Value::Object(basis)) = object.get_mut("basis") {
        let named = basis.get("attachment").and_then(Value::as_str);
        let file = attached.iter().find(|file| Some(file.named.name.as_str()) == named);
        if let (false, Some(file)) = (basis.contains_key("digest"), file) {
            basis.insert("digest".to_owned(), Value::from(file.named.digest.to_string()));
        }
    }
    Directive::new(&object).map_err(|error| Problem::usage(error, remedy))
}

/// The full name of a county department, as papers show it.
fn issuer(department: &str) -> Result<String, Problem> {
    let known = catalogue::departments().iter().find(|known| known.code == department);
    known
        .map(|known| known.issuer())
        .ok_or_else(|| Problem::usage(format!("{department} has no name here"), "name it with --issuer"))
}

/// The town's clock, as the gateway tells it.
struct TownClock {
    now: Timestamp,
    manual: bool,
}

impl TownClock {
    async fn ask(connection: &Connection) -> Result<Self, Problem> {
        let mut clock = connection.clock("gateway")?;
        let clock = call("gateway, GetClock", None, clock.get_clock(GetClockRequest {})).await?;
        let now = clock.now.unwrap_or_default();
        let now =
            Timestamp::new(now.seconds, now.nanos).map_err(|error| Problem::failed("gateway, GetClock", error))?;
        Ok(Self { now, manual: clock.manual })
    }

    /// When a paper is sent, by this machine's clock: the town flags one that is wrong. A clock that is moved by hand tells no time
    /// that a machine's could be compared with.
    fn sent(&self) -> Option<prost_types::Timestamp> {
        (!self.manual).then(|| wire_instant(runtime::clock::TownClock::system().now()))
    }
}

async fn papers(client: &Papers, parent: &str, limit: usize) -> Result<(Vec<pb::Paper>, String), Problem> {
    pages(limit, |page_size, page_token| {
        let mut client = client.clone();
        let asked = pb::ListPapersRequest { parent: parent.to_owned(), page_size, page_token };
        async move {
            let page = call("gateway, ListPapers", None, client.list_papers(asked)).await?;
            Ok((page.papers, page.next_page_token))
        }
    })
    .await
}

async fn list(asked: &List, connection: &Connection, context: &Context) -> Result<(), Problem> {
    let client = connection.papers()?;
    let parent = format!("senders/{}", connection.department()?);
    let (papers, next_page_token) = papers(&client, &parent, asked.page.limit).await?;
    context.output.message(&pb::ListPapersResponse { papers, next_page_token }, |list| {
        let mut table = table(&["PAPER", "ACCEPTED", "NUMBER", "TITLE", "DELIVERIES", "RECEIPTS"]);
        for paper in &list.papers {
            let summary = paper.summary.clone().unwrap_or_default();
            let deliveries: Vec<_> = paper.deliveries.iter().map(delivery).collect();
            let receipts: Vec<_> = paper.receipts.iter().map(receipt_name).collect();
            table.add_row([
                abbreviate(&paper.name),
                instant(paper.accept_time.as_ref()),
                summary.document_number,
                summary.title,
                deliveries.join(", "),
                receipts.join(", "),
            ]);
        }
        table
    })
}

/// The paper that a person means, with its payload.
async fn paper(one: &One, connection: &Connection) -> Result<pb::Paper, Problem> {
    let mut client = connection.papers()?;
    let parent = format!("senders/{}", connection.department()?);
    let name = if let Some(name) = one.whole() {
        name
    } else if MessageId::parse(&one.paper).is_ok() {
        format!("{parent}/papers/{}", one.paper)
    } else {
        let (papers, _) = papers(&client, &parent, usize::MAX).await?;
        find_numbered(&one.paper, papers.iter().map(|paper| (paper.name.as_str(), number(paper.summary.as_ref()))))?
    };
    call("gateway, GetPaper", None, client.get_paper(pb::GetPaperRequest { name })).await
}

async fn wanted(which: &Which, connection: &Connection) -> Result<pb::Receipt, Problem> {
    let paper = paper(&which.one, connection).await?;
    let found = paper.receipts.into_iter().find(|receipt| receipt.r#type() == which.kind);
    found.ok_or_else(|| {
        let kind = short(which.kind.as_str_name(), "RECEIPT_TYPE");
        Problem::usage(format!("the paper has no receipt {kind} yet"), "`townlink relay show` lists the receipts")
    })
}

async fn receipt(which: &Which, connection: &Connection, context: &Context) -> Result<(), Problem> {
    let receipt = wanted(which, connection).await?;
    let signature = receipt.signature.clone().unwrap_or_default();
    let beside = which.output.with_added_extension("sig");
    write(&which.output, &receipt.content)?;
    write(&beside, &signature.value)?;
    let (file, sig) = (which.output.display().to_string(), beside.display().to_string());
    let value = json!({"receipt": file, "signature": sig, "keyId": signature.key_id, "algorithm": signature.algorithm});
    context.output.value(&value, || format!("wrote {file} and {sig}: {}", told(&receipt)))
}

async fn proof(which: &Which, connection: &Connection, context: &Context) -> Result<(), Problem> {
    let receipt = wanted(which, connection).await?;
    let unreadable = |error: runtime::log::FormatError| Problem::failed("gateway, GetProof", error);
    let content = Receipt::parse(&receipt.content).map_err(unreadable)?;
    let mut client = connection.papers()?;
    let asked = pb::GetProofRequest { leaf_hash: content.leaf_hash.0.to_vec().into() };
    let answer = call("gateway, GetProof", None, client.get_proof(asked)).await?;
    let head = Checkpoint::parse_unverified(answer.checkpoint.as_bytes())
        .map_err(|error| Problem::failed("gateway, GetProof", error))?;
    let hash = |bytes: &bytes::Bytes| <[u8; 32]>::try_from(bytes.as_ref()).map(Hash);
    let path = answer.path.iter().map(hash).collect::<Result<_, _>>();
    let proof = InclusionProof {
        log_origin: head.origin,
        leaf_hash: content.leaf_hash,
        index: answer.index.unsigned_abs(),
        size: answer.tree_size.unsigned_abs(),
        path: path.map_err(|error| Problem::failed("gateway, GetProof", error))?,
        checkpoint: answer.checkpoint,
    };
    write(&which.output, &proof.to_bytes().map_err(unreadable)?)?;
    let file = which.output.display().to_string();
    let value =
        json!({"proof": file, "index": proof.index, "size": proof.size, "logOrigin": proof.log_origin.to_string()});
    context
        .output
        .value(&value, || format!("wrote {file}: entry {} of {} in {}", proof.index, proof.size, proof.log_origin))
}
