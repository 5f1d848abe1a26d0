//! What a dispatch says, as it is typed.

use std::path::{Path, PathBuf};

use bytes::Bytes;
use clap::Args;
use townlink_proto::townlink::office::v1 as pb;
use vocabulary::Date;
use vocabulary::time::parse_date;

use super::One;
use crate::files::read;
use crate::names::wire_day;
use crate::problem::Problem;

/// What a dispatch says.
#[derive(Debug, Args)]
pub struct Draft {
    /// In whose name: GOVERNMENT, GOVERNMENT_OFFICE or the code of an institution
    #[arg(long, default_value = "GOVERNMENT")]
    issuer: String,
    /// The document type (公文种类), such as 请示, 报告, 函 or 通知
    #[arg(long = "type", value_name = "TYPE")]
    doc_type: String,
    /// The title
    #[arg(long)]
    title: String,
    /// The file of the text, plain UTF-8
    #[arg(long, value_name = "FILE")]
    text: PathBuf,
    /// A file that goes with it; may be repeated
    #[arg(long = "attach", value_name = "FILE")]
    attach: Vec<PathBuf>,
    /// A main addressee (主送机关); may be repeated
    #[arg(long = "to", value_name = "NAME")]
    main_to: Vec<String>,
    /// An addressee of a copy (抄送机关); may be repeated
    #[arg(long = "copy", value_name = "NAME")]
    copy_to: Vec<String>,
    /// The urgency (紧急程度): 特提, 特急, 加急 or 平急
    #[arg(long, default_value = "", hide_default_value = true)]
    urgency: String,
    /// By when it asks to be handled
    #[arg(long, value_name = "DATE", value_parser = parse_date)]
    due: Option<Date>,
    /// The class of action: 阅知, 阅办, 批办 or 转办
    #[arg(long, default_value = "", hide_default_value = true)]
    action: String,
    /// The openness (公开属性): 主动公开, 依申请公开 or 不予公开
    #[arg(long, default_value = "依申请公开")]
    openness: String,
    /// A matter (事项); a request has exactly one; may be repeated
    #[arg(long = "matter")]
    matters: Vec<String>,
    /// The town government's consent to a bureau's paper upward
    #[arg(long, default_value = "", hide_default_value = true)]
    consent: String,
    /// The own leaning about what another asked for (倾向性意见)
    #[arg(long, default_value = "", hide_default_value = true)]
    opinion: String,
    /// The inbox paper or the dispatch by which another asked, by name
    #[arg(long, value_name = "NAME", default_value = "", hide_default_value = true)]
    request_of: String,
    /// The number of the document that it refers to
    #[arg(long = "ref", value_name = "NUMBER", default_value = "", hide_default_value = true)]
    refers_to: String,
    /// The inbox paper that it answers, by name
    #[arg(long, value_name = "NAME", default_value = "", hide_default_value = true)]
    answers: String,
    /// It is a normative document (规范性文件)
    #[arg(long, requires = "fair_competition", requires = "publication")]
    normative: bool,
    /// The recorded review of fair competition (公平竞争审查)
    #[arg(long, default_value = "", hide_default_value = true)]
    fair_competition: String,
    /// Where it is published
    #[arg(long, default_value = "", hide_default_value = true)]
    publication: String,
    /// The matter is a major one (重大事项)
    #[arg(long)]
    major: bool,
    /// The number of the case, for a letter about one
    #[arg(long = "case", value_name = "NUMBER", default_value = "", hide_default_value = true)]
    case_number: String,
    /// Confirm that a paper which is no request asks for nothing, in words
    #[arg(long, value_name = "WORDS", default_value = "", hide_default_value = true)]
    asks_nothing: String,
}

/// Changes a dispatch.
#[derive(Debug, Args)]
pub struct Revise {
    #[command(flatten)]
    pub one: One,
    #[command(flatten)]
    pub draft: Draft,
}

impl Draft {
    /// The content with its files.
    pub fn content(self) -> Result<pb::DispatchContent, Problem> {
        let text = String::from_utf8(read(&self.text)?)
            .map_err(|_| Problem::usage(format!("{} is not UTF-8", self.text.display()), "save the text as UTF-8"))?;
        Ok(pb::DispatchContent {
            issuer: self.issuer,
            doc_type: self.doc_type,
            title: self.title,
            text: text.replace("\r\n", "\n"),
            files: self.attach.iter().map(|path| file(path)).collect::<Result<_, _>>()?,
            main_to: self.main_to,
            copy_to: self.copy_to,
            urgency: self.urgency,
            due: self.due.map(wire_day),
            action_class: self.action,
            openness: self.openness,
            matters: self.matters,
            consent: self.consent,
            opinion: self.opinion,
            request_of: self.request_of,
            ref_document_number: self.refers_to,
            answers: self.answers,
            normative: self.normative,
            fair_competition: self.fair_competition,
            publication_place: self.publication,
            major_matter: self.major,
            case_number: self.case_number,
            no_request_confirmation: self.asks_nothing,
        })
    }
}

fn file(path: &Path) -> Result<pb::DispatchFile, Problem> {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    Ok(pb::DispatchFile { name, content: Bytes::from(read(path)?) })
}
