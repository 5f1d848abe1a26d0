//! The work on papers, told by the journal alone.

use std::collections::BTreeMap;

use prost::Message as _;
use runtime::db::Db;
use runtime::journal::Positioned;
use runtime::testing::assert_replay;
use townlink_proto::townlink::office::v1 as pb;
use vocabulary::{Date, Timestamp, time};

use super::{Rows, all, column, event, hex, instant, key, maybe, us};

/// Checks the tables beside the papers.
pub(super) async fn check(db: &Db) {
    assert_replay(
        db,
        "select institution, inbox, sender, message_id, part from inbox_parts \
         order by institution, inbox, sender, message_id",
        parts,
    )
    .await;
    assert_replay(
        db,
        "select inbox, sender, message_id, urge, note, urged_us from inbox_urges order by inbox, sender, message_id, urge",
        urges,
    )
    .await;
    assert_replay(
        db,
        "select sender, message_id, document_number, reason, recalled_us from paper_recalls order by sender, message_id",
        recalls,
    )
    .await;
}

/// The work on each paper, by its name.
#[derive(Default)]
pub(super) struct Works {
    works: BTreeMap<String, pb::PaperWork>,
    /// The request that changed a paper last.
    requests: BTreeMap<String, String>,
}

/// The paper that an event is about, and the stage to which it leads, where it leads to another one.
type Moved = Option<(String, Option<&'static str>)>;

impl Works {
    pub(super) fn arrive(&mut self, paper: &pb::InboxPaper) {
        self.works.insert(paper.name.clone(), paper.work.clone().unwrap_or_default());
    }

    pub(super) fn of(&mut self, paper: &str) -> &mut pb::PaperWork {
        self.works.get_mut(paper).expect("the paper arrived")
    }

    /// Whether an event of this request is the first about the paper: a decision makes one version.
    pub(super) fn first_of(&mut self, paper: &str, request: &str) -> bool {
        let before = self.requests.insert(paper.to_owned(), request.to_owned());
        request.is_empty() || before.as_deref() != Some(request)
    }

    pub(super) fn apply(&mut self, entry: &Positioned) -> Moved {
        self.assigning(entry)
            .or_else(|| self.handling(entry))
            .or_else(|| self.ending(entry))
            .or_else(|| self.clock(entry))
    }

    fn assigning(&mut self, entry: &Positioned) -> Moved {
        if let Some(it) = event::<pb::PaperInstructed>(entry) {
            self.of(&it.inbox_paper).instruction = it.instruction;
            Some((it.inbox_paper, None))
        } else if let Some(it) = event::<pb::PaperAssigned>(entry) {
            self.of(&it.inbox_paper).assignment = it.assignment;
            Some((it.inbox_paper, Some("ASSIGNED")))
        } else if let Some(it) = event::<pb::PaperDueSet>(entry) {
            let work = self.of(&it.inbox_paper);
            work.due = it.due;
            let kept = [pb::InboxAlarm::SignFor, pb::InboxAlarm::Progress, pb::InboxAlarm::Archive];
            work.alarms.retain(|raised| kept.contains(&raised.alarm()));
            Some((it.inbox_paper, None))
        } else if let Some(it) = event::<pb::PaperAssignmentRefused>(entry) {
            let work = self.of(&it.inbox_paper);
            work.refusals.extend(it.deed);
            work.assignment = None;
            (work.parts, work.reads) = (Vec::new(), Vec::new());
            Some((it.inbox_paper, Some("CHECKED")))
        } else if let Some(it) = event::<pb::PaperAssignmentAccepted>(entry) {
            self.of(&it.inbox_paper).acceptance = it.deed;
            Some((it.inbox_paper, Some("ACCEPTED")))
        } else {
            None
        }
    }

    fn handling(&mut self, entry: &Positioned) -> Moved {
        if let Some(it) = event::<pb::PaperProgressed>(entry) {
            let work = self.of(&it.inbox_paper);
            work.progress = it.progress;
            work.progress_count += 1;
            let guided = !work.guidance.is_empty() && work.report.is_none();
            Some((it.inbox_paper, (!guided).then_some("IN_PROGRESS")))
        } else if let Some(it) = event::<pb::PaperPartFinished>(entry) {
            self.of(&it.inbox_paper).parts.extend(it.deed);
            Some((it.inbox_paper, None))
        } else if let Some(it) = event::<pb::PaperRead>(entry) {
            self.of(&it.inbox_paper).reads.extend(it.deed);
            Some((it.inbox_paper, None))
        } else if let Some(it) = event::<pb::PaperGuided>(entry) {
            self.of(&it.inbox_paper).guidance = it.guidance;
            Some((it.inbox_paper, Some("GUIDANCE_ISSUED")))
        } else if let Some(it) = event::<pb::PaperReported>(entry) {
            self.of(&it.inbox_paper).report = it.deed;
            Some((it.inbox_paper, Some("REPORTED")))
        } else if let Some(it) = event::<pb::PaperSentBack>(entry) {
            Some((it.inbox_paper, Some("IN_PROGRESS")))
        } else if let Some(it) = event::<pb::PaperCompleted>(entry) {
            let work = self.of(&it.inbox_paper);
            (work.completion, work.on_time) = (it.checked, it.on_time);
            let answered = work.reply.is_some();
            Some((it.inbox_paper, Some(if answered { "REPLIED" } else { "COMPLETED" })))
        } else if let Some(it) = event::<pb::PaperReplied>(entry) {
            let reply = pb::PaperReply { document_number: it.document_number, dispatch: it.dispatch, time: it.time };
            let work = self.of(&it.inbox_paper);
            work.reply = Some(reply);
            let done = work.completion.is_some();
            Some((it.inbox_paper, done.then_some("REPLIED")))
        } else if let Some(it) = event::<pb::PaperArchived>(entry) {
            self.of(&it.inbox_paper).archive = it.deed;
            Some((it.inbox_paper, Some("ARCHIVED")))
        } else {
            None
        }
    }

    fn ending(&mut self, entry: &Positioned) -> Moved {
        if let Some(it) = event::<pb::PaperExtensionRequested>(entry) {
            let (due, request) = (it.due, it.deed);
            let extension = pb::PaperExtension { due, request, ..pb::PaperExtension::default() };
            self.of(&it.inbox_paper).extension = Some(extension);
            Some((it.inbox_paper, None))
        } else if let Some(it) = event::<pb::PaperExtended>(entry) {
            let extension = self.of(&it.inbox_paper).extension.as_mut().expect("it was asked for");
            (extension.decision, extension.granted) = (it.deed, true);
            Some((it.inbox_paper, None))
        } else if let Some(it) = event::<pb::PaperExtensionRefused>(entry) {
            self.of(&it.inbox_paper).extension.as_mut().expect("it was asked for").decision = it.deed;
            Some((it.inbox_paper, None))
        } else if let Some(it) = event::<pb::PaperMerged>(entry) {
            let work = self.of(&it.inbox_paper);
            (work.merged_into, work.closing) = (it.into, it.deed);
            Some((it.inbox_paper, Some("MERGED")))
        } else if let Some(it) = event::<pb::PaperTransferred>(entry) {
            let work = self.of(&it.inbox_paper);
            (work.transferred_to, work.closing) = (it.to, it.deed);
            Some((it.inbox_paper, Some("TRANSFERRED")))
        } else if let Some(it) = event::<pb::PaperSuperseded>(entry) {
            let work = self.of(&it.inbox_paper);
            work.superseded_by.clone_from(&it.by);
            if it.merged {
                (work.merged_into, work.closing) = (it.by, it.deed);
            }
            Some((it.inbox_paper, it.merged.then_some("MERGED")))
        } else if let Some(it) = event::<pb::PaperRecalled>(entry) {
            self.of(&it.inbox_paper).recall = it.recall;
            Some((it.inbox_paper, Some("RECALLED")))
        } else {
            None
        }
    }

    fn clock(&mut self, entry: &Positioned) -> Moved {
        if let Some(it) = event::<pb::PaperUrged>(entry) {
            let work = self.of(&it.inbox_paper);
            work.urge_count += 1;
            work.last_urge = it.urge;
            Some((it.inbox_paper, None))
        } else if let Some(it) = event::<pb::PaperAlarmed>(entry) {
            let raised = it.alarm.expect("an alarm");
            raise(self.of(&it.inbox_paper), raised);
            Some((it.inbox_paper, None))
        } else if let Some(it) = event::<pb::PaperSupervised>(entry) {
            let work = self.of(&it.inbox_paper);
            work.supervision = it.supervision;
            raise(work, pb::RaisedAlarm { alarm: pb::InboxAlarm::Red.into(), time: it.time });
            Some((it.inbox_paper, None))
        } else if let Some(it) = event::<pb::PaperEscalated>(entry) {
            let raised = pb::RaisedAlarm { alarm: pb::InboxAlarm::Leaders.into(), time: it.time };
            raise(self.of(&it.inbox_paper), raised);
            Some((it.inbox_paper, None))
        } else if let Some(it) = event::<pb::PaperSupervisionDueSet>(entry) {
            self.of(&it.inbox_paper).supervision = it.supervision;
            Some((it.inbox_paper, None))
        } else {
            None
        }
    }

    /// Writes the columns that the work tells.
    pub(super) fn finish(self, rows: &mut Rows) {
        for (paper, work) in self.works {
            let row = rows.get_mut(key(&paper).as_slice()).expect("a row");
            let stage = row[column::STAGE].clone();
            let flag = |is: bool| u8::from(is).to_string();
            let ended = ["RETURNED", "ARCHIVED", "MERGED", "TRANSFERRED", "RECALLED"].contains(&stage.as_str());
            let runs = !ended && runs(&stage, &work);
            let escalated = work.alarms.iter().any(|raised| raised.alarm() == pb::InboxAlarm::Leaders);
            let left = ["ARRIVED", "SIGNED_FOR", "RETURNED", "TRANSFERRED", "RECALLED"].contains(&stage.as_str());
            row[column::OPEN] = flag(!ended);
            row[column::RUNS] = flag(runs);
            row[column::DUE_DAY] = due_day(&work).map_or_else(|| "null".to_owned(), |day| day.to_string());
            row[column::WITH_LEADERS] = flag(runs && escalated || stage == "CHECKED" && work.refusals.len() >= 2);
            row[column::STANDS] = flag(!left && work.superseded_by.is_empty());
            let encoded = work.encode_to_vec();
            row[column::WORK] = maybe(!encoded.is_empty(), hex(&encoded));
        }
    }
}

/// Alarms are kept in their order, each once.
fn raise(work: &mut pb::PaperWork, raised: pb::RaisedAlarm) {
    work.alarms.retain(|before| before.alarm != raised.alarm);
    work.alarms.push(raised);
    work.alarms.sort_by_key(|raised| raised.alarm);
}

fn due_day(work: &pb::PaperWork) -> Option<Date> {
    let day = work.due.as_ref()?.date.as_ref()?;
    time::parse_date(&super::day(day)).ok()
}

fn runs(stage: &str, work: &pb::PaperWork) -> bool {
    let reported: Option<Timestamp> = work.report.as_ref().and_then(|deed| deed.time.as_ref()).map(instant);
    match stage {
        "COMPLETED" | "REPLIED" => false,
        "REPORTED" => due_day(work).zip(reported).is_some_and(|(day, reported)| reported > time::end_of_day(day)),
        _ => true,
    }
}

fn parts(entries: &[Positioned]) -> Vec<Vec<String>> {
    let mut rows: BTreeMap<Vec<String>, String> = BTreeMap::new();
    for entry in entries {
        if let Some(it) = event::<pb::PaperAssigned>(entry) {
            let assignment = it.assignment.unwrap_or_default();
            let lead = Some(assignment.lead).filter(|lead| !lead.is_empty());
            let all = lead.into_iter().map(|it| (it, "LEAD"));
            let all = all.chain(assignment.co_handlers.into_iter().map(|it| (it, "CO_HANDLER")));
            for (institution, part) in all.chain(assignment.readers.into_iter().map(|it| (it, "READER"))) {
                let [inbox, sender, message] = key(&it.inbox_paper);
                rows.insert(vec![institution, inbox, sender, message], part.to_owned());
            }
        } else if let Some(it) = event::<pb::PaperAssignmentRefused>(entry) {
            let paper = key(&it.inbox_paper);
            rows.retain(|row, _| row[1..] != paper);
        }
    }
    rows.into_iter()
        .map(|(mut row, part)| {
            row.push(part);
            row
        })
        .collect()
}

fn urges(entries: &[Positioned]) -> Vec<Vec<String>> {
    let mut rows: Vec<Vec<String>> = all::<pb::PaperUrged>(entries)
        .map(|(_, it)| {
            let urge = it.urge.unwrap_or_default();
            let [inbox, sender, message] = key(&it.inbox_paper);
            vec![inbox, sender, message, urge.urge, urge.note, us(urge.time.as_ref())]
        })
        .collect();
    rows.sort();
    rows
}

fn recalls(entries: &[Positioned]) -> Vec<Vec<String>> {
    let mut rows: Vec<Vec<String>> = all::<pb::PaperRecallRecorded>(entries)
        .map(|(_, it)| {
            let recall = it.recall.unwrap_or_default();
            let parts: Vec<_> = it.paper.split('/').map(str::to_owned).collect();
            let (number, at) = (recall.document_number, us(recall.time.as_ref()));
            vec![parts[1].clone(), parts[3].clone(), number, recall.reason, at]
        })
        .collect();
    rows.sort();
    rows
}
