//! The public list as a file, written piece by piece, so that its size is never held whole.

use std::sync::Arc;

use bytes::Bytes;
use serde_json::json;
use vocabulary::{Date, InstitutionNames, Sm3Digest, Sm3Hasher};

use super::list::{Filter, Public, entries};
use crate::register::grant::state::{Exercise, GrantId, Holder};
use crate::register::holds::Verdict;
use crate::register::settings::Rules;
use crate::register::state::Register;

/// How long a piece grows before it is sent. A row is far shorter than what is left to 64 KiB.
const PIECE_BYTES: usize = 32 * 1024;

/// The form of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    /// CSV with a header in Chinese, for people.
    Csv,
    /// A JSON array of objects, for programs.
    Json,
}

/// The header for people.
const HEADER: [&str; 16] = [
    "事项编码",
    "事项名称",
    "权力类型",
    "领域",
    "法定依据",
    "行使主体",
    "承办机构",
    "行使名义",
    "下放文件",
    "序号",
    "生效日期",
    "终止日期",
    "公布日期",
    "公布载体",
    "监督机构",
    "监督投诉渠道",
];

/// A file being written.
pub(crate) struct Export {
    register: Arc<Register>,
    rules: Arc<Rules>,
    names: Arc<InstitutionNames>,
    day: Date,
    format: Format,
    after: Option<(String, GrantId)>,
    hasher: Sm3Hasher,
    rows: u32,
    stage: Stage,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    Head,
    Rows,
    Digest,
    Done,
}

/// A piece of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Piece {
    /// The next bytes.
    Data(Bytes),
    /// The end: the digest of the whole, and how many entries it has.
    End {
        /// The digest.
        digest: Sm3Digest,
        /// The entries.
        rows: u32,
    },
}

impl Export {
    /// The file of a day, from a register that does not change under it.
    pub fn new(
        register: Arc<Register>,
        rules: Arc<Rules>,
        names: Arc<InstitutionNames>,
        day: Date,
        format: Format,
    ) -> Self {
        let hasher = Sm3Hasher::new();
        Self { register, rules, names, day, format, after: None, hasher, rows: 0, stage: Stage::Head }
    }

    fn piece(&mut self) -> String {
        let mut text = String::new();
        if self.stage == Stage::Head {
            text.push_str(&match self.format {
                Format::Csv => row(&HEADER),
                Format::Json => "[".to_owned(),
            });
            self.stage = Stage::Rows;
        }
        let (register, rules) = (Arc::clone(&self.register), Arc::clone(&self.rules));
        let place = self.after.clone();
        let after = place.as_ref().map(|(code, id)| (code.as_str(), *id));
        for public in entries(&register, &rules, self.day, after, Filter::default()) {
            if text.len() >= PIECE_BYTES {
                return text;
            }
            match self.format {
                Format::Csv => text.push_str(&self.csv_row(&public)),
                Format::Json => {
                    text.push_str(if self.rows == 0 { "\n" } else { ",\n" });
                    text.push_str(&json_object(&public, &self.rules));
                }
            }
            self.rows += 1;
            self.after = Some((public.power.code.to_string(), public.grant.id));
        }
        if self.format == Format::Json {
            text.push_str("\n]\n");
        }
        self.stage = Stage::Digest;
        text
    }

    /// People get names, those of the day.
    fn csv_row(&self, public: &Public<'_>) -> String {
        let Public { power, grant, .. } = public;
        let government = &self.names.town().government;
        let bases =
            power.bases.iter().map(|basis| format!("{}（{}）{}", basis.title, basis.level.name(), basis.article));
        let publication = grant.publication.as_ref();
        let day = |day: Option<Date>| day.map(|day| day.to_string()).unwrap_or_default();
        row(&[
            power.code.as_str(),
            &power.title,
            power.kind.name(),
            power.field.as_ref().map(vocabulary::FieldCode::as_str).unwrap_or_default(),
            &bases.collect::<Vec<_>>().join(";"),
            holder(grant.exercise.holder(), government),
            self.names.name_on(grant.handler, self.day),
            exercise(&grant.exercise),
            &grant.document.to_string(),
            &grant.clause,
            &grant.from.to_string(),
            &day(grant.end.as_ref().map(|end| end.on)),
            &day(publication.map(|publication| publication.date)),
            publication.map(|publication| publication.place.as_str()).unwrap_or_default(),
            self.names.name_on(grant.supervisor, self.day),
            self.rules.complaint_channel(),
        ])
    }
}

impl Iterator for Export {
    type Item = Piece;

    fn next(&mut self) -> Option<Piece> {
        match self.stage {
            Stage::Head | Stage::Rows => {
                let text = self.piece();
                if text.is_empty() {
                    return self.next();
                }
                self.hasher.update(text.as_bytes());
                Some(Piece::Data(text.into()))
            }
            Stage::Digest => {
                self.stage = Stage::Done;
                Some(Piece::End { digest: std::mem::take(&mut self.hasher).finish(), rows: self.rows })
            }
            Stage::Done => None,
        }
    }
}

/// Programs get codes; the answer tells them what a penalty without the province's decision is worth.
fn json_object(public: &Public<'_>, rules: &Rules) -> String {
    let Public { power, grant, answer } = public;
    let basis = |basis: &crate::register::catalogue::state::Basis| json!({"title": basis.title, "level": basis.level.name(), "article": basis.article});
    let publication = grant.publication.as_ref();
    json!({
        "power_code": power.code.as_str(),
        "name": power.title,
        "kind": power.kind.code(),
        "field": power.field.as_ref().map(vocabulary::FieldCode::as_str),
        "basis": power.bases.iter().map(basis).collect::<Vec<_>>(),
        "holder": holder(grant.exercise.holder(), "town"),
        "handler": grant.handler.code(),
        "exercise_name": exercise_code(&grant.exercise),
        "doc_no": grant.document.to_string(),
        "clause": grant.clause,
        "from": grant.from.to_string(),
        "to": grant.end.as_ref().map(|end| end.on.to_string()),
        "published_date": publication.map(|publication| publication.date.to_string()),
        "published_place": publication.map(|publication| publication.place.as_str()),
        "supervisor": grant.supervisor.code(),
        "complaint_channel": rules.complaint_channel(),
        "answer": answer.map(verdict),
    })
    .to_string()
}

const fn holder<'a>(holder: Holder<'a>, town: &'a str) -> &'a str {
    match holder {
        Holder::Town => town,
        Holder::County(body) => body,
    }
}

const fn exercise(exercise: &Exercise) -> &'static str {
    match exercise {
        Exercise::Own(_) => "镇人民政府名义",
        Exercise::Entrusted(_) => "受委托，委托机关名义",
        Exercise::Stationed { .. } => "派驻，派出机关名义",
    }
}

const fn exercise_code(exercise: &Exercise) -> &'static str {
    match exercise {
        Exercise::Own(_) => "OWN",
        Exercise::Entrusted(_) => "ENTRUSTED",
        Exercise::Stationed { .. } => "STATIONED",
    }
}

const fn verdict(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::WrongInstitution => "WRONG_INSTITUTION",
        Verdict::NoGrant => "NO_GRANT",
        Verdict::NotYet => "NOT_YET",
        Verdict::Ended => "ENDED",
        Verdict::Suspended => "SUSPENDED",
        Verdict::NotPublished => "NOT_PUBLISHED",
        Verdict::BasisGap => "BASIS_GAP",
        Verdict::OutOfScope => "OUT_OF_SCOPE",
        Verdict::Yes => "YES",
    }
}

/// One row. A cell that a spreadsheet would take for a formula is led by a quotation mark.
fn row(cells: &[&str]) -> String {
    let cell = |cell: &&str| {
        let formula = cell.starts_with(['=', '+', '-', '@', '\t', '\r']);
        let text = if formula { format!("'{cell}") } else { (*cell).to_owned() };
        if text.contains(['"', ',', '\n', '\r']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text }
    };
    let mut row = cells.iter().map(cell).collect::<Vec<_>>().join(",");
    row.push('\n');
    row
}

#[cfg(test)]
mod tests;
